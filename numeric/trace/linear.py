"""A node as Σ c·m + c₀, where the outcomes of comparisons are known.

In:  a node; what comparisons come out as; how a node that is no sum is to be called.
Out: the rational coefficients by those names; that of None is c₀.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from numeric.trace.tape import Op, Tape

DEPTH = 30
Known = Callable[[int], bool | None]


def linear(tape: Tape, node: int, known: Known, name: Callable[[int], Any]) -> dict[Any, Fraction]:
    """The coefficients that are not 0."""
    numbers = _Numbers(tape, known)
    result: dict[Any, Fraction] = {}
    todo = [(node, Fraction(1))]
    while todo:
        i, c = todo.pop()
        op, a, b = tape.ops[i], tape.a[i], tape.b[i]
        if op == Op.ADD:
            todo += [(a, c), (b, c)]
        elif op == Op.SUB:
            todo += [(a, c), (b, -c)]
        elif op == Op.SUM:
            todo += [(n, c) for n in tape.groups[a]]
        elif op == Op.MUL and (factor := numbers.of(a)) is not None:
            todo += [(b, c * factor)] if factor else []
        elif op == Op.MUL and (factor := numbers.of(b)) is not None:
            todo += [(a, c * factor)] if factor else []
        else:
            number = numbers.of(i)
            key, part = (name(i), c) if number is None else (None, c * number)
            result[key] = result.get(key, Fraction(0)) + part
    return {key: c for key, c in result.items() if c}


class _Numbers:
    """The nodes that are numbers."""

    def __init__(self, tape: Tape, known: Known) -> None:
        self.tape, self.known = tape, known
        self.found: dict[int, Fraction | None] = {}

    def of(self, i: int, depth: int = DEPTH) -> Fraction | None:
        if i not in self.found:
            self.found[i] = self._of(i, depth)
        return self.found[i]

    def _of(self, i: int, depth: int) -> Fraction | None:
        op = self.tape.ops[i]
        if op == Op.CONST:
            return self.tape.constants[i]
        if op == Op.COND:
            outcome = self.known(i)
            return None if outcome is None else Fraction(outcome)
        if op not in (Op.ADD, Op.SUB, Op.MUL) or not depth:
            return None
        left, right = self.of(self.tape.a[i], depth - 1), self.of(self.tape.b[i], depth - 1)
        if op == Op.MUL and 0 in (left, right):
            return Fraction(0)
        if left is None or right is None:
            return None
        return left + right if op == Op.ADD else left - right if op == Op.SUB else left * right
