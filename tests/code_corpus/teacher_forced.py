"""A decoder that is given the word before, teacher-forced, in an RNN without input otherwise; log-sum-exp loss."""

import numpy as np

V, H = 3, 2
words = [0, 2, 1]


def run(h0, Y, U, O):
    steps = len(words) - 1
    h, p, loss = {-1: h0}, {}, 0.0
    for t in range(steps):
        h[t] = np.tanh(Y[:, words[t]] + U.dot(h[t - 1]))
        logits = O.dot(h[t])
        m = logits.max()
        z = m + np.log(np.exp(logits - m).sum())
        loss += z - logits[words[t + 1]]
        p[t] = np.exp(logits - z)
    dY, dU, dO = np.zeros_like(Y), np.zeros_like(U), np.zeros_like(O)
    dh = np.zeros_like(h0)
    for t in range(steps - 1, -1, -1):
        target = np.zeros(V)
        target[words[t + 1]] = 1.0
        dl = p[t] - target
        dO += dl[:, None] * h[t]
        dh = dh + O.T.dot(dl)
        draw = dh * (1 - h[t] ** 2)
        dY[:, words[t]] += draw
        dU += draw[:, None] * h[t - 1]
        dh = U.T.dot(draw)
    return loss, {"h0": dh, "Y": dY, "U": dU, "O": dO}


shapes = {"h0": (H,), "Y": (H, V), "U": (H, H), "O": (V, H)}

WRONG = [
    ("dl = p[t] - target", "dl = target - p[t]", "sign"),
    ("dh = dh + O.T.dot(dl)", "dh = O.T.dot(dl)", "path"),
    ("dh = U.T.dot(draw)", "dh = U.dot(draw)", "transpose"),
    ("dU += draw[:, None] * h[t - 1]", "dU += draw[:, None] * h[t]", "time"),
    ("dO += dl", "dO = dl", "overwritten"),
    ("dh * (1 - h[t] ** 2)", "dh * (1 - np.tanh(h[t]) ** 2)", "derivative"),
    (
        '    return loss, {"h0": dh,',
        "    norm = np.sqrt(sum((g * g).sum() for g in (dh, dY, dU, dO)))\n"
        "    dh, dY, dU, dO = (g / norm for g in (dh, dY, dU, dO))\n"
        '    return loss, {"h0": dh,',
        "clipping",
    ),
]
