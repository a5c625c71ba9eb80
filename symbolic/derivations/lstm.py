"""The LSTM: every gate, state and parameter, under cross-entropy and under squared error.

`do` is ∇_{o_t} L, the gradient of the whole loss, as in the tutorial; likewise di, dg, df,
dc, dh and dW.  The two losses differ in the error of the output α_t only (`output`); what
comes before the output is stated once (`cell`) and proved in either model.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from operator import add

from symbolic.derivations import main
from symbolic.model import Model
from symbolic.models.lstm import (
    LSTM,
    LSTM_SQUARED,
    Whc,
    Whf,
    Whi,
    Who,
    Whz,
    Wxc,
    Wxf,
    Wxi,
    Wxo,
    af,
    ag,
    ai,
    alpha,
    ao,
    bc,
    bf,
    bi,
    bo,
    bz,
    c,
    f,
    g,
    h,
    i,
    o,
    x,
    y,
    z,
)
from symbolic.notation import Step, T, step, t
from symbolic.records import Derivation, derivation
from symbolic.terms import Term, Var, d, diag, grad, immediate, outer, sum_steps, tanh
from symbolic.verdicts import Hypothesis, sums_to_one

CHAPTER = (6, "LSTM")
TUTORIAL = "Chen (2016), A Gentle Tutorial of Recurrent Neural Network, arXiv:1610.02583, section 3"
TEXT_000 = "course notes on backpropagation through time for RNN and LSTM (text 000)"


@dataclass(frozen=True)
class Gate:
    """A gate (or the candidate g): its arrays, the state it enters and what it multiplies there."""

    value: Var
    a: Var
    Wx: Var
    Wh: Var
    b: Var
    enters: Var
    factor: Term
    rule: str = "σ' = σ(1 − σ)"

    def error(self, at: Step) -> Term:
        """∇_a L, from the gradient by the gate's value and the derivative of its activation."""
        v = self.value[at]
        return grad(v) * (1 - v**2) if self.value is g else grad(v) * v * (1 - v)


GATES = (
    Gate(o, ao, Wxo, Who, bo, h, tanh(c[t])),
    Gate(i, ai, Wxi, Whi, bi, c, g[t]),
    Gate(g, ag, Wxc, Whc, bc, c, i[t], rule="tanh' = 1 − tanh²"),
    Gate(f, af, Wxf, Whf, bf, c, c[t - 1]),
)


def cell(model: Model) -> list[Derivation]:
    """Everything up to the hidden state, for any loss of the output."""
    return [
        *states(model),
        *(each for gate in GATES for each in of_gate(model, gate)),
        *inputs(model),
    ]


