"""A derivative in closed form: the chain rule through the model's equations, back to the step before.

In:  the left side of a claim, and the scope.
Out: terms that it may equal, which are proved before anybody sees them; none where a rule is lacking.
To extend: a case of `jacobian`.
"""

from __future__ import annotations

from collections.abc import Iterator

from symbolic import terms as f
from symbolic.model import Model, made_from, variables
from symbolic.notation import Step, Subscript
from symbolic.reader.repair.missing import parts_by_step, sum_of
from symbolic.reader.resolve.functions import SLOPES
from symbolic.reader.resolve.shifts import moved
from symbolic.reader.scope import Scope
from symbolic.shapes import ShapeMismatch, shape
from symbolic.terms import LOSS, Term, Var
from symbolic.written_out import entry

DEEPEST = 8


class NoRule(ValueError):
    """A term that no rule here differentiates."""


def closed_forms(left: Term, scope: Scope) -> Iterator[Term]:
    """What a derivative, or an entry of one, may be in closed form; a value by the equation that makes it."""
    derivative, subscripts = (left.arg, left.subscripts) if isinstance(left, f.Entry) else (left, ())
    model = scope.model
    if model is not None and isinstance(derivative, Var) and (made := model.by_name.get(derivative.name)) is not None:
        right = made.right if derivative.step is None else moved(made.right, "t", derivative.step)
        yield entry(right, subscripts) if subscripts else right
        return
    if model is None or not isinstance(derivative, f.Derivative):
        return
    chain = _Chain(model, derivative.by, derivative.total)
    try:
        if derivative.of == LOSS and model.is_sequence and not derivative.copy:
            found = _gradient(derivative, scope, model)
        elif subscripts and not shape(derivative.of) and not isinstance(derivative.of, Var):
            yield chain.entry_of(derivative.of, subscripts)
            return
        else:
            found = chain.of(derivative.of)
        if found is not None:
            yield entry(found, subscripts) if subscripts else found
    except (NoRule, ShapeMismatch, TypeError, RecursionError):
        return


def _gradient(derivative: f.Derivative, scope: Scope, model: Model) -> Term | None:
    """Of a value the sum of its parts; of a parameter what its uses give, summed over the steps."""
    if derivative.by.step is not None:
        parts = [part for parts in parts_by_step(derivative, scope) for _, part in parts]
        return sum_of(parts) if parts else None
    each = None
    for eq in model.equations:
        if eq.left.axes and derivative.by in variables(eq.right):
            each = _plus(each, _of_use(eq.right, derivative.by, f.grad(eq.left)))
    return None if each is None else f.SumSteps("t", Step("", 1), Step("T"), each)


def _of_use(right: Term, by: Var, gradient: Term) -> Term:
    """(∇u) xᵀ where u = W x + …, Xᵀ ∇U where U = X W + …, ∇u where u = b + …."""
    match right:
        case f.Add(a, b):
            parts = [_of_use(each, by, gradient) for each in (a, b) if by in variables(each)]
            return parts[0] if len(parts) == 1 else f.Add(*parts)
        case f.MatMul(weights, x) if weights == by and len(shape(x)) == 1:
            return f.Outer(gradient, x)
        case f.MatMul(x, weights) if weights == by and len(shape(x)) == 2:
            return f.MatMul(f.Transpose(x), gradient)
        case Var() if right == by and right.axes == shape(gradient):
            return gradient
        case f.Call(name, inner):
            return _of_use(inner, by, f.Mul(SLOPES[name](inner), gradient))
    raise NoRule(str(right))


