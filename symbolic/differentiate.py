"""The only place that differentiates.

In:  the equations of a model and an `Unrolled` that knows the variables' values.
Out: `Differentiated`, the same values and every total or immediate derivative.

`edges` writes each equation's right side out in SymPy symbols and takes `sympy.diff`
by every symbol in it, once per equation: the steps of the sequence differ only in which
values the symbols stand for.  Total derivatives then follow from the chain rule over the
graph of equations, backwards from what is differentiated or forwards from what it is
differentiated by.  A derivative in `opaque` is a symbol of its own: the chain rule stops
there, so that every step of a derivation is judged by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import sympy

from symbolic.elementwise import (
    Arithmetic,
    Entries,
    Scalar,
    Scene,
    Steps,
    dimensions,
    entries,
    free_indices,
    positions,
)
from symbolic.model import Model, variables
from symbolic.normal_form import OutOfReach, Ring
from symbolic.notation import Axis, Shape, Sizes
from symbolic.shapes import shape
from symbolic.terms import LOSS, Derivative, Term, Var
from symbolic.unroll import Place, Unrolled

Position = tuple[int, ...]
Chain = tuple[Place, Place]


class sigmoid(sympy.Function):  # type: ignore[misc]  # noqa: N801
    """σ(x) = 1/(1 + exp(−x)), with σ' = σ(1 − σ) as `check_rules` confirms."""

    def fdiff(self, argindex: int = 1) -> Any:
        return self * (1 - self)


DEFINITIONS: dict[str, Callable[[Any], Any]] = {
    "tanh": lambda x: 1 - 2 / (sympy.exp(2 * x) + 1),
    "sigmoid": lambda x: 1 / (1 + sympy.exp(-x)),
    "exp": sympy.exp,
    "log": sympy.log,
}
FUNCTIONS: dict[str, Callable[[Any], Any]] = {**DEFINITIONS, "tanh": sympy.tanh, "sigmoid": sigmoid}


@dataclass(frozen=True)
class InSymPy:
    """The arithmetic of SymPy expressions; by definition (`exponential`) or by name."""

    exponential: bool = False

    def number(self, value: Fraction) -> Any:
        return sympy.Rational(value.numerator, value.denominator)

    def reciprocal(self, axis: Axis | None, size: int) -> Any:
        return symbol(Var(f"1/{axis or 'T'}", ()), axis or SEQUENCE, ())

    def function(self, name: str, value: Any) -> Any:
        return (DEFINITIONS if self.exponential else FUNCTIONS)[name](value)


SEQUENCE = "the sequence's length"
Origin = int | Axis | str | None


@cache
def symbol(var: Var, origin: Origin, position: Position) -> Any:
    """The SymPy symbol of one entry.

    `origin` is the step (relative to t in an equation), None where there is none; of a
    reciprocal 1/n it is the axis, or SEQUENCE.  A dummy, so that two models' variables of
    one name stay apart.
    """
    place = f"[{origin}]" if isinstance(origin, int) else ""
    found = sympy.Dummy(f"{var.name}{place}_" + ",".join(str(p + 1) for p in position), real=True)
    _meaning[found] = (var, origin, position)
    return found


_meaning: dict[Any, tuple[Var, Origin, Position]] = {}


class _Symbols:
    """Values that are symbols, so that an equation's right side can be differentiated."""

    def __init__(self, sizes: Sizes) -> None:
        self.sizes = sizes

    def variable(self, var: Var, step: int | None) -> Entries:
        result = np.empty(dimensions(var.axes, self.sizes), dtype=object)
        for position in positions(result.shape):
            result[position] = symbol(replace(var, step=None), step, position)
        return result

    def derivative(self, node: Derivative, steps: Steps) -> Entries:
        raise OutOfReach(f"{node} inside what is differentiated")


@dataclass(frozen=True)
class Edge:
    """One variable in one right side: ∂ made[j] / ∂ used[i] = expression, where not 0."""

    made: str
    used: Var
    step: int | None
    entries: tuple[tuple[Position, Position, Any], ...]


