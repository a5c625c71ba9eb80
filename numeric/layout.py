"""Lines of Python no longer than 100 columns."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence

WIDTH = 100
UNBROKEN = "\0"


def statement(head: str, summands: Sequence[str], indent: int, comment: str = "") -> str:
    """`dh = a + b  # comment`; too long, with a summand a line in parentheses; without a head, a call."""
    margin, after = " " * indent, f"  # {comment}" if comment else ""
    line = f"{margin}{head} {' '.join(summands)}" if head else margin + " ".join(summands)
    if len(line + after) <= WIDTH:
        return line + after
    if len(line) <= WIDTH:
        return f"{_remark(comment, margin)}\n{line}"
    if not head:
        return _filled(line.lstrip(), margin) + after
    lines = [_filled(summand, margin + "    ") for summand in summands]
    return "\n".join([f"{margin}{head} (", *lines, f"{margin}){after}"])


def _remark(comment: str, margin: str) -> str:
    """A comment in lines of its own, cut after commas."""
    whole = ", ".join(part.replace(" ", UNBROKEN) for part in comment.split(", "))
    return textwrap.fill(whole, WIDTH, initial_indent=f"{margin}# ", subsequent_indent=f"{margin}# ").replace(
        UNBROKEN, " "
    )


def docstring(paragraphs: Iterable[Sequence[str]], indent: int) -> str:
    """A docstring; each line of a paragraph is wrapped by itself."""
    margin = " " * indent
    blocks = ["\n".join(_filled(line, margin) for line in paragraph) for paragraph in paragraphs if paragraph]
    text = f'{margin}"""' + "\n\n".join(blocks).lstrip()
    return f'{text}\n{margin}"""' if "\n" in text else f'{text}"""'


def unpacked(names: Sequence[str], source: str, indent: int) -> list[str]:
    """`a, b = (source[name] for name in ("a", "b"))`, as many names in a line as it holds."""
    lines: list[str] = []
    taken: list[str] = []
    for name in names:
        line = _unpacking([*taken, name], source, indent)
        if len(line) <= WIDTH:
            taken, lines = [*taken, name], [*lines[:-1], line] if taken else [*lines, line]
        else:
            taken, lines = [name], [*lines, _unpacking([name], source, indent)]
    return lines


def _unpacking(names: Sequence[str], source: str, indent: int) -> str:
    margin = " " * indent
    if len(names) == 1:
        return f'{margin}{names[0]} = {source}["{names[0]}"]'
    keys = ", ".join(f'"{name}"' for name in names)
    return f"{margin}{', '.join(names)} = ({source}[name] for name in ({keys}))"


def listed(start: str, items: Sequence[str], end: str, indent: int) -> str:
    """`{a, b}`, or an item a line."""
    margin = " " * indent
    line = f"{margin}{start}{', '.join(items)}{end}"
    if len(line) <= WIDTH:
        return line
    return "\n".join([margin + start, *(f"{margin}    {item}," for item in items), margin + end])


def _filled(line: str, margin: str) -> str:
    words = textwrap.TextWrapper(
        WIDTH - 3, initial_indent=margin, subsequent_indent=margin + "    ", break_long_words=False
    )
    words.break_on_hyphens = False
    whole = re.sub(r"\[[^\[\]]*\]", lambda subscripts: subscripts[0].replace(" ", UNBROKEN), line)
    return words.fill(whole).replace(UNBROKEN, " ")
