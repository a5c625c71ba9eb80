"""A GRU with the reset gate after the matrix product; h = (1 − z)·n + z·h'."""

import numpy as np

D, H, T = 3, 4, 3


def sigma(v):
    return 1 / (1 + np.exp(-v))


def gru(xs, h0, W, U, b, c):
    h, tape = h0, []
    for x in xs:
        gx, gh = W @ x + b, U @ h + c
        r = sigma(gx[:H] + gh[:H])
        z = sigma(gx[H : 2 * H] + gh[H : 2 * H])
        n = np.tanh(gx[2 * H :] + r * gh[2 * H :])
        new = (1 - z) * n + z * h
        tape.append((x, h, r, z, n, gh[2 * H :]))
        h = new
    return h, tape


def gru_back(dh, tape, W, U):
    dW, dU, db, dc = np.zeros(W.shape), np.zeros(U.shape), np.zeros(3 * H), np.zeros(3 * H)
    dxs = []
    for x, h, r, z, n, ghn in reversed(tape):
        dz = dh * (h - n)
        dn = dh * (1 - z)
        dan = dn * (1 - n * n)
        dr = dan * ghn
        dar = dr * r * (1 - r)
        daz = dz * z * (1 - z)
        dgx = np.concatenate([dar, daz, dan])
        dgh = np.concatenate([dar, daz, dan * r])
        dW += np.outer(dgx, x)
        dU += np.outer(dgh, h)
        db += dgx
        dc += dgh
        dxs.insert(0, W.T @ dgx)
        dh = dh * z + U.T @ dgh
    return np.stack(dxs), dh, dW, dU, db, dc


def run(xs, h0, W, U, b, c, v):
    h, tape = gru(xs, h0, W, U, b, c)
    loss = 0.5 * np.sum((h - v) ** 2)
    dxs, dh0, dW, dU, db, dc = gru_back(h - v, tape, W, U)
    return loss, {"xs": dxs, "h0": dh0, "W": dW, "U": dU, "b": db, "c": dc}


shapes = {"xs": (T, D), "h0": (H,), "W": (3 * H, D), "U": (3 * H, H), "b": (3 * H,), "c": (3 * H,), "v": (H,)}

WRONG = [
    ("dz = dh * (h - n)", "dz = dh * (n - h)", "sign"),
    ("dh = dh * z + U.T @ dgh", "dh = U.T @ dgh", "path"),
    ("dh = dh * z + U.T @ dgh", "dh = dh * z", "path"),
    ("dan * r])", "dan])", "factor"),
    ("np.concatenate([dar, daz, dan])", "np.concatenate([daz, dar, dan])", "swapped"),
    ("dn * (1 - n * n)", "dn * (1 - n)", "derivative"),
    ("dar = dr * r * (1 - r)", "dar = dr * r", "derivative"),
    ("gru_back(h - v", "gru_back(2 * (h - v)", "factor"),
    ("dU += np.outer(dgh, h)", "dU = np.outer(dgh, h)", "overwritten"),
]
