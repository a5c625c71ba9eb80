r"""The lines of a document that look like equations and that no equation was made of.

In:  a formula, its statements, and why what was not read was not.
Out: `UnreadLine`s.  A draft that leaves such a line out without a word is a wrong one, and a model of ours is not the
document's while one of them may say otherwise.  What gradients are equal to is no equation of a model, and left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from symbolic.reader.displays import rows
from symbolic.reader.macros import Macros
from symbolic.reader.scan import Formula
from symbolic.reader.statements import Statement
from symbolic.reader.syntax import nodes as s
from symbolic.reader.syntax.nodes import Node, Tokens
from symbolic.reader.syntax.vocabulary import GREEK, RELATIONS, STYLES
from symbolic.reader.tokens import Token, Unread, tokens

GRADIENTS = frozenset({r"\partial", r"\nabla", r"\delta", r"\Delta"})
NORMS = frozenset({r"\|", r"\Vert", r"\lVert", "|"})
MOST_SHOWN = 80
ARROW = r"← is an update: write = if it is an equation of the model"
NO_LEFT = "nothing stands before the =: write the equation in one formula"
NO_NAME = "the left side is no name: write one equation for each"


@dataclass(frozen=True)
class UnreadLine:
    """Where, as it is written, and why; `left` is what stands before the relation, () where that is not known."""

    line: int
    latex: str
    why: str
    left: Tokens


def of_formula(formula: Formula, why: str, known: Macros) -> Iterator[UnreadLine]:
    """The rows of a formula that cannot be taken apart; the formula, where its rows cannot be."""
    try:
        parts = [row for row in rows(known.expanded(tokens(formula.latex))) if row]
    except Unread:
        before, equals, _ = formula.latex.partition("=")
        if equals and not any(command in before for command in GRADIENTS):
            yield UnreadLine(formula.place[0], " ".join(formula.latex.split())[:MOST_SHOWN], why, ())
        return
    for row in parts:
        place = next((n for n, token in enumerate(row) if RELATIONS.get(token.text) in {"=", ":="}), None)
        if place is not None and not _makes_nothing(row[:place]):
            yield _line(formula, row, why, row[:place])


def of_statement(formula: Formula, statement: Statement, left: Node, why: str, above: Tokens) -> Iterator[UnreadLine]:
    """A statement whose left side makes nothing that can be read; `above` is the left side of the statement before."""
    if not statement.relations:
        return
    symbol = statement.relations[0].symbol
    row = tuple(token for side in statement.sides for token in side)
    before = statement.sides[0]
    if statement.continues:
        before, why = above, NO_LEFT
    elif symbol == ":=":
        why = "" if _is_update(statement) else ARROW
    elif symbol != "=":
        why = ""
    elif isinstance(left, s.Matrix | s.Group | s.Tight):
        why = why or NO_NAME
    if why and not _makes_nothing(before):
        yield _line(formula, row, why, before)


def _line(formula: Formula, row: Tokens, why: str, left: Tokens) -> UnreadLine:
    start, end = min(token.at for token in row), max(token.end for token in row)
    written = " ".join(formula.latex[start:end].replace("&", " ").split())[:MOST_SHOWN]
    return UnreadLine(formula.source.place(formula.start + start)[0], written, why, left)


def _makes_nothing(left: Tokens) -> bool:
    """∂L/∂h_t, δ_t, dh_t, ‖W‖: what stands on the left side is no value of a model."""
    letters = [token for token in left if token.text not in STYLES.keys() | {"{", "}"}]
    is_differential = any(a.text == "d" and _is_letter(b) for a, b in pairwise(letters))
    return is_differential or any(token.text in GRADIENTS | NORMS for token in left)


def _is_letter(token: Token) -> bool:
    return token.kind == "letter" or token.text in GREEK


def _is_update(statement: Statement) -> bool:
    r"""W \leftarrow W - \eta G."""
    left, right = statement.sides[0], statement.sides[1]
    return bool(left) and next((t.text for t in left if _is_letter(t)), "") in {token.text for token in right}
