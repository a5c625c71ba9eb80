"""The loss of a cell and all its gradients as flat code over their entries.

In:  a model, sizes and T.
Out: `CompiledCell`, called as the cells of `numeric.reference` are.

The gradients are differentiated, unrolled, entry by entry.  Each intermediate value and each
adjoint is assigned to a name once, and these assignments are handed to lambdify as its
common subexpressions: its own search for them takes minutes.  A softmax is taken of its logits
less their maximum (`compiled_softmax`).
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray

from numeric.arguments import identifier, numbers, state_key
from numeric.compiled_softmax import stable
from numeric.lambdas import LARGEST, MATH, FixedSizes, finite, in_range
from symbolic.chain_rule import Differentiated
from symbolic.elementwise import Entries, dimensions, tabulated
from symbolic.model import Equation, Model
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
        _refuse_clashes(model, self.states)
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
        fixed, own, batch = self._checked(parameters, x, y, {} if initial is None else initial)
        flat = [a.ravel().tolist() for a in fixed]
        if not batch:
            return self._run([*flat, *(a.ravel().tolist() for a in own)], own[0].dtype)
        axis, each = 0 if self.steps is None else 1, []
        for n in range(*batch):
            one = [a.take(n, axis if place < 2 else 0).ravel().tolist() for place, a in enumerate(own)]
            each.append(self._run([*flat, *one], own[0].dtype))
        return self._added(each, axis)

    def __repr__(self) -> str:
        axes = [f"{axis}={size}" for axis, size in self.sizes.items()]
        fixed = " ".join([*([] if self.steps is None else [f"T={self.steps}"]), *axes])
        return f"<{self.__name__}(parameters, x, y, initial=None) at {fixed}: {self.__doc__}>"

    def _gradients(self, tower: _Tower) -> dict[str, Entries]:
        for step in range(self.steps or 0, 0, -1):  # from the end, so that no chain of adjoints is deep
            for eq in reversed(tower.equations):
                tower.adjoint(eq.left, step)
        by_parameter = {var.name: tower.adjoint(var, None) for var in self.model.parameters}
        by_state = {f"{state_key(var)}0": tower.adjoint(var, 0) for var in self.states}
        return by_parameter | {"x": tower.whole_adjoint(self.input)} | by_state

    def _checked(
        self, parameters: Mapping[str, Any], x: Any, y: Any, initial: Mapping[str, Any]
    ) -> tuple[list[Array], list[Array], tuple[int, ...]]:
        """The parameters; x, y and the states; the shape of the batch; ValueError where something does not fit."""
        starts = {state_key(var): var for var in self.states}
        self._check_names("parameter", parameters, {var.name: var for var in self.model.parameters}, complete=True)
        self._check_names("initial state", initial, starts)
        started = {f"initial {name}": initial[name] for name in initial}
        given = numbers(self.__name__, {**parameters, self.input.name: x, self.target.name: y, **started})
        lead = () if self.steps is None else (self.steps,)
        axis, usual = len(lead), len(lead) + len(self.input.axes)
        found = given[self.input.name]
        batch = found.shape[axis : axis + 1] if found.ndim == usual + 1 else ()
        fixed = [self._fitting(var.name, var, given, ()) for var in self.model.parameters]
        own = [self._fitting(var.name, var, given, (*lead, *batch)) for var in (self.input, self.target)]
        for name, var in starts.items():
            zero = np.zeros((*batch, *dimensions(var.axes, self.sizes)), found.dtype)
            own.append(self._fitting(f"initial {name}", var, {f"initial {name}": zero, **given}, batch))
        return fixed, own, batch

    def _check_names(
        self, kind: str, given: Mapping[str, Any], known: Mapping[str, Var], complete: bool = False
    ) -> None:
        if not isinstance(given, Mapping):
            raise ValueError(f"{self.__name__}: {kind}s are a {type(given).__name__}; pass a dict of arrays by name")
        for name in given:
            if name not in known:
                raise ValueError(f"{self.__name__}: unknown {kind} {name!r}; the names are {', '.join(known)}")
        for name in known if complete else ():
            if name not in given:
                raise ValueError(f"{self.__name__}: {kind} {name!r} is missing; the names are {', '.join(known)}")

    def _fitting(self, name: str, var: Var, given: Mapping[str, Array], lead: tuple[int, ...]) -> Array:
        wanted = (*lead, *dimensions(var.axes, self.sizes))
        if given[name].shape != wanted:
            raise ValueError(
                f"{self.__name__}: {name} has the shape {given[name].shape}, not {wanted}, where its axes are "
                f"{shape_text(var.axes)}"
            )
        return given[name]

    def _run(self, arguments: list[list[float]], dtype: Any) -> Gradients:
        """The loss and the gradients of one example."""
        with in_range(self.__name__):
            whole = finite(np.array(self._flat(*arguments), dtype))
        start, found = 0, {}
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


def _refuse_clashes(model: Model, states: Sequence[Var]) -> None:
    """ValueError where two results, or two states, would have one name."""
    results = ["loss", "x", *(f"{state_key(var)}0" for var in states), *(var.name for var in model.parameters)]
    for name, count in Counter(results).items():
        if count > 1:
            raise ValueError(f"{model.name}: {name} would have two meanings among the gradients; rename an array")


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
        self.naming, made = _Naming(), stable(model)
        self.maxima = made.maxima
        super().__init__(made.model, sizes, steps, self.naming, self._leaf)

    @property
    def equations(self) -> tuple[Equation, ...]:
        assert self.model is not None
        return self.model.equations

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
        if var.name in self.maxima:
            logits = self.variable(self.maxima[var.name], step)
            return tabulated(dims, lambda row: LARGEST(*logits[row]))
        return tabulated(dims, lambda _: self.naming.symbol(var.name))

    def _value(self, var: Var, step: int | None) -> Entries:
        return self._named(super()._value(var, step), var.name)

    def _sum_over_uses(self, of: Place, by: Place, copy: int | None) -> Entries | None:
        found = super()._sum_over_uses(of, by, copy)
        return None if found is None else self._named(found, f"d{by[0]}")

    def _named(self, values: Entries, name: str) -> Entries:
        return _mapped(values, lambda value: self.naming.assign(value, name))


def _mapped(values: Entries, function: Callable[[Any], Any]) -> Entries:
    return tabulated(values.shape, lambda position: function(values[position]))
