"""The words around a formula -> the sentence that it stands in.

In:  a formula and those near it.
Out: `Sentence`s: words in which each formula is one character; first the formula's own, then
     what is assumed before it in the same section, which holds for it too.
A display does not end a sentence: what introduces it, and what goes on behind it in small
letters, belongs to it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from symbolic.reader.scan import Formula

REACH = 2_000  # characters looked at on either side
FIRST, OPEN, CLOSE = "\ue000", "\uf8fe", "\uf8ff"  # private characters: formulas, and the ends of a display
MOST = ord(OPEN) - ord(FIRST)
MARK = f"[{FIRST}-\uf8fd]"


@dataclass(frozen=True)
class Sentence:
    """Words, with a mark for each formula; `own` is where the formula itself stands, -1 in what stands before it.

    `between` are the words from there to the formula; `is_assumption`: it says that something is assumed.
    """

    words: str
    own: int
    near: Sequence[Formula]
    between: str = ""
    is_assumption: bool = False

    def formula(self, mark: str) -> Formula:
        return self.near[ord(mark) - ord(FIRST)]


def sentences(formula: Formula, near: Sequence[Formula]) -> list[Sentence]:
    """The formula's own sentence, then those before it in its section that assume something or name a case."""
    beside = [each for each in near if abs(each.start - formula.start) < REACH][:MOST]
    text = _marked(formula, beside)
    mark = chr(ord(FIRST) + beside.index(formula))
    if (position := text.find(mark)) < 0:
        return [Sentence(mark, 0, beside)]
    ends = [0, *(match.end() for match in _END.finditer(text)), len(text)]
    parts = [(start, text[start:end]) for start, end in pairwise(ends)]
    own = next(words for start, words in parts if start <= position < start + len(words))
    section = max((match.end() for match in _HEADING.finditer(text, 0, position)), default=0)
    before = [
        Sentence(words, -1, beside, text[start + len(words) : position], bool(_ASSUMED.search(words)))
        for start, words in parts
        if section <= start and start + len(words) <= position and (_ASSUMED.search(words) or _CASE.search(words))
    ]
    return [Sentence(own, own.index(mark), beside), *before]


@dataclass(frozen=True)
class Around:
    """The words of a formula's paragraph, those beside it, its heading and its footnotes; and the whole document's."""

    paragraph: str
    document: str


def around(formula: Formula) -> Around:
    """What is written around a formula, without the formula."""
    text, source = formula.source.text, formula.source
    start, end = formula.start, formula.start + len(formula.latex)
    before, after = _uncommented(text[:start], source.kind), _uncommented(text[end:], source.kind)
    headings = list(_TITLE.finditer(before))
    title = headings[-1][0] if headings else ""
    before = before[headings[-1].end() :] if headings else before
    after = after[: match.start()] if (match := _TITLE.search(after)) else after
    above, below = _own_item(_BLANK.split(before)[-3:], _BLANK.split(after)[:3])
    beside = [title, *_behind_display(above), _said_inside(formula), *below, *_NOTE.findall(text)]
    whole = _uncommented(source.document or text, source.kind)
    general = [match.end() for match in _TITLE.finditer(whole) if "general" in match[0].lower()]
    return Around(*(_COMMAND.sub(" ", each) for each in ("\n".join(beside), whole[max(general, default=0) :])))


def _own_item(above: list[str], below: list[str]) -> tuple[list[str], list[str]]:
    """Of a list around a formula its own item, two on either side, and what stands before and behind the list."""
    before, after = _ITEM.split(above[-1]), _ITEM.split(below[0])
    if len(before) == 1:
        return above, below
    behind = [line for item in after[3:] for line in item.split("\n")[1:] if not line[:1].isspace()]
    return [*above[:-1], before[0], *before[1:][-3:]], [*after[:3], *behind, *below[1:]]


def _behind_display(above: list[str]) -> list[str]:
    """Without a sentence that ends before another display, if only that stands between: it is of that display."""
    is_ended = len(above) == 3 and re.search(r"[.!?。][\"')*_]*\s*$", above[0])
    return above[1:] if is_ended and _DISPLAY.fullmatch(above[1].strip()) and _OPENING.fullmatch(above[2]) else above


def _uncommented(text: str, kind: str) -> str:
    return re.sub(r"(?<!\\)%.*" if kind == "tex" else r"<!--[\s\S]*?(?:-->|\Z)", "", text)


