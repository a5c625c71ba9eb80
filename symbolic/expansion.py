"""A term -> its index form: sums of products of generators, each with its subscripts.

In:  a term, the model it speaks of, and the derivatives that stay symbols.
Out: `IndexForm(…).expand(term)`, or `NotUniform` for what has no such form at every size.
     `is_unfolded` says which variables are written by others there.
To extend: a new term needs a case in `expand`, a new function a rule in `index_form`.

Derivatives are expanded by the chain rule in index form, up to the symbols that the proof keeps.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import replace
from functools import cache, reduce

from symbolic import terms as f
from symbolic.index_form import (
    Factor,
    NotUniform,
    Product,
    Sum,
    bound_over,
    broadcast,
    contracted,
    differentiated,
    entry_of,
    fresh_subscripts,
    generator,
    hadamard,
    identity,
    running,
    summed,
)
from symbolic.model import Model, variables
from symbolic.notation import Step
from symbolic.shapes import shape
from symbolic.terms import LOSS, Term, Var, moved, subterms

FURTHEST = 2
Chain = tuple[Term, Term]


class IndexForm:
    """Expands terms; derivatives by the chain rule in index form, up to the same symbols."""

    def __init__(
        self,
        model: Model | None,
        logits: Set[str] = frozenset(),
        opaque: Set[Chain] = frozenset(),
        by: Var | None = None,
        bottleneck: Var | None = None,
    ) -> None:
        """`by`: what the products will be differentiated by; it stays a factor although it is a number.

        `bottleneck`: the logits through which alone the loss of a step is reached.
        """
        self.model, self.logits, self.opaque, self.by, self.bottleneck = model, logits, opaque, by, bottleneck
        self.met: set[tuple[Var, Var]] = set()

    def close_gaps(self) -> range:
        """The gaps t − k at which a derivative that was met is taken of the very step, or is one of the symbols."""
        gaps = [-1]
        for of, by in self.met:
            gaps += _gaps(of.step, by.step)
            for other, other_by in self.opaque:
                if (
                    isinstance(other, Var)
                    and isinstance(other_by, Var)
                    and (of.name, by.name) == (other.name, other_by.name)
                ):
                    gaps += _gaps(of.step, other.step) + _gaps(by.step, other_by.step)
        return range(max(gaps) + 1)

    def expand(self, term: Term) -> Sum:
        of = self.expand
        if term == LOSS and self.model is not None and self.model.is_sequence:
            raise NotUniform("the whole loss, as a value")
        if _is_scalar(term) and not any(
            v == self.by or v == LOSS or (self.model and v.name in self.model.by_name)
            for v in subterms(term)
            if isinstance(v, Var)
        ):
            return [Product(())]
        match term:
            case f.Const() | f.Reciprocal():
                return [Product(())]
            case f.Ones(axes):
                return [Product((), fresh_subscripts(axes))]
            case f.Eye(axis):
                (i,) = fresh_subscripts((axis,))
                return [Product((), (i, i))]
            case f.Delta(i, j) if i == j:
                return [Product(())]
            case f.Delta(i, j):
                return [Product((), (), ((running(i), running(j)),))]
            case f.Var(axes=axes):
                return [generator(term, "", axes, free=not is_unfolded(term, self.model))]
            case f.Add(left, right):
                axes = shape(term)
                return [broadcast(p, axes) for p in of(left) + of(right)]
            case f.Neg(arg):
                return of(arg)
            case f.Mul(left, right):
                return hadamard(of(left), of(right), shape(term))
            case f.Div(left, right):
                return hadamard(of(left), self.inverse(right), shape(term))
            case f.Pow(base, exponent):
                one = of(base) if exponent >= 0 else self.inverse(base)
                result = [Product((), fresh_subscripts(shape(base)))]
                for _ in range(abs(exponent)):
                    result = hadamard(result, one, shape(base))
                return result
            case f.Call(name, arg):
                return self.function(name, arg)
            case f.Softmax(arg):
                return self.function("softmax", arg)
            case f.Indicator(arg):
                return of(arg)
            case f.MatMul(left, right):
                return [contracted(a, b, 1) for a, b in itertools.product(of(left), of(right))]
            case f.Transpose(arg):
                return [p._replace(free=p.free[::-1]) for p in of(arg)]
            case f.Outer(left, right):
                return [contracted(a, b, 0) for a, b in itertools.product(of(left), of(right))]
            case f.Diag(arg):
                return [p._replace(free=p.free + p.free) for p in of(arg)]
            case f.Inner(left, right):
                return self.expand(f.Sum(f.Mul(left, right)))
            case f.Sum(arg, axis):
                wanted = [n for n, a in enumerate(shape(arg)) if axis in (None, a)]
                return [summed(p, wanted) for p in of(arg)]
            case f.Entry(arg, subscripts):
                return [entry_of(p, [running(s) for s in subscripts]) for p in of(arg)]
            case f.SumIndex(index, body):
                return [bound_over(p, running(index)) for p in of(body)]
            case f.SumSteps() | f.ProductSteps():
                return self.expand(_written_out(term))
            case f.Derivative(of=what, by=by, total=total, copy=copy):
                return self.derivative(what, by, total, copy)
        raise NotUniform(f"{type(term).__name__} is outside the theorem")

    def function(self, name: str, arg: Term) -> Sum:
        if isinstance(arg, f.Entry):
            return [entry_of(p, [running(s) for s in arg.subscripts]) for p in self.function(name, arg.arg)]
        self.check_argument(arg)
        return [generator(arg, name, shape(arg))]

    def check_argument(self, arg: Term) -> None:
        """A function is one generator if its argument has no subscript but those of one variable."""
        main = _without_scalars(arg)
        if not isinstance(main, Var) and not _is_scalar(main):
            raise NotUniform(f"a function of {arg}, not of a variable")
        for var in variables(arg):
            is_unfolded(var, self.model)

    def inverse(self, term: Term) -> Sum:
        match term:
            case f.Sum(f.Call("exp", arg), None) if len(shape(arg)) == 1:
                self.check_argument(arg)
                return [Product((Factor(arg, "normaliser", ()),))]
            case f.SumIndex(index, f.Call("exp", f.Entry(arg, subscripts))) if subscripts == (index,):
                self.check_argument(arg)
                return [Product((Factor(arg, "normaliser", ()),))]
        products = self.expand(term)
        if len(products) != 1 or any(isinstance(s.name, int) for s in products[0].subscripts() - {*products[0].free}):
            raise NotUniform("a quotient by a sum")
        (p,) = products
        return [p._replace(factors=tuple(x._replace(power=-x.power) for x in p.factors))]

    def derivative(self, what: Term, by: Var, total: bool, copy: Step | None) -> Sum:
        if not isinstance(what, Var):
            if any(s == LOSS or isinstance(s, f.Derivative | f.SumSteps | f.ProductSteps) for s in subterms(what)):
                raise NotUniform("the loss, a derivative or a sum over steps inside what is differentiated")
            return self._through(
                variables(what),
                lambda used: differentiated(IndexForm(self.model, by=used).expand(what), used),
                lambda used: self.adjoint(used, by),
            )
        if not total:
            return self.tangent(what, by, only=what.step)
        if copy is None and what.axes and not any(o == what for o, _ in self.opaque):
            return self.tangent(what, by, only=None)
        return self.adjoint(what, by, copy)

    def adjoint(self, of: Var, by: Var, copy: Step | None = None) -> Sum:
        at_head = by.name in self.logits and of in (LOSS, replace(self._model().step_loss, step=by.step))
        if at_head and of == LOSS:
            self.expand(self._model().scale)
        self.met.add((of, by))
        if at_head or ((of, by) in self.opaque and copy is None):
            return [generator(None, "adjoint", of.axes + by.axes, free=True)]
        if copy is None and of != LOSS and any(b == by and o != of for o, b in self.opaque):
            return self.tangent(of, by, only=None)
        if of == by:
            return [identity(by)]
        if self.model is None:
            return []
        model = self.model
        if of == LOSS and model.is_sequence and by.name == model.step_loss.name:
            return self.expand(model.scale)
        if by.step is None and copy is None and model.is_sequence:
            raise NotUniform("a parameter's gradient shown only as a whole sum")
        result: Sum = []
        for made in self._uses(by, copy):
            if not _later(made, of):
                jacobian = _jacobian(model, made, by)
                result += [contracted(a, b, len(made.axes)) for a in self.adjoint(of, made) for b in jacobian]
        return result

    def tangent(self, of: Var, by: Var, only: Step | None) -> Sum:
        self.met.add((of, by))
        if only is None and (of, by) in self.opaque:
            return [generator(None, "adjoint", of.axes + by.axes, free=True)]
        if of == by:
            return [identity(by)]
        model = self._model()
        if only is None and self.bottleneck and of.name == model.step_loss.name:
            logits = replace(self.bottleneck, step=of.step)
            inner = self.tangent(logits, by, only=None)
            return [contracted(a, b, len(logits.axes)) for a in self.adjoint(of, logits) for b in inner]
        if of.name not in model.by_name or (only is not None and of.step != only):
            return []
        if _later(by, of) or by.name not in _ancestors(model, of.name):
            return []
        self._near(of)
        return self._through(
            _used(model, of),
            lambda used: _jacobian(model, of, used),
            lambda used: self.tangent(used, by, only),
        )

    def _through(self, parts: Sequence[Var], jacobian: Callable[[Var], Sum], down: Callable[[Var], Sum]) -> Sum:
        result: Sum = []
        for used in parts:
            if inner := down(used):
                result += [contracted(a, b, len(used.axes)) for a in jacobian(used) for b in inner]
        return result

    def _uses(self, by: Var, copy: Step | None) -> Iterator[Var]:
        """What is made from `by`, each at the step at which it uses it."""
        self._near(by)
        for equation in self._model().equations:
            offsets = {v.step for v in equation.uses if v.name == by.name}
            for offset in offsets:
                if equation.left.step is None:
                    yield equation.left
                    continue
                where = copy if by.step is None or offset is None else by.step - offset.offset
                beyond = where is None or (where.anchor == "T" and where.offset > 0)
                if where is not None and not beyond and not (where.anchor == "" and where.offset < 1):
                    yield replace(equation.left, step=where)

    def _near(self, var: Var) -> None:
        if var.step is not None and abs(var.step.offset) > FURTHEST:
            raise NotUniform("it reaches beyond the neighbouring steps")

    def _model(self) -> Model:
        if self.model is None:
            raise NotUniform("a derivative of a variable without a model")
        return self.model


@cache
def _right_side(model: Model, made: Var) -> Term:
    """What a variable is made from, at its step."""
    right = model.by_name[made.name].right
    return right if made.step is None else moved(right, {"t": made.step})


@cache
def _used(model: Model, made: Var) -> Sequence[Var]:
    """The variables that it is made from, at their steps."""
    return variables(_right_side(model, made))


@cache
def _jacobian(model: Model, made: Var, used: Var) -> Sum:
    """∂ made / ∂ used in the equation of `made`; its subscripts are its own wherever it is joined."""
    return differentiated(IndexForm(model, by=used).expand(_right_side(model, made)), used)


def _gaps(one: Step | None, other: Step | None) -> list[int]:
    """The gap t − k at which a step by t and a step by k are the same."""
    if one is None or other is None or one.anchor == other.anchor:
        return []
    late, early = (one, other) if one.anchor == "t" else (other, one)
    return [early.offset - late.offset]


def _later(one: Var, other: Var) -> bool:
    """Whether one certainly stands at a later step than the other."""
    a, b = one.step, other.step
    return a is not None and b is not None and a.anchor == b.anchor and a.offset > b.offset


@cache
def _ancestors(model: Model, name: str) -> frozenset[str]:
    """The names of all that a variable is made from, at any step."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        if (made := model.by_name.get(waiting.pop())) is not None:
            new = {v.name for v in made.uses} - found
            found |= new
            waiting += new
    return frozenset(found)


