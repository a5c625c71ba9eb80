"""A product of Jacobians along the sequence is one Jacobian: Π_{j=f+1}^{n} ∂s_j/∂s_{j−1} = ∂s_n/∂s_f.

In:  two sides in which a product runs over more steps in a longer sequence.
Out: the same with derivatives of a state s instead, and the lemmas under which that is right:
     each factor is ∂s_t/∂s_{t−1}, and what s_f does to s_{t+1} it does through s_t.

By induction on n, from the empty product, the identity, at n = f.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from symbolic.model import Model, outside_sums
from symbolic.notation import Step
from symbolic.shapes import shape
from symbolic.terms import Derivative, ProductSteps, SumSteps, Term, Var, d, free_anchors, moved, subterms

Pair = tuple[Term, Term]


def telescoped(left: Term, right: Term, model: Model | None) -> Iterator[tuple[Term, Term, tuple[Pair, ...]]]:
    """Both sides without such products, and the lemmas; once for every state that it may be."""
    loops = [s for side in (left, right) for s in subterms(side) if isinstance(s, SumSteps | ProductSteps)]
    products = {s for s in loops if isinstance(s, ProductSteps) and s.first.anchor != s.last.anchor}
    differentiated = {s for side in (left, right) for each in subterms(side) for s in _differentiated(each)}
    if model is None or not products or products & differentiated:
        return
    bound = {s.index for s in loops}
    free = free_anchors(left) | free_anchors(right)
    if bound & {"", "T"} or not all(_is_along(p, free - bound) for p in products):
        return
    for state in (var for name, var in model.arrays.items() if name in model.with_initial):
        if all(shape(p) == state.axes * 2 for p in products):
            instead: dict[Term, Term] = {p: d(state[p.last], state[p.first - 1]) for p in products}
            lemmas = tuple(lemma for p in products for lemma in _lemmas(p, state))
            yield _replaced(left, instead), _replaced(right, instead), lemmas


def _differentiated(term: Term) -> Iterator[Term]:
    """All that stands in what is differentiated: a product there has other partial derivatives than what it equals."""
    if isinstance(term, Derivative):
        yield from subterms(term.of)


def _is_along(product: ProductSteps, free: frozenset[str]) -> bool:
    """Whether it runs forwards at every place, from a step that exists, over factors that know of no other step.

    Where it runs past the end it has factors, and they do not exist either.
    """
    first, last = product.first, product.last
    known = first.anchor in free | {""} and last.anchor in free & {"t"} | {"T"}
    begins = first.offset in ((1, 2) if first.anchor == "" else (0, 1))
    forwards = last.offset - first.offset >= (-2 if first.anchor == "" else -1)
    read = [v for v in outside_sums(product.body) if isinstance(v, Var)]
    own = [v.step.offset for v in read if v.step and v.step.anchor == product.index]
    ends = last.offset <= 0 or max(own, default=-1) >= 0
    return known and begins and forwards and ends and free_anchors(product.body) <= {product.index}


def _lemmas(product: ProductSteps, state: Var) -> Iterator[Pair]:
    t, before = Step("t"), product.first - 1
    begin = Step("k" if before.anchor else "", before.offset)
    yield d(state[t], state[t - 1]), moved(product.body, {product.index: t})
    yield d(state[t + 1], state[begin]), d(state[t + 1], state[t]) @ d(state[t], state[begin])


def _replaced(term: Term, instead: Mapping[Term, Term]) -> Term:
    if term in instead:
        return instead[term]
    parts = {name: _replaced(value, instead) for name, value in vars(term).items() if isinstance(value, Term)}
    return replace(term, **parts) if parts else term
