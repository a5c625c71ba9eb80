"""Do two terms denote the same function?  A numeric answer that shares no code with the prover.

In:  two terms, the model they speak of, sizes, how many steps.
Out: `judge`, what the targets must satisfy for the terms to agree (`FREE`, `SUMS_TO_ONE`, `ONE_HOT`),
     or a `Difference`; `difference`, the first entry in which they differ at one kind of point.

Everything is evaluated in mpmath at 50 digits by the interpreter below.  A derivative is a central
difference of the model's own forward run with one entry nudged: a value where its equation makes it, a
parameter everywhere or (a copy) at one step; for an immediate derivative the values of all other
steps stay as they were.  Nudged runs are kept, so that all claims about one model share them.
To extend: a new term needs one case in `evaluate`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache, reduce
from itertools import product
from typing import Any

import mpmath
import numpy as np

from symbolic import terms as f
from symbolic.model import Model
from symbolic.notation import Axis, Index, Sizes, Subscript
from symbolic.shapes import shape
from symbolic.terms import LOSS, Term, Var

FREE, SUMS_TO_ONE, ONE_HOT = "free", "sums to one", "one-hot"
PRECISION = mpmath.MPContext()
PRECISION.dps = 50
ONE_HOT_POINTS = 4
NUDGE = PRECISION.mpf(10) ** -15
TOLERANCE = PRECISION.mpf(10) ** -12
NOTHING = PRECISION.mpf(10) ** -22

Values = Any  # an ndarray of mpf
Steps = Mapping[str, int]


@dataclass(frozen=True)
class Difference:
    """Where two terms differ, and their values there."""

    targets: str
    T: int
    place: Steps
    entry: tuple[int, ...]
    left: str
    right: str


class Senseless(ValueError):
    """A term that has no value where it was asked for one."""


class OutsideSequence(Senseless):
    """A variable at a step that the sequence does not have."""


class Silent(ValueError):
    """The two terms have a value at no step of any sequence that was looked at."""


def judge(left: Term, right: Term, model: Model | None, sizes: Sizes, steps: int = 3) -> str | Difference:
    """The least that targets must satisfy for the terms to agree, or a difference where they are one-hot."""
    needs_one_hot = any(isinstance(s, f.Indicator) for term in (left, right) for s in parts(term))
    if not needs_one_hot:
        free = difference(left, right, model, sizes, steps, FREE)
        if free is None:
            return FREE
    try:
        for seed in range(ONE_HOT_POINTS):
            if found := difference(left, right, model, sizes, steps, ONE_HOT, seed):
                return found
    except Senseless:  # such as −y/y: the targets that would have to help have no value in it
        if needs_one_hot or free is None:
            raise
        return free
    if needs_one_hot or difference(left, right, model, sizes, steps, SUMS_TO_ONE):
        return ONE_HOT
    return SUMS_TO_ONE


def difference(
    left: Term, right: Term, model: Model | None, sizes: Sizes, steps: int, targets: str, seed: int = 0
) -> Difference | None:
    """The first place up to T = steps where the terms differ; Silent if none has a value for both."""
    spoken = False
    anchors = sorted(free_anchors(left) | free_anchors(right))
    for T in range(1, steps + 1) if model is not None and model.is_sequence else (1,):
        run = forward_run(model, tuple(sizes.items()), T, targets, seed)
        for place in places(anchors, T):
            try:
                found = differing(left, right, run, place)
            except OutsideSequence:
                continue
            spoken = True
            if found:
                entry, a, b = found
                return Difference(targets, T, place, entry, mpmath.nstr(a, 20), mpmath.nstr(b, 20))
    if not spoken:
        raise Silent(f"no place up to T = {steps}")
    return None


def differing(left: Term, right: Term, run: Run, place: Steps) -> tuple[tuple[int, ...], Any, Any] | None:
    """The first entry, counted from 1, in which two terms differ at one place, and the two values."""
    indices = sorted(free_indices(left) | free_indices(right), key=lambda index: index.name)
    for at in product(*(range(run.sizes[index.axis]) for index in indices)):
        subscripts = {index.name: p for index, p in zip(indices, at, strict=True)}
        a, b = (evaluate(term, run, {**place, "T": run.T}, subscripts) for term in (left, right))
        for entry in np.ndindex(a.shape):
            if abs(a[entry] - b[entry]) > TOLERANCE * max(abs(a[entry]), abs(b[entry])) + NOTHING:
                return tuple(p + 1 for p in (*at, *entry)), a[entry], b[entry]
    return None


def places(anchors: list[str], T: int) -> Iterator[dict[str, int]]:
    """t from 1 to T; every other free step from 1 to t."""
    for values in product(range(1, T + 1), repeat=len(anchors)):
        place = dict(zip(anchors, values, strict=True))
        if max(values, default=1) <= place.get("t", T):
            yield place


# Reading terms


def evaluate(term: Term, run: Run, steps: Steps, subscripts: Mapping[str, int]) -> Values:
    """The entries of a term; subscripts count from 0 here."""

    def of(inner: Term) -> Values:
        return evaluate(inner, run, steps, subscripts)

    def at(subscript: Subscript) -> int:
        return subscripts[subscript.name] if isinstance(subscript, Index) else subscript - 1

    def along(body: Term, name: str, first: Any, last: Any) -> list[Values]:
        inside = range(first.at(steps), last.at(steps) + 1)
        return [evaluate(body, run, {**steps, name: s}, subscripts) for s in inside]

    match term:
        case f.Const(value):
            return np.array(PRECISION.mpf(value.numerator) / value.denominator, dtype=object)
        case f.Ones(axes):
            return constant(1, axes, run.sizes)
        case f.Eye(axis):
            return identity(run.sizes[axis])
        case f.Delta(i, j):
            return np.array(PRECISION.mpf(at(i) == at(j)), dtype=object)
        case f.Reciprocal(axis):
            return np.array(1 / PRECISION.mpf(run.T if axis is None else run.sizes[axis]), dtype=object)
        case f.Var():
            return run.value(term, None if term.step is None else term.step.at(steps))
        case f.Add(left, right):
            return np.asarray(of(left) + of(right), dtype=object)
        case f.Neg(arg):
            return np.asarray(-of(arg), dtype=object)
        case f.Mul(left, right):
            return np.asarray(of(left) * of(right), dtype=object)
        case f.Div(left, right):
            try:
                return np.asarray(of(left) / of(right), dtype=object)
            except ZeroDivisionError:
                raise Senseless("division by 0") from None
        case f.Pow(base, exponent):
            return np.asarray(of(base) ** exponent, dtype=object)
        case f.Call(function, arg):
            return each(FUNCTIONS[function], of(arg))
        case f.Softmax(arg):
            e = each(PRECISION.exp, of(arg))
            return e / e.sum(axis=-1, keepdims=True)
        case f.Indicator(arg):
            return one_hot_only(of(arg))
        case f.MatMul(left, right):
            return np.asarray(np.tensordot(of(left), of(right), 1), dtype=object)
        case f.Transpose(arg):
            return of(arg).T
        case f.Outer(left, right):
            return np.asarray(np.multiply.outer(of(left), of(right)), dtype=object)
        case f.Diag(arg):
            v = of(arg)
            return identity(len(v)) * v
        case f.Inner(left, right):
            return np.asarray((of(left) * of(right)).sum(), dtype=object)
        case f.Sum(arg, axis):
            return np.asarray(of(arg).sum(None if axis is None else shape(arg).index(axis)), dtype=object)
        case f.Entry(arg, wanted):
            return np.asarray(of(arg)[tuple(at(s) for s in wanted)], dtype=object)
        case f.SumIndex(index, body):
            bound = [{**subscripts, index.name: p} for p in range(run.sizes[index.axis])]
            return np.asarray(sum(evaluate(body, run, steps, each_p) for each_p in bound), dtype=object)
        case f.SumSteps(name, first, last, body):
            return np.asarray(sum(along(body, name, first, last), constant(0, shape(body), run.sizes)), dtype=object)
        case f.ProductSteps(name, first, last, body):
            nothing = identity(run.sizes[shape(body)[0]])
            return reduce(lambda earlier, later: later @ earlier, along(body, name, first, last), nothing)
        case f.Derivative():
            return central_difference(term, run, steps, subscripts)
    raise TypeError(f"not a term: {term!r}")


def central_difference(node: f.Derivative, run: Run, steps: Steps, subscripts: Mapping[str, int]) -> Values:
    """(of(by + ε) − of(by − ε)) / 2ε for every entry of `by`."""
    where = None if node.by.step is None else node.by.step.at(steps)
    run.value(node.by, where)
    copy = None if node.copy is None else node.copy.at(steps)
    if copy is not None and not 1 <= copy <= run.T:
        raise OutsideSequence(f"a copy at step {copy}")
    only = None
    if not node.total and run.model is not None and run.model.is_sequence:
        if not isinstance(node.of, Var) or node.of.step is None:
            raise Senseless("an immediate derivative is one of the value of a step")
        only = node.of.step.at(steps)
    result = constant(0, shape(node), run.sizes)
    for position in np.ndindex(*(run.sizes[axis] for axis in node.by.axes)):
        ends = [
            evaluate(node.of, run.nudged(Nudge(node.by.name, where, position, sign, copy, only)), steps, subscripts)
            for sign in (1, -1)
        ]
        result[(..., *position)] = (ends[0] - ends[1]) / (2 * NUDGE)
    return result


def one_hot_only(values: Values) -> Values:
    if not all(v in (0, 1) for v in values.flat) or not all(v == 1 for v in np.ravel(values.sum(axis=-1))):
        raise Senseless("1_{i=y} where y is not one-hot")
    return values


def logarithm(x: Any) -> Any:
    if x <= 0:
        raise Senseless("log of a number that is not positive")
    return PRECISION.log(x)


FUNCTIONS = {
    "tanh": PRECISION.tanh,
    "sigmoid": lambda x: 1 / (1 + PRECISION.exp(-x)),
    "exp": PRECISION.exp,
    "log": logarithm,
}


def each(function: Any, values: Values) -> Values:
    result = np.empty(values.shape, dtype=object)
    for position in np.ndindex(values.shape):
        result[position] = function(values[position])
    return result


def constant(value: int, axes: tuple[Axis, ...], sizes: Sizes) -> Values:
    return np.full([sizes[axis] for axis in axes], PRECISION.mpf(value), dtype=object)


def identity(n: int) -> Values:
    result = np.full((n, n), PRECISION.mpf(0), dtype=object)
    np.fill_diagonal(result, PRECISION.mpf(1))
    return result


def parts(term: Term) -> Iterator[Term]:
    """The term and everything in it."""
    yield term
    for field in fields(term):
        inner = getattr(term, field.name)
        if isinstance(inner, Term):
            yield from parts(inner)


def free_anchors(term: Term) -> set[str]:
    """The steps t, k, … that no sum or product over steps binds."""
    if isinstance(term, f.SumSteps | f.ProductSteps):
        found = free_anchors(term.body) - {term.index} | {term.first.anchor, term.last.anchor}
    else:
        inner = (getattr(term, field.name) for field in fields(term))
        found = set().union(*(free_anchors(value) for value in inner if isinstance(value, Term)))
        own = (term.step,) if isinstance(term, Var) else (term.copy,) if isinstance(term, f.Derivative) else ()
        found |= {step.anchor for step in own if step is not None}
    return found - {"", "T"}


def free_indices(term: Term) -> set[Index]:
    """The subscripts i, j, … that no sum binds."""
    inner = (getattr(term, field.name) for field in fields(term))
    found = set().union(*(free_indices(value) for value in inner if isinstance(value, Term)))
    match term:
        case f.Entry(_, subscripts):
            found |= {s for s in subscripts if isinstance(s, Index)}
        case f.Delta(i, j):
            found |= {s for s in (i, j) if isinstance(s, Index)}
        case f.SumIndex(index, _):
            found -= {index}
    return found


# Running models forward


def at_point(model: Model | None, sizes: Sizes, T: int, point: Mapping[str, Any]) -> Run:
    """The run whose leaves are these exact numbers, by name and step: `W`, `x[2]`."""
    run = Run(model, sizes, T, FREE, 0)
    run.point = point
    return run


@dataclass(frozen=True)
class Nudge:
    """One entry of one value or parameter, moved; `copy` moves it for one step, `only` lets one step feel it."""

    name: str
    step: int | None
    position: tuple[int, ...]
    sign: int
    copy: int | None
    only: int | None


@cache
def forward_run(model: Model | None, sizes: tuple[tuple[Axis, int], ...], T: int, targets: str, seed: int) -> Run:
    return Run(model, dict(sizes), T, targets, seed)


class Run:
    """A model's values at one point; with a nudge, the values that follow from it."""

    def __init__(
        self,
        model: Model | None,
        sizes: Sizes,
        T: int,
        targets: str,
        seed: int,
        base: Run | None = None,
        nudge: Nudge | None = None,
    ) -> None:
        self.model, self.sizes, self.T, self.targets, self.seed = model, sizes, T, targets, seed
        self.base, self.nudge = base, nudge
        self.equations = {eq.left.name: eq.right for eq in model.equations} if model else {}
        self.known: dict[Any, Values] = {}
        self.runs: dict[Nudge, Run] = {}
        self.reading: int | None = None
        self.point: Mapping[str, Any] | None = None

    def nudged(self, nudge: Nudge) -> Run:
        """The run in which that entry is moved and everything downstream follows."""
        if self.base is not None:
            raise Senseless("a derivative of a derivative")
        if nudge not in self.runs:
            self.runs[nudge] = Run(self.model, self.sizes, self.T, self.targets, self.seed, self, nudge)
        return self.runs[nudge]

    def value(self, var: Var, step: int | None) -> Values:
        key = (var.name, var.axes, step)
        nudge, base = self.nudge, self.base
        if nudge is None or base is None:
            if key not in self.known:
                self.known[key] = self.made(var, step)
            return self.known[key]
        if self.moves(nudge, var, step):
            moved = self.value_unmoved(key, var, step).copy()
            moved[nudge.position] += nudge.sign * NUDGE
            return moved
        return self.value_unmoved(key, var, step)

    def moves(self, nudge: Nudge, var: Var, step: int | None) -> bool:
        return (nudge.name, nudge.step) == (var.name, step) and nudge.copy in (None, self.reading)

    def value_unmoved(self, key: Any, var: Var, step: int | None) -> Values:
        assert self.nudge is not None
        assert self.base is not None
        before = step is not None and self.nudge.step is not None and step < self.nudge.step
        held = step is not None and self.nudge.only is not None and step != self.nudge.only
        if before or held or step == 0 or (var.name not in self.equations and var != LOSS):
            return self.base.value(var, step)
        if key not in self.known:
            self.known[key] = self.made(var, step)
        return self.known[key]

    def made(self, var: Var, step: int | None) -> Values:
        """What the equations say, and at the leaves a random point."""
        self.check(var, step)
        if var == LOSS and self.model is not None and self.model.is_sequence:
            each_step = [self.value(self.model.step_loss, s) for s in range(1, self.T + 1)]
            return evaluate(self.model.scale, self, {"T": self.T}, {}) * sum(each_step)
        if var.name not in self.equations or step == 0:
            return self.leaf(var, step)
        outer_step, self.reading = self.reading, step
        try:
            return evaluate(self.equations[var.name], self, {"t": step or 0, "T": self.T}, {})
        finally:
            self.reading = outer_step

    def check(self, var: Var, step: int | None) -> None:
        looks_back = (v for right in self.equations.values() for v in parts(right) if isinstance(v, Var))
        initial = {v.name for v in looks_back if v.step is not None and v.step.offset < 0}
        if step is not None and not (var.name not in initial) <= step <= self.T:
            raise OutsideSequence(f"{var.name}[{step}] with T = {self.T}")

    def leaf(self, var: Var, step: int | None) -> Values:
        """A random point of two-digit decimals; positive where no model says what the variable is."""
        if self.point is not None:
            given = np.array(self.point[var.name if step is None else f"{var.name}[{step}]"], dtype=object)
            return each(lambda number: PRECISION.mpf(number.numerator) / number.denominator, given)
        chance = random.Random(f"{self.seed} {self.T} {var.name} {step}")
        result = constant(0, var.axes, self.sizes)
        for position in np.ndindex(result.shape):
            sign = 1 if self.model is None else chance.choice((-1, 1))
            result[position] = PRECISION.mpf(sign * chance.randint(30, 130)) / 100
        if self.model is not None and var.name in {y.name for y in self.model.targets}:
            for row in np.ndindex(result.shape[:-1]):
                if self.targets == SUMS_TO_ONE:
                    result[(*row, -1)] = 1 - result[row][:-1].sum()
                if self.targets == ONE_HOT:
                    result[row] = identity(result.shape[-1])[self.named_class(result.shape[-1], step, row, chance)]
        return result

    def named_class(self, classes: int, step: int | None, row: tuple[int, ...], chance: random.Random) -> int:
        """The first seeds go round, so that every class is named and neighbours name different ones."""
        return (self.seed + (step or 0) + sum(row)) % classes if self.seed < classes else chance.randrange(classes)
