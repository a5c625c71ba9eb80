"""A character model trained with proved gradients and stochastic gradient descent.

In:  `Settings`, a `Text`.
Out: `train(…)`, the `State` after each step θ ← θ − η dθ; `cross_entropy` and `sample` of a state.

dθ is the gradient of a window's mean loss per character, scaled down to the norm `clip` where
it is longer (Pascanu, Mikolov & Bengio, 2013).  A window starts from the states in which the
one before ended, and nothing is carried back across it: truncated backpropagation through time.
To add a cell: its model's name in `CELLS`; a reference of the same name must stand beside it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from numeric import reference
from numeric.arguments import state_key
from numeric.characters import DTYPE, Text
from numeric.executed import executed
from numeric.reference.losses import Array
from symbolic.model import Model
from symbolic.models import models
from symbolic.notation import Axis, D, H, K

Arrays = Mapping[str, Array]

CELLS = ("rnn", "lstm", "gru")
GRADIENTS = ("generated", "reference")


@dataclass(frozen=True)
class Settings:
    """What a run is determined by, beside its text; `clip` 0 leaves the gradient as long as it is."""

    cell: str
    grad: str = "generated"
    hidden: int = 64
    window: int = 32
    batch: int = 32
    steps: int = 2000
    rate: float = 2.0
    clip: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name, allowed in (("cell", CELLS), ("grad", GRADIENTS)):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} is one of {', '.join(allowed)}, not {getattr(self, name)!r}")
        for name in ("hidden", "window", "batch", "steps"):
            if not isinstance(getattr(self, name), int) or getattr(self, name) < 1:
                raise ValueError(f"{name} must be a positive integer, not {getattr(self, name)}")
        if not (0 < self.rate < math.inf):
            raise ValueError(f"rate must be a positive number, not {self.rate}")
        if not (0 <= self.clip < math.inf):
            raise ValueError(f"clip must be a positive number, or 0 for none, not {self.clip}")
        if not isinstance(self.seed, int) or self.seed < 0:
            raise ValueError(f"seed must be 0 or a positive integer, not {self.seed}")


@dataclass(frozen=True)
class State:
    """After `step` steps: the parameters, the states that the next window starts from, each step's mean loss."""

    step: int
    parameters: Arrays
    carried: Arrays
    losses: Array


@dataclass(frozen=True)
class Network:
    """A cell's passes: `forward(parameters, x, y, initial)`, `backward(parameters, cache)`, a cache's last states."""

    model: Model
    forward: Callable[..., tuple[Any, Any]]
    backward: Callable[..., Arrays]
    final: Callable[[Any], Arrays]


class Diverged(ArithmeticError):
    """The loss or a parameter is no longer a finite number."""


def train(network: Network, settings: Settings, text: Text, state: State) -> Iterator[State]:
    """The state after each step, up to `settings.steps`; `Diverged` where the numbers run away.

    Nothing of a state is changed later: whichever was yielded last is whole.
    """
    losses = np.concatenate([state.losses, np.empty(max(settings.steps - state.step, 0))])
    for step in range(state.step, settings.steps):
        x, y = text.at(step)
        initial = state.carried if step % text.count else None
        with np.errstate(over="ignore", invalid="ignore"):
            loss, cache = network.forward(state.parameters, x, y, initial)
            parameters = descend(state.parameters, network.backward(state.parameters, cache), y, settings)
        if not all(np.isfinite(each).all() for each in (loss, *parameters.values())):
            raise Diverged(f"the numbers run away at step {step + 1}; pass a smaller rate or clip")
        losses[step] = loss / _characters(y)
        carried = {name: array.copy() for name, array in network.final(cache).items()}
        state = State(step + 1, parameters, carried, losses[: step + 1])
        yield state


def descend(parameters: Arrays, gradients: Arrays, y: Array, settings: Settings) -> dict[str, Array]:
    """θ − η dθ, dθ of the mean loss over the characters of y, clipped by the norm of all of it."""
    count = _characters(y)
    norm = math.sqrt(sum(float(np.vdot(gradients[name], gradients[name])) for name in parameters)) / count
    shorter = settings.clip / norm if 0 < settings.clip < norm else 1.0
    factor = DTYPE(settings.rate * shorter / count)
    return {name: array - factor * gradients[name] for name, array in parameters.items()}


def network(cell: str, grad: str = "generated") -> Network:
    """A cell with the gradients that are generated from proved formulas, or those written by hand."""
    model = models()[cell]
    if grad == "reference":
        module = reference.CELLS[cell]
        return Network(model, module.forward, module.backward, lambda cache: cache.final)
    code = executed(model)
    return Network(
        model,
        code["forward"],
        code["backward"],
        lambda cache: {state: cache[state][-1] for state in states(model)},
    )


def states(model: Model) -> tuple[str, ...]:
    """What is carried from a step to the next, as `initial` calls it."""
    return tuple(sorted(state_key(model.arrays[name]) for name in model.with_initial))


def start(settings: Settings, text: Text) -> State:
    """Step 0: weights drawn from ±1/√H, biases 0."""
    sizes = {D: len(text.alphabet), H: settings.hidden, K: len(text.alphabet)}
    parameters = drawn(models()[settings.cell], sizes, np.random.default_rng(settings.seed))
    return State(0, {name: array.astype(DTYPE) for name, array in parameters.items()}, {}, np.empty(0))


def drawn(model: Model, sizes: Mapping[Axis, int], rng: np.random.Generator) -> dict[str, Array]:
    """Parameters of a cell: weights uniform in ±1/√H, biases 0."""
    bound = 1 / math.sqrt(sizes[H])
    shapes = {v.name: [sizes[axis] for axis in v.axes] for v in model.parameters}
    return {name: rng.uniform(-bound, bound, s) if len(s) > 1 else np.zeros(s) for name, s in shapes.items()}


def cross_entropy(network: Network, parameters: Arrays, text: Text) -> float:
    """The mean loss in nats per character over the whole text, each window from where the one before ended."""
    total, carried = 0.0, None
    for step in range(text.count):
        loss, cache = network.forward(parameters, *text.at(step), carried)
        total, carried = total + float(loss), network.final(cache)
    return total / text.predictions


def sample(network: Network, parameters: Arrays, text: Text, length: int, seed: int) -> str:
    """Characters drawn one by one from the network's prediction, after the first of the text."""
    rng = np.random.default_rng(seed)
    V, c = (next(parameters[v.name] for v in network.model.parameters if v.axes == axes) for axes in ((K, H), (K,)))
    code, carried, written = text.codes[0], None, []
    for _ in range(length):
        x = text.one_hot(np.array([[code]]))
        _, cache = network.forward(parameters, x, x, carried)
        carried = network.final(cache)
        logits = (V @ carried["h"][0] + c).astype(float)
        weights = np.exp(logits - logits.max())
        code = rng.choice(len(weights), p=weights / weights.sum())
        written.append(text.alphabet[code])
    return "".join(written)


def _characters(y: Array) -> int:
    """How many characters a window predicts, all lanes together."""
    return int(y.shape[0] * y.shape[1])
