"""Step functions with caches over (batch, time, …), a VJP of upstream gradients; states kept in one array."""

import numpy as np

N, T, D, H = 2, 3, 4, 3


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x.dot(Wx) + prev_h.dot(Wh) + b)
    return next_h, (x, prev_h, Wx, Wh, next_h)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    da = dnext_h * (1 - next_h**2)
    dx = da.dot(Wx.T)
    dprev_h = da.dot(Wh.T)
    dWx = x.T.dot(da)
    dWh = prev_h.T.dot(da)
    db = np.sum(da, axis=0)
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    n, t, _ = x.shape
    h = np.zeros((n, t, h0.shape[1]))
    caches = []
    prev = h0
    for k in range(t):
        prev, cache = rnn_step_forward(x[:, k, :], prev, Wx, Wh, b)
        h[:, k, :] = prev
        caches.append(cache)
    return h, caches


def rnn_backward(dh, caches):
    n, t, hdim = dh.shape
    d = caches[0][0].shape[1]
    dx = np.zeros((n, t, d))
    dWx, dWh, db = np.zeros((d, hdim)), np.zeros((hdim, hdim)), np.zeros(hdim)
    dprev = np.zeros((n, hdim))
    for k in range(t - 1, -1, -1):
        dx[:, k, :], dprev, wx, wh, bb = rnn_step_backward(dh[:, k, :] + dprev, caches[k])
        dWx += wx
        dWh += wh
        db += bb
    return dx, dprev, dWx, dWh, db


def run(x, h0, Wx, Wh, b, dout):
    h, caches = rnn_forward(x, h0, Wx, Wh, b)
    dx, dh0, dWx, dWh, db = rnn_backward(dout, caches)
    return np.sum(h * dout), {"x": dx, "h0": dh0, "Wx": dWx, "Wh": dWh, "b": db}


shapes = {"x": (N, T, D), "h0": (N, H), "Wx": (D, H), "Wh": (H, H), "b": (H,), "dout": (N, T, H)}

WRONG = [
    ("da.dot(Wh.T)", "da.dot(Wh)", "transpose"),
    ("(1 - next_h**2)", "(1 - np.tanh(next_h) ** 2)", "derivative"),
    ("(1 - next_h**2)", "(1 + next_h**2)", "sign"),
    ("dh[:, k, :] + dprev", "dh[:, k, :]", "path"),
    ("dWh = prev_h.T.dot(da)", "dWh = next_h.T.dot(da)", "time"),
    ("db = np.sum(da, axis=0)", "db = np.mean(da, axis=0)", "factor"),
    ("dWh += wh", "dWh = wh", "overwritten"),
]
