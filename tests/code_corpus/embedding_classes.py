"""An Embedding layer as a class, its words repeated over time, before an RNN; gradients by a loop over indices."""

import numpy as np

V, E, H = 3, 2, 2
sentence = [1, 2, 1]


class Embedding:
    def __init__(self, W):
        self.W, self.dW = W, np.zeros_like(W)

    def forward(self, index):
        self.index = index
        return self.W[index]

    def backward(self, dout):
        self.dW[...] = 0
        for row, word in enumerate(self.index):
            self.dW[word] += dout[row]


def run(emb, Wx, Wh, up):
    layer = Embedding(emb)
    xs = layer.forward(np.array(sentence))
    hs = np.zeros((len(sentence) + 1, H))
    for t in range(len(sentence)):
        hs[t] = np.tanh(xs[t] @ Wx + hs[t - 1] @ Wh)  # hs[-1] is the row of zeros
    loss = np.sum(hs[:-1] * up)
    dxs, dWx, dWh, dnext = np.zeros_like(xs), np.zeros_like(Wx), np.zeros_like(Wh), np.zeros(H)
    for t in reversed(range(len(sentence))):
        da = (1 - hs[t] ** 2) * (up[t] + dnext)
        dWx += np.outer(xs[t], da)
        dWh += np.outer(hs[t - 1], da)
        dxs[t] = Wx @ da
        dnext = Wh @ da
    layer.backward(dxs)
    return loss, {"emb": layer.dW, "Wx": dWx, "Wh": dWh}


shapes = {"emb": (V, E), "Wx": (E, H), "Wh": (H, H), "up": (len(sentence), H)}

WRONG = [
    ("self.dW[word] += dout[row]", "self.dW[word] = dout[row]", "overwritten"),
    ("dnext = Wh @ da", "dnext = Wh.T @ da", "transpose"),
    ("dxs[t] = Wx @ da", "dxs[t] = da @ Wx", "transpose"),
    ("np.outer(hs[t - 1], da)", "np.outer(hs[t], da)", "time"),
    ("(up[t] + dnext)", "up[t]", "path"),
    ("dWx += np.outer", "dWx -= np.outer", "sign"),
]
