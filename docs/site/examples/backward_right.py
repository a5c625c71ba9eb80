import numpy as np

rng = np.random.default_rng(0)
x, y = rng.normal(size=(3, 4)), np.eye(3)  # three steps, three classes
shapes = {"W": (5, 5), "U": (5, 4), "V": (3, 5), "b": (5,), "c": (3,)}


def run(W, U, V, b, c):
    h, p, loss = np.zeros((4, 5)), np.zeros((3, 3)), 0.0
    for t in range(3):
        h[t] = np.tanh(W @ h[t - 1] + U @ x[t] + b)
        o = V @ h[t] + c
        s = o - o.max()
        log_p = s - np.log(np.exp(s).sum())
        p[t] = np.exp(log_p)
        loss -= y[t] @ log_p

    dW, dU, dV = np.zeros_like(W), np.zeros_like(U), np.zeros_like(V)
    db, dc, carry = np.zeros_like(b), np.zeros_like(c), np.zeros(5)
    for t in reversed(range(3)):
        do = p[t] - y[t]
        dV += np.outer(do, h[t])
        dc += do
        da = (1 - h[t] ** 2) * (V.T @ do + carry)
        dW += np.outer(da, h[t - 1])
        dU += np.outer(da, x[t])
        db += da
        carry = W.T @ da
    return loss, {"W": dW, "U": dU, "V": dV, "b": db, "c": dc}
