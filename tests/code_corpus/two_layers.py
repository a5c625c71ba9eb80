"""Two stacked tanh layers of row vectors, one loop over time, a linear readout and half the squared error."""

import numpy as np

D, H, T = 2, 3, 3


def run(xs, ys, W1, U1, b1, W2, U2, b2, V):
    h1, h2, e, loss = {-1: np.zeros((1, H))}, {-1: np.zeros((1, H))}, {}, 0.0
    for t in range(T):
        h1[t] = np.tanh(xs[t : t + 1] @ W1 + h1[t - 1] @ U1 + b1)
        h2[t] = np.tanh(h1[t] @ W2 + h2[t - 1] @ U2 + b2)
        e[t] = h2[t] @ V - ys[t]
        loss += 0.5 * np.sum(e[t] ** 2)
    grads = {"W1": W1 * 0, "U1": U1 * 0, "b1": b1 * 0, "W2": W2 * 0, "U2": U2 * 0, "b2": b2 * 0, "V": V * 0}
    back1 = back2 = np.zeros((1, H))
    for t in range(T - 1, -1, -1):
        grads["V"] += h2[t].T @ e[t]
        d2 = (e[t] @ V.T + back2) * (1 - h2[t] ** 2)
        grads["W2"] += h1[t].T @ d2
        grads["U2"] += h2[t - 1].T @ d2
        grads["b2"] += d2[0]
        d1 = (d2 @ W2.T + back1) * (1 - h1[t] ** 2)
        grads["W1"] += xs[t : t + 1].T @ d1
        grads["U1"] += h1[t - 1].T @ d1
        grads["b1"] += d1[0]
        back1, back2 = d1 @ U1.T, d2 @ U2.T
    return loss, grads


shapes = {"xs": (T, D), "ys": (T, 2), "W1": (D, H), "U1": (H, H), "b1": (H,)}
shapes |= {"W2": (H, H), "U2": (H, H), "b2": (H,), "V": (H, 2)}

WRONG = [
    ("d1 @ U1.T, d2 @ U2.T", "d1 @ U1.T, d2 @ U1.T", "swapped"),
    ("d2 @ W2.T + back1", "d2 @ W2 + back1", "transpose"),
    ("d2 @ W2.T + back1", "d2 @ W2.T", "path"),
    ("e[t] @ V.T + back2", "2 * e[t] @ V.T + back2", "factor"),
    ('grads["U1"] += h1[t - 1].T', 'grads["U1"] += h1[t].T', "time"),
    ('grads["b2"] += d2[0]', 'grads["b2"] = d2[0]', "overwritten"),
    ("back1) * (1 - h1[t] ** 2)", "back1) * (1 - h2[t] ** 2)", "derivative"),
]
