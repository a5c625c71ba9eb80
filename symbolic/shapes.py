"""Is a term well typed, and what is its shape?

In:  a term.  Out: its axes, or `ShapeMismatch` with the two shapes that do not conform.
Axes conform by what they count, not by how many they happen to be.  One thing is
broadcast besides scalars, as in every mini-batch: an array without the batch axis N
against one with it.
"""

from __future__ import annotations

from symbolic import terms as f
from symbolic.notation import Axis, Index, N, Shape, shape_text
from symbolic.terms import Term


class ShapeMismatch(ValueError):
    """Two shapes that do not conform, and the term in which they meet."""

    def __init__(self, operation: str, left: Shape, right: Shape, where: Term) -> None:
        self.operation, self.left, self.right, self.where = operation, left, right, where
        super().__init__(f"{operation} of {shape_text(left)} and {shape_text(right)} in {where}")


def shape(term: Term) -> Shape:
    """The axes of a term; raises ShapeMismatch where it has none."""
    match term:
        case f.Delta(Index() as i, Index() as j) if i.axis != j.axis:
            raise ShapeMismatch("Kronecker delta", (i.axis,), (j.axis,), term)
        case f.Const() | f.Delta() | f.Reciprocal():
            return ()
        case f.Ones(axes):
            return axes
        case f.Eye(axis):
            return (axis, axis)
        case f.Var():
            if term.sequence and term.step is None:
                raise TypeError(f"{term.name} changes along the sequence: write {term.name}[t]")
            return term.axes
        case f.Add(left, right):
            return _broadcast("sum", term, shape(left), shape(right))
        case f.Mul(left, right):
            return _broadcast("Hadamard product", term, shape(left), shape(right))
        case f.Div(left, right):
            return _broadcast("quotient", term, shape(left), shape(right))
        case f.Neg(arg) | f.Call(_, arg) | f.Pow(arg, _):
            return shape(arg)
        case f.Softmax(arg) | f.Indicator(arg):
            return _at_least_a_vector("softmax or indicator", term, shape(arg))
        case f.MatMul(left, right):
            return _product(term, shape(left), shape(right))
        case f.Transpose(arg):
            return shape(arg)[::-1]
        case f.Outer(left, right):
            return shape(left) + shape(right)
        case f.Diag(arg):
            if len(axes := shape(arg)) != 1:
                raise ShapeMismatch("diagonal matrix", axes, axes, term)
            return axes + axes
        case f.Inner(left, right):
            if shape(left) != shape(right):
                raise ShapeMismatch("Frobenius product", shape(left), shape(right), term)
            return ()
        case f.Sum(arg, axis):
            return _summed(term, shape(arg), axis)
        case f.Entry(arg, subscripts):
            return _entry(term, shape(arg), subscripts)
        case f.SumIndex(_, body):
            if shape(body):
                raise ShapeMismatch("sum over a subscript", shape(body), (), term)
            return ()
        case f.SumSteps(_, _, _, body):
            return shape(body)
        case f.ProductSteps(_, _, _, body):
            axes = shape(body)
            if len(axes) != 2 or axes[0] != axes[1]:
                raise ShapeMismatch("product over steps", axes, axes[::-1], term)
            return axes
        case f.Derivative(of, by):
            return shape(of) + shape(by)
    raise TypeError(f"not a term of the formula language: {term!r}")


def _broadcast(operation: str, term: Term, left: Shape, right: Shape) -> Shape:
    if left == right or not right:
        return left
    if not left:
        return right
    if left == (N, *right):
        return left
    if right == (N, *left):
        return right
    raise ShapeMismatch(operation, left, right, term)


def _at_least_a_vector(operation: str, term: Term, axes: Shape) -> Shape:
    if not axes:
        raise ShapeMismatch(operation, axes, axes, term)
    return axes


def _product(term: Term, left: Shape, right: Shape) -> Shape:
    if not left or not right or left[-1] != right[0]:
        raise ShapeMismatch("matrix product", left, right, term)
    return left[:-1] + right[1:]


def _summed(term: Term, axes: Shape, axis: object) -> Shape:
    if axis is None:
        return ()
    if axes.count(axis) != 1:
        raise ShapeMismatch(f"sum over {axis}", axes, (), term)
    return tuple(a for a in axes if a != axis)


def _entry(term: Term, axes: Shape, subscripts: tuple[int | Index, ...]) -> Shape:
    wanted = tuple(s.axis if isinstance(s, Index) else axis for s, axis in zip(subscripts, axes, strict=False))
    if len(subscripts) != len(axes) or wanted != axes:
        raise ShapeMismatch("entry", axes, wanted, term)
    return ()


def axes_in(term: Term) -> frozenset[Axis]:
    """Every axis that a term speaks of."""
    return frozenset(axis for s in f.subterms(term) for axis in _axes(s))


def _axes(term: Term) -> tuple[Axis, ...]:
    match term:
        case f.Entry(subscripts=subscripts):
            return tuple(s.axis for s in subscripts if isinstance(s, Index))
        case f.Delta(i, j):
            return tuple(s.axis for s in (i, j) if isinstance(s, Index))
        case f.SumIndex(index):
            return (index.axis,)
        case f.Var(axes=axes) | f.Ones(axes):
            return axes
        case f.Eye(axis):
            return (axis,)
        case f.Reciprocal(axis):
            return () if axis is None else (axis,)
    return ()
