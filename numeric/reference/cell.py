"""The frame of every cell: check the input, run the steps, turn the states into a loss; and all that backwards.

In:  a cell's `Layout`, what its steps compute, and what they carry back.
Out: `Cell`, whose `forward`, `backward` and `loss_and_gradients` a cell's module hands out as its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from numeric.reference.checks import Arrays, Batch, Layout, checked, checked_final, checked_parameters
from numeric.reference.losses import Array, Head, head_backward, head_forward

Values = Mapping[str, Array]
# With AVX-512, OpenBLAS copies nothing for products of at most 10⁶ multiplications: they are a fifth faster.
SMALL_PRODUCTS = bool(
    {"AVX512F", "X86_V4"} & {*np.show_config(mode="dicts").get("SIMD Extensions", {}).get("found", ())}
)


class Steps(Protocol):
    """The values of all steps by name; those of a state are (T+1, N, H), the initial state first.

    Room for what the backward pass will write for all steps stands beside them, uninitialised: all is one block of
    memory.  "dh" (T, N, H) is by each h through the head.
    """

    def __call__(self, parameters: Arrays, batch: Batch) -> Values: ...


class StepsBackward(Protocol):
    """The gradients by the recurrence's parameters, x and the initial states, as "h0".

    `dh` (T, N, H) is by each h through the head, `last` by the final states; both may be overwritten.
    """

    def __call__(
        self, parameters: Arrays, batch: Batch, values: Values, dh: Array, last: dict[str, Array]
    ) -> dict[str, Array]: ...


@dataclass(frozen=True)
class Cache:
    """What `backward` reads, and of which cell it is."""

    cell: str
    batch: Batch
    values: Values
    head: Head
    final: dict[str, Array]

    @property
    def h(self) -> Array:
        """The hidden states (T+1, N, H), the initial one first."""
        return self.values["h"]


@dataclass(frozen=True)
class Cell:
    """A recurrence with a head; `head` names its weights and bias, `rows` the parameters that stand transposed."""

    layout: Layout
    steps: Steps
    steps_backward: StepsBackward
    head: tuple[str, str] = ("V", "c")
    rows: str = ""
    mean: bool = False

    def forward(
        self,
        parameters: Arrays,
        x: Array,
        y: Array,
        initial: Arrays | None = None,
        mask: NDArray[Any] | None = None,
        loss: str = "cross-entropy",
    ) -> tuple[float, Cache]:
        """Σ_t Σ_n loss(y, ŷ), and what `backward` reads; its `final` holds the last states.

        `initial` holds a state (N, H) by name, zero by default; `mask` (T, N) is 0 where a step does not count.
        """
        batch = checked(self.layout, parameters, x, y, initial, mask, loss)
        parameters = self._columns(parameters)
        values = self.steps(parameters, batch)
        V, c = (parameters[name] for name in self.head)
        divisor = batch.counted(self.layout.cell) if self.mean else 1
        value, head = head_forward(values["h"][1:], V, c, y, batch.skip, loss, divisor)
        return value, Cache(
            self.layout.cell, batch, values, head, {name: values[name][-1] for name in self.layout.states}
        )

    def backward(self, parameters: Arrays, cache: Cache, final: Arrays | None = None) -> dict[str, Array]:
        """Gradients by every parameter, "x" and the initial states; `final` holds those by the last states."""
        checked_again(self.layout, parameters, cache)
        last = checked_final(self.layout, final, cache.h[-1])
        parameters = self._columns(parameters)
        V, c = self.head
        dh = cache.values["dh"]
        dV, dc = head_backward(cache.head, parameters[V], dh)
        gradients = self.steps_backward(parameters, cache.batch, cache.values, dh, last)
        return self._columns({**gradients, V: dV, c: dc})

    def loss_and_gradients(
        self,
        parameters: Arrays,
        x: Array,
        y: Array,
        initial: Arrays | None = None,
        mask: NDArray[Any] | None = None,
        loss: str = "cross-entropy",
    ) -> tuple[float, dict[str, Array]]:
        """The loss of `forward` and the gradients of `backward`."""
        value, cache = self.forward(parameters, x, y, initial, mask, loss)
        return value, self.backward(parameters, cache)

    def _columns(self, arrays: Arrays) -> dict[str, Array]:
        """With the matrices that stand for rows turned into those for columns, or back."""
        return {name: array.T if name in self.rows else array for name, array in arrays.items()}


def checked_again(layout: Layout, parameters: Arrays, cache: Cache) -> None:
    """ValueError, in one line, for another cell's cache, or parameters other than the forward pass had."""
    if not isinstance(cache, Cache):
        raise ValueError(f"{layout.cell}: the cache is a {type(cache).__name__}; pass what forward returned")
    if cache.cell != layout.cell:
        raise ValueError(f"{layout.cell}: the cache is that of {cache.cell}; pass what forward returned")
    checked_parameters(layout, parameters, cache.h, cache.batch.sizes)


def flat(array: Array) -> Array:
    """(…, T, N, ·) as (…, T·N, ·): a row is a step of a sequence."""
    *lead, T, N, size = array.shape
    return array.reshape(*lead, T * N, size)


def outer_sums(u: Array, v: Array) -> Array:
    """Σ over the rows of u (…, rows, I) and v (rows, J) of their outer products: (…, I, J)."""
    *lead, rows, I = u.shape
    J = v.shape[-1]
    if not (SMALL_PRODUCTS and 32 * 64 * rows <= 10**6 and I % 32 == J % 64 == 0):
        whole: Array = u.swapaxes(-1, -2) @ v
        return whole
    total = np.empty((*lead, I, J), u.dtype)
    strips = u.reshape(*lead, rows, I // 32, 1, 32)
    np.matmul(
        np.moveaxis(strips, -4, -1),
        v.reshape(rows, J // 64, 64).swapaxes(0, 1),
        out=total.reshape(*lead, I // 32, 32, J // 64, 64).swapaxes(-3, -2),
    )
    return total


def sums(rows: Array) -> Array:
    """Σ over the rows (…, rows, ·), as a product with ones: several times as fast as `sum` along that axis."""
    total: Array = np.ones(rows.shape[-2], rows.dtype) @ rows
    return total


def transposed(W: Array) -> Array:
    """Wᵀ of one matrix or of several, contiguous, which BLAS multiplies by faster than by a view."""
    return np.ascontiguousarray(W.swapaxes(-1, -2))
