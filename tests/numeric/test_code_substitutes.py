"""Another value is read than the one that was meant: of another gate, or of another time step.

Each line of `WRONG` is one change of one place of the source; every gradient that it makes wrong has one cause,
of the kind that stands beside it.  Without a change all gradients are proved.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from gradproof.own_code import functions
from numeric.trace.proof import Proof

LAYER = """
import numpy as np
def sigmoid(x): return 1/(1+np.exp(-x))
class LSTM:
    def __init__(self, W, U, b):
        self.W, self.U, self.b = W, U, b
    def forward(self, xs, h0, c0):
        self.xs, self.cache = xs, []
        h, c = h0, c0
        hs = []
        for x in xs:
            z = x @ self.W + h @ self.U + self.b
            H = h.shape[-1]
            f, i, g, o = sigmoid(z[:H]), sigmoid(z[H:2*H]), np.tanh(z[2*H:3*H]), sigmoid(z[3*H:])
            prev_c, prev_h = c, h
            c = f*c + i*g
            tc = np.tanh(c)
            h = o*tc
            self.cache.append((x, prev_h, prev_c, f, i, g, o, tc))
            hs.append(h)
        return np.stack(hs)
    def backward(self, dhs):
        self.dW, self.dU, self.db = np.zeros_like(self.W), np.zeros_like(self.U), np.zeros_like(self.b)
        dxs = np.zeros_like(self.xs)
        dh_next = np.zeros_like(dhs[0]); dc_next = np.zeros_like(dhs[0])
        for t in reversed(range(len(dhs))):
            x, prev_h, prev_c, f, i, g, o, tc = self.cache[t]
            dh = dhs[t] + dh_next
            do = dh*tc
            dc = dc_next + dh*o*(1-tc**2)
            df, di, dg = dc*prev_c, dc*g, dc*i
            dz = np.concatenate([df*f*(1-f), di*i*(1-i), dg*(1-g**2), do*o*(1-o)])
            self.dW += np.outer(x, dz)
            self.dU += np.outer(prev_h, dz)
            self.db += dz
            dxs[t] = dz @ self.W.T
            dh_next = dz @ self.U.T
            dc_next = dc*f
        return dxs, dh_next, dc_next
def run(W, U, b, xs, h0, c0, up):
    l = LSTM(W, U, b)
    out = l.forward(xs, h0, c0)
    dxs, dh, dc = l.backward(up)
    return (out*up).sum(), {"W": l.dW, "U": l.dU, "b": l.db, "xs": dxs, "h0": dh, "c0": dc}
D, H, T = 3, 2, 3
shapes = {"W": (D, 4*H), "U": (H, 4*H), "b": (4*H,), "xs": (T, D), "h0": (H,), "c0": (H,), "up": (T, H)}
"""

GRU = """
import numpy as np
def sig(a): return 1/(1+np.exp(-a))
def run(Wz, Uz, bz, Wr, Ur, br, Wc, Uc, bc, X, up):
    p = dict(Wz=Wz, Uz=Uz, bz=bz, Wr=Wr, Ur=Ur, br=br, Wc=Wc, Uc=Uc, bc=bc)
    T = len(X)
    hs = {-1: np.zeros((Uz.shape[0], 1))}
    z, r, c = {}, {}, {}
    loss = 0
    for t in range(T):
        x = X[t].reshape(-1, 1)
        z[t] = sig(p["Wz"] @ x + p["Uz"] @ hs[t-1] + p["bz"])
        r[t] = sig(p["Wr"] @ x + p["Ur"] @ hs[t-1] + p["br"])
        c[t] = np.tanh(p["Wc"] @ x + p["Uc"] @ (r[t]*hs[t-1]) + p["bc"])
        hs[t] = (1-z[t])*hs[t-1] + z[t]*c[t]
        loss += np.sum(hs[t]*up[t].reshape(-1, 1))
    g = {k: np.zeros_like(v) for k, v in p.items()}
    dhn = np.zeros_like(hs[0])
    for t in reversed(range(T)):
        x = X[t].reshape(-1, 1)
        dh = up[t].reshape(-1, 1) + dhn
        dz = dh*(c[t]-hs[t-1])*z[t]*(1-z[t])
        dc = dh*z[t]*(1-c[t]**2)
        drh = p["Uc"].T @ dc
        dr = drh*hs[t-1]*r[t]*(1-r[t])
        g["Wc"] += dc @ x.T
        g["Uc"] += dc @ (r[t]*hs[t-1]).T
        g["bc"] += dc
        g["Wr"] += dr @ x.T
        g["Ur"] += dr @ hs[t-1].T
        g["br"] += dr
        g["Wz"] += dz @ x.T
        g["Uz"] += dz @ hs[t-1].T
        g["bz"] += dz
        dhn = dh*(1-z[t]) + drh*r[t] + p["Ur"].T @ dr + p["Uz"].T @ dz
    return loss, g
