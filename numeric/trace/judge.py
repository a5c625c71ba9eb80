"""Are the gradients that the code returned the derivatives of the loss that it computed?

In:  a `Trace`.
Out: a `ParameterVerdict` for every gradient.

1. Both sides are evaluated at random points modulo random primes (`numeric.trace.residues`).  Where
   they agree they are the same function, up to the stated error.  Comparisons are free
   indicators; so agreement holds on every branch of every comparison.
2. Where they differ, comparisons are tried in turn: all clips inactive, then every outcome of
   a few.
3. What still differs is evaluated at rational points in interval arithmetic; where the
   enclosures do not meet it is refuted.  Anything else is unknown.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from numeric.trace import sweep
from numeric.trace.degrees import error_bound
from numeric.trace.execute import Trace
from numeric.trace.intervals import Interval, Reals
from numeric.trace.polynomials import exactly_proved
from numeric.trace.proof import Finding, ParameterVerdict, WrongEntry
from numeric.trace.residues import NoRoot, Residues
from numeric.trace.tape import UNWRITTEN, Op, Refused, Tape

CHOICES = tuple(Fraction(n, 4) for n in (-6, -4, -3, -2, -1, 1, 2, 3, 4, 6))
POINTS = 8
SCALES = (Fraction(1), Fraction(1, 4), Fraction(4), Fraction(16))
COMPARISONS = 8
DRAWS_WITH_ROOTS = 40
REDRAWN = 4000
MEMORIES = 4
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


@dataclass(frozen=True)
class Judged:
    """The verdict of every gradient, the hypotheses of those that are proved, the outcomes taken of comparisons.

    `deciding`: the loss depends on which entry of some maximum is the largest.
    """

    parameters: list[ParameterVerdict]
    hypotheses: tuple[str, ...]
    outcomes: Mapping[int, bool]
    deciding: bool = False


def judge(trace: Trace) -> Judged:
    """Proved, refuted or unknown, for every gradient."""
    claims, misshapen = _by_shape(trace)
    if not claims:
        return Judged(misshapen, (), {})
    trace = Trace(trace.tape, trace.loss, trace.leaves, claims)
    tape, outcomes = trace.tape, {d.node: d.outcome for d in trace.decisions}
    wanted = wanted_of(trace)
    _refuse_unwritten(trace, wanted, outcomes)
    open_comparisons = [i for i, op in enumerate(tape.ops) if op == Op.COND and wanted[i] and i not in outcomes]
    hypotheses: tuple[str, ...] = ()
    difference = difference_of(trace, wanted, outcomes)
    unclipped = _supposed_inactive(trace, open_comparisons)
    if difference.count and unclipped:
        instead = difference_of(trace, wanted, outcomes | unclipped)
        if instead.count < difference.count:
            difference, outcomes = instead, outcomes | unclipped
            hypotheses = _nothing_clipped(trace, unclipped)
            open_comparisons = [i for i in open_comparisons if i not in unclipped]
    if difference.count and open_comparisons:
        difference = _on_every_branch(trace, wanted, outcomes, open_comparisons, difference)
    verdicts = _verdicts(trace, difference, outcomes, wanted)
    return Judged([*verdicts, *misshapen], hypotheses, outcomes, difference.deciding is not None)


def _supposed_inactive(trace: Trace, comparisons: list[int]) -> dict[int, bool]:
    """The clips that shorten gradients, and guards in the loss such as clip(p, 1e-12, 1); not a hard tanh."""
    tape, forward = trace.tape, trace.tape.cone([trace.loss])
    return {
        i: tape.clips[i]
        for i in comparisons
        if i in tape.clips and (_is_guard(tape, tape.a[i]) if forward[i] else i in tape.shortening)
    }


def _is_guard(tape: Tape, difference: int) -> bool:
    """The bound in x − bound is next to 0 or 1, or large."""
    ends = (tape.a[difference], tape.b[difference]) if tape.ops[difference] in (Op.ADD, Op.SUB) else ()
    bound = next((abs(tape.constants[n]) for n in ends if n in tape.constants), Fraction(0))
    return 0 < bound < Fraction(1, 1000) or Fraction(99, 100) < bound < 1 or bound > 10


def _refuse_unwritten(trace: Trace, wanted: bytearray, outcomes: Mapping[int, bool]) -> None:
    """Refused where the loss, a gradient or a branch depends on entries of np.empty that nobody wrote."""
    tape = trace.tape
    unwritten = [
        i for i, op in enumerate(tape.ops) if op == Op.LEAF and wanted[i] and tape.leaves[tape.a[i]][0] == UNWRITTEN
    ]
    if not unwritten:
        return
    tops = [trace.loss, *(d.node for d in trace.decisions), *(int(n) for c in trace.claims.values() for n in c.flat)]
    for draw in range(MEMORIES):
        source = random.Random(draw)
        comparisons = [i for i, op in enumerate(tape.ops) if op == Op.COND and wanted[i]]
        drawn = {**{i: source.random() < 0.5 for i in comparisons}, **outcomes}
        field, found = next(random_points(trace, wanted, drawn))
        try:
            other = sweep.values(tape, Residues(field.seed, drawn, memory=1), wanted)
        except NoRoot:
            other = []
        if not other or any(found[n] != other[n] for n in tops):
            raise Refused("an array made by np.empty is read before it is written", _place(trace, unwritten[0]))


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
        deciding = next(
            (i for i, op in enumerate(tape.ops) if op == Op.MAX and i < len(adjoint) and adjoint[i]), deciding
        )
        if all(mask.all() for mask in wrong.values()):
            break
        bound = error_bound(tape, field, trace.loss, entries, wanted) if draw < 3 else bound
        # A root may be taken with either sign; at each point both are equally likely.
        error *= min(max(bound, Fraction(1, 2)) if roots else bound, Fraction(1))
        if error < ENOUGH or draw >= (DRAWS_WITH_ROOTS if roots else 6):
            break
    return Difference(wrong, error, deciding)


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
    raise Refused(f"square roots: at none of {misses} random points do all of them exist", _place(trace, root))


def _on_every_branch(
    trace: Trace, wanted: bytearray, outcomes: Mapping[int, bool], comparisons: list[int], before: Difference
) -> Difference:
    """What differs on some branch; before, comparisons were free symbols, which proves more."""
    kinds = _comparisons(trace, wanted, outcomes, comparisons)
    if len(kinds) > COMPARISONS:
        return before
    wrong = {name: np.zeros_like(mask) for name, mask in before.wrong.items()}
    error, deciding = before.error, before.deciding
    for results in product((False, True), repeat=len(kinds)):
        chosen = dict(zip(kinds, results, strict=True))
        if not _possible(chosen):
            continue
        together = {i: result != opposite for kind, result in chosen.items() for i, opposite in kinds[kind]}
        found = difference_of(trace, wanted, {**outcomes, **together})
        wrong = {name: mask | found.wrong[name] for name, mask in wrong.items()}
        error, deciding = error + found.error, found.deciding or deciding
    return Difference({name: mask & before.wrong[name] for name, mask in wrong.items()}, error, deciding)


_Kind = tuple[int, Fraction]


def _comparisons(
    trace: Trace, wanted: bytearray, outcomes: Mapping[int, bool], comparisons: list[int]
) -> dict[_Kind, list[tuple[int, bool]]]:
    """Comparisons that say the same of the same value x, as x + c > 0; and which of them say the opposite."""
    tape = trace.tape
    field, found = next(random_points(trace, wanted, outcomes))
    kinds: dict[_Kind, list[tuple[int, bool]]] = {}
    for i in comparisons:
        x, c = tape.a[i], Fraction(0)
        if tape.ops[x] in (Op.ADD, Op.SUB) and tape.b[x] in tape.constants:
            c = tape.constants[tape.b[x]] * (1 if tape.ops[x] == Op.ADD else -1)
            x = tape.a[x]
        value, opposite = found[x], False
        if value > field.p - value:
            value, c, opposite = field.p - value, -c, True
        kinds.setdefault((value, c), []).append((i, opposite))
    return kinds


def _possible(chosen: Mapping[_Kind, bool]) -> bool:
    """x + c > 0 implies x + d > 0 for every d > c."""
    return not any(
        result and not other and x == y and d > c
        for (x, c), result in chosen.items()
        for (y, d), other in chosen.items()
    )


def _verdicts(
    trace: Trace, difference: Difference, outcomes: Mapping[int, bool], wanted: bytearray
) -> list[ParameterVerdict]:
    if not difference.count:
        exact = exactly_proved(trace, wanted, outcomes, *next(random_points(trace, wanted, outcomes)))
        proved = [_proved(trace, name, difference) for name in trace.claims]
        return [replace(p, error=0.0) if p.name in exact else p for p in proved]
    witness = _witness(trace, difference, outcomes, wanted)
    verdicts = []
    for name, nodes in trace.claims.items():
        wrong = witness.entries.get(name, []) if witness else []
        if wrong and witness:
            verdicts.append(
                ParameterVerdict(
                    name, nodes.shape, Finding.REFUTED, wrong=len(wrong), entries=tuple(wrong), point=witness.point
                )
            )
        elif difference.deciding is None and not difference.wrong[name].any():
            verdicts.append(_proved(trace, name, difference))
        else:
            verdicts.append(
                ParameterVerdict(name, nodes.shape, Finding.UNKNOWN, reason=_undecided(trace, difference, name))
            )
    return verdicts


def _proved(trace: Trace, name: str, difference: Difference) -> ParameterVerdict:
    return ParameterVerdict(name, trace.claims[name].shape, Finding.PROVED, error=float(difference.error))


def _undecided(trace: Trace, difference: Difference, name: str) -> str:
    if difference.deciding is not None:
        return f"the gradient depends on which entry is the largest at {_place(trace, difference.deciding)}"
    count = int(difference.wrong[name].sum())
    text = f"{count} entries differ at random points, and no real point was found that shows it"
    rounded = next((i for i in trace.tape.rounded), None)
    if rounded is not None:
        value = float(trace.tape.constants[rounded])
        text += f"; constants such as {value!r} ({_place(trace, rounded)}) are rounded"
    return text


@dataclass(frozen=True)
class _Witness:
    point: Mapping[str, Any]
    entries: Mapping[str, list[WrongEntry]]

    @property
    def count(self) -> int:
        return sum(map(len, self.entries.values()))


def _witness(trace: Trace, difference: Difference, outcomes: Mapping[int, bool], wanted: bytearray) -> _Witness | None:
    """A rational point at which entries are certainly wrong: of a few points that which shows the most."""
    best: _Witness | None = None
    for seed in range(POINTS):
        point = rational_point(trace, seed)
        found = _apart(trace, difference, outcomes, wanted, point)
        if found is not None and found.count > (best.count if best else 0):
            best = found
        if best and best.count >= difference.count:
            break
    return best


def rational_point(trace: Trace, seed: int) -> dict[str, Any]:
    """Simple numbers for every leaf: smaller and larger ones in turn, positive ones at every other point."""
    source = random.Random(seed)
    scale = SCALES[seed // 2]
    choices = [c for c in CHOICES if c > 0 or seed % 2 == 0]
    point = {}
    for name, nodes in trace.leaves.items():
        values = np.empty(nodes.shape, dtype=object)
        for position in np.ndindex(nodes.shape):
            values[position] = source.choice(choices) * scale
        point[name] = values
    return point


def _apart(
    trace: Trace, difference: Difference, outcomes: Mapping[int, bool], wanted: bytearray, point: Mapping[str, Any]
) -> _Witness | None:
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
    return _Witness(listed, entries) if entries else None


def _by_shape(trace: Trace) -> tuple[dict[str, Any], list[ParameterVerdict]]:
    """Gradients of their array's shape, and the verdicts on those of another."""
    claims, misshapen = {}, []
    for name, nodes in trace.claims.items():
        shape = trace.leaves[name].shape
        if nodes.shape == shape:
            claims[name] = nodes
        else:
            reason = f"the gradient has shape {nodes.shape}, its array {shape}"
            misshapen.append(ParameterVerdict(name, shape, Finding.REFUTED, reason=reason))
    return claims, misshapen


def _nothing_clipped(trace: Trace, unclipped: Mapping[int, bool]) -> tuple[str, ...]:
    places = dict.fromkeys(str(_place(trace, i)) for i in unclipped)
    return tuple(f"nothing is clipped at {place}" for place in places)


def _place(trace: Trace, node: int) -> Any:
    return trace.tape.places[trace.tape.place[node]]
