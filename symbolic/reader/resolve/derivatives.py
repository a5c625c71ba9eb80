"""∂a/∂b, ∇_b a, and d x, the gradient by x or the differential of x, as the document declares it."""

from __future__ import annotations

from dataclasses import replace

from symbolic import terms as f
from symbolic.notation import Index, Step
from symbolic.reader.readings import COLUMN, ROW, Grid, Reading, derived, of_term, transposed
from symbolic.reader.resolve.resolving import Resolving
from symbolic.reader.resolve.scripts import TRANSPOSES
from symbolic.reader.resolve.shifts import moved
from symbolic.reader.resolve.steps import step_of
from symbolic.reader.scope import IMMEDIATE
from symbolic.reader.syntax import nodes as s
from symbolic.reader.syntax.nodes import Node, Tokens, inside, unbraced
from symbolic.reader.syntax.parser import parse
from symbolic.reader.syntax.vocabulary import unstyled
from symbolic.reader.tokens import Unread, plain
from symbolic.terms import Term, Var


def derivative(resolver: Resolving, node: s.Derivative) -> list[Reading]:
    if node.of is None:
        raise Unread(node.at, "a derivative of nothing")
    if (number := without_transpose(resolver, node.of)) is not None:
        raise Unread(number.at, "the transpose of a number: write it behind the derivative")
    return resolver.all(
        lambda of, by: [differentiated(resolver, of, by.term, node)],
        resolver.of(inside(node.of)),
        resolver.of(inside(node.by)),
    )


def differentiated(resolver: Resolving, of: Reading, by: Term | Grid, node: s.Derivative | s.Nabla) -> Reading:
    variable = by.arg if isinstance(by, f.Entry) else by
    if not isinstance(variable, Var) or isinstance(of.term, Grid):
        raise Unread(node.at, "a derivative is taken by a variable or an entry of one")
    assert isinstance(by, Term)
    of = Reading(in_terms_of(resolver, of.array, variable), of.layout)
    immediate = isinstance(node, s.Derivative) and (
        node.d == "∂+" or (node.d == "∂" and is_immediate(resolver, of.array, variable))
    )
    if isinstance(by, f.Entry) and of.rank:
        one = f.Derivative(by, variable)
        return derived(f.MatMul(f.Derivative(of.array, variable, not immediate), one))
    if isinstance(of.term, f.Entry) and not isinstance(by, f.Entry) and variable.axes:
        return derived(f.Derivative(of.term, variable, not immediate))
    taken = f.immediate if immediate else f.d
    return derived(taken(of.array, by))


def in_terms_of(resolver: Resolving, of: Term, by: Var) -> Term:
    """What is differentiated, with the right side of the equation that makes `by` written as `by`."""
    made = resolver.scope.model.by_name.get(by.name) if resolver.scope.model else None
    if made is None or isinstance(of, Var | f.Entry):
        return of
    right = made.right if by.step is None else moved(made.right, "t", by.step)
    return replaced(of, right, by)


def replaced(term: Term, old: Term, new: Term) -> Term:
    """The term with every occurrence of a part replaced."""
    if term == old:
        return new
    changed = {key: replaced(value, old, new) for key, value in vars(term).items() if isinstance(value, Term)}
    return replace(term, **changed) if changed else term


def is_immediate(resolver: Resolving, of: Term, by: Var) -> bool:
    """Whether ∂of/∂by is one of those that are written the same, total or immediate."""
    value = of.arg if isinstance(of, f.Entry) else of
    model = resolver.scope.model
    if not isinstance(value, Var) or model is None or value.step is None or value.name not in model.by_name:
        return False
    loss = value.name == model.step_loss.name
    before = by.step is not None and by.step == value.step - 1
    if loss or not (by.step is None or before):
        return False
    resolver.both_kinds_matter = True
    return resolver.partial == IMMEDIATE


