"""Are gradients the derivatives times one factor, as clipping by the norm makes them?  Is it below 1?

In:  `Evidence` of one branch, names of gradients.  Out: yes or no.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from numeric.trace import sweep
from numeric.trace.evidence import Evidence
from numeric.trace.execute import Trace
from numeric.trace.intervals import Reals
from numeric.trace.tape import Op, Tape
from numeric.trace.witness import rational_point

SIMPLE = 2**40
RAYS = 4
SCALES = tuple(Fraction(4) ** n for n in range(-3, 5))
HALVINGS = 12
TINY = 1e-12


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
    if not c or len({y for _, y in pairs}) < 2 or not all(x * t % p == y * c % p for x, y in pairs):
        return False
    factor = c * pow(t, -1, p) % p
    if fraction_of(factor, p) is not None or fraction_of(factor * factor % p, p) is not None:
        return False
    return not evidence.trace.decisions or _norm_decides(evidence, names, factor)


def is_normalized(evidence: Evidence, names: list[str]) -> bool:
    """The claims have a norm that depends on nothing."""
    norms = [sum(int(c) ** 2 for name in each for c in evidence.claimed[name].flat) for each in (names, names[:1])]
    return any(fraction_of(norm, evidence.p) is not None for norm in norms)


def fraction_of(residue: int, p: int) -> Fraction | None:
    """The fraction of numbers below SIMPLE that a residue stands for, by the Euclidean algorithm."""
    (r, s), (r_next, s_next) = (p, 0), (residue % p, 1)
    while r_next >= SIMPLE:
        quotient = r // r_next
        (r, s), (r_next, s_next) = (r_next, s_next), (r - quotient * r_next, s - quotient * s_next)
    return Fraction(r_next, s_next) if 0 < abs(s_next) < SIMPLE else None


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


def shortens(trace: Trace, names: Sequence[str]) -> bool:
    """0 < claim / derivative <= 1 wherever the branch is tried, and the less the longer the derivative is.

    Tried are a few rays, and next to where the branch begins; where none of them meets it, one array alone grows.
    """
    points = [rational_point(trace, seed) for seed in range(RAYS)]
    tries = [_on_branch(trace, point, [*point]) for point in points]
    if not any(tries):
        tries = [_on_branch(trace, point, [name]) for point in points for name in point]
    return any(tries) and all(_is_shorter(trace, names, ray) for ray in tries)


_Point = Mapping[str, Any]


def _on_branch(trace: Trace, direction: _Point, growing: Sequence[str]) -> list[_Point]:
    """Points where the branch is taken, some arrays multiplied; where it begins along this ray, one next to that."""
    cone = trace.tape.cone([d.node for d in trace.decisions])
    taken = {scale: _takes(trace, cone, _times(scale, direction, growing)) for scale in SCALES}
    found = [scale for scale in SCALES if taken[scale]]
    edges = [(a, b) for a, b in pairwise(SCALES) if taken[a] != taken[b]]
    for out, on in (edge if taken[edge[1]] else edge[::-1] for edge in edges):
        for _ in range(HALVINGS):
            middle = (out + on) / 2
            out, on = (out, middle) if _takes(trace, cone, _times(middle, direction, growing)) else (middle, on)
        found.append(on)
    return [_times(scale, direction, growing) for scale in sorted(found)]


def _times(scale: Fraction, point: _Point, growing: Sequence[str]) -> _Point:
    return {name: values * scale if name in growing else values for name, values in point.items()}


def _takes(trace: Trace, cone: bytearray, point: _Point) -> bool:
    field = Reals(point)
    found = sweep.values(trace.tape, field, cone)
    return not field.boundary and all(bool(field.reduced(found[d.node]).low) == d.outcome for d in trace.decisions)


def _is_shorter(trace: Trace, names: Sequence[str], ray: Sequence[_Point]) -> bool:
    """The factor is nowhere 0, below 0 or above 1, and along the ray it does not grow with the derivative."""
    along = []
    for point in ray:
        pairs = _claims_and_derivatives(trace, names, point)
        if not all(-TINY <= c * math.copysign(1, d) <= abs(d) + TINY for c, d in pairs):
            return False
        if any(not c and abs(d) > TINY for c, d in pairs):
            return False
        claimed, derivative = max(pairs, key=lambda pair: abs(pair[1]), default=(0.0, 0.0))
        if abs(derivative) > TINY:
            along.append((math.hypot(*(d for _, d in pairs)), claimed / derivative))
    along.sort()
    return all(later <= factor + TINY for (_, factor), (_, later) in pairwise(along))


def _claims_and_derivatives(trace: Trace, names: Sequence[str], point: _Point) -> list[tuple[float, float]]:
    tape, field = trace.tape, Reals(point)
    found = sweep.values(tape, field, tape.cone([trace.loss, *(int(n) for m in names for n in trace.claims[m].flat)]))
    adjoint = sweep.adjoints(tape, field, found, trace.loss)
    pairs = []
    for name in names:
        for claim, leaf in zip(trace.claims[name].flat, trace.leaves[name].flat, strict=True):
            claimed, derivative = (field.reduced(side) for side in (found[claim], adjoint[leaf]))
            if not claimed.wide() and not derivative.wide():
                pairs.append((claimed.middle(), derivative.middle()))
    return pairs
