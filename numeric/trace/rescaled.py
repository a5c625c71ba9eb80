"""Are gradients the derivatives times one factor, as clipping by the norm makes them?

In:  `Evidence` of one branch, names of gradients.  Out: yes or no.
"""

from __future__ import annotations

from fractions import Fraction

from numeric.trace.evidence import Evidence
from numeric.trace.tape import Op, Tape

SIMPLE = 1001


def rescaled(evidence: Evidence, names: list[str]) -> bool:
    """One factor, which is no simple number; on a branch, one that a norm has decided."""
    p, true, claimed = evidence.p, evidence.true, evidence.claimed
    pairs = [
        (int(c), int(t))
        for name in names
        if claimed[name].shape == true[name].shape
        for c, t in zip(claimed[name].flat, true[name].flat, strict=True)
    ]
    c, t = next(((c, t) for c, t in pairs if t), (0, 0))
    if not c or len(pairs) < 2 or not all(x * t % p == y * c % p for x, y in pairs):
        return False
    factor = c * pow(t, -1, p) % p
    if _is_simple(factor, p):
        return False
    return not evidence.trace.decisions or _norm_decides(evidence, names, factor)


def _is_simple(factor: int, p: int) -> bool:
    ratios = (Fraction(n, d) for d in range(1, SIMPLE) for n in (factor * d % p, factor * d % p - p))
    return any(abs(ratio.numerator) < SIMPLE for ratio in ratios)


def _norm_decides(evidence: Evidence, names: list[str], factor: int) -> bool:
    """The branch was taken because a norm of gradients is above a constant, or the factor below 1."""
    p, tape = evidence.p, evidence.tape
    squares = {name: sum(int(t) ** 2 for t in evidence.true[name].flat) for name in evidence.claimed}
    large = {n % p for n in (sum(squares.values()), sum(squares[name] for name in names), *squares.values())}
    large.add(pow(factor * factor, -1, p))
    for node, _, outcome in evidence.trace.decisions:
        difference = tape.a[node]
        x, opposite = _beside_constants(tape, difference)
        value = evidence.values[x]
        if outcome != opposite and {value % p, value * value % p} & large:
            return True
        below_one = (1 - factor if opposite else factor - 1) % p
        if outcome == opposite and evidence.values[difference] % p == below_one:
            return True
    return False


def _beside_constants(tape: Tape, i: int) -> tuple[int, bool]:
    """x of x + c, x − c, and of c − x, which is said to be the opposite."""
    opposite = False
    while tape.ops[i] in (Op.ADD, Op.SUB):
        if tape.b[i] in tape.constants:
            i = tape.a[i]
        elif tape.a[i] in tape.constants:
            i, opposite = tape.b[i], opposite != (tape.ops[i] == Op.SUB)
        else:
            break
    return i, opposite
