"""Findings -> text for people, annotations for GitHub, JSON for programs.

In:  findings.  Out: a block of lines for each that says something, a summary line, or the
JSON of docs/check.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from symbolic.reader.judge import UNKNOWN, UNREAD, VERDICTS, Finding
from symbolic.verdicts import Counterexample, exact_text

WORDS = {"ill_typed": "ill-typed", "unread": "cannot read"}
LONGEST = 100


def lines(findings: Sequence[Finding], style: str = "text") -> Iterator[str]:
    """Every finding that is not simply right, a block each; in text a line for what holds under hypotheses alone."""
    for finding in findings:
        if finding.is_wrong or finding.verdict in {UNREAD, UNKNOWN}:
            yield from _github(finding) if style == "github" else _block(finding)
        elif finding.hypotheses and style == "text":
            yield _head(finding, f"proved under {', '.join(finding.hypotheses)}")


def _block(finding: Finding) -> Iterator[str]:
    yield _head(finding, word(finding))
    for name, fact in facts(finding):
        yield f"    {name:<12} {fact}"


def _head(finding: Finding, word: str) -> str:
    return f"{finding.file}:{finding.line}:{finding.column}: {word}  {_cut(finding.latex)}"


def _github(finding: Finding) -> Iterator[str]:
    level = "error" if finding.is_wrong else "warning"
    text = "; ".join(f"{name} {fact}" for name, fact in facts(finding))
    file = re.sub(r"(\.ipynb):\d+$", r"\1", finding.file)
    place = f"file={_property(file)},line={finding.line},col={finding.column}"
    title = _property(f"gradproof: {word(finding)}")
    yield f"::{level} {place},title={title}::{_data(f'{_cut(finding.latex)}  {text}')}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def word(finding: Finding) -> str:
    """`ill-typed`, `definition with a defect`."""
    verdict = WORDS.get(finding.verdict, finding.verdict)
    return f"{verdict} with a defect" if finding.defect else verdict


def facts(finding: Finding) -> Iterator[tuple[str, str]]:
    """What belongs to the verdict: `read as`, `fails at`, `where`, `because`, `did you mean`."""
    if finding.reading:
        yield "read as", finding.reading
    if finding.counterexample is not None:
        yield "fails at", _place(finding.counterexample)
        if where := _values(finding.counterexample):
            yield "where", where
    if finding.message:
        yield ("but" if finding.counterexample is not None else "because"), finding.message
    if finding.repair:
        under = f" under {' and '.join(finding.repaired_under)}" if finding.repaired_under else ""
        yield "did you mean", f"{finding.repair}      (proved{under})"


def _place(found: Counterexample) -> str:
    entry = [f"entry {found.entry}"] if found.entry else []
    place = ", ".join([*entry, *(f"{s} = {n}" for s, n in found.steps.items())])
    sides = f"left {_side(found.left)}, right {_side(found.right)}"
    return f"{place}:  {sides}" if place else sides


def _side(ends: tuple[str, str]) -> str:
    """Its first digits; 0 where both signs are enclosed."""
    low, high = ends
    return "0…" if low.startswith("-") and not high.startswith("-") else f"{low}…"


def _values(found: Counterexample) -> str:
    """What the formula names: exactly what is free, to six digits what is made from it."""
    shown = {name: found.values.get(name, value) for name, value in found.parts.items()} or found.values
    return _cut(", ".join(f"{name} = {exact_text(value)}" for name, value in shown.items()), 400)


def _cut(text: str, longest: int = LONGEST) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def counts(findings: Sequence[Finding]) -> dict[str, int]:
    """How many findings have each verdict."""
    return {verdict: sum(finding.verdict == verdict for finding in findings) for verdict in VERDICTS}


def summary(findings: Sequence[Finding], seconds: float) -> str:
    """`12 equalities: 10 proved, 2 refuted; 0.3 s`."""
    number = counts(findings)
    kinds = ", ".join(f"{n} {WORDS.get(verdict, verdict)}" for verdict, n in number.items() if n) or "none"
    defects = sum(finding.defect for finding in findings)
    more = f" ({defects} with a defect)" if defects else ""
    undeclared = bool(findings) and all(each.message.endswith("is not declared") for each in findings)
    hint = (
        "\nno formula has all its names declared: `gradproof check --suggest FILE` drafts the declarations"
        if undeclared
        else ""
    )
    formulas = "1 formula" if len(findings) == 1 else f"{len(findings)} formulas"
    return f"{formulas}: {kinds}{more}; {seconds:.1f} s{hint}"


def unread_note(findings: Sequence[Finding]) -> str:
    """How many could not be read or decided; empty where none."""
    number = counts(findings)
    parts = [f"{number[UNREAD]} cannot be read"] * bool(number[UNREAD]) + [f"{number[UNKNOWN]} unknown"] * bool(
        number[UNKNOWN]
    )
    return ", ".join(parts)


def as_json(findings: Sequence[Finding]) -> str:
    """The schema of docs/check.md."""
    return json.dumps({"formulas": [_formula(f) for f in findings], "summary": counts(findings)}, ensure_ascii=False)


def _formula(finding: Finding) -> dict[str, Any]:
    found = finding.counterexample
    return {
        "file": finding.file,
        "line": finding.line,
        "column": finding.column,
        "latex": finding.latex,
        "reading": finding.reading,
        "verdict": finding.verdict,
        "hypotheses": list(finding.hypotheses),
        "counterexample": found
        and {
            "entry": found.entry,
            "steps": dict(found.steps),
            "values": {name: _strings(value) for name, value in found.values.items()},
            "left": list(found.left),
            "right": list(found.right),
        },
        "repair": finding.repair or None,
        "message": finding.message,
        "defect": finding.defect,
        "displayed": finding.displayed,
    }


def _strings(value: Any) -> Any:
    return [_strings(each) for each in value] if isinstance(value, list) else str(value)
