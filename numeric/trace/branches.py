"""Which outcomes of comparisons are possible together, and what differs on any of them.

In:  a trace, the entries that differ while comparisons are free symbols.
Out: the entries that differ on some branch.

An entry depends on few of the comparisons: on those that its claim or its derivative is made from.  All
outcomes of these that are possible together are its branches; branches of entries that depend on
different comparisons are tried together.  Whatever cannot be shown to be impossible counts as possible:
that x + c > 0 for one x and several c, also where x is itself piecewise, is decided; so is exp(x) > 1.
An entry with more than `BRANCHES` of them is left as it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from numeric.trace import sweep
from numeric.trace.differences import Difference, difference_of, random_points
from numeric.trace.execute import Trace
from numeric.trace.linear import linear
from numeric.trace.tape import Op, Tape

BRANCHES = 256
TOGETHER, EFFORT = 400, 8_000_000
_AT_ZERO: Mapping[int, int] = {Op.EXP: 1, Op.TANH: 0}
"""Increasing functions, and their value at 0."""
Outcomes = Mapping[int, bool]


def on_every_branch(trace: Trace, wanted: bytearray, outcomes: Outcomes, before: Difference) -> Difference:
    """What differs on some branch; before, comparisons were free symbols, which proves more."""
    possible = _Possible(trace, wanted, outcomes)
    wrong = {name: mask.copy() for name, mask in before.wrong.items()}
    entries: dict[int, list[tuple[str, tuple[int, ...]]]] = {}
    for entry, comparisons in _dependencies(trace, wanted, outcomes, before):
        entries.setdefault(comparisons, []).append(entry)
    waiting = [(c, branch) for c in entries for branch in possible.branches(c) or ()]
    for comparisons, members in entries.items():
        if possible.branches(comparisons) is not None:
            for name, position in members:
                wrong[name][position] = False
    settled = any(not mask.all() for mask in before.wrong.values())
    error, deciding = before.error if settled else Fraction(0), before.deciding
    for _ in range(min(TOGETHER, EFFORT // len(trace.tape))):
        if not waiting:
            return Difference(wrong, error, deciding)
        together, now, waiting = _compatible(waiting)
        found = difference_of(trace, wanted, {**outcomes, **together})
        if not all(mask.all() for mask in found.wrong.values()):
            error += found.error
        deciding = found.deciding or deciding
        for comparisons in now:
            for name, position in entries[comparisons]:
                wrong[name][position] |= found.wrong[name][position]
    return before


_Waiting = tuple[int, dict[int, bool]]


def _compatible(waiting: Sequence[_Waiting]) -> tuple[dict[int, bool], list[int], list[_Waiting]]:
    """Branches that agree where they share a comparison; whose they are; the rest."""
    together: dict[int, bool] = {}
    now, rest = [], []
    for comparisons, branch in waiting:
        if all(together.get(i, outcome) == outcome for i, outcome in branch.items()):
            together.update(branch)
            now.append(comparisons)
        else:
            rest.append((comparisons, branch))
    return together, now, rest


# -- the comparisons that an entry depends on ------------------------------------------------------


def _dependencies(
    trace: Trace, wanted: bytearray, outcomes: Outcomes, before: Difference
) -> Iterator[tuple[tuple[str, tuple[int, ...]], int]]:
    """((name, position), comparisons) of every entry that differs; a set of nodes is the bits of a number."""
    field = _Dependencies(outcomes)
    found = sweep.values(trace.tape, field, wanted)
    adjoint = sweep.adjoints(trace.tape, field, found, trace.loss)
    for name, mask in before.wrong.items():
        for position in map(tuple, np.argwhere(mask).tolist()):
            sides = found[trace.claims[name][position]], adjoint[trace.leaves[name][position]]
            yield (name, position), field.reduced(sides[0]).nodes | field.reduced(sides[1]).nodes


class _Depends:
    __slots__ = ("nodes",)

    def __init__(self, nodes: int) -> None:
        self.nodes = nodes

    def __add__(self, other: Any) -> _Depends:
        return self if isinstance(other, int) else _Depends(self.nodes | other.nodes)

    __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __add__

    def __neg__(self) -> _Depends:
        return self


class _Dependencies:
    """A field whose numbers are sets of comparisons."""

    values: list[Any]

    def __init__(self, outcomes: Outcomes) -> None:
        self.outcomes = outcomes

    def begin(self, tape: Tape) -> None:
        self.tape = tape
        self.open = {i: k for k, i in enumerate(i for i, op in enumerate(tape.ops) if op == Op.COND)}

    def number(self, i: int) -> _Depends:
        return _Depends(0)

    leaf = number

    def reduced(self, value: Any) -> _Depends:
        return value if isinstance(value, _Depends) else _Depends(0)

    def inverse(self, value: Any, i: int) -> _Depends:
        return self.reduced(value)

    def function(self, op: Op, value: _Depends, i: int) -> _Depends:
        return value

    def maximum(self, values: Sequence[_Depends], i: int) -> _Depends:
        return self.reduced(sum(values))

    def largest(self, i: int) -> None:
        return None

    def positive(self, value: Any, i: int) -> _Depends:
        return self.reduced(value) if i in self.outcomes else _Depends(self.reduced(value).nodes | 1 << self.open[i])


# -- outcomes that are possible together -----------------------------------------------------------


class _Bounds(NamedTuple):
    """low < x < high for each x, a sum Σ c·m that is named by its parts."""

    ends: Mapping[Any, tuple[Fraction | None, Fraction | None]]

    def implied(self, x: Any, bound: Fraction) -> bool | None:
        """Whether x > bound; None where both are possible."""
        low, high = self.ends.get(x, (None, None))
        if low is not None and bound <= low:
            return True
        return False if high is not None and bound >= high else None

    def supposing(self, x: Any, bound: Fraction, above: bool) -> _Bounds:
        low, high = self.ends.get(x, (None, None))
        return _Bounds({**self.ends, x: (bound, high) if above else (low, bound)})


class _Possible:
    def __init__(self, trace: Trace, wanted: bytearray, outcomes: Outcomes) -> None:
        self.tape, self.outcomes = trace.tape, outcomes
        _, self.values = next(random_points(trace, wanted, outcomes))
        self.nodes = {value: i for i, value in enumerate(self.values) if wanted[i]}
        self.comparisons = [i for i, op in enumerate(self.tape.ops) if op == Op.COND]
        self.given = [i for i in self.comparisons if i in outcomes and wanted[i]]
        self.found: dict[int, list[dict[int, bool]] | None] = {}

    def branches(self, comparisons: int) -> list[dict[int, bool]] | None:
        """The outcomes of these that are possible together; None where there are too many."""
        if comparisons not in self.found:
            chosen = {i for k, i in enumerate(self.comparisons) if comparisons >> k & 1}
            self.found[comparisons] = self._branches(sorted(chosen.union(self.given)), chosen)
        return self.found[comparisons]

    def _branches(self, order: list[int], chosen: set[int]) -> list[dict[int, bool]] | None:
        partial: list[tuple[dict[int, bool], _Bounds]] = [({}, _Bounds({}))]
        for i in order:
            partial = [extended for known, bounds in partial for extended in self._extended(i, known, bounds)]
            if len(partial) > BRANCHES:
                return None
        return [{i: outcome for i, outcome in known.items() if i in chosen} for known, _ in partial]

    def _extended(self, i: int, known: dict[int, bool], bounds: _Bounds) -> Iterator[tuple[dict[int, bool], _Bounds]]:
        """The outcomes of comparison i, after those that are known."""
        x, bound, above = self._comparison(self.tape.a[i], {**self.outcomes, **known})
        implied = bound < 0 if x is None else bounds.implied(x, bound)
        for outcome in (True, False) if i not in self.outcomes else (self.outcomes[i],):
            if implied is None:
                yield {**known, i: outcome}, bounds.supposing(x, bound, outcome == above)
            elif implied == (outcome == above):
                yield {**known, i: outcome}, bounds

    def _comparison(self, node: int, known: Outcomes) -> tuple[Any, Fraction, bool]:
        """(x, bound, True) where the node is positive just if x > bound, (x, bound, False) if x < bound.

        Without x the node is the number −bound.
        """
        parts = linear(self.tape, node, known.get, self.values.__getitem__)
        constant = parts.pop(None, Fraction(0))
        if not parts:
            return None, -constant, True
        first = min(parts)
        scale = parts[first]
        x, bound, above = tuple((m, c / scale) for m, c in sorted(parts.items())), -constant / scale, scale > 0
        inner = self.nodes.get(first) if len(parts) == 1 else None
        if inner is not None and bound == _AT_ZERO.get(self.tape.ops[inner]):
            y, limit, rising = self._comparison(self.tape.a[inner], known)
            return (y, limit, rising == above) if y is not None else (None, limit if above else -limit, True)
        if inner is not None and self.tape.ops[inner] == Op.EXP and bound <= 0:
            return None, Fraction(-1 if above else 1), True
        return x, bound, above
