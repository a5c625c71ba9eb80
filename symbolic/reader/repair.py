"""Small edits of a wrong formula that make it right.

In:  the two sides as syntax, and the scope.
Out: the formula that is proved, as LaTeX; None where no small edit is.

A rule says what a node may have been meant as.  Each rule is tried at one place, and at
all places alike; then two rules together; then with a part of the gradient added that the
formula may lack.  The modular second opinion throws out nearly all of it before anything is
proved.
To extend: add a function to `RULES`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from symbolic import second_opinion
from symbolic import terms as f
from symbolic.latex import latex
from symbolic.prove import axes_of
from symbolic.reader.candidates import Candidate, candidates, instances, record, verdict_of
from symbolic.reader.readings import Misfit
from symbolic.reader.resolve import Resolver
from symbolic.reader.resolve.functions import SLOPES
from symbolic.reader.resolve.shifts import moved
from symbolic.reader.scope import Scope
from symbolic.reader.syntax import nodes as s
from symbolic.reader.syntax.nodes import Node
from symbolic.reader.tokens import Token, Unread
from symbolic.records import Derivation
from symbolic.shapes import ShapeMismatch
from symbolic.terms import LOSS, Term, Var
from symbolic.verdicts import Hypothesis, Proved, one_hot, sums_to_one

SECONDS = 8.0
MOST_TRIED = 80
MOST_EDITS = 200
FIXED = frozenset({"at", "call", "sub", "sup", "latex", "lower", "upper"})
Sides = tuple[Node, Node]
Rule = Callable[[Node, Scope], Iterable[Node]]


def repair(left: Node, right: Node, scope: Scope) -> str | None:
    """The nearest formula that is proved, as LaTeX; None if none is found in time."""
    until = time.process_time() + SECONDS
    tried: set[object] = set()
    for sides in islice(edits((left, right), scope), MOST_EDITS):
        for candidate in _readable(sides, scope):
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
    left, right = sides
    yield sides
    once: list[Node] = []
    for rule in RULES:
        everywhere = _everywhere(right, rule, scope)
        if everywhere is not None:
            once.append(everywhere)
            yield left, everywhere
    for rule in RULES:
        for edited in _somewhere(right, rule, scope):
            once.append(edited)
            yield left, edited
    for rule in (half_derivative, other_subscript):
        for edited in _somewhere(left, rule, scope):
            yield edited, right
    for first in once[: 3 * len(RULES)]:
        for rule in RULES:
            for edited in _somewhere(first, rule, scope):
                yield left, edited


def says_nothing(candidate: Candidate) -> bool:
    """Whether it holds immediate derivatives by values of other steps, which are 0."""
    parts = (part for pair in candidate.pairs for side in pair for part in f.subterms(side))
    return any(isinstance(part, f.Derivative) and not part.total and _is_zero(part) for part in parts)


def _is_zero(node: f.Derivative) -> bool:
    of = node.of.step if isinstance(node.of, Var) else None
    return node.by.step is not None and (of is None or node.by.step not in (of, of - 1))


def agrees(candidate: Candidate, scope: Scope) -> bool:
    """Whether the second opinion sees no difference, under some hypothesis about the targets."""
    if says_nothing(candidate):
        return False
    targets = scope.model.targets if scope.model else ()
    levels = [(), tuple(map(sums_to_one, targets)), tuple(map(one_hot, targets))] if targets else [()]
    try:
        pairs = [instance for pair in candidate.pairs for instance in instances(pair, scope)[:2]]
        records = [record(left, right, scope) for left, right in pairs]
        return any(all(_agrees(r, hypotheses) for r in records) for hypotheses in levels)
    except (ValueError, TypeError, ArithmeticError, LookupError, RecursionError):
        return False


def _agrees(claim: Derivation, hypotheses: tuple[Hypothesis, ...]) -> bool:
    try:
        return bool(second_opinion.agree(claim, {axis: axis.size for axis in axes_of(claim)}, hypotheses))
    except second_opinion.Disagreement:
        return False


# What may have been meant


def transposed(node: Node, scope: Scope) -> Iterator[Node]:
    """W as Wᵀ, Wᵀ as W."""
    if isinstance(node, s.Name) and _rank(node, scope) == 2:
        yield _transpose(node)


def weights_first(node: Node, scope: Scope) -> Iterator[Node]:
    """a W b, vectors a and b, as Wᵀ (a b)."""
    if isinstance(node, s.Tight):
        matrices = [
            n for n, factor in enumerate(node.factors) if _rank(factor, scope) == 2 and isinstance(factor, s.Name)
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
    if isinstance(node, s.Tight) and all(_rank(factor, scope) in (0, 1) for factor in node.factors):
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


def sum_over_steps(node: Node, scope: Scope) -> Iterator[Node]:
    """What one step gives as the sum over all."""
    if scope.model is not None and scope.model.is_sequence and not isinstance(node, s.Name):
        at = node.at
        yield s.Big(at, r"\sum", (Token("t", at, "letter"),), (), s.Group(at, (node,), ()))


def diagonal(node: Node, scope: Scope) -> Iterator[Node]:
    """A vector as a diagonal matrix."""
    if isinstance(node, s.Name) and _rank(node, scope) == 1:
        yield s.Applied(node.at, "diag", s.Group(node.at, (node,), ()))


RULES: tuple[Rule, ...] = (
    half_derivative,
    weights_first,
    outer_product,
    transposed,
    other_sign,
    exponential,
    sum_over_steps,
    immediate,
    other_product,
    entries_before_matrix,
    diagonal,
    other_order,
    other_step,
    other_subscript,
)


# A part that the formula may lack


def contributions(gradient: Term, scope: Scope) -> Iterator[tuple[str, Term]]:
    """The parts of a gradient, by the value that each comes through."""
    model = scope.model
    if model is None or not isinstance(gradient, f.Derivative) or gradient.of != LOSS or gradient.by.step is None:
        return
    by = gradient.by
    assert by.step is not None
    for shift in (0, 1):
        parts: list[tuple[str, Term]] = []
        for eq in model.equations:
            used = [v for v in f.subterms(eq.right) if isinstance(v, Var) and v.name == by.name and v.step is not None]
            if any(v.step is not None and v.step.offset == -shift for v in used) and eq.left.axes:
                through = eq.left[by.step + shift] if eq.left.step is None else replace(eq.left, step=by.step + shift)
                parts.append((str(through), _through(eq.right, by, through, shift)))
        yield from parts
        if len(parts) > 1:
            whole = parts[0][1]
            for _, part in parts[1:]:
                whole = f.Add(whole, part)
            yield " and ".join(name for name, _ in parts), whole


def _through(right: Term, by: Var, through: Var, shift: int) -> Term:
    """Wᵀ ∇u where u = W x + …, a ∘ ∇u where u = a ∘ x + …, a ∘ f′(x) ∘ ∇u where u = a ∘ f(x), else the Jacobian."""
    assert by.step is not None
    there = moved(right, "t", by.step + shift)
    gradient = f.grad(through)
    for part in _summands(there):
        match part:
            case f.MatMul(Var(sequence=False) as weights, right_factor) if right_factor == by:
                return f.MatMul(f.Transpose(weights), gradient)
            case f.Mul(left, right_factor) if right_factor == by:
                return f.Mul(left, gradient)
            case f.Mul(left, f.Call(function, inner)) if inner == by and function in SLOPES:
                return f.Mul(f.Mul(left, SLOPES[function](by)), gradient)
    return f.MatMul(gradient, f.immediate(through, by))


def _summands(term: Term) -> Iterator[Term]:
    if isinstance(term, f.Add):
        yield from _summands(term.left)
        yield from _summands(term.right)
    else:
        yield term


def _completed(candidate: Candidate, scope: Scope) -> Iterator[Candidate]:
    """The candidate with a missing part of the gradient added."""
    if len(candidate.pairs) == 1:
        ((left, right),) = candidate.pairs
        for _, part in contributions(left, scope):
            yield Candidate(((left, f.Add(right, part)),), candidate.text)


# How an edit is made


def _readable(sides: Sides, scope: Scope) -> list[Candidate]:
    try:
        return candidates(*sides, scope)[:4]
    except (Unread, Misfit, ShapeMismatch, ValueError, TypeError, LookupError):
        return []


def _everywhere(node: Node, rule: Rule, scope: Scope) -> Node | None:
    """Every node that the rule applies to, edited alike; None where there are not several."""
    count = 0

    def edited(value: Any) -> Any:
        nonlocal count
        if isinstance(value, tuple):
            return tuple(edited(each) for each in value)
        if not isinstance(value, Node):
            return value
        for changed in rule(value, scope):
            count += 1
            return changed
        return replace(value, **{key: edited(field) for key, field in vars(value).items() if key not in FIXED})

    whole = edited(node)
    return whole if count > 1 else None


def _somewhere(value: Any, rule: Rule, scope: Scope) -> Iterator[Any]:
    """One node edited, each way."""
    if isinstance(value, tuple):
        for n, each in enumerate(value):
            for changed in _somewhere(each, rule, scope):
                yield (*value[:n], changed, *value[n + 1 :])
    elif isinstance(value, Node):
        yield from rule(value, scope)
        for key, field in vars(value).items():
            if isinstance(field, Node | tuple) and key not in FIXED:
                for changed in _somewhere(field, rule, scope):
                    yield replace(value, **{key: changed})


def _rank(node: Node, scope: Scope) -> int | None:
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


def _written(candidate: Candidate, left_changed: bool, scope: Scope) -> str:
    """The right side, or the whole formula where the left side was edited."""
    subscript_time = scope.time == "sub" if scope.time else scope.model is not None and scope.model.subscript_time
    if len(candidate.pairs) > 1:
        return candidate.text
    ((left, right),) = candidate.pairs
    written = latex(right, subscript_time)
    return f"{latex(left, subscript_time)} = {written}" if left_changed else written
