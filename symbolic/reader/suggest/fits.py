"""Which model of ours a document's equations are those of.

In:  the equations, and the declarations before a model.
Out: the model's name if each equation, read with that model's names, is proved of it; else "".
"""

from __future__ import annotations

from collections.abc import Sequence

from symbolic.reader.candidates import candidates, verdict_of
from symbolic.reader.declare import BadDeclaration, declare, lines
from symbolic.reader.judge.clock import TooLong, within
from symbolic.reader.readings import Misfit
from symbolic.reader.scope import Scope
from symbolic.reader.suggest.own import Forward
from symbolic.reader.syntax import parse
from symbolic.reader.tokens import Unread
from symbolic.verdicts import Proved

SECONDS = 5


def fitting(models: Sequence[str], equations: Sequence[Forward], before: Sequence[str]) -> str:
    """The first of the models that all equations are equations of."""
    for name in models:
        try:
            declared = declare(lines("\n".join((*before, f"model {name}")), "", 1, (1, 1)))
        except BadDeclaration:
            continue
        scope = declared.at((1, 1))
        if equations and all(_is_proved(each, scope) for each in equations):
            return name
    return ""


def _is_proved(each: Forward, scope: Scope) -> bool:
    try:
        with within(SECONDS):
            left, right = (parse(side, scope.grammar) for side in each.sides)
            return any(isinstance(verdict_of(found, scope), Proved) for found in candidates(left, right, scope))
    except (Unread, Misfit, TooLong, ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
        return False
