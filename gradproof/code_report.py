"""Proofs of a person's functions as text and as JSON (docs/code.md).

In:  {function: Proof}.  Out: a string.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from typing import Any

from numeric.trace.proof import Finding, ParameterVerdict, Proof
from symbolic.refute import DIGITS
from symbolic.verdicts import exact_text


def text(proofs: Mapping[str, Proof]) -> str:
    """The report of every function, and how many there are of each kind."""
    parts = [f"{name}: {proof}" for name, proof in proofs.items()]
    if len(proofs) > 1:
        counts = _counts(proofs)
        parts.append("; ".join(f"{n} {finding}" for finding, n in counts.items() if n))
    return "\n\n".join(parts)


def as_json(proofs: Mapping[str, Proof]) -> str:
    """One object: `functions` and `summary`."""
    functions = [_function(name, proof) for name, proof in proofs.items()]
    return json.dumps({"functions": functions, "summary": _counts(proofs)}, ensure_ascii=False)


def _counts(proofs: Mapping[str, Proof]) -> dict[str, int]:
    return {str(f): sum(proof.finding == f for proof in proofs.values()) for f in Finding}


def _function(name: str, proof: Proof) -> dict[str, Any]:
    return {
        "function": name,
        "verdict": str(proof.finding),
        "reason": proof.reason,
        "hypotheses": list(proof.hypotheses),
        "notes": list(proof.notes),
        "operations": proof.operations,
        "seconds": round(proof.seconds, 3),
        "gradients": [_gradient(p) for p in proof.parameters],
    }


def _gradient(verdict: ParameterVerdict) -> dict[str, Any]:
    cause, begins = verdict.cause, verdict.wrong_from
    place = cause.place if cause else None
    return {
        "name": verdict.name,
        "shape": list(verdict.shape),
        "verdict": str(verdict.finding),
        "error": verdict.error,
        "reason": verdict.reason,
        "wrong": verdict.wrong,
        "entries": [
            {"position": list(e.position), "claimed": _ends(e.claimed), "derivative": _ends(e.derivative)}
            for e in verdict.entries
        ],
        "point": None if verdict.point is None else {name: _strings(value) for name, value in verdict.point.items()},
        "cause": None
        if cause is None
        else {
            "kind": cause.kind,
            "text": cause.text,
            "file": place.file if place else None,
            "line": place.line if place else None,
            "mend": None
            if cause.mend is None
            else {"file": cause.mend.place.file, "line": cause.mend.place.line, "text": cause.mend.text},
        },
        "wrong_from": None if begins is None else {"file": begins.file, "line": begins.line},
    }


def _ends(interval: tuple[Fraction, Fraction]) -> list[str]:
    """The two ends in decimal, rounded outwards."""
    return [
        str(Context(prec=DIGITS, rounding=rounding).divide(Decimal(end.numerator), Decimal(end.denominator)))
        for end, rounding in zip(interval, (ROUND_FLOOR, ROUND_CEILING), strict=True)
    ]


def _strings(value: Any) -> Any:
    return [_strings(part) for part in value] if isinstance(value, list) else exact_text(value)
