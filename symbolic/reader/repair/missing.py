"""The parts of a gradient, one for each value that it comes through."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import reduce

from symbolic import terms as f
from symbolic.model import variables
from symbolic.notation import Step
from symbolic.reader.resolve.functions import SLOPES
from symbolic.reader.resolve.shifts import moved
from symbolic.reader.scope import Scope
from symbolic.terms import LOSS, Term, Var


def contributions(gradient: Term, scope: Scope) -> Iterator[tuple[str, Term]]:
    """The parts of a gradient of the loss, by the value that each comes through; those of one step together too."""
    if isinstance(gradient, f.Derivative) and gradient.of == LOSS:
        for parts in parts_by_step(gradient, scope):
            yield from parts
            if len(parts) > 1:
                yield " and ".join(name for name, _ in parts), sum_of(part for _, part in parts)


def parts_by_step(gradient: Term, scope: Scope) -> Iterator[list[tuple[str, Term]]]:
    """The parts of a gradient of the loss, or of a step's: through the values of its own step, then of the next."""
    model = scope.model
    if model is None or not isinstance(gradient, f.Derivative) or gradient.by.step is None:
        return
    of, by = gradient.of, gradient.by
    assert by.step is not None
    if not isinstance(of, Var) or (of != LOSS and not (model.is_sequence and of.name == model.step_loss.name)):
        return
    for shift in (0, 1):
        there = by.step + shift
        if of.step is not None and of.step.anchor == there.anchor and of.step.offset < there.offset:
            return
        parts: list[tuple[str, Term]] = []
        for eq in model.equations:
            used = [v for v in f.subterms(eq.right) if isinstance(v, Var) and v.name == by.name and v.step is not None]
            if any(v.step is not None and v.step.offset == -shift for v in used) and eq.left.axes:
                through = eq.left[there] if eq.left.step is None else replace(eq.left, step=there)
                parts.append((str(through), _through(eq.right, gradient, through, shift)))
        yield parts


def sum_of(terms: Iterable[Term]) -> Term:
    return reduce(f.Add, terms)


def by_the_values(term: Term, names: frozenset[str], scope: Scope) -> Term:
    """Gradients by what is not named, by the one value that it makes, where that is: (1 − h²) ∘ ∇h for ∇a."""
    if isinstance(term, f.Derivative):
        parts = [] if term.by.name in names else [part for parts in parts_by_step(term, scope) for _, part in parts]
        named = {each.by.name for part in parts for each in f.subterms(part) if isinstance(each, f.Derivative)}
        return parts[0] if len(parts) == 1 and named <= names else term
    changed = {key: by_the_values(part, names, scope) for key, part in vars(term).items() if isinstance(part, Term)}
    return replace(term, **changed) if changed else term


def of_one_step(gradient: Term, part: Term, scope: Scope) -> Iterator[tuple[str, Term]]:
    """What one step gives to the gradient of a parameter: by its use there, and the gradient of the loss there.

    The step is the one letter that the part holds.  Nothing where several equations use the parameter: then one line
    may be the part of one of them.
    """
    model, anchors = scope.model, f.free_anchors(part)
    if model is None or not model.is_sequence or len(anchors) != 1:
        return
    if not isinstance(gradient, f.Derivative) or gradient.of != LOSS or gradient.by not in model.parameters:
        return
    if sum(gradient.by in variables(eq.right) for eq in model.equations) == 1 and gradient.copy is None:
        here = Step(next(iter(anchors)))
        yield f"the contribution of step {here}, by the use of {gradient.by} there", replace(gradient, copy=here)
        loss = model.scale * f.Derivative(model.step_loss[here], gradient.by)
        yield f"the contribution of step {here}, by the loss there", loss


def _through(right: Term, whole: f.Derivative, through: Var, shift: int) -> Term:
    """Wᵀ ∇u where u = W x + …, a ∘ ∇u where u = a ∘ x + …, a ∘ f′(x) ∘ ∇u where u = a ∘ f(x), else the Jacobian."""
    by = whole.by
    assert by.step is not None
    there = moved(right, "t", by.step + shift)
    gradient = f.Derivative(whole.of, through)
    for part in _summands(there):
        match part:
            case f.MatMul(Var(sequence=False) as weights, right_factor) if right_factor == by:
                return f.MatMul(f.Transpose(weights), gradient)
            case f.Mul(left, right_factor) if right_factor == by:
                return f.Mul(left, gradient)
            case f.Mul(left, right_factor) if left == by and by not in f.subterms(right_factor):
                return f.Mul(right_factor, gradient)
            case f.Call("tanh" | "sigmoid" as function, inner) if inner == by and part == there:
                slope = 1 - f.Pow(through, 2) if function == "tanh" else f.Mul(through, 1 - through)
                return f.Mul(slope, gradient)
            case f.Mul(left, f.Call(function, inner)) if inner == by and function in SLOPES:
                return f.Mul(f.Mul(left, SLOPES[function](by)), gradient)
    return f.MatMul(gradient, f.immediate(through, by))


def _summands(term: Term) -> Iterator[Term]:
    if isinstance(term, f.Add):
        yield from _summands(term.left)
        yield from _summands(term.right)
    else:
        yield term
