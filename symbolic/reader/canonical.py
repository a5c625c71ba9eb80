"""Which readings mean the same: products in another order or grouping, a ⊙ b as diag(a) b.

In:  readings, or a term.  Out: each meaning once; a value that is the same for the same meaning.
"""

from __future__ import annotations

from collections.abc import Iterable

from symbolic import terms as f
from symbolic.reader.readings import Grid, Reading
from symbolic.reader.tokens import Unread
from symbolic.shapes import shape
from symbolic.terms import Term

MOST = 24


def distinct(readings: Iterable[Reading]) -> list[Reading]:
    """Each meaning once; raises Unread where there are too many to judge each."""
    given = list(readings)
    if len(given) < 2:
        return given
    found: dict[object, Reading] = {}
    for reading in given:
        found.setdefault((canonical(reading.term), reading.layout), reading)
        if len(found) > MOST:
            raise Unread(0, f"more than {MOST} readings: add brackets, or say how products are read")
    return list(found.values())


def plainest(found: Iterable[Reading]) -> list[Reading]:
    """Those with the fewest diagonal matrices: diag(a) (B c) is a ⊙ (B c)."""
    counted = [(_diagonals(reading.term), reading) for reading in found]
    least = min((count for count, _ in counted), default=0)
    return distinct(reading for count, reading in counted if count == least)


def _diagonals(term: Term | Grid) -> int:
    return 0 if isinstance(term, Grid) else sum(isinstance(s, f.Diag) for s in f.subterms(term))


def canonical(term: Term | Grid) -> object:
    """The same for two terms that differ only in the order and grouping of products."""
    if isinstance(term, Grid):
        return tuple(tuple(canonical(x) for x in row) for row in term.rows)
    scalars: list[str] = []
    core = _core(term, scalars)
    return ("·", tuple(sorted(scalars)), core) if scalars else core


def _core(term: Term, scalars: list[str]) -> object:
    """What is left of a product when its numbers are taken out of it, into `scalars`."""
    match term:
        case f.Neg(arg):
            scalars.append("-1")
            return _core(arg, scalars)
        case f.Const(value) if value == 1:
            return None
        case f.Mul(left, right):
            return _entrywise([left, right], scalars)
        case f.Inner(left, right) if len(shape(left)) == 1:
            return _core(f.MatMul(left, right), scalars)
        case f.MatMul(f.Outer(left, row), right) if len(shape(row)) == len(shape(right)) == 1:
            return _entrywise([left, f.MatMul(row, right)], scalars)
        case f.MatMul(left, f.MatMul(inner, right)) if len(shape(inner)) > 1:
            return _core(f.MatMul(f.MatMul(left, inner), right), scalars)
        case f.MatMul(f.Diag(arg), right) if len(shape(right)) == 1:
            return _entrywise([arg, right], scalars)
        case f.MatMul(f.MatMul(left, f.Diag(arg)), right) if len(shape(right)) == 1:
            return _core(f.MatMul(left, f.Mul(arg, right)), scalars)
        case f.MatMul(left, right):
            parts: list[object] = []
            for part in (left, right):
                inner_core = _core(part, scalars)
                is_chain = isinstance(inner_core, tuple) and inner_core[:1] == ("@",)
                parts += inner_core[1] if isinstance(inner_core, tuple) and is_chain else [inner_core]
            return ("@", tuple(sorted(parts, key=str) if len(shape(left)) == len(shape(right)) == 1 else parts))
    fields = (canonical(value) if isinstance(value, Term) else value for value in vars(term).values())
    return (type(term).__name__, *fields)


def _entrywise(factors: list[Term], scalars: list[str]) -> object:
    arrays: list[object] = []
    for factor in factors:
        core = _core(factor, scalars)
        if not shape(factor):
            scalars += [] if core is None else [str(core)]
        elif isinstance(core, tuple) and core[:1] == ("*",):
            arrays += core[1]
        else:
            arrays.append(core)
    if not arrays:
        return None
    return ("*", tuple(sorted(arrays, key=str))) if len(arrays) > 1 else arrays[0]
