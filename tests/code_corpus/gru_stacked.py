"""A GRU over a batch in rows with h = z·n + (1 − z)·h', the reset gate after the product, z and r stacked."""

import numpy as np

N, D, H, T = 2, 2, 2, 2


def gates(x, h, Wzr, Uzr):
    s = 1.0 / (1.0 + np.exp(-(x @ Wzr + h @ Uzr)))
    return s[:, :H], s[:, H:]


def run(x, h0, Wzr, Uzr, Wn, Un, up):
    h, tape = h0, []
    for t in range(T):
        z, r = gates(x[t], h, Wzr, Uzr)
        u = h @ Un
        n = np.tanh(x[t] @ Wn + r * u)
        tape.append((h, z, r, u, n))
        h = z * n + (1.0 - z) * h
    loss = np.sum(up * h)
    g = {k: np.zeros_like(w) for k, w in {"Wzr": Wzr, "Uzr": Uzr, "Wn": Wn, "Un": Un}.items()}
    dh = up.copy()
    for t in range(T)[::-1]:
        prev, z, r, u, n = tape[t]
        dn = dh * z * (1 - n * n)
        dz = dh * (n - prev) * z * (1 - z)
        du = dn * r
        dr = dn * u * r * (1 - r)
        dzr = np.concatenate([dz, dr], axis=1)
        g["Wzr"] += x[t].T @ dzr
        g["Uzr"] += prev.T @ dzr
        g["Wn"] += x[t].T @ dn
        g["Un"] += prev.T @ du
        dh = dh * (1 - z)
        dh += dzr @ Uzr.T + du @ Un.T
    return loss, {**g, "h0": dh}


shapes = {"x": (T, N, D), "h0": (N, H), "Wzr": (D, 2 * H), "Uzr": (H, 2 * H), "Wn": (D, H), "Un": (H, H), "up": (N, H)}

WRONG = [
    ("np.concatenate([dz, dr], axis=1)", "np.concatenate([dr, dz], axis=1)", "swapped"),
    ("du @ Un.T", "du @ Un", "transpose"),
    ("du = dn * r\n", "du = dn\n", "factor"),
    ("dh * z * (1 - n * n)", "dh * z", "derivative"),
    ('g["Un"] += prev', 'g["Un"] -= prev', "sign"),
    ("        dh = dh * (1 - z)\n", "        dh = np.zeros_like(dh)\n", "path"),
]
