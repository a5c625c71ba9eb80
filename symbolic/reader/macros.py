r"""\newcommand, \def and \DeclareMathOperator, expanded in tokens.

In:  the texts of a document without comments; then the tokens of a formula.
Out: `Macros`, and the tokens with every macro replaced, within bounds: nothing a document
defines can grow without end.  A token that a macro makes stands where the macro was used.
What is defined in several ways, or in a way that is not in the grammar, is not expanded: `Unread`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

from symbolic.reader.tokens import Token, Unread, tokens

DEEPEST = 24
LONGEST = 20_000
MOST = 500


@dataclass(frozen=True)
class Macro:
    """How many arguments it takes and what it stands for; or `why` it is not known."""

    arguments: int
    body: tuple[Token, ...]
    why: str = ""


@dataclass(frozen=True)
class Macros:
    by_name: Mapping[str, Macro] = field(default_factory=dict)

    def expanded(self, given: tuple[Token, ...]) -> tuple[Token, ...]:
        """The tokens without macros; raises Unread where expansion goes too deep or too far."""
        return self._expand(given, DEEPEST, [LONGEST]) if self.by_name else given

    def _expand(self, given: tuple[Token, ...], depth: int, left: list[int]) -> tuple[Token, ...]:
        found: list[Token] = []
        position = 0
        while position < len(given):
            token = given[position]
            position += 1
            macro = self.by_name.get(token.text)
            if macro is None:
                found.append(token)
                left[0] -= 1
            else:
                if not depth:
                    raise Unread(token.at, f"the macro {token} is nested more than {DEEPEST} deep")
                if macro.why:
                    raise Unread(token.at, f"the macro {token} {macro.why}")
                arguments = []
                for _ in range(macro.arguments):
                    argument, position = _argument(given, position, token)
                    arguments.append(argument)
                body = _filled(macro.body, arguments, token.at, given[position - 1].end)
                left[0] -= len(body)
                found += self._expand(body, depth - 1, left)
            if left[0] < 0:
                raise Unread(token.at, f"the macros make more than {LONGEST:,} tokens of it")
        return tuple(found)


def macros(texts: Iterable[str]) -> Macros:
    """Every macro that the texts define."""
    found: dict[str, Macro] = {}
    for text in texts:
        for match in islice(_DEFINITION.finditer(text), MOST):
            name = match["name"] or match["defined"] or match["operator"] or match["let"]
            try:
                macro = _defined(text, match)
            except Unread:
                macro = UNKNOWN
            if macro is not None:
                found[name] = SEVERAL if name in found and not _is_same(found[name], macro) else macro
    return Macros(found)


UNKNOWN = Macro(0, (), "is defined in a way that is not in the grammar")
SEVERAL = Macro(0, (), "is defined in several ways: which one holds here is not in the grammar")


def _defined(text: str, match: re.Match[str]) -> Macro | None:
    """The macro that a definition makes; None where it has no end."""
    if match["let"] or match["default"] or re.sub(r"#\d|\s", "", match["pattern"] or ""):
        return UNKNOWN
    body = _braced(text, match.end())
    if body is None:
        return None
    count = int(match["count"] or 0) or len(re.findall(r"#\d", match["pattern"] or ""))
    return Macro(count, _parameters(tokens(rf"\operatorname{{{body}}}" if match["operator"] else body)))


def _is_same(one: Macro, other: Macro) -> bool:
    return (one.arguments, one.why, *(t.text for t in one.body)) == (
        other.arguments,
        other.why,
        *(t.text for t in other.body),
    )


_DEFINITION = re.compile(
    r"\\(?:re|provide)?(?:new)?command\*?\s*\{?\s*(?P<name>\\[A-Za-z]+)\s*\}?"
    r"\s*(?:\[(?P<count>\d)\])?\s*(?P<default>\[[^\]\n]*\])?\s*(?=\{)"
    r"|\\[egx]?def\s*(?P<defined>\\[A-Za-z]+)(?P<pattern>[^{}\\\n]*)(?=\{)"
    r"|\\DeclareMathOperator\*?\s*\{\s*(?P<operator>\\[A-Za-z]+)\s*\}\s*(?=\{)"
    r"|\\let\s*(?P<let>\\[A-Za-z]+)"
)


def _braced(text: str, start: int) -> str | None:
    depth = 0
    for position in range(start, min(len(text), start + LONGEST)):
        depth += {"{": 1, "}": -1}.get(text[position], 0) * (text[position - 1] != "\\")
        if depth == 0:
            return text[start + 1 : position]
    return None


def _parameters(body: tuple[Token, ...]) -> tuple[Token, ...]:
    """`#` and a number become one token."""
    found: list[Token] = []
    for token in body:
        if found and found[-1].text == "#" and token.kind == "number":
            found[-1] = Token(f"#{token.text}", token.at, "parameter")
        else:
            found.append(token)
    return tuple(found)


def _argument(given: tuple[Token, ...], position: int, macro: Token) -> tuple[tuple[Token, ...], int]:
    if position >= len(given):
        raise Unread(macro.at, f"the macro {macro} lacks an argument")
    if given[position].text != "{":
        return (given[position],), position + 1
    depth, start = 0, position
    for position in range(start, len(given)):
        depth += {"{": 1, "}": -1}.get(given[position].text, 0)
        if depth == 0:
            return given[start + 1 : position], position + 1
    raise Unread(macro.at, f"the argument of {macro} is not closed")


def _filled(body: tuple[Token, ...], arguments: list[tuple[Token, ...]], at: int, end: int) -> tuple[Token, ...]:
    found: list[Token] = []
    for token in body:
        if token.kind == "parameter":
            number = int(token.text[1:])
            found += arguments[number - 1] if 1 <= number <= len(arguments) else ()
        else:
            found.append(replace(token, at=at, end=end))
    return tuple(found)
