"""Random input for cells and closed forms, and the slope of a loss; for the tests of compiled and generated code."""

from collections.abc import Callable
from typing import Any

import numpy as np

from numeric.arguments import Argument
from symbolic.model import Model
from symbolic.notation import D, H, K, Sizes

SIZES = {D: 2, H: 3, K: 2}


def case(
    model: Model, rng: np.random.Generator, steps: int = 2, batch: tuple[int, ...] = (), sizes: Sizes = SIZES
) -> dict[str, Any]:
    """Parameters, input, targets that sum to one and initial states, by the names of a cell's arguments."""
    size = {axis: sizes.get(axis, axis.size) for v in model.arrays.values() for axis in v.axes}
    lead = (steps, *batch) if model.is_sequence else batch

    def draw(v, *lead):
        return rng.normal(size=(*lead, *(size[axis] for axis in v.axes)))

    y = np.exp(draw(model.targets[0], *lead))
    return {
        "parameters": {v.name: draw(v) for v in model.parameters},
        "x": draw(model.inputs[0], *lead),
        "y": y / y.sum(axis=-1, keepdims=True),
        "initial": {v.name.lower(): draw(v, *batch) for v in model.arrays.values() if v.name in model.with_initial},
    }


def central_differences(loss: Callable[[], float], array: np.ndarray, step: float = 1e-6) -> np.ndarray:
    """(loss(+step) − loss(−step)) / 2·step for every entry of an array, which is nudged in place."""
    result = np.empty_like(array)
    for position in np.ndindex(array.shape):
        kept = array[position]
        array[position] = kept + step
        above = loss()
        array[position] = kept - step
        below = loss()
        array[position] = kept
        result[position] = (above - below) / (2 * step)
    return result


def arrays_by_gradient(given: dict[str, Any]) -> dict[str, np.ndarray]:
    states = {f"{name}0": array for name, array in given["initial"].items()}
    return {**given["parameters"], "x": given["x"], **states}


def arguments_of(f: Any, rng: np.random.Generator, *batch: int) -> dict[str, np.ndarray]:
    """Positive arrays for a compiled closed form: steps, batch, axes; the parameters of its model without the batch."""
    shared = {v.name for v in f.model.parameters} if f.model else set()

    def draw(a: Argument) -> np.ndarray:
        steps = [f.steps + 1 - first for first in a.first]
        axes = [f.sizes[axis] for axis in a.axes]
        return rng.uniform(0.1, 0.9, size=[*steps, *(() if a.name in shared else batch), *axes])

    return {a.name: draw(a) for a in f.arguments}
