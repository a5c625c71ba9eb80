"""h[t] = (1 − z) ∘ h[t-1] + z ∘ h̃, h̃ = tanh(Wh x[t] + Uh (r ∘ h[t-1]) + bh); the loss is summed.

r, z = σ(W· x[t] + U· h[t-1] + b·); the head is o[t] = V h[t] + c, ŷ[t] = softmax(o[t]).  The reset
gate acts before the product, as in Cho et al. (2014); PyTorch's acts after it, Uh's bias included.
In:  parameters W· (H, D), U· (H, H), b· (H,) for · in z, r, h, and V (K, H), c (K,);
     x (T, N, D), y (T, N, K); the sum runs over the steps and the N sequences.
Out: the loss and a cache whose `final["h"]` is the last state; gradients by everything.
Inside, the gates are one array (3, T, N, H) in the order r, z, h̃: the first two are sigmoids and
share the product with h[t-1], the last two act on h[t].
"""

from __future__ import annotations

import numpy as np

from numeric.reference.cell import Cell, Values, flat, outer_sums, sums, transposed
from numeric.reference.checks import Arrays, Batch, Layout
from numeric.reference.losses import Array

GATES = "rzh"


def steps(parameters: Arrays, batch: Batch) -> Values:
    """h; the gates; reset = r ∘ h[t-1]; room for dh."""
    W, U, b = (np.stack([parameters[kind + gate] for gate in GATES]) for kind in "WUb")
    Wb_T, U_T = transposed(np.concatenate([W, b[..., np.newaxis]], axis=-1)), transposed(U)
    for sigmoids in (Wb_T[:2], U_T[:2]):
        sigmoids *= 0.5  # σ(a) = ½ + ½ tanh(a/2): no overflow
    one, three = ("T", "N", "H"), (3, "T", "N", "H")
    h, gates, reset, dh = batch.room((batch.steps + 1, "N", "H"), three, one, one)
    h[0] = batch.states["h"]
    np.matmul(batch.x_and_one, Wb_T[:, np.newaxis], out=gates)
    recurrent, candidate = batch.empty(2, "N", "H"), batch.empty("N", "H")
    for t in range(batch.steps):
        sigmoids, htilde = gates[:2, t], gates[2, t]
        np.matmul(h[t], U_T[:2], out=recurrent)
        sigmoids += recurrent
        np.tanh(sigmoids, out=sigmoids)
        sigmoids *= 0.5
        sigmoids += 0.5
        r, z = sigmoids
        np.multiply(r, h[t], out=reset[t])
        np.matmul(reset[t], U_T[2], out=candidate)
        htilde += candidate
        np.tanh(htilde, out=htilde)
        np.subtract(htilde, h[t], out=h[t + 1])
        h[t + 1] *= z
        h[t + 1] += h[t]
        if batch.skip is not None:
            np.copyto(h[t + 1], h[t], where=batch.skip[t])
    return {"h": h, "gates": gates, "reset": reset, "dh": dh}


def steps_backward(
    parameters: Arrays, batch: Batch, values: Values, dh: Array, last: dict[str, Array]
) -> dict[str, Array]:
    """Block by block, from the last: what needs no adjoint, the adjoints step by step, their part of the gradients."""
    W, U = (np.stack([parameters[kind + gate] for gate in GATES]) for kind in "WU")
    h, gates, reset, dh_next = values["h"], values["gates"], values["reset"], last["h"]
    dW, dU, db, dx = np.zeros_like(W), np.zeros_like(U), np.zeros_like(U[:, 0]), np.empty_like(batch.x)
    dreset, by_gate = batch.empty("N", "H"), batch.empty(2, "N", "H")
    blocks = batch.blocks(4)
    room = batch.empty(4, len(blocks[0]), "N", "H")
    for block in blocks:
        now = slice(block.start, block.stop)
        da, keep, r = room[:3, : len(block)], room[3, : len(block)], gates[0, now]
        _slopes(gates[:, now], h[now], da, keep)
        for k in reversed(range(len(block))):
            t = block[k]
            dh_next += dh[t]
            if batch.skip is not None:
                held = dh_next * batch.skip[t]
                dh_next -= held
            da[1:, k] *= dh_next
            np.matmul(da[2, k], U[2], out=dreset)
            da[0, k] *= dreset
            np.matmul(da[:2, k], U[:2], out=by_gate)
            dreset *= r[k]
            dh_next *= keep[k]
            dh_next += dreset
            dh_next += by_gate[0]
            dh_next += by_gate[1]
            if batch.skip is not None:
                dh_next += held
        dW += outer_sums(flat(da), flat(batch.x[now]))
        dU[:2] += outer_sums(flat(da[:2]), flat(h[now]))
        dU[2] += outer_sums(flat(da[2]), flat(reset[now]))
        db += sums(flat(da))
        np.add.reduce(da @ W[:, np.newaxis], axis=0, out=dx[now])
    gradients = {"x": dx, "h0": dh_next}
    for k, gate in enumerate(GATES):
        gradients |= {f"W{gate}": dW[k], f"U{gate}": dU[k], f"b{gate}": db[k]}
    return gradients


def _slopes(gates: Array, h: Array, da: Array, keep: Array) -> None:
    """Into da what the adjoints are multiplied by there, into keep 1 − z; h are the states before."""
    _, z, htilde = gates
    np.multiply(gates, gates, out=da)
    np.subtract(gates[:2], da[:2], out=da[:2])
    np.subtract(1, da[2], out=da[2])
    np.subtract(htilde, h, out=keep)
    for slope, factor in zip(da, (h, keep, z), strict=True):
        slope *= factor
    np.subtract(1, z, out=keep)


LAYOUT = Layout(
    "gru",
    {
        **{name: axes for g in "zrh" for name, axes in ((f"W{g}", "HD"), (f"U{g}", "HH"), (f"b{g}", "H"))},
        "V": "KH",
        "c": "K",
    },
)
CELL = Cell(LAYOUT, steps, steps_backward)
forward, backward, loss_and_gradients = CELL.forward, CELL.backward, CELL.loss_and_gradients
