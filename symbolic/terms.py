"""The formula language: what a person writes, as frozen data.

In:  arrays with named axes, written with NumPy's conventions: `@` is the matrix
     product, `*` the Hadamard product, `.T` the transpose, `h[t-1]` the value one step
     back, `y.at(1)` the first entry (formulas count from 1).
Out: terms.  They are plain data: building one computes nothing and refuses nothing, so
     that a formula as it is wrongly printed can be written down too.  What a term means
     is said elsewhere: `shapes` (is it well typed), `elementwise` (its entries),
     `latex` and `text` (its spelling), `expansion` (its index form).
To extend: add a dataclass here and one case to each of those readings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from typing import TypeAlias

from symbolic.notation import Axis, Index, Shape, Step, Subscript, step

Operand: TypeAlias = "Term | int | Fraction"


@dataclass(frozen=True)
class Term:
    """A formula; its subclasses below are the closed list of what a formula can be."""

    def __add__(self, other: Operand) -> Term:
        return Add(self, term(other))

    def __radd__(self, other: Operand) -> Term:
        return Add(term(other), self)

    def __sub__(self, other: Operand) -> Term:
        return Add(self, Neg(term(other)))

    def __rsub__(self, other: Operand) -> Term:
        return Add(term(other), Neg(self))

    def __mul__(self, other: Operand) -> Term:
        return Mul(self, term(other))

    def __rmul__(self, other: Operand) -> Term:
        return Mul(term(other), self)

    def __truediv__(self, other: Operand) -> Term:
        return Div(self, term(other))

    def __rtruediv__(self, other: Operand) -> Term:
        return Div(term(other), self)

    def __pow__(self, exponent: int) -> Term:
        if not isinstance(exponent, int):
            raise TypeError(f"a power is a whole number, not {exponent}")
        return Pow(self, exponent)

    def __matmul__(self, other: Term) -> Term:
        return MatMul(self, other)

    def __neg__(self) -> Term:
        return Neg(self)

    @property
    def T(self) -> Term:  # noqa: N802 (NumPy's name)
        return Transpose(self)

    def at(self, *subscripts: Subscript) -> Entry:
        """The entry with these subscripts, counted from 1; an `Index` runs."""
        return Entry(self, subscripts)

    def __str__(self) -> str:
        from symbolic.text import text

        return text(self)

    def _repr_latex_(self) -> str:
        from symbolic.latex import latex

        return f"$\\displaystyle {latex(self)}$"


def term(value: Operand) -> Term:
    """A number as a term; a term stays what it is."""
    if isinstance(value, Term):
        return value
    if not isinstance(value, int | Fraction):
        raise TypeError(f"{value} is no term; numbers are whole or a Fraction")
    return Const(Fraction(value))


def children(term: Term) -> tuple[Term, ...]:
    """The terms directly inside a term."""
    return tuple([getattr(term, name) for name in PARTS[type(term)]])


def subterms(term: Term) -> Iterator[Term]:
    """The term and everything inside it, each before what is inside it, from left to right."""
    waiting = [term]
    while waiting:
        found = waiting.pop()
        yield found
        waiting += reversed(children(found))


# Leaves


@dataclass(frozen=True)
class Const(Term):
    """A rational number."""

    value: Fraction


@dataclass(frozen=True)
class Ones(Term):
    """The array of ones."""

    axes: Shape


@dataclass(frozen=True)
class Eye(Term):
    """The identity matrix I_ij = δ_ij."""

    axis: Axis


@dataclass(frozen=True)
class Delta(Term):
    """Kronecker's δ_ij."""

    i: Subscript
    j: Subscript


@dataclass(frozen=True)
class Reciprocal(Term):
    """1/n of an axis, or 1/T of the sequence's length (axis None)."""

    axis: Axis | None


@dataclass(frozen=True)
class Var(Term):
    """An array by name; `h[t-1]` for one that changes along the sequence."""

    name: str
    axes: Shape
    sequence: bool = False
    latex: str = field(default="", compare=False)
    step: Step | None = None

    def __getitem__(self, where: Step | int) -> Var:
        if not self.sequence:
            raise TypeError(f"{self.name} does not change along the sequence: write {self.name}, not {self.name}[…]")
        return replace(self, step=step(where))


# Element by element


@dataclass(frozen=True)
class Add(Term):
    left: Term
    right: Term


