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
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache, reduce

from symbolic import terms as f
from symbolic.equality import Equality, symbols_of
from symbolic.model import Model, is_nonlinear, variables
from symbolic.notation import Axis, Index, Shape, Sizes, Step
from symbolic.shapes import shape
from symbolic.terms import LOSS, Term, Var, subterms

FURTHEST = 2


class NotUniform(Exception):
    """The formula is outside the small-model theorem, and why."""


@dataclass(frozen=True)
class Subscript:
    """A subscript in a product; running ones keep their name, so that equal names meet."""

    axis: Axis
    name: str | int


@dataclass(frozen=True)
class Factor:
    """A generator with its subscripts, to a power: a function of a term, or the term itself."""

    of: Term | None
    function: str
    subscripts: tuple[Subscript, ...]
    power: int = 1


@dataclass(frozen=True)
class Product:
    """One product: its factors and, axis by axis, the subscripts of the entry.

    A subscript that occurs twice in `free` is a δ.  `deltas` are δs of running subscripts.
    """

    factors: tuple[Factor, ...]
    free: tuple[Subscript, ...] = ()
    deltas: tuple[tuple[Subscript, Subscript], ...] = ()

    def rename(self, old: Subscript, new: Subscript) -> Product:
        def to(s: Subscript) -> Subscript:
            return new if s == old else s

        return Product(
            tuple(replace(x, subscripts=tuple(map(to, x.subscripts))) for x in self.factors),
            tuple(map(to, self.free)),
            tuple((to(i), to(j)) for i, j in self.deltas),
        )

    def covers(self, subscript: Subscript) -> bool:
        """Whether a generator that really depends on the subscript carries it."""
        return any(subscript in x.subscripts and x.function != "log" for x in self.factors)

    def subscripts(self) -> set[Subscript]:
        return {s for x in self.factors for s in x.subscripts} | set(self.free) | {s for d in self.deltas for s in d}


Sum = list[Product]
_fresh = itertools.count()


def bound(equality: Equality, assumes_target: bool) -> Sizes:
    """The smallest sizes at which the equality settles all sizes; raises NotUniform.

    `assumes_target`: it was shown under a hypothesis about the targets.
    """
    form, model = _IndexForm(equality), equality.model
    if not any(shape(s) for side in (equality.left, equality.right) for s in subterms(side)):
        return {}
    products = form.expand(equality.left) + form.expand(equality.right)

    def softmax_of(x: Factor) -> Term | None:
        return _softmax_argument(x, model)

    def target(x: Factor) -> Term | None:
        names = {y.name for y in model.targets} if model and assumes_target else set()
        return x.of if isinstance(x.of, Var) and x.of.name in names else None

    counts = Counter[Axis]()
    filled = [_filling(products, softmax_of, 0), _filling(products, target, 1)]
    for product, *extras in zip(products, *filled, strict=True):
        counts |= sum(extras, Counter(s.axis for s in product.subscripts()))
    return {axis: max(2, n) for axis, n in counts.items()}


def _filling(products: Sum, kind_of: Callable[[Factor], Term | None], least: int) -> list[Counter[Axis]]:
    """The subscripts that bring every product to the same degree in each kind of factor."""
    extras: list[Counter[Axis]] = [Counter() for _ in products]
    special = [(kind, x, p) for p in products for x in p.factors if (kind := kind_of(x)) is not None]
    for _, x, product in special:
        if any(s not in product.free and isinstance(s.name, int) for s in x.subscripts[:-1]):
            raise NotUniform("a sum over the rows of a softmax or a target")
    for kind in {kind for kind, _, _ in special}:
        degrees = [sum(x.power for x in p.factors if kind_of(x) == kind) for p in products]
        for extra, degree in zip(extras, degrees, strict=True):
            extra[shape(kind)[-1]] += max(least, *degrees) - degree
    return extras


