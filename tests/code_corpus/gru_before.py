"""A GRU with the reset gate before the matrix product; h = z·h̃ + (1 − z)·h'; a batch in rows; separate weights."""

import numpy as np

N, D, H, T = 2, 3, 3, 3
sigmoid = lambda a: 1.0 / (1.0 + np.exp(-a))  # noqa: E731


class GRUCell:
    def __init__(self, p):
        self.p = p
        self.g = {k: np.zeros_like(v) for k, v in p.items()}

    def step(self, x, h):
        p = self.p
        z = sigmoid(x @ p["Wz"] + h @ p["Uz"] + p["bz"])
        r = sigmoid(x @ p["Wr"] + h @ p["Ur"] + p["br"])
        rh = r * h
        hh = np.tanh(x @ p["Wh"] + rh @ p["Uh"] + p["bh"])
        return z * hh + (1 - z) * h, (x, h, z, r, rh, hh)

    def back(self, dout, cache):
        p, g = self.p, self.g
        x, h, z, r, rh, hh = cache
        dhh = dout * z * (1 - hh**2)
        dz = dout * (hh - h) * z * (1 - z)
        drh = dhh @ p["Uh"].T
        dr = drh * h * r * (1 - r)
        dh = dout * (1 - z)
        dh += drh * r
        dh += dz @ p["Uz"].T
        dh += dr @ p["Ur"].T
        for k, d, left in (("z", dz, h), ("r", dr, h), ("h", dhh, rh)):
            g["W" + k] += x.T @ d
            g["U" + k] += left.T @ d
            g["b" + k] += d.sum(0)
        return dh


def run(x, h0, up, **p):
    cell = GRUCell(p)
    h, caches, loss = h0, [], 0.0
    for t in range(T):
        h, cache = cell.step(x[t], h)
        caches.append(cache)
        loss = loss + (h * up[t]).sum() / N
    dh = 0
    for t in range(T - 1, -1, -1):
        dh = cell.back(dh + up[t] / N, caches[t])
    return loss, {"h0": dh, **cell.g}


shapes = {"x": (T, N, D), "h0": (N, H), "up": (T, N, H)}
for gate in "zrh":
    shapes |= {"W" + gate: (D, H), "U" + gate: (H, H), "b" + gate: (H,)}

WRONG = [
    ('dhh @ p["Uh"].T', 'dhh @ p["Uh"]', "transpose"),
    ("        dh += drh * r\n", "        dh += drh\n", "factor"),
    ("dh = dout * (1 - z)\n", "dh = dout * z\n", "swapped"),
    ("dh + up[t] / N", "dh + up[t]", "factor"),
    ("dout * (hh - h) * z", "dout * hh * z", "path"),
    ('        dh += dr @ p["Ur"].T\n', "", "path"),
    ('g["U" + k] += left.T @ d', 'g["U" + k] += h.T @ d', "factor"),
    ('("r", dr, h)', '("r", dz, h)', "swapped"),
]
