"""Edits of a wrong formula, the smallest first, until one is proved."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from symbolic import second_opinion
from symbolic import terms as f
from symbolic.model import variables
from symbolic.prove import axes_of
from symbolic.reader.candidates import Candidate, candidates, instances, record, verdict_of
from symbolic.reader.readings import Misfit, Reading
from symbolic.reader.repair.closed import closed_forms
from symbolic.reader.repair.edits import (
    Sides,
    after_what_is_ahead,
    both_once,
    on_both_sides,
    once,
    twice,
    with_own_letters,
)
from symbolic.reader.repair.honest import is_honest
from symbolic.reader.repair.missing import by_the_values, contributions, of_one_step, parts_by_step, sum_of
from symbolic.reader.repair.written import written
from symbolic.reader.resolve import Memo, Resolver
from symbolic.reader.scope import Scope
from symbolic.reader.syntax import nodes as s
from symbolic.reader.syntax.nodes import Node, names_in
from symbolic.reader.tokens import Unread
from symbolic.shapes import ShapeMismatch
from symbolic.terms import LOSS, Term, Var
from symbolic.verdicts import Proved, one_hot

SECONDS = 8.0
MOST_TRIED = 60  # candidates of a stage that are compared
MOST_EDITS = 120  # edits of a stage that are read


@dataclass(frozen=True)
class Repair:
    """A formula that is proved, as LaTeX, and under what: hypotheses, and how its ∂ is to be read."""

    latex: str
    hypotheses: tuple[str, ...] = ()


def repair(left: Node, right: Node, scope: Scope, is_part: bool = False, ahead: Node | None = None) -> Repair | None:
    """The nearest formula that is proved; None if none is found in time.

    First the sides with at most one edit, then the closed form of the left side, then two edits of the right side, then
    one of each.  What is added to a gradient (`is_part`) is to be one of its parts.  What stands
    `ahead` of both sides in a chain may be what the right one equals.
    """
    search = _Search(scope, (left, right), is_part)
    skipped = after_what_is_ahead(ahead, right) if ahead is not None and not is_part else ()
    first = [(left, right), *once((left, right), scope), *skipped]
    second = (two for sides in first if sides[0] is left for two in twice(sides, scope))
    third = (both for sides in first for both in on_both_sides(sides, left, scope))
    lettered = with_own_letters((left, right), scope)
    return (
        (search.among([lettered, *once(lettered, scope), *both_once(lettered, scope)]) if lettered else None)
        or search.among(first)
        or (search.part() if is_part else search.closed())
        or search.among(second)
        or search.among(third)
    )


class _Search:
    """What was tried; the number is what ends a search, the time only bounds the worst document."""

    def __init__(self, scope: Scope, sides: Sides, is_part: bool) -> None:
        self.scope, self.sides, self.is_part = scope, sides, is_part
        self.until = time.process_time() + SECONDS
        self.memo: Memo = {}
        self.tried: set[object] = set()
        self.read: set[Sides] = set()
        self.parts: dict[Term, list[Term]] = {}

    def among(self, edited: Iterable[Sides]) -> Repair | None:
        """The first of these that is proved."""
        last = len(self.tried) + MOST_TRIED
        for sides in islice(edited, MOST_EDITS):
            if len(self.tried) > last or time.process_time() > self.until:
                return None
            if sides in self.read:
                continue
            self.read.add(sides)
            for candidate in _readable(sides, self.scope, self.memo):
                for each, added in self.meant_by(candidate):
                    if (proof := self.proof(each, left_is_made=sides[0] is not self.sides[0])) is not None:
                        return self.repair(each, proof, sides, added)
        return None

    def meant_by(self, candidate: Candidate) -> Iterator[tuple[Candidate, Term | None]]:
        """Itself, then with a part of the gradient added, which is given too; of a part, each that it may be."""
        ((left, right), *others) = candidate.pairs
        parts = [] if others else self.parts_of(left)
        if self.is_part:
            parts = [part for _, part in contributions(left, self.scope)] or [
                part for _, part in of_one_step(left, right, self.scope)
            ]
            yield from ((Candidate(((part, right),), candidate.text), None) for part in parts)
            return
        yield candidate, None
        yield from ((Candidate(((left, f.Add(right, part)),), candidate.text), part) for part in parts)

    def parts_of(self, left: Term) -> list[Term]:
        """What may be lacking: of a gradient of the loss, or of a step's loss, what comes through each value."""
        if left not in self.parts:
            found = [[part for _, part in parts] for parts in parts_by_step(left, self.scope)]
            at_once = [sum_of(parts) for parts in found if len(parts) > 1]
            self.parts[left] = [*(part for parts in found for part in parts), *at_once]
        return self.parts[left]

    def closed(self) -> Repair | None:
        """The left side in closed form."""
        for reading in self.read_as(self.sides[0]):
            if isinstance(reading.term, Term):
                for form in closed_forms(reading.term, self.scope):
                    for written_so in (by_the_values(form, self.values(), self.scope), form):
                        each = Candidate(((reading.term, written_so),), "")
                        if (proof := self.proof(each)) is not None:
                            return self.repair(each, proof)
        return None

    def values(self) -> frozenset[str]:
        """What the formula names, and differentiates by."""
        found = {v.name for side in self.sides for each in self.terms_in(side) for v in variables(each)}
        return frozenset(found)

    def terms_in(self, node: object) -> Iterator[Term]:
        """What the names and gradients of a side are read as."""
        if isinstance(node, s.Name | s.Nabla):
            for reading in self.read_as(node):
                if isinstance(reading.term, f.Derivative):
                    yield reading.term.by
                elif isinstance(reading.term, Term):
                    yield reading.term
        for part in vars(node).values() if isinstance(node, Node) else node if isinstance(node, tuple) else ():
            if isinstance(part, Node | tuple):
                yield from self.terms_in(part)

    def part(self) -> Repair | None:
        """Of the parts of the gradient that is added to, the one that comes through the same parameters."""
        left, right = self.sides
        model, names = self.scope.model, set(self.named(right))
        for reading in self.read_as(left):
            gradient = reading.term
            for _, part in contributions(gradient, self.scope) if isinstance(gradient, Term) else ():
                used = {v.name for v in variables(part)} & {p.name for p in model.parameters} if model else set()
                through = [d.by for d in f.subterms(part) if isinstance(d, f.Derivative) and d.of == LOSS]
                if used and used == names and len(through) == 1 and isinstance(gradient, f.Derivative):
                    exact = f.MatMul(f.grad(through[0]), f.immediate(through[0], gradient.by))
                    if (proof := self.proof(Candidate(((exact, part),), ""))) is not None:
                        return self.repair(Candidate(((gradient, part),), ""), proof)
        return None

    def named(self, node: Node) -> Iterator[str]:
        """The model's parameters that a side names."""
        known = {p.name for p in self.scope.model.parameters} if self.scope.model else set()
        for name in names_in(node):
            terms = (reading.term for reading in self.read_as(name))
            yield from {v.name for term in terms if isinstance(term, Term) for v in variables(term)} & known

    def read_as(self, node: Node) -> list[Reading]:
        try:
            return Resolver(self.scope, self.scope.partial or "total").of(node)
        except (Unread, Misfit, ShapeMismatch):
            return []

    def repair(
        self, candidate: Candidate, proof: Proved, edited: Sides | None = None, added: Term | None = None
    ) -> Repair | None:
        latex, read_under = written(candidate, self.sides, self.scope, edited, added, self.is_part)
        return Repair(latex, (*map(str, proof.hypotheses), *read_under)) if latex else None

    def proof(self, candidate: Candidate, left_is_made: bool = False) -> Proved | None:
        """The verdict, if it is proved, and says something; each once."""
        if candidate.pairs in self.tried:
            return None
        self.tried.add(candidate.pairs)
        if not agrees(candidate, self.scope) or not is_honest(candidate, left_is_made, self.is_part, self.agree):
            return None
        verdict = verdict_of(candidate, self.scope)
        return verdict if isinstance(verdict, Proved) else None

    def agree(self, a: Term, b: Term) -> bool:
        return agrees(Candidate(((a, b),), ""), self.scope)


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
        for pair in (instance for whole in candidate.pairs for instance in islice(instances(whole, scope), 2)):
            claim = record(*pair, scope)
            numbers = [n for side in pair for x in f.subterms(side) if isinstance(x, f.Entry) for n in x.subscripts]
            least = max((n for n in numbers if isinstance(n, int)), default=2)
            sizes = {axis: min(axis.size, max(2, least)) for axis in axes_of(claim)}
            if not second_opinion.agree(claim, sizes, hypotheses):
                return False
    except (second_opinion.Disagreement, ValueError, TypeError, ArithmeticError, LookupError, RecursionError):
        return False
    return True


def _readable(sides: Sides, scope: Scope, memo: Memo) -> list[Candidate]:
    try:
        return candidates(*sides, scope, memo)[:4]
    except (Unread, Misfit, ShapeMismatch, ValueError, TypeError, LookupError):
        return []
