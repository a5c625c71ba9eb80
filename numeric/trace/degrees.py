"""How likely a random point hides that a claim is wrong.

In:  a tape and a field of residues that has evaluated it.
Out: `error_bound`: the probability that different functions agreed in some entry.

Every value is N / D^m, where D is the product of everything that was divided by and N a polynomial
of degree at most a + m·deg D: sums take the larger of either number, products add them.  A
difference that is not the zero function is 0 at a random point modulo p with probability at
most its numerator's degree / p (Schwartz–Zippel); so is the difference of two arguments that
are not the same but get the same exponential, logarithm or indicator, hence the pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from numeric.trace import sweep
from numeric.trace.residues import Residues
from numeric.trace.tape import Op, Tape


def error_bound(tape: Tape, residues: Residues, top: int, entries: int, wanted: bytearray) -> Fraction:
    """The probability that some of `entries` wrong entries agreed at this point."""
    field = _Degrees(residues.exponents)
    found = sweep.values(tape, field, wanted)
    largest = max(
        (d for d in (*found, *sweep.adjoints(tape, field, found, top)) if isinstance(d, _Degree)), key=field.total
    )
    arguments = residues.arguments
    union = arguments * (arguments + 1) // 2 + entries
    return Fraction(union * 2 * (field.total(largest) + 1) << residues.roots, residues.p)


class _Degree:
    """N / D^m with deg N <= a + m·deg D."""

    __slots__ = ("a", "m")

    def __init__(self, a: int, m: int) -> None:
        self.a, self.m = a, m

    def __add__(self, other: Any) -> _Degree:
        if isinstance(other, int):
            return self
        return _Degree(max(self.a, other.a), max(self.m, other.m))

    __radd__ = __sub__ = __rsub__ = __add__

    def __mul__(self, other: Any) -> _Degree:
        if isinstance(other, int):
            return self
        return _Degree(self.a + other.a, self.m + other.m)

    __rmul__ = __mul__

    def __neg__(self) -> _Degree:
        return self


class _Degrees:
    """A field whose numbers are degrees."""

    values: list[Any]

    def __init__(self, exponents: dict[int, int]) -> None:
        self.exponents = exponents
        self.divided = 0

    def total(self, degree: _Degree) -> int:
        return degree.a + degree.m * self.divided

    def begin(self, tape: Tape) -> None:
        self.tape = tape

    def number(self, i: int) -> _Degree:
        return _Degree(0, 0)

    def leaf(self, i: int) -> _Degree:
        return _Degree(1, 0)

    def reduced(self, value: Any) -> Any:
        return value if isinstance(value, _Degree) else _Degree(0, 0)

    def inverse(self, value: _Degree, i: int) -> _Degree:
        before = value.m * self.divided
        self.divided += value.a + before
        return _Degree(before, 1)

    def function(self, op: Op, value: _Degree, i: int) -> _Degree:
        if op == Op.EXP:
            return _Degree(self.exponents.get(i, 1), 0)
        if op == Op.TANH:
            return self.inverse(_Degree(self.exponents.get(i, 1), 0), i)
        return value if op == Op.SQRT else _Degree(1, 0)

    def maximum(self, values: Sequence[Any], i: int) -> _Degree:
        return _Degree(1, 0)

    def largest(self, i: int) -> None:
        return None

    def positive(self, value: Any, i: int) -> _Degree:
        return _Degree(1, 0)