class _IndexForm:
    """Expands terms; derivatives by the chain rule in index form, up to the same symbols."""

    def __init__(self, equality: Equality) -> None:
        self.model = equality.model
        self.logits = {logits.name for logits in equality.logits}
        self.opaque = {(n.of, n.by) for n in symbols_of(equality.right, equality.left)}

    def expand(self, term: Term) -> Sum:
        of = self.expand
        match term:
            case f.Const() | f.Reciprocal():
                return [Product(())]
            case f.Ones(axes):
                return [Product((), _subscripts(axes))]
            case f.Eye(axis):
                (i,) = _subscripts((axis,))
                return [Product((), (i, i))]
            case f.Delta(i, j):
                return [Product((), (), ((_named(i), _named(j)),))]
            case f.Var(axes=axes):
                return [_generator(term, "", axes)]
            case f.Add(left, right):
                axes = shape(term)
                return [_broadcast(p, axes) for p in of(left) + of(right)]
            case f.Neg(arg):
                return of(arg)
            case f.Mul(left, right):
                return _hadamard(of(left), of(right), shape(term))
            case f.Div(left, right):
                return _hadamard(of(left), self.inverse(right), shape(term))
            case f.Pow(base, exponent):
                one = of(base) if exponent >= 0 else self.inverse(base)
                result = [Product((), _subscripts(shape(base)))]
                for _ in range(abs(exponent)):
                    result = _hadamard(result, one, shape(base))
                return result
            case f.Call(name, arg):
                return self.function(name, arg)
            case f.Softmax(arg):
                return self.function("softmax", arg)
            case f.Indicator(arg):
                return of(arg)
            case f.MatMul(left, right):
                return [_contract(a, b, 1) for a, b in itertools.product(of(left), of(right))]
            case f.Transpose(arg):
                return [replace(p, free=p.free[::-1]) for p in of(arg)]
            case f.Outer(left, right):
                return [_contract(a, b, 0) for a, b in itertools.product(of(left), of(right))]
            case f.Diag(arg):
                return [replace(p, free=p.free + p.free) for p in of(arg)]
            case f.Inner(left, right):
                return self.expand(f.Sum(f.Mul(left, right)))
            case f.Sum(arg, axis):
                wanted = [n for n, a in enumerate(shape(arg)) if axis in (None, a)]
                return [_summed(p, wanted) for p in of(arg)]
            case f.Entry(arg, subscripts):
                return [_entry(p, [_named(s) for s in subscripts]) for p in of(arg)]
            case f.SumIndex(index, body):
                return [_bind(p, _named(index)) for p in of(body)]
            case f.SumSteps() | f.ProductSteps():
                return self.expand(_written_out(term))
            case f.Derivative(of=what, by=by, total=total, copy=copy):
                return self.derivative(what, by, total, copy)
        raise NotUniform(f"{type(term).__name__} is outside the theorem")

    def function(self, name: str, arg: Term) -> Sum:
        if isinstance(arg, f.Entry):
            return [_entry(p, [_named(s) for s in arg.subscripts]) for p in self.function(name, arg.arg)]
        plain = arg if isinstance(arg, Var) else _without_scalars(arg)
        if not isinstance(plain, Var) and shape(plain):
            raise NotUniform(f"a function of {arg}, not of a variable")
        return [_generator(arg, name, shape(arg))]

    def inverse(self, term: Term) -> Sum:
        match term:
            case f.Sum(f.Call("exp", arg), None) if len(shape(arg)) == 1:
                return [Product((Factor(arg, "normaliser", ()),))]
            case f.SumIndex(index, f.Call("exp", f.Entry(arg, subscripts))) if subscripts == (index,):
                return [Product((Factor(arg, "normaliser", ()),))]
        products = self.expand(term)
        if len(products) != 1 or any(isinstance(s.name, int) for s in products[0].subscripts() - {*products[0].free}):
            raise NotUniform("a quotient by a sum")
        (p,) = products
        return [replace(p, factors=tuple(replace(x, power=-x.power) for x in p.factors))]

    def derivative(self, what: Term, by: Var, total: bool, copy: Step | None) -> Sum:
        if not isinstance(what, Var):
            return self._through(what, self.expand(what), lambda used: self.adjoint(used, by))
        if not total:
            return self.tangent(what, by, only=what.step)
        if what.axes and not any(o == what for o, _ in self.opaque):
            return self.tangent(what, by, only=None)
        return self.adjoint(what, by, copy)

    def adjoint(self, of: Var, by: Var, copy: Step | None = None) -> Sum:
        at_head = by.name in self.logits and of in (LOSS, replace(self._model().step_loss, step=by.step))
        if at_head or ((of, by) in self.opaque and copy is None):
            return [_generator(None, "adjoint", of.axes + by.axes)]
        if of == by:
            return [_identity(by)]
        model = self._model()
        if of == LOSS and model.is_sequence and by.name == model.step_loss.name:
            return self.expand(model.scale)
        if by.step is None and copy is None and model.is_sequence:
            raise NotUniform("a parameter's gradient shown only as a whole sum")
        result: Sum = []
        for made, right in self._uses(by, copy):
            if _later(made, of):
                continue
            jacobian = _differentiated(self.expand(right), by)
            result += [_contract(a, b, len(made.axes)) for a in self.adjoint(of, made) for b in jacobian]
        return result

    def tangent(self, of: Var, by: Var, only: Step | None) -> Sum:
        if only is None and (of, by) in self.opaque:
            return [_generator(None, "adjoint", of.axes + by.axes)]
        if of == by:
            return [_identity(by)]
        made = self._model().by_name.get(of.name)
        if made is None or (only is not None and of.step != only):
            return []
        if _later(by, of) or by.name not in _ancestors(self._model(), of.name):
            return []
        self._near(of)
        right = made.right if of.step is None else _at(made.right, of.step)
        return self._through(right, self.expand(right), lambda used: self.tangent(used, by, only))

    def _through(self, right: Term, products: Sum, down: Callable[[Var], Sum]) -> Sum:
        result: Sum = []
        for used in variables(right):
            if inner := down(used):
                jacobian = _differentiated(products, used)
                result += [_contract(a, b, len(used.axes)) for a in jacobian for b in inner]
        return result

    def _uses(self, by: Var, copy: Step | None) -> Iterator[tuple[Var, Term]]:
        """Every equation that uses `by`, at the step at which it does."""
        self._near(by)
        for equation in self._model().equations:
            offsets = {v.step for v in variables(equation.right) if v.name == by.name}
            for offset in offsets:
                if equation.left.step is None:
                    yield equation.left, equation.right
                    continue
                where = copy if by.step is None or offset is None else by.step - offset.offset
                beyond = where is None or (where.anchor == "T" and where.offset > 0)
                if where is not None and not beyond and not (where.anchor == "" and where.offset < 1):
                    yield replace(equation.left, step=where), _at(equation.right, where)

    def _near(self, var: Var) -> None:
        if var.step is not None and abs(var.step.offset) > FURTHEST:
            raise NotUniform("it reaches beyond the neighbouring steps")

    def _model(self) -> Model:
        if self.model is None:
            raise NotUniform("a derivative of a variable without a model")
        return self.model


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
            new = {v.name for v in variables(made.right)} - found
            found |= new
            waiting += new
    return frozenset(found)


