"""Well-known mistakes of students, each named: what is left out on the way back through time, gates and attention."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from numeric.trace.proof import Cause
from numeric.trace.prove import prove_gradient

STEPS, SIZE = 4, 2


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def softmax(x: Any) -> Any:
    e = np.exp(x - np.max(x))
    return e / e.sum()


def elman(W: Any, x: Any, chunk: int = STEPS) -> Any:
    """Backpropagation through time, begun anew at every chunk."""
    h = np.zeros((STEPS + 1, SIZE))
    for t in range(STEPS):
        h[t + 1] = np.tanh(h[t] @ W + x[t])
    dW = np.zeros_like(W)
    for t in reversed(range(STEPS)):
        if (t + 1) % chunk == 0:
            carry = np.zeros(SIZE)
        dz = (h[t + 1] + carry) * (1 - h[t + 1] ** 2)
        dW += np.outer(h[t], dz)
        carry = dz @ W.T
    return 0.5 * np.sum(h[1:] ** 2), {"W": dW}


def minimal_lstm(Wf: Any, Wi: Any, Wg: Any, x: Any, carried: float = 1.0) -> Any:
    """The last state goes into three gates, a matrix for each, and the loss into every state."""
    h, c = np.zeros((STEPS + 1, SIZE)), np.zeros((STEPS + 1, SIZE))
    gates = []
    for t in range(STEPS):
        f = sigmoid(Wf @ h[t] + x[t])
        i = sigmoid(Wi @ h[t] + x[t])
        g = np.tanh(Wg @ h[t] + x[t])
        c[t + 1] = f * c[t] + i * g
        h[t + 1] = np.tanh(c[t + 1])
        gates.append((f, i, g))
    d = {"Wf": np.zeros_like(Wf), "Wi": np.zeros_like(Wi), "Wg": np.zeros_like(Wg)}
    dh, dc = np.zeros(SIZE), np.zeros(SIZE)
    for t in reversed(range(STEPS)):
        f, i, g = gates[t]
        dc = dc + (h[t + 1] + carried * dh) * (1 - h[t + 1] ** 2)
        df, di, dg = dc * c[t] * f * (1 - f), dc * g * i * (1 - i), dc * i * (1 - g**2)
        d["Wf"] += np.outer(df, h[t])
        d["Wi"] += np.outer(di, h[t])
        d["Wg"] += np.outer(dg, h[t])
        dh = Wf.T @ df + Wi.T @ di + Wg.T @ dg
        dc = dc * f
    return 0.5 * np.sum(h[1:] ** 2), d


def attention(W: Any, x: Any, query: Any, slope: str = "right", accumulates: bool = True) -> Any:
    """A context of all states by the softmax of their scores."""
    h = np.zeros((STEPS + 1, SIZE))
    for t in range(STEPS):
        h[t + 1] = np.tanh(W @ h[t] + x[t])
    scores = h[1:] @ query
    alpha = softmax(scores)
    context = alpha @ h[1:]
    dalpha = h[1:] @ context
    dscores = {
        "right": alpha * (dalpha - alpha @ dalpha),
        "diagonal": alpha * (1 - alpha) * dalpha,
        "missing": dalpha,
    }[slope]
    dh, dW = np.zeros_like(h), np.zeros_like(W)
    dh[1:] = np.outer(alpha, context) + np.outer(dscores, query)
    for t in reversed(range(STEPS)):
        da = dh[t + 1] * (1 - h[t + 1] ** 2)
        dW += np.outer(da, h[t])
        dh[t] = W.T @ da + accumulates * dh[t]
    return 0.5 * context @ context, {"W": dW}


def cause(run: Any, shapes: Any, name: str | None = None) -> Cause:
    """The one cause of all gradients, or that of the one which alone is wrong."""
    proof = prove_gradient(run, shapes)
    assert proof.refuted
    causes = {p.cause for p in proof.parameters if name in (None, p.name)}
    assert len(causes) == 1
    (found,) = causes
    assert found is not None
    return found


RECURRENT = {"W": (SIZE, SIZE), "x": (STEPS, SIZE)}
GATED = {**dict.fromkeys(("Wf", "Wi", "Wg"), (SIZE, SIZE)), "x": (STEPS, SIZE)}
ATTENDING = {**RECURRENT, "query": (SIZE,)}


def test_without_a_mistake_all_are_proved() -> None:
    for run, shapes in ((elman, RECURRENT), (minimal_lstm, GATED), (attention, ATTENDING)):
        assert prove_gradient(run, shapes).proved


def test_truncated_backpropagation_is_named() -> None:
    found = cause(lambda W, x: elman(W, x, chunk=2), RECURRENT)
    assert found.kind == "path"
    assert "once in 2 steps" in found.text
    assert "truncated" in found.text


def test_a_carry_out_of_all_gates_that_is_missing_is_one_mistake() -> None:
    found = cause(lambda Wf, Wi, Wg, x: minimal_lstm(Wf, Wi, Wg, x, carried=0.0), GATED)
    assert found.kind == "path"
    assert "nothing is carried on" in found.text


@pytest.mark.parametrize(
    ("slope", "text"),
    [("diagonal", "softmax is taken as p·(1 − p)"), ("missing", "the derivative of softmax is missing")],
)
def test_the_derivative_of_softmax_mistaken(slope: str, text: str) -> None:
    found = cause(lambda W, x, query: attention(W, x, query, slope), ATTENDING)
    assert found.kind == "derivative"
    assert text in found.text


def test_the_carry_written_over_what_attention_gave() -> None:
    found = cause(lambda W, x, query: attention(W, x, query, accumulates=False), ATTENDING)
    assert found.kind == "overwritten"


def test_a_path_that_is_no_step_is_not_called_one() -> None:
    """Layer normalization without the derivative of its mean."""

    def run(x: Any, up: Any) -> Any:
        centred = x - x.mean()
        return (np.tanh(centred) * up).sum(), {"x": (1 - np.tanh(centred) ** 2) * up}

    assert "step" not in cause(run, {"x": (3,), "up": (3,)}).text


def test_a_root_that_is_left_out_is_a_factor() -> None:
    def run(q: Any, k: Any) -> Any:
        return np.tanh(q @ k / np.sqrt(3)), {"q": (1 - np.tanh(q @ k / np.sqrt(3)) ** 2) * k}

    cause = prove_gradient(run, {"q": (3,), "k": (3,)})["q"].cause
    assert cause is not None
    assert (cause.kind, cause.text) == ("factor", "the gradient is ±√(3) times the derivative")


def summed_back(x: Any, W: Any, window: int) -> Any:
    """The loss of every step is taken back alone, over at most so many steps."""
    h = [np.zeros(SIZE)]
    for each in x:
        h.append(np.tanh(W @ h[-1] + each))
    loss, dW, dx = 0.0, np.zeros_like(W), np.zeros_like(x)
    for t in range(STEPS):
        loss = loss + h[t + 1].sum()
        da = 1 - h[t + 1] ** 2
        for k in range(t, max(-1, t - window), -1):
            dW, dx[k] = dW + np.outer(da, h[k]), dx[k] + da
            da = (W.T @ da) * (1 - h[k] ** 2)
    return loss, {"W": dW, "x": dx}


@pytest.mark.parametrize("window", [2, STEPS - 1])
def test_a_window_that_slides_over_the_steps_is_named(window: int) -> None:
    assert prove_gradient(lambda W, x: summed_back(x, W, STEPS), RECURRENT).proved
    found = cause(lambda W, x: summed_back(x, W, window), RECURRENT, "x")
    assert found.kind == "path"
    assert f"goes back only {window - 1} step" in found.text


WORDS = [0, 2, 2, 1]


def embedded(E: Any, U: Any, add: Any) -> Any:
    """`add` accumulates one step into the gradient of the embedding, which is the output layer too."""
    h = [np.zeros(3)]
    for word in WORDS:
        h.append(np.tanh(E[word] + U @ h[-1]))
    dE, dU, dh = np.outer(np.ones(4), h[-1]), np.zeros_like(U), E.sum(axis=0)
    for t in reversed(range(len(WORDS))):
        da = dh * (1 - h[t + 1] ** 2)
        add(dE, t, da)
        dU, dh = dU + np.outer(da, h[t]), U.T @ da
    return (E @ h[-1]).sum(), {"E": dE, "U": dU}


def added_at(index: Any) -> Any:
    def add(dE: Any, t: int, da: Any) -> None:
        dE[index(t)] += da

    return add


def written_at(dE: Any, t: int, da: Any) -> None:
    dE[WORDS[t]] = da


EMBEDDED = {"E": (4, 3), "U": (3, 3)}


@pytest.mark.parametrize(
    ("add", "kind"),
    [
        (added_at(lambda t: WORDS[t] - 1), "time"),
        (added_at(lambda t: WORDS[t - 1]), "time"),
        (written_at, "overwritten"),
    ],
)
def test_an_embedding_that_is_tied_to_the_output(add: Any, kind: str) -> None:
    assert prove_gradient(lambda E, U: embedded(E, U, added_at(WORDS.__getitem__)), EMBEDDED).proved
    assert cause(lambda E, U: embedded(E, U, add), EMBEDDED, "E").kind == kind


def test_equal_indices_of_a_batch_that_are_added_once() -> None:
    def run(E: Any, up: Any, add: Any) -> Any:
        dE = np.zeros_like(E)
        add(dE, np.array(WORDS), up)
        return (E[WORDS] * up).sum(), {"E": dE}

    def buffered(dE: Any, words: Any, up: Any) -> None:
        dE[words] += up

    shapes = {"E": (3, 2), "up": (4, 2)}
    assert prove_gradient(lambda E, up: run(E, up, np.add.at), shapes).proved
    found = cause(lambda E, up: run(E, up, buffered), shapes, "E")
    assert found.kind == "overwritten"


def test_an_index_that_is_off_by_one_is_named() -> None:
    def run(x: Any, w: Any, cut: Any) -> Any:
        p = np.pad(x, 1)
        y = np.array([p[i : i + 3] @ w for i in range(5)])
        d = np.zeros_like(p)
        for i in range(5):
            d[i : i + 3] += 2 * y[i] * w
        return (y**2).sum(), {"x": d[cut]}

    shapes = {"x": (5,), "w": (3,)}
    assert prove_gradient(lambda x, w: run(x, w, slice(1, -1)), shapes).proved
    found = cause(lambda x, w: run(x, w, slice(0, -2)), shapes, "x")
    assert (found.kind, found.text) == (
        "time",
        "the gradient is the derivative moved by +1 along axis 0: an index is off by one",
    )


def test_windows_that_overlap_and_are_written() -> None:
    def run(x: Any, w: Any, accumulated: bool) -> Any:
        d, loss = np.zeros_like(x), 0.0
        for i in range(4):
            loss = loss + np.tanh(x[i : i + 2] @ w)
            part = (1 - np.tanh(x[i : i + 2] @ w) ** 2) * w
            d[i : i + 2] = d[i : i + 2] + part if accumulated else part
        return loss, {"x": d}

    shapes = {"x": (5,), "w": (2,)}
    assert prove_gradient(lambda x, w: run(x, w, True), shapes).proved
    assert cause(lambda x, w: run(x, w, False), shapes, "x").kind == "overwritten"


def test_a_function_that_calls_itself_has_steps() -> None:
    def rec(t: int, h: Any, x: Any, U: Any, up: Any, wrong: bool) -> Any:
        if t == len(x):
            return 0.0, np.zeros(SIZE), np.zeros_like(U)
        new = np.tanh(x[t] + h @ U)
        loss, back, dU = rec(t + 1, new, x, U, up, wrong)
        da = (back + up[t]) * (1 - new**2)
        return loss + new @ up[t], da @ U.T, dU + np.outer(new if wrong else h, da)

    def run(h: Any, x: Any, U: Any, up: Any, wrong: bool = False) -> Any:
        loss, dh, dU = rec(0, h, x, U, up, wrong)
        return loss, {"h": dh, "U": dU}

    shapes = {"h": (SIZE,), "x": (STEPS, SIZE), "U": (SIZE, SIZE), "up": (STEPS, SIZE)}
    assert prove_gradient(run, shapes).proved
    assert cause(lambda **arrays: run(**arrays, wrong=True), shapes, "U").kind == "time"


def test_a_factor_before_its_activation_is_named() -> None:
    def run(o: Any, c: Any, wrong: bool = False) -> Any:
        return (o * np.tanh(c)).sum(), {"o": c if wrong else np.tanh(c), "c": o * (1 - np.tanh(c) ** 2)}

    shapes = {"o": (3,), "c": (3,)}
    assert prove_gradient(run, shapes).proved
    found = cause(lambda o, c: run(o, c, wrong=True), shapes, "o")
    assert found.kind == "derivative"
    assert "before its activation" in found.text


def attending(q: Any, k: Any, up: Any, wrong: str = "") -> Any:
    """A batch of scores, with √2 as the person has it."""
    scores = q @ np.swapaxes(k, 1, 2) / np.sqrt(2)
    e = np.exp(scores)
    p = e / e.sum(axis=2, keepdims=True)
    ds = p * (up - (p * up).sum(axis=2, keepdims=True)) / (1 if wrong == "factor" else np.sqrt(2))
    return (p * up).sum(), {"q": ds @ k, "k": (ds if wrong == "transpose" else np.swapaxes(ds, 1, 2)) @ q}


@pytest.mark.parametrize(("wrong", "text"), [("factor", "±√(2)"), ("transpose", "is to be transposed")])
def test_attention_over_a_batch(wrong: str, text: str) -> None:
    shapes = {"q": (2, 2, 2), "k": (2, 2, 2), "up": (2, 2, 2)}
    assert prove_gradient(attending, shapes).proved
    found = cause(lambda **arrays: attending(**arrays, wrong=wrong), shapes, "k")
    assert found.kind == wrong
    assert text in found.text


def test_a_scale_of_the_forward_pass_that_is_missing_at_one_line() -> None:
    def run(x: Any, W: Any, V: Any, scale: float = 0.7) -> Any:
        h = np.tanh(0.7 * (W @ x))
        da = scale * (V.sum(axis=0) * (1 - h**2))
        return (V @ h).sum() + (W**2).sum(), {"W": np.outer(da, x) + 2 * W, "V": np.outer(np.ones(2), h)}

    shapes = {"x": (2,), "W": (3, 2), "V": (2, 3)}
    assert prove_gradient(run, shapes).proved
    found = cause(lambda x, W, V: run(x, W, V, scale=1.0), shapes, "W")
    assert (found.kind, found.text) == ("factor", "a factor 7/10 is missing")


def test_where_sums_are_0_no_index_is_called_wrong() -> None:
    def run(z: Any, wrong: float = 0.0) -> Any:
        e = np.exp(z)
        p = e / e.sum()
        return np.log(e.sum()) - z[0], {"z": p - np.eye(3)[0] + wrong * (p - np.roll(p, 1)) * p.sum()}

    assert prove_gradient(run, {"z": (3,)}).proved
    proof = prove_gradient(lambda z: run(z, wrong=1.0), {"z": (3,)})
    assert proof.refuted
    assert proof["z"].cause is None or "index" not in proof["z"].cause.text


def layered(x: Any, W: Any, V: Any, wrong: str = "") -> Any:
    h = np.tanh(W @ x)
    s = np.log(1 + np.exp(V @ h))
    ds = 2 * s
    dz = ds * (1 - np.exp(-3 * s) if wrong == "slope" else 1 - np.exp(-s))
    dh = V.T @ dz
    da = dh * (1 - h**2 + (h**3 if wrong == "sum" else 0))
    return (s**2).sum(), {"W": np.outer(da, x), "V": np.outer(dz, h)}


def line_of(text: str) -> int:
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    return 1 + next(n for n, line in enumerate(lines) if line.lstrip().startswith(text))


LAYERED = {"x": (2,), "W": (3, 2), "V": (2, 3)}


@pytest.mark.parametrize(
    ("wrong", "names", "line"), [("slope", "WV", "dz = ds * (1"), ("sum", "W", "da = dh * (1 - h**2 + (")]
)
def test_where_no_cause_is_found_the_first_wrong_line_is_named(wrong: str, names: str, line: str) -> None:
    assert prove_gradient(layered, LAYERED).proved
    proof = prove_gradient(lambda **arrays: layered(**arrays, wrong=wrong), LAYERED)
    assert {p.name for p in proof.parameters if p.finding == "refuted"} == set(names)
    for name in names:
        assert proof[name].cause is None
        begins = proof[name].wrong_from
        assert begins is not None
        assert (begins.file, begins.line) == (__file__, line_of(line))
    together = ", ".join(p.name for p in proof.parameters if p.name in names)
    assert f"what goes into {begins} is right, and not what it makes of it ({together})" in str(proof)


def test_with_a_cause_no_line_besides() -> None:
    proof = prove_gradient(lambda W, x: elman(W, x, chunk=2), RECURRENT)
    assert all(p.cause is None or p.wrong_from is None for p in proof.parameters)
    assert all(p.wrong_from is None for p in proof.parameters)


def test_what_comes_from_above_is_right() -> None:
    def run(x: Any, up: Any, wrong: float = 0.0) -> Any:
        s = np.log(1 + np.exp(x))
        d = up * (1 - np.exp(-s) + wrong * s)
        return (s * up).sum(), {"x": d}

    shapes = {"x": (3,), "up": (3,)}
    assert prove_gradient(run, shapes).proved
    begins = prove_gradient(lambda x, up: run(x, up, wrong=1.0), shapes)["x"].wrong_from
    assert begins is not None
    assert begins.line == line_of("d = up * (1 - np.exp(-s)")


def test_a_row_of_zeros_is_not_where_it_goes_wrong() -> None:
    """The first row sees itself alone, so that nothing comes back by it."""

    def run(q: Any, k: Any, up: Any, wrong: bool = False) -> Any:
        scores = np.where(np.tril(np.ones((3, 3))) == 0, -np.inf, q @ k.T)
        p = np.exp(scores - scores.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        ds = p * (up - (p * up).sum(axis=1, keepdims=True))
        dk = (ds if wrong else ds.T) @ q
        return (p * up).sum(), {"q": ds @ k, "k": dk}

    shapes = {"q": (3, 2), "k": (3, 2), "up": (3, 3)}
    assert prove_gradient(run, shapes).proved
    begins = prove_gradient(lambda **arrays: run(**arrays, wrong=True), shapes)["k"].wrong_from
    assert begins is not None
    assert begins.line == line_of("dk = (ds if wrong")


def test_a_gradient_that_is_always_divided_by_its_norm() -> None:
    def run(x: Any, up: Any) -> Any:
        g = (1 - np.tanh(x) ** 2) * up
        return (np.tanh(x) * up).sum(), {"x": g / np.sqrt((g**2).sum())}

    found = cause(run, {"x": (3,), "up": (3,)})
    assert found.kind == "clipping"
    assert "their norm, whether it is large or not" in found.text
