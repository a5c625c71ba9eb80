"""The certificate that a polynomial which is not zero is not zero as a function either.

In:  a model and sizes.
Out: `Certificate`: the rank over Q of the arguments of exp, tanh and σ in one step.

If those arguments, with the free variables beside them, are linearly independent over Q
modulo constants, then the free variables and the exponentials of the arguments are
algebraically independent (Ax 1971, functional Schanuel), and with them every generator of
the normal form.  The arguments are polynomials in generators that are independent by the
same theorem, one layer below; so independence is a rank of coefficients, computed exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from symbolic import terms as f
from symbolic.elementwise import Entries, dimensions, tabulated
from symbolic.model import Equation, Model
from symbolic.normal_form import Poly, Ring
from symbolic.notation import Axis, Sizes
from symbolic.terms import Var, subterms
from symbolic.unroll import Unrolled


@dataclass(frozen=True)
class Certificate:
    """`rank` of `functions` arguments are independent; equal numbers certify."""

    rank: int | None
    functions: int | None


def certificate(model: Model | None, sizes: Sizes) -> Certificate:
    """The rank of the arguments of a model's nonlinear functions, in one step."""
    if model is None:
        return Certificate(None, None)
    return _certificate(model, tuple(sizes.items()))


@cache
def _certificate(model: Model, sizes: tuple[tuple[Axis, int], ...]) -> Certificate:
    ring = Ring()
    arguments: list[Poly] = []

    def leaf(var: Var, step: int | None) -> Entries:
        dims = dimensions(var.axes, dict(sizes))
        return tabulated(dims, lambda position: ring.generator((var.name, step, position)))

    values = Unrolled(model, dict(sizes), 1, ring, leaf, _unfolds)
    for eq in model.equations:
        for s in subterms(eq.right):
            if isinstance(s, f.Softmax) or (isinstance(s, f.Call) and s.function != "log"):
                arguments += values.entries(s.arg, {"t": 1}).flat
    rows = [_without_leaves(ring, poly) for poly in arguments]
    return Certificate(_rank(rows), len(rows))


def _unfolds(equation: Equation) -> bool:
    return not (isinstance(equation.right, f.Call | f.Softmax) and equation.is_nonlinear)


def _without_leaves(ring: Ring, poly: Poly) -> dict[int, Fraction]:
    """The coefficients beyond the constant and the single free variables."""
    single = {next(iter(ring.generator(key).terms)) for key in ring.keys if isinstance(key, tuple)}
    return {m: Fraction(c) for m, c in poly.terms.items() if m and m not in single}


def _rank(rows: list[dict[int, Fraction]]) -> int:
    pivots: dict[int, dict[int, Fraction]] = {}
    for row in rows:
        while row:
            column = min(row)
            if column not in pivots:
                pivots[column] = row
                break
            pivot = pivots[column]
            ratio = row[column] / pivot[column]
            combined = {m: row.get(m, Fraction(0)) - ratio * pivot.get(m, Fraction(0)) for m in {*row, *pivot}}
            row = {m: c for m, c in combined.items() if c}
    return len(pivots)
