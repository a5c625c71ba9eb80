"""What is missing in a backward pass is named on the line that lacks it, with what it lacks.

The truth is where the source was changed: each line of `MISSING` takes something out of one line, and that line is
to be named, or that which reads what is missing, with the line that it comes from.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradproof.code_report import as_json
from gradproof.own_code import functions
from numeric.trace.execute import traces
from numeric.trace.judge import judge
from numeric.trace.mended import Changes, mended
from numeric.trace.proof import Finding, Mend, Proof
from numeric.trace.prove import prove_gradient

LSTM = """
import numpy as np
def sigmoid(x):
    return 1 / (1 + np.exp(-x))
def run(W, U, b, xs, h0, c0, up):
    h, c, cache, loss = h0, c0, [], 0.0
    for x, u in zip(xs, up):
        z = x @ W + h @ U + b
        f, i, g, o = sigmoid(z[:H]), sigmoid(z[H:2*H]), np.tanh(z[2*H:3*H]), sigmoid(z[3*H:])
        h_prev, c_prev = h, c
        c = f*c_prev + i*g
        tc = np.tanh(c)
        h = o*tc
        loss = loss + h @ u
        cache.append((x, u, h_prev, c_prev, f, i, g, o, tc))
    dW, dU, db, dxs = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b), np.zeros_like(xs)
    dh_next, dc_next = np.zeros_like(h0), np.zeros_like(c0)
    for t in reversed(range(len(xs))):
        x, u, h_prev, c_prev, f, i, g, o, tc = cache[t]
        dh = u + dh_next
        do = dh*tc
        dc = dc_next + dh*o*(1 - tc**2)
        df = dc*c_prev
        di = dc*g
        dg = dc*i
        dz = np.concatenate([df*f*(1 - f), di*i*(1 - i), dg*(1 - g**2), do*o*(1 - o)])
        dW += np.outer(x, dz)
        dU += np.outer(h_prev, dz)
        db += dz
        dxs[t] = W @ dz
        dh_next = U @ dz
        dc_next = dc*f
    return loss, {"W": dW, "U": dU, "b": db, "xs": dxs, "h0": dh_next, "c0": dc_next}
D, H, T = 3, 2, 3
shapes = {"W": (D, 4*H), "U": (H, 4*H), "b": (4*H,), "xs": (T, D), "h0": (H,), "c0": (H,), "up": (T, H)}
"""

CHARACTERS = """
import numpy as np
inputs, targets = [0, 1, 2], [1, 2, 0]
def run(Wxh, Whh, Why, bh, by):
    xs, hs, ps, loss = {}, {-1: np.zeros((4, 1))}, {}, 0
    for t in range(3):
        xs[t] = np.zeros((3, 1))
        xs[t][inputs[t]] = 1
        hs[t] = np.tanh(Wxh @ xs[t] + Whh @ hs[t-1] + bh)
        y = Why @ hs[t] + by
        ps[t] = np.exp(y) / np.sum(np.exp(y))
        loss += -np.log(ps[t][targets[t], 0])
    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dbh, dby, dhnext = np.zeros_like(bh), np.zeros_like(by), np.zeros_like(hs[0])
    for t in reversed(range(3)):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        dWhy += dy @ hs[t].T
        dby += dy
        dh = Why.T @ dy + dhnext
        draw = (1 - hs[t]**2) * dh
        dbh += draw
        dWxh += draw @ xs[t].T
        dWhh += draw @ hs[t-1].T
        dhnext = Whh.T @ draw
    return loss, {"Wxh": dWxh, "Whh": dWhh, "Why": dWhy, "bh": dbh, "by": dby}
shapes = {"Wxh": (4, 3), "Whh": (4, 4), "Why": (3, 4), "bh": (4, 1), "by": (3, 1)}
"""

GRU = """
import numpy as np
def s(a):
    return 1 / (1 + np.exp(-a))
def run(Wz, Wr, Wc, Uz, Ur, Uc, X, up):
    hs, z, r, c, loss = {-1: np.zeros(2)}, {}, {}, {}, 0.0
    for t in range(3):
        z[t] = s(Wz @ X[t] + Uz @ hs[t-1])
        r[t] = s(Wr @ X[t] + Ur @ hs[t-1])
        c[t] = np.tanh(Wc @ X[t] + Uc @ (r[t]*hs[t-1]))
        hs[t] = (1 - z[t])*hs[t-1] + z[t]*c[t]
        loss = loss + hs[t] @ up[t]
    g = {k: np.zeros_like(v) for k, v in dict(Wz=Wz, Wr=Wr, Wc=Wc, Uz=Uz, Ur=Ur, Uc=Uc).items()}
    dhn = np.zeros(2)
    for t in reversed(range(3)):
        dh = up[t] + dhn
        dz = dh*(c[t] - hs[t-1])*z[t]*(1 - z[t])
        dc = dh*z[t]*(1 - c[t]**2)
        drh = Uc.T @ dc
        dr = drh*hs[t-1]*r[t]*(1 - r[t])
        g["Wz"] += np.outer(dz, X[t])
        g["Wr"] += np.outer(dr, X[t])
        g["Wc"] += np.outer(dc, X[t])
        g["Uz"] += np.outer(dz, hs[t-1])
        g["Ur"] += np.outer(dr, hs[t-1])
        g["Uc"] += np.outer(dc, r[t]*hs[t-1])
        dhn = dh*(1 - z[t]) + drh*r[t] + Ur.T @ dr + Uz.T @ dz
    return loss, g
