"""A document -> its formulas, each with exact line and column.

In:  the text of a document and the way it is written (Markdown, TeX, reStructuredText or
     plain text; a notebook is its Markdown cells).
Out: `Formula`s in order, and the declaration blocks that stand in comments.
Code (fenced, indented, in spans and elements), verbatim environments and comments hold no formulas.
What is opened and not closed is a `Formula` with its `fault`: nothing that may be a formula is left out in silence.
To extend: add a document's ending to `KINDS`, or a pattern to the list of its kind.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from symbolic.reader.environments import DISPLAYED, Environments, is_inner, is_mathematical, is_prose

LARGEST_DOCUMENT = 4_000_000
LARGEST_FORMULA = 25_000
LOOKED_AT = 400  # characters behind what is not closed, of which it is told whether they are mathematics


class Unscannable(ValueError):
    """A document that cannot be looked at, and why."""


@dataclass(frozen=True)
class Source:
    """A text in which positions are counted in lines and columns, from 1; of a cell or neighbour the `document`.

    `cell` counts the cells of a notebook from 1.
    """

    name: str
    text: str
    kind: str = "md"
    document: str = ""
    cell: int = 0

    @cached_property
    def line_starts(self) -> list[int]:
        return [0, *(m.end() for m in re.finditer("\n", self.text))]

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset."""
        line = bisect_right(self.line_starts, offset)
        return line, offset - self.line_starts[line - 1] + 1

    def where(self, offset: int) -> str:
        """line:column, in a notebook cell:line:column."""
        return ":".join(map(str, ((self.cell,) if self.cell else ()) + self.place(offset)))


@dataclass(frozen=True)
class Formula:
    """What stands between two delimiters; `start` is the offset of its first character.

    `fault`: why it cannot be told what stands between them, and what to do.
    """

    source: Source
    start: int
    latex: str
    displayed: bool
    fault: str = ""

    @property
    def place(self) -> tuple[int, int]:
        return self.source.place(self.start)


@dataclass(frozen=True)
class Block:
    """The text of a declaration block, and where it starts."""

    source: Source
    start: int
    text: str


def sources(name: str, content: str) -> list[Source]:
    """The texts of a document: itself, or the Markdown cells of a notebook; raises Unscannable."""
    if len(content) > LARGEST_DOCUMENT:
        raise Unscannable(f"{name} has {len(content):,} characters; at most {LARGEST_DOCUMENT:,} are read")
    content = content.replace("\r\n", "\n").replace("\r", "\n")
    ending = name.rpartition(".")[2].lower()
    if ending == "ipynb":
        return _cells(name, content)
    return [Source(name, content, KINDS.get(ending, "md"))]


KINDS = {"md": "md", "markdown": "md", "txt": "txt", "tex": "tex", "rst": "rst"}
ENDINGS = frozenset({*KINDS, "ipynb"})


def _cells(name: str, content: str) -> list[Source]:
    try:
        notebook = json.loads(content)
        cells = notebook["cells"]
        found = []
        for number, cell in enumerate(cells, 1):
            lines = cell.get("source", "")
            text = lines if isinstance(lines, str) else "".join(lines)
            if cell.get("cell_type") == "markdown":
                found.append(Source(f"{name}:{number}", text, "md", cell=number))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Unscannable(f"{name} is not a notebook: no list of cells with their source") from None
    whole = "\n\n".join(cell.text for cell in found)
    return [replace(cell, document=whole) for cell in found]


def formulas(source: Source) -> Iterator[Formula]:
    """Every formula of a text, in order."""
    text, closings = source.text, _Closings(source)
    position = 0
    while (match := closings.pattern.search(text, position)) is not None:
        kind = match.lastgroup or ""
        start, end, position, fault = closings.of(kind, match)
        latex = text[start:end]
        if start == end or kind.startswith("skip") or (kind == "dollar" and not _is_mathematics(latex)):
            continue
        yield Formula(source, start, latex, kind not in IN_A_LINE or _is_display(latex), fault)


