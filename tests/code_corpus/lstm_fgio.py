"""An LSTM over a batch in rows, Wx, Wh and b stacked in the order f, g, i, o, split and joined by hsplit and hstack."""

import numpy as np

N, T, D, H = 2, 2, 2, 2


def sigmoid(x):
    return np.exp(x) / (1 + np.exp(x))


def step(x, h, c, Wx, Wh, b):
    af, ag, ai, ao = np.hsplit(x @ Wx + h @ Wh + b, 4)
    f, g, i, o = sigmoid(af), np.tanh(ag), sigmoid(ai), sigmoid(ao)
    c_next = f * c + g * i
    tanh_c = np.tanh(c_next)
    return o * tanh_c, c_next, (x, h, c, f, g, i, o, tanh_c)


def step_back(dh, dc, cache, Wx, Wh):
    x, h, c, f, g, i, o, tanh_c = cache
    dc = dc + dh * o * (1 - tanh_c**2)
    daf = dc * c * f * (1 - f)
    dag = dc * i * (1 - g**2)
    dai = dc * g * i * (1 - i)
    dao = dh * tanh_c * o * (1 - o)
    da = np.hstack([daf, dag, dai, dao])
    return da @ Wh.T, dc * f, da @ Wx.T, x.T @ da, h.T @ da, da.sum(axis=0)


def run(x, Wx, Wh, b, h0, c0, y):
    h, c, caches = h0, c0, []
    for t in range(T):
        h, c, cache = step(x[t], h, c, Wx, Wh, b)
        caches.append(cache)
    loss = np.sum((h - y) ** 2) / (2 * N)
    dh, dc = (h - y) / N, np.zeros_like(c)
    dx, dWx, dWh, db = np.zeros_like(x), np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    for t in reversed(range(T)):
        dh, dc, dx[t], gx, gh, gb = step_back(dh, dc, caches[t], Wx, Wh)
        dWx += gx
        dWh += gh
        db += gb
    return loss, {"x": dx, "Wx": dWx, "Wh": dWh, "b": db, "h0": dh, "c0": dc}


shapes = {"x": (T, N, D), "Wx": (D, 4 * H), "Wh": (H, 4 * H), "b": (4 * H,), "h0": (N, H), "c0": (N, H), "y": (N, H)}

WRONG = [
    ("np.hstack([daf, dag, dai, dao])", "np.hstack([daf, dai, dag, dao])", "swapped"),
    ("(h - y) / N, np", "(h - y), np", "factor"),
    ("dc * i * (1 - g**2)", "dc * i * (1 - np.tanh(g) ** 2)", "derivative"),
    ("dWh += gh", "dWh = gh", "overwritten"),
    ("dc * g * i * (1 - i)", "dc * g * i", "derivative"),
    ("dh, dc, dx[t], gx, gh, gb = step_back(dh, dc,", "dh, _, dx[t], gx, gh, gb = step_back(dh, dc,", "path"),
]
