"""The parts of a gradient, one for each value that it comes through."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symbolic import terms as f
from symbolic.reader.resolve.functions import SLOPES
from symbolic.reader.resolve.shifts import moved
from symbolic.reader.scope import Scope
from symbolic.terms import LOSS, Term, Var


def contributions(gradient: Term, scope: Scope) -> Iterator[tuple[str, Term]]:
    """The parts of a gradient, by the value that each comes through."""
    model = scope.model
    if model is None or not isinstance(gradient, f.Derivative) or gradient.of != LOSS or gradient.by.step is None:
        return
    by = gradient.by
    assert by.step is not None
    for shift in (0, 1):
        parts: list[tuple[str, Term]] = []
        for eq in model.equations:
            used = [v for v in f.subterms(eq.right) if isinstance(v, Var) and v.name == by.name and v.step is not None]
            if any(v.step is not None and v.step.offset == -shift for v in used) and eq.left.axes:
                through = eq.left[by.step + shift] if eq.left.step is None else replace(eq.left, step=by.step + shift)
                parts.append((str(through), _through(eq.right, by, through, shift)))
        yield from parts
        if len(parts) > 1:
            whole = parts[0][1]
            for _, part in parts[1:]:
                whole = f.Add(whole, part)
            yield " and ".join(name for name, _ in parts), whole


def _through(right: Term, by: Var, through: Var, shift: int) -> Term:
    """Wᵀ ∇u where u = W x + …, a ∘ ∇u where u = a ∘ x + …, a ∘ f′(x) ∘ ∇u where u = a ∘ f(x), else the Jacobian."""
    assert by.step is not None
    there = moved(right, "t", by.step + shift)
    gradient = f.grad(through)
    for part in _summands(there):
        match part:
            case f.MatMul(Var(sequence=False) as weights, right_factor) if right_factor == by:
                return f.MatMul(f.Transpose(weights), gradient)
            case f.Mul(left, right_factor) if right_factor == by:
                return f.Mul(left, gradient)
            case f.Mul(left, right_factor) if left == by and by not in f.subterms(right_factor):
                return f.Mul(right_factor, gradient)
            case f.Mul(left, f.Call(function, inner)) if inner == by and function in SLOPES:
                return f.Mul(f.Mul(left, SLOPES[function](by)), gradient)
    return f.MatMul(gradient, f.immediate(through, by))


def _summands(term: Term) -> Iterator[Term]:
    if isinstance(term, f.Add):
        yield from _summands(term.left)
        yield from _summands(term.right)
    else:
        yield term