D, H, T = 2, 3, 3
shapes = dict(Wz=(H,D), Uz=(H,H), bz=(H,1), Wr=(H,D), Ur=(H,H), br=(H,1), Wc=(H,D), Uc=(H,H), bc=(H,1),
              X=(T,D), up=(T,H))
"""

STACKED = """
import numpy as np
def s(a): return 0.5*(1+np.tanh(a/2))
def forward(W, b, x, h0, c0):
    T, B, D = x.shape; H = h0.shape[1]
    hs, cs = np.zeros((T+1, B, H)), np.zeros((T+1, B, H))
    hs[0], cs[0] = h0, c0
    A = np.zeros((T, B, 4*H))
    for t in range(T):
        a = np.hstack([x[t], hs[t]]) @ W.T + b
        A[t, :, :3*H] = s(a[:, :3*H]); A[t, :, 3*H:] = np.tanh(a[:, 3*H:])
        i, f, o, g = np.split(A[t], 4, axis=1)
        cs[t+1] = f*cs[t] + i*g
        hs[t+1] = o*np.tanh(cs[t+1])
    return hs, cs, A
def backward(W, x, hs, cs, A, up):
    T, B, D = x.shape; H = hs.shape[2]
    dW, db, dx = np.zeros_like(W), np.zeros(4*H), np.zeros_like(x)
    dh, dc = np.zeros((B, H)), np.zeros((B, H))
    for t in range(T-1, -1, -1):
        i, f, o, g = np.split(A[t], 4, axis=1)
        dh = dh + up[t]
        tc = np.tanh(cs[t+1])
        do = dh*tc
        dc = dc + dh*o*(1-tc*tc)
        di = dc*g
        df = dc*cs[t]
        dg = dc*i
        da = np.hstack([di*i*(1-i), df*f*(1-f), do*o*(1-o), dg*(1-g*g)])
        dW += da.T @ np.hstack([x[t], hs[t]])
        db += da.sum(0)
        dxh = da @ W
        dx[t], dh = dxh[:, :D], dxh[:, D:]
        dc = dc*f
    return dW, db, dx, dh, dc
def run(W, b, x, h0, c0, up):
    hs, cs, A = forward(W, b, x, h0, c0)
    dW, db, dx, dh, dc = backward(W, x, hs, cs, A, up)
    return np.sum(hs[1:]*up), {"W": dW, "b": db, "x": dx, "h0": dh, "c0": dc}
