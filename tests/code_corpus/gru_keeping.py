"""A GRU of column vectors with h = z·h' + (1 − z)·n, the reset gate before the matrix product, no biases."""

import numpy as np

D, H, T = 2, 3, 2


def sig(a):
    return 1 / (1 + np.exp(-a))


def run(x, Wz, Wr, Wn, v):
    h = [np.zeros(H)]
    z, r, n, hx, rx = [], [], [], [], []
    for t in range(T):
        hx.append(np.concatenate([h[t], x[t]]))
        z.append(sig(Wz @ hx[t]))
        r.append(sig(Wr @ hx[t]))
        rx.append(np.concatenate([r[t] * h[t], x[t]]))
        n.append(np.tanh(Wn @ rx[t]))
        h.append(z[t] * h[t] + (1 - z[t]) * n[t])
    loss = np.dot(v, h[-1])
    dWz, dWr, dWn, dx = np.zeros_like(Wz), np.zeros_like(Wr), np.zeros_like(Wn), np.zeros_like(x)
    dh = v
    for t in range(T - 1, -1, -1):
        dn = dh * (1 - z[t]) * (1 - n[t] ** 2)
        dz = dh * (h[t] - n[t]) * z[t] * (1 - z[t])
        drx = Wn.T @ dn
        dr = drx[:H] * h[t] * r[t] * (1 - r[t])
        dhx = Wz.T @ dz + Wr.T @ dr
        dWz += np.outer(dz, hx[t])
        dWr += np.outer(dr, hx[t])
        dWn += np.outer(dn, rx[t])
        dx[t] = drx[H:] + dhx[H:]
        dh = dh * z[t] + drx[:H] * r[t] + dhx[:H]
    return loss, {"Wz": dWz, "Wr": dWr, "Wn": dWn, "x": dx}


shapes = {"x": (T, D), "Wz": (H, H + D), "Wr": (H, H + D), "Wn": (H, H + D), "v": (H,)}

WRONG = [
    ("(h[t] - n[t]) * z[t]", "(n[t] - h[t]) * z[t]", "sign"),
    ("dh = dh * z[t] + ", "dh = dh * (1 - z[t]) + ", "swapped"),
    ("+ drx[:H] * r[t] +", "+ drx[:H] +", "factor"),
    ("Wz.T @ dz + Wr.T @ dr", "Wz.T @ dz", "path"),
    ("np.outer(dn, rx[t])", "np.outer(dn, hx[t])", "factor"),
]
