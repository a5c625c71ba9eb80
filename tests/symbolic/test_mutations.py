"""No neighbour of a closed form that is wrong is proved, none that is right is refuted.

For every mutant the oracle says whether it is the same function as the derivative, and what the targets
must satisfy for that; the verdict has to say the same.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import cache

import pytest
from mutations import EQUIVALENT, WRONG, Mutant, mutants
from oracle import FREE, Difference, Senseless, Silent, judge

from symbolic.derivations import catalogue, chapters
from symbolic.notation import D, H, K, N, Sizes
from symbolic.prove import prove
from symbolic.shapes import ShapeMismatch, shape
from symbolic.verdicts import IllTyped, Proved, Refuted, Unknown, Verdict

# N = 3 because at N = 2 the mean over the batch and a half are the same number.
SIZES: Sizes = {D: 2, H: 3, K: 2, N: 3}
SAMPLE = 150
SEED = 2016
EVERY_KIND = {*WRONG, *EQUIVALENT, "swapped variable", "definition"}


@cache
def every_mutant() -> tuple[Mutant, ...]:
    return tuple(m for record in catalogue() if record.expected == "proved" for m in mutants(record))


@cache
def sample() -> tuple[Mutant, ...]:
    """The same mutants every time, in turn from every chapter and every kind of change."""
    chapter = {record.id: module.__name__ for module in chapters() for record in module.DERIVATIONS}
    piles: dict[tuple[str, str], list[Mutant]] = {}
    for m in every_mutant():
        piles.setdefault((m.kind, chapter[m.origin.id]), []).append(m)
    chance = random.Random(SEED)
    drawn = [chance.sample(pile, min(4, len(pile))) for pile in piles.values()]
    turns = [m for turn in range(4) for pile in drawn for m in pile[turn : turn + 1]]
    return tuple(turns[:SAMPLE])


def wrong_about(mutant: Mutant) -> str:
    """What the verdict says that the oracle does not; empty if they agree."""
    verdict = prove(replace(mutant.origin, chain=(mutant.origin.chain[0], mutant.term), reasons=("",)), SIZES)
    truth = told_by_oracle(mutant)
    said = what_it_says(verdict)
    if said in truth and isinstance(verdict, Proved) and verdict.every_T:
        truth = told_by_oracle(mutant, steps=4)
    if (
        isinstance(verdict, Refuted)
        and (longer := verdict.counterexample.steps.get("T", 0) if verdict.counterexample else 0) > 3
    ):
        truth = told_by_oracle(mutant, steps=longer)
    if said in truth:
        return ""
    found = getattr(verdict, "counterexample", None) or getattr(verdict, "reason", "")
    return f"{mutant.id}: {mutant.origin.chain[0]} = {mutant.term}\n  verdict {said} {found}\n  oracle {truth}"


def told_by_oracle(mutant: Mutant, steps: int = 3) -> dict[str, object]:
    """The verdicts that would be right, with what the oracle saw."""
    first = mutant.origin.chain[0]
    try:
        if shape(mutant.term) != shape(first):
            return {IllTyped.name: "another shape"}
        truth = judge(first, mutant.term, mutant.origin.model, {**SIZES, **mutant.origin.sizes}, steps)
    except ShapeMismatch as why:
        return {IllTyped.name: str(why)}
    except Silent as why:
        return {Unknown.name: why}
    except Senseless as why:
        return {Unknown.name: why, Refuted.name: why, IllTyped.name: why}
    return {Refuted.name: truth} if isinstance(truth, Difference) else {f"{Proved.name} {truth}": ""}


def what_it_says(verdict: Verdict) -> str:
    if not isinstance(verdict, Proved):
        return verdict.name
    return f"{Proved.name} {' and '.join({h.kind for h in verdict.hypotheses}) or FREE}"


def all_right(some: Iterable[Mutant]) -> None:
    wrong = [what for m in some if (what := wrong_about(m))]
    assert not wrong, f"{len(wrong)} verdicts are wrong:\n" + "\n".join(wrong)


def test_a_sample_of_every_chapter_and_kind_is_judged_rightly() -> None:
    assert len(sample()) == SAMPLE
    assert {m.kind for m in sample()} == EVERY_KIND
    all_right(sample())


@pytest.mark.full
def test_there_are_enough_mutants() -> None:
    assert len(every_mutant()) >= 2000
    assert {m.kind for m in every_mutant()} == EVERY_KIND


@pytest.mark.full
@pytest.mark.parametrize("id", [record.id for record in catalogue() if record.expected == "proved"])
def test_every_mutant_of_a_derivation_is_judged_rightly(id: str) -> None:
    all_right(m for m in every_mutant() if m.origin.id == id)


def test_mutants_are_distinct_and_none_is_the_closed_form() -> None:
    for id, names in Counter(m.id for m in every_mutant()).items():
        assert names == 1, id
    for record in catalogue():
        terms = [m.term for m in mutants(record)]
        assert len(set(terms)) == len(terms), record.id
        assert record.chain[-1] not in terms, record.id


def test_the_sample_holds_mutants_that_must_be_proved_refuted_and_refused() -> None:
    """Without this, an oracle that says the same of everything would go unnoticed."""
    told = Counter(name.split()[0] for m in sample() for name in told_by_oracle(m))
    assert told[Proved.name] >= 30
    assert told[Refuted.name] >= 30
    assert told[IllTyped.name] >= 3


@pytest.mark.parametrize("kind", [*EQUIVALENT, "definition"])
def test_rewrites_that_are_meant_to_be_right_are_right_for_the_oracle(kind: str) -> None:
    """Two witnesses of one thing: a rule of algebra here, numbers there."""
    for m in sample():
        if m.kind == kind:
            told = told_by_oracle(m)
            assert any(name.startswith((Proved.name, Unknown.name)) for name in told), f"{m.id}: {m.term}: {told}"
