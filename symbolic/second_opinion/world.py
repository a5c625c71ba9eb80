"""A model at T steps at one random point: its values and derivatives, by an interpreter of its own.

In:  a model, sizes, T, hypotheses about the targets, an arithmetic, a seed.
Out: `World`, which reads any term of the formula language.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache, partial, reduce
from operator import add
from typing import NamedTuple

import numpy as np

from symbolic import terms as f
from symbolic.model import Model
from symbolic.notation import Axis, Index, Shape, Sizes, Step, Subscript
from symbolic.second_opinion.tape import Entries, Field, Node, Scalar, Tape, residue
from symbolic.shapes import shape
from symbolic.terms import LOSS, Derivative, Term, Var, subterms
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


class Side(NamedTuple):
    """A term, its entries, None where it has none, and the sums over steps that were not empty in it."""

    term: Term
    entries: Entries | None
    ran: frozenset[int]


class World:
    """A model at T steps at one random point: every value and every derivative.

    A shorter world may be gone on from: what its steps have made stands in both.
    """

    def __init__(
        self,
        model: Model | None,
        sizes: Sizes,
        T: int,
        hypotheses: Sequence[Hypothesis],
        draw: int,
        field: Field,
        seed: str,
        shorter: World | None = None,
    ) -> None:
        self.sizes, self.T, self.draw, self.field, self.seed = sizes, T, draw, field, seed
        self.kinds = {h.target.name: h.kind for h in hypotheses}
        self.tape: Tape = shorter.tape if shorter else Tape(field)
        self.nodes: dict[Place, Node] = shorter.nodes if shorter else {}
        self._derivatives: dict[tuple[Place, Place, bool], Entries] = shorter._derivatives if shorter else {}
        self._adjoints: dict[int, list[Entries | None]] = shorter._adjoints if shorter else {}
        self.sides: dict[object, Side] = {}
        self.remembered: set[str] = set()
        self.ran: set[int] = set()
        """By id, the sums and products over steps that were not empty in what was read since it was emptied."""
        if model is not None and model.is_sequence:
            self._unroll(model, shorter.T + 1 if shorter else 1)
        elif model is not None:
            for equation in model.equations:
                self._define(self._place(equation.left, None), self.read(equation.right, {"T": T}, {}, self.node))
        self.lasting = len(self.tape.edges)

    def _unroll(self, model: Model, first: int) -> None:
        for equation in model.equations:
            self.remembered |= {v.name for v in equation.uses if v.step and v.step.offset < 0}
        for t in range(first, self.T + 1):
            for equation in model.equations:
                right = self.read(equation.right, {"t": t, "T": self.T}, {}, partial(self._used, t))
                self._define(self._place(equation.left, t), right)
        whole = model.scale * f.sum_steps(model.step_loss[Step("t")])
        self._define(self._place(LOSS, None), self.read(whole, {"T": self.T}, {}, self.node))

    def _define(self, place: Place, right: Node) -> None:
        """A node of its own for a variable: its adjoint must not see other uses of what it equals."""
        self.nodes[place] = self.tape.variable(right.value, (right.index, lambda adjoint: adjoint))

    def _place(self, var: Var, step: int | None, use: int | None = None) -> Place:
        """What a variable is called here; the whole loss is another at every length."""
        return place_of(var, step, self.T if var.name == LOSS.name and var == LOSS else use)

    def _used(self, t: int, var: Var, step: int | None) -> Node:
        """What an equation at step t reads: of a shared parameter the copy for this step."""
        if var.sequence:
            return self.node(var, step)
        place = place_of(var, None, t)
        if place not in self.nodes:
            self._define(place, self.node(var, None))
        return self.nodes[place]

    def node(self, var: Var, step: int | None) -> Node:
        """A variable as what may be differentiated, and by which."""
        place = self._place(var, step)
        if step is not None and not (0 if var.name in self.remembered else 1) <= step <= self.T:
            raise Absent
        if place not in self.nodes:
            self.nodes[place] = self.tape.variable(self._leaf(var, step))
        return self.nodes[place]

    def value(self, var: Var, step: int | None) -> Node:
        """A variable as a constant."""
        return self.node(var, step).detached()

    def _leaf(self, var: Var, step: int | None) -> Entries:
        entries = _full(self._dimensions(var.axes), 0)
        for position in np.ndindex(entries.shape):
            entries[position] = self.field.random(self.seed, var.name, step, position)
        if kind := self.kinds.get(var.name):
            for row in np.ndindex(entries.shape[:-1]):
                if kind == ONE_HOT:
                    entries[row] = 0
                    entries[(*row, self._class(var, step, row) % entries.shape[-1])] = 1
                else:
                    entries[(*row, -1)] = 1 - entries[row][:-1].sum()
        return entries

    def _class(self, var: Var, step: int | None, row: tuple[int, ...]) -> int:
        """All of one class in the first draws, neighbours of different ones in the next, then any classes."""
        classes = self.sizes[var.axes[-1]]
        if self.draw >= 2 * classes:
            return residue(self.seed, var.name, step, row, self.draw)
        return self.draw + self.draw // classes * (sum(row) + (step or 0) + [*self.kinds].index(var.name))

    def derivative(self, node: Derivative, steps: Steps) -> Entries:
        """d of / d by: the axes of `of`, then those of `by`."""
        if any(isinstance(part, Derivative) for part in subterms(node.of)):
            raise Disagreement(f"{node} differentiates a derivative: there is no second opinion on that")
        use = None if node.copy is None else node.copy.at(steps)
        if use is not None and not 1 <= use <= self.T:
            raise Absent
        by_step = None if node.by.step is None else node.by.step.at(steps)
        by = self.node(node.by, by_step) if use is None else self._used(use, node.by, None)
        if not isinstance(node.of, Var):
            return self._of_formula(node, by, steps)
        step = None if node.of.step is None else node.of.step.at(steps)
        of = self.node(node.of, step)
        chain = (self._place(node.of, step), self._place(node.by, by_step, use), node.total)
        if chain not in self._derivatives:
            held = frozenset[int]() if node.total else self._of_steps(lambda other: other not in (None, step))
            self._derivatives[chain] = self._jacobian(of, by, held)
        return self._derivatives[chain]

    def _of_formula(self, node: Derivative, by: Node, steps: Steps) -> Entries:
        """The derivative of what is written; the immediate one goes no further than its variables."""
        length = len(self.tape.edges)
        try:
            try:
                of = self.read(node.of, steps, {}, self.node)
            except KeyError:
                raise Disagreement(f"no second opinion on {node}: a running subscript is inside") from None
            held = frozenset[int]() if node.total else self._of_steps(lambda other: True)
            return self._jacobian(of, by, held)
        finally:
            del self.tape.edges[length:]
            while self.nodes and next(reversed(self.nodes.values())).index >= length:
                self.nodes.popitem()

    def _of_steps(self, wanted: Callable[[int | None], bool]) -> frozenset[int]:
        """The nodes of all variables at the wanted steps."""
        return frozenset(node.index for (_, _, step, use), node in self.nodes.items() if use is None and wanted(step))

    def _jacobian(self, of: Node, by: Node, held: frozenset[int]) -> Entries:
        shape = of.value.shape + by.value.shape
        adjoint = self._adjoints_of(of, held, by.index)[by.index] if by.index <= of.index else None
        return _full(shape, 0) if adjoint is None else adjoint.reshape(shape)

    def _adjoints_of(self, top: Node, held: frozenset[int], lowest: int) -> list[Entries | None]:
        """One sweep serves every variable; the nodes of a formula do not last, those of the model do."""
        if held or top.index >= self.lasting:
            return self.tape.adjoints(top, held, lowest)
        if top.index not in self._adjoints:
            self._adjoints[top.index] = self.tape.adjoints(top, held)
        return self._adjoints[top.index]

    # Terms

    def entries(self, term: Term, steps: Steps, subscripts: Mapping[Index, int]) -> Entries:
        """The entries of a term at these steps and subscripts (from 0)."""
        return self.read(term, {"T": self.T, **steps}, subscripts, self.value).value

    def read(
        self, term: Term, steps: Steps, subscripts: Mapping[Index, int], leaf: Callable[[Var, int | None], Node]
    ) -> Node:
        """The same of what the variables are to be: `node` or `value`."""

        def of(inner: Term) -> Node:
            return self.read(inner, steps, subscripts, leaf)

        def at(subscript: Subscript) -> int:
            if isinstance(subscript, Index):
                return subscripts[subscript]
            if subscript < 1:
                raise IndexError(f"there is no entry {subscript}: formulas count from 1")
            return subscript - 1

        def along(name: str, first: Step, last: Step, body: Term) -> Iterator[Node]:
            for s in range(first.at(steps), last.at(steps) + 1):
                self.ran.add(id(term))
                yield self.read(body, {**steps, name: s}, subscripts, leaf)

        constant = self.tape.constant
        match term:
            case Var():
                return leaf(term, None if term.step is None else term.step.at(steps))
            case Derivative():
                return constant(self.derivative(term, steps))
            case f.Const(value):
                return constant(self.field.number(value))
            case f.Reciprocal(axis):
                return constant(self.field.number(Fraction(1, self.T if axis is None else self.sizes[axis])))
            case f.Ones(axes):
                return constant(_full(self._dimensions(axes), 1))
            case f.Eye(axis):
                return self._identity(axis)
            case f.Delta(i, j):
                return constant(int(at(i) == at(j)))
            case f.Add(left, right):
                return of(left) + of(right)
            case f.Neg(arg):
                return -of(arg)
            case f.Mul(left, right):
                return of(left) * of(right)
            case f.Div(left, right):
                return of(left) * of(right).power(-1)
            case f.Pow(base, exponent):
                return of(base).power(exponent)
            case f.Call(name, arg):
                return of(arg).function(name)
            case f.Softmax(arg):
                e = of(arg).function("exp")
                return e * e.total(e.value.ndim - 1, keepdims=True).power(-1)
            case f.Indicator(arg):
                return of(arg)
            case f.MatMul(left, right):
                return of(left).dot(of(right))
            case f.Transpose(arg):
                return of(arg).transposed()
            case f.Outer(left, right):
                return of(left).outer(of(right))
            case f.Diag(arg):
                return of(arg).diagonal()
            case f.Inner(left, right):
                return (of(left) * of(right)).total()
            case f.Sum(arg, axis):
                return of(arg).total(None if axis is None else shape(arg).index(axis))
            case f.Entry(arg, chosen):
                return of(arg).entry(tuple(at(subscript) for subscript in chosen))
            case f.SumIndex(index, body):
                values = range(self.sizes[index.axis])
                return reduce(add, (self.read(body, steps, {**subscripts, index: i}, leaf) for i in values))
            case f.SumSteps(name, first, last, body):
                nothing = constant(_full(self._dimensions(shape(body)), 0))
                return reduce(add, along(name, first, last, body), nothing)
            case f.ProductSteps(name, first, last, body):
                factors = along(name, first, last, body)
                return reduce(lambda earlier, later: later.dot(earlier), factors, self._identity(shape(body)[0]))
        raise TypeError(f"not a term of the formula language: {term!r}")

    def _dimensions(self, axes: Shape) -> tuple[int, ...]:
        return tuple(self.sizes[axis] for axis in axes)

    def _identity(self, axis: Axis) -> Node:
        return self.tape.constant(_full((self.sizes[axis],), 1)).diagonal()


def world_of(
    model: Model | None,
    sizes: tuple[tuple[Axis, int], ...],
    T: int,
    hypotheses: tuple[Hypothesis, ...],
    draw: int,
    field: Field,
    seed: str,
) -> World:
    """The world at T steps, which all who ask for it share."""
    worlds = _worlds(model, sizes, hypotheses, draw, field, seed)
    while len(worlds) < T:
        goes_on = worlds and model and not any(_tells_the_length(equation.right) for equation in model.equations)
        shorter = worlds[-1] if goes_on else None
        worlds.append(World(model, dict(sizes), len(worlds) + 1, hypotheses, draw, field, seed, shorter))
    return worlds[T - 1]


@lru_cache(maxsize=64)
def _worlds(*_: object) -> list[World]:
    """The worlds at 1, 2, … steps.  They are forgotten together: a longer one stands on what a shorter one made."""
    return []


def _tells_the_length(term: Term) -> bool:
    """Whether a value is another in a longer sequence."""
    return f.Reciprocal(None) in subterms(term)


def _full(dimensions: tuple[int, ...], value: Scalar) -> Entries:
    return np.full(dimensions, value, dtype=object)
