"""What is written out in rows: a matrix of scalars, a distinction of cases."""

from __future__ import annotations

from symbolic import terms as f
from symbolic.reader.readings import Grid, Misfit, Reading
from symbolic.reader.resolve.resolving import Resolving
from symbolic.reader.resolve.scripts import subscript_of
from symbolic.reader.syntax.nodes import Node, Tokens
from symbolic.reader.tokens import Token, Unread, plain


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
    pairs = []
    for value, condition in rows:
        texts = [t.text for t in condition]
        mark = next((m for m in ("=", r"\neq", r"\ne") if m in texts), None)
        if mark is None:
            raise Unread(condition[0].at, "a case is i = j or i ≠ j")
        cut = texts.index(mark)
        pairs.append((plain(condition[:cut]), plain(condition[cut + 1 :])))
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
