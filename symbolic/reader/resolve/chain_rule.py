"""∂a/∂b ∂b/∂c side by side: a chain rule, not a product of matrices as they happen to be written."""

from __future__ import annotations

from symbolic import terms as f
from symbolic.reader.canonical import distinct
from symbolic.reader.readings import Reading, derived
from symbolic.reader.resolve.resolving import Resolving
from symbolic.reader.syntax import nodes as s
from symbolic.reader.syntax.nodes import Node, is_same_node, plain_factors
from symbolic.reader.tokens import Unread
from symbolic.shapes import shape
from symbolic.terms import Term


def telescopes(factors: tuple[Node, ...]) -> list[tuple[Node, ...]]:
    """Runs of factors in which each derivative is by what the next is of."""
    runs: list[tuple[Node, ...]] = []
    for node in plain_factors(factors):
        last = runs[-1][-1] if runs else None
        if (
            isinstance(last, s.Derivative)
            and isinstance(node, s.Derivative)
            and node.of is not None
            and is_same_node(last.by, node.of)
        ):
            runs[-1] += (node,)
        else:
            runs.append((node,))
    return runs


def telescoped(resolver: Resolving, run: tuple[Node, ...]) -> list[Reading]:
    """∂a/∂b ∂b/∂c: a chain rule, b is summed over whole; a name with two meanings has one of them in both."""
    found = [(r, taken_by(r)) for r in resolver.of(run[0])]
    for node in run[1:]:
        links = [
            (chained(resolver, a, b, len(shape(by)), node.at), taken_by(b))
            for a, by in found
            for b in resolver.of(node)
            if by is not None and by == taken_of(b)
        ]
        if not links:
            return resolver.multiplied([a for a, _ in found], resolver.of(node), node.at, resolver.scope.beside)
        found = links
    return distinct(r for r, _ in found)


def taken_by(r: Reading) -> Term | None:
    """What a derivative is taken by, with its entry."""
    term = r.term.arg if isinstance(r.term, f.Entry) else r.term
    if not isinstance(term, f.Derivative):
        return None
    rank = len(shape(term.of))
    own = r.term.subscripts[rank:] if isinstance(r.term, f.Entry) else ()
    return f.Entry(term.by, own) if own else term.by


def taken_of(r: Reading) -> Term | None:
    """What a derivative is of, with its entry."""
    term = r.term.arg if isinstance(r.term, f.Entry) else r.term
    if not isinstance(term, f.Derivative):
        return None
    rank = len(shape(term.of))
    own = r.term.subscripts[:rank] if isinstance(r.term, f.Entry) else ()
    return f.Entry(term.of, own) if own else term.of


def chained(resolver: Resolving, a: Reading, b: Reading, rank: int, at: int) -> Reading:
    if rank == 1:
        return derived(f.MatMul(a.array, b.array))
    if rank == 0:
        both = a.rank and b.rank
        return derived(f.Outer(a.array, b.array) if both else f.Mul(a.array, b.array))
    if a.rank == b.rank == rank:
        return Reading(f.Inner(a.array, b.array))
    raise Unread(at, "a chain rule through a matrix is not in the grammar: write it by entries")
