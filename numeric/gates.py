"""What of a forward pass is one call: activations of one shape stand in one array, and their weights in another.

In:  the equations of a cell, v[t] = tanh(v[t] + W h[t-1]) or with σ in the loop, U x[t] + b known before it.
Out: `gates(model, front)`, the activations that are projected together, and their `parts`, a product of a step each.

With σ(a) = ½ + ½ tanh(½ a) the ½ before a is in the weights, and a part is one tanh.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from numeric.recurrence import Forward
from numeric.rewriting import added, at
from numeric.stacks import Stack, together
from symbolic import terms as f
from symbolic.model import Equation, Model
from symbolic.notation import t
from symbolic.shapes import shape
from symbolic.terms import Term, Var


@dataclass(frozen=True)
class Rows:
    """A product as rows are multiplied: `rows` by the parameter, or by its transpose."""

    rows: Term
    weights: Var
    transposed: bool


@dataclass(frozen=True)
class Gate:
    """The equation of v[t] = function(known + bias + recurrent) in the loop, `known` a product with an input."""

    equation: Equation
    function: str
    known: Rows
    bias: Var
    recurrent: Rows


@dataclass(frozen=True)
class Gates:
    """Gates of one shape; where there are several, each is an entry of the first axis of one array."""

    members: tuple[Gate, ...]

    @property
    def stack(self) -> Stack:
        return Stack("gates", tuple(at(gate.equation.left, None) for gate in self.members))

    @property
    def projection(self) -> str:
        """What the weights of the inputs are called, with the biases as their last row."""
        known, bias = (gate.known.weights for gate in self.members), (gate.bias for gate in self.members)
        return f"{together(known)}_{together(bias)}"

    @property
    def parts(self) -> list[list[Gate]]:
        """The gates by what their recurrent weights are multiplied by; the sigmoids of each first."""
        return [list(part) for _, part in groupby(self.members, lambda gate: gate.recurrent.rows)]

    @property
    def most(self) -> int:
        """The largest number of gates that are one product."""
        return max(len(part) for part in self.parts)


def gates(model: Model, front: Forward) -> Gates | None:
    """The gates of the loop; None where there are none, or not all are of one shape and of one input."""
    found = [gate for eq in front.loop if (gate := _gate(model, eq, front.given.get(eq.left)))]
    if not found or len({(gate.equation.left.axes, gate.known.rows) for gate in found}) > 1:
        return None
    rows = list(dict.fromkeys(gate.recurrent.rows for gate in found))
    return Gates(tuple(sorted(found, key=lambda gate: (rows.index(gate.recurrent.rows), gate.function == "tanh"))))


def recurrence(part: list[Gate]) -> str:
    """What the recurrent weights of a part are called."""
    return f"{together(gate.recurrent.weights for gate in part)}_T"


def stacked_names(gates: Gates | None) -> list[str]:
    """What the arrays of several weights are called."""
    if gates is None:
        return []
    return [gates.projection, *(recurrence(part) for part in gates.parts if len(part) > 1)]


def _gate(model: Model, eq: Equation, known: Term | None) -> Gate | None:
    match eq.right:
        case f.Call(("sigmoid" | "tanh") as function, f.Add(own, product)) if own == eq.left and known is not None:
            summands, inputs = [*added(known)], [at(var, t) for var in model.inputs]
            biases = [s for s in summands if s in model.parameters]
            projected = [rows for s in summands if (rows := _rows(s)) and rows.rows in inputs]
            if len(summands) == 2 and biases and projected and (loop := _rows(product)):
                return Gate(eq, function, projected[0], biases[0], loop)
    return None


def _rows(term: Term) -> Rows | None:
    match term:
        case f.MatMul(Var(sequence=False) as W, rows) if len(shape(W)) == 2 and len(shape(rows)) == 1:
            return Rows(rows, W, transposed=True)
        case f.MatMul(rows, Var(sequence=False) as W) if len(shape(W)) == len(shape(rows)) == 2:
            return Rows(rows, W, transposed=False)
    return None
