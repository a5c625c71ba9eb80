"""The least hypothesis about the targets is found, and none is invented."""

from __future__ import annotations

import pytest

from symbolic.hypotheses import modulo_one_hot, summing_to_one
from symbolic.models import rnn
from symbolic.models.head import HEAD, HEAD_SQUARED, V, o, y, yhat
from symbolic.models.head import h as h_head
from symbolic.models.rnn import RNN
from symbolic.normal_form import Ring
from symbolic.notation import D, H, K, N, t
from symbolic.prove import prove
from symbolic.records import derivation
from symbolic.terms import Term, array, diag, grad, indicator, log, ones, outer, scalar, total
from symbolic.verdicts import Hypothesis, Proved, Refuted, Verdict, one_hot, sums_to_one

SIZES = {D: 2, H: 3, K: 3, N: 3}


def verdict(left: Term, right: Term, model: object = HEAD) -> Verdict:
    return prove(derivation("x", "", left, ("", right), model=model, source=""), SIZES)  # type: ignore[arg-type]


FOUND: list[tuple[Term, Term, tuple[Hypothesis, ...]]] = [
    (grad(yhat), -y / yhat, ()),
    (grad(o), total(y) * yhat - y, ()),
    (grad(o), (outer(yhat, ones(K)) - diag(ones(K))) @ y, ()),
    (grad(o), yhat - y, (sums_to_one(y),)),
    (grad(h_head), V.T @ (yhat - y), (sums_to_one(y),)),
    (grad(o), total(y) ** 2 * yhat - y, (sums_to_one(y),)),
    (grad(o), yhat - y**2, (one_hot(y),)),
    (grad(o), yhat - indicator(y), (one_hot(y),)),
    (total(y * y), array("y", K) @ array("y", K), ()),
    (total(y**3), total(y), (one_hot(y),)),
]


@pytest.mark.parametrize(("left", "right", "hypotheses"), FOUND, ids=[f"{a} = {b}" for a, b, _ in FOUND])
def test_the_least_hypothesis_is_found(left: Term, right: Term, hypotheses: tuple[Hypothesis, ...]) -> None:
    found = verdict(left, right)
    assert isinstance(found, Proved), found
    assert found.hypotheses == hypotheses


@pytest.mark.parametrize(
    "right",
    [y - yhat, yhat - 2 * y, yhat + y, yhat - indicator(y) / 2, yhat - y * yhat, total(y) * yhat - 2 * y],
    ids=str,
)
def test_no_hypothesis_repairs_what_is_wrong(right: Term) -> None:
    assert isinstance(verdict(grad(o), right), Refuted)


def test_only_targets_are_assumed_to_be_anything() -> None:
    w = array("w", K)
    assert isinstance(verdict(total(w), total(y)), Refuted)
    assert isinstance(verdict(total(w) * total(yhat), total(w)), Proved)
    assert isinstance(verdict(total(w) * total(y), total(w) * total(y) ** 2), Proved)


def test_squared_error_needs_none() -> None:
    e = yhat - y
    found = verdict(grad(o), yhat * e - yhat * (yhat @ e), HEAD_SQUARED)
    assert isinstance(found, Proved)
    assert found.hypotheses == ()


def test_hypotheses_hold_at_every_step_of_a_sequence() -> None:
    found = verdict(grad(rnn.o[t]), rnn.yhat[t] - rnn.y[t], RNN)
    assert isinstance(found, Proved)
    assert [str(h) for h in found.hypotheses] == ["Σ_k y_k = 1"]
    assert isinstance(verdict(grad(rnn.o[t]), rnn.yhat[t] - rnn.y[t - 1], RNN), Refuted)


def test_without_a_model_there_are_no_targets() -> None:
    assert isinstance(verdict(total(y), scalar("s") * 0 + 1, None), Refuted)


def test_a_hypothesis_can_stand_on_the_left_side_too() -> None:
    found = verdict(-total(y * log(yhat)), total(y) * -total(y * log(yhat)))
    assert isinstance(found, Proved)
    assert found.hypotheses == (sums_to_one(y),)


def test_one_hot_kills_products_and_powers_but_not_the_entries() -> None:
    ring = Ring()
    keys = [("y", None, (n,)) for n in range(3)]
    y1, y2, y3 = (ring.generator(key) for key in keys)
    x = ring.generator("x")
    group = [tuple(ring.keys.index(key) for key in keys)]
    assert ring.is_zero(modulo_one_hot(ring, x * y1 * y2, group))
    assert ring.is_zero(modulo_one_hot(ring, x * (y1**2 - y1), group))
    assert not ring.is_zero(modulo_one_hot(ring, x * (y1**2 - y2), group))
    assert not ring.is_zero(modulo_one_hot(ring, y1 - y3, group))


def test_the_last_entry_is_what_is_left_of_one() -> None:
    import numpy as np

    ring = Ring()
    entries = np.array([[ring.generator((row, n)) for n in range(3)] for row in range(2)], dtype=object)
    solved = summing_to_one(ring, entries)
    assert all(ring.is_zero(ring.sum(row) - 1) for row in solved)
    assert not any(ring.is_zero(ring.sum(row) - 1) for row in entries)
