"""A trace in which some values are made, or read, in another way.

In:  a trace, and for nodes, readings and claims what is to be made of them.
Out: the trace of code that is mended there, for `numeric.trace.judge`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from numeric.trace.execute import Nodes, Trace
from numeric.trace.tape import Decision, Op, Tape

Known = Sequence[int]
"""For every node that has been made the node that stands for it."""
Making = Callable[[Tape, Known, int], int]
"""(tape, known, node) -> the node to be taken in its place."""


class Changes(NamedTuple):
    """`made[i]`: of node i; `read[i][n]`: of n where node i reads it; `claimed[x, k]`: of entry k of the gradient x."""

    made: Mapping[int, Making]
    read: Mapping[int, Mapping[int, Making]]
    claimed: Mapping[tuple[str, int], Making]


def mended(trace: Trace, changes: Changes) -> Trace:
    """The same operations, with the changes between them."""
    old, new = trace.tape, Tape(deadline=trace.tape.deadline, largest=trace.tape.largest)
    new.places, new.sites, new.leaves = old.places, old.sites, old.leaves
    known: list[int] = []
    groups: dict[int, int] = {}
    for i, op in enumerate(old.ops):
        if not i & 0xFFF:
            new.check_time("a repair was judged")
        new.at(old.place[i])
        instead = {n: make(new, known, known[n]) for n, make in changes.read.get(i, {}).items()}

        def grouped(group: int, instead: Mapping[int, int] = instead) -> int:
            members = old.groups[group]
            if not instead.keys().isdisjoint(members):
                return new.group([instead.get(n, known[n]) for n in members])
            if group not in groups:
                groups[group] = new.group([known[n] for n in members])
            return groups[group]

        a, b = old.a[i], old.b[i]
        if op in (Op.DOT, Op.SUM, Op.MAX):
            a, b = grouped(a), grouped(b) if op == Op.DOT else b
        elif op not in (Op.LEAF, Op.CONST):
            a = instead.get(a, known[a])
            b = instead.get(b, known[b]) if op in (Op.ADD, Op.SUB, Op.MUL) else b
        made = new.node(Op(op), a, b)
        _remember(old, new, i, made)
        known.append(made)
        if i in changes.made:
            known[i] = changes.made[i](new, known, made)
    _remember_relations(old, new, known)

    leaves = {name: _of(nodes, [known[n] for n in nodes.flat]) for name, nodes in trace.leaves.items()}
    claims = {
        name: _of(
            nodes, [_claimed(new, known, int(n), changes.claimed.get((name, k))) for k, n in enumerate(nodes.flat)]
        )
        for name, nodes in trace.claims.items()
    }
    return Trace(new, known[trace.loss], leaves, claims)


def _of(nodes: Nodes, instead: Sequence[int]) -> Nodes:
    return np.array(instead, dtype=nodes.dtype).reshape(nodes.shape)


def _claimed(tape: Tape, known: Known, n: int, making: Making | None) -> int:
    return known[n] if making is None else making(tape, known, known[n])


def _remember(old: Tape, new: Tape, i: int, made: int) -> None:
    """What the tape knows of a node by itself."""
    if i in old.constants:
        new.constants[made] = old.constants[i]
    if i in old.rounded:
        new.rounded.add(made)
    if i in old.unknown:
        new.unknown[made] = old.unknown[i]
    if i in old.infinite:
        new.infinite[made] = old.infinite[i]


def _remember_relations(old: Tape, new: Tape, known: Known) -> None:
    new.maxima = {known[i]: tuple(known[n] for n in members) for i, members in old.maxima.items()}
    new.told_apart = {known[i] for i in old.told_apart}
    new.clips = {known[i]: clip for i, clip in old.clips.items()}
    new.choices = {known[i]: (known[c], known[x], known[y]) for i, (c, x, y) in old.choices.items()}
    new.decisions = [Decision(known[d.node], d.place, d.outcome) for d in old.decisions]
