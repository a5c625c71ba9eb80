"""Masks by a large number instead of −∞: what floating point makes 0 is supposed to be 0, and that is said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from numeric.trace.prove import prove_gradient

SEEN = np.tril(np.ones((3, 3)))
MASKS: dict[str, Callable[[Any], Any]] = {
    "where": lambda scores: np.where(SEEN == 0, -1e9, scores),
    "added": lambda scores: scores + (1 - SEEN) * -1e9,
    "taken": lambda scores: scores - 1e4 * (1 - SEEN),
    "mixed": lambda scores: scores * SEEN - 1e10 * (1 - SEEN),
}
SHAPES = {"q": (3, 2), "k": (3, 2), "v": (3, 2), "up": (3, 2)}


def attention(mask: str, wrong: str = "") -> Any:
    """The way back leaves out what the mask hides where the derivative does not, and the other way round."""
    masked, left_out = MASKS[mask], SEEN if mask in ("added", "taken") else 1

    def run(q: Any, k: Any, v: Any, up: Any) -> Any:
        scores = masked(q @ k.T / np.sqrt(2))
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        dp = up @ v.T
        ds = left_out * p * (dp - (wrong != "sum") * (p * dp).sum(axis=1, keepdims=True)) / np.sqrt(2)
        return ((p @ v) * up).sum(), {"q": ds @ k, "k": (ds if wrong == "transpose" else ds.T) @ q, "v": p.T @ up}

    return run


@pytest.mark.parametrize("mask", MASKS)
def test_it_is_a_hypothesis(mask: str) -> None:
    proof = prove_gradient(attention(mask), SHAPES)
    assert proof.proved, str(proof)
    assert len(proof.hypotheses) == 1
    assert proof.hypotheses[0].startswith("exp of what -1")
    assert " is added to is 0 at " in proof.hypotheses[0]


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("wrong", ["sum", "transpose"])
def test_what_is_wrong_is_refuted_without_it(mask: str, wrong: str) -> None:
    proof = prove_gradient(attention(mask, wrong), SHAPES)
    assert proof.refuted
    assert proof["v"].finding == "proved"
    assert proof["k"].finding == "refuted"


@pytest.mark.parametrize("mask", ["added", "where"])
def test_what_is_exact_needs_none(mask: str) -> None:
    left_out = SEEN if mask == "where" else np.ones((3, 3))

    def run(q: Any, up: Any) -> Any:
        scores = MASKS[mask](q)
        p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        return (p * up).sum(), {"q": left_out * p * (up - (p * up).sum(axis=1, keepdims=True))}

    proof = prove_gradient(run, {"q": (3, 3), "up": (3, 3)})
    assert proof.proved
    assert not proof.hypotheses


def test_a_score_that_floating_point_keeps_is_no_mask() -> None:
    """exp(−700) is a number: whoever takes it for 0 is wrong."""

    def run(x: Any) -> Any:
        return np.exp(x - 700).sum(), {"x": np.zeros(3)}

    proof = prove_gradient(run, {"x": (3,)})
    assert not proof.proved
    assert not proof.hypotheses


def test_a_large_number_that_is_no_mask_is_no_hypothesis() -> None:
    def run(x: Any, scale: float = 1e9) -> Any:
        return (np.exp(x) * 1e9 - 1e9).sum(), {"x": np.exp(x) * scale}

    assert not prove_gradient(run, {"x": (3,)}).hypotheses
    proof = prove_gradient(lambda x: run(x, scale=1.0), {"x": (3,)})
    assert proof.refuted
    assert proof["x"].cause is not None
    assert proof["x"].cause.text == "the gradient is 1/1000000000 times the derivative"
