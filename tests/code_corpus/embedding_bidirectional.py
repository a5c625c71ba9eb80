"""A bidirectional RNN over embedded words, scipy's expit and log_softmax, scatter-add into the embedding."""

import numpy as np
from scipy.special import expit, log_softmax

words, label = [2, 0, 2, 2], 1
V, E, H, K = 3, 2, 3, 3


def pass_over(xs, W, U, b):
    h, states = np.zeros(H), []
    for x in xs:
        before = h
        h = expit(W @ x + U @ h + b)
        states.append((x, before, h))
    return h, states


def back_over(dh, states, W, U):
    dW, dU, db, dxs = np.zeros_like(W), np.zeros_like(U), np.zeros(H), []
    for x, before, h in states[::-1]:
        da = dh * h * (1 - h)
        dW += da[:, None] * x[None, :]
        dU += da[:, None] * before[None, :]
        db += da
        dxs.append(W.T @ da)
        dh = U.T @ da
    return dW, dU, db, dxs[::-1]


def run(emb, Wf, Uf, bf, Wb, Ub, bb, V2):
    xs = emb[words]
    hf, sf = pass_over(xs, Wf, Uf, bf)
    hb, sb = pass_over(xs[::-1], Wb, Ub, bb)
    both = np.concatenate([hf, hb])
    logp = log_softmax(V2 @ both)
    loss = -logp[label]
    dlogits = np.exp(logp)
    dlogits[label] -= 1
    dboth = V2.T @ dlogits
    dWf, dUf, dbf, dxf = back_over(dboth[:H], sf, Wf, Uf)
    dWb, dUb, dbb, dxb = back_over(dboth[H:], sb, Wb, Ub)
    demb = np.zeros_like(emb)
    np.add.at(demb, words, np.array(dxf) + np.array(dxb)[::-1])
    return loss, {
        "emb": demb,
        "V2": np.outer(dlogits, both),
        "Wf": dWf,
        "Uf": dUf,
        "bf": dbf,
        "Wb": dWb,
        "Ub": dUb,
        "bb": dbb,
    }


shapes = {"emb": (V, E), "Wf": (H, E), "Uf": (H, H), "bf": (H,), "Wb": (H, E), "Ub": (H, H), "bb": (H,)}
shapes["V2"] = (K, 2 * H)

WRONG = [
    ("dh = U.T @ da", "dh = U @ da", "transpose"),
    (
        "np.add.at(demb, words, np.array(dxf) + np.array(dxb)[::-1])",
        "demb[words] = np.array(dxf) + np.array(dxb)[::-1]",
        "overwritten",
    ),
    ("np.array(dxb)[::-1])", "np.array(dxb))", "time"),
    ("dh * h * (1 - h)", "dh * expit(h) * (1 - expit(h))", "derivative"),
    ("dboth[:H], sf", "dboth[H:], sf", "swapped"),
    ("dlogits[label] -= 1", "dlogits[label] += 1", "sign"),
]
