r"""What the words around a formula restrict it to: for symmetric $W$, at the last step, for $i \ne j$.

In:  a formula as it is judged.
Out: `Conditions`: the scope and what is given where they are understood, and the words that are not.
To extend: add a phrase to `PHRASES`, and a kind of condition to `EFFECTS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from itertools import pairwise

from symbolic import terms as f
from symbolic.notation import Step
from symbolic.reader.given import RELATIONS, Given
from symbolic.reader.judge.judging import Conditions, Judging
from symbolic.reader.judge.mentions import is_letter
from symbolic.reader.judge.phrases import (
    CONTRASTS,
    FOLLOWS,
    HARMLESS,
    INTRODUCES,
    LEADS,
    NEGATED,
    PHRASES,
    RESTRICTIVE,
    STRANGE,
    TOGETHER,
)
from symbolic.reader.readings import Misfit
from symbolic.reader.resolve import Resolver
from symbolic.reader.resolve.steps import step_of
from symbolic.reader.scan import Formula
from symbolic.reader.scope import Scope
from symbolic.reader.sentence import MARK, Sentence, sentences
from symbolic.reader.statements import Statement, statements
from symbolic.reader.syntax import parse
from symbolic.reader.syntax.nodes import Tokens
from symbolic.reader.syntax.vocabulary import DOTS
from symbolic.reader.tokens import Unread, plain, tokens
from symbolic.terms import Var

Effect = Callable[[Scope], Conditions]


def conditions(judge: Judging) -> Conditions:
    """What the formula's sentence, and the assumptions before it in its section, restrict it to."""
    effects: list[Effect] = []
    strange = ""
    for sentence in sentences(judge.formula, judge.near):
        if sentence.own >= 0 or not _claims(judge, sentence):
            found, words = _of_sentence(judge, sentence)
            effects += found
            strange = strange or (words if sentence.own >= 0 or RESTRICTIVE.search(words) else "")
    start = Conditions(judge.scope, strange=strange)
    return reduce(lambda before, effect: before | effect(before.scope), effects, start)


def is_condition(judge: Judging, statement: Statement) -> bool:
    """i ≠ j, t = T, k ≤ t: letters alone, related; a row that continues a chain is none."""
    related = statement.relations and not statement.continues
    return bool(related) and all(is_letter(judge, side) for side in statement.sides)


def under(scope: Scope, condition: Statement) -> Scope:
    """The scope in which two subscripts, or two steps, are related so, where a scope can say it."""
    symbols = [relation.symbol for relation in condition.relations]
    texts = [plain(side) for side in condition.sides]
    if len(texts) == 2 and symbols[0] in {"=", "≠"}:
        i, j = texts
        if {i, j} <= scope.indices.keys():
            return scope.assuming(i, j, symbols[0] == "=")
        if symbols == ["="] and i in scope.steps and j in scope.steps:
            return replace(scope, steps={**scope.steps, i: scope.steps[j]})
        if symbols == ["="] and i in scope.steps and i != "T" and j.isdigit():
            return replace(scope, steps={**scope.steps, i: Step("", int(j))})
    return scope


def related(judge: Judging, scope: Scope, statement: Statement) -> Conditions:
    """Relations between subscripts and steps: in the scope where it can say them, else given."""
    words = _written(statement)
    changed = under(scope, statement)
    if changed is not scope:
        return Conditions(changed, Given((words,)))
    resolver = Resolver(judge.scope, "total")
    steps = [step_of(resolver, side) for side in statement.sides]
    symbols = [relation.symbol for relation in statement.relations]
    if None in steps or not RELATIONS.keys() >= {*symbols}:
        return Conditions(scope, strange=words)
    ordered = tuple((a, symbol, b) for (a, b), symbol in zip(pairwise(steps), symbols, strict=True) if a and b)
    return Conditions(scope, Given((words,), steps=ordered))


def _written(statement: Statement) -> str:
    symbols = [*(f" {relation.symbol} " for relation in statement.relations), ""]
    return "".join(plain(side) + symbol for side, symbol in zip(statement.sides, symbols, strict=True))


# What a formula of the sentence says


def _claims(judge: Judging, sentence: Sentence) -> bool:
    """Whether an assumption is that of one formula, which stands in the same sentence."""
    marks = [sentence.formula(mark) for mark in re.findall(MARK, sentence.words)]
    return any(each.displayed or ("=" in each.latex and _said(judge, each) is None) for each in marks)


def _said(judge: Judging, formula: Formula) -> list[Effect] | None:
    """What another formula restricts this one to; None where it is no condition."""
    try:
        found = statements(judge.macros.expanded(tokens(formula.latex)), judge.scope.labels)
        if any(token.text in DOTS for each in found for side in each.sides for token in side):
            return None
        effects = [_effect(judge, each) for each in found]
    except (Unread, Misfit, ValueError):
        return None
    return [each for each in effects if each is not None] if effects and None not in effects else None


