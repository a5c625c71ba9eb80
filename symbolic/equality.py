"""An equality of two terms, what may stay a symbol in it, and the simpler equalities from which it follows.

In:  two terms, the model they speak of, sizes, a number of steps.
Out: `Equality`, which `attempt` tries to show: as it is or in parts, with one `Choice` after another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import product
from typing import Any

from symbolic import terms as f
from symbolic.elementwise import free_indices
from symbolic.every_length import Landmarks, landmarks_of
from symbolic.model import Model, made_from, variables
from symbolic.normal_form import Budget, OutOfReach
from symbolic.notation import Sizes, Step
from symbolic.shapes import shape
from symbolic.summands import summands
from symbolic.telescope import telescoped
from symbolic.terms import LOSS, Derivative, SumSteps, Term, Var, free_anchors, subterms
from symbolic.verdicts import Hypothesis, one_hot, sums_to_one

Where = tuple[int, dict[str, int]]
"""The length T of a sequence, and the steps that a formula leaves free."""

FREE_Y, SUMMING_Y, ONE_HOT_Y = range(3)
HYPOTHESES = ((), (sums_to_one,), (one_hot,))


@dataclass(frozen=True)
class Choice:
    """Which side's adjoints stay symbols.

    `unfold`: no value does, each is written by the free variables; `exponential`: tanh and σ
    are written by exp as well; `sized`: 1/n is the number that it is at these sizes.
    """

    opaque: str
    unfold: bool = False
    exponential: bool = False
    sized: bool = False


CHOICES = (
    Choice("right"),
    Choice("none"),
    Choice("left"),
    Choice("right", sized=True),
    Choice("right", unfold=True),
    Choice("none", unfold=True, exponential=True, sized=True),
)


@dataclass(frozen=True)
class Shown:
    """The two sides are equal: under these hypotheses, for every T or not, with the bound for every size."""

    hypotheses: tuple[Hypothesis, ...]
    every_T: bool
    every_size: Sizes | None = None
    size_reason: str = "shown only as a whole"
    second_opinion: str = ""

    @property
    def reach(self) -> tuple[bool, bool]:
        """Whether it was shown for every T, and for every size."""
        return self.every_T, self.every_size is not None


class Equality:
    """left = right, in a model, at given sizes and steps."""

    def __init__(
        self,
        left: Term,
        right: Term,
        model: Model | None,
        sizes: Sizes,
        steps: int,
        targets: tuple[Var, ...] = (),
        is_summand: bool = False,
        lemmas: tuple[tuple[Term, Term], ...] = (),
    ) -> None:
        """`is_summand`: it must hold at every place, and exist there; `lemmas`: what it rests on, for every T."""
        self.left, self.right, self.model, self.sizes, self.steps = left, right, model, sizes, steps
        self.anchors = sorted(free_anchors(left) | free_anchors(right))
        self.is_summand, self.lemmas = is_summand, lemmas
        self.targets = tuple(y for y in (model.targets if model else targets) if y.axes)
        self.budget = Budget()
        self.is_sequence = model is not None and model.is_sequence
        self.indices = free_indices(left) | free_indices(right)
        self.beyond: Where | None = None
        """A place in a longer sequence at which a residual was left."""
        self.terms = (*subterms(left), *subterms(right))
        self._symbols: dict[str, frozenset[Derivative]] = {}
        self.needs_one_hot = False
        for s in self.terms:
            if isinstance(s, f.Indicator):
                self.needs_one_hot = True
                if not isinstance(s.arg, Var) or s.arg.name not in {y.name for y in self.targets}:
                    raise OutOfReach(f"{s}: the class is named by a target of the model, not by {s.arg}")

    @cached_property
    def landmarks(self) -> Landmarks | None:
        """How the steps it speaks of lie along a sequence, where that settles every length."""
        return landmarks_of(self.left, self.right, self.anchors, self.model)

    @cached_property
    def loops(self) -> tuple[SumSteps | f.ProductSteps, ...]:
        """The sums and products over steps."""
        return tuple(s for s in self.terms if isinstance(s, SumSteps | f.ProductSteps))

    @cached_property
    def derivatives(self) -> tuple[Derivative, ...]:
        """The derivatives in the two sides."""
        return tuple(s for s in self.terms if isinstance(s, Derivative))

    @cached_property
    def mentioned(self) -> frozenset[str]:
        """What steps are counted from: t, k, … , T, or "" for an absolute step."""
        steps = [s.step for s in self.terms if isinstance(s, Var)]
        steps += [s.copy for s in self.terms if isinstance(s, Derivative)]
        steps += [step for loop in self.loops for step in (loop.first, loop.last)]
        return frozenset(step.anchor for step in steps if step is not None)

    @property
    def levels(self) -> tuple[int, ...]:
        """The hypotheses that it makes sense to try, the weakest first."""
        if self.needs_one_hot:
            return (ONE_HOT_Y,)
        return (FREE_Y, SUMMING_Y, ONE_HOT_Y) if self.targets else (FREE_Y,)

    def hypotheses(self, level: int) -> tuple[Hypothesis, ...]:
        """What a level assumes of the targets."""
        return tuple(assume(y) for assume in HYPOTHESES[level] for y in self.targets)

    def choices(self) -> Iterator[Choice]:
        """The choices, without those that come to the same as an earlier one here."""
        met: set[object] = set()
        for choice in CHOICES:
            kept = self.symbols(choice)
            unfold = choice.unfold and self.model is not None
            exponential = choice.exponential or self.model is None
            sized = choice.sized and self.has_reciprocals
            what = (choice.opaque if kept else "none", unfold, exponential, sized)
            if what not in met:
                met.add(what)
                yield choice

    @property
    def has_reciprocals(self) -> bool:
        return any(isinstance(s, f.Reciprocal) for s in self.written)

    @cached_property
    def written(self) -> tuple[Term, ...]:
        """Every term that stands in the two sides and in the model."""
        return self.terms + (self.model.written if self.model else ())

    def ordered(self, choice: Choice) -> tuple[Term, Term]:
        """The side whose adjoints stay symbols, then the other."""
        return (self.left, self.right) if choice.opaque == "left" else (self.right, self.left)

    def symbols(self, choice: Choice) -> frozenset[Derivative]:
        """The derivatives that stay symbols."""
        if choice.opaque == "none":
            return frozenset()
        if choice.opaque not in self._symbols:
            self._symbols[choice.opaque] = symbols_of(*self.ordered(choice))
        return self._symbols[choice.opaque]

    @cached_property
    def logits(self) -> tuple[Var, ...]:
        """What softmax is taken of, if neither side nor a later step looks at it or at anything behind it.

        The loss by the logits can then stay a symbol: the equality holds for any head.
        """
        if self.model is None or not self.model.is_sequence:
            return ()
        model = self.model
        parts = {*variables(self.left), *variables(self.right)}
        heads = [(eq.left, eq.right.arg) for eq in model.equations if isinstance(eq.right, f.Softmax)]
        logits = [logits for _, logits in heads if isinstance(logits, Var) and logits.step is not None]
        behind = {v.name for v in (*self.targets, *(prediction for prediction, _ in heads))}
        behind |= {name for each in logits for name in made_from(model, each.name, later=False)} - {
            model.step_loss.name
        }
        if any(v.name in behind for v in parts):
            return ()
        forwards = any(reaches_far(s) and not shape(s.of) for s in self.derivatives)
        return tuple(
            each
            for each in logits
            if not {each.name, *made_from(model, each.name, later=False)} & model.with_initial
            and (not forwards or is_all_of_the_loss(model, each))
        )

    @cached_property
    def bottleneck(self) -> Var | None:
        """The logits, if the loss of a step is reached through them alone."""
        if self.model is None or len(self.logits) != 1 or not is_all_of_the_loss(self.model, self.logits[0]):
            return None
        return self.logits[0]

    def in_parts(self) -> Iterator[Equality]:
        """Equalities that it follows from: of summands, and with a derivative for a product of Jacobians."""
        for left, right in summands(self.left, self.right, self.model):
            yield from self._like(left=left, right=right, is_summand=True).in_one_step()
        yield from self.in_one_step()

    def in_one_step(self) -> Iterator[Equality]:
        """With a derivative for every product of Jacobians; then as it is, if it is a summand."""
        for left, right, lemmas in telescoped(self.left, self.right, self.model):
            yield self._like(left=left, right=right, lemmas=lemmas)
        if self.is_summand:
            yield self

    def with_nothing_subtracted(self) -> Iterator[Equality]:
        """With what the left side subtracts added on the right, so that a single derivative may stand alone."""
        left, less = _signed(self.left)
        if left and less:
            sides = reduce(f.Add, left), reduce(f.Add, less, self.right)
            if shape(sides[0]) == shape(sides[1]):
                moved = self._like(left=sides[0], right=sides[1])
                yield from moved.in_parts()
                yield moved

    def rests(self) -> Iterator[Equality]:
        """The lemmas as equalities."""
        for left, right in self.lemmas:
            yield self._like(left=left, right=right, lemmas=(), is_summand=False)

    def in_arguments(self, model: Model) -> Equality:
        """The same equality over the model in which every argument of a function has a name."""
        left, right = model.in_arguments(self.left, self.right)
        return self._like(left=left, right=right, model=model.with_arguments)

    def at(self, sizes: Sizes) -> Equality:
        """The same equality at other sizes."""
        return self._like(sizes=sizes)

    def _like(self, **changes: Any) -> Equality:
        same = ("left", "right", "model", "sizes", "steps", "targets", "is_summand", "lemmas")
        return Equality(**{name: getattr(self, name) for name in same} | changes)

    def places(self, T: int) -> Iterator[dict[str, int]]:
        """Every value of the steps that the formula leaves free; all others run up to t."""
        for values in product(range(1, T + 1), repeat=len(self.anchors)):
            place = dict(zip(self.anchors, values, strict=True))
            if all(value <= place.get("t", T) for value in values):
                yield place


def _signed(term: Term) -> tuple[list[Term], list[Term]]:
    """What is added and what is subtracted in a sum."""
    match term:
        case f.Add(a, b):
            (more, less), (others, fewer) = _signed(a), _signed(b)
            return more + others, less + fewer
        case f.Neg(arg):
            return _signed(arg)[::-1]
    return [term], []


def is_all_of_the_loss(model: Model, logits: Var) -> bool:
    """Whether the loss of a step is made from the softmax of the logits, from targets, and from nothing else."""
    known = {y.name for y in model.targets}
    known |= {eq.left.name for eq in model.equations if {v.name for v in eq.uses} == {logits.name}}
    loss = model.by_name[model.step_loss.name]
    return all(v.name in known and v.step == loss.left.step for v in loss.uses)


def symbols_of(side: Term, other: Term) -> frozenset[Derivative]:
    """The derivatives on one side that stay symbols.

    Adjoints of the loss and what stands on both sides; else those that reach far along the
    sequence; else those that end where one of the other side ends (the chain rule then runs
    forwards, unless from a scalar), else those that start where one starts.
    """
    here = [s for s in subterms(side) if isinstance(s, Derivative) and s.total and s.copy is None]
    there = [s for s in subterms(other) if isinstance(s, Derivative) and s.of != LOSS]
    kept = {n for n in here if n.of == LOSS or n in there}
    forwards = {n for n in here if any(n.by == o.by and n.of != o.of and shape(o.of) for o in there)}
    backwards = {n for n in here if any(n.of == o.of and n.by != o.by for o in there)}
    far = {n for n in here if reaches_far(n)}
    return frozenset(kept | (far or forwards or backwards))


def reaches_far(node: Derivative) -> bool:
    """Whether a derivative of a variable leads from one free step to another, or to every use of a parameter."""
    if not isinstance(node.of, Var) or node.of == LOSS or node.of.step is None or not node.total:
        return False
    return (node.by.step or node.copy or Step("")).anchor != node.of.step.anchor
