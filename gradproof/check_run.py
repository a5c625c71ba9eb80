"""Documents -> findings, on as many cores as there are.

In:  files as they were named, and where their declarations are.
Out: findings in the order of the documents; or one line, a `BadRequest`.
Only the files that are named, their declarations and what they include from their own
folder are read; what they include from elsewhere, or lacks, is a finding.
"""

from __future__ import annotations

import multiprocessing
import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

from gradproof.request import BadRequest
from gradproof.run import processes
from symbolic.reader.declare import BadDeclaration
from symbolic.reader.document import Included, Part, parts
from symbolic.reader.judge import UNKNOWN, UNREAD, Finding, judged, place_of
from symbolic.reader.scan import ENDINGS, LARGEST_DOCUMENT, Unscannable, sources, without_skipped

CHUNK = 6
MOST_INCLUDED, DEEPEST = 50, 8


@dataclass(frozen=True)
class Document:
    """A file, its declarations, the neighbours that it includes, and findings on those that are not read."""

    name: str
    content: str
    declared: tuple[str, str] | None = None
    included: tuple[Included, ...] = ()
    missing: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Checked:
    findings: list[Finding]
    seconds: float


def documents(files: Sequence[Path], declare: Path | None = None) -> list[Document]:
    """The files and what is declared for each; raises BadRequest."""
    if declare is not None and not declare.exists():
        raise BadRequest(f"there is no file or folder {declare}")
    taken = {path.resolve() for path in files}
    found = []
    for path in files:
        content = _content(path)
        if path.suffix[1:].lower() not in ENDINGS:
            known = ", ".join(f".{ending}" for ending in sorted(ENDINGS))
            hint = "; for code there is `gradproof code`" if path.suffix == ".py" else ""
            raise BadRequest(f"{path} is no document: {known} are read{hint}")
        missing: list[Finding] = []
        included = _included(path, content, declare, taken, missing)
        found.append(Document(str(path), content, _declared(path, declare), included, tuple(missing)))
    return found


def _declared(path: Path, declare: Path | None) -> tuple[str, str] | None:
    """The name and text of what is declared for a file."""
    file = path.with_suffix(".check")
    if declare is not None:
        file = declare / file.name if declare.is_dir() else declare
    return (str(file), _content(file)) if file.is_file() else None


def checked(given: Sequence[Document], jobs: int, advance: Callable[[int], None] = lambda n: None) -> Checked:
    """Every finding of the documents, in order; raises BadRequest where one cannot be looked at."""
    started = time.perf_counter()
    chunks: list[tuple[int, int, int, int]] = []
    for number, document in enumerate(given):
        try:
            found = _parts(document)
        except (Unscannable, BadDeclaration) as error:
            raise BadRequest(str(error)) from None
        for position, part in enumerate(found):
            chunks += [(number, position, first, first + CHUNK) for first in range(0, len(part.formulas), CHUNK)]
    results: dict[tuple[int, int, int, int], list[Finding]] = {}
    if jobs == 1 or len(chunks) < 3 or "fork" not in multiprocessing.get_all_start_methods():
        for chunk in chunks:
            results[chunk] = _chunk(given[chunk[0]], *chunk[1:])
            advance(CHUNK)
    else:
        with processes(min(jobs, len(chunks))) as pool:
            futures = {pool.submit(_chunk, given[chunk[0]], *chunk[1:]): chunk for chunk in chunks}
            for future in as_completed(futures):
                results[futures[future]] = future.result()
                advance(CHUNK)
    judged_each: list[list[Finding]] = [[*document.missing] for document in given]
    for chunk in chunks:
        judged_each[chunk[0]] += results[chunk]
    return Checked([finding for each in judged_each for finding in each], time.perf_counter() - started)


def formula_places(document: Document) -> list[str]:
    """line:column, in a notebook cell:line:column, of every formula of the document itself, and of what is missing.

    It is where the first finding on the formula is.  Raises BadRequest.
    """
    try:
        own = [
            place_of(formula, part.declarations, part.macros)
            for part in _parts(document)
            if part.is_own
            for formula in part.formulas
        ]
        return own + [f"{each.line}:{each.column}" for each in document.missing]
    except (Unscannable, BadDeclaration) as error:
        raise BadRequest(str(error)) from None