@dataclass(frozen=True)
class Neg(Term):
    arg: Term


@dataclass(frozen=True)
class Mul(Term):
    """Hadamard product; a scalar multiplies every entry."""

    left: Term
    right: Term


@dataclass(frozen=True)
class Div(Term):
    left: Term
    right: Term


@dataclass(frozen=True)
class Pow(Term):
    base: Term
    exponent: int


@dataclass(frozen=True)
class Call(Term):
    """tanh, sigmoid (σ), exp or log of every entry."""

    function: str
    arg: Term


@dataclass(frozen=True)
class Softmax(Term):
    """softmax(o)_i = exp(o_i) / Σ_k exp(o_k), along the last axis."""

    arg: Term


@dataclass(frozen=True)
class Indicator(Term):
    """1_{i=y}: one where i is the class that y names; means something for one-hot y only."""

    arg: Term


# Linear algebra


@dataclass(frozen=True)
class MatMul(Term):
    """Σ_j left[…, j] right[j, …]: matrix, matrix-vector and inner product, and contraction."""

    left: Term
    right: Term


@dataclass(frozen=True)
class Transpose(Term):
    arg: Term


@dataclass(frozen=True)
class Outer(Term):
    """(u ⊗ v)_ij = u_i v_j; of higher ranks the tensor product."""

    left: Term
    right: Term


@dataclass(frozen=True)
class Diag(Term):
    """diag(v)_ij = v_i δ_ij."""

    arg: Term


@dataclass(frozen=True)
class Inner(Term):
    """The Frobenius product ⟨A, B⟩ = Σ_ij A_ij B_ij."""

    left: Term
    right: Term


@dataclass(frozen=True)
class Sum(Term):
    """The sum over one axis, or over all entries (axis None)."""

    arg: Term
    axis: Axis | None = None


# Entries and running subscripts


@dataclass(frozen=True)
class Entry(Term):
    """A scalar entry; a subscript that is not summed stands for all its values."""

    arg: Term
    subscripts: tuple[Subscript, ...]


@dataclass(frozen=True)
class SumIndex(Term):
    """Σ_i body."""

    index: Index
    body: Term


# Along the sequence


@dataclass(frozen=True)
class SumSteps(Term):
    """Σ_{t=first}^{last} body."""

    index: str
    first: Step
    last: Step
    body: Term


@dataclass(frozen=True)
class ProductSteps(Term):
    """body(last) @ … @ body(first): the latest factor stands left; empty it is I."""

    index: str
    first: Step
    last: Step
    body: Term


# Derivatives


@dataclass(frozen=True)
class Derivative(Term):
    """d of / d by, entry by entry: the axes of `of`, then those of `by`.

    `total` runs through everything downstream; otherwise the derivative is the immediate
    one of a variable at a step: through everything in that step, with the values of every
    other step held fixed.  `copy` keeps the one use of a shared parameter at that step
    (Goodfellow's W^(t)).
    """

    of: Term
    by: Var
    total: bool = True
    copy: Step | None = None


PARTS = {
    kind: tuple(part.name for part in fields(kind) if part.type in ("Term", "Var")) for kind in Term.__subclasses__()
}
"""The fields of each kind of term in which terms stand."""


# How people write them


def array(name: str, *axes: Axis, latex: str = "") -> Var:
    """A parameter or any array that stays the same along the sequence."""
    return Var(name, axes, latex=latex)


def scalar(name: str, latex: str = "") -> Var:
    """A number."""
    return Var(name, (), latex=latex)


def sequence(name: str, *axes: Axis, latex: str = "") -> Var:
    """An array per step: write `h[t]`, `h[t-1]`, `h[T]`."""
    return Var(name, axes, sequence=True, latex=latex)


def tanh(arg: Operand) -> Term:
    return Call("tanh", term(arg))


def sigmoid(arg: Operand) -> Term:
    return Call("sigmoid", term(arg))


def exp(arg: Operand) -> Term:
    return Call("exp", term(arg))


def log(arg: Operand) -> Term:
    return Call("log", term(arg))


def softmax(arg: Term) -> Term:
    return Softmax(arg)


def indicator(arg: Term) -> Term:
    return Indicator(arg)


def outer(left: Term, right: Term) -> Term:
    return Outer(left, right)


def diag(arg: Term) -> Term:
    return Diag(arg)


