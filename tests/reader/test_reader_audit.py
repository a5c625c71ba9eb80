"""The audit of five texts: every displayed formula has the verdict that was decided on by hand.

`docs/audit` holds for each text its formulas, in a file in which its prose is blank, its declarations and its
verdicts: line:column, the verdict (! for a definition with a defect) and whether a repair is proved.  They were
decided on from the texts, and agree with the chapter Errata of the catalogue, which was written without the reader.

`expected/sample.json` holds 60 of the displayed equalities, drawn with a fixed seed (16 of each long text, 7 of
003, all 5 of 004), what each is read as or why nothing conforms, and whether that is what the text says: it was
held against the text by hand.  All 60 are read rightly.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from gradproof import check_run
from gradproof.run import usable_cores
from gradproof.site.decided import undecided
from gradproof.site.verdicts import read
from symbolic.reader.scan import formulas, sources

ROOT = Path(__file__).parents[2]
AUDIT = ROOT / "docs" / "audit"
SEEDS = ROOT.parent / "shared" / "seeds"
STEMS = sorted(path.stem for path in AUDIT.glob("*.check"))
SAMPLE = json.loads((Path(__file__).parent / "expected" / "sample.json").read_text(encoding="utf-8"))

with_texts = pytest.mark.skipif(not SEEDS.is_dir(), reason="the five texts are not beside the project")


def formulas_alone(name: str, text: str) -> str:
    """The text with its formulas at their lines and columns, and blanks instead of its prose."""
    (source,) = sources(name, text)
    found, position = [], 0
    for formula in formulas(source):
        before, after = delimiters(source.text[: formula.start])
        start, end = formula.start - len(before), formula.start + len(formula.latex) + len(after)
        found += [blank(source.text[position:start]), source.text[start:end]]
        position = end
    return "".join([*found, blank(source.text[position:]).rstrip(" ")])


def delimiters(before: str) -> tuple[str, str]:
    for opening, closing in (("$$", "$$"), ("$", "$"), (r"\[", r"\]"), (r"\(", r"\)")):
        if before.endswith(opening):
            return opening, closing
    return "", ""


def blank(prose: str) -> str:
    """A full stop, as no sentence leads on from one formula to the next, and `_` for the words that are left out.

    Without it a formula that words introduce would stand alone, as the condition of a case does.
    """
    left = re.sub(r"[^\n]", " ", prose)
    if prose.strip():
        left = left.replace(" ", ".", 1)
    if re.search(r"\w", prose):
        left = re.sub(r" ( ?\n*)\Z", r"_\1", left)
    return re.sub(r" +\n", "\n", left)


@pytest.fixture(scope="module")
def documents():
    return {Path(each.name).stem: each for each in check_run.documents([AUDIT / f"{stem}.txt" for stem in STEMS])}


@pytest.fixture(scope="module")
def found(documents, kept_audit):
    run = read(kept_audit)
    return {stem: run.on(document) for stem, document in documents.items()}


@pytest.mark.parametrize("stem", STEMS)
def test_the_verdicts_are_those_decided_on(found, documents, stem):
    assert (AUDIT / f"{stem}.verdicts").is_file()
    assert undecided(found[stem], documents[stem]) == []


def test_a_verdict_that_was_not_decided_on_is_named(found, documents, tmp_path):
    stem = STEMS[3]
    decided = (AUDIT / f"{stem}.verdicts").read_text(encoding="utf-8")
    other = decided.replace("44:4 refuted repaired", "44:4 proved").replace("54:57 proved\n", "") + "99:1 proved\n"
    (tmp_path / f"{stem}.verdicts").write_text(other)
    assert undecided(found[stem], replace(documents[stem], name=str(tmp_path / f"{stem}.txt"))) == [
        "44:4 is refuted repaired (decided: proved)",
        "99:1 is not shown (decided: proved)",
        "54:57 is proved (decided: nothing)",
    ]


@pytest.mark.parametrize("stem", STEMS)
def test_no_word_of_prose_stands_beside_the_formulas(stem):
    """Nor a sentence inside them, in \\text{…}."""
    (source,) = sources(f"{stem}.txt", (AUDIT / f"{stem}.txt").read_text(encoding="utf-8"))
    outside = source.text
    for formula in formulas(source):
        outside = outside.replace(formula.latex, "", 1)
        inside = re.findall(r"\\(?:text|mbox)\{([^{}]*)\}", formula.latex)
        assert [words for words in inside if len(words.split()) > 3] == []
    assert set(outside) <= {" ", "\n", ".", "_", "$"}


@with_texts
def test_every_text_has_its_formulas_and_declarations():
    assert sorted(path.stem for path in SEEDS.glob("*.txt")) == STEMS
    for stem in STEMS:
        text = (SEEDS / f"{stem}.txt").read_text(encoding="utf-8")
        assert (AUDIT / f"{stem}.txt").read_text(encoding="utf-8") == formulas_alone(f"{stem}.txt", text), stem


@with_texts
def test_the_texts_themselves_are_judged_as_their_formulas_alone(documents, found):
    """No verdict, reading, counterexample or repair of the audit hangs on a word beside the formulas."""
    for stem, alone in documents.items():
        text = replace(alone, content=(SEEDS / f"{stem}.txt").read_text(encoding="utf-8"))
        assert check_run.checked([text], usable_cores()).findings == found[stem], stem


def test_words_beside_a_formula_are_blank_and_what_stands_between_is_cut():
    text = "If $W = W^\\top$, then\n  $$h_t = 0$$ and, ($b$) - $c$\n\nEnd"
    alone = "._ $W = W^\\top$.\n_ $$h_t = 0$$.    _ $b$.   $c$\n\n._"
    assert formulas_alone("a.txt", text) == alone
    places = [(each.place, each.latex) for each in formulas(*sources("a.txt", text))]
    assert places == [(each.place, each.latex) for each in formulas(*sources("a.txt", alone))]


def test_at_least_97_of_100_displayed_formulas_are_read(documents, found):
    texts = (sources(document.name, document.content)[0] for document in documents.values())
    displayed = [formula for text in texts for formula in formulas(text) if formula.displayed]
    unread = [each for stem in STEMS for each in found[stem] if each.displayed and each.verdict == "unread"]
    assert len(displayed) == 118
    assert len(unread) <= 0.03 * len(displayed), unread


def misread(sample, found):
    """Where the sample's readings are not those found."""
    said = {
        (stem, finding.line, finding.column): finding.reading or finding.message
        for stem, findings in found.items()
        for finding in findings
        if finding.displayed
    }
    return [each for each in sample if said.get((each["text"], each["line"], each["column"])) != each["read as"]]


