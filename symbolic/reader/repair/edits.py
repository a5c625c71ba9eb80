"""The formulas that one edit, or one more, makes of a formula: a rule at one place, or at all places alike.

In:  both sides as syntax, and the scope.  Out: other sides, the likeliest first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations
from typing import Any

from symbolic.reader.repair.rules import LAST, LEFT, RULES, Rule, own_letter, rank_of
from symbolic.reader.repair.subscripts import FIXED
from symbolic.reader.scope import Scope
from symbolic.reader.syntax import nodes as s
from symbolic.reader.syntax.nodes import Node, names_in

MOST_NAMES = 6
Sides = tuple[Node, Node]


def once(sides: Sides, scope: Scope) -> Iterator[Sides]:
    """The sides with one edit, the likeliest first."""
    left, right = sides
    for rule in RULES:
        everywhere = _everywhere(right, rule, scope)
        if everywhere is not None:
            yield left, everywhere
    for rule in RULES:
        for edited in _somewhere(right, rule, scope):
            yield left, edited
    for edited in exchanged(right, scope):
        yield left, edited
    for rule in LEFT:
        everywhere = _everywhere(left, rule, scope)
        if everywhere is not None:
            yield everywhere, right
        for edited in _somewhere(left, rule, scope):
            yield edited, right
    yield from not_zero(sides)
    for rule in LAST:
        for edited in _somewhere(right, rule, scope):
            yield left, edited


def with_own_letters(sides: Sides, scope: Scope) -> Sides | None:
    """The sides with another letter for what is summed over, where it is also differentiated by; None where none is."""
    both = [_everywhere(side, own_letter, scope, least=1) for side in sides]
    if both == [None, None]:
        return None
    left, right = (old if new is None else new for old, new in zip(sides, both, strict=True))
    return left, right


def not_zero(sides: Sides) -> Iterator[Sides]:
    """a + b = 0 as a + b = a, and as a + b = b."""
    left, right = sides
    if isinstance(right, s.Number) and not right.value:
        yield from ((left, summand) for summand in _summands(left))


def after_what_is_ahead(ahead: Node, right: Node) -> Iterator[Sides]:
    """Of a + b = c = d, where c is wrong, a + b = d; where b is 0, a = d."""
    yield ahead, right
    yield from ((summand, right) for summand in _summands(ahead))


def _summands(node: Node) -> Iterator[Node]:
    """The summands of a sum, each with its sign."""
    if isinstance(node, s.Sum) and len(node.parts) > 1:
        yield from (part if sign > 0 else s.Sum(part.at, ((sign, part),)) for sign, part in node.parts)


def on_both_sides(sides: Sides, left: Node, scope: Scope) -> Iterator[Sides]:
    """An edited left side, and the right side with a rule at all places alike."""
    edited, right = sides
    if edited is not left:
        for rule in RULES:
            everywhere = _everywhere(right, rule, scope, least=1)
            if everywhere is not None:
                yield edited, everywhere


def both_once(sides: Sides, scope: Scope) -> Iterator[Sides]:
    """Both sides with a rule for left sides at all places alike."""
    left, right = sides
    for rule in LEFT:
        edited = _everywhere(left, rule, scope, least=1), _everywhere(right, rule, scope, least=1)
        if edited[0] is not None and edited[1] is not None:
            yield edited[0], edited[1]


def exchanged(node: Node, scope: Scope) -> Iterator[Node]:
    """ŷ and y for each other, wherever they stand: two names of the same shape and steps."""
    names: dict[tuple[str, str], s.Name] = {}
    for each in (name for name in names_in(node) if name.style != "function"):
        names.setdefault((each.base, each.style), each)
    for a, b in combinations(list(names)[:MOST_NAMES], 2):
        if rank_of(names[a], scope) == rank_of(names[b], scope) and a[0] != b[0]:
            swap = {a: b, b: a}
            yield _renamed(node, swap)


def twice(sides: Sides, scope: Scope) -> Iterator[Sides]:
    """The sides with one more edit of the right side."""
    left, right = sides
    for rule in RULES:
        for edited in _somewhere(right, rule, scope):
            yield left, edited


def _everywhere(node: Node, rule: Rule, scope: Scope, least: int = 2) -> Node | None:
    """Every node that the rule applies to, edited alike; None where there are not so many."""
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
    return whole if count >= least else None


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


def _renamed(value: Any, swap: Mapping[tuple[str, str], tuple[str, str]]) -> Any:
    if isinstance(value, s.Name) and (value.base, value.style) in swap:
        base, style = swap[value.base, value.style]
        return replace(value, base=base, style=style)
    if isinstance(value, tuple):
        return tuple(_renamed(each, swap) for each in value)
    if isinstance(value, Node):
        fields = {key: _renamed(field, swap) for key, field in vars(value).items() if key not in FIXED}
        return replace(value, **fields)
    return value
