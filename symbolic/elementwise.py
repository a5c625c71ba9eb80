"""A term -> its entries, in any arithmetic.

In:  a term and a `Scene`: the sizes, the number of steps, an arithmetic, and where the
     values of variables and derivatives come from.
Out: an ndarray of that arithmetic's scalars.
One reading serves every arithmetic: SymPy expressions (to differentiate and to print),
polynomials in normal form (to prove), rational intervals (to refute).  NumPy's own
object arrays do the linear algebra.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import reduce
from operator import add
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from symbolic import terms as f
from symbolic.notation import Axis, Index, Shape, Sizes, Subscript
from symbolic.shapes import shape
from symbolic.terms import Term, children

Scalar = Any
Entries = NDArray[Any]
Steps = Mapping[str, int]
Subscripts = Mapping[Index, int]


class Arithmetic(Protocol):
    """What the entries are made of: + - * / ** come with the scalars, the rest from here."""

    def number(self, value: Fraction) -> Scalar: ...

    def reciprocal(self, axis: Axis | None, size: int) -> Scalar:
        """1/n; it may be a free symbol, which then proves more."""
        ...

    def function(self, name: str, value: Scalar) -> Scalar: ...

    def dot(self, pairs: Sequence[tuple[Scalar, Scalar]]) -> Scalar:
        """Σ x·y over the pairs."""
        return reduce(add, (x * y for x, y in pairs)) if pairs else self.number(Fraction(0))


class OutsideSequence(IndexError):
    """A variable at a step that the sequence does not have."""


class Values(Protocol):
    """Where variables and derivatives get their entries from."""

    def variable(self, var: f.Var, step: int | None) -> Entries: ...

    def derivative(self, node: f.Derivative, steps: Steps) -> Entries: ...


@dataclass(frozen=True)
class Scene:
    """At which sizes, for how many steps, in which arithmetic, from which values."""

    sizes: Sizes
    steps: int
    arithmetic: Arithmetic
    values: Values
    known: Mapping[int, Entries] = field(default_factory=dict)
    """By the id of a term: its entries, where they are known already."""


def entries(term: Term, scene: Scene, steps: Steps | None = None, indices: frozenset[Index] | None = None) -> Entries:
    """The entries of a term; each subscript of `indices` (those it leaves free) adds an axis, in order of name."""
    anchors = {"T": scene.steps, **(steps or {})}
    free = sorted(free_indices(term) if indices is None else indices, key=lambda index: index.name)
    if not free:
        return evaluate(term, scene, anchors, {})
    scene = replace(scene, known={id(part): evaluate(part, scene, anchors, {}) for part in _closed(term)})
    dims = dimensions(tuple(i.axis for i in free), scene.sizes)
    result = np.empty(dims + dimensions(shape(term), scene.sizes), dtype=object)
    for position in positions(dims):
        result[position] = evaluate(term, scene, anchors, dict(zip(free, position, strict=True)))[()]
    return result


def _closed(term: Term) -> Iterator[Term]:
    """The largest parts without a free subscript, which are the same for all values of the others."""
    if not free_indices(term):
        yield term
    elif not isinstance(term, f.SumSteps | f.ProductSteps):
        for child in children(term):
            yield from _closed(child)


def free_indices(term: Term) -> frozenset[Index]:
    """The running subscripts that no sum binds."""
    match term:
        case f.Entry(arg, subscripts):
            return free_indices(arg) | {s for s in subscripts if isinstance(s, Index)}
        case f.Delta(i, j):
            return frozenset(s for s in (i, j) if isinstance(s, Index))
        case f.SumIndex(index, body):
            return free_indices(body) - {index}
    return frozenset().union(*(free_indices(child) for child in children(term)))


def dimensions(axes: Shape, sizes: Sizes) -> tuple[int, ...]:
    return tuple(sizes[axis] for axis in axes)


def positions(dims: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    return itertools.product(*(range(n) for n in dims))


def tabulated(dims: tuple[int, ...], entry: Callable[[tuple[int, ...]], Scalar]) -> Entries:
    """The array whose entry at each position is entry(position)."""
    result = np.empty(dims, dtype=object)
    for position in positions(dims):
        result[position] = entry(position)
    return result


def evaluate(term: Term, scene: Scene, steps: Steps, subscripts: Subscripts) -> Entries:
    """The entries of a term under given steps and subscripts (counted from 0 here)."""
    if isinstance(term, f.Var):
        return scene.values.variable(term, None if term.step is None else term.step.at(steps))
    if id(term) in scene.known:
        return scene.known[id(term)]
    if scene.known and isinstance(term, f.SumSteps | f.ProductSteps):
        # The same part speaks of another step in there.
        scene = replace(scene, known={})
    arithmetic, sizes = scene.arithmetic, scene.sizes

    def of(inner: Term) -> Entries:
        return evaluate(inner, scene, steps, subscripts)

    def place(subscript: Subscript, axis: Axis) -> int:
        position = subscripts[subscript] if isinstance(subscript, Index) else subscript - 1
        if not 0 <= position < sizes[axis]:
            raise IndexError(f"there is no entry {position + 1} on axis {axis} of size {sizes[axis]}")
        return position

    match term:
        case f.Const(value):
            return _array(arithmetic.number(value))
        case f.Ones(axes):
            return _full(dimensions(axes, sizes), arithmetic.number(Fraction(1)))
        case f.Eye(axis):
            return _diagonal(_full((sizes[axis],), arithmetic.number(Fraction(1))), arithmetic)
        case f.Delta(i, j):
            running = [s.axis for s in (i, j) if isinstance(s, Index)]
            same = place(i, running[0]) == place(j, running[0]) if running else i == j
            return _array(arithmetic.number(Fraction(int(same))))
        case f.Reciprocal(axis):
            return _array(arithmetic.reciprocal(axis, scene.steps if axis is None else sizes[axis]))
        case f.Derivative():
            return scene.values.derivative(term, steps)
        case f.Add(left, right):
            return _array(of(left) + of(right))
        case f.Neg(arg):
            return _array(-of(arg))
        case f.Mul(left, right):
            return _array(of(left) * of(right))
        case f.Div(left, right):
            return _array(of(left) / of(right))
        case f.Pow(base, exponent):
            return _array(of(base) ** exponent)
        case f.Call(name, arg):
            return _map(lambda value: arithmetic.function(name, value), of(arg))
        case f.Softmax(arg):
            e = _map(lambda value: arithmetic.function("exp", value), of(arg))
            return _array(e / _array(e.sum(axis=-1))[..., None])
        case f.Indicator(arg):
            return of(arg)
        case f.MatMul(left, right):
            return _contracted(of(left), of(right), arithmetic)
        case f.Transpose(arg):
            return of(arg).T
        case f.Outer(left, right):
            return _array(np.multiply.outer(of(left), of(right)))
        case f.Diag(arg):
            return _diagonal(of(arg), arithmetic)
        case f.Inner(left, right):
            return _array((of(left) * of(right)).sum())
        case f.Sum(arg, axis):
            return _array(of(arg).sum(axis=None if axis is None else shape(arg).index(axis)))
        case f.Entry(arg, wanted):
            where = tuple(place(s, axis) for s, axis in zip(wanted, shape(arg), strict=True))
            return _array(of(arg)[where])
        case f.SumIndex(index, body):
            parts = (evaluate(body, scene, steps, {**subscripts, index: p}) for p in range(sizes[index.axis]))
            return reduce(lambda total, part: _array(total + part), parts)
        case f.SumSteps(index, first, last, body):
            summands = [
                evaluate(body, scene, {**steps, index: s}, subscripts)
                for s in range(first.at(steps), last.at(steps) + 1)
            ]
            nothing = _full(dimensions(shape(body), sizes), arithmetic.number(Fraction(0)))
            return reduce(lambda total, part: _array(total + part), summands) if summands else nothing
        case f.ProductSteps(index, first, last, body):
            factors = [
                evaluate(body, scene, {**steps, index: s}, subscripts)
                for s in range(first.at(steps), last.at(steps) + 1)
            ]
            if not factors:
                return evaluate(f.Eye(shape(body)[0]), scene, steps, subscripts)
            return reduce(lambda later, earlier: _contracted(later, earlier, arithmetic), reversed(factors))
    raise TypeError(f"not a term of the formula language: {term!r}")


def _array(value: Any) -> Entries:
    if isinstance(value, np.ndarray):
        return value
    result = np.empty((), dtype=object)
    result[()] = value
    return result


def _full(dims: tuple[int, ...], value: Scalar) -> Entries:
    result = np.empty(dims, dtype=object)
    result.fill(value)
    return result


def _map(function: Callable[[Scalar], Scalar], values: Entries) -> Entries:
    return tabulated(values.shape, lambda position: function(values[position]))


def _contracted(left: Entries, right: Entries, arithmetic: Arithmetic) -> Entries:
    # np.dot swallows an exception that an entry's arithmetic raises, and goes on.
    n = right.shape[0]
    rows, columns = left.reshape(-1, n).tolist(), right.reshape(n, -1).T.tolist()
    result = np.empty((len(rows), len(columns)), dtype=object)
    for i, row in enumerate(rows):
        written = [(k, x) for k, x in enumerate(row) if x]
        for j, column in enumerate(columns):
            result[i, j] = arithmetic.dot([(x, column[k]) for k, x in written if column[k]])
    return result.reshape(left.shape[:-1] + right.shape[1:])


def _diagonal(values: Entries, arithmetic: Arithmetic) -> Entries:
    (n,) = values.shape
    result = _full((n, n), arithmetic.number(Fraction(0)))
    result[np.arange(n), np.arange(n)] = values
    return result
