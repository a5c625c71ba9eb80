"""A term in the notation of the literature, as LaTeX mathematics.

In:  a term, well typed or not (a misprint must print as well), and how time is written:
     h^{(t)}, or h_{t} as the LSTM tutorials do.
Out: `typeset(term)`, and `typeset_sides(terms)` of an equation, ASCII that pdflatex with amsmath and KaTeX both read.
Vectors are columns; a row is written u^T M.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from symbolic import terms as f
from symbolic.notation import Index, Step, Subscript
from symbolic.pieces import ADD, BIG, CLOSED, LETTER, PRODUCT, Piece, big, fraction, joined, juxtaposed, letter, timed
from symbolic.prose import symbol
from symbolic.shapes import ShapeMismatch, shape
from symbolic.terms import LOSS, Const, Derivative, Term, Var
from symbolic.written_out import entry, fresh_indices, names


def typeset(term: Term, subscript_time: bool = False) -> str:
    """The term as LaTeX mathematics."""
    return str(Typesetter(subscript_time).piece(term))


def typeset_sides(terms: Sequence[Term], subscript_time: bool = False) -> list[str]:
    """The sides of an equation: rows only where no side is a column; a gradient is written as either."""
    writer = Typesetter(subscript_time)
    has_column = any(_rank(term) == 1 and not isinstance(term, Derivative) and not _is_row(term) for term in terms)
    return [str(writer.column(term) if has_column else writer.piece(term)) for term in terms]


@dataclass(frozen=True)
class Typesetter:
    subscript_time: bool = False

    def piece(self, term: Term) -> Piece:
        """The term in pieces; arrays of rank 1 are columns, a row is written u^T M."""
        match term:
            case f.Var():
                return self.variable(term)
            case f.Const(value):
                if value.denominator != 1:
                    return fraction(value.numerator, value.denominator)
                return Piece(str(value), ADD if value < 0 else LETTER)
            case f.Add(left, right):
                bare = _without_sign(right)
                a, b = self._aligned(left, right if bare is None else bare)
                summand = b if bare is None and not b.body.startswith("-") else b.at(BIG)
                return Piece(f"{a} {'+' if bare is None else '-'} {summand}", ADD)
            case f.Neg() | f.Mul() | f.MatMul() if (bare := _without_sign(term)) is not None:
                return Piece(f"-{self.piece(bare).at(BIG)}", ADD)
            case f.Mul(left, right):
                return self._product_by_entries(left, right)
            case f.Div(left, Const() as right) if (numerator := self.piece(left)).binds == BIG:
                return Piece(f"{fraction(1, self.piece(right))} {numerator}", BIG)
            case f.Div(left, right):
                return fraction(self.piece(left), self.piece(right))
            case f.Pow(f.Call("tanh", arg), exponent) if exponent > 0:
                return Piece(rf"\tanh^{{{exponent}}}\left({self.piece(arg)}\right)")
            case f.Pow(f.Call() as base, exponent):
                return Piece(f"{self.piece(base)}^{{{exponent}}}")
            case f.Pow(base, exponent):
                return self.piece(base).raised(rf"\odot {exponent}" if (_rank(base) or 0) > 1 else f"{exponent}")
            case f.Call(name, arg):
                function = FUNCTIONS.get(name, rf"\operatorname{{{name}}}")
                return Piece(rf"{function}\left({self.column(arg)}\right)")
            case f.Softmax(arg):
                return Piece(rf"\operatorname{{softmax}}\left({self.column(arg)}\right)")
            case f.Diag(arg):
                return Piece(rf"\operatorname{{diag}}\left({self.column(arg)}\right)")
            case f.Indicator(arg):
                return Piece(r"\mathbf{1}", LETTER, sub=str(self.piece(arg)))
            case f.MatMul(left, right):
                return juxtaposed(self._row(left) if _rank(left) == 1 else self.piece(left), self.column(right))
            case f.Transpose(arg):
                return self.piece(arg).transposed()
            case f.Outer(left, right) if _rank(left) == _rank(right) == 1:
                return juxtaposed(self.column(left), self._row(right))
            case f.Outer(left, right):
                return joined(self.column(left), r"\otimes", self.column(right))
            case f.Inner(left, right):
                return Piece(rf"\left\langle {self.piece(left)}, {self.piece(right)} \right\rangle")
            case f.Sum():
                return self._sum(term)
            case f.Entry(f.Indicator(arg), (i,)):
                return Piece(r"\mathbf{1}", LETTER, sub=f"{_subscripts((i,))}={self.piece(arg)}")
            case f.Entry(Derivative() as arg, subscripts):
                return self._entry_of_derivative(arg, subscripts)
            case f.Entry(Var() as arg, subscripts):
                return self._entry_of_variable(arg, subscripts)
            case f.Entry(arg, subscripts):
                return self.piece(arg).subscripted(_subscripts(subscripts))
            case f.SumIndex(index, body):
                return big(r"\sum", f"{symbol(index.name)}=1", symbol(index.axis.name), self.piece(body))
            case f.SumSteps(index, first, last, body):
                return big(r"\sum", f"{symbol(index)}={_step(first)}", _step(last), self.piece(body))
            case f.ProductSteps(index, first, last, body):
                return big(r"\prod", f"{symbol(index)}={_step(last)}", _step(first), self.piece(body))
            case f.Derivative():
                return self._derivative(term)
            case f.Ones():
                return Piece(r"\mathbf{1}", LETTER)
            case f.Eye():
                return Piece("I", LETTER)
            case f.Delta(i, j):
                return Piece(r"\delta", LETTER, sub=_subscripts((i, j)))
            case f.Reciprocal(axis):
                return fraction(1, symbol(axis.name if axis else "T"))
        raise TypeError(f"not a term of the formula language: {term!r}")

    def variable(self, var: Var, where: Step | None = None) -> Piece:
        """The letter with its own scripts and its step (or the step of a copy)."""
        name = letter(var.latex or symbol(var.name))
        time = where or var.step
        if time is None:
            return name
        return name.subscripted(_step(time)) if self.subscript_time else timed(name, _step(time))

    def column(self, term: Term) -> Piece:
        piece = self.piece(term)
        return piece.transposed() if _is_row(term) else piece

    def _row(self, term: Term) -> Piece:
        piece = self.piece(term)
        return piece if _is_row(term) else piece.transposed()

    def _aligned(self, left: Term, right: Term) -> tuple[Piece, Piece]:
        """Two summands, both rows or both columns."""
        write = self.piece if _is_row(left) and _is_row(right) else self.column
        return write(left), write(right)

    def _product_by_entries(self, left: Term, right: Term) -> Piece:
        """A number times an array is juxtaposed; two arrays meet with ⊙."""
        if 0 not in (_rank(left), _rank(right)):
            return joined(self.column(left), r"\odot", self.column(right))
        a, b = self.piece(left), self.piece(right)
        if isinstance(left, f.MatMul | f.Outer):
            a = a.in_parentheses()
        numbers = b.binds >= PRODUCT and re.match(r"\d", b.body)
        number_and_fraction = re.search(r"\d$", str(a)) and b.body.startswith(r"\frac")
        return juxtaposed(a, b, r" \cdot " if numbers or number_and_fraction else " ")

    def _sum(self, term: f.Sum) -> Piece:
        """Σ_k y_k log ŷ_k: the subscripts go inside as far as entry by entry operations reach."""
        try:
            axes = shape(term.arg)
            if term.axis is not None:
                inside = term.arg if axes.index(term.axis) == 0 else f.Transpose(term.arg)
                (n,) = fresh_indices((term.axis,), names(term))
                body: Term = f.Entry(inside, (n,)) if len(axes) > 1 else entry(inside, (n,))
                return self.piece(f.SumIndex(n, body))
        except (ShapeMismatch, TypeError, ValueError):
            return big(r"\sum", symbol(term.axis.name) if term.axis else "", "", self.piece(term.arg))
        indices = fresh_indices(axes, names(term))
        body = _inside(term.arg, indices)
        for index in reversed(indices):
            body = f.SumIndex(index, body)
        return self.piece(body)

    def _entry_of_variable(self, var: Var, subscripts: tuple[Subscript, ...]) -> Piece:
        """w_{ij}: an entry of a matrix is written with the small letter."""
        piece = self.variable(var)
        if len(var.axes) > 1 and re.fullmatch("[A-Z]", piece.body) and len(subscripts) == len(var.axes):
            piece = replace(piece, body=piece.body.lower())
        return piece.subscripted(_subscripts(subscripts))

    def _derivative(self, node: Derivative) -> Piece:
        if node.total and node.of == LOSS:
            return Piece(rf"\nabla_{{{self.variable(node.by, node.copy)}}} L", PRODUCT, is_open=True)
        return self._quotient(node, r"\mathrm{d}", self.piece(node.of), self.variable(node.by, node.copy))

    def _entry_of_derivative(self, node: Derivative, subscripts: tuple[Subscript, ...]) -> Piece:
        """∂ŷ_i/∂o_j: the first subscripts belong to what is differentiated."""
        rank = _rank(node.of)
        if rank is None or rank + len(node.by.axes) != len(subscripts):
            return self._derivative(node).subscripted(_subscripts(subscripts))
        of = f.Entry(node.of, subscripts[:rank]) if rank else node.of
        by = replace(node.by, step=node.copy or node.by.step, sequence=True)
        below = self.piece(f.Entry(by, subscripts[rank:])) if subscripts[rank:] else self.piece(by)
        return self._quotient(node, r"\partial", self.piece(of), below)

    def _quotient(self, node: Derivative, d: str, of: Piece, by: Piece) -> Piece:
        d, below = (d, f"{d} {by}") if node.total else (r"\partial^{+}", rf"\partial {by}")
        if isinstance(node.of, Var):
            return fraction(f"{d} {of}", below)
        return Piece(rf"{fraction(d, below)} {of.at(CLOSED)}", BIG, is_open=True)


FUNCTIONS = {"tanh": r"\tanh", "sigmoid": r"\sigma", "exp": r"\exp", "log": r"\log"}


def _without_sign(term: Term) -> Term | None:
    """What stands behind a minus that is the first sign of a term; None where there is none: (−2) x is −2 x."""
    match term:
        case f.Neg(arg):
            return arg
        case Const(value) if value < 0:
            return Const(-value)
        case f.Mul(left, right) | f.MatMul(left, right) if (bare := _without_sign(left)) is not None:
            return right if bare == Const(Fraction(1)) else type(term)(bare, right)
    return None


def _rank(term: Term) -> int | None:
    """The number of axes; None where a term has none because it is ill typed."""
    try:
        return len(shape(term))
    except (ShapeMismatch, TypeError):
        return None


def _is_row(term: Term) -> bool:
    """Whether a vector is written as a row: u^T M, and what is made of such rows."""
    match term:
        case f.MatMul(left, _):
            return _rank(term) == 1 and (_rank(left) == 1 or _is_row(left))
        case f.Neg(arg) | f.SumSteps(_, _, _, arg):
            return _is_row(arg)
        case f.Add(left, right):
            return _is_row(left) and _is_row(right)
        case f.Mul(left, right):
            return (_rank(left) == 0 and _is_row(right)) or (_rank(right) == 0 and _is_row(left))
    return False


def _inside(term: Term, subscripts: tuple[Index, ...]) -> Term:
    """The entry, with the subscripts moved inside what works entry by entry, not inside products."""
    own: Callable[[Term], Term] = lambda part: _inside(part, subscripts[len(subscripts) - len(shape(part)) :])  # noqa: E731
    match term:
        case f.Add(left, right) | f.Mul(left, right) | f.Div(left, right):
            return type(term)(own(left), own(right))
        case f.Neg(arg):
            return f.Neg(own(arg))
        case f.Pow(base, exponent):
            return f.Pow(own(base), exponent)
        case f.Call(name, arg):
            return f.Call(name, own(arg))
        case f.Ones():
            return f.term(1)
    return f.Entry(term, subscripts) if subscripts else term


def _step(where: Step) -> str:
    return str(where) if not where.anchor else symbol(where.anchor) + (f"{where.offset:+d}" if where.offset else "")


def _subscripts(subscripts: tuple[Subscript, ...]) -> str:
    written = [symbol(s.name) if isinstance(s, Index) else str(s) for s in subscripts]
    return ("" if all(len(s) == 1 for s in written) else ",").join(written)
