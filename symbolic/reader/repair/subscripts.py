"""What steps, subscripts and written-out entries may have been meant as: rules of `rules.RULES`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from symbolic.reader.repair.products import rank_of
from symbolic.reader.scope import Scope
from symbolic.reader.syntax import nodes as s
from symbolic.reader.syntax.nodes import Node, names_in
from symbolic.reader.tokens import Token

FIXED = frozenset({"at", "call", "sub", "sup", "latex", "lower", "upper"})


def other_step(node: Node, scope: Scope) -> Iterator[Node]:
    """One step earlier or later."""
    if isinstance(node, s.Name):
        for n, token in enumerate(node.sub):
            if token.text in scope.steps:
                yield from (replace(node, sub=changed) for changed in _shifted(node.sub, n))
        for n, token in enumerate(node.sup):
            if token.text in scope.steps:
                yield from (replace(node, sup=changed) for changed in _shifted(node.sup, n))


def other_subscript(node: Node, scope: Scope) -> Iterator[Node]:
    """Another declared subscript."""
    if isinstance(node, s.Name):
        for n, token in enumerate(node.sub):
            if token.text in scope.indices:
                for letter in scope.indices:
                    if letter != token.text:
                        yield replace(node, sub=(*node.sub[:n], replace(token, text=letter), *node.sub[n + 1 :]))


def same_row(node: Node, scope: Scope) -> Iterator[Node]:
    """c_2 + Σ_i v_{1i} h_i as c_2 + Σ_i v_{2i} h_i."""
    first = node.parts[0][1] if isinstance(node, s.Sum) else None
    if isinstance(node, s.Sum) and isinstance(first, s.Name) and [token.kind for token in first.sub] == ["number"]:
        rest = _in_row(node.parts[1:], first.sub[0].text)
        if rest != node.parts[1:]:
            yield replace(node, parts=(node.parts[0], *rest))


def own_letter(node: Node, scope: Scope) -> Iterator[Node]:
    """Σ_j ∂a_j/∂o_j as Σ_k ∂a_k/∂o_j: what is summed over is no entry that is differentiated by."""
    if isinstance(node, s.Big) and node.lower and (bound := node.lower[0]).text in scope.indices:
        if not any(token.text == bound.text for name in _divisors(node.body) for token in name.sub):
            return
        names = list(names_in(node.body))
        called = (token for name in names if name.call is not None for token in name.call.latex)
        used = {token.text for token in (*called, *(token for name in names for token in (*name.sub, *name.sup)))}
        for letter, axis in scope.indices.items():
            if letter not in used and axis == scope.indices[bound.text]:
                lower = (replace(bound, text=letter), *node.lower[1:])
                yield replace(node, lower=lower, body=_relabelled(node.body, bound.text, letter))
                return


def entry_of(node: Node, scope: Scope) -> Iterator[Node]:
    """softmax(o) as softmax(o)_j."""
    if isinstance(node, s.Applied) and rank_of(node, scope) == 1:
        for letter, axis in scope.indices.items():
            if axis is not None:
                yield s.Scripted(node.at, node, (Token(letter, node.at, "letter"),), ())


def one_more_row(node: Node, scope: Scope) -> Iterator[Node]:
    """The entries 1, 2, 3 that are written out as 1, 2, 3, 4."""
    if isinstance(node, s.Matrix) and len(node.rows) > 1:
        last = _next(node.rows[-2], node.rows[-1])
        if last is not None:
            yield replace(node, rows=(*node.rows, last))


def one_case(node: Node, scope: Scope) -> Iterator[Node]:
    """One of the cases as what always holds, with what multiplies the cases and without."""
    product = node.parts[0][1] if isinstance(node, s.Sum) and len(node.parts) == 1 else node
    for each in (node, *(product.factors if isinstance(product, s.Tight) else ())):
        if isinstance(each, s.Cases):
            yield from (value for value, _ in each.rows)


def _next(a: Any, b: Any) -> Any:
    """What follows a and b, whose numbers in scripts differ by 1; None where anything else differs."""
    if isinstance(a, Token) and isinstance(b, Token):
        if a.text == b.text:
            return b
        follows = a.text.isdigit() and b.text.isdigit() and int(b.text) == int(a.text) + 1
        return replace(b, text=str(int(b.text) + 1)) if follows else None
    if isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b):
        each = tuple(_next(x, y) for x, y in zip(a, b, strict=True))
        return None if any(x is None for x in each) else each
    if isinstance(a, Node) and type(a) is type(b):
        fields = {
            key: _next(getattr(a, key), value) for key, value in vars(b).items() if isinstance(value, Node | tuple)
        }
        alike = all(getattr(a, key) == value for key, value in vars(b).items() if key != "at" and key not in fields)
        return replace(b, **fields) if alike and None not in fields.values() else None
    return None


def _in_row(value: Any, row: str) -> Any:
    """With the row of every entry of a matrix that names one by a number changed to that."""
    if isinstance(value, s.Name):
        is_entry = len(value.sub) == 2 and value.sub[0].kind == "number" and value.sub[1].kind == "letter"
        return replace(value, sub=(replace(value.sub[0], text=row), value.sub[1])) if is_entry else value
    return _changed(value, lambda part: _in_row(part, row))


def _relabelled(value: Any, old: str, new: str) -> Any:
    """With another letter for a subscript, but in what is differentiated by."""
    if isinstance(value, s.Name):
        sub = tuple(replace(token, text=new) if token.text == old else token for token in value.sub)
        call = value.call
        if call is not None:
            latex = tuple(replace(token, text=new) if token.text == old else token for token in call.latex)
            call = replace(_relabelled(call, old, new), latex=latex)
        return replace(value, sub=sub, call=call)
    if isinstance(value, s.Derivative):
        return replace(value, of=_relabelled(value.of, old, new))
    if isinstance(value, s.Scripted):
        sub = tuple(replace(token, text=new) if token.text == old else token for token in value.sub)
        return replace(value, base=_relabelled(value.base, old, new), sub=sub)
    return _changed(value, lambda part: _relabelled(part, old, new))


def _changed(value: Any, change: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(change(each) for each in value)
    if isinstance(value, Node):
        fields = {key: field for key, field in vars(value).items() if key not in FIXED}
        return replace(
            value, **{key: change(field) for key, field in fields.items() if isinstance(field, Node | tuple)}
        )
    return value


def _divisors(node: Any) -> Iterator[s.Name]:
    """What is differentiated by."""
    if isinstance(node, s.Derivative):
        yield from names_in(node.by)
    for value in vars(node).values() if isinstance(node, Node) else node if isinstance(node, tuple) else ():
        if isinstance(value, Node | tuple):
            yield from _divisors(value)


def _shifted(tokens: tuple[Token, ...], n: int) -> Iterator[tuple[Token, ...]]:
    """t-1 as t and t-2, t as t-1 and t+1."""
    signed = len(tokens) > n + 2 and tokens[n + 1].text in {"+", "-"} and tokens[n + 2].text.isdigit()
    offset = int(f"{tokens[n + 1].text}{tokens[n + 2].text}") if signed else 0
    at, rest = tokens[n].at, tokens[n + (3 if signed else 1) :]
    for new in (offset - 1, offset + 1):
        sign = Token("+" if new > 0 else "-", at, "sign")
        yield (*tokens[: n + 1], *((sign, Token(str(abs(new)), at, "number")) if new else ()), *rest)
