"""A cell taken apart: what the recurrence needs, and what can be done for all steps at once.

In:  a model, and its proved gradients.
Out: `Forward` and `Backward`, the same equations sorted into before, inside and after the
     loop over the steps; what is used twice inside has a name of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from graphlib import TopologicalSorter

from numeric.arguments import leaves
from numeric.formulas import Formula, Formulas, adjoints
from numeric.rewriting import added, at, moved, rebuilt, total
from numeric.slopes import regrouped, slope_and_adjoint
from symbolic import terms as f
from symbolic.model import Equation, Model, variables
from symbolic.notation import t
from symbolic.shapes import shape
from symbolic.terms import Derivative, Term, Var, sequence, subterms

Rules = Mapping[Term, Term]


@dataclass
class Forward:
    """The equations before, inside and after the loop; `given` is the part of a loop's equation known before it."""

    before: list[Equation] = field(default_factory=list)
    given: dict[Var, Term] = field(default_factory=dict)
    loop: list[Equation] = field(default_factory=list)
    after: list[Equation] = field(default_factory=list)
    names: dict[Term, Term] = field(default_factory=dict)


def forward(model: Model, needed: Iterable[Term]) -> Forward:
    """The model's equations in three parts; `needed` are the formulas that will ask for their values."""
    plan = Forward()
    equations = _with_names(_stable(model.equations), plan.names)
    values = {leaf.name for term in needed for leaf in leaves(renamed(term, plan.names)) if isinstance(leaf, Var)}
    equations = _in_place(equations, values)
    late = _from_states(equations)
    recurrent = late & _for_states(equations, model.with_initial)
    for eq in equations:
        if eq.left.name in recurrent:
            plan.loop.append(_split(eq, recurrent | model.with_initial, plan.given))
        else:
            (plan.after if eq.left.name in late else plan.before).append(eq)
    return plan


def _stable(equations: Iterable[Equation]) -> Iterator[Equation]:
    """log softmax(o) as one function: the logarithm of softmax alone has no value where softmax rounds to 0."""
    equations = list(equations)
    logs = {s.arg for eq in equations for s in subterms(eq.right) if isinstance(s, f.Call) and s.function == "log"}
    rules: dict[Term, Term] = {}
    for eq in equations:
        if isinstance(eq.right, f.Softmax) and eq.left in logs:
            log = sequence(f"log_{eq.left.name}", *eq.left.axes)[t]
            yield Equation(log, f.Call("log_softmax", eq.right.arg))
            yield Equation(eq.left, f.exp(log))
            rules[f.log(eq.left)] = log
        else:
            yield Equation(eq.left, rebuilt(eq.right, rules.get))


def _with_names(equations: Iterable[Equation], names: dict[Term, Term]) -> list[Equation]:
    """With an equation for each function value inside another: tanh_c[t] = tanh(c[t])."""
    found = []
    for eq in equations:
        for inner in subterms(eq.right):
            if isinstance(inner, f.Call) and inner is not eq.right and isinstance(inner.arg, Var):
                name = sequence(f"{inner.function}_{inner.arg.name}", *inner.arg.axes)[t]
                names |= {moved(inner, t + n): moved(name, t + n) for n in (-1, 0, 1)}
                found.append(Equation(name, inner))
        found.append(Equation(eq.left, renamed(eq.right, names)))
    return found


def renamed(term: Term, names: Rules) -> Term:
    return rebuilt(term, names.get)


def _in_place(equations: list[Equation], needed: set[str]) -> list[Equation]:
    """Without the pre-activations that nothing but one function sees: h[t] = tanh(W @ h[t-1] + …)."""
    uses = Counter(v.name for eq in equations for v in variables(eq.right))
    inside = {
        eq.right.arg.name
        for eq in equations
        if isinstance(eq.right, f.Call) and isinstance(eq.right.arg, Var) and uses[eq.right.arg.name] == 1
    }
    rules: dict[Term, Term] = {eq.left: eq.right for eq in equations if eq.left.name in inside - needed}
    return [Equation(eq.left, rebuilt(eq.right, rules.get)) for eq in equations if eq.left not in rules]


def _from_states(equations: list[Equation]) -> set[str]:
    found: set[str] = set()
    for eq in equations:
        if any(v.name in found or (v.step or t).offset < 0 for v in variables(eq.right)):
            found.add(eq.left.name)
    return found


def _for_states(equations: list[Equation], states: Iterable[str]) -> set[str]:
    found = set(states)
    for eq in reversed(equations):
        if eq.left.name in found:
            found |= {v.name for v in variables(eq.right)}
    return found


def _split(eq: Equation, recurrent: Iterable[str], given: dict[Var, Term]) -> Equation:
    """The equation with what is known before the loop as a value that already stands in its place."""
    inside = eq.right.arg if isinstance(eq.right, f.Call) else eq.right
    names = frozenset(recurrent)
    known = [s for s in added(inside) if variables(s) and not names & {v.name for v in variables(s)}]
    rest = [s for s in added(inside) if s not in known]
    if not known or not rest:
        return eq
    given[eq.left] = total(known)
    whole = total([eq.left, *rest])
    return Equation(eq.left, f.Call(eq.right.function, whole) if isinstance(eq.right, f.Call) else whole)


