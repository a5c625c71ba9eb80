"""Are two terms the same function, exactly, at every step of a sequence?

In:  two terms, the model they speak of, sizes, T.
Out: `Shown` (under which hypotheses, for every T or not) or None.

At each place (a step t of a sequence of T) both sides become polynomials in normal form
and their difference must be zero.

For every T.  A place is fixed by its distances s = t − 1 and e = T − t from the two ends.
What is computed at a place touches the steps t − p … t + q, and depends on T only where
it meets an end: where it touches step 0 or step T + 1, and, if it runs over all steps
(a parameter's uses, the whole loss), where it touches step 1.  If no place touches more than
[t − p, t + q], then all places with s ≥ p (s ≥ p + 1 if something runs over all steps) are
alike, and all with e ≥ q + 1; so finitely many places settle every T.  A sum over steps is
shown summand by summand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

from symbolic import terms as f
from symbolic.chain_rule import Chain, Differentiated
from symbolic.elementwise import Entries, OutsideSequence, Steps, dimensions, free_indices, tabulated
from symbolic.hypotheses import Group, modulo_one_hot, summing_to_one
from symbolic.model import Model, made_from, variables
from symbolic.normal_form import Budget, OutOfReach, Poly, Ring
from symbolic.notation import Shape, Sizes, Step
from symbolic.shapes import shape
from symbolic.terms import LOSS, Derivative, SumSteps, Term, Var, free_anchors, subterms
from symbolic.unroll import Place
from symbolic.verdicts import Hypothesis, one_hot, sums_to_one

Where = tuple[int, dict[str, int]]
"""The length T of a sequence, and the steps that a formula leaves free."""

WIDEST = 4
LEAF = "leaf"
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
    ) -> None:
        self.left, self.right, self.model, self.sizes, self.steps = left, right, model, sizes, steps
        self.anchors = sorted(free_anchors(left) | free_anchors(right))
        self.is_summand = is_summand
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
    def home(self) -> str | None:
        """The step from which the formula's reach is measured: t, the last T, the first ""; or None.

        A sum whose length grows with the sequence reaches anywhere, whatever it sums.
        """
        if any(loop.first.anchor != loop.last.anchor for loop in self.loops):
            return None
        if self.anchors:
            bound = {loop.index for loop in self.loops}
            return "t" if self.anchors == ["t"] and self.mentioned <= {"t", *bound} else None
        return next(iter(self.mentioned)) if len(self.mentioned) == 1 and not self.loops else None

    @cached_property
    def loops(self) -> tuple[SumSteps | f.ProductSteps, ...]:
        """The sums and products over steps."""
        return tuple(s for s in self.terms if isinstance(s, SumSteps | f.ProductSteps))

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

    def shown(self, choice: Choice, level: int) -> Shown | None:
        """What can be shown with this choice of symbols; None where a residual is left."""
        try:
            return _Attempt(self, choice, level).shown()
        except _Residual as residual:
            if residual.where[0] > self.steps:
                self.beyond = residual.where
            return None

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
        behind = {v.name for v in (*self.targets, *(prediction for prediction, _ in heads))}
        if any(v.name in behind for v in parts):
            return ()
        logits = [logits for _, logits in heads if isinstance(logits, Var)]
        return tuple(
            each for each in logits if not {each.name, *made_from(model, each.name, later=False)} & model.with_initial
        )

    def by_summand(self) -> Iterator[Equality]:
        """Σ_t a_t = Σ_t b_t as a_t = b_t, and ∇_W L = Σ_t b_t as ∇_{W^(t)} L = b_t or as ∇_W L_t = b_t.

        Sufficient, not necessary: what is shown of every summand holds of the sums.
        """
        left, right = self.left, self.right
        if not isinstance(right, SumSteps) or (right.index, right.first, right.last) != ("t", Step("", 1), Step("T")):
            return
        if isinstance(left, SumSteps) and replace(left, body=right.body) == right:
            yield self._of_summands(left.body, right.body)
        if isinstance(left, Derivative) and left.of == LOSS and left.total and not (left.by.step or left.copy):
            yield self._of_summands(replace(left, copy=Step("t")), right.body)
            if self.model is not None and self.model.is_sequence:
                each = Derivative(self.model.step_loss[Step("t")], left.by)
                yield self._of_summands(self.model.scale * each, right.body)

    def of(self, model: Model) -> Equality:
        """The same equality of a model that writes the same functions in another way."""
        return Equality(self.left, self.right, model, self.sizes, self.steps, self.targets, self.is_summand)

    def at(self, sizes: Sizes) -> Equality:
        """The same equality at other sizes."""
        return Equality(self.left, self.right, self.model, sizes, self.steps, self.targets, self.is_summand)

    def _of_summands(self, left: Term, right: Term) -> Equality:
        return Equality(left, right, self.model, self.sizes, self.steps, self.targets, is_summand=True)

    def places(self, T: int) -> Iterator[dict[str, int]]:
        """Every value of the steps that the formula leaves free; all others run up to t."""
        for values in product(range(1, T + 1), repeat=len(self.anchors)):
            place = dict(zip(self.anchors, values, strict=True))
            if all(value <= place.get("t", T) for value in values):
                yield place


class _Residual(Exception):
    """The difference of the two sides is not zero there."""

    def __init__(self, T: int, steps: dict[str, int]) -> None:
        super().__init__()
        self.where: Where = T, steps


class _Attempt:
    """One try at showing an equality, with one choice of what stays a symbol."""

    def __init__(self, equality: Equality, choice: Choice, level: int) -> None:
        self.equality, self.choice, self.level = equality, choice, level
        self.hypotheses = equality.hypotheses(level)
        self.back = self.ahead = 0
        self.done: set[tuple[int, int]] = set()
        self.checked: set[tuple[int, tuple[tuple[str, int], ...]]] = set()
        self.spoken = self.runs_over_all = False

    def shown(self) -> Shown:
        equality = self.equality
        if not equality.is_sequence:
            self.check(1, {})
            return Shown(self.hypotheses, True)
        every_T = self.settles_every_T()
        if not every_T:
            for T, place in self.places_up_to_steps():
                self.check(T, place)
        if not self.spoken:
            raise OutsideSequence(
                f"the formula speaks of no step of a sequence of T = {equality.steps}: try more steps"
            )
        return Shown(self.hypotheses, every_T)

    def settles_every_T(self) -> bool:  # noqa: N802
        """Check the places that stand for all others; False where the formula reaches too far.

        How far it reaches is known from the first place on at which it speaks of steps that exist.
        """
        if self.equality.home is None or self.choice.sized:
            return False
        for T, place in self.places_up_to_steps():
            if self.spoken:
                break
            self.check(T, place)
        while self.back + self.ahead + 2 <= WIDEST:
            if not (missing := self.missing_place()):
                return True
            s, e = missing
            self.check(s + e + 1, {"t": s + 1} if self.equality.home == "t" else {})
        return False

    def places_up_to_steps(self) -> Iterator[tuple[int, dict[str, int]]]:
        """The places in every sequence that is no longer than what was asked for, the shortest first."""
        for T in range(1, self.equality.steps + 1):
            for place in self.equality.places(T):
                yield T, place

    def missing_place(self) -> tuple[int, int] | None:
        """Distances from the two ends that no place checked so far stands for."""
        home = self.equality.home
        earliest = 0 if home == "" else self.back + self.runs_over_all
        latest = 0 if home == "T" else self.ahead + 1
        seen = {(min(s, earliest), min(e, latest)) for s, e in self.done}
        wanted = product(range(earliest + 1), range(latest + 1))
        return next((place for place in wanted if place not in seen), None)

    def check(self, T: int, place: dict[str, int]) -> None:
        """Raise _Residual unless the two sides agree here."""
        if (where := (T, tuple(place.items()))) in self.checked:
            return
        self.checked.add(where)
        here = {"t": place.get("t"), "T": T, "": 1, None: T}[self.equality.home] or T
        self.done.add((here - 1, T - here))
        try:
            residuals, values, ring = self.difference(T, place)
        except OutsideSequence:
            if self.equality.is_summand:
                raise _Residual(T, place) from None
            return
        self.spoken = True
        self.runs_over_all |= values.runs_over_all
        self.back = max([self.back, *(here - s for s in values.touched)])
        self.ahead = max([self.ahead, *(s - here for s in values.touched)])
        if self.level == ONE_HOT_Y:
            groups = target_groups(ring, self.equality.targets)
            residuals = [modulo_one_hot(ring, r, groups) for r in residuals]
        if not all(ring.is_zero(r) for r in residuals):
            raise _Residual(T, place)

    def difference(self, T: int, place: dict[str, int]) -> tuple[list[Poly], Differentiated, Ring]:
        equality, choice = self.equality, self.choice
        ring = Ring(equality.model is None or choice.exponential, choice.sized, equality.budget)
        values = _Values(equality, T, ring, choice, self.level)
        first, second = equality.ordered(choice)
        values.keep = equality.symbols(choice)
        a = values.entries(first, place, equality.indices)
        values.keep = frozenset()
        b = values.entries(second, place, equality.indices)
        return [x - y for x, y in zip(a.flat, b.flat, strict=True)], values, ring


class _Values(Differentiated):
    """Variables as generators; nonlinear equations unfolded; adjoints kept while `keep`."""

    def __init__(self, equality: Equality, T: int, ring: Ring, choice: Choice, level: int) -> None:
        super().__init__(
            equality.model,
            equality.sizes,
            T,
            ring,
            self.generators,
            lambda eq: choice.unfold or eq.is_nonlinear,
            exponential=equality.model is None or choice.exponential,
        )
        self.ring = ring
        self.keep: frozenset[Derivative] = frozenset()
        self.logits = {} if choice.unfold else {logits.name: logits for logits in equality.logits}
        self.summing = {y.name for y in equality.targets} if level >= SUMMING_Y else set()

    def kept(self, of: Place, by: Place) -> Entries | None:
        """The symbols of a derivative that stays one; the loss by the logits is one at every step."""
        if by[0] in self.logits and (of, by) not in self.opaque and self.model is not None:
            of_step = ((self.model.step_loss.name, by[1]), by)
            if of == (LOSS.name, None):
                self.opaque[of, by] = self._scale() * self.opaque_symbols(of_step, self.logits[by[0]].axes)
            elif of == of_step[0]:
                self.opaque[of_step] = self.opaque_symbols(of_step, self.logits[by[0]].axes)
        return super().kept(of, by)

    def opaque_symbols(self, chain: Chain, axes: Shape) -> Entries:
        """One fresh symbol per entry of a derivative."""
        dims = dimensions(axes, self.scene.sizes)
        return tabulated(dims, lambda position: self.ring.generator(("derivative", chain, position)))

    def generators(self, var: Var, step: int | None) -> Entries:
        dims = dimensions(var.axes, self.scene.sizes)
        result = tabulated(dims, lambda position: self.ring.generator((LEAF, var.name, step, position)))
        return summing_to_one(self.ring, result) if var.name in self.summing else result

    def derivative(self, node: Derivative, steps: Steps) -> Entries:
        chain = self.chain_of(node, steps)
        if chain is not None and chain not in self.opaque and node in self.keep:
            super().check(node.by, chain[1][1])
            self.opaque[chain] = self.opaque_symbols(chain, shape(node))
        return super().derivative(node, steps)


def symbols_of(side: Term, other: Term) -> frozenset[Derivative]:
    """The derivatives on one side that stay symbols.

    Adjoints of the loss and what stands on both sides; else those that end where one of the other
    side ends (the chain rule then runs forwards, unless from a scalar), else those that start
    where one starts.
    """
    here = [s for s in subterms(side) if isinstance(s, Derivative) and s.total and s.copy is None]
    there = [s for s in subterms(other) if isinstance(s, Derivative) and s.of != LOSS]
    kept = {n for n in here if n.of == LOSS or n in there}
    forwards = {n for n in here if any(n.by == o.by and n.of != o.of and shape(o.of) for o in there)}
    backwards = {n for n in here if any(n.of == o.of and n.by != o.by for o in there)}
    return frozenset(kept | (forwards or backwards))


def target_groups(ring: Ring, targets: tuple[Var, ...]) -> list[Group]:
    """The generators y_1 … y_K of each target, for each step and row that occurs."""
    groups: dict[object, dict[int, int]] = {}
    names = {y.name for y in targets}
    for index, key in enumerate(ring.keys):
        if isinstance(key, tuple) and key[0] == LEAF and key[1] in names:
            _, name, step, position = key
            groups.setdefault((name, step, position[:-1]), {})[position[-1]] = index
    return [tuple(group.values()) for group in groups.values()]
