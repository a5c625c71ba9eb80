"""A document -> its formulas, each with exact line and column.

In:  the text of a document and the way it is written (Markdown, TeX, reStructuredText or
     plain text; a notebook is its Markdown cells).
Out: `Formula`s in order, and the declaration blocks that stand in comments.
Code fences, code spans, verbatim environments and comments hold no formulas.
To extend: add a document's ending to `KINDS`, or a pattern to the list of its kind.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

LARGEST_DOCUMENT = 4_000_000
LARGEST_FORMULA = 20_000


class Unscannable(ValueError):
    """A document that cannot be looked at, and why."""


@dataclass(frozen=True)
class Source:
    """A text in which positions are counted in lines and columns, from 1."""

    name: str
    text: str
    kind: str = "md"

    @cached_property
    def line_starts(self) -> list[int]:
        return [0, *(m.end() for m in re.finditer("\n", self.text))]

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset."""
        line = bisect_right(self.line_starts, offset)
        return line, offset - self.line_starts[line - 1] + 1


@dataclass(frozen=True)
class Formula:
    """What stands between two delimiters; `start` is the offset of its first character."""

    source: Source
    start: int
    latex: str
    displayed: bool

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


KINDS = {"md": "md", "markdown": "md", "txt": "md", "tex": "tex", "rst": "rst"}


def _cells(name: str, content: str) -> list[Source]:
    try:
        notebook = json.loads(content)
        cells = notebook["cells"]
        found = []
        for number, cell in enumerate(cells, 1):
            lines = cell.get("source", "")
            text = lines if isinstance(lines, str) else "".join(lines)
            if cell.get("cell_type") == "markdown":
                found.append(Source(f"{name}:{number}", text, "md"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Unscannable(f"{name} is not a notebook: no list of cells with their source") from None
    return found


def formulas(source: Source) -> Iterator[Formula]:
    """Every formula of a text, in order."""
    for match in PATTERNS[source.kind].finditer(source.text):
        kind = match.lastgroup or ""
        if kind.startswith("skip"):
            continue
        start, end = match.span(f"in_{kind}")
        if kind == "environment":
            start, end = match.span()
        latex = source.text[start:end]
        if kind == "dollar" and not _is_mathematics(latex):
            continue
        yield Formula(
            source, start, latex, (kind != "dollar" and kind != "paren" and kind != "role") or _is_display(latex)
        )


def blocks(source: Source) -> Iterator[Block]:
    """Every declaration block: `<!-- check … -->`, or lines `% check: …`."""
    if source.kind == "tex":
        for match in re.finditer(r"^[ \t]*%[ \t]*check:[ \t]?(.*)$", source.text, re.MULTILINE):
            yield Block(source, match.start(1), match[1])
    elif source.kind == "rst":
        for match in re.finditer(r"^\.\. check::?[ \t]*\n((?:[ \t]+.*\n|[ \t]*\n)*)", source.text + "\n", re.MULTILINE):
            yield Block(source, match.start(1), match[1])
    else:
        for match in re.finditer(r"<!--[ \t]*check\b:?(.*?)-->", source.text, re.DOTALL):
            yield Block(source, match.start(1), match[1])


def _is_mathematics(latex: str) -> bool:
    """Between dollars: either both ends touch, or neither does; `$5 and $` is money."""
    return bool(latex.strip()) and (latex[0].isspace() == latex[-1].isspace() or "\\" in latex)


def _is_display(latex: str) -> bool:
    return re.match(rf"\s*\\begin\{{({ENVIRONMENTS})\*?\}}", latex) is not None


ENVIRONMENTS = "equation|align|alignat|gather|multline|eqnarray|flalign|displaymath|math"
_FENCE = (
    r"(?P<skip_fence>^(?P<tick>[ \t]*(?:```+|~~~+))(?![ \t]*\{?math\b)[^\n]*\n(?:.*\n)*?(?P=tick)[ \t]*$"
    r"|^[ \t]*(?:```+|~~~+)(?![ \t]*\{?math\b)[\s\S]*\Z)"
)
_MATH_FENCE = (
    r"(?P<fence>^(?P<mtick>[ \t]*(?:```+|~~~+))[ \t]*\{?math\}?[^\n]*\n(?P<in_fence>(?:.*\n)*?)(?P=mtick)[ \t]*$)"
)
_SPAN = r"(?P<skip_span>(?P<ticks>`+)(?!`)(?:[^`\n]|\n(?!\n)|(?!(?P=ticks))`)*?(?<!`)(?P=ticks)(?!`))"
_COMMENT = r"(?P<skip_comment><!--[\s\S]*?-->)"
_ESCAPE = r"(?P<skip_escape>\\[\\$`%])"
_DISPLAY = r"(?P<display>\$\$(?P<in_display>(?:[^$\\]|\\[\s\S]|\$(?!\$))+?)\$\$)"
_BRACKET = r"(?P<bracket>\\\[(?P<in_bracket>[\s\S]*?)\\\])"
_PAREN = r"(?P<paren>\\\((?P<in_paren>[\s\S]*?)\\\))"
_DOLLAR = r"(?P<dollar>\$(?P<in_dollar>(?:[^$\\\n]|\\[\s\S]|\n(?![ \t]*\n))+?)\$)"
_ENVIRONMENT = (
    rf"(?P<environment>\\begin\{{(?P<name>(?:{ENVIRONMENTS})\*?)\}}(?P<in_environment>[\s\S]*?)\\end\{{(?P=name)\}})"
)
_VERBATIM = (
    r"(?P<skip_verbatim>\\begin\{(?P<verb>verbatim|lstlisting|minted|comment)\*?\}[\s\S]*?\\end\{(?P=verb)\*?\})"
)
_PERCENT = r"(?P<skip_percent>%[^\n]*)"
_ROLE = r"(?P<role>:math:`(?P<in_role>[^`]+)`)"
_DIRECTIVE = (
    r"(?P<directive>^(?P<margin>[ \t]*)\.\. math::[ \t]*"
    r"(?P<in_directive>[^\n]*\n(?:(?P=margin)[ \t]+[^\n]*\n|[ \t]*\n)*))"
)
_SKIP_LITERAL = r"(?P<skip_literal>``[^`\n]*``)"
_SHARED = [_DISPLAY, _BRACKET, _PAREN, _ENVIRONMENT, _DOLLAR]


def _pattern(*parts: str) -> re.Pattern[str]:
    return re.compile("|".join(parts), re.MULTILINE)


PATTERNS = {
    "md": _pattern(_MATH_FENCE, _FENCE, _COMMENT, _BRACKET, _PAREN, _ESCAPE, _SPAN, *_SHARED[:1], *_SHARED[3:]),
    "tex": _pattern(_VERBATIM, _BRACKET, _PAREN, _ESCAPE, _PERCENT, _DISPLAY, _ENVIRONMENT, _DOLLAR),
    "rst": _pattern(_ROLE, _DIRECTIVE, _SKIP_LITERAL),
}