W, U = (2, 2), (2, 2)
shapes = dict(Wz=W, Wr=W, Wc=W, Uz=U, Ur=U, Uc=U, X=(3, 2), up=(3, 2))
"""

MISSING = [
    (LSTM, "dh*o*(1 - tc**2)", "dh*o", "dc = ", "dh * o lacks the factor 1 - tc**2 of HERE:12"),
    (LSTM, "dh*o*(1 - tc**2)", "dh*(1 - tc**2)", "dc = ", "dh lacks the factor o of HERE:13"),
    (LSTM, "dc_next + dh*o", "dh*o", "dc = ", "lacks the term dc * f of HERE:32"),
    (
        LSTM,
        "dh = u + dh_next",
        "dh = u",
        "do = ",
        "dh lacks the term U @ dz of HERE:31, here and at HERE:22, where dh = u",
    ),
    (LSTM, "do = dh*tc", "do = dh", "dz = ", "do lacks the factor tc of HERE:13, where do = dh (HERE:21)"),
    (LSTM, "dc_next = dc*f", "dc_next = dc", "dc = ", "dc_next lacks the factor f of HERE:11, where dc_next = dc"),
    (LSTM, "df = dc*c_prev", "df = dc", "dz = ", "df lacks the factor c_prev of HERE:11"),
    (LSTM, "di*i*(1 - i)", "di*i", "dz = ", "di * i lacks the factor 1 - i of HERE:9"),
    (LSTM, "df*f*(1 - f)", "df*(1 - f)", "dz = ", "df * (1 - f) lacks the factor f of HERE:9"),
    (LSTM, "do*o*(1 - o)", "do", "do = ", "dh * tc lacks the factor o * (1 - o) of HERE:9"),
    (LSTM, "dg*(1 - g**2)", "dg", "dg = ", "dc * i lacks the factor 1 - g**2 of HERE:9"),
    (LSTM, "dU += ", "dU = ", "dU = ", "dU is to be summed over all steps"),
    (
        CHARACTERS,
        "(1 - hs[t]**2) * dh",
        "dh",
        "dh = ",
        "lacks the factor 1 - hs[t]**2 of HERE:9, where draw = dh (HERE:21)",
    ),
    (CHARACTERS, "Why.T @ dy + dhnext", "Why.T @ dy", "dh = ", "Why.T @ dy lacks the term Whh.T @ draw of HERE:25"),
    (
        CHARACTERS,
        "= Whh.T @ draw",
        "= draw",
        "dh = ",
        "dhnext lacks the product with Whh.T of HERE:9, where dhnext = draw",
    ),
    (CHARACTERS, "dy[targets[t]] -= 1", "pass", "dWhy += ", "dy lacks the term −1, here and at"),
    (CHARACTERS, "dWhh += ", "dWhh = ", "dWhh = ", "dWhh is to be summed over all steps"),
    (GRU, "(c[t] - hs[t-1])", "c[t]", "dz = ", "dh * c[t] lacks what comes back by 1 - z[t] of HERE:11"),
    (GRU, "dh*z[t]*(1", "dh*(1", "dc = ", "dh lacks the factor z[t] of HERE:11"),
    (GRU, "drh*hs[t-1]*r[t]*", "drh*r[t]*", "dr = ", "drh lacks the factor hs[t - 1] of HERE:10"),
    (GRU, "drh*r[t] + Ur", "drh + Ur", "dhn = ", "drh lacks the factor r[t] of HERE:10"),
    (GRU, "dh*(1 - z[t]) + drh", "drh", "dh = ", "lacks what comes back by (1 - z[t]) * hs[t - 1] of HERE:11"),
]


def judged(folder: Path, source: str) -> Proof:
    file = folder / "backward.py"
    file.write_text(source, encoding="utf-8")
    with functions(file) as judges:
        return judges["run"](None)


def the_mend(proof: Proof) -> Mend | None:
    """The one mend of all gradients that are wrong."""
    assert proof.refuted
    mends = {p.cause.mend if p.cause else None for p in proof.parameters if p.finding == Finding.REFUTED}
    assert len(mends) == 1, proof
    return mends.pop()


@pytest.mark.parametrize("source", [LSTM, CHARACTERS, GRU], ids=["lstm", "characters", "gru"])
def test_without_a_mistake_all_is_proved(tmp_path: Path, source: str) -> None:
    assert judged(tmp_path, source).proved


@pytest.mark.parametrize(("source", "old", "new", "line", "words"), MISSING, ids=[f"{w[1]}->{w[2]}" for w in MISSING])
def test_the_line_that_lacks_something_is_named(
    tmp_path: Path, source: str, old: str, new: str, line: str, words: str
) -> None:
    assert source.count(old) == 1
    wrong = source.replace(old, new)
    proof = judged(tmp_path, wrong)
    mend = the_mend(proof)
    assert mend is not None, proof
    assert wrong.splitlines()[mend.place.line - 1].lstrip().startswith(line), mend
    assert words in re.sub(r"[^\s(]*backward\.py", "HERE", mend.text), mend
    assert str(mend) in str(proof)


def test_the_line_stands_in_the_json(tmp_path: Path) -> None:
    proof = judged(tmp_path, LSTM.replace("dh*o*(1 - tc**2)", "dh*o"))
    (function,) = json.loads(as_json({"run": proof}))["functions"]
    mend = function["gradients"][0]["cause"]["mend"]
    assert (mend["file"], mend["line"]) == (str(tmp_path / "backward.py"), 22)
    assert mend["text"].startswith("dh * o lacks the factor")


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"dh*o*(1 - tc**2)": "dh*o", "do*o*(1 - o)": "do*o"}, id="two lines lack something"),
        pytest.param({"(1 - tc**2)": "(1 - tc**3)"}, id="a factor that is wrong, not missing"),
        pytest.param({"dh*o*(1 - tc**2)": "dh*o + h0*c0"}, id="missing, and something else besides"),
        pytest.param({"dc_next = dc*f": "dc_next = dc + 0.3*f"}, id="missing, and a term that is wrong"),
    ],
)
def test_no_line_is_named_where_no_single_change_makes_it_right(tmp_path: Path, changes: Mapping[str, str]) -> None:
    wrong = LSTM
    for old, new in changes.items():
        assert wrong.count(old) == 1
        wrong = wrong.replace(old, new)
    proof = judged(tmp_path, wrong)
    assert proof.refuted
    assert all(p.cause is None or p.cause.mend is None for p in proof.parameters), proof


def test_no_line_is_named_where_it_was_proved_on_one_branch_only(tmp_path: Path) -> None:
    branching = LSTM.replace("    return loss, {", "    if W.sum() > 0:\n        db = 2 * db\n    return loss, {")
    proof = judged(tmp_path, branching.replace("dh*o*(1 - tc**2)", "dh*o"))
    assert proof.refuted
    assert all(p.cause is None or p.cause.mend is None for p in proof.parameters), proof


def test_a_sum_that_another_line_writes_over_is_not_named(tmp_path: Path) -> None:
    """Where the outer product is made nothing is to be changed."""
    step = "def outer(x, dz):\n    product = np.outer(x, dz)\n    return product\ndef run("
    called = LSTM.replace("def run(", step).replace("dW += np.outer(x, dz)", "dW = outer(x, dz)")
    proof = judged(tmp_path, called)
    assert [p.name for p in proof.parameters if p.finding == Finding.REFUTED] == ["W"]
    assert the_mend(proof) is None


def squared(x: Any, up: Any, factor: float = 2.0) -> Any:
    return (x**2 * up).sum(), {"x": factor * x * up}


@pytest.mark.parametrize(("factor", "finding"), [(2.0, Finding.PROVED), (1.0, Finding.REFUTED)])
def test_a_trace_without_changes_is_judged_as_before(factor: float, finding: Finding) -> None:
    (trace,) = traces(lambda x, up: squared(x, up, factor), {"x": (2,), "up": (2,)}, None)
    (verdict,) = judge(mended(trace, Changes({}, {}, {}))).parameters
    assert verdict.finding == finding


def test_a_change_that_is_wrong_is_refuted() -> None:
    (trace,) = traces(squared, {"x": (2,), "up": (2,)}, None)
    claims = [int(n) for n in trace.claims["x"].flat]
    for times, finding in ((1, Finding.PROVED), (2, Finding.REFUTED)):
        made = {claims[0]: lambda tape, known, node, times=times: tape.mul(node, tape.number(times))}
        (verdict,) = judge(mended(trace, Changes(made, {}, {}))).parameters
        assert verdict.finding == finding
        read = {("x", 1): made[claims[0]]}
        (verdict,) = judge(mended(trace, Changes({}, {}, read))).parameters
        assert verdict.finding == finding


def test_a_function_without_source_is_judged_all_the_same() -> None:
    text = "def run(x, up):\n    h = np.tanh(x)\n    d = 3 * up\n    return (3 * up * h).sum(), {'x': d}\n"
    namespace: dict[str, Any] = {"np": np}
    exec(compile(text, "<no file>", "exec"), namespace)
    mend = the_mend(prove_gradient(namespace["run"], {"x": (2,), "up": (2,)}))
    assert mend is not None
    assert mend.place.line == 3
    assert "what is made here lacks the factor 1 - y**2, y the tanh" in mend.text
