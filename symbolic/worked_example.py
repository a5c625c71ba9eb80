"""A derivation at given sizes, every entry written out.

In:  a derivation and sizes.
Out: LaTeX: the model's equations that the derivation speaks of, as matrices of entries and
     with their sums written out, then the closed form entry by entry.
Up to `MOST` entries all of them are written; of more, the first row and the general entry.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from symbolic import terms as f
from symbolic.elementwise import free_indices
from symbolic.model import Equation, variables
from symbolic.notation import AXES, Axis, Index, Shape, Sizes
from symbolic.prose import prose, symbol
from symbolic.records import Derivation
from symbolic.shapes import ShapeMismatch, shape
from symbolic.terms import LOSS, Term, subterms
from symbolic.typeset import typeset
from symbolic.written_out import Bound, entry, fresh_indices, names

MOST = 20
LINE, PAGE = 120, 190


def worked_example(derivation: Derivation, sizes: Sizes | None = None) -> str:
    """Equations and closed form, entry by entry; empty where nothing has entries."""
    example = _Example(
        {**{axis: axis.size for axis in AXES.values()}, **(sizes or {}), **derivation.sizes},
        derivation.model is not None and derivation.model.subscript_time,
    )
    first, last = derivation.chain[0], derivation.chain[-1]
    try:
        if shape(first) != shape(last):
            raise ShapeMismatch("equality", shape(first), shape(last), last)
        closed_form = example.closed_form(first, last)
    except (ShapeMismatch, IndexError) as why:
        return f"Entry by entry this says nothing: {prose(str(why))}."
    equations = [example.equation(each) for each in _used(derivation)]
    if not closed_form and not equations:
        return ""
    written = ", ".join(f"${symbol(axis.name)}={n}$" for axis, n in example.sizes.items() if axis in _axes(derivation))
    heading = [f"Written out for {written}."] if written else []
    return "\n".join([*heading, *equations, *closed_form])


def _used(derivation: Derivation) -> list[Equation]:
    """The equations that make or weigh what the derivation names, in the model's order."""
    model = derivation.model
    if model is None:
        return []
    named = {v.name for term in derivation.chain for v in variables(term)}
    if any(s == LOSS for term in derivation.chain for s in subterms(term)):
        named.add(model.step_loss.name)
    weights = named & {v.name for v in model.parameters}
    return [
        each
        for each in model.equations
        if each.left.name in named or any(v.name in weights for v in variables(each.right))
    ]


def _axes(derivation: Derivation) -> set[Axis]:
    """The axes of everything that is written out."""
    whole = [*derivation.chain, *(side for each in _used(derivation) for side in (each.left, each.right))]
    inside = [s for term in whole for s in subterms(term)]
    return {axis for s in inside if isinstance(s, f.Var | f.Ones) for axis in s.axes} | {
        index.axis for term in inside for index in free_indices(term)
    }


