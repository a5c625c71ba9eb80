"""c[t] = f ∘ c[t-1] + i ∘ g, h[t] = o ∘ tanh(c[t]), z[t] = softmax(Whz h[t] + bz); the loss is summed.

o, f, i = σ(Wx· x[t] + Wh· h[t-1] + b·) and g = tanh(Wxc x[t] + Whc h[t-1] + bc).
In:  parameters Wx· (H, D), Wh· (H, H), b· (H,) for · in f, i, c, o, and Whz (K, H), bz (K,);
     x (T, N, D), y (T, N, K); the sum runs over the steps and the N sequences.
Out: the loss and a cache whose `final` holds the last "h" and "c"; gradients by everything.
Inside, the gates are one array (4, T, N, H) in the order o, f, i, g: the first three are
sigmoids, the last three act on the cell state.
"""

from __future__ import annotations

import numpy as np

from numeric.reference.cell import Cell, Values, flat, outer_sums, sums, transposed
from numeric.reference.checks import Arrays, Batch, Layout
from numeric.reference.losses import Array

GATES = "ofic"
AHEAD = 8  # steps for which the inputs are projected at a time: so few stay in the cache until they are used


def steps(parameters: Arrays, batch: Batch) -> Values:
    """h and c; the gates; tanh(c); room for dh."""
    Wx, Wh, b = (np.stack([parameters[kind + gate] for gate in GATES]) for kind in ("Wx", "Wh", "b"))
    Wxb_T, Wh_T = transposed(np.concatenate([Wx, b[..., np.newaxis]], axis=-1)), transposed(Wh)
    for sigmoids in (Wxb_T[:3], Wh_T[:3]):
        sigmoids *= 0.5  # σ(a) = ½ + ½ tanh(a/2): all gates in one tanh, and no overflow
    state, one, four = (batch.steps + 1, "N", "H"), ("T", "N", "H"), (4, "T", "N", "H")
    h, c, gates, tanh_c, dh = batch.room(state, state, four, one, one)
    h[0], c[0] = batch.states["h"], batch.states["c"]
    x_and_one = batch.x_and_one
    recurrent, product = batch.empty(4, "N", "H"), batch.empty("N", "H")
    for t in range(batch.steps):
        if t % AHEAD == 0:
            np.matmul(x_and_one[t : t + AHEAD], Wxb_T[:, np.newaxis], out=gates[:, t : t + AHEAD])
        now = gates[:, t]
        np.matmul(h[t], Wh_T, out=recurrent)
        now += recurrent
        np.tanh(now, out=now)
        now[:3] *= 0.5
        now[:3] += 0.5
        o, f, i, g = now
        np.multiply(f, c[t], out=c[t + 1])
        np.multiply(i, g, out=product)
        c[t + 1] += product
        np.tanh(c[t + 1], out=tanh_c[t])
        np.multiply(o, tanh_c[t], out=h[t + 1])
        if batch.skip is not None:
            np.copyto(h[t + 1], h[t], where=batch.skip[t])
            np.copyto(c[t + 1], c[t], where=batch.skip[t])
    return {"h": h, "c": c, "gates": gates, "tanh_c": tanh_c, "dh": dh}


def steps_backward(
    parameters: Arrays, batch: Batch, values: Values, dh: Array, last: dict[str, Array]
) -> dict[str, Array]:
    """Block by block, from the last: what needs no adjoint, the adjoints step by step, their part of the gradients."""
    Wx, Wh = (np.stack([parameters[kind + gate] for gate in GATES]) for kind in ("Wx", "Wh"))
    h, c, gates, tanh_c = (values[name] for name in ("h", "c", "gates", "tanh_c"))
    dh_next, dc = last["h"], last["c"]
    dWx, dWh, db, dx = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(Wh[:, 0]), np.empty_like(batch.x)
    through_h, by_gate = batch.empty("N", "H"), batch.empty(4, "N", "H")
    blocks = batch.blocks(5)
    room = batch.empty(5, len(blocks[0]), "N", "H")
    for block in blocks:
        now = slice(block.start, block.stop)
        da, dh_dc, f = room[:4, : len(block)], room[4, : len(block)], gates[1, now]
        _slopes(gates[:, now], c[now], tanh_c[now], da, dh_dc)
        for k in reversed(range(len(block))):
            t = block[k]
            dh_next += dh[t]
            if batch.skip is not None:
                held_h, held_c = dh_next * batch.skip[t], dc * batch.skip[t]
                dh_next -= held_h
                dc -= held_c
            np.multiply(dh_next, dh_dc[k], out=through_h)
            dc += through_h
            da[0, k] *= dh_next
            da[1:, k] *= dc
            dc *= f[k]
            np.matmul(da[:, k], Wh, out=by_gate)
            np.add.reduce(by_gate, axis=0, out=dh_next)
            if batch.skip is not None:
                dh_next += held_h
                dc += held_c
        dWx += outer_sums(flat(da), flat(batch.x[now]))
        dWh += outer_sums(flat(da), flat(h[now]))
        db += sums(flat(da))
        np.add.reduce(da @ Wx[:, np.newaxis], axis=0, out=dx[now])
    gradients = {"x": dx, "h0": dh_next, "c0": dc}
    for k, gate in enumerate(GATES):
        gradients |= {f"Wx{gate}": dWx[k], f"Wh{gate}": dWh[k], f"b{gate}": db[k]}
    return gradients


def _slopes(gates: Array, c: Array, tanh_c: Array, da: Array, dh_dc: Array) -> None:
    """Into da what dh and dc are multiplied by there, into dh_dc ∂h/∂c; c are the states before."""
    o, _, i, g = gates
    np.multiply(gates, gates, out=da)
    np.subtract(gates[:3], da[:3], out=da[:3])
    np.subtract(1, da[3], out=da[3])
    for slope, factor in zip(da, (tanh_c, c, g, i), strict=True):
        slope *= factor
    np.multiply(tanh_c, tanh_c, out=dh_dc)
    np.subtract(1, dh_dc, out=dh_dc)
    dh_dc *= o


LAYOUT = Layout(
    "lstm",
    {
        **{name: axes for g in "fico" for name, axes in ((f"Wx{g}", "HD"), (f"Wh{g}", "HH"), (f"b{g}", "H"))},
        "Whz": "KH",
        "bz": "K",
    },
    states=("h", "c"),
)
CELL = Cell(LAYOUT, steps, steps_backward, head=("Whz", "bz"))
forward, backward, loss_and_gradients = CELL.forward, CELL.backward, CELL.loss_and_gradients
