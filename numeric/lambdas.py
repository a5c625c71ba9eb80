"""What compiled closed forms and compiled cells share: numbers for sizes, functions for lambdify.

`MATH` is for single numbers, three times faster there than NumPy; `NUMPY` is for a batch.
`in_range` says in one line what is wrong where a number overflows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray

from symbolic.differentiate import InSymPy
from symbolic.notation import Axis


class FixedSizes(InSymPy):
    """SymPy's arithmetic at fixed sizes: 1/n is a number."""

    def reciprocal(self, axis: Axis | None, size: int) -> Any:
        return sympy.Rational(1, size)


def _sigmoid(x: float) -> float:
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    e = math.exp(x)
    return e / (1 + e)


LARGEST = sympy.Function("largest")
MATH: list[Any] = [{"sigmoid": _sigmoid, "largest": lambda *values: max(values)}, "math"]
NUMPY: list[Any] = [{"sigmoid": lambda x: np.exp(-np.logaddexp(0, -x))}, "numpy"]


@contextmanager
def in_range(name: str) -> Iterator[None]:
    """ValueError in one line where a number overflows, or is divided by zero; see `finite`."""
    try:
        with np.errstate(over="raise", divide="raise", invalid="raise"):
            yield
    except (ArithmeticError, ValueError):
        raise ValueError(
            f"{name}: a number leaves the range of floating point; the formulas are evaluated as they stand, "
            "pass smaller numbers"
        ) from None


def finite(values: NDArray[Any]) -> NDArray[Any]:
    """The values; OverflowError where one is not finite, which Python's own arithmetic lets pass."""
    if not np.isfinite(values).all():
        raise OverflowError("overflow")
    return values
