"""The verdicts of one run and the functions that follow from them, on file.

In:  records, and the file of an earlier run.
Out: `Run`: `verdict(record)` and `source(record)`, or `NoVerdict`.

A verdict is kept under a key of everything that it depends on: the claim with its model, the
prover's code, the versions of what it computes with.  Whoever asks computes the key of the
claim as it is now, so that a verdict on another claim, or by other code, is not found.
"""

from __future__ import annotations

import hashlib
import pickle
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numeric
import symbolic
from gradproof import request
from gradproof.run import Judged, run, usable_cores
from numeric.derivation_source import derivation_source
from symbolic.records import Derivation
from symbolic.verdicts import Proved, Verdict

STEPS = 3
STATED = ("derivations", "models")


class NoVerdict(Exception):
    """A record of which the run says nothing, or not what the record stands for."""


@dataclass(frozen=True)
class Run:
    """Verdicts and NumPy sources by key; `proved_now` counts the proofs that were not found on file."""

    verdicts: dict[str, Verdict]
    sources: dict[str, str]
    proved_now: int = 0

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


def prove_all(records: Sequence[Derivation], file: Path, jobs: int | None = None) -> Run:
    """A verdict for every record; what the file knows under the same key is not proved again.

    The file then holds this run and nothing else.
    """
    before = read(file)
    missing = [record for record in records if key(record) not in before.verdicts]
    new = {key(missing[n]): verdict for n, verdict in run(missing, {}, STEPS, jobs or usable_cores())}
    verdicts = {key(record): {**before.verdicts, **new}[key(record)] for record in records}
    proved = [(record, verdict) for record in records if isinstance(verdict := verdicts[key(record)], Proved)]
    sources = {source_key(each): before.sources.get(source_key(each)) or _source(each, v) for each, v in proved}
    file.parent.mkdir(parents=True, exist_ok=True)
    request.write(file, pickle.dumps((verdicts, sources)))
    return Run(verdicts, sources, len(missing))


def read(file: Path) -> Run:
    """What a run left; nothing where the file is missing or no longer readable."""
    try:
        return Run(*pickle.loads(file.read_bytes()))
    except Exception:  # an old pickle may fail in any way, and costs no more than proving again
        return Run({}, {})


@cache
def key(record: Derivation) -> str:
    """A digest of the claim, its model and everything that judges them."""
    libraries = (f"{name} {version(name)}" for name in ("sympy", "mpmath"))
    parts = [repr(getattr(record, field.name)) for field in fields(record)]
    return _digest([*parts, str(STEPS), _code(symbolic), platform.python_version(), *libraries])


def source_key(record: Derivation) -> str:
    """A digest of what the NumPy function of a claim is made from."""
    return _digest([key(record), _code(numeric)])


def _source(record: Derivation, verdict: Proved) -> str:
    try:
        return derivation_source(record, verdict)
    except (ValueError, TypeError):
        return ""


@cache
def _code(package: object) -> str:
    """A digest of a package's source, without the modules that only state claims: those are in the record."""
    (folder,) = map(Path, package.__path__)  # type: ignore[attr-defined]
    files = sorted(path for path in folder.rglob("*.py") if path.relative_to(folder).parts[0] not in STATED)
    return _digest([part for path in files for part in (str(path.relative_to(folder)), path.read_text("utf-8"))])


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
