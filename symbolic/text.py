"""A term as one line of plain text, in NumPy's conventions.

In:  a term, well typed or not.  Out: `text(term)`.
What is an operation in Python is written as one, with Python's precedence and no
parenthesis that Python does not need: evaluated where its names are defined, the line
gives the term back.  Sums over subscripts and steps are written Σ and take the rest of
their product.
"""

from __future__ import annotations

from symbolic import terms as f
from symbolic.notation import Subscript
from symbolic.terms import LOSS, Derivative, Term, Var

ADD, BIG, MUL, UNARY, POW, NUMBER, ATOM = range(7)


def text(term: Term) -> str:
    """`V.T @ grad(o[t]) + W.T @ ((1 - h[t+1]**2) * grad(h[t+1]))`."""
    return _written(term)[0]


def _written(term: Term) -> tuple[str, int]:
    """The text and how tightly it binds."""
    match term:
        case f.Var(name, step=step):
            return (name if step is None else f"{name}[{step}]"), ATOM
        case f.Const(value):
            return str(value), MUL if value.denominator != 1 else UNARY if value < 0 else NUMBER
        case f.Add(left, f.Neg(right)):
            return f"{_at(left, ADD)} - {_at(right, BIG)}", ADD
        case f.Add(left, right):
            return f"{_at(left, ADD)} + {_at(right, BIG)}", ADD
        case f.Neg(arg):
            inside, binds = _written(arg)
            return (f"-{inside}", BIG) if binds == BIG else (f"-{_at(arg, UNARY)}", UNARY)
        case f.Mul(left, right):
            return f"{_at(left, MUL)} * {_at(right, UNARY)}", MUL
        case f.MatMul(left, right):
            return f"{_at(left, MUL)} @ {_at(right, UNARY)}", MUL
        case f.Div(left, right):
            return f"{_at(left, MUL)} / {_at(right, UNARY)}", MUL
        case f.Pow(base, exponent):
            return f"{_at(base, NUMBER)}**{exponent}", POW
        case f.Transpose(arg):
            return f"{_at(arg, ATOM)}.T", ATOM
        case f.Call(name, arg):
            return f"{name}({text(arg)})", ATOM
        case f.Softmax(arg) | f.Indicator(arg) | f.Diag(arg):
            return f"{type(term).__name__.lower()}({text(arg)})", ATOM
        case f.Outer(left, right) | f.Inner(left, right):
            return f"{type(term).__name__.lower()}({text(left)}, {text(right)})", ATOM
        case f.Sum(arg, axis):
            return f"sum({text(arg)})" if axis is None else f"sum({text(arg)}, axis={axis})", ATOM
        case f.Derivative():
            return _differential(term, text(term.of), text(term.by), whole_loss=term.of == LOSS), ATOM
        case f.Entry(arg, subscripts):
            return _entry(arg, subscripts), ATOM
        case f.SumIndex(index, body):
            return f"Σ_{index} {_at(body, BIG)}", BIG
        case f.SumSteps(index, first, last, body):
            return f"Σ_{{{index}={first}}}^{{{last}}} {_at(body, BIG)}", BIG
        case f.ProductSteps(index, first, last, body):
            return f"Π_{{{index}={first}}}^{{{last}}} {_at(body, BIG)}", BIG
        case f.Ones(axes):
            return f"ones({', '.join(str(axis) for axis in axes)})", ATOM
        case f.Eye(axis):
            return f"eye({axis})", ATOM
        case f.Delta(i, j):
            return f"δ{_subscripts((i, j))}", ATOM
        case f.Reciprocal(axis):
            return f"1/{axis or 'T'}", MUL
    raise TypeError(f"not a term of the formula language: {term!r}")


def _at(term: Term, least: int) -> str:
    """The text, in parentheses where it binds less tightly than its place demands."""
    inside, binds = _written(term)
    return inside if binds >= least else f"({inside})"


def _entry(arg: Term, subscripts: tuple[Subscript, ...]) -> str:
    """`yhat_i`; of a derivative, the derivative of the entries: `d(yhat_i, o_j)`."""
    if isinstance(arg, Derivative) and isinstance(arg.of, Var):
        rank = len(arg.of.axes)
        of, by = subscripts[:rank], subscripts[rank:]
        return _differential(arg, text(arg.of) + _subscripts(of), text(arg.by) + _subscripts(by), whole_loss=False)
    return _at(arg, ATOM) + _subscripts(subscripts)


def _differential(node: Derivative, of: str, by: str, whole_loss: bool) -> str:
    at = "" if node.copy is None else f"; {node.copy}"
    if node.total and whole_loss:
        return f"grad({by}{at})"
    return f"{'d' if node.total else 'immediate'}({of}, {by}{at})"


def _subscripts(subscripts: tuple[Subscript, ...]) -> str:
    names = [str(s) for s in subscripts]
    if not names:
        return ""
    return "_" + ("".join(names) if all(len(n) == 1 for n in names) else f"{{{','.join(names)}}}")