def states(model: Model) -> list[Derivation]:
    """The cell state, with both its paths, and the carry between its steps."""
    id = model.name
    through_h = grad(h[t]) * o[t] * (1 - tanh(c[t]) ** 2)
    return [
        derivation(
            f"{id}.dc",
            "The gradient by the cell state, before the last step",
            grad(c[t]),
            (
                "chain rule: through h_t and through c_{t+1}",
                immediate(h[t], c[t]).T @ grad(h[t]) + immediate(c[t + 1], c[t]).T @ grad(c[t + 1]),
            ),
            ("h = o ⊙ tanh(c); c_{t+1} = f_{t+1} ⊙ c_t + …", through_h + f[t + 1] * grad(c[t + 1])),
            model=model,
            source=f"{TEXT_000}, Derivatives and Error propagation; {TUTORIAL}",
        ),
        derivation(
            f"{id}.dc-last",
            "The gradient by the cell state at the last step",
            grad(c[T]),
            ("chain rule: only through h_T", immediate(h[T], c[T]).T @ grad(h[T])),
            ("h = o ⊙ tanh(c)", grad(h[T]) * o[T] * (1 - tanh(c[T]) ** 2)),
            model=model,
            source=f"{TEXT_000}, Error propagation, at time step T; {TUTORIAL}",
        ),
        derivation(
            f"{id}.dc-initial",
            "The gradient by the initial cell state",
            grad(c[0]),
            ("chain rule: only through c_1", immediate(c[1], c[0]).T @ grad(c[1])),
            ("c_1 = f_1 ⊙ c_0 + …", f[1] * grad(c[1])),
            model=model,
            source=f"{TEXT_000}, Derivatives, dc_{{t−1}} += f_t ∘ dc_t",
        ),
        derivation(
            f"{id}.carry",
            "The carry: the immediate derivative of a cell state by the one before",
            immediate(c[t], c[t - 1]),
            ("c_t = f_t ⊙ c_{t−1} + …, the gates held fixed", diag(f[t])),
            model=model,
            source=f"{TEXT_000}, Error propagation; Hochreiter & Schmidhuber (1997), the error carousel, there with 1",
        ),
        derivation(
            f"{id}.carry-total",
            "The total derivative of a cell state by the one before: the carry and the way through the gates",
            d(c[t], c[t - 1]),
            (
                "chain rule: directly and through h_{t−1}",
                immediate(c[t], c[t - 1]) + d(c[t], h[t - 1]) @ immediate(h[t - 1], c[t - 1]),
            ),
            (
                "product rule; every gate sees h_{t−1}",
                diag(f[t])
                + (
                    diag(c[t - 1] * f[t] * (1 - f[t])) @ Whf
                    + diag(g[t] * i[t] * (1 - i[t])) @ Whi
                    + diag(i[t] * (1 - g[t] ** 2)) @ Whc
                )
                @ diag(o[t - 1] * (1 - tanh(c[t - 1]) ** 2)),
            ),
            model=model,
            source="By the equations of the cell; the literature leaves the second summand out",
        ),
    ]


def of_gate(model: Model, gate: Gate) -> list[Derivation]:
    """A gate, its pre-activation, its weights and its bias."""
    id, value, a, state = model.name, gate.value, gate.a, gate.enters
    error = gate.error(t)
    return [
        derivation(
            f"{id}.d{value.name}",
            f"The gradient by {value.name}",
            grad(value[t]),
            (f"chain rule: only through {state.name}_t", immediate(state[t], value[t]).T @ grad(state[t])),
            ("product rule, entry by entry", grad(state[t]) * gate.factor),
            model=model,
            source=f"{TEXT_000}, Derivatives; {TUTORIAL}",
        ),
        derivation(
            f"{id}.d{a.name}",
            f"The gradient by the pre-activation of {value.name}",
            grad(a[t]),
            ("chain rule", immediate(value[t], a[t]).T @ grad(value[t])),
            (gate.rule, error),
            model=model,
            source=f"{TEXT_000}, Derivatives, the common factor of dW_x and dW_h; {TUTORIAL}",
        ),
        *(
            derivation(
                f"{id}.d{W.name}",
                f"The gradient by the {kind} weights of {value.name}",
                grad(W),
                ("each step uses the weights once", sum_steps(outer(grad(a[t]), seen))),
                (gate.rule, sum_steps(outer(error, seen))),
                model=model,
                source=f"{TEXT_000}, Derivatives, as an outer product; {TUTORIAL}",
            )
            for kind, W, seen in (("input", gate.Wx, x[t]), ("recurrent", gate.Wh, h[t - 1]))
        ),
        derivation(
            f"{id}.d{gate.b.name}",
            f"The gradient by the bias of {value.name}",
            grad(gate.b),
            ("each step uses the bias once", sum_steps(grad(a[t]))),
            (gate.rule, sum_steps(error)),
            model=model,
            source=f"{TUTORIAL}, with biases",
        ),
    ]


