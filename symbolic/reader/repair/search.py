"""Edits of a wrong formula, the smallest first, until one is proved."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import chain, islice

from symbolic import second_opinion
from symbolic import terms as f
from symbolic.latex import latex
from symbolic.prove import axes_of
from symbolic.reader.candidates import Candidate, candidates, instances, record, verdict_of
from symbolic.reader.readings import Misfit
from symbolic.reader.repair.edits import RULES, Sides, once, twice
from symbolic.reader.repair.missing import contributions
from symbolic.reader.resolve import Memo
from symbolic.reader.scope import Scope
from symbolic.reader.syntax.nodes import Node
from symbolic.reader.tokens import Unread
from symbolic.shapes import ShapeMismatch
from symbolic.terms import Var
from symbolic.verdicts import Proved, one_hot

SECONDS = 8.0
MOST_TRIED = 80
MOST_EDITS = 200


def repair(left: Node, right: Node, scope: Scope) -> str | None:
    """The nearest formula that is proved, as LaTeX; None if none is found in time."""
    until = time.process_time() + SECONDS
    memo: Memo = {}
    tried: set[object] = set()
    for sides in islice(edits((left, right), scope), MOST_EDITS):
        for candidate in _readable(sides, scope, memo):
            for each in (candidate, *_completed(candidate, scope)):
                if each.pairs in tried:
                    continue
                # The number is what ends a search; the time only bounds the worst document.
                if len(tried) >= MOST_TRIED or time.process_time() > until:
                    return None
                tried.add(each.pairs)
                if agrees(each, scope) and isinstance(verdict_of(each, scope), Proved):
                    return _written(each, left_changed=sides[0] is not left, scope=scope)
    return None


def edits(sides: Sides, scope: Scope) -> Iterator[Sides]:
    """The sides, then each with one edit, then with two, the likeliest first."""
    yield sides
    first = list(once(sides, scope))
    yield from first
    firsts = (each for each in first if each[0] is sides[0])
    yield from chain.from_iterable(twice(each, scope) for each in islice(firsts, 3 * len(RULES)))


def says_nothing(candidate: Candidate) -> bool:
    """Whether it holds immediate derivatives by values of other steps, which are 0."""
    parts = (part for pair in candidate.pairs for side in pair for part in f.subterms(side))
    return any(isinstance(part, f.Derivative) and not part.total and _is_zero(part) for part in parts)


def _is_zero(node: f.Derivative) -> bool:
    of = node.of.step if isinstance(node.of, Var) else None
    return node.by.step is not None and (of is None or node.by.step not in (of, of - 1))


def agrees(candidate: Candidate, scope: Scope) -> bool:
    """Whether the second opinion sees no difference at small sizes, for one-hot targets if there are any."""
    if says_nothing(candidate):
        return False
    targets = scope.model.targets if scope.model else ()
    hypotheses = tuple(map(one_hot, targets))
    try:
        for pair in (instance for whole in candidate.pairs for instance in instances(whole, scope)[:2]):
            claim = record(*pair, scope)
            numbers = [n for side in pair for x in f.subterms(side) if isinstance(x, f.Entry) for n in x.subscripts]
            least = max((n for n in numbers if isinstance(n, int)), default=2)
            sizes = {axis: min(axis.size, max(2, least)) for axis in axes_of(claim)}
            if not second_opinion.agree(claim, sizes, hypotheses):
                return False
    except (second_opinion.Disagreement, ValueError, TypeError, ArithmeticError, LookupError, RecursionError):
        return False
    return True


def _completed(candidate: Candidate, scope: Scope) -> Iterator[Candidate]:
    """The candidate with a missing part of the gradient added."""
    if len(candidate.pairs) == 1:
        ((left, right),) = candidate.pairs
        for _, part in contributions(left, scope):
            yield Candidate(((left, f.Add(right, part)),), candidate.text)


def _readable(sides: Sides, scope: Scope, memo: Memo) -> list[Candidate]:
    try:
        return candidates(*sides, scope, memo)[:4]
    except (Unread, Misfit, ShapeMismatch, ValueError, TypeError, LookupError):
        return []


def _written(candidate: Candidate, left_changed: bool, scope: Scope) -> str:
    """The right side, or the whole formula where the left side was edited."""
    subscript_time = scope.time == "sub" if scope.time else scope.model is not None and scope.model.subscript_time
    if len(candidate.pairs) > 1:
        return candidate.text
    ((left, right),) = candidate.pairs
    written = latex(right, subscript_time)
    return f"{latex(left, subscript_time)} = {written}" if left_changed else written