def without_skipped(source: Source) -> str:
    """The text with its comments, code and verbatim parts blank: what they define or include does not count."""
    text, closings = source.text, _Closings(source)
    found: list[str] = []
    position = 0
    while (match := PATTERNS[source.kind].search(text, position)) is not None:
        end = closings.of(match.lastgroup or "", match).after
        is_kept = match.lastgroup == "skip_escape" or not (match.lastgroup or "").startswith("skip")
        found += (
            (text[position:end],) if is_kept else (text[position : match.start()], _blank(text[match.start() : end]))
        )
        position = end
    found.append(text[position:])
    if source.kind == "tex":
        return re.sub(r"(?<!\\)%.*", lambda comment: _blank(comment[0]), "".join(found))
    return "".join(found)


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


class _Span(NamedTuple):
    """Start and end of what stands inside, where to go on, and what is wrong with it."""

    start: int
    end: int
    after: int
    fault: str = ""


class _Closings:
    """Where what is opened is closed.  Each text is looked for once where it is no more: no document takes long."""

    def __init__(self, source: Source) -> None:
        self.source, self.text = source, source.text
        self.gone: set[str] = set()

    @cached_property
    def environments(self) -> Environments:
        return Environments(self.text, self.source.kind)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        r"""What formulas begin with, macros that stand for \begin{equation} among it."""
        usual = PATTERNS[self.source.kind]
        macros = "|".join(sorted(self.environments.opening)) if self.source.kind == "tex" else ""
        return _pattern(rf"(?P<macro>\\(?:{macros})(?![A-Za-z]))", usual.pattern) if macros else usual

    def of(self, kind: str, match: re.Match[str]) -> _Span:
        """What stands inside; to go on behind the opening where nothing closes it and nothing is lost."""
        if kind in {"fence", "skip_fence"}:
            return self.fence(kind, match)
        if kind == "skip_span":
            end = self.span(match)
            return _Span(end, end, end)
        if kind == "skip_indented":
            end = self.indented_code.get(match.start(), match.end())
            return _Span(end, end, end)
        if kind in {"environment", "unknown", "stray"}:
            return self.environment(kind, match)
        if kind == "open":
            return self.lost(match, f"{match[0]} is not closed: end the formula with {match[0]}")
        if kind == "macro":
            return self.of_macro(match)
        if kind not in CLOSING:
            inside = f"in_{kind}"
            if kind == "display" and self.is_torn(match):
                return self.lost(match, "$$ is not closed in its paragraph: end the formula with $$")
            return _Span(*(match.span(inside) if inside in match.re.groupindex else (0, 0)), match.end())
        closing = CLOSING[kind].format(match[NAMED.get(kind, 0)])
        is_formula = not kind.startswith("skip")
        last = self.next_opening(match) if is_formula else len(self.text)
        found = -1 if closing in self.gone else self.text.find(closing, match.end(), last)
        if found < 0 and last == len(self.text):
            self.gone.add(closing)
        if found >= 0 and not (is_formula and self.is_apart(match.end(), found)):
            return _Span(match.end(), found, found + len(closing))
        if is_formula:
            return self.lost(match, f"{match[0]} is not closed: end the formula with {closing}")
        return _Span(0, 0, match.end())

    def next_opening(self, match: re.Match[str]) -> int:
        """Where the next formula begins with the same delimiter: what is open then was not closed."""
        start = match.start("in_display") if match.lastgroup == "display" else match.end()
        again = re.compile(rf"(?<!\\){re.escape(self.text[match.start() : start])}").search(self.text, start)
        return again.start() if again else len(self.text)

    def is_apart(self, start: int, end: int) -> bool:
        """Whether a blank line and words stand between a delimiter and what might close it."""
        return self.environments.end_of_paragraph(start) < end and is_prose(self.text[start:end])

    def is_torn(self, match: re.Match[str]) -> bool:
        r"""Whether the $$ that ends a formula belongs to the next: $$ a = b, a blank line, $$ c = d $$."""
        start, end = match.span("in_display")
        behind = self.text[match.end() : match.end() + LOOKED_AT].partition("\n")[0]
        is_last = not self.text[self.environments.end_of_paragraph(start) : end].strip()
        is_torn = self.environments.end_of_paragraph(start) < end and is_last and is_mathematical(behind)
        return is_torn or self.is_apart(start, end)

    def lost(self, match: re.Match[str], why: str) -> _Span:
        """What is opened and not closed, up to the end of its paragraph, if it looks like a formula."""
        start = match.start("in_display") if match.lastgroup == "display" else match.end()
        end = max(self.environments.end_of_paragraph(start), start)
        if not is_mathematical(self.text[start : min(end, self.next_opening(match), start + LOOKED_AT)]):
            return _Span(start, start, start)
        return _Span(match.start(), end, end, why)

    def of_macro(self, match: re.Match[str]) -> _Span:
        r"""A display that a macro opens: of \be a_t = b_t \ee it is not read what \ee stands for."""
        if self.environments.is_defined(match.start()):
            return _Span(match.end(), match.end(), match.end())
        end = self.environments.end_of_paragraph(match.end())
        why = f"{match[0]} stands for the beginning of a display: write \\begin and \\end out"
        return _Span(match.start(), end, end, why)

    def environment(self, kind: str, match: re.Match[str]) -> _Span:
        """An environment to its end; what is none of ours is a formula only if nothing but mathematics is in it."""
        start, name = match.start(), match[{"environment": "name", "unknown": "other", "stray": "ended"}[kind]]
        nothing = _Span(match.end(), match.end(), match.end())
        if self.environments.is_defined(start):
            return nothing
        if kind == "stray":
            why = rf"\end{{{name}}} ends nothing: its \begin{{{name}}} is missing, or written otherwise"
            return _Span(start, match.end(), match.end(), why)
        extent = self.environments.of(start, name)
        inside = self.text[
            match.end() : min(extent.end, match.end() + (LOOKED_AT if extent.fault else LARGEST_FORMULA))
        ]
        if kind == "environment":
            is_lost = extent.fault and (self.source.kind == "tex" or is_mathematical(inside))
            return _Span(start, extent.end, extent.end, extent.fault) if is_lost or not extent.fault else nothing
        if not extent.is_leaf or extent.end - start > LARGEST_FORMULA or not is_mathematical(inside):
            return nothing
        why = f"the environment {name} is not in the grammar: write equation or align"
        if is_inner(name):
            why = rf"\begin{{{name}}} stands in no display: write align, or put it between \[ and \]"
        why = extent.fault or why
        return _Span(start, extent.end, extent.end, why)

    def fence(self, kind: str, match: re.Match[str]) -> _Span:
        """Up to a line of the same ticks alone; code that is not closed goes on to the end."""
        mark = match["tick"] if kind == "skip_fence" else match["mtick"]
        closings = self.lines_of_ticks.get(mark, [])
        number = bisect_left(closings, match.end())
        if number < len(closings):
            return _Span(match.end(), closings[number], closings[number] + len(mark))
        if kind == "skip_fence":
            return _Span(0, 0, len(self.text))
        return self.lost(match, f"{mark.strip()} is not closed: end the formula with a line of {mark.strip()}")

    def span(self, match: re.Match[str]) -> int:
        """Behind the next run of as many ticks in the same paragraph, or behind this run."""
        runs = self.runs_of_ticks.get(len(match[0]), [])
        number = bisect_left(runs, match.end())
        if number == len(runs) or self.text.find("\n\n", match.end(), runs[number]) >= 0:
            return match.end()
        return runs[number] + len(match[0])

    @cached_property
    def indented_code(self) -> dict[int, int]:
        """Start and end of each line of code: indented behind a blank line, and nowhere that may be inside a list,
        a note or an element.
        """
        found: dict[int, int] = {}
        is_code, is_held, is_behind_blank = False, False, True
        for line in re.finditer(r"^.*$", self.text, re.MULTILINE):
            if not line[0].strip():
                is_behind_blank = True
                continue
            if INDENTED.match(line[0]):
                is_code = not is_held and (is_code or is_behind_blank)
                if is_code:
                    found[line.start()] = line.end()
            else:
                is_code = False
                if HOLDING.match(line[0]):
                    is_held = True
                elif line[0].startswith("#") or (is_behind_blank and not line[0][0].isspace()):
                    is_held = False
            is_behind_blank = False
        return found

    @cached_property
    def lines_of_ticks(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for line in re.finditer(r"^([ \t]*(?:```+|~~~+|:::+))[ \t]*$", self.text, re.MULTILINE):
            found.setdefault(line[1], []).append(line.start())
        return found

    @cached_property
    def runs_of_ticks(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for run in re.finditer("`+", self.text):
            found.setdefault(len(run[0]), []).append(run.start())
        return found


def blocks(source: Source) -> Iterator[Block]:
    """Every declaration block: `<!-- check … -->`, or lines `% check: …`; raises Unscannable if one is not closed."""
    if source.kind == "tex":
        for match in re.finditer(r"^[ \t]*%[ \t]*check:[ \t]?(.*)$", source.text, re.MULTILINE):
            yield Block(source, match.start(1), match[1])
    elif source.kind == "rst":
        for match in re.finditer(r"^\.\. check::?[ \t]*\n((?:[ \t]+.*\n|[ \t]*\n)*)", source.text + "\n", re.MULTILINE):
            yield Block(source, match.start(1), match[1])
    else:
        text, closings, position = source.text, _Closings(source), 0
        while (found := PATTERNS[source.kind].search(text, position)) is not None:
            position = closings.of(found.lastgroup or "", found).after
            if found.lastgroup == "skip_comment" and (opened := BLOCK.match(text, found.start())):
                if position == found.end():
                    raise Unscannable(
                        f"{source.name}:{source.place(found.start())[0]}: <!-- check is not closed: end it with -->"
                    )
                yield Block(source, opened.end(), text[opened.end() : position].removesuffix("-->"))


BLOCK = re.compile(r"<!--[ \t]*check\b:?")


def _is_mathematics(latex: str) -> bool:
    """Between dollars: either both ends touch, or neither does; `$5 and $` is money."""
    return bool(latex.strip()) and (latex[0].isspace() == latex[-1].isspace() or "\\" in latex)


def _is_display(latex: str) -> bool:
    return re.match(rf"\s*\\begin\{{({ENVIRONMENTS})\*?\}}", latex) is not None


ENVIRONMENTS = DISPLAYED
IN_A_LINE = frozenset({"dollar", "paren", "role", "ticked"})
_LINE_OF_TICKS = r"[ \t]*(?:```+|~~~+)"
_FENCE = rf"(?P<skip_fence>^(?P<tick>{_LINE_OF_TICKS})(?![ \t]*\{{?math\b)[^\n]*(?:\n|\Z))"
_OPTIONS = r"(?:[ \t]*:[a-z-]+:(?=[ \n])[^\n]*\n)*"
_LINE_OF_MATH = rf"(?:{_LINE_OF_TICKS}(?=[ \t]*\{{?math\b)|[ \t]*:::+(?=[ \t]*\{{math\}}))"
_MATH_FENCE = rf"(?P<fence>^(?P<mtick>{_LINE_OF_MATH})[ \t]*\{{?math\}}?[^\n]*\n{_OPTIONS})"
_SPAN = r"(?P<skip_span>`+)"
_COMMENT = r"(?P<skip_comment><!--)"
_ELEMENT = r"(?P<skip_element><(?P<element>(?i:pre|code|script|style))\b[^<>]*>)"
_INDENTED = r"(?P<skip_indented>^(?: {4}| {0,3}\t))"
INDENTED = re.compile(r" {4}| {0,3}\t")
HOLDING = re.compile(r" {0,3}(?:(?:[-*+•:]|\d+[.)])[ \t]|\[\^|!!!|\?\?\?|=== |<(?!!--))")
_ESCAPE = r"(?P<skip_escape>\\[\\$`%])"
_DISPLAY = r"(?P<display>\$\$(?P<in_display>(?:[^$\\]|\\[\s\S]|\$(?!\$))+?)\$\$)"
_OPEN = r"(?P<open>\$\$?)"
_BRACKET = r"(?P<bracket>\\\[)"
_PAREN = r"(?P<paren>\\\()"
_ESCAPED = r"(?P<escaped>\\\\\[)"  # of Markdown that takes one backslash away
_TICKED = r"(?P<ticked>\$`(?P<in_ticked>[^`\n]+)`\$)"
_MYST = r"(?P<role>\{math\}`(?P<in_role>[^`]+)`)"
_QUOTING = r"\\(?:text|textrm|textit|mbox|hbox)\{[^{}$\n]*(?:\$[^$\n]+\$[^{}$\n]*)+\}"
_DOLLAR = rf"(?P<dollar>\$(?P<in_dollar>(?:[^$\\\n]|{_QUOTING}|\\[\s\S]|\n(?![ \t]*\n))+?)\$)"
_ENVIRONMENT = rf"(?P<environment>\\begin\{{(?P<name>(?:{ENVIRONMENTS})\*?)\}})"
_UNKNOWN = r"(?P<unknown>\\begin\{(?P<other>[A-Za-z]+\*?)\})"
_STRAY = rf"(?P<stray>\\end\{{(?P<ended>(?:{ENVIRONMENTS})\*?)\}})"
_VERBATIM = (
    r"(?P<skip_verbatim>\\begin\{(?P<verb>[A-Za-z]*[Vv]erbatim|alltt|lstlisting|minted|comment|filecontents)\*?\})"
)
CLOSING = {
    "bracket": r"\]",
    "paren": r"\)",
    "escaped": r"\\]",
    "skip_comment": "-->",
    "skip_element": "</{}>",
    "skip_verbatim": r"\end{{{}",
    "skip_false": r"\fi",
}
NAMED = {"skip_verbatim": "verb", "skip_element": "element"}
_PERCENT = r"(?P<skip_percent>%[^\n]*)"
_VERB = r"(?P<skip_verb>\\(?:verb|lstinline)\*?(?P<vmark>[^\sA-Za-z*{\[])[^\n]*?(?P=vmark))"
_FALSE = r"(?P<skip_false>\\iffalse\b)"
_ROLE = r"(?P<role>:math:`(?P<in_role>[^`]+)`)"
_DIRECTIVE = (
    r"(?P<directive>^(?P<margin>[ \t]*)\.\. math::[ \t]*(?:\n(?P=margin)[ \t]+:[a-z-]+:(?=[ \n])[^\n]*)*"
    r"(?P<in_directive>[^\n]*\n(?:(?P=margin)[ \t]+[^\n]*\n|[ \t]*\n)*))"
)
_SKIP_LITERAL = r"(?P<skip_literal>``[^`\n]*``)"
_SHARED = (_DISPLAY, _ENVIRONMENT, _UNKNOWN, _STRAY)


def _pattern(*parts: str) -> re.Pattern[str]:
    return re.compile("|".join(parts), re.MULTILINE)


_MARKDOWN = (
    *(_MATH_FENCE, _FENCE, _COMMENT, _ELEMENT, _ESCAPED, _BRACKET, _PAREN, _ESCAPE, _TICKED, _MYST, _SPAN),
    *(*_SHARED, _DOLLAR, _OPEN),
)
_TEX = (_VERBATIM, _VERB, _FALSE, _BRACKET, _PAREN, _ESCAPE, _PERCENT, *_SHARED, _DOLLAR, _OPEN)
PATTERNS = {
    "md": _pattern(*_MARKDOWN[:2], _INDENTED, *_MARKDOWN[2:]),
    "txt": _pattern(*_MARKDOWN),
    "tex": _pattern(*_TEX),
    "rst": _pattern(_ROLE, _DIRECTIVE, _SKIP_LITERAL),
}
