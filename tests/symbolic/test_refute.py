"""A counterexample is an exact point at which both sides, evaluated anew, are different."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from oracle import PRECISION, Run, at_point, evaluate, free_indices

from symbolic.derivations import catalogue
from symbolic.equality import Equality
from symbolic.model import Model
from symbolic.models import lstm, rnn
from symbolic.models.head import HEAD
from symbolic.models.head import o as o_head
from symbolic.models.head import y as y_head
from symbolic.models.head import yhat as yhat_head
from symbolic.models.lstm import LSTM
from symbolic.models.rnn import RNN
from symbolic.notation import D, H, Index, K, N, T, t
from symbolic.prove import prove
from symbolic.records import derivation
from symbolic.refute import refute
from symbolic.terms import Term, d, delta, grad, log, outer, scalar, sigmoid, sum_steps, tanh
from symbolic.verdicts import ONE_HOT, Counterexample, Proved, Refuted, Unknown

SIZES = {D: 2, H: 3, K: 2, N: 3}
i, j = Index("i", K), Index("j", K)
s = scalar("s")

# a model, a left side, a wrong right side, a right one
CLAIMS: list[tuple[Model | None, Term, Term, Term]] = [
    (None, d(sigmoid(s), s), sigmoid(s) * (1 + sigmoid(s)), sigmoid(s) * (1 - sigmoid(s))),
    (None, d(log(s), s), -1 / s, 1 / s),
    (HEAD, grad(o_head), y_head - yhat_head, yhat_head - y_head),
    (
        HEAD,
        d(yhat_head.at(i), o_head.at(j)),
        yhat_head.at(i) * (1 - yhat_head.at(j)),
        yhat_head.at(i) * (delta(i, j) - yhat_head.at(j)),
    ),
    (
        RNN,
        grad(rnn.h[t]),
        rnn.V.T @ grad(rnn.o[t]) + rnn.W @ grad(rnn.a[t + 1]),
        rnn.V.T @ grad(rnn.o[t]) + rnn.W.T @ grad(rnn.a[t + 1]),
    ),
    (RNN, grad(rnn.h[T]), rnn.V.T @ grad(rnn.yhat[T]), rnn.V.T @ grad(rnn.o[T])),
    (
        RNN,
        grad(rnn.W),
        sum_steps(outer(grad(rnn.h[t]), rnn.h[t - 1])),
        sum_steps(outer(grad(rnn.a[t]), rnn.h[t - 1])),
    ),
    (LSTM, grad(lstm.o[t]), grad(lstm.h[t]) * lstm.c[t], grad(lstm.h[t]) * tanh(lstm.c[t])),
]
NAMES = [f"{left} = {wrong}" for _, left, wrong, _ in CLAIMS]


def counterexample(model: Model | None, left: Term, right: Term) -> Counterexample:
    found = prove(derivation("x", "", left, ("", right), model=model, source=""), SIZES)
    assert isinstance(found, Refuted), found
    assert found.counterexample is not None
    return found.counterexample


@pytest.mark.parametrize(("model", "left", "wrong", "right"), CLAIMS, ids=NAMES)
def test_every_variable_has_an_exact_rational_value(model: Model | None, left: Term, wrong: Term, right: Term) -> None:
    numbers = [x for value in counterexample(model, left, wrong).values.values() for x in flat(value)]
    assert numbers
    assert all(isinstance(x, Fraction) for x in numbers)


@pytest.mark.parametrize(("model", "left", "wrong", "right"), CLAIMS, ids=NAMES)
def test_the_enclosures_do_not_meet(model: Model | None, left: Term, wrong: Term, right: Term) -> None:
    found = counterexample(model, left, wrong)
    (a, b), (c, e) = (tuple(PRECISION.mpf(end) for end in side) for side in (found.left, found.right))
    assert a <= b
    assert c <= e
    assert b < c or e < a


@pytest.mark.parametrize(("model", "left", "wrong", "right"), CLAIMS, ids=NAMES)
def test_both_sides_evaluated_anew_lie_in_their_enclosures(
    model: Model | None, left: Term, wrong: Term, right: Term
) -> None:
    found = counterexample(model, left, wrong)
    for term, (low, high) in ((left, found.left), (wrong, found.right)):
        value = anew(term, model, found, (left, wrong))
        assert contains(low, value, high), f"{term} is {mpmath.nstr(value, 25)}, not in [{low}, {high}]"


@pytest.mark.parametrize(("model", "left", "wrong", "right"), CLAIMS, ids=NAMES)
def test_what_is_right_is_not_refuted(model: Model | None, left: Term, wrong: Term, right: Term) -> None:
    equality = Equality(left, right, model, SIZES, 3)
    assert refute(1, equality, [ONE_HOT] * 6) is None
    assert isinstance(prove(derivation("x", "", left, ("", right), model=model, source=""), SIZES), Proved)


@pytest.mark.parametrize(("model", "left", "wrong", "right"), CLAIMS, ids=NAMES)
def test_at_that_point_the_right_formula_has_the_value_of_the_derivative(
    model: Model | None, left: Term, wrong: Term, right: Term
) -> None:
    found = counterexample(model, left, wrong)
    value, repaired, off = (anew(term, model, found, (left, wrong)) for term in (left, right, wrong))
    assert abs(value - repaired) < PRECISION.mpf(10) ** -20
    assert abs(value - off) > PRECISION.mpf(10) ** -20


def test_the_equality_of_a_chain_that_fails_is_numbered() -> None:
    good = sigmoid(s) * (1 - sigmoid(s))
    chain = derivation(
        "x", "", d(sigmoid(s), s), ("", good), ("", sigmoid(s) - sigmoid(s) ** 2), ("", 2 * good), source=""
    )
    found = prove(chain, SIZES)
    assert isinstance(found, Refuted)
    assert found.counterexample is not None
    assert found.counterexample.equality == 3


def test_targets_are_one_hot_where_that_is_enough_to_refute() -> None:
    values = counterexample(HEAD, grad(o_head), y_head - yhat_head).values
    assert sorted(values["y"]) == [0, 1]


def test_a_point_where_a_side_has_no_value_refutes_nothing() -> None:
    """1/(s − s) has a value nowhere."""
    nowhere = 1 / (s - s)
    assert refute(1, Equality(nowhere, s, None, SIZES, 1), [""] * 6) is None
    assert refute(1, Equality(1 / s, s, None, SIZES, 1), [""] * 6) is not None


def test_what_differs_in_one_entry_only_is_refuted_there() -> None:
    almost = yhat_head.at(i) - delta(i, 2)
    found = counterexample(HEAD, yhat_head.at(i), almost)
    assert found.entry == "(2)"


def flat(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for inner in value:
            yield from flat(inner)
    else:
        yield value


def anew(term: Term, model: Model | None, found: Counterexample, sides: tuple[Term, Term]) -> Any:
    """The oracle's value of a term at a counterexample's point and entry."""
    steps = dict(found.steps)
    run: Run = at_point(model, SIZES, steps.get("T", 1), found.values)
    entry = [int(n) - 1 for n in re.findall(r"\d+", found.entry)]
    running = sorted(set().union(*(free_indices(side) for side in sides)), key=lambda index: index.name)
    subscripts = {index.name: entry.pop(0) for index in running}
    return evaluate(term, run, steps, subscripts)[tuple(entry)]


def contains(low: str, value: Any, high: str) -> bool:
    slack = PRECISION.mpf(10) ** -25  # the oracle's own error
    return bool(PRECISION.mpf(low) - slack <= value <= PRECISION.mpf(high) + slack)


GRADIENT = grad(rnn.b)
YHAT, O = yhat_head.at(1), o_head.at(1)
SECOND = [
    (None, d(d(tanh(s), s), s), -2 * tanh(s) * (1 - tanh(s) ** 2)),
    (None, d(s * d(s**3, s), s), 9 * s**2),
    (HEAD, d(d(log(YHAT), O), O), -YHAT * (1 - YHAT)),
    (RNN, d(GRADIENT.at(1), rnn.b.at(2)), d(GRADIENT.at(2), rnn.b.at(1))),
    (RNN, d(GRADIENT.at(1), rnn.W.at(1, 2)), d(grad(rnn.W).at(1, 2), rnn.b.at(1))),
]


@pytest.mark.parametrize(
    ("model", "left", "right"), SECOND, ids=lambda case: str(case) if isinstance(case, Term) else ""
)
def test_a_wrong_second_derivative_is_refuted_and_a_right_one_is_not(model, left, right):
    sizes = dict.fromkeys((D, H, K), 2)
    for factor, verdict in ((1, Unknown), (2, Refuted)):
        record = derivation("a.claim", "", left, ("", factor * right), source="", model=model)
        assert isinstance(prove(record, sizes), verdict)


def test_a_counterexample_shows_what_the_formula_names() -> None:
    """Against NumPy at the very point: ŷ = softmax(V h + c) and its Jacobian diag(ŷ) − ŷ ŷᵀ."""
    verdict = prove(catalogue()["errata.product-of-two-derivatives"])
    assert isinstance(verdict, Refuted)
    assert verdict.counterexample
    found = verdict.counterexample
    V, h, c = (np.array(found.values[name], dtype=float) for name in ("V", "h", "c"))
    e = np.exp(V @ h + c)
    yhat = e / e.sum()
    parts = {name: np.array(value, dtype=float) for name, value in found.parts.items()}
    np.testing.assert_allclose(parts["d(yhat, o)"], np.diag(yhat) - np.outer(yhat, yhat), rtol=1e-5)
    np.testing.assert_allclose(parts["d(log(yhat_1), o)"], np.eye(3)[0] - yhat, rtol=1e-5)
