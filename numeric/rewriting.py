"""Terms rewritten: moved along the sequence, cut into summands, multiplied vectors first.

Nothing here decides what is true: whatever comes out is proved again before it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from functools import reduce
from operator import add

from symbolic import terms as f
from symbolic.notation import N, Step, t
from symbolic.shapes import shape
from symbolic.terms import Term, Var


def rebuilt(term: Term, rewrite: Callable[[Term], Term | None]) -> Term:
    """The term with `rewrite(inner)` for every inner term, from the outside, where that is not None."""
    new = rewrite(term)
    if new is not None:
        return new
    inside = {field.name: getattr(term, field.name) for field in fields(term)}
    changed = {name: rebuilt(value, rewrite) for name, value in inside.items() if isinstance(value, Term)}
    return replace(term, **changed) if changed else term


def moved(term: Term, to: Step) -> Term:
    """The term with `to` for t: t+1 becomes to+1."""

    def move(inner: Term) -> Term | None:
        if isinstance(inner, f.SumSteps | f.ProductSteps) and inner.index == t.anchor:
            return inner
        if isinstance(inner, Var) and inner.step is not None and inner.step.anchor == t.anchor:
            return replace(inner, step=to + inner.step.offset)
        return None

    return rebuilt(term, move)


def at(var: Var, step: Step | None) -> Var:
    """A sequence at a step; any other array stays what it is."""
    return replace(var, step=step) if var.sequence else var


def added(term: Term) -> Iterator[Term]:
    """The summands of a term, each with its sign."""
    match term:
        case f.Add(left, right):
            yield from added(left)
            yield from added(right)
        case f.Neg(f.Add() as inside):
            yield from (s.arg if isinstance(s, f.Neg) else f.Neg(s) for s in added(inside))
        case _:
            yield term


def multiplied(term: Term) -> Iterator[Term]:
    """The factors of an element-wise product."""
    if isinstance(term, f.Mul):
        yield from multiplied(term.left)
        yield from multiplied(term.right)
    else:
        yield term


def total(summands: list[Term]) -> Term:
    """The sum of at least one summand."""
    return reduce(add, summands)


def vectors_first(term: Term) -> Term:
    """The same product without a matrix that it can do without: (A B) v = A (B v), diag(u) v = u ∘ v, …"""
    return rebuilt(term, _vector_first)


def _vector_first(term: Term) -> Term | None:
    match term:
        case f.MatMul(f.Diag(u), v) if len(shape(v)) == 1:
            return vectors_first(f.Mul(u, v))
        case f.MatMul(f.MatMul(A, B), v) if len(shape(v)) == 1 and len(shape(A)) == len(shape(B)) == 2:
            return vectors_first(f.MatMul(A, f.MatMul(B, v)))
        case f.MatMul(f.Transpose(f.MatMul(A, B)), v) if len(shape(v)) == 1 and len(shape(A)) == len(shape(B)) == 2:
            return vectors_first(f.MatMul(f.Transpose(B), f.MatMul(f.Transpose(A), v)))
        case f.Transpose(f.Diag() as symmetric) | f.Transpose(f.Transpose(symmetric)):
            return vectors_first(symmetric)
    return None


def outer_factors(term: Term) -> tuple[Term, Term] | None:
    """u and v of u ⊗ v, or of the sum Σ_n u_n ⊗ v_n over the examples that uᵀ v is; None for any other term."""
    match term:
        case f.Outer(u, v):
            return u, v
        case f.MatMul(f.Transpose(u), v) if shape(u)[0] == N:
            return u, v
    return None


def is_rowwise(term: Term) -> bool:
    """Whether no product of an example's vectors is a matrix, so that a batch of examples needs rows only."""
    if len([axis for axis in shape(term) if axis != N]) > 1 and any(v.sequence for v in _variables(term)):
        return False
    return all(is_rowwise(child) for child in f.children(term))


def _variables(term: Term) -> list[Var]:
    return [s for s in f.subterms(term) if isinstance(s, Var)]
