"""Are the gradients that the code returned the derivatives of the loss that it computed?

In:  a `Trace`.
Out: a `ParameterVerdict` for every gradient.

1. Both sides are evaluated at random points modulo random primes (`numeric.trace.residues`).  Where
   they agree they are the same function, up to the stated error.  Comparisons are free
   indicators; so agreement holds on every branch of every comparison.
2. Where they differ, or the loss depends on a maximum, all clips are supposed inactive; then every
   outcome of the comparisons that an entry depends on is tried (`numeric.trace.branches`), where these are few.
3. What still differs is evaluated at rational points in interval arithmetic; where the
   enclosures do not meet it is refuted.  Anything else is unknown.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from numeric.trace import sweep
from numeric.trace.branches import on_every_branch
from numeric.trace.differences import Difference, difference_of, random_points, wanted_of
from numeric.trace.execute import Trace
from numeric.trace.kinks import kinks
from numeric.trace.masked import masked_exponentials
from numeric.trace.maxima import coinciding
from numeric.trace.places import Refused
from numeric.trace.polynomials import exactly_proved
from numeric.trace.proof import Finding, ParameterVerdict
from numeric.trace.reached import reached
from numeric.trace.residues import NoRoot, Residues
from numeric.trace.tape import EMPTY, Clip, Op, Tape
from numeric.trace.witness import witness_of

MEMORIES = 4


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
    _refuse_unknown(trace, wanted, outcomes)
    _refuse_coinciding(trace, outcomes)
    open_comparisons = [i for i, op in enumerate(tape.ops) if op == Op.COND and wanted[i] and i not in outcomes]
    hypotheses: tuple[str, ...] = ()
    difference = difference_of(trace, wanted, outcomes)
    if difference.count and (masked := masked_exponentials(tape, wanted)):
        tape.vanishing = frozenset(masked)
        instead = difference_of(trace, wanted, outcomes)
        if instead.count < difference.count:
            difference, hypotheses = instead, _masked(trace, masked)
        else:
            tape.vanishing = frozenset()
    unclipped = reached(trace, _supposed_inactive(trace, open_comparisons)) if difference.count else {}
    if unclipped:
        instead = difference_of(trace, wanted, outcomes | unclipped)
        if instead.count < difference.count or difference.deciding is not None:
            difference, outcomes = instead, outcomes | unclipped
            hypotheses += _nothing_clipped(trace, unclipped)
    if difference.count and Op.COND in tape.ops:
        difference = on_every_branch(trace, wanted, outcomes, difference)
        if difference.count and unclipped.keys() - outcomes.keys():
            start = difference_of(trace, wanted, outcomes | unclipped)
            instead = on_every_branch(trace, wanted, outcomes | unclipped, start)
            if not instead.count:
                difference, outcomes = instead, outcomes | unclipped
                hypotheses += _nothing_clipped(trace, unclipped)
    verdicts = _verdicts(trace, difference, outcomes, wanted)
    if any(verdict.finding == Finding.PROVED for verdict in verdicts) and Op.COND in tape.ops:
        hypotheses += kinks(trace, outcomes, *next(random_points(trace, wanted, outcomes)))
    return Judged([*verdicts, *misshapen], hypotheses, outcomes, difference.deciding is not None)


def _supposed_inactive(trace: Trace, comparisons: list[int]) -> dict[int, bool]:
    """The clips that shorten gradients, and guards in the loss such as clip(p, 1e-12, 1); not a hard tanh."""
    tape, forward = trace.tape, trace.tape.cone([trace.loss])
    return {
        i: clip.inside
        for i in comparisons
        if (clip := tape.clips.get(i)) and (_is_guard(tape, i, clip) if forward[i] else clip.shortens)
    }


def _is_guard(tape: Tape, comparison: int, clip: Clip) -> bool:
    """The bound is next to 0 or 1, or it is large and 0 lies strictly between the two; a relu up to 20 is none."""
    difference = tape.a[comparison]
    ends = (tape.a[difference], tape.b[difference]) if tape.ops[difference] in (Op.ADD, Op.SUB) else ()
    bound = next((abs(tape.constants[n]) for n in ends if n in tape.constants), Fraction(0))
    is_next = 0 < bound < Fraction(1, 1000) or Fraction(99, 100) < bound < 1
    return clip.has_both_ends and (is_next or (bound > 10 and clip.shortens))


def _refuse_unknown(trace: Trace, wanted: bytearray, outcomes: Mapping[int, bool]) -> None:
    """Refused where the loss, a gradient or a branch depends on what may be any number, as np.empty gives it."""
    tape = trace.tape
    unknown = [i for i in tape.unknown if wanted[i]]
    if not unknown:
        return
    deciding = tape.cone([d.node for d in trace.decisions])
    if branching := [i for i in unknown if deciding[i] and tape.unknown[i] != EMPTY]:
        raise Refused(tape.unknown[branching[0]], tape.place_of(branching[0]))
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
        changed = tape.cone([n for n in tops if not other or found[n] != other[n]])
        if used := [i for i in unknown if changed[i]]:
            raise Refused(tape.unknown[used[0]], tape.place_of(used[0]))


def _refuse_coinciding(trace: Trace, outcomes: Mapping[int, bool]) -> None:
    """Refused where a mask by `==` has taken the entries of a maximum to differ, and some are the same function."""
    if not trace.tape.told_apart:
        return
    asked = trace.tape.cone([n for maximum in trace.tape.told_apart for n in trace.tape.maxima[maximum]])
    _, found = next(random_points(trace, asked, outcomes))
    maximum = coinciding(trace.tape, found)
    if maximum is not None:
        raise Refused("a comparison by == with a maximum of equal entries", trace.tape.place_of(maximum))


def _verdicts(
    trace: Trace, difference: Difference, outcomes: Mapping[int, bool], wanted: bytearray
) -> list[ParameterVerdict]:
    if not difference.count:
        exact = exactly_proved(trace, wanted, outcomes, *next(random_points(trace, wanted, outcomes)))
        proved = [_proved(trace, name, difference) for name in trace.claims]
        return [replace(p, error=0.0) if p.name in exact else p for p in proved]
    masked, trace.tape.vanishing = trace.tape.vanishing, frozenset()  # a refutation rests on no hypothesis
    witness = witness_of(trace, difference, outcomes, wanted)
    trace.tape.vanishing = masked
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
        return f"the gradient depends on which entry is the largest at {trace.tape.place_of(difference.deciding)}"
    count = int(difference.wrong[name].sum())
    text = f"{count} entries differ at random points, and no real point was found that shows it"
    rounded = next((i for i in trace.tape.rounded), None)
    if rounded is not None:
        value = float(trace.tape.constants[rounded])
        text += f"; constants such as {value!r} ({trace.tape.place_of(rounded)}) are rounded"
    return text


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


def _masked(trace: Trace, masked: Mapping[int, Fraction]) -> tuple[str, ...]:
    places = dict.fromkeys((trace.tape.place_of(i), float(number)) for i, number in masked.items())
    return tuple(dict.fromkeys(f"exp of what {number:g} is added to is 0 at {place}" for place, number in places))


def _nothing_clipped(trace: Trace, unclipped: Mapping[int, bool]) -> tuple[str, ...]:
    clips = trace.tape.clips
    texts = dict.fromkeys(f"{trace.tape.place_of(i)}, {clips[i]}" for i in unclipped)
    return tuple(f"nothing is clipped at {text}" for text in texts)
