"""Claim -> verdict.

In:  a `Derivation`, sizes, a number of steps.
Out: a `Verdict`.

Every equality of the chain is judged on its own, in this order:
1. shapes: a formula that has none is IllTyped;
2. both sides in normal form, at every step of the sequence, with the adjoints that the
   right side mentions kept as free symbols (`equality`);
3. if that leaves a residual: the same under a hypothesis about the targets;
4. a rational point at which the two sides certainly differ (`refute`);
5. other choices of what stays a symbol.
Where a link may not exist at places where both ends do, the ends are judged as well.
Whatever is left is Unknown.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from itertools import chain, pairwise
from math import prod

from symbolic import attempt, independence, second_opinion
from symbolic.equality import CHOICES, Equality, Shown, Where
from symbolic.every_size import NotUniform, bound
from symbolic.existence import bridged, must_not_vanish
from symbolic.model import is_positive
from symbolic.normal_form import OutOfReach
from symbolic.notation import Axis, Sizes, shape_text
from symbolic.records import Derivation
from symbolic.refute import has_values, refute
from symbolic.shapes import ShapeMismatch, axes_in, shape
from symbolic.terms import Term, subterms
from symbolic.verdicts import (
    ENDS,
    ONE_HOT,
    SUMS_TO_ONE,
    Counterexample,
    Hypothesis,
    IllTyped,
    Proved,
    Refuted,
    Unknown,
    Verdict,
)

LARGEST = 100_000
KINDS = (["", "", ""], [SUMS_TO_ONE] * 3, [ONE_HOT] * 3)


def prove(derivation: Derivation, sizes: Sizes | None = None, steps: int = 3) -> Verdict:
    """The verdict on a derivation, at these sizes (default: the worked example, 3 steps).

    Sizes of axes that the derivation does not have are not looked at.  Raises ValueError
    for sizes or steps below 1.
    """
    started = time.perf_counter()
    usual = {axis: axis.size for axis in axes_of(derivation)}
    for one, other in pairwise(usual):
        if one.name == other.name:
            raise ValueError(f"{derivation.id}: two axes are called {one}, of sizes {one.size} and {other.size}")
    wanted = {axis: n for axis, n in (sizes or {}).items() if axis in usual}
    chosen = {**usual, **wanted, **derivation.sizes}
    for name, n in [*((str(axis), n) for axis, n in chosen.items()), ("steps", steps)]:
        if not isinstance(n, int) or n < 1:
            raise ValueError(f"{derivation.id}: {name} = {n}, where a whole number from 1 is needed")
    verdict = _Judge(chosen, steps, derivation).verdict()
    return replace(verdict, seconds=time.perf_counter() - started)


def axes_of(derivation: Derivation) -> list[Axis]:
    """Every axis of a derivation and of its model, by name."""
    found = {axis for term in derivation.chain for axis in axes_in(term)}
    found |= derivation.model.axes if derivation.model else set()
    return sorted(found | set(derivation.sizes), key=lambda axis: axis.name)


class _Judge:
    """One derivation at given sizes and steps."""

    def __init__(self, sizes: Sizes, steps: int, derivation: Derivation) -> None:
        self.sizes, self.steps, self.derivation = sizes, steps, derivation
        model = derivation.model
        self.model = model
        self.out_of_reach: OutOfReach | None = None
        self.T = steps if model is not None and model.is_sequence else None
        self.named_sizes = {axis.name: n for axis, n in sizes.items()}

    def verdict(self) -> Verdict:
        try:
            self.check_shapes()
            self.check_sizes()
            chain = self.derivation.chain
            shown = [self.judge(n, left, right) for n, (left, right) in enumerate(pairwise(chain), 1)]
            assumed = [*self.derivation.hypotheses, *(h for each in shown for h in each.hypotheses)]
            if not bridged(chain, self.model, any(h.kind == ONE_HOT for h in assumed)):
                shown.append(self.judge(ENDS, chain[0], chain[-1]))
            return self.proved(shown)
        except ShapeMismatch as bad:
            ends = shape_text(bad.left), shape_text(bad.right)
            return IllTyped(self.named_sizes, self.T, 0, f"{bad}", *ends)
        except _Refutation as found:
            return Refuted(self.named_sizes, self.T, 0, found.counterexample)
        except RecursionError:
            return Unknown(
                self.named_sizes, self.T, 0, "a formula or a sequence too long to be followed: take fewer steps"
            )
        except (ArithmeticError, IndexError, _NotShown, second_opinion.Disagreement) as why:
            return Unknown(self.named_sizes, self.T, 0, str(why) or "a division by an expression that is 0")

    def check_shapes(self) -> None:
        for left, right in pairwise(self.derivation.chain):
            if shape(left) != shape(right):
                raise ShapeMismatch("equality", shape(left), shape(right), right)

    def check_sizes(self) -> None:
        arrays = [var.axes for var in self.model.arrays.values()] if self.model else []
        arrays += [shape(term) for link in self.derivation.chain for term in subterms(link)]
        largest = max(prod(self.sizes[axis] for axis in axes) for axes in arrays)
        if largest > LARGEST:
            raise OutOfReach(f"an array of {largest:,} entries, where {LARGEST:,} can be held: take smaller sizes")

    def judge(self, number: int, left: Term, right: Term) -> Shown:
        """What was shown of one equality; raises where nothing was."""
        targets = tuple(hypothesis.target for hypothesis in self.derivation.hypotheses)
        equality = Equality(left, right, self.model, self.sizes, self.steps, targets)
        whole = self.derivation
        alone = whole if len(whole.chain) == 2 else replace(whole, chain=(left, right))
        where: Where | None = None
        agreed = False
        for level in equality.levels:
            try:
                opinion = second_opinion.agree(alone, self.sizes, equality.hypotheses(level))
            except second_opinion.Disagreement as found:
                if found.where is None:
                    self.look_for_counterexample(number, equality, [ONE_HOT] * 2)
                    raise
                where = found.where
                continue
            if opinion:
                if shown := self.show(equality, level):
                    return self.confirmed(number, equality, level, replace(shown, second_opinion=opinion))
                self.look_for_disagreement(number, equality, opinion)
                agreed = True
        if not agreed:
            self.look_for_counterexample(number, equality, [ONE_HOT] * 2, where)
            for level in equality.levels:
                if shown := self.show(equality, level):
                    opinion = second_opinion.confirm(alone, self.sizes, shown.hypotheses)
                    return self.confirmed(number, equality, level, replace(shown, second_opinion=opinion))
        declared = {h.kind for h in self.derivation.hypotheses}
        assumed = ONE_HOT if ONE_HOT in declared or equality.needs_one_hot else SUMS_TO_ONE if declared else ""
        self.look_for_counterexample(number, equality, [ONE_HOT] * 3 + [assumed] * 3)
        raise self.out_of_reach or _NotShown(
            f"equality {number} leaves a residual, and no rational point was found that refutes it"
        )

    def confirmed(self, number: int, equality: Equality, level: int, shown: Shown) -> Shown:
        """What was shown, if nothing refutes it in a longer sequence and the two sides exist anywhere."""
        if shown.second_opinion.startswith(second_opinion.NOTHING):
            raise _NotShown(f"equality {number} has no second opinion: {shown.second_opinion}")
        if equality.beyond and not shown.every_T:
            self.look_for_counterexample(number, equality, [ONE_HOT] * 3, equality.beyond)
        plain = all(is_positive(each, self.model) for s in equality.written for each in must_not_vanish(s))
        if not plain and not has_values(equality, KINDS[level]):
            raise _NotShown("no rational point was found at which both sides exist: they may divide by 0 everywhere")
        return shown

    def look_for_disagreement(self, number: int, equality: Equality, opinion: str) -> None:
        """Refute where the second engine did not look; where it did, one of the two is wrong."""
        if found := refute(number, equality, [ONE_HOT] * 3):
            if found.steps.get("T", 1) <= max(second_opinion.lengths(opinion)):
                raise second_opinion.Disagreement(f"equality {number}: two engines disagree at {found.values}")
            raise _Refutation(found)

    def look_for_counterexample(
        self, number: int, equality: Equality, kinds: list[str], only: Where | None = None
    ) -> None:
        if found := refute(number, equality, kinds, only):
            raise _Refutation(found)

    def show(self, equality: Equality, level: int) -> Shown | None:
        """With the model as it is written, or with names for the arguments of its functions: what shows more."""
        found = self.show_as_written(equality, level)
        if self.model is None or self.model.with_arguments is self.model or (found and all(found.reach)):
            return found
        named = self.show_as_written(equality.in_arguments(self.model), level)
        return max((each for each in (found, named) if each), key=lambda each: each.reach, default=None)

    def show_as_written(self, equality: Equality, level: int) -> Shown | None:
        """In parts if that does, else as a whole, with one choice of symbols after another."""
        parts = [*equality.with_nothing_subtracted(), *([*equality.in_parts()] or [equality])]
        tries = [(part, CHOICES[0]) for part in parts]
        whole = ((equality, choice) for choice in equality.choices())
        for each, choice in chain(tries, (one for one in whole if one not in tries)):
            try:
                found = attempt.shown(each, choice, level)
            except OutOfReach as why:
                self.out_of_reach = why
            else:
                if found:
                    return self.at_every_size(each, level, found) if (each, choice) in tries else found
        return None

    def at_every_size(self, equality: Equality, level: int, found: Shown) -> Shown:
        """With the bound that settles all sizes, after a proof at sizes that reach it."""
        try:
            least = bound(equality, assumes_target=bool(found.hypotheses))
        except NotUniform as why:
            return replace(found, size_reason=str(why))
        larger = {axis: max(n, least.get(axis, 0)) for axis, n in self.sizes.items()}
        if larger != self.sizes:
            named = " ".join(f"{axis}={n}" for axis, n in least.items())
            try:
                again = attempt.shown(equality.at(larger), CHOICES[0], level)
            except OutOfReach as why:
                return replace(found, size_reason=f"at the bound {named}, {why}")
            if again is None:
                return replace(found, size_reason=f"not shown at the bound {named}")
            if found.every_T and not again.every_T:
                return replace(found, size_reason=f"at the bound {named} not shown for every T")
        return replace(found, every_size=least)

    def proved(self, shown: list[Shown]) -> Proved:
        hypotheses: dict[Hypothesis, None] = {}
        for each in shown:
            hypotheses |= dict.fromkeys(each.hypotheses)
        certificate = independence.certificate(self.model, self.sizes)
        reasons = [each.size_reason for each in shown if each.every_size is None]
        least: Counter[str] = Counter()
        for each in shown:
            least |= Counter({axis.name: n for axis, n in (each.every_size or {}).items()})
        return Proved(
            self.named_sizes,
            self.T,
            0,
            hypotheses=tuple(hypotheses),
            method="normal form",
            every_T=None if self.T is None else all(each.every_T for each in shown),
            every_size=None if reasons else dict(sorted(least.items())),
            size_reason=reasons[0] if reasons else "",
            rank=certificate.rank,
            functions=certificate.functions,
            second_opinion="; ".join(dict.fromkeys(each.second_opinion for each in shown)),
        )


class _NotShown(Exception):
    pass


class _Refutation(Exception):
    def __init__(self, counterexample: Counterexample) -> None:
        self.counterexample = counterexample
