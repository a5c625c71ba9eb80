"""A model at T steps: which value each variable has at each step, in any arithmetic.

In:  a model (or none, for formulas about plain variables), sizes, T, an arithmetic, and
     `leaf`, which says what an array is that no equation is unfolded for.
Out: `Unrolled`, the values that `elementwise` reads.  Every equation is evaluated where
     it stands, at the step that is asked for, once.
"""

from __future__ import annotations

from collections.abc import Callable

from symbolic import terms as f
from symbolic.elementwise import Arithmetic, Entries, OutsideSequence, Scene, Steps, entries, evaluate
from symbolic.model import Equation, Model
from symbolic.notation import Index, Sizes, Step
from symbolic.terms import LOSS, Var

Place = tuple[str, int | None]


class Unrolled:
    """The values of a model's variables at T steps; derivatives are somebody else's."""

    def __init__(
        self,
        model: Model | None,
        sizes: Sizes,
        steps: int,
        arithmetic: Arithmetic,
        leaf: Callable[[Var, int | None], Entries],
        unfolds: Callable[[Equation], bool] = lambda equation: True,
    ) -> None:
        self.model, self.steps, self.leaf, self.unfolds = model, steps, leaf, unfolds
        self.scene = Scene(sizes, steps, arithmetic, self)
        self.touched: set[int] = set()
        self.runs_over_all = False
        self._values: dict[Place, Entries] = {}

    def entries(self, term: f.Term, steps: Steps | None = None, indices: frozenset[Index] | None = None) -> Entries:
        return entries(term, self.scene, steps, indices)

    def variable(self, var: Var, step: int | None) -> Entries:
        place = (var.name, step)
        if step is not None:
            self.touched.add(step)
        if place not in self._values:
            self._values[place] = self._value(var, step)
        return self._values[place]

    def derivative(self, node: f.Derivative, steps: Steps) -> Entries:
        raise TypeError(f"{node} stands where no derivative is known")

    def check(self, var: Var, step: int | None) -> None:
        """Raise OutsideSequence where the variable has no value."""
        if step is None:
            return
        first = 0 if self.model is not None and var.name in self.model.with_initial else 1
        if not first <= step <= self.steps:
            raise OutsideSequence(f"{var.name}[{step}] with T = {self.steps}")

    def _value(self, var: Var, step: int | None) -> Entries:
        self.check(var, step)
        if self.model is not None:
            if var == LOSS and self.model.is_sequence:
                self.runs_over_all = True
                each = f.sum_steps(self.model.step_loss[Step("t")])
                return evaluate(self.model.scale * each, self.scene, {"T": self.steps}, {})
            made = self.model.by_name.get(var.name)
            if made is not None and step != 0 and self.unfolds(made):
                return evaluate(made.right, self.scene, {"t": step or 0, "T": self.steps}, {})
        return self.leaf(var, step)