def nabla(resolver: Resolving, at: int, by: Tokens, of: Node) -> list[Reading]:
    """The gradient; in ∇_x L⊤ the transpose is that of the gradient, as L is a number."""
    if (number := without_transpose(resolver, of)) is not None:
        return [transposed(r) for r in nabla(resolver, at, by, number)]
    parsed = parse(by, resolver.scope.grammar)
    if (copy := copied(resolver, parsed)) is not None:
        return resolver.all(lambda r: [derived(f.Derivative(r.array, *copy))], resolver.of(inside(of)))
    variable = resolver.of(parsed)[0].term
    return resolver.all(lambda r: [differentiated(resolver, r, variable, s.Nabla(at, by, of))], resolver.of(inside(of)))


def without_transpose(resolver: Resolving, of: Node) -> Node | None:
    """L of L⊤, where it is a number."""
    of = unbraced(of)
    if not isinstance(of, s.Name | s.Scripted) or plain(of.sup) not in TRANSPOSES - {"T", "'"}:
        return None
    number = replace(of, sup=())
    return number if all(r.is_scalar for r in resolver.of(number)) else None


def copied(resolver: Resolving, by: Node) -> tuple[Var, bool, Step] | None:
    """W^{(t)}, the use of a parameter at one step: what a gradient is taken by."""
    if not isinstance(by, s.Name):
        return None
    meaning = resolver.scope.names.get((by.base, unstyled(by.sub)))
    texts = [token.text for token in by.sup]
    if (
        meaning is None
        or meaning.time
        or not isinstance(meaning.term, Var)
        or texts[:1] != ["("]
        or texts[-1:] != [")"]
    ):
        return None
    where = step_of(resolver, by.sup[1:-1])
    return (meaning.term, True, where) if where is not None else None


def differential(resolver: Resolving, at: int, d: str, arg: Node | None) -> list[Reading]:
    if d != "d" or arg is None or not resolver.scope.d:
        raise Unread(at, f"{d[0]} alone: a derivative is a fraction")
    return resolver.all(lambda r: [along_or_by(resolver, r, at)], resolver.of(arg))


def along_or_by(resolver: Resolving, of: Reading, at: int) -> Reading:
    """d x: the gradient by x, or the differential of x along what varies."""
    if not isinstance(of.term, Term):
        raise Unread(at, "d of a matrix that is written out")
    if resolver.scope.d == "gradient":
        variable = of.term.arg if isinstance(of.term, f.Entry) else of.term
        if not isinstance(variable, Var):
            raise Unread(at, "d of something that is not a variable")
        return derived(f.grad(of.term))
    along = resolver.scope.names.get((resolver.scope.along, ""))
    if along is None or not isinstance(along.term, Var):
        raise Unread(at, "a differential needs what varies: say `read d as differential along X`")
    variation = Var(f"d{along.term.name}", along.term.axes)
    if of.term == along.term:
        return of_term(variation, of.layout or COLUMN)
    whole = f.d(of.term, along.term)
    if of.is_scalar:
        return Reading(f.Inner(whole, variation) if len(along.term.axes) > 1 else f.MatMul(whole, variation))
    if len(along.term.axes) == 1:
        return Reading(f.MatMul(whole, variation), of.layout)
    if of.rank == 1 and len(along.term.axes) == 2:
        return differential_by_matrix(resolver, of, along.term, variation)
    raise Unread(at, "this differential is not in the grammar")


def differential_by_matrix(resolver: Resolving, of: Reading, along: Var, variation: Var) -> Reading:
    """dx_i = Σ_pq (∂x_i/∂X_pq) dX_pq, entry by entry."""
    (axis,), (p, q) = of.axes, (Index(f"{name}'", axis) for name, axis in zip("pq", along.axes, strict=True))
    entries = [
        f.SumIndex(p, f.SumIndex(q, f.Mul(f.d(f.Entry(of.array, (i,)), along.at(p, q)), variation.at(p, q))))
        for i in range(1, axis.size + 1)
    ]
    column = Grid(tuple((x,) for x in entries))
    return Reading(column.T if of.layout == ROW else column)
