"""What is known of a refuted trace at one random point, for the search for causes.

In:  a trace, how comparisons come out, which gradients are wrong.
Out: `Evidence`: every value and derivative there modulo a prime, and which operation of the source made what.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np

from numeric.trace import sweep
from numeric.trace.differences import random_points, wanted_of
from numeric.trace.execute import Trace
from numeric.trace.places import Place
from numeric.trace.tape import Op, Tape

EFFORT = 6_000_000
SCALES = 6
Residue = np.ndarray[Any, Any]


def _at(values: Sequence[int], nodes: Any) -> Residue:
    found = np.empty(nodes.shape, dtype=object)
    for position in np.ndindex(nodes.shape):
        found[position] = values[nodes[position]]
    return found


class Evidence:
    """One random point, what the code claims there, what is true there."""

    def __init__(self, trace: Trace, outcomes: Mapping[int, bool]) -> None:
        self.trace, self.tape = trace, trace.tape
        wanted = wanted_of(trace)
        self.field, self.values = next(random_points(trace, wanted, {**self.tape.unclipped, **outcomes}))
        self.p = self.field.p
        self.true = self.by_name(sweep.adjoints(self.tape, self.field, self.values, trace.loss))
        self.claimed = self.read(self.values)
        self.forward = self.tape.cone([trace.loss])
        self.claims_cone = self.tape.cone([int(n) for nodes in trace.claims.values() for n in nodes.flat])
        self.blocks = Blocks(self.tape)
        self.effort = EFFORT
        self.again = self._activated_again()
        self.sizes = sorted({n for nodes in trace.leaves.values() for n in nodes.shape} | set(self.blocks.repetitions))

    @cached_property
    def scales(self) -> dict[str, int]:
        """The numbers by which the forward pass multiplies, and their values here: 0.7, 1/√3."""
        tape, found = self.tape, dict[str, int]()
        for i in range(len(self.forward)):
            for n in tape.arguments(i) if self.forward[i] and tape.ops[i] == Op.MUL else ():
                inner = tape.a[n] if tape.ops[n] == Op.INV else n
                if n in tape.constants:
                    found.setdefault(str(tape.constants[n]), self.values[n])
                elif tape.ops[inner] == Op.SQRT and tape.a[inner] in tape.constants:
                    found.setdefault(f"{'1/' * (inner != n)}√{tape.constants[tape.a[inner]]}", self.values[n])
        return dict(islice(found.items(), SCALES))

    def by_name(self, adjoint: Sequence[int]) -> dict[str, Residue]:
        """The derivative by every array that the code was given."""
        return {name: _at(adjoint, nodes) for name, nodes in self.trace.leaves.items()}

    def read(self, values: Sequence[int]) -> dict[str, Residue]:
        """The gradients that the code returned."""
        return {name: _at(values, nodes) for name, nodes in self.trace.claims.items()}

    def _activated_again(self) -> dict[tuple[str, int], int]:
        """The activations that the code has taken, by their argument's value."""
        tape, values = self.tape, self.values
        again = {("tanh", values[tape.a[i]]): values[i] for i, op in enumerate(tape.ops) if op == Op.TANH}
        for i in range(len(tape)):
            if (x := sigmoid_argument(tape, i)) is not None:
                again["sigmoid", values[x]] = values[i]
        return again

    def sites(self, nodes: Sequence[int]) -> dict[tuple[Place, int], list[int]]:
        """Nodes by what made them: one operation of a line, the same called from elsewhere, all of the line."""
        tape = self.tape
        result: dict[tuple[Place, int], list[int]] = {}
        seen = set()
        for depth in (1, 2, 3, None, 0):
            groups: dict[tuple[Place, int], list[int]] = defaultdict(list)
            for i in nodes:
                place = tape.places[tape.place[i]]
                groups[place._replace(site=place.site[:depth]), tape.ops[i]].append(i)
            for key, members in groups.items():
                if (mark := (key[1], tuple(members))) not in seen:
                    seen.add(mark)
                    result[key] = members
        return result

    def forward_sites(self, *ops: Op) -> dict[tuple[Place, int], set[int]]:
        """The forward pass's nodes by what made them."""
        nodes = [i for i in range(len(self.forward)) if self.forward[i] and self.tape.ops[i] in ops]
        return {key: set(members) for key, members in self.sites(nodes).items()}


