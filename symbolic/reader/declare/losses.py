r"""A whole loss, 1/T Σ_t …, as what every step adds to it.

In:  the loss as a term.  Out: `at_every_step(loss)`: the number before the sum, and the summand at the step t.
Raises ValueError, with what to write, for what is no sum over all steps.
"""

from __future__ import annotations

from symbolic.model import variables
from symbolic.notation import Step
from symbolic.terms import Div, Mul, Neg, SumIndex, SumSteps, Term, moved, subterms
from symbolic.terms import term as number

FIRST, LAST = Step("", 1), Step("T")


def at_every_step(loss: Term) -> tuple[Term, Term]:
    """scale, body with loss = scale · Σ_{t=1}^T body."""
    match loss:
        case SumSteps(index, first, last, body):
            shift = first.offset - FIRST.offset
            if first.anchor or last != LAST + shift:
                raise ValueError(
                    f"the sum runs from {first} to {last}; the loss of a model is a sum over all its steps, from 1 to T"
                )
            summand = moved(body, {index: Step("t", shift)})
            if shift and any(v.step not in (None, Step("t")) for v in variables(summand)):
                raise ValueError(f"the sum runs from {first} to {last}: number the steps from 1 to T")
            return number(1), summand
        case Neg(arg):
            scale, body = at_every_step(arg)
            return scale, Neg(body)
        case Mul(factor, rest) | Mul(rest, factor) if is_constant(factor):
            scale, body = at_every_step(rest)
            return times(factor, scale), body
        case Div(rest, below) if is_constant(below):
            scale, body = at_every_step(rest)
            return times(number(1) / below, scale), body
        case SumIndex(index, rest):
            scale, body = at_every_step(rest)
            return scale, SumIndex(index, body)
    raise ValueError(
        f"{loss} is no sum over the steps, and the equations before are written at a step t: write"
        r" loss L = \sum_t …, with a number such as 1/2 or 1/T before the sum, and nothing added to it"
    )


def is_constant(term: Term) -> bool:
    return not variables(term) and not any(isinstance(part, SumSteps) for part in subterms(term))


def times(factor: Term, scale: Term) -> Term:
    return factor if scale == number(1) else Mul(factor, scale)
