"""Repairs of a backward pass: what could have been meant at one line.

In:  the nodes that one operation of the source made, and the evidence.
Out: candidates: a kind, in words, and how those nodes are made instead.

To extend: a generator in `REPAIRS`; those that are tried first stand first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from operator import mul
from typing import Any

from numeric.trace import sweep
from numeric.trace.evidence import Evidence, sigmoid_argument
from numeric.trace.frontier import right_values
from numeric.trace.sweep import Remade
from numeric.trace.tape import Op, Tape

Candidates = Iterator[tuple[str, str, Remade]]


def _transposed(evidence: Evidence, op: Op, nodes: list[int]) -> Candidates:
    """A square operand of a matrix product the other way round."""
    if op != Op.DOT:
        return
    tape = evidence.tape
    by_block: dict[int, list[int]] = defaultdict(list)
    for i in nodes:
        by_block[evidence.blocks.of(i)].append(i)
    for side, column in ((0, tape.a), (1, tape.b)):
        remade: dict[int, Callable[[Sequence[Any]], Any]] = {}
        for members in by_block.values():
            order = list(dict.fromkeys(column[i] for i in members))
            rows = [tape.groups[g] for g in order]
            size = len(rows[0])
            if len(rows) % size or size < 2:
                continue
            turned: dict[int, tuple[int, ...]] = {}
            for k in range(0, len(rows), size):  # one matrix of a batch after the other
                turned |= dict(zip(order[k : k + size], zip(*rows[k : k + size], strict=True), strict=True))
            for i in members:
                other = tape.groups[(tape.b if side == 0 else tape.a)[i]]
                remade[i] = _product(turned[column[i]], other)
        yield "transpose", f"the {('left', 'right')[side]} factor of the matrix product is to be transposed", remade


def _product(left: Sequence[int], right: Sequence[int]) -> Callable[[Sequence[Any]], Any]:
    return lambda found: sum(map(mul, (found[n] for n in left), (found[n] for n in right)))


def _signs(evidence: Evidence, op: Op, nodes: list[int]) -> Candidates:
    tape = evidence.tape
    if op == Op.ADD:
        yield "sign", "+ is to be −", {i: _binary(tape.a[i], tape.b[i], -1) for i in nodes}
    elif op == Op.SUB:
        yield "sign", "− is to be +", {i: _binary(tape.a[i], tape.b[i], 1) for i in nodes}


def _binary(a: int, b: int, sign: int) -> Callable[[Sequence[Any]], Any]:
    return lambda found: found[a] + sign * found[b]


def _functions_left_out(evidence: Evidence, op: Op, nodes: list[int]) -> Candidates:
    """An activation applied to what is activated already."""
    tape = evidence.tape
    if op == Op.TANH:
        yield "derivative", "tanh is applied to what is tanh already", {i: _value(tape.a[i]) for i in nodes}
    elif op in (Op.INV, Op.MUL):
        inside = {i: x for i in nodes if (x := sigmoid_argument(tape, i)) is not None}
        if inside:
            yield (
                "derivative",
                "the sigmoid is applied to what is a sigmoid already",
                {i: _value(x) for i, x in inside.items()},
            )


def _value(n: int) -> Callable[[Sequence[Any]], Any]:
    return lambda found: found[n]


def _squares(evidence: Evidence, op: Op, nodes: list[int]) -> Candidates:
    """1 − h for 1 − h², and the like."""
    tape = evidence.tape
    if op == Op.SUB:
        ones = [i for i in nodes if tape.constants.get(tape.a[i]) == 1]
        yield "derivative", "1 − h is to be 1 − h²", {i: _one_minus(tape.b[i], 2) for i in ones}
        squares = [i for i in ones if tape.ops[tape.b[i]] in (Op.MUL, Op.POW)]
        yield "derivative", "1 − s² is to be 1 − s", {i: _one_minus(tape.a[tape.b[i]], 1) for i in squares}
        yield "sign", "a − b is to be b − a", {i: _binary(tape.b[i], tape.a[i], -1) for i in nodes}


def _one_minus(n: int, power: int) -> Callable[[Sequence[Any]], Any]:
    return lambda found: 1 - found[n] ** power


def _steps(evidence: Evidence, op: Op, nodes: list[int]) -> Candidates:
    """An operand of the step before or after; beyond the sequence it stays, or is 0."""
    if op not in (Op.DOT, Op.MUL):
        return
    for steps in (-1, 1):
        for side in (0, 1):
            for zero in (False, True):
                remade = {}
                for i in nodes:
                    moved, other = _sides(evidence.tape, i)[:: 1 if side == 0 else -1]
                    targets = [evidence.blocks.shifted(n, steps) for n in moved]
                    if all(t is not None and evidence.forward[t] for t in targets):
                        remade[i] = _product([t for t in targets if t is not None], other)
                    elif zero and all(t is None for t in targets):
                        remade[i] = _product((), ())
                when = "before" if steps < 0 else "after"
                yield "time", f"a factor of this product belongs to the step {when}", remade


def _sides(tape: Tape, i: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The two factors of a product, as far as they are sums of products."""
    if tape.ops[i] == Op.DOT:
        return tape.groups[tape.a[i]], tape.groups[tape.b[i]]
    return (tape.a[i],), (tape.b[i],)


