r"""Tokens -> a small syntax tree.

In:  the tokens of one expression, and what only the declarations can say of its grammar:
     which names are called like functions, and whether `d x` is a differential.
Out: a `Node`; every node knows its offset.  Raises `Unread`, with the offset, for whatever
     is not in the grammar: nothing is dropped.

    sum     = [±] term (± term)*
    term    = tight (⊙ | ∘ | ⊗ | · | × | ∗ | : | / tight)*
    tight   = factor factor …                  juxtaposition binds tighter
    factor  = atom, with sub- and superscripts; Σ and ∏ take the rest of their term

What a subscript means (time, entry, part of a name) is decided later: scripts stay tokens.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from symbolic.reader.tokens import SIZES, WORDS, Token, Unread, plain

DEEPEST = 40
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
    """∂of/∂by; without `of` it acts on what follows."""

    d: str
    of: Node | None
    by: Node


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


@dataclass(frozen=True)
class Grammar:
    """What the declarations say of the grammar.

    `called` are names that are called like functions, `depends` what may stand in parentheses
    after a name to say on what it depends; with `d`, d x is one thing.
    """

    called: frozenset[str] = frozenset()
    d: bool = False
    depends: frozenset[str] = frozenset()


OPERATORS = {
    r"\odot": "⊙", r"\circ": "∘", r"\otimes": "⊗", r"\cdot": "·", r"\times": "×", "*": "*", r"\ast": "*", ":": ":",
    "/": "/", r"\bullet": "∘", r"\star": "*", r"\oslash": "⊘",
}  # fmt: skip
STYLES = {
    r"\mathbf": "bf", r"\boldsymbol": "bf", r"\bm": "bf", r"\pmb": "bf", r"\bold": "bf", r"\textbf": "bf",
    r"\mathrm": "rm", r"\mathit": "", r"\mathsf": "sf", r"\mathcal": "cal", r"\mathscr": "cal", r"\mathbb": "bb",
    r"\mathfrak": "frak",
}  # fmt: skip
SWITCHES = {r"\bf": "bf", r"\rm": "rm", r"\it": "", r"\cal": "cal"}
ACCENTS = {r"\hat": r"\hat", r"\widehat": r"\hat", r"\bar": r"\bar", r"\overline": r"\bar", r"\tilde": r"\tilde",
           r"\widetilde": r"\tilde", r"\vec": "", r"\dot": r"\dot"}  # fmt: skip
TEXTS = frozenset({r"\text", r"\mbox", r"\textrm", r"\textit", r"\hbox", r"\operatorname", r"\mathop"})
FRACTIONS = frozenset({r"\frac", r"\dfrac", r"\tfrac", r"\cfrac"})
FUNCTIONS = {mark + word: word for word in WORDS for mark in ("", "\\")}
FUNCTIONS |= {
    mark + word: known for mark in ("", "\\") for word, known in (("Tr", "trace"), ("tr", "trace"), ("ln", "log"))
}
GREEK = frozenset(
    rf"\{name}"
    for name in [
        "alpha",
        "beta",
        "gamma",
        "delta",
        "epsilon",
        "varepsilon",
        "zeta",
        "eta",
        "theta",
        "vartheta",
        "iota",
        "kappa",
        "lambda",
        "mu",
        "nu",
        "xi",
        "pi",
        "rho",
        "sigma",
        "tau",
        "phi",
        "varphi",
        "chi",
        "psi",
        "omega",
        "Gamma",
        "Delta",
        "Theta",
        "Lambda",
        "Xi",
        "Pi",
        "Sigma",
        "Phi",
        "Psi",
        "Omega",
        "ell",
        "upsilon",
    ]
)
DOTS = frozenset({r"\ldots", r"\dots", r"\vdots", r"\cdots", r"\ddots", r"\dotsc", r"\dotsb"})
MATRICES = frozenset(["matrix", "pmatrix", "bmatrix", "vmatrix", "Bmatrix", "smallmatrix", "array"])
CASES = frozenset({"cases", "rcases", "dcases"})
OPENING = {"(": ")", "[": "]", r"\{": r"\}", r"\lbrack": r"\rbrack", r"\langle": r"\rangle", r"\lbrace": r"\rbrace"}
CLOSING = frozenset(OPENING.values())


def parse(tokens: Tokens, grammar: Grammar) -> Node:
    """The syntax tree of one expression; raises Unread."""
    parser = _Parser(tokens, grammar)
    node = parser.sum()
    if (token := parser.peek()) is not None:
        raise Unread(token.at, f"{token} is not expected here")
    return node


class _Parser:
    def __init__(self, tokens: Tokens, grammar: Grammar, depth: int = 0) -> None:
        self.tokens, self.grammar, self.depth = tokens, grammar, depth
        self.position = 0
        self.style = ""

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
        return self.tokens[-1].at + len(self.tokens[-1].text) if self.tokens else 0

    def next(self) -> Token:
        token = self.peek()
        if token is None:
            raise Unread(self.at, "the formula ends where more is expected")
        self.position += 1
        return token

    def inside(self, tokens: Tokens) -> Node:
        """The expression that these tokens are."""
        if not tokens:
            raise Unread(self.at, "nothing stands in the brackets")
        return self.within(tokens).whole()

    def within(self, tokens: Tokens) -> _Parser:
        if self.depth >= DEEPEST:
            raise Unread(tokens[0].at if tokens else self.at, f"nested more than {DEEPEST} deep")
        return _Parser(tokens, self.grammar, self.depth + 1)

    def whole(self) -> Node:
        node = self.sum()
        if (token := self.peek()) is not None:
            raise Unread(token.at, f"{token} is not expected here")
        return node

    # The four levels

    def sum(self) -> Node:
        at, parts = self.at, []
        sign = 1
        while self.text() in {"+", "-"}:
            sign *= -1 if self.next().text == "-" else 1
        parts.append((sign, self.term()))
        while self.text() in {"+", "-"}:
            sign = -1 if self.next().text == "-" else 1
            while self.text() in {"+", "-"}:
                sign *= -1 if self.next().text == "-" else 1
            parts.append((sign, self.term()))
        return parts[0][1] if len(parts) == 1 and parts[0][0] == 1 else Sum(at, tuple(parts))

    def term(self) -> Node:
        at, left = self.at, self.tight()
        while self.text() in OPERATORS or (self.text() in SIZES and self.text(1) == "/"):
            self.position += self.text() in SIZES
            operator = OPERATORS[self.next().text]
            while self.text() == "{" and self.text(1) == "}":
                self.position += 2
            if operator == "/":
                sized = self.tight() if isinstance(left, Differential) else self.factor()
                left = self.quotient(at, left, sized)
                if self.begins_factor():
                    left = self.juxtaposed(at, [left, *self.factors()])
            elif self.text() == "-":
                self.next()
                left = Infix(at, operator, left, Sum(self.at, ((-1, self.tight()),)))
            else:
                left = Infix(at, operator, left, self.tight())
        return left

    def tight(self) -> Node:
        at = self.at
        return self.juxtaposed(at, self.factors(at_least=1))

    def factors(self, at_least: int = 0) -> list[Node]:
        found: list[Node] = []
        while self.begins_factor() or len(found) < at_least:
            found.append(self.factor())
        return found

    def juxtaposed(self, at: int, factors: list[Node]) -> Node:
        """Factors side by side; an operator ∂/∂x acts on all that follow it."""
        for position, factor in enumerate(factors):
            if isinstance(factor, Derivative) and factor.of is None:
                rest = factors[position + 1 :]
                if not rest:
                    raise Unread(factor.at, "a derivative of nothing")
                applied = replace(factor, of=self.juxtaposed(rest[0].at, rest))
                return self.juxtaposed(at, [*factors[:position], applied])
        return factors[0] if len(factors) == 1 else Tight(at, tuple(factors))

    def begins_factor(self) -> bool:
        text = self.text()
        return bool(text) and text not in OPERATORS and text not in ENDS and text not in CLOSING and not self.closes()

    def closes(self) -> bool:
        """A sized delimiter that closes, or a sized slash."""
        return (self.text() in SIZES and self.text(1) in CLOSING | {"/", "|"}) or self.text() == r"\right"

    # Factors

    def factor(self) -> Node:
        token = self.next()
        text, at = token.text, token.at
        if text in SIZES:
            return self.factor()
        if text in SWITCHES:
            self.style = SWITCHES[text]
            return self.factor()
        if token.kind == "number":
            return self.scripted(Number(at, Fraction(text)))
        if text == "{":
            return self.scripted(self.braces(at))
        if text == r"\left" or text in OPENING:
            return self.scripted(self.group(token))
        if text in FRACTIONS:
            return self.scripted(self.fraction(at))
        if text in FUNCTIONS:
            return self.function(at, FUNCTIONS[text])
        if text in TEXTS:
            return self.text_factor(at)
        if text in STYLES:
            return self.styled(at, STYLES[text])
        if text in ACCENTS:
            return self.accented(at, ACCENTS[text])
        if text in {r"\color", r"\textcolor", r"\colorbox"}:
            self.argument()
            return self.factor()
        if text in {r"\underbrace", r"\overbrace"}:
            return self.braced(at)
        if text in {r"\sum", r"\prod"}:
            return self.big(at, text)
        if text == r"\nabla":
            return self.nabla(at)
        if text == r"\partial":
            return self.differential(at, "∂")
        if text == r"\begin":
            return self.scripted(self.environment(at))
        if text in DOTS:
            return Dots(at)
        if token.kind == "letter" or text in GREEK:
            return self.letter(token)
        raise Unread(at, f"{text} is not in the grammar")

    def letter(self, token: Token) -> Node:
        if token.text == "d" and self.grammar.d and self.begins_name():
            return self.differential(token.at, "d")
        return self.named(Name(token.at, token.text, self.style))

    def begins_name(self) -> bool:
        token = self.peek()
        return token is not None and (
            token.kind == "letter" or token.text in GREEK or token.text in STYLES or token.text in ACCENTS
        )

    def named(self, name: Name) -> Node:
        """A name with its scripts, and what it is called with."""
        node = self.scripted(name)
        if self.grammar.depends and self.opens():
            start = self.position
            group = self.group(self.next())
            if not isinstance(group, Group) or plain(group.latex) not in self.grammar.depends:
                self.position = start
        if isinstance(node, Name) and self.opens() and (self.is_called(node) or self.is_slice()):
            group = self.group(self.next())
            node = self.scripted(replace(node, call=group)) if isinstance(group, Group) else node
        return node

    def is_called(self, name: Name) -> bool:
        return name.base in self.grammar.called or str(replace(name, sup=())) in self.grammar.called

    def is_slice(self) -> bool:
        """Whether (: or , : follows, as in W(:, j)."""
        ahead = [token.text for token in self.tokens[self.position : self.position + 5]]
        return ":" in ahead and "," in ahead and ahead[ahead.index(":") - 1] in {"(", "[", ","}

    def opens(self) -> bool:
        ahead = 1 if self.text() in SIZES or self.text() == r"\left" else 0
        return self.text(ahead) in {"(", "["}

    def braces(self, at: int) -> Node:
        content = self.upto("}", at)
        if content and content[0].text in SWITCHES and all(t.kind == "letter" for t in content[1:]):
            word = plain(content[1:])
            if word in FUNCTIONS:
                return self.function(at, FUNCTIONS[word])
        return self.inside(content)

    def fraction(self, at: int) -> Node:
        above, below = self.argument(), self.argument()
        return self.quotient(at, self.numerator(above), self.numerator(below))

    def numerator(self, tokens: Tokens) -> Node:
        """Over and under a fraction's line ∂ and d take all that follows."""
        if not tokens:
            raise Unread(self.at, "nothing stands above or below the line")
        d, rest = _differential(tokens)
        if d:
            return Differential(tokens[0].at, d, self.inside(rest) if rest else None)
        return self.inside(tokens)

    def quotient(self, at: int, above: Node, below: Node) -> Node:
        if isinstance(below, Differential) and below.arg is not None and isinstance(above, Differential):
            return Derivative(at, above.d if "+" in above.d else below.d, above.arg, below.arg)
        if isinstance(below, Differential) and below.d == "d" and _spells_d(above):
            return Derivative(at, "d", None, below.arg) if below.arg else Quotient(at, above, below)
        return Quotient(at, above, below)

    def differential(self, at: int, d: str) -> Node:
        if self.text() == "^":
            self.next()
            if plain(self.argument()) != "+":
                raise Unread(at, "a higher derivative is not in the grammar")
            d += "+"
        return Differential(at, d, self.factor())

    def function(self, at: int, name: str) -> Node:
        sub, sup = self.scripts()
        if sub:
            raise Unread(sub[0].at, f"a subscript of {name} is not in the grammar")
        return self.applied(at, name, sup)

    def applied(self, at: int, name: str, power: Tokens) -> Node:
        if not (self.begins_factor() or self.text() in SIZES):
            return Name(at, name, "function", sup=power)
        argument = self.function_argument(name, at)
        node: Node = Applied(at, name, argument, power)
        return self.scripted(node) if isinstance(argument, Group | Matrix) else node

    def function_argument(self, name: str, at: int) -> Node:
        if self.opens() or self.text() == r"\{" or self.text() in SIZES:
            return self.group(self.next())
        if self.text() == "{" or self.text() == r"\begin":
            token = self.next()
            return self.braces(token.at) if token.text == "{" else self.environment(token.at)
        first = self.factor()
        if isinstance(first, Number) and self.begins_name():
            return Tight(first.at, (first, self.factor()))
        return first

    def text_factor(self, at: int) -> Node:
        content = self.argument()
        word = plain(content).strip()
        if word in FUNCTIONS:
            return self.function(at, FUNCTIONS[word])
        if len(content) == 1 and content[0].kind == "letter":
            return self.named(Name(at, word, "rm"))
        if word in self.grammar.called or self.opens():
            return self.named(Name(at, word, "rm"))
        raise Unread(at, f"“{word}” inside the formula is not in the grammar")

    def styled(self, at: int, style: str) -> Node:
        content = self.argument()
        word = plain(content)
        if style == "rm" and word in FUNCTIONS:
            return self.function(at, FUNCTIONS[word])
        if style == "rm" and word == "d" and self.grammar.d and self.begins_name():
            return self.differential(at, "d")
        if len(content) == 1 and (content[0].kind in {"letter", "number"} or content[0].text in GREEK):
            return self.named(Name(at, word, style))
        if style in {"rm", "sf"} and all(t.kind == "letter" for t in content):
            return self.named(Name(at, word, style))
        inner = self.inside(content)
        if isinstance(inner, Name):
            return self.named(replace(inner, at=at, style=style))
        raise Unread(at, f"a letter is expected, not {word}")

    def accented(self, at: int, accent: str) -> Node:
        inner = self.inside(self.argument())
        if not isinstance(inner, Name):
            raise Unread(at, "an accent stands on something that is not a letter")
        base = f"{accent}{{{inner.base}}}" if accent else inner.base
        return self.named(replace(inner, at=at, base=base))

    def braced(self, at: int) -> Node:
        body = self.inside(self.argument())
        sub, sup = self.scripts()
        label = sub or sup
        if label and label[0].text == "=":
            return Braced(at, body, self.inside(label[1:]))
        return Group(at, (body,), (), "{")

    def big(self, at: int, operator: str) -> Node:
        lower, upper = self.scripts()
        return Big(at, operator, lower, upper, self.term())

    def nabla(self, at: int) -> Node:
        sub, sup = self.scripts()
        if not sub or sup:
            raise Unread(at, "∇ without what it differentiates by")
        return Nabla(at, sub, self.factor())

    # Brackets and environments

    def group(self, opening: Token) -> Node:
        """( … ), sized or not; ( … ) of one text alone is a remark and is read as such."""
        if opening.text == r"\left":
            opening = self.next()
            content = self.upto_right(opening.at)
        elif opening.text in SIZES:
            return self.group(self.next())
        else:
            content = self.upto(OPENING[opening.text], opening.at)
        if opening.text == "." or (content and content[0].text == r"\begin"):
            return self.inside(content)
        if opening.text not in OPENING:
            raise Unread(opening.at, f"{opening} as a bracket is not in the grammar")
        items = tuple(self.item(part) for part in _split(content, SEPARATORS))
        return Group(opening.at, items, content, opening.text)

    def item(self, tokens: Tokens) -> Node:
        if len(tokens) == 1 and tokens[0].text == ":":
            return Name(tokens[0].at, ":")
        return self.inside(tokens)

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

    def environment(self, at: int) -> Node:
        name = plain(self.argument()).removesuffix("*")
        content = self.upto_end(name, at)
        if name == "array":
            content = _without_argument(content)
        rows = [_split(row, {"&"}) for row in _split(content, ROWS)]
        if name in CASES or _is_cases(rows):
            return Cases(at, tuple(self.case(row, at) for row in rows if any(row)))
        if name not in MATRICES:
            raise Unread(at, f"the environment {name} inside an expression is not in the grammar")
        cells = tuple(tuple(self.inside(cell) for cell in row) for row in rows if any(row))
        if len({len(row) for row in cells}) > 1:
            raise Unread(at, "rows of different lengths")
        return Matrix(at, cells)

    def case(self, row: list[Tokens], at: int) -> tuple[Node, Tokens]:
        cells = [part for cell in row for part in _split(cell, {","}) if part]
        if len(cells) != 2:
            raise Unread(cells[0][0].at if cells else at, "a case is a value and its condition")
        return self.inside(cells[0]), cells[1]

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


ENDS = frozenset({"+", "-", "}", ",", ";", "|", r"\mid", "&", r"\\", r"\end", "=", r"\right", "_", "^", ".", "'"})
ROWS = frozenset({r"\\", r"\cr", r"\newline"})
SEPARATORS = frozenset({",", ";", "|", r"\mid"})


def unstyled(tokens: Tokens) -> str:
    """Tokens as one string without braces, white space and styles: how a script is looked up."""
    return "".join(t.text for t in tokens if t.text not in STYLES.keys() | SWITCHES.keys() | TEXTS | {"{", "}"})


def _differential(tokens: Tokens) -> tuple[str, Tokens]:
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


def _spells_d(node: Node) -> bool:
    return isinstance(node, Name) and node.base == "d" and not (node.sub or node.sup)


def _split(tokens: Tokens, at: frozenset[str] | set[str]) -> list[Tokens]:
    """The parts between separators that stand in no bracket."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += _depth(token)
        if token.text in at and depth == 0:
            parts.append([])
        else:
            parts[-1].append(token)
    return [tuple(part) for part in parts]


def _depth(token: Token) -> int:
    if token.text in {"{", r"\begin", r"\left"} or token.text in OPENING:
        return 1
    return -1 if token.text in {"}", r"\end", r"\right"} or token.text in CLOSING else 0


def _without_argument(tokens: Tokens) -> Tokens:
    """An array without its column specification."""
    if tokens and tokens[0].text == "{":
        depth = 0
        for position, token in enumerate(tokens):
            depth += {"{": 1, "}": -1}.get(token.text, 0)
            if depth == 0:
                return tokens[position + 1 :]
    return tokens


def _is_cases(rows: list[list[Tokens]]) -> bool:
    """Each row a value, a comma, a condition."""
    full = [row for row in rows if any(row)]
    conditions = {"=", r"\neq", r"\ne"}
    return bool(full) and all(
        len(parts := [p for cell in row for p in _split(cell, {","}) if p]) == 2
        and any(t.text in conditions for t in parts[1])
        for row in full
    )
