"""Many inputs, one answer: the loss at the last step alone, a binary cross-entropy; the mean over the batch."""

import numpy as np

N, T, D, H = 2, 3, 2, 2
labels = np.array([[1.0], [0.0]])


def run(x, Wx, Wh, b, w, c):
    hs = [np.zeros((N, H))]
    for t in range(T):
        hs.append(np.tanh(x[:, t] @ Wx + hs[t] @ Wh + b))
    p = 1 / (1 + np.exp(-(hs[-1] @ w + c)))
    loss = -np.mean(labels * np.log(p) + (1 - labels) * np.log(1 - p))
    dlogit = (p - labels) / N
    grads = {"w": hs[-1].T @ dlogit, "c": dlogit.sum(axis=0)}
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    dh = dlogit @ w.T
    for t in range(T, 0, -1):
        da = dh * (1 - hs[t] ** 2)
        dWx += x[:, t - 1].T @ da
        dWh += hs[t - 1].T @ da
        db += da.sum(axis=0)
        dh = da @ Wh.T
    return loss, {**grads, "Wx": dWx, "Wh": dWh, "b": db}


shapes = {"x": (N, T, D), "Wx": (D, H), "Wh": (H, H), "b": (H,), "w": (H, 1), "c": (1,)}

WRONG = [
    ("(p - labels) / N", "p - labels", "factor"),
    ("(p - labels) / N", "(labels - p) / N", "sign"),
    ("(p - labels) / N", "(p - labels) * p * (1 - p) / N", "derivative"),
    ("dh = da @ Wh.T", "dh = da @ Wh", "transpose"),
    ("dh = da @ Wh.T", "dh = np.zeros((N, H))", "path"),
    ("dWx += x[:, t - 1].T @ da", "dWx += x[:, t - 2].T @ da", "time"),
    ("db += da.sum(axis=0)", "db = da.sum(axis=0)", "overwritten"),
]
