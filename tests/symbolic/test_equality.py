"""What is shown at all steps tried, what for every T, and what speaks of no step."""

from __future__ import annotations

import pytest
from oracle import Difference, judge

from symbolic.attempt import shown
from symbolic.equality import CHOICES, Equality
from symbolic.model import Model
from symbolic.models.lstm import LSTM
from symbolic.models.lstm import c as cell
from symbolic.models.lstm import f as forget
from symbolic.models.lstm import h as output
from symbolic.models.lstm import o as gate
from symbolic.models.rnn import RNN, V, W, a, h, o, x, y, yhat
from symbolic.notation import D, H, K, N, Step, T, k, t
from symbolic.prove import prove
from symbolic.records import derivation
from symbolic.terms import (
    LOSS,
    SumSteps,
    Term,
    d,
    diag,
    exp,
    eye,
    grad,
    grad_copy,
    immediate,
    log,
    outer,
    product_steps,
    scalar,
    sigmoid,
    sum_steps,
    tanh,
    term,
)
from symbolic.verdicts import Proved, Refuted, Unknown, Verdict

SIZES = {D: 2, H: 3, K: 2, N: 3}
j = Step("j")


def verdict(left: Term, right: Term, model: Model | None = RNN, steps: int = 3) -> Verdict:
    return prove(derivation("x", "", left, ("", right), model=model, source=""), SIZES, steps)


def slope(where: Step | int) -> Term:
    return 1 - h[where] ** 2


EVERY_T: list[tuple[Model, Term, Term]] = [
    (RNN, grad(h[t]), V.T @ grad(o[t]) + W.T @ (slope(t + 1) * grad(h[t + 1]))),
    (RNN, grad(h[T]), V.T @ grad(o[T])),
    (RNN, grad(W), sum_steps(outer(grad(a[t]), h[t - 1]))),
    (RNN, d(h[t], h[t - 1]), diag(slope(t)) @ W),
    (RNN, d(h[t + 2], h[t]), diag(slope(t + 2)) @ W @ diag(slope(t + 1)) @ W),
    (RNN, d(h[t], W), immediate(h[t], W) + diag(slope(t)) @ W @ d(h[t - 1], W)),
    (LSTM, grad(cell[t]), grad(output[t]) * gate[t] * (1 - tanh(cell[t]) ** 2) + forget[t + 1] * grad(cell[t + 1])),
]


@pytest.mark.parametrize(("model", "left", "right"), EVERY_T, ids=[f"{a} = {b}" for _, a, b in EVERY_T])
def test_claims_of_a_window_of_steps_hold_for_every_length(model: Model, left: Term, right: Term) -> None:
    found = verdict(left, right, model)
    assert isinstance(found, Proved), found
    assert found.every_T is True
    assert isinstance(verdict(left, 2 * right, model), Refuted)
    assert not isinstance(judge(left, right, model, SIZES, steps=5), Difference)


def length(upto: Step) -> Term:
    """A sum of ones, which is the number of a step."""
    return sum_steps(term(1), 1, upto, index="j")


def roots(n: Term, upto: int) -> Term:
    """(n − 1)(n − 2) …, zero at the first steps and at no later one."""
    result = n - 1
    for root in range(2, upto + 1):
        result = result * (n - root)
    return result


UP_TO_T_3 = [
    (roots(length(t), 3) * h[t], 0 * h[t]),
    (roots(length(T), 3) * h[t], 0 * h[t]),
    (roots(length(T), 3) * h[T], 0 * h[T]),
    (grad(W), sum_steps((1 + roots(length(T), 3)) * outer(grad(a[t]), h[t - 1]))),
    (product_steps(2 * eye(H), 1, t) @ h[t], (2 * length(t) + roots(length(t), 2)) * h[t]),
    (sum_steps(roots(length(t), 3) * h[t]), sum_steps(0 * h[t])),
]


@pytest.mark.parametrize(("left", "right"), UP_TO_T_3, ids=[f"{a} = {b}" for a, b in UP_TO_T_3])
def test_what_fails_first_at_four_steps_is_not_proved_for_every_length(left: Term, right: Term) -> None:
    assert not isinstance(judge(left, right, RNN, SIZES, steps=3), Difference)
    assert isinstance(judge(left, right, RNN, SIZES, steps=4), Difference)
    found = verdict(left, right)
    assert not (isinstance(found, Proved) and found.every_T), found
    assert isinstance(verdict(left, right, steps=4), Refuted)


BEYOND_T_4 = [(roots(length(T), n) * h[t], 0 * h[t]) for n in (4, 5, 8)] + [
    (roots(length(t), n) * h[t], 0 * h[t]) for n in (4, 5, 8)
]


@pytest.mark.parametrize(("left", "right"), BEYOND_T_4, ids=[f"{a} = {b}" for a, b in BEYOND_T_4])
def test_neither_is_what_fails_later(left: Term, right: Term) -> None:
    assert isinstance(judge(left, right, RNN, SIZES, steps=9), Difference)
    found = verdict(left, right)
    assert not (isinstance(found, Proved) and found.every_T), found


