"""Which places in which sequences stand for all others, in sequences of every length.

In:  the terms of an equality, and which steps its evaluation touched at some place.
Out: `Landmarks`, which says where along the sequence that evaluation could be pulled apart.

A place is fixed by the gaps between its landmarks: the start of the sequence, the steps
k ≤ t that the formula leaves free, and the end T.  An evaluation begins at the steps that
the formula mentions, each at a fixed distance from a landmark, and goes on from a step only
to neighbours no further away than an equation looks back.  Where it leaves so many
neighbouring steps untouched, with all that is mentioned from the landmarks before on the one
side and all that is mentioned from those behind on the other, it falls into two parts that do
not know of each other's distance: it is the same, step by step, wherever that gap is
longer.  So a gap at whose longest value tried such a hole was left at every place has been
tried at all values.  What runs over all steps begins at the first and at the last of them too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from math import inf

from symbolic import terms as f
from symbolic.model import Model
from symbolic.notation import Step
from symbolic.terms import Term, children

START, END = "", "T"
Mention = tuple[str, int]


@dataclass(frozen=True)
class Landmarks:
    """The free steps in order, what is mentioned relative to which landmark, and how far an equation looks back."""

    anchors: tuple[str, ...]
    mentions: frozenset[Mention]
    stride: int

    def place(self, gaps: tuple[int, ...]) -> tuple[int, dict[str, int]]:
        """The length and the free steps of the place with these gaps."""
        at, place = 1, {}
        for gap, anchor in zip(gaps, (*self.anchors, END), strict=True):
            place[anchor] = at = at + gap
        return place.pop(END), place

    def holes(self, T: int, place: Mapping[str, int], touched: Collection[int], over_all: bool) -> tuple[bool, ...]:
        """For each gap, whether the evaluation at this place falls into two parts there."""
        at = {START: 0, **place, END: T}
        mentions = [*self.mentions, *([(START, 1), (END, 0)] if over_all else [])]
        order = [START, *self.anchors, END]
        parts = [[at[anchor] + offset for anchor, offset in mentions if anchor == each] for each in order]
        taken = {*touched, *(step for part in parts for step in part)}
        free = [u for u in range(T + 2) if taken.isdisjoint(range(u, u + self.stride))]
        found = []
        for n in range(1, len(order)):
            before = max((step for part in parts[:n] for step in part), default=-1)
            behind = min((step for part in parts[n:] for step in part), default=inf)
            found.append(any(before < u and u + self.stride <= behind for u in free))
        return tuple(found)


def landmarks_of(left: Term, right: Term, anchors: Collection[str], model: Model | None) -> Landmarks | None:
    """What is mentioned where.

    None where a range grows with the sequence, where more than two steps are free, or where one is
    free beside a certain step: nobody says on which side of step 3 it is meant to be.
    """
    order = tuple(sorted(anchors, key=lambda anchor: (anchor == "t", anchor)))
    if len(order) > 2 or (len(order) == 2 and order[-1] != "t"):
        return None
    try:
        mentions = frozenset([*_mentions(left, {}), *_mentions(right, {})])
    except _Grows:
        return None
    if order and any(anchor == START and step > 1 for anchor, step in mentions):
        return None
    offsets = [v.step.offset for eq in model.equations for v in eq.uses if v.step] if model else []
    return Landmarks(order, mentions, max([1, *(-offset for offset in offsets)]))


class _Grows(Exception):
    pass


def _mentions(term: Term, ranges: Mapping[str, tuple[Mention, Mention]]) -> Iterator[Mention]:
    """The steps a term speaks of, those of a bound step over all its range."""
    for step in (value for value in vars(term).values() if isinstance(value, Step)):
        (anchor, first), (_, last) = _resolved(step, ranges)
        yield from ((anchor, offset) for offset in range(first, last + 1))
    if isinstance(term, f.SumSteps | f.ProductSteps):
        ends = [*_resolved(term.first, ranges), *_resolved(term.last, ranges)]
        if len({anchor for anchor, _ in ends}) > 1:
            raise _Grows
        ranges = {**ranges, term.index: (min(ends), max(ends))}
    for child in children(term):
        yield from _mentions(child, ranges)


def _resolved(step: Step, ranges: Mapping[str, tuple[Mention, Mention]]) -> tuple[Mention, Mention]:
    """The first and the last step that this one may be."""
    (anchor, first), (_, last) = ranges.get(step.anchor, ((step.anchor, 0), (step.anchor, 0)))
    return (anchor, first + step.offset), (anchor, last + step.offset)
