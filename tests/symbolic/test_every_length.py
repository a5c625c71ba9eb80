"""What reaches from one step of a sequence to any other is proved for every length, and nothing that fails later."""

from __future__ import annotations

import pytest
from oracle import Difference, judge

from symbolic.derivations import catalogue
from symbolic.model import Model, equation
from symbolic.models.losses import cross_entropy
from symbolic.models.lstm import LSTM
from symbolic.models.lstm import L_t as lstm_loss
from symbolic.models.lstm import c as cell
from symbolic.models.rnn import RNN, RNN_SQUARED, L_t, U, W, h, x
from symbolic.notation import D, H, K, Step, T, k, t
from symbolic.prove import prove
from symbolic.records import derivation
from symbolic.terms import (
    Term,
    array,
    d,
    diag,
    eye,
    grad,
    immediate,
    one_over,
    outer,
    product_steps,
    sequence,
    softmax,
    sum_steps,
    tanh,
)
from symbolic.verdicts import Proved, Refuted, Verdict

SIZES = {D: 2, H: 2, K: 2}
LONGEST = 6
j = Step("j")


def verdict(left: Term, right: Term, model: Model, steps: int = 3) -> Verdict:
    return prove(derivation("x", "", left, ("", right), model=model, source=""), SIZES, steps)


def is_for_every_length(found: Verdict) -> bool:
    return isinstance(found, Proved) and bool(found.every_T)


WHOLE = ["double-sum", "double-sum-U", "one-loss", "state", "jacobian-product", "forward-gradient-W", "truncation"]


@pytest.mark.parametrize("name", WHOLE)
def test_the_sums_over_losses_and_uses_are_proved_for_every_length_and_size(name: str) -> None:
    found = prove(catalogue()[f"bptt.{name}"])
    assert is_for_every_length(found)
    assert isinstance(found, Proved)
    assert found.every_size is not None


def model(name: str, *equations: tuple[Term, Term], scale: Term | None = None) -> Model:
    """A recurrence of one's own under softmax and cross-entropy."""
    o, yhat, y, loss, V = sequence("o", K), sequence("yhat", K), sequence("y", K), sequence("l"), array("V", K, H)
    head = [(o[t], V @ h[t]), (yhat[t], softmax(o[t])), (loss[t], cross_entropy(y[t], yhat[t]))]
    made = tuple(equation(left, right) for left, right in (*equations, *head))
    given = {} if scale is None else {"scale": scale}
    return Model(name, "", "", (U, W, V, OTHER), (x,), (y,), made, loss, **given)


OTHER = array("R", H, H)
s, late, later = sequence("s", H), sequence("late", H), sequence("later", H)
RESIDUAL = model("residual", (s[t], W @ h[t - 1] + U @ x[t]), (h[t], h[t - 1] + tanh(s[t])), scale=one_over(None))
SUMMING = model("summing", (h[t], h[t - 1] + U @ x[t]))
BESIDE = model("beside", (s[t], s[t - 1] + U @ x[t]), (h[t], tanh(W @ h[t - 1] + s[t])))
# h_{t-3} acts on h_t, so that everything that forgets it is right in sequences of three steps.
DELAYED = model(
    "delayed",
    (later[t], late[t - 1]),
    (late[t], h[t - 1]),
    (s[t], W @ h[t - 1] + OTHER @ later[t - 1] + U @ x[t]),
    (h[t], tanh(s[t])),
)


def l(where: Step) -> Term:  # noqa: E743
    return sequence("l")[where]


def tanh_step(where: Step) -> Term:
    return diag(1 - h[where] ** 2) @ W