def _differentiated(products: Sum, by: Var) -> Sum:
    """∂ products / ∂ by: one factor at a time, its subscripts added to the entry's."""
    result: Sum = []
    for product in products:
        for n, x in enumerate(product.factors):
            if x.of is not None and x.of != by and by in variables(x.of):
                raise NotUniform(f"a derivative of a function of {x.of}, not of a variable")
            if x.of == by:
                others = product.factors[:n] + product.factors[n + 1 :]
                if x.power != 1:
                    others += (replace(x, power=x.power - 1),)
                for extra, subscripts in _rule(replace(x, power=1)):
                    result.append(Product(others + extra, product.free + subscripts, product.deltas))
    return result


def _rule(x: Factor) -> list[tuple[tuple[Factor, ...], tuple[Subscript, ...]]]:
    """The products in the derivative of one generator, each with the subscripts of the entry."""
    here = x.subscripts
    match x.function:
        case "":
            return [((), here)]
        case "exp":
            return [((x,), here)]
        case "sigmoid":
            return [((x,), here), ((replace(x, power=2),), here)]
        case "tanh":
            return [((), here), ((replace(x, power=2),), here)]
        case "log":
            return [((replace(x, function="", power=-1),), here)]
        case "softmax":
            (other,) = _subscripts((here[-1].axis,))
            there = (*here[:-1], other)
            return [((x,), here), ((x, replace(x, subscripts=there)), there)]
        case "normaliser" if x.of is not None:
            there = _subscripts(shape(x.of))
            return [((replace(x, power=2), Factor(x.of, "exp", there)), there)]
    raise NotUniform(f"no rule for {x.function}")


def _subscripts(axes: Shape) -> tuple[Subscript, ...]:
    return tuple(Subscript(axis, next(_fresh)) for axis in axes)


def _named(subscript: int | Index) -> Subscript:
    if isinstance(subscript, int):
        raise NotUniform(f"it names the entry {subscript}")
    return Subscript(subscript.axis, subscript.name)


def _generator(of: Term | None, function: str, axes: Shape) -> Product:
    subscripts = _subscripts(axes)
    return Product((Factor(of, function, subscripts),), subscripts)


def _identity(var: Var) -> Product:
    subscripts = _subscripts(var.axes)
    return Product((), subscripts + subscripts)


