"""A proved closed form, or every gradient of a cell, as a function of NumPy arrays.

In:  a `Derivation` or a `Model`, sizes (default: the worked example's) and T.
Out: a function of NumPy arrays, flat code that `sympy.lambdify` writes from SymPy entries.

A derivation is proved first and refused where it is not.  It is evaluated as it stands; exp of more
than 700 is a ValueError.  A cell's softmax is written so that it overflows for no logits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numeric.compiled_cell import CompiledCell
from numeric.compiled_claim import CompiledClaim
from numeric.proved import proved
from symbolic.model import Model
from symbolic.notation import Sizes
from symbolic.prove import axes_of
from symbolic.records import Derivation


def compile(claim_or_cell: Derivation | Model, sizes: Sizes | None = None, steps: int = 3) -> Callable[..., Any]:
    """A NumPy function: a derivation's closed form, or the loss and all gradients of a cell.

    Of a derivation: `f(W=…, h=…, do=…, t=2)`, the arrays named as in `numeric.arguments`, a
    sequence with its steps on its first axis, batch axes next, before the axes of the
    formula; the free steps t, k, … are integers.  ValueError where it is not proved.  What it is
    proved under, as Σ_k y_k = 1, stands in `f.__doc__` and is not checked: the form is
    evaluated as it stands, at targets of any sum.

    Of a cell: `f(parameters, x, y, initial=None) -> (loss, gradients)`, x (T, D) or a batch
    (T, N, D), over which the losses add up; `initial` maps "h" (and "c") to the states at step
    0 (default 0).  The gradients are by name: the parameters, "x", "h0" (and "c0"), whatever
    the formulas of the cell call its input and states.  They are the equations' own derivatives,
    with no hypothesis on the targets.

    Arrays are all float32 or all float64, and finite; ValueError in one line otherwise.
    """
    _check(claim_or_cell, sizes or {}, steps)
    if isinstance(claim_or_cell, Model):
        usual = {axis: axis.size for var in claim_or_cell.arrays.values() for axis in var.axes}
        return CompiledCell(claim_or_cell, {**usual, **(sizes or {})}, steps)
    proof = proved(claim_or_cell, sizes, steps)
    usual = {axis: axis.size for axis in axes_of(claim_or_cell)}
    return CompiledClaim(claim_or_cell, {**usual, **(sizes or {}), **claim_or_cell.sizes}, steps, proof.hypotheses)


def _check(claim_or_cell: Derivation | Model, sizes: Sizes, steps: int) -> None:
    """TypeError where it is neither; ValueError without a step or an entry, or for a cell with more than x and y."""
    if not isinstance(claim_or_cell, Derivation | Model):
        what = type(claim_or_cell).__name__
        raise TypeError(f"a {what} is no formula and no cell; pass a record, as gradproof.catalogue()['rnn.h']")
    name = claim_or_cell.name if isinstance(claim_or_cell, Model) else claim_or_cell.id
    if steps < 1:
        raise ValueError(f"{name}: T = {steps}; a sequence has at least one step")
    for axis, size in sizes.items():
        if size < 1:
            raise ValueError(f"{name}: {axis} = {size}; an axis has at least one entry")
    if isinstance(claim_or_cell, Model) and (len(claim_or_cell.inputs), len(claim_or_cell.targets)) != (1, 1):
        raise ValueError(
            f"{name} has {len(claim_or_cell.inputs)} inputs and {len(claim_or_cell.targets)} targets; "
            "a cell that is compiled has one of each"
        )
