"""A cause is named only where it is certain: which line, and what it is not called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from numeric.trace.proof import Cause
from numeric.trace.prove import prove_gradient

STEPS, SIZE, DECAY = 3, 3, 0.01


def line_of(text: str) -> int:
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    return 1 + next(n for n, line in enumerate(lines) if line.lstrip().startswith(text))


def layer(W: Any, x: Any, y: Any, term: float = DECAY, overwritten: bool = False, scale: float = 1.0) -> Any:
    """Weight decay, which may be forgotten, be taken twice, or write over the rest."""
    e = W @ x - y
    data = np.outer(e, x) * scale
    dW = data + term * W
    if overwritten:
        dW = DECAY * W
    return 0.5 * np.sum(e**2) + 0.5 * DECAY * np.sum(W**2), {"W": dW, "y": -e}


LAYER = {"W": (2, 3), "x": (3,), "y": (2,)}


def cause(run: Any, shapes: Any, *names: str) -> Cause:
    """The one cause of exactly these gradients."""
    proof = prove_gradient(run, shapes)
    assert {p.name for p in proof.parameters if p.finding == "refuted"} == set(names)
    (found,) = {p.cause for p in proof.parameters if p.name in names}
    assert found is not None, str(proof)
    return found


@pytest.mark.parametrize(
    ("term", "text"), [(0, "the term 1/100 * W is missing"), (2 * DECAY, "the term 1/100 * W is one too many")]
)
def test_weight_decay_is_a_term_of_the_array(term: float, text: str) -> None:
    assert prove_gradient(layer, LAYER).proved
    found = cause(lambda W, x, y: layer(W, x, y, term), LAYER, "W")
    assert (found.kind, found.text) == ("path", text)
    assert found.place is not None


def test_a_sum_is_overwritten_only_where_its_other_part_was_made() -> None:
    found = cause(lambda W, x, y: layer(W, x, y, overwritten=True), LAYER, "W")
    assert found.kind == "overwritten"
    proof = prove_gradient(lambda W, x, y: layer(W, x, y, term=0, scale=1.5), LAYER)
    assert proof["W"].cause is None or proof["W"].cause.kind != "overwritten"


def test_a_gradient_of_zeros_is_no_sum_over_steps() -> None:
    def run(W: Any, x: Any) -> Any:
        return np.sum((W @ x) ** 2), {"W": np.clip(np.outer(2 * W @ x, x), 0, 0)}

    assert cause(run, {"W": (2, 3), "x": (3,)}, "W").text == "the gradient is 0, whatever the arrays are"


def recurrent(W: Any, U: Any, x: Any, up: Any, wrong: str = "") -> Any:
    h = {-1: np.zeros(SIZE)}
    loss = 0.0
    for t in range(STEPS):
        h[t] = np.tanh(W @ h[t - 1] + U @ x[t])
        loss = loss + h[t] @ up[t]
    dW, dU = np.zeros_like(W), np.zeros_like(U)
    carry = h[0] if wrong == "begin" else np.zeros(SIZE)
    for t in range(STEPS) if wrong == "forwards" else reversed(range(STEPS)):
        dh = up[t] + carry
        da = dh * (1 - h[t] ** 2)
        dU += np.outer(da, x[t])
        dW += np.outer(da, h[t if wrong == "step" else t - 1])
        carry = W.T @ da
    return loss, {"W": dW, "U": dU}


RECURRENT = {"W": (SIZE, SIZE), "U": (SIZE, 2), "x": (STEPS, 2), "up": (STEPS, SIZE)}


def test_a_carry_that_begins_with_a_state_is_named_where_it_is_added() -> None:
    assert prove_gradient(recurrent, RECURRENT).proved
    found = cause(lambda **arrays: recurrent(**arrays, wrong="begin"), RECURRENT, "W", "U")
    assert "is a value of the forward pass" in found.text
    assert found.place is not None
    assert found.place.line == line_of("dh = up[t] + carry")


def test_a_state_of_another_step_is_named_where_it_is_read() -> None:
    found = cause(lambda **arrays: recurrent(**arrays, wrong="step"), RECURRENT, "W")
    assert found.kind == "time"
    line = found.mend.place.line if found.mend else found.place and found.place.line
    assert line == line_of("dW += np.outer(da, h[t if")


def test_no_line_is_called_right_that_reads_what_is_wrong() -> None:
    """The steps are gone through forwards: no one line is wrong."""
    proof = prove_gradient(lambda **arrays: recurrent(**arrays, wrong="forwards"), RECURRENT)
    assert proof.refuted
    assert all(p.wrong_from is None and p.cause is None for p in proof.parameters)


def residual(X: Any, V: Any, b: Any, y: Any, factor: float = 2.0) -> Any:
    """One factor goes into all gradients; in those of V and of nothing else is weight decay."""
    h = np.tanh(X @ V + b)
    e = h - y
    de = factor * e / e.size
    dz = de * (1 - h**2)
    return np.mean(e**2) + 0.5 * DECAY * np.sum(V**2), {"V": X.T @ dz + DECAY * V, "b": dz.sum(0)}


def test_one_mistake_has_one_cause() -> None:
    shapes = {"X": (4, 3), "V": (3, 2), "b": (2,), "y": (4, 2)}
    assert prove_gradient(residual, shapes).proved
    found = cause(lambda **arrays: residual(**arrays, factor=1.0), shapes, "V", "b")
    assert found.text == "a factor 2 is missing"
    assert found.place is not None


@pytest.mark.parametrize(
    ("count", "wrong", "hint"),
    [
        (2, 1, ": a mean over 2 is not taken, or a 2 is one too many"),
        (2, 4, ": a mean over 2 is taken once too often, or a 2 is missing"),
        (3, 1, ": a mean over 3 is not taken"),
        (5, 2.5, ""),
    ],
)
def test_a_mean_over_a_batch_of_two_is_named_too(count: int, wrong: float, hint: str) -> None:
    def run(X: Any, v: Any, divided: float = count) -> Any:
        h = np.tanh(X @ v)
        return h.sum() / count, {"v": X.T @ (1 - h**2) / divided}

    shapes = {"X": (count, 4), "v": (4,)}
    assert prove_gradient(run, shapes).proved
    text = cause(lambda X, v: run(X, v, wrong), shapes, "v").text
    assert text.partition(" times the derivative")[2] == hint
