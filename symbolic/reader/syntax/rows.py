r"""Tokens cut at separators that stand in no bracket: the rows, cells and items of what is written in brackets."""

from __future__ import annotations

from symbolic.reader.syntax.nodes import Tokens
from symbolic.reader.syntax.vocabulary import CLOSING, OPENING
from symbolic.reader.tokens import Token


def split(tokens: Tokens, at: frozenset[str] | set[str]) -> list[Tokens]:
    """The parts between separators that stand in no bracket."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += depth_of(token)
        if token.text in at and depth == 0:
            parts.append([])
        else:
            parts[-1].append(token)
    return [tuple(part) for part in parts]


def depth_of(token: Token) -> int:
    if token.text in {"{", r"\begin", r"\left"} or token.text in OPENING:
        return 1
    return -1 if token.text in {"}", r"\end", r"\right"} or token.text in CLOSING else 0


def without_argument(tokens: Tokens) -> Tokens:
    """An array without its column specification."""
    if tokens and tokens[0].text == "{":
        depth = 0
        for position, token in enumerate(tokens):
            depth += {"{": 1, "}": -1}.get(token.text, 0)
            if depth == 0:
                return tokens[position + 1 :]
    return tokens


def is_cases_environment(rows: list[list[Tokens]]) -> bool:
    """Each row a value, a comma, a condition."""
    full = [row for row in rows if any(row)]
    conditions = {"=", r"\neq", r"\ne"}
    return bool(full) and all(
        len(parts := [p for cell in row for p in split(cell, {","}) if p]) == 2
        and any(t.text in conditions for t in parts[1])
        for row in full
    )