EVERY_LENGTH = [
    (RNN, d(h[t], h[k]), product_steps(tanh_step(j), k + 1, t)),
    (RNN, d(h[t], h[k - 1]), product_steps(tanh_step(j), k, t)),
    (RNN, d(h[t], h[0]), product_steps(tanh_step(j), 1, t)),
    (RNN, d(h[T], h[t]), product_steps(d(h[j], h[j - 1]), t + 1, T)),
    (RNN, d(L_t[t], h[k]), d(L_t[t], h[t]) @ d(h[t], h[k])),
    (RNN, d(L_t[t], h[k]), product_steps(tanh_step(j), k + 1, t).T @ d(L_t[t], h[t])),
    (RNN, grad(h[k]), sum_steps(d(L_t[t], h[t]) @ d(h[t], h[k]), k, T)),
    (RNN, grad(W), sum_steps(sum_steps(d(L_t[t], h[k]) @ immediate(h[k], W), k, T, index="t"), 1, T, index="k")),
    (RNN, grad(W), sum_steps(sum_steps(d(L_t[j], h[t]) @ immediate(h[t], W), 1, j, index="t"), 1, T, index="j")),
    (RNN_SQUARED, d(h[t], U), sum_steps(d(h[t], h[k]) @ immediate(h[k], U), 1, t, index="k")),
    (RESIDUAL, d(h[t], h[k]), product_steps(eye(H) + diag(1 - tanh(s[j]) ** 2) @ W, k + 1, t)),
    (RESIDUAL, grad(U), sum_steps(one_over(None) * sum_steps(d(l(t), h[k]) @ immediate(h[k], U), 1, t, index="k"))),
    (SUMMING, d(h[t], h[k]), product_steps(eye(H), k + 1, t)),
    (BESIDE, d(h[t], h[k]), product_steps(tanh_step(j), k + 1, t)),
]


@pytest.mark.parametrize(("own", "left", "right"), EVERY_LENGTH, ids=[f"{a} = {b}" for _, a, b in EVERY_LENGTH])
def test_from_any_step_to_any_other(own: Model, left: Term, right: Term) -> None:
    found = verdict(left, right, own)
    assert is_for_every_length(found), found
    for steps in (5, LONGEST):
        assert not isinstance(judge(left, right, own, SIZES, steps), Difference)
    assert isinstance(verdict(left, 2 * right, own), Refuted)


def inside(t: Step) -> Term:
    return tanh(W @ h[t - 1] + U @ x[t])


IN_ONE_EQUATION = model("in one equation", (h[t], h[t - 1] + tanh(W @ h[t - 1] + U @ x[t])))
WITHOUT_INPUT = model("without input", (h[t], h[t - 1] + tanh(W @ h[t - 1])))
head = array("V", K, H).T @ grad(sequence("o", K)[t])


@pytest.mark.parametrize(
    ("left", "right", "wrong"),
    [
        (
            grad(W),
            sum_steps(outer((1 - inside(t) ** 2) * grad(h[t]), h[t - 1])),
            sum_steps(outer((1 - inside(t) ** 2) * grad(h[t]), h[t])),
        ),
        (
            grad(h[t]),
            head + grad(h[t + 1]) + W.T @ ((1 - inside(t + 1) ** 2) * grad(h[t + 1])),
            head + grad(h[t + 1]) + W.T @ ((1 - inside(t) ** 2) * grad(h[t + 1])),
        ),
    ],
)
def test_a_recurrence_of_a_sum_with_a_function_in_it(left: Term, right: Term, wrong: Term) -> None:
    found = verdict(left, right, IN_ONE_EQUATION)
    assert is_for_every_length(found)
    assert isinstance(found, Proved)
    assert found.every_size is not None
    assert isinstance(verdict(left, wrong, IN_ONE_EQUATION), Refuted)


def test_what_exists_at_the_last_step_is_not_called_by_a_name_that_does_not() -> None:
    """tanh(W h_T) has a value, the state it would make has none."""
    later = W.T @ ((1 - tanh(W @ h[t]) ** 2) * grad(h[t]))
    assert isinstance(verdict(later, 0 * later + grad(h[t]), WITHOUT_INPUT), Refuted)
    assert WITHOUT_INPUT.in_arguments(later) == (later,)


