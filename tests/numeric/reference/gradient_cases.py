"""Random cases of every cell, and central differences to hold a gradient against."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import ModuleType

import numpy as np

from numeric.reference import CELLS

Arrays = dict[str, np.ndarray]
SIZES = {"T": 4, "N": 3, "D": 4, "H": 5, "K": 2}


@dataclass(frozen=True)
class Case:
    """Everything that a run takes; `final` is the gradient by the final states, `module` what runs."""

    name: str
    parameters: Arrays
    x: np.ndarray
    y: np.ndarray
    initial: Arrays
    final: Arrays
    mask: np.ndarray | None = None
    loss: str = "cross-entropy"
    module: ModuleType | None = field(default=None)

    @property
    def cell(self) -> ModuleType:
        return self.module or CELLS[self.name]

    @property
    def arrays(self) -> Arrays:
        """What is differentiated by, under the names of the gradients."""
        return {**self.parameters, "x": self.x, **{f"{name}0": state for name, state in self.initial.items()}}

    def objective(self) -> float:
        """The loss and what comes after the last step, ⟨final, state⟩."""
        loss, cache = self.cell.forward(self.parameters, self.x, self.y, self.initial, self.mask, self.loss)
        return loss + sum(float((self.final[name] * state).sum()) for name, state in cache.final.items())

    def gradients(self) -> Arrays:
        _, cache = self.cell.forward(self.parameters, self.x, self.y, self.initial, self.mask, self.loss)
        return self.cell.backward(self.parameters, cache, self.final)

    def astype(self, dtype: type) -> Case:
        def cast(arrays: Arrays) -> Arrays:
            return {name: array.astype(dtype) for name, array in arrays.items()}

        return replace(
            self,
            parameters=cast(self.parameters),
            x=self.x.astype(dtype),
            y=self.y.astype(dtype),
            initial=cast(self.initial),
            final=cast(self.final),
        )


def case(name: str, seed: int = 0, scale: float = 0.5, **changes: object) -> Case:
    """Targets need not sum to one: the closed form is right for any."""
    rng = np.random.default_rng(seed)
    layout = CELLS[name].LAYOUT
    parameters = {
        array: scale * rng.standard_normal([SIZES[axis] for axis in axes]) for array, axes in layout.parameters.items()
    }
    T, N, D, H, K = (SIZES[axis] for axis in "TNDHK")
    states = [{state: rng.standard_normal((N, H)) for state in layout.states} for _ in range(2)]
    built = Case(name, parameters, rng.standard_normal((T, N, D)), rng.random((T, N, K)), *states)
    return replace(built, **changes)  # type: ignore[arg-type]


def ragged_mask() -> np.ndarray:
    """Lengths 4, 2 and, with a hole, 3."""
    return np.array([[1, 1, 1], [1, 1, 0], [1, 0, 1], [1, 0, 1]], bool)


def central_differences(case: Case, step: float = 1e-5) -> Arrays:
    slopes = {}
    for name, array in case.arrays.items():
        slopes[name] = np.empty_like(array)
        for place in np.ndindex(array.shape):
            value = array[place]
            array[place] = value + step
            above = case.objective()
            array[place] = value - step
            below = case.objective()
            array[place] = value
            slopes[name][place] = (above - below) / (2 * step)
    return slopes


def largest_difference(left: Arrays, right: Arrays) -> tuple[float, str]:
    """The largest |left − right| relative to the largest entry of its array, and which array it is in."""
    assert set(left) == set(right), set(left) ^ set(right)
    differences = {
        name: float(np.abs(left[name] - right[name]).max() / max(np.abs(right[name]).max(), 1e-30)) for name in right
    }
    worst = max(differences, key=lambda name: differences[name])
    return differences[worst], worst
