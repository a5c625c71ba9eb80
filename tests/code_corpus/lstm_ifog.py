"""An LSTM with one stacked weight matrix, gates in the order i, f, o, g, over (time, batch, …), caches in arrays."""

import numpy as np

T, B, D, H = 3, 2, 3, 4


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def forward(X, WLSTM, c0, h0):
    n, b, input_size = X.shape
    d = WLSTM.shape[1] // 4
    xphpb = WLSTM.shape[0]
    Hin = np.zeros((n, b, xphpb))
    Hout = np.zeros((n, b, d))
    IFOG = np.zeros((n, b, d * 4))
    IFOGf = np.zeros((n, b, d * 4))
    C = np.zeros((n, b, d))
    Ct = np.zeros((n, b, d))
    for t in range(n):
        prevh = Hout[t - 1] if t > 0 else h0
        Hin[t, :, 0] = 1
        Hin[t, :, 1 : 1 + input_size] = X[t]
        Hin[t, :, 1 + input_size :] = prevh
        IFOG[t] = Hin[t].dot(WLSTM)
        IFOGf[t, :, : 3 * d] = sigmoid(IFOG[t, :, : 3 * d])
        IFOGf[t, :, 3 * d :] = np.tanh(IFOG[t, :, 3 * d :])
        prevc = C[t - 1] if t > 0 else c0
        C[t] = IFOGf[t, :, :d] * IFOGf[t, :, 3 * d :] + IFOGf[t, :, d : 2 * d] * prevc
        Ct[t] = np.tanh(C[t])
        Hout[t] = IFOGf[t, :, 2 * d : 3 * d] * Ct[t]
    return Hout, (X, WLSTM, Hout, IFOGf, C, Ct, Hin, c0, h0)


def backward(dHout_in, cache):
    X, WLSTM, Hout, IFOGf, C, Ct, Hin, c0, h0 = cache
    n, b, d = Hout.shape
    input_size = X.shape[2]
    dIFOG = np.zeros((n, b, 4 * d))
    dIFOGf = np.zeros((n, b, 4 * d))
    dWLSTM = np.zeros_like(WLSTM)
    dHin = np.zeros_like(Hin)
    dC = np.zeros_like(C)
    dX = np.zeros_like(X)
    dh0 = np.zeros_like(h0)
    dc0 = np.zeros_like(c0)
    dHout = dHout_in.copy()
    for t in reversed(range(n)):
        dIFOGf[t, :, 2 * d : 3 * d] = Ct[t] * dHout[t]
        dC[t] += (1 - Ct[t] ** 2) * (IFOGf[t, :, 2 * d : 3 * d] * dHout[t])
        if t > 0:
            dIFOGf[t, :, d : 2 * d] = C[t - 1] * dC[t]
            dC[t - 1] += IFOGf[t, :, d : 2 * d] * dC[t]
        else:
            dIFOGf[t, :, d : 2 * d] = c0 * dC[t]
            dc0 = IFOGf[t, :, d : 2 * d] * dC[t]
        dIFOGf[t, :, :d] = IFOGf[t, :, 3 * d :] * dC[t]
        dIFOGf[t, :, 3 * d :] = IFOGf[t, :, :d] * dC[t]
        dIFOG[t, :, 3 * d :] = (1 - IFOGf[t, :, 3 * d :] ** 2) * dIFOGf[t, :, 3 * d :]
        y = IFOGf[t, :, : 3 * d]
        dIFOG[t, :, : 3 * d] = (y * (1.0 - y)) * dIFOGf[t, :, : 3 * d]
        dWLSTM += np.dot(Hin[t].transpose(), dIFOG[t])
        dHin[t] = dIFOG[t].dot(WLSTM.transpose())
        dX[t] = dHin[t, :, 1 : 1 + input_size]
        if t > 0:
            dHout[t - 1, :] += dHin[t, :, 1 + input_size :]
        else:
            dh0 += dHin[t, :, 1 + input_size :]
    return dX, dWLSTM, dc0, dh0


def run(X, W, c0, h0, up):
    out, cache = forward(X, W, c0, h0)
    dX, dW, dc0, dh0 = backward(up, cache)
    return (out * up).sum(), {"X": dX, "W": dW, "c0": dc0, "h0": dh0}


shapes = {"X": (T, B, D), "W": (1 + D + H, 4 * H), "c0": (B, H), "h0": (B, H), "up": (T, B, H)}

WRONG = [
    ("(1 - Ct[t] ** 2) *", "(1 - np.tanh(Ct[t]) ** 2) *", "derivative"),
    ("dC[t] += (1 - Ct", "dC[t] = (1 - Ct", "path"),
    ("(y * (1.0 - y)) *", "(1.0 - y) *", "derivative"),
    ("dHout[t - 1, :] += dHin[t, :, 1 + input_size :]", "pass", "path"),
    ("dIFOGf[t, :, d : 2 * d] = C[t - 1] * dC[t]", "dIFOGf[t, :, d : 2 * d] = C[t] * dC[t]", "time"),
    ("dWLSTM += np.dot", "dWLSTM = np.dot", "overwritten"),
    ("dC[t - 1] += IFOGf[t, :, d : 2 * d] * dC[t]", "dC[t - 1] += IFOGf[t, :, :d] * dC[t]", "swapped"),
    ("(1 - IFOGf[t, :, 3 * d :] ** 2)", "(1 - IFOGf[t, :, 3 * d :])", "derivative"),
]
