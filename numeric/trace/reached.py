"""Can it be that nothing is clipped?  A hypothesis that never holds proves nothing.

In:  a trace, how comparisons come out where nothing is clipped.
Out: those of which it is not seen that they come out otherwise wherever they are tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from numeric.trace import sweep
from numeric.trace.execute import Trace
from numeric.trace.intervals import Reals
from numeric.trace.witness import rational_point

SCALES = tuple(Fraction(4) ** n for n in (-3, 0, -6, 2, -1, 4))
POINTS, EFFORT = 24, 2_000_000


def reached(trace: Trace, supposed: Mapping[int, bool]) -> dict[int, bool]:
    """Without those that come out otherwise, or compare equal numbers, at every point."""
    tape, cone = trace.tape, trace.tape.cone(list(supposed))
    never = set(supposed)
    for seed in range(POINTS):
        if not never or (seed + 1) * len(tape) > EFFORT:
            break
        scale = SCALES[seed % len(SCALES)]
        point = {name: values * scale for name, values in rational_point(trace, seed // len(SCALES)).items()}
        field = Reals(point)
        found = sweep.values(tape, field, cone)
        for i in list(never):
            difference = field.reduced(found[tape.a[i]])
            if difference.low != difference.high and difference.low <= 0 <= difference.high:
                never.discard(i)  # nothing is known
            elif (difference.low > 0) == supposed[i] and difference.low:
                never.discard(i)
    return {i: outcome for i, outcome in supposed.items() if i not in never}
