"""Where a refuted formula would hold after all: at T = 1, for scalars, for a symmetric matrix.

In:  a reading that was refuted, and its scope.
Out: the narrowest such case, in words, or "".

Both sides are enclosed at random rational points of the special case; every enclosure must
meet.  That proves nothing, and the words say so; it tells a person what they had in mind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mpmath import iv

from symbolic import terms as f
from symbolic.chain_rule import Differentiated
from symbolic.elementwise import Entries, OutsideSequence, positions, tabulated
from symbolic.equality import Equality
from symbolic.notation import Sizes
from symbolic.prove import axes_of
from symbolic.reader.candidates import Candidate, Pair, instances, record
from symbolic.reader.scope import Scope
from symbolic.refute import PRECISION, Intervals, Point
from symbolic.terms import Var
from symbolic.verdicts import SUMS_TO_ONE

POINTS = 2


@dataclass(frozen=True)
class Case:
    """Sizes, lengths of the sequence and symmetric parameters at which a formula is looked at."""

    words: str
    sizes: Sizes
    lengths: tuple[int, ...]
    symmetric: frozenset[str] = frozenset()


def special_case(candidate: Candidate, scope: Scope) -> str:
    """`the sides agree where T = 1 (at 2 points)`, or "" where no special case does."""
    try:
        pairs = [instance for pair in candidate.pairs for instance in instances(pair, scope)]
        for case in cases(pairs, scope):
            if all(agree(pair, case, scope) for pair in pairs):
                return f"the two sides agree where {case.words} (at {POINTS} points tried)"
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
        pass
    return ""


def cases(pairs: list[Pair], scope: Scope) -> Iterator[Case]:
    """The special cases that this model has."""
    usual = {axis: axis.size for left, right in pairs for axis in axes_of(record(left, right, scope))}
    model = scope.model
    lengths = (1, 2, 3) if model is not None and model.is_sequence else (1,)
    if len(lengths) > 1:
        yield Case("T = 1", usual, (1,))
    for parameter in model.parameters if model is not None else ():
        if len(parameter.axes) == 2 and parameter.axes[0] == parameter.axes[1]:
            yield Case(f"{parameter.name} is symmetric", usual, lengths, frozenset({parameter.name}))
    classes = {axis for target in (model.targets if model is not None else ()) for axis in target.axes[-1:]}
    numbered = any(isinstance(s, f.Entry) for pair in pairs for side in pair for s in f.subterms(side))
    if not numbered and usual.keys() - classes:
        yield Case("every vector is a number", {axis: 2 if axis in classes else 1 for axis in usual}, lengths)


def agree(pair: Pair, case: Case, scope: Scope) -> bool:
    """Whether no enclosure of the two sides misses the other, and there is something to enclose."""
    spoken = False
    before, iv.prec = iv.prec, PRECISION
    try:
        for T in case.lengths:
            for seed in range(POINTS):
                equality = Equality(*pair, scope.model, case.sizes, T)
                point = Point(equality, seed, SUMS_TO_ONE)
                values = Differentiated(
                    scope.model, case.sizes, T, Intervals(), lambda var, step, p=point: _leaf(p, var, step, case)
                )
                for place in equality.places(T):
                    try:
                        left, right = (values.entries(side, place, equality.indices) for side in pair)
                    except (OutsideSequence, ZeroDivisionError):
                        continue
                    spoken = True
                    if not _meet(left, right):
                        return False
    finally:
        iv.prec = before
    return spoken


def _leaf(point: Point, var: Var, step: int | None, case: Case) -> Entries:
    entries = point.leaf(var, step)
    if var.name not in case.symmetric:
        return entries
    return tabulated(entries.shape, lambda position: entries[tuple(sorted(position))])


def _meet(left: Entries, right: Entries) -> bool:
    return all(
        not (iv.convert(left[p]).b < iv.convert(right[p]).a or iv.convert(right[p]).b < iv.convert(left[p]).a)
        for p in positions(left.shape)
    )
