"""The verdict on a formula under a condition: for symmetric W, at T = 1, with h_0 = 0.

In:  a reading, its scope, and what is given.
Out: a verdict.  Symmetric and zero parameters are built into the model (W is S + Sᵀ), so
     that what holds under them is proved; where every vector is a number, sizes of 1 are.
     Under any other condition a formula is refuted at a point that satisfies it, or
     unknown: that both sides agree at some points proves nothing, and the words say so.
To extend: a condition on what is drawn is a field of `Given` and a line of `_leaf`.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from mpmath import iv

from symbolic import terms as f
from symbolic.chain_rule import Differentiated
from symbolic.elementwise import Entries, OutsideSequence, tabulated
from symbolic.equality import Equality
from symbolic.model import Model
from symbolic.notation import Axis, Step
from symbolic.prove import axes_of, prove
from symbolic.reader.candidates import Candidate, Pair, instances, record, verdict_of
from symbolic.reader.scope import Scope
from symbolic.refute import PRECISION, Intervals, Point, difference
from symbolic.terms import Term, Var
from symbolic.verdicts import ONE_HOT, SUMS_TO_ONE, Counterexample, Proved, Refuted, Unknown, Verdict

POINTS = 2
RELATIONS = {
    "=": operator.eq, "≠": operator.ne, "<": operator.lt, ">": operator.gt, "≤": operator.le, "≥": operator.ge
}  # fmt: skip


@dataclass(frozen=True)
class Given:
    """What holds of parameters, initial states, steps and sizes; `words` say it as people do.

    `symmetric` and `zero` are names (of a state: at step 0); `numbers`: every vector is one.
    """

    words: tuple[str, ...] = ()
    symmetric: frozenset[str] = frozenset()
    zero: frozenset[str] = frozenset()
    steps: tuple[tuple[Step, str, Step], ...] = ()
    numbers: bool = False
    one_hot: bool = False

    def __or__(self, other: Given) -> Given:
        return Given(
            (*self.words, *other.words),
            self.symmetric | other.symmetric,
            self.zero | other.zero,
            (*self.steps, *other.steps),
            self.numbers or other.numbers,
            self.one_hot or other.one_hot,
        )

    def allows(self, place: Mapping[str, int]) -> bool:
        """Whether the steps are related so; a letter that a formula does not have is not looked at."""
        known = {"": 0, **place}
        return all(
            RELATIONS[symbol](a.at(known), b.at(known))
            for a, symbol, b in self.steps
            if {a.anchor, b.anchor} <= known.keys()
        )


NOTHING = Given()


def verdict_given(candidate: Candidate, scope: Scope, given: Given = NOTHING) -> Verdict:
    """The verdict under what is given; under nothing, the verdict."""
    verdict = verdict_of(*_built_in(candidate, scope, given))
    if given == Given(given.words) or not isinstance(verdict, Refuted):
        return verdict
    try:
        pairs = [instance for pair in candidate.pairs for instance in instances(pair, scope)]
        if given == Given(given.words, numbers=True):
            found = [prove(record(*pair, scope), _sizes(pair, scope, given)) for pair in pairs]
            if all(isinstance(each, Proved) for each in found):
                return found[0]
        if all(is_of_the_past(pair, scope, given) for pair in pairs):
            return Proved({}, None, 0, method="no value is made from later ones", every_T=True)
        places = 0
        for pair in pairs:
            for point in differences(pair, scope, given):
                if point is not None:
                    return replace(verdict, counterexample=point)
                places += 1
    except (ArithmeticError, LookupError, NotImplementedError, RecursionError, TypeError, ValueError) as why:
        return Unknown({}, None, 0, str(why))
    words = " and ".join(f"“{each}”" for each in given.words)
    if not places:
        return Unknown({}, None, 0, f"refuted without {words}, and no step that is tried satisfies it")
    return Unknown({}, None, 0, f"refuted without {words}; under it the sides agree at the points tried: no proof")


def is_of_the_past(pair: Pair, scope: Scope, given: Given) -> bool:
    """∂h_k/∂h_t = 0 for k < t: the derivative of a value by what comes later, whatever the model.

    An equation at t makes its value from that step and the one before.
    """
    left, right = pair
    value = left.arg if isinstance(left, f.Entry) else left
    if scope.model is None or right not in (f.term(0), f.Mul(f.term(0), left)) or not isinstance(value, f.Derivative):
        return False
    of, by = value.of.arg if isinstance(value.of, f.Entry) else value.of, value.by
    known = {array.name for array in scope.model.arrays.values() if array.sequence}
    if not isinstance(of, Var) or not {of.name, by.name} <= known or of.step is None or by.step is None:
        return False
    return any(_is_before(of.step, by.step, *said) for said in given.steps)


def _is_before(step: Step, later: Step, a: Step, symbol: str, b: Step) -> bool:
    """Whether a < b, or another relation of two steps, says that one step is before another."""
    low, high = (a, b) if symbol in {"<", "≤"} else (b, a)
    if symbol not in {"<", "≤", ">", "≥"} or (low.anchor, high.anchor) != (step.anchor, later.anchor):
        return False
    least = low.offset - high.offset + (symbol in {"<", ">"})  # of the second letter less the first
    return least + later.offset - step.offset >= 1


def differences(pair: Pair, scope: Scope, given: Given) -> Iterator[Counterexample | None]:
    """At every place of random points that satisfy what is given: where the enclosures of the sides do not meet."""
    lengths = (1, 2, 3) if scope.model is not None and scope.model.is_sequence else (1,)
    kind = ONE_HOT if given.one_hot else SUMS_TO_ONE
    before, iv.prec = iv.prec, PRECISION
    try:
        for T in lengths:
            for seed in range(POINTS):
                equality = Equality(*pair, scope.model, _sizes(pair, scope, given), T)
                point = Point(equality, seed, kind)
                values = Differentiated(
                    scope.model, equality.sizes, T, Intervals(), lambda var, step, p=point: _leaf(p, var, step, given)
                )
                for place in equality.places(T):
                    if given.allows({"T": T, **place}):
                        try:
                            yield difference(1, equality, values, {"T": T, **place}, point)
                        except (OutsideSequence, ZeroDivisionError):
                            continue
    finally:
        iv.prec = before


def _leaf(point: Point, var: Var, step: int | None, given: Given) -> Entries:
    entries = point.leaf(var, step)
    name = var.name if step is None else f"{var.name}[{step}]"
    exact = point.values[name]
    if var.name in given.symmetric:
        point.values[name] = [[exact[min(i, j)][max(i, j)] for j in range(len(exact))] for i in range(len(exact))]
        return tabulated(entries.shape, lambda position: entries[tuple(sorted(position))])
    if var.name in given.zero and step in (None, 0):
        point.values[name] = _zeros(exact)
        return tabulated(entries.shape, lambda _: iv.mpf(0))
    return entries


def _zeros(value: Any) -> Any:
    return [_zeros(each) for each in value] if isinstance(value, list) else 0


def _sizes(pair: Pair, scope: Scope, given: Given) -> dict[Axis, int]:
    """The usual sizes; where every vector is a number 1, but of classes there are two."""
    classes = {axis for target in (scope.model.targets if scope.model else ()) for axis in target.axes[-1:]}
    axes = axes_of(record(*pair, scope))
    return {axis: (2 if axis in classes else 1) if given.numbers else axis.size for axis in axes}


def _built_in(candidate: Candidate, scope: Scope, given: Given) -> tuple[Candidate, Scope]:
    """W as S + Sᵀ and b as 0 wherever they stand, if nothing is differentiated by them."""
    model = scope.model
    terms = [part for pair in candidate.pairs for side in pair for part in f.subterms(side)]
    by = {part.by.name for part in terms if isinstance(part, f.Derivative)}
    names = (given.symmetric | given.zero) & {p.name for p in model.parameters} if model is not None else frozenset()
    if model is None or not names or names & by:
        return candidate, scope
    pairs = tuple((_with(left, names, given), _with(right, names, given)) for left, right in candidate.pairs)
    return replace(candidate, pairs=pairs), replace(scope, model=_model_with(model, names, given))


@cache
def _model_with(model: Model, names: frozenset[str], given: Given) -> Model:
    made = tuple(replace(eq, right=_with(eq.right, names, given)) for eq in model.equations)
    return replace(model, equations=made)


def _with(term: Term, names: frozenset[str], given: Given) -> Term:
    if isinstance(term, Var) and term.name in names:
        return f.Add(term, f.Transpose(term)) if term.name in given.symmetric else f.Mul(f.term(0), term)
    changed = {key: _with(value, names, given) for key, value in vars(term).items() if isinstance(value, Term)}
    return replace(term, **changed) if changed else term
