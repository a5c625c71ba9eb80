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


def assigned(place: Place) -> Named | None:
    """The one name that the line gives to a value."""
    found = [_short(each.target) for each in _assigned(place) if each.place.line == place.line]
    return Named(found[0], place) if len(found) == 1 and found[0] else None


def renamed(place: Place, text: str) -> Named | None:
    """The one line of the function at `place` that gives this value another name."""
    found = [each for each in _assigned(place) if _is_reference(each.value) and _short(_uncopied(each.value)) == text]
    return found[0].named() if len(found) == 1 else None


def origin(place: Place, text: str) -> Named | None:
    """The line of the function at `place` that gives this name to a value, if no other but zeros has it."""
    root = _root(text)
    same = [each for each in _assigned(place) if _root(_short(each.target)) == root]
    found = [each for each in same if each.place.line != place.line and not _is_zeros(each.value)]
    return found[0].named() if root and len(found) == 1 else None


def is_repeated(place: Place) -> bool:
    """Whether the line stands in a loop of its innermost function."""
    function = _function(place)
    loops = [n for n in ast.walk(function) if isinstance(n, ast.For | ast.While)] if function else []
    return any(loop.lineno < place.line <= (loop.end_lineno or 0) for loop in loops)


class _Assigned(NamedTuple):
    target: ast.expr
    sign: str
    value: ast.expr
    place: Place

    def named(self) -> Named:
        target, value = _short(self.target), _short(self.value)
        return Named(f"{target} {self.sign} {value}" if target and value else "this is made", self.place)


def _assigned(place: Place) -> Iterator[_Assigned]:
    """Every assignment in the innermost function."""
    function = _function(place)
    for statement in ast.walk(function) if function else ():
        if isinstance(statement, ast.stmt):
            sign = "+=" if isinstance(statement, ast.AugAssign) else "="
            for target, value in _assignments(statement):
                yield _Assigned(target, sign, value, Place(place.file, statement.lineno))


def _function(place: Place) -> ast.FunctionDef | None:
    tree = _parsed("".join(linecache.getlines(place.file)))
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)] if tree else []
    around = [f for f in functions if f.lineno <= place.line <= (f.end_lineno or 0)]
    return max(around, key=lambda f: f.lineno, default=None)


def _root(text: str) -> str:
    return text.partition("[")[0]


def _is_reference(value: ast.expr) -> bool:
    return isinstance(_uncopied(value), ast.Name | ast.Subscript | ast.Attribute)


def _is_zeros(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and "zeros" in ast.unparse(value.func)


def _uncopied(value: ast.expr) -> ast.expr:
    """x of np.copy(x) and of x.copy()."""
    match value:
        case ast.Call(func=ast.Attribute(attr="copy", value=ast.Name("np" | "numpy")), args=[inside]):
            return inside
        case ast.Call(func=ast.Attribute(attr="copy", value=inside), args=[]):
            return inside
    return value


def statement(place: Place) -> str:
    """The line."""
    text = linecache.getline(place.file, place.line).strip()
    return text if len(text) <= LONGEST else ""


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
