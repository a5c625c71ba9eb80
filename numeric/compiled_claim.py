"""The closed form of a derivation as a function of NumPy arrays, from its entries.

In:  a derivation that is proved, sizes and T.
Out: `CompiledClaim`, called with arrays by name; constant entries and scalars take the shape
     of the batch.  Compiled once for each choice of the free steps t, k, …
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NoReturn

import numpy as np
import sympy
from numpy.typing import NDArray

from numeric.arguments import Argument, argument, arguments, numbers
from numeric.lambdas import MATH, NUMPY, FixedSizes, finite, in_range
from symbolic.elementwise import Entries, Scene, Steps, dimensions, entries, positions
from symbolic.model import Model
from symbolic.notation import Sizes
from symbolic.records import Derivation
from symbolic.terms import Derivative, Var, free_anchors
from symbolic.verdicts import Hypothesis

Array = NDArray[Any]
Flat = Callable[..., list[Any]]


class CompiledClaim:
    """The last term of a derivation; compiled once for each choice of its free steps.

    Its docstring says what it is proved `under`, which no call checks.
    """

    def __init__(self, record: Derivation, sizes: Sizes, steps: int, under: Iterable[Hypothesis] = ()) -> None:
        self.term, self.model, self.sizes, self.steps = record.chain[-1], record.model, sizes, steps
        self.arguments = arguments(self.term, record.model)
        self.anchors = sorted(free_anchors(self.term))
        where = ", ".join(map(str, under))
        self.__name__, self.__doc__ = record.id, record.statement + (f", where {where}" if where else "")
        self._names = [a.name for a in self.arguments] + self.anchors
        self._alone = [(*(steps + 1 - first for first in a.first), *dimensions(a.axes, sizes)) for a in self.arguments]
        self._compiled = cache(self._lambdified)

    def __call__(self, **given: Any) -> Array:
        if given.keys() != set(self._names):
            self._refuse_names(given)
        arrays = list(numbers(self.__name__, {a.name: given[a.name] for a in self.arguments}).values())
        alone = [array.shape for array in arrays] == self._alone
        batch = () if alone else self._batch(arrays)
        used, dims, scalar, vector = self._compiled(tuple(self._step(anchor, given[anchor]) for anchor in self.anchors))
        dtype = arrays[0].dtype if arrays else np.dtype(np.float32)
        if not batch:
            return self._of_numbers(scalar, [arrays[n].item(where) for n, _, where in used], dtype).reshape(dims)
        leaves = [arrays[n][(*where[:lead], ..., *where[lead:])] for n, lead, where in used]
        with in_range(self.__name__):
            flat = [np.broadcast_to(value, batch) for value in vector(*leaves)]
            result = finite(np.array(flat, dtype)).reshape((*dims, *batch))
        return np.moveaxis(result, range(len(dims)), range(-len(dims), 0))

    def __repr__(self) -> str:
        return f"<{self.__name__}({', '.join(self._names)}): {self.__doc__}>"

    def _of_numbers(self, function: Flat, values: list[float], dtype: np.dtype[Any]) -> Array:
        """The entries of one example; Python's floats are those of float64, and need no state of NumPy's."""
        try:
            flat = function(*values)
            if dtype == np.float64 and all(map(math.isfinite, flat)):
                return np.array(flat, dtype)
        except (ArithmeticError, ValueError):
            flat = [math.inf]
        with in_range(self.__name__):
            return finite(np.array(flat, dtype))

    def _refuse_names(self, given: Mapping[str, Any]) -> NoReturn:
        if missing := [name for name in self._names if name not in given]:
            raise TypeError(f"{self.__name__} needs {', '.join(missing)}")
        raise TypeError(
            f"{self.__name__} is no function of {', '.join(name for name in given if name not in self._names)}"
        )

    def _step(self, anchor: str, value: Any) -> int:
        if not isinstance(value, int | np.integer):
            raise ValueError(f"{self.__name__}: {anchor} is {value!r}; pass a whole number")
        if not 1 <= value <= self.steps:  # the steps that the proof went through
            raise ValueError(f"{self.__name__}: {anchor} is {value}; the formula is proved for 1 to {self.steps}")
        return int(value)

    def _batch(self, arrays: Sequence[Array]) -> tuple[int, ...]:
        """The shape of the batch; ValueError where two arrays differ in it."""
        each = {a.name: self._batch_of(a, array) for a, array in zip(self.arguments, arrays, strict=True)}
        try:
            return np.broadcast_shapes(*each.values())
        except ValueError:
            shapes = ", ".join(f"{name} {batch}" for name, batch in each.items())
            raise ValueError(f"{self.__name__}: these batches do not broadcast: {shapes}") from None

    def _batch_of(self, a: Argument, array: Array) -> tuple[int, ...]:
        """What stands between an array's steps and its axes; ValueError where these do not conform."""
        lead = tuple(self.steps + 1 - first for first in a.first)
        own = dimensions(a.axes, self.sizes)
        end = array.ndim - len(own)
        if end < len(lead) or array.shape[: len(lead)] != lead or array.shape[end:] != own:
            wanted = ", ".join([*map(str, lead), "…", *map(str, own)])
            raise ValueError(f"{self.__name__}: {a.name} has the shape {array.shape}, not ({wanted})")
        return array.shape[len(lead) : end]

    def _lambdified(self, at: tuple[int, ...]) -> tuple[list[tuple[int, int, Any]], tuple[int, ...], Flat, Flat]:
        values = _Arguments(self.arguments, self.model, self.sizes, self.steps)
        scene = Scene(self.sizes, self.steps, FixedSizes(), values)
        closed_form = entries(self.term, scene, dict(zip(self.anchors, at, strict=True)))
        order = {a.name: n for n, a in enumerate(self.arguments)}
        used = [(order[a.name], len(a.first), where) for a, where in values.symbols]
        symbols, flat = list(values.symbols.values()), list(closed_form.flat)
        by_math, by_numpy = (sympy.lambdify(symbols, flat, modules=each) for each in (MATH, NUMPY))
        return used, closed_form.shape, by_math, by_numpy


class _Arguments:
    """Values that are symbols: one for each entry of an argument that is used."""

    def __init__(self, known: tuple[Argument, ...], model: Model | None, sizes: Sizes, steps: int) -> None:
        self.known, self.model, self.sizes, self.steps = known, model, sizes, steps
        self.symbols: dict[tuple[Argument, tuple[int, ...]], Any] = {}

    def variable(self, var: Var, step: int | None) -> Entries:
        return self._entries(argument(var, self.model), () if step is None else (step,), str(var))

    def derivative(self, node: Derivative, steps: Steps) -> Entries:
        wheres = [var.step for var in (node.of, node.by) if isinstance(var, Var) and var.step] + [node.copy]
        return self._entries(argument(node, self.model), tuple(w.at(steps) for w in wheres if w), str(node))

    def _entries(self, a: Argument, steps: tuple[int, ...], text: str) -> Entries:
        for step, first in zip(steps, a.first, strict=True):
            if not first <= step <= self.steps:
                raise ValueError(f"{text} at step {step}: {a.name} has the steps {first} to {self.steps}")
        lead = tuple(step - first for step, first in zip(steps, a.first, strict=True))
        result = np.empty(dimensions(a.axes, self.sizes), dtype=object)
        for position in positions(result.shape):
            where = (*lead, *position)
            name = "_".join(map(str, (a.name, *where)))
            result[position] = self.symbols.setdefault((a, where), sympy.Symbol(name, real=True))
        return result
