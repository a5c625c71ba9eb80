"""Which comparisons bound a value, as those of a clip do, however it is written.

In:  the nodes of a maximum, a minimum, a clip, a `where`, as they are made.
Out: `tape.clips`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice

from numeric.trace.tape import Clip, Op, Tape

NESTED = 16


def note_maximum(tape: Tape, above: int, bound: int) -> None:
    """max(x, bound), where `above` is x > bound; a relu is no clip, nor is what its bound would lengthen."""
    if bound in tape.constants:
        _note_half(tape, above, Clip(True, tape.constants[bound], math.inf))


def note_minimum(tape: Tape, below: int, bound: int) -> None:
    """min(x, bound), where `below` is x < bound."""
    if bound in tape.constants:
        _note_half(tape, below, Clip(True, -math.inf, tape.constants[bound]))


def note_choice(tape: Tape, condition: int, a: int, b: int) -> None:
    """where(x > 5, 5, x) bounds x, as min(x, 5) does."""
    if (a in tape.constants) == (b in tape.constants):
        return
    bound, other = (a, b) if a in tape.constants else (b, a)
    value = tape.constants[bound]
    i, opposite = comparison(tape, condition)
    x, is_above = _compared_with(tape, i, value)
    if x in islice(_choices(tape, other), NESTED):
        inside = (bound == a) == opposite
        low, high = (-math.inf, value) if is_above != inside else (value, math.inf)
        _note_half(tape, i, Clip(inside, low, high))


def comparison(tape: Tape, i: int) -> tuple[int, bool]:
    """The comparison i, or that of which it is the opposite."""
    opposite = False
    while tape.ops[i] == Op.SUB and tape.constants.get(tape.a[i]) == 1:
        i, opposite = tape.b[i], not opposite
    return i, opposite


def _note_half(tape: Tape, i: int, half: Clip) -> None:
    if half.shortens:
        tape.clipping(i, half)


def _compared_with(tape: Tape, i: int, bound: Fraction) -> tuple[int, bool]:
    """(x, True) of x > bound, (x, False) of bound > x; (−1, False) of any other comparison."""
    difference = tape.a[i]
    if tape.ops[i] != Op.COND or tape.ops[difference] not in (Op.ADD, Op.SUB):
        return -1, False
    left, right = tape.a[difference], tape.b[difference]
    minus = tape.ops[difference] == Op.SUB
    if right in tape.constants and tape.constants[right] * (-1 if minus else 1) == -bound:
        return left, True
    return (right, False) if minus and tape.constants.get(left) == bound else (-1, False)


def _choices(tape: Tape, i: int) -> Iterator[int]:
    """A value, and what it may be by comparisons."""
    yield i
    if i in tape.choices:
        for chosen in tape.choices[i][1:]:
            yield from _choices(tape, chosen)
