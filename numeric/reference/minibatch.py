"""H[t] = tanh(X[t] U + H[t-1] W + b), o[t] = H[t] V + c, each example a row; the loss is averaged.

In:  parameters U (D, H), W (H, H), V (H, K), b (H,), c (K,); x (T, N, D), y (T, N, K).
Out: the mean loss over all T·N steps, or over those that a mask counts, and its gradients.
The recurrence is the one of `rnn` under transposition, here in rows as the equations stand.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from numeric.reference.checks import Arrays, Batch, Layout, checked, checked_final
from numeric.reference.losses import Array, head_backward, head_forward
from numeric.reference.rnn import Cache, states, states_backward

LAYOUT = Layout("minibatch", {"U": "DH", "W": "HH", "V": "HK", "b": "H", "c": "K"})


def forward(
    parameters: Arrays,
    x: Array,
    y: Array,
    initial: Arrays | None = None,
    mask: NDArray[Any] | None = None,
    loss: str = "cross-entropy",
) -> tuple[float, Cache]:
    """1/(T·N) Σ_t Σ_n loss(y, ŷ); `initial` is {"h": (N, H)}, `mask` (T, N) is 0 where a step does not count."""
    batch = checked(LAYOUT, parameters, x, y, initial, mask, loss)
    W, U, V, b, c = (parameters[name] for name in "WUVbc")
    h = states(batch, W.T, U.T, b)
    value, head = head_forward(h[1:], V.T, c, y, batch.skip, loss, _counted(batch))
    return value, Cache(batch, h, head)


def backward(parameters: Arrays, cache: Cache, final: Arrays | None = None) -> dict[str, Array]:
    """Gradients by every parameter, "x" and "h0"; `final` is {"h": the gradient by the last state}."""
    dh_next = checked_final(LAYOUT, final, cache.h[-1])["h"]
    dh, dV, dc = head_backward(cache.head, parameters["V"].T)
    W, U = parameters["W"].T, parameters["U"].T
    dW, dU, db, dx, dh0 = states_backward(cache.batch, cache.h, dh, dh_next, W, U)
    return {"U": dU.T, "W": dW.T, "V": dV.T, "b": db, "c": dc, "x": dx, "h0": dh0}


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


def _counted(batch: Batch) -> int:
    """The number of steps that the mean is taken over."""
    if batch.skip is None:
        return batch.sizes["T"] * batch.sizes["N"]
    counted = batch.skip.size - int(batch.skip.sum())
    if not counted:
        raise ValueError("minibatch: mask has no step that counts; pass at least one, the loss is a mean")
    return counted
