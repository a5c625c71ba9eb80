"""A sigmoid RNN with a target at every step, its squared errors summed; deltas kept in arrays, summed afterwards."""

import numpy as np

T, D, H = 3, 2, 2


def logistic(z):
    return 1.0 / (1.0 + np.exp(-z))


def forward(x, U, W, V):
    s, o = np.zeros((T + 1, H)), np.zeros((T, 1))
    for t in range(T):
        s[t] = logistic(U.dot(x[t]) + W.dot(s[t - 1]))
        o[t] = V.dot(s[t])
    return s, o


def bptt(x, y, U, W, V):
    s, o = forward(x, U, W, V)
    error = 2 * (o - y)
    dU, dW, dV = np.zeros(U.shape), np.zeros(W.shape), np.zeros(V.shape)
    for t in range(T)[::-1]:
        dV += np.outer(error[t], s[t])
        delta = V.T.dot(error[t]) * s[t] * (1 - s[t])
        for step in range(0, t + 1)[::-1]:
            dW += np.outer(delta, s[step - 1])
            dU += np.outer(delta, x[step])
            delta = W.T.dot(delta) * s[step - 1] * (1 - s[step - 1])
    return np.sum((o - y) ** 2), dU, dW, dV


def run(x, y, U, W, V):
    loss, dU, dW, dV = bptt(x, y, U, W, V)
    return loss, {"U": dU, "W": dW, "V": dV}


shapes = {"x": (T, D), "y": (T, 1), "U": (H, D), "W": (H, H), "V": (1, H)}

WRONG = [
    ("error = 2 * (o - y)", "error = o - y", "factor"),
    ("W.T.dot(delta)", "W.dot(delta)", "transpose"),
    ("range(0, t + 1)[::-1]", "range(max(0, t - 1), t + 1)[::-1]", "path"),
    ("dW += np.outer(delta, s[step - 1])", "dW += np.outer(delta, s[step])", "time"),
    ("dot(error[t]) * s[t] * (1 - s[t])", "dot(error[t]) * (1 - s[t] ** 2)", "derivative"),
    ("dV += np.outer", "dV = np.outer", "overwritten"),
]
