"""A model: its parameters, its inputs, its equations in textbook order, its loss.

In:  arrays and equations written in the formula language at the step `t` (or without a
     step for a model that has no sequence).
Out: `Model`, which every other module reads: `unroll` knows which equation makes which
     value, `differentiate` differentiates them.
To add a cell: write one file in `models/` in the form of `models/rnn.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from sys import maxsize

from symbolic import terms as f
from symbolic.elementwise import free_indices
from symbolic.notation import Axis, Step, shape_text
from symbolic.shapes import ShapeMismatch, axes_in, shape
from symbolic.terms import LOSS, Term, Var, moved, subterms, term


@dataclass(frozen=True)
class Equation:
    """left = right, at the step t."""

    left: Var
    right: Term

    def __post_init__(self) -> None:
        if shape(self.left) != shape(self.right):
            raise ShapeMismatch("equation", shape(self.left), shape(self.right), self.right)

    @cached_property
    def uses(self) -> tuple[Var, ...]:
        """The variables on the right side."""
        return tuple(variables(self.right))

    @cached_property
    def is_nonlinear(self) -> bool:
        """Whether exp, log, tanh, sigmoid or softmax occurs on the right side."""
        return any(isinstance(s, f.Call | f.Softmax) for s in subterms(self.right))


def equation(left: Var, right: Term) -> Equation:
    return Equation(left, right)


@dataclass(frozen=True, eq=False)
class Model:
    """Equations that map parameters and inputs to a loss.

    `step_loss` is the loss of one step; the whole loss is `scale` times its sum over the
    steps.  A sequence that an equation looks back at has a value at step 0, its initial
    state.  `targets` are the inputs about which a hypothesis may be made (Σ_k y_k = 1,
    one-hot).  `subscript_time` prints h_t instead of h^(t).
    """

    name: str
    title: str
    source: str
    parameters: tuple[Var, ...]
    inputs: tuple[Var, ...]
    targets: tuple[Var, ...]
    equations: tuple[Equation, ...]
    step_loss: Var
    scale: Term = field(default_factory=lambda: term(1))
    subscript_time: bool = False

    def __post_init__(self) -> None:
        self._check_order()
        self._check_steps()
        self._check_arrays()
        self._check_loss()

    def _check_order(self) -> None:
        known = {v.name for v in (*self.parameters, *self.inputs, *self.targets)}
        made: set[str] = set()
        for eq in self.equations:
            if LOSS in subterms(eq.right):
                raise ValueError(
                    f"{self.name}: {eq.left.name} is made from L, the whole loss, which is made from it all"
                )
            for v in eq.uses:
                late = v.name not in known | made and not (v.step and v.step.offset < 0)
                if late:
                    raise ValueError(f"{self.name}: {eq.left.name} uses {v} before an equation makes it")
            if eq.left.name in known | made:
                raise ValueError(f"{self.name}: {eq.left.name} has two meanings")
            made.add(eq.left.name)

    def _check_arrays(self) -> None:
        """Everything is made or declared, and one name stands for one array."""
        declared = [*self.parameters, *self.inputs, *self.targets]
        for v in (*declared, *(v for eq in self.equations for v in eq.uses)):
            if v.name not in self.arrays:
                raise ValueError(f"{self.name}: nothing makes {v.name}; is it an input?")
            check_same_array(self.name, self.arrays[v.name], v)

    def _check_steps(self) -> None:
        """Every equation is read at t, from that step and the one before."""
        for eq in self.equations:
            where = f"{self.name}: the equation of {eq.left.name}"
            if loose := free_indices(eq.right):
                raise ValueError(f"{where} leaves the subscript {min(i.name for i in loose)} free")
            if eq.left.step != (Step("t") if self.is_sequence else None):
                raise ValueError(
                    f"{where} is written {'at t' if self.is_sequence else 'without a step, as the loss is'}"
                )
            for s in subterms(eq.right):
                if isinstance(s, f.Derivative | f.SumSteps | f.ProductSteps | f.Indicator):
                    raise ValueError(f"{where} holds {s}, which belongs into formulas about a model, not into a model")
                if isinstance(s, Var) and s.step is not None and s.step not in (Step("t"), Step("t", -1)):
                    raise ValueError(f"{where} uses {s}; it may look at t and t-1: carry what is older in a state")

    def _check_loss(self) -> None:
        where = f"{self.name}: the loss {self.step_loss.name}"
        made = self.by_name.get(self.step_loss.name)
        if made is None or self.step_loss.axes:
            raise ValueError(f"{where} is a number that an equation makes")
        if self.is_sequence and LOSS.name in self.arrays:
            raise ValueError(
                f"{self.name}: {LOSS.name} is the whole loss; give the array of that name another, such as L_t"
            )
        if not self.is_sequence and (made.left != LOSS or self.scale != term(1)):
            raise ValueError(f"{where} of a model without steps is called {LOSS.name} and has no scale")
        if any(isinstance(s, Var | f.SumSteps | f.ProductSteps) for s in subterms(self.scale)) or shape(self.scale):
            what = f"{self.name}: the scale of the loss is a number, not {self.scale}"
            raise ValueError(f"{what}; write it with numbers, one_over(axis) and one_over(None), which is 1/T")
        if any(v.name == self.step_loss.name for eq in self.equations for v in eq.uses):
            raise ValueError(f"{where} is used by another equation")

    @cached_property
    def by_name(self) -> dict[str, Equation]:
        """The equation that makes each intermediate value."""
        return {eq.left.name: eq for eq in self.equations}

    @cached_property
    def is_sequence(self) -> bool:
        return self.step_loss.sequence

    @cached_property
    def with_initial(self) -> frozenset[str]:
        """The sequences that an equation looks back at: they have a value at step 0."""
        used = (v for eq in self.equations for v in eq.uses)
        return frozenset(v.name for v in used if v.step is not None and v.step.offset < 0)

    @cached_property
    def delay(self) -> int:
        """After how many steps everything has reached all that it ever reaches."""
        return max(steps for start in self.arrays for steps in self._reached_from(start).values())

    def _reached_from(self, start: str) -> dict[str, int]:
        """What is made from an array, and after how many steps at the earliest."""
        found, before = {start: 0}, dict[str, int]()
        while found != before:
            before = dict(found)
            for eq in self.equations:
                ways = [found[v.name] - (v.step.offset if v.step else 0) for v in eq.uses if v.name in found]
                found |= {eq.left.name: min([*ways, found.get(eq.left.name, maxsize)])} if ways else {}
        return found

    @cached_property
    def with_arguments(self) -> Model:
        """The same with an equation for every argument of a function, as a textbook writes a before h = tanh a.

        And for every function inside a larger right side: h = h_{t−1} + v, with v = tanh a.
        """
        equations: list[Equation] = []
        for eq in self.equations:
            made: list[Equation] = []
            right = self._naming(eq, eq.right, made)
            equations += [*made, Equation(eq.left, right)] if made else [eq]
        return replace(self, equations=tuple(equations)) if len(equations) > len(self.equations) else self

    def in_arguments(self, *sides: Term) -> tuple[Term, ...]:
        """Values over this model as ones over `with_arguments`: what has a name there, and exists where they do."""
        return tuple(self._called(side, self._there(sides)) for side in sides)

    def _called(self, term: Term, there: Set[Step | None]) -> Term:
        if isinstance(term, f.Derivative):
            return term
        if isinstance(term, f.SumSteps | f.ProductSteps):
            return replace(term, body=self._called(term.body, self._there([term.body])))
        parts = {n: self._called(v, there) for n, v in vars(term).items() if isinstance(v, Term)}
        found = replace(term, **parts) if parts else term
        for eq in self.with_arguments.equations:
            if eq.left.name not in self.by_name and type(eq.right) is type(found):
                for step in there:
                    if found == (eq.right if step is None else moved(eq.right, {"t": step})):
                        return replace(eq.left, step=step)
        return found

    def _there(self, terms: Iterable[Term]) -> Set[Step | None]:
        """The steps that exist wherever all terms do: of variables that have no value at step 0."""
        if not self.is_sequence:
            return {None}
        outside = [s for term in terms for s in outside_sums(term)]
        return {s.step for s in outside if isinstance(s, Var) and s.step and s.name not in self.with_initial}

    def _naming(self, eq: Equation, inner: Term, made: list[Equation]) -> Term:
        """A term in which functions are taken of variables and stand alone; the variables are made before."""

        def named(part: Term) -> Var:
            for other in made:
                if other.right == part:
                    return other.left
            name = f"part {len(made) + 1} of {eq.left.name}"
            made.append(Equation(Var(name, shape(part), eq.left.sequence, step=eq.left.step), part))
            return made[-1].left

        parts = {n: self._naming(eq, v, made) for n, v in vars(inner).items() if isinstance(v, Term)}
        found = replace(inner, **parts) if parts else inner
        if not isinstance(found, f.Call | f.Softmax) or free_indices(found.arg):
            return found
        if not isinstance(found.arg, Var):
            found = replace(found, arg=named(found.arg))
        alone = inner is eq.right or isinstance(found, f.Softmax) or found.function == "log"
        return found if alone else named(found)

    @cached_property
    def written(self) -> tuple[Term, ...]:
        """Every term that stands in an equation or in the scale of the loss."""
        return tuple(s for whole in (*(eq.right for eq in self.equations), self.scale) for s in subterms(whole))

    @cached_property
    def axes(self) -> frozenset[Axis]:
        """Every axis that an array or an equation speaks of."""
        terms = (*self.arrays.values(), *(eq.right for eq in self.equations), self.scale)
        return frozenset(axis for term in terms for axis in axes_in(term))

    @cached_property
    def arrays(self) -> dict[str, Var]:
        """Every array of the model by name, without its step."""
        made = tuple(eq.left for eq in self.equations)
        everything = (*self.parameters, *self.inputs, *self.targets, *made)
        return {v.name: Var(v.name, v.axes, v.sequence, v.latex) for v in everything}


def check_same_array(where: str, one: Var, other: Var) -> None:
    """Raise ValueError where one name stands for two arrays."""
    if (one.axes, one.sequence) != (other.axes, other.sequence):
        kinds = [f"{'a sequence of ' * v.sequence}shape {shape_text(v.axes)}" for v in (one, other)]
        raise ValueError(f"{where}: one name, {other.name}, for two arrays: {' and '.join(kinds)}")


def outside_sums(term: Term) -> Iterator[Term]:
    """The term and what is inside it, but not inside a sum or a product over steps."""
    yield term
    if not isinstance(term, f.SumSteps | f.ProductSteps):
        for child in f.children(term):
            yield from outside_sums(child)


def variables(term: Term) -> list[Var]:
    """The variables in a term, each once, in order; the loss and what is differentiated too."""
    return list(dict.fromkeys(s for s in subterms(term) if isinstance(s, Var) and s != LOSS))


@cache
def made_from(model: Model, name: str, later: bool = True) -> frozenset[str]:
    """All that is made from a variable, at any step or (not `later`) within its step alone."""
    found: set[str] = set()
    while True:
        new = {
            eq.left.name
            for eq in model.equations
            for v in eq.uses
            if v.name in {name, *found} and (later or v.step is None or v.step.offset == 0)
        }
        if new <= found:
            return frozenset(found)
        found |= new


def is_positive(term: Term, model: Model | None) -> bool:
    """Whether every entry is positive wherever it exists, as its form says."""

    def of(inner: Term) -> bool:
        return is_positive(inner, model)

    match term:
        case f.Const(value):
            return value > 0
        case f.Call(name):
            return name in ("exp", "sigmoid")
        case f.Softmax() | f.Ones() | f.Reciprocal():
            return True
        case f.Var(name) if model is not None and name in model.by_name and name not in model.with_initial:
            return of(model.by_name[name].right)
        case f.Add(left, right) | f.Mul(left, right) | f.Div(left, right):
            return of(left) and of(right)
        case f.Pow(arg) | f.Sum(arg) | f.SumIndex(_, arg) | f.Entry(arg):
            return of(arg)
    return False
