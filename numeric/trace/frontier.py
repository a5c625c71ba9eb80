"""Where a way back goes wrong: the first line that makes what is no adjoint of adjoints that are right.

In:  the evidence, the name of a wrong gradient.
Out: the line, or None.

An adjoint is right where each of its entries is what comes back to some value of the forward pass, all of it or
by one of its uses; so is what comes from above, as `up` in loss = (up * output).sum().  What lies between two that are
right is a step of the calculation; so a line is wrong if something right goes into it and nothing that is made of it is
right again.
"""

from __future__ import annotations

from collections import defaultdict

from numeric.trace import sweep
from numeric.trace.evidence import Evidence
from numeric.trace.places import Place
from numeric.trace.tape import Op


def wrong_from(evidence: Evidence, name: str) -> Place | None:
    """The line that first makes something wrong of what is right."""
    tape, blocks = evidence.tape, evidence.blocks
    cone = tape.cone([int(n) for n in evidence.trace.claims[name].flat])
    mine = [
        i for i in range(len(tape)) if cone[i] and not evidence.forward[i] and tape.ops[i] not in (Op.CONST, Op.LEAF)
    ]
    right = right_values(evidence)
    is_wrong = {blocks.of(i) for i in mine if evidence.values[i] and evidence.values[i] not in right}
    good = {i for i in mine if evidence.values[i] and blocks.of(i) not in is_wrong}
    given = {i for i in range(len(tape)) if tape.ops[i] == Op.LEAF and cone[i] and evidence.values[i] in right}
    leads_on = set(good)  # nodes from which something right is made
    for i in reversed(mine):
        if i in leads_on:
            leads_on.update(n for n in tape.arguments(i) if not evidence.forward[n])
    lost = (i for i in mine if i not in leads_on and evidence.values[i] and evidence.values[i] not in right)
    adjoints = _whole_adjoints(evidence)
    whole = {n for n in good | given if evidence.values[n] in adjoints}
    first = next((i for i in lost if _is_given_what_is_right(evidence, i, good | given, whole)), None)
    return None if first is None else tape.place_of(first)


def _is_given_what_is_right(evidence: Evidence, i: int, good: set[int], whole: set[int]) -> bool:
    """All terms of a sum; of a product one factor that is a whole adjoint, not a part to which more is to be added."""
    tape = evidence.tape
    if tape.ops[i] not in (Op.ADD, Op.SUB, Op.SUM):
        return not whole.isdisjoint(tape.arguments(i))
    return all(n in good or n in tape.constants for n in tape.arguments(i))


def _whole_adjoints(evidence: Evidence) -> set[int]:
    adjoint = sweep.adjoints(evidence.tape, evidence.field, evidence.values, evidence.trace.loss)
    return {int(a) for i, a in enumerate(adjoint) if evidence.forward[i]} - {0}


def right_values(evidence: Evidence) -> set[int]:
    """Every adjoint of the forward pass, every part of one, and what one array operation gives back, if not 0."""
    found: set[int] = set()
    of_block: dict[tuple[int, int], int] = defaultdict(int)

    def collect(i: int, k: int, part: int) -> int:
        found.add(part % evidence.p)
        of_block[evidence.blocks.of(i), evidence.tape.arguments(i)[k]] += part
        return part

    adjoint = sweep.adjoints(evidence.tape, evidence.field, evidence.values, evidence.trace.loss, edge=collect)
    found.update(part % evidence.p for part in of_block.values())
    return (found | {int(a) for i, a in enumerate(adjoint) if evidence.forward[i]}) - {0}