def inner(left: Term, right: Term) -> Term:
    return Inner(left, right)


def total(arg: Term, axis: Axis | None = None) -> Term:
    """The sum over an axis, or over all entries."""
    return Sum(arg, axis)


def ones(*axes: Axis) -> Term:
    return Ones(axes)


def eye(axis: Axis) -> Term:
    return Eye(axis)


def delta(i: Subscript, j: Subscript) -> Term:
    return Delta(i, j)


def one_over(axis: Axis | None) -> Term:
    """1/n of an axis; `one_over(None)` is 1/T."""
    return Reciprocal(axis)


def sum_over(index: Index, body: Term) -> Term:
    """Σ_i body, over all values of the index."""
    if not isinstance(index, Index):
        raise TypeError(f"a sum runs over an Index, such as Index('i', K), not over {index}")
    return SumIndex(index, body)


LAST = Step("T")


def sum_steps(body: Term, first: Step | int = 1, last: Step | int = LAST, index: str = "t") -> Term:
    """Σ_{t=first}^{last} body; `index` names the step that runs."""
    return SumSteps(index, step(first), step(last), body)


def product_steps(body: Term, first: Step | int, last: Step | int, index: str = "j") -> Term:
    """body(last) @ … @ body(first); `index` names the step that runs."""
    return ProductSteps(index, step(first), step(last), body)


LOSS = Var("L", ())


def free_anchors(term: Term) -> frozenset[str]:
    """The steps t, k, … that no sum binds."""
    found: set[str] = set()
    if isinstance(term, Var) and term.step is not None:
        found.add(term.step.anchor)
    if isinstance(term, Derivative) and term.copy is not None:
        found.add(term.copy.anchor)
    inner = frozenset[str]().union(*(free_anchors(child) for child in children(term)))
    if isinstance(term, SumSteps | ProductSteps):
        inner = inner - {term.index} | {term.first.anchor, term.last.anchor}
    return frozenset(inner | found) - {"", "T"}


def moved(term: Term, steps: Mapping[str, Step]) -> Term:
    """The term with other steps for t, k, …, where no sum binds them."""
    if isinstance(term, SumSteps | ProductSteps):
        index = term.index
        taken = {step.anchor for step in steps.values()} | free_anchors(term.body) - {index}
        while index in taken:
            index += "'"
        ends = {"first": _moved(term.first, steps), "last": _moved(term.last, steps)}
        return replace(term, index=index, body=moved(term.body, {**steps, term.index: Step(index)}), **ends)
    parts = {
        name: moved(value, steps) if isinstance(value, Term) else _moved(value, steps)
        for name, value in vars(term).items()
        if isinstance(value, Term | Step)
    }
    return replace(term, **parts) if parts else term


def _moved(step: Step, steps: Mapping[str, Step]) -> Step:
    return steps.get(step.anchor, Step(step.anchor)) + step.offset


def d(of: Term, by: Term) -> Term:
    """The total derivative; of entries, the entry of the derivative."""
    return _derivative(of, by, True)


def immediate(of: Term, by: Term) -> Term:
    """The immediate derivative: every value of another step is held fixed."""
    return _derivative(of, by, False)


def grad(by: Term) -> Term:
    """∇_by L, the adjoint: the total derivative of the whole loss."""
    return d(LOSS, by)


def grad_copy(by: Var, where: Step | int) -> Term:
    """∇_{W^(t)} L: the part of the gradient that the use of `by` at one step contributes."""
    return Derivative(LOSS, by, copy=step(where))


def _derivative(of: Term, by: Term, is_total: bool) -> Term:
    variable = by.arg if isinstance(by, Entry) else by
    if not isinstance(variable, Var):
        raise TypeError(f"a derivative is taken by a variable or an entry of one, not by {variable}")
    if not isinstance(by, Entry):
        return Derivative(of, variable, is_total)
    outer = of.subscripts if isinstance(of, Entry) and isinstance(of.arg, Var) else ()
    array = of.arg if isinstance(of, Entry) and isinstance(of.arg, Var) else of
    if len(by.subscripts) != len(variable.axes) or (isinstance(array, Var) and outer and len(outer) != len(array.axes)):
        raise TypeError(f"a derivative of {of} by {by}: an entry has a subscript for each axis")
    return Entry(Derivative(array, variable, is_total), outer + by.subscripts)
