"""A point at which two sides are certainly different.

In:  an equality and the model it speaks of.
Out: a `Counterexample`, or None where no point was found.

Every free variable (parameters, inputs, targets, initial states) gets an exact rational
value; the whole unrolled model, its derivatives and both sides are evaluated in interval
arithmetic.  Only enclosures that do not meet refute.  Targets are one-hot at the first
points, so that what is refuted there is refuted under every hypothesis about them.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from functools import cache
from typing import Any

import mpmath
import numpy as np
from mpmath import iv

from symbolic.chain_rule import Differentiated
from symbolic.elementwise import Arithmetic, Entries, OutsideSequence, dimensions, positions, tabulated
from symbolic.equality import Equality, Where
from symbolic.normal_form import OutOfReach
from symbolic.notation import Axis
from symbolic.terms import Derivative, Term, Var, children, free_anchors
from symbolic.verdicts import ONE_HOT, SUMS_TO_ONE, Counterexample

PRECISION = 120
DIGITS = 17
LARGEST = 10**6
CHOICES = tuple(Fraction(n, 2) for n in (-3, -2, -1, 1, 2, 3))


@dataclass(frozen=True)
class Intervals(Arithmetic):
    """Real intervals with outward rounding (mpmath)."""

    def number(self, value: Fraction) -> Any:
        return _enclosed(value.numerator, value.denominator)

    def reciprocal(self, axis: Axis | None, size: int) -> Any:
        return iv.mpf(1) / size

    def function(self, name: str, value: Any) -> Any:
        if name != "log" and abs(value).b > LARGEST:
            raise ZeroDivisionError("an exponential too large to be looked at")
        match name:
            case "exp":
                return iv.exp(value)
            case "log":
                if value.a <= 0:
                    raise ZeroDivisionError("log of an interval that reaches 0")
                return iv.log(value)
            case "sigmoid":
                return 1 / (1 + iv.exp(-value))
            case "tanh":
                return 1 - 2 / (iv.exp(2 * value) + 1)
        raise ValueError(f"no rule for {name}")


@cache
def _enclosed(numerator: int, denominator: int) -> Any:
    # Wider or narrower with the precision of the moment, it encloses the number.
    return iv.mpf(numerator) / denominator


class Point:
    """Exact values for the leaves, chosen as they are asked for; targets satisfy the hypotheses."""

    def __init__(self, equality: Equality, seed: int, kind: str) -> None:
        self.sizes, self.kind = equality.sizes, kind
        self.targets = {y.name for y in equality.targets}
        self.random = random.Random(seed)
        self.values: dict[str, Any] = {}

    def leaf(self, var: Var, step: int | None) -> Entries:
        exact = tabulated(dimensions(var.axes, self.sizes), lambda _: self.random.choice(CHOICES))
        if var.name in self.targets:
            for row in positions(exact.shape[:-1]):
                exact[row] = self.target(exact.shape[-1])
        self.values[var.name if step is None else f"{var.name}[{step}]"] = exact.tolist()
        return tabulated(exact.shape, lambda position: Intervals().number(exact[position]))

    def target(self, classes: int) -> Entries:
        """One row of a target: positive, so that its logarithm exists, or one-hot."""
        row = np.array([abs(self.random.choice(CHOICES)) for _ in range(classes)], dtype=object)
        if self.kind == ONE_HOT:
            row.fill(Fraction(0))
            row[self.random.randrange(classes)] = Fraction(1)
        return row / row.sum() if self.kind == SUMS_TO_ONE else row


def refute(number: int, equality: Equality, kinds: Iterable[str], only: Where | None = None) -> Counterexample | None:
    """The first entry, at the first point, where the enclosures of the two sides do not meet.

    `kinds`: what the targets are at each point that is tried: ONE_HOT, SUMS_TO_ONE or free ("").
    `only`: the one length and the steps to look at, instead of all.
    """
    for place, values, T, point in _tries(equality, kinds, only):
        with suppress(ZeroDivisionError, OutsideSequence):
            if found := difference(number, equality, values, {"T": T, **place}, point):
                return found
    return None


def difference(
    number: int, equality: Equality, values: Differentiated, steps: dict[str, int], point: Point
) -> Counterexample | None:
    """The first entry where the enclosures do not meet; raises where a side does not exist."""
    left, right = _sides(equality, values, steps)
    for position in positions(left.shape):
        a, b = iv.convert(left[position]), iv.convert(right[position])
        if a.b < b.a or b.b < a.a:
            entry = "(" + ", ".join(str(p + 1) for p in position) + ")" if position else ""
            anchors = steps if equality.is_sequence else {}
            parts = _parts(equality, values, steps)
            return Counterexample(number, entry, anchors, dict(point.values), *_ends(a, b), parts)
    return None


def has_values(equality: Equality, kinds: Iterable[str]) -> bool:
    """Whether both sides, and what is differentiated in them, exist at some point as finite numbers."""
    inside = [s.of for s in equality.written if isinstance(s, Derivative)]
    for place, values, _, _ in _tries(equality, kinds):
        here = [of for of in inside if free_anchors(of) <= place.keys()]
        with suppress(ZeroDivisionError, OutsideSequence):
            arrays = [*_sides(equality, values, place), *(values.entries(of, place) for of in here)]
            if all(abs(iv.convert(v)).b < mpmath.inf for array in arrays for v in array.flat):
                return True
    return False


def _tries(
    equality: Equality, kinds: Iterable[str], only: Where | None = None
) -> Iterator[tuple[dict[str, int], Differentiated, int, Point]]:
    lengths = range(1, max(equality.steps, 3) + 1) if equality.is_sequence else (1,)
    precision, iv.prec = iv.prec, PRECISION
    try:
        for seed, kind in enumerate(kinds):
            for T in lengths if only is None else (only[0],):
                point = Point(equality, seed, kind)
                values = Differentiated(equality.model, equality.sizes, T, Intervals(), point.leaf)
                for place in equality.places(T) if only is None else (only[1],):
                    yield place, values, T, point
    finally:
        iv.prec = precision


def _sides(equality: Equality, values: Differentiated, steps: dict[str, int]) -> tuple[Entries, Entries]:
    left = values.entries(equality.left, steps, equality.indices)
    return left, values.entries(equality.right, steps, equality.indices)


def _parts(equality: Equality, values: Differentiated, steps: dict[str, int]) -> dict[str, Any]:
    """What the formula names at these steps, and its value; of a sum over steps nothing is at these steps."""
    found: dict[str, Any] = {}
    for node in (*_named(equality.left), *_named(equality.right)):
        if free_anchors(node) <= steps.keys():
            with suppress(ZeroDivisionError, OutsideSequence, OutOfReach):
                found[str(node)] = _rounded(values.entries(node, steps).tolist())
    return found


def _named(term: Term) -> Iterator[Term]:
    """The variables and derivatives in a term, the outermost."""
    if isinstance(term, Var | Derivative):
        yield term
    else:
        for child in children(term):
            yield from _named(child)


def _rounded(value: Any) -> Any:
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    enclosed = iv.convert(value)
    return "0" if enclosed.a <= 0 <= enclosed.b else f"{float(enclosed.mid):.6g}"


def _ends(a: Any, b: Any) -> tuple[tuple[str, str], tuple[str, str]]:
    """The ends of both in decimal, rounded outwards, with as many digits as it takes to tell them apart."""
    digits = DIGITS
    while True:
        ends = [(_decimal(x.a, ROUND_FLOOR, digits), _decimal(x.b, ROUND_CEILING, digits)) for x in (a, b)]
        if digits > PRECISION or not {*ends[0]} & {*ends[1]}:
            return ends[0], ends[1]
        digits *= 2


def _decimal(end: Any, rounding: str, digits: int) -> str:
    sign, mantissa, exponent, _ = end._mpi_[0]
    if abs(exponent) > LARGEST:
        # Exact as well; its decimals would fill pages.
        return f"{-mantissa if sign else mantissa}*2^{exponent}"
    exact = Fraction(-mantissa if sign else mantissa) * Fraction(2) ** exponent
    context = Context(prec=digits, rounding=rounding)
    return str(context.divide(Decimal(exact.numerator), Decimal(exact.denominator)))
