"""A term as a NumPy expression over a batch: every array may have leading axes before its own.

In:  a term, and a `Names`, which says what its arrays are called and which of them have
     leading axes.
Out: `Batched(names).text(term)`, with Python's precedence and no parenthesis it does not need.

A column vector of one example is a row of the batch, so that W h is `h @ W.T`.
Functions that NumPy does not have are called by name; `helpers` has their source.
"""

from __future__ import annotations

from dataclasses import dataclass
from string import ascii_lowercase
from typing import Protocol

from numeric.arguments import leaves
from numeric.rewriting import added, multiplied
from symbolic import terms as f
from symbolic.elementwise import free_indices
from symbolic.notation import Axis, Index, Shape, Step, Subscript
from symbolic.shapes import shape
from symbolic.terms import Derivative, Term, Var, subterms

ADD, MUL, DOT, UNARY, POW, ATOM = range(6)

FUNCTIONS = {"tanh": "np.tanh", "exp": "np.exp", "log": "np.log"}
IN_PLACE = {*FUNCTIONS, "sigmoid"}


class Names(Protocol):
    """What the arrays of a term are called."""

    def leaf(self, leaf: Var | Derivative) -> str: ...

    def is_batched(self, leaf: Var | Derivative) -> bool:
        """Whether the array may have leading axes."""
        ...

    def transposed(self, leaf: Var | Derivative) -> str:
        """The transpose of a matrix without leading axes."""
        ...

    def size(self, axis: Axis | None) -> str:
        """The size of an axis; of None, the number of steps."""
        ...

    def dtype(self) -> str:
        """The precision of the arrays."""
        ...


@dataclass(frozen=True)
class Written:
    """A piece of source and how tightly it binds; `call` is the same as a call, open for `out`."""

    text: str
    binds: int
    call: str = ""


