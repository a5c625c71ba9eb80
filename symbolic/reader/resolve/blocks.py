"""[W, U] [h; x] as W h + U x: a row of blocks times a column of as many.

In:  two factors side by side.  Out: the sum of products that they are, as syntax; None where they are no blocks.
Between commas blocks stand side by side, between semicolons below each other; vectors may be listed either way.
"""

from __future__ import annotations

from itertools import pairwise

from symbolic.reader.resolve.resolving import Resolving
from symbolic.reader.syntax import nodes as s
from symbolic.reader.syntax.nodes import Node, inside


def multiplied_out(resolver: Resolving, factors: tuple[Node, ...]) -> tuple[Node, ...]:
    """The factors, each row of blocks and the column behind it as one."""
    for n, (left, right) in enumerate(pairwise(factors)):
        if (whole := product_of_blocks(resolver, left, right)) is not None:
            return multiplied_out(resolver, (*factors[:n], whole, *factors[n + 2 :]))
    return factors


def product_of_blocks(resolver: Resolving, left: Node, right: Node) -> Node | None:
    """Σ_i A_i b_i, where every pair is a matrix and what it is multiplied with."""
    row, column = blocks(left, as_row=True), blocks(right, as_row=False)
    if len(row) != len(column) or len(row) < 2:
        return None
    for a, b in zip(row, column, strict=True):
        ranks = {reading.rank for reading in resolver.of(a)}, {reading.rank for reading in resolver.of(b)}
        below = stands_below(right) or ranks[1] == {1}
        if ranks not in (({2}, {1}), ({2}, {2}), ({1}, {2})) or not below or stands_below(left):
            return None
    at = left.at
    parts = tuple((1, s.Tight(at, (_apart(a), _apart(b)))) for a, b in zip(row, column, strict=True))
    return s.Group(at, (s.Sum(at, parts),), ())


def blocks(node: Node, as_row: bool) -> tuple[Node, ...]:
    """What stands beside each other, or below each other; nothing where it is something else."""
    node = inside(node)
    if isinstance(node, s.Group) and node.bracket in {"(", "["}:
        return node.items
    if isinstance(node, s.Matrix):
        rows = node.rows
        return rows[0] if as_row and len(rows) == 1 else tuple(row[0] for row in rows if not as_row and len(row) == 1)
    return ()


def stands_below(node: Node) -> bool:
    node = inside(node)
    if isinstance(node, s.Group):
        return any(token.text == ";" for token in node.latex)
    return isinstance(node, s.Matrix) and len(node.rows) > 1


def _apart(node: Node) -> Node:
    return s.Group(node.at, (node,), ())
