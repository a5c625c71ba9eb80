"""What is said of a person's backward pass.

In:  what `numeric.trace.judge` found.
Out: `Proof`, whose text is the report, and `GradientError`, a failure that reads as one of pytest's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from html import escape
from typing import Any

from numeric.trace.places import Place

SHOWN = 3
DIGITS = 12


class Finding(StrEnum):
    """What a gradient turned out to be."""

    PROVED = "proved"
    REFUTED = "refuted"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class WrongEntry:
    """Enclosures of what the code returns and of the derivative; they do not meet."""

    position: tuple[int, ...]
    claimed: tuple[Fraction, Fraction]
    derivative: tuple[Fraction, Fraction]

    def __str__(self) -> str:
        where = ", ".join(map(str, self.position))
        return f"[{where}]  code {_decimal(self.claimed)}, derivative {_decimal(self.derivative)}"


@dataclass(frozen=True)
class Mend:
    """The line of the way back that is to be changed, and what it lacks; with that the gradients are proved."""

    place: Place
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}; this repair is proved"


@dataclass(frozen=True)
class Cause:
    """What, changed at `place`, makes the gradient right; `shortens`: by a factor between 0 and 1.

    `mend`: the line of the way back that is to be changed, if that is certain.
    """

    kind: str
    text: str
    place: Place | None = None
    shortens: bool = False
    mend: Mend | None = None

    def __str__(self) -> str:
        if self.mend and self.mend.text == self.text:
            return str(self.mend)
        return f"{self.text} ({self.place})" if self.place else self.text


@dataclass(frozen=True)
class ParameterVerdict:
    """One gradient: `error` bounds the probability that a proof by random points is wrong; 0 is exact.

    `wrong_from`: where no cause is known, the line that first makes something wrong of adjoints that are right.
    """

    name: str
    shape: tuple[int, ...]
    finding: Finding
    error: float | None = None
    hypotheses: tuple[str, ...] = ()
    wrong: int = 0
    entries: tuple[WrongEntry, ...] = ()
    point: Mapping[str, Any] | None = None
    cause: Cause | None = None
    wrong_from: Place | None = None
    reason: str = ""

    def __str__(self) -> str:
        if self.finding == Finding.PROVED:
            how = "exactly" if not self.error else f"modulo a random prime, error < {ceiling(self.error)}"
            return f"{self.name:<6} proved {how}"
        if self.finding == Finding.UNKNOWN:
            return f"{self.name:<6} unknown: {self.reason}"
        of = math.prod(self.shape)
        lines = [f"{self.name:<6} refuted: {self.reason or f'{self.wrong} of {of} entries are wrong'}"]
        lines += [f"         {self.name}{entry}" for entry in self.entries[:SHOWN]]
        if len(self.entries) > SHOWN:
            lines.append(f"         … and {self.wrong - SHOWN} more")
        return "\n".join(lines)


@dataclass(frozen=True)
class Proof:
    """The verdict of every gradient, under which hypotheses, and what floating point does to the code."""

    parameters: tuple[ParameterVerdict, ...]
    hypotheses: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    reason: str = ""
    seconds: float = 0.0
    operations: int = 0
    place: Place | None = field(default=None)
    deciding: bool = field(default=False, repr=False)

    @property
    def finding(self) -> Finding:
        """Refuted if some gradient is, proved if all are, otherwise unknown."""
        findings = {p.finding for p in self.parameters}
        if Finding.REFUTED in findings:
            return Finding.REFUTED
        return Finding.PROVED if findings == {Finding.PROVED} else Finding.UNKNOWN

    @property
    def proved(self) -> bool:
        """Every gradient that was returned is the derivative, under the hypotheses stated."""
        return self.finding == Finding.PROVED

    @property
    def refuted(self) -> bool:
        """Some gradient is certainly not the derivative."""
        return self.finding == Finding.REFUTED

    @property
    def open(self) -> bool:
        """Some gradient is neither proved nor refuted."""
        return any(p.finding == Finding.UNKNOWN for p in self.parameters)

    @property
    def clipped(self) -> bool:
        """Whatever is wrong is too short by a factor that a norm decides: this is the branch where it is clipped."""
        wrong = [p for p in self.parameters if p.finding != Finding.PROVED]
        return bool(wrong) and all(p.cause is not None and p.cause.shortens for p in wrong)

    def __getitem__(self, name: str) -> ParameterVerdict:
        return next(p for p in self.parameters if p.name == name)

    def __str__(self) -> str:
        under = " under the hypotheses below" if self.proved and self.hypotheses else ""
        lines = [f"{self.finding}{under}" + (f": {self.reason}" if self.reason else "")]
        lines += [str(p) for p in self.parameters]
        lines += self._causes()
        lines += [f"hypothesis: {h}" for h in self.hypotheses]
        point = next((p.point for p in self.parameters if p.point is not None), None)
        if point is not None:
            lines.append("at the point")
            lines += [f"  {name} = {_exact(value)}" for name, value in point.items()]
        lines += [f"note: {note}" for note in self.notes]
        lines.append(f"{self.operations:,} operations, {self.seconds:.1f} s")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        first, *rest = str(self).splitlines()
        return f"<b>{escape(first)}</b>" + (f"<pre>{escape(chr(10).join(rest))}</pre>" if rest else "")

    def _causes(self) -> list[str]:
        """Each likely cause once, with the gradients that it explains."""
        explained: dict[str, list[str]] = {}
        mends: dict[str, list[str]] = {}
        for p in self.parameters:
            if p.cause is not None:
                explained.setdefault(str(p.cause), []).append(p.name)
                if p.cause.mend is not None and p.cause.mend.text != p.cause.text:
                    mends.setdefault(str(p.cause.mend), []).append(p.name)
        begins: dict[str, list[str]] = {}
        for p in self.parameters:
            if p.wrong_from is not None:
                begins.setdefault(str(p.wrong_from), []).append(p.name)
        return [
            *(f"likely cause ({', '.join(names)}): {cause}" for cause, names in explained.items()),
            *(f"to be mended ({', '.join(names)}): {mend}" for mend, names in mends.items()),
            *(
                f"what goes into {line} is right, and not what it makes of it ({', '.join(n)})"
                for line, n in begins.items()
            ),
        ]


class GradientError(AssertionError):
    """A gradient that is not proved; `proof` says what was found."""

    def __init__(self, proof: Proof) -> None:
        super().__init__(f"the gradient is {proof}")
        self.proof = proof


def ceiling(error: float) -> str:
    """1e-21 for whatever is below it."""
    return f"1e{math.ceil(math.log10(error))}" if error > 1e-300 else "1e-300"


def _decimal(ends: tuple[Fraction, Fraction]) -> str:
    value = float((ends[0] + ends[1]) / 2)
    return f"{value:.{DIGITS}g}"


def _exact(value: Any) -> str:
    if isinstance(value, Fraction | int):
        return str(value)
    return "[" + ", ".join(_exact(part) for part in value) + "]"