def _effect(judge: Judging, statement: Statement) -> Effect | None:
    if is_condition(judge, statement):
        return lambda scope: related(judge, scope, statement)
    if len(statement.sides) == 2 and statement.relations[0].symbol == "=":
        left, right = statement.sides
        words = _written(statement)
        if (name := _parameter(judge, left, transposed=True) or _parameter(judge, right, transposed=True)) and {
            name
        } == {_parameter(judge, side, transposed=None) for side in statement.sides}:
            return lambda scope: Conditions(scope, Given((words,), symmetric=frozenset({name})))
        if plain(right) in {"0", r"\mathbf0", r"\boldsymbol0", r"\vec0"} and (name := _parameter(judge, left)):
            return lambda scope: Conditions(scope, Given((words,), zero=frozenset({name})))
    return None


def _parameter(judge: Judging, side: Tokens, transposed: bool | None = False) -> str:
    """The name of a parameter or an initial state, if the side is that (None: or its transpose) alone."""
    (reading, *_) = Resolver(judge.scope, "total").of(parse(side, judge.scope.grammar))
    value = reading.term
    if isinstance(value, f.Transpose) and transposed is not False:
        value = value.arg
    elif transposed:
        return ""
    model = judge.scope.model
    free = (
        isinstance(value, Var)
        and model is not None
        and (value.name in {p.name for p in model.parameters} or value.step == Step("", 0))
    )
    return value.name if isinstance(value, Var) and free else ""


# What the words of a sentence say


def _of_sentence(judge: Judging, sentence: Sentence) -> tuple[list[Effect], str]:
    """What is understood, and the words of a condition that is left."""
    words = sentence.words
    said = {
        place: effects
        for place, mark in ((m.start(), m[0]) for m in re.finditer(MARK, words))
        if place != sentence.own
        and not NEGATED.search(words[:place])
        and (effects := _said(judge, sentence.formula(mark)))
    }
    governing = _governing(words, sentence.own, list(said))
    loose = [place for place in governing if place < sentence.own and not INTRODUCES.search(words[:place])]
    found = [effect for place in governing for effect in said[place]]
    denied = None
    for pattern, kind in PHRASES:
        for match in pattern.finditer(words):
            if before := NEGATED.search(words[: match.start()]):
                denied = before.start() if denied is None else denied
            else:
                found.append(EFFECTS[kind](judge, sentence, match))
            words = words[: match.start()] + " " * len(match[0]) + words[match.end() :]
    for place in said:
        before = LEADS.search(words[:place])
        start = before.start() if before else place
        words = words[:start] + " " * (place + 1 - start) + words[place + 1 :]
    for pattern in HARMLESS:
        words = pattern.sub(lambda match: " " * len(match[0]), words)
    strange = STRANGE.search(words)
    if found and (contrast := CONTRASTS.search(sentence.words)):
        return [], _quoted(sentence, contrast.start())
    if denied is None and (loose or strange):
        denied = loose[0] if loose else strange.start() if strange else 0
    if loose:
        found = []
    return found, "" if denied is None else _quoted(sentence, denied)


def _governing(words: str, own: int, places: list[int]) -> list[int]:
    """The conditions that belong to a formula: those right behind it, else those nearest before it."""
    behind = []
    end = own + 1
    for place in (place for place in places if place > own >= 0):
        if not FOLLOWS.fullmatch(words[end:place]):
            break
        behind.append(place)
        end = place + 1
    if behind:
        return behind
    before = [place for place in places if place < own or own < 0]
    found = before[-1:]
    for place in reversed(before[:-1]):
        if not TOGETHER.fullmatch(words[place + 1 : found[-1]]):
            break
        found.append(place)
    return found


def _quoted(sentence: Sentence, start: int) -> str:
    """The words from a place on, with the formulas as they are written."""
    words = re.split(r"[\uf8fe\uf8ff]|(?<=[\w)])[.;:]\s|, ", sentence.words[start:])[0].split()[:12]
    return " ".join(re.sub(MARK, lambda m: f"${sentence.formula(m[0]).latex.strip()}$", word) for word in words)


def _last_step(judge: Judging, sentence: Sentence, match: re.Match[str]) -> Effect:
    return lambda scope: Conditions(
        replace(scope, steps={**scope.steps, "t": scope.steps["T"]}), Given((match[0].strip(),))
    )


def _symmetric(judge: Judging, sentence: Sentence, match: re.Match[str]) -> Effect:
    """Of the matrices that are named beside the word; of all square ones where none is."""
    named = set()
    for mark in re.findall(MARK, match[0]):
        try:
            named |= {_parameter(judge, tokens(sentence.formula(mark).latex))} - {""}
        except (Unread, Misfit, ValueError):
            continue
    model = judge.scope.model
    square = {p.name for p in (model.parameters if model else ()) if len(p.axes) == 2 and p.axes[0] == p.axes[1]}
    found = frozenset(named & square or square)
    return lambda scope: Conditions(scope, Given((f"{', '.join(sorted(found))} symmetric",), symmetric=found))


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


def _one_hot(judge: Judging, sentence: Sentence, match: re.Match[str]) -> Effect:
    return lambda scope: Conditions(scope, Given((match[0].strip(),), one_hot=True))


EFFECTS = {
    "last step": _last_step,
    "symmetric": _symmetric,
    "one-hot": _one_hot,
    "zero state": _initial_state,
    "numbers": _numbers,
    "no bias": _biases,
}
