"""Neighbours of a closed form: wrong ones, and the same written differently.

In:  a `Derivation`.  Out: `mutants`, each with its kind and the place where it departs from the original.
Nothing is drawn at random: every rule is tried at every place.  Whether a mutant is right is not said here
(a dropped transpose of a symmetric matrix is no mistake); the kinds in `EQUIVALENT` are meant to be right.
To extend: add a rule, a function from a subterm to its replacements, to `RULES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from functools import partial
from itertools import chain

from symbolic import terms as f
from symbolic.model import Model
from symbolic.notation import Shape, Step
from symbolic.records import Derivation
from symbolic.shapes import ShapeMismatch, shape
from symbolic.terms import LOSS, Term, Var, subterms

Path = tuple[str, ...]
Rule = Callable[[Term], Iterable[Term]]
ONE = f.term(1)


@dataclass(frozen=True)
class Mutant:
    """chain[-1] of a derivation with one subterm replaced."""

    id: str
    kind: str
    origin: Derivation
    term: Term


def mutants(origin: Derivation) -> list[Mutant]:
    """Every neighbour that one rule at one place makes, each term once."""
    closed_form = origin.chain[-1]
    found: dict[Term, Mutant] = {}
    for kind, rule in rules(origin.model, closed_form).items():
        for path, part in places(closed_form):
            if path[-1:] == ("of",) and part == LOSS:
                continue
            for new in rule(part):
                if path[-1:] == ("by",) and not isinstance(new, Var):
                    continue
                term = put(closed_form, path, new)
                # A target names the class of an indicator: it is no formula there.
                if any(isinstance(s, f.Indicator) and not isinstance(s.arg, Var) for s in subterms(term)):
                    continue
                if term != closed_form and term not in found:
                    name = f"{origin.id}/{kind}/{'.'.join(path) or 'all'}"
                    again = sum(m.id.split("#")[0] == name for m in found.values())
                    found[term] = Mutant(f"{name}#{again + 1}", kind, origin, term)
    return list(found.values())


def places(term: Term, path: Path = ()) -> Iterator[tuple[Path, Term]]:
    """Every subterm with the way to it, outermost first."""
    yield path, term
    for field in fields(term):
        inner = getattr(term, field.name)
        if isinstance(inner, Term):
            yield from places(inner, (*path, field.name))


def put(term: Term, path: Path, new: Term) -> Term:
    """The term with another subterm at the end of that way."""
    if not path:
        return new
    name, *rest = path
    return replace(term, **{name: put(getattr(term, name), tuple(rest), new)})


def rules(model: Model | None, closed_form: Term) -> dict[str, Rule]:
    return {
        **WRONG,
        "swapped variable": partial(swapped_variable, peers(model, closed_form)),
        **EQUIVALENT,
        "definition": partial(definition, model),
    }


# Wrong neighbours


def sign(term: Term) -> Iterator[Term]:
    match term:
        case f.Neg(x):
            yield x
        case f.Add(a, b):
            yield f.Add(f.Neg(a), b)
            yield f.Add(a, b.arg if isinstance(b, f.Neg) else f.Neg(b))
        case f.Mul() | f.MatMul() | f.Outer() | f.SumSteps() | f.Div():
            yield f.Neg(term)


def transposed(term: Term) -> Iterator[Term]:
    if isinstance(term, f.Transpose):
        yield term.arg
    elif isinstance(term, Var | f.Derivative | f.MatMul | f.Outer | f.Diag) and rank(term) >= 2:
        yield f.Transpose(term)


def other_product(term: Term) -> Iterator[Term]:
    match term:
        case f.Mul(a, b):
            yield f.MatMul(a, b)
        case f.MatMul(a, b):
            yield f.Mul(a, b)
        case f.Outer(a, b):
            yield f.Mul(a, b)


def swapped_operands(term: Term) -> Iterator[Term]:
    if isinstance(term, f.MatMul | f.Outer | f.Div):
        yield replace(term, left=term.right, right=term.left)


def shifted_step(term: Term) -> Iterator[Term]:
    match term:
        case Var(step=Step()):
            name = "step"
        case f.Derivative(copy=Step()):
            name = "copy"
        case f.SumSteps() | f.ProductSteps():
            yield from (replace(term, last=term.last + shift) for shift in (1, -1))
            name = "first"
        case _:
            return
    yield from (replace(term, **{name: getattr(term, name) + shift}) for shift in (1, -1))


def dropped_operand(term: Term) -> Iterator[Term]:
    if isinstance(term, f.Add | f.Mul | f.MatMul | f.Outer):
        yield from (term.left, term.right)
    if isinstance(term, f.Div):
        yield term.left


def scaled(term: Term) -> Iterator[Term]:
    if isinstance(term, f.Mul | f.MatMul | f.Outer | f.SumSteps | f.Div):
        yield from (2 * term, term / 2)
    if isinstance(term, f.Add):
        yield from (f.Add(2 * term.left, term.right), f.Add(term.left, term.right / 2))


def other_slope(term: Term) -> Iterator[Term]:
    match term:
        case f.Add(one, f.Neg(f.Pow(x, 2))) if one == ONE:
            yield from (x * (1 - x), 1 - x)
        case f.Add(one, f.Neg(x)) if one == ONE:
            yield 1 - x**2
        case f.Call("tanh" | "sigmoid" as name, x):
            yield f.Call({"tanh": "sigmoid", "sigmoid": "tanh"}[name], x)


def swapped_variable(others: dict[tuple[Shape, bool], list[Var]], term: Term) -> Iterator[Term]:
    """Every other variable of the formula, and the next one of the model, in this one's place."""
    if isinstance(term, Var) and term != LOSS:
        for other in others.get((term.axes, term.sequence), ()):
            yield replace(other, step=term.step)


