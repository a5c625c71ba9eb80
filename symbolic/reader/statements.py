r"""The tokens of a formula -> its statements, each a chain of expressions and relations.

In:  tokens, with the row ends, alignment marks, labels and words that displays hold.
Out: `Statement`s.  A row that starts with a relation continues the chain above it.
displays → rows → parts between arrows, commas and words → statements.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from symbolic.reader.displays import end_of_argument, levels, rows
from symbolic.reader.syntax.nodes import Tokens
from symbolic.reader.syntax.rows import depth_of, split
from symbolic.reader.syntax.vocabulary import RELATIONS
from symbolic.reader.tokens import Token, Unread
from symbolic.reader.words import NEGATIVE, WORDS_APART, end_of_remark, is_name, words_of

ARROWS = frozenset(
    rf"\{arrow}"
    for arrow in ("Rightarrow", "implies", "to", "rightarrow", "longrightarrow", "Longrightarrow", "iff", "therefore")
)
CONDITIONS = frozenset({"if", "when", "unless", "otherwise", "provided", "assuming", "whenever"})


@dataclass(frozen=True)
class Relation:
    """=, ∈, += …, where it stands; parentheses of the side it relates are the side's."""

    symbol: str
    at: int


@dataclass(frozen=True)
class Statement:
    """sides[0] relations[0] sides[1] …; `continues` where sides[0] is the end of the chain before.

    `restricts`: it stands behind `if`, or in parentheses, so that it is a condition of what is before it;
    `lead`: the words that it stands behind; `rows`: the first and the last that it stands in.
    """

    sides: tuple[Tokens, ...]
    relations: tuple[Relation, ...]
    continues: bool
    at: int
    end: int = 0
    restricts: bool = False
    lead: str = ""
    rows: tuple[int, int] = (0, 0)


def statements(tokens: Tokens, labels: tuple[Tokens, ...] = ()) -> list[Statement]:
    """The statements of a formula, in order; raises Unread."""
    found: list[Statement] = []
    for number, row in enumerate(rows(tokens)):
        for n, (part, restricts, lead) in enumerate(_parts(row)):
            statement = _statement(_without_label(part, labels))
            if statement is None:
                continue
            statement = replace(statement, restricts=restricts, lead=lead, rows=(number, number))
            if statement.continues and n == 0 and (place := _chain_above(found)) is not None:
                found[place] = _continued(found[place], statement)
            else:
                found.append(statement)
    return found


def _chain_above(found: list[Statement]) -> int | None:
    """Where the chain stands that a row continues: conditions of the row above, (t = T), are no part of it."""
    claims = [place for place, each in enumerate(found) if each.sides and not each.restricts]
    return claims[-1] if claims else None


def _continued(above: Statement, below: Statement) -> Statement:
    return replace(
        above,
        sides=(*above.sides, *below.sides),
        relations=(*above.relations, *below.relations),
        end=below.end,
        restricts=False,
        lead="",
        rows=(above.rows[0], below.rows[1]),
    )


def _parts(row: Tokens) -> Iterator[tuple[Tokens, bool, str]]:
    """The parts of a row between arrows, commas and words; whether each restricts, and the words before it."""
    for number, part in enumerate(split(row, ARROWS | {",", ";", r"\forall"})):
        yield from _between_words(part, number > 0)


