"""Functions of an argument: entry by entry, softmax, diag, the trace."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from symbolic import terms as f
from symbolic.notation import Index
from symbolic.reader.canonical import distinct
from symbolic.reader.readings import Misfit, Reading, mapped
from symbolic.reader.resolve.hyperbolic import cosh, sech
from symbolic.reader.resolve.resolving import Resolving
from symbolic.reader.resolve.scripts import scripted
from symbolic.reader.syntax import nodes as s
from symbolic.reader.syntax.nodes import Tokens, inside
from symbolic.reader.tokens import Unread, plain
from symbolic.shapes import shape
from symbolic.terms import Term

PLUS_TIMES = {"tanh", "log", "exp", "sigmoid"}
SLOPES: dict[str, Callable[[Term], Term]] = {
    "tanh": lambda x: 1 - f.Call("tanh", x) ** 2,
    "sigmoid": lambda x: f.Call("sigmoid", x) * (1 - f.Call("sigmoid", x)),
    "exp": f.exp,
    "log": lambda x: f.Div(f.Const(Fraction(1)), x),
}


def applied(resolver: Resolving, node: s.Applied) -> list[Reading]:
    argument = resolver.of(inside(node.argument))
    return function_to_power(resolver, node.function, argument, node.power, node.at)


def function_to_power(resolver: Resolving, name: str, argument: list[Reading], above: Tokens, at: int) -> list[Reading]:
    """f²(x) is a power, f′(x) the derivative; f⁻¹ may be an inverse or a reciprocal, and is not read."""
    if plain(above) == "'":
        if name not in SLOPES:
            raise Unread(at, f"the derivative of {name} is not in the grammar")
        return distinct(mapped(r, SLOPES[name]) for r in argument)
    if "-" in plain(above):
        raise Unread(above[0].at, f"{name} to the power {plain(above)} may be an inverse: write 1/{name}")
    found = [function_of(resolver, name, r, at) for r in argument]
    return scripted(resolver, at, found, (), above) if above else distinct(found)


def function_of(resolver: Resolving, name: str, r: Reading, at: int) -> Reading:
    if name in PLUS_TIMES:
        return mapped(r, lambda x: f.Call(name, x))
    if name == "sinh":
        return mapped(r, lambda x: (f.exp(x) - f.exp(-x)) / 2)
    if name == "cosh":
        return mapped(r, cosh)
    if name == "sech":
        return mapped(r, sech)
    if name == "softmax" and isinstance(r.term, Term) and r.rank:
        return Reading(f.Softmax(r.term), r.layout)
    if name == "diag" and isinstance(r.term, Term) and r.rank == 1:
        return Reading(f.Diag(r.term))
    if name.startswith("norm") and isinstance(r.term, Term) and r.rank < 2:
        return Reading(f.MatMul(r.term, r.term) if r.rank else f.Pow(r.term, 2))
    if name == "norm of entries" and isinstance(r.term, Term) and r.rank == 2:
        return Reading(f.Inner(r.term, r.term))
    if name == "norm":
        raise Unread(at, "a norm of a matrix is in the grammar as ‖ ‖_F² alone")
    if name == "trace" and isinstance(r.term, Term) and r.rank == 2:
        return trace(resolver, r.term, at)
    raise Misfit(at, str(r), "its argument", name)


def trace(resolver: Resolving, term: Term, at: int) -> Reading:
    rows, columns = shape(term)
    if rows != columns:
        raise Misfit(at, str(rows), str(columns), "a trace")
    i = Index("i", rows)
    if isinstance(term, f.MatMul) and isinstance(term.left, f.Transpose):
        return Reading(f.Inner(term.left.arg, term.right))
    return Reading(f.SumIndex(i, f.Entry(term, (i, i))))
