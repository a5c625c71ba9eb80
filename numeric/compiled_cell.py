"""The loss of a cell and all its gradients as flat code over their entries.

In:  a model, sizes and T.
Out: `CompiledCell`, called as the cells of `numeric.reference` are.

The gradients are differentiated, unrolled, entry by entry.  Each intermediate value and each
adjoint is assigned to a name once, and these assignments are handed to lambdify as its
common subexpressions: its own search for them takes minutes.
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

from numeric.arguments import identifier, state_key
from numeric.lambdas import MATH, FixedSizes
from symbolic.chain_rule import Differentiated
from symbolic.elementwise import Entries, dimensions, positions
from symbolic.model import Model
from symbolic.notation import Sizes, Step, shape_text
from symbolic.terms import LOSS, Derivative, Var, grad
from symbolic.unroll import Place

Array = NDArray[Any]
Flat = Callable[..., list[Any]]
Gradients = tuple[Any, dict[str, Array]]


class CompiledCell:
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


class _Naming(FixedSizes):
    """The same, with names for results; exp(a), tanh(a), … of one argument has one name."""

    def __init__(self) -> None:
        super().__init__()
        self.assigned: dict[Any, Any] = {}
        self._serial = itertools.count()
        self._function = cache(lambda name, value: self.assign(FixedSizes.function(self, name, value), name))

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
