"""Gradients that one factor shortens where it is below 1, without an `if`: g · min(1, 5 / norm).

In:  a trace that is refuted because gradients are the derivatives times a factor that shortens them.
Out: the same trace decided: where nothing is clipped, and for each comparison where it alone comes out otherwise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from copy import copy
from dataclasses import replace

from numeric.trace.differences import difference_of, random_points, wanted_of
from numeric.trace.execute import Trace
from numeric.trace.tape import Decision, Op, Tape

FACTORS = 12
"""As many comparisons as there may be, one for the norm of each gradient."""


def decided(trace: Trace) -> Iterator[Trace]:
    """First the branch on which most is right; nothing where no comparison belongs to the gradients alone."""
    tape, wanted, forward = trace.tape, wanted_of(trace), trace.tape.cone([trace.loss])
    known = {d.node: d.outcome for d in trace.decisions}
    free = [i for i, op in enumerate(tape.ops) if op == Op.COND and wanted[i] and not forward[i] and i not in known]
    certain = {i: sign > 0 for i in free if (sign := tape.sign_of(tape.a[i]))}
    asked: dict[int, list[int]] = defaultdict(list)  # the same number may have been computed more than once
    _, values = next(random_points(trace, wanted, {**known, **certain}))
    for i in free:
        if i not in certain and not _bounds_entries(tape, i):
            asked[values[tape.a[i]]].append(i)
    if not 0 < len(asked) <= FACTORS:
        return
    inside = certain
    for same in asked.values():
        either = [inside | dict.fromkeys(same, outcome) for outcome in (False, True)]
        inside = min(either, key=lambda outcomes: difference_of(trace, wanted, {**known, **outcomes}).count)
    yield _with(trace, inside)
    for same in asked.values():
        yield _with(trace, certain | {i: not inside[i] for i in same})


def _bounds_entries(tape: Tape, i: int) -> bool:
    return i in tape.clips and tape.clips[i].has_both_ends and tape.clips[i].shortens


def _with(trace: Trace, outcomes: dict[int, bool]) -> Trace:
    tape = copy(trace.tape)
    tape.decisions = trace.decisions + [Decision(i, tape.place_of(i), outcome) for i, outcome in outcomes.items()]
    return replace(trace, tape=tape)
