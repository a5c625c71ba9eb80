"""One layer of a peephole LSTM, a weight matrix for each gate, the peepholes diagonal; states in dicts by time."""

import numpy as np

T, D, H = 2, 2, 2


def s(a):
    return 1 / (1 + np.exp(-a))


def run(x, Wi, Wf, Wo, Wg, pi, pf, po, up):
    h, c, i, f, o, g, z = {-1: np.zeros(H)}, {-1: np.zeros(H)}, {}, {}, {}, {}, {}
    for t in range(T):
        z[t] = np.concatenate((h[t - 1], x[t]))
        i[t] = s(Wi @ z[t] + pi * c[t - 1])
        f[t] = s(Wf @ z[t] + pf * c[t - 1])
        g[t] = np.tanh(Wg @ z[t])
        c[t] = i[t] * g[t] + f[t] * c[t - 1]
        o[t] = s(Wo @ z[t] + po * c[t])
        h[t] = o[t] * np.tanh(c[t])
    loss = sum(up[t] @ h[t] for t in range(T))
    w = {"Wi": Wi, "Wf": Wf, "Wo": Wo, "Wg": Wg, "pi": pi, "pf": pf, "po": po}
    d = {k: np.zeros_like(v) for k, v in w.items()}
    dh, dc = np.zeros(H), np.zeros(H)
    for t in reversed(range(T)):
        dh = dh + up[t]
        do = dh * np.tanh(c[t]) * o[t] * (1 - o[t])
        dc = dc + dh * o[t] * (1 - np.tanh(c[t]) ** 2) + po * do
        di = dc * g[t] * i[t] * (1 - i[t])
        df = dc * c[t - 1] * f[t] * (1 - f[t])
        dg = dc * i[t] * (1 - g[t] ** 2)
        for k, delta in (("Wi", di), ("Wf", df), ("Wo", do), ("Wg", dg)):
            d[k] += np.outer(delta, z[t])
        d["pi"] += di * c[t - 1]
        d["pf"] += df * c[t - 1]
        d["po"] += do * c[t]
        dc = dc * f[t] + pi * di + pf * df
        dh = (Wi.T @ di + Wf.T @ df + Wo.T @ do + Wg.T @ dg)[:H]
    return loss, d


shapes = {"x": (T, D), **{"W" + k: (H, H + D) for k in "ifog"}, **{"p" + k: (H,) for k in "ifo"}, "up": (T, H)}

WRONG = [
    (" + po * do\n", "\n", "path"),
    ("dc = dc * f[t] + pi * di + pf * df", "dc = dc * f[t]", "path"),
    ("dc = dc + dh * o[t]", "dc = dh * o[t]", "path"),
    ('d["po"] += do * c[t]', 'd["po"] += do * c[t - 1]', "time"),
    ("dc * i[t] * (1 - g[t] ** 2)", "dc * i[t] * (1 - np.tanh(g[t]) ** 2)", "derivative"),
    ('("Wi", di), ("Wf", df)', '("Wi", df), ("Wf", di)', "swapped"),
]
