r"""What stands in brackets of any kind: ( … ), \left … \right, matrices, cases, underbraces."""

from __future__ import annotations

from symbolic.reader.syntax.nodes import Applied, Braced, Cases, Group, Matrix, Name, Node, Tokens
from symbolic.reader.syntax.parsing import Parsing
from symbolic.reader.syntax.rows import is_cases_environment, split, without_argument
from symbolic.reader.syntax.vocabulary import CASES, MATRICES, NORMS, OPENING, ROWS, SEPARATORS
from symbolic.reader.tokens import SIZES, Token, Unread, plain


def group(parser: Parsing, opening: Token) -> Node:
    """( … ), sized or not; ( … ) of one text alone is a remark and is read as such."""
    if opening.text == r"\left":
        opening = parser.next()
        content = parser.upto_right(opening.at)
        if opening.text in NORMS:
            return norm(parser, opening, content)
    elif opening.text in SIZES:
        return group(parser, parser.next())
    else:
        content = parser.upto(OPENING[opening.text], opening.at)
    if opening.text not in OPENING and opening.text != ".":
        raise Unread(opening.at, f"{opening} as a bracket is not in the grammar")
    if opening.text == "." or (content and content[0].text == r"\begin"):
        return parser.inside(content)
    items = tuple(item(parser, part) for part in split(content, SEPARATORS))
    if opening.text == r"\langle" and len(items) == 1:
        raise Unread(opening.at, "a mean in angle brackets is not in the grammar")
    return Group(opening.at, items, content, opening.text)


def norm(parser: Parsing, opening: Token, content: Tokens | None = None) -> Node:
    """‖ … ‖², of which the power and the kind of norm are part: a norm alone is not in the grammar."""
    if content is None:
        closing = NORMS[opening.text]
        ahead = [token.text for token in parser.tokens[parser.position :]]
        if closing not in ahead:
            raise Unread(opening.at, f"{opening} is not closed")
        start, parser.position = parser.position, parser.position + ahead.index(closing) + 1
        content = tuple(t for t in parser.tokens[start : parser.position - 1] if t.text not in SIZES)
    body = Group(opening.at, (parser.inside(content),), content)
    sub, sup = parser.scripts()
    if plain(sup) != "2" or plain(sub) not in {"", "2", "F"}:
        raise Unread(
            opening.at,
            "a norm that is not squared is a root, and not in the grammar; ‖v‖² and, of a matrix, ‖W‖_F² are",
        )
    return Applied(opening.at, "norm of entries" if plain(sub) == "F" else "norm", body)


def item(parser: Parsing, tokens: Tokens) -> Node:
    if len(tokens) == 1 and tokens[0].text == ":":
        return Name(tokens[0].at, ":")
    return parser.inside(tokens)


def environment(parser: Parsing, at: int) -> Node:
    name = plain(parser.argument()).removesuffix("*")
    content = parser.upto_end(name, at)
    if name == "array":
        content = without_argument(content)
    rows = [split(row, {"&"}) for row in split(content, ROWS)]
    if name in CASES or is_cases_environment(rows):
        return Cases(at, tuple(case(parser, row, at) for row in rows if any(row)))
    if name not in MATRICES:
        raise Unread(at, f"the environment {name} inside an expression is not in the grammar")
    cells = tuple(tuple(parser.inside(cell) for cell in row) for row in rows if any(row))
    if len({len(row) for row in cells}) > 1:
        raise Unread(at, "rows of different lengths")
    return Matrix(at, cells)


def case(parser: Parsing, row: list[Tokens], at: int) -> tuple[Node, Tokens]:
    cells = [part for cell in row for part in split(cell, {","}) if part]
    if len(cells) != 2:
        raise Unread(cells[0][0].at if cells else at, "a case is a value and its condition")
    return parser.inside(cells[0]), cells[1]


def braced(parser: Parsing, at: int) -> Node:
    body = parser.inside(parser.argument())
    sub, sup = parser.scripts()
    label = sub or sup
    if label and label[0].text == "=":
        return Braced(at, body, parser.inside(label[1:]))
    return Group(at, (body,), (), "{")
