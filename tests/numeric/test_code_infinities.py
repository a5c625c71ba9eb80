"""−∞ in scores that attention masks, and where else a code calculates with infinities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from numeric.trace.prove import prove_gradient

ADDED = np.triu(np.full((3, 3), -np.inf), k=1)


def assigned(scores: Any) -> Any:
    scores = scores.copy()
    scores[np.triu_indices(3, 1)] = -np.inf
    return scores


MASKS: dict[str, Callable[[Any], Any]] = {
    "where": lambda scores: np.where(np.tril(np.ones((3, 3))) == 0, -np.inf, scores),
    "assigned": assigned,
    "added": lambda scores: scores + ADDED,
    "made in the run": lambda scores: scores + np.triu(np.full((3, 3), -np.inf), k=1),
}


def attention(masked: Any, wrong: float = 0.0) -> Any:
    """`wrong`: so much of what a softmax does to its other entries is left out."""

    def run(q: Any, k: Any, v: Any, up: Any) -> Any:
        scores = masked(q @ k.T) / np.sqrt(2.0)
        p = np.exp(scores - scores.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        dp = up @ v.T
        ds = p * (dp - (1 - wrong) * (p * dp).sum(axis=1, keepdims=True)) / np.sqrt(2.0)
        return ((p @ v) * up).sum(), {"q": ds @ k, "k": ds.T @ q, "v": p.T @ up}

    return run


SHAPES = {"q": (3, 2), "k": (3, 2), "v": (3, 2), "up": (3, 2)}


@pytest.mark.parametrize("mask", MASKS)
def test_masked_attention_is_proved(mask: str) -> None:
    assert prove_gradient(attention(MASKS[mask]), SHAPES).proved


@pytest.mark.parametrize("mask", MASKS)
def test_masked_attention_that_is_wrong_is_refuted(mask: str) -> None:
    proof = prove_gradient(attention(MASKS[mask], wrong=0.01), SHAPES)
    assert proof["q"].finding == "refuted"
    assert proof["v"].finding == "proved"


def test_what_the_mask_hides_has_no_derivative() -> None:
    """Without a mask on the way back it is wrong where the code hides: q[0] is seen by its own key alone."""

    def run(q: Any, k: Any, v: Any, up: Any) -> Any:
        loss, gradients = attention(MASKS["added"])(q, k, v, up)
        return loss, {**gradients, "q": attention(lambda scores: scores)(q, k, v, up)[1]["q"]}

    proof = prove_gradient(run, SHAPES)
    assert {entry.position[0] for entry in proof["q"].entries} == {0, 1}


def largest(x: Any, wrong: float = 1.0) -> Any:
    """A loop that starts at −∞; a logarithm of a sum that leaves nothing out."""
    m = -np.inf
    for entry in x:
        m = max(m, entry)
    s = np.exp(x - m).sum()
    return m + np.log(s), {"x": wrong * np.exp(x - m) / s}


def distances(x: Any, wrong: float = 1.0) -> Any:
    rates = 1 / np.array([np.inf, 1.0, 2.0])
    return (x * rates).sum(), {"x": wrong * rates}


def asked(x: Any, wrong: float = 1.0) -> Any:
    z = np.where(np.array([True, False, False]), -np.inf, x)
    seen = np.where(np.isinf(z), 0, np.tanh(x))
    return seen.sum(), {"x": wrong * np.where(z > -np.inf, 1 - seen**2, 0)}


@pytest.mark.parametrize("run", [largest, distances, asked])
def test_infinities_elsewhere(run: Any) -> None:
    assert prove_gradient(run, {"x": (3,)}).proved
    assert prove_gradient(lambda x: run(x, wrong=1.01), {"x": (3,)}).refuted


NO_NUMBERS: dict[str, tuple[Any, str]] = {
    "all masked": (lambda z: z + -np.inf - (z + -np.inf).max(), "∞ − ∞"),
    "0 · ∞": (lambda z: (z - z) * 0 + np.array([1.0, 1.0]) * z * -np.inf, "whose sign is not known"),
    "product": (lambda z: np.array([[-np.inf, 1.0], [1.0, z[0]]]) @ z, "is no number|whose sign is not known"),
    "logarithm": (lambda z: np.log(z + -np.inf), "log of -inf"),
    "nan": (lambda z: z * np.nan, "the constant nan is not a number to calculate with"),
    "loss": (lambda z: z + np.inf, "the loss is infinite"),
}


@pytest.mark.parametrize("name", NO_NUMBERS)
def test_what_is_no_number_is_named(name: str) -> None:
    function, reason = NO_NUMBERS[name]
    proof = prove_gradient(lambda z: (function(z).sum(), {"z": np.ones(2)}), {"z": (2,)})
    assert not proof.parameters
    assert any(part in proof.reason for part in reason.split("|"))


HELD = np.array([1.0, np.nan, 2.0])


def test_nan_in_an_array_of_the_person_s_own_is_refused_where_it_is_used() -> None:
    proof = prove_gradient(lambda x: ((x * HELD).sum(), {"x": HELD}), {"x": (3,)})
    assert "the constant nan" in proof.reason
    assert proof.place is not None
    assert proof.place.file == __file__
    assert prove_gradient(lambda x: ((x * HELD[0]).sum(), {"x": np.full(3, HELD[0])}), {"x": (3,)}).proved
