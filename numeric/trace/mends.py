"""Which line of the way back is to be changed: where something that is missing, put there, makes every gradient right.

In:  the evidence, the gradients that are wrong.
Out: a cause with a `Mend`, None unless the repair is proved.

The way back is followed as it was computed.  Where a value lacks something (`numeric.trace.lacks`), it is given what it
lacks from there on: what one line makes, or what one or more lines read.  What is found so at one random point is
then judged as code that has this change would be.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

from numeric.trace import sweep
from numeric.trace.evidence import Evidence
from numeric.trace.frontier import right_values
from numeric.trace.judge import judge
from numeric.trace.lacks import Lack, Lacking, lacks
from numeric.trace.mended import Changes, mended
from numeric.trace.overwritten import summed
from numeric.trace.places import Refused, Site, TimedOut
from numeric.trace.proof import Cause, Finding
from numeric.trace.repaired import Used, cause_of
from numeric.trace.residues import NoRoot
from numeric.trace.tape import Op

EFFORT = 2_000_000
LARGEST = 400_000
LEAST, MOST = 200, 1500
Line = tuple[str, int]
CLAIMED: Line = ("", -1)


class _Candidate(NamedTuple):
    """What one operation or line makes lacks something, or what lines read; `line` makes what lacks it.

    `vanishes`: where no such factor is known of what the line makes it is 0, as of h at the first step.
    """

    lack: Lack
    line: Line
    made: int | Site | Line | None = None
    readers: frozenset[Line] = frozenset()
    vanishes: bool = False


def mend(evidence: Evidence, wrong: Sequence[str], others: Iterable[str] = ()) -> Cause | None:
    """The first change of one line that makes all of these gradients right, and no others wrong but `others`."""
    if len(evidence.tape) > LARGEST or evidence.trace.decisions:
        return None
    shaped = [name for name, claimed in evidence.claimed.items() if claimed.shape == evidence.true[name].shape]
    search = _Search(evidence, list(wrong), [name for name in shaped if name not in {*wrong, *others}])
    try:
        return search.overwritten() or search.lacking()
    except (TimedOut, NoRoot, Refused, ValueError):
        return None


class _Search:
    def __init__(self, evidence: Evidence, wrong: list[str], right: list[str]) -> None:
        self.evidence, self.tape, self.names = evidence, evidence.tape, [*wrong, *right]
        self.wrong, self.effort = wrong, EFFORT
        fixed = (Op.CONST, Op.LEAF)
        self.back = bytearray(
            op not in fixed and not forward for op, forward in zip(self.tape.ops, evidence.forward, strict=True)
        )
        self.mine = [i for i, back in enumerate(self.back) if back]
        self.line_of: list[Line] = [(place.file, place.line) for place in self.tape.places]
        self.claims = {int(n) for nodes in evidence.trace.claims.values() for n in nodes.flat}

    def overwritten(self) -> Cause | None:
        """What one line makes at every step is to be summed."""
        self.values = list(self.evidence.values)
        start = min(self.mine, default=len(self.tape))  # with what is made and never used
        sweep.evaluate(self.tape, self.evidence.field, self.values, self.back, {}, start)
        found = summed(self.evidence, self.wrong, self.mine, self.values)
        return found.cause if found and self._is_proved(Changes({}, {}, found.claimed)) else None

    def lacking(self) -> Cause | None:
        """A factor or a term that is missing in what one line makes, or where it is read."""
        self.lacks, self.right = lacks(self.evidence), right_values(self.evidence)
        self._read()
        better: dict[_Candidate, set[Line]] = defaultdict(set)
        before = self._score(self.values)
        for candidate in chain(self._ordered(), self._together(better)):
            if self.effort < 0:
                return None
            try:
                values, used = self._with(candidate)
                if self._is_mended(values, used) and self._is_proved(self._changes(values, used)):
                    return cause_of(self.tape, candidate.lack, used, self._where(values))
            except TimedOut:
                raise
            except (NoRoot, Refused, ValueError):
                continue  # something is divided by 0, has no root here, or is not made of what was computed before
            if len(candidate.readers) == 1 and self._score(values) > before:
                better[candidate._replace(readers=frozenset())] |= candidate.readers
        return None

    def _score(self, values: Sequence[int]) -> int:
        return sum(values[i] in self.right for i in self.mine)

    # -- what could lack something -----------------------------------------------------------

    def _read(self) -> None:
        """Who reads what, and what operations and lines make, of all that gradients are made from."""
        self.used = [i for i in self.mine if self.evidence.claims_cone[i]]
        self.near = min(max(len(self.used) // 8, LEAST), MOST)
        self.readers: dict[int, list[int]] = defaultdict(list)
        self.lines: dict[Line, list[int]] = defaultdict(list)
        for i in self.used:
            self.lines[self._line(i)].append(i)
            for n in dict.fromkeys(self.tape.arguments(i)):
                self.readers[n].append(i)
        self.groups: dict[int | Site | Line, set[int]] = defaultdict(set)
        for i in self.used:
            for key in self._made_by(i):
                self.groups[key].add(i)

    def _made_by(self, i: int) -> tuple[int | Site | Line, ...]:
        """One operation, called on one way; the same, however it is called; what the line hands on."""
        place, line = self.tape.place[i], self._line(i)
        handed_on = i in self.claims or any(self._line(reader) != line for reader in self.readers.get(i, ()))
        return (place, self.tape.sites[place][0], *([line] if handed_on else []))

    def _line(self, i: int) -> Line:
        return self.line_of[self.tape.place[i]]

    def _ordered(self) -> list[_Candidate]:
        """Those first that soon make the most values right, above all where they are made."""
        found = chain(self._candidates(self._as_made), self._candidates(self._as_read))
        gains = [(self._gain(candidate, n) if self.effort > EFFORT // 2 else 0, candidate) for candidate, n in found]
        enough = max((gain for gain, _ in gains), default=0) / 2
        gains.sort(key=lambda each: (each[1].made is None or each[0] < enough, -each[0]))
        return [candidate for _, candidate in gains]

    def _candidates(self, make: Callable[[int, Lack], Iterator[_Candidate]]) -> Iterator[tuple[_Candidate, int]]:
        """Whatever lacks something at a first look, and where it first does, in the order of computing."""
        seen: set[_Candidate] = set()
        for n in (n for n in range(len(self.tape)) if n in self.readers or n in self.claims):
            for lacking in self.lacks.get(self.values[n], ()):
                for candidate in make(n, lacking.lack):
                    if candidate not in seen:
                        seen.add(candidate)
                        yield candidate, n
                        if lacking.lack.kind == "factor":
                            yield candidate._replace(vanishes=True), n

    def _as_made(self, n: int, lack: Lack) -> Iterator[_Candidate]:
        if self.evidence.claims_cone[n] and self.back[n]:
            for key in self._made_by(n):
                yield _Candidate(lack, self._line(n), made=key)

    def _as_read(self, n: int, lack: Lack) -> Iterator[_Candidate]:
        lines = list(dict.fromkeys(map(self._line, self.readers.get(n, ()))))
        for k in range(len(lines)):
            yield _Candidate(lack, self._line(n), readers=frozenset({*lines[k:], CLAIMED}))
        for line in lines:
            yield _Candidate(lack, self._line(n), readers=frozenset({line}))

    def _together(self, better: Mapping[_Candidate, set[Line]]) -> Iterator[_Candidate]:
        """All lines in which a value lacks something, where one alone already makes more values right."""
        for candidate, lines in better.items():
            of = (n for n in self.readers if self._line(n) == candidate.line)
            reading = dict.fromkeys(self._line(i) for n in of for i in self.readers[n])
            for more in ((), *((line,) for line in reading if line not in lines)):
                for claimed in ((), (CLAIMED,)):
                    if len(lines) + len(more) > 1:
                        yield candidate._replace(readers=frozenset({*lines, *more, *claimed}))

    # -- what becomes of it ------------------------------------------------------------------

    def _gain(self, candidate: _Candidate, n: int) -> int:
        """How many more of the values that are made next are right."""
        reading = (i for i in self.readers.get(n, ()) if self._line(i) in candidate.readers)
        first = n if candidate.made is not None else next(reading, len(self.tape))
        changed: dict[int, int] = {}
        found, used, gain = _Instead(self.values, changed), Used({}, defaultdict(dict), {}), 0
        start = bisect_left(self.used, first)
        for i in self.used[start : start + self.near]:
            make = self._remaking(i, candidate, used)
            if make is None and changed.keys().isdisjoint(self.tape.arguments(i)):
                continue
            self.effort -= 1
            try:
                value = self.evidence.field.reduced(make(found) if make else self._value(i, found))
            except (NoRoot, Refused, ValueError):
                return 0
            if value != self.values[i]:
                changed[i] = value
                gain += (value in self.right) - (self.values[i] in self.right)
        return gain

    def _value(self, i: int, found: Any) -> Any:
        return sweep.value(self.tape, self.evidence.field, found, i)

    def _with(self, candidate: _Candidate) -> tuple[list[int], Used]:
        """All values where what lacks something is given it."""
        used = Used({}, defaultdict(dict), {})
        nodes = chain(
            self.groups[candidate.made] if candidate.made is not None else (),
            *(self.lines[line] for line in candidate.readers if line != CLAIMED),
        )
        remade = {i: make for i in nodes if (make := self._remaking(i, candidate, used))}
        start = min(remade, default=len(self.tape))
        self.effort -= len(self.tape) - start
        values = list(self.values)
        sweep.evaluate(self.tape, self.evidence.field, values, self.back, remade, start)
        if CLAIMED in candidate.readers:
            lacking = {n: self._lacking(n, values[n], candidate) for n in self.claims}
            used.claimed.update({n: each for n, each in lacking.items() if each})
        return values, used

    def _remaking(self, i: int, candidate: _Candidate, used: Used) -> Callable[[Any], Any] | None:
        """How a node is made that is given what it lacks, or reads what is given it."""

        def given(found: Any) -> Any:
            value = self.evidence.field.reduced(self._value(i, found))
            if lacking := self._lacking(i, value, candidate):
                used.made[i] = lacking
                return lacking.put(value)
            return value

        def reading(found: Any) -> Any:
            lacking = {n: self._lacking(n, found[n], candidate) for n in self.tape.arguments(i)}
            used.read[i].update({n: each for n, each in lacking.items() if each})
            return self._value(i, _Instead(found, {n: each.put(found[n]) for n, each in used.read[i].items()}))

        if candidate.made is not None:
            return given if i in self.groups[candidate.made] else None
        return reading if self._line(i) in candidate.readers else None

    def _lacking(self, n: int, value: int, candidate: _Candidate) -> Lacking | None:
        found = next((each for each in self.lacks.get(value, ()) if each.lack is candidate.lack), None)
        if found is None and candidate.vanishes and value and self._line(n) == candidate.line:
            return Lacking(candidate.lack, 0, lambda where, before: lambda tape, known, made: tape.number(0))
        return found

    # -- the proof -----------------------------------------------------------------------------

    def _is_mended(self, values: Sequence[int], used: Used) -> bool:
        p = self.evidence.p

        def claimed(n: int) -> int:
            return used.claimed[n].put(values[n]) % p if n in used.claimed else values[n]

        pairs = ((self.evidence.trace.claims[name], self.evidence.true[name]) for name in self.names)
        return all(claimed(int(n)) == t for nodes, true in pairs for n, t in zip(nodes.flat, true.flat, strict=True))

    def _changes(self, values: Sequence[int], used: Used) -> Changes:
        """The same, of nodes; refused where a term is not made of what was computed before it."""
        where, claims = self._where(values), self.evidence.trace.claims
        returned = {n: each.making(where, len(values)) for n, each in used.claimed.items()}
        return Changes(
            {i: each.making(where, i) for i, each in used.made.items()},
            {i: {n: each.making(where, i) for n, each in some.items()} for i, some in used.read.items()},
            {
                (name, k): returned[n]
                for name, nodes in claims.items()
                for k, n in enumerate(map(int, nodes.flat))
                if n in returned
            },
        )

    def _where(self, values: Sequence[int]) -> dict[int, int]:
        """The first node that has a value, of the way back and of what the code was given."""
        given = (i for i, op in enumerate(self.tape.ops) if op == Op.LEAF)
        return {values[i]: i for i in sorted((*self.mine, *given), reverse=True)}

    def _is_proved(self, changes: Changes) -> bool:
        verdicts = {p.name: p.finding for p in judge(mended(self.evidence.trace, changes)).parameters}
        return all(verdicts[name] == Finding.PROVED for name in self.names)


class _Instead:
    """Values, of which some are others."""

    def __init__(self, found: Any, instead: Mapping[int, int]) -> None:
        self.found, self.instead = found, instead

    def __getitem__(self, n: int) -> int:
        return self.instead[n] if n in self.instead else int(self.found[n])