def edges(made: str, right: Term, sizes: Sizes, steps: Steps, exponential: bool = False) -> tuple[Edge, ...]:
    """sympy.diff of every entry of a term by every symbol in it; steps are relative to t at t = 0."""
    used = {axis for var in variables(right) for axis in var.axes}
    few = tuple((axis, n) for axis, n in sizes.items() if axis in used)
    return _edges(made, right, few, tuple(steps.items()), exponential)


@cache
def _edges(
    made: str, right: Term, sizes: tuple[tuple[Axis, int], ...], steps: tuple[tuple[str, int], ...], exponential: bool
) -> tuple[Edge, ...]:
    check_rules()
    values = _Symbols(dict(sizes))
    written = entries(right, Scene(values.sizes, dict(steps).get("T", 0), InSymPy(exponential), values), dict(steps))
    found: dict[tuple[Var, int | None], list[tuple[Position, Position, Any]]] = {}
    for j in positions(written.shape):
        for x in sorted(written[j].free_symbols, key=str):
            used, origin, i = _meaning[x]
            if origin is None or isinstance(origin, int):
                found.setdefault((used, origin), []).append((j, i, sympy.diff(written[j], x)))
    return tuple(Edge(made, used, step, tuple(each)) for (used, step), each in found.items())


@dataclass(frozen=True)
class Graph:
    """A model's equations as a graph: every edge by what it uses and by what it makes."""

    used_by: Mapping[str, Sequence[Edge]]
    made_from: Mapping[str, Sequence[Edge]]


def graph(model: Model | None, sizes: Sizes, exponential: bool = False) -> Graph:
    """Every partial derivative of a model's equations."""
    return _graph(model, tuple(sizes.items()), exponential)


@cache
def _graph(model: Model | None, sizes: tuple[tuple[Axis, int], ...], exponential: bool) -> Graph:
    used_by, made_from = defaultdict[str, list[Edge]](list), defaultdict[str, list[Edge]](list)
    for eq in model.equations if model is not None else ():
        for edge in edges(eq.left.name, eq.right, dict(sizes), {"t": 0}, exponential):
            used_by[edge.used.name].append(edge)
            made_from[edge.made].append(edge)
    return Graph(dict(used_by), dict(made_from))


@cache
def check_rules() -> None:
    """SymPy's rules for tanh and ours for σ, against sympy.diff of their definitions by exp."""
    x = symbol(Var("x", ()), None, ())
    ring = Ring(exponential=True)
    for name, definition in DEFINITIONS.items():
        direct, by_rule = sympy.diff(definition(x), x), sympy.diff(FUNCTIONS[name](x), x)
        if not ring.is_zero(fold(direct, ring.generator, ring) - fold(by_rule, ring.generator, ring)):
            raise AssertionError(f"the derivative of {name} is not what its definition says")


def fold(expression: Any, leaf: Callable[[Any], Scalar], arithmetic: Arithmetic) -> Scalar:
    """A SymPy expression in another arithmetic."""

    def of(e: Any) -> Scalar:
        return fold(e, leaf, arithmetic)

    if expression.is_Symbol:
        return leaf(expression)
    if expression.is_Rational:
        return arithmetic.number(Fraction(int(expression.p), int(expression.q)))
    if expression.is_Add:
        first, *rest = expression.args
        result = of(first)
        for e in rest:
            result = result + of(e)
        return result
    if expression.is_Mul:
        first, *rest = expression.args
        result = of(first)
        for e in rest:
            result = result * of(e)
        return result
    if isinstance(expression, sympy.exp):
        return arithmetic.function("exp", of(expression.args[0]))
    if expression is sympy.E:
        return arithmetic.function("exp", arithmetic.number(Fraction(1)))
    if expression.is_Pow and expression.exp.is_Integer:
        return of(expression.base) ** int(expression.exp)
    for name in ("log", "tanh", "sigmoid"):
        if isinstance(expression, sigmoid if name == "sigmoid" else getattr(sympy, name)):
            return arithmetic.function(name, of(expression.args[0]))
    raise OutOfReach(f"no rule for {expression.func.__name__}")


