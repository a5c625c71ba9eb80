"""The chapter on the GRU: every claim has its verdict, every wrong neighbour is refuted."""

from dataclasses import replace
from operator import attrgetter

import pytest

from symbolic.derivations.gru import DERIVATIONS
from symbolic.models.gru import GRU, Uh, Ur, Uz, V, Wz, ah, ar, az, bz, h, htilde, o, r, x, y, yhat, z
from symbolic.notation import D, H, K, T, t
from symbolic.prove import prove
from symbolic.records import Derivation, derivation
from symbolic.terms import Derivative, Term, grad, outer, sum_steps

every_claim = pytest.mark.parametrize("claim", DERIVATIONS, ids=attrgetter("id"))
SMALL = {D: 2, H: 2, K: 2}
to_output = V.T @ grad(o[t])
carry = (1 - z[t + 1]) * grad(h[t + 1])
to_gates = Uz.T @ grad(az[t + 1]) + Ur.T @ grad(ar[t + 1])
to_candidate = r[t + 1] * (Uh.T @ grad(ah[t + 1]))


@every_claim
def test_has_its_verdict_for_every_number_of_steps(claim: Derivation) -> None:
    verdict = prove(claim)
    assert verdict.name == claim.expected, verdict
    assert verdict.hypotheses == claim.hypotheses
    assert verdict.every_T is True
    assert verdict.rank == verdict.functions


@every_claim
def test_is_refuted_with_the_other_sign(claim: Derivation) -> None:
    first, *_, last = claim.chain
    verdict = prove(replace(claim, chain=(first, -last), reasons=("",)), SMALL, steps=2)
    assert verdict.name == "refuted", verdict


def test_every_parameter_has_its_gradient() -> None:
    first = (claim.chain[0] for claim in DERIVATIONS)
    assert {each.by.name for each in first if isinstance(each, Derivative)} >= {p.name for p in GRU.parameters}


@pytest.mark.parametrize(
    ("left", "right"),
    [
        pytest.param(grad(h[t]), to_output + to_gates + to_candidate, id="the carry left out"),
        pytest.param(grad(h[t]), to_output + carry + to_gates, id="the way through the candidate left out"),
        pytest.param(
            grad(h[t]),
            to_output + carry + to_gates + Uh.T @ (r[t + 1] * grad(ah[t + 1])),
            id="the reset gate after the matrix product",
        ),
        pytest.param(
            grad(h[t]), to_output + z[t + 1] * grad(h[t + 1]) + to_gates + to_candidate, id="z and 1 − z swapped"
        ),
        pytest.param(grad(z[t]), grad(h[t]) * (h[t - 1] - htilde[t]), id="the other convention of z"),
        pytest.param(grad(htilde[t]), grad(h[t]) * r[t], id="the two gates swapped"),
        pytest.param(grad(r[t]), h[t] * (Uh.T @ grad(ah[t])), id="the new state for the old"),
        pytest.param(grad(r[t]), h[t - 1] * (Uh @ grad(ah[t])), id="the weights without their transpose"),
        pytest.param(grad(az[t]), (1 - z[t] ** 2) * grad(z[t]), id="tanh' for σ'"),
        pytest.param(grad(ah[t]), htilde[t] * (1 - htilde[t]) * grad(htilde[t]), id="σ' for tanh'"),
        pytest.param(grad(Uh), sum_steps(outer(grad(ah[t]), h[t - 1])), id="U_h without the reset gate"),
        pytest.param(grad(Wz), sum_steps(outer(grad(z[t]), x[t])), id="W_z without the slope"),
        pytest.param(grad(bz), sum_steps(grad(az[t]), first=2), id="b_z without its first use"),
        pytest.param(grad(h[T]), V.T @ (y[T] - yhat[T]), id="y and ŷ swapped at the last step"),
    ],
)
def test_a_wrong_neighbour_is_refuted(left: Term, right: Term) -> None:
    wrong = derivation("wrong", "", left, ("", right), model=GRU, source="")
    assert prove(wrong, SMALL, steps=2).name == "refuted"
