"""A model at T steps at one random point: its values and derivatives, by an interpreter of its own.

In:  a model, sizes, T, hypotheses about the targets, an arithmetic, a seed.
Out: `World`, which reads any term of the formula language.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache, partial, reduce
from typing import Any

import numpy as np

from symbolic import terms as f
from symbolic.model import Model
from symbolic.notation import Axis, Index, Shape, Sizes, Step, Subscript
from symbolic.second_opinion.tape import Entries, Field, Node, Scalar, Tape
from symbolic.shapes import shape
from symbolic.terms import LOSS, Derivative, Term, Var
from symbolic.verdicts import ONE_HOT, Hypothesis

Steps = Mapping[str, int]
Place = tuple[str, Shape, int | None, int | None]


class Disagreement(Exception):
    """Two sides differ here that should not, at the length T and these steps; None: they cannot be compared."""

    def __init__(self, message: str, where: tuple[int, dict[str, int]] | None = None) -> None:
        super().__init__(message)
        self.where = where


class Absent(Exception):
    """A variable at a step that the sequence does not have."""


def place_of(var: Var, step: int | None, use: int | None = None) -> Place:
    """What a variable is called; the claims of one world may give one name to different arrays."""
    return var.name, var.axes, step, use


class World:
    """A model at T steps at one random point: every value and every derivative."""

    def __init__(
        self,
        model: Model | None,
        sizes: Sizes,
        T: int,
        hypotheses: Sequence[Hypothesis],
        draw: int,
        field: Field,
        seed: str,
    ) -> None:
        self.sizes, self.T, self.draw, self.field, self.seed = sizes, T, draw, field, seed
        self.kinds = {h.target.name: h.kind for h in hypotheses}
        self.tape = Tape(field)
        self.nodes: dict[Place, Entries] = {}
        self._values: dict[Place, Entries] = {}
        self._derivatives: dict[tuple[Place, Place, bool], Entries] = {}
        self._adjoints: dict[int, list[Scalar]] = {}
        self.sides: dict[object, tuple[Term, Entries | None]] = {}
        self.remembered: set[str] = set()
        if model is not None and model.is_sequence:
            self._unroll(model)
        elif model is not None:
            for equation in model.equations:
                self._define(place_of(equation.left, None), self.read(equation.right, {"T": T}, {}, self.node))
        self.lasting = len(self.tape.edges)

    def _unroll(self, model: Model) -> None:
        for equation in model.equations:
            self.remembered |= {v.name for v in _variables(equation.right) if v.step and v.step.offset < 0}
        for t in range(1, self.T + 1):
            for equation in model.equations:
                right = self.read(equation.right, {"t": t, "T": self.T}, {}, partial(self._used, t))
                self._define(place_of(equation.left, t), right)
        whole = model.scale * f.sum_steps(model.step_loss[Step("t")])
        self._define(place_of(LOSS, None), self.read(whole, {"T": self.T}, {}, self.node))

    def _define(self, place: Place, right: Entries) -> None:
        """Nodes of its own for a variable: its adjoint must not see other uses of what it equals."""
        self.nodes[place] = _each(self._copy, right)

    def _copy(self, entry: Scalar) -> Node:
        return self.tape.node(entry.value, (entry.index, 1)) if isinstance(entry, Node) else self.tape.node(entry)

    def _used(self, t: int, var: Var, step: int | None) -> Entries:
        """What an equation at step t reads: of a shared parameter the copy for this step."""
        if var.sequence:
            return self.node(var, step)
        place = place_of(var, None, t)
        if place not in self.nodes:
            self._define(place, self.node(var, None))
        return self.nodes[place]

    def node(self, var: Var, step: int | None) -> Entries:
        """The nodes of a variable."""
        place = place_of(var, step)
        if step is not None and not (0 if var.name in self.remembered else 1) <= step <= self.T:
            raise Absent
        if place not in self.nodes:
            self.nodes[place] = _each(self.tape.node, self._leaf(var, step))
        return self.nodes[place]

    def value(self, var: Var, step: int | None) -> Entries:
        """The values of a variable."""
        place = place_of(var, step)
        if place not in self._values:
            self._values[place] = _each(lambda node: node.value, self.node(var, step))
        return self._values[place]

    def _leaf(self, var: Var, step: int | None) -> Entries:
        entries = _full(tuple(self.sizes[axis] for axis in var.axes), 0)
        for position in np.ndindex(entries.shape):
            entries[position] = self.field.random(self.seed, var.name, step, position)
        if kind := self.kinds.get(var.name):
            for row in np.ndindex(entries.shape[:-1]):
                if kind == ONE_HOT:
                    # Half of the draws give all rows one class, half give neighbours different ones.
                    apart = self.draw // entries.shape[-1] * (sum(row) + (step or 0))
                    chosen = self.draw + apart
                    entries[row] = 0
                    entries[(*row, chosen % entries.shape[-1])] = 1
                else:
                    entries[(*row, -1)] = 1 - entries[row][:-1].sum()
        return entries

    def derivative(self, node: Derivative, steps: Steps) -> Entries:
        """d of / d by: the axes of `of`, then those of `by`."""
        if any(isinstance(part, Derivative) for part in _walk(node.of)):
            raise Disagreement(f"{node} differentiates a derivative: there is no second opinion on that")
        use = None if node.copy is None else node.copy.at(steps)
        if use is not None and not 1 <= use <= self.T:
            raise Absent
        by_step = None if node.by.step is None else node.by.step.at(steps)
        by_place = place_of(node.by, by_step, use)
        by = self.node(node.by, by_step)
        if use is not None:
            by = self._used(use, node.by, None)
        if not isinstance(node.of, Var):
            return self._of_formula(node, by, steps)
        step = None if node.of.step is None else node.of.step.at(steps)
        chain = (place_of(node.of, step), by_place, node.total)
        if chain not in self._derivatives:
            of = self.node(node.of, step)
            held = frozenset[int]() if node.total else self._of_steps(lambda other: other not in (None, step))
            self._derivatives[chain] = self._jacobian(of, by, held)
        return self._derivatives[chain]

    def _of_formula(self, node: Derivative, by: Entries, steps: Steps) -> Entries:
        """The derivative of what is written; the immediate one goes no further than its variables."""
        known, length = dict(self.nodes), len(self.tape.edges)
        try:
            try:
                of = self.read(node.of, steps, {}, self.node)
            except KeyError:
                raise Disagreement(f"no second opinion on {node}: a running subscript is inside") from None
            held = frozenset[int]() if node.total else self._of_steps(lambda other: True)
            return self._jacobian(of, by, held)
        finally:
            self.nodes = known
            del self.tape.edges[length:]

    def _of_steps(self, wanted: Callable[[int | None], bool]) -> frozenset[int]:
        """The nodes of all variables at the wanted steps."""
        return frozenset(
            node.index
            for (_, _, step, use), nodes in self.nodes.items()
            if use is None and wanted(step)
            for node in nodes.flat
        )

    def _jacobian(self, of: Entries, by: Entries, held: frozenset[int]) -> Entries:
        result = _full(of.shape + by.shape, 0)
        lowest = min((node.index for node in by.flat), default=0)
        for position in np.ndindex(of.shape):
            top = of[position]
            if isinstance(top, Node):
                adjoints = self._adjoints_of(top, held, lowest)
                found = [adjoints[node.index] if node.index <= top.index else 0 for node in by.flat]
                result[(*position, ...)] = np.array(found, dtype=object).reshape(by.shape)
        return result

    def _adjoints_of(self, top: Node, held: frozenset[int], lowest: int) -> list[Scalar]:
        """One sweep serves every variable; the nodes of a formula do not last, those of the model do."""
        if held or top.index >= self.lasting:
            return self.tape.adjoints(top, held, lowest)
        if top.index not in self._adjoints:
            self._adjoints[top.index] = self.tape.adjoints(top, held)
        return self._adjoints[top.index]

    # Terms

    def read(
        self, term: Term, steps: Steps, subscripts: Mapping[Index, int], leaf: Callable[[Var, int | None], Entries]
    ) -> Entries:
        """The entries of a term at these steps and subscripts (from 0); `leaf` gives values or nodes."""
        if isinstance(term, Var):
            return leaf(term, None if term.step is None else term.step.at(steps))
        return np.asarray(self.field.reduced(self._read(term, steps, subscripts, leaf)), dtype=object)

    def _read(
        self, term: Term, steps: Steps, subscripts: Mapping[Index, int], leaf: Callable[[Var, int | None], Entries]
    ) -> Any:
        def of(inner: Term) -> Entries:
            return self.read(inner, steps, subscripts, leaf)

        def at(subscript: Subscript) -> int:
            if isinstance(subscript, Index):
                return subscripts[subscript]
            if subscript < 1:
                raise IndexError(f"there is no entry {subscript}: formulas count from 1")
            return subscript - 1

        def along(name: str, first: Step, last: Step, body: Term) -> list[Entries]:
            return [
                self.read(body, {**steps, name: s}, subscripts, leaf)
                for s in range(first.at(steps), last.at(steps) + 1)
            ]

        match term:
            case Derivative():
                return self.derivative(term, steps)
            case f.Const(value):
                return self.field.number(value)
            case f.Reciprocal(axis):
                return self.field.number(Fraction(1, self.T if axis is None else self.sizes[axis]))
            case f.Ones(axes):
                return _full(self._dimensions(axes), 1)
            case f.Eye(axis):
                return _diagonal(_full((self.sizes[axis],), 1))
            case f.Delta(i, j):
                return int(at(i) == at(j))
            case f.Add(left, right):
                return of(left) + of(right)
            case f.Neg(arg):
                return -of(arg)
            case f.Mul(left, right):
                return of(left) * of(right)
            case f.Div(left, right):
                return of(left) * self._power(of(right), -1)
            case f.Pow(base, exponent):
                return self._power(of(base), exponent)
            case f.Call(name, arg):
                return self._function(name, of(arg))
            case f.Softmax(arg):
                e = self._function("exp", of(arg))
                return e * self._power(self.field.reduced(e.sum(axis=-1, keepdims=True)), -1)
            case f.Indicator(arg):
                return of(arg)
            case f.MatMul(left, right):
                return np.tensordot(of(left), of(right), axes=1)
            case f.Transpose(arg):
                return of(arg).T
            case f.Outer(left, right):
                return np.multiply.outer(of(left), of(right))
            case f.Diag(arg):
                return _diagonal(of(arg))
            case f.Inner(left, right):
                return (of(left) * of(right)).sum()
            case f.Sum(arg, axis):
                return of(arg).sum(axis=None if axis is None else shape(arg).index(axis))
            case f.Entry(arg, chosen):
                return of(arg)[tuple(at(subscript) for subscript in chosen)]
            case f.SumIndex(index, body):
                values = range(self.sizes[index.axis])
                return np.stack([self.read(body, steps, {**subscripts, index: i}, leaf) for i in values]).sum(axis=0)
            case f.SumSteps(name, first, last, body):
                nothing = _full(self._dimensions(shape(body)), 0)
                return np.stack([nothing, *along(name, first, last, body)]).sum(axis=0)
            case f.ProductSteps(name, first, last, body):
                factors = along(name, first, last, body)
                identity = _diagonal(_full(self._dimensions(shape(body)[:1]), 1))
                return reduce(
                    lambda earlier, later: self.field.reduced(np.tensordot(later, earlier, 1)), factors, identity
                )
        raise TypeError(f"not a term of the formula language: {term!r}")

    def _dimensions(self, axes: Shape) -> tuple[int, ...]:
        return tuple(self.sizes[axis] for axis in axes)

    def _power(self, base: Entries, exponent: int) -> Entries:
        return _each(lambda x: x.power(exponent) if isinstance(x, Node) else self.field.power(x, exponent), base)

    def _function(self, name: str, arg: Entries) -> Entries:
        return _each(lambda x: x.function(name) if isinstance(x, Node) else self.field.function(name, x), arg)


@lru_cache(maxsize=128)
def world_of(
    model: Model | None,
    sizes: tuple[tuple[Axis, int], ...],
    T: int,
    hypotheses: tuple[Hypothesis, ...],
    draw: int,
    field: Field,
    seed: str,
) -> World:
    return World(model, dict(sizes), T, hypotheses, draw, field, seed)


def _walk(term: Term) -> Iterator[Term]:
    yield term
    for part in vars(term).values():
        if isinstance(part, Term):
            yield from _walk(part)


def _variables(term: Term) -> Iterator[Var]:
    return (part for part in _walk(term) if isinstance(part, Var))


def _each(function: Callable[[Scalar], Scalar], entries: Entries) -> Entries:
    return np.asarray(np.frompyfunc(function, 1, 1)(entries), dtype=object)


def _full(dimensions: tuple[int, ...], value: Scalar) -> Entries:
    return np.full(dimensions, value, dtype=object)


def _diagonal(entries: Entries) -> Entries:
    result = _full(entries.shape * 2, 0)
    np.fill_diagonal(result, entries)
    return result
