"""X += Y and X = X + Y: Y is one part of a gradient, or the line a rule that changes X."""

from __future__ import annotations

from symbolic import terms as f
from symbolic.reader.candidates import Candidate, candidates
from symbolic.reader.judge.claims import repaired
from symbolic.reader.judge.findings import DEFINITION, ILL_TYPED, PROVED, REFUTED, UNKNOWN, Finding
from symbolic.reader.judge.judging import Judging
from symbolic.reader.readings import Misfit
from symbolic.reader.repair import contributions
from symbolic.reader.resolve import Resolver
from symbolic.reader.syntax import nodes as s
from symbolic.reader.syntax.nodes import Node, is_same_node
from symbolic.terms import LOSS
from symbolic.verdicts import Refuted, Verdict


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
        pairs = candidates(left, added, judge.scope)
    except Misfit as why:
        return repaired(judge, judge.finding(ILL_TYPED, start, end, message=str(why)), left, added, is_part=True)
    tried: list[tuple[str, Candidate, Verdict]] = []
    for candidate in pairs:
        ((gradient, part),) = candidate.pairs[:1]
        for through, whole in contributions(gradient, judge.scope):
            each = Candidate(((whole, part),), candidate.text)
            verdict = judge.verdict(each)
            tried.append((through, each, verdict))
            if verdict.name == PROVED:
                return judge.finding(
                    PROVED,
                    start,
                    end,
                    reading=f"{whole} = {part}",
                    message=f"the part of the gradient that comes through {through}",
                )
    if tried and all(verdict.name == REFUTED for _, _, verdict in tried):
        through, each, verdict = tried[-1]
        assert isinstance(verdict, Refuted)
        wrong = judge.finding(
            REFUTED,
            start,
            end,
            reading=each.text,
            counterexample=verdict.counterexample,
            message="no part of the gradient is that",
        )
        return repaired(judge, wrong, left, added, is_part=True)
    return judge.finding(UNKNOWN, start, end, message="an update whose parts are not known")
