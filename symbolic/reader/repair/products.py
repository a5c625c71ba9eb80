"""What a product may have been meant as: rules of `rules.RULES`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symbolic.reader.readings import Misfit
from symbolic.reader.resolve import Resolver
from symbolic.reader.scope import Scope
from symbolic.reader.syntax import nodes as s
from symbolic.reader.syntax.nodes import Node, operands
from symbolic.reader.tokens import Token, Unread
from symbolic.shapes import ShapeMismatch

ENTRIES = {"⊙", "∘"}
MOST_FACTORS = 5


def transposed(node: Node, scope: Scope) -> Iterator[Node]:
    """W as Wᵀ, Wᵀ as W; rows that are written out as columns."""
    if isinstance(node, s.Matrix):
        yield replace(node, rows=tuple(zip(*node.rows, strict=True)))
    if isinstance(node, s.Name) and rank_of(node, scope) == 2:
        yield _transpose(node)


def weights_first(node: Node, scope: Scope) -> Iterator[Node]:
    """a W b, vectors a and b, as Wᵀ (a b); a ⊙ W b as W (a ⊙ b)."""
    if isinstance(node, s.Tight):
        matrices = [
            n for n, factor in enumerate(node.factors) if rank_of(factor, scope) == 2 and isinstance(factor, s.Name)
        ]
        if len(matrices) == 1:
            (n,) = matrices
            rest = (*node.factors[:n], *node.factors[n + 1 :])
            if len(rest) > 1:
                is_chain = rank_of(rest[0], scope) == 2
                inner = rest if is_chain else (s.Group(node.at, (s.Tight(node.at, rest),), ()),)
                yield s.Tight(node.at, (_transpose(node.factors[n]), *inner))
                yield s.Tight(node.at, (node.factors[n], *inner))
    if isinstance(node, s.Infix) and node.operator in ENTRIES and isinstance(node.right, s.Tight):
        weights, *after = node.right.factors
        if isinstance(weights, s.Name) and rank_of(weights, scope) == 2:
            last = after[0] if len(after) == 1 else s.Tight(node.at, tuple(after))
            both = s.Group(node.at, (replace(node, right=last),), ())
            yield s.Tight(node.at, (weights, both))
            yield s.Tight(node.at, (_transpose(weights), both))


def outer_product(node: Node, scope: Scope) -> Iterator[Node]:
    """a x b and a ⊙ x ⊙ b, vectors, as (a b) xᵀ and (a ⊙ b) xᵀ, whichever is to stand last."""
    if isinstance(node, s.Tight):
        factors: tuple[Node, ...] = node.factors
    elif isinstance(node, s.Infix) and node.operator in ENTRIES:
        factors = tuple(operands(node, ENTRIES))
    else:
        return
    if all(rank_of(factor, scope) in (0, 1) for factor in factors):
        for n in (*range(len(factors) - 2, -1, -1), len(factors) - 1):
            first, *others = *factors[:n], *factors[n + 1 :]
            if isinstance(node, s.Infix):
                for each in others:
                    first = s.Infix(node.at, node.operator, first, each)
            elif others:
                first = s.Tight(node.at, (first, *others))
            yield s.Tight(node.at, (s.Group(node.at, (first,), ()), _transpose(factors[n])))


def other_order(node: Node, scope: Scope) -> Iterator[Node]:
    """a b as b a."""
    if isinstance(node, s.Tight):
        for n in range(len(node.factors) - 1):
            a, b = node.factors[n : n + 2]
            yield replace(node, factors=(*node.factors[:n], b, a, *node.factors[n + 2 :]))


def moved_to_an_end(node: Node, scope: Scope) -> Iterator[Node]:
    """a b c as b c a and c a b."""
    if isinstance(node, s.Tight) and 2 < len(node.factors) <= MOST_FACTORS:
        for n, factor in enumerate(node.factors):
            rest = (*node.factors[:n], *node.factors[n + 1 :])
            if n < len(rest) - 1:
                yield replace(node, factors=(*rest, factor))
            if n > 1:
                yield replace(node, factors=(factor, *rest))


def surplus_factor(node: Node, scope: Scope) -> Iterator[Node]:
    """a b as a and as b, with its sign or without."""
    if isinstance(node, s.Tight) and len(node.factors) <= MOST_FACTORS:
        for n in range(len(node.factors)):
            rest = (*node.factors[:n], *node.factors[n + 1 :])
            yield rest[0] if len(rest) == 1 else replace(node, factors=rest)
    if isinstance(node, s.Infix) and node.operator in {"⊙", "∘", "·", "×", "*"}:
        yield node.left
        yield node.right
    if isinstance(node, s.Sum) and len(node.parts) == 1:
        yield from surplus_factor(node.parts[0][1], scope)


def other_product(node: Node, scope: Scope) -> Iterator[Node]:
    """⊙, the matrix product and ⊗ for each other, but for a vector that scales a matrix: that wants diag."""
    if isinstance(node, s.Infix) and node.operator in {"⊙", "∘", "·", "×", "⊗", "*"}:
        if node.operator in ENTRIES and {rank_of(node.left, scope), rank_of(node.right, scope)} == {1, 2}:
            return
        yield from (replace(node, operator=each) for each in ("⊙", "·", "⊗") if each != node.operator)


def entries_before_matrix(node: Node, scope: Scope) -> Iterator[Node]:
    """W a ⊙ b as W (a ⊙ b)."""
    if isinstance(node, s.Infix) and node.operator in ENTRIES and isinstance(node.left, s.Tight):
        *before, last = node.left.factors
        both = s.Group(last.at, (s.Infix(last.at, node.operator, last, node.right),), ())
        yield s.Tight(node.at, (*before, both))


def diagonal(node: Node, scope: Scope) -> Iterator[Node]:
    """A vector as a diagonal matrix."""
    if isinstance(node, s.Name) and rank_of(node, scope) == 1:
        yield s.Applied(node.at, "diag", s.Group(node.at, (node,), ()))


def rank_of(node: Node, scope: Scope) -> int | None:
    try:
        found = Resolver(scope, "total").of(node)
        return found[0].rank if found else None
    except (Unread, Misfit, ShapeMismatch):
        return None


def _transpose(node: Node) -> Node:
    if isinstance(node, s.Name):
        mark = Token(r"\top", node.at, "command")
        bare = tuple(token for token in node.sup if token.text not in {"T", r"\top", r"\intercal"})
        return replace(node, sup=bare if len(bare) != len(node.sup) else (*node.sup, mark))
    return s.Scripted(node.at, node, (), (Token(r"\top", node.at, "command"),))
