"""An RNN over (batch, time, …) with integer inputs; the cross-entropy a mean over both batch and time."""

import numpy as np

N, T, H, V = 2, 2, 2, 3
tokens = np.array([[0, 2, 1], [1, 1, 0]])


def run(Wxh, Whh, bh, Why, by):
    inputs, targets = tokens[:, :-1], tokens[:, 1:]
    onehot = np.eye(V)[inputs]
    hs = np.zeros((N, T + 1, H))
    for t in range(T):
        hs[:, t + 1] = np.tanh(onehot[:, t] @ Wxh + hs[:, t] @ Whh + bh)
    logits = hs[:, 1:] @ Why + by
    logits = logits - logits.max(axis=2, keepdims=True)
    logp = logits - np.log(np.exp(logits).sum(axis=2, keepdims=True))
    loss = -(np.eye(V)[targets] * logp).sum(axis=2).mean()
    dlogits = (np.exp(logp) - np.eye(V)[targets]) / (N * T)
    dWhy = np.tensordot(hs[:, 1:], dlogits, axes=([0, 1], [0, 1]))
    dby = dlogits.sum(axis=(0, 1))
    dhs = dlogits @ Why.T
    dWxh, dWhh, dbh = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(bh)
    carry = np.zeros((N, H))
    for t in range(T - 1, -1, -1):
        da = (dhs[:, t] + carry) * (1 - hs[:, t + 1] ** 2)
        dWxh += onehot[:, t].T @ da
        dWhh += hs[:, t].T @ da
        dbh += da.sum(axis=0)
        carry = da @ Whh.T
    return loss, {"Wxh": dWxh, "Whh": dWhh, "bh": dbh, "Why": dWhy, "by": dby}


shapes = {"Wxh": (V, H), "Whh": (H, H), "bh": (H,), "Why": (H, V), "by": (V,)}

WRONG = [
    (" / (N * T)", " / N", "factor"),
    ("(np.exp(logp) - np.eye(V)[targets])", "(np.exp(logp) + np.eye(V)[targets])", "sign"),
    ("carry = da @ Whh.T", "carry = da @ Whh", "transpose"),
    ("(dhs[:, t] + carry)", "dhs[:, t]", "path"),
    ("dbh += da.sum(axis=0)", "dbh += da.mean(axis=0)", "factor"),
    ("dWhh += hs[:, t].T", "dWhh += hs[:, t + 1].T", "time"),
]
