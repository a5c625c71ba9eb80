"""The slope of a cell's loss from nothing but its equations.

In:  a model, sizes and T.
Out: `complex_step(model, sizes, steps)`, called as the cells of `numeric.reference` are.

∂L/∂θ = Im L(θ + iε) / ε + O(ε²): the imaginary part is the central difference along the
imaginary axis.  Nothing is subtracted, so that ε can be 1e-30 and the slope is exact to
rounding (Squire & Trapp, 1998, Using Complex Variables to Estimate Derivatives of Real
Functions).  The equations are evaluated entry by entry as they stand; no derivative is known here.
"""

from __future__ import annotations

import cmath
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numeric.arguments import state_key
from symbolic.elementwise import Arithmetic, Entries
from symbolic.model import Model
from symbolic.notation import Axis, N, Sizes
from symbolic.terms import LOSS, Var
from symbolic.unroll import Unrolled

Array = NDArray[Any]
STEP = 1e-30


def complex_step(
    model: Model, sizes: Sizes, steps: int
) -> Callable[[Mapping[str, Array], Array, Array, Mapping[str, Array]], tuple[float, dict[str, Array]]]:
    """A function `(parameters, x, y, initial) -> (loss, slopes)` over a batch of sequences."""

    def slopes(
        parameters: Mapping[str, Array], x: Array, y: Array, initial: Mapping[str, Array]
    ) -> tuple[float, dict[str, Array]]:
        given = {**parameters, "x": x, **{f"{name}0": array for name, array in initial.items()}}

        def loss(changed: Mapping[str, Array]) -> complex:
            return sum(_loss(model, sizes, steps, each) for each in _sequences(model, {**given, **changed}, y))

        found = {name: np.empty(array.shape) for name, array in given.items()}
        for name, array in given.items():
            for place in np.ndindex(array.shape):
                nudged = array.astype(complex)
                nudged[place] += STEP * 1j
                found[name][place] = loss({name: nudged}).imag / STEP
        return loss({}).real, found

    return slopes


def _sequences(model: Model, given: Mapping[str, Array], y: Array) -> list[dict[str, Array]]:
    """The input of each sequence; a model that has the batch as an axis of its own takes it whole."""
    if N in model.inputs[0].axes:
        return [{**given, "y": y}]
    shared = {var.name for var in model.parameters}
    own = {
        name: np.moveaxis(array, 1, 0) if name in ("x", "y") else array
        for name, array in {**given, "y": y}.items()
        if name not in shared
    }
    fixed = {name: given[name] for name in shared}
    return [{**fixed, **{name: array[n] for name, array in own.items()}} for n in range(y.shape[1])]


def _loss(model: Model, sizes: Sizes, steps: int, given: Mapping[str, Array]) -> complex:
    """The loss of one sequence, equation by equation."""
    by_name = {model.inputs[0].name: "x", model.targets[0].name: "y"}

    def leaf(var: Var, step: int | None) -> Entries:
        if step == 0:
            return given[f"{state_key(var)}0"].astype(object)
        array = given[by_name.get(var.name, var.name)]
        return (array if step is None else array[step - 1]).astype(object)

    return complex(Unrolled(model, sizes, steps, _Complex(), leaf).variable(LOSS, None).item())


class _Complex(Arithmetic):
    """The arithmetic of complex numbers."""

    def number(self, value: Fraction) -> float:
        return float(value)

    def reciprocal(self, axis: Axis | None, size: int) -> float:
        return 1 / size

    def function(self, name: str, value: complex) -> complex:
        return _FUNCTIONS[name](value)


_FUNCTIONS: dict[str, Callable[[complex], complex]] = {
    "tanh": cmath.tanh,
    "sigmoid": lambda x: 1 / (1 + cmath.exp(-x)),
    "exp": cmath.exp,
    "log": cmath.log,
}
