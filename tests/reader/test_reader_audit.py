"""The five seed texts: every displayed formula has the verdict that was decided on by hand.

`expected/<stem>.txt` holds line:column, the verdict (! for a definition with a defect) and
whether a repair is proved.  It was decided on from the texts, and agrees with the chapter
Errata of the catalogue, which was written without the reader.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from symbolic.reader.document import findings, parts

ROOT = Path(__file__).parents[2]
SEEDS = ROOT.parent / "shared" / "seeds"
STEMS = sorted(path.stem for path in (ROOT / "docs" / "audit").glob("*.check"))
EXPECTED = Path(__file__).parent / "expected"

pytestmark = pytest.mark.skipif(not SEEDS.is_dir(), reason="the seed texts are not beside the project")


def declared(stem):
    path = ROOT / "docs" / "audit" / f"{stem}.check"
    return path.name, path.read_text(encoding="utf-8")


def content(stem):
    return (SEEDS / f"{stem}.txt").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def found():
    return {stem: list(findings(f"{stem}.txt", content(stem), declared(stem))) for stem in STEMS}


def test_every_seed_text_is_declared():
    assert sorted(path.stem for path in SEEDS.glob("*.txt")) == STEMS


@pytest.mark.parametrize("stem", STEMS)
def test_the_verdicts_are_those_decided_on(found, stem):
    said = {}
    for finding in (finding for each in found[stem] for finding in each):
        if finding.displayed or finding.defect or finding.verdict != "definition":
            verdict = finding.verdict + "!" * finding.defect
            said[f"{finding.line}:{finding.column}"] = f"{verdict} repaired" if finding.repair else verdict
    lines = (EXPECTED / f"{stem}.txt").read_text(encoding="utf-8").splitlines()
    assert said == dict(line.split(" ", 1) for line in lines)


def test_at_least_97_of_100_displayed_formulas_are_read(found):
    displayed = [each for stem in STEMS for each in found[stem] if each and each[0].displayed]
    unread = [each[0] for each in displayed if any(finding.verdict == "unread" for finding in each)]
    assert len(displayed) == 118
    assert len(unread) <= 0.03 * len(displayed), unread


def test_no_name_is_read_that_is_not_declared():
    (part,) = parts("text.txt", content(STEMS[0]), None)
    first = next(formula for formula in part.formulas if formula.displayed)
    assert first.place[0] == 19
    assert {f.verdict for each in findings("text.txt", content(STEMS[0])) for f in each if f.displayed} <= {"unread"}
