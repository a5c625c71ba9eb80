"""One proved closed form as a NumPy function over a batch.

In:  a `Derivation`.
Out: `derivation_source(record)`, a function with the arguments of `compile(record)`; its
     statement, id, scope, shapes and source are in the docstring.  A size that no array tells
     is an argument too.
"""

from __future__ import annotations

from dataclasses import replace

from numeric.arguments import Argument, argument, arguments, identifier, places
from numeric.batched import Batched, step_text
from numeric.helpers import HELPERS
from numeric.layout import docstring, listed, statement
from numeric.proved import proved
from numeric.rewriting import vectors_first
from numeric.steps import ranges
from symbolic.model import Model
from symbolic.notation import Axis, Step
from symbolic.records import Derivation
from symbolic.terms import Derivative, Var, free_anchors
from symbolic.verdicts import Proved


def derivation_source(record: Derivation, verdict: Proved | None = None) -> str:
    """The source of a function that evaluates a proved closed form; ValueError where it is not proved.

    `verdict` is what `prove(record)` has said, where that is known; what is rewritten is proved in any case.
    """
    term = vectors_first(record.chain[-1])
    if verdict is None or term != record.chain[-1]:
        verdict = proved(replace(record, chain=(*record.chain, term), reasons=(*record.reasons, "vectors first")))
    names = _Arguments(arguments(term, record.model), record.model)
    printer = Batched(names)
    value = printer.entries(term)
    anchors, unknown = sorted(free_anchors(term)), [names.size(axis) for axis in names.used if not names.tells(axis)]
    signature = ", ".join([*(a.name for a in names.arguments), *anchors, *unknown])
    refused = _steps_refused(names, ranges((record.chain[0], term), record.model), anchors)
    sizes = [f"    {names.size(axis)} = {told}" for axis in names.used if (told := names.tells(axis))]
    function = [
        f"def {identifier(record.id)}({signature}):",
        docstring(_about(record, verdict, names.arguments, anchors + unknown), 4),
        *sizes,
        *names.precision(),
        *refused,
        statement("return", value, 4),
    ]
    helpers = [HELPERS[name].rstrip() for name in sorted(printer.called)]
    needs_numpy = any("np." in line for line in (*helpers, *value))
    return "\n\n\n".join(["import numpy as np"] * needs_numpy + [*helpers, "\n".join(function)]) + "\n"


class _Arguments:
    """The arrays by name, at the steps that a formula asks for."""

    def __init__(self, known: tuple[Argument, ...], model: Model | None) -> None:
        self.arguments, self.model = known, model
        self.used: list[Axis | None] = []
        self.has_dtype = False

    def leaf(self, leaf: Var | Derivative) -> str:
        a = argument(leaf, self.model)
        steps = [var.step for var in places(leaf) if var.step is not None]
        where = [self._step(step - first) for step, first in zip(steps, a.first, strict=True)]
        return f"{a.name}[{', '.join(where)}]" if where else a.name

    def is_batched(self, leaf: Var | Derivative) -> bool:
        return isinstance(leaf, Derivative) or not _is_parameter(leaf.name, self.model)

    def transposed(self, leaf: Var | Derivative) -> str:
        return f"{self.leaf(leaf)}.T"

    def size(self, axis: Axis | None) -> str:
        if axis not in self.used:
            self.used.append(axis)
        name = "T" if axis is None else axis.name
        return self.free(name, f"{name}_size")

    def free(self, name: str, other: str = "") -> str:
        """A name that no argument has."""
        return (other or f"{name}_") if name in [a.name for a in self.arguments] else name

    def dtype(self) -> str:
        self.has_dtype = True
        return self.free("dtype")

    def precision(self) -> list[str]:
        """A line that says what the dtype is, where it has been mentioned."""
        if not self.has_dtype:
            return []
        arrays = ", ".join(a.name for a in self.arguments)
        return [f"    {self.dtype()} = np.result_type({arrays})" if arrays else f"    {self.dtype()} = np.float64"]

    def tells(self, axis: Axis | None) -> str:
        """How the arguments tell a size; nothing if they do not."""
        for a in self.arguments:
            if axis is None and a.first:
                return f"len({a.name})" + (" - 1" if a.first[0] == 0 else "")
            if axis in a.axes:
                return f"{a.name}.shape[{a.axes.index(axis) - len(a.axes)}]"
        return ""

    def _step(self, step: Step) -> str:
        return step_text(step, self.size(None) if step.anchor == "T" else "")


def _steps_refused(names: _Arguments, ranges: dict[str, tuple[int, int]], anchors: list[str]) -> list[str]:
    """ValueError where the arrays differ in their steps, or a step is asked for that some array does not have."""
    told = {a.name: f"len({a.name})" + (" - 1" if a.first[0] == 0 else "") for a in names.arguments if a.first}
    lines = []
    if len(told) > 1:
        steps = names.free("steps")
        lines += [
            listed(f"{steps} = {{", [f'"{name}": {number}' for name, number in told.items()], "}", 4),
            f"    if len(set({steps}.values())) > 1:",
            f'        raise ValueError(f"the arrays differ in their number of steps: {{{steps}}}")',
        ]
    for name in anchors:
        if name in ranges and told:
            least, excess = ranges[name]
            last = step_text(Step("T", excess), names.size(None))
            lines += [
                f"    if not {least} <= {name} <= {last}:",
                f'        raise ValueError(f"{name} is {{{name}}}; this formula has the steps {least} to {{{last}}}")',
            ]
    return lines


def _about(record: Derivation, verdict: Proved, taken: tuple[Argument, ...], numbers: list[str]) -> list[list[str]]:
    under = "".join(f", under {h}" for h in verdict.hypotheses)
    return [
        [record.statement],
        [f"{record.id}: {record.title}.", f"Proved for {verdict.scope}{under}.", f"Source: {record.source}."],
        [*(_shape(a, record.model) for a in taken), *([f"{', '.join(numbers)}: int"] if numbers else [])],
    ]


def _is_parameter(name: str, model: Model | None) -> bool:
    return model is not None and any(var.name == name for var in model.parameters)


def _shape(a: Argument, model: Model | None) -> str:
    steps = ["T + 1" if first == 0 else "T" for first in a.first] + ["..."] * (not _is_parameter(a.name, model))
    axes = ", ".join([*steps, *(axis.name for axis in a.axes)])
    return f"{a.name}: ({axes}{',' if axes.count(',') == 0 else ''})" + (
        f", from step {a.first[0]} on" if a.first else ""
    )
