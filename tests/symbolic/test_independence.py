"""The rank certificate is full where the functions' arguments are independent, and only there."""

from __future__ import annotations

import pytest

from symbolic.independence import certificate
from symbolic.model import Model, equation
from symbolic.models.head import HEAD
from symbolic.models.lstm import LSTM
from symbolic.models.rnn import RNN
from symbolic.notation import D, H, K, N, t
from symbolic.terms import LOSS, Term, array, exp, sequence, sigmoid, tanh, total

SIZES = {D: 2, H: 3, K: 2, N: 3}


@pytest.mark.parametrize(
    ("model", "functions"),
    [(RNN, 3 + 2), (LSTM, 5 * 3 + 2), (HEAD, 2)],
    ids=lambda value: getattr(value, "name", value),
)
def test_the_models_of_the_literature_are_certified(model: Model, functions: int) -> None:
    """tanh(a) and softmax(o); four gates, tanh(c) and softmax(α); softmax(o)."""
    found = certificate(model, SIZES)
    assert (found.rank, found.functions) == (functions, functions)


W, x, u, v = array("W", H, D), array("x", D), array("u", H), array("v", H)
a = array("a", H)


def two_activations(first: Term, second: Term) -> Model:
    return Model(
        name="two",
        title="Two activations of one value",
        source="",
        parameters=(W,),
        inputs=(x,),
        targets=(),
        equations=(equation(a, W @ x), equation(u, first), equation(v, second), equation(LOSS, total(u * v))),
        step_loss=LOSS,
    )


DEPENDENT = [(sigmoid(a), tanh(2 * a)), (sigmoid(a), sigmoid(-a)), (exp(a), exp(a + 1)), (tanh(a / 3), tanh(a * 2))]
INDEPENDENT = [(sigmoid(a), tanh(a * a)), (exp(a), exp(W @ (x * x)))]


@pytest.mark.parametrize(("first", "second"), DEPENDENT, ids=str)
def test_multiples_of_one_argument_are_not(first: Term, second: Term) -> None:
    found = certificate(two_activations(first, second), SIZES)
    assert (found.rank, found.functions) == (3, 6)


@pytest.mark.parametrize(("first", "second"), INDEPENDENT, ids=str)
def test_arguments_that_are_no_multiples_are(first: Term, second: Term) -> None:
    found = certificate(two_activations(first, second), SIZES)
    assert (found.rank, found.functions) == (6, 6)


def test_a_sum_of_two_arguments_depends_on_them() -> None:
    b = array("b", H)
    model = Model(
        name="three",
        title="σ(a), σ(b), σ(a + b)",
        source="",
        parameters=(W,),
        inputs=(x,),
        targets=(),
        equations=(
            equation(a, W @ x),
            equation(b, W @ (x * x)),
            equation(LOSS, total(sigmoid(a) * sigmoid(b) * sigmoid(a + b))),
        ),
        step_loss=LOSS,
    )
    found = certificate(model, SIZES)
    assert (found.rank, found.functions) == (6, 9)


def test_a_formula_without_a_model_has_no_certificate() -> None:
    found = certificate(None, SIZES)
    assert found.rank is None
    assert found.functions is None


def test_a_copy_of_the_state_is_seen_through() -> None:
    h, copy, L_t = sequence("h", H), sequence("copy", H), sequence("L_t")
    model = Model(
        name="copied",
        title="tanh of a state and of its copy",
        source="",
        parameters=(W,),
        inputs=(sequence("x", D),),
        targets=(),
        equations=(
            equation(h[t], W @ sequence("x", D)[t]),
            equation(copy[t], 2 * h[t]),
            equation(L_t[t], total(tanh(h[t]) * tanh(copy[t]))),
        ),
        step_loss=L_t,
    )
    found = certificate(model, SIZES)
    assert (found.rank, found.functions) == (3, 6)
