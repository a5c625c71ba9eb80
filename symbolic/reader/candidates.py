"""Every reading of an equality as records, and the verdict on one.

In:  the two sides as syntax, and the scope.
Out: `Candidate`s, each a reading whose shapes conform; `verdict_of` judges one.
Where a matrix is written out, a candidate is one pair of terms for each entry; where a
subscript stands inside what is differentiated, one for each of its values.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from symbolic import terms as f
from symbolic.elementwise import free_indices
from symbolic.notation import Index
from symbolic.prove import axes_of, prove
from symbolic.reader.canonical import canonical
from symbolic.reader.readings import COLUMN, EITHER, ROW, Grid, Misfit, Reading, grid, is_number
from symbolic.reader.resolve import Memo, Resolver
from symbolic.reader.scope import Scope
from symbolic.reader.syntax.nodes import Node, Number, Sum, inside
from symbolic.reader.tokens import Unread
from symbolic.records import Derivation, derivation
from symbolic.shapes import ShapeMismatch
from symbolic.terms import Term
from symbolic.verdicts import IllTyped, Proved, Refuted, Unknown, Verdict

MOST_READINGS = 24
MOST_INSTANCES = 64

Pair = tuple[Term, Term]


@dataclass(frozen=True)
class Candidate:
    """One reading of an equality: its pairs of terms (several where a matrix is written out), and how it was read."""

    pairs: tuple[Pair, ...]
    text: str
    kind: str = ""


def candidates(left: Node, right: Node, scope: Scope, memo: Memo | None = None) -> list[Candidate]:
    """Every reading of left = right whose shapes conform; raises Misfit or Unread.

    What was read of a part is kept in the `memo`.

    The square of a vector is taken entry by entry wherever that conforms.
    """
    try:
        return _candidates(left, right, scope, memo, inner_squares=False)
    except Misfit as why:
        try:
            return _candidates(left, right, scope, memo, inner_squares=True)
        except Misfit:
            raise why from None


def at_every_entry(left: Node, right: Node, scope: Scope) -> list[Candidate]:
    """σ(a) + σ(−a) = 1 with the number as a vector of ones, where a sum of vectors equals it; else nothing."""
    number, whole = (left, right) if isinstance(inside(left), Number) else (right, left)
    if not isinstance(inside(number), Number) or not isinstance(inside(whole), Sum):
        return []
    try:
        return _candidates(left, right, scope, None, inner_squares=False, ones=True)
    except (Misfit, Unread):
        return []


def _candidates(
    left: Node, right: Node, scope: Scope, memo: Memo | None, inner_squares: bool, ones: bool = False
) -> list[Candidate]:
    found: dict[object, Candidate] = {}
    last: Misfit | None = None
    seen: tuple[Reading, Reading] | None = None
    for kind in (scope.partial,) if scope.partial else ("total", "immediate"):
        resolver = Resolver(scope, kind, inner_squares)
        resolver.memo = memo
        try:
            pairs = list(product(resolver.of(left), resolver.of(right)))
        except Misfit as why:
            last = why
            continue
        for a, b in pairs:
            seen = seen or (a, b)
            if ones:
                a, b = _of_ones(a, b), _of_ones(b, a)
            if (matched := _matched(a, b)) is not None:
                key = tuple((canonical(x), canonical(y)) for x, y in matched)
                text = f"{described(a)} = {described(b)}"
                found.setdefault(key, Candidate(matched, text, kind if resolver.both_kinds_matter else ""))
        if not resolver.both_kinds_matter:
            break
    if not found:
        if seen is None and last is not None:
            raise last
        assert seen is not None
        raise Misfit(right.at, str(seen[0]), str(seen[1]), "the two sides")
    if len(found) > MOST_READINGS:
        raise Unread(left.at, f"more than {MOST_READINGS} readings: add brackets, or say how products are read")
    return list(found.values())


def _of_ones(number: Reading, vector: Reading) -> Reading:
    """A written number as the vector of it that lies as another; what is no number, as it is."""
    if not number.is_scalar or not is_number(number.term) or vector.rank != 1:
        return number
    ones = f.Ones(vector.axes)
    return Reading(ones if number.term == f.term(1) else f.Mul(number.array, ones), vector.layout)


def _matched(a: Reading, b: Reading) -> tuple[Pair, ...] | None:
    """The pairs of terms to compare, or None where the shapes differ."""
    if isinstance(a.term, Grid) or isinstance(b.term, Grid):
        try:
            left, right = grid(a), grid(b)
        except ValueError:
            return None
        if left.size != right.size and EITHER in (a.layout, b.layout):
            left, right = (left.T, right) if a.layout == EITHER else (left, right.T)
        if left.size != right.size:
            return None
        return tuple((x, y) for p, q in zip(left.rows, right.rows, strict=True) for x, y in zip(p, q, strict=True))
    if b.term == f.term(0) and a.rank:
        return ((a.term, f.Mul(f.term(0), a.term)),)
    if a.axes != b.axes or {a.layout, b.layout} == {ROW, COLUMN}:
        return None
    return ((a.term, b.term),)


def verdict_of(candidate: Candidate, scope: Scope) -> Verdict:
    """The verdict on every pair of a candidate, as one."""
    verdicts = [v for pair in candidate.pairs for v in _verdicts(pair, scope)]
    for kind in (Refuted, IllTyped, Unknown):
        for verdict in verdicts:
            if isinstance(verdict, kind):
                return verdict
    hypotheses = tuple(dict.fromkeys(h for v in verdicts if isinstance(v, Proved) for h in v.hypotheses))
    first = verdicts[0]
    assert isinstance(first, Proved)
    return replace(first, hypotheses=hypotheses)


def _verdicts(pair: Pair, scope: Scope) -> Iterator[Verdict]:
    try:
        for left, right in instances(pair, scope):
            claim = record(left, right, scope)
            verdict = prove(claim)
            yield shorter(claim, verdict) if isinstance(verdict, Refuted) else verdict
            if not isinstance(verdict, Proved):
                return
    except (ValueError, TypeError, ShapeMismatch, NotImplementedError) as why:
        yield Unknown({}, None, 0, str(why) or "a comparison of what is no number")


def shorter(claim: Derivation, verdict: Refuted) -> Refuted:
    """The same refutation at a point with fewer numbers, all sizes 2, if the claim names no later entry."""
    subscripts = (s.subscripts for side in claim.chain for s in f.subterms(side) if isinstance(s, f.Entry))
    if any(isinstance(i, int) and i > 2 for found in subscripts for i in found):
        return verdict
    again = prove(claim, dict.fromkeys(axes_of(claim), 2))
    return again if isinstance(again, Refuted) else verdict


def record(left: Term, right: Term, scope: Scope) -> Derivation:
    """The equality as a record; hypotheses about targets are found by the prover."""
    return derivation("formula", "", left, ("", right), source="", model=scope.model)


def instances(pair: Pair, scope: Scope) -> Iterator[Pair]:
    """The pair, or one for each value of the subscripts that stand inside what is differentiated.

    Raises ValueError before the first where they are too many.
    """
    left, right = (_spread(side) for side in pair)
    inside = {
        i for side in (left, right) for x in f.subterms(side) if isinstance(x, f.Derivative) for i in free_indices(x.of)
    }
    free = free_indices(left) | free_indices(right)
    pairs = [two for two in (*scope.apart, *scope.same) if {*two} <= {i.name for i in free}]
    if not inside and not pairs:
        yield left, right
        return
    indices = sorted(free, key=lambda i: i.name)
    found: list[dict[Index, int]] = []
    for values in product(*(range(1, i.axis.size + 1) for i in indices)):
        named = {i.name: v for i, v in zip(indices, values, strict=True)}
        if any(a in named and b in named and named[a] == named[b] for a, b in scope.apart):
            continue
        if any(a in named and b in named and named[a] != named[b] for a, b in scope.same):
            continue
        found.append(dict(zip(indices, values, strict=True)))
    if len(found) > MOST_INSTANCES:
        raise ValueError(f"{len(found)} instances of the subscripts; at most {MOST_INSTANCES} are judged")
    yield from ((substituted(left, chosen), substituted(right, chosen)) for chosen in found)


def _spread(term: Term) -> Term:
    """Sums over subscripts written out where the subscript stands inside what is differentiated."""
    if isinstance(term, f.SumIndex):
        body = _spread(term.body)
        inside = {i for x in f.subterms(body) if isinstance(x, f.Derivative) for i in free_indices(x.of)}
        if term.index in inside:
            parts = [substituted(body, {term.index: n}) for n in range(1, term.index.axis.size + 1)]
            total = parts[0]
            for part in parts[1:]:
                total = f.Add(total, part)
            return total
        return replace(term, body=body)
    changed = {key: _spread(value) for key, value in vars(term).items() if isinstance(value, Term)}
    return replace(term, **changed) if changed else term


def substituted(term: Term, chosen: dict[Index, int]) -> Term:
    """The term with running subscripts replaced by numbers."""

    def of(value: Any) -> Any:
        if isinstance(value, Term):
            return substituted(value, chosen)
        if isinstance(value, Index):
            return chosen.get(value, value)
        return (
            tuple(of(v) for v in value)
            if isinstance(value, tuple) and any(isinstance(v, Index) for v in value)
            else value
        )

    if isinstance(term, f.Delta):
        i, j = of(term.i), of(term.j)
        return f.term(int(i == j)) if isinstance(i, int) and isinstance(j, int) else f.Delta(i, j)
    if isinstance(term, f.SumIndex):
        inner = {i: n for i, n in chosen.items() if i != term.index}
        return replace(term, body=substituted(term.body, inner))
    changed = {key: of(value) for key, value in vars(term).items()}
    return replace(term, **changed) if changed else term


def described(reading: Reading) -> str:
    if isinstance(reading.term, Grid):
        return f"a matrix [{reading}]"
    return f"{reading.term} [{reading}]" if reading.rank else f"{reading.term}"
