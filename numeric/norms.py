"""Vanishing and exploding gradients: ‖∂h_t/∂h_k‖ of an RNN and ‖∂c_t/∂c_k‖ along an LSTM's cell, against t − k.

In:  a spectral radius of W, or a bias of the forget gate; a `Trajectory`, how the states are driven.
Out: `rnn_norms`, `lstm_norms`: spectral norms for t − k = 1, 2, …, t the last step.

The Jacobians are closed forms of the catalogue, proved before they are executed: the RNN's is
`bptt.jacobian-product`, Π diag(1 − h_j²) W, with `bptt.step-jacobian` as its factors; the LSTM's is
the product of `lstm.carry`, diag(f_j): the cell path alone, the gates held fixed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from numeric.executed import closed_form, executed
from numeric.reference.losses import Array
from numeric.training import Arrays, drawn
from symbolic.derivations import catalogue
from symbolic.model import Model
from symbolic.models import models
from symbolic.notation import D, H, K

JACOBIAN = "bptt.jacobian-product"
FACTOR = "bptt.step-jacobian"
CARRY = "lstm.carry"
CLAIMS = (JACOBIAN, FACTOR, CARRY)


@dataclass(frozen=True)
class Trajectory:
    """`steps` of a cell from state 0, driven by independent normal inputs of deviation `input`."""

    steps: int = 50
    hidden: int = 128
    input: float = 0.01
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("steps", "hidden"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be a positive integer, not {getattr(self, name)}")
        if not (0 <= self.input < math.inf):
            raise ValueError(f"input must be 0 or a positive number, not {self.input}")
        if self.seed < 0:
            raise ValueError(f"seed must be 0 or a positive integer, not {self.seed}")


def rnn_norms(radius: float, trajectory: Trajectory) -> Array:
    """‖∂h_t/∂h_k‖ with normal recurrent weights, scaled so that the largest |eigenvalue| is `radius`."""
    if not (0 <= radius < math.inf):
        raise ValueError(f"radius must be 0 or a positive number, not {radius}")
    parameters, x = _drawn("rnn", trajectory)
    W = np.random.default_rng([trajectory.seed, 1]).normal(size=(trajectory.hidden, trajectory.hidden))
    W *= radius / abs(np.linalg.eigvals(W)).max()
    h = _hidden_states(models()["rnn"], {**parameters, "W": W}, x)
    return _norms(jacobians(W, h))


def lstm_norms(forget_bias: float, trajectory: Trajectory) -> Array:
    """‖∂c_t/∂c_k‖ along the cell, each gate held fixed, with this bias of the forget gate."""
    if not math.isfinite(forget_bias):
        raise ValueError(f"forget bias must be a number, not {forget_bias}")
    parameters, x = _drawn("lstm", trajectory)
    parameters = {**parameters, "bf": np.full(trajectory.hidden, float(forget_bias))}
    return _norms(cell_paths(forget_gates(parameters, x)))


def jacobians(W: Array, h: Array) -> Iterator[Array]:
    """∂h_T/∂h_k (H, H) for k = T − 1, …, 0, from the states h (T + 1, H)."""
    product = closed_form(catalogue()[JACOBIAN])
    last = len(h) - 1
    for k in range(last - 1, -1, -1):
        yield product(W, h, k, last - 1)


def cell_paths(f: Array) -> Iterator[Array]:
    """∂c_T/∂c_k (H, H) along the cell for k = T − 1, …, 0, from the forget gates f (T, H) of steps 1 … T."""
    carry = closed_form(catalogue()[CARRY])
    path: Array = np.eye(f.shape[1])
    for t in range(len(f), 0, -1):
        path = path @ carry(f, t)
        yield path


def forget_gates(parameters: Arrays, x: Array) -> Array:
    """f (T, H) of an LSTM that reads x (T, D) from state 0."""
    h = _hidden_states(models()["lstm"], parameters, x)
    a = x @ parameters["Wxf"].T + h[:-1] @ parameters["Whf"].T + parameters["bf"]
    return 0.5 + 0.5 * np.tanh(0.5 * a)


def _drawn(cell: str, trajectory: Trajectory) -> tuple[Arrays, Array]:
    """Parameters, as many inputs as hidden units, and the inputs (T, D)."""
    rng = np.random.default_rng(trajectory.seed)
    x = trajectory.input * rng.normal(size=(trajectory.steps, trajectory.hidden))
    return drawn(models()[cell], {D: trajectory.hidden, H: trajectory.hidden, K: 1}, rng), x


def _hidden_states(model: Model, parameters: Arrays, x: Array) -> Array:
    """h (T + 1, H), by the generated forward pass; which targets it is given makes no difference."""
    (outputs,) = (len(parameters[v.name]) for v in model.parameters if v.axes == (K,))
    _, cache = executed(model)["forward"](parameters, x[:, None], np.full((len(x), 1, outputs), 1 / outputs))
    return np.asarray(cache["h"][:, 0])


def _norms(matrices: Iterator[Array]) -> Array:
    """The largest singular value of each."""
    with np.errstate(over="ignore", invalid="ignore"):
        norms = [float(np.linalg.norm(each, 2)) if np.isfinite(each).all() else math.inf for each in matrices]
    if math.inf in norms:
        raise ValueError("a norm exceeds the largest float; pass a smaller radius or fewer steps")
    return np.array(norms)
