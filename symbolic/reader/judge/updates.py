"""X += Y and X = X + Y: Y is one part of a gradient, or the line a rule that changes X.

Of the gradient by a value, a part is what comes through one of the values made from it; of the gradient by a
parameter, what one step gives.
"""

from __future__ import annotations

from dataclasses import replace

from symbolic import terms as f
from symbolic.notation import Step
from symbolic.reader.candidates import Candidate, candidates
from symbolic.reader.judge.claims import repaired, what_to_declare
from symbolic.reader.judge.findings import AMBIGUOUS, DEFINITION, ILL_TYPED, PROVED, REFUTED, UNKNOWN, Finding
from symbolic.reader.judge.judging import Judging
from symbolic.reader.readings import Misfit
from symbolic.reader.repair import contributions, of_one_step
from symbolic.reader.resolve import Resolver
from symbolic.reader.syntax import nodes as s
from symbolic.reader.syntax.nodes import Node, is_same_node
from symbolic.terms import LOSS
from symbolic.verdicts import Proved, Refuted, Unknown, Verdict


def added_in(left: Node, right: Node) -> Node | None:
    """In X = X + Y, the Y; otherwise None."""
    if (
        not isinstance(right, s.Sum)
        or len(right.parts) < 2
        or not isinstance(left, s.Name | s.Differential | s.Derivative | s.Nabla)
    ):
        return None
    sign, first = right.parts[0]
    if sign < 0 or not is_same_node(left, first):
        return None
    rest = right.parts[1:]
    return rest[0][1] if len(rest) == 1 and rest[0][0] > 0 else s.Sum(rest[0][1].at, rest)


def is_rule(judge: Judging, left: Node) -> bool:
    """Whether X = X + Y can only be meant as a rule: X is a value, or the gradient of the whole loss."""
    if isinstance(left, s.Name):
        return True
    found = Resolver(judge.scope, "total").of(left)[0].term
    return isinstance(found, f.Derivative) and found.of == LOSS


def updated(judge: Judging, left: Node, added: Node, start: int, end: int) -> Finding:
    """X += Y, or X = X + Y: Y is one part of a gradient, or a rule that changes X."""
    if isinstance(left, s.Name):
        for node in (left, added):
            Resolver(judge.scope, "total").of(node)
        return judge.finding(DEFINITION, start, end, message="a rule that changes a value; nothing is claimed")
    try:
        found = candidates(left, added, judge.scope)
    except Misfit as why:
        return repaired(judge, judge.finding(ILL_TYPED, start, end, message=str(why)), left, added, is_part=True)
    each = [as_a_part(judge, candidate) for candidate in found]
    names = {verdict.name for _, _, verdict in each}
    if {PROVED, REFUTED} <= names:
        readings = [(candidate, verdict) for _, candidate, verdict in each]
        message = f"{len(found)} readings, which differ: say {what_to_declare(readings, ())}"
        text = "; ".join(f"{verdict.name}: {candidate.text}" for candidate, verdict in readings[:6])
        return judge.finding(AMBIGUOUS, start, end, reading=text, message=message)
    what, candidate, verdict = each[0]
    if isinstance(verdict, Proved) and names == {PROVED}:
        under = (*map(str, verdict.hypotheses), *judge.given.words)
        return judge.finding(PROVED, start, end, reading=candidate.text, hypotheses=under, message=what)
    if isinstance(verdict, Refuted) and names == {REFUTED}:
        wrong = judge.finding(
            REFUTED,
            start,
            end,
            reading=candidate.text,
            counterexample=verdict.counterexample,
            message=what or "no part of the gradient is that",
        )
        return repaired(judge, wrong, left, added, is_part=True)
    message = what if isinstance(verdict, Unknown) and what else "an update whose parts are not known"
    return judge.finding(UNKNOWN, start, end, message=message)


def as_a_part(judge: Judging, candidate: Candidate) -> tuple[str, Candidate, Verdict]:
    """What the right side is as a part of the gradient, the equality that says so, and the verdict on it."""
    if len(candidate.pairs) != 1:
        return "", candidate, NO_PART
    ((gradient, part),) = candidate.pairs
    parts = [
        (f"the part of the gradient that comes through {through}", whole)
        for through, whole in contributions(gradient, judge.scope)
    ]
    steps = [] if parts else list(of_one_step(gradient, part, judge.scope))
    tried: list[tuple[str, Candidate, Verdict]] = []
    for what, whole in parts or steps:
        each = Candidate(((whole, part),), f"{whole} = {part}")
        tried.append((what, each, judge.verdict(each)))
        if tried[-1][2].name == PROVED:
            return tried[-1]
    if not tried or any(verdict.name != REFUTED for _, _, verdict in tried):
        return "", candidate, NO_PART
    if not steps:
        return "", *tried[-1][1:]
    what, each, verdict = tried[0]
    if (other := of_a_neighbour(judge, each)) is not None:
        return f"the contribution of step {other}: whether that is meant of each step is not said", each, NO_PART
    return f"not {what}", each, verdict


def of_a_neighbour(judge: Judging, candidate: Candidate) -> Step | None:
    """The step before or after, if the part is what that one gives."""
    ((whole, part),) = candidate.pairs
    assert isinstance(whole, f.Derivative)
    assert whole.copy is not None
    for other in (whole.copy + 1, whole.copy - 1):
        if judge.verdict(replace(candidate, pairs=((replace(whole, copy=other), part),))).name == PROVED:
            return other
    return None


NO_PART = Unknown({}, None, 0, "")
