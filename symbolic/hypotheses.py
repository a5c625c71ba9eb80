"""What a hypothesis about the targets does to values and residuals.

In:  entries y_1 … y_K of a target as polynomials, or a residual.
Out: the entries with Σ_k y_k = 1 built in, or the residual modulo y one-hot.

Both are exact.  Σ_k y_k = 1 is solved for the last entry of each row.  One-hot adds
y_j y_k = 0 and y_k² = y_k; with the last entry solved for, 1, y_1 … y_{K−1} is a basis of
what is left, so a residual vanishes for every one-hot y iff its remainder is 0.
"""

from __future__ import annotations

from collections.abc import Iterable

from symbolic.elementwise import Entries, positions
from symbolic.normal_form import Coefficient, Poly, Ring, exponent

Group = tuple[int, ...]


def summing_to_one(ring: Ring, y: Entries) -> Entries:
    """The same entries with the last of each row replaced by 1 − Σ of the others."""
    solved = y.copy()
    for row in positions(y.shape[:-1]):
        solved[(*row, -1)] = 1 - ring.sum(y[row][:-1])
    return solved


def modulo_one_hot(ring: Ring, residual: Poly, groups: Iterable[Group]) -> Poly:
    """The remainder by y_j y_k = 0 (j ≠ k) and y_k² = y_k in every group."""
    residual = ring.cleared(residual)
    for group in groups:
        terms: dict[int, Coefficient] = {}
        for monomial, c in residual.terms.items():
            degrees = {index: degree for index in group if (degree := exponent(monomial, index))}
            if len(degrees) <= 1:
                for index, degree in degrees.items():
                    y = next(iter(ring.generator(ring.keys[index]).terms))
                    monomial += (1 - degree) * y
                terms[monomial] = terms.get(monomial, 0) + c
        residual = Poly(ring, {m: c for m, c in terms.items() if c}, residual.reach)
    return residual
