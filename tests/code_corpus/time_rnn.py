"""Classes with params and grads over a time axis: TimeAffine on TimeRNN, the state kept in the object."""

import numpy as np

N, T, D, H, K = 2, 2, 2, 2, 2


class RNN:
    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(p) for p in self.params]

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        h_next = np.tanh(np.matmul(h_prev, Wh) + np.matmul(x, Wx) + b)
        self.cache = (x, h_prev, h_next)
        return h_next

    def backward(self, dh_next):
        Wx, Wh, b = self.params
        x, h_prev, h_next = self.cache
        dt = dh_next * (1 - h_next**2)
        self.grads[2][...] = np.sum(dt, axis=0)
        self.grads[1][...] = np.matmul(h_prev.T, dt)
        self.grads[0][...] = np.matmul(x.T, dt)
        return np.matmul(dt, Wx.T), np.matmul(dt, Wh.T)


class TimeRNN:
    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(p) for p in self.params]
        self.layers = []
        self.h = None

    def forward(self, xs):
        hs = np.empty((N, T, H))
        if self.h is None:
            self.h = np.zeros((N, H))
        for t in range(T):
            layer = RNN(*self.params)
            self.h = layer.forward(xs[:, t, :], self.h)
            hs[:, t, :] = self.h
            self.layers.append(layer)
        return hs

    def backward(self, dhs):
        dxs, dh = np.empty((N, T, D)), 0
        for t in reversed(range(T)):
            dx, dh = self.layers[t].backward(dhs[:, t, :] + dh)
            dxs[:, t, :] = dx
            for total, grad in zip(self.grads, self.layers[t].grads):
                total += grad
        return dxs


class TimeAffine:
    def __init__(self, W, b):
        self.params = [W, b]

    def forward(self, xs):
        self.x = xs
        W, b = self.params
        return (xs.reshape(N * T, -1) @ W + b).reshape(N, T, -1)

    def backward(self, dout):
        rows, W = dout.reshape(N * T, -1), self.params[0]
        self.grads = [self.x.reshape(N * T, -1).T @ rows, rows.sum(axis=0)]
        return (rows @ W.T).reshape(self.x.shape)


def run(xs, Wx, Wh, b, W, c, up):
    rnn, affine = TimeRNN(Wx, Wh, b), TimeAffine(W, c)
    out = affine.forward(rnn.forward(xs))
    dxs = rnn.backward(affine.backward(up))
    names = ["Wx", "Wh", "b", "W", "c"]
    return (out * up).sum(), {"xs": dxs, **dict(zip(names, rnn.grads + affine.grads))}


shapes = {"xs": (N, T, D), "Wx": (D, H), "Wh": (H, H), "b": (H,), "W": (H, K), "c": (K,), "up": (N, T, K)}

WRONG = [
    ("np.matmul(dt, Wx.T), np.matmul(dt, Wh.T)", "np.matmul(dt, Wx.T), np.matmul(dt, Wh)", "transpose"),
    ("backward(dhs[:, t, :] + dh)", "backward(dhs[:, t, :])", "path"),
    ("total += grad", "total[...] = grad", "overwritten"),
    ("rows.sum(axis=0)]", "rows.mean(axis=0)]", "factor"),
    ("(1 - h_next**2)", "(1 - h_next) ** 2", "derivative"),
    ("(rows @ W.T)", "(rows @ W)", "transpose"),
]
