"""The only place that differentiates.

In:  the equations of a model, or any term.
Out: `graph`, every partial derivative as an edge between two variables.

`edges` writes a right side out in SymPy symbols and takes `sympy.diff` by every symbol in
it, once per equation: the steps of the sequence differ only in which values the symbols
stand for.  `fold` then reads a derivative in any other arithmetic.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache, reduce
from operator import add, mul
from typing import Any

import sympy
import sympy.tensor.tensor  # the first sum of two expressions imports it: here once, not in every forked process

from symbolic.elementwise import (
    Arithmetic,
    Entries,
    Scalar,
    Scene,
    Steps,
    dimensions,
    entries,
    positions,
    tabulated,
)
from symbolic.model import Model
from symbolic.normal_form import OutOfReach, Ring
from symbolic.notation import Axis, Sizes
from symbolic.shapes import axes_in
from symbolic.terms import Derivative, Term, Var

Position = tuple[int, ...]


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
class InSymPy(Arithmetic):
    """The arithmetic of SymPy expressions; by definition (`exponential`) or by name."""

    exponential: bool = False

    def number(self, value: Fraction) -> Any:
        return sympy.Rational(value.numerator, value.denominator)

    def reciprocal(self, axis: Axis | None, size: int) -> Any:
        return symbol(Var(f"1/{axis or 'T'}", ()), axis or SEQUENCE, ())

    def function(self, name: str, value: Any) -> Any:
        return (DEFINITIONS if self.exponential else FUNCTIONS)[name](value)

    def dot(self, pairs: Sequence[tuple[Any, Any]]) -> Any:
        return sympy.Add(*(x * y for x, y in pairs))


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


def meaning(found: Any) -> tuple[Var, Origin, Position]:
    """Which entry a SymPy symbol stands for: the variable, its origin, its position."""
    return _meaning[found]


class Symbols:
    """Values that are symbols, so that an equation's right side can be differentiated."""

    def __init__(self, sizes: Sizes) -> None:
        self.sizes = sizes

    def variable(self, var: Var, step: int | None) -> Entries:
        base = replace(var, step=None)
        return tabulated(dimensions(var.axes, self.sizes), lambda position: symbol(base, step, position))

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
    used = axes_in(right)
    few = tuple((axis, n) for axis, n in sizes.items() if axis in used)
    return _edges(made, right, few, tuple(steps.items()), exponential)


@cache
def _edges(
    made: str, right: Term, sizes: tuple[tuple[Axis, int], ...], steps: tuple[tuple[str, int], ...], exponential: bool
) -> tuple[Edge, ...]:
    values = Symbols(dict(sizes))
    scene = Scene(values.sizes, dict(steps).get("T", 0), InSymPy(exponential), values)
    return edges_in(made, right, scene, dict(steps))


def edges_in(made: str, right: Term, scene: Scene, steps: Steps) -> tuple[Edge, ...]:
    """The same in a scene of SymPy expressions."""
    check_rules()
    written = entries(right, scene, steps)
    found: dict[tuple[Var, int | None], list[tuple[Position, Position, Any]]] = {}
    for j in positions(written.shape):
        derivatives = partials(written[j])
        for x in sorted(derivatives, key=lambda x: x.name):
            used, origin, i = _meaning[x]
            if origin is None or isinstance(origin, int):
                found.setdefault((used, origin), []).append((j, i, derivatives[x]))
    return tuple(Edge(made, used, step, tuple(each)) for (used, step), each in found.items())


def partials(expression: Any) -> dict[Any, Any]:
    """The derivative by every symbol, summand by summand."""
    found: dict[Any, list[Any]] = {}
    for summand in sympy.Add.make_args(expression):
        symbols = _symbols(summand)
        names = dict(zip(symbols, map(_place, range(len(symbols))), strict=True))
        back = {place: x for x, place in names.items()}
        for x, derivative in zip(symbols, _derivatives(summand.xreplace(names), len(symbols)), strict=True):
            found.setdefault(x, []).append(derivative.xreplace(back))
    return {x: sympy.Add(*parts) for x, parts in found.items()}


@cache
def _derivatives(summand: Any, symbols: int) -> tuple[Any, ...]:
    """sympy.diff by each symbol; once for all summands that differ in the names of their symbols."""
    return tuple(sympy.diff(summand, _place(n)) for n in range(symbols))


@cache
def _place(number: int) -> Any:
    return sympy.Dummy(f"x{number}")


def _symbols(expression: Any) -> list[Any]:
    """The symbols in the order in which they are first met, in the smaller parts first.

    So exp o_1 / Σ_k exp o_k and exp o_2 / Σ_k exp o_k differ in the names of their symbols only.
    """
    if expression.is_Symbol:
        return [expression]
    parts = sorted(map(_symbols, expression.args), key=len)
    return list(dict.fromkeys(x for part in parts for x in part))


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
        sides = [fold(side, ring.generator, ring, {}) for side in (direct, by_rule)]
        if not ring.is_zero(sides[0] - sides[1]):
            raise AssertionError(f"the derivative of {name} is not what its definition says")


NAMES: dict[Any, str] = {sympy.exp: "exp", **{FUNCTIONS[name]: name for name in ("log", "tanh", "sigmoid")}}


def fold(expression: Any, leaf: Callable[[Any], Scalar], arithmetic: Arithmetic, known: dict[Any, Scalar]) -> Scalar:
    """A SymPy expression in another arithmetic; `known` keeps what its parts are there."""
    if (found := known.get(expression)) is None:
        found = known[expression] = _folded(expression, leaf, arithmetic, known)
    return found


def _folded(expression: Any, leaf: Callable[[Any], Scalar], arithmetic: Arithmetic, known: dict[Any, Scalar]) -> Scalar:
    def of(e: Any) -> Scalar:
        return fold(e, leaf, arithmetic, known)

    if expression.is_Symbol:
        return leaf(expression)
    if expression.is_Rational:
        return arithmetic.number(Fraction(int(expression.p), int(expression.q)))
    if expression.is_Add:
        return reduce(add, map(of, expression.args))
    if expression.is_Mul:
        return reduce(mul, map(of, expression.args))
    if expression.func in NAMES:
        return arithmetic.function(NAMES[expression.func], of(expression.args[0]))
    if expression is sympy.E:
        return arithmetic.function("exp", arithmetic.number(Fraction(1)))
    if expression.is_Pow and expression.exp.is_Integer:
        return of(expression.base) ** int(expression.exp)
    raise OutOfReach(f"no rule for {expression.func.__name__}")
