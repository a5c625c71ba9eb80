"""A gradient that is written over at every step, where it should be summed: which line does it.

In:  the evidence, every value of the way back, also of what is never used.
Out: the cause, and the sums that should have been returned; they are right at the one random point.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import NamedTuple

from numeric.trace import source
from numeric.trace.evidence import Evidence
from numeric.trace.mended import Making
from numeric.trace.proof import Cause, Mend


class Summed(NamedTuple):
    """`claimed`: what is to be returned, as `mended.Changes` has it."""

    cause: Cause
    claimed: dict[tuple[str, int], Making]


def summed(evidence: Evidence, wrong: Sequence[str], back: Sequence[int], values: Sequence[int]) -> Summed | None:
    """What one line makes at every step is to be summed, and only the last was returned."""
    tape = evidence.tape
    by_place: dict[int, list[int]] = defaultdict(list)
    for i in back:
        by_place[tape.place[i]].append(i)
    steps = {name: _steps(evidence, name, by_place.values(), values) for name in wrong}
    firsts = [entries[0][0] if entries else -1 for entries in steps.values()]
    if -1 in firsts or len({tape.place_of(i)[:2] for i in firsts}) != 1:
        return None
    place, name = tape.place_of(firsts[0]), source.named(tape.sites[tape.place[firsts[0]]])
    read = {n for i in back for n in tape.arguments(i)}
    once = read.isdisjoint(i for entries in steps.values() for i in chain(*entries))
    if not once or name is None or name.place[:2] != place[:2]:
        return None
    if not source.is_repeated(place) or source.renamed(place, name.text):
        return None  # it may be another line that writes it over
    text = f"{name.text} is to be summed over all steps, and only the last is left"
    claimed = {(name, k): _total(entry) for name, entries in steps.items() for k, entry in enumerate(entries)}
    return Summed(Cause("overwritten", text, place, mend=Mend(place, text)), claimed)


def _steps(evidence: Evidence, name: str, places: Iterable[list[int]], values: Sequence[int]) -> list[tuple[int, ...]]:
    """For every entry of a gradient the nodes, one of each step, whose sum it should be."""
    claims, true = evidence.trace.claims[name], evidence.true[name]
    claimed = [values[int(n)] for n in claims.flat]
    for members in places:
        steps = [members[k : k + claims.size] for k in range(0, len(members), claims.size)]
        if len(steps) < 2 or len(steps[-1]) < claims.size or claims.shape != true.shape:
            continue
        entries = list(zip(*steps, strict=True))
        sums = [sum(values[i] for i in entry) % evidence.p for entry in entries]
        if sums == list(true.flat) and (not any(claimed) or claimed == [values[entry[-1]] for entry in entries]):
            return entries
    return []


def _total(nodes: Sequence[int]) -> Making:
    return lambda tape, known, made: tape.total([known[n] for n in nodes])