# The same, written differently


def commuted(term: Term) -> Iterator[Term]:
    if isinstance(term, f.Add | f.Mul | f.Inner):
        yield replace(term, left=term.right, right=term.left)
    if isinstance(term, f.Outer):
        left_rank = rank(term.left)
        if left_rank == rank(term.right) == 1:
            yield f.Transpose(f.Outer(term.right, term.left))


def distributed(term: Term) -> Iterator[Term]:
    match term:
        case f.Mul(a, f.Add(b, c)):
            yield a * b + a * c
        case f.MatMul(a, f.Add(b, c)) if rank(b) == rank(c):
            yield a @ b + a @ c
    match term:
        case f.Mul(f.Add(a, b), c):
            yield a * c + b * c
        case f.MatMul(f.Add(a, b), c) if rank(a) == rank(b):
            yield a @ c + b @ c
        case f.SumSteps(_, _, _, f.Add(a, b)) if rank(a) == rank(b):
            yield replace(term, body=a) + replace(term, body=b)


def transposed_product(term: Term) -> Iterator[Term]:
    match term:
        case f.Transpose(f.MatMul(a, b)):
            yield b.T @ a.T
        case f.MatMul(a, b):
            yield (b.T @ a.T).T
            if rank(b) == 1:
                yield b @ (a.arg if isinstance(a, f.Transpose) else a.T)


def power(term: Term) -> Iterator[Term]:
    match term:
        case f.Mul(a, b) if a == b:
            yield a**2
        case f.Pow(a, 2):
            yield a * a


def twice_negated(term: Term) -> Iterator[Term]:
    if isinstance(term, f.Add | f.Mul | f.MatMul | Var | f.Derivative):
        yield f.Neg(f.Neg(term))
    if isinstance(term, f.Add) and isinstance(term.right, f.Neg):
        yield f.Neg(f.Add(term.right.arg, f.Neg(term.left)))


def factored(term: Term) -> Iterator[Term]:
    match term:
        case f.Add(one, f.Neg(f.Pow(x, 2))) if one == ONE:
            yield (1 - x) * (1 + x)
        case f.Add(one, f.Neg(f.Mul(x, y))) if one == ONE and x == y:
            yield (1 - x) * (1 + x)
        case f.Div(x, f.Const(value)):
            yield f.Const(Fraction(1) / value) * x


def diagonal(term: Term) -> Iterator[Term]:
    match term:
        case f.MatMul(f.Diag(v), u) if rank(u) == 1:
            yield v * u
        case f.Mul(u, v) if shape_or_none(u) == shape_or_none(v) and rank(u) == 1:
            yield f.Diag(u) @ v
        case f.Outer(f.Mul(u, v), w) if shape_or_none(u) == shape_or_none(v) and rank(u) == 1:
            yield f.Diag(u) @ f.Outer(v, w)


def definition(model: Model | None, term: Term) -> Iterator[Term]:
    """The right side of the equation in place of the value that it makes."""
    if model is not None and isinstance(term, Var) and term.name in model.by_name:
        right = model.by_name[term.name].right
        yield right if term.step is None else at_step(right, term.step)


WRONG: dict[str, Rule] = {
    "sign": sign,
    "transpose": transposed,
    "other product": other_product,
    "swapped operands": swapped_operands,
    "shifted step": shifted_step,
    "dropped operand": dropped_operand,
    "scaled": scaled,
    "other slope": other_slope,
}
EQUIVALENT: dict[str, Rule] = {
    "commuted": commuted,
    "distributed": distributed,
    "transposed product": transposed_product,
    "power": power,
    "twice negated": twice_negated,
    "factored": factored,
    "diagonal": diagonal,
}


# What the rules need to know of a term


def peers(model: Model | None, closed_form: Term) -> dict[tuple[Shape, bool], list[Var]]:
    """Variables that can stand for each other: those of the formula and those the model lists beside them."""
    inside = [replace(v, step=None) for _, v in places(closed_form) if isinstance(v, Var) and v != LOSS]
    listed = [v for v in model.arrays.values() if v != LOSS] if model else []
    beside = [listed[(k + 1) % len(listed)] for k, v in enumerate(listed) if v.name in {u.name for u in inside}]
    found: dict[tuple[Shape, bool], list[Var]] = {}
    for v in dict.fromkeys(chain(inside, beside)):
        found.setdefault((v.axes, v.sequence), []).append(v)
    return found


def at_step(term: Term, step: Step) -> Term:
    """An equation at t, read at another step."""
    if isinstance(term, Var) and term.step is not None:
        return replace(term, step=step + term.step.offset)
    changed = {
        field.name: at_step(inner, step)
        for field in fields(term)
        if isinstance(inner := getattr(term, field.name), Term)
    }
    return replace(term, **changed)


def rank(term: Term) -> int:
    axes = shape_or_none(term)
    return -1 if axes is None else len(axes)


def shape_or_none(term: Term) -> Shape | None:
    try:
        return shape(term)
    except ShapeMismatch:
        return None
