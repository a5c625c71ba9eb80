"""What `gradproof latex` prints is read back: every term of the catalogue, as the same function."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from gradproof.cli import main
from symbolic.derivations import catalogue
from symbolic.latex import derivation_latex, latex
from symbolic.reader.candidates import Candidate, verdict_of
from symbolic.reader.canonical import canonical
from symbolic.reader.declare import declare, lines
from symbolic.reader.declared import as_comment, declared
from symbolic.reader.document import findings
from symbolic.reader.resolve import readings
from symbolic.reader.syntax import parse
from symbolic.reader.tokens import tokens
from symbolic.shapes import shape
from symbolic.terms import Term

RECORDS = [record for record in catalogue() if record.expected != "ill_typed"]


def scope_of(record):
    """What the formulas of a record mean: what a printed document declares."""
    return declare(lines("\n".join(declared(record)), "declared", 1, (1, 1))).at((1, 1))


def is_same(term, read, scope):
    if not isinstance(read, Term) or shape(read) != shape(term):
        return False
    return canonical(read) == canonical(term) or verdict_of(Candidate(((term, read),), ""), scope).name == "proved"


@pytest.mark.parametrize("chapter", sorted({record.id.partition(".")[0] for record in RECORDS}))
def test_every_printed_formula_is_read_back(chapter):
    for record in (record for record in RECORDS if record.id.partition(".")[0] == chapter):
        scope = scope_of(record)
        for term in record.chain:
            printed = latex(term, record.model is not None and record.model.subscript_time)
            found = [r.term for r in readings(parse(tokens(printed), scope.grammar), scope)]
            fitting = [read for read in found if isinstance(read, Term) and shape(read) == shape(term)]
            assert fitting, f"{record.id}: {printed} has no reading of shape {shape(term)}"
            for read in fitting:
                assert is_same(term, read, scope), f"{record.id}: {printed} is read as {read}, not {term}"


def test_another_formula_is_not_read_as_the_same():
    record = catalogue()["rnn.h"]
    scope = scope_of(record)
    printed = latex(record.chain[-1]).replace(r"W^{\top}", "W", 1)
    (found,) = [r.term for r in readings(parse(tokens(printed), scope.grammar), scope)]
    assert not is_same(record.chain[-1], found, scope)


RIGHT = {"proved": {"proved", "definition"}, "refuted": {"refuted"}, "ill_typed": {"ill_typed"}}


def judged(tmp_path, *arguments):
    """What `gradproof check` says of the displays that `gradproof latex --standalone` writes."""
    path = tmp_path / "printed.tex"
    assert CliRunner().invoke(main, ["latex", *arguments, "--standalone", "--out", str(path)]).exit_code == 0
    ran = CliRunner().invoke(main, ["check", str(path), "--json", "--jobs", "1"])
    found = json.loads(ran.stdout)["formulas"]
    assert {each["verdict"] for each in found if not each["displayed"]} <= {"definition"}
    return [each for each in found if each["displayed"]]


@pytest.mark.parametrize("steps", [False, True])
@pytest.mark.parametrize("chapter", sorted({record.id.partition(".")[0] for record in catalogue()}))
def test_a_printed_document_is_judged_as_the_catalogue_is(tmp_path, chapter, steps):
    records = [record for record in catalogue() if record.id.partition(".")[0] == chapter]
    found = iter(judged(tmp_path, f"{chapter}.*", *(["--steps"] if steps else [])))
    for record in records:
        for _ in record.reasons if steps else record.reasons[:1]:
            each = next(found)
            assert each["verdict"] in RIGHT[record.expected] or (record.expected == "refuted" and each["defect"]), each
            assert record.expected != "proved" or not each["defect"], each
    assert next(found, None) is None


WRITTEN_OUT = ("rnn.W", "rnn.b", "rnn.step-loss-by-h", "minibatch.b", "minibatch.A", "lstm.dc", "lstm.dWxo", "gru.h",
               "softmax.jacobian", "bptt.forward-b")  # fmt: skip


@pytest.mark.parametrize(
    "id",
    [
        record.id if record.id in WRITTEN_OUT else pytest.param(record.id, marks=pytest.mark.full)
        for record in catalogue()
        if record.expected == "proved"
    ],
)
def test_a_whole_derivation_with_its_worked_example_is_read_back_and_proved(tmp_path, id):
    found = judged(tmp_path, id, "--steps", "--entries")
    assert {each["verdict"] for each in found} <= {"proved", "definition"}
    assert not any(each["defect"] for each in found)
    if id in WRITTEN_OUT:
        assert len(found) > 3
        assert any(each["verdict"] == "proved" for each in found)


def displayed(record, printed):
    return [each for found in findings("a.tex", f"{as_comment(record)}\n{printed}") for each in found if each.displayed]


def test_a_model_of_ones_own_is_declared_by_its_equations():
    record = catalogue()["rnn.W"]
    own = replace(record, model=replace(record.model, name="mine"))
    assert "model own" in declared(own)
    assert "model rnn" in declared(record)
    printed = derivation_latex(own, steps=True)
    assert {each.verdict for each in displayed(own, printed)} == {"proved"}
    wrong = printed.replace(r"h^{(t-1)\top}", r"h^{(t)\top}")
    assert wrong != printed
    assert any(each.is_wrong for each in displayed(own, wrong))


def test_a_worked_example_with_a_wrong_entry_is_not_proved():
    record = catalogue()["rnn.W"]
    printed = derivation_latex(record, steps=True, entries=True)
    wrong = printed.replace(r"\frac{\partial L}{\partial w_{12}} &=", r"\frac{\partial L}{\partial w_{13}} &=", 1)
    assert wrong != printed
    assert [each.verdict for each in displayed(record, wrong) if each.is_wrong] == ["refuted"]
