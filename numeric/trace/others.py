"""What `math` and scipy.special do instead while somebody's code runs on symbols.

In:  a tape.
Out: `others`: which name of which module, and how the new function is made from the original.

To extend: a line in `_OF_SYMBOLS`, or a function in `_scipy`.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from numeric.trace.arrays import as_symbolic, has_symbols, wrapped
from numeric.trace.places import Refused
from numeric.trace.randomness import random_numbers
from numeric.trace.tape import Tape

Replacement = tuple[Any, str, Callable[[Any], Any]]


def others(tape: Tape) -> Iterator[Replacement]:
    """(where, which name, how the new function is made from the original)."""
    for name, of_symbol in _OF_SYMBOLS.items():
        yield math, name, partial(_of_symbol, of_symbol)
    yield from random_numbers(tape)
    yield from _scipy(tape)


_OF_SYMBOLS: dict[str, Callable[..., Any]] = {
    "pow": lambda x, y: x**y,
    "fabs": abs,
    "log1p": lambda x: x.log1p(),
    "expm1": lambda x: x.expm1(),
    "sinh": lambda x: x.sinh(),
    "cosh": lambda x: x.cosh(),
    "isnan": lambda x: False,
    "isinf": lambda x: x.is_infinite(),
    "isfinite": lambda x: not x.is_infinite(),
}
"""Functions of `math` that would ask a symbol for its float."""


def _of_symbol(own: Callable[..., Any], original: Any) -> Callable[..., Any]:
    def apply(*args: Any) -> Any:
        return own(*args) if any(map(has_symbols, args)) else original(*args)

    return apply


def _scipy(tape: Tape) -> Iterator[Replacement]:
    special = sys.modules.get("scipy.special")
    if special is None:
        return

    def symbolically(function: Callable[..., Any]) -> Callable[[Any], Callable[..., Any]]:
        def make(original: Any) -> Callable[..., Any]:
            def apply(x: Any, *args: Any, **kwargs: Any) -> Any:
                before = tape.enter(function.__name__)
                try:
                    return wrapped(tape, function(as_symbolic(tape, x), *args, **kwargs))
                finally:
                    tape.leave(before)

            return apply

        return make

    def expit(x: Any) -> Any:
        return 1 / (1 + np.exp(-x))

    def logsumexp(x: Any, axis: Any = None, keepdims: bool = False, **options: Any) -> Any:
        return np.log(np.exp(x).sum(axis=axis, keepdims=keepdims))

    def softmax(x: Any, axis: Any = None) -> Any:
        e = np.exp(x)
        return e / e.sum(axis=axis, keepdims=True)

    def log_softmax(x: Any, axis: Any = None) -> Any:
        return x - np.log(np.exp(x).sum(axis=axis, keepdims=True))

    for function in (expit, logsumexp, softmax, log_softmax):
        if hasattr(special, function.__name__):
            yield special, function.__name__, symbolically(function)
    for name in ("erf", "erfc", "gamma", "gammaln", "xlogy", "entr"):

        def refusing(original: Any, name: str = name) -> Callable[..., Any]:
            def refuse(*args: Any, **kwargs: Any) -> Any:
                if any(map(has_symbols, args)):
                    raise Refused(f"scipy.special.{name} of symbols", tape.here())
                return original(*args, **kwargs)

            return refuse

        if hasattr(special, name):
            yield special, name, refusing
