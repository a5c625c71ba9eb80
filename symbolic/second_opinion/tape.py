"""Two arithmetics, and the tape on which an array remembers what it was made from.

In:  exact numbers and random keys.  Out: `RESIDUES` and `REALS`, and `Tape`, whose
`adjoints` accumulates derivatives backwards.  To extend: a new operation is a method of
`Node`, with the way from the result's adjoint to each operand's.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
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
Pull = Callable[[Entries], Entries]


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
        if value.denominator % P == 0:
            raise ZeroDivisionError(f"a denominator is 0 modulo {P}")
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


def slope(name: str, x: Entries, y: Entries, field: Field) -> Entries:
    """dy/dx where y is the function at x, entry by entry."""
    match name:
        case "tanh":
            return np.asarray(1 - y * y, dtype=object)
        case "sigmoid":
            return np.asarray(y * (1 - y), dtype=object)
        case "exp":
            return y
        case "log":
            return _power(x, -1, field)
    raise ValueError(f"no derivative rule for {name}")


class Tape:
    """For every variable and what is made of them, its parents, and how its adjoint is pulled back to theirs."""

    def __init__(self, field: Field) -> None:
        self.field = field
        self.edges: list[tuple[tuple[int, Pull], ...]] = []

    def constant(self, value: Any) -> Node:
        """What nothing is differentiated by; it is not on the tape."""
        return Node(self, CONSTANT, np.asarray(self.field.reduced(value), dtype=object))

    def variable(self, value: Any, *edges: tuple[int, Pull]) -> Node:
        """What something may be differentiated by."""
        made = self.constant(value)
        made.index = len(self.edges)
        self.edges.append(tuple(edge for edge in edges if edge[0] != CONSTANT))
        return made

    def made(self, value: Any, *edges: tuple[int, Pull]) -> Node:
        """What an operation makes; of constants alone, a constant."""
        if all(parent == CONSTANT for parent, _ in edges):
            return self.constant(value)
        return self.variable(value, *edges)

    def adjoints(self, top: Node, held: frozenset[int], lowest: int = 0) -> list[Entries | None]:
        """d top / d node for every node from `lowest` to top; nothing is passed on through what is held.

        The first axis of an adjoint counts the entries of top.  None stands for 0.
        """
        found: list[Entries | None] = [None] * (top.index + 1)
        found[top.index] = _identity(top.value.size).reshape(-1, *top.value.shape)
        for index in range(top.index, lowest - 1, -1):
            if (adjoint := found[index]) is None:
                continue
            found[index] = adjoint = np.asarray(self.field.reduced(adjoint), dtype=object)
            if index not in held:
                for parent, pull in self.edges[index]:
                    part, others = pull(adjoint), found[parent]
                    found[parent] = part if others is None else others + part
        return found


CONSTANT = -1


class Node:
    """An array, on a tape or constant."""

    __slots__ = ("index", "tape", "value")

    def __init__(self, tape: Tape, index: int, value: Entries) -> None:
        self.tape, self.index, self.value = tape, index, value

    def detached(self) -> Node:
        """The same array, as a constant."""
        return Node(self.tape, CONSTANT, self.value)

    def __add__(self, other: Node) -> Node:
        return self.tape.made(
            self.value + other.value,
            (self.index, lambda adjoint: _summed_to(self.value.shape, adjoint)),
            (other.index, lambda adjoint: _summed_to(other.value.shape, adjoint)),
        )

    def __neg__(self) -> Node:
        return self.tape.made(-self.value, (self.index, lambda adjoint: -adjoint))

    def __mul__(self, other: Node) -> Node:
        left, right = self.value, other.value
        return self.tape.made(
            left * right,
            (self.index, lambda adjoint: _summed_to(left.shape, adjoint * right)),
            (other.index, lambda adjoint: _summed_to(right.shape, adjoint * left)),
        )

    def power(self, exponent: int) -> Node:
        """Entry by entry."""
        field, base = self.tape.field, self.value
        if exponent == 0:
            return self.tape.constant(_power(base, 0, field))
        slopes = exponent * _power(base, exponent - 1, field)
        return self.tape.made(_power(base, exponent, field), (self.index, lambda adjoint: adjoint * slopes))

    def function(self, name: str) -> Node:
        """Entry by entry."""
        field, x = self.tape.field, self.value
        y = _each(lambda entry: field.function(name, entry), x)
        return self.tape.made(y, (self.index, lambda adjoint: adjoint * field.reduced(slope(name, x, y, field))))

    def dot(self, other: Node) -> Node:
        """Over the last axis of this and the first of the other."""
        *rows, inner = self.value.shape
        length, *columns = other.value.shape
        if inner != length:
            raise ValueError(f"a product over axes of {inner} and {length} entries")
        return self._product(other, inner, (*rows, *columns))

    def outer(self, other: Node) -> Node:
        return self._product(other, 1, self.value.shape + other.value.shape)

    def _product(self, other: Node, inner: int, shape: tuple[int, ...]) -> Node:
        """Of both as matrices with so many inner columns and rows."""
        left, right = self.value.reshape(-1, inner), other.value.reshape(inner, -1)

        def stacked(adjoint: Entries) -> Entries:
            return adjoint.reshape(-1, len(left), right.shape[1])

        return self.tape.made(
            left.dot(right).reshape(shape),
            (self.index, lambda adjoint: stacked(adjoint).dot(right.T).reshape(-1, *self.value.shape)),
            (other.index, lambda adjoint: left.T.dot(stacked(adjoint)).swapaxes(0, 1).reshape(-1, *other.value.shape)),
        )

    def transposed(self) -> Node:
        back = 0, *range(self.value.ndim, 0, -1)
        return self.tape.made(self.value.T, (self.index, lambda adjoint: adjoint.transpose(back)))

    def diagonal(self) -> Node:
        """The diagonal matrix of a vector."""
        result = 0 * _identity(self.value.size)
        np.fill_diagonal(result, self.value)
        return self.tape.made(result, (self.index, lambda adjoint: np.diagonal(adjoint, axis1=1, axis2=2)))

    def total(self, axis: int | None = None, keepdims: bool = False) -> Node:
        """The sum of all entries, or over an axis."""
        shape = self.value.shape
        kept = [1 if axis in (None, n) else length for n, length in enumerate(shape)]

        def pull(adjoint: Entries) -> Entries:
            return np.broadcast_to(adjoint.reshape(-1, *kept), (len(adjoint), *shape))

        return self.tape.made(self.value.sum(axis=axis, keepdims=keepdims), (self.index, pull))

    def entry(self, place: tuple[int, ...]) -> Node:
        shape = self.value.shape

        def pull(adjoint: Entries) -> Entries:
            result: Entries = np.full((len(adjoint), *shape), 0, dtype=object)
            for row, entry in zip(result, adjoint, strict=True):
                row[place] = entry
            return result

        return self.tape.made(self.value[place], (self.index, pull))


def _each(function: Callable[[Scalar], Scalar], entries: Entries) -> Entries:
    return np.asarray(np.frompyfunc(function, 1, 1)(entries), dtype=object)


def _power(base: Entries, exponent: int, field: Field) -> Entries:
    return _each(lambda entry: field.power(entry, exponent), base)


def _identity(size: int) -> Entries:
    return np.eye(size, dtype=object)


def _summed_to(shape: tuple[int, ...], adjoint: Entries) -> Entries:
    """The adjoint of what was broadcast from a shape: a number, or an array with an axis of length 1."""
    if adjoint.shape[1:] == shape:
        return adjoint
    added = adjoint.ndim - 1 - len(shape)
    adjoint = adjoint.sum(axis=tuple(range(1, 1 + added))) if added else adjoint
    stretched = tuple(n for n, length in enumerate(shape, 1) if length != adjoint.shape[n])
    return adjoint.sum(axis=stretched, keepdims=True) if stretched else adjoint
