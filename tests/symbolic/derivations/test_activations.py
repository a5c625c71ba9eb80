"""The chapter on activations: every claim has its verdict, every wrong neighbour is refuted."""

from dataclasses import replace
from operator import attrgetter

import pytest

from symbolic.derivations.activations import DERIVATIONS, a, x
from symbolic.prove import prove
from symbolic.records import Derivation, derivation
from symbolic.terms import Term, d, diag, exp, sigmoid, tanh

every_claim = pytest.mark.parametrize("claim", DERIVATIONS, ids=attrgetter("id"))


@every_claim
def test_is_proved_without_hypotheses(claim: Derivation) -> None:
    verdict = prove(claim)
    assert verdict.name == claim.expected, verdict
    assert verdict.hypotheses == claim.hypotheses == ()
    assert verdict.every_T is None


@every_claim
def test_is_refuted_with_the_other_sign(claim: Derivation) -> None:
    first, *_, last = claim.chain
    assert prove(replace(claim, chain=(first, -last), reasons=("",))).name == "refuted"


@pytest.mark.parametrize(
    ("left", "right"),
    [
        pytest.param(d(sigmoid(x), x), sigmoid(x) * (1 + sigmoid(x)), id="σ' = σ(1 + σ)"),
        pytest.param(d(sigmoid(x), x), 1 - sigmoid(x) ** 2, id="σ' by the rule of tanh"),
        pytest.param(d(tanh(x), x), tanh(x) * (1 - tanh(x)), id="tanh' by the rule of σ"),
        pytest.param(d(tanh(x), x), 1 - tanh(x), id="tanh' without the square"),
        pytest.param(d(tanh(a), a), diag(1 - tanh(a)), id="the Jacobian without the square"),
        pytest.param(tanh(x), 2 * sigmoid(x) - 1, id="tanh not stretched"),
        pytest.param(tanh(x), (exp(x) - exp(-x)) / 2, id="sinh for tanh"),
        pytest.param(sigmoid(-x), sigmoid(x), id="σ as an even function"),
    ],
)
def test_a_wrong_neighbour_is_refuted(left: Term, right: Term) -> None:
    assert prove(derivation("wrong", "", left, ("", right), source="")).name == "refuted"
