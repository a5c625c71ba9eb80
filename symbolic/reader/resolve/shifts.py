"""Terms at another step."""

from __future__ import annotations

from collections.abc import Mapping
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


def is_later(a: Step, b: Step, runs: Mapping[str, tuple[Step, Step]]) -> bool | None:
    """Whether the step a is the later one; None where neither the letters nor what they run over says it.

    T is after t, every letter after 0 and 1, and k after t in Σ_{k=t}^T.  Of t and a free k, t is the later one; from
    t + 1 to k it may be either.
    """
    if a.anchor == b.anchor:
        return a.offset > b.offset
    if not b.anchor and b.offset > 1 and a.anchor != "T":
        return False  # from k + 1 to 3
    if "T" in (a.anchor, b.anchor) or "" in (a.anchor, b.anchor):
        return a.anchor == "T" or b.anchor == ""
    for letter, other, is_first in ((a.anchor, b.anchor, True), (b.anchor, a.anchor, False)):
        ends = [each.anchor for each in runs.get(letter, ())]
        if other in ends and ends[0] != ends[1]:
            return is_first == (ends[0] == other)
    if a.anchor != "t":
        return False
    return True if a.offset <= b.offset else None
