"""Where the loss may have no derivative: what is compared is equal.

In:  a trace that is proved, or the traces of all branches.
Out: hypotheses, as `away from z = 0 (FILE:LINE)`.

A comparison is an indicator of which both values are proved, but the point itself at which it changes is neither.
Where the loss does not depend on the indicator, as for a sigmoid that is written in two ways, nothing changes there,
and nothing is left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from numeric.trace import sweep
from numeric.trace.execute import Trace
from numeric.trace.places import Place, Refused, TimedOut
from numeric.trace.residues import NoRoot, Residues
from numeric.trace.tape import Op, Tape

SEEDS = 40
AT_MOST = 2


def kinks(trace: Trace, outcomes: Mapping[int, bool], field: Residues, values: Sequence[int]) -> tuple[str, ...]:
    """The comparisons that are open and change the loss; `values` are those of the field."""
    tape = trace.tape
    forward = tape.cone([trace.loss])
    found: dict[tuple[str, int], list[int]] = defaultdict(list)
    for i, op in enumerate(tape.ops):
        if op == Op.COND and forward[i] and i not in outcomes:
            found[tape.place_of(i).file, tape.place_of(i).line].append(i)
    texts: list[str] = []
    for place, nodes in found.items():
        compared = {min(values[tape.a[i]], field.p - values[tape.a[i]]) for i in nodes}
        if _changes(trace, forward, _Redrawn(field, compared), values[trace.loss]):
            texts += _texts(tape, Place(*place), nodes)
    return tuple(dict.fromkeys(texts))


def between(traces: Sequence[Trace]) -> tuple[str, ...]:
    """The comparisons that the code's branches depend on, where the loss is not the same on all of them."""
    decisions = [(trace.tape, decision) for trace in traces for decision in trace.decisions]
    if not decisions or _same_loss(traces):
        return ()
    found: dict[tuple[str, int], list[str]] = defaultdict(list)
    for tape, decision in decisions:
        for i in range(decision.node + 1) if tape.ops[decision.node] != Op.COND else (decision.node,):
            if tape.ops[i] == Op.COND and tape.cone([decision.node])[i]:
                found[decision.place.file, decision.place.line] += _texts(tape, decision.place, [i])
    texts = []
    for place, each in found.items():
        named = list(dict.fromkeys(each))
        texts += named if len(named) <= AT_MOST else [_generic(Place(*place))]
    return tuple(dict.fromkeys(texts))


class _Redrawn(Residues):
    """The same point; comparisons of these values come out in another way."""

    def __init__(self, field: Residues, compared: Collection[int]) -> None:
        super().__init__(field.seed, field.outcomes)
        self.compared = compared

    def _drawn(self, kind: str, argument: int) -> int:
        if kind == "> 0" and argument in self.compared:
            return self.random("otherwise", argument)
        return super()._drawn(kind, argument)


def _changes(trace: Trace, forward: bytearray, field: Residues, loss: int) -> bool:
    try:
        return bool(sweep.values(trace.tape, field, forward)[trace.loss] != loss)
    except TimedOut:
        raise
    except (NoRoot, Refused):
        return True


def _same_loss(traces: Sequence[Trace]) -> bool:
    """Whether the loss is one function on all branches: at one random point, at which all roots exist."""
    for seed in range(1, SEEDS):
        try:
            losses = set()
            for trace in traces:
                field = Residues(seed, {d.node: d.outcome for d in trace.decisions})
                losses.add(sweep.values(trace.tape, field, trace.tape.cone([trace.loss]))[trace.loss])
        except NoRoot:
            continue
        except TimedOut:
            raise
        except Refused:
            return False
        else:
            return len(losses) == 1
    return False


def _texts(tape: Tape, place: Place, nodes: Sequence[int]) -> list[str]:
    named = dict.fromkeys(_named(tape, tape.a[i]) for i in nodes)
    if "" in named or len(named) > AT_MOST:
        return [_generic(place)]
    return [f"away from {name} ({place})" for name in named]


def _generic(place: Place) -> str:
    return f"no two numbers compared are equal at {place}"


def _named(tape: Tape, difference: int) -> str:
    """`z = 1` where the difference is z − 1 and z an array that the code was given; otherwise nothing."""
    left, right = tape.a[difference], tape.b[difference]
    if tape.ops[difference] == Op.SUB and left in tape.constants:
        left, right = right, left
    if tape.ops[difference] in (Op.ADD, Op.SUB) and right in tape.constants and tape.ops[left] == Op.LEAF:
        bound = tape.constants[right] * (1 if tape.ops[difference] == Op.SUB else -1)
        return f"{tape.leaves[tape.a[left]][0]} = {bound}"
    return f"{tape.leaves[left][0]} = 0" if tape.ops[difference] == Op.LEAF else ""
