r"""The levels of the grammar: sums of terms, terms of factors, and what a factor may begin with."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from symbolic.reader.syntax.brackets import braced, environment, group, norm
from symbolic.reader.syntax.fractions import differential, fraction, nabla, quotient
from symbolic.reader.syntax.letters import accented, braces, function, letter, styled, texted
from symbolic.reader.syntax.nodes import (
    Big,
    Derivative,
    Differential,
    Dots,
    Group,
    Infix,
    Name,
    Node,
    Number,
    Scripted,
    Sum,
    Tight,
    Tokens,
)
from symbolic.reader.syntax.parsing import Grammar, Parsing
from symbolic.reader.syntax.rows import split
from symbolic.reader.syntax.vocabulary import (
    ACCENTS,
    DOTS,
    FRACTIONS,
    FUNCTIONS,
    GREEK,
    NORMS,
    OPENING,
    OPERATORS,
    STYLES,
    SWITCHES,
    TEXTS,
)
from symbolic.reader.tokens import SIZES, Unread, plain


def parse(tokens: Tokens, grammar: Grammar) -> Node:
    """The syntax tree of one expression; raises Unread."""
    return Parser(tokens, grammar).whole()


class Parser(Parsing):
    """Reads one expression; each level takes what binds tighter from the one below."""

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
                left = self.divided(at, left)
            elif self.text() == "-":
                self.next()
                left = Infix(at, operator, left, Sum(self.at, ((-1, self.tight()),)))
            else:
                left = Infix(at, operator, left, self.operand())
            if isinstance(left, Infix) and takes_bare_product(left.left):
                raise Unread(
                    left.left.at, f"whether the derivative takes what follows {operator} is not said: write brackets"
                )
        return left

    def operand(self) -> Node:
        """What stands on the right of ⊙ or ·: ∂a/∂b is one thing there, however loosely / binds otherwise."""
        at, right = self.at, self.tight()
        while self.text() == "/" and isinstance(right.factors[-1] if isinstance(right, Tight) else right, Differential):
            self.next()
            right = self.divided(at, right)
        return right

    def divided(self, at: int, left: Node) -> Node:
        """A quotient, and what stands beside it; of ∂a ∂b/∂c the last factor alone stands over the line."""
        *before, above = left.factors if isinstance(left, Tight) else (left,)
        if not isinstance(above, Differential):
            before, above = [], left
        whole = [*before, quotient(self, at, above, self.factor()), *self.factors()]
        return whole[0] if len(whole) == 1 else self.juxtaposed(at, whole)

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
                applied = replace(factor, of=self.juxtaposed(rest[0].at, rest), is_operator=True)
                return self.juxtaposed(at, [*factors[:position], applied])
        return factors[0] if len(factors) == 1 else Tight(at, tuple(factors))

    def factor(self) -> Node:
        self.skip_nothing()
        token = self.next()
        text, at = token.text, token.at
        if text in NORMS:
            return norm(self, token)
        if text in SIZES:
            return self.factor()
        if text in SWITCHES:
            self.style = SWITCHES[text]
            return self.factor()
        if token.kind == "number":
            number = self.scripted(Number(at, Fraction(text)))
            return of_ones(number) if text == "1" and isinstance(number, Scripted) else number
        if text == "{":
            return self.scripted(braces(self, at))
        if text == r"\left" or text in OPENING:
            return self.scripted(group(self, token))
        if text in FRACTIONS:
            return self.scripted(fraction(self, at))
        if text in FUNCTIONS:
            return function(self, at, FUNCTIONS[text])
        if text in TEXTS:
            return texted(self, at)
        if text in STYLES:
            return styled(self, at, STYLES[text])
        if text in ACCENTS:
            return accented(self, at, ACCENTS[text])
        if text in {r"\color", r"\textcolor", r"\colorbox"}:
            self.argument()
            return self.factor()
        if text == r"\boxed":
            return self.scripted(Group(at, (self.inside(self.argument()),), (), "{"))
        if text in {r"\underbrace", r"\overbrace"}:
            return braced(self, at)
        if text in {r"\sum", r"\prod"}:
            return self.big(at, text)
        if text == r"\nabla":
            return nabla(self, at)
        if text == r"\partial":
            return differential(self, at, "∂")
        if text == r"\begin":
            return self.scripted(environment(self, at))
        if text in DOTS:
            return Dots(at)
        if text in {r"\sqrt", "√"}:
            raise Unread(at, "roots are not in the grammar: what holds of a square may be written with the square")
        if token.kind == "letter" or text in GREEK:
            return letter(self, token)
        raise Unread(at, f"{text} is not in the grammar")

    def skip_nothing(self) -> None:
        r"""Past {} and \mathit{}, which only keep a distance, where something follows."""
        ahead = int(self.text() in STYLES)
        while (self.text(ahead), self.text(ahead + 1)) == ("{", "}") and self.text(ahead + 2):
            self.position += ahead + 2
            ahead = int(self.text() in STYLES)

    def big(self, at: int, operator: str) -> Node:
        lower, upper = self.scripts()
        is_negative = operator == r"\sum" and self.text() == "-"
        self.position += is_negative
        whole = Sum(self.at, ((-1, self.term()),)) if is_negative else self.term()
        letters = split(lower, {","})
        if len(letters) < 2 or upper or any(len(each) != 1 for each in letters) or operator != r"\sum":
            return Big(at, operator, lower, upper, whole)
        for each in reversed(letters):  # Σ_{i,j} is Σ_i Σ_j
            whole = Big(at, operator, each, (), whole)
        return whole


def of_ones(one: Scripted) -> Node:
    r"""1_{i=j} and 1^\top are written with the 1 that stands for a vector."""
    is_vector = "=" in [t.text for t in one.sub] or plain(one.sup) in {r"\top", "T", r"\intercal"}
    return Name(one.at, "1", "bb", one.sub, one.sup) if is_vector else one


def takes_bare_product(node: Node) -> bool:
    """Whether a term ends in ∂/∂x before something without brackets."""
    last = node.factors[-1] if isinstance(node, Tight) else node
    return isinstance(last, Derivative) and last.is_operator and not isinstance(last.of, Group)
