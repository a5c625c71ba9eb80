"""One entry of a term, as a term again: matrix products become sums of products.

In:  a well typed term and the subscripts of an entry.
Out: a scalar term.  With sizes every sum over an axis is written out, summand by summand
     in the order it is read; without, it stays Σ with a subscript of its own.
Steps stay as they are written: `t` is no number here, which is what tells this from
`elementwise`.  Products with 0 and 1, as a diagonal matrix brings them, are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import reduce
from itertools import product

from symbolic import terms as f
from symbolic.notation import Axis, Index, Shape, Sizes, Subscript
from symbolic.shapes import shape
from symbolic.terms import Const, Entry, SumIndex, Term, subterms, term

Subscripts = tuple[Subscript, ...]
Bound = Mapping[str, int]
ZERO, ONE = Const(Fraction(0)), Const(Fraction(1))


def entry(whole: Term, subscripts: Subscripts, sizes: Sizes | None = None, bound: Bound | None = None) -> Term:
    """The entry of a term; `bound` gives running subscripts their values."""
    return _Writer(sizes, bound or {}, names(whole) | {str(s) for s in subscripts}).entry(whole, subscripts)


def fresh_indices(axes: Shape, used: frozenset[str] | set[str]) -> tuple[Index, ...]:
    """A running subscript for each axis, none of them named like anything in `used`."""
    chosen: list[Index] = []
    for axis in axes:
        letters = CUSTOMARY.get(axis.name, "") + "ijklmnpqrs"
        taken = used | {index.name for index in chosen}
        chosen.append(Index(next((c for c in letters if c not in taken), f"i_{len(taken)}"), axis))
    return tuple(chosen)


CUSTOMARY = {"K": "k", "N": "n"}


def names(whole: Term) -> frozenset[str]:
    """Every name that occurs in a term: of arrays, steps and subscripts."""
    found: set[str] = set()
    for s in subterms(whole):
        match s:
            case f.Var(name, step=step):
                found |= {name} | ({step.anchor} if step else set())
            case f.Entry(_, subscripts):
                found |= {str(i) for i in subscripts}
            case f.Delta(i, j):
                found |= {str(i), str(j)}
            case f.SumIndex(index):
                found.add(index.name)
            case f.SumSteps(step_index, first, last) | f.ProductSteps(step_index, first, last):
                found |= {step_index, first.anchor, last.anchor}
    return frozenset(found)


@dataclass(frozen=True)
class _Writer:
    sizes: Sizes | None
    bound: Bound
    used: frozenset[str] = field(default_factory=frozenset)

    def entry(self, whole: Term, subscripts: Subscripts) -> Term:
        def own(part: Term) -> Term:
            """The operand's entry: an operand of lower rank is broadcast over the leading axes."""
            return self.entry(part, subscripts[len(subscripts) - len(shape(part)) :])

        match whole:
            case f.Const() | f.Reciprocal():
                return whole
            case f.Ones():
                return ONE
            case f.Eye():
                return self.delta(*subscripts)
            case f.Delta(i, j):
                return self.delta(i, j)
            case f.Var() | f.Derivative() | f.ProductSteps():
                return Entry(whole, subscripts) if subscripts else whole
            case f.Indicator():
                return Entry(whole, subscripts)
            case f.Add(left, right):
                return plus(own(left), own(right))
            case f.Neg(arg):
                return minus(own(arg))
            case f.Mul(left, right):
                return times(own(left), own(right))
            case f.Div(left, right):
                return f.Div(own(left), own(right))
            case f.Pow(base, exponent):
                return f.Pow(own(base), exponent)
            case f.Call(name, arg):
                return f.Call(name, own(arg))
            case f.Softmax(arg):
                row, last = subscripts[:-1], shape(arg)[-1:]
                return f.Div(f.exp(own(arg)), self.sum(last, lambda w, k: f.exp(w.entry(arg, row + k))))
            case f.MatMul(f.Diag(arg), right):
                return times(self.entry(arg, subscripts[:1]), self.entry(right, subscripts))
            case f.MatMul(left, f.Diag(arg)):
                return times(self.entry(left, subscripts), self.entry(arg, subscripts[-1:]))
            case f.MatMul(left, right):
                *kept, summed = shape(left)
                ahead, behind = subscripts[: len(kept)], subscripts[len(kept) :]
                return self.sum((summed,), lambda w, k: times(w.entry(left, ahead + k), w.entry(right, k + behind)))
            case f.Transpose(arg):
                return self.entry(arg, subscripts[::-1])
            case f.Outer(left, right):
                rank = len(shape(left))
                return times(self.entry(left, subscripts[:rank]), self.entry(right, subscripts[rank:]))
            case f.Diag(arg):
                return times(self.delta(*subscripts), self.entry(arg, subscripts[:1]))
            case f.Inner(left, right):
                return self.sum(shape(left), lambda w, k: times(w.entry(left, k), w.entry(right, k)))
            case f.Sum(arg, None):
                return self.sum(shape(arg), lambda w, k: w.entry(arg, k))
            case f.Sum(arg, Axis() as axis):
                at = shape(arg).index(axis)
                ahead, behind = subscripts[:at], subscripts[at:]
                return self.sum((axis,), lambda w, k: w.entry(arg, ahead + k + behind))
            case f.Entry(arg, inner):
                return self.entry(arg, tuple(self.value(s) for s in inner))
            case f.SumIndex(index, body):
                return self.sum_over(index, body)
            case f.SumSteps(index, first, last, body):
                return f.SumSteps(index, first, last, self.entry(body, subscripts))
        raise TypeError(f"not a term of the formula language: {whole!r}")

    def sum(self, axes: Shape, summand: Callable[[_Writer, Subscripts], Term]) -> Term:
        if self.sizes is not None:
            return reduce(plus, (summand(self, k) for k in product(*(self.places(axis) for axis in axes))))
        indices = fresh_indices(axes, self.used)
        writer = replace(self, used=self.used | {index.name for index in indices})
        return reduce(lambda body, index: SumIndex(index, body), reversed(indices), summand(writer, indices))

    def sum_over(self, index: Index, body: Term) -> Term:
        if self.sizes is None:
            others = {name: p for name, p in self.bound.items() if name != index.name}
            return SumIndex(index, replace(self, bound=others).entry(body, ()))
        each = (replace(self, bound={**self.bound, index.name: p}) for p in self.places(index.axis))
        return reduce(plus, (writer.entry(body, ()) for writer in each))

    def places(self, axis: Axis) -> range:
        assert self.sizes is not None
        return range(1, self.sizes.get(axis, axis.size) + 1)

    def value(self, subscript: Subscript) -> Subscript:
        return self.bound.get(subscript.name, subscript) if isinstance(subscript, Index) else subscript

    def delta(self, i: Subscript, j: Subscript) -> Term:
        i, j = self.value(i), self.value(j)
        if i == j:
            return ONE
        return ZERO if isinstance(i, int) and isinstance(j, int) else f.Delta(i, j)


def plus(left: Term, right: Term) -> Term:
    return right if left == ZERO else left if right == ZERO else left + right


def minus(arg: Term) -> Term:
    return ZERO if arg == ZERO else -arg


def times(left: Term, right: Term) -> Term:
    if ZERO in (left, right):
        return term(0)
    return right if left == ONE else left if right == ONE else left * right
