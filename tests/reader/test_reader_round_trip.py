"""What `gradproof latex` prints is read back: every term of the catalogue, as the same function."""

from __future__ import annotations

from dataclasses import replace

import pytest

from symbolic.derivations import catalogue
from symbolic.latex import derivation_latex, latex
from symbolic.notation import Index
from symbolic.reader.candidates import Candidate, verdict_of
from symbolic.reader.canonical import canonical
from symbolic.reader.declare import declare, lines, printed_name, spelled, with_model
from symbolic.reader.document import findings
from symbolic.reader.resolve import readings
from symbolic.reader.scope import Meaning
from symbolic.reader.syntax import parse
from symbolic.reader.tokens import tokens
from symbolic.shapes import shape
from symbolic.terms import LOSS, Delta, Entry, SumIndex, Term, Var, subterms

RECORDS = [record for record in catalogue() if record.expected != "ill_typed"]


def scope_of(record):
    """What the formulas of a record mean: its model's arrays, its own, its subscripts."""
    scope = declare(lines("read beside as hadamard\nstep k, j", "declared", 1, (1, 1))).at((1, 1))
    scope = with_model(scope, record.model) if record.model else scope
    for part in (part for term in record.chain for part in subterms(term)):
        known = part == LOSS or not isinstance(part, Var) or (record.model and part.name in record.model.arrays)
        if isinstance(part, Var) and not known:
            base, sub, _ = spelled(part.latex or printed_name(part.name), scope)
            scope = scope.with_name((base, sub), Meaning(replace(part, step=None)))
        for index in subscripts(part):
            steps = {name: step for name, step in scope.steps.items() if name != index.name}
            scope = replace(scope, indices={**scope.indices, index.name: index.axis}, steps=steps)
    known = scope.names.get(("L", ""))
    return scope.with_name(("L", ""), replace(known, untimed=LOSS) if known and known.time else Meaning(LOSS))


def subscripts(part):
    match part:
        case Entry(subscripts=found):
            return [s for s in found if isinstance(s, Index)]
        case Delta(i, j):
            return [s for s in (i, j) if isinstance(s, Index)]
        case SumIndex(index):
            return [index]
    return []


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


PRINTED = {
    "rnn.W": "model rnn\nindex i, j",
    "rnn.b": "model rnn\nindex i, j",
    "rnn.step-loss-by-h": "model rnn\nindex i, j",
    "minibatch.b": "model minibatch",
    "minibatch.A": "model minibatch",
    "lstm.dc": "model lstm",
    "lstm.dWxo": "model lstm\nread beside as hadamard",
    "gru.h": "model gru\nread beside as hadamard",
}


def displayed(declared, printed):
    head = "".join(f"% check: {line}\n" for line in declared.split("\n"))
    return [each for found in findings("a.tex", head + printed) for each in found if each.displayed]


@pytest.mark.parametrize(("id", "declared"), PRINTED.items())
def test_a_whole_derivation_with_its_worked_example_is_read_back_and_proved(id, declared):
    record = catalogue()[id]
    found = displayed(declared, derivation_latex(record, steps=True, entries=True))
    assert len(found) > 3
    assert {each.verdict for each in found} <= {"proved", "definition"}
    assert [each for each in found if each.is_wrong] == []
    assert any(each.verdict == "proved" for each in found)


def test_a_worked_example_with_a_wrong_entry_is_not_proved():
    record = catalogue()["rnn.W"]
    printed = derivation_latex(record, steps=True, entries=True)
    wrong = printed.replace(r"\frac{\partial L}{\partial w_{12}} &=", r"\frac{\partial L}{\partial w_{13}} &=", 1)
    assert wrong != printed
    assert [each.verdict for each in displayed("model rnn\nindex i, j", wrong) if each.is_wrong] == ["refuted"]
