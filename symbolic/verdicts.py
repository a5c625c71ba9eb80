"""What can be said of a claim, and what each answer carries with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any, ClassVar

from symbolic.terms import Term, Var


@dataclass(frozen=True)
class Hypothesis:
    """A polynomial relation that a target may be assumed to satisfy, in every step and row."""

    kind: str
    target: Var

    def __str__(self) -> str:
        name = self.target.name
        return f"Σ_k {name}_k = 1" if self.kind == SUMS_TO_ONE else f"{name} one-hot"


SUMS_TO_ONE = "sums to one"
ONE_HOT = "one-hot"
ENDS = 0


def sums_to_one(target: Var) -> Hypothesis:
    """Σ_k y_k = 1."""
    return Hypothesis(SUMS_TO_ONE, target)


def one_hot(target: Var) -> Hypothesis:
    """y_k² = y_k and Σ_k y_k = 1: one entry is 1, the others are 0."""
    return Hypothesis(ONE_HOT, target)


@dataclass(frozen=True)
class Counterexample:
    """One point, given exactly, at which the two sides are certainly different.

    `values` holds the exact rational entries of every free variable; `left` and `right`
    enclose the two sides (decimal endpoints, rounded outwards).  `parts` has what the formula
    itself names, to six digits.  `equality` counts from 1; ENDS is the chain's first and last term,
    where a term between them does not exist.
    """

    equality: int
    entry: str
    steps: Mapping[str, int]
    values: Mapping[str, Any]
    left: tuple[str, str]
    right: tuple[str, str]
    parts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """The common part: at which sizes, for how many steps, how long it took."""

    name: ClassVar[str] = ""
    sizes: Mapping[str, int]
    steps: int | None
    seconds: float

    @property
    def scope(self) -> str:
        """For which steps and sizes the verdict was reached: `T=3, D=4 H=5 K=3`."""
        return scope_text({} if self.steps is None else {"T": self.steps}, self.sizes)

    def _repr_html_(self) -> str:
        return f"<b>{self.name}</b> ({escape(self.scope)})"


@dataclass(frozen=True)
class Proved(Verdict):
    """Both sides of every equality are the same function, exactly.

    `every_T`: for any number of steps; None where the formula has no steps.  `every_size`: the
    sizes at which the proof settles all sizes (the bound), or None with the reason in
    `size_reason`.  `rank` of `functions` is the independence certificate: the arguments of
    exp, tanh and σ are linearly independent modulo constants, hence the generators
    algebraically independent (Ax 1971).
    """

    name: ClassVar[str] = "proved"
    hypotheses: tuple[Hypothesis, ...] = ()
    method: str = ""
    every_T: bool | None = None
    every_size: Mapping[str, int] | None = None
    size_reason: str = ""
    rank: int | None = None
    functions: int | None = None
    second_opinion: str = ""

    @property
    def scope(self) -> str:
        """`every T, every size`, or the T and the sizes that the proof is for."""
        steps = "" if self.steps is None else "every T" if self.every_T else f"T={self.steps}"
        sizes = "every size" if self.every_size is not None else scope_text({}, self.sizes)
        note = "" if self.every_size is not None else proves_less(self.sizes)
        return ", ".join(part for part in (steps, sizes, note) if part)

    def _repr_html_(self) -> str:
        under = "".join(f" under {h}" for h in self.hypotheses)
        return f"<b>{self.name}</b>{escape(under)} ({escape(self.scope)})"


@dataclass(frozen=True)
class Refuted(Verdict):
    """At `counterexample` the enclosures of the two sides do not meet."""

    name: ClassVar[str] = "refuted"
    counterexample: Counterexample | None = None

    @property
    def scope(self) -> str:
        """The steps and sizes of the counterexample."""
        return scope_text(self.counterexample.steps if self.counterexample else {}, self.sizes)

    def _repr_html_(self) -> str:
        found = self.counterexample
        if found is None:
            return super()._repr_html_()
        values = "".join(f"<br>{escape(name)} = {escape(exact_text(value))}" for name, value in found.values.items())
        sides = f"left {found.left[0]}…, right {found.right[0]}…"
        return f"{super()._repr_html_()}: entry {found.entry or '()'}: {sides}{values}"


@dataclass(frozen=True)
class IllTyped(Verdict):
    """The formula has no meaning: two shapes do not conform."""

    name: ClassVar[str] = "ill_typed"
    message: str = ""
    left: str = ""
    right: str = ""

    @property
    def scope(self) -> str:
        """Shapes are read off the axes, whatever their sizes."""
        return "every size"


@dataclass(frozen=True)
class Ambiguous(Verdict):
    """The formula has several readings; each has a verdict of its own."""

    name: ClassVar[str] = "ambiguous"
    readings: tuple[tuple[Term, Verdict], ...] = ()


@dataclass(frozen=True)
class Unknown(Verdict):
    """Neither proved nor refuted, and why."""

    name: ClassVar[str] = "unknown"
    reason: str = ""


def exact_text(value: object) -> str:
    """Exact entries in nested brackets: `[1/2, -1]`."""
    return f"[{', '.join(map(exact_text, value))}]" if isinstance(value, list) else str(value)


def scope_text(steps: Mapping[str, int], sizes: Mapping[str, int]) -> str:
    """`T=3, t=1, D=4 H=5 K=3`."""
    named = " ".join(f"{axis}={n}" for axis, n in sizes.items())
    return ", ".join([*(f"{s}={n}" for s, n in steps.items()), *([named] if named else [])])


def proves_less(sizes: Mapping[str, int]) -> str:
    """What a proof at size 1 leaves open."""
    if sizes.get("K") == 1:
        return "proves less: at K=1 softmax is constant and the loss of cross-entropy is 0"
    single = [axis for axis, n in sizes.items() if n == 1]
    return f"proves less: at {single[0]}=1 a transpose or an index cannot be wrong" if single else ""