class Batched:
    """Terms as NumPy expressions in the arrays that `names` knows."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.called: set[str] = set()

    def text(self, term: Term, least: int = ADD) -> str:
        """The expression, in parentheses where it binds less tightly than its place demands."""
        return _at(self._written(term), least)

    def summands(self, term: Term, rank: int | None = None) -> list[str]:
        """The expression cut before each + and − of its sum."""
        rank = len(shape(term)) if rank is None else rank
        match term:
            case f.Add(left, f.Neg(right)):
                return [*self.summands(left, rank), f"- {_at(self._fitting(right, rank), MUL)}"]
            case f.Add(left, right):
                return [*self.summands(left, rank), f"+ {_at(self._fitting(right, rank), MUL)}"]
        return [self._fitting(term, rank).text]

    def into(self, target: str, own: Term, term: Term) -> list[tuple[str, str]]:
        """Statements, each a head and an expression, that write a term into an array that holds `own` until then."""
        if isinstance(term, f.Add) and isinstance(term.left, f.Const) and isinstance(term.right, f.Neg):
            made, text = self._operand(target, own, term.right.arg)
            return [*made, ("", f"np.subtract({self.text(term.left)}, {text}, out={target})")]
        first, *others = sorted(added(term), key=lambda s: (own not in subterms(s), not isinstance(s, f.MatMul)))
        if any(own in subterms(other) for other in others):
            return [(f"{_contents(target)} =", self.text(term))]
        written = [] if first == own else self._first_into(target, own, first)
        for other in others:
            sign, summand = ("-=", other.arg) if isinstance(other, f.Neg) else ("+=", other)
            written.append((f"{target} {sign}", self.text(summand)))
        return written

    def _first_into(self, target: str, own: Term, term: Term) -> list[tuple[str, str]]:
        if isinstance(term, f.Call) and term.function in IN_PLACE and not isinstance(term.arg, Var):
            made = self.into(target, own, term.arg)
            return [*made, ("", f"{self._function(term.function)}({target}, out={target})")]
        if isinstance(term, f.Pow) and term.exponent == 2:
            made, text = self._operand(target, own, term.base)
            return [*made, ("", f"np.multiply({text}, {text}, out={target})")]
        if isinstance(term, f.Mul) and (made := self._product_into(target, own, term)):
            return made
        written = self._written(term)
        return [("", f"{written.call}, out={target})") if written.call else (f"{_contents(target)} =", written.text)]

    def _operand(self, target: str, own: Term, term: Term) -> tuple[list[tuple[str, str]], str]:
        """Statements that make a term in the target, and what it is then called; an array is what it is."""
        return ([], self.text(term)) if isinstance(term, Var | Derivative) else (self.into(target, own, term), target)

    def _product_into(self, target: str, own: Term, term: Term) -> list[tuple[str, str]]:
        """Factor after factor where one is `own` or can be made in the target; nothing where none is."""
        factors = list(multiplied(term))
        made = [s for s in factors if not isinstance(s, Var | Derivative) and shape(s) == shape(term)]
        if own not in factors and not made:
            return []
        first = own if own in factors else made[0]
        factors.remove(first)
        if any(own in subterms(factor) for factor in factors):
            return []
        begun = [] if first == own else self.into(target, own, first)
        return [*begun, *((f"{target} *=", self._fitting(factor, len(shape(term))).text) for factor in factors)]

    def entries(self, term: Term) -> list[str]:
        """The same; a subscript left free adds an axis, in order of name, as in `elementwise.entries`."""
        indices = sorted(free_indices(term), key=lambda index: index.name, reverse=True)
        if not indices:
            return self.summands(term)
        result = self.text(term)
        for n, index in enumerate(indices, 1):
            result = f"np.stack([{result} for {index.name} in {self._range(index.axis)}], axis=-{n})"
        return [result]

    def _written(self, term: Term) -> Written:
        match term:
            case f.Var() | f.Derivative():
                return Written(self.names.leaf(term), ATOM)
            case f.Const(value):
                binds = MUL if value.denominator != 1 else UNARY if value < 0 else ATOM
                return Written(str(value).replace("/", " / "), binds)
            case f.Add(left, f.Neg(right)):
                return self._elementwise(left, " - ", right, ADD, term)
            case f.Add(left, right):
                return self._elementwise(left, " + ", right, ADD, term)
            case f.Mul(left, right):
                return self._elementwise(left, " * ", right, MUL, term)
            case f.Div(left, right):
                return self._elementwise(left, " / ", right, MUL, term)
            case f.Neg(arg):
                return self._around("-{}", arg, UNARY, UNARY)
            case f.Pow(base, exponent):
                return self._around(f"{{}} ** {exponent}", base, ATOM, POW)
            case f.Call(function, arg):
                inside = self._written(arg)
                call = f"{self._function(function)}({inside.text}"
                return Written(f"{call})", ATOM, call if function in IN_PLACE else "")
            case f.Softmax(arg):
                return self._around(f"{self._function('softmax')}({{}})", arg)
            case f.Indicator(arg):
                return self._written(arg)
            case f.MatMul(left, right):
                return self._product(left, right)
            case f.Transpose(arg):
                return self._transposed(arg)
            case f.Outer(left, right):
                return self._einsum(left, right, 0)
            case f.Diag(arg):
                (axis,) = shape(arg)
                return self._around(f"{{}}[..., None] * {self._eye(axis)}", arg, ATOM, MUL)
            case f.Inner(left, right):
                return self._summed(f.Mul(left, right), _all(shape(left)))
            case f.Sum(arg, axis):
                axes = shape(arg)
                return self._summed(arg, _all(axes) if axis is None else str(axes.index(axis) - len(axes)))
            case f.Entry(arg, subscripts):
                places = ", ".join(["...", *(_place(s) for s in subscripts)])
                return self._around(f"{{}}[{places}]", arg, ATOM)
            case f.SumIndex(index, body):
                return self._around(f"sum({{}} for {index.name} in {self._range(index.axis)})", body)
            case f.SumSteps(index, first, last, body):
                return self._over_steps(index, first, last, body)
            case f.ProductSteps(index, first, last, body):
                steps = f"range({self._step(last)}, {self._step(first, -1)}, -1)"
                one = self._eye(shape(body)[0])
                return self._around(f"{self._function('product')}(({{}} for {index} in {steps}), {one})", body)
            case f.Ones(axes):
                return Written(f"np.ones({self._sizes(axes)}, {self.names.dtype()})", ATOM)
            case f.Eye(axis):
                return Written(self._eye(axis), ATOM)
            case f.Delta(i, j):
                return Written(f"float({_place(i)} == {_place(j)})", ATOM)
            case f.Reciprocal(axis):
                return Written(f"1 / {self.names.size(axis)}", MUL)
        raise TypeError(f"not a term of the formula language: {term!r}")

    def _around(self, pattern: str, arg: Term, least: int = ADD, binds: int = ATOM) -> Written:
        return Written(pattern.format(self.text(arg, least)), binds)

    def _elementwise(self, left: Term, sign: str, right: Term, binds: int, term: Term) -> Written:
        first, second = (self._fitting(side, len(shape(term))) for side in (left, right))
        text = _left(first, binds) + sign + _at(second, UNARY if binds == MUL else binds + 1)
        call = f"np.multiply({first.text}, {second.text}" if sign == " * " else ""
        return Written(text, binds, call)

    def _fitting(self, term: Term, rank: int) -> Written:
        """With axes of size 1 for those that a leading axis would otherwise be taken for."""
        written, missing = self._written(term), rank - len(shape(term))
        if not missing or not self._is_batched(term):
            return written
        axes = ", ".join(["...", *["None"] * missing, *[":"] * len(shape(term))])
        return Written(f"{_at(written, ATOM)}[{axes}]", ATOM)

    def _product(self, left: Term, right: Term) -> Written:
        rank, batched = len(shape(left)), (self._is_batched(left), self._is_batched(right))
        match left, right, rank, len(shape(right)):
            case f.Diag(u), _, _, 1:
                return self._elementwise(u, " * ", right, MUL, right)
            case f.Diag(u), _, _, 2:
                return Written(f"{self.text(u, ATOM)}[..., None] * {self.text(right, UNARY)}", MUL)
            case _, f.Diag(u), 2, _:
                return Written(f"{_left(self._written(left), MUL)} * {self.text(u, ATOM)}[..., None, :]", MUL)
            case _, _, 1, 1 if any(batched):
                return self._summed(f.Mul(left, right), "-1")
            case _, _, 2, 1 if batched == (False, True):
                return self._matmul(self._written(right), self._transposed(left))
            case (_, _, 2, 2) | (_, _, 1, 2) if rank == 2 or not batched[1]:
                return self._matmul(self._written(left), self._written(right))
        return self._einsum(left, right, 1)

    def _is_batched(self, term: Term) -> bool:
        return any(self.names.is_batched(leaf) for leaf in leaves(term))

    def _matmul(self, left: Written, right: Written) -> Written:
        text, call = f"{_left(left, DOT)} @ {_at(right, UNARY)}", f"np.matmul({left.text}, {right.text}"
        return Written(text, DOT, call)

    def _einsum(self, left: Term, right: Term, contracted: int) -> Written:
        first, second = self._written(left), self._written(right)
        rank = len(shape(left))
        a = ascii_lowercase[:rank]
        b = ascii_lowercase[rank - contracted :][: len(shape(right))]
        made = a[: rank - contracted] + b[contracted:]
        text = f'np.einsum("...{a},...{b}->...{made}", {first.text}, {second.text})'
        return Written(text, ATOM)

    def _transposed(self, arg: Term) -> Written:
        axes = ascii_lowercase[: len(shape(arg))]
        if isinstance(arg, f.Transpose):
            return self._written(arg.arg)
        if len(axes) < 2:
            return self._written(arg)
        if self._is_batched(arg):
            return Written(f'np.einsum("...{axes}->...{axes[::-1]}", {self.text(arg)})', ATOM)
        if isinstance(arg, Var | Derivative):
            return Written(self.names.transposed(arg), ATOM)
        return Written(f"{self.text(arg, ATOM)}.T", ATOM)

    def _summed(self, term: Term, axes: str) -> Written:
        return self._around(f"np.sum({{}}, axis={axes})", term)

    def _over_steps(self, index: str, first: Step, last: Step, body: Term) -> Written:
        steps = f"range({self._step(first)}, {self._step(last, 1)})"
        nothing = f"np.zeros({self._sizes(shape(body))}, {self.names.dtype()})"
        return self._around(f"sum(({{}} for {index} in {steps}), {nothing})", body)

    def _step(self, step: Step, shift: int = 0) -> str:
        return step_text(step + shift, self.names.size(None) if step.anchor == "T" else "")

    def _eye(self, axis: Axis) -> str:
        return f"np.eye({self.names.size(axis)}, dtype={self.names.dtype()})"

    def _sizes(self, axes: Shape) -> str:
        if not axes:
            return "()"
        sizes = [self.names.size(axis) for axis in axes]
        return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"

    def _range(self, axis: Axis) -> str:
        return f"range({self.names.size(axis)})"

    def _function(self, name: str) -> str:
        if name not in FUNCTIONS:
            self.called.add(name)
        return FUNCTIONS.get(name, name)


def step_text(step: Step, steps: str = "T") -> str:
    """A step as an index: `t - 1`, `T`, `0`."""
    if not step.anchor:
        return str(step.offset)
    anchor = steps if step.anchor == "T" else step.anchor
    return f"{anchor} {'+' if step.offset > 0 else '-'} {abs(step.offset)}" if step.offset else anchor


def _at(written: Written, least: int) -> str:
    return written.text if written.binds >= least else f"({written.text})"


def _contents(target: str) -> str:
    """An array on the left of `=` so that its entries change, not what the name stands for."""
    return target if target.endswith("]") else f"{target}[...]"


def _left(written: Written, binds: int) -> str:
    """A left factor; Python lets `*` and `@` bind alike, readers do not."""
    return _at(written, ATOM if {written.binds, binds} == {MUL, DOT} else binds)


def _all(axes: Shape) -> str:
    return "-1" if len(axes) == 1 else f"({', '.join(str(n) for n in range(-len(axes), 0))})"


def _place(subscript: Subscript) -> str:
    """A subscript, counted from 1, as an index; a running one counts from 0 already."""
    return subscript.name if isinstance(subscript, Index) else str(subscript - 1)