def inputs(model: Model) -> list[Derivation]:
    """What enters all four gates: the input and the hidden state of the step before."""
    id = model.name
    to_output = Whz.T @ grad(alpha[t - 1])
    return [
        derivation(
            f"{id}.dh",
            "The gradient by the hidden state before: four gates, and the output of its own step",
            grad(h[t - 1]),
            (
                "chain rule: through four pre-activations and the output",
                over_gates(lambda gate: gate.Wh.T @ grad(gate.a[t])) + to_output,
            ),
            ("the gradients by the pre-activations", over_gates(lambda gate: gate.Wh.T @ gate.error(t)) + to_output),
            model=model,
            source=f"{TEXT_000}, Derivatives, dh_{{t−1}}, with the transposes that the shapes demand; {TUTORIAL}",
        ),
        derivation(
            f"{id}.dh-initial",
            "The gradient by the initial hidden state, which has no output",
            grad(h[0]),
            ("chain rule: through four pre-activations", over_gates(lambda gate: gate.Wh.T @ grad(gate.a[1]))),
            ("the gradients by the pre-activations", over_gates(lambda gate: gate.Wh.T @ gate.error(step(1)))),
            model=model,
            source=f"{TEXT_000}, Derivatives, dh_{{t−1}} without the output",
        ),
        derivation(
            f"{id}.dx",
            "The gradient by the input",
            grad(x[t]),
            ("chain rule: through four pre-activations", over_gates(lambda gate: gate.Wx.T @ grad(gate.a[t]))),
            ("the gradients by the pre-activations", over_gates(lambda gate: gate.Wx.T @ gate.error(t))),
            model=model,
            source=f"By the equations of the cell, as dh_{{t−1}}; {TUTORIAL}",
        ),
    ]


def over_gates(summand: Callable[[Gate], Term]) -> Term:
    return reduce(add, map(summand, GATES))


def output(
    model: Model, by_prediction: Term, error: Callable[[Step], Term], reason: str, *hypotheses: Hypothesis
) -> list[Derivation]:
    """From the loss to the last hidden state; `error` is ∇_α L in closed form."""
    id = model.name
    jacobian = diag(z[t]) - outer(z[t], z[t])
    return [
        derivation(
            f"{id}.dz",
            "The gradient by the prediction",
            grad(z[t]),
            ("only the loss of its own step sees it", by_prediction),
            model=model,
            source=f"{TEXT_000}, the loss of one step",
        ),
        derivation(
            f"{id}.dalpha",
            "The gradient by the argument of softmax",
            grad(alpha[t]),
            ("chain rule", d(z[t], alpha[t]).T @ grad(z[t])),
            ("Jacobian of softmax", jacobian @ by_prediction),
            (reason, error(t)),
            model=model,
            hypotheses=hypotheses,
            source=f"{TEXT_000}, Derivation, ∂L/∂α_t, and Derivative of softmax; {TUTORIAL}",
        ),
        derivation(
            f"{id}.dWhz",
            "The gradient by the output weights",
            grad(Whz),
            ("each step uses the weights once", sum_steps(outer(grad(alpha[t]), h[t]))),
            ("the gradient by α", sum_steps(outer(error(t), h[t]))),
            model=model,
            hypotheses=hypotheses,
            source=f"{TEXT_000}, Derivation, W_hz and b_z; {TUTORIAL}",
        ),
        derivation(
            f"{id}.dbz",
            "The gradient by the output bias",
            grad(bz),
            ("each step uses the bias once", sum_steps(grad(alpha[t]))),
            ("the gradient by α", sum_steps(error(t))),
            model=model,
            hypotheses=hypotheses,
            source=f"{TEXT_000}, Derivation, W_hz and b_z; {TUTORIAL}",
        ),
        derivation(
            f"{id}.dh-last",
            "The gradient by the hidden state at the last step, which only its output sees",
            grad(h[T]),
            ("chain rule: only through α_T", Whz.T @ grad(alpha[T])),
            ("the gradient by α", Whz.T @ error(T)),
            model=model,
            hypotheses=hypotheses,
            source=f"{TEXT_000}, Derivatives, dh from the output alone",
        ),
    ]


def residual(at: Step) -> Term:
    return z[at] - y[at]


def through_softmax(at: Step) -> Term:
    """∇_α ½‖y − z‖²."""
    return z[at] * (residual(at) - z[at] @ residual(at))


DERIVATIONS = [
    *output(LSTM, -y[t] / z[t], residual, "z cancels; Σ_k y_k = 1", sums_to_one(y)),
    *cell(LSTM),
    *output(LSTM_SQUARED, residual(t), through_softmax, "diag(u) v = u ⊙ v and (u ⊗ u) v = u (uᵀv)"),
    *cell(LSTM_SQUARED),
]

if __name__ == "__main__":
    main(DERIVATIONS)
