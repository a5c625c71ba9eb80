"""The steps that sums run over: those of a sum without limits, and those at which there is nothing.

In:  an equality as it is read, with t = 1 … T where a sum has no limits.
Out: the reading in which such a sum runs wherever all of its summand exists, if that is proved; the value that does
     not exist, and at which step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from symbolic import terms as f
from symbolic.model import Model
from symbolic.reader.candidates import Candidate, candidates
from symbolic.reader.given import verdict_given
from symbolic.reader.judge.findings import PROVED
from symbolic.reader.judge.judging import Judging
from symbolic.reader.readings import Misfit
from symbolic.reader.syntax.nodes import Node
from symbolic.reader.tokens import Unread
from symbolic.terms import Var
from symbolic.verdicts import Verdict

SHIFTED = (
    "{} with t = 1 … T; proved where the sum runs over other steps, those at which its summand is: write its limits"
)


def wherever_it_is(
    judge: Judging, left: Node, right: Node, found: Sequence[Candidate]
) -> list[tuple[Candidate, Verdict]]:
    """The readings in which Σ_t without limits runs over the steps at which its summand exists, if one is proved."""
    try:
        others = candidates(left, right, replace(judge.scope, shifted=True))
    except (Misfit, Unread):
        return []
    if {other.pairs for other in others} <= {candidate.pairs for candidate in found}:
        return []
    judged = [(other, verdict_given(other, judge.scope, judge.given)) for other in others]
    return judged if any(verdict.name == PROVED for _, verdict in judged) else []


def absent(judge: Judging, found: Sequence[Candidate]) -> str:
    """Which value does not exist at a step that a sum runs over: x_0, of x at t = 1 … T; "" where each does."""
    model = judge.scope.model
    if model is None or not model.is_sequence:
        return ""
    for pair in found[0].pairs:
        for side in pair:
            for each in f.subterms(side):
                if isinstance(each, f.SumSteps) and (said := next(_absent_in(each, model), "")):
                    return said
    return ""


def _absent_in(whole: f.SumSteps, model: Model) -> Iterator[str]:
    before = {var.name for eq in model.equations for var in eq.uses if var.step is not None and var.step.offset < 0}
    for var in (part for part in f.subterms(whole.body) if isinstance(part, Var) and part.step is not None):
        step = var.step
        if step is None or step.anchor != whole.index or var.name not in model.arrays:
            continue
        earliest = 0 if var.name in before else 1
        first, last = whole.first + step.offset, whole.last + step.offset
        there = f"{var.name} is there for t = {earliest} … T"
        if not first.anchor and first.offset < earliest:
            yield f"{var.name}_{first.offset} does not exist: {there}"
        elif last.anchor == "T" and last.offset > 0:
            yield f"{var.name}_{{{last}}} does not exist: {there}"


def is_nowhere(message: str) -> bool:
    """Whether the prover found no step at which all of a formula exists."""
    return "speaks of no step" in message