_TITLE = re.compile(
    r"^#+ .*|^[^\n]+\n(?:===+|---+)[ \t]*$|\\(?:sub)*(?:section|paragraph)\*?\{[^{}]*\}|<(?:h\d|summary)\b[^<]*",
    re.MULTILINE,
)
_COMMAND = re.compile(r"\\(?!equiv|gets)[A-Za-z]+")
_BLANK = re.compile(r"\n[ \t>]*\n")
_ITEM = re.compile(r"(?:^|\n)(?=[ \t]*(?:[-*+•]|\d+[.)]|\\item)\s)")
_DISPLAY = re.compile(
    r"\$\$[^$]*\$\$|\\\[(?:(?!\\\])[\s\S])*\\\]|\\begin\{(\w+\*?)\}(?:(?!\\end\{\1\})[\s\S])*\\end\{\1\}"
)
_OPENING = re.compile(r"\s*(?:\$\$|\\\[)?\s*")
_NOTE = re.compile(r"^\[\^[^\]\n]+\]:.*", re.MULTILINE)


def _marked(formula: Formula, beside: Sequence[Formula]) -> str:
    """The text around, each formula with its delimiters one mark, without comments."""
    whole, position, parts = formula.source.text, max(0, formula.start - REACH), list[str]()
    for n, each in enumerate(beside):
        if each.start >= position:
            stop = "." * bool(re.search(r"[.。]\s*(?:\\end\{\w+\*?\}\s*)?$", each.latex))
            mark = chr(ord(FIRST) + n) + _said_inside(each) + stop
            parts += (_plain(whole[position : each.start]), OPEN + mark + CLOSE if each.displayed else mark)
            position = each.start + len(each.latex)
    text = "".join((*parts, _plain(whole[position : position + REACH])))
    for pattern, written in _AROUND:
        text = pattern.sub(written, text)
    return re.sub(r"(?<!\\)%.*", "", text) if formula.source.kind == "tex" else text


def _said_inside(formula: Formula) -> str:
    r"""The remarks that a display holds, \text{(at the last step)}, of several words; a lone `if` is its own."""
    return "".join(f" {_plain(words)} " for words in _REMARK.findall(formula.latex) if len(words.split()) > 1)


def _plain(text: str) -> str:
    """Without private characters of its own."""
    return re.sub(rf"[{FIRST}-{CLOSE}]", " ", text)


_REMARK = re.compile(r"\\(?:text|textrm|textit|mbox|hbox)\{([^{}$\\]*)\}")
_SPACING = r"(?:\\(?:noindent|indent|(?:small|med|big)skip)(?![A-Za-z])|\\(?:label|vspace\*?|hspace\*?)\{[^{}]*\})"
_STATEMENTS = "theorem|lemma|proposition|corollary|definition|remark|example|exercise|proof|claim|case"
_AROUND = (
    (re.compile(r"<!--[\s\S]*?(?:-->|\Z)"), ""),
    (re.compile(rf"(?:\$\$?|\\\[|\\\(|:math:`|\.\. math::|```\s*math)\s*({OPEN}?{MARK})"), r"\1"),
    (re.compile(rf"({MARK}\.?{CLOSE}?)\s*(?:\$\$?|\\\]|\\\)|```|`)"), r"\1"),
    (re.compile(r"\\par(?![A-Za-z])"), r"\n\n"),
    (re.compile(rf"(\\end\{{(?:{_STATEMENTS})\*?\}})"), r"\n\n\1\n\n"),
    (re.compile(rf"({CLOSE}\s*)(?:{_SPACING}\s*)+"), r"\1"),
    (re.compile(rf"(?<![.!?\s])\s+(?={OPEN})"), " "),
    (re.compile(rf"(?<=[^.]{CLOSE})\s+(?=[a-z(,;]|Where\b)"), " "),
    (re.compile(r"^(#+ .*|\\(?:sub)*section.*)$", re.MULTILINE), r"\n\1\n"),
    (re.compile(r"\n(?=\\(?:sub)?paragraph\*?\{)"), r"\n\n"),
)
_ABBREVIATIONS = "".join(
    rf"(?<!\b{word})" for word in (r"e\.g", r"i\.e", r"r\.t", "resp", "cf", "vs", "Eq", "eq", "Eqs", "Fig", "Sec")
)
_END = re.compile(
    rf"{_ABBREVIATIONS}[.!?][\"')*_{CLOSE}]*\s+(?=[^a-z\s])|[。！？]{CLOSE}?\s*|{CLOSE}\s+(?=[A-Z])|\n[ \t]*\n\s*"
    r"|\n(?=[ \t]*(?:[-*+•|]|\d+[.)]|\\item)\s)"
)
_HEADING = re.compile(r"^(?:#+ |\\(?:sub)*section|[ \t]*(?:-{3,}|\*{3,}|_{3,})[ \t]*$)|\\end\{", re.MULTILINE)
_CASE = re.compile(
    r"\b(?:cases?|fall|cas|consider|let|restrict\w*|now|first|next|sei|soit|set|initiali[sz]\w*|take|fix|choose|usual|where)\b"
    rf"|情况|情形|设|^[\W\d]*{MARK}[\W\d]*$",
    re.IGNORECASE,
)
_ASSUMED = re.compile(r"\b(?:assume[sd]?|suppose)\b", re.IGNORECASE)
