"""The verdicts of one run and the functions that follow from them, on file.

In:  records and documents, and the file of an earlier run.
Out: `Run`: `of(record)`, `source(record)` and `on(document)`, or `NoVerdict`.

A verdict is kept under a key of everything that it depends on: the claim with its model, or the
document with its declarations, the prover's code, the versions of what it computes with.  Whoever
asks computes the key of the claim as it is now, so that a verdict on another claim, or by other
code, is not found.
"""

from __future__ import annotations

import hashlib
import pickle
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numeric
import symbolic
from gradproof import request
from gradproof.check_run import Document, checked
from gradproof.run import Judged, run, usable_cores
from gradproof.site.decided import undecided
from numeric.derivation_source import derivation_source
from symbolic.reader.judge import Finding
from symbolic.records import Derivation
from symbolic.verdicts import Proved, Verdict

STEPS = 3
STATED = ("derivations", "models")
CLAIMED = ("derivations",)


class NoVerdict(Exception):
    """A record or a document of which the run says nothing, or not what the record stands for."""


@dataclass(frozen=True)
class Run:
    """Verdicts, NumPy sources and findings by key; `proved_now` records and `read_now` documents were not on file."""

    verdicts: dict[str, Verdict]
    sources: dict[str, str]
    findings: dict[str, list[Finding]] = field(default_factory=dict)
    proved_now: int = 0
    read_now: int = 0

    def judged(self, record: Derivation, own: bool = False) -> Judged:
        """The record with its verdict; NoVerdict where there is none, or another than it stands for."""
        judged = Judged(record, self.of(record), own)
        if not judged.is_expected:
            raise NoVerdict(f"{record.id} is {judged.verdict.name} (expected {record.expected}): {record.statement}")
        return judged

    def of(self, record: Derivation) -> Verdict:
        """The verdict of this run on exactly this claim."""
        verdict = self.verdicts.get(key(record))
        if verdict is None:
            raise NoVerdict(f"{record.id}: this run has no verdict on the formula as it stands now: {record.statement}")
        return verdict

    def source(self, record: Derivation) -> str:
        """The NumPy function of a proved closed form; empty where it has none."""
        return self.sources.get(source_key(record), "")

    def on(self, document: Document) -> list[Finding]:
        """What this run says of exactly this document with these declarations."""
        findings = self.findings.get(document_key(document))
        if findings is None:
            raise NoVerdict(f"{document.name}: this run has not judged the document as it stands now")
        return findings


def prove_all(
    records: Sequence[Derivation], file: Path, documents: Sequence[Document] = (), jobs: int | None = None
) -> Run:
    """A verdict for every record and findings on every document; what the file knows under the same key is kept.

    The file then holds this run and nothing else.
    """
    before, jobs = read(file), jobs or usable_cores()
    missing = [record for record in records if key(record) not in before.verdicts]
    new = {key(missing[n]): verdict for n, verdict in run(missing, {}, STEPS, jobs)}
    verdicts = {key(record): {**before.verdicts, **new}[key(record)] for record in records}
    proved = [(record, verdict) for record in records if isinstance(verdict := verdicts[key(record)], Proved)]
    sources = {source_key(each): before.sources.get(source_key(each)) or _source(each, v) for each, v in proved}
    findings = {document_key(each): _kept(each, before) or checked([each], jobs).findings for each in documents}
    read_now = sum(found is not before.findings.get(known) for known, found in findings.items())
    file.parent.mkdir(parents=True, exist_ok=True)
    request.write(file, pickle.dumps((verdicts, sources, findings)))
    return Run(verdicts, sources, findings, len(missing), read_now)


def read(file: Path) -> Run:
    """What a run left; nothing where the file is missing or no longer readable."""
    try:
        return Run(*pickle.loads(file.read_bytes()))
    except Exception:  # an old pickle may fail in any way, and costs no more than proving again
        return Run({}, {})


def _kept(document: Document, before: Run) -> list[Finding]:
    """What is known of a document; nothing if it is not what was decided on, as a clock may have stopped it."""
    known = before.findings.get(document_key(document), [])
    return [] if undecided(known, document) else known


@cache
def key(record: Derivation) -> str:
    """A digest of the claim, its model and everything that judges them."""
    parts = [repr(getattr(record, field.name)) for field in fields(record)]
    return _digest([*parts, str(STEPS), _code(symbolic, STATED), *_computed_with()])


def document_key(document: Document) -> str:
    """A digest of the text, its declarations and everything that reads and judges them, the models among it."""
    return _digest([repr(document), _code(symbolic, CLAIMED), *_computed_with()])


def source_key(record: Derivation) -> str:
    """A digest of what the NumPy function of a claim is made from."""
    return _digest([key(record), _code(numeric, ())])


def _source(record: Derivation, verdict: Proved) -> str:
    try:
        return derivation_source(record, verdict)
    except (ValueError, TypeError):
        return ""


def _computed_with() -> tuple[str, ...]:
    return platform.python_version(), *(f"{name} {version(name)}" for name in ("sympy", "mpmath"))


@cache
def _code(package: object, without: tuple[str, ...]) -> str:
    """A digest of a package's source, without the modules that only state what the record or no document holds."""
    (folder,) = map(Path, package.__path__)  # type: ignore[attr-defined]
    files = sorted(path for path in folder.rglob("*.py") if path.relative_to(folder).parts[0] not in without)
    return _digest([part for path in files for part in (str(path.relative_to(folder)), path.read_text("utf-8"))])


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