@dataclass(frozen=True)
class _Example:
    sizes: Sizes
    subscript_time: bool

    def equation(self, each: Equation) -> str:
        """Matrices of entries; where they are multiplied, each entry with its sum as well."""
        shown = self.display(self.matrices(each.left), self.matrices(each.right))
        if shown and not any(isinstance(s, f.MatMul | f.Outer) for s in subterms(each.right)):
            return shown
        return shown + self.aligned(each.left, each.right, list(self.places(each.left)))

    def closed_form(self, first: Term, last: Term) -> list[str]:
        """The closed form as matrices and entry by entry."""
        places = list(self.places(first, last))
        if places == [()] and not any(isinstance(s, f.Var) and s.axes for s in (*subterms(first), *subterms(last))):
            return []
        shown = []
        if _has_product(last) and len(shape(last)) in (1, 2):
            whole = self.display(self.typeset(first), self.matrices(last))
            shown = [f"The closed form:\n{whole}"] if whole else []
        if len(places) <= MOST:
            return [*shown, "Entry by entry:", self.aligned(first, last, places)]
        row = [place for place in places if set(place[:-1]) <= {1}]
        count = f"Of the {len(places)} entries, the first row and the general one:"
        return [*shown, count, self.aligned(first, last, row), self.general(first, last)]

    def display(self, left: str, right: str) -> str:
        """left = right, or nothing where that is wider than a page."""
        if _width(f"{left} = {right}") > PAGE:
            return ""
        return f"\\begin{{equation*}}\n  {left} = {right}\n\\end{{equation*}}\n"

    def places(self, *sides: Term) -> Iterator[tuple[int, ...]]:
        """Every assignment to the free subscripts, then to the axes."""
        axes = tuple(index.axis for index in _free(*sides)) + shape(sides[0])
        return product(*(range(1, self.size(axis) + 1) for axis in axes))

    def aligned(self, left: Term, right: Term, places: list[tuple[int, ...]]) -> str:
        free = _free(left, right)
        lines = []
        for place in places:
            bound = dict(zip((index.name for index in free), place, strict=False))
            a = self.short_entry(left, place[len(free) :], bound, breaks=False)
            b = self.short_entry(right, place[len(free) :], bound, breaks=True)
            lines.append(f"  {self.typeset(a)} &= {self.broken(b)}")
        return "\\begin{align*}\n" + " \\\\[0.5ex]\n".join(lines) + "\n\\end{align*}"

    def short_entry(self, term: Term, place: tuple[int, ...], bound: Bound, breaks: bool) -> Term:
        """Every sum over an axis written out, unless what must not break is then wider than a line."""
        written = entry(term, place, self.sizes, bound)
        unbroken = [summand for _, summand in _summands(written)] if breaks else [written]
        too_wide = any(_width(self.typeset(each)) > LINE for each in unbroken)
        return entry(term, place, None, bound) if too_wide else written

    def general(self, left: Term, right: Term) -> str:
        """The entry with running subscripts."""
        indices = fresh_indices(shape(left), names(left) | names(right))
        a, b = (self.typeset(entry(side, indices)) for side in (left, right))
        return f"\\begin{{equation*}}\n  {a} = {b}\n\\end{{equation*}}"

    def broken(self, term: Term) -> str:
        """The summands of a long sum on several lines."""
        lines, width = [""], 0
        for sign, summand in _summands(term):
            written = self.typeset(summand)
            written = rf"\left({written}\right)" if sign == "-" and isinstance(summand, f.Add) else written
            if width and width + _width(written) > LINE:
                lines, width = [*lines, ""], 0
            lines[-1] += (f" {sign} " if lines[0] else sign.replace("+", "")) + written
            width += _width(written)
        return " \\\\\n  &\\quad".join(lines)

    def matrices(self, term: Term) -> str:
        """Sums and products of matrices of entries."""
        match term:
            case f.Add(left, f.Neg(right)) if _has_product(term):
                return f"{self.summand(left, term)} - {self.summand(right, term, after_minus=True)}"
            case f.Add(left, right) if _has_product(term):
                return f"{self.summand(left, term)} + {self.summand(right, term)}"
            case f.Neg(arg) if _has_product(term):
                return f"-{self.factor(arg)}"
            case f.MatMul(left, right) if shape(term):
                return f"{self.factor(left, row=len(shape(left)) == 1)} {self.factor(right)}"
            case f.Outer(left, right) if len(shape(left)) == len(shape(right)) == 1:
                return f"{self.factor(left)} {self.matrix(right, row=True)}"
            case f.SumSteps(index, first, last, body) if _has_product(term):
                empty = f.SumSteps(index, first, last, f.Var("", (), latex="{}"))
                return f"{self.typeset(empty).removesuffix('{}').strip()} {self.factor(body)}"
            case f.Mul(left, right) if _has_product(right) and not shape(left):
                return f"{self.factor(left)} {self.factor(right)}"
        return self.matrix(term)

    def summand(self, term: Term, whole: Term, after_minus: bool = False) -> str:
        """Where one summand is broadcast, as a bias is over a mini-batch, it is written that often."""
        if shape(term) and shape(term) != shape(whole):
            return self.matrix(term, axes=shape(whole))
        return self.factor(term) if after_minus else self.matrices(term)

    def factor(self, term: Term, row: bool = False) -> str:
        if row:
            return self.matrix(term, row=True)
        written = self.matrices(term)
        return rf"\left({written}\right)" if isinstance(term, f.Add | f.Neg) and _has_product(term) else written

    def matrix(self, term: Term, row: bool = False, axes: Shape | None = None) -> str:
        """A pmatrix of the entries; a vector is a column unless a row is asked for."""
        axes = axes or shape(term)
        if not axes or len(axes) > 2:
            return self.typeset(entry(term, (), self.sizes) if not axes else term)
        wide = [(j,) for j in range(1, self.size(axes[-1]) + 1)]
        rows: list[list[tuple[int, ...]]]
        if len(axes) == 2:
            rows = [[(i, *j) for j in wide] for i in range(1, self.size(axes[0]) + 1)]
        else:
            rows = [[*wide]] if row else [[j] for j in wide]
        rank = len(shape(term))
        cells = [[self.typeset(entry(term, place[len(place) - rank :], self.sizes)) for place in line] for line in rows]
        tall = any(mark in cell for line in cells for cell in line for mark in (r"\frac", "^"))
        stretch = r" \\[1ex] " if tall else r" \\ "
        return rf"\begin{{pmatrix}} {stretch.join(' & '.join(line) for line in cells)} \end{{pmatrix}}"

    def typeset(self, term: Term) -> str:
        return typeset(term, self.subscript_time)

    def size(self, axis: Axis) -> int:
        return self.sizes.get(axis, axis.size)


