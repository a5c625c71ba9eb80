"""The chapters on the RNN and on BPTT: every claim has its verdict, every wrong neighbour is refuted."""

from dataclasses import replace
from operator import attrgetter

import pytest

from symbolic.derivations import bptt, rnn
from symbolic.model import Model
from symbolic.models.rnn import RNN, RNN_SQUARED, L_t, U, V, W, a, b, h, o, x, y, yhat
from symbolic.notation import D, H, K, T, k, t
from symbolic.prove import prove
from symbolic.records import Derivation, derivation
from symbolic.terms import Term, d, diag, eye, grad, immediate, outer, product_steps, sum_steps

CLAIMS = [*rnn.DERIVATIONS, *bptt.DERIVATIONS]
BACK_TO_THE_FIRST_STEP = {
    "bptt.jacobian-product",
    "bptt.state",
    "bptt.one-loss",
    "bptt.double-sum",
    "bptt.double-sum-U",
    "bptt.forward-gradient-W",
    "bptt.forward-gradient-U",
    "bptt.truncation",
    "bptt.truncation-anywhere",
    "bptt.truncation-split",
}
STEP_CLAIMS = [claim for claim in CLAIMS if claim.id not in BACK_TO_THE_FIRST_STEP]
SMALL = {D: 2, H: 2, K: 2}
slope, next_slope = 1 - h[t] ** 2, 1 - h[t + 1] ** 2
to_output = V.T @ grad(o[t])

every_claim = pytest.mark.parametrize("claim", CLAIMS, ids=attrgetter("id"))


@every_claim
def test_has_its_verdict_under_its_hypotheses(claim: Derivation) -> None:
    verdict = prove(claim)
    assert verdict.name == claim.expected, verdict
    assert verdict.hypotheses == claim.hypotheses
    assert verdict.rank == verdict.functions


@pytest.mark.parametrize("claim", STEP_CLAIMS, ids=attrgetter("id"))
def test_holds_for_every_number_of_steps(claim: Derivation) -> None:
    assert prove(claim).every_T is True


@every_claim
def test_is_refuted_with_the_other_sign(claim: Derivation) -> None:
    first, *_, last = claim.chain
    verdict = prove(replace(claim, chain=(first, -last), reasons=("",)), SMALL, steps=2)
    assert verdict.name == "refuted", verdict


@pytest.mark.parametrize("model", [RNN, RNN_SQUARED], ids=attrgetter("name"))
@pytest.mark.parametrize(
    ("left", "right"),
    [
        pytest.param(grad(h[t]), W @ (next_slope * grad(h[t + 1])) + to_output, id="W for its transpose"),
        pytest.param(grad(h[t]), W.T @ (slope * grad(h[t + 1])) + to_output, id="the slope of this step"),
        pytest.param(grad(h[t]), next_slope * (W.T @ grad(h[t + 1])) + to_output, id="the slope after Wᵀ"),
        pytest.param(grad(h[t]), to_output, id="the path through the next step left out"),
        pytest.param(grad(h[t]), W.T @ (next_slope * grad(h[t + 1])), id="the path through the output left out"),
        pytest.param(grad(h[T]), V.T @ (y[T] - yhat[T]), id="y and ŷ swapped at the last step"),
        pytest.param(grad(a[t]), h[t] * (1 - h[t]) * grad(h[t]), id="σ' for tanh'"),
        pytest.param(grad(W), sum_steps(outer(grad(a[t]), h[t])), id="W with the new hidden state"),
        pytest.param(grad(W), sum_steps(outer(h[t - 1], grad(a[t]))), id="W transposed"),
        pytest.param(grad(U), sum_steps(outer(grad(h[t]), x[t])), id="U without the slope"),
        pytest.param(grad(b), sum_steps(grad(a[t]), first=2), id="b without its first use"),
        pytest.param(d(h[t], h[t - 1]), W @ diag(slope), id="the Jacobian's factors swapped"),
    ],
)
def test_a_wrong_neighbour_is_refuted(model: Model, left: Term, right: Term) -> None:
    wrong = derivation("wrong", "", left, ("", right), model=model, source="")
    assert prove(wrong, SMALL, steps=2).name == "refuted"


@pytest.mark.parametrize(
    ("left", "right"),
    [
        pytest.param(
            d(h[t + 1], h[k]), product_steps(W @ diag(1 - h[bptt.j] ** 2), k + 1, t + 1), id="factors swapped"
        ),
        pytest.param(d(h[t + 1], h[k]), product_steps(bptt.step_jacobian, k, t + 1), id="a factor too many"),
        pytest.param(
            d(L_t[t], W),
            sum_steps(d(L_t[t], h[k]) @ d(h[k], W), last=t, index="k"),
            id="total for immediate derivatives",
        ),
        pytest.param(
            d(L_t[t], W),
            sum_steps(d(L_t[t], h[k]) @ immediate(h[k], W), first=t - 1, last=t, index="k"),
            id="the truncated gradient for the whole",
        ),
        pytest.param(d(h[t], W), immediate(h[t], W), id="the immediate derivative for the total"),
        pytest.param(
            d(h[t], W), diag(slope) @ (outer(eye(H), h[t]) + W @ d(h[t - 1], W)), id="the recursion with h of its step"
        ),
        pytest.param(grad(W), d(L_t[T], W), id="the last loss alone"),
    ],
)
def test_a_wrong_neighbour_along_the_sequence_is_refuted(left: Term, right: Term) -> None:
    wrong = derivation("wrong", "", left, ("", right), model=RNN, source="")
    assert prove(wrong, SMALL).name == "refuted"


def test_the_gradient_by_the_outputs_is_that_of_its_loss() -> None:
    claim = derivation("wrong", "", grad(o[t]), ("", yhat[t] - y[t]), model=RNN_SQUARED, source="")
    assert prove(claim).name == "refuted"
