"""Which number a floating-point number in somebody's code means.

In:  an int, a float, a NumPy scalar.
Out: `meant`: an exact rational, and whether it is exactly what was meant or only a rounded value.

The rules, in this order; the first that fits is taken:

1. an integer, or a float with at most 15 significant digits, is the decimal a person types: 0.1 is 1/10;
2. a float within 4 units in the last place of p/q, q <= 2,000, is p/q: 1 / 3 and 1 / 3 / 5 are 1/3 and 1/15;
3. the same two rules for a number that float32 holds exactly, with float32's digits;
4. anything else is its exact binary value, and marked as rounded: a refutation allows for its last places.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

DIGITS, DIGITS_32 = 15, 6
DENOMINATOR, DENOMINATOR_32 = 2000, 64
PLACES = 4


class Meant(NamedTuple):
    """`rounded`: the number stands for one that floating point cannot hold."""

    value: Fraction
    rounded: bool


def meant(number: Any) -> Meant:
    """The rational that a number stands for; raises ValueError for nan and the infinities."""
    if isinstance(number, Fraction):
        return Meant(number, False)
    if isinstance(number, int | np.integer | np.bool_):
        return Meant(Fraction(int(number)), False)
    return _meant(float(number))


@lru_cache(maxsize=100_000)
def _meant(number: float) -> Meant:
    if not math.isfinite(number):
        raise ValueError(f"{number} is not a number to calculate with")
    exact = Fraction(number)
    typed = _typed(repr(number), DIGITS)
    if typed is not None:
        return Meant(typed, False)
    near = exact.limit_denominator(DENOMINATOR)
    if abs(near - exact) <= PLACES * Fraction(math.ulp(number)):
        return Meant(near, False)
    with np.errstate(over="ignore"):
        short = np.float32(number)
    if float(short) == number:
        typed = _typed(str(short), DIGITS_32)
        near = exact.limit_denominator(DENOMINATOR_32)
        if typed is not None:
            return Meant(typed, False)
        if abs(near - exact) <= PLACES * Fraction(float(np.spacing(abs(short)))):
            return Meant(near, False)
    return Meant(exact, True)


def _typed(text: str, digits: int) -> Fraction | None:
    mantissa = text.lower().partition("e")[0].replace(".", "").lstrip("-0")
    return Fraction(text) if len(mantissa.rstrip("0")) <= digits else None