@dataclass
class Backward:
    """The adjoints before, inside and after the loop, which runs from T to 1.

    A state's adjoint is carried: `direct` is what it gets from before the loop, its term in `loop`
    (None for none) is what is added at the step, `carried` what it is for the step before.
    `slopes` are what adjoints are multiplied by, known before the loop, and whose terms they are in;
    `names` are the products that occur twice, `formulas` what all this is taken from.
    """

    formulas: dict[Var, Formula]

    before: list[Formula] = field(default_factory=list)
    direct: dict[Var, Term] = field(default_factory=dict)
    slopes: dict[Var, tuple[Var, Term]] = field(default_factory=dict)
    loop: dict[Var, Term | None] = field(default_factory=dict)
    carried: dict[Var, Term] = field(default_factory=dict)
    after: list[Formula] = field(default_factory=list)
    names: dict[Term, Var] = field(default_factory=dict)

    @property
    def kept(self) -> set[Var]:
        """The adjoints of the loop that are needed after it."""
        return {var for formula in self.after for var in adjoints(formula.term)} & self.loop.keys()


def backward(model: Model, formulas: Formulas) -> Backward:
    """Every gradient that the parameters, the inputs and the initial states need, in three parts."""
    states = [var for var in model.arrays.values() if var.name in model.with_initial]
    found = _closure(formulas, [*states, *model.parameters, *model.inputs])
    reached = {var: _reached(found, var) for var in found}
    recurrent = [var for var in found if var in reached[var]]
    rest = {var: formula for var, formula in found.items() if var not in recurrent}
    needed = {*states}.union(*(adjoints(formula.term) for formula in rest.values()))
    inside = regrouped(formulas, {var: found[var] for var in recurrent}, needed)
    found = {var: inside.get(var, found[var]) for var in found if var in rest or var in inside}
    plan = Backward(found)
    for var in _in_order({var: adjoints(formula.term) for var, formula in rest.items()}):
        is_final = not var.sequence or var in model.inputs or reached[var] & set(recurrent)
        (plan.after if is_final else plan.before).append(found[var])
    loop, carried = {}, {}
    for var in inside:
        loop[var] = [found[var].term]
        if var in states:
            now, later = formulas.at_the_ends(found[var])
            loop[var] = [s for s in now if adjoints(s) & set(inside)]
            if direct := [s for s in now if s not in loop[var]]:
                plan.direct[var] = total(direct)
            carried[var] = total(_with_slopes(var, [moved(s, t - 1) for s in later], plan.slopes))
        loop[var] = _with_slopes(var, loop[var], plan.slopes)
    plan.names = _repeated([*(term for terms in loop.values() for term in terms), *carried.values()])
    summed = {var: renamed(total(terms), plan.names) if terms else None for var, terms in loop.items()}
    summed |= {at(name, None): product for product, name in plan.names.items()}
    parts = {var: _parts(term, plan.names) for var, term in summed.items()}
    plan.loop = {var: summed[var] for var in _in_order(parts)}
    overwritten = {var: {other for other in carried if var in adjoints(carried[other])} for var in carried}
    plan.carried = {var: renamed(carried[var], plan.names) for var in _in_order(overwritten)}
    return plan


def read_from(plan: Backward, names: Rules) -> Backward:
    """The same, reading what the forward pass has given a name from there."""

    def own(formula: Formula) -> Formula:
        return replace(formula, term=renamed(formula.term, names))

    return replace(
        plan,
        before=[own(formula) for formula in plan.before],
        direct={var: renamed(term, names) for var, term in plan.direct.items()},
        slopes={name: (var, renamed(term, names)) for name, (var, term) in plan.slopes.items()},
        loop={var: None if term is None else renamed(term, names) for var, term in plan.loop.items()},
        carried={var: renamed(term, names) for var, term in plan.carried.items()},
        after=[own(formula) for formula in plan.after],
    )


def _closure(formulas: Formulas, wanted: list[Var]) -> dict[Var, Formula]:
    """The formulas of these gradients, and of all that they are made of."""
    found: dict[Var, Formula] = {}
    while wanted:
        var = wanted.pop(0)
        if var not in found:
            found[var] = formulas[var]
            wanted += sorted(adjoints(found[var].term), key=lambda used: used.name)
    return found


def _parts(term: Term | None, names: Mapping[Term, Var]) -> set[Var]:
    """The adjoints and the repeated products in a term."""
    named = [leaf for leaf in leaves(term) if isinstance(leaf, Var)] if term is not None else []
    return {at(var, None) for var in named if var in names.values()} | (adjoints(term) if term is not None else set())


def _reached(found: dict[Var, Formula], var: Var) -> set[Var]:
    reached: set[Var] = set()
    ahead = adjoints(found[var].term)
    while ahead:
        reached |= ahead
        ahead = set().union(*(adjoints(found[v].term) for v in ahead)) - reached
    return reached


def _in_order(made_from: dict[Var, set[Var]]) -> list[Var]:
    """Each after what it is made from; a cycle is an error."""
    graph = {var: sorted(parts & made_from.keys() - {var}, key=lambda v: v.name) for var, parts in made_from.items()}
    return list(TopologicalSorter(graph).static_order())


def _with_slopes(var: Var, summands: list[Term], slopes: dict[Var, tuple[Var, Term]]) -> list[Term]:
    """The summands of an adjoint with an array for each slope."""
    made = []
    for summand in summands:
        if parts := slope_and_adjoint(summand):
            slope, adjoint = parts
            number = sum(by == var for by, _ in slopes.values()) + 1
            name = sequence(f"slope_{var.name}" + (f"_{number}" if number > 1 else ""), *shape(slope))[t]
            slopes[name] = (var, slope)
            summand = adjoint * name
        made.append(summand)
    return made


def _repeated(loop: list[Term]) -> dict[Term, Var]:
    """A name for every product with an adjoint that occurs more than once."""
    products = Counter(s for term in loop for s in subterms(term) if isinstance(s, f.MatMul) and adjoints(s))
    names: dict[Term, Var] = {}
    for product, count in products.items():
        if count > 1:
            parts = [f"d{leaf.by.name}" if isinstance(leaf, Derivative) else leaf.name for leaf in leaves(product)]
            names[product] = sequence("_".join(parts), *shape(product))[t]
    return names
