"""A cell's forward and backward pass over a batch of sequences, as NumPy source.

In:  a `Model` with steps, and the records that its gradients are looked up in.
Out: `cell_source(model)`: `forward`, `backward` and `loss_and_gradients` over (T, N, ·).

What does not need the recurrence is done for all steps at once, before or after the loop, or
for a block of them.  Arrays that the forward loop writes have T + 1 entries, so that index t is
the t of the formula; the others begin with step 1, or with the first step of a block.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from numeric.arguments import batch_axes, identifier, state_key
from numeric.backward_source import adjoint, backward_pass, direct, stacked_names
from numeric.formulas import Formulas
from numeric.forward_source import forward_pass
from numeric.gates import Gates, gates
from numeric.gates import stacked_names as stacked_weights
from numeric.helpers import HELPERS
from numeric.input_source import NAMES, input_source
from numeric.layout import docstring
from numeric.recurrence import Backward, backward, forward, read_from
from numeric.scope import Scope, block_name
from symbolic.model import Model
from symbolic.records import Derivation
from symbolic.verdicts import Hypothesis


def cell_source(model: Model, records: Iterable[Derivation] | None = None) -> str:
    """The source of a cell; ValueError, naming the formula, where one is missing or not proved."""
    if not model.is_sequence:
        raise ValueError(f"{model.name} has no steps: its formulas are functions one by one")
    back = backward(model, Formulas(model, records))
    front = forward(model, [formula.term for formula in back.formulas.values()])
    gated = gates(model, front)
    _refuse_clashes(model, back, gated)
    there, here = Scope(model, front, blocks=gated is not None), Scope(model, front, blocks=True)
    last = backward_pass(here, read_from(back, front.names))
    parameters = {v.name for v in model.parameters}
    cached = [name for name in there.values if name in here.read - parameters]
    first = forward_pass(there, front, gated, cached, supposes=bool(_hypotheses(back)))
    helpers = [HELPERS[name].rstrip() for name in sorted(there.called | here.called)]
    axes, *checks = _checks(model, back, [there.values[name].name for name in cached])
    head = "\n\n".join([_about(model, back), "import numpy as np", axes])
    return "\n\n\n".join([head, *checks, *helpers, first, last, BOTH]) + "\n"


BOTH = '''def loss_and_gradients(parameters, x, y, initial=None):
    """The loss of forward and the gradients of backward."""
    loss, cache = forward(parameters, x, y, initial)
    return loss, backward(parameters, cache)'''


RESERVED = (
    "x",
    "y",
    "T",
    "N",
    "t",
    "np",
    "parameters",
    "cache",
    "initial",
    "final",
    "gradients",
    "loss",
    "dtype",
    "most",
    "first",
    "last",
    "block",
    "before",
    "share",
    "gates",
    "now",
    "x_and_1",
    *NAMES,
    *HELPERS,
)


def _refuse_clashes(model: Model, back: Backward, gated: Gates | None) -> None:
    """ValueError where two arrays would share a name in the source."""
    given = {*model.inputs, *model.targets}
    names = [identifier(var.name) for var in model.arrays.values() if var not in given]
    names += [adjoint(var) for var in back.formulas if var.sequence] + [direct(var) for var in back.direct]
    names += [name.name for name in (*back.slopes, *back.names.values())]
    names += list(dict.fromkeys(block_name(var.axes) for var in (*back.loop, *back.slopes)))
    names += [*stacked_names(back), *stacked_weights(gated)]
    names += [f"{state_key(var)}0" for var in model.arrays.values() if var.name in model.with_initial]
    for name, count in Counter([*names, *RESERVED]).items():
        if count > 1:
            raise ValueError(f"{model.name}: {name} would have two meanings in the source; rename an array")


def _hypotheses(back: Backward) -> list[Hypothesis]:
    """What the formulas are proved under, each once."""
    return list(dict.fromkeys(h for formula in back.formulas.values() for h in formula.hypotheses))


def _checks(model: Model, back: Backward, cached: list[str]) -> list[str]:
    """The axes of all that is handed over, and the functions that `forward` and `backward` show it to."""
    parameters = {v.name: " ".join(axis.name for axis in v.axes) for v in model.parameters}
    data = {"x": batch_axes(model.inputs[0], "T", "N"), "y": batch_axes(model.targets[0], "T", "N")}
    states = {state_key(v): batch_axes(v, "N") for v in model.arrays.values() if v.name in model.with_initial}
    return input_source(parameters, data, states, cached, _hypotheses(back))


def _about(model: Model, back: Backward) -> str:
    under = [str(hypothesis) for hypothesis in _hypotheses(back)]
    where = f", where {', '.join(under)}" if under else ""
    return docstring(
        [
            [f"{model.title}: the loss and its gradients over a batch of sequences."],
            [
                f"The gradients are closed forms that are proved for every number of steps and every size{where}.",
                "Arrays are (T, N, ...): T steps of N sequences, a column vector of the formulas as a row.",
                f"The equations: {model.source}.",
            ],
        ],
        0,
    )
