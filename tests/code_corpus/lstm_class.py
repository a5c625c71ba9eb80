"""A class of an LSTM layer with params and grads, gates in the order f, i, c, o, over (batch, time, …)."""

import numpy as np

N, T, D, H = 2, 3, 3, 3


def sigmoid(x):
    return 0.5 * (1 + np.tanh(x / 2))


class LSTM:
    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]
        self.cache = None

    def forward(self, x, h_prev, c_prev):
        Wx, Wh, b = self.params
        n, h = h_prev.shape
        A = np.matmul(x, Wx) + np.matmul(h_prev, Wh) + b
        f = sigmoid(A[:, :h])
        i = sigmoid(A[:, h : 2 * h])
        g = np.tanh(A[:, 2 * h : 3 * h])
        o = sigmoid(A[:, 3 * h :])
        c_next = f * c_prev + g * i
        h_next = o * np.tanh(c_next)
        self.cache = (x, h_prev, c_prev, i, f, g, o, c_next)
        return h_next, c_next

    def backward(self, dh_next, dc_next):
        Wx, Wh, b = self.params
        x, h_prev, c_prev, i, f, g, o, c_next = self.cache
        tanh_c_next = np.tanh(c_next)
        ds = dc_next + (dh_next * o) * (1 - tanh_c_next**2)
        dc_prev = ds * f
        di = ds * g
        df = ds * c_prev
        do = dh_next * tanh_c_next
        dg = ds * i
        di *= i * (1 - i)
        df *= f * (1 - f)
        do *= o * (1 - o)
        dg *= 1 - g**2
        dA = np.hstack((df, di, dg, do))
        dWh = np.dot(h_prev.T, dA)
        dWx = np.dot(x.T, dA)
        db = dA.sum(axis=0)
        self.grads[0][...] = dWx
        self.grads[1][...] = dWh
        self.grads[2][...] = db
        dx = np.dot(dA, Wx.T)
        dh_prev = np.dot(dA, Wh.T)
        return dx, dh_prev, dc_prev


class TimeLSTM:
    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]
        self.layers = None
        self.h, self.c = None, None
        self.dh = None

    def forward(self, xs):
        Wx, Wh, b = self.params
        n, t, d = xs.shape
        h = Wh.shape[0]
        self.layers = []
        hs = np.empty((n, t, h))
        self.h = np.zeros((n, h))
        self.c = np.zeros((n, h))
        for step in range(t):
            layer = LSTM(*self.params)
            self.h, self.c = layer.forward(xs[:, step, :], self.h, self.c)
            hs[:, step, :] = self.h
            self.layers.append(layer)
        return hs

    def backward(self, dhs):
        Wx, Wh, b = self.params
        n, t, h = dhs.shape
        d = Wx.shape[0]
        dxs = np.empty((n, t, d))
        dh, dc = 0, 0
        grads = [0, 0, 0]
        for step in reversed(range(t)):
            layer = self.layers[step]
            dx, dh, dc = layer.backward(dhs[:, step, :] + dh, dc)
            dxs[:, step, :] = dx
            for i, grad in enumerate(layer.grads):
                grads[i] += grad
        for i, grad in enumerate(grads):
            self.grads[i][...] = grad
        self.dh = dh
        return dxs


def run(xs, Wx, Wh, b, up):
    layer = TimeLSTM(Wx, Wh, b)
    out = layer.forward(xs)
    dxs = layer.backward(up)
    return np.sum(out * up), {"xs": dxs, "Wx": layer.grads[0], "Wh": layer.grads[1], "b": layer.grads[2]}


shapes = {"xs": (N, T, D), "Wx": (D, 4 * H), "Wh": (H, 4 * H), "b": (4 * H,), "up": (N, T, H)}

WRONG = [
    ("np.hstack((df, di, dg, do))", "np.hstack((di, df, dg, do))", "swapped"),
    ("ds = dc_next + ", "ds = ", "path"),
    ("dg *= 1 - g**2", "dg *= 1 - np.tanh(g) ** 2", "derivative"),
    ("do *= o * (1 - o)", "do *= o", "derivative"),
    ("layer.backward(dhs[:, step, :] + dh, dc)", "layer.backward(dhs[:, step, :], dc)", "path"),
    ("grads[i] += grad", "grads[i] = grad", "overwritten"),
    ("db = dA.sum(axis=0)", "db = dA.mean(axis=0)", "factor"),
    ("di *= i * (1 - i)", "di *= sigmoid(i) * (1 - sigmoid(i))", "derivative"),
    ("dc_prev = ds * f", "dc_prev = -ds * f", "sign"),
]
