"""A ReLU RNN over a batch in rows, with a mask in the backward pass and the softmax's maximum subtracted."""

import numpy as np

N, T, D, H, K = 2, 2, 2, 3, 3
targets = np.array([[0, 2], [1, 1]])


def softmax(logits):
    shifted = logits - np.max(logits, axis=-1, keepdims=True)
    e = np.exp(shifted)
    return e / np.sum(e, axis=-1, keepdims=True)


def run(x, h0, Wx, Wh, b, V, c):
    hs, pre, probs, loss = [h0], [], [], 0.0
    for t in range(T):
        pre.append(x[:, t] @ Wx + hs[-1] @ Wh + b)
        hs.append(np.maximum(0, pre[-1]))
        probs.append(softmax(hs[-1] @ V + c))
        loss += -np.mean(np.log(probs[-1][np.arange(N), targets[:, t]]))
    dWx, dWh, db = np.zeros(Wx.shape), np.zeros(Wh.shape), np.zeros(b.shape)
    dV, dc, carry = np.zeros(V.shape), np.zeros(c.shape), np.zeros((N, H))
    for t in range(T - 1, -1, -1):
        dlogits = probs[t].copy()
        dlogits[np.arange(N), targets[:, t]] -= 1
        dlogits /= N
        dV += hs[t + 1].T @ dlogits
        dc += dlogits.sum(axis=0)
        dh = dlogits @ V.T + carry
        dh[pre[t] <= 0] = 0
        dWx += x[:, t].T @ dh
        dWh += hs[t].T @ dh
        db += dh.sum(axis=0)
        carry = dh @ Wh.T
    return loss, {"Wx": dWx, "Wh": dWh, "b": db, "V": dV, "c": dc, "h0": carry}


shapes = {"x": (N, T, D), "h0": (N, H), "Wx": (D, H), "Wh": (H, H), "b": (H,), "V": (H, K), "c": (K,)}

WRONG = [
    ("        dlogits /= N\n", "", "factor"),
    ("        dh[pre[t] <= 0] = 0\n", "", "derivative"),
    ("carry = dh @ Wh.T", "carry = dh @ Wh", "transpose"),
    ("dlogits @ V.T + carry", "dlogits @ V.T", "path"),
    ("dWh += hs[t].T @ dh", "dWh += hs[t + 1].T @ dh", "time"),
    ("dc += dlogits.sum(axis=0)", "dc = dlogits.sum(axis=0)", "overwritten"),
    ("targets[:, t]] -= 1", "targets[:, t]] += 1", "sign"),
]
