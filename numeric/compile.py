"""A proved closed form, or every gradient of a cell, as a function of NumPy arrays.

In:  a `Derivation` or a `Model`, sizes (default: the worked example's) and T.
Out: a function of NumPy arrays, flat code that `sympy.lambdify` writes from SymPy entries.

A derivation is proved first and refused where it is not.  The gradients of a cell are
differentiated, unrolled, entry by entry; each intermediate value and each adjoint is
assigned to a name once, and these assignments are handed to lambdify as its common
subexpressions: its own search for them takes minutes.

Single numbers go through `math`, a batch through NumPy.  The formulas are evaluated as
they stand: softmax is exp by its sum, so that logits beyond 700 overflow.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray

from numeric.arguments import Argument, argument, arguments, identifier, state_key
from numeric.proved import proved
from symbolic.chain_rule import Differentiated
from symbolic.differentiate import InSymPy
from symbolic.elementwise import Entries, Scene, Steps, dimensions, entries, positions
from symbolic.model import Model
from symbolic.notation import Axis, Sizes, Step, shape_text
from symbolic.prove import axes_of
from symbolic.records import Derivation
from symbolic.terms import LOSS, Derivative, Var, free_anchors, grad
from symbolic.unroll import Place

Array = NDArray[Any]
Flat = Callable[..., list[Any]]
Gradients = tuple[Any, dict[str, Array]]


def compile(claim_or_cell: Derivation | Model, sizes: Sizes | None = None, steps: int = 3) -> Callable[..., Any]:
    """A NumPy function: a derivation's closed form, or the loss and all gradients of a cell.

    Of a derivation: `f(W=…, h=…, do=…, t=2)`, the arrays named as in `numeric.arguments`, a
    sequence with its steps on its first axis, batch axes next, before the axes of the
    formula; the free steps t, k, … are integers.  ValueError where it is not proved.

    Of a cell: `f(parameters, x, y, initial=None) -> (loss, gradients)`, x (T, D) or a batch
    (T, N, D), over which the losses add up; `initial` maps "h" (and "c") to the states at step
    0 (default 0).  The gradients are by name: the parameters, "x", "h0" (and "c0"), whatever
    the formulas of the cell call its input and states.
    """
    if isinstance(claim_or_cell, Model):
        usual = {axis: axis.size for var in claim_or_cell.arrays.values() for axis in var.axes}
        return _CompiledCell(claim_or_cell, {**usual, **(sizes or {})}, steps)
    proved(claim_or_cell, sizes, steps)
    usual = {axis: axis.size for axis in axes_of(claim_or_cell)}
    return _CompiledClaim(claim_or_cell, {**usual, **(sizes or {}), **claim_or_cell.sizes}, steps)


# One closed form


class _CompiledClaim:
    """The last term of a derivation; compiled once for each choice of its free steps."""

    def __init__(self, record: Derivation, sizes: Sizes, steps: int) -> None:
        self.term, self.model, self.sizes, self.steps = record.chain[-1], record.model, sizes, steps
        self.arguments = arguments(self.term, record.model)
        self.anchors = sorted(free_anchors(self.term))
        self.__name__, self.__doc__ = record.id, record.statement
        self._compiled = cache(self._lambdified)

    def __call__(self, **given: Any) -> Array:
        names = [a.name for a in self.arguments] + self.anchors
        if missing := [name for name in names if name not in given]:
            raise TypeError(f"{self.__name__} needs {', '.join(missing)}")
        if unknown := [name for name in given if name not in names]:
            raise TypeError(f"{self.__name__} is no function of {', '.join(unknown)}")
        arrays = [np.asarray(given[a.name]) for a in self.arguments]
        batch = np.broadcast_shapes(*(self._batch(a, array) for a, array in zip(self.arguments, arrays, strict=True)))
        used, dims, scalar, vector = self._compiled(tuple(int(given[anchor]) for anchor in self.anchors))
        if batch:
            leaves = [arrays[n][(*where[:lead], ..., *where[lead:])] for n, lead, where in used]
            flat = [np.broadcast_to(value, batch) for value in vector(*leaves)]
        else:
            flat = scalar(*(arrays[n][where].item() for n, _, where in used))
        result = np.array(flat, np.result_type(np.float32, *arrays)).reshape((*dims, *batch))
        return np.moveaxis(result, range(len(dims)), range(-len(dims), 0))

    def _batch(self, a: Argument, array: Array) -> tuple[int, ...]:
        """What stands between an array's steps and its axes; ValueError where these do not conform."""
        lead = tuple(self.steps + 1 - first for first in a.first)
        own = dimensions(a.axes, self.sizes)
        end = array.ndim - len(own)
        if end < len(lead) or array.shape[: len(lead)] != lead or array.shape[end:] != own:
            wanted = ", ".join([*map(str, lead), "…", *map(str, own)])
            raise ValueError(f"{self.__name__}: {a.name} has the shape {array.shape}, not ({wanted})")
        return array.shape[len(lead) : end]

    def _lambdified(self, at: tuple[int, ...]) -> tuple[list[tuple[int, int, Any]], tuple[int, ...], Flat, Flat]:
        values = _Arguments(self.arguments, self.model, self.sizes, self.steps)
        scene = Scene(self.sizes, self.steps, _Numbers(), values)
        closed_form = entries(self.term, scene, dict(zip(self.anchors, at, strict=True)))
        order = {a.name: n for n, a in enumerate(self.arguments)}
        used = [(order[a.name], len(a.first), where) for a, where in values.symbols]
        symbols, flat = list(values.symbols.values()), list(closed_form.flat)
        by_math, by_numpy = (sympy.lambdify(symbols, flat, modules=each) for each in (MATH, NUMPY))
        return used, closed_form.shape, by_math, by_numpy


