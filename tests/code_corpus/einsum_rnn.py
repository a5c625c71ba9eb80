"""A batch of row vectors, every product an einsum over whole arrays; the backward pass sums over time at the end."""

import numpy as np

N, T, D, H = 2, 2, 2, 3


def run(x, h0, W, U, b, up):
    h = np.empty((T + 1, N, H))
    h[0] = h0
    drive = np.einsum("tnd,dh->tnh", x, W) + b
    for t in range(T):
        h[t + 1] = np.tanh(drive[t] + np.einsum("nk,kh->nh", h[t], U))
    loss = np.einsum("tnh,tnh->", h[1:], up)
    da = np.empty((T, N, H))
    dh = np.zeros((N, H))
    for t in reversed(range(T)):
        da[t] = (up[t] + dh) * (1 - np.square(h[t + 1]))
        dh = np.einsum("nh,kh->nk", da[t], U)
    return loss, {
        "x": np.einsum("tnh,dh->tnd", da, W),
        "h0": dh,
        "W": np.einsum("tnd,tnh->dh", x, da),
        "U": np.einsum("tnk,tnh->kh", h[:-1], da),
        "b": np.einsum("tnh->h", da),
    }


shapes = {"x": (T, N, D), "h0": (N, H), "W": (D, H), "U": (H, H), "b": (H,), "up": (T, N, H)}

WRONG = [
    ('np.einsum("nh,kh->nk", da[t], U)', 'np.einsum("nh,hk->nk", da[t], U)', "transpose"),
    ('np.einsum("tnk,tnh->kh", h[:-1], da)', 'np.einsum("tnk,tnh->hk", h[:-1], da)', "transpose"),
    ("h[:-1], da)", "h[1:], da)", "time"),
    ("(up[t] + dh)", "up[t]", "path"),
    ("(up[t] + dh)", "(up[t] - dh)", "sign"),
    ("np.square(h[t + 1])", "h[t + 1]", "derivative"),
]