def _has_product(term: Term) -> bool:
    """Whether sums, scalings and products of matrices are what the term is made of at the top."""
    match term:
        case f.MatMul() | f.Outer():
            return all(len(axes) in (1, 2) for axes in (shape(term), shape(term.left), shape(term.right)))
        case f.Add(left, right):
            return _has_product(left) or _has_product(right)
        case f.Neg(arg) | f.SumSteps(_, _, _, arg):
            return _has_product(arg)
        case f.Mul(left, right):
            return not shape(left) and _has_product(right)
    return False


def _free(*sides: Term) -> list[Index]:
    return sorted(frozenset().union(*(free_indices(side) for side in sides)), key=lambda index: index.name)


def _summands(term: Term) -> Iterator[tuple[str, Term]]:
    match term:
        case f.Add(left, f.Neg(right)):
            yield from _summands(left)
            yield "-", right
        case f.Add(left, right):
            yield from _summands(left)
            yield from _summands(right)
        case f.Neg(arg) if not isinstance(arg, f.Add):
            yield "-", arg
        case _:
            yield "+", term


def _width(written: str) -> int:
    """About how many letters wide: a matrix as its widest row, a fraction as its longer half."""
    rows = re.sub(r"\\begin\{pmatrix\}(.*?)\\end\{pmatrix\}", _widest_row, written)
    letters = re.sub(r"\\(?!frac)[A-Za-z]+", lambda m: "" if m[0] in (r"\left", r"\right") else "x", rows)
    while (shorter := FRACTION.sub(lambda m: max(m[1], m[2], key=len), letters)) != letters:
        letters = shorter
    return len(re.sub(r"[{}_^\s]", "", letters))


def _widest_row(matrix: re.Match[str]) -> str:
    return max(re.split(r"\\\\(?:\[1ex\])?", matrix[1]), key=len)


GROUP = r"\{((?:[^{}\\]|\{(?:[^{}\\]|\{[^{}\\]*\})*\})*)\}"
FRACTION = re.compile(r"\\frac" + GROUP + GROUP)
