"""What is left out on the way back: a path, all of a carry, every second step.

In:  the evidence.
Out: `Mistake`s of the kinds path and overwritten.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import product
from typing import NamedTuple

from numeric.trace.evidence import Evidence
from numeric.trace.places import Place
from numeric.trace.proof import Cause
from numeric.trace.sweep import Edge, Slope
from numeric.trace.tape import Op, Tape


class Mistake(NamedTuple):
    """`slope` and `edge` as `sweep.adjoints` takes them."""

    cause: Cause
    slope: Slope | None = None
    edge: Edge | None = None


class Family(NamedTuple):
    """`edge(w)`: each crossing of an operation weighs w; `cause(n)`: whatever crosses it more often is cut."""

    cause: Callable[[int], Cause]
    edge: Callable[[int], Edge]
    crossings: int


def paths(evidence: Evidence) -> Iterator[Mistake]:
    """What goes back along one operation of the forward pass is left out."""
    for (place, op), nodes in evidence.forward_sites(*SIDES).items():
        for side in (0, 1):
            text = f"the path back through the {SIDES[Op(op)][side]} of this line is missing"
            yield Mistake(Cause("path", text, place), edge=edge_of(evidence.tape, nodes, side, lambda i, k, part: 0))


def carries(evidence: Evidence) -> Iterator[Mistake]:
    """Of all that goes back to a line, as from the loss and from every gate of the next step, one part arrives."""
    tape = evidence.tape
    users: dict[int, list[int]] = defaultdict(list)
    for i in range(len(evidence.forward)):
        if evidence.forward[i]:
            for n in tape.arguments(i):
                users[n].append(i)
    for (place, _), nodes in evidence.forward_sites(*_MADE).items():
        used = {n: {(tape.place_of(i).file, tape.place_of(i).line) for i in users[n]} for n in nodes}
        for line in sorted(set().union(*used.values())):
            others = {i for n in nodes for i in users[n] if (tape.place_of(i).file, tape.place_of(i).line) != line}
            text = f"of what goes back to this line only the part from {Place(*line)} is taken"
            if others:
                both = {n for n in nodes if line in used[n]}
                edge = _cut(tape, others, nodes)
                yield Mistake(Cause("path", f"{text}, and nothing is carried on", place), edge=edge)
                edge = _cut(tape, others, both)
                yield Mistake(Cause("overwritten", f"{text}: overwritten, not accumulated", place), edge=edge)


_MADE = (Op.MUL, Op.ADD, Op.SUB, Op.TANH, Op.EXP, Op.INV, Op.DOT, Op.SUM)


def _cut(tape: Tape, users: set[int], nodes: set[int]) -> Edge:
    """Nothing goes from these users to these nodes."""
    return lambda i, k, part: 0 if i in users and tape.arguments(i)[k] in nodes else part


def truncated(evidence: Evidence) -> Iterator[Mistake]:
    """What goes back along one operation is left out at every second, third, … step."""
    blocks = evidence.blocks
    for (place, op), nodes in evidence.forward_sites(Op.DOT, Op.MUL).items():
        occurrence = {i: blocks.occurrence[blocks.of(i)] for i in nodes}
        for every in range(2, min(max(occurrence.values()), LONGEST) + 1):
            for first, side in product(range(every), (0, 1)):
                some = {i for i in nodes if occurrence[i] % every == first}
                text = f"once in {every} steps nothing goes back through the {SIDES[Op(op)][side]} of this line"
                edge = edge_of(evidence.tape, some, side, lambda i, k, part: 0)
                yield Mistake(Cause("path", f"{text}: backpropagation through time is truncated", place), edge=edge)


def windowed(evidence: Evidence) -> Iterator[Family]:
    """From the loss of each step it goes back a few steps only: the crossings of one operation are counted."""
    for (place, op), nodes in evidence.forward_sites(Op.DOT, Op.MUL).items():
        crossings = len({evidence.blocks.of(i) for i in nodes})
        if not 2 <= crossings <= LONGEST:
            continue
        for side in (0, 1):

            def causes(width: int, op: int = op, side: int = side, place: Place = place) -> Cause:
                steps = "1 step" if width == 1 else f"{width} steps"
                way = f"through the {SIDES[Op(op)][side]} of this line"
                text = f"from the loss of each step it goes back only {steps} {way}"
                return Cause("path", f"{text}: backpropagation through time is truncated", place)

            def weighed(weight: int, nodes: set[int] = nodes, side: int = side) -> Edge:
                return edge_of(evidence.tape, nodes, side, lambda i, k, part: part * weight % evidence.p)

            yield Family(causes, weighed, crossings)


LONGEST = 8


def edge_of(tape: Tape, nodes: set[int], side: int, change: Edge) -> Edge:
    """`change` for what these nodes pass to one side."""
    return lambda i, k, part: change(i, k, part) if i in nodes and _side(tape, i, k) == side else part


SIDES = {
    Op.DOT: ("left factor of the matrix product", "right factor of the matrix product"),
    Op.MUL: ("left factor", "right factor"),
    Op.ADD: ("left term", "right term"),
    Op.SUB: ("left term", "right term"),
}


def _side(tape: Tape, i: int, k: int) -> int:
    return int(k >= len(tape.groups[tape.a[i]])) if tape.ops[i] == Op.DOT else k