def each_formula(document: Document) -> list[list[Finding]]:
    """The findings of every formula, in the order of `formula_places`."""
    own = [part for part in _parts(document) if part.is_own]
    found = [each for part in own for each in judged(part.formulas, part.declarations, part.macros)]
    return found + [[each] for each in document.missing]


def _chunk(document: Document, position: int, first: int, last: int) -> list[Finding]:
    """The findings of some formulas of a document."""
    part = _parts(document)[position]
    found = judged(part.formulas, part.declarations, part.macros, first=first, last=last)
    return [finding for each in found for finding in each]


@cache
def _parts(document: Document) -> list[Part]:
    """Read once, before processes are forked: a model's derivatives are remembered by the model."""
    return parts(document.name, document.content, document.declared, document.included)


def exit_code(findings: Sequence[Finding], allow_unread: bool = False) -> int:
    """0: nothing wrong, all read; 1: something is wrong; 3: something was not read or decided."""
    if any(finding.is_wrong for finding in findings):
        return 1
    return 3 if not allow_unread and any(f.verdict in {UNREAD, UNKNOWN} for f in findings) else 0


def _content(path: Path) -> str:
    if path.is_dir():
        raise BadRequest(f"{path} is a folder; name its files")
    if not path.is_file():
        raise BadRequest(f"there is no file {path}")
    try:
        if path.stat().st_size > 4 * LARGEST_DOCUMENT:
            raise BadRequest(f"{path} is larger than {4 * LARGEST_DOCUMENT:,} bytes")
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadRequest(f"{path} is not UTF-8 text") from None
    except OSError as error:
        raise BadRequest(f"cannot read {path}: {error.strerror}") from None


def _included(
    path: Path,
    content: str,
    declare: Path | None,
    taken: set[Path],
    missing: list[Finding],
    above: frozenset[Path] = frozenset(),
) -> tuple[Included, ...]:
    r"""The .tex files that a .tex file includes with \input, from its own folder only, in no circle.

    Those that are `taken`, named themselves or included before, are read for their macros alone.
    What cannot be read goes into `missing`.
    """
    found: list[Included] = []
    above |= {path.resolve()}
    if path.suffix != ".tex" or len(content) > LARGEST_DOCUMENT:
        return ()
    (source,) = sources(path.name, content)
    for number, match in enumerate(islice(_INPUT.finditer(without_skipped(source)), MOST_INCLUDED + 1)):
        name = (match[1] or match[2]).strip()
        target = path.parent / (name if name.endswith(".tex") else f"{name}.tex")
        if target.name.endswith(DRAWINGS) or "#" in name:
            continue
        try:
            place = target.resolve()
            why = _refused(path, target, place, number, len(above), taken)
        except (OSError, ValueError):
            why = f"{_cut(name)} cannot be a file: its formulas are not judged"
        if why:
            where = source.place(match.start())
            missing.append(Finding(str(path), *where, _cut(" ".join(match[0].split())), UNREAD, message=why))
        elif place not in above and place.parent == path.resolve().parent:
            text, is_judged = _content(target), place not in taken
            taken.add(place)
            own = _declared(target, declare) if declare is None or declare.is_dir() else None
            nested = _included(target, text, declare, taken, missing, above) if is_judged else ()
            found.append(Included(str(target), text, match.start(), own, nested, is_judged))
    return tuple(found)


def _refused(path: Path, target: Path, place: Path, number: int, depth: int, taken: set[Path]) -> str:
    """Why the formulas of an included file are not judged, and what to do; "" where they are."""
    if place in taken and target.is_file():
        return ""
    if place.parent != path.resolve().parent:
        return f"{_cut(str(target))} is outside the document's folder and is not read: name it on the command line"
    if not target.is_file():
        return f"there is no file {_cut(str(target))}: its formulas are not judged"
    if number >= MOST_INCLUDED or depth >= DEEPEST:
        bound = f"at most {MOST_INCLUDED} files are included by one, {DEEPEST} deep"
        return f"{bound}: from here on they are not judged, name them on the command line"
    return ""


def _cut(text: str) -> str:
    text = text.replace("\0", "\ufffd")
    return text if len(text) <= 120 else text[:119] + "…"


_INPUT = re.compile(r"\\(?:input|include|subfile)\s*\{([^{}\n]+)\}|\\input[ \t]+([^\s{}\\]+)")
DRAWINGS = tuple(f"{ending}.tex" for ending in (".pgf", ".tikz", ".pdf_tex", ".eps_tex", ".bbl", ".sty"))
