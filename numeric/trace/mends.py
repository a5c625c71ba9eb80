"""Which line of the way back is to be changed: where something that is missing, put there, makes every gradient right.

In:  the evidence, the gradients that are wrong.
Out: a cause with a `Mend`, None unless the repair is proved.

The way back is followed as it was computed.  Where a value lacks something (`numeric.trace.lacks`), it is given what it
lacks from there on: what one line makes, or what one or more lines read.  What is found so at one random point is
then judged as code that has this change would be.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import Any, NamedTuple

from numeric.trace import source, sweep
from numeric.trace.evidence import Evidence
from numeric.trace.frontier import right_values
from numeric.trace.judge import judge
from numeric.trace.lacks import Lack, Lacking, lacks
from numeric.trace.mended import Changes, Making, mended
from numeric.trace.places import Place, Refused, TimedOut
from numeric.trace.proof import Cause, Finding, Mend
from numeric.trace.residues import NoRoot
from numeric.trace.tape import Op

EFFORT = 2_000_000
LARGEST = 400_000
CLAIMED = ("", -1)
Line = tuple[str, int]


class _Candidate(NamedTuple):
    """Nodes that lack something as they are made, or lines that read something without it."""

    lack: Lack
    line: Line
    nodes: frozenset[int] = frozenset()
    readers: frozenset[Line] = frozenset()
    vanishes: bool = False
    """Where no such factor is known of what the line makes it is 0, as of h at the first step."""


class _Used(NamedTuple):
    """What was put where: at nodes, at what nodes read, at what is returned."""

    made: dict[int, Lacking]
    read: dict[int, dict[int, Lacking]]
    claimed: dict[int, Lacking]


def mend(evidence: Evidence, wrong: Sequence[str], others: Iterable[str] = ()) -> Cause | None:
    """The first change of one line that makes all of these gradients right, and no others wrong but `others`."""
    if len(evidence.tape) > LARGEST or evidence.trace.decisions:
        return None
    try:
        search = _Search(evidence, wrong, others)
        return search.summed() or search.lacking()
    except (TimedOut, NoRoot, Refused, ValueError):
        return None


class _Search:
    def __init__(self, evidence: Evidence, wrong: Sequence[str], others: Iterable[str]) -> None:
        self.evidence, self.tape, self.wrong = evidence, evidence.tape, list(wrong)
        shaped = [name for name, claimed in evidence.claimed.items() if claimed.shape == evidence.true[name].shape]
        self.right = [name for name in shaped if name not in {*wrong, *others}]
        self.effort = EFFORT
        fixed = (Op.CONST, Op.LEAF)
        self.mine = [i for i, op in enumerate(self.tape.ops) if not evidence.forward[i] and op not in fixed]
        self.back = bytearray(len(self.tape))
        for i in self.mine:
            self.back[i] = 1
        self.values = sweep.evaluate(
            self.tape, evidence.field, list(evidence.values), self.back, {}, min(self.mine, default=len(self.tape))
        )
        self.claims = {int(n) for nodes in evidence.trace.claims.values() for n in nodes.flat}

    @cached_property
    def used(self) -> set[int]:
        """What the way back is made of."""
        return {n for i in self.mine for n in self.tape.arguments(i)}

    # -- sums that are not taken -----------------------------------------------------------

    def summed(self) -> Cause | None:
        """What one line makes at every step is to be summed, and only the last was returned."""
        by_place: dict[int, list[int]] = defaultdict(list)
        for i in self.mine:
            by_place[self.tape.place[i]].append(i)
        steps = {name: self._steps(name, by_place.values()) for name in self.wrong}
        lines = {self._line(entries[0][0]) if entries else CLAIMED for entries in steps.values()}
        if len(lines) != 1 or CLAIMED in lines:
            return None
        claimed = {(name, k): _total(entry) for name, entries in steps.items() for k, entry in enumerate(entries)}
        first = next(iter(steps.values()))[0][0]
        place, sites = self.tape.place_of(first), self.tape.sites[self.tape.place[first]]
        name = source.named(sites)
        if name is None or name.place[:2] != place[:2] or source.renamed(place, name.text):
            return None  # it may be another line that writes it over
        if not self._is_proved(Changes({}, {}, claimed)):
            return None
        text = f"{name.text} is to be summed over all steps, and only the last is left"
        return Cause("overwritten", text, place, mend=Mend(place, text))

    def _steps(self, name: str, places: Iterable[list[int]]) -> list[tuple[int, ...]]:
        """For every entry of a gradient the nodes, one of each step, whose sum it should be."""
        claims, true = self.evidence.trace.claims[name], self.evidence.true[name]
        for members in places:
            steps = [members[k : k + claims.size] for k in range(0, len(members), claims.size)]
            if len(steps) < 2 or len(steps[-1]) < claims.size or claims.shape != true.shape:
                continue
            entries = list(zip(*steps, strict=True))
            sums = [sum(self.values[i] for i in entry) % self.evidence.p for entry in entries]
            left = [sum(self.values[i] for i in entry[-1:]) for entry in entries]
            claimed = [self.values[n] for n in claims.flat]
            if (
                sums == list(true.flat)
                and (claimed == left or not any(claimed))
                and self.used.isdisjoint(chain(*entries))
            ):
                return entries
        return []

    # -- factors and terms -----------------------------------------------------------------

    def lacking(self) -> Cause | None:
        """A factor or a term that is missing in what one line makes, or where it is read."""
        self.lacks = lacks(self.evidence)
        self.readers = self._readers()
        right = right_values(self.evidence)
        before = sum(value in right for value in self.values)
        better: dict[_Candidate, set[Line]] = defaultdict(set)
        for candidate in chain(self._candidates(), self._together(better)):
            if self.effort < 0:
                return None
            try:
                values, used = self._with(candidate)
            except TimedOut:
                raise
            except (NoRoot, Refused, ValueError):
                continue  # something is divided by 0, or a root does not exist at this point
            if self._is_mended(values, used) and (found := self._judged(candidate, values, used)):
                return found
            if len(candidate.readers) == 1 and sum(value in right for value in values) > before:
                better[candidate._replace(readers=frozenset())] |= candidate.readers
        return None

    def _together(self, better: Mapping[_Candidate, set[Line]]) -> Iterator[_Candidate]:
        """All lines in which a value lacks something, where one alone already makes more values right."""
        for candidate, lines in better.items():
            of = (n for n in range(len(self.tape)) if self._line(n) == candidate.line)
            reading = dict.fromkeys(self._line(i) for n in of for i in self.readers.get(n, ()))
            for more in ((), *((line,) for line in reading if line not in lines)):
                for claimed in ((), (CLAIMED,)):
                    if len(lines) + len(more) > 1:
                        yield candidate._replace(readers=frozenset({*lines, *more, *claimed}))

    def _readers(self) -> dict[int, list[int]]:
        """The way back's nodes that read a node."""
        found: dict[int, list[int]] = defaultdict(list)
        for i in self.mine:
            if self.evidence.claims_cone[i]:
                for n in dict.fromkeys(self.tape.arguments(i)):
                    found[n].append(i)
        return found

    def _line(self, i: int) -> Line:
        place = self.tape.place_of(i)
        return place.file, place.line

    def _candidates(self) -> Iterator[_Candidate]:
        """Whatever lacks something at a first look, in the order of computing: as it is made, then as it is read."""
        groups: dict[object, list[int]] = defaultdict(list)
        for i in self.mine:
            if self.evidence.claims_cone[i]:
                for key in self._groups(i):
                    groups[key].append(i)
        lacking = [
            (n, each.lack)
            for n in range(len(self.tape))
            for each in self.lacks.get(self.values[n], ())
            if self._is_read(n)
        ]
        made = (each for n, lack in lacking for each in self._as_made(n, lack, groups))
        read = (each for n, lack in lacking for each in self._as_read(n, lack))
        seen: set[_Candidate] = set()
        for candidate in chain(made, read):
            for each in (candidate, candidate._replace(vanishes=True)):
                if each not in seen and (not each.vanishes or each.lack.kind == "factor"):
                    seen.add(each)
                    yield each

    def _is_read(self, n: int) -> bool:
        return n in self.readers or n in self.claims

    def _groups(self, i: int) -> tuple[object, ...]:
        """One operation, called on one way; the same, however it is called; what the line hands on."""
        place, line = self.tape.place[i], self._line(i)
        handed = i in self.claims or any(self._line(r) != line for r in self.readers.get(i, ()))
        return (place, self.tape.sites[place][0], *([line] if handed else []))

    def _as_made(self, n: int, lack: Lack, groups: Mapping[object, list[int]]) -> Iterator[_Candidate]:
        if self.evidence.claims_cone[n] and self.back[n]:
            for key in self._groups(n):
                yield _Candidate(lack, self._line(n), nodes=frozenset(groups[key]))

    def _as_read(self, n: int, lack: Lack) -> Iterator[_Candidate]:
        lines = list(dict.fromkeys(map(self._line, self.readers.get(n, ()))))
        for k in range(len(lines)):
            yield _Candidate(lack, self._line(n), readers=frozenset({*lines[k:], CLAIMED}))
        for line in lines:
            yield _Candidate(lack, self._line(n), readers=frozenset({line}))

    def _with(self, candidate: _Candidate) -> tuple[list[int], _Used]:
        """All values where what lacks something is given it."""
        used = _Used({}, defaultdict(dict), {})
        values = list(self.values)
        remade: dict[int, Any] = {i: self._given(i, candidate, used) for i in candidate.nodes}
        for i in self.mine if candidate.readers else ():
            if self.evidence.claims_cone[i] and self._line(i) in candidate.readers:
                remade[i] = self._reading(i, candidate, used)
        start = min(remade, default=len(self.tape))
        self.effort -= len(self.tape) - start
        sweep.evaluate(self.tape, self.evidence.field, values, self.back, remade, start)
        if CLAIMED in candidate.readers:
            for n in self.claims:
                if lacking := self._lacking(n, values[n], candidate):
                    used.claimed[n] = lacking
        return values, used

    def _lacking(self, n: int, value: int, candidate: _Candidate) -> Lacking | None:
        found = next((each for each in self.lacks.get(value, ()) if each.lack is candidate.lack), None)
        if found is None and candidate.vanishes and value and self._line(n) == candidate.line:
            return _vanishing(candidate.lack)
        return found

    def _given(self, i: int, candidate: _Candidate, used: _Used) -> Any:
        def make(found: Sequence[Any]) -> Any:
            value = self.evidence.field.reduced(sweep.value(self.tape, self.evidence.field, found, i))
            if lacking := self._lacking(i, value, candidate):
                used.made[i] = lacking
                return _put(value, lacking)
            return value

        return make

    def _reading(self, i: int, candidate: _Candidate, used: _Used) -> Any:
        def make(found: Sequence[Any]) -> Any:
            instead = {}
            for n in self.tape.arguments(i):
                if lacking := self._lacking(n, found[n], candidate):
                    used.read[i][n] = lacking
                    instead[n] = _put(found[n], lacking)
            return sweep.value(self.tape, self.evidence.field, _Instead(found, instead), i)  # type: ignore[arg-type]

        return make

    def _is_mended(self, values: Sequence[int], used: _Used) -> bool:
        p = self.evidence.p
        for name in (*self.wrong, *self.right):
            claims, true = self.evidence.trace.claims[name], self.evidence.true[name]
            for n, t in zip(map(int, claims.flat), true.flat, strict=True):
                value = _put(values[n], used.claimed[n]) % p if n in used.claimed else values[n]
                if value != t:
                    return False
        return True

    # -- the proof -------------------------------------------------------------------------

    def _judged(self, candidate: _Candidate, values: Sequence[int], used: _Used) -> Cause | None:
        where: dict[int, int] = {}
        for i in chain(self.mine, (i for i, op in enumerate(self.tape.ops) if op == Op.LEAF)):
            where[values[i]] = min(i, where.get(values[i], i))

        def making(lacking: Lacking, before: int) -> Making:
            made = lacking.making(where, before)
            if made is None:
                raise Refused("a term that is not made of what was computed before", None)
            return made

        claims = self.evidence.trace.claims
        changes = Changes(
            {i: making(lacking, i) for i, lacking in used.made.items()},
            {i: {n: making(lacking, i) for n, lacking in each.items()} for i, each in used.read.items()},
            {
                (name, k): making(used.claimed[n], len(values))
                for name, nodes in claims.items()
                for k, n in enumerate(map(int, nodes.flat))
                if n in used.claimed
            },
        )
        return self._found(candidate, used, where) if self._is_proved(changes) else None

    def _is_proved(self, changes: Changes) -> bool:
        verdicts = {p.name: p.finding for p in judge(mended(self.evidence.trace, changes)).parameters}
        return all(verdicts[name] == Finding.PROVED for name in (*self.wrong, *self.right))

    def _found(self, candidate: _Candidate, used: _Used, where: Mapping[int, int]) -> Cause:
        lack = candidate.lack
        more = ""
        if candidate.nodes:
            first = min(used.made)
            place, sites = self.tape.place_of(first), self.tape.sites[self.tape.place[first]]
            one = len({self.tape.place[i] for i in used.made}) == 1
            code = (source.expression(sites) if one else "") or source.statement(place) or "what is made here"
            name = source.named(sites) if one else source.assigned(place)
            other = source.renamed(place, name.text) if name else None
        else:
            reading = [i for i, each in used.read.items() if each]
            if not reading:
                raise Refused("nothing but what is returned lacks it", None)
            place, code = self.tape.place_of(min(reading)), self._read_as(min(reading), used)
            lines = sorted({Place(*self._line(i)) for i in reading} - {Place(*place[:2])})
            more = f", here and at {', '.join(map(str, lines))}" if lines else ""
            other = source.origin(place, code) if code else None
            code = code or "what is read here"
        also = f", where {other.text} ({other.place})" if other and other.place.line != place.line else ""
        text = f"{code} lacks {self._what(lack, used, where)}{more}{also}"
        return Cause(lack.kind, text, place, mend=Mend(place, text))

    def _what(self, lack: Lack, used: _Used, where: Mapping[int, int]) -> str:
        """The factor or the term, and the line that it is from: of the way back, where that makes the term."""
        put = [*used.made.items(), *((i, each) for i, r in used.read.items() for each in r.values())]
        numbers = {each.number for _, each in put}
        if numbers in ({1}, {self.evidence.p - 1}):
            return "the term 1" if numbers == {1} else "the term −1"
        made = {where.get(each.number, i) if lack.is_term else i for i, each in put}
        places = {self.tape.place[n] for n in made}
        if lack.is_term and len(places) == 1 and all(where.get(each.number, i) < i for i, each in put):
            (index,) = places
            text = source.expression(self.tape.sites[index])
            return f"{f'the term {text}' if text else 'a term'} of {self.tape.places[index]}"
        return f"{lack.words} of {lack.place}{lack.others}"

    def _read_as(self, i: int, used: _Used) -> str:
        """What the line has for the value that lacks something."""
        arguments = self.tape.arguments(i)
        half = len(arguments) // 2
        sides = {int(k >= half) for k, n in enumerate(arguments) if n in used.read[i]}
        if self.tape.ops[i] not in (Op.ADD, Op.SUB, Op.MUL, Op.DOT) or len(sides) != 1:
            return ""
        return source.operand(self.tape.sites[self.tape.place[i]], sides.pop())


def _total(nodes: Sequence[int]) -> Making:
    return lambda tape, known, made: tape.total([known[n] for n in nodes])


class _Instead:
    """Values, of which some are others."""

    def __init__(self, found: Sequence[Any], instead: Mapping[int, Any]) -> None:
        self.found, self.instead = found, instead

    def __getitem__(self, n: int) -> Any:
        return self.instead[n] if n in self.instead else self.found[n]


def _vanishing(lack: Lack) -> Lacking:
    return Lacking(lack, 0, lambda where, before: lambda tape, known, made: tape.number(0))


def _put(value: int, lacking: Lacking) -> int:
    return value + lacking.number if lacking.lack.is_term else value * lacking.number
