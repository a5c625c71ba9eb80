"""The source of an operation that was traced: its text, its operands, the name that its value is given.

In:  where in which file operations stand, the innermost call first, as the tape has it.
Out: text on one line, "" where the source is not to be had or is long.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from numeric.trace.places import Place, Site, Span

LONGEST = 60
PRODUCTS = ("dot", "outer", "matmul", "multiply", "inner")


class Named(NamedTuple):
    """What a value is called where it is made."""

    text: str
    place: Place


def expression(sites: Sequence[Site]) -> str:
    """The operation itself, as `dh * o`."""
    node, _ = _found(sites)
    return _short(node) if isinstance(node, ast.expr) else ""


def operand(sites: Sequence[Site], side: int) -> str:
    """The left or right operand of an operation, or one of the two that a product is called with."""
    node, _ = _found(sites)
    match node:
        case ast.BinOp(left=one, right=other) | ast.AugAssign(target=one, value=other):
            return _short((one, other)[side])
        case ast.Call(func=ast.Attribute(attr=name), args=[one, other]) if name in PRODUCTS:
            return _short((one, other)[side])
        case ast.Call(func=ast.Attribute(attr="dot", value=one), args=[other]):
            return _short((one, other)[side])
    return ""


def factor(sites: Sequence[Site], side: int) -> str:
    """The left or right factor of a product; of a quotient the left one, and 1 over the right one."""
    node, _ = _found(sites)
    match node:
        case ast.BinOp(op=ast.Mult()) | ast.AugAssign(op=ast.Mult()) | ast.Call():
            return operand(sites, side)
        case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()):
            text = operand(sites, side)
            return f"1 / ({text})" if side and text else text
    return ""


def named(sites: Sequence[Site]) -> Named | None:
    """The target that the value is assigned to, or what a function returned it is called by who called that."""
    node, statement = _found(sites)
    if node is None or statement is None:
        return None
    place = Place(sites[0].file, node.lineno)
    if isinstance(statement, ast.Return) and statement.value is node:
        return named(sites[1:])
    for target, value in _assignments(statement):
        if value is node and (text := _short(target)):
            return Named(text, place)
    return None


def alias(place: Place, of: str = "", name: str = "") -> Named | None:
    """The one line of the function at `place` that gives a value another name without computing anything.

    `of`: the value, as that line has it; `name`: the name that it gives, whatever its index.
    """
    tree = _tree(place.file)
    around = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and _around(n, place.line)] if tree else []
    if not around:
        return None
    innermost = max(around, key=lambda function: function.lineno)
    found = [
        Named(f"{_short(target)} {sign} {_short(value)}", Place(place.file, statement.lineno))
        for statement in ast.walk(innermost)
        if isinstance(statement, ast.Assign | ast.AugAssign)
        for target, value in _assignments(statement)
        for sign in ("=" if isinstance(statement, ast.Assign) else "+=",)
        if isinstance(_uncopied(value), ast.Name | ast.Subscript | ast.Attribute) and not isinstance(target, ast.Tuple)
        if (of and _short(_uncopied(value)) == of) or (name and _root(target) == name.partition("[")[0])
    ]
    return found[0] if len(found) == 1 else None


def statement(place: Place) -> str:
    """The line."""
    text = linecache.getline(place.file, place.line).strip()
    return text if len(text) <= LONGEST else ""


def _around(function: ast.FunctionDef, line: int) -> bool:
    return function.lineno <= line <= (function.end_lineno or 0)


def _uncopied(value: ast.expr) -> ast.expr:
    """x of np.copy(x) and of x.copy()."""
    match value:
        case ast.Call(func=ast.Attribute(attr="copy", value=ast.Name()), args=[inside]):
            return inside
        case ast.Call(func=ast.Attribute(attr="copy", value=inside), args=[]):
            return inside
    return value


def _root(target: ast.expr) -> str:
    return _short(target).partition("[")[0]


def _assignments(statement: ast.stmt) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Targets and values, one by one."""
    if isinstance(statement, ast.AugAssign) and isinstance(statement.op, ast.Add):
        yield statement.target, statement.value
    if isinstance(statement, ast.Assign):
        value = statement.value
        for target in statement.targets:
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                if len(target.elts) == len(value.elts):
                    yield from zip(target.elts, value.elts, strict=True)
            else:
                yield target, value


def _found(sites: Sequence[Site]) -> tuple[ast.expr | ast.stmt | None, ast.stmt | None]:
    """The operation, and the statement that it stands in."""
    if not sites:
        return None, None
    return _nodes(sites[0].file, "".join(linecache.getlines(sites[0].file))).get(sites[0].span, (None, None))


def _tree(file: str) -> ast.Module | None:
    return _parsed("".join(linecache.getlines(file)))


@lru_cache(maxsize=16)
def _parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError):
        return None


@lru_cache(maxsize=16)
def _nodes(file: str, text: str) -> dict[Span, tuple[ast.expr | ast.stmt, ast.stmt]]:
    """What stands where, and in which simple statement."""
    found: dict[Span, tuple[ast.expr | ast.stmt, ast.stmt]] = {}
    for statement in ast.walk(_parsed(text) or ast.Module([], [])):
        if isinstance(statement, ast.Assign | ast.AugAssign | ast.Return | ast.Expr):
            for node in ast.walk(statement):
                if isinstance(node, ast.expr | ast.stmt):
                    span = node.lineno, node.end_lineno or 0, node.col_offset, node.end_col_offset or 0
                    found.setdefault(span, (node, statement))
    return found


def _short(node: ast.AST) -> str:
    text = ast.unparse(node)
    return text if len(text) <= LONGEST else ""
