"""Names that need no declaration: e^x, δ_ij, 1_{i=y}, the identity I, the vectors of ones and of zeros."""

from __future__ import annotations

from dataclasses import replace

from symbolic import terms as f
from symbolic.reader.readings import Reading, of_term
from symbolic.reader.resolve.functions import function_of
from symbolic.reader.resolve.resolving import Resolving
from symbolic.reader.resolve.scripts import scripted, subscript_of, subscripts_of
from symbolic.reader.syntax import nodes as s
from symbolic.reader.syntax.parser import parse
from symbolic.reader.tokens import Unread, plain
from symbolic.terms import Var


def conventional(resolver: Resolving, node: s.Name) -> list[Reading] | None:
    """e^x, δ_ij, 1_{i=y}, I, the vectors of ones and zeros, where they are not declared as something else."""
    base, above = node.base, plain(node.sup)
    if base == "e" and node.sup and not node.sub:
        exponent = resolver.of(parse(node.sup, resolver.scope.grammar))
        return [function_of(resolver, "exp", r, node.at) for r in exponent]
    if base == r"\delta" and node.sub and not above:
        return [kronecker(resolver, node)]
    if base == "1" and node.style in {"bf", "bb"}:
        return ones(resolver, node)
    if base == "0" and node.style == "bf" and not (node.sub or node.sup):
        return [Reading(f.term(0))]
    if base == "I" and not above:
        axis = resolver.scope.axes.get(plain(node.sub)) if node.sub else None
        axes = [axis] if axis is not None else [] if node.sub else dict.fromkeys(resolver.scope.axes.values())
        return [Reading(f.Eye(each)) for each in axes] or None
    return None


def kronecker(resolver: Resolving, node: s.Name) -> Reading:
    letters = [token for token in node.sub if token.text not in {",", "{", "}"}]
    if len(letters) != 2:
        raise Unread(node.at, f"{node.base} has two subscripts")
    axis = next((resolver.scope.indices[x.text] for x in letters if resolver.scope.indices.get(x.text)), None)
    if axis is None:
        raise Unread(node.at, f"{node.base} needs subscripts that are declared with their axis")
    i, j = (subscript_of(resolver, x, axis) for x in letters)
    return Reading(f.Delta(i, j))


def ones(resolver: Resolving, node: s.Name) -> list[Reading]:
    """1_{i=y}, 1_{i, y} or 1: what it counts is declared, or it is not read."""
    texts = [token.text for token in node.sub]
    mark = next((m for m in ("=", ",") if m in texts), None)
    if mark is None:
        axis = resolver.scope.axes.get(plain(node.sub))
        axes = [axis] if axis is not None else [] if node.sub else dict.fromkeys(resolver.scope.axes.values())
        if axes:
            return [r for each in axes for r in scripted(resolver, node.at, [of_term(f.Ones((each,)))], (), node.sup)]
        (whole,) = resolver.of(parse(node.sub, resolver.scope.grammar))[:1]
        if isinstance(whole.term, Var) and whole.rank:
            return [of_term(f.Indicator(whole.term))]
        raise Unread(node.at, "1 with this subscript is not declared")
    cut = texts.index(mark)
    letters = [token.text for token in node.sub if token.text not in {mark, "{", "}"}]
    if mark == "=" and len(letters) == 2 and letters[1] in resolver.scope.indices:
        return [kronecker(resolver, replace(node, sub=(*node.sub[:cut], *node.sub[cut + 1 :])))]
    (target,) = resolver.of(parse(node.sub[cut + 1 :], resolver.scope.grammar))[:1]
    if not isinstance(target.term, Var) or target.rank != 1:
        raise Unread(node.at, "1 with this subscript is not declared")
    subscripts = subscripts_of(resolver, node.sub[:cut], target.axes)
    return [Reading(f.Entry(f.Indicator(target.term), subscripts))]
