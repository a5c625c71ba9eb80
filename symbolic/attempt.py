"""One try at an equality: are its two sides the same function, exactly, at every step of a sequence?

In:  an `Equality`, the choice of what stays a symbol in it, the hypotheses that may be used.
Out: `Shown` (for every T or not) or None.

At each place (a step t of a sequence of T) both sides become polynomials in normal form
and their difference must be zero.  Which places settle every T is said in `every_length`; a
sum over steps is shown summand by summand.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence, Set
from contextlib import suppress
from itertools import product

import numpy as np

from symbolic.chain_rule import Chain, Differentiated, Products
from symbolic.elementwise import Entries, OutsideSequence, Steps, dimensions, tabulated
from symbolic.equality import CHOICES, FREE_Y, ONE_HOT_Y, SUMMING_Y, Choice, Equality, Shown, Where
from symbolic.every_length import Landmarks
from symbolic.hypotheses import Group, modulo_one_hot, summing_to_one
from symbolic.normal_form import OutOfReach, Poly, Ring
from symbolic.notation import Shape
from symbolic.shapes import shape
from symbolic.terms import LOSS, Derivative, Var, subterms
from symbolic.unroll import Place

WIDEST = 3
LEAF = "leaf"


def shown(equality: Equality, choice: Choice, level: int) -> Shown | None:
    """What can be shown with this choice of symbols; None where a residual is left, or a lemma is not shown."""
    try:
        found = _Attempt(equality, choice, level).shown()
    except _Residual as residual:
        if residual.where[0] > equality.steps:
            equality.beyond = residual.where
        return None
    rests = not equality.lemmas or (found.every_T and all(_holds_for_every_T(each) for each in equality.rests()))
    return found if rests else None


def _holds_for_every_T(lemma: Equality) -> bool:  # noqa: N802
    """Whether it can be shown for every T and all targets."""
    with suppress(OutsideSequence):
        found = shown(lemma, CHOICES[0], FREE_Y)
        return found is not None and found.every_T
    return False


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
        self.checked: dict[Hashable, tuple[Set[int], bool]] = {}
        self.spoken = False

    def shown(self) -> Shown:
        equality = self.equality
        if not equality.is_sequence:
            self.check(1, {})
            return Shown(self.hypotheses, True)
        every_T = self.settles_every_T()
        if not every_T:
            for T in range(1, equality.steps + 1):
                for place in equality.places(T):
                    self.check(T, place)
        if not self.spoken:
            raise OutsideSequence(
                f"the formula speaks of no step of a sequence of T = {equality.steps}: try more steps"
            )
        return Shown(self.hypotheses, every_T)

    def settles_every_T(self) -> bool:  # noqa: N802
        """Check the places that stand for all others, the closest first; False where the formula reaches too far."""
        landmarks = self.equality.landmarks
        if landmarks is None or self.choice.sized:
            return False
        widest = [0] * (len(landmarks.anchors) + 1)
        while max(widest) <= WIDEST:
            gap = self.without_hole(landmarks, widest)
            if gap is None:
                return True
            widest[gap] += 1
        return False

    def without_hole(self, landmarks: Landmarks, widest: Sequence[int]) -> int | None:
        """Check all places up to the widest gaps: the first gap that one of them does not settle for longer ones."""
        for gaps in product(*(range(n + 1) for n in widest)):
            T, place = landmarks.place(gaps)
            touched, over_all = self.check(T, place)
            holes = landmarks.holes(T, place, touched, over_all)
            for n, hole in enumerate(holes):
                if gaps[n] == widest[n] and not hole:
                    return n
        return None

    def check(self, T: int, place: dict[str, int]) -> tuple[Set[int], bool]:
        """Raise _Residual unless the two sides agree here; which steps were touched, and whether all were."""
        where = T, tuple(sorted(place.items()))
        if where not in self.checked:
            self.checked[where] = self.check_once(T, place)
        return self.checked[where]

    def check_once(self, T: int, place: dict[str, int]) -> tuple[Set[int], bool]:
        try:
            residuals, values, ring = self.difference(T, place)
        except OutsideSequence:
            if self.equality.is_summand:
                raise _Residual(T, place) from None
            return frozenset(), False
        self.spoken = True
        if self.level == ONE_HOT_Y:
            groups = target_groups(ring, self.equality.targets)
            residuals = [modulo_one_hot(ring, r, groups) for r in residuals]
        if not all(ring.is_zero(r) for r in residuals):
            raise _Residual(T, place)
        return values.touched, values.runs_over_all

    def difference(self, T: int, place: dict[str, int]) -> tuple[list[Poly], Differentiated, Ring]:
        equality, choice = self.equality, self.choice
        ring = Ring(equality.model is None or choice.exponential, choice.sized, equality.budget)
        values = _Values(equality, T, ring, choice, self.level)
        first, second = equality.ordered(choice)
        values.keep = equality.symbols(choice)
        a = values.entries(first, place, equality.indices)
        if values.too_late:
            values.forget()
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
        self.bottleneck = None if choice.unfold else equality.bottleneck
        self.too_late = False
        """Whether a derivative was written out before a part of it became a symbol."""
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

    def _sum_over_parts(self, of: Place, by: Place, only: int | None) -> Entries | None:
        """Of the loss of a step through its logits, where the loss by them is a symbol."""
        through = self.bottleneck
        if only is not None or of == by or not through or self.model is None or of[0] != self.model.step_loss.name:
            return super()._sum_over_parts(of, by, only)
        here = (through.name, of[1])
        upstream, downstream = self._adjoint(of, here, None), self._tangent(here, by, None)
        if upstream is None or downstream is None:
            return None
        products: Products = defaultdict(list)
        for i, value in np.ndenumerate(downstream):
            products[i[upstream.ndim :]].append((value, upstream[i[: upstream.ndim]]))
        return self._summed(products, self._axes[by[0]])

    def opaque_symbols(self, chain: Chain, axes: Shape) -> Entries:
        """One fresh symbol per entry of a derivative."""
        dims = dimensions(axes, self.scene.sizes)
        return tabulated(dims, lambda position: self.ring.generator(("derivative", chain, position)))

    def generators(self, var: Var, step: int | None) -> Entries:
        dims = dimensions(var.axes, self.scene.sizes)
        result = tabulated(dims, lambda position: self.ring.generator((LEAF, var.name, step, position)))
        return summing_to_one(self.ring, result) if var.name in self.summing else result

    def derivative(self, node: Derivative, steps: Steps) -> Entries:
        if any(isinstance(s, Derivative) for s in subterms(node.of)):
            raise OutOfReach(f"{node} differentiates a derivative: there is no second opinion on that")
        chain = self.chain_of(node, steps)
        if chain is not None and chain not in self.opaque and node in self.keep and chain[0] != chain[1]:
            super().check(node.by, chain[1][1])
            self.too_late |= any(known not in self.opaque for known, _ in (*self._reverse, *self._forward))
            self.opaque[chain] = self.opaque_symbols(chain, shape(node))
        return super().derivative(node, steps)


def target_groups(ring: Ring, targets: tuple[Var, ...]) -> list[Group]:
    """The generators y_1 … y_K of each target, for each step and row that occurs."""
    groups: dict[object, dict[int, int]] = {}
    names = {y.name for y in targets}
    for index, key in enumerate(ring.keys):
        if isinstance(key, tuple) and key[0] == LEAF and key[1] in names:
            _, name, step, position = key
            groups.setdefault((name, step, position[:-1]), {})[position[-1]] = index
    return [tuple(group.values()) for group in groups.values()]
