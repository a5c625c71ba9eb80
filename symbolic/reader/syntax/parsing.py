r"""Where a parser stands in its tokens, and how it takes the next of them.

The forms of the grammar (letters, functions, fractions, brackets) are functions of a `Parsing`;
the levels that they call back are `parser`'s.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

from symbolic.reader.syntax.nodes import Name, Node, Scripted, Tokens
from symbolic.reader.syntax.vocabulary import ACCENTS, CLOSING, ENDS, GREEK, OPENING, OPERATORS, STYLES, TEXTS
from symbolic.reader.tokens import SIZES, Token, Unread, plain

DEEPEST = 40


@dataclass(frozen=True)
class Grammar:
    """What the declarations say of the grammar.

    `called` are names that are called like functions, `depends` what may stand in parentheses
    after a name to say on what it depends; with `d`, d x is one thing; `varied` are letters X of names dX.
    """

    called: frozenset[str] = frozenset()
    d: bool = False
    depends: frozenset[str] = frozenset()
    varied: frozenset[str] = frozenset()


class Parsing(ABC):
    """Tokens, a place among them, and the style of letters that a switch has set."""

    def __init__(self, tokens: Tokens, grammar: Grammar, depth: int = 0) -> None:
        self.tokens, self.grammar, self.depth = tokens, grammar, depth
        self.position = 0
        self.style = ""

    @abstractmethod
    def sum(self) -> Node:
        """The expression from here on."""

    @abstractmethod
    def term(self) -> Node:
        """The summand from here on."""

    @abstractmethod
    def factor(self) -> Node:
        """The factor that comes next."""

    # Looking ahead

    def peek(self, ahead: int = 0) -> Token | None:
        place = self.position + ahead
        return self.tokens[place] if place < len(self.tokens) else None

    def text(self, ahead: int = 0) -> str:
        token = self.peek(ahead)
        return "" if token is None else token.text

    @property
    def at(self) -> int:
        if self.position < len(self.tokens):
            return self.tokens[self.position].at
        return self.tokens[-1].end if self.tokens else 0

    def next(self) -> Token:
        token = self.peek()
        if token is None:
            raise Unread(self.at, "the formula ends where more is expected")
        self.position += 1
        return token

    def begins_factor(self) -> bool:
        text = self.text()
        return bool(text) and text not in OPERATORS and text not in ENDS and text not in CLOSING and not self.closes()

    def closes(self) -> bool:
        """A sized delimiter that closes, or a sized slash."""
        return (self.text() in SIZES and self.text(1) in CLOSING | {"/", "|"}) or self.text() == r"\right"

    def begins_name(self) -> bool:
        token = self.peek()
        return token is not None and (
            token.kind == "letter" or token.text in GREEK or token.text in STYLES or token.text in ACCENTS
        )

    def opens(self) -> bool:
        ahead = 1 if self.text() in SIZES or self.text() == r"\left" else 0
        return self.text(ahead) in {"(", "["}

    # Taking what belongs together

    def argument(self) -> Tokens:
        token = self.next()
        if token.text != "{":
            if token.kind == "number" and len(token.text) > 1 and token.text.isdigit():
                first = replace(token, text=token.text[0])
                rest = replace(token, text=token.text[1:], at=token.at + 1)
                self.tokens = (*self.tokens[: self.position - 1], first, rest, *self.tokens[self.position :])
                return (first,)
            if token.text in STYLES | ACCENTS | dict.fromkeys(TEXTS, ""):
                start = self.position - 1
                self.argument()
                return self.tokens[start : self.position]
            return (token,)
        return self.upto("}", token.at)

    def scripts(self) -> tuple[Tokens, Tokens]:
        sub: Tokens = ()
        sup: Tokens = ()
        while self.text() in {"_", "^", "'", r"\prime"}:
            token = self.next()
            if token.text in {"'", r"\prime"}:
                sup += (replace(token, text="'"),)
            elif token.text == "_":
                if sub:
                    raise Unread(token.at, "a second subscript")
                sub = self.argument()
            else:
                sup += self.argument()
        return sub, sup

    def scripted(self, node: Node) -> Node:
        sub, sup = self.scripts()
        if not (sub or sup):
            return node
        if isinstance(node, Name) and not (node.sub or node.sup or node.call):
            return replace(node, sub=sub, sup=sup)
        return self.scripted(Scripted(node.at, node, sub, sup))

    def upto(self, closing: str, at: int) -> Tokens:
        """Everything up to the bracket that closes what was opened."""
        opening = {"}": "{"}.get(closing) or next(o for o, c in OPENING.items() if c == closing)
        depth, start = 1, self.position
        braces = 0
        while (token := self.peek()) is not None:
            self.position += 1
            if closing != "}":
                braces += {"{": 1, "}": -1}.get(token.text, 0)
            depth += (token.text == opening and not braces) - (token.text == closing and not braces)
            if depth == 0:
                end = self.position - 1
                while end > start and self.tokens[end - 1].text in SIZES:
                    end -= 1
                return self.tokens[start:end]
        raise Unread(at, f"{opening} is not closed")

    def upto_right(self, at: int) -> Tokens:
        depth, start = 1, self.position
        while (token := self.peek()) is not None:
            self.position += 1
            depth += {r"\left": 1, r"\right": -1}.get(token.text, 0)
            if depth == 0:
                end = self.position - 1
                self.next()
                return self.tokens[start:end]
        raise Unread(at, r"\left without \right")

    def upto_end(self, name: str, at: int) -> Tokens:
        depth, start = 1, self.position
        while (token := self.peek()) is not None:
            self.position += 1
            depth += {r"\begin": 1, r"\end": -1}.get(token.text, 0)
            if depth == 0:
                end = self.position - 1
                if plain(self.argument()).removesuffix("*") != name:
                    raise Unread(token.at, f"\\end of another environment than {name}")
                return self.tokens[start:end]
        raise Unread(at, rf"\begin{{{name}}} without its end")

    def inside(self, tokens: Tokens) -> Node:
        """The expression that these tokens are."""
        if not tokens:
            raise Unread(self.at, "nothing stands in the brackets")
        return self.within(tokens).whole()

    def within(self, tokens: Tokens) -> Parsing:
        if self.depth >= DEEPEST:
            raise Unread(tokens[0].at if tokens else self.at, f"nested more than {DEEPEST} deep")
        return type(self)(tokens, self.grammar, self.depth + 1)

    def whole(self) -> Node:
        node = self.sum()
        if (token := self.peek()) is not None:
            raise Unread(token.at, f"{token} is not expected here")
        return node
