"""Where a refuted formula would hold after all: at T = 1, for scalars, for a symmetric matrix.

In:  a reading that was refuted, and its scope.
Out: the narrowest such case, in words, or "".

The sides are compared at random points of the special case.  That they agree proves
nothing, and the words say so; it tells a person what they had in mind.
"""

from __future__ import annotations

from collections.abc import Iterator

from symbolic import terms as f
from symbolic.notation import Step
from symbolic.prove import axes_of
from symbolic.reader.candidates import Candidate, Pair, instances, record
from symbolic.reader.given import POINTS, Given, differences
from symbolic.reader.scope import Scope


def special_case(candidate: Candidate, scope: Scope) -> str:
    """`the sides agree where T = 1 (at 2 points)`, or "" where no special case does."""
    try:
        pairs = [instance for pair in candidate.pairs for instance in instances(pair, scope)]
        for case in cases(pairs, scope):
            if all(_agree(pair, scope, case) for pair in pairs):
                return f"the two sides agree where {case.words[0]} (at {POINTS} points tried)"
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
        pass
    return ""


def cases(pairs: list[Pair], scope: Scope) -> Iterator[Given]:
    """The special cases that this model has."""
    model = scope.model
    if model is not None and model.is_sequence:
        yield Given(("T = 1",), steps=((Step("T"), "=", Step("", 1)),))
    for parameter in model.parameters if model is not None else ():
        if len(parameter.axes) == 2 and parameter.axes[0] == parameter.axes[1]:
            yield Given((f"{parameter.name} is symmetric",), frozenset({parameter.name}))
    classes = {axis for target in (model.targets if model is not None else ()) for axis in target.axes[-1:]}
    numbered = any(isinstance(s, f.Entry) for pair in pairs for side in pair for s in f.subterms(side))
    axes = {axis for pair in pairs for axis in axes_of(record(*pair, scope))}
    if not numbered and axes - classes:
        yield Given(("every vector is a number",), numbers=True)


def _agree(pair: Pair, scope: Scope, case: Given) -> bool:
    """Whether no enclosure of the two sides misses the other, and there is something to enclose."""
    spoken = False
    for difference in differences(pair, scope, case):
        spoken = True
        if difference is not None:
            return False
    return spoken