T, B, D, H = 3, 2, 2, 3
shapes = {"W": (4*H, D+H), "b": (4*H,), "x": (T, B, D), "h0": (B, H), "c0": (B, H), "up": (T, B, H)}
"""

WRONG = [
    (LAYER, "dc*prev_c, dc*g, dc*i", "dc*prev_c, dc*i, dc*g", "swapped"),
    (LAYER, "dc*prev_c, dc*g, dc*i", "dc*g, dc*prev_c, dc*i", "swapped"),
    (LAYER, "dc*prev_c, dc*g, dc*i", "dc*i, dc*g, dc*prev_c", "swapped"),
    (LAYER, "[df*f*(1-f), di*i*(1-i),", "[di*f*(1-f), df*i*(1-i),", "swapped"),
    (
        LAYER,
        "x, prev_h, prev_c, f, i, g, o, tc = self.cache[t]",
        "x, prev_h, prev_c, i, f, g, o, tc = self.cache[t]",
        "swapped",
    ),
    (LAYER, "di*i*(1-i)", "di*f*(1-f)", "swapped"),
    (LAYER, "dc_next = dc*f", "dc_next = dc*i", "swapped"),
    (LAYER, "do*o*(1-o)", "do*i*(1-i)", "swapped"),
    (LAYER, "self.dW += np.outer(x, dz)", "self.dW += np.outer(self.xs[t-1], dz)", "time"),
    (LAYER, "df, di, dg = dc*prev_c", "df, di, dg = dc*self.cache[t-1][2]", "time"),
    (LAYER, "dh = dhs[t] + dh_next", "dh = dhs[t-1] + dh_next", "time"),
    (LAYER, "dh*o*(1-tc**2)", "dh*o*(1-np.tanh(prev_c)**2)", "time"),
    (LAYER, "dc_next = dc*f", "dc_next = dc*self.cache[t-1][3]", "time"),
    (GRU, 'g["Uc"] += dc @ (r[t]*hs[t-1]).T', 'g["Uc"] += dc @ (r[t]*hs[t]).T', "time"),
    (GRU, "dr = drh*hs[t-1]*r[t]", "dr = drh*hs[t]*r[t]", "time"),
    (GRU, "dhn = dh*(1-z[t]) + drh*r[t]", "dhn = dh*(1-z[t-1] if t else 1-z[t]) + drh*r[t]", "time"),
    (GRU, "dr = drh*hs[t-1]*r[t]*(1-r[t])", "dr = drh*hs[t-1]*z[t]*(1-z[t])", "swapped"),
    (GRU, "dhn = dh*(1-z[t]) + drh*r[t]", "dhn = dh*(1-z[t]) + drh*z[t]", "swapped"),
    (GRU, "dc = dh*z[t]*(1-c[t]**2)", "dc = dh*r[t]*(1-c[t]**2)", "swapped"),
    (GRU, '+ p["Ur"].T @ dr + p["Uz"].T @ dz', '+ p["Uz"].T @ dr + p["Ur"].T @ dz', "swapped"),
    (GRU, 'g["Uc"] += dc @ (r[t]*hs[t-1]).T', 'g["Uc"] += dc @ (z[t]*hs[t-1]).T', "swapped"),
    (GRU, 'g["Wc"] += dc @ x.T', 'g["Wc"] += dc @ X[t-1].reshape(1, -1)', "time"),
    (GRU, 'drh = p["Uc"].T @ dc', 'drh = p["Uc"].T @ dz', "swapped"),
    (
        STACKED,
        "        i, f, o, g = np.split(A[t], 4, axis=1)\n        dh",
        "        f, i, o, g = np.split(A[t], 4, axis=1)\n        dh",
        "swapped",
    ),
    (
        STACKED,
        "        i, f, o, g = np.split(A[t], 4, axis=1)\n        dh",
        "        i, f, g, o = np.split(A[t], 4, axis=1)\n        dh",
        "swapped",
    ),
    (STACKED, "di = dc*g", "di = dc*i", "swapped"),
    (STACKED, "dg = dc*i", "dg = dc*g", "swapped"),
    (STACKED, "dc = dc*f", "dc = dc*o", "swapped"),
    (STACKED, "do = dh*tc", "do = dh*np.tanh(cs[t])", "time"),
    (STACKED, "tc = np.tanh(cs[t+1])", "tc = np.tanh(cs[t])", "time"),
    (STACKED, "dW += da.T @ np.hstack([x[t], hs[t]])", "dW += da.T @ np.hstack([x[t], hs[t+1]])", "time"),
    (STACKED, "dW += da.T @ np.hstack([x[t], hs[t]])", "dW += da.T @ np.hstack([x[t-1], hs[t]])", "time"),
    (STACKED, "dh = dh + up[t]", "dh = dh + up[t-1]", "time"),
]


def judged(tmp_path: Path, source: str) -> Proof:
    file = tmp_path / "backward.py"
    file.write_text(source, encoding="utf-8")
    with functions(file) as judges:
        return judges["run"](None)


@pytest.mark.parametrize("source", [LAYER, GRU, STACKED], ids=["layer", "gru", "stacked"])
def test_without_a_mistake_all_is_proved(tmp_path: Path, source: str) -> None:
    assert judged(tmp_path, source).proved


@pytest.mark.parametrize(("source", "old", "new", "kind"), WRONG, ids=[new for _, _, new, _ in WRONG])
def test_what_is_read_for_another_is_named(tmp_path: Path, source: str, old: str, new: str, kind: str) -> None:
    assert source.count(old) == 1
    proof = judged(tmp_path, source.replace(old, new))
    assert proof.refuted
    causes = {p.cause for p in proof.parameters if p.cause is not None}
    assert len(causes) == 1, proof
    assert causes.pop().kind == kind
    assert all((p.finding == "refuted") == (p.cause is not None) for p in proof.parameters)


def test_an_exchange_names_the_line(tmp_path: Path) -> None:
    wrong = LAYER.replace("dc*prev_c, dc*g, dc*i", "dc*prev_c, dc*i, dc*g")
    cause = judged(tmp_path, wrong)["W"].cause
    assert cause is not None
    assert cause.place is not None
    assert "df, di, dg =" in wrong.splitlines()[cause.place.line - 1]


def test_what_is_read_and_what_is_meant_are_named(tmp_path: Path) -> None:
    proof = judged(tmp_path, GRU.replace('p["Ur"].T @ dr', 'p["Uz"].T @ dr'))
    cause = proof["Uz"].cause
    assert cause is not None
    assert cause.text == "here the array Uz is read for the array Ur"
