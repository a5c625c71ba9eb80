"""Exponentials of scores from which a mask has taken a large number instead of ∞.

In:  a tape.  Out: the nodes exp(x − 10⁹ + …), and the number.
In floating point they are 0; in real numbers they are not, which no gradient that is 0 there would be right for.
"""

from __future__ import annotations

from fractions import Fraction

from numeric.trace.tape import Op, Tape

LARGE = Fraction(-10_000)
FAR = 100


def masked_exponentials(tape: Tape, wanted: bytearray) -> dict[int, Fraction]:
    """{exponential: what was added to its argument}."""
    nodes = (i for i, op in enumerate(tape.ops) if op == Op.EXP and wanted[i])
    found = {i: _added(tape, tape.a[i]) for i in nodes}
    return {i: number for i, number in found.items() if number <= LARGE}


def _added(tape: Tape, argument: int) -> Fraction:
    """The least number among the terms of a sum; below a positive factor it counts as it stands there."""
    least, todo = Fraction(0), [(argument, 1)]
    for _ in range(FAR):
        if not todo:
            break
        i, sign = todo.pop()
        a, b = tape.a[i], tape.b[i]
        if tape.ops[i] == Op.CONST and i in tape.constants:
            least = min(least, sign * tape.constants[i])
        elif tape.ops[i] in (Op.ADD, Op.SUB):
            todo += [(a, sign), (b, -sign if tape.ops[i] == Op.SUB else sign)]
        elif tape.ops[i] == Op.MUL and (factor := tape.sign_of(a) or tape.sign_of(b)):
            todo.append((b if tape.sign_of(a) else a, sign * factor))
    return least
