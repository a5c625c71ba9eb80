"""Products of generators with subscripts: a formula at any size.

In:  generators, and what linear algebra does to subscripts.
Out: `Product` and the operations on sums of them.  A subscript of the entry that occurs
twice is a δ; one that occurs in no place of the entry is summed over, and must be carried
by a generator (`NotUniform` otherwise: a bare sum depends on the size).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from symbolic.model import variables
from symbolic.notation import Axis, Index, Shape
from symbolic.shapes import shape
from symbolic.terms import Term, Var


class NotUniform(Exception):
    """The formula is outside the small-model theorem, and why."""


class Subscript(NamedTuple):
    """A subscript in a product; running ones keep their name, so that equal names meet."""

    axis: Axis
    name: str | int


class Factor(NamedTuple):
    """A generator with its subscripts, to a power: a function of a term, or the term itself.

    `free`: no equation writes it by others, so that only its own inverse can cancel it.
    """

    of: Term | None
    function: str
    subscripts: tuple[Subscript, ...]
    power: int = 1
    free: bool = False


class Product(NamedTuple):
    """One product: its factors and, axis by axis, the subscripts of the entry.

    A subscript that occurs twice in `free` is a δ.  `deltas` are δs of running subscripts.
    """

    factors: tuple[Factor, ...]
    free: tuple[Subscript, ...] = ()
    deltas: tuple[tuple[Subscript, Subscript], ...] = ()

    def rename(self, old: Subscript, new: Subscript) -> Product:
        return self.renamed({old: new})

    def renamed(self, names: Mapping[Subscript, Subscript]) -> Product:
        def to(subscripts: tuple[Subscript, ...]) -> tuple[Subscript, ...]:
            return tuple(names.get(s, s) for s in subscripts)

        factors = (Factor(x.of, x.function, to(x.subscripts), x.power, x.free) for x in self.factors)
        deltas = [(names.get(i, i), names.get(j, j)) for i, j in self.deltas]
        return Product(tuple(factors), to(self.free), tuple((i, j) for i, j in deltas if i != j))

    def covers(self, subscript: Subscript) -> bool:
        """Whether a generator carries the subscript that nothing in the product can cancel."""
        carrying = [x for x in self.factors if subscript in x.subscripts and x.function != "log"]
        inverted = {x.of for x in carrying if x.power < 0}
        return any(x.power > 0 and (not inverted or (x.free and x.of not in inverted)) for x in carrying)

    def subscripts(self) -> set[Subscript]:
        return {s for x in self.factors for s in x.subscripts} | set(self.free) | {s for d in self.deltas for s in d}


Sum = list[Product]
_fresh = itertools.count()


def differentiated(products: Sum, by: Var) -> Sum:
    """∂ products / ∂ by: one factor at a time, its subscripts added to the entry's."""
    result: Sum = []
    for product in products:
        for n, x in enumerate(product.factors):
            if x.of is not None and x.of != by and by in variables(x.of):
                raise NotUniform(f"a derivative of a function of {x.of}, not of a variable")
            if x.of == by:
                others = product.factors[:n] + product.factors[n + 1 :]
                if x.power != 1:
                    others += (x._replace(power=x.power - 1),)
                for extra, subscripts in _rule(x._replace(power=1)):
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
            return [((x,), here), ((x._replace(power=2),), here)]
        case "tanh":
            return [((), here), ((x._replace(power=2),), here)]
        case "log":
            return [((x._replace(function="", power=-1),), here)]
        case "softmax":
            (other,) = fresh_subscripts((here[-1].axis,))
            there = (*here[:-1], other)
            return [((x,), here), ((x, x._replace(subscripts=there)), there)]
        case "normaliser" if x.of is not None:
            there = fresh_subscripts(shape(x.of))
            return [((x._replace(power=2), Factor(x.of, "exp", there)), there)]
    raise NotUniform(f"no rule for {x.function}")


def fresh_subscripts(axes: Shape) -> tuple[Subscript, ...]:
    return tuple(Subscript(axis, next(_fresh)) for axis in axes)


def running(subscript: int | Index) -> Subscript:
    if isinstance(subscript, int):
        raise NotUniform(f"it names the entry {subscript}")
    return Subscript(subscript.axis, subscript.name)


def generator(of: Term | None, function: str, axes: Shape, free: bool = False) -> Product:
    subscripts = fresh_subscripts(axes)
    return Product((Factor(of, function, subscripts, free=free),), subscripts)


def identity(var: Var) -> Product:
    subscripts = fresh_subscripts(var.axes)
    return Product((), subscripts + subscripts)


def _copy(product: Product) -> Product:
    """The same product with fresh subscripts, so that two factors never share a bound one."""
    bound = [s for s in product.subscripts() if isinstance(s.name, int)]
    return product.renamed({s: Subscript(s.axis, next(_fresh)) for s in bound})


def _joined(a: Product, b: Product, pairs: Iterable[tuple[int, int]]) -> Product:
    """a·b with the given positions of a's and b's entries made the same subscript."""
    b = _copy(b)
    whole = Product(a.factors + b.factors, a.free + b.free, a.deltas + b.deltas)
    for p, q in pairs:
        whole = whole.rename(whole.free[len(a.free) + q], whole.free[p])
    return whole


def contracted(a: Product, b: Product, n: int) -> Product:
    start = len(a.free) - n
    whole = _joined(a, b, ((start + i, i) for i in range(n)))
    return summed(
        whole._replace(free=whole.free[: len(a.free)] + whole.free[len(a.free) + n :]), range(start, start + n)
    )


def hadamard(left: Sum, right: Sum, axes: Shape) -> Sum:
    pairs = [(i, i) for i in range(len(axes))]
    return [
        whole._replace(free=whole.free[: len(axes)])
        for a, b in itertools.product(left, right)
        for whole in [_joined(broadcast(a, axes), broadcast(b, axes), pairs)]
    ]


def broadcast(product: Product, axes: Shape) -> Product:
    missing = len(axes) - len(product.free)
    return product._replace(free=fresh_subscripts(axes[:missing]) + product.free)


def summed(product: Product, positions: Iterable[int]) -> Product:
    """The product with these positions of its entry summed over."""
    gone = set(positions)
    left = product._replace(free=tuple(s for n, s in enumerate(product.free) if n not in gone))
    for n in gone:
        _check_covered(left, product.free[n])
    return left


def entry_of(product: Product, subscripts: list[Subscript]) -> Product:
    for position, subscript in enumerate(subscripts):
        here = product.free[position]
        if isinstance(here.name, int):
            product = product.rename(here, subscript)
        elif here != subscript:
            product = product._replace(deltas=(*product.deltas, (here, subscript)))
    return product._replace(free=())


def bound_over(product: Product, running: Subscript) -> Product:
    for pair in product.deltas:
        if running in pair:
            other = pair[0] if pair[1] == running else pair[1]
            rest = tuple(d for d in product.deltas if d != pair)
            return product._replace(deltas=rest).rename(running, other)
    _check_covered(product, running)
    return product.rename(running, Subscript(running.axis, next(_fresh)))


def _check_covered(product: Product, subscript: Subscript) -> None:
    if subscript not in product.free and not product.covers(subscript):
        raise NotUniform(f"a bare sum over {subscript.axis}, which depends on its size")
