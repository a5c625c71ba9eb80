"""The layer of softmax and cross-entropy alone, as classes with an Affine layer before it; a mean over the batch."""

import numpy as np

N, D, K = 3, 2, 3


class Affine:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return np.dot(x, self.W) + self.b

    def backward(self, dout):
        self.dW = np.dot(self.x.T, dout)
        self.db = np.sum(dout, axis=0)
        return np.dot(dout, self.W.T)


class SoftmaxWithLoss:
    def forward(self, x, t):
        self.t = t
        e = np.exp(x - x.max(axis=1, keepdims=True))
        self.y = e / e.sum(axis=1, keepdims=True)
        return -np.sum(np.log(self.y[np.arange(N), t])) / N

    def backward(self, dout=1):
        dx = self.y.copy()
        dx[np.arange(N), self.t] -= 1
        dx *= dout
        return dx / N


def run(x, W, b):
    affine, last = Affine(W, b), SoftmaxWithLoss()
    loss = last.forward(affine.forward(x), [0, 2, 2])
    dx = affine.backward(last.backward())
    return loss, {"x": dx, "W": affine.dW, "b": affine.db}


shapes = {"x": (N, D), "W": (D, K), "b": (K,)}

WRONG = [
    ("return dx / N", "return dx", "factor"),
    ("self.t] -= 1", "self.t] += 1", "sign"),
    ("np.sum(dout, axis=0)", "np.mean(dout, axis=0)", "factor"),
    ("        dx *= dout\n", "        dx *= -dout\n", "sign"),
    ("dx = self.y.copy()\n", "dx = self.y * (1 - self.y)\n", "derivative"),
]
