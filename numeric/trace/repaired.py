"""A repair in words: which line lacks what, and where that comes from.

In:  what was put where, so that every gradient is right.
Out: a `Cause` with its `Mend`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from numeric.trace import source
from numeric.trace.lacks import Lack, Lacking
from numeric.trace.places import Place, Refused
from numeric.trace.proof import Cause, Mend
from numeric.trace.tape import Op, Tape


class Used(NamedTuple):
    """What was put where: at nodes, at what nodes read, at what is returned."""

    made: dict[int, Lacking]
    read: dict[int, dict[int, Lacking]]
    claimed: dict[int, Lacking]


def cause_of(tape: Tape, lack: Lack, used: Used, where: Mapping[int, int]) -> Cause:
    """`where`: the first node that has a value."""
    place, text = _made(tape, used) if used.made else _read(tape, used)
    text = text.replace(WHAT, _what(tape, lack, used, where))
    return Cause(lack.kind, text, place, mend=Mend(place, text))


WHAT = "\0"


def _made(tape: Tape, used: Used) -> tuple[Place, str]:
    """What a line makes lacks something."""
    first = tape.place[min(used.made)]
    place, sites = tape.places[first], tape.sites[first]
    one = len({tape.place[i] for i in used.made}) == 1
    code = (source.expression(sites) if one else "") or source.statement(place) or "what is made here"
    name = source.named(sites) if one else source.assigned(place)
    return place, f"{code} lacks {WHAT}{_also(place, source.renamed(place, name.text) if name else None)}"


def _read(tape: Tape, used: Used) -> tuple[Place, str]:
    """What lines read lacks something there."""
    reading = [i for i, each in used.read.items() if each]
    if not reading:
        raise Refused("nothing but what is returned lacks it", None)
    place, code = tape.place_of(min(reading)), _read_as(tape, min(reading), used)
    lines = sorted({Place(*tape.place_of(i)[:2]) for i in reading} - {Place(*place[:2])})
    more = f", here and at {', '.join(map(str, lines))}" if lines else ""
    also = _also(place, source.origin(place, code) if code else None)
    return place, f"{code or 'what is read here'} lacks {WHAT}{more}{also}"


def _read_as(tape: Tape, i: int, used: Used) -> str:
    """What the line has for the value that lacks something."""
    arguments = tape.arguments(i)
    sides = {int(k >= len(arguments) // 2) for k, n in enumerate(arguments) if n in used.read[i]}
    if tape.ops[i] not in (Op.ADD, Op.SUB, Op.MUL, Op.DOT) or len(sides) != 1:
        return ""
    return source.operand(tape.sites[tape.place[i]], sides.pop())


def _also(place: Place, other: source.Named | None) -> str:
    return f", where {other.text} ({other.place})" if other and other.place.line != place.line else ""


def _what(tape: Tape, lack: Lack, used: Used, where: Mapping[int, int]) -> str:
    """The factor or the term, and the line that it is from: of the way back, where that makes the term."""
    put = [*used.made.items(), *((i, each) for i, some in used.read.items() for each in some.values())]
    constants = {each.constant for _, each in put}
    if lack.is_term and constants in ({1}, {-1}):
        return "the term 1" if 1 in constants else "the term −1"
    if lack.is_term and all(where.get(each.number, i) < i for i, each in put):
        places = {tape.place[where[each.number]] for _, each in put}
        if len(places) == 1:
            text = source.expression(tape.sites[(index := places.pop())])
            return f"{f'the term {text}' if text else 'a term'} of {tape.places[index]}"
    return f"{lack.words} {lack.place}{lack.others}"
