"""What the letters of a printed derivation mean, as `gradproof check` reads it.

In:  a `Derivation`.
Out: `declared(derivation)`, directives one a line (docs/check.md has their grammar): the model it speaks of, what
     is no array of the model, and which letters are subscripts and steps; `as_comment(derivation)`, the same in TeX.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from symbolic import terms as f
from symbolic.model import Model
from symbolic.notation import AXES, Index, Step
from symbolic.prose import symbol
from symbolic.prove import axes_of
from symbolic.reader.declare import MODELS
from symbolic.records import Derivation
from symbolic.shapes import ShapeMismatch, shape
from symbolic.terms import LOSS, Term, Var, subterms, term
from symbolic.typeset import typeset
from symbolic.written_out import fresh_indices, names

AS_PRINTED = ("forget", "read words as comments", "read inline as quotations", r"read \partial as total")


def declared(derivation: Derivation) -> list[str]:
    """The directives, each once, in an order in which they may stand."""
    model, parts = derivation.model, [part for term in derivation.chain for part in subterms(term)]
    time = model is not None and model.subscript_time
    own = {LOSS.name, *(model.arrays if model is not None else ())}
    others = [part for part in parts if isinstance(part, Var) and part.name not in own]
    steps = {step.anchor for part in parts for step in steps_of(part)} - {"", "t", "T"}
    indices = {index for part in parts for index in indices_of(part)}
    indices |= {index for index in general_entry(derivation) if index.name not in {i.name for i in indices}}
    unusual = [axis for axis in axes_of(derivation) if AXES.get(axis.name) != axis]
    lines = [*AS_PRINTED, *(f"dims {axis.name} = {axis.size}" for axis in unusual)]
    if model is not None:
        lines += [f"model {model.name}"] if MODELS.get(model.name) is model else of_model(model)
    lines += [line for each in others for line in named(each, time, others)]
    lines += [f"step {symbol(letter)}" for letter in sorted(steps)]
    lines += [counting(letter, indices) for letter in sorted({index.name for index in indices})]
    ones = {part.axes for part in parts if isinstance(part, f.Ones)}
    if len(ones) == 1 and len(axes := next(iter(ones))) == 1:
        lines.append(rf"let \mathbf{{1}} = \mathbf{{1}}_{{{axes[0]}}}")
    return list(dict.fromkeys(lines))


def general_entry(derivation: Derivation) -> tuple[Index, ...]:
    """The subscripts by which the worked example writes what has too many entries."""
    first, last = derivation.chain[0], derivation.chain[-1]
    try:
        return fresh_indices(shape(first), names(first) | names(last))
    except (ShapeMismatch, TypeError):
        return ()


def as_comment(derivation: Derivation) -> str:
    """The directives as TeX comments, which stand before the derivation in its document."""
    return "\n".join(f"% check: {line}" for line in declared(derivation))


def of_model(model: Model) -> Iterator[str]:
    """A model that is nobody's but the derivation's: its arrays, its equations, its loss."""
    time = model.subscript_time
    yield "model own"
    arrays = [var for var in model.arrays.values() if var != LOSS]
    for var in arrays:
        first, *others = named(var, time, arrays)
        yield from (first + " target" * (var in model.targets), *others)
    for eq in model.equations:
        if eq.left != LOSS:
            yield f"forward {typeset(eq.left, time)} = {typeset(eq.right, time)}"
        else:
            yield f"loss L = {typeset(eq.right, time)}"
    if model.is_sequence:
        whole = f.SumSteps("t", Step("", 1), Step("T"), model.step_loss[Step("t")])
        yield f"loss L = {typeset(whole if model.scale == term(1) else model.scale * whole, time)}"


def named(var: Var, time: bool, among: Sequence[Var]) -> Iterator[str]:
    """`name G^{(t)} : N×D`, and `entries g of G`, as they are printed, where g is no array."""
    printed = typeset(replace(var, step=None), time)
    shape = "×".join(axis.name for axis in var.axes) or "number"
    yield f"name {typeset(var[Step('t')], time) if var.sequence else printed} : {shape}"
    is_letter = len(printed) == 1 and printed.isupper()
    if is_letter and len(var.axes) == 2 and printed.lower() not in {other.name for other in among}:
        yield f"entries {printed.lower()} of {printed}"


def steps_of(part: Term) -> Iterator[Step]:
    match part:
        case Var(step=Step() as step) | f.Derivative(copy=Step() as step):
            yield step
        case f.SumSteps(index, first, last) | f.ProductSteps(index, first, last):
            yield from (Step(index), first, last)


def indices_of(part: Term) -> Iterator[Index]:
    match part:
        case f.Entry(subscripts=found):
            yield from (each for each in found if isinstance(each, Index))
        case f.Delta(i, j):
            yield from (each for each in (i, j) if isinstance(each, Index))
        case f.SumIndex(index):
            yield index


def counting(letter: str, indices: set[Index]) -> str:
    """`index i : K`, or `index i` where it counts one thing here and another there."""
    axes = {index.axis for index in indices if index.name == letter}
    return f"index {symbol(letter)} : {axes.pop()}" if len(axes) == 1 else f"index {symbol(letter)}"
