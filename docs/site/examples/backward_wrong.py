import numpy as np

rng = np.random.default_rng(0)
x, y = rng.normal(size=(3, 4)), np.eye(3)  # three steps, three classes
shapes = {"W": (5, 5), "U": (5, 4), "V": (3, 5), "b": (5,), "c": (3,)}


def run(W, U, V, b, c):
    h, p, loss = np.zeros((4, 5)), np.zeros((3, 3)), 0.0
    for t in range(3):
        h[t] = np.tanh(W @ h[t - 1] + U @ x[t] + b)
        e = np.exp(V @ h[t] + c)
        p[t] = e / e.sum()
        loss -= np.sum(y[t] * np.log(p[t]))

    dW, dU, dV = np.zeros_like(W), np.zeros_like(U), np.zeros_like(V)
    db, dc, carry = np.zeros_like(b), np.zeros_like(c), np.zeros(5)
    for t in reversed(range(3)):
        do = p[t] - y[t]
        dV += np.outer(do, h[t])
        dc += do
        da = (1 - h[t] ** 2) * (V.T @ do + carry)
        dW += np.outer(da, h[t])
        dU += np.outer(da, x[t])
        db += da
        carry = W @ da
    return loss, {"W": dW, "U": dU, "V": dV, "b": db, "c": dc}
