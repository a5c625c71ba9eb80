"""Matrix products of symbols, one node for every entry.

In:  ordinary object arrays of symbols.  Out: their product, as NumPy would shape it.
The two sides of an inner product are groups of the tape, shared by a whole row or column.
"""

from __future__ import annotations

from functools import cache, reduce
from math import prod
from typing import Any

import numpy as np

from numeric.trace.places import Refused
from numeric.trace.scalar import Traced
from numeric.trace.tape import Tape


def matmul(tape: Tape, a: Any, b: Any) -> Any:
    """NumPy's matmul: the last axis of `left` with the last but one of `right`, broadcast over the others."""
    if a.ndim <= 2 and b.ndim <= 2:
        return dot(tape, a, b)
    if a.ndim == 1 or b.ndim == 1:
        return np.tensordot(a, b, 1) if a.ndim == 1 and b.ndim == 1 else dot(tape, a, b)
    outer = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a, b = np.broadcast_to(a, outer + a.shape[-2:]), np.broadcast_to(b, outer + b.shape[-2:])
    result = np.empty((*outer, a.shape[-2], b.shape[-1]), dtype=object)
    for position in np.ndindex(outer):
        result[position] = dot(tape, a[position], b[position])
    return result


def dot(tape: Tape, a: Any, b: Any) -> Any:
    """NumPy's dot: the last axis of `a` with the last but one of `b`."""
    if not a.ndim or not b.ndim:
        return np.multiply(a, b)
    contracted = b.ndim - 2 if b.ndim > 1 else 0
    if a.shape[-1] != b.shape[contracted]:
        raise ValueError(f"shapes {a.shape} and {b.shape} not aligned: {a.shape[-1]} != {b.shape[contracted]}")
    columns = np.moveaxis(b, contracted, -1)
    lefts = [_Row(tape, row) for row in a.reshape(prod(a.shape[:-1]), a.shape[-1])]
    rights = [_Row(tape, row) for row in columns.reshape(prod(columns.shape[:-1]), columns.shape[-1])]
    result = np.empty((len(lefts), len(rights)), dtype=object)
    for i, row in enumerate(lefts):
        for j, column in enumerate(rights):
            result[i, j] = Traced(tape, row.times(column))
    result = result.reshape(a.shape[:-1] + columns.shape[:-1])
    return result if result.ndim else result[()]


class _Row:
    """One side of inner products, its nodes kept as one group of the tape."""

    def __init__(self, tape: Tape, symbols: Any) -> None:
        self.tape = tape
        self.nodes = [s.i for s in symbols]
        self.simple = len(self.nodes) < 2 or any(n in tape.constants for n in self.nodes)
        self._group: int | None = None

    @property
    def group(self) -> int:
        if self._group is None:
            self._group = self.tape.group(self.nodes)
        return self._group

    def times(self, other: _Row) -> int:
        """Σ_k of the products: one node, unless numbers among them make most of them vanish."""
        tape = self.tape
        if self.simple or other.simple:
            return tape.total(
                [tape.mul(a, b) for a, b in zip(self.nodes, other.nodes, strict=True)] or [tape.number(0)]
            )
        return tape.dot(self.group, other.group)


def einsum(tape: Tape, subscripts: str, *arrays: Any) -> Any:
    """Σ over the letters that the output does not have: one node for every entry."""
    if not isinstance(subscripts, str):
        raise Refused("np.einsum without a string of subscripts", tape.here())
    letters_in, letters_out = _einsum_letters(tape, subscripts, [array.ndim for array in arrays])
    sizes = {
        letter: n
        for ls, array in zip(letters_in, arrays, strict=True)
        for letter, n in zip(ls, array.shape, strict=True)
    }
    summed = [letter for letter in sizes if letter not in letters_out]
    result = np.empty([sizes[letter] for letter in letters_out], dtype=object)
    inside = list(np.ndindex(*(sizes[letter] for letter in summed)))
    group = cache(tape.group)  # the same row or column of many entries
    for position in np.ndindex(result.shape):
        at = dict(zip(letters_out, position, strict=True))
        factors: list[list[int]] = [[] for _ in arrays]
        for inner_position in inside:
            at.update(zip(summed, inner_position, strict=True))
            for found, ls, array in zip(factors, letters_in, arrays, strict=True):
                found.append(array[tuple(at[letter] for letter in ls)].i)
        if len(factors) == 2 and len(inside) > 1 and not any(n in tape.constants for side in factors for n in side):
            node = tape.dot(*(group(tuple(side)) for side in factors))
        else:
            terms = [reduce(tape.mul, each) for each in zip(*factors, strict=True)]
            node = tape.total(terms or [tape.number(0)])
        result[position] = Traced(tape, node)
    return result if result.ndim else result[()]


def _einsum_letters(tape: Tape, subscripts: str, ranks: list[int]) -> tuple[list[str], str]:
    """The letters of every operand and of the output, an ellipsis written out in capitals of Greek."""
    left, arrow, right = subscripts.replace(" ", "").partition("->")
    parts = left.split(",")
    if len(parts) != len(ranks):
        raise ValueError("einstein sum subscripts string and the number of operands do not match")
    spare = "ΑΒΓΔΕΖΗΘ"
    longest = max((rank - len(part.replace("...", "")) for part, rank in zip(parts, ranks, strict=True)), default=0)
    written = []
    for part, rank in zip(parts, ranks, strict=True):
        count = rank - len(part.replace("...", ""))
        written.append(part.replace("...", spare[longest - count : longest] if count else ""))
    if not arrow:
        joined = "".join(written)
        right = "".join(sorted(letter for letter in set(joined) if joined.count(letter) == 1))
    return written, right.replace("...", spare[:longest])
