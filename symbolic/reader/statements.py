r"""The tokens of a formula -> its statements, each a chain of expressions and relations.

In:  tokens, with the row ends, alignment marks, labels and words that displays hold.
Out: `Statement`s.  A row that starts with a relation continues the chain above it; a row
     that starts with an operator, or that begins inside a bracket, continues the expression.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from symbolic.reader.syntax.nodes import Tokens
from symbolic.reader.syntax.rows import depth_of, is_cases_environment, split, without_argument
from symbolic.reader.syntax.vocabulary import CASES, CLOSING, OPENING, OPERATORS, ROWS, TEXTS
from symbolic.reader.tokens import SIZES, Token, Unread, plain

RELATIONS = {
    "=": "=", ":=": "=", r"\equiv": "=", r"\triangleq": "=", r"\coloneqq": "=", r"\doteq": "=", "+=": "+=",
    r"\leftarrow": ":=", r"\gets": ":=", r"\in": "∈", r"\neq": "≠", r"\ne": "≠", r"\approx": "≈", r"\sim": "∼",
    r"\propto": "∝", r"\leq": "≤", r"\le": "≤", r"\geq": "≥", r"\ge": "≥", "<": "<", ">": ">", r"\simeq": "≈",
    r"\cong": "≈", r"\ll": "<", r"\gg": ">",
}  # fmt: skip
ARROWS = frozenset(
    rf"\{arrow}"
    for arrow in ("Rightarrow", "implies", "to", "rightarrow", "longrightarrow", "Longrightarrow", "iff", "therefore")
)
DISPLAYS = frozenset({
    "equation", "align", "alignat", "gather", "multline", "eqnarray", "flalign", "displaymath", "math", "aligned",
    "alignedat", "split", "gathered",
})  # fmt: skip
REMARKS = frozenset({
    r"\tag", r"\label", r"\textcircled", r"\phantom", r"\hphantom", r"\vphantom", r"\hspace", r"\vspace", r"\intertext",
    r"\eqref", r"\ref",
})  # fmt: skip
SPACED = frozenset({r"\mathrel", r"\mathbin", r"\mathord"})
SIGNS = frozenset({"+", "-", "=", ":"})
WORDS_APART = TEXTS - {r"\operatorname", r"\mathop"}
CONDITIONS = frozenset({"if", "when", "unless", "otherwise", "provided", "assuming", "whenever"})
NEGATIVE = frozenset(
    {"unless", "otherwise", "except", "not", "only", "other", "others", "without", "neither", "nor", "outside"}
)
MOST_ROWS = 200


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
    for number, row in enumerate(_joined(_rows(_without_remarks(_unwrapped(tokens))))):
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


def _unwrapped(tokens: Tokens) -> Tokens:
    r"""With \mathrel{+}\mathrel{=} and {+}= as +=."""
    texts = [token.text for token in tokens]
    found: list[Token] = []
    position = 0
    while position < len(tokens):
        start = position + (texts[position] in SPACED)
        end = texts.index("}", start) if texts[start : start + 1] == ["{"] and "}" in texts[start:] else start
        inside = tokens[start + 1 : end] if end > start else tokens[start : start + 1]
        scripted = position and texts[position - 1] in {"_", "^"}
        if (start > position or end > start) and not scripted and inside and {t.text for t in inside} <= SIGNS:
            found += inside
            position = end + 1
        else:
            found.append(tokens[position])
            position += 1
    return tuple(found)


def _without_remarks(tokens: Tokens) -> Tokens:
    r"""Without \tag, \label and the like: they say nothing of the formula."""
    found: list[Token] = []
    position = 0
    while position < len(tokens):
        token = tokens[position]
        position += 1
        if token.text not in REMARKS:
            found.append(token)
        elif position < len(tokens):
            position = _end_of_argument(tokens, position)
    return tuple(found)


def _end_of_argument(tokens: Tokens, position: int) -> int:
    if tokens[position].text != "{":
        return position + 1
    depth = 0
    for end in range(position, len(tokens)):
        depth += {"{": 1, "}": -1}.get(tokens[end].text, 0)
        if depth == 0:
            return end + 1
    raise Unread(tokens[position].at, "{ is not closed")


def _rows(tokens: Tokens) -> Iterator[Tokens]:
    """The rows of a display, of what is nested in it as a whole, or the tokens themselves."""
    if (inner := _whole_environment(tokens)) is not None:
        yield from _rows(inner)
        return
    rows = split(tokens, ROWS)
    if len(rows) > MOST_ROWS:
        raise Unread(tokens[0].at, f"more than {MOST_ROWS} rows")
    for row in rows:
        row = tuple(token for token, depth in _withdepth_of(row) if depth or token.text not in ROWS | {"&"})
        if len(rows) > 1 and _whole_environment(row) is not None:
            yield from _rows(row)
        elif row:
            yield row


def _withdepth_of(tokens: Tokens) -> Iterator[tuple[Token, int]]:
    """Each token with the number of environments that it stands in."""
    depth = 0
    for token in tokens:
        depth += {r"\begin": 1, r"\end": -1}.get(token.text, 0)
        yield token, depth


def _whole_environment(tokens: Tokens) -> Tokens | None:
    """What stands inside a display environment, a system in braces, eqalign or a box, if that is all."""
    texts = [token.text for token in tokens]
    if texts[:1] == [r"\left"] and r"\right" in texts[-2:]:
        return _whole_environment(tokens[2:-2]) if texts[2:3] == [r"\begin"] else None
    if texts[:2] == [r"\eqalign", "{"] and texts[-1:] == ["}"]:
        return tokens[2:-1]
    if texts[:2] == [r"\boxed", "{"]:
        end = _end_of_argument(tokens, 1)
        return tokens[2 : end - 1] if {*texts[end:]} <= {".", ","} else None
    if texts[:2] != [r"\begin", "{"]:
        return None
    close = texts.index("}") if "}" in texts else 0
    name = plain(tokens[2:close]).removesuffix("*")
    depth = [depth for _, depth in _withdepth_of(tokens)]
    if 0 not in depth:
        return None
    end = depth.index(0)
    tail = tokens[end:]
    if any(t.text not in {".", ","} for t in tail[len(name) + 3 + ("*" in [t.text for t in tail]) :]):
        return None
    inner = tokens[close + 1 : end]
    if name in {"array", "alignat", "alignedat"}:
        inner = without_argument(inner)
    rows = [split(row, {"&"}) for row in split(inner, ROWS)]
    system = any(t.text in RELATIONS and d == 0 for row in split(inner, ROWS) for t, d in _levels(row))
    if name in DISPLAYS or ((name == "array" or name in CASES) and system and not is_cases_environment(rows)):
        return inner
    return None


def _levels(tokens: Tokens) -> Iterator[tuple[Token, int]]:
    depth = 0
    for token in tokens:
        depth += depth_of(token)
        yield token, depth


def _joined(rows: Iterator[Tokens]) -> Iterator[Tokens]:
    """Rows, those that continue an expression joined to the row before."""
    held: Tokens = ()
    for row in rows:
        if held and _continues(held, row):
            held += row
        else:
            if held:
                yield held
            held = row
    if held:
        yield held


def _continues(held: Tokens, row: Tokens) -> bool:
    """Whether a row goes on with the expression before: a bracket is open, or an operator stands between."""
    if _open_brackets(held) > 0:
        return True
    first = row[1] if row[0].text in SIZES and len(row) > 1 else row[0]
    if first.text in OPERATORS or first.text == "+":
        return not (first.text == "+" and len(row) > 1 and row[1].text == "=")
    has_relation = any(token.text in RELATIONS and depth == 0 for token, depth in _levels(row))
    if first.text == "-":
        return not has_relation
    return held[-1].text in OPERATORS.keys() | RELATIONS.keys() | {"+", "-"}


def _open_brackets(tokens: Tokens) -> int:
    count = 0
    for token in tokens:
        count += (token.text in OPENING) - (token.text in CLOSING)
    return count


def _parts(row: Tokens) -> Iterator[tuple[Tokens, bool, str]]:
    """The parts of a row between arrows, commas and words; whether each restricts, and the words before it."""
    for part in split(row, ARROWS | {",", ";"}):
        yield from _between_words(part)


def _between_words(part: Tokens) -> Iterator[tuple[Tokens, bool, str]]:
    """What stands between words; words in the middle separate statements, a remark in parentheses is left out."""
    held: list[Token] = []
    position = 0
    depth = 0
    restricts, lead = False, ""
    while position < len(part):
        token = part[position]
        scripted = position and part[position - 1].text in {"_", "^"}
        if depth == 0 and not scripted and token.text in WORDS_APART and position + 1 < len(part):
            end = _end_of_argument(part, position + 1)
            words = _words(part[position:end])
            following = part[end].text if end < len(part) else ""
            if words in CONDITIONS - NEGATIVE and held and following:
                yield tuple(held), restricts, lead
                held, restricts, lead = [], True, words
            elif (CONDITIONS | NEGATIVE) & {*words.split()}:
                raise Unread(token.at, f"a condition in words ({words}) is not in the grammar")
            elif following in {"(", r"\big", r"\Big", r"\left", "_", "^"} or end - position <= 4:
                held += part[position:end]
            else:
                if held:
                    yield tuple(held), restricts, lead
                held, lead = [], words
            position = end
            continue
        if depth == 0 and token.text == "(" and (end := _end_of_remark(part, position)):
            if (CONDITIONS | NEGATIVE) & {*(words := _words(part[position:end])).split()}:
                raise Unread(token.at, f"a condition in words ({words}) is not in the grammar")
            position = end
            continue
        if depth == 0 and token.text == "(" and held and _is_related(inside := part[position + 1 : -1], part[-1]):
            yield tuple(held), restricts, lead
            held, restricts, lead = list(inside), True, ""
            break
        depth += depth_of(token)
        held.append(token)
        position += 1
    if held:
        yield tuple(held), restricts, lead


def _is_related(inside: Tokens, closing: Token) -> bool:
    """Whether … ( inside ) ends in a relation in parentheses, (t = T), which is no factor."""
    levels = list(_levels(inside))
    return (
        closing.text == ")"
        and all(depth >= 0 for _, depth in levels)
        and any(token.text in RELATIONS and depth == 0 for token, depth in levels)
    )


def _words(some: Tokens) -> str:
    r"""What \text{…} says, as words in small letters."""
    text, end = "", 0
    for token in some:
        text += " " * (token.at != end) + (token.text if token.kind in {"letter", "word"} else " ")
        end = token.end
    return " ".join(text.lower().split())


def _end_of_remark(part: Tokens, position: int) -> int:
    """Where ( \text{…} … ) ends, if the parentheses hold a remark."""
    if position + 1 >= len(part) or part[position + 1].text not in TEXTS - {r"\operatorname"}:
        return 0
    content_end = _end_of_argument(part, position + 2) if position + 2 < len(part) else 0
    if content_end - position <= 5:
        return 0
    depth = 0
    for end in range(position, len(part)):
        depth += (part[end].text == "(") - (part[end].text == ")")
        if depth == 0:
            return end + 1
    return 0


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
