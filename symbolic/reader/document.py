"""A document -> its findings.

In:  its name and content, and the text of a declaration file, if there is one.
Out: findings, formula by formula.  Raises `Unscannable` or `BadDeclaration`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from symbolic.reader.declare import Declarations, Line, Place, declare, lines
from symbolic.reader.judge import SECONDS, Finding, judged
from symbolic.reader.macros import Macros, macros
from symbolic.reader.scan import Formula, Source, blocks, formulas, sources, without_skipped


@dataclass(frozen=True)
class Included:
    """A neighbour that a document includes: its name, content and declarations, and the offset where it is included.

    Unless it `is_judged`, its macros alone are known.
    """

    name: str
    content: str
    at: int
    declared: tuple[str, str] | None = None
    included: tuple[Included, ...] = ()
    is_judged: bool = True


@dataclass(frozen=True)
class Part:
    """A text of a document with what is declared for it; `is_own` unless it is a neighbour's."""

    formulas: Sequence[Formula]
    declarations: Declarations
    macros: Macros
    is_own: bool = True


def parts(
    name: str, content: str, declared: tuple[str, str] | None = None, included: Sequence[Included] = ()
) -> list[Part]:
    """The document's texts, then those of the neighbours that it includes, with declarations and macros.

    A file of declarations (its name and text) goes before the document's own blocks; the
    first block holds for the whole document, a later one from its place on.  For a neighbour
    holds what is declared where it is included, then its own.
    """
    texts = sources(name, content)
    of_neighbours = [text for each in _all(included) for text in sources(each.name, each.content)]
    known = macros(without_skipped(text) for text in (*of_neighbours, *texts))
    return _parts(texts, declared, included, known, [], is_own=True)


def _all(included: Sequence[Included]) -> Iterator[Included]:
    for each in included:
        yield each
        yield from _all(each.included)


def _parts(
    texts: Sequence[Source],
    declared: tuple[str, str] | None,
    included: Sequence[Included],
    known: Macros,
    inherited: list[Line],
    is_own: bool,
) -> list[Part]:
    found: list[Part] = []
    for text in texts:
        each = list(formulas(text))
        lookup = _lookup(each)
        own = [*inherited, *(lines(declared[1], declared[0], 1, (1, 1)) if declared else ())]
        for number, block in enumerate(blocks(text)):
            place = text.place(block.start)
            since = (1, 1) if number == 0 and not inherited else place
            own += lines(block.text, text.name, place[0], since)
        found.append(Part(each, declare(own, lookup), known, is_own))
        own = [line if line.formula_at else replace(line, formula_at=lookup) for line in own]
        if len(texts) > 1:
            inherited = [replace(line, since=(1, 1)) for line in own]
    for neighbour in (each for each in included if each.is_judged):
        place = texts[0].place(neighbour.at)
        so_far = [replace(line, since=(1, 1)) for line in sorted(own, key=_since) if line.since <= place]
        passed = [line for line in so_far if not line.text.startswith("at ")]
        whole = "\n\n".join((texts[0].document or texts[0].text, neighbour.content))
        own_texts = [replace(each, document=whole) for each in sources(neighbour.name, neighbour.content)]
        found += _parts(own_texts, neighbour.declared, neighbour.included, known, passed, is_own=False)
    return found


def _since(line: Line) -> Place:
    return line.since


def _lookup(each: Sequence[Formula]) -> Callable[[Place], str | None]:
    whole = [formula for formula in each if not formula.fault]
    by_place = {formula.place: formula.latex for formula in whole}
    first_in_line: dict[Place, str] = {}
    for formula in whole:
        first_in_line.setdefault((formula.place[0], 1), formula.latex)

    def formula_at(place: Place) -> str | None:
        return by_place.get(place) or first_in_line.get(place)

    return formula_at


def findings(
    name: str,
    content: str,
    declared: tuple[str, str] | None = None,
    included: Sequence[Included] = (),
    seconds: float = SECONDS,
) -> Iterator[list[Finding]]:
    """The findings of every formula of a document, in order."""
    for part in parts(name, content, declared, included):
        yield from judged(part.formulas, part.declarations, part.macros, seconds)


__all__ = ["Included", "Source", "findings", "parts"]
