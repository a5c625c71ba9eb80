"""The chapter on the mini-batch RNN: every claim has its verdict, every wrong neighbour is refuted."""

from dataclasses import replace
from operator import attrgetter

import pytest

from symbolic.derivations.minibatch import DERIVATIONS, G, change, mean, rows, slope
from symbolic.models.minibatch import MINIBATCH, A, H, U, V, W, X, b, o, y, yhat
from symbolic.notation import D, K, N, T, t
from symbolic.notation import H as HIDDEN
from symbolic.prove import prove
from symbolic.records import Derivation, derivation
from symbolic.terms import Term, grad, inner, one_over, sum_steps, total

every_claim = pytest.mark.parametrize("claim", DERIVATIONS, ids=attrgetter("id"))
SMALL = {D: 2, HIDDEN: 2, K: 2, N: 2}
to_output = grad(o[t]) @ V.T


@every_claim
def test_has_its_verdict_under_its_hypotheses(claim: Derivation) -> None:
    verdict = prove(claim)
    assert verdict.name == claim.expected, verdict
    assert verdict.hypotheses == claim.hypotheses
    assert verdict.rank == verdict.functions


@pytest.mark.parametrize("claim", [each for each in DERIVATIONS if each.model], ids=attrgetter("id"))
def test_holds_for_every_number_of_steps(claim: Derivation) -> None:
    assert prove(claim).every_T is True


@every_claim
def test_is_refuted_with_the_other_sign(claim: Derivation) -> None:
    first, *_, last = claim.chain
    verdict = prove(replace(claim, chain=(first, -last), reasons=("",)), SMALL, steps=2)
    assert verdict.name == "refuted", verdict


@pytest.mark.parametrize(
    ("left", "right"),
    [
        pytest.param(grad(o[t]), one_over(N) * (yhat[t] - y[t]), id="the mean over the steps forgotten"),
        pytest.param(grad(o[t]), one_over(None) * (yhat[t] - y[t]), id="the mean over the examples forgotten"),
        pytest.param(grad(H[t]), to_output + grad(A[t + 1]) @ W, id="W for its transpose"),
        pytest.param(grad(H[t]), to_output, id="the path through the next step left out"),
        pytest.param(grad(H[T]), mean * (yhat[T] + y[T]) @ V.T, id="y with the wrong sign"),
        pytest.param(grad(A[t]), (1 - H[t]) * grad(H[t]), id="tanh' without the square"),
        pytest.param(grad(U), X[t].T @ grad(A[t]), id="one step for the sum"),
        pytest.param(grad(U), sum_steps(X[t].T @ grad(H[t])), id="U without the slope"),
        pytest.param(grad(W), sum_steps(H[t].T @ grad(A[t])), id="W with the new hidden states"),
        pytest.param(grad(W), sum_steps(grad(A[t]).T @ H[t - 1]), id="W transposed"),
        pytest.param(grad(b), sum_steps(one_over(N) * total(slope * grad(H[t]), N)), id="b as a mean of rows"),
    ],
)
def test_a_wrong_neighbour_is_refuted(left: Term, right: Term) -> None:
    wrong = derivation("wrong", "", left, ("", right), model=MINIBATCH, source="")
    assert prove(wrong, SMALL, steps=2).name == "refuted"


def test_the_frobenius_step_wants_the_transpose_on_the_left() -> None:
    first = inner(G, rows @ change)
    assert prove(derivation("wrong", "", first, ("", inner(rows @ G, change)), source="")).name == "ill_typed"
    assert prove(derivation("wrong", "", first, ("", inner(G.T @ rows, change)), source="")).name == "ill_typed"
