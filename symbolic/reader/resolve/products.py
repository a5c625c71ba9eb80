"""Products and quotients: side by side, with a sign between, of entries, as a double contraction."""

from __future__ import annotations

from functools import reduce
from typing import Any

from symbolic import terms as f
from symbolic.notation import Step
from symbolic.reader.canonical import plainest
from symbolic.reader.readings import EITHER, Grid, Misfit, Reading, grid, hadamard, mapped
from symbolic.reader.resolve.blocks import multiplied_out, product_of_blocks
from symbolic.reader.resolve.chain_rule import telescoped, telescopes
from symbolic.reader.resolve.hyperbolic import squared
from symbolic.reader.resolve.resolving import Resolving
from symbolic.reader.syntax import nodes as s
from symbolic.reader.syntax.nodes import Node, inside, operands, plain_factors
from symbolic.reader.tokens import Unread
from symbolic.terms import Term

LONGEST_PRODUCT = 9


def product_of(resolver: Resolving, at: int, factors: tuple[Node, ...], beside: str = "") -> list[Reading]:
    """A product; vectors in it are read as `beside` says, or as the declaration does."""
    policy = beside or resolver.scope.beside
    factors = multiplied_out(resolver, factors)
    parts = [(telescoped(resolver, run), run[0].at) for run in telescopes(factors)]
    if len(parts) > LONGEST_PRODUCT:
        found, _ = parts[0]
        for more, where in parts[1:]:
            found = resolver.multiplied(found, more, where, policy)
        return found
    memo: dict[tuple[int, int], list[Reading] | Misfit] = {}

    def between(first: int, last: int) -> list[Reading]:
        """Every reading of the factors from first up to last, however they are bracketed."""
        if last - first == 1:
            return parts[first][0]
        key = (first, last)
        if key not in memo:
            found: list[Reading] = []
            why: Misfit | None = None
            for middle in range(last - 1, first, -1):
                try:
                    found += resolver.multiplied(
                        between(first, middle), between(middle, last), parts[middle][1], policy
                    )
                except Misfit as misfit:
                    why = why or misfit
            memo[key] = plainest(found) if found else why or Misfit(at, "", "", "a product")
        known = memo[key]
        if isinstance(known, Misfit):
            raise known
        return known

    return between(0, len(parts))


def infix(resolver: Resolving, node: s.Infix) -> list[Reading]:
    operator, at = node.operator, node.at
    if operator in {"·", "×"} and (whole := product_of_blocks(resolver, node.left, node.right)) is not None:
        return resolver.of(whole)
    if operator in {"·", "×"}:
        chain = tuple(operands(node, {"·", "×"}))
        factors = tuple(
            plain_factors(x for part in chain for x in (part.factors if isinstance(part, s.Tight) else (part,)))
        )
        is_chain_rule = all(isinstance(factor, s.Derivative) for factor in factors)
        return product_of(resolver, at, factors if is_chain_rule else chain, resolver.scope.dot)
    if operator == "∘":
        operator = {"hadamard": "⊙", "product": "·"}[resolver.scope.circ]
    if operator == "*":
        if not resolver.scope.star:
            raise Unread(at, "* is not declared: say `read * as hadamard` or `as product`")
        operator = {"hadamard": "⊙", "product": "·"}[resolver.scope.star]
    left, right = resolver.of(node.left), resolver.of(node.right)
    if operator == "·":
        return resolver.multiplied(left, right, at, resolver.scope.dot)
    if operator in {"⊙", "⊘"}:
        build: Any = f.Mul if operator == "⊙" else over
        try:
            return resolver.all(lambda a, b: [by_entries(resolver, a, b, at, build)], left, right)
        except Misfit:
            if (found := entries_first(resolver, node, left)) is None:
                raise
            return found
    if operator == "⊗":
        return resolver.all(lambda a, b: [Reading(f.Outer(a.array, b.array))], left, right)
    if operator == ":":
        return resolver.all(lambda a, b: [frobenius(resolver, a, b, at)], left, right)
    raise Unread(at, f"{operator} is not in the grammar")


