"""A model for people: its equations, and what each of its arrays is called, is shaped like and is.

In:  a model, the catalogue or a person's own claims.
Out: lines; `role` is what the book says of an array too.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections import Counter
from collections.abc import Iterator

import symbolic.models
from symbolic.latex import latex
from symbolic.model import Model
from symbolic.notation import shape_text, t
from symbolic.records import Catalogue
from symbolic.terms import LOSS, Var, sum_steps, term

HEADS = ("in a claim", "in a note", "shape", "what")


def lines(model: Model, known: Catalogue) -> Iterator[str]:
    """The facts, the equations, the loss, and a row for each array."""
    claims = Counter(re.sub(r"\..*", ".", record.id) for record in known if record.model is model)
    facts = {
        "title": model.title,
        "source": model.source,
        "claims": ", ".join(f"{id} ({number})" if id.endswith(".") else id for id, number in claims.items()),
        "import": _home(model),
        "axes": " ".join(f"{axis}={axis.size}" for axis in sorted(model.axes, key=str)) + " in the worked example",
    }
    yield model.name
    yield from (f"  {name:<6}  {fact}" for name, fact in facts.items() if fact)
    yield ""
    yield f"equations{', at each step t = 1, …, T' * model.is_sequence}"
    yield from (f"  {each.left} = {each.right}" for each in model.equations)
    if model.is_sequence:
        yield f"  {LOSS} = {f'{model.scale} * ' * (model.scale != term(1))}{sum_steps(model.step_loss[t])}"
    yield ""
    rows = [HEADS, *(_row(var, model) for var in model.arrays.values())]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    yield "arrays"
    for row in rows:
        yield "  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()


def role(var: Var, model: Model | None) -> str:
    """What an array is to its model."""
    if model is None:
        return "variable"
    for kind, arrays in (("parameter", model.parameters), ("input", model.inputs), ("target", model.targets)):
        if var.name in {each.name for each in arrays}:
            return kind
    if var.name == model.step_loss.name or var == LOSS:
        return "loss"
    if var.name in model.with_initial:
        return "state"
    return "value" if var.name in model.by_name else "variable"


def _row(var: Var, model: Model) -> tuple[str, ...]:
    here = var[t] if var.sequence else var
    initial = f"; {var[0]}, the initial state, is free" if var.name in model.with_initial else ""
    return str(here), latex(here, model.subscript_time), shape_text(var.axes), f"{role(var, model)}{initial}"


def _home(model: Model) -> str:
    """Where a file of claims finds a model of gradproof's own, with its arrays beside it."""
    for module in pkgutil.iter_modules(symbolic.models.__path__):
        names = vars(importlib.import_module(f"symbolic.models.{module.name}")).items()
        for name, value in names:
            if value is model:
                return f"from symbolic.models.{module.name} import {name}; its arrays too, by their names"
    return ""
