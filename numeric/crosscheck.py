"""The gradients of a cell from every side, held against each other.

In:  a cell and a seed.
Out: `crosscheck(cell)`: a `Row` for the loss and for each gradient, with the largest relative
     difference of each pair of sides.
To add a side: a function of a model in `SIDES`, None for the models that it does not know.
"""

from __future__ import annotations

import importlib
import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numeric import reference
from numeric.arguments import state_key
from numeric.autograd import autograd
from numeric.compiled import compile
from numeric.complex_step import complex_step
from numeric.executed import executed
from symbolic.elementwise import dimensions
from symbolic.model import Model
from symbolic.notation import Axis, N

Array = NDArray[Any]
Side = Callable[..., tuple[Any, Mapping[str, Array]]]
Pair = tuple[str, str]

STEPS = 6  # no axis of the worked example has this size, so that steps cannot be taken for entries
TOLERANCE: dict[str, float] = {"float64": 1e-12, "float32": 1e-5}


@dataclass(frozen=True)
class Row:
    """One array: by precision, the largest relative difference of each pair of sides."""

    cell: str
    array: str
    differences: Mapping[str, Mapping[Pair, float]]
    sizes: Mapping[str, int]
    steps: int
    seed: int

    @property
    def agrees(self) -> bool:
        """Every pair is within its precision's tolerance."""
        return not any(self.disagreeing(precision) for precision in TOLERANCE)

    def disagreeing(self, precision: str) -> list[Pair]:
        return [pair for pair, found in self.differences[precision].items() if not found <= TOLERANCE[precision]]


def crosscheck(cell: Model, seed: int = 0, sides: Mapping[str, Side] | None = None) -> list[Row]:
    """A row for the loss and each gradient; `sides` are by default those of `sides_of`.

    The sizes are the worked example's, over `STEPS` steps and two sequences.  The complex step
    takes no part in float32, where it is no independent witness: it computes in float64.
    """
    every = sides_of(cell) if sides is None else sides
    double = case(cell, seed)
    found = {
        "float64": {name: _results(side, double) for name, side in every.items()},
        "float32": {name: _results(side, single(double)) for name, side in every.items() if name != "differences"},
    }
    names = dict.fromkeys(name for results in found["float64"].values() for name in results)
    sizes = {axis.name: n for axis, n in sorted(sizes_of(cell).items(), key=lambda each: each[0].name)}
    return [
        Row(cell.name, name, {key: _by_pair(each, name) for key, each in found.items()}, sizes, STEPS, seed)
        for name in names
    ]


def sides_of(cell: Model) -> dict[str, Side]:
    """What computes the gradients of a cell, by name: `f(parameters, x, y, initial) -> (loss, gradients)`."""
    made = {name: make(cell) for name, make in SIDES.items()}
    return {name: side for name, side in made.items() if side is not None}


def case(cell: Model, seed: int) -> dict[str, Any]:
    """Parameters, input, targets that sum to one and initial states, drawn from the normal distribution."""
    rng, sizes = np.random.default_rng(seed), sizes_of(cell)

    def draw(axes: tuple[Axis, ...], *lead: int) -> Array:
        return rng.standard_normal((*lead, *dimensions(axes, sizes)))

    batch = () if N in cell.inputs[0].axes else (sizes[N],)
    y = np.exp(draw(cell.targets[0].axes, STEPS, *batch))
    return {
        "parameters": {var.name: draw(var.axes) for var in cell.parameters},
        "x": draw(cell.inputs[0].axes, STEPS, *batch),
        "y": y / y.sum(axis=-1, keepdims=True),
        "initial": {
            state_key(var): draw(var.axes, *batch) for name, var in cell.arrays.items() if name in cell.with_initial
        },
    }


def single(given: Mapping[str, Any]) -> dict[str, Any]:
    """The same in float32."""
    return {key: single(each) if isinstance(each, Mapping) else each.astype("float32") for key, each in given.items()}


def sizes_of(cell: Model) -> dict[Axis, int]:
    return {axis: axis.size for var in cell.arrays.values() for axis in var.axes} | {N: N.size}


def relative_difference(left: Any, right: Any) -> float:
    """max |left − right| / max(|left|, |right|); inf where one is missing, not finite or of another shape."""
    if left is None or right is None or np.shape(left) != np.shape(right):
        return math.inf
    if not (np.isfinite(left).all() and np.isfinite(right).all()):
        return math.inf
    scale = max(np.max(np.abs(left)), np.max(np.abs(right)))
    return float(np.max(np.abs(np.subtract(left, right, dtype=float))) / scale) if scale else 0.0


def _results(side: Side, given: Mapping[str, Any]) -> dict[str, Any]:
    loss, gradients = side(**given)
    return {"loss": loss, **gradients}


def _by_pair(results: Mapping[str, Mapping[str, Any]], name: str) -> dict[Pair, float]:
    return {
        (left, right): relative_difference(results[left].get(name), results[right].get(name))
        for left, right in itertools.combinations(results, 2)
    }


def _compiled(cell: Model) -> Side:
    return compile(cell, sizes_of(cell), STEPS)


def _generated(cell: Model) -> Side:
    return executed(cell)["loss_and_gradients"]


def _reference(cell: Model) -> Side | None:
    name, _, loss = cell.name.partition("-")
    if name not in reference.CELLS:
        return None
    return partial(reference.CELLS[name].loss_and_gradients, loss="squared-error" if loss else "cross-entropy")


def _differences(cell: Model) -> Side:
    return complex_step(cell, sizes_of(cell), STEPS)


def _autograd(cell: Model) -> Side | None:
    try:
        importlib.import_module("torch")
    except ImportError:
        return None
    return autograd(cell.name)


SIDES: dict[str, Callable[[Model], Side | None]] = {
    "compiled": _compiled,
    "generated": _generated,
    "reference": _reference,
    "differences": _differences,
    "autograd": _autograd,
}
