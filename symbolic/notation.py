"""Axes, steps and indices: the three things that number the entries of a formula.

In:  nothing.  Out: `Axis` (what a dimension counts), `Step` (a place in the
sequence, relative to `t`, to `T` or absolute) and `Index` (a running subscript).
To extend: declare another `Axis` beside the five below; its default size is the
one of the worked example.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple


class Axis(NamedTuple):
    """What one dimension of an array counts; two axes conform only if they are the same axis."""

    name: str
    size: int

    def __str__(self) -> str:
        return self.name


D = Axis("D", 4)
H = Axis("H", 5)
K = Axis("K", 3)
N = Axis("N", 2)
AXES = {axis.name: axis for axis in (D, H, K, N)}

Shape = tuple[Axis, ...]
Sizes = Mapping[Axis, int]


@dataclass(frozen=True)
class Step:
    """A place in the sequence: `t+1`, `T`, or an absolute step such as `0`."""

    anchor: str
    offset: int = 0

    def __add__(self, shift: int) -> Step:
        return replace(self, offset=self.offset + shift)

    def __sub__(self, shift: int) -> Step:
        return self + -shift

    def __str__(self) -> str:
        if not self.anchor:
            return str(self.offset)
        return self.anchor + (f"{self.offset:+d}" if self.offset else "")

    def at(self, steps: Mapping[str, int]) -> int:
        """The absolute step, once the anchors have values."""
        return self.offset + (steps[self.anchor] if self.anchor else 0)


t = Step("t")
k = Step("k")
T = Step("T")


def step(value: Step | int) -> Step:
    """An absolute step from an integer; a `Step` stays what it is."""
    return value if isinstance(value, Step) else Step("", value)


@dataclass(frozen=True)
class Index:
    """A subscript that runs over an axis, counted from 1 as formulas do."""

    name: str
    axis: Axis

    def __str__(self) -> str:
        return self.name


Subscript = int | Index


def shape_text(shape: Shape) -> str:
    """`(H, D)` for people to read; a scalar is `()`."""
    return "(" + ", ".join(axis.name for axis in shape) + ")"
