"""Derivatives by the chain rule over `sympy.diff` are the slopes that the oracle finds."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from oracle import FREE, PRECISION, SUMS_TO_ONE, evaluate, forward_run

from symbolic.chain_rule import Differentiated
from symbolic.differentiate import edges, partials
from symbolic.elementwise import Arithmetic
from symbolic.model import Model
from symbolic.models import rnn
from symbolic.models.head import HEAD, HEAD_SQUARED
from symbolic.models.lstm import LSTM, LSTM_SQUARED
from symbolic.models.rnn import RNN, RNN_SQUARED
from symbolic.notation import Axis, D, H, K, N, Step, T
from symbolic.terms import LOSS, Derivative, Term, Var, d, exp, grad, grad_copy, immediate, log, sigmoid, softmax, tanh

SIZES = {D: 2, H: 3, K: 2, N: 3}
STEPS = 3
MODELS = [RNN, RNN_SQUARED, LSTM, LSTM_SQUARED]


class FiftyDigits(Arithmetic):
    """The arithmetic of mpmath."""

    def number(self, value: Fraction) -> Any:
        return PRECISION.mpf(value.numerator) / value.denominator

    def reciprocal(self, axis: Axis | None, size: int) -> Any:
        return PRECISION.mpf(1) / size

    def function(self, name: str, value: Any) -> Any:
        return 1 / (1 + PRECISION.exp(-value)) if name == "sigmoid" else getattr(PRECISION, name)(value)


def both(term: Term, model: Model | None, place: dict[str, int] | None = None, targets: str = FREE) -> tuple[Any, Any]:
    """The term's entries by the chain rule and by the oracle, at the same point."""
    run = forward_run(model, tuple(SIZES.items()), STEPS, targets, 0)
    values = Differentiated(model, SIZES, STEPS, FiftyDigits(), run.value)
    return values.entries(term, place or {}), evaluate(term, run, {**(place or {}), "T": STEPS}, {})


def agree(a: Any, b: Any) -> bool:
    return a.shape == b.shape and all(abs(x - y) < mpmath.mpf(10) ** -20 for x, y in zip(a.flat, b.flat, strict=True))


def everything(model: Model) -> list[Var]:
    """Every parameter, and every value at every step where it has one."""
    arrays = [v for v in model.arrays.values() if v != LOSS]
    return [at for v in arrays for at in ([v[s] for s in range(1, STEPS + 1)] if v.sequence else [v])]


@pytest.mark.parametrize("model", [*MODELS, HEAD, HEAD_SQUARED], ids=lambda model: model.name)
def test_the_adjoint_of_everything(model: Model) -> None:
    for var in everything(model):
        by_chain_rule, by_oracle = both(grad(var), model)
        assert agree(by_chain_rule, by_oracle), f"{grad(var)}: {by_chain_rule} instead of {by_oracle}"


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_the_copies_of_every_parameter(model: Model) -> None:
    for parameter in model.parameters:
        copies = [both(grad_copy(parameter, s), model) for s in range(1, STEPS + 1)]
        assert all(agree(*pair) for pair in copies), parameter
        assert agree(sum(a for a, _ in copies), both(grad(parameter), model)[1])
        assert not agree(copies[0][0], copies[1][0]), parameter


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_derivatives_of_one_value_by_another(model: Model) -> None:
    last = model.arrays["h"][STEPS]
    for var in everything(model):
        assert agree(*both(d(last, var), model)), d(last, var)
        assert agree(*both(immediate(last, var), model)), immediate(last, var)


@pytest.mark.parametrize(
    ("total", "held"),
    [(d(rnn.h[2], rnn.W), immediate(rnn.h[2], rnn.W)), (d(rnn.h[3], rnn.h[1]), immediate(rnn.h[3], rnn.h[1]))],
    ids=["parameter", "state"],
)
def test_total_and_immediate_derivatives_are_different(total: Derivative, held: Derivative) -> None:
    assert not agree(both(total, RNN)[0], both(held, RNN)[0])


def test_one_step_away_total_and_immediate_are_the_same() -> None:
    assert agree(both(d(rnn.h[2], rnn.h[1]), RNN)[0], both(immediate(rnn.h[2], rnn.h[1]), RNN)[1])


def test_what_comes_later_does_not_matter() -> None:
    assert not np.any(both(d(rnn.h[1], rnn.h[2]), RNN)[0] != 0)
    assert np.any(both(d(rnn.h[2], rnn.h[1]), RNN)[0] != 0)


def test_the_derivative_of_a_formula() -> None:
    for term in (d(rnn.V @ rnn.h[T], rnn.W), d(rnn.h[1] * rnn.h[2], rnn.b), d(log(softmax(rnn.o[2])), rnn.h[1])):
        assert agree(*both(term, RNN)), term


X = Var("x", (K,))


@pytest.mark.parametrize(
    "term",
    [sigmoid(X), tanh(X), exp(X), log(X), softmax(X), 1 / X, X**3, log(1 + exp(X)), tanh(2 * sigmoid(-X) / 3)],
    ids=str,
)
def test_the_rules_of_every_function(term: Term) -> None:
    by_chain_rule, by_oracle = both(d(term, X), None)
    assert agree(by_chain_rule, by_oracle), f"{term}: {by_chain_rule} instead of {by_oracle}"
    assert not agree(by_chain_rule, both(d(2 * term, X), None)[1])


def test_the_scale_of_the_loss_is_part_of_the_adjoint() -> None:
    assert agree(*both(grad(rnn.L_t[2]), RNN))
    for model in MODELS:
        assert agree(*both(grad(model.step_loss[Step("t")]), model, {"t": 2}, SUMS_TO_ONE))


def test_an_edge_lists_only_what_is_not_zero() -> None:
    (edge,) = edges("made", tanh(X), SIZES, {}, exponential=False)
    assert [(j, i) for j, i, _ in edge.entries] == [((0,), (0,)), ((1,), (1,))]


def test_variables_of_one_name_in_two_models_do_not_meet() -> None:
    """z has the axis K in one formula and H in another, at different sizes."""
    for axis in (K, H, K):
        z = Var("z", (axis,))
        assert agree(*both(d(z * z, z), None))


P, Q, R = sympy.symbols("p q r", real=True)
SUMMANDS = [P * Q, P * sympy.exp(Q) / (sympy.exp(P) + sympy.exp(R)), sympy.tanh(P * R), 3 * R, Q**2 * R, sympy.log(P)]


@given(st.lists(st.tuples(st.sampled_from(SUMMANDS), st.permutations([P, Q, R]), st.integers(1, 3)), min_size=1))
def test_the_derivative_of_a_renamed_summand_is_its_derivative_renamed(parts):
    whole = sum(n * part.xreplace(dict(zip((P, Q, R), names, strict=True))) for part, names, n in parts)
    found = partials(whole)
    assert set(found) == whole.free_symbols
    for v in (P, Q, R):
        assert sympy.expand(found.get(v, 0) - sympy.diff(whole, v)) == 0
