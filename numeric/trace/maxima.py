"""Maxima, and which entries are equal to them.

In:  a tape, the nodes of which the largest is asked for.
Out: the node of the maximum, and of the indicator that is 1 where an entry equals it.

Real-analytic functions that are not the same are equal at single points only.  So one entry is equal to the
maximum, as long as no comparison, root or logarithm is in what the entries are made from, and no two entries are
the same function; `coinciding` is what the judge asks for that.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import NamedTuple

from numeric.trace.tape import Maxima, Op, Tape

WIDEST = 16
ANALYTIC = frozenset({Op.LEAF, Op.CONST, Op.ADD, Op.SUB, Op.MUL, Op.INV, Op.POW, Op.DOT, Op.SUM, Op.EXP, Op.TANH})


def maximum_of(tape: Tape, nodes: Sequence[int]) -> int:
    """The largest of several: a symbol, of which a result may turn out not to depend; or as `tape.largest` says."""
    if not tape.infinite.keys().isdisjoint(nodes):
        nodes = [n for n in nodes if tape.infinite.get(n) != -1]
        if not nodes or any(n in tape.infinite for n in nodes):
            return tape.infinity(1 if nodes else -1)
    if all(n in tape.constants for n in nodes):
        return max(nodes, key=tape.constants.__getitem__)
    members = tuple(sorted(set(nodes)))
    if tape.largest is Maxima.FREE:
        made = tape.node(Op.MAX, tape.group(members))
    elif tape.largest is Maxima.WRITTEN_OUT and len(members) <= WIDEST:
        made = _written_out(tape, members)
    else:
        made = reduce(lambda best, n: n if tape.decide(tape.positive(tape.sub(n, best))) else best, nodes)
    tape.maxima[made] = tuple(sorted({*members, *tape.maxima.get(made, ())}))
    return made


def _written_out(tape: Tape, members: Sequence[int]) -> int:
    """Σ x_i·[x_i is the first of the largest], true also where several are equal."""
    analytic = _is_analytic(tape, members)
    return tape.total([tape.mul(_is_first(tape, i, members, analytic), i) for i in members])


class Bound(NamedTuple):
    """One side is never above the other: which, and the node that is 1 where they are equal."""

    left_is_lower: bool
    equal: int


def bound_of(tape: Tape, i: int, j: int) -> Bound | None:
    """How two nodes compare of which one is a maximum, or a minimum, and the other one of its entries."""
    for entry, extreme in ((i, j), (j, i)):
        if extreme in tape.maxima and entry in tape.maxima[extreme]:
            equal = _indicator(tape, entry, extreme)
            return None if equal is None else Bound(entry == i, equal)
        opposite = _negated(tape, extreme)
        negated = [n for n in tape.maxima.get(opposite, ()) if _negated(tape, n) == entry]
        if negated:
            equal = _indicator(tape, negated[0], opposite)
            return None if equal is None else Bound(entry == j, equal)
    return None


def coinciding(tape: Tape, values: Sequence[object]) -> int | None:
    """A maximum of which two entries have been taken to differ, and do not at a random point."""
    for maximum in tape.told_apart:
        members = tape.maxima[maximum]
        if len({values[n] for n in members}) < len(members):
            return maximum
    return None


def _negated(tape: Tape, i: int) -> int:
    """x where the node is 0 − x; −1 otherwise."""
    return tape.b[i] if tape.ops[i] == Op.SUB and tape.constants.get(tape.a[i]) == 0 else -1


def _indicator(tape: Tape, entry: int, maximum: int) -> int | None:
    members = tape.maxima[maximum]
    if not _is_analytic(tape, members):
        return None
    tape.told_apart.add(maximum)
    if maximum in members:  # on this path of the code it is known which one is the largest
        return tape.number(int(entry == maximum))
    return _is_first(tape, entry, members, True) if len(members) <= WIDEST else None


def _is_first(tape: Tape, i: int, members: Sequence[int], analytic: bool) -> int:
    """x_i is above those before it and not below those after it; one comparison for two that cannot be equal."""
    one = tape.number(1)

    def is_above(j: int) -> int:
        if (i < j) == analytic:
            return tape.positive(tape.sub(i, j))
        return tape.sub(one, tape.positive(tape.sub(j, i)))

    return reduce(tape.mul, (is_above(j) for j in members if j != i), one)


def _is_analytic(tape: Tape, members: Sequence[int]) -> bool:
    seen, todo = set(members), list(members)
    while todo:
        i = todo.pop()
        if tape.ops[i] not in ANALYTIC:
            return False
        new = set(tape.arguments(i)) - seen
        seen |= new
        todo += new
    return True
