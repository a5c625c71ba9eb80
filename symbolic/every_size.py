"""At which sizes does a proof settle all sizes?

In:  an equality that was shown by summand, with the right side's adjoints as symbols.
Out: a bound {axis: size}, or `NotUniform` with the reason why there is none.

Both sides are written in index form: sums of products of generators, each with its
subscripts, over bound subscripts.  A subscript bound by a δ is eliminated; every other
bound subscript must occur in a generator of its product.  Then (small-model theorem) let k
be the largest number of different subscripts on an axis in one product, on either side:
equal at one size ≥ k is equal at every size.  For the coefficient of a monomial counts the
assignments of the bound subscripts that produce it, and all their values occur in the
monomial or in the entry; so it does not depend on the size, and renaming values leaves it
alone, so that at most k different values ever need to be looked at.

Three corrections: 1/Σ_k exp(o_k) is multiplied away, which adds a subscript for each power;
Σ_k y_k = 1 is used by filling up with Σ_k y_k to the same degree, which adds one for each
degree that lacks; 1/n and 1/T are free scalars.  What is not of this form (bare sums, named
entries, products over steps, quotients by sums) gets no bound.

Two free steps k ≤ t are far apart at first.  Where they are closer, generators may coincide: no
product gets more subscripts by that.  But where a derivative becomes that of a variable by
itself, or one of the symbols, the form is another one, and is counted for itself.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import replace
from functools import cache, reduce

from symbolic import terms as f
from symbolic.equality import CHOICES, Equality
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
from symbolic.model import Model, made_from, variables
from symbolic.notation import Axis, Sizes, Step
from symbolic.shapes import axes_in, shape
from symbolic.terms import LOSS, Term, Var, free_anchors, moved, subterms

__all__ = ["NotUniform", "bound"]

FURTHEST = 2
Chain = tuple[Term, Term]


def bound(equality: Equality, assumes_target: bool) -> Sizes:
    """The smallest sizes at which the equality, and all it rests on, settles all sizes; raises NotUniform.

    `assumes_target`: it was shown under a hypothesis about the targets.
    """
    least = _Sides(equality, assumes_target).bound()
    for lemma in equality.rests():
        least |= _Sides(lemma, assumes_target=False).bound()
    return dict(least)


class _Sides:
    """The two sides of an equality, and what stays a symbol in them."""

    def __init__(self, equality: Equality, assumes_target: bool) -> None:
        self.equality, self.model = equality, equality.model
        self.targets = {y.name for y in equality.targets} if assumes_target else set()
        self.steps = equality.mentioned - {loop.index for loop in equality.loops} | {*equality.anchors}
        self.opaque = {(n.of, n.by) for n in equality.symbols(CHOICES[0]) if n.of != n.by}

    def bound(self) -> Counter[Axis]:
        """Of two steps k ≤ t the bound far apart, and at every gap at which one derivative becomes another."""
        equality, model = self.equality, self.model
        if not axes_in(equality.left) | axes_in(equality.right) and not (model and model.axes):
            return Counter()
        pair = len(self.steps) == 2 and {*self.steps} == {*equality.anchors} and "t" in self.steps
        if len(self.steps) > 1 and (not pair or equality.loops):
            raise NotUniform("steps that may coincide")
        self.refuse_functions_of_targets()
        form = self.form(self.opaque)
        least = self.counted(form, equality.left, equality.right)
        for gap in form.close_gaps() if pair else ():
            (near,) = ({k: Step("t", -gap)} for k in self.steps if k != "t")
            there = {(moved(of, near), moved(by, near)) for of, by in self.opaque}
            form = self.form({(of, by) for of, by in there if of != by})
            least |= self.counted(form, moved(equality.left, near), moved(equality.right, near))
        return least

    def refuse_functions_of_targets(self) -> None:
        """Where Σ_k y_k = 1, Π_k exp(y_k) = e: that relation has as many factors as there are classes."""
        known = {*self.targets}.union(*(made_from(self.model, y) for y in self.targets if self.model))
        for s in self.equality.written if known else ():
            if isinstance(s, f.Call | f.Softmax) and any(v.name in known for v in variables(s.arg)):
                raise NotUniform(f"a function of a target: {s}")

    def form(self, opaque: Set[Chain]) -> _IndexForm:
        logits = {v.name for v in self.equality.logits}
        return _IndexForm(self.model, logits, opaque, bottleneck=self.equality.bottleneck)

    def counted(self, form: _IndexForm, left: Term, right: Term) -> Counter[Axis]:
        """The largest number of subscripts on each axis in one product."""
        products = form.expand(left) + form.expand(right)
        self.refuse_hidden_inverses(products)
        if self.model is None:
            _refuse_related_functions(products)
        running_free = {running(index) for index in self.equality.indices}
        counts = Counter[Axis]()
        filled = [_filling(products, self.softmax_of, 0), _filling(products, self.target, 1)]
        for product, *extras in zip(products, *filled, strict=True):
            counts |= sum(extras, Counter(s.axis for s in product.subscripts() | running_free))
        return Counter({axis: max(2, n) for axis, n in counts.items()})

    def softmax_of(self, x: Factor) -> Term | None:
        return _softmax_argument(x, self.model)

    def target(self, x: Factor) -> Term | None:
        if not isinstance(x.of, Var):
            return None
        if self.model and _is_unfolded(x.of, self.model):
            if any(x.of.name in made_from(self.model, y) for y in self.targets):
                raise NotUniform(f"a target inside {x.of.name}")
            return None
        return x.of if x.of.name in self.targets else None

    def refuse_hidden_inverses(self, products: Sum) -> None:
        """The inverse of a product, or of a logarithm, may cancel a factor that bears another name."""
        for x in (x for product in products for x in product.factors if x.power < 0):
            if x.function == "log" or (isinstance(x.of, Var) and not x.function and self.is_product(x.of)):
                raise NotUniform(f"a quotient by {x.function} {x.of}, in which other factors may be")

    def is_product(self, var: Var) -> bool:
        """Whether what is unfolded for a variable is more than one function of one."""
        if self.model is None or not _is_unfolded(var, self.model):
            return False
        return not isinstance(self.model.by_name[var.name].right, f.Call | f.Softmax)


def _refuse_related_functions(products: Sum) -> None:
    """Written by exp, tanh and σ know of each other: one may carry a subscript that another cancels."""
    factors = [x for p in products for x in p.factors]
    functions = {(x.function, x.of) for x in factors if x.function in ("exp", "tanh", "sigmoid")}
    if functions:
        functions |= {("exp", x.of) for x in factors if x.function in ("softmax", "normaliser")}
    summed_over = any(isinstance(s.name, int) and s not in p.free for p in products for s in p.subscripts())
    if len(functions) > 1 and summed_over:
        raise NotUniform("a sum over functions that are related by exp")


def _filling(products: Sum, kind_of: Callable[[Factor], Term | None], least: int) -> list[Counter[Axis]]:
    """The subscripts that bring every product to the same degree in each kind of factor."""
    extras: list[Counter[Axis]] = [Counter() for _ in products]
    special = [(kind, x, p) for p in products for x in p.factors if (kind := kind_of(x)) is not None]
    if len({step for kind, _, _ in special for step in free_anchors(kind)}) > 1:
        raise NotUniform("a softmax or a target at steps that may coincide")
    for _, x, product in special:
        if any(s not in product.free and isinstance(s.name, int) for s in x.subscripts[:-1]):
            raise NotUniform("a sum over the rows of a softmax or a target")
    for kind in {kind for kind, _, _ in special}:
        if len({_row(x, p) for one, x, p in special if one == kind}) > 1:
            raise NotUniform("two rows of a softmax or a target")
        degrees = [sum(x.power for x in p.factors if kind_of(x) == kind) for p in products]
        for extra, degree in zip(extras, degrees, strict=True):
            extra[shape(kind)[-1]] += max(least, *degrees) - degree
    return extras


def _row(x: Factor, product: Product) -> tuple[object, ...]:
    """Which row of a softmax or a target a factor stands in, in terms of the entry."""
    return tuple(product.free.index(s) if s in product.free else s for s in x.subscripts[:-1])


class _IndexForm:
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
                return [generator(term, "", axes, free=not _is_unfolded(term, self.model))]
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
                return [replace(p, free=p.free[::-1]) for p in of(arg)]
            case f.Outer(left, right):
                return [contracted(a, b, 0) for a, b in itertools.product(of(left), of(right))]
            case f.Diag(arg):
                return [replace(p, free=p.free + p.free) for p in of(arg)]
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
            _is_unfolded(var, self.model)

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
        return [replace(p, factors=tuple(replace(x, power=-x.power) for x in p.factors))]

    def derivative(self, what: Term, by: Var, total: bool, copy: Step | None) -> Sum:
        if not isinstance(what, Var):
            if any(s == LOSS or isinstance(s, f.Derivative | f.SumSteps | f.ProductSteps) for s in subterms(what)):
                raise NotUniform("the loss, a derivative or a sum over steps inside what is differentiated")
            return self._through(
                variables(what),
                lambda used: differentiated(_IndexForm(self.model, by=used).expand(what), used),
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

    def _through(self, made_from: Sequence[Var], jacobian: Callable[[Var], Sum], down: Callable[[Var], Sum]) -> Sum:
        result: Sum = []
        for used in made_from:
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
    return differentiated(_IndexForm(model, by=used).expand(_right_side(model, made)), used)


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


def _softmax_argument(x: Factor, model: Model | None) -> Term | None:
    """What the softmax in a factor is taken of: each has its own 1/Σ exp."""
    if x.function in ("softmax", "normaliser"):
        return x.of
    if x.function or not isinstance(x.of, Var) or not _is_unfolded(x.of, model):
        return None
    assert model is not None
    right = model.by_name[x.of.name].right
    if isinstance(right, f.Softmax):
        return right.arg if x.of.step is None else moved(right.arg, {"t": x.of.step})
    return None


def _is_unfolded(var: Var, model: Model | None) -> bool:
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
