"""Sub- and superscripts: entries, powers, transposes."""

from __future__ import annotations

from dataclasses import replace

from symbolic import terms as f
from symbolic.notation import Axis, Index, Subscript
from symbolic.reader.canonical import distinct
from symbolic.reader.readings import Misfit, Reading, mapped, transposed
from symbolic.reader.resolve.hyperbolic import squared
from symbolic.reader.resolve.resolving import Resolving
from symbolic.reader.syntax.nodes import Tokens
from symbolic.reader.syntax.vocabulary import STYLES
from symbolic.reader.tokens import Token, Unread, plain
from symbolic.terms import Term

TRANSPOSES = frozenset(
    {"T", r"\top", r"\intercal", r"\mathsf{T}", r"\mathsfT", r"\mathrmT", r"\rmT", "'", r"{\rmT}", r"\textT", "⊤"}
)


def scripted(resolver: Resolving, at: int, found: list[Reading], sub: Tokens, sup: Tokens) -> list[Reading]:
    """Subscripts name an entry, superscripts a power or a transpose."""
    if sub:
        found = resolver.all(lambda r: [entry(resolver, r, sub, at)], found)
    above = plain(sup)
    if not above:
        return found
    if above in TRANSPOSES:
        if above in {"T", "'"} and all(r.is_scalar for r in found):
            raise Unread(sup[0].at, f"{above} above a number is no transpose")
        return [transposed(r) for r in found]
    power = above.removeprefix(r"\odot").removeprefix(r"\circ")
    if power.lstrip("-").isdigit():
        n, by_entries = int(power), above != power
        return distinct(r for each in found for r in powers(resolver, each, n, by_entries, sup[0].at))
    raise Unread(sup[0].at, f"the superscript {above} is not in the grammar")


def powers(resolver: Resolving, r: Reading, n: int, by_entries: bool, at: int) -> list[Reading]:
    """x^n entry by entry; where nothing else conforms, x² of a vector is xᵀx; of a square matrix it is not said."""
    if abs(n) > 16:
        raise Unread(at, f"the power {n} is not in the grammar")
    is_matrix = r.rank > 1 and not by_entries
    if is_matrix and (n < 0 or (len(set(r.axes)) == 1 and not isinstance(r.term, f.Diag))):
        raise Unread(at, f"the power {n} of a matrix is not in the grammar: write a product, or ⊙ for entries")
    plain_power = mapped(r, lambda x: squared(f.Pow(x, n)))
    if (
        resolver.inner_squares
        and r.rank == 1
        and n == 2
        and not by_entries
        and resolver.scope.beside in {"any", "inner"}
    ):
        return [plain_power, Reading(f.MatMul(r.array, r.array))]
    return [plain_power]


def entry(resolver: Resolving, r: Reading, sub: Tokens, at: int) -> Reading:
    if not isinstance(r.term, Term):
        raise Unread(at, "an entry of a matrix that is written out")
    subscripts = subscripts_of(resolver, sub, r.axes)
    return Reading(f.Entry(r.term, subscripts))


def subscripts_of(resolver: Resolving, tokens: Tokens, axes: tuple[Axis, ...]) -> tuple[Subscript, ...]:
    """Each letter or digit a subscript of its axis; raises Unread."""
    parts: list[Token] = []
    for token in tokens:
        if token.text in {",", "{", "}"} or token.text in STYLES:
            continue
        if token.kind == "number" and len(axes) > 1 and len(token.text) > 1 and len(tokens) == 1:
            parts += [replace(token, text=digit) for digit in token.text]
        elif token.text == "'" and parts:
            parts[-1] = replace(parts[-1], text=parts[-1].text + "'")
        else:
            parts.append(token)
    if len(parts) != len(axes):
        raise Unread(tokens[0].at, f"{plain(tokens)} names {len(parts)} subscripts of {len(axes)}")
    return tuple(subscript_of(resolver, token, axis) for token, axis in zip(parts, axes, strict=True))


def subscript_of(resolver: Resolving, token: Token, axis: Axis) -> Subscript:
    if token.text.isdigit():
        if not 1 <= int(token.text) <= axis.size:
            raise Misfit(token.at, f"entry {token.text}", f"{axis} has {axis.size}", "an entry")
        return int(token.text)
    if resolver.bound.get(token.text) == "step":
        raise Unread(token.at, f"{token.text} runs over steps here, and counts no entry")
    if resolver.bound.get(token.text) == "index" or token.text in resolver.scope.indices:
        fixed = None if resolver.bound.get(token.text) == "index" else resolver.scope.indices[token.text]
        if fixed is not None and fixed != axis:
            raise Misfit(token.at, f"{token.text} over {fixed}", str(axis), "a subscript")
        return Index(letter_of(token.text), axis)
    raise Unread(token.at, f"{token.text} is not declared as a subscript")


def letter_of(text: str) -> str:
    return text.lstrip("\\")
