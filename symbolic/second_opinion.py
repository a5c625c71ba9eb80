"""The same claims, judged again by an engine that shares no code with the first.

In:  a derivation that the normal form proved, sizes, the hypotheses that were found.
Out: in words what was confirmed, or `Disagreement`.

The whole unrolled model is evaluated at T = 1, 2, 3, forwards on a tape and backwards by
reverse accumulation; no derivative is kept as a symbol and none comes from SymPy.

- Modular: leaves are random residues modulo the prime 2^61 − 1; tanh, σ, exp and log are
  free functions, a random residue for each argument, with their derivative rules.  Sides
  that agree are the same function: the chance that different ones agree in an entry is
  degree / 2^61 (Schwartz–Zippel).
- At 60 digits: sides that differ may still be the same by what a free function does not
  know (exp(a + b) = exp(a)exp(b), tanh by exp, the log of a quotient).  They are
  evaluated once more at random real points.

To extend: a new term needs a case in `World.read`, a new function one in `slope` and one
in `Reals.function`.  That this is one module of its own, with an interpreter, a tape and
two arithmetics, is what makes it a second opinion.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache, partial, reduce
from hashlib import blake2b
from itertools import product
from typing import Any, Protocol

import mpmath
import numpy as np
from numpy.typing import NDArray

from symbolic import terms as f
from symbolic.model import Model
from symbolic.notation import Axis, Index, Shape, Sizes, Step, Subscript
from symbolic.records import Derivation
from symbolic.shapes import shape
from symbolic.terms import LOSS, Derivative, Term, Var
from symbolic.verdicts import ONE_HOT, Hypothesis

LENGTHS = (1, 2, 3)
P = 2**61 - 1
DIGITS = 60
TOLERANCE = 1e-40

Scalar = Any
Entries = NDArray[Any]
Steps = Mapping[str, int]
Place = tuple[str, int | None, int | None]


class Disagreement(Exception):
    """The two engines disagree: one of them is wrong, and nothing is proved."""


def confirm(derivation: Derivation, sizes: Sizes, hypotheses: Sequence[Hypothesis]) -> str:
    """What was confirmed of every equality, such as "modular, T = 1, 2, 3"; raises Disagreement."""
    return agree(derivation, sizes, hypotheses) or _said(f"{DIGITS} digits", derivation, sizes, hypotheses, REALS)


def agree(derivation: Derivation, sizes: Sizes, hypotheses: Sequence[Hypothesis]) -> str | None:
    """The same by residues alone; None where some side differs, perhaps by what is free there, or has no value."""
    try:
        return _said("modular", derivation, sizes, hypotheses, RESIDUES)
    except (Disagreement, ZeroDivisionError):
        return None


def _said(method: str, derivation: Derivation, sizes: Sizes, hypotheses: Sequence[Hypothesis], field: Field) -> str:
    lengths = _agree(derivation, sizes, hypotheses, field)
    if derivation.model is None or not derivation.model.is_sequence:
        return method
    if not lengths:
        return f"nothing to compare at T = {', '.join(map(str, LENGTHS))}"
    return f"{method}, T = {', '.join(map(str, lengths))}"


def _agree(derivation: Derivation, sizes: Sizes, hypotheses: Sequence[Hypothesis], field: Field) -> list[int]:
    """The lengths T at which there was something to compare; raises Disagreement."""
    model, chain = derivation.model, derivation.chain
    names = frozenset[Index | str]().union(*map(free, chain))
    indices = sorted((name for name in names if isinstance(name, Index)), key=str)
    anchors = sorted(name for name in names if isinstance(name, str))
    classes = [sizes[h.target.axes[-1]] for h in hypotheses if h.kind == ONE_HOT]
    compared = []
    for T in LENGTHS if model is not None and model.is_sequence else (1,):
        spoken = False
        for draw in range(2 * max(classes) if classes else 1):
            seed = model.name if model is not None else derivation.id
            world = _world(model, tuple(sizes.items()), T, tuple(hypotheses), draw, field, seed)
            for steps in _places(anchors, T):
                spoken |= _compare(derivation, world, steps, indices)
        if spoken:
            compared.append(T)
    return compared


def _compare(derivation: Derivation, world: World, steps: Steps, indices: Sequence[Index]) -> bool:
    """Whether both sides of some equality exist at these steps; raises Disagreement where they differ."""
    sides = [_side(term, world, steps, indices) for term in derivation.chain]
    last = len(sides) - 1
    spoken = False
    equalities = zip(range(1, last + 1), sides, sides[1:], strict=False)
    for n, left, right in (*equalities, (last, sides[0], sides[-1])):
        if left is None or right is None:
            continue
        spoken = True
        different = world.field.different(left, right)
        if different.any():
            where = ", ".join(str(p + 1) for p in np.argwhere(different)[0])
            raise Disagreement(f"{derivation.id}, equality {n}, entry ({where}), T = {world.T}, {dict(steps)}")
    return spoken


def _side(term: Term, world: World, steps: Steps, indices: Sequence[Index]) -> Entries | None:
    """All entries of a term, those of free subscripts first; None where a variable does not exist."""
    try:
        parts = [
            world.read(term, {"T": world.T, **steps}, dict(zip(indices, where, strict=True)), world.value)
            for where in product(*(range(world.sizes[index.axis]) for index in indices))
        ]
    except _Absent:
        return None
    return np.array(parts, dtype=object).reshape([world.sizes[index.axis] for index in indices] + list(parts[0].shape))


def _places(anchors: Sequence[str], T: int) -> Iterator[dict[str, int]]:
    """Every step that the formula leaves free; t runs over the sequence and all others up to t."""
    for values in product(range(1, T + 1), repeat=len(anchors)):
        steps = dict(zip(anchors, values, strict=True))
        if all(s <= steps.get("t", T) for s in values):
            yield steps


def free(term: Term) -> frozenset[Index | str]:
    """The running subscripts and the steps t, k, … that nothing inside the term binds."""
    found: set[Index | str] = set()
    for part in vars(term).values():
        if isinstance(part, Term):
            found |= free(part)
        for each in part if isinstance(part, tuple) else (part,):
            if isinstance(each, Index):
                found.add(each)
            elif isinstance(each, Step):
                found.add(each.anchor)
    match term:
        case f.SumIndex(index, _):
            found -= {index}
        case f.SumSteps(name, first, last, body) | f.ProductSteps(name, first, last, body):
            found = {*(free(body) - {name}), first.anchor, last.anchor}
    return frozenset(found - {"", "T"})


# Two arithmetics


class Field(Hashable, Protocol):
    """What the entries are made of; + − * come with the scalars, the rest from here."""

    def number(self, value: Fraction) -> Scalar: ...

    def reduced(self, value: Any) -> Any:
        """The canonical form of a scalar or of an array of them."""
        ...

    def power(self, value: Scalar, exponent: int) -> Scalar: ...

    def random(self, *key: object) -> Scalar:
        """A value for a leaf; equal for equal keys."""
        ...

    def function(self, name: str, value: Scalar) -> Scalar: ...

    def different(self, left: Entries, right: Entries) -> NDArray[np.bool_]: ...


def residue(*key: object) -> int:
    """A residue that looks random and is a function of the key alone."""
    return int.from_bytes(blake2b(repr(key).encode(), digest_size=16).digest()) % P


class Residues:
    """The integers modulo P, with free functions."""

    def number(self, value: Fraction) -> int:
        return value.numerator * pow(value.denominator, -1, P) % P

    def reduced(self, value: Any) -> Any:
        return value % P

    def power(self, value: int, exponent: int) -> int:
        if exponent < 0 and not value:
            raise ZeroDivisionError("division by an expression that is 0 at a random point")
        return pow(value, exponent, P)

    def random(self, *key: object) -> int:
        return residue(*key)

    def function(self, name: str, value: int) -> int:
        return residue(name, value)

    def different(self, left: Entries, right: Entries) -> NDArray[np.bool_]:
        return np.asarray((left - right) % P != 0, dtype=bool)


class Reals:
    """Real numbers at 60 digits; leaves are positive, so that their logarithms exist."""

    def __init__(self) -> None:
        self.context = mpmath.mp.clone()
        self.context.dps = DIGITS

    def number(self, value: Fraction) -> Any:
        return self.context.mpf(value.numerator) / value.denominator

    def reduced(self, value: Any) -> Any:
        return value

    def power(self, value: Any, exponent: int) -> Any:
        return value**exponent

    def random(self, *key: object) -> Any:
        return self.number(Fraction(1, 4) + Fraction(residue(*key), P))

    def function(self, name: str, value: Any) -> Any:
        if name == "sigmoid":
            return 1 / (1 + self.context.exp(-value))
        return getattr(self.context, name)(value)

    def different(self, left: Entries, right: Entries) -> NDArray[np.bool_]:
        # "Not close" and not "far": what is not a number agrees with nothing.
        scale = np.maximum(abs(left), abs(right)) + 1
        return ~np.asarray(abs(left - right) <= TOLERANCE * scale, dtype=bool)


RESIDUES, REALS = Residues(), Reals()


def slope(name: str, x: Scalar, y: Scalar, field: Field) -> Scalar:
    """dy/dx where y is the function at x."""
    match name:
        case "tanh":
            return 1 - y * y
        case "sigmoid":
            return y * (1 - y)
        case "exp":
            return y
        case "log":
            return field.power(x, -1)
    raise ValueError(f"no derivative rule for {name}")


# The tape


class Tape:
    """For every node, in the order of evaluation, its parents and the partials by them."""

    def __init__(self, field: Field) -> None:
        self.field = field
        self.edges: list[tuple[tuple[int, Scalar], ...]] = []

    def node(self, value: Scalar, *edges: tuple[int, Scalar]) -> Node:
        self.edges.append(edges)
        return Node(self, len(self.edges) - 1, self.field.reduced(value))

    def adjoints(self, top: Node, held: frozenset[int]) -> list[Scalar]:
        """d top / d node for every node up to top; nothing is passed on through what is held."""
        found = [0] * (top.index + 1)
        found[top.index] = 1
        for index in range(top.index, -1, -1):
            if found[index]:
                found[index] = adjoint = self.field.reduced(found[index])
                if index not in held:
                    for parent, partial_derivative in self.edges[index]:
                        found[parent] += adjoint * partial_derivative
        return found


class Node:
    """A number on a tape; it mixes with numbers that are on none."""

    __slots__ = ("index", "tape", "value")

    def __init__(self, tape: Tape, index: int, value: Scalar) -> None:
        self.tape, self.index, self.value = tape, index, value

    def __add__(self, other: Scalar) -> Node:
        if isinstance(other, Node):
            return self.tape.node(self.value + other.value, (self.index, 1), (other.index, 1))
        return self.tape.node(self.value + other, (self.index, 1))

    __radd__ = __add__

    def __neg__(self) -> Node:
        return self.tape.node(-self.value, (self.index, -1))

    def __mul__(self, other: Scalar) -> Node:
        if isinstance(other, Node):
            return self.tape.node(self.value * other.value, (self.index, other.value), (other.index, self.value))
        return self.tape.node(self.value * other, (self.index, other))

    __rmul__ = __mul__

    def __mod__(self, modulus: int) -> Node:
        return self

    def power(self, exponent: int) -> Scalar:
        if exponent == 0:
            return 1
        power = self.tape.field.power
        return self.tape.node(power(self.value, exponent), (self.index, exponent * power(self.value, exponent - 1)))

    def function(self, name: str) -> Node:
        field = self.tape.field
        value = field.function(name, self.value)
        return self.tape.node(value, (self.index, slope(name, self.value, value, field)))


# The unrolled model


class _Absent(Exception):
    """A variable at a step that the sequence does not have."""


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
        self.remembered: set[str] = set()
        if model is not None and model.is_sequence:
            self._unroll(model)
        elif model is not None:
            for equation in model.equations:
                self._define((equation.left.name, None, None), self.read(equation.right, {"T": T}, {}, self.node))
        self.lasting = len(self.tape.edges)

    def _unroll(self, model: Model) -> None:
        for equation in model.equations:
            self.remembered |= {v.name for v in _variables(equation.right) if v.step and v.step.offset < 0}
        for t in range(1, self.T + 1):
            for equation in model.equations:
                right = self.read(equation.right, {"t": t, "T": self.T}, {}, partial(self._used, t))
                self._define((equation.left.name, t, None), right)
        whole = model.scale * f.sum_steps(model.step_loss[Step("t")])
        self._define((LOSS.name, None, None), self.read(whole, {"T": self.T}, {}, self.node))

    def _define(self, place: Place, right: Entries) -> None:
        """Nodes of its own for a variable: its adjoint must not see other uses of what it equals."""
        self.nodes[place] = _each(self._copy, right)

    def _copy(self, entry: Scalar) -> Node:
        return self.tape.node(entry.value, (entry.index, 1)) if isinstance(entry, Node) else self.tape.node(entry)

    def _used(self, t: int, var: Var, step: int | None) -> Entries:
        """What an equation at step t reads: of a shared parameter the copy for this step."""
        if var.sequence:
            return self.node(var, step)
        place = (var.name, None, t)
        if place not in self.nodes:
            self._define(place, self.node(var, None))
        return self.nodes[place]

    def node(self, var: Var, step: int | None) -> Entries:
        """The nodes of a variable."""
        place = (var.name, step, None)
        if step is not None and not (0 if var.name in self.remembered else 1) <= step <= self.T:
            raise _Absent
        if place not in self.nodes:
            self.nodes[place] = _each(self.tape.node, self._leaf(var, step))
        return self.nodes[place]

    def value(self, var: Var, step: int | None) -> Entries:
        """The values of a variable."""
        place = (var.name, step, None)
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
            raise _Absent
        by_step = None if node.by.step is None else node.by.step.at(steps)
        by_place = (node.by.name, by_step, use)
        by = self.node(node.by, by_step)
        if use is not None:
            by = self._used(use, node.by, None)
        if not isinstance(node.of, Var):
            return self._of_formula(node, by, steps)
        step = None if node.of.step is None else node.of.step.at(steps)
        chain = ((node.of.name, step, None), by_place, node.total)
        if chain not in self._derivatives:
            of = self.node(node.of, step)
            held = frozenset[int]() if node.total else self._of_steps(lambda other: other not in (None, step))
            self._derivatives[chain] = self._jacobian(of, by, held)
        return self._derivatives[chain]

    def _of_formula(self, node: Derivative, by: Entries, steps: Steps) -> Entries:
        """The derivative of what is written; the immediate one goes no further than its variables."""
        known, length = dict(self.nodes), len(self.tape.edges)
        try:
            of = self.read(node.of, steps, {}, self.node)
            held = frozenset[int]() if node.total else self._of_steps(lambda other: True)
            return self._jacobian(of, by, held)
        finally:
            self.nodes = known
            del self.tape.edges[length:]

    def _of_steps(self, wanted: Callable[[int | None], bool]) -> frozenset[int]:
        """The nodes of all variables at the wanted steps."""
        return frozenset(
            node.index
            for (_, step, use), nodes in self.nodes.items()
            if use is None and wanted(step)
            for node in nodes.flat
        )

    def _jacobian(self, of: Entries, by: Entries, held: frozenset[int]) -> Entries:
        result = _full(of.shape + by.shape, 0)
        for position in np.ndindex(of.shape):
            top = of[position]
            if isinstance(top, Node):
                adjoints = self._adjoints_of(top, held)
                found = [adjoints[node.index] if node.index <= top.index else 0 for node in by.flat]
                result[(*position, ...)] = np.array(found, dtype=object).reshape(by.shape)
        return result

    def _adjoints_of(self, top: Node, held: frozenset[int]) -> list[Scalar]:
        """One sweep serves every variable; the nodes of a formula do not last, those of the model do."""
        if held or top.index >= self.lasting:
            return self.tape.adjoints(top, held)
        if top.index not in self._adjoints:
            self._adjoints[top.index] = self.tape.adjoints(top, held)
        return self._adjoints[top.index]

    # Terms

    def read(
        self, term: Term, steps: Steps, subscripts: Mapping[Index, int], leaf: Callable[[Var, int | None], Entries]
    ) -> Entries:
        """The entries of a term at these steps and subscripts (from 0); `leaf` gives values or nodes."""
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
            case Var():
                return leaf(term, None if term.step is None else term.step.at(steps))
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
                return np.tensordot(of(left), of(right), axes=0)
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
def _world(
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