class _Chain:
    """The derivatives of terms by one variable; those of values of earlier steps stay as they are."""

    def __init__(self, model: Model, by: Var, total: bool) -> None:
        self.model, self.by, self.total = model, by, total
        self.behind = {by.name, *made_from(model, by.name)}

    def of(self, term: Term, value: Var | None = None, depth: int = 0) -> Term | None:
        """The derivative, the axes of the term first; None where it is 0; `value` is what the term is called."""
        if isinstance(term, Var):
            return _identity(term) if term == self.by else self.of_value(term, depth)
        found: Term | None = None
        for v in variables(term):
            if v == self.by:
                found = _plus(found, jacobian(term, v, value))
            elif (inner := self.inner(v, value, depth)) is not None:
                found = _plus(found, _chained(jacobian(term, v, value), inner))
        return found

    def inner(self, v: Var, value: Var | None, depth: int) -> Term | None:
        """The derivative of a variable in an equation's right side: of a value of an earlier step as it is written."""
        if v.name not in self.behind or _is_before(v.step, self.by.step):
            return None
        if value is not None and v.step != value.step:
            return f.Derivative(v, self.by) if self.total else None
        return self.of_value(v, depth + 1)

    def of_value(self, v: Var, depth: int) -> Term | None:
        made = self.model.by_name.get(v.name)
        if made is None or v.name not in self.behind or depth > DEEPEST or _is_before(v.step, self.by.step):
            return None
        return self.of(made.right if v.step is None else moved(made.right, "t", v.step), v, depth)

    def entry_of(self, term: Term, subscripts: tuple[Subscript, ...]) -> Term:
        """The derivative of a number by an entry of the variable."""

        def of(part: Term) -> Term:
            return self.entry_of(part, subscripts)

        match term:
            case f.Const() | f.Reciprocal():
                return ZERO
            case f.Entry(Var() as v, own):
                if v == self.by:
                    return f.term(1) if own == subscripts else f.Delta(own[0], subscripts[0])
                found = self.of_value(v, 0)
                return ZERO if found is None else entry(found, own + subscripts)
            case f.Neg(arg):
                return f.Neg(of(arg))
            case f.Add(a, b):
                return _sum(of(a), of(b))
            case f.Mul(a, b):
                return _sum(_product(a, of(b)), _product(b, of(a)))
            case f.SumIndex(index, body):
                return f.SumIndex(index, of(body))
            case f.Call("log", arg):
                inner = of(arg)
                less = _without(inner, arg)
                return f.Div(inner, arg) if less is None else less
            case f.Call(name, arg) if name in SLOPES:
                return _product(SLOPES[name](arg), of(arg))
        raise NoRule(str(term))


ZERO = f.term(0)


def _sum(a: Term, b: Term) -> Term:
    return b if a == ZERO else a if b == ZERO else f.Add(a, b)


def _product(a: Term, b: Term) -> Term:
    return ZERO if ZERO in (a, b) else f.Mul(a, b)


def _without(term: Term, factor: Term) -> Term | None:
    """A term divided by a factor that each of its summands has; None where one has not."""
    match term:
        case _ if term == factor:
            return f.term(1)
        case f.Neg(arg):
            return None if (less := _without(arg, factor)) is None else f.Neg(less)
        case f.Add(a, b):
            first, second = _without(a, factor), _without(b, factor)
            return None if first is None or second is None else f.Add(first, second)
        case f.Mul(a, b):
            if (less := _without(a, factor)) is not None:
                return b if less == f.term(1) else f.Mul(less, b)
            if (less := _without(b, factor)) is not None:
                return a if less == f.term(1) else f.Mul(a, less)
    return None


def _is_before(a: Step | None, b: Step | None) -> bool:
    return a is not None and b is not None and a.anchor == b.anchor and a.offset < b.offset


