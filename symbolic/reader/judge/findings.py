"""What is said of one equality of a formula."""

from __future__ import annotations

from dataclasses import dataclass

from symbolic.verdicts import Counterexample

PROVED, DEFINITION, REFUTED, ILL_TYPED = "proved", "definition", "refuted", "ill_typed"
AMBIGUOUS, UNREAD, UNKNOWN = "ambiguous", "unread", "unknown"
VERDICTS = (PROVED, DEFINITION, REFUTED, ILL_TYPED, AMBIGUOUS, UNREAD, UNKNOWN)


@dataclass(frozen=True)
class Finding:
    """One equality of a formula, or the formula: what was read and what is to be said of it."""

    file: str
    line: int
    column: int
    latex: str
    verdict: str
    reading: str = ""
    hypotheses: tuple[str, ...] = ()
    counterexample: Counterexample | None = None
    repair: str = ""
    repaired_under: tuple[str, ...] = ()
    message: str = ""
    defect: bool = False
    displayed: bool = False
    token: str = ""

    @property
    def is_wrong(self) -> bool:
        return self.verdict in {REFUTED, ILL_TYPED, AMBIGUOUS} or self.defect
