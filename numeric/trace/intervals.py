"""Real intervals in fixed point, rounded outwards: what may refute.

In:  exact rational values of the leaves.
Out: a field for `numeric.trace.sweep`, every value an enclosure of the real one.

An end is an integer times 2^-SCALE.  exp, log and sqrt are mpmath's interval functions.  A
value that does not exist, such as the log of a negative number, is `ANY`: it refutes
nothing, and times exact 0 it is 0, as in the branch that a `where` does not take.
A constant that floating point had to round is as wide as its last places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from mpmath import libmp

from numeric.trace.linear import linear
from numeric.trace.tape import ANYTHING, EMPTY, Op, Tape

SCALE = 160
ONE = 1 << SCALE
BEYOND = 1 << (SCALE * 8)
ROUNDED = 48


class Interval:
    """[low, high] · 2^-SCALE."""

    __slots__ = ("high", "low")

    def __init__(self, low: int, high: int) -> None:
        self.low, self.high = low, high

    def __add__(self, other: Interval | int) -> Interval:
        if isinstance(other, int):
            return Interval(self.low + (other << SCALE), self.high + (other << SCALE)) if other else self
        return Interval(self.low + other.low, self.high + other.high)

    __radd__ = __add__

    def __neg__(self) -> Interval:
        return Interval(-self.high, -self.low)

    def __sub__(self, other: Interval) -> Interval:
        return Interval(self.low - other.high, self.high - other.low)

    def __rsub__(self, other: int) -> Interval:
        return Interval((other << SCALE) - self.high, (other << SCALE) - self.low)

    def __mul__(self, other: Interval | int) -> Interval:
        if isinstance(other, int):
            a, b = self.low * other, self.high * other
            return Interval(a, b) if a <= b else Interval(b, a)
        a, b, c, d = self.low, self.high, other.low, other.high
        if a == b and c == d:
            product = a * c
            return Interval(product >> SCALE, -(-product >> SCALE))
        ends = (a * c, a * d, b * c, b * d)
        return Interval(min(ends) >> SCALE, -(-max(ends) >> SCALE))

    __rmul__ = __mul__

    def apart(self, other: Interval) -> bool:
        """The two do not meet."""
        return self.high < other.low or other.high < self.low

    def ends(self) -> tuple[Fraction, Fraction]:
        return Fraction(self.low, ONE), Fraction(self.high, ONE)

    def middle(self) -> float:
        return float(Fraction(self.low + self.high, 2 * ONE))

    def wide(self) -> bool:
        """Too wide to say anything: the value may not even exist."""
        return self.high - self.low > ONE >> 20


ANY = Interval(-BEYOND, BEYOND)


def enclosing(value: Fraction) -> Interval:
    """The narrowest interval about a rational."""
    scaled = value.numerator << SCALE
    return Interval(scaled // value.denominator, -(-scaled // value.denominator))


class Reals:
    """The tape's values at one point; `boundary` is set where a comparison is of equal numbers."""

    values: list[Any]

    def __init__(self, point: Mapping[str, Any]) -> None:
        self.point = point
        self.boundary = False

    def begin(self, tape: Tape) -> None:
        self.tape = tape

    def number(self, i: int) -> Interval:
        value = self.tape.constants[i]
        found = enclosing(value)
        if i in self.tape.rounded:
            slack = abs(found.low) + abs(found.high) >> ROUNDED
            return Interval(found.low - slack, found.high + slack)
        return found

    def leaf(self, i: int) -> Interval:
        name, position = self.tape.leaves[self.tape.a[i]]
        if name == ANYTHING:
            return enclosing(Fraction(0)) if self.tape.unknown[i] == EMPTY else ANY
        return enclosing(self.point[name][position])

    def reduced(self, value: Any) -> Any:
        if isinstance(value, Interval):
            return ANY if value.high - value.low > BEYOND >> SCALE else value
        return Interval(value << SCALE, value << SCALE)

    def inverse(self, value: Any, i: int) -> Interval:
        value = self.reduced(value)
        if value.low <= 0 <= value.high:
            return ANY
        square = 1 << (2 * SCALE)
        return Interval(square // value.high, -(-square // value.low))

    def function(self, op: Op, value: Interval, i: int) -> Interval:
        if op == Op.TANH:
            return Interval(_tanh(value.low)[0], _tanh(value.high)[1])
        if op == Op.EXP:
            if value.high > 2000 * ONE or value is ANY:
                return ANY
            return Interval(_ends(libmp.mpi_exp, value.low)[0], _ends(libmp.mpi_exp, value.high)[1])
        if value.low < 0 or (op == Op.LOG and value.low == 0):
            return ANY
        function = libmp.mpi_log if op == Op.LOG else libmp.mpi_sqrt
        return Interval(_ends(function, value.low)[0], _ends(function, value.high)[1])

    def maximum(self, values: Sequence[Interval], i: int) -> Interval:
        return Interval(max(v.low for v in values), max(v.high for v in values))

    def largest(self, i: int) -> int | None:
        nodes = self.tape.groups[self.tape.a[i]]
        best = max(nodes, key=lambda n: self.values[n].low)
        if any(self.values[n].high >= self.values[best].low for n in nodes if n != best):
            self.boundary = True
        return best

    def positive(self, value: Any, i: int) -> Interval:
        if value.low == value.high == 0 and self._is_zero_nearby(self.tape.a[i]):
            return Interval(0, 0)
        if value.low <= 0 <= value.high:
            self.boundary = True
            return Interval(0, ONE)
        return Interval(ONE, ONE) if value.low > 0 else Interval(0, 0)

    def _is_zero_nearby(self, node: int) -> bool:
        """Whether a node is 0 near this point too, as y − 6 for y = minimum(x, 6)."""
        return not linear(self.tape, node, lambda i: bool(self.values[i].low), lambda i: i)


def _ends(function: Any, x: int) -> tuple[int, int]:
    """An interval function of mpmath at the number x · 2^-SCALE."""
    exact = libmp.from_man_exp(x, -SCALE)
    low, high = function((exact, exact), 2 * SCALE)
    return (
        libmp.to_int(libmp.mpf_shift(low, SCALE), libmp.round_floor),
        libmp.to_int(libmp.mpf_shift(high, SCALE), libmp.round_ceiling),
    )


def _tanh(x: int) -> tuple[int, int]:
    """1 − 2/(exp(2x) + 1)."""
    if abs(x) > 200 * ONE:
        return (ONE - 1, ONE) if x > 0 else (-ONE, 1 - ONE)
    low, high = _ends(libmp.mpi_exp, 2 * x)
    square = 1 << (2 * SCALE + 1)
    return ONE - -(-square // (low + ONE)), ONE - square // (high + ONE)
