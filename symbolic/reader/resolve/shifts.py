"""Terms at another step."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from symbolic import terms as f
from symbolic.notation import Step
from symbolic.terms import Term, Var


def at_step(term: Term, where: Step) -> Term:
    """A sequence at a step; a term written at t, moved there; what does not change with time stays."""
    if isinstance(term, Var):
        return term[where] if term.sequence and term.step is None else (moved(term, "t", where) if term.step else term)
    return moved(term, "t", where)


def moved(term: Term, anchor: str, where: Step) -> Term:
    """The term with every free step at `anchor` taken relative to `where`."""

    def of(value: Any) -> Any:
        if isinstance(value, Step) and value.anchor == anchor:
            return where + value.offset
        return moved(value, anchor, where) if isinstance(value, Term) else value

    fields = vars(term)
    if isinstance(term, f.SumSteps | f.ProductSteps) and term.index == anchor:
        return replace(term, first=of(term.first), last=of(term.last))
    return replace(term, **{key: of(value) for key, value in fields.items()}) if fields else term


def latest(term: Term, letter: str) -> int:
    """How far beyond the running step a term looks: Σ_t without limits runs where all of it exists."""
    steps = (value for part in f.subterms(term) for value in vars(part).values() if isinstance(value, Step))
    return max((step.offset for step in steps if step.anchor == letter), default=0)


def is_later(a: Step, b: Step) -> bool:
    """Whether a step is the later of two, as far as their names say it: T after t after k after 0 and 1."""
    if not b.anchor and b.offset > 1 and a.anchor != "T":
        return False  # from k + 1 to 3
    order = {"T": 3, "t": 2, "": 0}
    ranks = [order.get(step.anchor, 1) for step in (a, b)]
    return ranks[0] > ranks[1] or (a.anchor == b.anchor and a.offset > b.offset)
