"""The chapter on the LSTM: every claim has its verdict, every wrong neighbour is refuted."""

from dataclasses import replace
from operator import attrgetter

import pytest

from symbolic.derivations.lstm import DERIVATIONS
from symbolic.model import Model
from symbolic.models.lstm import LSTM, LSTM_SQUARED, Whf, Whz, Wxf, alpha, ao, bi, c, f, h, i, o, x, y, z
from symbolic.notation import D, H, K, Step, T, t
from symbolic.prove import prove
from symbolic.records import Derivation, derivation
from symbolic.terms import Term, Var, d, diag, grad, immediate, outer, subterms, sum_steps, tanh

every_claim = pytest.mark.parametrize("claim", DERIVATIONS, ids=attrgetter("id"))
SMALL = {D: 2, H: 2, K: 2}
through_h = grad(h[t]) * o[t] * (1 - tanh(c[t]) ** 2)


def speaks_of_the_initial_state(claim: Derivation) -> bool:
    return any(isinstance(s, Var) and s.step == Step("", 0) for term in claim.chain for s in subterms(term))


@every_claim
def test_has_its_verdict_under_its_hypotheses(claim: Derivation) -> None:
    verdict = prove(claim)
    assert verdict.name == claim.expected, verdict
    assert verdict.hypotheses == claim.hypotheses
    assert verdict.rank == verdict.functions


@pytest.mark.parametrize(
    "claim", [each for each in DERIVATIONS if not speaks_of_the_initial_state(each)], ids=attrgetter("id")
)
def test_holds_for_every_number_of_steps(claim: Derivation) -> None:
    assert prove(claim).every_T is True


@every_claim
def test_is_refuted_with_the_other_sign(claim: Derivation) -> None:
    first, *_, last = claim.chain
    wrong = replace(claim, chain=(first, -last), reasons=("",))
    assert prove(wrong, SMALL, steps=2).name == "refuted"


@pytest.mark.parametrize("model", [LSTM, LSTM_SQUARED], ids=attrgetter("name"))
@pytest.mark.parametrize(
    ("left", "right"),
    [
        pytest.param(grad(c[t]), through_h, id="dc without the carry"),
        pytest.param(grad(c[t]), through_h + f[t] * grad(c[t + 1]), id="dc with the forget gate of its own step"),
        pytest.param(grad(c[t]), f[t + 1] * grad(c[t + 1]), id="dc without the way through h"),
        pytest.param(grad(c[T]), grad(h[T]) * o[T] * (1 - tanh(c[T])), id="dc at the last step without the square"),
        pytest.param(d(c[t], c[t - 1]), diag(f[t]), id="the carry as the total derivative"),
        pytest.param(immediate(c[t], c[t - 1]), diag(f[t - 1]), id="the carry of another step"),
        pytest.param(grad(o[t]), grad(h[t]) * c[t], id="do without tanh"),
        pytest.param(grad(i[t]), grad(c[t]) * i[t], id="di with i for g"),
        pytest.param(grad(f[t]), grad(c[t]) * c[t], id="df with the new cell state"),
        pytest.param(grad(ao[t]), grad(o[t]) * (1 - o[t] ** 2), id="σ' as tanh'"),
        pytest.param(
            grad(Whf), sum_steps(outer(grad(f[t]) * f[t] * (1 - f[t]), h[t])), id="dW_hf with the new hidden state"
        ),
        pytest.param(grad(Wxf), sum_steps(outer(grad(f[t]), x[t])), id="dW_xf without σ'"),
        pytest.param(grad(bi), sum_steps(grad(i[t]) * f[t] * (1 - f[t])), id="db_i with the forget gate"),
        pytest.param(grad(h[T]), Whz.T @ (y[T] - z[T]), id="dh at the last step, y and z swapped"),
    ],
)
def test_a_wrong_neighbour_is_refuted(model: Model, left: Term, right: Term) -> None:
    wrong = derivation("wrong", "", left, ("", right), model=model, source="")
    assert prove(wrong, SMALL, steps=2).name == "refuted"


def test_a_square_weight_without_its_transpose_is_refuted() -> None:
    (dh,) = (each for each in DERIVATIONS if each.id == "lstm.dh")
    last = dh.chain[-1]
    without = (Whf @ (grad(f[t]) * f[t] * (1 - f[t]))) - Whf.T @ (grad(f[t]) * f[t] * (1 - f[t]))
    assert prove(replace(dh, chain=(dh.chain[0], last + without), reasons=("",)), SMALL, steps=2).name == "refuted"


def test_the_error_of_cross_entropy_is_not_that_of_squared_error() -> None:
    claim = derivation("wrong", "", grad(alpha[t]), ("", z[t] - y[t]), model=LSTM_SQUARED, source="")
    assert prove(claim).name == "refuted"


def test_at_one_class_both_losses_look_alike() -> None:
    claim = derivation("small", "", grad(alpha[t]), ("", 0 * z[t]), model=LSTM_SQUARED, source="")
    assert prove(claim, sizes={K: 1}).name == "proved"
    assert prove(claim).name == "refuted"
