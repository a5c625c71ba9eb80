"""Three dense layers in lists of weights and activations, tanh, sigmoid and linear; half a mean squared error."""

import numpy as np

N, D, H, K = 2, 2, 3, 2


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def run(x, y, W0, W1, W2, b0, b1, b2):
    W, b = [W0, W1, W2], [b0, b1, b2]
    forward = [np.tanh, sigmoid, lambda z: z]
    slope = [lambda a: 1 - a**2, lambda a: a * (1 - a), lambda a: np.ones_like(a)]
    a = [x]
    for k in range(3):
        a.append(forward[k](a[-1] @ W[k] + b[k]))
    loss = 0.5 * np.mean(np.sum((a[-1] - y) ** 2, axis=1))
    delta = (a[-1] - y) / N
    dW, db = [None] * 3, [None] * 3
    for k in (2, 1, 0):
        delta = delta * slope[k](a[k + 1])
        dW[k] = a[k].T @ delta
        db[k] = delta.sum(axis=0, keepdims=True)
        delta = delta @ W[k].T
    return loss, {"x": delta, "W0": dW[0], "W1": dW[1], "W2": dW[2], "b0": db[0], "b1": db[1], "b2": db[2]}


shapes = {"x": (N, D), "y": (N, K), "W0": (D, H), "W1": (H, H), "W2": (H, K), "b0": (1, H), "b1": (1, H), "b2": (1, K)}

WRONG = [
    ("lambda a: a * (1 - a)", "lambda a: sigmoid(a) * (1 - sigmoid(a))", "derivative"),
    ("lambda a: 1 - a**2", "lambda a: 1 - np.tanh(a) ** 2", "derivative"),
    ("delta = (a[-1] - y) / N", "delta = (y - a[-1]) / N", "sign"),
    ("delta = (a[-1] - y) / N", "delta = 2 * (a[-1] - y) / N", "factor"),
    ('"W1": dW[1], "W2"', '"W1": dW[1].T, "W2"', "transpose"),
    ('"b0": db[0], "b1": db[1]', '"b0": db[1], "b1": db[0]', "swapped"),
]
