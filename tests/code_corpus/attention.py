"""Dot-product attention over the states of an RNN, the last state the query."""

import numpy as np

T, D, H = 2, 2, 2


def run(x, W, U, A, up):
    h = [np.zeros(H)]
    for t in range(T):
        h.append(np.tanh(W @ x[t] + U @ h[-1]))
    states, query = np.stack(h[1:]), h[-1]
    keys = states @ A
    scores = keys @ query
    e = np.exp(scores)
    alpha = e / e.sum()
    context = alpha @ states
    loss = (up * context).sum()
    dcontext = up
    dalpha = states @ dcontext
    dstates = np.outer(alpha, dcontext)
    dscores = alpha * (dalpha - (alpha * dalpha).sum())
    dkeys = np.outer(dscores, query)
    dquery = keys.T @ dscores
    dA = states.T @ dkeys
    dstates += dkeys @ A.T
    dstates[-1] += dquery
    dW, dU, dh = np.zeros_like(W), np.zeros_like(U), np.zeros(H)
    for t in range(T - 1, -1, -1):
        da = (dstates[t] + dh) * (1 - states[t] ** 2)
        dW += np.outer(da, x[t])
        dU += np.outer(da, h[t])
        dh = U.T @ da
    return loss, {"W": dW, "U": dU, "A": dA}


shapes = {"x": (T, D), "W": (H, D), "U": (H, H), "A": (H, H), "up": (H,)}

WRONG = [
    (" - (alpha * dalpha).sum())", ")", "path"),
    ("    dstates[-1] += dquery\n", "", "path"),
    ("dkeys @ A.T", "dkeys @ A", "transpose"),
    ("dA = states.T @ dkeys", "dA = dkeys.T @ states", "transpose"),
    ("dstates += dkeys @ A.T", "dstates -= dkeys @ A.T", "sign"),
    ("np.outer(da, h[t])", "np.outer(da, h[t + 1])", "time"),
]
