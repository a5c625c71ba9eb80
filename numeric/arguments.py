"""Which arrays a closed form is a function of, and what they are called in Python.

In:  a term and the model it speaks of.
Out: `arguments(term, model)`: one `Argument` for every array whose values the term needs;
     `numbers(owner, given)`: what is handed over as arrays, or one line that says what is wrong.

A sequence is handed over whole, a step an entry of its first axis: `h` has T + 1 entries
where the model gives h[0], `o` has T.  The adjoint grad(o[t]) is the array `do`, any other
derivative d(h[t], W) is `dh_dW`, and an immediate one `immediate_h_W`.
"""

from __future__ import annotations

import keyword
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symbolic.model import Model
from symbolic.notation import N, Shape
from symbolic.shapes import shape
from symbolic.terms import LOSS, Derivative, Term, Var, children


@dataclass(frozen=True)
class Argument:
    """An array by name; `first` is the first step of each of its leading axes, `axes` are the others."""

    name: str
    first: tuple[int, ...]
    axes: Shape


_PRECISIONS = frozenset({np.dtype(np.float32), np.dtype(np.float64)})


def arguments(term: Term, model: Model | None) -> tuple[Argument, ...]:
    """Every array that a term needs, by name; ValueError where two would share one."""
    found: dict[str, tuple[Term, Argument]] = {}
    for leaf in leaves(term):
        made = argument(leaf, model)
        known, _ = found.setdefault(made.name, (_anywhere(leaf), made))
        if known != _anywhere(leaf):
            raise ValueError(f"{made.name} would stand for {known} and for {leaf}")
    return tuple(found[name][1] for name in sorted(found))


def numbers(owner: str, given: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """The same as NumPy arrays; ValueError for what is empty, not finite, or not all float32 or all float64."""
    arrays = {name: np.asarray(value) for name, value in given.items()}
    first = next(iter(arrays), "")
    for name, array in arrays.items():
        if array.dtype not in _PRECISIONS:
            raise ValueError(f"{owner}: {name} has dtype {array.dtype}; pass float32 or float64")
        if array.dtype != arrays[first].dtype:
            raise ValueError(
                f"{owner}: {name} has dtype {array.dtype}, {first} has {arrays[first].dtype}; pass all in one dtype"
            )
        if not array.size:
            raise ValueError(f"{owner}: {name} has the shape {array.shape}, which is empty; pass at least one entry")
        # A sum of squares is finite only if its terms are, and ten times as fast to get where arrays are small.
        if not math.isfinite(np.vdot(array, array)) and not np.isfinite(array).all():
            place = tuple(map(int, np.unravel_index(np.argmin(np.isfinite(array)), array.shape)))
            raise ValueError(f"{owner}: {name} is {array[place]} at {place}; pass finite numbers")
    return arrays


def leaves(term: Term) -> list[Var | Derivative]:
    """The variables and derivatives in a term; what a derivative is taken of is no leaf."""
    if isinstance(term, Var | Derivative):
        return [term]
    return [leaf for child in children(term) for leaf in leaves(child)]


def array(leaf: Var | Derivative) -> Var:
    """The variable, or the one that a derivative is by."""
    return leaf.by if isinstance(leaf, Derivative) else leaf


def argument(leaf: Var | Derivative, model: Model | None) -> Argument:
    """The array that holds a leaf's values at every step."""
    return Argument(_name(leaf), tuple(_first_step(var, model) for var in places(leaf)), shape(leaf))


def places(leaf: Var | Derivative) -> list[Var]:
    """The variables whose steps say where in the array a leaf stands, one for each leading axis."""
    if isinstance(leaf, Var):
        return [leaf] if leaf.sequence else []
    if not isinstance(leaf.of, Var):
        raise ValueError(f"{leaf} is no array: it is the derivative of a formula")
    copy = [Var("copy", (), sequence=True, step=leaf.copy)] if leaf.copy else []
    return [var for var in (leaf.of, leaf.by) if var.sequence] + copy


def identifier(name: str) -> str:
    """A name that Python accepts."""
    plain = re.sub(r"\W", "_", name)
    return f"{plain}_" if keyword.iskeyword(plain) or not plain.isidentifier() else plain


def state_key(state: Var) -> str:
    """What a state is called by those who hand it over, whatever the formulas of its cell call it."""
    return state.name.lower()


def batch_axes(var: Var, *lead: str) -> str:
    """The axes of an array in a batch, `lead` before its own: `T N H`."""
    return " ".join([*lead, *(axis.name for axis in var.axes if axis != N)])


def batch_shape(var: Var, *lead: str) -> str:
    return f"({batch_axes(var, *lead).replace(' ', ', ')})"


def _name(leaf: Var | Derivative) -> str:
    if isinstance(leaf, Var):
        return identifier(leaf.name)
    if not isinstance(leaf.of, Var):
        raise ValueError(f"{leaf} is the derivative of a formula, and no argument can stand for it")
    of, by = identifier(leaf.of.name), identifier(leaf.by.name)
    if not leaf.total:
        return f"immediate_{of}_{by}"
    copies = "_copies" if leaf.copy else ""
    return f"d{by}{copies}" if leaf.of == LOSS else f"d{of}_d{by}{copies}"


def _first_step(var: Var, model: Model | None) -> int:
    return 0 if model is not None and var.name in model.with_initial else 1


def _anywhere(leaf: Var | Derivative) -> Var | Derivative:
    """A leaf without its steps: what two leaves in one array have in common."""
    if isinstance(leaf, Var):
        return replace(leaf, step=None, latex="")
    if not isinstance(leaf.of, Var):
        raise ValueError(f"{leaf} is the derivative of a formula, and no argument can stand for it")
    of, by = (replace(var, step=None, latex="") for var in (leaf.of, leaf.by))
    return replace(leaf, of=of, by=by, copy=None)
