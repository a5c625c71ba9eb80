"""A language model whose embedding is its output matrix too: two contributions to one gradient."""

import numpy as np

V, H = 3, 2
text = [0, 2, 0]


def run(E, U, b):
    h = [np.zeros(H)]
    probs, loss = [], 0
    for t in range(len(text) - 1):
        h.append(np.tanh(E[text[t]] + U @ h[t] + b))
        scores = np.exp(E @ h[t + 1])
        probs.append(scores / scores.sum())
        loss = loss - np.log(probs[t][text[t + 1]])
    dE, dU, db, dh = np.zeros_like(E), np.zeros_like(U), np.zeros_like(b), np.zeros(H)
    for t in reversed(range(len(text) - 1)):
        ds = probs[t].copy()
        ds[text[t + 1]] -= 1
        dE += np.outer(ds, h[t + 1])
        da = (E.T @ ds + dh) * (1 - h[t + 1] * h[t + 1])
        dE[text[t]] += da
        dU += np.outer(da, h[t])
        db += da
        dh = U.T @ da
    return loss, {"E": dE, "U": dU, "b": db}


shapes = {"E": (V, H), "U": (H, H), "b": (H,)}

WRONG = [
    ("        dE[text[t]] += da\n", "", "path"),
    ("dE[text[t]] += da", "dE[text[t]] = da", "overwritten"),
    ("dh = U.T @ da", "dh = U @ da", "transpose"),
    ("(E.T @ ds + dh)", "(E.T @ ds)", "path"),
    ("dE[text[t]] += da", "dE[text[t + 1]] += da", "time"),
    ("ds[text[t + 1]] -= 1", "ds[text[t + 1]] = 1", "overwritten"),
]
