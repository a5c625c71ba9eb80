"""Where a term exists: does a link of a chain exist wherever its two ends do?

In:  the terms of a chain, the model they speak of, and whether targets are one-hot.
Out: `bridged`.  Where it is False, equalities between neighbours may say nothing of the ends.
     `must_not_vanish`, what has to be other than 0 in a term.

A term exists where every variable in it has a value: at a ≤ t ≤ T − b for what it reads at
t, and in a sequence that is long enough.  Of the ends only what certainly has to exist is
counted, what a sum over steps reads is left out; of the links all that ever may.

Where a divisor is 0 a term does not exist either.  Among real numbers that is nowhere dense, and
what is equal elsewhere is equal there too; but one-hot targets are few, and it may be at some.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf

from symbolic.model import Model, is_positive
from symbolic.notation import Step
from symbolic.terms import Call, Derivative, Div, Pow, ProductSteps, SumSteps, Term, Var, children, subterms

Limit = tuple[str, float, float]
"""Of a step: from where it may be, and how far from the end, at least."""


def bridged(chain: Sequence[Term], model: Model | None, one_hot: bool = False) -> bool:
    """Whether every link exists wherever the two ends do, whatever the length and the classes."""
    _, *links, _ = chain
    written = [*(s for link in links for s in subterms(link)), *(model.written if model and links else ())]
    divisors = (each for s in written for each in must_not_vanish(s))
    if one_hot and not all(is_positive(each, model) for each in divisors):
        return False
    return model is None or not links or _reaches_no_further(chain, model)


def must_not_vanish(term: Term) -> Iterator[Term]:
    """What has to be other than 0, or positive, where this term exists."""
    match term:
        case Div(_, below):
            yield below
        case Pow(base, exponent) if exponent < 0:
            yield base
        case Call("log", arg):
            yield arg


def _reaches_no_further(chain: Sequence[Term], model: Model) -> bool:
    """Whether no link reads a step that may be outside a sequence in which both ends exist."""
    first, *links, last = chain
    low: dict[str, float] = {}
    high: dict[str, float] = {}
    length = 1.0
    for anchor, start, end in (limit for side in (first, last) for limit in _limits(side, model, ends=True)):
        if anchor in ("", "T"):
            length = max(length, end if anchor == "" else start)
        else:
            low[anchor] = max(low.get(anchor, 1), start)
            high[anchor] = max(high.get(anchor, 0), end)
    length = max([length, *(low[anchor] + high[anchor] for anchor in low)])

    def is_met(anchor: str, start: float, end: float) -> bool:
        match anchor:
            case "":
                return start <= 0 and end <= length
            case "T":
                return end <= 0 and start <= length
        return start <= low.get(anchor, 1) and end <= high.get(anchor, 0)

    return all(is_met(*limit) for link in links for limit in _limits(link, model, ends=False))


def _limits(term: Term, model: Model, ends: bool) -> Iterator[Limit]:
    if isinstance(term, SumSteps | ProductSteps):
        if not ends:
            for anchor, start, end in _limits(term.body, model, ends):
                if anchor == term.index:
                    yield term.first.anchor, start - term.first.offset, -inf
                    yield term.last.anchor, -inf, end + term.last.offset
                else:
                    yield anchor, start, end
        return
    if isinstance(term, Derivative) and term.copy is not None:
        yield _limit(term.copy, 1)
    if isinstance(term, Var) and term.step is not None:
        yield _limit(term.step, 0 if term.name in model.with_initial else 1)
    for child in children(term):
        yield from _limits(child, model, ends)


def _limit(step: Step, least: int) -> Limit:
    return step.anchor, least - step.offset, step.offset
