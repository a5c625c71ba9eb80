"""What is proved on symbols is what the code does on numbers: where it is not, or nowhere is, nothing is proved."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from numeric.trace.prove import prove_gradient

X = {"x": (3,)}


def by_type(x: Any) -> Any:
    g = 2 * x
    return np.sum(x**2), {"x": g * 1.001 if type(x) is np.ndarray else g}


def by_type_of_an_entry(x: Any) -> Any:
    g = 2 * x
    return np.sum(x**2), {"x": g + 1e-3 if isinstance(x[0], np.floating) else g}


def by_subclass(x: Any) -> Any:
    return np.sum(x**2), {"x": 2 * x if isinstance(x, np.ndarray) and x.__class__ is not np.ndarray else 3 * x}


def by_base_class(x: Any) -> Any:
    """A small gradient, of which a wrong one is near in absolute terms."""
    small = 1e-4 * np.ones(3)
    return np.sum(x) * 1e-4, {"x": small * 1.5 if type(x).__mro__[0] is np.ndarray else small}


def by_attribute(x: Any) -> Any:
    return np.sum(x**2), {"x": 2 * x if hasattr(x, "tape") else x}


def by_error(x: Any) -> Any:
    try:
        np.interp(x, [0.0, 1.0], [0.0, 1.0])
    except TypeError:
        return np.sum(x**2), {"x": 2 * x}
    return np.sum(x**2), {"x": x}


def by_truth(x: Any) -> Any:
    return np.sum(x), {"x": np.ones(3) if type(np.sum(x)) is not np.float64 else np.zeros(3)}


def by_flags(x: Any) -> Any:
    return np.sum(x), {"x": np.ones(3) if x.base is None and x.flags.owndata else np.zeros(3)}


def of_another_shape(x: Any) -> Any:
    return np.sum(x), {"x": np.ones(3) if type(x) is not np.ndarray else np.ones((3, 1))}


DIFFERENT = [
    *(by_type, by_type_of_an_entry, by_subclass, by_base_class, by_attribute, by_error, by_truth, by_flags),
    of_another_shape,
]


@pytest.mark.parametrize("run", DIFFERENT)
def test_code_that_does_something_else_on_numbers_is_not_proved(run: Any) -> None:
    proof = prove_gradient(run, X)
    assert not proof.proved, str(proof)
    assert proof.reason or proof.refuted


def questions(x: Any) -> Any:
    assert isinstance(x, np.ndarray)
    assert isinstance(x[0] * 1.0, float)
    assert x.dtype == np.float64
    assert x.dtype.kind == "f"
    assert np.issubdtype(x.dtype, np.floating)
    assert np.result_type(x, np.float32) == np.float64
    return np.sum(x**2), {"x": np.asarray(2 * x, dtype=x.dtype)}


def test_code_that_asks_and_does_the_same_is_proved() -> None:
    assert prove_gradient(questions, X).proved


def log_of_negative(x: Any) -> Any:
    return np.log(-np.exp(x)).sum(), {"x": np.ones(3)}


def root_of_negative(x: Any) -> Any:
    return np.sqrt(-1 - x**2).sum(), {"x": -x / np.sqrt(-1 - x**2)}


def power_of_negative(x: Any) -> Any:
    return ((-np.exp(x)) ** 0.5).sum(), {"x": 0.5 * (-np.exp(x)) ** 0.5}


def raising(x: Any) -> Any:
    if type(x) is np.ndarray:
        raise RuntimeError("no numbers please")
    return np.sum(x), {"x": np.ones(3)}


@pytest.mark.parametrize(
    ("run", "why"),
    [
        (log_of_negative, "at none of 8 points is the loss known to be a real number"),
        (root_of_negative, "at none of 8 points is the loss known to be a real number"),
        (power_of_negative, "at none of 3999 random points do all of them exist"),
        (raising, "on numbers it raises RuntimeError: no numbers please"),
    ],
)
def test_what_is_nowhere_a_number_is_not_proved(run: Any, why: str) -> None:
    proof = prove_gradient(run, X)
    assert not proof.proved
    assert not proof.refuted
    assert why in proof.reason


def test_a_domain_that_few_points_are_in_is_enough() -> None:
    assert prove_gradient(lambda x: (np.log(x - 3).sum(), {"x": 1 / (x - 3)}), {"x": (1,)}).proved
