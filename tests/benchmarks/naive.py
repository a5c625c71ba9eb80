"""The naive route to a verdict: substitute every equation, sympy.diff, sympy.simplify(lhs − rhs).

In:  the id of a claim, sizes, T, how many of its entries to look at, a cap in seconds of CPU time:
     `python naive.py rnn.W H=2,D=1,K=2 1 1 60`.
Out: in JSON, how many entries simplified to 0 and the CPU seconds it took; at the cap SIGPROF ends it.

It shares with the prover the reading of formulas and equations, nothing behind that.  It compares the
two ends of a chain at the first step of the sequence; the prover judges every link at every step.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from fractions import Fraction
from itertools import islice
from typing import Any

import numpy as np
import sympy

from symbolic.derivations import catalogue
from symbolic.elementwise import Arithmetic, Entries, Steps, dimensions, free_indices, positions
from symbolic.model import Model
from symbolic.notation import AXES, Axis, Sizes
from symbolic.prove import axes_of
from symbolic.records import Derivation
from symbolic.shapes import shape
from symbolic.terms import Derivative, Var
from symbolic.unroll import Place, Unrolled
from symbolic.verdicts import SUMS_TO_ONE

FUNCTIONS: dict[str, Any] = {
    "tanh": sympy.tanh,
    "exp": sympy.exp,
    "log": sympy.log,
    "sigmoid": lambda x: 1 / (1 + sympy.exp(-x)),
}


def zeros(record: Derivation, sizes: Sizes, T: int, most: int) -> list[bool]:
    """Whether lhs − rhs simplifies to 0, for so many entries."""
    ends = record.chain[0], record.chain[-1]
    summing = frozenset(h.target.name for h in record.hypotheses if h.kind == SUMS_TO_ONE)
    written = Substituted(record.model, sizes, T, summing)
    indices = free_indices(ends[0]) | free_indices(ends[1])
    left, right = (written.entries(end, {"t": 1}, indices) for end in ends)
    return [sympy.simplify(a - b) == 0 for a, b in islice(zip(left.flat, right.flat, strict=True), most)]


class InFull(Arithmetic):
    """The arithmetic of SymPy expressions in the free variables alone."""

    def number(self, value: Fraction) -> Any:
        return sympy.Rational(value.numerator, value.denominator)

    def reciprocal(self, axis: Axis | None, size: int) -> Any:
        return sympy.Rational(1, size)

    def function(self, name: str, value: Any) -> Any:
        return FUNCTIONS[name](value)


class Substituted(Unrolled):
    """Every equation substituted; what stands at `cut` is a symbol, to differentiate by."""

    def __init__(self, model: Model | None, sizes: Sizes, T: int, summing: frozenset[str], cut: Place | None = None):
        super().__init__(model, sizes, T, InFull(), self.symbols)
        self.summing, self.cut = summing, cut

    def variable(self, var: Var, step: int | None) -> Entries:
        return self.symbols(var, step) if (var.name, step) == self.cut else super().variable(var, step)

    def symbols(self, var: Var, step: int | None) -> Entries:
        result = np.empty(dimensions(var.axes, self.scene.sizes), dtype=object)
        for position in positions(result.shape):
            result[position] = sympy.Symbol("_".join(map(str, (var.name, step, *position))), real=True)
        if var.name in self.summing:
            result[-1] = 1 - sum(result[:-1])
        return result

    def derivative(self, node: Derivative, steps: Steps) -> Entries:
        if not node.total or node.copy is not None:
            raise NotImplementedError(f"{node}: only total derivatives are known to plain substitution")
        step = None if node.by.step is None else node.by.step.at(steps)
        cut = Substituted(self.model, self.scene.sizes, self.steps, self.summing, (node.by.name, step))
        of, by, value = cut.entries(node.of, steps), cut.symbols(node.by, step), self.variable(node.by, step)
        back = dict(zip(by.flat, value.flat, strict=True))
        result = np.empty(dimensions(shape(node), self.scene.sizes), dtype=object)
        for j in positions(of.shape):
            for i in positions(by.shape):
                result[j + i] = sympy.diff(of[j], by[i]).subs(back, simultaneous=True)
        return result


def main(id: str, sizes: str, T: str, most: str, cap: str) -> None:
    record = catalogue()[id]
    given = {AXES[name]: int(n) for name, n in (pair.split("=") for pair in sizes.split(","))}
    signal.setitimer(signal.ITIMER_PROF, float(cap))
    started = time.process_time()
    found = zeros(record, {**{axis: axis.size for axis in axes_of(record)}, **given}, int(T), int(most))
    print(json.dumps({"entries": len(found), "zero": sum(found), "cpu": time.process_time() - started}))


if __name__ == "__main__":
    main(*sys.argv[1:])
