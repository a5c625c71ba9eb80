r"""Names with their accents, styles and arguments, and functions that are spelled out."""

from __future__ import annotations

from dataclasses import replace

from symbolic.reader.syntax.brackets import environment, group
from symbolic.reader.syntax.fractions import differential
from symbolic.reader.syntax.nodes import Applied, Group, Matrix, Name, Node, Number, Tight, Tokens
from symbolic.reader.syntax.parsing import Parsing
from symbolic.reader.syntax.vocabulary import FUNCTIONS, GREEK, SWITCHES
from symbolic.reader.tokens import SIZES, Token, Unread, plain

INDICATED = {"[": "]", "(": ")", r"\{": r"\}"}  # around i = j behind 1, which is 1 where it holds


def letter(parser: Parsing, token: Token) -> Node:
    if token.text == "d" and parser.text() in parser.grammar.varied:
        return named(parser, Name(token.at, f"d{parser.next()}"))
    if token.text == "d" and parser.grammar.d and parser.begins_name():
        return differential(parser, token.at, "d")
    return named(parser, Name(token.at, token.text, parser.style))


def named(parser: Parsing, name: Name) -> Node:
    """A name with its scripts, and what it is called with."""
    node = parser.scripted(name)
    if name.base == "1" and node == name and parser.text() in INDICATED:
        start, opening = parser.position, parser.next()
        content = parser.upto(INDICATED[opening.text], opening.at)
        if [token.text for token in content].count("=") == 1:
            return replace(name, sub=content)
        parser.position = start
    if parser.grammar.depends and parser.opens():
        start = parser.position
        remark = group(parser, parser.next())
        if not isinstance(remark, Group) or plain(remark.latex) not in parser.grammar.depends:
            parser.position = start
    if isinstance(node, Name) and parser.opens() and (is_called(parser, node) or is_slice(parser)):
        call = group(parser, parser.next())
        node = parser.scripted(replace(node, call=call if isinstance(call, Group) else Group(call.at, (call,), ())))
    return node


def is_called(parser: Parsing, name: Name) -> bool:
    return name.base in parser.grammar.called or str(replace(name, sup=())) in parser.grammar.called


def is_slice(parser: Parsing) -> bool:
    """Whether (: or , : follows, as in W(:, j)."""
    ahead = [token.text for token in parser.tokens[parser.position : parser.position + 5]]
    return ":" in ahead and "," in ahead and ahead[ahead.index(":") - 1] in {"(", "[", ","}


def accented(parser: Parsing, at: int, accent: str) -> Node:
    inner = parser.inside(parser.argument())
    if not isinstance(inner, Name):
        raise Unread(at, "an accent stands on something that is not a letter")
    base = f"{accent}{{{inner.base}}}" if accent else inner.base
    return named(parser, replace(inner, at=at, base=base))


def styled(parser: Parsing, at: int, style: str) -> Node:
    content = parser.argument()
    word = plain(content)
    if style == "rm" and word in FUNCTIONS:
        return function(parser, at, FUNCTIONS[word])
    if style == "rm" and word == "d" and parser.text() in parser.grammar.varied:
        return named(parser, Name(at, f"d{parser.next()}"))
    if style == "rm" and word == "d" and parser.grammar.d and parser.begins_name():
        return differential(parser, at, "d")
    if len(content) == 1 and (content[0].kind in {"letter", "number"} or content[0].text in GREEK):
        return named(parser, Name(at, word, style))
    if style in {"rm", "sf", ""} and content and all(t.kind == "letter" for t in content):
        return named(parser, Name(at, word, style))
    inner = parser.inside(content)
    if isinstance(inner, Name):
        return named(parser, replace(inner, at=at, style=style))
    raise Unread(at, f"a letter is expected, not {word}")


def texted(parser: Parsing, at: int) -> Node:
    content = parser.argument()
    word = plain(content).strip()
    if word in FUNCTIONS:
        return function(parser, at, FUNCTIONS[word])
    if len(content) == 1 and content[0].kind == "letter":
        return named(parser, Name(at, word, "rm"))
    if word in parser.grammar.called or parser.opens():
        return named(parser, Name(at, word, "rm"))
    raise Unread(at, f"“{word}” inside the formula is not in the grammar")


def braces(parser: Parsing, at: int) -> Node:
    content = parser.upto("}", at)
    if content and content[0].text in SWITCHES and all(t.kind == "letter" for t in content[1:]):
        word = plain(content[1:])
        if word in FUNCTIONS:
            return function(parser, at, FUNCTIONS[word])
    return parser.inside(content)


def function(parser: Parsing, at: int, name: str) -> Node:
    sub, sup = parser.scripts()
    if sub:
        raise Unread(sub[0].at, f"a subscript of {name} is not in the grammar")
    return applied(parser, at, name, sup)


def applied(parser: Parsing, at: int, name: str, power: Tokens) -> Node:
    if not (parser.begins_factor() or parser.text() in SIZES):
        return Name(at, name, "function", sup=power)
    argument = argument_of(parser, name, at)
    node: Node = Applied(at, name, argument, power)
    return parser.scripted(node) if isinstance(argument, Group | Matrix) else node


def argument_of(parser: Parsing, name: str, at: int) -> Node:
    if parser.opens() or parser.text() == r"\{" or parser.text() in SIZES:
        return group(parser, parser.next())
    if parser.text() == "{" or parser.text() == r"\begin":
        token = parser.next()
        return braces(parser, token.at) if token.text == "{" else environment(parser, token.at)
    first = parser.factor()
    if isinstance(first, Number) and parser.begins_name():
        first = Tight(first.at, (first, parser.factor()))
    if parser.begins_factor():
        raise Unread(parser.at, f"whether {name} takes this too is not said: write brackets")
    return first