def test_a_product_over_a_range_is_shown_for_every_length() -> None:
    chain = product_steps(diag(slope(j)) @ W, k + 1, t)
    found = verdict(d(h[t], h[k]), chain)
    assert isinstance(found, Proved)
    assert found.every_T is True
    assert isinstance(verdict(d(h[t], h[k]), product_steps(diag(slope(j)) @ W, k, t)), Refuted)


SILENT = [
    (grad(h[T + 1]), V.T @ grad(o[T + 1])),
    (grad(h[50]), 0 * h[50]),
    (h[t] * 1, h[t] + x[t + 9] @ x[t + 9] - x[t + 9] @ x[t + 9]),
    (grad(W), sum_steps(outer(grad(a[t]), tanh(a[t - 1])))),
]


@pytest.mark.parametrize(("left", "right"), SILENT, ids=[f"{a} = {b}" for a, b in SILENT])
def test_a_claim_that_speaks_of_no_step_is_unknown(left: Term, right: Term) -> None:
    found = verdict(left, right)
    assert isinstance(found, Unknown), found
    assert "of no step" in found.reason
    assert "T = 3" in found.reason


def test_what_speaks_first_in_a_longer_sequence_is_refuted_there() -> None:
    found = verdict(grad(h[11]), 0 * h[11])
    assert isinstance(found, Refuted)
    assert found.counterexample
    assert found.counterexample.steps["T"] == 11


def test_more_steps_make_it_speak() -> None:
    found = verdict(grad(h[4]), V.T @ grad(o[4]) + W.T @ grad(a[5]), steps=5)
    assert isinstance(found, Proved), found
    assert isinstance(verdict(grad(h[4]), V.T @ grad(o[4]) + W @ grad(a[5]), steps=5), Refuted)


def test_a_gradient_is_shown_summand_by_summand() -> None:
    whole = Equality(grad(W), sum_steps(outer(grad(a[t]), h[t - 1])), RNN, SIZES, 3)
    by_copy, by_loss = whole.in_parts()
    assert (by_copy.left, by_copy.right) == (grad_copy(W, t), outer(grad(a[t]), h[t - 1]))
    assert by_loss.left == RNN.scale * d(RNN.step_loss[t], W)
    shorter = Equality(grad(W), sum_steps(outer(grad(a[t]), h[t - 1]), first=2), RNN, SIZES, 3)
    assert not [*shorter.in_parts()]
    assert isinstance(shorter.right, SumSteps)


def test_an_equality_that_does_not_hold_is_shown_by_no_choice() -> None:
    right, wrong = (Equality(grad(a[t]), factor * grad(h[t]), RNN, SIZES, 2) for factor in (slope(t), 1 - h[t]))
    assert shown(right, CHOICES[0], right.levels[0]) is not None
    assert not any(shown(wrong, choice, level) for choice in CHOICES for level in wrong.levels)


X, Y = scalar("x"), scalar("y")

IDENTITIES = [
    (tanh(X), 2 * sigmoid(2 * X) - 1, 2 * sigmoid(X) - 1),
    (sigmoid(-X), 1 - sigmoid(X), sigmoid(X) - 1),
    (tanh(X + Y), (tanh(X) + tanh(Y)) / (1 + tanh(X) * tanh(Y)), (tanh(X) + tanh(Y)) / (1 - tanh(X) * tanh(Y))),
    (exp(X + Y), exp(X) * exp(Y), exp(X) + exp(Y)),
    (log(1 + exp(X)), -log(sigmoid(-X)), log(sigmoid(-X))),
    ((X**2 - Y**2) / (X - Y), X + Y, X - Y),
]


@pytest.mark.parametrize(("left", "right", "wrong"), IDENTITIES, ids=[f"{a} = {b}" for a, b, _ in IDENTITIES])
def test_functions_of_dependent_arguments_are_related(left: Term, right: Term, wrong: Term) -> None:
    assert isinstance(verdict(left, right, None), Proved)
    assert isinstance(verdict(left, wrong, None), Refuted)


def test_the_loss_is_the_sum_over_the_steps() -> None:
    by_step = sum_steps(-(y[t] @ log(yhat[t])))
    assert isinstance(verdict(LOSS, by_step), Proved)
    assert isinstance(verdict(LOSS, -by_step), Refuted)


def test_what_is_subtracted_on_the_left_may_stand_on_the_right() -> None:
    carried, local = W.T @ grad(a[t + 1]), V.T @ grad(o[t])
    for left, right in (
        (grad(h[t]) - carried, local),
        (-local + grad(h[t]), carried),
        (grad(h[t]) - (carried + local), 0 * h[t]),
    ):
        found = verdict(left, right)
        assert isinstance(found, Proved), found
        assert found.every_T
        assert found.every_size
        assert isinstance(verdict(left, -right if right != 0 * h[t] else local), Refuted)
