"""A number that remembers how it was made.

In:  arithmetic, functions and comparisons, as Python and NumPy's object loops ask for them.
Out: `Traced`, one node of a tape.

It answers to what a NumPy scalar answers to (`.shape`, `.sum()`, `.item()`, …); what it cannot do
without ceasing to be a symbol, such as `float(x)`, is refused with the line that asked.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dis import get_instructions, opname
from fractions import Fraction
from types import FrameType
from typing import Any, Self

import numpy as np

from numeric.trace.constants import meant
from numeric.trace.maxima import bound_of
from numeric.trace.places import Refused
from numeric.trace.tape import Op, Tape

NUMBERS = (int, float, Fraction, np.number, np.bool_)


class Traced:
    """Node `i` of a tape."""

    __slots__ = ("i", "tape")
    __array_priority__ = 1000.0
    # Set by numeric.trace.arrays, so that float_array * traced becomes an array of symbols.
    __array_ufunc__: Any = None

    def __init__(self, tape: Tape, i: int) -> None:
        self.tape, self.i = tape, i

    def _new(self, i: int) -> Traced:
        return Traced(self.tape, i)

    # -- arithmetic ------------------------------------------------------------------------

    def __add__(self, other: Any) -> Any:
        j = index_of(self.tape, other)
        return NotImplemented if j is None else self._new(self.tape.add(self.i, j))

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        j = index_of(self.tape, other)
        return NotImplemented if j is None else self._new(self.tape.sub(self.i, j))

    def __rsub__(self, other: Any) -> Any:
        j = index_of(self.tape, other)
        return NotImplemented if j is None else self._new(self.tape.sub(j, self.i))

    def __mul__(self, other: Any) -> Any:
        j = index_of(self.tape, other)
        return NotImplemented if j is None else self._new(self.tape.mul(self.i, j))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        j = index_of(self.tape, other)
        return NotImplemented if j is None else self._new(self.tape.mul(self.i, self.tape.inverse(j)))

    def __rtruediv__(self, other: Any) -> Any:
        j = index_of(self.tape, other)
        return NotImplemented if j is None else self._new(self.tape.mul(j, self.tape.inverse(self.i)))

    def __neg__(self) -> Traced:
        return self._new(self.tape.sub(self.tape.number(0), self.i))

    def __pos__(self) -> Self:
        return self

    def __pow__(self, other: Any) -> Any:
        if isinstance(other, Traced) and other.i in self.tape.constants:
            other = self.tape.constants[other.i]
        if isinstance(other, Traced):
            return (other * self.log()).exp()
        if not isinstance(other, NUMBERS):
            return NotImplemented
        return self._power(meant(other).value)

    def _power(self, exponent: Fraction) -> Any:
        if exponent.denominator == 1:
            return self._new(self.tape.power(self.i, int(exponent)))
        if exponent.denominator == 2:
            return self.sqrt()._power(exponent * 2)
        return (self.log() * exponent).exp()

    def __rpow__(self, other: Any) -> Any:
        if not isinstance(other, NUMBERS):
            return NotImplemented
        return (self * traced(self.tape, other).log()).exp()

    def __abs__(self) -> Any:
        return self * self.sign()

    # -- functions, by the names that NumPy's object loops call ----------------------------

    def exp(self) -> Traced:
        return self._new(self.tape.function("exp", self.i))

    def log(self) -> Traced:
        return self._new(self.tape.function("log", self.i))

    def tanh(self) -> Traced:
        return self._new(self.tape.function("tanh", self.i))

    def sqrt(self) -> Traced:
        return self._new(self.tape.function("sqrt", self.i))

    def sign(self) -> Any:
        """2·[x > 0] − 1, away from 0."""
        if self.i in self.tape.constants:
            value = self.tape.constants[self.i]
            return traced(self.tape, (value > 0) - (value < 0))
        if self.tape.is_piecewise(self.i):
            return self._positive() - (-self)._positive()
        return self._new(self.tape.positive(self.i)) * 2 - 1

    def exp2(self) -> Any:
        return (self * traced(self.tape, 2).log()).exp()

    def expm1(self) -> Any:
        return self.exp() - 1

    def log1p(self) -> Any:
        return (self + 1).log()

    def log2(self) -> Any:
        return self.log() / traced(self.tape, 2).log()

    def log10(self) -> Any:
        return self.log() / traced(self.tape, 10).log()

    def sinh(self) -> Any:
        return (self.exp() - (-self).exp()) / 2

    def cosh(self) -> Any:
        return (self.exp() + (-self).exp()) / 2

    def is_infinite(self) -> bool:
        return self.i in self.tape.infinite

    def conjugate(self) -> Self:
        return self

    # -- comparisons: indicators, or plain truth where both sides are numbers ---------------

    def __gt__(self, other: Any) -> Any:
        return self._compared(
            other, lambda d: d > 0, lambda d: d._positive(), lambda lower, equal: (1 - equal) * (not lower)
        )

    def __lt__(self, other: Any) -> Any:
        return self._compared(
            other, lambda d: d < 0, lambda d: (-d)._positive(), lambda lower, equal: (1 - equal) * lower
        )

    def __ge__(self, other: Any) -> Any:
        return self._compared(
            other,
            lambda d: d >= 0,
            lambda d: 1 - (-d)._positive(),
            lambda lower, equal: equal if lower else 1 + 0 * equal,
        )

    def __le__(self, other: Any) -> Any:
        return self._compared(
            other, lambda d: d <= 0, lambda d: 1 - d._positive(), lambda lower, equal: 1 + 0 * equal if lower else equal
        )

    def __eq__(self, other: Any) -> Any:
        return self._compared(other, lambda d: d == 0, self._same, lambda lower, equal: equal)

    def __ne__(self, other: Any) -> Any:
        return self._compared(other, lambda d: d != 0, lambda d: 1 - self._same(d), lambda lower, equal: 1 - equal)

    __hash__ = object.__hash__

    def _compared(
        self,
        other: Any,
        plain: Callable[[Fraction], bool],
        symbolic: Callable[[Traced], Any],
        bounded: Callable[[bool, Traced], Any],
    ) -> Any:
        """`plain` of a difference of numbers, `symbolic` of one of symbols; `bounded` beside a maximum of its own."""
        j = index_of(self.tape, other)
        if j is None:
            return NotImplemented
        difference = self._new(self.tape.sub(self.i, j)) if j != self.i else traced(self.tape, 0)
        if difference.i in self.tape.constants:
            return plain(self.tape.constants[difference.i])
        if difference.i in self.tape.infinite:
            return plain(Fraction(self.tape.infinite[difference.i]))
        if (bound := bound_of(self.tape, self.i, j)) is not None:
            return bounded(bound.left_is_lower, self._new(bound.equal))
        return symbolic(difference)

    def _same(self, difference: Traced) -> Any:
        """Neither above nor below: on a whole branch, as y == 6 for y = minimum(x, 6), or never."""
        if self.tape.is_piecewise(difference.i):
            return (1 - difference._positive()) * (1 - (-difference)._positive())
        raise Refused("a comparison by == or != of symbols; only < and > of them can be followed", self.tape.here())

    def _positive(self) -> Any:
        # One indicator for d > 0 and -d < 0, unless d may be 0 on a whole branch, as y - 6 for y = minimum(x, 6).
        tape = self.tape
        if tape.ops[self.i] == Op.SUB and tape.constants.get(tape.a[self.i]) == 0 and not tape.is_piecewise(self.i):
            return 1 - self._new(tape.positive(tape.b[self.i]))
        return self._new(tape.positive(self.i))

    def __and__(self, other: Any) -> Any:
        return self * other

    __rand__ = __and__

    def __or__(self, other: Any) -> Any:
        return 1 - (1 - self) * (1 - other)

    __ror__ = __or__

    def __invert__(self) -> Any:
        return 1 - self

    def __bool__(self) -> bool:
        return self._decided(self.i)

    def _decided(self, i: int) -> bool:
        tape = self.tape
        if i in tape.constants or tape.ops[i] == Op.COND:
            return tape.decide(i)
        if tape.ops[i] == Op.SUB and tape.constants.get(tape.a[i]) == 1:
            return not self._decided(tape.b[i])
        if tape.ops[i] == Op.MUL:
            return self._decided(tape.a[i]) and self._decided(tape.b[i])
        raise Refused("the truth of a symbol that is no comparison", tape.here())

    # -- leaving the symbols ---------------------------------------------------------------

    def __float__(self) -> float:
        if self.i in self.tape.infinite:
            return self.tape.infinite[self.i] * math.inf
        if self.i not in self.tape.constants and _is_formatting(sys._getframe(1)):
            return math.nan
        return float(self._constant("float() of a symbol, or a symbol put into an array of floats made elsewhere"))

    def __int__(self) -> int:
        return int(self._constant("int() of a symbol"))

    def __index__(self) -> int:
        value = self._constant("a symbol used as an index")
        if value.denominator != 1:
            raise TypeError(f"{value} is not an index")
        return int(value)

    def _constant(self, what: str) -> Fraction:
        if self.i in self.tape.constants:
            return self.tape.constants[self.i]
        raise Refused(what, self.tape.here())

    def rounded(self, name: str, exactly: Callable[[Fraction], Any]) -> Any:
        """`exactly` of a number; of a symbol it may be any number, and has no derivative."""
        constant = self.tape.constants.get(self.i)
        if constant is not None:
            return traced(self.tape, Fraction(exactly(constant)))
        why = f"{name} of symbols, on which the loss, a gradient or a branch depends"
        return self._new(self.tape.anything(why))

    def __round__(self, digits: int | None = None) -> Any:
        return self.rounded("round()", lambda x: round(x, digits))

    def __floor__(self) -> Any:
        return self.rounded("math.floor", math.floor)

    def __ceil__(self) -> Any:
        return self.rounded("math.ceil", math.ceil)

    def __trunc__(self) -> Any:
        return self.rounded("math.trunc", math.trunc)

    # -- what a NumPy scalar has besides -----------------------------------------------------

    def item(self) -> Self:
        return self

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: Any) -> Self:
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        from numeric.trace.arrays import as_symbolic

        return getattr(as_symbolic(self.tape, self), name)

    def __getitem__(self, key: Any) -> Any:
        from numeric.trace.arrays import as_symbolic

        return as_symbolic(self.tape, self)[key]

    def __repr__(self) -> str:
        constant = self.tape.constants.get(self.i)
        return f"<symbol {self.i}>" if constant is None else str(constant)

    def __format__(self, specification: str) -> str:
        # Code that prints its loss must not fail for it.
        try:
            return format(float(self.tape.constants[self.i]), specification)
        except (KeyError, ValueError):
            return repr(self)


def _is_formatting(frame: FrameType) -> bool:
    """Whether the frame is in the midst of `left % right`, where only a string asks for a float."""
    code, at = frame.f_code.co_code, frame.f_lasti
    return opname[code[at]] == "BINARY_OP" and code[at + 1] == _REMAINDER


_REMAINDER = next(i.arg for i in get_instructions(compile("a % b", "", "eval")) if i.opname == "BINARY_OP")


def index_of(tape: Tape, value: Any) -> int | None:
    """The node of a symbol or a number; None for anything else."""
    if type(value) is Traced:
        if value.tape is not tape:
            raise Refused("a symbol that an earlier run left behind", tape.here())
        return value.i
    if isinstance(value, NUMBERS):
        return tape.number(value)
    if isinstance(value, np.ndarray) and value.ndim == 0 and type(value) is np.ndarray:
        return index_of(tape, value[()])
    return None


def traced(tape: Tape, value: Any) -> Traced:
    """A symbol or a number as a symbol."""
    index = index_of(tape, value)
    if index is None:
        raise Refused(f"a {type(value).__name__} among numbers", tape.here())
    return value if type(value) is Traced else Traced(tape, index)
