"""c[t] = f ∘ c[t-1] + i ∘ g, h[t] = o ∘ tanh(c[t]), z[t] = softmax(Whz h[t] + bz); the loss is summed.

f, i, o = σ(Wx· x[t] + Wh· h[t-1] + b·) and g = tanh(Wxc x[t] + Whc h[t-1] + bc).
In:  parameters Wx· (H, D), Wh· (H, H), b· (H,) for · in f, i, c, o, and Whz (K, H), bz (K,);
     x (T, N, D), y (T, N, K); the sum runs over the steps and the N sequences.
Out: the loss and a cache whose `final` holds the last "h" and "c"; gradients by everything.
Inside, the gates lie side by side in the order f, i, o, g, and share every product.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numeric.reference.checks import Arrays, Batch, Layout, checked, checked_final
from numeric.reference.losses import Array, Head, head_backward, head_forward

GATES = "fioc"
LAYOUT = Layout(
    "lstm",
    {
        **{name: axes for g in "fico" for name, axes in ((f"Wx{g}", "HD"), (f"Wh{g}", "HH"), (f"b{g}", "H"))},
        "Whz": "KH",
        "bz": "K",
    },
    states=("h", "c"),
)


@dataclass(frozen=True)
class Cache:
    """What `backward` reads: h, c (T+1, N, H) with the initial states first; gates (T, N, 4H) = f, i, o, g."""

    batch: Batch
    h: Array
    c: Array
    tanh_c: Array
    gates: Array
    head: Head

    @property
    def final(self) -> dict[str, Array]:
        """The last states, to start the next stretch of the sequences from."""
        return {"h": self.h[-1], "c": self.c[-1]}


def forward(
    parameters: Arrays,
    x: Array,
    y: Array,
    initial: Arrays | None = None,
    mask: NDArray[Any] | None = None,
    loss: str = "cross-entropy",
) -> tuple[float, Cache]:
    """Σ_t Σ_n loss(y, z); `initial` is {"h": …, "c": …}, `mask` (T, N) is 0 where a step does not count."""
    batch = checked(LAYOUT, parameters, x, y, initial, mask, loss)
    T, H, rows = batch.sizes["T"], batch.sizes["H"], batch.sizes["T"] * batch.sizes["N"]
    Wx, Wh, b = _side_by_side(parameters)
    for packed in (Wx, Wh, b):
        packed[: 3 * H] *= 0.5  # σ(a) = ½ + ½ tanh(a/2): all gates in one tanh, and no overflow
    h, c, tanh_c = batch.empty(T + 1, "N", "H"), batch.empty(T + 1, "N", "H"), batch.empty("T", "N", "H")
    h[0], c[0] = batch.states["h"], batch.states["c"]
    gates, recurrent, product = batch.empty("T", "N", 4 * H), batch.empty("N", 4 * H), batch.empty("N", "H")
    np.matmul(x.reshape(rows, -1), Wx.T, out=gates.reshape(rows, -1))
    gates += b
    for t in range(T):
        np.matmul(h[t], Wh.T, out=recurrent)
        gates[t] += recurrent
        np.tanh(gates[t], out=gates[t])
        sigmoids = gates[t, :, : 3 * H]
        sigmoids *= 0.5
        sigmoids += 0.5
        f, i, o, g = _each(gates[t])
        np.multiply(f, c[t], out=c[t + 1])
        np.multiply(i, g, out=product)
        c[t + 1] += product
        np.tanh(c[t + 1], out=tanh_c[t])
        np.multiply(o, tanh_c[t], out=h[t + 1])
        if batch.skip is not None:
            np.copyto(h[t + 1], h[t], where=batch.skip[t])
            np.copyto(c[t + 1], c[t], where=batch.skip[t])
    value, head = head_forward(h[1:], parameters["Whz"], parameters["bz"], y, batch.skip, loss)
    return value, Cache(batch, h, c, tanh_c, gates, head)


def backward(parameters: Arrays, cache: Cache, final: Arrays | None = None) -> dict[str, Array]:
    """Gradients by every parameter, "x", "h0" and "c0"; `final` holds the gradients by the last "h" and "c"."""
    batch, last = cache.batch, checked_final(LAYOUT, final, cache.h[-1])
    T, N, H = batch.sizes["T"], batch.sizes["N"], batch.sizes["H"]
    dh_next, dc = last["h"], last["c"]
    Wx, Wh, _ = _side_by_side(parameters)
    through_head, dWhz, dbz = head_backward(cache.head, parameters["Whz"])
    dhs = through_head.reshape(T, N, H)
    da, work, slopes = batch.empty("T", "N", 4 * H), batch.empty("N", "H"), batch.empty("N", 3 * H)
    for t in reversed(range(T)):
        dh, tanh_c = dhs[t], cache.tanh_c[t]
        dh += dh_next
        if batch.skip is not None:
            held_h, held_c = dh * batch.skip[t], dc * batch.skip[t]
            dh -= held_h
            dc -= held_c
        f, i, o, g = _each(cache.gates[t])
        df, di, do, dg = _each(da[t])
        np.multiply(tanh_c, tanh_c, out=work)
        np.subtract(1, work, out=work)
        work *= o
        work *= dh
        dc += work
        np.multiply(dc, cache.c[t], out=df)
        np.multiply(dc, g, out=di)
        np.multiply(dh, tanh_c, out=do)
        np.multiply(dc, i, out=dg)
        sigmoids, dsigmoids = cache.gates[t, :, : 3 * H], da[t, :, : 3 * H]
        np.subtract(1, sigmoids, out=slopes)
        slopes *= sigmoids
        dsigmoids *= slopes
        np.multiply(g, g, out=work)
        np.subtract(1, work, out=work)
        dg *= work
        dc *= f
        np.matmul(da[t], Wh, out=dh_next)
        if batch.skip is not None:
            dh_next += held_h
            dc += held_c
    rows = da.reshape(T * N, 4 * H)
    dWx, dWh, db = rows.T @ batch.x.reshape(T * N, -1), rows.T @ cache.h[:-1].reshape(T * N, H), rows.sum(axis=0)
    gradients = {"Whz": dWhz, "bz": dbz, "x": (rows @ Wx).reshape(batch.x.shape), "h0": dh_next, "c0": dc}
    for k, gate in enumerate(GATES):
        own = slice(k * H, (k + 1) * H)
        gradients |= {f"Wx{gate}": dWx[own], f"Wh{gate}": dWh[own], f"b{gate}": db[own]}
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
    """Wx (4H, D), Wh (4H, H), b (4H,), the gates in the order of `GATES`."""
    Wx, Wh, b = (np.concatenate([parameters[kind + gate] for gate in GATES]) for kind in ("Wx", "Wh", "b"))
    return Wx, Wh, b


def _each(gates: Array) -> tuple[Array, Array, Array, Array]:
    """Views of f, i, o, g (N, H) in (N, 4H)."""
    H = gates.shape[1] // 4
    return gates[:, :H], gates[:, H : 2 * H], gates[:, 2 * H : 3 * H], gates[:, 3 * H :]
