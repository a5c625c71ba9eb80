"""Bad input, in one line: what is wrong, where, with which shapes, and what to pass instead.

In:  what a person hands to `forward` or `backward` of a cell, and the cell's layout.
Out: `Batch`, the same with every size known, states and mask filled in; or a ValueError.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numeric.reference.losses import LOSSES, Array

Arrays = Mapping[str, Array]
CACHE = 2**20  # bytes that a core's own cache is taken to hold
_PRECISIONS = frozenset({np.dtype(np.float32), np.dtype(np.float64)})


@dataclass(frozen=True)
class Layout:
    """A cell's name, its parameters with an axis letter per dimension, and its states."""

    cell: str
    parameters: Mapping[str, str]
    states: tuple[str, ...] = ("h",)


@dataclass(frozen=True)
class Batch:
    """Checked input: `states` holds every initial state, `skip` is True (T, N, 1) where a step is masked."""

    x: Array
    y: Array
    states: Arrays
    skip: NDArray[np.bool_] | None
    sizes: Mapping[str, int]

    @property
    def steps(self) -> int:
        return self.sizes["T"]

    @property
    def x_and_one(self) -> Array:
        """(T, N, D + 1): x[t] and a 1, which a bias is the weight of."""
        return np.concatenate([self.x, np.ones_like(self.x[..., :1])], axis=-1)

    def counted(self, cell: str) -> int:
        """The number of steps that a mean is taken over."""
        counted = self.steps * self.sizes["N"] if self.skip is None else int(self.skip.size - self.skip.sum())
        if not counted:
            raise ValueError(f"{cell}: mask has no step that counts; pass at least one, the loss is a mean")
        return counted

    def empty(self, *axes: str | int) -> Array:
        """An uninitialised array; an axis is a letter or a number."""
        return np.empty(self._shape(axes), self.x.dtype)

    def room(self, *each: tuple[str | int, ...]) -> list[Array]:
        """Uninitialised arrays in one block: one this large is not given back to the system between calls."""
        shapes = [self._shape(axes) for axes in each]
        ends = [*itertools.accumulate((math.prod(shape) for shape in shapes), initial=0)]
        block = np.empty(ends[-1], self.x.dtype)
        return [block[i:j].reshape(shape) for (i, j), shape in zip(itertools.pairwise(ends), shapes, strict=True)]

    def blocks(self, arrays: int) -> list[range]:
        """The steps cut into blocks, the last first, so short that so many arrays (steps, N, H) stay in the cache."""
        step = arrays * self.sizes["N"] * self.sizes["H"] * self.x.itemsize
        most = max(1, CACHE // step)
        return [range(max(end - most, 0), end) for end in range(self.steps, 0, -most)]

    def _shape(self, axes: tuple[str | int, ...]) -> list[int]:
        return [self.sizes[axis] if isinstance(axis, str) else axis for axis in axes]


def checked(
    layout: Layout, parameters: Arrays, x: Array, y: Array, initial: Arrays | None, mask: NDArray[Any] | None, loss: str
) -> Batch:
    """The input as a `Batch`; ValueError, in one line, where it does not fit the cell."""
    cell, initial = layout.cell, {} if initial is None else initial
    _names(cell, "parameter", parameters, layout.parameters, complete=True)
    _names(cell, "initial state", initial, layout.states)
    if loss not in LOSSES:
        raise ValueError(f"{cell}: unknown loss {loss!r}; pass one of {', '.join(LOSSES)}")
    axes = {"x": "TND", "y": "TNK", **layout.parameters, **dict.fromkeys(initial, "NH")}
    arrays = [("x", x), ("y", y), *((name, parameters[name]) for name in layout.parameters), *initial.items()]
    first = next(iter(layout.parameters))
    sizes: dict[str, tuple[int, str]] = {}
    for name, array in arrays:
        _array(cell, name, array, parameters[first], first)
        _shape(cell, name, array, axes[name], sizes)
        _finite(cell, name, array)
    known = {axis: size for axis, (size, _) in sizes.items()}
    zero = np.zeros((known["N"], known["H"]), x.dtype)
    states = {name: initial.get(name, zero) for name in layout.states}
    return Batch(x, y, states, _skip(cell, mask, known["T"], known["N"]), known)


def checked_parameters(layout: Layout, parameters: Arrays, like: Array, known: Mapping[str, int]) -> None:
    """ValueError, in one line, where parameters do not fit the sizes and the dtype of a cache."""
    _names(layout.cell, "parameter", parameters, layout.parameters, complete=True)
    sizes = {axis: (size, "the cache") for axis, size in known.items()}
    for name, axes in layout.parameters.items():
        _array(layout.cell, name, parameters[name], like, "the cache")
        _shape(layout.cell, name, parameters[name], axes, sizes)
        _finite(layout.cell, name, parameters[name])


def checked_final(layout: Layout, final: Arrays | None, like: Array) -> dict[str, Array]:
    """The gradients by the final states, each a copy to accumulate in; zero where none is given."""
    final = {} if final is None else final
    _names(layout.cell, "final state", final, layout.states)
    sizes = {"N": (like.shape[0], "the cache"), "H": (like.shape[1], "the cache")}
    for name, array in final.items():
        _array(layout.cell, f"final {name}", array, like, "the cache")
        _shape(layout.cell, f"final {name}", array, "NH", sizes)
        _finite(layout.cell, f"final {name}", array)
    return {name: final[name].copy() if name in final else np.zeros_like(like) for name in layout.states}


def _names(
    cell: str, kind: str, given: Arrays, expected: Mapping[str, str] | tuple[str, ...], complete: bool = False
) -> None:
    if not isinstance(given, Mapping):
        raise ValueError(f"{cell}: {kind}s are a {type(given).__name__}; pass a dict of arrays by name")
    for name in given:
        if name not in expected:
            raise ValueError(f"{cell}: unknown {kind} {name!r}; the names are {', '.join(expected)}")
    for name in expected if complete else ():
        if name not in given:
            raise ValueError(f"{cell}: {kind} {name!r} is missing; the names are {', '.join(expected)}")


def _array(cell: str, name: str, array: Array, like: Array, like_name: str) -> None:
    if not isinstance(array, np.ndarray):
        raise ValueError(f"{cell}: {name} is a {type(array).__name__}; pass a NumPy array")
    if array.dtype not in _PRECISIONS:
        raise ValueError(f"{cell}: {name} has dtype {array.dtype}; pass float32 or float64")
    if isinstance(like, np.ndarray) and array.dtype != like.dtype:
        raise ValueError(f"{cell}: {name} has dtype {array.dtype}, {like_name} has {like.dtype}; pass all in one dtype")


def _shape(cell: str, name: str, array: Array, axes: str, sizes: dict[str, tuple[int, str]]) -> None:
    """Compare with the sizes seen so far, each with the array that fixed it, and learn the new ones."""
    wanted = "(" + ", ".join(axes) + ("," if len(axes) == 1 else "") + ")"
    if array.ndim != len(axes):
        raise ValueError(f"{cell}: {name} has shape {array.shape}; pass shape {wanted}")
    for axis, size in zip(axes, array.shape, strict=True):
        if size == 0:
            raise ValueError(f"{cell}: {name} has shape {array.shape}, so {axis} = 0 in {wanted}; pass at least one")
        seen, source = sizes.setdefault(axis, (size, name))
        if size != seen:
            raise ValueError(
                f"{cell}: {name} has shape {array.shape}, but {axis} = {seen} by {source}; pass shape {wanted}"
            )


def _finite(cell: str, name: str, array: Array) -> None:
    # A sum of squares is finite only if its terms are, and faster to get.
    if math.isfinite(np.vdot(array, array)):
        return
    finite = np.isfinite(array)
    if not finite.all():
        place = tuple(map(int, np.unravel_index(np.argmin(finite), array.shape)))
        raise ValueError(f"{cell}: {name} is {array[place]} at {place}; pass finite numbers")


def _skip(cell: str, mask: NDArray[Any] | None, T: int, N: int) -> NDArray[np.bool_] | None:
    if mask is None:
        return None
    if np.shape(mask) != (T, N):
        raise ValueError(f"{cell}: mask has shape {np.shape(mask)}, but x has (T, N) = {(T, N)}; pass shape (T, N)")
    values = np.asarray(mask)
    if not np.isin(values, (0, 1)).all():
        raise ValueError(f"{cell}: mask has values other than 0 and 1; pass True where a step counts")
    skip: NDArray[np.bool_] = (values == 0)[..., np.newaxis]
    return skip
