"""The formulas of a document -> one finding per equality.

In:  a document's texts and its declarations.
Out: `Finding`s in order: where, what was read, the verdict and what belongs to it.

Every reading of an equality becomes a record that `prove` judges.  Readings that agree
give their verdict; where they do not, the formula is ambiguous.  What a document defines
is compared with the model: a definition that differs has a defect.
findings → judging → mentions, claims → updates; relations → effects, governing → conditions; all → formulas.
"""

from symbolic.reader.judge.findings import (
    AMBIGUOUS,
    DEFINITION,
    ILL_TYPED,
    PROVED,
    REFUTED,
    UNKNOWN,
    UNREAD,
    VERDICTS,
    Finding,
)
from symbolic.reader.judge.formulas import SECONDS, judged, place_of

__all__ = [
    "AMBIGUOUS",
    "DEFINITION",
    "ILL_TYPED",
    "PROVED",
    "REFUTED",
    "SECONDS",
    "UNKNOWN",
    "UNREAD",
    "VERDICTS",
    "Finding",
    "judged",
    "place_of",
]
