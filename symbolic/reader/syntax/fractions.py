r"""Fractions, and what is written as one: derivatives ∂L/∂W and d/dx; also ∇ and differentials."""

from __future__ import annotations

from symbolic.reader.syntax.nodes import Derivative, Differential, Nabla, Name, Node, Quotient, Tokens
from symbolic.reader.syntax.parsing import Parsing
from symbolic.reader.syntax.vocabulary import ENDS, OPENING, OPERATORS
from symbolic.reader.tokens import Unread, plain


def fraction(parser: Parsing, at: int) -> Node:
    above, below = parser.argument(), parser.argument()
    return quotient(parser, at, part_of_fraction(parser, above), part_of_fraction(parser, below))


def part_of_fraction(parser: Parsing, tokens: Tokens) -> Node:
    """Over and under a fraction's line ∂ and d take all that follows."""
    if not tokens:
        raise Unread(parser.at, "nothing stands above or below the line")
    d, rest = differential_at_head(tokens)
    if d:
        return Differential(tokens[0].at, d, parser.inside(rest) if rest else None)
    return parser.inside(tokens)


def differential_at_head(tokens: Tokens) -> tuple[str, Tokens]:
    """∂ or d at the head of a fraction's part, and what it stands before."""
    head = tokens[0].text
    if head == r"\partial":
        if len(tokens) > 2 and tokens[1].text == "^":
            plus = tokens[2:3] if tokens[2].text != "{" else tokens[2:5]
            return ("∂+", tokens[2 + len(plus) :]) if plain(plus) == "+" else ("", tokens)
        return "∂", tokens[1:]
    if head == "d" and len(tokens) > 1 and tokens[1].text not in ENDS | OPENING.keys() | set(OPERATORS):
        return "d", tokens[1:]
    if head == r"\mathrm" and plain(tokens[1:4]) == "d" and len(tokens) >= 4:
        return "d", tokens[4:]
    return "", tokens


def quotient(parser: Parsing, at: int, above: Node, below: Node) -> Node:
    if isinstance(below, Differential) and below.arg is not None and isinstance(above, Differential):
        return Derivative(at, above.d if "+" in above.d else below.d, above.arg, below.arg)
    if isinstance(below, Differential) and below.d == "d" and spells_d(above):
        return Derivative(at, "d", None, below.arg) if below.arg else Quotient(at, above, below)
    return Quotient(at, above, below)


def spells_d(node: Node) -> bool:
    return isinstance(node, Name) and node.base == "d" and not (node.sub or node.sup)


def differential(parser: Parsing, at: int, d: str) -> Node:
    if parser.text() == "^":
        parser.next()
        if plain(parser.argument()) != "+":
            raise Unread(at, "a higher derivative is not in the grammar")
        d += "+"
    return Differential(at, d, parser.factor())


def nabla(parser: Parsing, at: int) -> Node:
    sub, sup = parser.scripts()
    if not sub or sup:
        raise Unread(at, "∇ without what it differentiates by")
    return Nabla(at, sub, parser.factor())
