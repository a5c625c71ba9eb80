"""The loss of a character RNN with its backward pass, after the style of min-char-rnn."""

import numpy as np

H, V = 5, 3
hprev = np.zeros((H, 1))


def lossFun(inputs, targets, hprev, Wxh, Whh, Why, bh, by):
    xs, hs, ys, ps = {}, {}, {}, {}
    hs[-1] = np.copy(hprev)
    loss = 0
    for t in range(len(inputs)):
        xs[t] = np.zeros((V, 1))
        xs[t][inputs[t]] = 1
        hs[t] = np.tanh(np.dot(Wxh, xs[t]) + np.dot(Whh, hs[t - 1]) + bh)
        ys[t] = np.dot(Why, hs[t]) + by
        ps[t] = np.exp(ys[t]) / np.sum(np.exp(ys[t]))
        loss += -np.log(ps[t][targets[t], 0])
    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dbh, dby = np.zeros_like(bh), np.zeros_like(by)
    dhnext = np.zeros_like(hs[0])
    for t in reversed(range(len(inputs))):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        dWhy += np.dot(dy, hs[t].T)
        dby += dy
        dh = np.dot(Why.T, dy) + dhnext
        dhraw = (1 - hs[t] * hs[t]) * dh
        dbh += dhraw
        dWxh += np.dot(dhraw, xs[t].T)
        dWhh += np.dot(dhraw, hs[t - 1].T)
        dhnext = np.dot(Whh.T, dhraw)
    for dparam in [dWxh, dWhh, dWhy, dbh, dby]:
        np.clip(dparam, -5, 5, out=dparam)
    return loss, dWxh, dWhh, dWhy, dbh, dby, hs[len(inputs) - 1]


def run(Wxh, Whh, Why, bh, by):
    loss, dWxh, dWhh, dWhy, dbh, dby, _ = lossFun([0, 1, 2], [1, 2, 0], hprev, Wxh, Whh, Why, bh, by)
    return loss, {"Wxh": dWxh, "Whh": dWhh, "Why": dWhy, "bh": dbh, "by": dby}


shapes = {"Wxh": (5, 3), "Whh": (5, 5), "Why": (3, 5), "bh": (5, 1), "by": (3, 1)}


WRONG = [
    ("np.dot(Whh.T, dhraw)", "np.dot(Whh, dhraw)", "transpose"),
    ("(1 - hs[t] * hs[t]) * dh", "(1 - np.tanh(hs[t]) ** 2) * dh", "derivative"),
    ("(1 - hs[t] * hs[t]) * dh", "dh", "derivative"),
    ("np.dot(Why.T, dy) + dhnext", "np.dot(Why.T, dy)", "path"),
    ("np.dot(dhraw, hs[t - 1].T)", "np.dot(dhraw, hs[t].T)", "time"),
    ("dWhh += np.dot", "dWhh = np.dot", "overwritten"),
    ("dby += dy", "dby = dy", "overwritten"),
    ("dy[targets[t]] -= 1", "dy[targets[t]] += 1", "sign"),
    ("dbh += dhraw", "dbh -= dhraw", "sign"),
    ("dWhy += np.dot(dy, hs[t].T)", "dWhy += 0.5 * np.dot(dy, hs[t].T)", "factor"),
]
