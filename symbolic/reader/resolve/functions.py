"""Functions of an argument: entry by entry, softmax, diag, the trace."""

from __future__ import annotations

from symbolic import terms as f
from symbolic.notation import Index
from symbolic.reader.readings import Misfit, Reading, distinct, mapped
from symbolic.reader.resolve.resolving import Resolving
from symbolic.reader.resolve.scripts import scripted
from symbolic.reader.syntax import nodes as s
from symbolic.reader.syntax.nodes import inside
from symbolic.shapes import shape
from symbolic.terms import Term

PLUS_TIMES = {"tanh", "log", "exp", "sigmoid"}


def applied(resolver: Resolving, node: s.Applied) -> list[Reading]:
    argument = resolver.of(inside(node.argument))
    found = [function_of(resolver, node.function, r, node.at) for r in argument]
    return scripted(resolver, node.at, found, (), node.power) if node.power else distinct(found)


def function_of(resolver: Resolving, name: str, r: Reading, at: int) -> Reading:
    if name in PLUS_TIMES:
        return mapped(r, lambda x: f.Call(name, x))
    if name == "sinh":
        return mapped(r, lambda x: (f.exp(x) - f.exp(-x)) / 2)
    if name == "cosh":
        return mapped(r, lambda x: (f.exp(x) + f.exp(-x)) / 2)
    if name == "softmax" and isinstance(r.term, Term) and r.rank:
        return Reading(f.Softmax(r.term), r.layout)
    if name == "diag" and isinstance(r.term, Term) and r.rank == 1:
        return Reading(f.Diag(r.term))
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
