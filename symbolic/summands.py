"""Two sums over the steps are equal if their summands are: which summands those are.

In:  the two sides of an equality, and the model.
Out: pairs of terms; if one pair agrees at all steps 1 ≤ k ≤ t ≤ T that it speaks of, so do the sides.

A gradient is itself a sum: of a parameter, over the steps that use it (`copy`), none of which
is later than what is differentiated; of the whole loss, over the losses of the steps, none of
which is earlier than what it is differentiated by.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symbolic.model import Model, variables
from symbolic.notation import Step
from symbolic.terms import LAST, LOSS, Derivative, Mul, SumSteps, Term, Var, free_anchors, moved

FIRST = Step("", 1)


def summands(left: Term, right: Term, model: Model | None) -> Iterator[tuple[Term, Term]]:
    """The pairs, those of the innermost sums first."""
    right = _with_factor_inside(right)
    if not isinstance(right, SumSteps) or (names := _names(left, right)) is None:
        return
    for summand in _summands_of(left, right, model):
        pair = moved(summand, names), moved(right.body, names)
        yield from summands(*pair, model)
        yield pair


def _with_factor_inside(term: Term) -> Term:
    """c Σ_t a as Σ_t c a, for a factor c that is a number."""
    match term:
        case Mul(factor, SumSteps(body=body) as whole) if not variables(factor) and not free_anchors(factor):
            return replace(whole, body=factor * body)
    return term


def _names(left: Term, right: SumSteps) -> dict[str, Step] | None:
    """The steps of a summand as k and t, if its sum runs from or to a step inside the sequence."""
    first, last, free = right.first, right.last, sorted(free_anchors(left) | free_anchors(right))
    if right.index in (*free, "", "T"):
        return None
    match free:
        case [] if first.anchor == "" and first.offset >= 1 and last.anchor == "T" and last.offset <= 0:
            return {right.index: Step("t")}
        case [a] if first.anchor == "" and first.offset >= 1 and last.anchor == a and last.offset <= 0:
            return {right.index: Step("k"), a: Step("t")}
        case [a] if first.anchor == a and first.offset >= 0 and last.anchor == "T" and last.offset <= 0:
            return {a: Step("k"), right.index: Step("t")}
    return None


def _summands_of(left: Term, right: SumSteps, model: Model | None) -> Iterator[Term]:
    """What the left side sums over the same steps, in terms of the right side's index."""
    here, ends = Step(right.index), (right.first, right.last)
    match left:
        case SumSteps(index, first, last, body) if (first, last) == ends:
            yield moved(body, {index: here})
        case Mul(factor, inner) if not variables(factor):
            yield from (factor * summand for summand in _summands_of(inner, right, model))
        case Derivative(of, by, total=True, copy=copy) if isinstance(of, Var) and model is not None:
            if by.step is None and copy is None and ends == (FIRST, LAST if of == LOSS else of.step):
                yield replace(left, copy=here)
            if of == LOSS and model.is_sequence and ends in ((FIRST, LAST), (copy or by.step, LAST)):
                yield model.scale * Derivative(model.step_loss[here], by, copy=copy)
