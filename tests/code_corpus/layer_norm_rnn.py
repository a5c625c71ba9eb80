"""An RNN with layer normalization before its tanh, float32 casts, einsum; the loss a mean of squares."""

import numpy as np

H, D, T = 3, 2, 2
EPS = 1e-5


def layer_norm(a, gain, bias):
    mu = a.mean()
    sd = np.sqrt(a.var() + EPS)
    xhat = (a - mu) / sd
    return gain * xhat + bias, (xhat, sd, gain)


def layer_norm_back(dy, cache):
    xhat, sd, gain = cache
    dxhat = dy * gain
    da = (dxhat - dxhat.mean() - xhat * (dxhat * xhat).mean()) / sd
    return da, dy * xhat, dy


def run(x, W, U, gain, bias, y):
    x, W, U = (np.asarray(v, dtype=np.float32) for v in (x, W, U))
    h = np.zeros(H, dtype=np.float32)
    saved, loss = [], 0.0
    for t in range(T):
        a = np.einsum("hd,d->h", W, x[t]) + np.einsum("hk,k->h", U, h)
        s, cache = layer_norm(a, gain, bias)
        new = np.tanh(s)
        saved.append((h, new, cache))
        loss += np.mean((new - y[t]) ** 2)
        h = new
    g = {"W": np.zeros_like(W), "U": np.zeros_like(U), "gain": np.zeros_like(gain), "bias": np.zeros_like(bias)}
    dh = np.zeros(H)
    for t in reversed(range(T)):
        prev, new, cache = saved[t]
        dh = dh + 2 * (new - y[t]) / H
        da, dgain, dbias = layer_norm_back(dh * (1 - new * new), cache)
        g["gain"] += dgain
        g["bias"] += dbias
        g["W"] += np.einsum("h,d->hd", da, x[t])
        g["U"] += np.einsum("h,k->hk", da, prev)
        dh = np.einsum("hk,h->k", U, da)
    return loss, g


shapes = {"x": (T, D), "W": (H, D), "U": (H, H), "gain": (H,), "bias": (H,), "y": (T, H)}

STEP, TOLERANCE = 1e-2, 3e-3  # what float32 leaves of a central difference
PRECISION = 1e-5  # and of the gradient

WRONG = [
    ('np.einsum("hk,h->k", U, da)', 'np.einsum("hk,k->h", U, da)', "transpose"),
    (" - dxhat.mean()", "", "path"),
    (" - xhat * (dxhat * xhat).mean()", "", "path"),
    ("2 * (new - y[t]) / H", "2 * (new - y[t])", "factor"),
    ("(dh * (1 - new * new), cache)", "(dh * (1 - new), cache)", "derivative"),
    ('g["gain"] += dgain', 'g["gain"] = dgain', "overwritten"),
]