class Blocks:
    """Which array operation made a node, and which other times the same line made the same."""

    def __init__(self, tape: Tape) -> None:
        self.starts = [block.start for block in tape.blocks]
        self.ends = [*self.starts[1:], len(tape)]
        self.occurrence: list[int] = []
        self.series: dict[tuple[int, str, int], list[int]] = defaultdict(list)
        self.keys = []
        counts: dict[tuple[int, str, int], int] = defaultdict(int)
        for index, block in enumerate(tape.blocks):
            key = block.place, block.name, self.ends[index] - block.start
            self.keys.append(key)
            self.occurrence.append(counts[key])
            counts[key] += 1
            self.series[key].append(index)
        self.repetitions = {len(s) for s in self.series.values() if 1 < len(s) <= 64}

    def of(self, node: int) -> int:
        return bisect_right(self.starts, node) - 1

    def shifted(self, node: int, steps: int) -> int | None:
        """The node that the same line made at the same place of its result, some steps later."""
        block = self.of(node)
        series = self.series[self.keys[block]]
        k = self.occurrence[block] + steps
        if not 0 <= k < len(series):
            return None
        return self.starts[series[k]] + node - self.starts[block]


def sigmoid_argument(tape: Tape, i: int) -> int | None:
    """x of 1/(1 + exp(−x)), exp(x)/(1 + exp(x)) or ½·(1 + tanh(x/2))."""
    if tape.ops[i] == Op.MUL:
        ratio = _ratio_argument(tape, i)
        return _half_argument(tape, i) if ratio is None else ratio
    inner = tape.a[i]
    if tape.ops[i] != Op.INV or tape.ops[inner] != Op.ADD:
        return None
    exponential = next((n for n in (tape.a[inner], tape.b[inner]) if tape.ops[n] == Op.EXP), None)
    one = next((n for n in (tape.a[inner], tape.b[inner]) if tape.constants.get(n) == 1), None)
    if exponential is None or one is None:
        return None
    negative = tape.a[exponential]
    if tape.ops[negative] == Op.SUB and tape.constants.get(tape.a[negative]) == 0:
        return tape.b[negative]
    if tape.ops[negative] == Op.MUL and tape.constants.get(tape.a[negative]) == -1:
        return tape.b[negative]
    return None


def _ratio_argument(tape: Tape, i: int) -> int | None:
    for e, inverse in ((tape.a[i], tape.b[i]), (tape.b[i], tape.a[i])):
        if tape.ops[e] == Op.EXP and tape.ops[inverse] == Op.INV and tape.ops[tape.a[inverse]] == Op.ADD:
            ends = tape.a[tape.a[inverse]], tape.b[tape.a[inverse]]
            exponents = {tape.a[n] for n in ends if tape.ops[n] == Op.EXP}
            if tape.a[e] in exponents and any(tape.constants.get(n) == 1 for n in ends):
                return tape.a[e]
    return None


def _half_argument(tape: Tape, i: int) -> int | None:
    inner = _times_half(tape, i)
    if inner is None or tape.ops[inner] != Op.ADD:
        return None
    one, other = sorted((tape.a[inner], tape.b[inner]), key=lambda n: tape.constants.get(n) != 1)
    return _times_half(tape, tape.a[other]) if tape.constants.get(one) == 1 and tape.ops[other] == Op.TANH else None


def _times_half(tape: Tape, i: int) -> int | None:
    """x of x/2."""
    if tape.ops[i] != Op.MUL:
        return None
    half, x = sorted((tape.a[i], tape.b[i]), key=lambda n: tape.constants.get(n) != Fraction(1, 2))
    return x if tape.constants.get(half) == Fraction(1, 2) else None
