"""A leaky RNN, h = (1 − α)·h' + α·tanh(…), a dropout mask on its input and weight decay in the loss."""

import numpy as np

T, D, H = 3, 2, 2
alpha, decay, mask = 0.2, 0.01, np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])


def run(x, Win, W, b, y):
    hs, pre = [np.zeros(H)], []
    for t in range(T):
        pre.append(np.tanh(Win @ (x[t] * mask[t]) + W @ hs[-1] + b))
        hs.append((1 - alpha) * hs[-1] + alpha * pre[-1])
    loss = 0.5 * np.sum((hs[-1] - y) ** 2) + 0.5 * decay * np.sum(W * W)
    dWin, dW, db, dx = np.zeros_like(Win), decay * W, np.zeros_like(b), np.zeros_like(x)
    dh = hs[-1] - y
    for t in reversed(range(T)):
        da = alpha * dh * (1 - pre[t] ** 2)
        dWin += np.outer(da, x[t] * mask[t])
        dW += np.outer(da, hs[t])
        db += da
        dx[t] = (Win.T @ da) * mask[t]
        dh = (1 - alpha) * dh + W.T @ da
    return loss, {"x": dx, "Win": dWin, "W": dW, "b": db}


shapes = {"x": (T, D), "Win": (H, D), "W": (H, H), "b": (H,), "y": (H,)}

WRONG = [
    ("dh = (1 - alpha) * dh + W.T @ da", "dh = W.T @ da", "path"),
    ("da = alpha * dh", "da = dh", "factor"),
    ("(1 - pre[t] ** 2)", "(1 - hs[t + 1] ** 2)", "derivative"),
    ("decay * W, np", "2 * decay * W, np", "factor"),
    ("(Win.T @ da) * mask[t]", "(Win.T @ da)", "factor"),
    ("dW += np.outer(da, hs[t])", "dW += np.outer(da, hs[t + 1])", "time"),
]
