"""Softmax that overflows for no logits: of each row of logits less its maximum.

In:  a model.
Out: `stable(model)`, the same function with other intermediate values: softmax(o) becomes exp(l) and
     its logarithm l, where l = s − log Σ exp(s) and s = o − m.  This holds for every m (softmax.shift
     and softmax.log-softmax of the catalogue), so that the maximum counts as a constant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache

from numeric.rewriting import rebuilt
from symbolic.model import Equation, Model, equation
from symbolic.notation import Shape, Step
from symbolic.shapes import shape
from symbolic.terms import Call, Ones, Softmax, Term, Var, exp, log, outer, total


@dataclass(frozen=True)
class Stable:
    """A model, and by the name of each input that is a maximum along the last axis what it is of."""

    model: Model
    maxima: Mapping[str, Var]


@cache
def stable(model: Model) -> Stable:
    """The model with every softmax rewritten."""
    rewriting = _Rewriting(Step("t") if model.is_sequence else None)
    for eq in model.equations:
        right = rebuilt(eq.right, rewriting.rewrite)
        if isinstance(eq.right, Softmax) and isinstance(right, Call):
            rewriting.logarithms[eq.left] = right.arg
        rewriting.equations.append(equation(eq.left, right))
    return Stable(
        replace(model, inputs=(*model.inputs, *rewriting.constants), equations=tuple(rewriting.equations)),
        {var.name: logits for var, logits in rewriting.constants.items()},
    )


@dataclass
class _Rewriting:
    """Equations so far; the inputs that are maxima, and of what; the variables whose logarithm is known."""

    step: Step | None
    equations: list[Equation] = field(default_factory=list)
    constants: dict[Var, Var] = field(default_factory=dict)
    logarithms: dict[Var, Term] = field(default_factory=dict)

    def rewrite(self, inner: Term) -> Term | None:
        match inner:
            case Call("log", Var() as var) if var in self.logarithms:
                return self.logarithms[var]
            case Call("log", Softmax(logits)):
                return self.logarithm(logits)
            case Softmax(logits):
                return exp(self.logarithm(logits))
        return None

    def logarithm(self, logits: Term) -> Term:
        """log softmax(logits), by equations of its own."""
        *rows, axis = shape(logits)
        o = self.made("logits", rebuilt(logits, self.rewrite))
        m = self.variable("maximum", tuple(rows))
        self.constants[replace(m, step=None)] = o
        s = self.made("shifted", o - outer(m, Ones((axis,))))
        S = self.made("sum", total(exp(s), axis))
        return self.made("log_softmax", s - outer(log(S), Ones((axis,))))

    def made(self, name: str, right: Term) -> Var:
        left = self.variable(name, shape(right))
        self.equations.append(equation(left, right))
        return left

    def variable(self, name: str, axes: Shape) -> Var:
        # A space keeps these names apart from all that a person can write.
        return Var(f"{name} {len(self.equations)}", axes, self.step is not None, step=self.step)
