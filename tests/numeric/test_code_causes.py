"""Well-known mistakes of students, each named: what is left out on the way back through time, gates and attention."""

from __future__ import annotations

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


def cause(run: Any, shapes: Any) -> Cause:
    proof = prove_gradient(run, shapes)
    assert proof.refuted
    causes = {p.cause for p in proof.parameters}
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
