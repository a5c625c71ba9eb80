"""Another value is read than the one that was meant: that of another gate, or of another time step.

In:  the evidence, the wrong gradients.
Out: `Substitution`s: what is read in a line of the way back, and what makes gradients right in its place.

What an operation reads at all of its steps is an array of nodes; so is everything else that some operation reads.
One such array is put for another, or two are exchanged: in a part of a line, or in the whole way back.  Where
one substitution does not do, that which makes the most values right is kept, and another one is sought.
A value is right where it is what comes back to some value of the forward pass.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from itertools import combinations, groupby
from typing import Any, NamedTuple

from numeric.trace import sweep
from numeric.trace.evidence import Evidence
from numeric.trace.frontier import right_values
from numeric.trace.places import Place, Refused, TimedOut
from numeric.trace.proof import Cause
from numeric.trace.residues import NoRoot
from numeric.trace.tape import FUNCTIONS, Op

EFFORT = 3_000_000
TOGETHER = 4
SWEPT = 200
ZERO = -1
Array = tuple[tuple[int, ...], ...]
"""The nodes that are read or made, at one step after the other."""


class Substitution(NamedTuple):
    """In place of each node of `instead` these nodes read another one; `line`: all that its line makes."""

    nodes: frozenset[int]
    instead: Mapping[int, int]
    cause: Cause
    line: Sequence[int] = ()


class _Reading:
    """One operation of a line, called on one way: what it reads at each of its steps."""

    def __init__(self, evidence: Evidence, place: Place, nodes: Sequence[int], named: Set[int]) -> None:
        self.place, self.nodes = place, nodes
        tape = evidence.tape
        steps = [list(members) for _, members in groupby(nodes, key=evidence.blocks.of)]
        sides: dict[tuple[int, int, bool], list[tuple[int, ...]]] = defaultdict(list)
        for step in steps:
            for op, same in groupby(sorted(step, key=lambda i: tape.ops[i]), key=lambda i: tape.ops[i]):
                for side, turned, array in _sides(evidence, Op(op), list(same)):
                    sides[op, side, turned].append(array)
        arrays = dict.fromkeys(tuple(side) for side in sides.values())
        self.arrays = [array for array in arrays if _has_name(evidence, array, place, named)]


def _has_name(evidence: Evidence, array: Array, place: Place, named: Set[int]) -> bool:
    """Whether it was given, or made in another line than it is read in, or is read in others too, as h[t − 1] is."""
    tape = evidence.tape
    made = [n for step in array for n in step if tape.ops[n] not in (Op.LEAF, Op.CONST)]
    there = any(tape.ops[n] == Op.LEAF for step in array for n in step)
    return bool(made or there) and all(n in named or tape.place_of(n)[:2] != place[:2] for n in made)


def _sides(evidence: Evidence, op: Op, nodes: list[int]) -> Iterator[tuple[int, bool, tuple[int, ...]]]:
    """(which argument, whether turned, its nodes)."""
    tape = evidence.tape
    if op in (Op.LEAF, Op.CONST, Op.COND, Op.MAX):
        return
    columns = (tape.a, tape.b) if op in (Op.ADD, Op.SUB, Op.MUL, Op.DOT) else (tape.a,)
    for side, column in enumerate(columns):
        arguments = [column[i] for i in nodes]
        if op not in (Op.DOT, Op.SUM):
            yield side, False, tuple(arguments)
            yield side, True, tuple(dict.fromkeys(arguments))  # of an outer product
            continue
        rows = [tape.groups[g] for g in dict.fromkeys(arguments)]
        yield side, False, tuple(n for row in rows for n in row)
        if len({len(row) for row in rows}) == 1:
            yield side, True, tuple(n for column in zip(*rows, strict=True) for n in column)


class _Renamed:
    """Values, of which some are read in place of others."""

    def __init__(self, found: Sequence[Any], instead: Mapping[int, int]) -> None:
        self.found, self.instead = found, instead

    def __getitem__(self, n: int) -> Any:
        n = self.instead.get(n, n)
        return 0 if n == ZERO else self.found[n]


class Substitutes:
    def __init__(self, evidence: Evidence, wrong: Iterable[str]) -> None:
        self.evidence, self.tape, self.wrong = evidence, evidence.tape, list(wrong)
        self.mine = [i for i in range(len(self.tape)) if evidence.claims_cone[i] and not self._given(i)]
        self.right = right_values(evidence)
        self.effort = EFFORT
        self.known = {
            (op, evidence.values[self.tape.a[i]]): evidence.values[i]
            for i, op in enumerate(self.tape.ops)
            if op in FUNCTIONS.values()
        }
        self.back = self._readings(self.mine)
        ahead = [i for i in range(len(evidence.forward)) if evidence.forward[i]]
        forward = self._readings(ahead, self._read_elsewhere(ahead))
        self.read = [array for reading in self.back for array in reading.arrays]
        self.pool: dict[tuple[int, ...], dict[Array, None]] = defaultdict(dict)
        there = [array for reading in forward for array in reading.arrays]
        for array in (*self.read, *there):
            for ordered in (array, array[::-1]):
                self.pool[tuple(map(len, ordered))].setdefault(ordered)

    def _given(self, i: int) -> bool:
        return bool(self.evidence.forward[i]) or self.tape.ops[i] in (Op.CONST, Op.LEAF)

    def _read_elsewhere(self, nodes: Sequence[int]) -> set[int]:
        """What is read in another line than it is made in."""
        line = [place[:2] for place in self.tape.places]
        pairs = ((line[self.tape.place[i]], n) for i in nodes for n in self.tape.arguments(i))
        return {n for here, n in pairs if line[self.tape.place[n]] != here}

    def _readings(self, nodes: Sequence[int], named: Set[int] = frozenset()) -> list[_Reading]:
        places: dict[int, list[int]] = defaultdict(list)
        for i in nodes:
            places[self.tape.place[i]].append(i)
        return [_Reading(self.evidence, self.tape.places[place], members, named) for place, members in places.items()]

    # -- what could have been meant ----------------------------------------------------------

    def _in_lines(self) -> Iterator[Substitution]:
        """In consecutive operations of one line that read the same."""
        lines: dict[tuple[Any, ...], list[_Reading]] = defaultdict(list)
        for reading in self.back:
            lines[reading.place.file, reading.place.line, reading.place.site[1:]].append(reading)
        for readings in lines.values():
            readings.sort(key=lambda reading: reading.place.site[:1])
            line = sorted(i for reading in readings for i in reading.nodes)
            arrays = list(dict.fromkeys(a for reading in readings for a in reading.arrays))
            for array in arrays:
                reads = [k for k, reading in enumerate(readings) if array in reading.arrays]
                for first, last in ((k, m) for k in reads for m in reads if m >= k):
                    nodes = frozenset(i for reading in readings[first : last + 1] for i in reading.nodes)
                    for instead, cause in self._instead(array, readings[first].place):
                        yield Substitution(nodes, instead, cause, line)
            for one, other in combinations(arrays, 2):
                if exchange := self._exchange(one, other, readings[0].place):
                    yield Substitution(frozenset(line), *exchange, line)

    def _everywhere(self) -> Iterator[Substitution]:
        """In all that the way back reads two arrays exchanged, as by a cache unpacked in another order, or moved."""
        nodes = frozenset(self.mine)
        for name, leaves in self.evidence.trace.leaves.items():
            for steps in (-1, 1) if leaves.ndim > 1 else ():
                instead = {n: self._neighbour(leaves, n, steps) for n in map(int, leaves.flat)}
                users = [i for i in self.mine if not instead.keys().isdisjoint(self.tape.arguments(i))]
                if users:
                    text = f"{name} is to be that of the step {'before' if steps < 0 else 'after'}"
                    yield Substitution(nodes, instead, Cause("time", text, self.tape.place_of(users[0])))
        places = {array: reading.place for reading in reversed(self.back) for array in reading.arrays}
        for one, other in combinations(dict.fromkeys(self.read), 2):
            given = all(self._given(n) for array in (one, other) for step in array for n in step)
            if given and (exchange := self._exchange(one, other, places[one])):
                yield Substitution(nodes, *exchange)

    def _exchange(self, one: Array, other: Array, place: Place) -> tuple[Mapping[int, int], Cause] | None:
        if tuple(map(len, one)) != tuple(map(len, other)):
            return None
        there, back = _mapping(one, other), _mapping(other, one)
        if not there or not back or there.keys() & back.keys():
            return None
        text = f"two values are exchanged here: {self._makers(one, other)}"
        return {**there, **back}, Cause("swapped", text, place)

    def _instead(self, array: Array, place: Place) -> Iterator[tuple[Mapping[int, int], Cause]]:
        moved = [*_shifted(array), *self._shifted_leaves(array)]
        for target in (*moved, *self.pool[tuple(map(len, array))]):
            self.effort -= sum(map(len, array))
            if self.effort < EFFORT // 2:
                return
            instead = _mapping(array, target)
            if instead is None or not instead or not all(self._has_value(n) for n in instead.values()):
                continue
            steps = _direction(instead) if target in moved else self._steps(array, target)
            if steps:
                text = f"what is read here belongs to the step {'before' if steps < 0 else 'after'}"
                yield instead, Cause("time", text, place)
            else:
                yield instead, Cause("swapped", self._confused(array, target), place)

    def _steps(self, array: Array, target: Array) -> int:
        """−1 or 1 where the target is the same at another step, as far as it is not the same at all."""
        values = self.evidence.values
        for steps in (-1, 1):
            pairs = [
                (values[m], values[array[k + steps][j]])
                for k, step in enumerate(target)
                for j, m in enumerate(step)
                if 0 <= k + steps < len(array) and j < len(array[k + steps]) and m != array[k][j]
            ]
            if pairs and all(one == other for one, other in pairs):
                return steps if array[-1] > array[0] else -steps
        return 0

    def _has_value(self, n: int) -> bool:
        return n == ZERO or bool(self.evidence.forward[n] or self.evidence.claims_cone[n])

    def _shifted_leaves(self, array: Array) -> Iterator[Array]:
        """The neighbours, along the first axis, of entries of one array that the code was given."""
        leaves = self.evidence.trace.leaves
        names = {self.tape.leaves[self.tape.a[n]][0] if self.tape.ops[n] == Op.LEAF else "" for s in array for n in s}
        (name,) = names if len(names) == 1 else ("",)
        if name in leaves and leaves[name].ndim > 1:
            for steps in (-1, 1):
                yield tuple(tuple(self._neighbour(leaves[name], n, steps) for n in step) for step in array)

    def _neighbour(self, nodes: Any, n: int, steps: int) -> int:
        first, *rest = self.tape.leaves[self.tape.a[n]][1]
        return int(nodes[((first + steps) % nodes.shape[0], *rest)])

    def _confused(self, array: Array, target: Array) -> str:
        read, meant = self._maker(array), self._maker(target)
        if read == meant:
            return f"here one value is read for another one: {read}"
        return f"here {read} is read for {meant}"

    def _makers(self, *arrays: Array) -> str:
        return " and ".join(dict.fromkeys(self._maker(array) for array in arrays))

    def _maker(self, array: Array) -> str:
        n = max((n for step in array for n in step), default=ZERO)
        if self.tape.ops[n] == Op.LEAF:
            return f"the array {self.tape.leaves[self.tape.a[n]][0]}"
        return f"what is made at {self.tape.place_of(n)}"

    # -- which of that makes the gradients right ---------------------------------------------

    def found(self) -> tuple[list[Substitution], list[str]]:
        """The fewest substitutions that were found, and the gradients that they make right."""
        kept: list[Substitution] = []
        best: tuple[list[Substitution], list[str]] = ([], [])
        values, score = self._values([])
        for _ in range(TOGETHER):
            swept: list[tuple[int, int, Substitution, list[int]]] = []
            for candidates in self._promising(values):
                mending = []
                for candidate in candidates:
                    if self.effort < 0:
                        break
                    try:
                        changed, reached = self._values([*kept, candidate])
                    except TimedOut:
                        raise
                    except (NoRoot, Refused, ValueError):
                        continue  # something is divided by 0, or a root does not exist at this point
                    names = self._mended(changed)
                    if len(names) > len(best[1]):
                        best = [*kept, candidate], names
                    if len(names) == len(self.wrong):
                        mending.append(candidate)
                    swept.append((reached, -len(swept), candidate, changed))
                if mending:  # that which is earliest on the way back
                    return [*kept, min(mending, key=lambda candidate: min(candidate.nodes))], self.wrong
            if not swept:
                break
            reached, _, candidate, changed = max(swept, key=lambda each: each[:2])
            if reached <= score:
                break
            kept, values, score = [*kept, candidate], changed, reached
        return best

    def _promising(self, values: Sequence[int]) -> Iterator[Iterable[Substitution]]:
        """One kind after the other; in lines, those that mend what is computed first."""
        ranked: list[tuple[int, int, Substitution]] = []
        late: list[Substitution] = []
        for number, candidate in enumerate(self._in_lines()):
            if self.effort < EFFORT // 2:
                break
            first = self._first_mended(values, candidate)
            if first is not None:
                ranked.append((first, number, candidate))
            elif candidate.cause.kind == "time":
                late.append(candidate)
        ranked.sort(key=lambda each: each[:2])
        yield [candidate for _, _, candidate in ranked[:SWEPT]]
        yield self._everywhere()
        yield late

    def _first_mended(self, values: Sequence[int], candidate: Substitution) -> int | None:
        """The first value of the line that becomes right, or another one that is, where none becomes wrong before."""
        changed = _Overlaid(values)
        remade = self._remade([candidate])
        first = min(candidate.nodes)
        for i in candidate.line[bisect_left(candidate.line, first) :]:
            self.effort -= 1
            try:
                changed[i] = self.evidence.field.reduced((remade.get(i) or self._made_of(i, {}))(changed))
            except Refused:
                return None
            if changed[i] != values[i] and (changed[i] in self.right or values[i] in self.right):
                return i if changed[i] in self.right else None
        return None

    def _values(self, substitutions: Sequence[Substitution]) -> tuple[list[int], int]:
        """All values with these substitutions, and how many of the way back are right."""
        values = list(self.evidence.values)
        if substitutions:
            remade = self._remade(substitutions)
            start = min(remade)
            self.effort -= len(self.tape) - start
            sweep.evaluate(self.tape, self.evidence.field, values, self.evidence.claims_cone, remade, start)
        return values, sum(values[i] in self.right for i in self.mine)

    def _remade(self, substitutions: Sequence[Substitution]) -> dict[int, Any]:
        instead: dict[int, dict[int, int]] = defaultdict(dict)
        for each in substitutions:
            for i in each.nodes:
                instead[i] = {**instead[i], **each.instead}
        return {i: self._made_of(i, renamed) for i, renamed in instead.items()}

    def _made_of(self, i: int, instead: Mapping[int, int]) -> Any:
        op = self.tape.ops[i]

        def make(found: Sequence[Any]) -> Any:
            renamed = _Renamed(found, instead)
            if op in FUNCTIONS.values() and (op, renamed[self.tape.a[i]]) in self.known:
                return self.known[op, renamed[self.tape.a[i]]]
            return sweep.value(self.tape, self.evidence.field, renamed, i)  # type: ignore[arg-type]

        return make

    def _mended(self, values: Sequence[int]) -> list[str]:
        claimed, true = self.evidence.read(values), self.evidence.true
        same = {name: bool((claimed[name] == true[name]).all()) for name in claimed}
        return [name for name in self.wrong if same[name]] if all(same[n] for n in same if n not in self.wrong) else []


class _Overlaid(dict[int, int]):
    """Values, of which some are others."""

    def __init__(self, values: Sequence[int]) -> None:
        super().__init__()
        self.values_below = values

    def __missing__(self, n: int) -> int:
        return self.values_below[n]


def _mapping(array: Array, target: Array) -> dict[int, int] | None:
    """Node by node; None where one node is to become two."""
    found: dict[int, int] = {}
    for one, other in zip(array, target, strict=True):
        for n, m in zip(one, other, strict=True):
            if found.setdefault(n, m) != m:
                return None
    return {n: m for n, m in found.items() if n != m}


def _shifted(array: Array) -> list[Array]:
    """The array a step earlier and later; beyond the sequence 0, or what stands at its other end."""
    if len(array) < 2 or len({len(step) for step in array}) > 1 or len(set(array)) < len(array):
        return []
    nothing = tuple(ZERO for _ in array[0])
    return [(*array[1:], nothing), (nothing, *array[:-1]), (*array[1:], array[0]), (array[-1], *array[:-1])]


def _direction(instead: Mapping[int, int]) -> int:
    return 1 if sum(m > n for n, m in instead.items()) * 2 > len(instead) else -1


def together(substitutions: Sequence[Substitution]) -> Cause:
    """One cause of several substitutions: an exchange, or one after the other."""
    first, *others = sorted((each.cause for each in substitutions), key=lambda cause: cause.place or ())
    if not others:
        return first
    kind = "time" if all(cause.kind == "time" for cause in (first, *others)) else "swapped"
    text = "".join(f"; and at {cause.place}: {cause.text}" for cause in others)
    return Cause(kind, f"at {first.place}: {first.text}{text}", first.place)
