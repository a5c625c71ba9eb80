"""What is written out in rows: a matrix of scalars, a distinction of cases."""

from __future__ import annotations

from itertools import pairwise

from symbolic import terms as f
from symbolic.reader.readings import Grid, Misfit, Reading
from symbolic.reader.resolve.resolving import Resolving
from symbolic.reader.resolve.scripts import subscript_of
from symbolic.reader.syntax.nodes import Node, Tokens
from symbolic.reader.syntax.vocabulary import TEXTS
from symbolic.reader.tokens import Token, Unread, plain

OTHERWISE = {"otherwise", "else", "sonst", "sinon"}


def matrix(resolver: Resolving, at: int, rows: tuple[tuple[Node, ...], ...]) -> list[Reading]:
    cells = []
    for row in rows:
        line = []
        for cell in row:
            scalars = [r for r in resolver.of(cell) if r.is_scalar]
            if not scalars:
                raise Unread(cell.at, "a block matrix is not in the grammar")
            line.append(scalars[0].term)
        cells.append(tuple(line))
    if not cells or not cells[0]:
        raise Unread(at, "a matrix without entries")
    if len(cells) == 1 and len(cells[0]) == 1:
        return [Reading(cells[0][0])]
    return [Reading(Grid(tuple(cells)))]  # type: ignore[arg-type]


def cases(resolver: Resolving, at: int, rows: tuple[tuple[Node, Tokens], ...]) -> list[Reading]:
    """a where i = j, b where i ≠ j, as δ_ij a + (1 − δ_ij) b."""
    if len(rows) != 2:
        raise Misfit(at, f"{len(rows)} cases", "i = j and i ≠ j", "a distinction of cases")
    values: dict[bool, list[Reading]] = {}
    pairs: list[tuple[str, str]] = []
    for number, (value, condition) in enumerate(rows):
        words, letters = apart(condition)
        texts = [t.text for t in letters]
        mark = next((m for m in ("=", r"\neq", r"\ne") if m in texts), None)
        if number == 1 and not letters and words in OTHERWISE:
            pairs.append(pairs[0])
            values[True not in values] = resolver.of(value)
            continue
        if mark is None or words not in {"", "if", "for", "when", "where"}:
            raise Unread(condition[0].at, "a case is i = j, i ≠ j, or otherwise")
        cut = texts.index(mark)
        pairs.append((plain(letters[:cut]), plain(letters[cut + 1 :])))
        values[mark == "="] = resolver.of(value)
    if len(values) != 2 or set(pairs[0]) != set(pairs[1]):
        raise Misfit(at, "one condition twice", "i = j and i ≠ j", "a distinction of cases")
    axis = next((resolver.scope.indices[x] for x in pairs[0] if resolver.scope.indices.get(x)), None)
    if axis is None:
        raise Unread(at, "the subscripts of the cases are not declared with their axis")
    i, j = (subscript_of(resolver, Token(x, at, "letter"), axis) for x in pairs[0])
    same = f.Delta(i, j)
    return resolver.all(
        lambda a, b: [Reading(f.Add(f.Mul(same, a.array), f.Mul(1 - same, b.array)))], values[True], values[False]
    )


def apart(condition: Tokens) -> tuple[str, Tokens]:
    r"""The words of a condition, \text{if} i = j, and what is not words."""
    words, letters, inside = "", [], 0
    for before, token in pairwise((Token("", 0, ""), *condition)):
        if token.text in TEXTS:
            continue
        inside += token.text == "{" and (inside > 0 or before.text in TEXTS)
        if inside:
            words += token.text if token.kind in {"letter", "word"} else ""
        else:
            letters.append(token)
        inside -= token.text == "}" and inside > 0
    while letters and letters[-1].text in {".", ","}:
        letters.pop()
    return words.lower(), tuple(letters)