def _between_words(part: Tokens, is_behind: bool) -> Iterator[tuple[Tokens, bool, str]]:
    """What stands between words; of a remark in parentheses its relation alone, if it ends in one.

    `is_behind`: another part of the row stands before this one, so that parentheses around it all are a remark.
    """
    held: list[Token] = []
    last = len(part) - (part[-1:] != () and part[-1].text == ".")
    position = 0
    depth = 0
    restricts, lead = False, ""
    while position < len(part):
        token = part[position]
        scripted = position and part[position - 1].text in {"_", "^"}
        if depth == 0 and not scripted and token.text in WORDS_APART and position + 1 < len(part):
            end = end_of_argument(part, position + 1)
            words = words_of(part[position:end])
            following = part[end].text if end < len(part) else ""
            if words in CONDITIONS - NEGATIVE and held and following:
                yield tuple(held), restricts, lead
                held, restricts, lead = [], True, words
            elif (CONDITIONS | NEGATIVE) & {*words.split()}:
                raise Unread(token.at, f"a condition in words ({words}) is not in the grammar")
            elif is_name(part, position, end):
                held += part[position:end]
            else:
                if held:
                    yield tuple(held), restricts, lead
                held, lead = [], words
            position = end
            continue
        if depth == 0 and token.text == "(" and (end := end_of_remark(part, position)):
            if (CONDITIONS | NEGATIVE) & {*(words := words_of(part[position:end])).split()}:
                raise Unread(token.at, f"a condition in words ({words}) is not in the grammar")
            start = end_of_argument(part, position + 2)
            words, position = words_of(part[position:start]), end
            if _is_related(part[start : end - 1], part[end - 1]):
                if held:
                    yield tuple(held), restricts, lead
                yield part[start : end - 1], restricts, words
                held = []
            continue
        inside = part[position + 1 : last - 1]
        if depth == 0 and token.text == "(" and (held or is_behind) and _is_related(inside, part[last - 1]):
            if held:
                yield tuple(held), restricts, lead
            held, restricts, lead = list(inside), True, "" if held else lead
            break
        depth += depth_of(token)
        held.append(token)
        position += 1
    if held:
        yield tuple(held), restricts, lead


def _is_related(inside: Tokens, closing: Token) -> bool:
    """Whether … ( inside ) ends in a relation in parentheses, (t = T), which is no factor."""
    inner = list(levels(inside))
    return (
        closing.text == ")"
        and all(depth >= 0 for _, depth in inner)
        and any(token.text in RELATIONS and depth == 0 for token, depth in inner)
    )


def _without_label(part: Tokens, labels: tuple[Tokens, ...]) -> Tokens:
    """Without a declared label and its colon at the head, and without a full stop at the end."""
    if part and part[0].text == r"\forall":
        part = part[1:]
    texts = [token.text for token in part]
    for label in labels:
        wanted = [*(token.text for token in label), ":"]
        if texts[: len(wanted)] == wanted:
            part = part[len(wanted) :]
            break
    if _ends_in_number(part):
        raise Unread(part[-3].at, f"whether ({part[-2]}) is a factor or the formula's number is not said: use \\tag")
    while part and part[-1].text == "." and part[-2:-1] != () and part[-2].text != r"\right":
        part = part[:-1]
    return part


def _ends_in_number(part: Tokens) -> bool:
    r"""… \qquad (3)"""
    if len(part) < 4 or [token.text for token in part[-3::2]] != ["(", ")"] or part[-2].kind != "number":
        return False
    return part[-3].at - part[-4].end >= len(r"\quad")


def _statement(part: Tokens) -> Statement | None:
    sides: list[list[Token]] = [[]]
    relations: list[Relation] = []
    depth = 0
    for position, token in enumerate(part):
        before = part[position - 1].text if position else ""
        after = part[position + 1].text if position + 1 < len(part) else ""
        depth += depth_of(token)
        if depth == 0 and token.text in {":", "+"} and after == "=":
            continue
        if depth == 0 and token.text in RELATIONS:
            symbol = (
                {":": ":=", "+": "+="}.get(before, RELATIONS[token.text])
                if token.text == "="
                else RELATIONS[token.text]
            )
            relations.append(Relation("=" if symbol == ":=" and before == ":" else symbol, token.at))
            sides.append([])
        else:
            sides[-1].append(token)
    if not part:
        return None
    if len(sides) > 1 and not sides[-1]:
        raise Unread(relations[-1].at, f"nothing follows {relations[-1].symbol}")
    for n, side in enumerate(sides[1:-1]):
        if not side:
            raise Unread(relations[n].at, "two relations side by side")
    continues = not sides[0] and len(sides) > 1
    kept = sides[1:] if continues else sides
    end = max(token.end for token in part)
    return Statement(tuple(tuple(side) for side in kept), tuple(relations), continues, part[0].at, end)
