"""Documents -> findings, on as many cores as there are.

In:  files as they were named, and where their declarations are.
Out: findings in the order of the documents; or one line, a `BadRequest`.
Only the files that are named, their declarations and what they include from their own
folder are read.
"""

from __future__ import annotations

import multiprocessing
import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from gradproof.request import BadRequest
from symbolic.reader.declare import BadDeclaration
from symbolic.reader.document import Part, parts
from symbolic.reader.judge import UNKNOWN, UNREAD, Finding, judged
from symbolic.reader.scan import LARGEST_DOCUMENT, Unscannable

CHUNK = 6


@dataclass(frozen=True)
class Document:
    """A file, its declarations, and the texts that it includes, for their macros; `includes` are their names."""

    name: str
    content: str
    declared: tuple[str, str] | None = None
    beside: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Checked:
    findings: list[Finding]
    seconds: float


def documents(files: Sequence[Path], declare: Path | None = None) -> list[Document]:
    """The files and what is declared for each; raises BadRequest."""
    if declare is not None and not declare.exists():
        raise BadRequest(f"there is no file or folder {declare}")
    found = []
    for path in files:
        content = _content(path)
        declared = None
        if declare is not None:
            file = declare / f"{path.stem}.check" if declare.is_dir() else declare
            declared = (str(file), _content(file)) if file.is_file() else None
        elif (beside := path.with_suffix(".check")).is_file():
            declared = (str(beside), _content(beside))
        included = _included(path, content)
        texts, names = tuple(included.values()), tuple(map(str, included))
        found.append(Document(str(path), content, declared, texts, names))
    return found


def not_checked(given: Sequence[Document]) -> list[str]:
    """Files that are included, and not named: their macros are known, their formulas are not judged."""
    named = {str(Path(document.name)) for document in given}
    return sorted({name for document in given for name in document.includes} - named)


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
        with ProcessPoolExecutor(min(jobs, len(chunks)), multiprocessing.get_context("fork")) as pool:
            futures = {pool.submit(_chunk, given[chunk[0]], *chunk[1:]): chunk for chunk in chunks}
            for future in as_completed(futures):
                results[futures[future]] = future.result()
                advance(CHUNK)
    return Checked([finding for chunk in chunks for finding in results[chunk]], time.perf_counter() - started)


def formula_places(document: Document) -> list[tuple[int, int]]:
    """Line and column of every formula; raises BadRequest."""
    try:
        return [formula.place for part in _parts(document) for formula in part.formulas]
    except (Unscannable, BadDeclaration) as error:
        raise BadRequest(str(error)) from None


def each_formula(document: Document) -> list[list[Finding]]:
    """The findings of every formula, in the order of `formula_places`."""
    return [found for part in _parts(document) for found in judged(part.formulas, part.declarations, part.macros)]


def _chunk(document: Document, position: int, first: int, last: int) -> list[Finding]:
    """The findings of some formulas of a document."""
    part = _parts(document)[position]
    found = judged(part.formulas, part.declarations, part.macros, first=first, last=last)
    return [finding for each in found for finding in each]


@cache
def _parts(document: Document) -> list[Part]:
    """Read once, before processes are forked: a model's derivatives are remembered by the model."""
    return parts(document.name, document.content, document.declared, document.beside)


def exit_code(findings: Sequence[Finding], allow_unread: bool = False) -> int:
    """0: nothing wrong, all read; 1: something is wrong; 3: something was not read or decided."""
    if any(finding.is_wrong for finding in findings):
        return 1
    return 3 if not allow_unread and any(f.verdict in {UNREAD, UNKNOWN} for f in findings) else 0


def _content(path: Path) -> str:
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


def _included(path: Path, content: str) -> dict[Path, str]:
    r"""The texts that a .tex file includes with \input, from its own folder only."""
    found: dict[Path, str] = {}
    names = re.findall(r"\\(?:input|include)\s*\{([^{}\0\n]{1,200})\}", content) if path.suffix == ".tex" else []
    for name in names[:50]:
        target = path.parent / (name if name.endswith(".tex") else f"{name}.tex")
        if target.resolve().parent == path.resolve().parent and target.is_file():
            found[target] = _content(target)
    return found
