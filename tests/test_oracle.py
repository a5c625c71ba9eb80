"""The oracle agrees with an RNN written by hand in NumPy, forward and backward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from oracle import FREE, ONE_HOT, SUMS_TO_ONE, Difference, Silent, evaluate, forward_run, judge

from symbolic.models.head import HEAD
from symbolic.models.head import o as o_head
from symbolic.models.head import y as y_head
from symbolic.models.head import yhat as yhat_head
from symbolic.models.rnn import RNN, U, V, W, a, b, c, h, o, x, y
from symbolic.notation import D, H, K, T, t
from symbolic.terms import Term, d, grad, grad_copy, immediate, indicator, outer

SIZES = {D: 2, H: 3, K: 2}
STEPS = 3


def by_oracle(term: Term, step: int = 1) -> Any:
    run = forward_run(RNN, tuple(SIZES.items()), STEPS, FREE, 0)
    return evaluate(term, run, {"t": step, "T": STEPS}, {}).astype(float)


def loss(**changed: Any) -> float:
    """The RNN's loss, with some of its leaves replaced."""
    p = {v.name: by_oracle(v) for v in (U, W, V, b, c)} | changed
    state, total = changed.get("h0", by_oracle(h[0])), 0.0
    for s in range(1, STEPS + 1):
        state = np.tanh(p["b"] + p["W"] @ state + p["U"] @ by_oracle(x[s]))
        logits = p["c"] + p["V"] @ state
        total -= by_oracle(y[s]) @ (logits - np.log(np.exp(logits).sum()))
    return float(total)


def slope(name: str, value: Any) -> Any:
    result = np.zeros_like(value)
    for position in np.ndindex(value.shape):
        moved = np.zeros_like(value)
        moved[position] = 1e-6
        result[position] = (loss(**{name: value + moved}) - loss(**{name: value - moved})) / 2e-6
    return result


@pytest.mark.parametrize("parameter", [U, W, V, b, c], ids=lambda v: v.name)
def test_gradients_are_the_slopes_of_the_hand_written_loss(parameter: Any) -> None:
    expected = slope(parameter.name, by_oracle(parameter))
    assert np.allclose(by_oracle(grad(parameter)), expected, rtol=1e-7, atol=1e-9)
    assert not np.allclose(by_oracle(grad_copy(parameter, 2)), expected, rtol=1e-3)


def test_the_initial_state_has_a_gradient_too() -> None:
    assert np.allclose(by_oracle(grad(h[0])), slope("h0", by_oracle(h[0])), rtol=1e-7, atol=1e-9)


def test_the_copies_of_a_parameter_add_up() -> None:
    assert np.allclose(sum(by_oracle(grad_copy(W, s)) for s in (1, 2, 3)), by_oracle(grad(W)))
    assert not np.allclose(sum(by_oracle(grad_copy(W, s)) for s in (1, 2)), by_oracle(grad(W)))


def test_an_immediate_derivative_holds_the_other_steps_fixed() -> None:
    slopes = 1 - by_oracle(h[2]) ** 2
    expected = np.einsum("i,ij,k->ijk", slopes, np.eye(3), by_oracle(h[1]))
    assert np.allclose(by_oracle(immediate(h[2], W)), expected)
    assert not np.allclose(by_oracle(d(h[2], W)), expected)
    assert np.allclose(by_oracle(d(h[2], h[1])), slopes[:, None] * by_oracle(W))


def test_a_node_is_nudged_where_its_equation_makes_it() -> None:
    assert np.allclose(by_oracle(grad(a[t]), 2), (1 - by_oracle(h[2]) ** 2) * by_oracle(grad(h[2])))


Y_O = yhat_head - y_head


@pytest.mark.parametrize(
    ("right", "truth"),
    [(Y_O, SUMS_TO_ONE), (yhat_head - indicator(y_head), ONE_HOT), (yhat_head - y_head**2, ONE_HOT)],
    ids=["y", "1_y", "y²"],
)
def test_it_names_what_the_targets_must_satisfy(right: Term, truth: str) -> None:
    assert judge(grad(o_head), right, HEAD, SIZES) == truth


def test_it_sees_free_agreement_and_difference() -> None:
    assert judge(grad(yhat_head), -y_head / yhat_head, HEAD, SIZES) == FREE
    assert isinstance(judge(grad(o_head), 2 * Y_O, HEAD, SIZES), Difference)


def test_it_sees_a_difference_that_only_long_sequences_have() -> None:
    short: Callable[[int], Any] = lambda steps: judge(grad(h[t]), V.T @ grad(o[t]), RNN, SIZES, steps)  # noqa: E731
    assert short(1) == FREE
    assert isinstance(short(2), Difference)


def test_it_says_so_where_nothing_has_a_value() -> None:
    with pytest.raises(Silent, match="no place up to T = 3"):
        judge(grad(h[T + 1]), V.T @ grad(o[T + 1]), RNN, SIZES)


def test_outer_products_are_ordered() -> None:
    left, right = outer(grad(a[T]), h[T - 1]), outer(h[T - 1], grad(a[T]))
    assert judge(grad_copy(W, T), left, RNN, SIZES) == FREE
    assert isinstance(judge(grad_copy(W, T), right, RNN, SIZES), Difference)
