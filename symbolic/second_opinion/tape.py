"""Two arithmetics, and the tape on which a value remembers what it was made from.

In:  exact numbers and random keys.  Out: `RESIDUES` and `REALS`, and `Tape`, whose
`adjoints` accumulates derivatives backwards.
"""

from __future__ import annotations

from collections.abc import Hashable
from fractions import Fraction
from hashlib import blake2b
from typing import Any, Protocol

import mpmath
import numpy as np
from numpy.typing import NDArray

P = 2**61 - 1
DIGITS = 60
TOLERANCE = 1e-40

Scalar = Any
Entries = NDArray[Any]


class Field(Hashable, Protocol):
    """What the entries are made of; + − * come with the scalars, the rest from here."""

    def number(self, value: Fraction) -> Scalar: ...

    def reduced(self, value: Any) -> Any:
        """The canonical form of a scalar or of an array of them."""
        ...

    def power(self, value: Scalar, exponent: int) -> Scalar: ...

    def random(self, *key: object) -> Scalar:
        """A value for a leaf; equal for equal keys."""
        ...

    def function(self, name: str, value: Scalar) -> Scalar: ...

    def different(self, left: Entries, right: Entries) -> NDArray[np.bool_]: ...


def residue(*key: object) -> int:
    """A residue that looks random and is a function of the key alone."""
    return int.from_bytes(blake2b(repr(key).encode(), digest_size=16).digest()) % P


class Residues:
    """The integers modulo P, with free functions."""

    def number(self, value: Fraction) -> int:
        return value.numerator * pow(value.denominator, -1, P) % P

    def reduced(self, value: Any) -> Any:
        return value % P

    def power(self, value: int, exponent: int) -> int:
        if exponent < 0 and not value:
            raise ZeroDivisionError("division by an expression that is 0 at a random point")
        return pow(value, exponent, P)

    def random(self, *key: object) -> int:
        return residue(*key)

    def function(self, name: str, value: int) -> int:
        return residue(name, value)

    def different(self, left: Entries, right: Entries) -> NDArray[np.bool_]:
        return np.asarray((left - right) % P != 0, dtype=bool)


class Reals:
    """Real numbers at 60 digits; leaves are positive, so that their logarithms exist."""

    def __init__(self) -> None:
        self.context = mpmath.mp.clone()
        self.context.dps = DIGITS

    def number(self, value: Fraction) -> Any:
        return self.context.mpf(value.numerator) / value.denominator

    def reduced(self, value: Any) -> Any:
        return value

    def power(self, value: Any, exponent: int) -> Any:
        return value**exponent

    def random(self, *key: object) -> Any:
        return self.number(Fraction(1, 4) + Fraction(residue(*key), P))

    def function(self, name: str, value: Any) -> Any:
        if name == "sigmoid":
            return 1 / (1 + self.context.exp(-value))
        return getattr(self.context, name)(value)

    def different(self, left: Entries, right: Entries) -> NDArray[np.bool_]:
        # "Not close" and not "far": what is not a number agrees with nothing.
        scale = np.maximum(abs(left), abs(right)) + 1
        return ~np.asarray(abs(left - right) <= TOLERANCE * scale, dtype=bool)


RESIDUES, REALS = Residues(), Reals()


def slope(name: str, x: Scalar, y: Scalar, field: Field) -> Scalar:
    """dy/dx where y is the function at x."""
    match name:
        case "tanh":
            return 1 - y * y
        case "sigmoid":
            return y * (1 - y)
        case "exp":
            return y
        case "log":
            return field.power(x, -1)
    raise ValueError(f"no derivative rule for {name}")


class Tape:
    """For every node, in the order of evaluation, its parents and the partials by them."""

    def __init__(self, field: Field) -> None:
        self.field = field
        self.edges: list[tuple[tuple[int, Scalar], ...]] = []

    def node(self, value: Scalar, *edges: tuple[int, Scalar]) -> Node:
        self.edges.append(edges)
        return Node(self, len(self.edges) - 1, self.field.reduced(value))

    def adjoints(self, top: Node, held: frozenset[int], lowest: int = 0) -> list[Scalar]:
        """d top / d node for every node from `lowest` to top; nothing is passed on through what is held."""
        found: list[Scalar] = [0] * (top.index + 1)
        found[top.index] = 1
        reduced, edges = self.field.reduced, self.edges
        for index in range(top.index, lowest - 1, -1):
            if adjoint := found[index]:
                found[index] = adjoint = reduced(adjoint)
                if index not in held:
                    for parent, partial_derivative in edges[index]:
                        found[parent] += adjoint * partial_derivative
        return found


class Node:
    """A number on a tape; it mixes with numbers that are on none."""

    __slots__ = ("index", "tape", "value")

    def __init__(self, tape: Tape, index: int, value: Scalar) -> None:
        self.tape, self.index, self.value = tape, index, value

    def __add__(self, other: Scalar) -> Node:
        if isinstance(other, Node):
            return self.tape.node(self.value + other.value, (self.index, 1), (other.index, 1))
        return self.tape.node(self.value + other, (self.index, 1))

    __radd__ = __add__

    def __neg__(self) -> Node:
        return self.tape.node(-self.value, (self.index, -1))

    def __mul__(self, other: Scalar) -> Node:
        if isinstance(other, Node):
            return self.tape.node(self.value * other.value, (self.index, other.value), (other.index, self.value))
        return self.tape.node(self.value * other, (self.index, other))

    __rmul__ = __mul__

    def __mod__(self, modulus: int) -> Node:
        return self

    def power(self, exponent: int) -> Scalar:
        if exponent == 0:
            return 1
        power = self.tape.field.power
        return self.tape.node(power(self.value, exponent), (self.index, exponent * power(self.value, exponent - 1)))

    def function(self, name: str) -> Node:
        field = self.tape.field
        value = field.function(name, self.value)
        return self.tape.node(value, (self.index, slope(name, self.value, value, field)))
