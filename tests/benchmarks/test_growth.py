"""What proving costs as the sequence gets longer, and as the arrays get larger."""

from __future__ import annotations

import math

import pytest

from symbolic.derivations import catalogue
from symbolic.elementwise import dimensions
from symbolic.notation import D, H, K
from symbolic.prove import prove
from symbolic.shapes import shape
from symbolic.verdicts import Proved

RNN = ["rnn.o", "rnn.h-last", "rnn.h", "rnn.a", "rnn.V", "rnn.W", "rnn.U", "rnn.b", "rnn.c"]
GATES = {"": "oigf", "a": "oigf", "Wx": "oicf", "Wh": "oicf", "b": "oicf"}
LSTM = ["lstm.dalpha", "lstm.dh-last", "lstm.dh", "lstm.dc", "lstm.dWhz", "lstm.dbz", "lstm.dx"]
LSTM += [f"lstm.d{kind}{gate}" for kind, gates in GATES.items() for gate in gates]
CELLS = {"rnn": RNN, "lstm": LSTM}
LENGTHS = {"rnn": (3, 10, 30, 100), "lstm": (3, 10, 20)}
SIZES = range(2, 9)


def points(values_of):
    """(cell, value), all but the smallest value heavy."""
    for cell in CELLS:
        smallest, *others = values_of(cell)
        yield pytest.param(cell, smallest, id=f"{cell}-{smallest}")
        yield from (pytest.param(cell, value, id=f"{cell}-{value}", marks=pytest.mark.heavy) for value in others)


@pytest.mark.parametrize(("cell", "T"), list(points(LENGTHS.__getitem__)))
def test_steps(benchmark, timed, cell, T):
    """Linear in T; the partial derivatives do not depend on it, and are known here."""
    benchmark.group = f"gradients of the {cell} against T"
    records = [catalogue()[id] for id in CELLS[cell]]
    for record in records:
        prove(record)
    verdicts = timed(lambda: [prove(record, steps=T) for record in records])
    assert all(isinstance(verdict, Proved) and verdict.every_T and verdict.steps == T for verdict in verdicts)
    benchmark.extra_info |= {"amount": T}


@pytest.mark.parametrize(("cell", "n"), list(points(lambda cell: SIZES)))
def test_entries(benchmark, timed, forget, cell, n):
    """Proportional to the number of entries; every partial derivative is derived again."""
    benchmark.group = f"gradients of the {cell} against the number of entries"
    sizes = {D: n, H: n, K: n}
    records = [catalogue()[id] for id in CELLS[cell]]
    verdicts = timed(lambda: [prove(record, sizes) for record in records], setup=forget)
    assert all(isinstance(verdict, Proved) and verdict.sizes["H"] == n for verdict in verdicts)
    entries = sum(math.prod(dimensions(shape(record.chain[0]), sizes)) for record in records)
    benchmark.extra_info |= {"amount": entries}
