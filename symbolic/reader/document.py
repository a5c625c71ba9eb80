"""A document -> its findings.

In:  its name and content, and the text of a declaration file, if there is one.
Out: findings, formula by formula.  Raises `Unscannable` or `BadDeclaration`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from symbolic.reader.declare import Declarations, Line, Place, declare, lines
from symbolic.reader.judge import SECONDS, Finding, judged
from symbolic.reader.macros import Macros, macros
from symbolic.reader.scan import Formula, Source, blocks, formulas, sources


@dataclass(frozen=True)
class Part:
    """A text of a document with what is declared for it."""

    formulas: Sequence[Formula]
    declarations: Declarations
    macros: Macros


def parts(name: str, content: str, declared: tuple[str, str] | None = None, beside: Sequence[str] = ()) -> list[Part]:
    """The document's texts, declarations and macros; `beside` are texts that it includes, for their macros.

    A file of declarations (its name and text) goes before the document's own blocks; the
    first block holds for the whole document, a later one from its place on.
    """
    texts = sources(name, content)
    known = macros([*beside, *(text.text for text in texts)])
    found, inherited = [], list[Line]()
    for text in texts:
        each = list(formulas(text))
        own = list(lines(declared[1], declared[0], 1, (1, 1))) if declared else []
        own += inherited
        for number, block in enumerate(blocks(text)):
            place = text.place(block.start)
            since = (1, 1) if number == 0 and not inherited else place
            own += lines(block.text, text.name, place[0], since)
        found.append(Part(each, declare(own, _lookup(each)), known))
        inherited = [Line(line.where, (1, 1), line.text) for line in own if len(texts) > 1]
    return found


def _lookup(each: Sequence[Formula]) -> Callable[[Place], str | None]:
    by_place = {formula.place: formula.latex for formula in each}
    first_in_line: dict[Place, str] = {}
    for formula in each:
        first_in_line.setdefault((formula.place[0], 1), formula.latex)

    def formula_at(place: Place) -> str | None:
        return by_place.get(place) or first_in_line.get(place)

    return formula_at


def findings(
    name: str,
    content: str,
    declared: tuple[str, str] | None = None,
    beside: Sequence[str] = (),
    seconds: float = SECONDS,
) -> Iterator[list[Finding]]:
    """The findings of every formula of a document, in order."""
    for part in parts(name, content, declared, beside):
        yield from judged(part.formulas, part.declarations, part.macros, seconds)


__all__ = ["Source", "findings", "parts"]
