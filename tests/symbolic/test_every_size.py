"""A bound on the sizes is given where a proof at the bound settles every size, and only there."""

from __future__ import annotations

import random

import pytest

from symbolic.derivations import catalogue
from symbolic.models.rnn import RNN, V, W, a, h, o
from symbolic.notation import AXES, D, H, Index, K, t
from symbolic.prove import prove
from symbolic.records import Derivation, derivation
from symbolic.terms import (
    Term,
    array,
    delta,
    eye,
    grad,
    inner,
    one_over,
    ones,
    outer,
    softmax,
    sum_over,
    total,
)
from symbolic.verdicts import Proved

u, v, A = array("u", H), array("v", H), array("A", H, H)


def claim(left: Term, right: Term, model: object = None) -> Derivation:
    return derivation("claim", "", left, ("claimed", right), source="", model=model)  # type: ignore[arg-type]


def proved(left: Term, right: Term, model: object = None, **sizes: int) -> Proved:
    verdict = prove(claim(left, right, model), {AXES[name]: n for name, n in sizes.items()})
    assert isinstance(verdict, Proved), verdict
    return verdict


def test_hamilton_cayley_in_two_dimensions_is_not_taken_for_every_size() -> None:
    trace, trace_of_square = inner(eye(H), A), inner(eye(H), A @ A)
    determinant = (trace * trace - trace_of_square) / 2
    verdict = proved(A @ A, trace * A - determinant * eye(H), H=2)
    assert verdict.every_size is None
    assert "not shown at the bound" in verdict.size_reason


def test_an_identity_of_the_same_form_that_holds_everywhere_is_taken() -> None:
    verdict = proved(inner(eye(H), A @ A), inner(A.T, A), H=2)
    assert verdict.every_size == {"H": 2}


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (total(ones(H)), array("s") * 0 + 5),
        (inner(eye(H), eye(H)), array("s") * 0 + 5),
        (ones(H) @ ones(H) * u, 5 * u),
        (total(outer(ones(H), u)), 5 * total(u)),
    ],
)
def test_bare_sums_hold_at_one_size_only(left: Term, right: Term) -> None:
    verdict = proved(left, right, H=5)
    assert verdict.every_size is None
    assert "bare sum over H" in verdict.size_reason
    assert not isinstance(prove(claim(left, right), {H: 4}), Proved)


def test_a_named_entry_has_no_bound() -> None:
    verdict = proved(u.at(1) + u.at(2), u.at(2) + u.at(1))
    assert verdict.every_size is None
    assert "names the entry" in verdict.size_reason


def test_a_mean_holds_for_every_size_as_a_free_factor() -> None:
    assert proved(one_over(H) * (A @ u), (one_over(H) * A) @ u).every_size == {"H": 2}


def test_deltas_are_eliminated() -> None:
    i, j = Index("i", H), Index("j", H)
    verdict = proved(sum_over(j, delta(i, j) * u.at(j)), u.at(i), H=2)
    assert verdict.every_size == {"H": 2}


def test_each_softmax_is_cleared_with_a_subscript_of_its_own() -> None:
    p, q = array("p", K), array("q", K)
    both = outer(softmax(p), softmax(q))
    assert proved(both, outer(softmax(q), softmax(p)).T).every_size == {"K": 2}
    assert proved(both @ ones(K), softmax(p), K=2).every_size == {"K": 2}
    assert proved(softmax(p + array("s")), softmax(p), K=2).every_size == {"K": 2}


def test_a_step_of_the_chain_rule_needs_few_subscripts() -> None:
    verdict = proved(grad(h[t]), V.T @ grad(o[t]) + W.T @ grad(a[t + 1]), RNN)
    assert verdict.every_size == {"H": 2, "K": 2}


def bounded() -> list[Derivation]:
    records = [r for r in catalogue() if r.expected == "proved" and not r.sizes]
    return random.Random(0).sample(records, 12)


@pytest.mark.parametrize("record", bounded(), ids=lambda record: record.id)
def test_what_has_a_bound_is_proved_at_other_sizes_too(record: Derivation) -> None:
    verdict = prove(record)
    assert isinstance(verdict, Proved)
    if verdict.every_size is None:
        assert verdict.size_reason
        return
    for sizes in ({D: 2, H: 2, K: 2}, {D: 3, H: 2, K: 5}, {D: 2, H: 4, K: 2}):
        assert isinstance(prove(record, sizes), Proved), sizes


def test_wrong_formulas_that_pass_at_size_one_are_refuted_at_the_bound() -> None:
    wrong = claim(grad(h[t]), V.T @ grad(o[t]) + W @ grad(a[t + 1]), RNN)
    assert isinstance(prove(wrong, {D: 1, H: 1, K: 2}), Proved)
    assert prove(wrong, {D: 1, H: 1, K: 2}).every_size is None  # type: ignore[attr-defined]
    assert prove(wrong, {D: 1, H: 2, K: 2}).name == "refuted"