def jacobian(term: Term, by: Var, value: Term | None = None) -> Term | None:
    """How a term changes with a variable that stands in it; `value` is what the term is called."""
    if by not in variables(term):
        return None
    match term:
        case Var():
            return _identity(by)
        case f.Neg(arg):
            return _negated(jacobian(arg, by))
        case f.Add(a, b):
            return _plus(jacobian(a, by), jacobian(b, by))
        case f.MatMul(weights, x) if weights == by and len(shape(x)) == 1:
            return f.Outer(f.Eye(weights.axes[0]), x)
        case f.MatMul(a, b) if len(shape(b)) == 1:
            first = _chained(b, jacobian(a, by)) if len(shape(a)) == 1 and by in variables(a) else None
            if len(shape(a)) > 1 and by in variables(a):
                raise NoRule(str(term))
            inner = jacobian(b, by)
            return _plus(first, _chained(a, inner) if inner is not None else None)
        case f.Mul(a, b):
            return _plus(_scaled(a, jacobian(b, by), term), _scaled(b, jacobian(a, by), term))
        case f.Div(a, b):
            one = f.Div(f.term(1), b)
            below = _negated(_scaled(f.Div(a, f.Pow(b, 2)), jacobian(b, by), term))
            return _plus(_scaled(one, jacobian(a, by), term), below)
        case f.Pow(base, n):
            slope = f.Mul(f.term(n), base if n == 2 else f.Pow(base, n - 1))
            return _scaled(slope, jacobian(base, by), term)
        case f.Call(name, arg):
            return _scaled(_slope(name, arg, value), jacobian(arg, by), term)
        case f.Sum(arg, None) if len(shape(arg)) == 1:
            return _summed(jacobian(arg, by))
        case f.Softmax(arg) if len(shape(arg)) == 1:
            s = value if value is not None else term
            inner = jacobian(arg, by)
            return None if inner is None else _chained(f.Add(f.Diag(s), f.Neg(f.Outer(s, s))), inner)
    raise NoRule(str(term))


def _summed(inner: Term | None) -> Term | None:
    """The sum of the rows of a Jacobian."""
    match inner:
        case None:
            return None
        case f.Diag(arg):
            return arg
        case f.MatMul(f.Diag(arg), rest):
            return f.MatMul(arg, rest)
        case f.Neg(arg):
            return _negated(_summed(arg))
        case f.Add(a, b):
            return _plus(_summed(a), _summed(b))
    return f.MatMul(f.Ones(shape(inner)[:1]), inner)


def _slope(name: str, arg: Term, value: Term | None) -> Term:
    """f′(x), by f(x) where that has a name: 1 − h² for h = tanh(x)."""
    if value is not None and name in {"tanh", "sigmoid"}:
        return 1 - f.Pow(value, 2) if name == "tanh" else f.Mul(value, 1 - value)
    if name not in SLOPES:
        raise NoRule(name)
    return SLOPES[name](arg)


def _scaled(factor: Term, inner: Term | None, term: Term) -> Term | None:
    """A factor of every entry, times what it multiplies."""
    if inner is None:
        return None
    if not shape(factor):
        return inner if factor == f.term(1) else factor if inner == f.term(1) else f.Mul(factor, inner)
    if shape(factor) != shape(term) or len(shape(factor)) != 1:
        raise NoRule(str(term))
    return f.Outer(factor, inner) if len(shape(inner)) == 0 else _chained(f.Diag(factor), inner)


def _chained(outer: Term | None, inner: Term | None) -> Term:
    """The product of two Jacobians, without identities."""
    if outer is None or inner is None:
        raise NoRule("a derivative that is 0")
    if isinstance(inner, f.Eye) or inner == f.term(1):
        return outer
    if isinstance(outer, f.Eye) or outer == f.term(1):
        return inner
    if isinstance(outer, f.Neg):
        return f.Neg(_chained(outer.arg, inner))
    if isinstance(inner, f.Neg):
        return f.Neg(_chained(outer, inner.arg))
    if not shape(outer):
        return f.Mul(outer, inner)
    if isinstance(outer, f.Diag) and isinstance(inner, f.Diag):
        return f.Diag(f.Mul(outer.arg, inner.arg))
    if isinstance(inner, f.Diag) and len(shape(outer)) == 1:
        return f.Mul(outer, inner.arg)
    if isinstance(inner, f.Outer) and isinstance(inner.left, f.Eye):
        return f.Outer(outer, inner.right)
    if not shape(inner):
        return f.Mul(outer, inner)
    return f.MatMul(outer, inner)


def _identity(v: Var) -> Term:
    if len(v.axes) > 1:
        raise NoRule(f"{v} by itself")
    return f.Eye(v.axes[0]) if v.axes else f.term(1)


def _plus(a: Term | None, b: Term | None) -> Term | None:
    if a is None or b is None:
        return b if a is None else a
    return f.Add(a, b)


def _negated(a: Term | None) -> Term | None:
    return None if a is None else f.Neg(a)
