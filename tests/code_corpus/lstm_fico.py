"""An LSTM of column vectors over [h; x], one stacked matrix in the order f, i, c, o, a softmax at every step."""

import numpy as np

D, H, T = 2, 2, 2
inputs, targets = [1, 0], [0, 1]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def run(W, b, Wy, by):
    h, c = {-1: np.zeros((H, 1))}, {-1: np.zeros((H, 1))}
    z, f, i, g, o, p = {}, {}, {}, {}, {}, {}
    loss = 0
    for t in range(T):
        x = np.zeros((D, 1))
        x[inputs[t]] = 1
        z[t] = np.vstack((h[t - 1], x))
        a = W @ z[t] + b
        f[t], i[t] = sigmoid(a[0:H]), sigmoid(a[H : 2 * H])
        g[t], o[t] = np.tanh(a[2 * H : 3 * H]), sigmoid(a[3 * H :])
        c[t] = f[t] * c[t - 1] + i[t] * g[t]
        h[t] = o[t] * np.tanh(c[t])
        y = Wy @ h[t] + by
        p[t] = np.exp(y) / np.sum(np.exp(y))
        loss -= np.log(p[t][targets[t], 0])
    dW, db, dWy, dby = (np.zeros_like(v) for v in (W, b, Wy, by))
    dh_next, dc_next = np.zeros((H, 1)), np.zeros((H, 1))
    for t in reversed(range(T)):
        dy = p[t].copy()
        dy[targets[t]] -= 1
        dWy += dy @ h[t].T
        dby += dy
        dh = Wy.T @ dy + dh_next
        dc = dc_next + dh * o[t] * (1 - np.tanh(c[t]) ** 2)
        do = dh * np.tanh(c[t]) * o[t] * (1 - o[t])
        df = dc * c[t - 1] * f[t] * (1 - f[t])
        di = dc * g[t] * i[t] * (1 - i[t])
        dg = dc * i[t] * (1 - g[t] ** 2)
        da = np.concatenate((df, di, dg, do))
        dW += da @ z[t].T
        db += da
        dz = W.T @ da
        dh_next = dz[:H]
        dc_next = dc * f[t]
    return loss, {"W": dW, "b": db, "Wy": dWy, "by": dby}


shapes = {"W": (4 * H, H + D), "b": (4 * H, 1), "Wy": (D, H), "by": (D, 1)}

WRONG = [
    ("np.concatenate((df, di, dg, do))", "np.concatenate((di, df, dg, do))", "swapped"),
    ("dc = dc_next + dh", "dc = dh", "path"),
    ("Wy.T @ dy + dh_next", "Wy.T @ dy", "path"),
    ("(1 - np.tanh(c[t]) ** 2)", "(1 - c[t] ** 2)", "derivative"),
    ("dc * c[t - 1] * f[t]", "dc * c[t] * f[t]", "time"),
    ("dWy += dy @ h[t].T", "dWy = dy @ h[t].T", "overwritten"),
]