def _factors(evidence: Evidence, op: Op, nodes: list[int]) -> Candidates:
    if op in (Op.CONST, Op.COND):
        return
    for factor in (Fraction(-1), Fraction(2), Fraction(1, 2)):
        kind, text = ("sign", "the sign is wrong") if factor == -1 else ("factor", f"a factor {factor} is missing")
        yield kind, text, _scaled(evidence, nodes, factor)
    for n in evidence.sizes:
        if n > 2:
            yield "factor", f"a factor 1/{n} is missing", _scaled(evidence, nodes, Fraction(1, n))
            yield "factor", f"a factor {n} is missing", _scaled(evidence, nodes, Fraction(n))

    for text, value in evidence.scales.items():
        yield "factor", f"a factor {text} is missing", _scaled(evidence, nodes, value)


def _scaled(evidence: Evidence, nodes: list[int], factor: Fraction | int) -> Remade:
    p, tape, field = evidence.p, evidence.tape, evidence.field
    c = factor.numerator * pow(factor.denominator, -1, p) % p

    def scaling(i: int) -> Callable[[Sequence[Any]], Any]:
        return lambda found: c * sweep.value(tape, field, found, i)

    return {i: scaling(i) for i in nodes}


def _extra(evidence: Evidence, op: Op, nodes: list[int]) -> Candidates:
    """A factor too many: the slope of an activation taken twice, say."""
    tape = evidence.tape
    if op == Op.MUL:
        yield "derivative", "a factor is to be left out", {i: _value(tape.a[i]) for i in nodes}
        yield "derivative", "a factor is to be left out", {i: _value(tape.b[i]) for i in nodes}


def _foreign_terms(evidence: Evidence, op: Op, nodes: list[int]) -> Candidates:
    """To what comes back a value of the forward pass is added, as where a carry begins with h and not with 0."""
    if op != Op.ADD:
        return
    tape = evidence.tape
    for side, (column, other) in enumerate(((tape.a, tape.b), (tape.b, tape.a))):
        foreign = [i for i in nodes if evidence.forward[column[i]] and tape.ops[column[i]] != Op.CONST]
        right = right_values(evidence) if foreign else set()
        if foreign and all(evidence.values[other[i]] in right for i in foreign):
            n = column[foreign[0]]
            made = f"the array {tape.leaves[tape.a[n]][0]}" if tape.ops[n] == Op.LEAF else f"made at {tape.place_of(n)}"
            text = f"the {('left', 'right')[side]} term here is a value of the forward pass, {made}, and is to be 0"
            yield "path", text, {i: _value(other[i]) for i in foreign}


def _constant(value: int) -> Callable[[Sequence[Any]], Any]:
    return lambda found: value


def _unclipped(evidence: Evidence, op: Op, nodes: list[int]) -> Candidates:
    if op == Op.COND:
        for outcome in (0, 1):
            yield "clipping", "values are clipped", dict.fromkeys(nodes, _constant(outcome))


REPAIRS = (_transposed, _unclipped, _signs, _functions_left_out, _squares, _steps, _factors, _foreign_terms, _extra)
