r"""The tokens of a formula -> its rows: of a display, of a system in braces, or the tokens themselves.

In:  tokens, with the row ends, alignment marks and labels that displays hold.
Out: rows without them.  A row that starts with an operator, or that begins inside a bracket, is part of the row above.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from symbolic.reader.syntax.nodes import Tokens
from symbolic.reader.syntax.rows import depth_of, is_cases_environment, split, without_argument
from symbolic.reader.syntax.vocabulary import CASES, CLOSING, OPENING, OPERATORS, RELATIONS, ROWS, TEXTS
from symbolic.reader.tokens import SIZES, Token, Unread, plain

DISPLAYS = frozenset({
    "equation", "align", "alignat", "gather", "multline", "eqnarray", "flalign", "displaymath", "math", "aligned",
    "alignedat", "split", "gathered", "xalignat", "xxalignat", "IEEEeqnarray", "dmath", "darray", "empheq",
})  # fmt: skip
COLUMNS = frozenset({"array", "alignat", "alignedat", "xalignat", "xxalignat", "IEEEeqnarray", "darray"})
OPTIONAL = frozenset({"IEEEeqnarray", "dmath", "darray", "empheq"})
REMARKS = frozenset({
    r"\tag", r"\label", r"\textcircled", r"\phantom", r"\hphantom", r"\vphantom", r"\hspace", r"\vspace", r"\intertext",
    r"\eqref", r"\ref",
})  # fmt: skip
SPACED = frozenset({r"\mathrel", r"\mathbin", r"\mathord"})
SIGNS = frozenset({"+", "-", "=", ":"})
MOST_ROWS = 200


def rows(tokens: Tokens) -> Iterator[Tokens]:
    """The rows of a formula, those that continue an expression joined to the row before; raises Unread."""
    return _joined(_rows(_without_remarks(_unwrapped(unquoted(tokens)))))


def relates(part: Tokens) -> bool:
    return any(token.text in RELATIONS for token in part)


def unquoted(tokens: Tokens, is_condition: Callable[[Tokens], bool] = relates) -> Tokens:
    r"""\text{if $i = j$ holds} as \text{if} i = j \text{holds}: a relation that words quote is a condition."""
    found: list[Token] = []
    depth, position = 0, 0  # how many braces are open in words
    while position < len(tokens):
        token = tokens[position]
        position += 1
        end = next((n for n in range(position, len(tokens)) if tokens[n].text == "$"), 0) if token.text == "$" else 0
        inside = tokens[position:end]
        if depth and end and is_condition(inside):
            last = tokens[end]
            marks = (Token(r"\text", last.at, "command", last.end), Token("{", last.at, "sign", last.end))
            found += () if _drop_empty(found) else (Token("}", token.at, "sign", token.end),)
            found += (*inside, *marks)
            position = end + 1
            continue
        begins = token.text == "{" and bool(found) and found[-1].text in TEXTS
        depth += (token.text == "{" and (depth > 0 or begins)) - (token.text == "}" and depth > 0)
        if token.text != "}" or not _drop_empty(found):
            found.append(token)
    return tuple(found)


def _drop_empty(found: list[Token]) -> bool:
    r"""Takes back \text{ where nothing has been said since."""
    is_empty = len(found) > 1 and found[-1].text == "{" and found[-2].text in TEXTS
    if is_empty:
        del found[-2:]
    return is_empty


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
            end = end_of_argument(tokens, position)
            if token.text == r"\tag" and any(each.text in RELATIONS for each in tokens[position:end]):
                raise Unread(token.at, "a condition in \\tag is not in the grammar: say it in the sentence around")
            position = end
    return tuple(found)


def end_of_argument(tokens: Tokens, position: int) -> int:
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
        row = tuple(token for token, depth in _with_depth(row) if depth or token.text not in ROWS | {"&"})
        if len(rows) > 1 and _whole_environment(row) is not None:
            yield from _rows(row)
        elif row:
            yield row


def _with_depth(tokens: Tokens) -> Iterator[tuple[Token, int]]:
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
        end = end_of_argument(tokens, 1)
        return tokens[2 : end - 1] if {*texts[end:]} <= {".", ","} else None
    if texts[:2] != [r"\begin", "{"]:
        return None
    close = texts.index("}") if "}" in texts else 0
    name = plain(tokens[2:close]).removesuffix("*")
    depth = [depth for _, depth in _with_depth(tokens)]
    if 0 not in depth:
        return None
    end = depth.index(0)
    tail = tokens[end:]
    if any(t.text not in {".", ","} for t in tail[len(name) + 3 + ("*" in [t.text for t in tail]) :]):
        return None
    inner = tokens[close + 1 : end]
    if name in OPTIONAL and inner[:1] and inner[0].text == "[":
        inner = _without_option(inner)
    if name == "empheq":
        name, inner = _of_empheq(inner)
    if name in COLUMNS:
        inner = without_argument(inner)
    rows = [split(row, {"&"}) for row in split(inner, ROWS)]
    system = any(t.text in RELATIONS and d == 0 for row in split(inner, ROWS) for t, d in levels(row))
    if name in DISPLAYS or ((name == "array" or name in CASES) and system and not is_cases_environment(rows)):
        return inner
    return None


def _without_option(tokens: Tokens) -> Tokens:
    """A display without its options, [label={eq:h}, left=\\empheqlbrace]."""
    end = next((n for n, (token, depth) in enumerate(levels(tokens)) if token.text == "]" and depth == 0), None)
    if end is None:
        raise Unread(tokens[0].at, "[ is not closed")
    return tokens[end + 1 :]


def _of_empheq(tokens: Tokens) -> tuple[str, Tokens]:
    """The display that empheq frames, {align}, {alignat=2}, and what stands in it."""
    if not tokens or tokens[0].text != "{":
        raise Unread(tokens[0].at if tokens else 0, "empheq without the display that it frames: write {align}")
    end = end_of_argument(tokens, 0)
    name = plain(tokens[1 : end - 1]).partition("=")[0].removesuffix("*")
    if name not in DISPLAYS:
        raise Unread(tokens[0].at, f"empheq of {name} is not in the grammar: write equation or align")
    return ("align" if "align" in name else name), tokens[end:]


def levels(tokens: Tokens) -> Iterator[tuple[Token, int]]:
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
    has_relation = any(token.text in RELATIONS and depth == 0 for token, depth in levels(row))
    if first.text == "-":
        return not has_relation
    return held[-1].text in OPERATORS.keys() | RELATIONS.keys() | {"+", "-"}


def _open_brackets(tokens: Tokens) -> int:
    count = 0
    for token in tokens:
        count += (token.text in OPENING) - (token.text in CLOSING)
    return count
