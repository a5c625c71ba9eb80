"""Every reading of an expression: one case for each form of notation."""

from __future__ import annotations

from symbolic import terms as f
from symbolic.reader.readings import Misfit, Reading
from symbolic.reader.resolve.derivatives import derivative, differential, nabla
from symbolic.reader.resolve.functions import applied
from symbolic.reader.resolve.matrices import cases, matrix
from symbolic.reader.resolve.names import name
from symbolic.reader.resolve.products import frobenius, infix, product_of, quotient
from symbolic.reader.resolve.resolving import Resolving
from symbolic.reader.resolve.scripts import scripted
from symbolic.reader.resolve.sums import big, total
from symbolic.reader.scope import Scope
from symbolic.reader.syntax import nodes as s
from symbolic.reader.syntax.nodes import Node
from symbolic.reader.tokens import Unread


def readings(node: Node, scope: Scope, partial: str = "total", inner_squares: bool = False) -> list[Reading]:
    """Every reading of an expression; raises Unread or Misfit."""
    return Resolver(scope, partial, inner_squares).of(node)


# What was read of a node before, or why it cannot be; the node is kept, so that its identity stays its own.
Memo = dict[object, tuple[Node, list[Reading] | Unread | Misfit, bool]]


class Resolver(Resolving):
    """Reads one expression; with a `memo`, each node once for several that share it."""

    memo: Memo | None = None

    def of(self, node: Node) -> list[Reading]:
        if self.memo is None:
            return self.read(node)
        key = (id(node), self.partial, self.inner_squares, tuple(self.bound.items()), tuple(self.runs.items()))
        if key not in self.memo:
            before, self.both_kinds_matter = self.both_kinds_matter, False
            found: list[Reading] | Unread | Misfit
            try:
                found = self.read(node)
            except (Unread, Misfit) as why:
                found = why
            self.memo[key] = node, found, self.both_kinds_matter
            self.both_kinds_matter |= before
        _, known, matter = self.memo[key]
        self.both_kinds_matter |= matter
        if isinstance(known, list):
            return known
        raise known

    def read(self, node: Node) -> list[Reading]:
        match node:
            case s.Number(_, value):
                return [Reading(f.Const(value))]
            case s.Name():
                return name(self, node)
            case s.Group(at, (a, b), bracket=r"\langle"):
                return self.all(lambda x, y: [frobenius(self, x, y, at)], self.of(a), self.of(b))
            case s.Group(at, items):
                if len(items) != 1:
                    why = "`depends` declares what only says on what a value depends"
                    raise Unread(at, f"several things in one pair of brackets: {why}")
                return self.of(items[0])
            case s.Braced(_, body, _):
                return self.of(body)
            case s.Sum(at, parts):
                return total(self, at, parts)
            case s.Tight(at, factors):
                return product_of(self, at, factors)
            case s.Infix():
                return infix(self, node)
            case s.Quotient(at, above, below):
                return quotient(self, at, above, below)
            case s.Derivative():
                return derivative(self, node)
            case s.Nabla(at, by, of):
                return nabla(self, at, by, of)
            case s.Differential(at, d, arg):
                return differential(self, at, d, arg)
            case s.Applied():
                return applied(self, node)
            case s.Scripted(at, base, sub, sup):
                return scripted(self, at, self.of(base), sub, sup)
            case s.Big():
                return big(self, node)
            case s.Matrix(at, rows):
                return matrix(self, at, rows)
            case s.Cases(at, rows):
                return cases(self, at, rows)
            case s.Dots(at):
                raise Unread(at, "an ellipsis is not in the grammar")
        raise Unread(node.at, f"{type(node).__name__} is not in the grammar")
