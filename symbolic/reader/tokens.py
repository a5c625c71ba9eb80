r"""LaTeX -> tokens, each with its offset.

In:  the LaTeX of one formula.  Out: `Token`s without white space; comments are left out.
The space that `\\[1ex]` leaves between rows is no token.  A run of letters that spells a function
(`softmax`, `log`) is one token, every other letter its own.  Raises `Unread` with the offset and the token.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from symbolic.reader.scan import LARGEST_FORMULA


class Unread(ValueError):
    """What cannot be read, where (an offset into the formula), and why."""

    def __init__(self, at: int, why: str) -> None:
        self.at = at
        super().__init__(why)


@dataclass(frozen=True)
class Token:
    """`text` is a command with its backslash, a letter, a number, a function's name or one sign.

    In the source it reaches from `at` to `end`: what a macro makes, over the macro with its arguments.
    """

    text: str
    at: int
    kind: str
    end: int = 0

    def __str__(self) -> str:
        return self.text


WORDS = ("softmax", "sigmoid", "tanh", "sinh", "cosh", "sech", "diag", "exp", "log", "ln")
_SPACING = """\\, \\; \\: \\! \\> \\quad \\qquad \\enspace \\thinspace \\medspace \\thickspace \\nonumber \\notag
\\displaystyle \\textstyle \\limits \\nolimits \\hfill \\allowbreak \\middle \\begingroup \\endgroup
\\IEEEyesnumber \\IEEEnonumber \\IEEEyessubnumber ~"""
SPACES = frozenset({"\\ ", *_SPACING.split()})
SIZES = frozenset(rf"\{size}{side}" for size in ("big", "Big", "bigg", "Bigg") for side in ("", "l", "r", "m"))

_TOKEN = re.compile(
    r"(?P<space>\s+|%[^\n]*\n?)"
    r"|(?P<row>\\\\\*?\s*\[\s*-?[\d.]+\s*(?:ex|em|pt|mm|cm|in|\\[a-z]+skip)\s*\])"
    r"|(?P<command>\\(?:[A-Za-z]+\*?|.|\n))"
    r"|(?P<norm>\|\|)"
    r"|(?P<number>\d+(?:\.\d+)?)"
    rf"|(?P<word>(?<![A-Za-z])(?:{'|'.join(WORDS)})(?![A-Za-z]))"
    r"|(?P<letter>[^\W\d_])"
    r"|(?P<sign>[\s\S])"
)
_UNICODE = {
    "−": "-", "–": "-", "·": r"\cdot", "×": r"\times", "⊙": r"\odot", "∘": r"\circ", "⊗": r"\otimes", "∂": r"\partial",
    "∇": r"\nabla", "∑": r"\sum", "Σ": r"\Sigma", "σ": r"\sigma", "τ": r"\tau", "α": r"\alpha", "θ": r"\theta",
    "。": ".", "，": ",", "；": ";", "：": ":", "（": "(", "）": ")", "⟨": r"\langle", "⟩": r"\rangle",
    "‖": r"\|", "||": r"\|", "∼": r"\sim", "∝": r"\propto",
    "δ": r"\delta", "∈": r"\in", "≠": r"\neq", "⊤": r"\top", "′": "'", "…": r"\ldots", "→": r"\to", "⇒": r"\Rightarrow",
}  # fmt: skip


def tokens(latex: str, start: int = 0) -> tuple[Token, ...]:
    """The tokens of a formula; raises Unread where it is too long."""
    if len(latex) > LARGEST_FORMULA:
        raise Unread(0, f"a formula of {len(latex):,} characters; at most {LARGEST_FORMULA:,} are read")
    found = []
    for match in _TOKEN.finditer(latex):
        kind, text = match.lastgroup or "", match[0]
        if kind == "space" or text in SPACES:
            continue
        text = r"\\" if kind == "row" else _UNICODE.get(text, text)
        if kind == "command":
            text = text.removesuffix("*") if text != r"\*" else "*"
        place, end = start + match.start(), start + match.end()
        found.append(Token(text, place, "command" if text[0] == "\\" else kind, end))
    return tuple(found)


def plain(some: tuple[Token, ...]) -> str:
    """Tokens as one string without braces and white space: `t-1`, `(t)`, `hh`."""
    return "".join(token.text for token in some if token.text not in "{}")
