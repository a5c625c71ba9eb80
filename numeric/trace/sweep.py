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

from numeric.trace.tape import Op, Refused, Tape

Scalar = Any
Remade = Mapping[int, tuple[Op, int, int]]
SAME = -1  # a node that is remade as its own argument


class Field(Protocol):
    """Numbers with + − *; the rest is asked for here.  `i` is the node that is being made."""

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


def values(tape: Tape, field: Field, wanted: bytearray | None = None, remade: Remade | None = None) -> list[Scalar]:
    """The value of every node (of those in `wanted`), by the operations as the tape has them."""
    field.begin(tape)
    found: list[Scalar] = [0] * len(tape)
    field.values = found  # type: ignore[attr-defined]
    get, reduced, groups = found.__getitem__, field.reduced, tape.groups
    for i, (op, a, b) in enumerate(zip(tape.ops, tape.a, tape.b, strict=True)):
        if wanted is not None and not wanted[i]:
            continue
        if remade is not None and i in remade:
            op, a, b = remade[i]
        if op == Op.DOT:
            found[i] = reduced(sum(map(mul, map(get, groups[a]), map(get, groups[b]))))
        elif op == Op.ADD:
            found[i] = reduced(found[a] + found[b])
        elif op == Op.MUL:
            found[i] = reduced(found[a] * found[b])
        elif op == Op.SUB:
            found[i] = reduced(found[a] - found[b])
        elif op == Op.SUM:
            found[i] = reduced(sum(map(get, groups[a])))
        elif op == Op.CONST:
            found[i] = field.number(i)
        elif op == Op.LEAF:
            found[i] = field.leaf(i)
        elif op == Op.INV:
            found[i] = field.inverse(found[a], i)
        elif op == Op.POW:
            found[i] = _power(field, found[a], b, i)
        elif op == Op.MAX:
            found[i] = field.maximum([found[n] for n in groups[a]], i)
        elif op == Op.COND:
            found[i] = field.positive(found[a], i)
        elif op == SAME:
            found[i] = found[a]
        else:
            found[i] = field.function(Op(op), found[a], i)
    return found


def _power(field: Field, x: Scalar, n: int, i: int) -> Scalar:
    base = x if n > 0 else field.inverse(x, i)
    result = base
    for bit in bin(abs(n))[3:]:
        result = field.reduced(result * result)
        if bit == "1":
            result = field.reduced(result * base)
    return result


Slope = Callable[[int, Scalar], Scalar]
Edge = Callable[[int, int, Scalar], Scalar]


def adjoints(
    tape: Tape, field: Field, found: Sequence[Scalar], top: int, slope: Slope | None = None, edge: Edge | None = None
) -> list[Scalar]:
    """d top / d node for every node, by the chain rule backwards from top.

    `slope(i, λ)` replaces the adjoint of a node before it is passed on, `edge(i, k, part)` the part
    that node i passes to its k-th argument: what the search for causes changes.
    """
    result: list[Scalar] = [0] * len(tape)
    result[top] = 1
    reduced, groups, ops, left, right = field.reduced, tape.groups, tape.ops, tape.a, tape.b
    for i in range(top, -1, -1):
        if isinstance(result[i], int) and not result[i]:
            continue
        result[i] = adjoint = reduced(result[i])
        if slope is not None:
            adjoint = slope(i, adjoint)
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
