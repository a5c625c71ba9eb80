"""The head: logits = h Vᵀ + c, ŷ = softmax(logits), and a loss of y and ŷ, over all steps at once.

In:  hidden states (T, N, H), the output weights V (K, H) and c (K,), targets y (T, N, K).
Out: `head_forward` gives the loss and ŷ; `head_backward` the gradients by h, V and c.
To add a loss: its value from log ŷ, its gradient by the logits, and its name in `LOSSES`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Head:
    """What the backward pass reads; a row of y and ŷ is a step of a sequence, `weight` (rows, 1) what it counts."""

    loss: str
    h: Array
    y: Array
    yhat: Array
    weight: Array | None


def head_forward(
    h: Array, V: Array, c: Array, y: Array, skip: NDArray[np.bool_] | None, loss: str, divisor: int = 1
) -> tuple[float, Head]:
    """Σ loss(y, ŷ) over the steps that are not skipped, divided by `divisor`."""
    rows = y.size // y.shape[-1]
    logits = (h @ np.ascontiguousarray(V.T)).reshape(rows, -1)  # a product a step: small ones go through no buffers
    y = y.reshape(rows, -1)
    logits += c
    yhat, log_yhat = _softmax(logits)
    weight = None
    if skip is not None or divisor != 1:
        weight = np.full((rows, 1), 1 / divisor, y.dtype)
        if skip is not None:
            weight[skip.reshape(rows, 1)] = 0
    value, _ = LOSSES[loss]
    return value(y, yhat, log_yhat, weight), Head(loss, h, y, yhat, weight)


def head_backward(head: Head, V: Array, dh: Array) -> tuple[Array, Array]:
    """∂L/∂V (K, H) and ∂L/∂c (K,); ∂L/∂h is written into dh (T, N, H)."""
    _, gradient = LOSSES[head.loss]
    dlogits = gradient(head.y, head.yhat)
    if head.weight is not None:
        dlogits *= head.weight
    rows = len(dlogits)
    np.matmul(dlogits.reshape(*dh.shape[:2], -1), V, out=dh)
    return dlogits.T @ head.h.reshape(rows, -1), np.ones(rows, dlogits.dtype) @ dlogits


def _softmax(logits: Array) -> tuple[Array, Array]:
    """ŷ and log ŷ = o − max o − log Σ exp(o − max o), which overflows for no logits; both in place."""
    if not -8 < logits.min() <= logits.max() < 8:  # a maximum for each row takes longer
        logits -= logits.max(axis=1, keepdims=True)
    yhat = np.exp(logits)
    total = _row_sums(yhat)
    yhat /= total
    logits -= np.log(total)
    return yhat, logits


def _cross_entropy(y: Array, yhat: Array, log_yhat: Array, weight: Array | None) -> float:
    """−Σ_k y_k log ŷ_k of all rows."""
    return -_inner(y, log_yhat, weight)


def _cross_entropy_gradient(y: Array, yhat: Array) -> Array:
    """ŷ Σ_k y_k − y, which is ŷ − y where the targets sum to one; nothing here needs them to."""
    dlogits: Array = yhat * _row_sums(y)
    dlogits -= y
    return dlogits


def _squared_error(y: Array, yhat: Array, log_yhat: Array, weight: Array | None) -> float:
    """½‖y − ŷ‖² of all rows."""
    difference = yhat - y
    return _inner(difference, difference, weight) / 2


def _squared_error_gradient(y: Array, yhat: Array) -> Array:
    """ŷ ∘ (d − ⟨d, ŷ⟩) with d = ŷ − y: the Jacobian of the softmax is diag(ŷ) − ŷ ŷᵀ."""
    dlogits: Array = yhat - y
    dlogits -= _row_sums(dlogits * yhat)
    dlogits *= yhat
    return dlogits


def _inner(u: Array, v: Array, weight: Array | None) -> float:
    """Σ over the rows of what a row counts times the inner product of both."""
    return float(np.vdot(u, v) if weight is None else np.vdot(weight, _row_sums(u * v)))


def _row_sums(rows: Array) -> Array:
    """(rows, 1); a product with ones, several times as fast as `sum` along a short axis."""
    sums: Array = rows @ np.ones((rows.shape[1], 1), rows.dtype)
    return sums


LOSSES: dict[str, tuple[Callable[[Array, Array, Array, Array | None], float], Callable[[Array, Array], Array]]] = {
    "cross-entropy": (_cross_entropy, _cross_entropy_gradient),
    "squared-error": (_squared_error, _squared_error_gradient),
}
