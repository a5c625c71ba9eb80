"""Two layers of a peephole LSTM, float states, biases in a dict; gates f, g, i, o by name; mean over time."""

import numpy as np

D, H, T = 2, 2, 2
GATES = "fgio"


def sig(v):
    return 1.0 / (1.0 + np.exp(-v))


def layer_forward(xs, W, U, P, b):
    h, c, cache, hs = np.zeros((H, 1)), np.zeros((H, 1)), [], []
    for x in xs:
        a = W @ x + U @ h + b
        f = sig(a[:H] + P[0][:, None] * c)
        g = np.tanh(a[H : 2 * H])
        i = sig(a[2 * H : 3 * H] + P[1][:, None] * c)
        cn = f * c + i * g
        o = sig(a[3 * H :] + P[2][:, None] * cn)
        hn = o * np.tanh(cn)
        cache.append((x, h, c, f, g, i, o, cn))
        h, c = hn, cn
        hs.append(h)
    return hs, cache


def layer_backward(dhs, cache, W, U, P):
    dW, dU, dP, db = np.zeros_like(W), np.zeros_like(U), np.zeros_like(P), np.zeros((4 * H, 1))
    dhn, dcn, dxs = np.zeros((H, 1)), np.zeros((H, 1)), []
    for dh, (x, h, c, f, g, i, o, cn) in zip(reversed(dhs), reversed(cache)):
        dh = dh + dhn
        tc = np.tanh(cn)
        dao = dh * tc * o * (1 - o)
        dc = dh * o * (1 - tc * tc) + dcn + dao * P[2][:, None]
        daf = dc * c * f * (1 - f)
        dai = dc * g * i * (1 - i)
        dag = dc * i * (1 - g * g)
        da = np.vstack([daf, dag, dai, dao])
        dW += da @ x.T
        dU += da @ h.T
        db += da
        dP[0] += (daf * c).ravel()
        dP[1] += (dai * c).ravel()
        dP[2] += (dao * cn).ravel()
        dcn = dc * f + daf * P[0][:, None] + dai * P[1][:, None]
        dhn = U.T @ da
        dxs.append(W.T @ da)
    return dxs[::-1], dW, dU, dP, db


def run(x, W1, U1, P1, b1, W2, U2, P2, b2, y):
    h1, k1 = layer_forward([x[t][:, np.newaxis] for t in range(T)], W1, U1, P1, b1)
    h2, k2 = layer_forward(h1, W2, U2, P2, b2)
    loss = sum(float(np.sum((h - y[t].reshape(-1, 1)) ** 2)) for t, h in enumerate(h2)) / T
    dh2 = [2 * (h - y[t].reshape(-1, 1)) / T for t, h in enumerate(h2)]
    dh1, dW2, dU2, dP2, db2 = layer_backward(dh2, k2, W2, U2, P2)
    _, dW1, dU1, dP1, db1 = layer_backward(dh1, k1, W1, U1, P1)
    return loss, {"W1": dW1, "U1": dU1, "P1": dP1, "b1": db1, "W2": dW2, "U2": dU2, "P2": dP2, "b2": db2}


_layer = {"W": (4 * H, H), "U": (4 * H, H), "P": (3, H), "b": (4 * H, 1)}
shapes = {"x": (T, D), **{k + n: s for n in "12" for k, s in _layer.items()}, "y": (T, H)}

WRONG = [
    (" + dao * P[2][:, None]", "", "path"),
    ("dcn = dc * f + daf * P[0][:, None]", "dcn = dc * f", "path"),
    ("dP[2] += (dao * cn)", "dP[2] += (dao * c)", "time"),
    ("dc * i * (1 - g * g)", "dc * i * (1 - g)", "derivative"),
    ("np.vstack([daf, dag, dai, dao])", "np.vstack([dai, dag, daf, dao])", "swapped"),
    ("dh2 = [2 * (h - y[t].reshape(-1, 1)) / T", "dh2 = [2 * (h - y[t].reshape(-1, 1))", "factor"),
    ("dU += da @ h.T", "dU = da @ h.T", "overwritten"),
]
