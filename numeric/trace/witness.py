"""A rational point at which a gradient is certainly not the derivative.

In:  a `Trace`, and the entries that differ at random points.
Out: `Witness`: the point, and enclosures of both sides of every entry that do not meet there.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from numeric.trace import sweep
from numeric.trace.differences import Difference
from numeric.trace.execute import Trace
from numeric.trace.intervals import Interval, Reals
from numeric.trace.proof import WrongEntry

CHOICES = tuple(Fraction(n, 4) for n in (-6, -4, -3, -2, -1, 1, 2, 3, 4, 6))
POINTS, MORE = 8, 16
ODD = range(-49, 50, 2)
SCALES = (Fraction(1), Fraction(1, 4), Fraction(4), Fraction(16))


@dataclass(frozen=True)
class Witness:
    point: Mapping[str, Any]
    entries: Mapping[str, list[WrongEntry]]

    @property
    def count(self) -> int:
        return sum(map(len, self.entries.values()))


def witness_of(trace: Trace, difference: Difference, outcomes: Mapping[int, bool], wanted: bytearray) -> Witness | None:
    """A rational point at which entries are certainly wrong: of a few points that which shows the most."""
    best: Witness | None = None
    for seed in range(POINTS + MORE):
        if best and seed >= POINTS:
            break
        point = rational_point(trace, seed)
        found = _apart(trace, difference, outcomes, wanted, point)
        if found is not None and found.count > (best.count if best else 0):
            best = found
        if best and best.count >= difference.count:
            break
    return best


def rational_point(trace: Trace, seed: int) -> dict[str, Any]:
    """Simple numbers for every leaf: smaller and larger ones in turn, positive ones at every other point.

    After the first few, numbers of all sizes at one point.
    """
    source = random.Random(seed)
    scale = SCALES[seed // 2 % len(SCALES)]
    choices = [c for c in CHOICES if c > 0 or seed % 2 == 0]
    point = {}
    for name, nodes in trace.leaves.items():
        values = np.empty(nodes.shape, dtype=object)
        for position in np.ndindex(nodes.shape):
            values[position] = source.choice(choices) * scale if seed < POINTS else Fraction(source.choice(ODD), 6)
        point[name] = values
    return point


def _apart(
    trace: Trace, difference: Difference, outcomes: Mapping[int, bool], wanted: bytearray, point: Mapping[str, Any]
) -> Witness | None:
    tape, field = trace.tape, Reals(point)
    found = sweep.values(tape, field, wanted)
    if field.boundary or any(bool(found[i].low) != outcome for i, outcome in outcomes.items() if wanted[i]):
        return None
    adjoint = sweep.adjoints(tape, field, found, trace.loss)
    if field.boundary:
        return None
    entries: dict[str, list[WrongEntry]] = {}
    for name, nodes in trace.claims.items():
        for position in np.ndindex(nodes.shape):
            if difference.deciding is None and not difference.wrong[name][position]:
                continue
            claimed: Interval = field.reduced(found[nodes[position]])
            derivative: Interval = field.reduced(adjoint[trace.leaves[name][position]])
            if claimed.apart(derivative) and not claimed.wide() and not derivative.wide():
                entries.setdefault(name, []).append(WrongEntry(position, claimed.ends(), derivative.ends()))
    listed = {name: values.tolist() if values.shape else values.item() for name, values in point.items()}
    return Witness(listed, entries) if entries else None
