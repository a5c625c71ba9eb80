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
entries, products over steps, quotients by sums, quotients in which a factor hides, functions of
targets under a hypothesis about them) gets no bound.

Two free steps k ≤ t are far apart at first.  Where they are closer, generators may coincide: no
product gets more subscripts by that.  But where a derivative becomes that of a variable by
itself, or one of the symbols, the form is another one, and is counted for itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Set

from symbolic import terms as f
from symbolic.equality import CHOICES, Equality
from symbolic.expansion import Chain, IndexForm, is_unfolded
from symbolic.index_form import Factor, NotUniform, Product, Sum, running
from symbolic.model import Model, made_from, variables
from symbolic.notation import Axis, Sizes, Step
from symbolic.shapes import axes_in, shape
from symbolic.terms import Term, Var, free_anchors, moved

__all__ = ["NotUniform", "bound"]


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

    def form(self, opaque: Set[Chain]) -> IndexForm:
        logits = {v.name for v in self.equality.logits}
        return IndexForm(self.model, logits, opaque, bottleneck=self.equality.bottleneck)

    def counted(self, form: IndexForm, left: Term, right: Term) -> Counter[Axis]:
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
        if self.model and is_unfolded(x.of, self.model):
            if any(x.of.name in made_from(self.model, y) for y in self.targets):
                raise NotUniform(f"a target inside {x.of.name}")
            return None
        return x.of if x.of.name in self.targets else None

    def refuse_hidden_inverses(self, products: Sum) -> None:
        """The inverse of a product, or of a logarithm, may cancel a factor that bears another name."""
        for x in (x for product in products for x in product.factors if x.power < 0):
            if x.function == "log" or (isinstance(x.of, Var) and not x.function and self.is_product(x.of)):
                raise NotUniform(f"a quotient by {x.of}, in which other factors may be")

    def is_product(self, var: Var) -> bool:
        """Whether what is unfolded for a variable is more than one function of one."""
        if self.model is None or not is_unfolded(var, self.model):
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


def _softmax_argument(x: Factor, model: Model | None) -> Term | None:
    """What the softmax in a factor is taken of: each has its own 1/Σ exp."""
    if x.function in ("softmax", "normaliser"):
        return x.of
    if x.function or not isinstance(x.of, Var) or not is_unfolded(x.of, model):
        return None
    assert model is not None
    right = model.by_name[x.of.name].right
    if isinstance(right, f.Softmax):
        return right.arg if x.of.step is None else moved(right.arg, {"t": x.of.step})
    return None
