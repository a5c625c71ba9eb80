"""Total and immediate derivatives, by the chain rule over the graph of equations.

In:  a model's partial derivatives (`differentiate`) and the values of its variables (`unroll`).
Out: `Differentiated`, the same values and every derivative: backwards from what is
differentiated, or forwards from what it is differentiated by.  A derivative in `opaque` is
a symbol of its own: the chain rule stops there, so that every step of a derivation is
judged by itself.
"""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import Any

import numpy as np

from symbolic.differentiate import Edge, InSymPy, Symbols, edges, edges_in, fold, graph, meaning
from symbolic.elementwise import Entries, Scalar, Steps, dimensions, entries, free_indices, positions
from symbolic.model import made_from, outside_sums
from symbolic.normal_form import OutOfReach
from symbolic.notation import Axis, Shape
from symbolic.shapes import shape
from symbolic.terms import LOSS, Derivative, ProductSteps, SumSteps, Term, Var, subterms
from symbolic.unroll import Place, Unrolled

Chain = tuple[Place, Place]
Products = defaultdict[tuple[int, ...], list[tuple[Scalar, Scalar]]]


class Differentiated(Unrolled):
    """An unrolled model with its derivatives; those in `opaque` stay symbols."""

    def __init__(self, *args: Any, exponential: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.opaque: dict[Chain, Entries] = {}
        self.exponential = exponential
        self._reverse: dict[tuple[Chain, int | None], Entries | None] = {}
        self._forward: dict[tuple[Chain, int | None], Entries | None] = {}
        self._folded: defaultdict[int | None, dict[Any, Scalar]] = defaultdict(dict)
        self._axes: dict[str, Shape] = {LOSS.name: ()}
        self._graph = graph(self.model, self.scene.sizes, exponential)
        if self.model is not None:
            self._axes |= {name: var.axes for name, var in self.model.arrays.items()}

    def derivative(self, node: Derivative, steps: Steps) -> Entries:
        """d of / d by at these steps, entries of `of` first."""
        if not isinstance(node.of, Var) and free_indices(node.of):
            raise OutOfReach(f"a running subscript inside {node}: take the entry of the derivative instead")
        if not node.total and (not isinstance(node.of, Var) or node.of == LOSS):
            raise OutOfReach(f"{node}: an immediate derivative is taken of a variable at a step")
        by = self._place(node.by, steps)
        self.check(node.by, by[1])
        self._axes.setdefault(by[0], node.by.axes)
        copy = None if node.copy is None else node.copy.at(steps)
        if copy is not None and (by[1] is not None or not isinstance(node.of, Var) or not node.total):
            raise OutOfReach(f"{node}: a use at one step is that of a parameter, by a variable")
        if copy is not None:
            self.touched.add(copy)
            if not 1 <= copy <= self.steps:
                self.check(Var(f"copy of {node.by.name}", (), True), copy)
        axes = shape(node.of) + shape(node.by)
        if isinstance(node.of, Var):
            of = self._place(node.of, steps)
            self.check(node.of, of[1])
            self._axes.setdefault(of[0], node.of.axes)
            if not node.total:
                found = self._tangent(of, by, of[1])
            else:
                found = self._adjoint(of, by, copy)
        else:
            found = self._of_term(node, by, steps)
        return self._zeros(axes) if found is None else found

    def forget(self) -> None:
        """What was written out, but not what stays a symbol."""
        self._reverse.clear()
        self._forward.clear()

    def kept(self, of: Place, by: Place) -> Entries | None:
        """The symbols of a derivative that stays one, or None."""
        return self.opaque.get((of, by))

    def chain_of(self, node: Derivative, steps: Steps) -> Chain | None:
        """What a derivative is called in `opaque`, if it is of a variable."""
        return (self._place(node.of, steps), self._place(node.by, steps)) if isinstance(node.of, Var) else None

    def _place(self, var: Var, steps: Steps) -> Place:
        return (var.name, None if var.step is None else var.step.at(steps))

    def _goes_forward(self, of: Place, by: Place) -> bool:
        return of[0] != LOSS.name and any(b == by and o != of for o, b in self.opaque)

    def _adjoint(self, of: Place, by: Place, copy: int | None) -> Entries | None:
        """Σ over the uses of `by` of (d of / d use)(∂ use / ∂ by); None where it is 0."""
        key = ((of, by), copy)
        if key not in self._reverse:
            self._reverse[key] = self._sum_over_uses(of, by, copy)
        return self._reverse[key]

    def _sum_over_uses(self, of: Place, by: Place, copy: int | None) -> Entries | None:
        if self._is_apart(of, by):
            return None
        self._touch(by)
        if copy is None and (kept := self.kept(of, by)) is not None:
            return kept
        if copy is None and self._goes_forward(of, by):
            return self._tangent(of, by, None)
        if of == by:
            return self._identity(by)
        if self._is_step_loss_of(of, by):
            return self._scale()
        products: Products = defaultdict(list)
        for edge in self._graph.used_by.get(by[0], ()):
            for made in self._uses(edge, by, copy):
                if made is not None and of[1] is not None and made > of[1]:
                    continue
                if made is not None and made > self.steps:
                    self.touched.add(made)
                    continue
                upstream = self._adjoint(of, (edge.made, made), None)
                if upstream is not None:
                    self._collect_backwards(products, upstream, edge, made)
        return self._summed(products, self._axes[of[0]] + self._axes[by[0]])

    def _collect_backwards(self, products: Products, upstream: Entries, edge: Edge, made: int | None) -> None:
        outer = list(positions(upstream.shape[: upstream.ndim - len(self._axes[edge.made])]))
        for j, i, expression in edge.entries:
            if written := [(where, x) for where in outer if (x := upstream[where + j])]:
                slope = self._fold(expression, made)
                for where, x in written:
                    products[where + i].append((x, slope))

    def _tangent(self, of: Place, by: Place, only: int | None) -> Entries | None:
        """Σ over what `of` is made from of (∂ of / ∂ part)(d part / d by); `only` this step."""
        key = ((of, by), only)
        if key not in self._forward:
            self._forward[key] = self._sum_over_parts(of, by, only)
        return self._forward[key]

    def _sum_over_parts(self, of: Place, by: Place, only: int | None) -> Entries | None:
        if self._is_apart(of, by):
            return None
        self._touch(of)
        if only is None and (kept := self.kept(of, by)) is not None:
            return kept
        if of == by:
            return self._identity(by)
        if of[1] == 0 or (only is not None and of[1] != only):
            return None
        products: Products = defaultdict(list)
        for edge in self._graph.made_from.get(of[0], ()):
            part = (edge.used.name, None if edge.step is None else edge.step + (of[1] or 0))
            downstream = self._tangent(part, by, only)
            if downstream is not None:
                self._collect_forwards(products, downstream, edge, of[1])
        return self._summed(products, self._axes[of[0]] + self._axes[by[0]])

    def _collect_forwards(self, products: Products, downstream: Entries, edge: Edge, made: int | None) -> None:
        inner = list(positions(downstream.shape[len(edge.used.axes) :]))
        for j, i, expression in edge.entries:
            if written := [(where, x) for where in inner if (x := downstream[i + where])]:
                slope = self._fold(expression, made)
                for where, x in written:
                    products[j + where].append((x, slope))

    def _summed(self, products: Products, axes: Shape) -> Entries | None:
        if not products:
            return None
        result = self._zeros(axes)
        for position, pairs in products.items():
            result[position] = self.scene.arithmetic.dot(pairs)
        return result

    def _of_term(self, node: Derivative, by: Place, steps: Steps) -> Entries | None:
        """The derivative of a formula: of what is written, then of what that is made from."""
        products: Products = defaultdict(list)
        here = {"": 0, "T": self.steps, **steps}
        for var in (s for s in outside_sums(node.of) if isinstance(s, Var)):
            self.check(var, None if var.step is None else var.step.at(here))
        if any(isinstance(s, SumSteps | ProductSteps) for s in subterms(node.of)):
            # What stands in a sum must exist too, though nothing of it be left in the derivative.
            self.entries(node.of, steps)
        for edge in self._edges_of(node.of, {"T": self.steps, **steps}):
            self.check(edge.used, edge.step)
            self._axes.setdefault(edge.used.name, edge.used.axes)
            downstream = self._adjoint((edge.used.name, edge.step), by, None)
            if downstream is not None:
                self._collect_forwards(products, downstream, edge, 0)
        return self._summed(products, shape(node.of) + self._axes[by[0]])

    def _edges_of(self, formula: Term, steps: Steps) -> tuple[Edge, ...]:
        made = "what is differentiated"
        if not any(isinstance(s, Derivative) for s in subterms(formula)):
            return edges(made, formula, self.scene.sizes, steps, self.exponential)
        written = _Written(self)
        found = edges_in(made, formula, written.scene, steps)
        self.touched |= written.touched
        self.runs_over_all |= written.runs_over_all
        return found

    def _uses(self, edge: Edge, by: Place, copy: int | None) -> list[int | None]:
        """The steps at which `edge.made` uses `by`, were the sequence long enough."""
        if self.model is None or not self.model.is_sequence:
            return [None]
        if by[1] is None and copy is None:
            self.runs_over_all = True
            return list(range(1, self.steps + 1))
        if by[1] is None:
            return [copy]
        made = by[1] - (edge.step or 0)
        return [made] if made >= 1 else []

    def _fold(self, expression: Any, made: int | None) -> Scalar:
        """The value of a partial derivative for what is made at this step."""

        def value(x: Any) -> Scalar:
            var, origin, position = meaning(x)
            if isinstance(origin, Axis):
                return self.scene.arithmetic.reciprocal(origin, self.scene.sizes[origin])
            if isinstance(origin, str):
                return self.scene.arithmetic.reciprocal(None, self.steps)
            return self.variable(var, None if origin is None else origin + (made or 0))[position]

        return fold(expression, value, self.scene.arithmetic, self._folded[made])

    def _is_apart(self, of: Place, by: Place) -> bool:
        """Whether nothing leads from one to the other, however far apart their steps are."""
        if self.model is None or of[0] == LOSS.name or of == by or (of, by) in self.opaque:
            return False
        return of[0] not in made_from(self.model, by[0])

    def _is_step_loss_of(self, of: Place, by: Place) -> bool:
        model = self.model
        return model is not None and model.is_sequence and of[0] == LOSS.name and by[0] == model.step_loss.name

    def _scale(self) -> Entries:
        assert self.model is not None
        return entries(self.model.scale, self.scene)

    def _touch(self, place: Place) -> None:
        if place[1] is not None:
            self.touched.add(place[1])

    def _zeros(self, axes: Shape) -> Entries:
        result = np.empty(dimensions(axes, self.scene.sizes), dtype=object)
        result.fill(self.scene.arithmetic.number(Fraction(0)))
        return result

    def _identity(self, place: Place) -> Entries:
        axes = self._axes[place[0]]
        result = self._zeros(axes + axes)
        for position in positions(dimensions(axes, self.scene.sizes)):
            result[position + position] = self.scene.arithmetic.number(Fraction(1))
        return result


class _Written(Differentiated):
    """The same model with a symbol for every variable: its derivatives can be differentiated."""

    def __init__(self, other: Differentiated) -> None:
        sizes, exponential = other.scene.sizes, other.exponential
        leaf, arithmetic = Symbols(sizes).variable, InSymPy(exponential)
        super().__init__(
            other.model, sizes, other.steps, arithmetic, leaf, unfolds=lambda _: False, exponential=exponential
        )
