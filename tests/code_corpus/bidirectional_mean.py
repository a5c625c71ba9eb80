"""A bidirectional tanh RNN whose two states are added, pooled as a mean over time."""

import numpy as np

T, D, H = 3, 2, 2


def run(x, Wf, Uf, Wb, Ub, up):
    f, b = np.zeros((T + 1, H)), np.zeros((T + 1, H))
    for t in range(T):
        f[t + 1] = np.tanh(Wf @ x[t] + Uf @ f[t])
    for t in range(T - 1, -1, -1):
        b[t] = np.tanh(Wb @ x[t] + Ub @ b[t + 1])
    pooled = np.mean(f[1:] + b[:-1], axis=0)
    loss = pooled @ up
    dstate = np.tile(up / T, (T, 1))
    dWf, dUf, dWb, dUb = (np.zeros_like(w) for w in (Wf, Uf, Wb, Ub))
    dx = np.zeros_like(x)
    df = np.zeros(H)
    for t in reversed(range(T)):
        da = (dstate[t] + df) * (1 - f[t + 1] ** 2)
        dWf += np.outer(da, x[t])
        dUf += np.outer(da, f[t])
        dx[t] += Wf.T @ da
        df = Uf.T @ da
    db = np.zeros(H)
    for t in range(T):
        da = (dstate[t] + db) * (1 - b[t] ** 2)
        dWb += np.outer(da, x[t])
        dUb += np.outer(da, b[t + 1])
        dx[t] += Wb.T @ da
        db = Ub.T @ da
    return loss, {"x": dx, "Wf": dWf, "Uf": dUf, "Wb": dWb, "Ub": dUb}


shapes = {"x": (T, D), "Wf": (H, D), "Uf": (H, H), "Wb": (H, D), "Ub": (H, H), "up": (H,)}

WRONG = [
    ("db = Ub.T @ da", "db = Ub @ da", "transpose"),
    ("np.tile(up / T, (T, 1))", "np.tile(up, (T, 1))", "factor"),
    ("np.outer(da, b[t + 1])", "np.outer(da, b[t])", "time"),
    ("dx[t] += Wb.T @ da", "dx[t] = Wb.T @ da", "overwritten"),
    ("(dstate[t] + db)", "dstate[t]", "path"),
    ("(1 - f[t + 1] ** 2)", "(1 - f[t] ** 2)", "time"),
]