def _without_scalars(arg: Term) -> Term:
    """o of o + s: a scalar that is added to every entry changes no subscript."""
    if isinstance(arg, f.Add):
        if _is_scalar(arg.right):
            return arg.left
        if _is_scalar(arg.left):
            return arg.right
    return arg


def _is_scalar(term: Term) -> bool:
    """Whether a term is made of numbers and scalar variables alone, with no sum inside."""
    plain = (f.Const, f.Add, f.Neg, f.Mul, f.Div, f.Pow, f.Call)
    return all(isinstance(s, plain) or (isinstance(s, Var) and not s.axes) for s in subterms(term))


def _written_out(term: f.SumSteps | f.ProductSteps) -> Term:
    """A sum or product of a known number of steps, with its + or @."""
    if term.first.anchor != term.last.anchor or term.last.offset < term.first.offset:
        raise NotUniform("a sum or product over steps, of any length")
    offsets = range(term.first.offset, term.last.offset + 1)
    parts = [moved(term.body, {term.index: Step(term.first.anchor, offset)}) for offset in offsets]
    return reduce(f.Add, parts) if isinstance(term, f.SumSteps) else reduce(f.MatMul, reversed(parts))


def is_unfolded(var: Var, model: Model | None) -> bool:
    """Whether an equation writes the variable by others; raises NotUniform where that may hide a sum."""
    return model is not None and _unfolds(model, var.name, ())


@cache
def _unfolds(model: Model, name: str, within: tuple[str, ...]) -> bool:
    made = model.by_name.get(name)
    if made is None or not made.is_nonlinear:
        return False
    if name in within:
        raise NotUniform(f"{name} is a function of itself at the step before")
    right = made.right
    functions = [s for s in subterms(right) if isinstance(s, f.Call | f.Softmax)]
    plain = all(isinstance(s.arg, Var) and getattr(s, "function", "") != "log" for s in functions)
    product = isinstance(right, f.Softmax) or all(isinstance(s, f.Var | f.Call | f.Mul) for s in subterms(right))
    if not plain or not product:
        raise NotUniform(f"{name} is not a product of functions of variables")
    for inner in made.uses:
        if _unfolds(model, inner.name, (*within, name)) and _has_softmax(inner, model):
            raise NotUniform(f"{name} is made from a softmax")
    return True


def _has_softmax(var: Var, model: Model | None) -> bool:
    return model is not None and any(isinstance(s, f.Softmax) for s in subterms(model.by_name[var.name].right))
