"""What an expression may mean: terms with their layout, and how readings are put together.

In:  readings of the parts.  Out: every reading of the whole whose shapes conform.
A vector is a column, a row, or a gradient that is written as either; a matrix that a
document writes out is a `Grid` of scalars.  Where a product conforms as linear algebra
has it, that is its only reading; only vectors side by side are read in several ways.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from symbolic import terms as f
from symbolic.notation import Index, Shape, Subscript, shape_text
from symbolic.reader.scope import ANY, HADAMARD, INNER, OUTER
from symbolic.shapes import ShapeMismatch, shape
from symbolic.terms import Term

COLUMN, ROW, EITHER = "column", "row", "either"


class Misfit(ValueError):
    """No reading conforms: what was tried last, and where (an offset)."""

    def __init__(self, at: int, left: str, right: str, what: str) -> None:
        self.at, self.left, self.right = at, left, right
        super().__init__(f"{what}: {left} and {right}")


@dataclass(frozen=True)
class Grid:
    """A matrix written out: rows of scalars."""

    rows: tuple[tuple[Term, ...], ...]

    @property
    def T(self) -> Grid:  # noqa: N802 (as terms have it)
        return Grid(tuple(zip(*self.rows, strict=True)))

    @property
    def size(self) -> tuple[int, int]:
        return len(self.rows), len(self.rows[0])

    def map(self, function: Callable[[Term], Term]) -> Grid:
        return Grid(tuple(tuple(function(x) for x in row) for row in self.rows))


@dataclass(frozen=True)
class Reading:
    """A term and, of a vector, how it lies."""

    term: Term | Grid
    layout: str = ""

    @property
    def array(self) -> Term:
        """The term; raises Misfit for a matrix that is written out."""
        if isinstance(self.term, Grid):
            raise Misfit(0, str(self), "an array by name", "a matrix that is written out")
        return self.term

    @cached_property
    def axes(self) -> Shape:
        return shape(self.array)

    @property
    def rank(self) -> int:
        return 2 if isinstance(self.term, Grid) else len(self.axes)

    @property
    def is_scalar(self) -> bool:
        return isinstance(self.term, Term) and not self.axes

    def __str__(self) -> str:
        """`[H×1]`, as people write shapes."""
        if isinstance(self.term, Grid):
            return "×".join(map(str, self.term.size))
        names = [str(axis) for axis in self.axes]
        if len(names) == 1:
            names = ["1", *names] if self.layout == ROW else [*names, "1"]
        return "×".join(names) or "a number"


def of_term(term: Term, layout: str = COLUMN) -> Reading:
    return Reading(term, layout if len(shape(term)) == 1 else "")


def grid(reading: Reading) -> Grid:
    """The entries of an array of rank 1 or 2, at the sizes of its axes."""
    if isinstance(reading.term, Grid):
        return reading.term
    term, axes = reading.array, reading.axes
    if not axes:
        return Grid(((term,),))
    if len(axes) == 1:
        column = Grid(tuple((entry(term, (i,)),) for i in range(1, axes[0].size + 1)))
        return column.T if reading.layout == ROW else column
    rows, columns = axes
    return Grid(tuple(tuple(entry(term, (i, j)) for j in range(1, columns.size + 1)) for i in range(1, rows.size + 1)))


def entry(term: Term, subscripts: tuple[Subscript, ...]) -> Term:
    """An entry; of what works entry by entry, of its parts."""
    match term:
        case f.Add(left, right) if shape(left) == shape(right):
            return f.Add(entry(left, subscripts), entry(right, subscripts))
        case f.Neg(arg):
            return f.Neg(entry(arg, subscripts))
        case f.Ones():
            return f.term(1)
        case f.Eye():
            i, j = subscripts
            return f.term(int(i == j)) if isinstance(i, int) and isinstance(j, int) else f.Delta(i, j)
    return f.Entry(term, subscripts)


def lays_as(reading: Reading, layout: str) -> bool:
    return reading.layout in (layout, EITHER)


def products(a: Reading, b: Reading, beside: str, at: int, transposed_layout: str) -> list[Reading]:
    """a b, every way that conforms; a vector that was transposed lies as it is written; raises Misfit."""
    if isinstance(a.term, Grid) or isinstance(b.term, Grid):
        return [_grid_product(a, b, at)]
    if a.is_scalar or b.is_scalar:
        return [Reading(_times(a.array, b.array), b.layout if a.is_scalar else a.layout)]
    both_vectors = a.rank == b.rank == 1
    found = []
    same = a.axes == b.axes
    if both_vectors:
        written = transposed_layout in (a.layout, b.layout) and a.layout != b.layout
        undecided = (a.layout == b.layout or EITHER in (a.layout, b.layout)) and not written
        layout = a.layout if a.layout != EITHER else b.layout
        if undecided and beside in (HADAMARD, ANY) and same:
            found.append(Reading(f.Mul(a.array, b.array), layout))
        if undecided and beside == HADAMARD:
            pass
        else:
            explicit = not undecided
            if lays_as(a, ROW) and lays_as(b, COLUMN) and same and (explicit or beside in (INNER, ANY)):
                found.append(Reading(f.MatMul(a.array, b.array)))
            if lays_as(a, COLUMN) and lays_as(b, ROW) and (explicit or beside in (OUTER, ANY)):
                found.append(Reading(f.Outer(a.array, b.array)))
            if a.layout == b.layout != EITHER and beside in (INNER, ANY) and same:
                found.append(Reading(f.MatMul(a.array, b.array)))
            if a.layout == b.layout != EITHER and beside in (OUTER, ANY):
                found.append(Reading(f.Outer(a.array, b.array)))
        if not found:
            raise Misfit(at, str(a), str(b), "a product of two vectors")
        return found
    first, last = b.axes[0], a.axes[-1]
    fits = (b.rank > 1 or lays_as(b, COLUMN)) and (a.rank > 1 or lays_as(a, ROW)) and first == last
    if fits:
        result = f.MatMul(a.array, b.array)
        return [Reading(result, _lying(result, ROW if a.rank == 1 else COLUMN))]
    if a.rank == 1 and beside in (ANY, HADAMARD) and a.axes[0] == first and lays_as(a, COLUMN):
        return [Reading(f.MatMul(f.Diag(a.array), b.array))]
    raise Misfit(at, str(a), str(b), "a product")


def _lying(term: Term, layout: str) -> str:
    return layout if len(shape(term)) == 1 else ""


def _times(a: Term, b: Term) -> Term:
    if a == f.term(1):
        return b
    if a == f.term(-1):
        return f.Neg(b)
    return f.Mul(a, b)


def _grid_product(a: Reading, b: Reading, at: int) -> Reading:
    if a.is_scalar and isinstance(a.term, Term) and isinstance(b.term, Grid):
        left = a.term
        return Reading(b.term.map(lambda x: f.Mul(left, x)))
    if b.is_scalar and isinstance(b.term, Term) and isinstance(a.term, Grid):
        right = b.term
        return Reading(a.term.map(lambda x: f.Mul(x, right)))
    left_grid, right_grid = grid(a), grid(b)
    if left_grid.size == (1, 1):
        return Reading(right_grid.map(lambda x: f.Mul(left_grid.rows[0][0], x)))
    if left_grid.size[1] != right_grid.size[0]:
        raise Misfit(at, "×".join(map(str, left_grid.size)), "×".join(map(str, right_grid.size)), "a product")
    return Reading(Grid(tuple(tuple(_dot(row, column) for column in right_grid.T.rows) for row in left_grid.rows)))


def _dot(row: Iterable[Term], column: Iterable[Term]) -> Term:
    zero = f.term(0)
    parts = [f.Mul(x, y) for x, y in zip(row, column, strict=True) if zero not in (x, y)]
    total = parts[0] if parts else zero
    for part in parts[1:]:
        total = f.Add(total, part)
    return total


def hadamard(a: Reading, b: Reading, at: int, build: Callable[[Term, Term], Term] = f.Mul) -> Reading:
    """a ⊙ b (or a ⊘ b); raises Misfit."""
    if isinstance(a.term, Grid) or isinstance(b.term, Grid):
        if a.is_scalar or b.is_scalar:
            return _grid_product(a, b, at)
        left, right = grid(a), grid(b)
        if left.size != right.size:
            raise Misfit(at, str(Reading(left)), str(Reading(right)), "a product entry by entry")
        pairs = zip(left.rows, right.rows, strict=True)
        return Reading(Grid(tuple(tuple(build(x, y) for x, y in zip(p, q, strict=True)) for p, q in pairs)))
    term = build(a.array, b.array)
    layouts = {r.layout for r in (a, b) if r.rank == 1}
    if layouts == {ROW, COLUMN} or not _conforms(term):
        raise Misfit(at, str(a), str(b), "a product entry by entry")
    return Reading(term, _lying(term, next((r.layout for r in (a, b) if r.layout not in ("", EITHER)), EITHER)))


def added(a: Reading, b: Reading, at: int) -> Reading:
    """a + b; a number is added to every entry only where it is written as a number; raises Misfit."""
    if isinstance(a.term, Grid) or isinstance(b.term, Grid):
        left, right = grid(a), grid(b)
        if left.size != right.size:
            raise Misfit(at, str(Reading(left)), str(Reading(right)), "a sum")
        pairs = zip(left.rows, right.rows, strict=True)
        return Reading(Grid(tuple(tuple(f.Add(x, y) for x, y in zip(p, q, strict=True)) for p, q in pairs)))
    term = f.Add(a.array, b.array)
    layouts = {r.layout for r in (a, b) if r.rank == 1}
    numbers = [r for r in (a, b) if r.is_scalar and not is_number(r.term)]
    mixed = len(numbers) == 1 and a.is_scalar != b.is_scalar and not is_contracted(numbers[0].array)
    if layouts == {ROW, COLUMN} or mixed or not _conforms(term):
        raise Misfit(at, str(a), str(b), "a sum")
    return Reading(term, _lying(term, next((r.layout for r in (a, b) if r.layout not in ("", EITHER)), EITHER)))


def is_contracted(term: Term) -> bool:
    """Whether a number is written as an inner product or a sum, so that it is plainly one number for all entries."""
    match term:
        case f.Neg(arg):
            return is_contracted(arg)
        case f.MatMul() | f.Inner() | f.Sum() | f.SumIndex():
            return True
    return False


def is_number(term: Term | Grid) -> bool:
    """Whether it is written with numbers alone."""
    match term:
        case f.Const():
            return True
        case f.Neg(arg):
            return is_number(arg)
        case f.Add(left, right) | f.Mul(left, right) | f.Div(left, right):
            return is_number(left) and is_number(right)
    return False


def negated(a: Reading) -> Reading:
    if isinstance(a.term, Grid):
        return Reading(a.term.map(f.Neg))
    return Reading(f.Neg(a.term), a.layout)


def transposed(a: Reading) -> Reading:
    if isinstance(a.term, Grid):
        return Reading(a.term.T)
    if a.rank == 1:
        return Reading(a.term, {ROW: COLUMN, COLUMN: ROW, EITHER: EITHER}[a.layout])
    return a if a.rank == 0 else Reading(f.Transpose(a.term))


def mapped(a: Reading, function: Callable[[Term], Term]) -> Reading:
    """A function of every entry."""
    return Reading(a.term.map(function)) if isinstance(a.term, Grid) else Reading(function(a.term), a.layout)


def _conforms(term: Term) -> bool:
    try:
        shape(term)
    except ShapeMismatch:
        return False
    return True


def described(left: Shape, right: Shape) -> tuple[str, str]:
    return shape_text(left), shape_text(right)


def with_index(term: Term, name: str) -> set[Index]:
    """The running subscripts of that name in a term."""
    found: set[Index] = set()
    for s in f.subterms(term):
        subscripts = s.subscripts if isinstance(s, f.Entry) else (s.i, s.j) if isinstance(s, f.Delta) else ()
        found |= {i for i in subscripts if isinstance(i, Index) and i.name == name}
    return found


def derived(term: Term) -> Reading:
    """A derivative of a number is written as a column or as a row; a vector by a number is a column."""
    axes = shape(term)
    return Reading(term, EITHER if len(axes) == 1 else "")
