"""A tape evaluated forwards, and its derivatives accumulated backwards, in any arithmetic.

In:  a tape, a field, and repairs: nodes that are to be made in another way than the code made them.
Out: `values`: one of the field's elements for every node; `adjoints`: d top / d node for every node.

The derivative rules stand here and nowhere else, one line for each operation: they are what
the true gradient is made of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import mul
from typing import Any, Protocol

from numeric.trace.places import Refused
from numeric.trace.tape import Op, Tape

Scalar = Any
OFTEN = 0xFFF
Remade = Mapping[int, Callable[[Sequence[Any]], Any]]


class Field(Protocol):
    """Numbers with + − *; the rest is asked for here.  `i` is the node that is being made."""

    values: list[Scalar]

    def begin(self, tape: Tape) -> None: ...

    def number(self, i: int) -> Scalar: ...

    def leaf(self, i: int) -> Scalar: ...

    def reduced(self, value: Scalar) -> Scalar: ...

    def inverse(self, value: Scalar, i: int) -> Scalar: ...

    def function(self, op: Op, value: Scalar, i: int) -> Scalar: ...

    def maximum(self, values: Sequence[Scalar], i: int) -> Scalar: ...

    def largest(self, i: int) -> int | None:
        """Which argument of a maximum is the largest; None where that is open, and its adjoint must be 0."""
        ...

    def positive(self, value: Scalar, i: int) -> Scalar: ...


def values(tape: Tape, field: Field, wanted: bytearray | None = None) -> list[Scalar]:
    """The value of every node (of those in `wanted`), by the operations as the tape has them."""
    field.begin(tape)
    return evaluate(tape, field, [0] * len(tape), wanted, {}, 0)


def evaluate(
    tape: Tape, field: Field, found: list[Scalar], wanted: bytearray | None, remade: Remade, start: int
) -> list[Scalar]:
    """The values from node `start` on, written into `found`; what is in `remade` is made in that way instead."""
    field.values = found
    for i in range(start, len(tape)):
        if not i & OFTEN:
            tape.check_time("values were computed")
        if wanted is None or wanted[i]:
            found[i] = field.reduced(remade[i](found)) if i in remade else value(tape, field, found, i)
    return found


def value(tape: Tape, field: Field, found: Sequence[Scalar], i: int) -> Scalar:
    """The value of one node from those of its arguments."""
    op, a, b = tape.ops[i], tape.a[i], tape.b[i]
    if op == Op.DOT:
        get = found.__getitem__
        return field.reduced(sum(map(mul, map(get, tape.groups[a]), map(get, tape.groups[b]))))
    if op == Op.ADD:
        return field.reduced(found[a] + found[b])
    if op == Op.MUL:
        return field.reduced(found[a] * found[b])
    if op == Op.SUB:
        return field.reduced(found[a] - found[b])
    if op == Op.SUM:
        return field.reduced(sum(map(found.__getitem__, tape.groups[a])))
    if op == Op.CONST:
        return field.number(i)
    if op == Op.LEAF:
        return field.leaf(i)
    if op == Op.INV:
        return field.inverse(found[a], i)
    if op == Op.POW:
        return _power(field, found[a], b, i)
    if op == Op.MAX:
        return field.maximum([found[n] for n in tape.groups[a]], i)
    if op == Op.COND:
        return field.positive(found[a], i)
    if i in tape.vanishing:
        return field.reduced(0)
    return field.function(Op(op), found[a], i)


def _power(field: Field, x: Scalar, n: int, i: int) -> Scalar:
    base = x if n > 0 else field.inverse(x, i)
    result = base
    for bit in bin(abs(n))[3:]:
        result = field.reduced(result * result)
        if bit == "1":
            result = field.reduced(result * base)
    return result


Slope = Callable[[int, Scalar, Sequence[Scalar]], Scalar]
Edge = Callable[[int, int, Scalar], Scalar]


def adjoints(
    tape: Tape, field: Field, found: Sequence[Scalar], top: int, slope: Slope | None = None, edge: Edge | None = None
) -> list[Scalar]:
    """d top / d node for every node, by the chain rule backwards from top.

    `slope(i, λ, all)` replaces the adjoint of a node before it is passed on, `edge(i, k, part)` the part
    that node i passes to its k-th argument: what the search for causes changes.
    """
    result: list[Scalar] = [0] * len(tape)
    result[top] = 1
    reduced, groups, ops, left, right = field.reduced, tape.groups, tape.ops, tape.a, tape.b
    for i in range(top, -1, -1):
        if not i & OFTEN:
            tape.check_time("derivatives were accumulated")
        if isinstance(result[i], int) and not result[i] and slope is None:
            continue
        result[i] = adjoint = reduced(result[i])
        if slope is not None:
            adjoint = slope(i, adjoint, result)
            if not adjoint:
                continue
        op, a, b = ops[i], left[i], right[i]
        if op == Op.DOT:
            parts = [(n, adjoint * found[m]) for n, m in zip(groups[a], groups[b], strict=True)]
            parts += [(m, adjoint * found[n]) for n, m in zip(groups[a], groups[b], strict=True)]
        elif op == Op.ADD:
            parts = [(a, adjoint), (b, adjoint)]
        elif op == Op.MUL:
            parts = [(a, adjoint * found[b]), (b, adjoint * found[a])]
        elif op == Op.SUB:
            parts = [(a, adjoint), (b, -adjoint)]
        elif op == Op.SUM:
            parts = [(n, adjoint) for n in groups[a]]
        elif op == Op.LEAF or op == Op.CONST or op == Op.COND:
            continue
        elif op == Op.MAX:
            largest = field.largest(i)
            parts = [] if largest is None else [(largest, adjoint)]
        elif op == Op.INV:
            parts = [(a, -adjoint * reduced(found[i] * found[i]))]
        elif op == Op.POW:
            parts = [(a, adjoint * (b * (_power(field, found[a], b - 1, i) if b != 1 else 1)))]
        elif op == Op.EXP:
            parts = [(a, adjoint * found[i])]
        elif op == Op.LOG:
            parts = [(a, adjoint * field.inverse(found[a], i))]
        elif op == Op.TANH:
            parts = [(a, adjoint * (1 - found[i] * found[i]))]
        elif op == Op.SQRT:
            parts = [(a, adjoint * field.inverse(2 * found[i], i))]
        else:
            raise Refused(f"no derivative of {Op(op).name}", tape.places[tape.place[i]])
        if edge is not None:
            parts = [(n, edge(i, k, part)) for k, (n, part) in enumerate(parts)]
        for n, part in parts:
            result[n] = result[n] + part
    return [reduced(value) for value in result]