class _Arguments:
    """Values that are symbols: one for each entry of an argument that is used."""

    def __init__(self, known: tuple[Argument, ...], model: Model | None, sizes: Sizes, steps: int) -> None:
        self.known, self.model, self.sizes, self.steps = known, model, sizes, steps
        self.symbols: dict[tuple[Argument, tuple[int, ...]], Any] = {}

    def variable(self, var: Var, step: int | None) -> Entries:
        return self._entries(argument(var, self.model), () if step is None else (step,), str(var))

    def derivative(self, node: Derivative, steps: Steps) -> Entries:
        wheres = [var.step for var in (node.of, node.by) if isinstance(var, Var) and var.step] + [node.copy]
        return self._entries(argument(node, self.model), tuple(w.at(steps) for w in wheres if w), str(node))

    def _entries(self, a: Argument, steps: tuple[int, ...], text: str) -> Entries:
        for step, first in zip(steps, a.first, strict=True):
            if not first <= step <= self.steps:
                raise ValueError(f"{text} at step {step}: {a.name} has the steps {first} to {self.steps}")
        lead = tuple(step - first for step, first in zip(steps, a.first, strict=True))
        result = np.empty(dimensions(a.axes, self.sizes), dtype=object)
        for position in positions(result.shape):
            where = (*lead, *position)
            name = "_".join(map(str, (a.name, *where)))
            result[position] = self.symbols.setdefault((a, where), sympy.Symbol(name, real=True))
        return result


# Every gradient of a cell


class _CompiledCell:
    """Loss and gradients of an unrolled model, flat code over its entries."""

    def __init__(self, model: Model, sizes: Sizes, steps: int) -> None:
        self.model, self.sizes = model, sizes
        self.steps = steps if model.is_sequence else None
        self.__name__, self.__doc__ = model.name, f"{model.title}: the loss and every gradient."
        (self.input,), (self.target,) = model.inputs, model.targets
        self.states = [model.arrays[name] for name in model.arrays if name in model.with_initial]
        tower = _Tower(model, sizes, steps)
        given = [tower.whole(var) for var in (*model.parameters, self.input, self.target)]
        given += [tower.variable(var, 0) for var in self.states]
        found = {"loss": tower.variable(LOSS, None)} | self._gradients(tower)
        self.shapes = {name: each.shape for name, each in found.items()}
        results = [entry for each in found.values() for entry in each.flat]
        self._flat: Flat = sympy.lambdify(
            [list(each.flat) for each in given],
            results,
            modules=MATH,
            cse=lambda expressions: (list(tower.naming.assigned.items()), list(expressions)),
        )

    def __call__(
        self, parameters: Mapping[str, Any], x: Any, y: Any, initial: Mapping[str, Any] | None = None
    ) -> Gradients:
        x, y = np.asarray(x), np.asarray(y)
        fixed = [self._checked(var, parameters[var.name], ()) for var in self.model.parameters]
        lead = () if self.steps is None else (self.steps,)
        axis, usual = len(lead), len(lead) + len(self.input.axes)
        batch = x.shape[axis : axis + 1] if x.ndim == usual + 1 else ()
        x, y = (self._checked(var, a, (*lead, *batch)) for var, a in ((self.input, x), (self.target, y)))
        states = [self._state(var, initial or {}, batch, x.dtype) for var in self.states]
        dtype = np.result_type(np.float32, *fixed, x, y)
        flat = [a.ravel().tolist() for a in fixed]
        if not batch:
            return self._split(self._flat(*flat, *(a.ravel().tolist() for a in (x, y, *states))), dtype)
        each = []
        for n in range(*batch):
            own = [a.take(n, axis).ravel().tolist() for a in (x, y)] + [s[n].ravel().tolist() for s in states]
            each.append(self._split(self._flat(*flat, *own), dtype))
        return self._added(each, axis)

    def _gradients(self, tower: _Tower) -> dict[str, Entries]:
        for step in range(self.steps or 0, 0, -1):  # from the end, so that no chain of adjoints is deep
            for eq in reversed(self.model.equations):
                tower.adjoint(eq.left, step)
        by_parameter = {var.name: tower.adjoint(var, None) for var in self.model.parameters}
        by_state = {f"{state_key(var)}0": tower.adjoint(var, 0) for var in self.states}
        return by_parameter | {"x": tower.whole_adjoint(self.input)} | by_state

    def _state(self, var: Var, initial: Mapping[str, Any], batch: tuple[int, ...], dtype: Any) -> Array:
        if state_key(var) not in initial:
            return np.zeros((*batch, *dimensions(var.axes, self.sizes)), dtype)
        return self._checked(var, initial[state_key(var)], batch)

    def _checked(self, var: Var, value: Any, lead: tuple[int, ...]) -> Array:
        array = np.asarray(value)
        wanted = (*lead, *dimensions(var.axes, self.sizes))
        if array.shape != wanted:
            raise ValueError(
                f"{self.__name__}: {var.name} has the shape {array.shape}, not {wanted}, where its axes are "
                f"{shape_text(var.axes)}"
            )
        return array

    def _split(self, flat: list[float], dtype: Any) -> Gradients:
        whole, start, found = np.array(flat, dtype), 0, {}
        for name, shape in self.shapes.items():
            end = start + math.prod(shape)
            found[name] = whole[start:end].reshape(shape)
            start = end
        return found.pop("loss")[()], found

    def _added(self, each: list[Gradients], axis: int) -> Gradients:
        """Over a batch: the gradients by what the examples share add up, the others stand side by side."""
        shared = {var.name for var in self.model.parameters}
        found = {}
        for name in each[0][1]:
            values = [gradients[name] for _, gradients in each]
            where = axis if name == "x" else 0
            found[name] = np.sum(values, axis=0) if name in shared else np.stack(values, where)
        return np.sum([loss for loss, _ in each]), found


