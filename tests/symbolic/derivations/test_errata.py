"""The errata: every misprint has its verdict, every repair is proved."""

from operator import attrgetter

import pytest
from mpmath import mpf

from symbolic.derivations import catalogue
from symbolic.derivations.errata import DERIVATIONS
from symbolic.prove import prove
from symbolic.records import Derivation
from symbolic.shapes import shape
from symbolic.verdicts import IllTyped, Proved, Refuted

REFUTED = [each for each in DERIVATIONS if each.expected == "refuted"]
ILL_TYPED = [each for each in DERIVATIONS if each.expected == "ill_typed"]
PROVED = [each for each in DERIVATIONS if each.expected == "proved"]
MISPRINTS = [*REFUTED, *ILL_TYPED]


@pytest.mark.parametrize("erratum", REFUTED, ids=attrgetter("id"))
def test_is_refuted_by_enclosures_that_do_not_meet(erratum: Derivation) -> None:
    verdict = prove(erratum)
    assert isinstance(verdict, Refuted), verdict
    found = verdict.counterexample
    assert found is not None
    (left_low, left_high), (right_low, right_high) = (map(mpf, ends) for ends in (found.left, found.right))
    assert left_low <= left_high < right_low or right_low <= right_high < left_low, found
    assert found.values


@pytest.mark.parametrize("erratum", ILL_TYPED, ids=attrgetter("id"))
def test_is_ill_typed_by_two_shapes_that_do_not_conform(erratum: Derivation) -> None:
    verdict = prove(erratum)
    assert isinstance(verdict, IllTyped), verdict
    assert verdict.left != verdict.right
    shape(erratum.chain[0])  # what is meant is well typed: only the print is not


@pytest.mark.parametrize("repair", PROVED, ids=attrgetter("id"))
def test_a_repair_of_this_chapter_is_proved(repair: Derivation) -> None:
    verdict = prove(repair)
    assert isinstance(verdict, Proved), verdict
    assert verdict.hypotheses == repair.hypotheses
    assert repair.id in {misprint.repair for misprint in MISPRINTS}


@pytest.mark.parametrize("erratum", MISPRINTS, ids=attrgetter("id"))
def test_names_a_repair_that_is_proved(erratum: Derivation) -> None:
    repair = catalogue()[erratum.repair]
    verdict = prove(repair)
    assert repair.expected == "proved"
    assert isinstance(verdict, Proved), verdict


@pytest.mark.parametrize("erratum", MISPRINTS, ids=attrgetter("id"))
def test_says_where_it_is_printed(erratum: Derivation) -> None:
    assert "(text 00" in erratum.source or erratum.source.startswith("Goodfellow")
    assert ": " in erratum.source, "the source names the text, then what is printed"
