"""What the phrases of `phrases.PHRASES` restrict a formula to: an `Effect` for each kind.

In:  a phrase in its sentence.
Out: what holds under it; None where it speaks of something that is not understood.
To extend: a kind of condition in `EFFECTS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from symbolic.reader.given import Given
from symbolic.reader.judge.judging import Conditions, Judging
from symbolic.reader.judge.relations import (
    Effect,
    parameter,
    square,
)
from symbolic.reader.readings import Misfit
from symbolic.reader.resolve import Resolver
from symbolic.reader.sentence import MARK, Sentence
from symbolic.reader.syntax import parse
from symbolic.reader.tokens import Unread, tokens
from symbolic.terms import Var


def _last_step(judge: Judging, sentence: Sentence, match: re.Match[str]) -> Effect:
    return lambda scope: Conditions(
        replace(scope, steps={**scope.steps, "t": scope.steps["T"]}), Given((match[0].strip(),))
    )


def _symmetric(judge: Judging, sentence: Sentence, match: re.Match[str]) -> Effect | None:
    """Of the square parameters that are named beside the word; of all where the sentence names none."""
    beside = [_named(judge, sentence, mark) for mark in re.findall(MARK, match[0])]
    all_square = square(judge)
    elsewhere = [_named(judge, sentence, mark) for mark in re.findall(MARK, sentence.words) if mark not in match[0]]
    if not all_square.issuperset(beside) or (not beside and any(elsewhere)):
        return None
    found = frozenset(beside or all_square)
    return lambda scope: Conditions(scope, Given((f"{', '.join(sorted(found))} symmetric",), symmetric=found))


def _named(judge: Judging, sentence: Sentence, mark: str) -> str:
    """The parameter that a formula of the sentence is, alone."""
    try:
        return parameter(judge, tokens(sentence.formula(mark).latex))
    except (Unread, Misfit, ValueError):
        return ""


def _initial_state(judge: Judging, sentence: Sentence, match: re.Match[str]) -> Effect:
    model = judge.scope.model
    found = model.with_initial if model else frozenset()
    return lambda scope: Conditions(scope, Given((match[0].strip(),), zero=frozenset(found)))


def _biases(judge: Judging, sentence: Sentence, match: re.Match[str]) -> Effect:
    model = judge.scope.model
    found = frozenset(p.name for p in (model.parameters if model else ()) if len(p.axes) == 1)
    return lambda scope: Conditions(scope, Given((match[0].strip(),), zero=found))


def _numbers(judge: Judging, sentence: Sentence, match: re.Match[str]) -> Effect:
    return lambda scope: Conditions(scope, Given((match[0].strip(),), numbers=True))


def _one_hot(judge: Judging, sentence: Sentence, match: re.Match[str]) -> Effect | None:
    """Of targets: what another one-hot vector changes is not looked at."""
    for mark in re.findall(MARK, match[0]):
        try:
            (value, *_) = Resolver(judge.scope, "total").of(
                parse(tokens(sentence.formula(mark).latex), judge.scope.grammar)
            )
        except (Unread, Misfit, ValueError):
            return None
        targets = {target.name for target in (judge.scope.model.targets if judge.scope.model else ())}
        if not (isinstance(value.term, Var) and value.term.name in targets):
            return None
    return lambda scope: Conditions(scope, Given((match[0].strip(),), one_hot=True))


EFFECTS: Mapping[str, Callable[[Judging, Sentence, re.Match[str]], Effect | None]] = {
    "last step": _last_step,
    "symmetric": _symmetric,
    "one-hot": _one_hot,
    "zero state": _initial_state,
    "numbers": _numbers,
    "no bias": _biases,
}
