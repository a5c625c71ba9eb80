"""Pieces of LaTeX that know how tightly they bind.

In:  pieces.  Out: larger pieces, with \\left( \\right) where the place demands them.
Juxtaposition binds tighter than ⊙ and ⊗, these tighter than + and −; a sum takes the rest
of its product.  A letter carries at most one subscript and one superscript: what does not
fit beside the time goes outside a pair of parentheses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

ADD, BIG, ODOT, PRODUCT, CLOSED, LETTER = range(6)


@dataclass(frozen=True)
class Piece:
    """LaTeX and how tightly it binds; a LETTER may still take scripts.

    `is_open`: ends in an operator's argument, so that nothing may be juxtaposed.
    """

    body: str
    binds: int = CLOSED
    sub: str = ""
    sup: str = ""
    is_open: bool = False

    def __str__(self) -> str:
        return self.body + (f"_{{{self.sub}}}" if self.sub else "") + (f"^{{{self.sup}}}" if self.sup else "")

    def at(self, least: int) -> Piece:
        """In parentheses where it binds less tightly than its place demands."""
        return self if self.binds >= least else self.in_parentheses()

    def subscripted(self, sub: str) -> Piece:
        piece = self.letter()
        return replace(piece, sub=",".join(s for s in (piece.sub, sub) if s))

    def transposed(self) -> Piece:
        piece = self.letter()
        return replace(piece, sup=piece.sup + r"\top")

    def raised(self, exponent: str) -> Piece:
        piece = self.letter()
        return replace(piece.in_parentheses() if piece.sup else piece, sup=exponent)

    def letter(self) -> Piece:
        """Something that can take one more script: nothing but the time stands above it."""
        piece = self.at(LETTER)
        only_time = not piece.sup or (piece.sup[0] == "(" and piece.sup[-1] == ")")
        return piece if only_time else piece.in_parentheses()

    def in_parentheses(self) -> Piece:
        return Piece(rf"\left({self}\right)", LETTER)


def letter(latex: str) -> Piece:
    """W_{xf} as the letter W with the subscript xf."""
    scripts = {"_": "", "^": ""}
    rest = latex
    while match := re.fullmatch(r"(.+?)([_^])(\{(?:[^{}]|\{[^{}]*\})*\}|\\[A-Za-z]+|[^\\{}])", rest, re.DOTALL):
        rest, kind, script = match.groups()
        scripts[kind] = script.removeprefix("{").removesuffix("}") if script[0] == "{" else script
    if rest.count("{") != rest.count("}") or re.search(r"[_^]", re.sub(r"\{[^{}]*\}", "", rest)):
        return Piece(f"{{{latex}}}", LETTER)
    if rest.endswith("'"):
        bare = rest.rstrip("'")
        rest, scripts["^"] = bare, r"\prime" * (len(rest) - len(bare)) + scripts["^"]
    return Piece(rest, LETTER, scripts["_"], scripts["^"])


def timed(piece: Piece, time: str) -> Piece:
    return replace(piece, sup=f"{piece.sup}({time})")


def fraction(above: object, below: object) -> Piece:
    return Piece(rf"\frac{{{above}}}{{{below}}}")


def juxtaposed(left: Piece, right: Piece, between: str = " ") -> Piece:
    """left right; a big operator may stand last, and then stays open."""
    a = left.in_parentheses() if left.is_open else left.at(PRODUCT)
    b = right if right.binds == BIG else right.at(PRODUCT)
    return Piece(f"{a}{between}{b}", min(b.binds, PRODUCT), is_open=b.is_open)


def joined(left: Piece, operator: str, right: Piece) -> Piece:
    """left ⊙ right; associative, so that a chain needs no parentheses, but ⊙ and ⊗ do not mix."""
    other = r"\otimes" if operator == r"\odot" else r"\odot"
    a, b = (p.at(CLOSED) if p.binds == ODOT and other in p.body else p for p in (left.at(ODOT), right))
    b = b if b.binds == BIG else b.at(ODOT)
    return Piece(f"{a} {operator} {b}", min(b.binds, ODOT), is_open=b.is_open)


def big(operator: str, lower: str, upper: str, body: Piece) -> Piece:
    limits = (f"_{{{lower}}}" if lower else "") + (f"^{{{upper}}}" if upper else "")
    return Piece(f"{operator}{limits} {body.at(BIG)}", BIG, is_open=True)
