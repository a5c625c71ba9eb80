"""Verdicts for people and for programs.

In:  judged records.
Out: a summary line, one record in full, the JSON of docs/json.md, a list of the catalogue; `table` is a module
     of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gradproof.run import Judged
from symbolic.latex import statement_latex
from symbolic.records import Derivation
from symbolic.verdicts import ENDS, Ambiguous, Counterexample, IllTyped, Proved, Refuted, Unknown, Verdict

KINDS: tuple[type[Verdict], ...] = (Proved, Refuted, IllTyped, Ambiguous, Unknown)
COLORS = {"proved": "green", "refuted": "cyan", "ill_typed": "cyan", "ambiguous": "yellow", "unknown": "yellow"}


def verdict_text(each: Judged) -> str:
    """`refuted`, or `refuted (expected proved)`."""
    if each.is_expected:
        return each.verdict.name
    if each.verdict.name == each.record.expected:
        return f"{each.verdict.name} (hypothesis not declared)"
    return f"{each.verdict.name} (expected {each.record.expected})"


def style(each: Judged) -> dict[str, Any]:
    return {"fg": COLORS[each.verdict.name]} if each.is_expected else {"fg": "red", "bold": True}


def hypotheses(verdict: Verdict) -> list[str]:
    return [str(h) for h in verdict.hypotheses] if isinstance(verdict, Proved) else []


def counts(judged: Sequence[Judged]) -> dict[str, int]:
    """How many of each kind, and how many are not as expected."""
    each_kind = {kind.name: sum(isinstance(each.verdict, kind) for each in judged) for kind in KINDS}
    return each_kind | {"unexpected": sum(not each.is_expected for each in judged)}


def summary(judged: Sequence[Judged], seconds: float) -> str:
    """`12 claims: 10 proved, 2 refuted; 0 unexpected; 1.2 s`."""
    number = counts(judged)
    kinds = ", ".join(f"{number[kind.name]} {kind.name}" for kind in KINDS if number[kind.name]) or "none judged"
    claims = "claim" if len(judged) == 1 else "claims"
    return f"{len(judged)} {claims}: {kinds}; {number['unexpected']} unexpected; {seconds:.1f} s"


def as_json(judged: Sequence[Judged], seconds: float) -> str:
    """The schema of docs/json.md."""
    claims = [_claim(each) for each in judged]
    return json.dumps({"claims": claims, "summary": {**counts(judged), "seconds": seconds}}, ensure_ascii=False)


def _claim(each: Judged) -> dict[str, Any]:
    record, verdict = each.record, each.verdict
    proved = verdict if isinstance(verdict, Proved) else None
    return {
        "id": record.id,
        "title": record.title,
        "statement": record.statement,
        "latex": statement_latex(record),
        "verdict": verdict.name,
        "expected": record.expected,
        "hypotheses": hypotheses(verdict),
        "sizes": dict(verdict.sizes),
        "steps": verdict.steps,
        "every_size": proved is not None and proved.every_size is not None,
        "every_T": None if verdict.steps is None else proved is not None and proved.every_T is True,
        "method": method(verdict),
        "seconds": verdict.seconds,
        "source": record.source,
        "counterexample": _counterexample(verdict.counterexample) if isinstance(verdict, Refuted) else None,
    }


def _counterexample(found: Counterexample | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "entry": place(found),
        "values": {name: _strings(value) for name, value in found.values.items()},
        "left": list(found.left),
        "right": list(found.right),
    }


def _strings(value: Any) -> Any:
    return [_strings(each) for each in value] if isinstance(value, list) else str(value)


def method(verdict: Verdict) -> str:
    """How the verdict was reached."""
    match verdict:
        case Proved():
            return verdict.method
        case Refuted():
            return "interval arithmetic at a rational point"
        case IllTyped():
            return "shapes"
    return ""


def place(found: Counterexample) -> str:
    """The entry and the step at which the sides differ: `(1, 2) at T=2, t=1`."""
    steps = ", ".join(f"{anchor}={n}" for anchor, n in found.steps.items())
    return " at ".join(part for part in (found.entry, steps) if part)


def full(each: Judged, repair: Derivation | None) -> Iterator[str]:
    """Everything that is known of one record, line by line."""
    record, verdict = each.record, each.verdict
    yield record.statement
    facts: dict[str, str] = {
        "title": record.title,
        "id": record.id,
        "model": f"{record.model.title} ({record.model.name})" if record.model else "",
        "hypotheses": ", ".join(str(h) for h in record.hypotheses),
        "source": record.source,
        "verdict": verdict_text(each),
        "scope": verdict.scope,
        "method": method(verdict),
        **reasons(verdict),
        "seconds": f"{verdict.seconds:.3f}",
        "repair": f"{repair.id}: {repair.statement}" if repair else "",
    }
    width = max(map(len, facts))
    for name, fact in facts.items():
        if fact:
            yield f"  {name:<{width}}  {fact}"
    yield ""
    yield from _chain(record, verdict)
    if isinstance(verdict, Refuted) and verdict.counterexample:
        yield ""
        yield from counterexample(record, verdict.counterexample)


def reasons(verdict: Verdict) -> dict[str, str]:
    """What stands behind a verdict, by name."""
    match verdict:
        case Proved():
            size_bound = " ".join(f"{axis}={n}" for axis, n in (verdict.every_size or {}).items())
            settled = f"settled at {size_bound}" if size_bound else "settled at any size"
            return {
                "under": ", ".join(hypotheses(verdict)),
                "size bound": settled if verdict.every_size is not None else f"none: {verdict.size_reason}",
                "independence": (
                    ""
                    if verdict.functions is None
                    else f"rank {verdict.rank} of {verdict.functions} arguments of exp, tanh and σ"
                ),
                "second opinion": verdict.second_opinion,
            }
        case IllTyped():
            return {"shapes": f"{verdict.left} and {verdict.right}", "because": verdict.message}
        case Unknown():
            return {"because": verdict.reason}
    return {}


def _chain(record: Derivation, verdict: Verdict) -> Iterator[str]:
    wrong = verdict.counterexample.equality if isinstance(verdict, Refuted) and verdict.counterexample else 0
    yield f"  {record.chain[0]}"
    for number, (reason, term) in enumerate(zip(record.reasons, record.chain[1:], strict=True), 1):
        yield f"    {'≠' if number == wrong else '='} {term}    [{reason}]"


def counterexample(record: Derivation, found: Counterexample) -> Iterator[str]:
    """The equality that fails, where, both sides there, and the exact value of every variable."""
    if found.equality == ENDS:
        left, right = record.chain[0], record.chain[-1]
        yield "counterexample: the first and the last term differ where a term between them does not exist"
    else:
        left, right = record.chain[found.equality - 1 : found.equality + 1]
        yield f"counterexample: equality {found.equality} fails ({record.reasons[found.equality - 1]})"
    if where := place(found):
        yield f"  entry {where}"
    yield f"  left   {left}"
    yield f"       = {_enclosure(found.left)}"
    yield f"  right  {right}"
    yield f"       = {_enclosure(found.right)}"
    yield "  where"
    for name, value in found.values.items():
        yield from _value(f"    {name}", value)
    if made := {name: value for name, value in found.parts.items() if name not in found.values}:
        yield "  so that, to six digits,"
        for name, value in made.items():
            yield from _value(f"    {name}", value)


def explanation(each: Judged) -> Iterator[str]:
    """Why a verdict is not the expected one."""
    yield f"{each.record.id}: {verdict_text(each)}"
    if isinstance(each.verdict, Refuted) and each.verdict.counterexample:
        yield from counterexample(each.record, each.verdict.counterexample)
    else:
        yield from (f"  {name}: {fact}" for name, fact in reasons(each.verdict).items() if fact)


def _enclosure(ends: tuple[str, str]) -> str:
    low, high = ends
    return f"{low}…" if low == high else f"[{low}, {high}]"


def _value(name: str, value: Any) -> Iterator[str]:
    """A number, a vector or a matrix in aligned columns; of higher ranks, each matrix."""
    if not isinstance(value, list):
        yield f"{name} = {value}"
    elif not isinstance(value[0], list):
        yield f"{name} = [{' '.join(map(str, value))}]"
    elif isinstance(value[0][0], list):
        for number, part in enumerate(value, 1):
            yield from _value(f"{name}({number}, …)", part)
    else:
        width = max(len(str(entry)) for line in value for entry in line)
        lines = ["[" + " ".join(f"{entry!s:>{width}}" for entry in line) + "]" for line in value]
        yield f"{name} = {lines[0]}"
        yield from (" " * (len(name) + 3) + line for line in lines[1:])


def listing(records: Sequence[Derivation], chapters: Mapping[str, str]) -> Iterator[str]:
    """Ids and titles by chapter; a formula that is printed wrongly is marked by its expected verdict."""
    width = max(len(record.id) for record in records)
    chapter = ""
    for record in records:
        if chapters[record.id] != chapter:
            chapter = chapters[record.id]
            yield chapter
        mark = "" if record.expected == "proved" else f"  [{record.expected}]"
        yield f"  {record.id:<{width}}  {record.title}{mark}"