class _Numbers(InSymPy):
    """SymPy's arithmetic at fixed sizes: 1/n is a number."""

    def reciprocal(self, axis: Axis | None, size: int) -> Any:
        return sympy.Rational(1, size)


class _Naming(_Numbers):
    """The same, with names for results; exp(a), tanh(a), … of one argument has one name."""

    def __init__(self) -> None:
        super().__init__()
        self.assigned: dict[Any, Any] = {}
        self._serial = itertools.count()
        self._function = cache(lambda name, value: self.assign(InSymPy.function(self, name, value), name))

    def function(self, name: str, value: Any) -> Any:
        return self._function(name, value)

    def assign(self, value: Any, name: str) -> Any:
        """A name for a value; what is a name or a number already stays what it is."""
        if value.is_Symbol or value.is_Number:
            return value
        made = self.symbol(name)
        self.assigned[made] = value
        return made

    def symbol(self, name: str) -> Any:
        # No Dummy: lambdify replaces each of them in every expression.
        return sympy.Symbol(f"{identifier(name)}_{next(self._serial)}", real=True)


class _Tower(Differentiated):
    """An unrolled model in which every value, adjoint and function value has a name of its own."""

    def __init__(self, model: Model, sizes: Sizes, steps: int) -> None:
        self.naming = _Naming()
        super().__init__(model, sizes, steps, self.naming, self._leaf)

    def whole(self, var: Var) -> Entries:
        """An input or parameter with all its steps."""
        return self._over_steps(var, self.variable)

    def whole_adjoint(self, var: Var) -> Entries:
        return self._over_steps(var, self.adjoint)

    def adjoint(self, var: Var, step: int | None) -> Entries:
        node = grad(replace(var, step=None if step is None else Step("", step)))
        assert isinstance(node, Derivative)
        return self.derivative(node, {})

    def _over_steps(self, var: Var, values: Callable[[Var, int | None], Entries]) -> Entries:
        if not var.sequence:
            return values(var, None)
        return np.stack([values(var, step) for step in range(1, self.steps + 1)])

    def _leaf(self, var: Var, step: int | None) -> Entries:
        dims = dimensions(var.axes, self.scene.sizes)
        return _mapped(np.empty(dims, dtype=object), lambda _: self.naming.symbol(var.name))

    def _value(self, var: Var, step: int | None) -> Entries:
        return self._named(super()._value(var, step), var.name)

    def _sum_over_uses(self, of: Place, by: Place, copy: int | None) -> Entries | None:
        found = super()._sum_over_uses(of, by, copy)
        return None if found is None else self._named(found, f"d{by[0]}")

    def _named(self, values: Entries, name: str) -> Entries:
        return _mapped(values, lambda value: self.naming.assign(value, name))


def _mapped(values: Entries, function: Callable[[Any], Any]) -> Entries:
    result = np.empty(values.shape, dtype=object)
    for position in positions(values.shape):
        result[position] = function(values[position])
    return result


# What lambdify calls


def _sigmoid(x: float) -> float:
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    e = math.exp(x)
    return e / (1 + e)


MATH: list[Any] = [{"sigmoid": _sigmoid}, "math"]
NUMPY: list[Any] = [{"sigmoid": lambda x: np.exp(-np.logaddexp(0, -x))}, "numpy"]