def _without_scalars(arg: Term) -> Term:
    """o of o + s: a scalar that is added to every entry changes no subscript."""
    if isinstance(arg, f.Add):
        if not any(v.axes for v in variables(arg.right)):
            return arg.left
        if not any(v.axes for v in variables(arg.left)):
            return arg.right
    return arg


def _copy(product: Product) -> Product:
    """The same product with fresh subscripts, so that two factors never share a bound one."""
    for s in product.subscripts():
        if isinstance(s.name, int):
            product = product.rename(s, Subscript(s.axis, next(_fresh)))
    return product


def _joined(a: Product, b: Product, pairs: Iterable[tuple[int, int]]) -> Product:
    """a·b with the given positions of a's and b's entries made the same subscript."""
    b = _copy(b)
    whole = Product(a.factors + b.factors, a.free + b.free, a.deltas + b.deltas)
    for p, q in pairs:
        whole = whole.rename(whole.free[len(a.free) + q], whole.free[p])
    return whole


def _contract(a: Product, b: Product, n: int) -> Product:
    start = len(a.free) - n
    whole = _joined(a, b, ((start + i, i) for i in range(n)))
    return _summed(
        replace(whole, free=whole.free[: len(a.free)] + whole.free[len(a.free) + n :]), range(start, start + n)
    )


def _hadamard(left: Sum, right: Sum, axes: Shape) -> Sum:
    pairs = [(i, i) for i in range(len(axes))]
    return [
        replace(whole, free=whole.free[: len(axes)])
        for a, b in itertools.product(left, right)
        for whole in [_joined(_broadcast(a, axes), _broadcast(b, axes), pairs)]
    ]


def _broadcast(product: Product, axes: Shape) -> Product:
    missing = len(axes) - len(product.free)
    return replace(product, free=_subscripts(axes[:missing]) + product.free)


def _summed(product: Product, positions: Iterable[int]) -> Product:
    """The product with these positions of its entry summed over."""
    gone = set(positions)
    left = replace(product, free=tuple(s for n, s in enumerate(product.free) if n not in gone))
    for n in gone:
        _check_covered(left, product.free[n])
    return left


def _entry(product: Product, subscripts: list[Subscript]) -> Product:
    for position, subscript in enumerate(subscripts):
        here = product.free[position]
        if isinstance(here.name, int):
            product = product.rename(here, subscript)
        elif here != subscript:
            product = replace(product, deltas=(*product.deltas, (here, subscript)))
    return replace(product, free=())


def _bind(product: Product, running: Subscript) -> Product:
    for pair in product.deltas:
        if running in pair:
            other = pair[0] if pair[1] == running else pair[1]
            rest = tuple(d for d in product.deltas if d != pair)
            return replace(product, deltas=rest).rename(running, other)
    _check_covered(product, running)
    return product.rename(running, Subscript(running.axis, next(_fresh)))


def _check_covered(product: Product, subscript: Subscript) -> None:
    if subscript not in product.free and not product.covers(subscript):
        raise NotUniform(f"a bare sum over {subscript.axis}, which depends on its size")


def _at(term: Term, where: Step, index: str = "t") -> Term:
    """The term with another step for t."""
    parts: dict[str, Term | Step] = {}
    for name, value in vars(term).items():
        if isinstance(value, Term):
            parts[name] = _at(value, where, index)
        elif isinstance(value, Step) and value.anchor == index:
            parts[name] = where + value.offset
    return replace(term, **parts)


def _written_out(term: f.SumSteps | f.ProductSteps) -> Term:
    """A sum or product of a known number of steps, with its + or @."""
    if term.first.anchor != term.last.anchor or term.last.offset < term.first.offset:
        raise NotUniform("a sum or product over steps, of any length")
    offsets = range(term.first.offset, term.last.offset + 1)
    parts = [_at(term.body, Step(term.first.anchor, offset), term.index) for offset in offsets]
    return reduce(f.Add, parts) if isinstance(term, f.SumSteps) else reduce(f.MatMul, reversed(parts))


def _softmax_argument(x: Factor, model: Model | None) -> Term | None:
    """What the softmax in a factor is taken of: each has its own 1/Σ exp."""
    if x.function in ("softmax", "normaliser"):
        return x.of
    if x.function or not isinstance(x.of, Var) or model is None or x.of.name not in model.by_name:
        return None
    right = model.by_name[x.of.name].right
    if isinstance(right, f.Softmax):
        return right.arg if x.of.step is None else _at(right.arg, x.of.step)
    if is_nonlinear(right) and not all(isinstance(s, f.Var | f.Call | f.Mul) for s in subterms(right)):
        raise NotUniform(f"{x.of.name} is not a product of functions of variables")
    return None
