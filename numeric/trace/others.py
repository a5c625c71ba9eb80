"""What `math`, random numbers and scipy.special do instead while somebody's code runs on symbols.

In:  a tape.
Out: `others`: which name of which module, and how the new function is made from the original.

To extend: a line in `_OF_SYMBOLS`, or a function in `_scipy`.
"""

from __future__ import annotations

import math
import random as python_random
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import numpy.random  # now, and not when a person's file may be called random

from numeric.trace.arrays import as_symbolic, constant, has_symbols, wrapped
from numeric.trace.places import Refused
from numeric.trace.tape import Tape

Replacement = tuple[Any, str, Callable[[Any], Any]]


def others(tape: Tape) -> Iterator[Replacement]:
    """(where, which name, how the new function is made from the original)."""
    for name, of_symbol in _OF_SYMBOLS.items():
        yield math, name, partial(_of_symbol, of_symbol)
    yield from _random(tape)
    yield from _scipy(tape)


_OF_SYMBOLS: dict[str, Callable[..., Any]] = {
    "pow": lambda x, y: x**y,
    "fabs": abs,
    "log1p": lambda x: x.log1p(),
    "expm1": lambda x: x.expm1(),
    "sinh": lambda x: x.sinh(),
    "cosh": lambda x: x.cosh(),
    "isnan": lambda x: False,
    "isinf": lambda x: False,
    "isfinite": lambda x: True,
}
"""Functions of `math` that would ask a symbol for its float."""


def _of_symbol(own: Callable[..., Any], original: Any) -> Callable[..., Any]:
    def apply(*args: Any) -> Any:
        return own(*args) if any(map(has_symbols, args)) else original(*args)

    return apply


_DRAWS = (
    "rand randn random random_sample randint uniform normal standard_normal choice permutation shuffle binomial ranf"
)


def _random(tape: Tape) -> Iterator[Replacement]:
    """Random numbers are numbers where they are seeded within the run, and refused otherwise."""
    seeded: set[str] = set()

    def seeding(source: str) -> Callable[[Any], Callable[..., Any]]:
        def make(original: Any) -> Callable[..., Any]:
            def seed(*args: Any, **kwargs: Any) -> Any:
                if (args and args[0] is not None) or kwargs:
                    seeded.add(source)
                return original(*args, **kwargs)

            return seed

        return make

    def drawing(source: str, name: str) -> Callable[[Any], Callable[..., Any]]:
        def make(original: Any) -> Callable[..., Any]:
            def draw(*args: Any, **kwargs: Any) -> Any:
                if source not in seeded:
                    raise Refused(f"{source}.{name}: random numbers that are not seeded in this run", tape.here())
                return constant(tape, original(*args, **kwargs))

            return draw

        return make

    def generating(original: Any) -> Callable[..., Any]:
        def generator(*args: Any, **kwargs: Any) -> Any:
            if not args and not kwargs:
                raise Refused(f"{original.__name__}() without a seed: random numbers", tape.here())
            return original(*args, **kwargs)

        return generator

    yield np.random, "seed", seeding("np.random")
    yield python_random, "seed", seeding("random")
    for name in ("default_rng", "RandomState"):
        yield np.random, name, generating
    yield python_random, "Random", generating
    for name in _DRAWS.split():
        if hasattr(np.random, name):
            yield np.random, name, drawing("np.random", name)
    for name in ("random", "uniform", "gauss", "randint", "choice", "shuffle", "sample", "randrange"):
        yield python_random, name, drawing("random", name)


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
