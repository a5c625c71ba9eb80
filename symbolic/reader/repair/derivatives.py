"""What a derivative, or a product of some, may have been meant as: rules of `rules.RULES`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

from symbolic.model import Model
from symbolic.reader.readings import Misfit
from symbolic.reader.resolve import Resolver
from symbolic.reader.scope import Scope
from symbolic.reader.syntax import nodes as s
from symbolic.reader.syntax.nodes import Node, inside, is_same_node
from symbolic.reader.tokens import Unread
from symbolic.shapes import ShapeMismatch
from symbolic.terms import LOSS, Var


def half_derivative(node: Node, scope: Scope) -> Iterator[Node]:
    """L/∂x as ∂L/∂x, (∂a/b)/∂x as ∂(a/b)/∂x."""
    if isinstance(node, s.Quotient) and isinstance(node.below, s.Differential) and node.below.arg is not None:
        above = inside(node.above)
        if isinstance(above, s.Quotient) and isinstance(above.above, s.Differential) and above.above.arg is not None:
            above = replace(above, above=above.above.arg)
        yield s.Derivative(node.at, "∂", above, node.below.arg)


def immediate(node: Node, scope: Scope) -> Iterator[Node]:
    """∂ as the immediate derivative ∂⁺."""
    if isinstance(node, s.Derivative) and node.d in {"∂", "d"}:
        yield replace(node, d="∂+")


def whole_loss(node: Node, scope: Scope) -> Iterator[Node]:
    """∂L_t/∂x as ∂L/∂x."""
    loss = _loss(scope)
    if isinstance(node, s.Derivative) and isinstance(node.of, s.Name) and loss and _is_step_loss(node.of, scope):
        yield replace(node, of=s.Name(node.of.at, loss))


def of_the_loss(node: Node, scope: Scope) -> Iterator[Node]:
    """∂p/∂x as the gradient of the loss, or of what is to be likely: ±∂L_t/∂x, ±∂L/∂x."""
    if isinstance(node, s.Derivative) and node.of is not None:
        losses = [s.Name(node.at, loss) for loss in [_loss(scope)] if loss is not None]
        if isinstance(node.of, s.Name) and scope.model is not None and scope.model.is_sequence:
            step = next((base for (base, _), m in scope.names.items() if _is_of_a_step(m.term, scope.model)), None)
            losses = [*([replace(node.of, base=step, style="")] if step is not None else []), *losses]
        for loss in losses:
            yield (of := replace(node, of=loss))
            yield s.Sum(node.at, ((-1, of),))


def by_the_next(node: Node, scope: Scope) -> Iterator[Node]:
    """∂a/∂x ∂b/∂x as ∂a/∂b ∂b/∂x."""
    if isinstance(node, s.Tight):
        factors = tuple(_without_brackets(node))
        for n, (first, second) in enumerate(pairwise(factors)):
            a, b = inside(first), inside(second)
            if not isinstance(a, s.Derivative) or not isinstance(b, s.Derivative) or a.of is None or b.of is None:
                continue
            if is_same_node(a.by, b.by):
                link = replace(a, by=inside(b.of))
                bracketed = s.Group(first.at, (link,), ()) if link.is_operator else link
                yield replace(node, factors=(*factors[:n], bracketed, *factors[n + 1 :]))


def other_path(node: Node, scope: Scope) -> Iterator[Node]:
    """∂a/∂b ∂b/∂w as ∂⁺a/∂w + ∂a/∂b ∂b/∂w: what comes to a without b."""
    if not isinstance(node, s.Tight) or len(node.factors) < 2:
        return
    *before, first, second = node.factors
    a, b = inside(first), inside(second)
    if not isinstance(a, s.Derivative) or not isinstance(b, s.Derivative) or a.of is None or b.of is None:
        return
    if is_same_node(a.by, b.of):
        at, direct = node.at, s.Derivative(node.at, "∂+", a.of, b.by)
        both = s.Sum(at, ((1, direct), (1, s.Tight(at, (first, second)))))
        yield s.Tight(at, (*before, s.Group(at, (both,), ()))) if before else both


def once_differentiated(node: Node, scope: Scope) -> Iterator[Node]:
    """∂/∂x Σ ∂a/∂x as ∂/∂x Σ a."""
    if isinstance(node, s.Derivative) and node.of is not None:
        inner = _undone(node.of, node.by)
        if inner != node.of:
            yield replace(node, of=inner)


def _undone(value: Any, by: Node) -> Any:
    """Without the derivatives by that variable."""
    if isinstance(value, s.Derivative) and value.of is not None and is_same_node(value.by, by):
        return value.of
    if isinstance(value, tuple):
        return tuple(_undone(each, by) for each in value)
    if isinstance(value, Node):
        fields = {key: field for key, field in vars(value).items() if isinstance(field, Node | tuple)}
        return replace(value, **{key: _undone(field, by) for key, field in fields.items()})
    return value


def _without_brackets(node: s.Tight) -> Iterator[Node]:
    """The factors, those of a product in brackets each."""
    for factor in node.factors:
        if isinstance(product := inside(factor), s.Tight):
            yield from _without_brackets(product)
        else:
            yield factor


def _loss(scope: Scope) -> str | None:
    """The letter of the loss, if it is another one than that of a step."""
    found = (base for (base, _), meaning in scope.names.items() if LOSS in (meaning.untimed, meaning.term))
    return next(found, None)


def _is_step_loss(name: s.Name, scope: Scope) -> bool:
    try:
        (reading, *_) = Resolver(scope, "total").of(name)
    except (Unread, Misfit, ShapeMismatch):
        return False
    return _is_of_a_step(reading.term, scope.model)


def _is_of_a_step(term: object, model: Model | None) -> bool:
    """Whether a term is the loss of a step."""
    if model is None or not model.is_sequence:
        return False
    return isinstance(term, Var) and term.name == model.step_loss.name
