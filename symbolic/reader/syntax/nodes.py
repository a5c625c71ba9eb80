r"""What an expression is made of: names, numbers, and how they are put together.

A node knows its offset into the formula and nothing of what its letters mean; scripts stay tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from symbolic.reader.tokens import Token, plain

Tokens = tuple[Token, ...]


@dataclass(frozen=True)
class Node:
    at: int


@dataclass(frozen=True)
class Number(Node):
    value: Fraction


@dataclass(frozen=True)
class Name(Node):
    """A letter with accent (`\\hat{y}`) and style (`bf`), as yet without a meaning; `call` follows it in ()."""

    base: str
    style: str = ""
    sub: Tokens = ()
    sup: Tokens = ()
    call: Group | None = None

    def __str__(self) -> str:
        scripts = [f"{mark}{{{plain(s)}}}" for mark, s in (("_", self.sub), ("^", self.sup)) if s]
        return self.base + "".join(scripts)


@dataclass(frozen=True)
class Group(Node):
    """What stands in brackets, its items between commas, semicolons or bars."""

    items: tuple[Node, ...]
    latex: Tokens
    bracket: str = "("


@dataclass(frozen=True)
class Scripted(Node):
    base: Node
    sub: Tokens
    sup: Tokens


@dataclass(frozen=True)
class Applied(Node):
    """A function of its argument; `power` is what stands above the function's name."""

    function: str
    argument: Node
    power: Tokens = ()


@dataclass(frozen=True)
class Sum(Node):
    """Summands, each with its sign."""

    parts: tuple[tuple[int, Node], ...]


@dataclass(frozen=True)
class Tight(Node):
    """Factors side by side."""

    factors: tuple[Node, ...]


@dataclass(frozen=True)
class Infix(Node):
    operator: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Quotient(Node):
    above: Node
    below: Node


@dataclass(frozen=True)
class Differential(Node):
    """∂x or dx; alone (∂ over ∂x) it is an operator."""

    d: str
    arg: Node | None


@dataclass(frozen=True)
class Derivative(Node):
    """∂of/∂by; without `of` it acts on what follows, and then `is_operator`."""

    d: str
    of: Node | None
    by: Node
    is_operator: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class Nabla(Node):
    by: Tokens
    of: Node


@dataclass(frozen=True)
class Big(Node):
    """Σ or ∏ with its limits, over the rest of the term."""

    operator: str
    lower: Tokens
    upper: Tokens
    body: Node


@dataclass(frozen=True)
class Matrix(Node):
    rows: tuple[tuple[Node, ...], ...]


@dataclass(frozen=True)
class Cases(Node):
    """Values, each with its condition."""

    rows: tuple[tuple[Node, Tokens], ...]


@dataclass(frozen=True)
class Dots(Node):
    pass


@dataclass(frozen=True)
class Braced(Node):
    """X with `= Y` written under its brace."""

    body: Node
    label: Node


def is_same_node(a: Node, b: Node) -> bool:
    """Whether two nodes are spelled alike, wherever they stand."""
    return spelled_alike(a) == spelled_alike(b)


def spelled_alike(node: object) -> object:
    if isinstance(node, Name):
        return (node.base, plain(node.sub), plain(node.sup), plain(node.call.latex) if node.call else "")
    if isinstance(node, Node):
        return (type(node).__name__, *(spelled_alike(value) for key, value in vars(node).items() if key != "at"))
    if isinstance(node, tuple):
        return tuple(spelled_alike(each) for each in node)
    return node.text if isinstance(node, Token) else node


def names_in(value: object) -> Iterator[Name]:
    """The names that stand in a node, without those in what a name is called with."""
    if isinstance(value, Name):
        yield value
    elif isinstance(value, Node):
        for field_of in vars(value).values():
            yield from names_in(field_of)
    elif isinstance(value, tuple):
        for each in value:
            yield from names_in(each)


def inside(node: Node) -> Node:
    """Without brackets around it."""
    while isinstance(node, Group) and len(node.items) == 1:
        node = node.items[0]
    return node


def unbraced(node: Node) -> Node:
    """What an underbrace or plain braces hold."""
    while isinstance(node, Braced) or (isinstance(node, Group) and node.bracket == "{" and len(node.items) == 1):
        node = node.body if isinstance(node, Braced) else node.items[0]
    return node


def plain_factors(factors: Iterable[Node]) -> Iterable[Node]:
    """The factors without braces, those inside braces among them."""
    for factor in factors:
        node = unbraced(factor)
        if isinstance(node, Tight) and node is not factor:
            yield from plain_factors(node.factors)
        else:
            yield node


def operands(node: Node, operators: set[str]) -> Iterable[Node]:
    if isinstance(node, Infix) and node.operator in operators:
        yield from operands(node.left, operators)
        yield from operands(node.right, operators)
    else:
        yield node