def test_what_was_checked_by_hand_is_still_read_so(found):
    assert len({(each["text"], each["line"], each["column"]) for each in SAMPLE}) == 60
    assert {each["text"] for each in SAMPLE} == set(STEMS)
    assert [each for each in SAMPLE if each["by hand"] != "right"] == []
    assert misread(SAMPLE, found) == []


def test_another_declaration_is_another_reading_of_the_sample(documents):
    document = documents[STEMS[4]]
    name, declaration = document.declared
    other = declaration.replace(r"\log \hat{y}_i^{(t)}", r"\log y_i^{(t)}")
    again = {STEMS[4]: check_run.checked([replace(document, declared=(name, other))], 1).findings}
    sample = [each for each in SAMPLE if each["text"] == STEMS[4]]
    assert [(each["line"], each["column"]) for each in misread(sample, again)] == [(11, 150)]


def test_no_name_is_read_that_is_not_declared(documents):
    undeclared = replace(documents[STEMS[0]], declared=None)
    displayed = [each for each in check_run.checked([undeclared], 1).findings if each.displayed]
    assert displayed[0].line == 19
    assert {each.verdict for each in displayed} == {"unread"}


if __name__ == "__main__" and "--update" in sys.argv:
    for path in sorted(SEEDS.glob("*.txt")):
        (AUDIT / path.name).write_text(formulas_alone(path.name, path.read_text(encoding="utf-8")), encoding="utf-8")
