"""The chapter on softmax: every claim has its verdict, every wrong neighbour is refuted."""

from dataclasses import replace
from operator import attrgetter

import pytest

from symbolic.derivations.softmax import DERIVATIONS
from symbolic.model import Model
from symbolic.models.head import HEAD, HEAD_SQUARED, V, h, o, y, yhat
from symbolic.notation import Index, K
from symbolic.prove import prove
from symbolic.records import Derivation, derivation
from symbolic.terms import LOSS, Term, d, delta, diag, exp, eye, grad, indicator, log, ones, outer, softmax, total

i, j = Index("i", K), Index("j", K)
every_claim = pytest.mark.parametrize("claim", DERIVATIONS, ids=attrgetter("id"))


@every_claim
def test_has_its_verdict_under_its_hypotheses(claim: Derivation) -> None:
    verdict = prove(claim)
    assert verdict.name == claim.expected, verdict
    assert verdict.hypotheses == claim.hypotheses
    assert verdict.every_T is None


@every_claim
def test_is_refuted_with_the_other_sign(claim: Derivation) -> None:
    first, *_, last = claim.chain
    assert prove(replace(claim, chain=(first, -last), reasons=("",))).name == "refuted"


@pytest.mark.parametrize(
    ("model", "left", "right"),
    [
        pytest.param(HEAD, d(yhat.at(i), o.at(j)), yhat.at(i) * (1 - yhat.at(j)), id="Jacobian with 1 for δ"),
        pytest.param(HEAD, d(yhat.at(i), o.at(j)), yhat.at(j) * (delta(i, j) - yhat.at(j)), id="Jacobian with j for i"),
        pytest.param(HEAD, d(yhat, o), diag(yhat * (1 - yhat)), id="Jacobian as for σ"),
        pytest.param(HEAD, yhat, o / total(o), id="softmax without exp"),
        pytest.param(HEAD, softmax(2 * o), softmax(o), id="softmax does see a stretch"),
        pytest.param(HEAD, d(log(total(exp(o))), o), exp(o), id="log-sum-exp without its normaliser"),
        pytest.param(HEAD, LOSS, total(y * log(yhat)), id="the log-likelihood itself"),
        pytest.param(HEAD, grad(yhat), -y * yhat, id="−yŷ for −y/ŷ"),
        pytest.param(HEAD, grad(o), yhat * (yhat - y), id="a factor ŷ too many"),
        pytest.param(HEAD, grad(o), (outer(ones(K), yhat) - eye(K)) @ y, id="the matrix transposed"),
        pytest.param(HEAD, grad(o), yhat + indicator(y), id="plus the indicator"),
        pytest.param(HEAD, grad(h), V.T @ yhat - V.T @ y * total(yhat * y), id="factors ŷ that do not cancel"),
        pytest.param(HEAD_SQUARED, grad(o), yhat - y, id="squared error as if it were cross-entropy"),
        pytest.param(HEAD_SQUARED, grad(o), yhat * (1 - yhat) * (yhat - y), id="squared error through σ"),
    ],
)
def test_a_wrong_neighbour_is_refuted(model: Model, left: Term, right: Term) -> None:
    assert prove(derivation("wrong", "", left, ("", right), model=model, source="")).name == "refuted"


@pytest.mark.parametrize(
    "right",
    [pytest.param(V @ (yhat - y), id="V without its transpose"), pytest.param(yhat - y, id="no V at all")],
)
def test_a_gradient_of_another_shape_is_ill_typed(right: Term) -> None:
    assert prove(derivation("wrong", "", grad(h), ("", right), model=HEAD, source="")).name == "ill_typed"
