"""Random numbers while somebody's code runs on symbols: numbers where they are seeded, refused where they are not.

In:  a tape; generators that the code made before.
Out: `random_numbers`: what stands in for NumPy's and Python's functions that draw; `Unseeded`: what stands in for
     a generator that took its seed from the operating system.

A proof for one draw of a mask says nothing of the next one.
"""

from __future__ import annotations

import linecache
import random as python_random
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import numpy.random  # now, and not when a person's file may be called random

from numeric.trace.arrays import constant
from numeric.trace.places import Refused
from numeric.trace.tape import Tape

_SEEDING = "seed", "set_state", "setstate"
_MAKING = "default_rng", "RandomState", "PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64", "SeedSequence"
_QUIET = "test", "get_state", "getstate", "get_bit_generator", "set_bit_generator", *_SEEDING, *_MAKING
_DRAWN_BITS = 64
_NUMBER = re.compile(r"\b(0[xX][0-9a-fA-F_]+|[0-9][0-9_]*)\b")


def random_numbers(tape: Tape) -> Iterator[tuple[Any, str, Callable[[Any], Any]]]:
    """(where, which name, how the new function is made from the original)."""
    seeded: set[str] = set()

    def seeding(source: str) -> Callable[[Any], Callable[..., Any]]:
        def make(original: Any) -> Callable[..., Any]:
            def seed(*args: Any, **kwargs: Any) -> Any:
                if _says_something(args, kwargs):
                    seeded.add(source)
                return original(*args, **kwargs)

            return seed

        return make

    def drawing(source: str, name: str) -> Callable[[Any], Callable[..., Any]]:
        def make(original: Any) -> Callable[..., Any]:
            def draw(*args: Any, **kwargs: Any) -> Any:
                if source not in seeded:
                    text = f"{source}.{name}: random numbers that are not seeded in this run; write {source}.seed(0)"
                    raise Refused(text, tape.here())
                return constant(tape, original(*args, **kwargs))

            return draw

        return make

    def generating(original: Any) -> Callable[..., Any]:
        def generator(*args: Any, **kwargs: Any) -> Any:
            if not _says_something(args, kwargs):
                name = original.__name__
                raise Refused(f"{name}() without a seed: random numbers; write {name}(0)", tape.here())
            return original(*args, **kwargs)

        return generator

    for module, source in ((np.random, "np.random"), (python_random, "random")):
        for name in (name for name in _SEEDING if hasattr(module, name)):
            yield module, name, seeding(source)
        for name in (name for name in vars(module) if _draws(module, name)):
            yield module, name, drawing(source, name)
    for name in _MAKING:
        yield np.random, name, generating
    yield python_random, "Random", generating


def _says_something(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    return any(value is not None for value in (*args, *kwargs.values()))


def _draws(module: Any, name: str) -> bool:
    """A method of the generator that all share, which draws from it."""
    shared = getattr(getattr(module, name), "__self__", None)
    of_shared = isinstance(shared, np.random.RandomState | python_random.Random) or name in ("sample", "ranf")
    return of_shared and name not in _QUIET


def is_unseeded(generator: Any, files: Iterable[str]) -> bool:
    """Whether its seed was drawn from the operating system: some 128 bits that nobody wrote in these files."""
    bits = generator.bit_generator if isinstance(generator, np.random.Generator) else generator._bit_generator
    entropy = getattr(getattr(bits, "_seed_seq", None), "entropy", None)
    if not isinstance(entropy, int) or entropy >> _DRAWN_BITS == 0:
        return False
    lines = (line for file in files for line in linecache.getlines(file))
    return all(int(number, 0) != entropy for line in lines for number in _NUMBER.findall(line) if len(number) > 16)


class Unseeded:
    """A generator of NumPy's that took its seed from the operating system; it may be held, but not drawn from."""

    def __init__(self, tape: Tape, generator: Any) -> None:
        self._tape, self._generator = tape, generator

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._generator, name)
        if not callable(found) or name.startswith("_") or name in (*_QUIET, "bit_generator"):
            return found

        def refuse(*args: Any, **kwargs: Any) -> Any:
            kind = type(self._generator).__name__
            makes = "default_rng" if kind == "Generator" else kind
            text = f"random numbers: {kind}.{name} of a generator made without a seed; write np.random.{makes}(0)"
            raise Refused(text, self._tape.here())

        return refuse
