"""What of a backward pass is one call: adjoints of one shape stand in one array, and their weights in another.

In:  the backward pass of a cell, grad(af[t]), grad(ai[t]), … among the adjoints that it keeps.
Out: `stacks(back)`: the adjoints of one shape; `Stack.products(term)`: the products with them in a sum;
     `slopes_together(back)`: a step's adjoints, those that are multiplied by the same;
     `parameters_together(back)`: the gradients whose sums over the steps are one product.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, takewhile

from numeric.arguments import identifier
from numeric.formulas import Formula, adjoints
from numeric.recurrence import Backward
from numeric.rewriting import added, at, outer_factors
from symbolic import terms as f
from symbolic.notation import Shape, Step, T, t
from symbolic.terms import Derivative, Term, Var, grad


@dataclass(frozen=True)
class Stack:
    """Values or adjoints in one array, each an entry of its first axis."""

    name: str
    members: tuple[Var, ...]

    def part(self, members: Sequence[Var], *index: str) -> str:
        """The entries of neighbours: `da`, `da[1:]`, `da[1:, t - first]`."""
        first, end = self.members.index(members[0]), self.members.index(members[-1]) + 1
        entries = f"{first or ''}:{end if end < len(self.members) else ''}"
        return self.name if entries == ":" and not index else f"{self.name}[{', '.join([entries, *index])}]"

    def neighbours(self, variables: Iterable[Var]) -> list[Var]:
        """Members in their order; nothing where they are fewer than two or another stands between them."""
        places = sorted(self.members.index(var) for var in variables if var in self.members)
        close = len(places) > 1 and places[-1] - places[0] + 1 == len(places)
        return [self.members[place] for place in places] if close else []

    def products(self, term: Term) -> tuple[dict[Var, Var], list[Term]]:
        """W by a for the summands Wᵀ grad(a[t]) with neighbours a, in their order; and the other summands."""
        weights: dict[Var, Var] = {}
        for summand in added(term):
            match summand:
                case f.MatMul(f.Transpose(Var(sequence=False) as W), Derivative(by=by) as leaf) if leaf == grad(by):
                    if by == at(by, t):
                        weights[at(by, None)] = W
        members = self.neighbours(weights)
        taken = [f.MatMul(f.Transpose(weights[var]), grad(at(var, t))) for var in members]
        return {var: weights[var] for var in members}, [s for s in added(term) if s not in taken]


def stacks(back: Backward) -> list[Stack]:
    """The adjoints that are kept, those of each shape, where there are several."""
    by_axes: dict[Shape, list[Var]] = {}
    for var in back.loop:
        if var in back.kept:
            by_axes.setdefault(var.axes, []).append(var)
    return [Stack(f"d{together(members)}", tuple(members)) for members in by_axes.values() if len(members) > 1]


def stack_of(back: Backward, variables: Sequence[Var]) -> Stack | None:
    """The stack in which they are neighbours, in this order."""
    return next((stack for stack in stacks(back) if stack.neighbours(variables) == [*variables]), None)


def slopes_together(back: Backward) -> Iterator[tuple[list[Var], Term | None]]:
    """The adjoints of a step in their order, one by one; neighbours that are v times a slope, with v."""
    for factor, same in groupby(back.loop, lambda var: _factor(back, var)):
        variables = list(same)
        if factor is not None and stack_of(back, variables):
            yield variables, factor
        else:
            yield from (([var], None) for var in variables)


def slope(back: Backward, var: Var) -> Var | None:
    """The slope that waits where an adjoint will be."""
    return next((name for name, (by, _) in back.slopes.items() if by == var), None)


def _factor(back: Backward, var: Var) -> Term | None:
    match back.loop[var]:
        case f.Mul(left, right) if var in back.kept and right == slope(back, var):
            return left
    return None


def inside(back: Backward) -> list[Formula]:
    """The gradients that every block adds to."""
    return [formula for formula in back.after if adjoints(formula.term) & back.kept]


def parameters_together(back: Backward) -> list[list[Formula]]:
    """The gradients of parameters that every block adds to; Σ_t grad(a[t]) ⊗ v for neighbours a and one v together."""
    found: dict[object, list[Formula]] = {}
    for formula in inside(back):
        if not formula.by.sequence:
            a, v = _summed(formula)
            found.setdefault((v, formula.by.axes) if a else formula.by, []).append(formula)
    groups = []
    for formulas in found.values():
        by_adjoint = {a: formula for formula in formulas if (a := _summed(formula)[0])}
        stack = next((stack for stack in stacks(back) if stack.neighbours(by_adjoint)), None)
        if stack and len(by_adjoint) == len(formulas):
            groups.append([by_adjoint[a] for a in stack.neighbours(by_adjoint)])
        else:
            groups += [[formula] for formula in formulas]
    return groups


def members(formulas: Sequence[Formula]) -> list[Var]:
    """The adjoints a in Σ_t grad(a[t]) ⊗ v of each."""
    return [a for formula in formulas if (a := _summed(formula)[0])]


def _summed(formula: Formula) -> tuple[Var | None, Term | None]:
    """a and v of Σ_{t=1}^{T} grad(a[t]) ⊗ v; of Σ_{t=1}^{T} grad(a[t]) only a."""
    term = formula.term
    if not isinstance(term, f.SumSteps) or (term.first, term.last) != (Step("", 1), T):
        return None, None
    u, v = outer_factors(term.body) or (term.body, None)
    return (at(u.by, None), v) if isinstance(u, Derivative) and u == grad(at(u.by, t)) else (None, None)


def together(variables: Iterable[Var]) -> str:
    """What several arrays are called in one: what their names begin with, or all their names."""
    names = [identifier(var.name) for var in variables]
    letters = takewhile(lambda column: len({*column}) == 1, zip(*names, strict=False))
    return "".join(letter for letter, *_ in letters).rstrip("_") or "_".join(names)
