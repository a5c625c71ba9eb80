"""What a node may have been meant as, likeliest first: each rule yields other nodes in its place.

In:  a node of the syntax, and the scope.  Out: nodes; none where the rule does not apply.
To extend: add a function to `RULES`, or to `LEFT` if it edits the left side of a formula.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from symbolic.reader.readings import Misfit
from symbolic.reader.resolve import Resolver
from symbolic.reader.scope import Scope
from symbolic.reader.syntax import nodes as s
from symbolic.reader.syntax.nodes import Node
from symbolic.reader.tokens import Token, Unread, plain
from symbolic.shapes import ShapeMismatch
from symbolic.terms import LOSS, Var

Rule = Callable[[Node, Scope], Iterable[Node]]


def transposed(node: Node, scope: Scope) -> Iterator[Node]:
    """W as Wᵀ, Wᵀ as W; rows that are written out as columns."""
    if isinstance(node, s.Matrix):
        yield replace(node, rows=tuple(zip(*node.rows, strict=True)))
    if isinstance(node, s.Name) and rank_of(node, scope) == 2:
        yield _transpose(node)


def weights_first(node: Node, scope: Scope) -> Iterator[Node]:
    """a W b, vectors a and b, as Wᵀ (a b)."""
    if isinstance(node, s.Tight):
        matrices = [
            n for n, factor in enumerate(node.factors) if rank_of(factor, scope) == 2 and isinstance(factor, s.Name)
        ]
        if len(matrices) == 1:
            (n,) = matrices
            rest = (*node.factors[:n], *node.factors[n + 1 :])
            if len(rest) > 1:
                inner: Node = s.Group(node.at, (s.Tight(node.at, rest),), ())
                yield s.Tight(node.at, (_transpose(node.factors[n]), inner))
                yield s.Tight(node.at, (node.factors[n], inner))


def outer_product(node: Node, scope: Scope) -> Iterator[Node]:
    """a x b, vectors, as (a b) xᵀ, whichever is to stand last."""
    if isinstance(node, s.Tight) and all(rank_of(factor, scope) in (0, 1) for factor in node.factors):
        for n in (*range(len(node.factors) - 2, -1, -1), len(node.factors) - 1):
            rest = (*node.factors[:n], *node.factors[n + 1 :])
            inner = s.Group(node.at, (s.Tight(node.at, rest) if len(rest) > 1 else rest[0],), ())
            yield s.Tight(node.at, (inner, _transpose(node.factors[n])))


def other_order(node: Node, scope: Scope) -> Iterator[Node]:
    """a b as b a."""
    if isinstance(node, s.Tight):
        for n in range(len(node.factors) - 1):
            a, b = node.factors[n : n + 2]
            yield replace(node, factors=(*node.factors[:n], b, a, *node.factors[n + 2 :]))


def other_sign(node: Node, scope: Scope) -> Iterator[Node]:
    """One sign, or the sign of it all."""
    if isinstance(node, s.Sum):
        if len(node.parts) == 1:
            yield node.parts[0][1]
        for n, (sign, part) in enumerate(node.parts):
            if len(node.parts) > 1:
                yield replace(node, parts=(*node.parts[:n], (-sign, part), *node.parts[n + 1 :]))


def other_product(node: Node, scope: Scope) -> Iterator[Node]:
    """⊙, the matrix product and ⊗ for each other."""
    if isinstance(node, s.Infix) and node.operator in {"⊙", "∘", "·", "×", "⊗", "*"}:
        for operator in ("⊙", "·", "⊗"):
            if operator != node.operator:
                yield replace(node, operator=operator)


def entries_before_matrix(node: Node, scope: Scope) -> Iterator[Node]:
    """W a ⊙ b as W (a ⊙ b)."""
    if isinstance(node, s.Infix) and node.operator in {"⊙", "∘"} and isinstance(node.left, s.Tight):
        *before, last = node.left.factors
        both = s.Group(last.at, (s.Infix(last.at, node.operator, last, node.right),), ())
        yield s.Tight(node.at, (*before, both))


def other_step(node: Node, scope: Scope) -> Iterator[Node]:
    """One step earlier or later."""
    if isinstance(node, s.Name):
        for n, token in enumerate(node.sub):
            if token.text in scope.steps:
                yield from (replace(node, sub=changed) for changed in _shifted(node.sub, n))
        for n, token in enumerate(node.sup):
            if token.text in scope.steps:
                yield from (replace(node, sup=changed) for changed in _shifted(node.sup, n))


def other_subscript(node: Node, scope: Scope) -> Iterator[Node]:
    """Another declared subscript."""
    if isinstance(node, s.Name):
        for n, token in enumerate(node.sub):
            if token.text in scope.indices:
                for letter in scope.indices:
                    if letter != token.text:
                        yield replace(node, sub=(*node.sub[:n], replace(token, text=letter), *node.sub[n + 1 :]))


def immediate(node: Node, scope: Scope) -> Iterator[Node]:
    """∂ as the immediate derivative ∂⁺."""
    if isinstance(node, s.Derivative) and node.d == "∂":
        yield replace(node, d="∂+")


def half_derivative(node: Node, scope: Scope) -> Iterator[Node]:
    """L/∂x as ∂L/∂x."""
    if isinstance(node, s.Quotient):
        above, below = node.above, node.below
        if isinstance(below, s.Differential) and below.arg is not None:
            yield s.Derivative(node.at, "∂", above, below.arg)


def exponential(node: Node, scope: Scope) -> Iterator[Node]:
    """o as exp(o), as softmax has it."""
    if isinstance(node, s.Name) and node.style != "function":
        yield s.Applied(node.at, "exp", s.Group(node.at, (node,), ()))


def squared(node: Node, scope: Scope) -> Iterator[Node]:
    """h as h², h² as h."""
    two = (Token("2", node.at, "number"),)
    if isinstance(node, s.Name) and [token.text for token in node.sup[-1:]] == ["2"]:
        yield replace(node, sup=node.sup[:-1])
    elif isinstance(node, s.Name) and node.style != "function" and rank_of(node, scope) in (0, 1):
        yield s.Scripted(node.at, s.Group(node.at, (node,), ()), (), two)
    if isinstance(node, s.Scripted) and not node.sub and plain(node.sup) == "2":
        yield node.base
    if isinstance(node, s.Applied) and node.function in {"tanh", "sigmoid"}:
        yield replace(node, power=() if plain(node.power) == "2" else two)


def sum_over_steps(node: Node, scope: Scope) -> Iterator[Node]:
    """What one step gives as the sum over all."""
    if scope.model is not None and scope.model.is_sequence and not isinstance(node, s.Name):
        at = node.at
        yield s.Big(at, r"\sum", (Token("t", at, "letter"),), (), s.Group(at, (node,), ()))


def diagonal(node: Node, scope: Scope) -> Iterator[Node]:
    """A vector as a diagonal matrix."""
    if isinstance(node, s.Name) and rank_of(node, scope) == 1:
        yield s.Applied(node.at, "diag", s.Group(node.at, (node,), ()))


def entry_of(node: Node, scope: Scope) -> Iterator[Node]:
    """softmax(o) as softmax(o)_j."""
    if isinstance(node, s.Applied) and rank_of(node, scope) == 1:
        for letter, axis in scope.indices.items():
            if axis is not None:
                yield s.Scripted(node.at, node, (Token(letter, node.at, "letter"),), ())


def whole_loss(node: Node, scope: Scope) -> Iterator[Node]:
    """∂L_t/∂x as ∂L/∂x."""
    model = scope.model
    if isinstance(node, s.Derivative) and isinstance(node.of, s.Name) and model is not None and model.is_sequence:
        meaning = next((m for m in scope.names.values() if m.untimed == LOSS or m.term == LOSS), None)
        if meaning is not None and _is_step_loss(node.of, scope):
            name = next(base for (base, _), m in scope.names.items() if m is meaning)
            yield replace(node, of=s.Name(node.of.at, name))


RULES: tuple[Rule, ...] = (
    half_derivative,
    weights_first,
    outer_product,
    transposed,
    other_sign,
    squared,
    exponential,
    sum_over_steps,
    immediate,
    other_product,
    entries_before_matrix,
    entry_of,
    diagonal,
    other_order,
    other_step,
    other_subscript,
)


LEFT: tuple[Rule, ...] = (half_derivative, entry_of, whole_loss, other_subscript)


def _is_step_loss(name: s.Name, scope: Scope) -> bool:
    try:
        (reading, *_) = Resolver(scope, "total").of(name)
    except (Unread, Misfit, ShapeMismatch):
        return False
    return isinstance(reading.term, Var) and scope.model is not None and reading.term.name == scope.model.step_loss.name


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


def _shifted(tokens: tuple[Token, ...], n: int) -> Iterator[tuple[Token, ...]]:
    """t-1 as t and t-2, t as t-1 and t+1."""
    signed = len(tokens) > n + 2 and tokens[n + 1].text in {"+", "-"} and tokens[n + 2].text.isdigit()
    offset = int(f"{tokens[n + 1].text}{tokens[n + 2].text}") if signed else 0
    at, rest = tokens[n].at, tokens[n + (3 if signed else 1) :]
    for new in (offset - 1, offset + 1):
        sign = Token("+" if new > 0 else "-", at, "sign")
        yield (*tokens[: n + 1], *((sign, Token(str(abs(new)), at, "number")) if new else ()), *rest)
