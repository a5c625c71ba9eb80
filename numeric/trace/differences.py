"""Where the gradients that the code returned and the derivatives differ, at random points modulo random primes.

In:  a `Trace`, and how some comparisons come out; the others are free indicators.
Out: `Difference`: which entries differ, and the probability that one which does not is wrong all the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from numeric.trace import sweep
from numeric.trace.degrees import error_bound
from numeric.trace.execute import Trace
from numeric.trace.places import Refused
from numeric.trace.residues import NoRoot, Residues
from numeric.trace.tape import Op, Tape

DRAWS, DRAWS_WITH_ROOTS = 6, 40
REDRAWN = 4000
ENOUGH = Fraction(1, 10**15)


@dataclass(frozen=True)
class Difference:
    """Which entries differ at random points, by name; the error of those that do not."""

    wrong: Mapping[str, np.ndarray[Any, np.dtype[np.bool_]]]
    error: Fraction
    deciding: int | None = None
    """A maximum of which the loss depends on the choice, so that nothing is proved."""

    @property
    def count(self) -> int:
        """How many entries are not proved."""
        return sum(mask.size if self.deciding is not None else int(mask.sum()) for mask in self.wrong.values())


def wanted_of(trace: Trace) -> bytearray:
    """The nodes that the loss, the gradients and the branches are made from."""
    decisions = [d.node for d in trace.decisions]
    return trace.tape.cone([trace.loss, *decisions, *(int(n) for nodes in trace.claims.values() for n in nodes.flat)])


def difference_of(trace: Trace, wanted: bytearray, outcomes: Mapping[int, bool]) -> Difference:
    """Both sides at as many random points as it takes for the error to be small."""
    tape = trace.tape
    entries = sum(nodes.size for nodes in trace.claims.values())
    roots = any(op == Op.SQRT and wanted[i] for i, op in enumerate(tape.ops))
    wrong = {name: np.zeros(nodes.shape, dtype=bool) for name, nodes in trace.claims.items()}
    error, bound, deciding = Fraction(1), Fraction(1), None
    for draw, (field, found) in enumerate(random_points(trace, wanted, outcomes)):
        adjoint = sweep.adjoints(tape, field, found, trace.loss)
        for name, nodes in trace.claims.items():
            sides = zip(nodes.flat, trace.leaves[name].flat, strict=True)
            wrong[name] |= np.array([found[c] != adjoint[x] for c, x in sides], dtype=bool).reshape(nodes.shape)
        deciding = _deciding(tape, field, found, adjoint) or deciding
        if all(mask.all() for mask in wrong.values()):
            break
        bound = error_bound(tape, field, trace.loss, entries, wanted) if draw < 3 else bound
        # A root may be taken with either sign; at each point both are equally likely.
        error *= min(max(bound, Fraction(1, 2)) if roots else bound, Fraction(1))
        if error < ENOUGH or draw >= (DRAWS_WITH_ROOTS if roots else DRAWS):
            break
    return Difference(wrong, error, deciding)


def _deciding(tape: Tape, field: Residues, found: list[Any], adjoint: list[Any]) -> int | None:
    """A maximum on which the loss depends; one that was taken twice, as above and below a softmax, is one."""
    adjoints: dict[Any, Any] = defaultdict(int)
    maxima = [i for i, op in enumerate(tape.ops) if op == Op.MAX and adjoint[i]]
    for i in maxima:
        adjoints[found[i]] += adjoint[i]
    return next((i for i in maxima if field.reduced(adjoints[found[i]])), None)


def random_points(
    trace: Trace, wanted: bytearray, outcomes: Mapping[int, bool]
) -> Iterator[tuple[Residues, list[Any]]]:
    """The tape's values at one random point after another, of those where every square root exists."""
    misses = 0
    for seed in range(1, REDRAWN):
        field = Residues(seed, outcomes)
        try:
            yield field, sweep.values(trace.tape, field, wanted)
        except NoRoot:
            misses += 1
    root = next(i for i, op in enumerate(trace.tape.ops) if op == Op.SQRT)
    raise Refused(f"square roots: at none of {misses} random points do all of them exist", trace.tape.place_of(root))
