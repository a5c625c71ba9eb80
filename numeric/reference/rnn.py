"""h[t] = tanh(W h[t-1] + U x[t] + b), o[t] = V h[t] + c, ŷ[t] = softmax(o[t]); the loss is summed.

In:  parameters U (H, D), W (H, H), V (K, H), b (H,), c (K,); x (T, N, D), y (T, N, K); the sum
     runs over the steps and the N sequences.
Out: the loss and a cache whose `final["h"]` is the last state; gradients by everything.
`states` and `states_backward`, the recurrence without a head, also serve `minibatch`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numeric.reference.checks import Arrays, Batch, Layout, checked, checked_final
from numeric.reference.losses import Array, Head, head_backward, head_forward

LAYOUT = Layout("rnn", {"U": "HD", "W": "HH", "V": "KH", "b": "H", "c": "K"})


@dataclass(frozen=True)
class Cache:
    """What `backward` reads; h is (T+1, N, H), the initial state first."""

    batch: Batch
    h: Array
    head: Head

    @property
    def final(self) -> dict[str, Array]:
        """The last state, to start the next stretch of the sequences from."""
        return {"h": self.h[-1]}


def forward(
    parameters: Arrays,
    x: Array,
    y: Array,
    initial: Arrays | None = None,
    mask: NDArray[Any] | None = None,
    loss: str = "cross-entropy",
) -> tuple[float, Cache]:
    """Σ_t Σ_n loss(y, ŷ); `initial` is {"h": (N, H)}, `mask` (T, N) is 0 where a step does not count."""
    batch = checked(LAYOUT, parameters, x, y, initial, mask, loss)
    W, U, V, b, c = (parameters[name] for name in "WUVbc")
    h = states(batch, W, U, b)
    value, head = head_forward(h[1:], V, c, y, batch.skip, loss)
    return value, Cache(batch, h, head)


def backward(parameters: Arrays, cache: Cache, final: Arrays | None = None) -> dict[str, Array]:
    """Gradients by every parameter, "x" and "h0"; `final` is {"h": the gradient by the last state}."""
    dh_next = checked_final(LAYOUT, final, cache.h[-1])["h"]
    dh, dV, dc = head_backward(cache.head, parameters["V"])
    dW, dU, db, dx, dh0 = states_backward(cache.batch, cache.h, dh, dh_next, parameters["W"], parameters["U"])
    return {"U": dU, "W": dW, "V": dV, "b": db, "c": dc, "x": dx, "h0": dh0}


def loss_and_gradients(
    parameters: Arrays,
    x: Array,
    y: Array,
    initial: Arrays | None = None,
    mask: NDArray[Any] | None = None,
    loss: str = "cross-entropy",
) -> tuple[float, dict[str, Array]]:
    """The loss of `forward` and the gradients of `backward`."""
    value, cache = forward(parameters, x, y, initial, mask, loss)
    return value, backward(parameters, cache)


def states(batch: Batch, W: Array, U: Array, b: Array) -> Array:
    """h[0 … T] (T+1, N, H): all input projections in one product, then the recurrence."""
    T, rows = batch.sizes["T"], batch.sizes["T"] * batch.sizes["N"]
    h = batch.empty(T + 1, "N", "H")
    h[0] = batch.states["h"]
    np.matmul(batch.x.reshape(rows, -1), U.T, out=h[1:].reshape(rows, -1))
    h[1:] += b
    recurrent = batch.empty("N", "H")
    for t in range(T):
        np.matmul(h[t], W.T, out=recurrent)
        h[t + 1] += recurrent
        np.tanh(h[t + 1], out=h[t + 1])
        if batch.skip is not None:
            np.copyto(h[t + 1], h[t], where=batch.skip[t])
    return h


def states_backward(
    batch: Batch, h: Array, dh: Array, dh_next: Array, W: Array, U: Array
) -> tuple[Array, Array, Array, Array, Array]:
    """Gradients by W, U, b, x and h[0]; `dh` by each state through the head, becomes da in place."""
    T, N, H = batch.sizes["T"], batch.sizes["N"], batch.sizes["H"]
    da = dh.reshape(T, N, H)
    slope = batch.empty("N", "H")
    for t in reversed(range(T)):
        da[t] += dh_next
        if batch.skip is not None:
            held = da[t] * batch.skip[t]
            da[t] -= held
        np.multiply(h[t + 1], h[t + 1], out=slope)
        np.subtract(1, slope, out=slope)
        da[t] *= slope
        np.matmul(da[t], W, out=dh_next)
        if batch.skip is not None:
            dh_next += held
    rows = da.reshape(T * N, H)
    dW = rows.T @ h[:-1].reshape(T * N, H)
    dU = rows.T @ batch.x.reshape(T * N, -1)
    dx = (rows @ U).reshape(batch.x.shape)
    return dW, dU, rows.sum(axis=0), dx, dh_next