RIGHT_UP_TO_THREE = [
    (d(h[t], h[k]), product_steps(tanh_step(j), k + 1, t)),
    (d(h[t], h[k]), product_steps(d(h[j], h[j - 1]), k + 1, t)),
    (d(h[t], W), sum_steps(product_steps(tanh_step(j), k + 1, t) @ immediate(h[k], W), 1, t, index="k")),
    (grad(h[k]), sum_steps(d(l(t), h[t]) @ product_steps(tanh_step(j), k + 1, t), k, T)),
    (
        grad(U),
        sum_steps(sum_steps(d(l(t), h[t]) @ product_steps(tanh_step(j), k + 1, t) @ immediate(h[k], U), 1, t, "k")),
    ),
]


@pytest.mark.parametrize(("left", "right"), RIGHT_UP_TO_THREE, ids=[f"{a} = {b}" for a, b in RIGHT_UP_TO_THREE])
def test_what_fails_first_across_three_steps_is_not_proved_for_every_length(left: Term, right: Term) -> None:
    assert not isinstance(judge(left, right, DELAYED, SIZES, steps=3), Difference)
    assert isinstance(judge(left, right, DELAYED, SIZES, steps=5), Difference)
    assert not is_for_every_length(verdict(left, right, DELAYED))
    assert isinstance(verdict(left, right, DELAYED, steps=5), Refuted)


OTHER_RANGES = [
    (RNN, d(h[t], h[k]), product_steps(tanh_step(j), k, t)),
    (RNN, d(h[t], h[k]), product_steps(tanh_step(j), k + 1, t - 1)),
    (RNN, d(h[t], h[k]), product_steps(tanh_step(j).T, k + 1, t)),
    (RNN, d(h[t], h[k]), product_steps(tanh_step(j - 1), k + 1, t)),
    (RNN, d(h[t], W), sum_steps(d(h[t], h[k]) @ immediate(h[k], W), 2, t, index="k")),
    (RNN, d(h[t], W), sum_steps(d(h[t], h[k]) @ immediate(h[k], W), 1, t - 1, index="k")),
    (RNN, d(h[t], W), sum_steps(d(h[t], h[k]) @ d(h[k], W), 1, t, index="k")),
    (RNN, grad(h[k]), sum_steps(d(L_t[t], h[t]) @ d(h[t], h[k]), k + 1, T)),
    (RNN, grad(W), sum_steps(sum_steps(d(L_t[t], h[k]) @ immediate(h[k], W), k + 1, T, index="t"), 1, T, index="k")),
    (RESIDUAL, grad(U), sum_steps(sum_steps(d(l(t), h[k]) @ immediate(h[k], U), 1, t, index="k"))),
    (RESIDUAL, d(h[t], h[k]), product_steps(diag(1 - tanh(s[j]) ** 2) @ W, k + 1, t)),
    (LSTM, d(cell[t], cell[k]), product_steps(d(cell[j], cell[j - 1]), k + 1, t)),
    (LSTM, d(lstm_loss[t], cell[k]), d(lstm_loss[t], cell[t]) @ d(cell[t], cell[k])),
]


@pytest.mark.parametrize(("own", "left", "right"), OTHER_RANGES, ids=[f"{a} = {b}" for _, a, b in OTHER_RANGES])
def test_a_range_or_a_path_that_is_not_the_right_one_is_refuted(own: Model, left: Term, right: Term) -> None:
    assert isinstance(judge(left, right, own, SIZES, steps=3), Difference)
    assert isinstance(verdict(left, right, own), Refuted)


def test_a_step_that_is_bound_in_a_factor_is_not_the_one_outside() -> None:
    """Π_j diag(1 − h_t²) W has the step of the whole formula in every factor."""
    assert isinstance(verdict(d(h[t], h[k]), product_steps(diag(1 - h[t] ** 2) @ W, k + 1, t), RNN), Refuted)
