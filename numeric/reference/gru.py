"""h[t] = (1 − z) ∘ h[t-1] + z ∘ h̃, h̃ = tanh(Wh x[t] + Uh (r ∘ h[t-1]) + bh); the loss is summed.

z, r = σ(W· x[t] + U· h[t-1] + b·); the head is o[t] = V h[t] + c, ŷ[t] = softmax(o[t]).  The reset
gate acts before the product, as in Cho et al. (2014); PyTorch's acts after it, Uh's bias included.
In:  parameters W· (H, D), U· (H, H), b· (H,) for · in z, r, h, and V (K, H), c (K,);
     x (T, N, D), y (T, N, K); the sum runs over the steps and the N sequences.
Out: the loss and a cache whose `final["h"]` is the last state; gradients by everything.
Inside, z, r and h̃ lie side by side in this order; z and r share the product with h[t-1].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numeric.reference.checks import Arrays, Batch, Layout, checked, checked_final
from numeric.reference.losses import Array, Head, head_backward, head_forward

GATES = "zrh"
LAYOUT = Layout(
    "gru",
    {
        **{name: axes for g in GATES for name, axes in ((f"W{g}", "HD"), (f"U{g}", "HH"), (f"b{g}", "H"))},
        "V": "KH",
        "c": "K",
    },
)


@dataclass(frozen=True)
class Cache:
    """What `backward` reads: h (T+1, N, H), the initial state first; gates (T, N, 3H) = z, r, h̃; r ∘ h[t-1]."""

    batch: Batch
    h: Array
    gates: Array
    reset: Array
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
    T, H, rows = batch.sizes["T"], batch.sizes["H"], batch.sizes["T"] * batch.sizes["N"]
    W, U, b = _side_by_side(parameters)
    for packed in (W, U, b):
        packed[: 2 * H] *= 0.5  # σ(a) = ½ + ½ tanh(a/2): no overflow
    Uzr, Uh = U[: 2 * H], U[2 * H :]
    h, reset = batch.empty(T + 1, "N", "H"), batch.empty("T", "N", "H")
    h[0] = batch.states["h"]
    gates, recurrent, candidate = batch.empty("T", "N", 3 * H), batch.empty("N", 2 * H), batch.empty("N", "H")
    np.matmul(x.reshape(rows, -1), W.T, out=gates.reshape(rows, -1))
    gates += b
    for t in range(T):
        z, r, htilde = _each(gates[t])
        sigmoids = gates[t, :, : 2 * H]
        np.matmul(h[t], Uzr.T, out=recurrent)
        sigmoids += recurrent
        np.tanh(sigmoids, out=sigmoids)
        sigmoids *= 0.5
        sigmoids += 0.5
        np.multiply(r, h[t], out=reset[t])
        np.matmul(reset[t], Uh.T, out=candidate)
        htilde += candidate
        np.tanh(htilde, out=htilde)
        np.subtract(htilde, h[t], out=h[t + 1])
        h[t + 1] *= z
        h[t + 1] += h[t]
        if batch.skip is not None:
            np.copyto(h[t + 1], h[t], where=batch.skip[t])
    value, head = head_forward(h[1:], parameters["V"], parameters["c"], y, batch.skip, loss)
    return value, Cache(batch, h, gates, reset, head)


def backward(parameters: Arrays, cache: Cache, final: Arrays | None = None) -> dict[str, Array]:
    """Gradients by every parameter, "x" and "h0"; `final` is {"h": the gradient by the last state}."""
    batch, dh_next = cache.batch, checked_final(LAYOUT, final, cache.h[-1])["h"]
    T, N, H = batch.sizes["T"], batch.sizes["N"], batch.sizes["H"]
    W, U, _ = _side_by_side(parameters)
    Uzr, Uh = U[: 2 * H], U[2 * H :]
    through_head, dV, dc = head_backward(cache.head, parameters["V"])
    dhs = through_head.reshape(T, N, H)
    da, dreset, work, slopes = batch.empty("T", "N", 3 * H), *(batch.empty("N", k * H) for k in (1, 1, 2))
    for t in reversed(range(T)):
        dh, h = dhs[t], cache.h[t]
        dh += dh_next
        if batch.skip is not None:
            held = dh * batch.skip[t]
            dh -= held
        z, r, htilde = _each(cache.gates[t])
        dz, dr, dhtilde = _each(da[t])
        np.multiply(htilde, htilde, out=work)
        np.subtract(1, work, out=work)
        np.multiply(dh, z, out=dhtilde)
        dhtilde *= work
        np.matmul(dhtilde, Uh, out=dreset)
        np.subtract(htilde, h, out=dz)
        dz *= dh
        np.multiply(dreset, h, out=dr)
        sigmoids, dsigmoids = cache.gates[t, :, : 2 * H], da[t, :, : 2 * H]
        np.subtract(1, sigmoids, out=slopes)
        np.multiply(dh, slopes[:, :H], out=work)
        slopes *= sigmoids
        dsigmoids *= slopes
        np.matmul(dsigmoids, Uzr, out=dh_next)
        dreset *= r
        dh_next += dreset
        dh_next += work
        if batch.skip is not None:
            dh_next += held
    rows = da.reshape(T * N, 3 * H)
    dW, db = rows.T @ batch.x.reshape(T * N, -1), rows.sum(axis=0)
    dUzr = rows[:, : 2 * H].T @ cache.h[:-1].reshape(T * N, H)
    dUh = rows[:, 2 * H :].T @ cache.reset.reshape(T * N, H)
    gradients = {"V": dV, "c": dc, "x": (rows @ W).reshape(batch.x.shape), "h0": dh_next}
    for k, (gate, dU) in enumerate(zip(GATES, (dUzr[:H], dUzr[H:], dUh), strict=True)):
        own = slice(k * H, (k + 1) * H)
        gradients |= {f"W{gate}": dW[own], f"U{gate}": dU, f"b{gate}": db[own]}
    return gradients


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


def _side_by_side(parameters: Arrays) -> tuple[Array, Array, Array]:
    """W (3H, D), U (3H, H), b (3H,), the gates in the order of `GATES`."""
    W, U, b = (np.concatenate([parameters[kind + gate] for gate in GATES]) for kind in "WUb")
    return W, U, b


def _each(gates: Array) -> tuple[Array, Array, Array]:
    """Views of z, r, h̃ (N, H) in (N, 3H)."""
    H = gates.shape[1] // 3
    return gates[:, :H], gates[:, H : 2 * H], gates[:, 2 * H :]
