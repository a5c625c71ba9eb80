"""What the resolution of one expression carries along, and how readings of parts become readings of the whole."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import product

from symbolic.notation import Step
from symbolic.reader.canonical import distinct
from symbolic.reader.readings import COLUMN, ROW, Misfit, Reading, described, products
from symbolic.reader.scope import COLUMNS, Scope
from symbolic.reader.scope import EITHER as AS_FITS
from symbolic.reader.syntax.nodes import Node
from symbolic.shapes import ShapeMismatch


class Resolving(ABC):
    """The scope, what is bound inside Σ, and how ∂h/∂W is read.

    `runs` has the ends of the letters bound to steps.  With `inner_squares` the square of a vector may be the
    sum of its squares.  `both_kinds_matter` turns true where total and immediate derivatives are written the same.
    """

    def __init__(self, scope: Scope, partial: str, inner_squares: bool = False) -> None:
        self.scope, self.partial, self.inner_squares = scope, partial, inner_squares
        self.bound: dict[str, str] = {}
        self.runs: dict[str, tuple[Step, Step]] = {}
        self.both_kinds_matter = False

    @property
    def transposed_layout(self) -> str:
        """How a vector lies that was transposed."""
        return {COLUMNS: ROW, AS_FITS: ""}.get(self.scope.vectors, COLUMN)

    @abstractmethod
    def of(self, node: Node) -> list[Reading]:
        """Every reading of a node; raises Unread or Misfit."""

    def all(self, build: Callable[..., list[Reading]], *choices: Iterable[Reading]) -> list[Reading]:
        """What is built from every choice that conforms; raises the last Misfit where none does."""
        found: list[Reading] = []
        last: Misfit | None = None
        for chosen in product(*choices):
            try:
                found += build(*chosen)
            except Misfit as why:
                last = why
            except ShapeMismatch as why:
                last = Misfit(0, *described(why.left, why.right), why.operation)
        if not found and last:
            raise last
        return distinct(found)

    def multiplied(self, left: list[Reading], right: list[Reading], at: int, beside: str) -> list[Reading]:
        return self.all(lambda a, b: products(a, b, beside, at, self.transposed_layout), left, right)

    @contextmanager
    def binding(self, letter: str, kind: str, ends: tuple[Step, Step] | None = None) -> Iterator[None]:
        """Inside, a letter runs over an `index`, or over a `step` from one end to the other."""
        saved = dict(self.bound), dict(self.runs)
        self.bound[letter] = kind
        self.runs.pop(letter.lstrip("\\"), None)
        if ends is not None:
            self.runs[letter.lstrip("\\")] = ends
        try:
            yield
        finally:
            self.bound, self.runs = saved

    @contextmanager
    def squaring(self, inner: bool) -> Iterator[None]:
        """Inside, the square of a vector may be the sum of its squares, or not."""
        saved, self.inner_squares = self.inner_squares, inner
        try:
            yield
        finally:
            self.inner_squares = saved