def by_entries(resolver: Resolving, a: Reading, b: Reading, at: int, build: Any) -> Reading:
    """a ⊙ b; that a square may be a number is no reason to scale by it."""
    if resolver.inner_squares and a.is_scalar != b.is_scalar:
        raise Misfit(at, str(a), str(b), "a product entry by entry")
    return hadamard(a, b, at, build)


def entries_first(resolver: Resolving, node: s.Infix, left: list[Reading]) -> list[Reading] | None:
    """a ⊙ b cᵀ as (a ⊙ b) cᵀ, where a is a vector and does not conform with b cᵀ."""
    if node.operator not in {"⊙", "∘"} or not isinstance(node.right, s.Tight) or any(r.rank != 1 for r in left):
        return None
    first, *rest = node.right.factors
    try:
        both = resolver.all(lambda a, b: [hadamard(a, b, node.at)], left, resolver.of(first))
        others = product_of(resolver, rest[0].at, tuple(rest))
        return resolver.multiplied(both, others, node.at, resolver.scope.beside)
    except Misfit:
        return None


def frobenius(resolver: Resolving, a: Reading, b: Reading, at: int) -> Reading:
    if isinstance(a.term, Grid) or isinstance(b.term, Grid):
        left, right = grid(a), grid(b)
        if left.size != right.size and EITHER in (a.layout, b.layout):
            left = left.T
        if left.size != right.size:
            raise Misfit(at, str(a), str(b), "a Frobenius product")
        pairs: list[Term] = [
            f.Mul(x, y) for p, q in zip(left.rows, right.rows, strict=True) for x, y in zip(p, q, strict=True)
        ]
        return Reading(reduce(f.Add, pairs))
    if a.rank != b.rank or a.axes != b.axes:
        raise Misfit(at, str(a), str(b), "a Frobenius product")
    return Reading(f.MatMul(a.array, b.array) if a.rank == 1 else f.Inner(a.array, b.array))


def quotient(resolver: Resolving, at: int, above: Node, below: Node) -> list[Reading]:
    for part in (below, above):
        if isinstance(part, s.Differential) and part.d.startswith("∂"):
            above_and_below = ("no ∂", "∂") if part is below else ("∂", "no ∂")
            raise Misfit(at, *above_and_below, "above and below the line")
    if isinstance(above, s.Number) and (one := reciprocal(resolver, below)) is not None:
        return [Reading(one if above.value == 1 else f.Mul(f.Const(above.value), one))]
    return resolver.all(lambda a, b: [divided(resolver, a, b, at)], resolver.of(above), resolver.of(below))


def reciprocal(resolver: Resolving, node: Node) -> Term | None:
    """1/N, 1/(2NT): of an axis that the letter names, if it is declared as nothing else; 1/T of the number of steps."""
    node = inside(node)
    if isinstance(node, s.Tight):
        found = [
            f.Const(1 / factor.value) if isinstance(factor, s.Number) and factor.value else reciprocal(resolver, factor)
            for factor in node.factors
        ]
        return None if None in found else reduce(f.Mul, (each for each in found if each is not None))
    if not isinstance(node, s.Name) or node.sub or node.sup:
        return None
    axis = resolver.scope.axes.get(node.base) if (node.base, "") not in resolver.scope.names else None
    if axis is None and resolver.scope.steps.get(node.base) != Step("T"):
        return None
    return f.Reciprocal(axis)


def divided(resolver: Resolving, a: Reading, b: Reading, at: int) -> Reading:
    if b.is_scalar and isinstance(b.term, Term):
        below = b.term
        if isinstance(a.term, f.Const) and isinstance(below, f.Const) and below.value:
            return Reading(f.Const(a.term.value / below.value))
        return mapped(a, lambda x: over(x, below))
    return hadamard(a, b, at, over)


def over(a: Term, b: Term) -> Term:
    return squared(f.Div(a, b))
