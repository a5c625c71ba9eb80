r"""The text of a document -> where what is opened in it is closed, and what is lost where it is not.

In:  a text with \begin and \end, $$, \[ and fences.
Out: `Extent`s: where an environment ends, or how far it reaches that does not, and why.
An environment ends where LaTeX ends it: at its own \end, with all that is opened inside closed there.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass

# Displays; `math` stands in a line.  What begins as a display and is none of these is unread, not left out.
DISPLAYED = (
    "equation|align|alignat|gather|multline|eqnarray|flalign|displaymath|math|xalignat|xxalignat"
    "|IEEEeqnarray|dmath|darray|empheq"
)
LONGEST = 25_000
MOST_FAILURES = 50


@dataclass(frozen=True)
class Extent:
    """Where an environment ends, what is wrong with it, and whether no other than mathematics may stand in it."""

    end: int
    fault: str = ""
    is_leaf: bool = True


class Environments:
    r"""Every environment of a text by the offset of its \begin; definitions and, in TeX, comments open none."""

    def __init__(self, text: str, kind: str) -> None:
        self.text = text
        self.blanks = [match.start() for match in _BLANK.finditer(text)]
        self.definitions = _definitions(text) if kind == "tex" else []
        self.extents: dict[int, Extent] = {}
        pattern = _EVENT_IN_TEX if kind == "tex" else _EVENT
        stack: list[tuple[str, int]] = []
        opened: Counter[str] = Counter()
        parents: set[int] = set()
        for match in pattern.finditer(text):
            name = match["name"]
            if name is None or self.is_defined(match.start()):
                continue
            if match["which"] == "begin":
                if stack and not _INNER.fullmatch(name):
                    parents.add(stack[-1][1])
                stack.append((name, match.start()))
                opened[name] += 1
                continue
            if not opened[name]:  # it closes nothing: what is open here ends here
                if stack and _MATHEMATICAL.fullmatch(stack[-1][0]):
                    self._close(stack, opened, match, is_own=False)
                continue
            while stack[-1][0] != name:
                self._close(stack, opened, match, is_own=False)
            self._close(stack, opened, match, is_own=True)
        self.extents = {
            start: Extent(each.end, each.fault, start not in parents) for start, each in self.extents.items()
        }

    def _close(self, stack: list[tuple[str, int]], opened: Counter[str], match: re.Match[str], is_own: bool) -> None:
        name, start = stack.pop()
        opened[name] -= 1
        if is_own:
            self.extents[start] = Extent(match.end())
            return
        blank = self.end_of_paragraph(start)
        closing = rf"\end{{{match['name']}}}" if match.end() <= blank else ""
        end = match.end() if closing else blank
        why = f"is closed by {closing}" if closing else "is not closed"
        self.extents[start] = Extent(end, rf"\begin{{{name}}} {why}: end it with \end{{{name}}}")

    @property
    def opening(self) -> set[str]:
        r"""The macros that open a display, \be of \newcommand{\be}{\begin{equation}}."""
        spans = (
            (_DEFINING.match(self.text, start), _DISPLAY.search(self.text, start, end), end)
            for start, end in self.definitions
        )
        return {
            name["defined"]
            for name, opened, end in spans
            if name and name["defined"] and opened and f"\\end{{{opened['name']}}}" not in self.text[opened.end() : end]
        }

    def of(self, start: int, name: str) -> Extent:
        """How far the environment reaches that begins at an offset; to the end of its paragraph if it never ends."""
        if (found := self.extents.get(start)) is not None:
            return found
        why = rf"\begin{{{name}}} is not closed: end it with \end{{{name}}}"
        return Extent(self.end_of_paragraph(start), why)

    def is_defined(self, offset: int) -> bool:
        r"""Whether it stands in a definition: \newcommand{\be}{\begin{equation}} opens nothing."""
        number = bisect_right(self.definitions, (offset, len(self.text))) - 1
        return number >= 0 and offset < self.definitions[number][1]

    def end_of_paragraph(self, start: int) -> int:
        """Where the next blank line begins."""
        number = bisect_left(self.blanks, start)
        return self.blanks[number] if number < len(self.blanks) else len(self.text)


def is_inner(name: str) -> bool:
    """Whether an environment stands in displays alone: aligned, cases, pmatrix."""
    return _INNER.fullmatch(name) is not None


def is_mathematical(latex: str) -> bool:
    """Whether a text holds mathematics outside of words and of other formulas."""
    return _COMMANDS.search(_OTHER.sub(" ", latex)) is not None


def is_prose(latex: str) -> bool:
    r"""Whether two words of it, or a $, stand outside of \text: it is no formula with a blank line in it."""
    return _WORDS.search(_TEXT.sub(" ", latex)) is not None


def _definitions(text: str) -> list[tuple[int, int]]:
    """Where macros and environments are defined; what is not closed defines nothing, and is looked for a few times."""
    found: list[tuple[int, int]] = []
    failures = 0
    for match in _DEFINING.finditer(text):
        if found and match.start() < found[-1][1]:
            continue
        end: int | None = match.end()
        for _ in range(1 if match["defined"] else 2):
            body = _BODY.match(text, end) if end is not None else None
            end = _braced(text, body.end()) if body else None
        if end is not None:
            found.append((match.start(), end))
        elif (failures := failures + 1) > MOST_FAILURES:
            break
    return found


def _braced(text: str, start: int) -> int | None:
    """Behind the brace that closes one opened before `start`, in the same paragraph."""
    depth = 1
    for brace in _BRACE.finditer(text, start, start + LONGEST):
        if brace[0] in "{}":
            depth += 1 if brace[0] == "{" else -1
        elif brace[0].isspace():
            return None
        if not depth:
            return brace.end()
    return None


_PAIR = r"\\(?P<which>begin|end)[ \t]*\{(?P<name>[A-Za-z]+\*?)\}"
_EVENT = re.compile(_PAIR)
_VERBATIM = r"\\begin\{(?P<verb>verbatim|Verbatim|lstlisting|minted|comment)\*?\}[\s\S]*?(?:\\end\{(?P=verb)|\Z)"
_EVENT_IN_TEX = re.compile(rf"\\[\\%]|%[^\n]*|{_VERBATIM}|{_PAIR}")
_INNER = re.compile(r"aligned(?:at)?|split|gathered|array|[dr]?cases\*?|(?:[bpvVB]|small)?matrix\*?|subarray|multlined")
_MATHEMATICAL = re.compile(rf"(?:{DISPLAYED})\*?|{_INNER.pattern}")
_BLANK = re.compile(r"\n(?=[ \t>]*\n)")
_DEFINING = re.compile(
    r"\\(?:(?:(?:re)?newcommand|providecommand|DeclareRobustCommand|[egx]?def)\*?\s*\{?\s*\\(?P<defined>[A-Za-z]+)\s*\}?"
    r"|(?:re)?newenvironment\*?\s*\{[A-Za-z]+\*?\})(?:\s*\[[^\]\n]*\]|#\d)*"
)
_BODY = re.compile(r"\s*\{")
_DISPLAY = re.compile(rf"\\begin\{{(?P<name>(?:{DISPLAYED})\*?)\}}")
_BRACE = re.compile(r"\\[{}\\]|[{}]|\n[ \t]*\n")
_TEXT = re.compile(
    r"\\(?:text\w*|mbox|hbox|intertext|operatorname\*?|mathrm|tag\*?|label)\s*\{(?:[^{}]|\{[^{}]*\})*\}|%.*"
)
_WORDS = re.compile(r"(?<!\\)\$|(?<![\\A-Za-z])[A-Za-z]{2,}[ \n,]+[a-z]{2,}(?![A-Za-z{(])")
_OTHER = re.compile(rf"{_TEXT.pattern}|\$\$[^$]*\$\$|\$[^$\n]*\$|\\\([^\n]*?\\\)|\\\[[\s\S]{{0,2000}}?\\\]|`[^`\n]*`")
_COMMANDS = re.compile(
    r"\\(?:[dt]?frac|partial|nabla|sum|prod|odot|otimes|circ|top|tanh|sigma|delta|Delta|softmax|log|exp|mathbf|mathcal"
    r"|boldsymbol|hat|cdot|times|operatorname|left|aligned|equiv|approx|leq?|geq?|neq?|quad|alpha|beta|gamma|theta)"
    r"(?![A-Za-z])|[A-Za-z}]_[A-Za-z{]|\^\{?(?:\\top|T)|&\s*="
)
