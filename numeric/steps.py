"""From which step to which a closed form has a value.

In:  the formula that is stated and its closed form, and their model.
Out: `ranges(…)`: for every free step, the least that it may be, and by how much the largest differs from T.

Python takes an index below 0 from the end, so that a step too small would give a number, and a wrong one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from numeric.arguments import argument, places
from symbolic import terms as f
from symbolic.model import Model
from symbolic.notation import Step
from symbolic.terms import Derivative, Term, Var, children

Bounds = Mapping[str, tuple[Step, Step]]


def ranges(stated: Iterable[Term], model: Model | None) -> dict[str, tuple[int, int]]:
    """t → (least, excess) where every array has an entry for least ≤ t ≤ T + excess."""
    found: dict[str, tuple[int, int]] = {}
    for term in stated:
        for low, high, first in _looked_up(term, model, {}):
            for step, least, excess in ((low, first - low.offset, None), (high, None, -high.offset)):
                if step.anchor not in ("", "T"):
                    now = found.get(step.anchor, (0, 0))
                    found[step.anchor] = (
                        now[0] if least is None else max(now[0], least),
                        now[1] if excess is None else min(now[1], excess),
                    )
    return found


def _looked_up(term: Term, model: Model | None, bounds: Bounds) -> Iterator[tuple[Step, Step, int]]:
    """For every place that is looked up in an array: its first and last step, and the first that the array has."""
    if isinstance(term, f.SumSteps | f.ProductSteps):
        yield from _looked_up(term.body, model, {**bounds, term.index: (term.first, term.last)})
    elif isinstance(term, Var) or (isinstance(term, Derivative) and isinstance(term.of, Var)):
        for var, first in zip(places(term), argument(term, model).first, strict=True):
            if var.step is not None:
                low, high = bounds.get(var.step.anchor, (var.step - var.step.offset,) * 2)
                yield low + var.step.offset, high + var.step.offset, first
    elif not isinstance(term, Derivative):
        for child in children(term):
            yield from _looked_up(child, model, bounds)