class Differentiated(Unrolled):
    """An unrolled model with its derivatives; those in `opaque` stay symbols."""

    def __init__(self, *args: Any, exponential: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.opaque: dict[Chain, Entries] = {}
        self.exponential = exponential
        self._reverse: dict[tuple[Chain, int | None], Entries | None] = {}
        self._forward: dict[tuple[Chain, int | None], Entries | None] = {}
        self._axes: dict[str, Shape] = {LOSS.name: ()}
        self._graph = graph(self.model, self.scene.sizes, exponential)
        if self.model is not None:
            self._axes |= {name: var.axes for name, var in self.model.arrays.items()}

    def derivative(self, node: Derivative, steps: Steps) -> Entries:
        """d of / d by at these steps, entries of `of` first."""
        if free_indices(node.of):
            raise OutOfReach(f"a running subscript inside {node}: take the entry of the derivative instead")
        if not node.total and (not isinstance(node.of, Var) or node.of == LOSS):
            raise OutOfReach(f"{node}: an immediate derivative is taken of a variable at a step")
        by = self._place(node.by, steps)
        self.check(node.by, by[1])
        self._axes.setdefault(by[0], node.by.axes)
        copy = None if node.copy is None else node.copy.at(steps)
        if copy is not None:
            self.touched.add(copy)
            if not 1 <= copy <= self.steps:
                self.check(Var(f"copy of {node.by.name}", (), True), copy)
        axes = shape(node.of) + shape(node.by)
        if isinstance(node.of, Var):
            of = self._place(node.of, steps)
            self.check(node.of, of[1])
            self._axes.setdefault(of[0], node.of.axes)
            if not node.total:
                found = self._tangent(of, by, of[1])
            elif self._goes_forward(of, by):
                found = self._tangent(of, by, None)
            else:
                found = self._adjoint(of, by, copy)
        else:
            found = self._of_term(node, by, steps)
        return self._zeros(axes) if found is None else found

    def chain_of(self, node: Derivative, steps: Steps) -> Chain | None:
        """What a derivative is called in `opaque`, if it is of a variable."""
        return (self._place(node.of, steps), self._place(node.by, steps)) if isinstance(node.of, Var) else None

    def _place(self, var: Var, steps: Steps) -> Place:
        return (var.name, None if var.step is None else var.step.at(steps))

    def _goes_forward(self, of: Place, by: Place) -> bool:
        return self._axes[of[0]] != () and any(b == by and o != of for o, b in self.opaque)

    def _adjoint(self, of: Place, by: Place, copy: int | None) -> Entries | None:
        """Σ over the uses of `by` of (d of / d use)(∂ use / ∂ by); None where it is 0."""
        key = ((of, by), copy)
        if key not in self._reverse:
            self._reverse[key] = self._sum_over_uses(of, by, copy)
        return self._reverse[key]

    def _sum_over_uses(self, of: Place, by: Place, copy: int | None) -> Entries | None:
        self._touch(by)
        if (of, by) in self.opaque and copy is None:
            return self.opaque[of, by]
        if of == by:
            return self._identity(by)
        if self._is_step_loss_of(of, by):
            return self._scale()
        result = None
        for edge in self._graph.used_by.get(by[0], ()):
            for made in self._uses(edge, by, copy):
                if of[1] is not None and made is not None and made > of[1]:
                    continue
                upstream = self._adjoint(of, (edge.made, made), None)
                if upstream is not None:
                    if result is None:
                        result = self._zeros(self._axes[of[0]] + self._axes[by[0]])
                    self._accumulate_backwards(result, upstream, edge, made)
        return result

    def _accumulate_backwards(self, result: Entries, upstream: Entries, edge: Edge, made: int | None) -> None:
        for j, i, expression in edge.entries:
            value = self._fold(expression, made)
            into: Any = (..., *i)
            source: Any = (..., *j)
            result[into] = result[into] + upstream[source] * value

    def _tangent(self, of: Place, by: Place, only: int | None) -> Entries | None:
        """Σ over what `of` is made from of (∂ of / ∂ part)(d part / d by); `only` this step."""
        key = ((of, by), only)
        if key not in self._forward:
            self._forward[key] = self._sum_over_parts(of, by, only)
        return self._forward[key]

    def _sum_over_parts(self, of: Place, by: Place, only: int | None) -> Entries | None:
        self._touch(of)
        if only is None and (of, by) in self.opaque:
            return self.opaque[of, by]
        if of == by:
            return self._identity(by)
        if of[1] == 0 or (only is not None and of[1] != only):
            return None
        result = None
        for edge in self._graph.made_from.get(of[0], ()):
            part = (edge.used.name, None if edge.step is None else edge.step + (of[1] or 0))
            downstream = self._tangent(part, by, only)
            if downstream is not None:
                if result is None:
                    result = self._zeros(self._axes[of[0]] + self._axes[by[0]])
                self._accumulate_forwards(result, downstream, edge, of[1])
        return result

    def _accumulate_forwards(self, result: Entries, downstream: Entries, edge: Edge, made: int | None) -> None:
        for j, i, expression in edge.entries:
            result[j] = result[j] + downstream[i] * self._fold(expression, made)

    def _of_term(self, node: Derivative, by: Place, steps: Steps) -> Entries | None:
        """The derivative of a formula: of what is written, then of what that is made from."""
        result = None
        of = "what is differentiated"
        for edge in edges(of, node.of, self.scene.sizes, {"T": self.steps, **steps}, self.exponential):
            part = (edge.used.name, edge.step)
            self._axes.setdefault(edge.used.name, edge.used.axes)
            downstream = self._adjoint(part, by, None)
            if downstream is not None:
                if result is None:
                    result = self._zeros(shape(node.of) + self._axes[by[0]])
                for j, i, expression in edge.entries:
                    result[j] = result[j] + downstream[i] * self._fold(expression, 0)
        return result

    def _uses(self, edge: Edge, by: Place, copy: int | None) -> list[int | None]:
        """The steps at which `edge.made` uses `by`."""
        if self.model is None or not self.model.is_sequence:
            return [None]
        if by[1] is None:
            return list(range(1, self.steps + 1)) if copy is None else [copy]
        made = by[1] - (edge.step or 0)
        return [made] if 1 <= made <= self.steps else []

    def _fold(self, expression: Any, made: int | None) -> Scalar:
        def value(x: Any) -> Scalar:
            var, origin, position = _meaning[x]
            if isinstance(origin, Axis):
                return self.scene.arithmetic.reciprocal(origin, self.scene.sizes[origin])
            if isinstance(origin, str):
                return self.scene.arithmetic.reciprocal(None, self.steps)
            return self.variable(var, None if origin is None else origin + (made or 0))[position]

        return fold(expression, value, self.scene.arithmetic)

    def _is_step_loss_of(self, of: Place, by: Place) -> bool:
        model = self.model
        return model is not None and model.is_sequence and of[0] == LOSS.name and by[0] == model.step_loss.name

    def _scale(self) -> Entries:
        assert self.model is not None
        return entries(self.model.scale, self.scene)

    def _touch(self, place: Place) -> None:
        if place[1] is not None:
            self.touched.add(place[1])

    def _zeros(self, axes: Shape) -> Entries:
        result = np.empty(dimensions(axes, self.scene.sizes), dtype=object)
        result.fill(self.scene.arithmetic.number(Fraction(0)))
        return result

    def _identity(self, place: Place) -> Entries:
        axes = self._axes[place[0]]
        result = self._zeros(axes + axes)
        for position in positions(dimensions(axes, self.scene.sizes)):
            result[position + position] = self.scene.arithmetic.number(Fraction(1))
        return result


def opaque_symbols(chain: Chain, dims: tuple[int, ...], generator: Callable[[Any], Scalar]) -> Entries:
    """One fresh symbol per entry of a derivative."""
    result = np.empty(dims, dtype=object)
    for position in positions(dims):
        result[position] = generator(("derivative", chain, position))
    return result
