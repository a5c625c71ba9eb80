"""What a node may have been meant as, likeliest first: each rule yields other nodes in its place.

In:  a node of the syntax, and the scope.  Out: nodes; none where the rule does not apply.
To extend: add a function here, to `products`, `derivatives` or `subscripts`, and to `RULES`; to `LEFT` too if it may
edit the left side of a formula.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from symbolic.reader.repair.derivatives import (
    by_the_next,
    half_derivative,
    immediate,
    of_the_loss,
    once_differentiated,
    other_path,
    whole_loss,
)
from symbolic.reader.repair.products import (
    diagonal,
    entries_before_matrix,
    moved_to_an_end,
    other_order,
    other_product,
    outer_product,
    rank_of,
    surplus_factor,
    transposed,
    weights_first,
)
from symbolic.reader.repair.subscripts import (
    entry_of,
    one_case,
    one_more_row,
    other_step,
    other_subscript,
    own_letter,
    same_row,
)
from symbolic.reader.scope import Scope
from symbolic.reader.syntax import nodes as s
from symbolic.reader.syntax.nodes import Node, Tokens, inside, names_in
from symbolic.reader.tokens import Token, plain
from symbolic.terms import Var

Rule = Callable[[Node, Scope], Iterable[Node]]


def other_sign(node: Node, scope: Scope) -> Iterator[Node]:
    """One sign, or the sign of it all: of g - s that of s - g."""
    if isinstance(node, s.Sum):
        if len(node.parts) == 1:
            yield node.parts[0][1]
        for n, (sign, part) in enumerate(node.parts):
            if len(node.parts) > 1:
                yield replace(node, parts=(*node.parts[:n], (-sign, part), *node.parts[n + 1 :]))
        if [sign for sign, _ in node.parts] == [1, -1]:
            yield replace(node, parts=tuple((-sign, part) for sign, part in reversed(node.parts)))


def exponential(node: Node, scope: Scope) -> Iterator[Node]:
    """o as exp(o), as softmax has it."""
    if isinstance(node, s.Name) and node.style != "function":
        yield s.Applied(node.at, "exp", s.Group(node.at, (node,), ()))


def squared(node: Node, scope: Scope) -> Iterator[Node]:
    """h as h²."""
    two = (Token("2", node.at, "number"),)
    if isinstance(node, s.Name) and node.style != "function" and rank_of(node, scope) in (0, 1):
        if not node.sup and node.call is None:
            yield replace(node, sup=two)
        elif not _is_square(node.sup):
            yield s.Scripted(node.at, s.Group(node.at, (node,), ()), (), two)
    if isinstance(node, s.Applied) and node.function in {"tanh", "sigmoid"} and not node.power:
        yield replace(node, power=two)


def unsquared(node: Node, scope: Scope) -> Iterator[Node]:
    """h² as h."""
    if isinstance(node, s.Name) and _is_square(node.sup):
        yield replace(node, sup=node.sup[:-1])
    if isinstance(node, s.Scripted) and not node.sub and plain(node.sup) == "2":
        yield node.base
    if isinstance(node, s.Applied) and plain(node.power) == "2":
        yield replace(node, power=())


def _is_square(sup: Tokens) -> bool:
    return [token.text for token in sup[-1:]] == ["2"]


def sum_over_steps(node: Node, scope: Scope) -> Iterator[Node]:
    """What one step gives as the sum over all."""
    if scope.model is not None and scope.model.is_sequence and not isinstance(node, s.Name):
        at = node.at
        yield s.Big(
            at, r"\sum", (Token("t", at, "letter"),), (), s.Group(at, (node,), ()) if isinstance(node, s.Sum) else node
        )


def weighted(node: Node, scope: Scope) -> Iterator[Node]:
    """log p_j as y_j log p_j, y the target."""
    targets = {each.name for each in scope.model.targets} if scope.model else set()
    letter = next((key for key, m in scope.names.items() if isinstance(m.term, Var) and m.term.name in targets), None)
    logarithm = inside(node.base) if isinstance(node, s.Scripted) else node
    if letter is None or letter[1] or not isinstance(logarithm, s.Applied) or logarithm.function != "log":
        return
    scripts = [(node.sub, ())] if isinstance(node, s.Scripted) else [(n.sub, n.sup) for n in called(logarithm.argument)]
    for sub, sup in [each for each in scripts if each[0]][:1]:
        yield s.Tight(node.at, (s.Name(node.at, letter[0], sub=sub, sup=sup), node))


def called(node: Node) -> Iterator[s.Name]:
    """The names of a node, those first that a name is called with."""
    for name in names_in(node):
        if name.call is not None:
            yield from names_in(name.call)
        yield name


RULES: tuple[Rule, ...] = (
    half_derivative,
    once_differentiated,
    same_row,
    one_more_row,
    by_the_next,
    weights_first,
    outer_product,
    transposed,
    other_sign,
    squared,
    unsquared,
    exponential,
    sum_over_steps,
    immediate,
    whole_loss,
    other_path,
    weighted,
    other_product,
    entries_before_matrix,
    entry_of,
    diagonal,
    other_order,
    other_step,
    other_subscript,
    moved_to_an_end,
    surplus_factor,
)


LEFT: tuple[Rule, ...] = (
    half_derivative,
    once_differentiated,
    entry_of,
    whole_loss,
    by_the_next,
    weighted,
    other_subscript,
    of_the_loss,
)

# Where nothing that keeps the left side, or all that is written, is right.
LAST: tuple[Rule, ...] = (one_case,)

__all__ = ["LAST", "LEFT", "RULES", "Rule", "own_letter", "rank_of"]
