"""h[t] = tanh(W h[t-1] + U x[t] + b), o[t] = V h[t] + c, ŷ[t] = softmax(o[t]); the loss is summed.

In:  parameters U (H, D), W (H, H), V (K, H), b (H,), c (K,); x (T, N, D), y (T, N, K); the sum
     runs over the steps and the N sequences.
Out: the loss and a cache whose `final["h"]` is the last state; gradients by everything.
`steps` and `steps_backward`, the recurrence without a head, also serve `minibatch`.
"""

from __future__ import annotations

import numpy as np

from numeric.reference.cell import Cell, Values, flat, sums, transposed
from numeric.reference.checks import Arrays, Batch, Layout
from numeric.reference.losses import Array


def steps(parameters: Arrays, batch: Batch) -> Values:
    """h: what x and b give in one product for all steps, then the recurrence in its place; room for da and dh."""
    W_T, Ub_T = transposed(parameters["W"]), transposed(np.column_stack([parameters["U"], parameters["b"]]))
    h, da, dh = batch.room((batch.steps + 1, "N", "H"), ("T", "N", "H"), ("T", "N", "H"))
    recurrent = batch.empty("N", "H")
    h[0] = batch.states["h"]
    np.matmul(batch.x_and_one, Ub_T, out=h[1:])
    for t in range(batch.steps):
        np.matmul(h[t], W_T, out=recurrent)
        h[t + 1] += recurrent
        np.tanh(h[t + 1], out=h[t + 1])
        if batch.skip is not None:
            np.copyto(h[t + 1], h[t], where=batch.skip[t])
    return {"h": h, "da": da, "dh": dh}


def steps_backward(
    parameters: Arrays, batch: Batch, values: Values, dh: Array, last: dict[str, Array]
) -> dict[str, Array]:
    """tanh′ = 1 − tanh², for all steps at once; times dh[t] it is da[t]."""
    W, U = (np.ascontiguousarray(parameters[name]) for name in "WU")
    h, da, dh_next = values["h"], values["da"], last["h"]
    np.multiply(h[1:], h[1:], out=da)
    np.subtract(1, da, out=da)
    for t in reversed(range(batch.steps)):
        dh_next += dh[t]
        if batch.skip is not None:
            held = dh_next * batch.skip[t]
            dh_next -= held
        da[t] *= dh_next
        np.matmul(da[t], W, out=dh_next)
        if batch.skip is not None:
            dh_next += held
    da_T = flat(da).T
    dU, dW, db = da_T @ flat(batch.x), da_T @ flat(h[:-1]), sums(flat(da))
    return {"U": dU, "W": dW, "b": db, "x": da @ U, "h0": dh_next}


LAYOUT = Layout("rnn", {"U": "HD", "W": "HH", "V": "KH", "b": "H", "c": "K"})
CELL = Cell(LAYOUT, steps, steps_backward)
forward, backward, loss_and_gradients = CELL.forward, CELL.backward, CELL.loss_and_gradients
