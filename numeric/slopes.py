"""Adjoints of a recurrence as one other adjoint times a slope, so that all slopes are known before the loop.

In:  the proved gradients of a recurrence, grad(o[t]) = grad(h[t]) * tanh(c[t]) among them.
Out: `regrouped(…)`: an adjoint that is needed once is put where it is needed, and the known factors of
     each product stand together; whatever changes is proved again.
     `slope_and_adjoint(term)`: such a product taken apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import reduce
from operator import mul

from numeric.arguments import leaves
from numeric.formulas import Formula, Formulas, adjoints
from numeric.rewriting import added, at, multiplied, rebuilt, total
from symbolic import terms as f
from symbolic.notation import t
from symbolic.terms import Const, Term, Var, grad


def regrouped(formulas: Formulas, loop: dict[Var, Formula], needed: set[Var]) -> dict[Var, Formula]:
    """The formulas of a loop, without those put into others; an adjoint in `needed` keeps its own."""
    found = dict(loop)
    for var in loop:
        inner, users = found[var], [user for user in found if _counts(found[user].term, var)]
        if var not in needed and len(users) == 1 and _is_one_factor(found[users[0]].term, var) and _is_product(inner):
            user = found[users[0]]
            term = rebuilt(user.term, {grad(at(var, t)): inner.term}.get)
            found[users[0]] = replace(user, term=term, parts=(*user.parts, inner.id, *inner.parts))
            del found[var]
    grouped = {var: replace(formula, term=total(list(_grouped(formula.term)))) for var, formula in found.items()}
    return {var: formula if formula == loop[var] else formulas.again(formula) for var, formula in grouped.items()}


def slope_and_adjoint(term: Term) -> tuple[Term, Term] | None:
    """(known, adjoint) of a product of both where the known part is more than one array; None for any other term."""
    factors = list(multiplied(term))
    unknown = [factor for factor in factors if adjoints(factor)]
    known = [factor for factor in factors if factor not in unknown]
    if len(unknown) != 1 or not known or (len(known) == 1 and isinstance(known[0], Var | Const)):
        return None
    return reduce(mul, known), unknown[0]


def _counts(term: Term, var: Var) -> int:
    return sum(isinstance(leaf, f.Derivative) and at(leaf.by, None) == var for leaf in leaves(term))


def _is_one_factor(term: Term, var: Var) -> bool:
    """Whether grad(var[t]) is a factor of one product, and nowhere else."""
    return _counts(term, var) == 1 and grad(at(var, t)) in multiplied(term)


def _is_product(formula: Formula) -> bool:
    return sum(bool(adjoints(factor)) for factor in multiplied(formula.term)) == 1


def _grouped(term: Term) -> Iterator[Term]:
    """The summands; one with a slope as adjoint * slope."""
    for summand in added(term):
        parts = slope_and_adjoint(summand)
        yield parts[1] * parts[0] if parts else summand
