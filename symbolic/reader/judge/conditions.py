"""What the words around a formula restrict it to: for symmetric $W$, at the last step, for $t = T$.

In:  a formula as it is judged.
Out: `Conditions`: the scope and what is given where they are understood, and the words that are not.
What formulas say is found by `relations`, what phrases say by `effects`, and whose it is by `governing`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import reduce
from typing import NamedTuple

from symbolic import terms as f
from symbolic.notation import Step
from symbolic.reader.declare import MODELS
from symbolic.reader.given import RELATIONS
from symbolic.reader.judge.effects import EFFECTS
from symbolic.reader.judge.governing import Said, goes_on, governing, others
from symbolic.reader.judge.judging import Conditions, Judging
from symbolic.reader.judge.phrases import (
    ANOTHER,
    DENIED,
    HARMLESS,
    LACKING,
    LEADS,
    OTHER_LOSS,
    PARTS,
    PHRASES,
    PLAIN,
    RESTRICTIVE,
    STRANGE,
    UNUSUAL,
)
from symbolic.reader.judge.relations import Effect, assumes, is_condition, said_by
from symbolic.reader.scope import COMMENTS, Scope
from symbolic.reader.sentence import CLOSE, MARK, OPEN, Sentence, sentences
from symbolic.reader.statements import Statement, statements
from symbolic.reader.syntax.vocabulary import DOTS
from symbolic.reader.tokens import Unread, plain

ITEM = re.compile(r"\n[ \t]*(?:[-*+•|]|\d+[.)]|\\item)\s")
AT_STEP = re.compile(r"\b(?:at|for)\s+(?:the\s+)?(?:time\s+)?(?:step\s+)?$", re.IGNORECASE)
OTHER = "\x1a"  # a formula that states something, where patterns look for names


def conditions(judge: Judging) -> Conditions:
    """What the formula's sentence, and the assumptions before it in its section, restrict it to.

    Of what is assumed of steps and subscripts the last holds, and none beside the sentence's own.
    """
    if judge.scope.words == COMMENTS:
        return Conditions(judge.scope)
    own, *before = sentences(judge.formula, judge.near)
    stated = _of_sentence(judge, own)
    found, strange, doubt = [*stated.effects], stated.strange, ""
    is_case = any(_is_case(judge, effect) for effect in found)
    for sentence in reversed(before):
        if _claims(judge, sentence):
            continue
        stated = _of_sentence(judge, sentence)
        between = Sentence(sentence.between, -1, sentence.near)
        is_apart = _said_by_formulas(judge, between) or ITEM.search(between.words)
        follows = not is_apart and _is_plain(judge, between, between.words)
        follows = follows and goes_on(judge, between, 0, stated.effects)
        if sentence.is_assumption or follows:
            is_restriction = stated.is_named or RESTRICTIVE.search(stated.strange)
            strange = strange or (stated.strange if is_restriction else "")
        kept = [effect for effect in stated.effects if not (is_case and _is_case(judge, effect))]
        is_case = is_case or any(_is_case(judge, effect) for effect in kept)
        found += kept
        if kept and not follows:
            doubt = doubt or _quoted(sentence, 0)
    start = Conditions(judge.scope, strange=strange, doubt=doubt)
    return consistent(judge.scope, reduce(lambda before, effect: before | effect(before.scope), found, start))


def consistent(scope: Scope, stated: Conditions) -> Conditions:
    """What is stated, unless it says a step twice, t = T and t < T: then it is not understood."""
    said = {step.anchor for letter, step in scope.steps.items() if stated.scope.steps.get(letter) != step}
    again = {step.anchor for a, _, b in stated.given.steps for step in (a, b)}
    same = [(a, symbol, b) for a, symbol, b in stated.given.steps if a.anchor == b.anchor]
    if said.isdisjoint(again) and all(RELATIONS[symbol](a.offset, b.offset) for a, symbol, b in same):
        return stated
    return Conditions(scope, strange=" and ".join(stated.given.words), doubt=stated.doubt)


def denied(judge: Judging) -> str:
    """The words of the sentence that deny what is usual of targets: that they are one-hot, and their sum is 1."""
    if judge.scope.words == COMMENTS:
        return ""
    own, *_ = sentences(judge.formula, judge.near)
    if found := DENIED.search(own.words):
        return _quoted(own, found.start())
    unusual = [start for start, formula in others(own) if UNUSUAL.search(formula.latex)]
    return _quoted(own, unusual[0]) if unusual else ""


def _is_case(judge: Judging, effect: Effect) -> bool:
    """Whether a condition is one on steps and subscripts: others are of a whole model."""
    given = effect(judge.scope).given
    return not (given.symmetric or given.zero or given.numbers or given.one_hot)


def _claims(judge: Judging, sentence: Sentence) -> bool:
    """Whether an assumption is that of one formula, which stands in the same sentence."""
    marks = [sentence.formula(mark) for mark in re.findall(MARK, sentence.words)]
    return any(
        each.displayed or ("=" in each.latex and said_by(judge, each) is None and not assumes(judge, each))
        for each in marks
    )


class _Stated(NamedTuple):
    """What of a sentence is understood, or the words of a condition that is not; `is_named`: for its sentence alone."""

    effects: list[Effect]
    strange: str = ""
    is_named: bool = False


def _of_sentence(judge: Judging, sentence: Sentence) -> _Stated:
    """A condition is understood only where all its sentence is: where every other word is one of `PLAIN`."""
    said = _said_by_formulas(judge, sentence)
    if others_assume := [
        mark for mark in others(sentence) if said_by(judge, mark[1]) is None and assumes(judge, mark[1])
    ]:
        return _Stated([], _quoted(sentence, others_assume[0][0]), is_named=True)
    rest = re.sub(MARK, lambda m: OTHER if _relates(sentence, m[0]) else m[0], sentence.words)
    understood = True
    for pattern, kind in PHRASES:
        for match in pattern.finditer(rest):
            effect = EFFECTS[kind](judge, sentence, match)
            understood = understood and effect is not None
            said.append(Said(match.start(), match.end(), [effect] if effect else []))
            rest = _blank(rest, match.start(), match.end())
    for pattern in HARMLESS:
        rest = pattern.sub(lambda match: " " * len(match[0]), rest)
    if _is_own(judge.scope) and not LACKING.search(rest):
        rest = PARTS.sub(lambda match: " " * len(match[0]), rest)
    if said:
        said.sort()
        own = governing(judge, sentence, said)
        if understood and own is not None and _is_plain(judge, sentence, rest):
            return _Stated([effect for each in own for effect in each.effects])
        lead = LEADS.search(sentence.words[: said[0].start])
        return _Stated([], _quoted(sentence, lead.start() if lead else said[0].start), is_named=True)
    strange = STRANGE.search(rest) or other_loss(judge).search(rest) or _range(judge, sentence)
    return _Stated([], _quoted(sentence, strange.start()) if strange else "")


def _is_own(scope: Scope) -> bool:
    """Whether the model is the document's own: what its equations hold is no variant of it."""
    return scope.model is not None and MODELS.get(scope.model.name) is not scope.model


def _said_by_formulas(judge: Judging, sentence: Sentence) -> list[Said]:
    found = ((start, said_by(judge, formula)) for start, formula in others(sentence))
    return [Said(start, start + 1, effects) for start, effects in found if effects]


def _relates(sentence: Sentence, mark: str) -> bool:
    return bool(re.search(r"[=<>≠≤≥]|\\(?:neq?|leq?|geq?|lt|gt)\b", sentence.formula(mark).latex))


def _blank(words: str, start: int, end: int) -> str:
    return words[:start] + " " * (end - start) + words[end:]


def other_loss(judge: Judging) -> re.Pattern[str]:
    """Words for another loss than the model's."""
    model = judge.scope.model
    made = model.by_name.get(model.step_loss.name) if model else None
    has_log = made is not None and any(isinstance(x, f.Call) and x.function == "log" for x in f.subterms(made.right))
    return OTHER_LOSS["log" if has_log else "square"]


def _is_plain(judge: Judging, sentence: Sentence, words: str) -> bool:
    """Whether words only lead from a condition to what holds under it."""
    return is_plain(re.sub(rf"\\[a-zA-Z]+|{MARK}|[{OPEN}{CLOSE}]|\w+:\S+", " ", words)) and not _range(judge, sentence)


def is_plain(words: str) -> bool:
    """Whether words say nothing but that something holds under a condition."""
    return {*re.findall(r"[^\W\d_]+", words.lower())} <= PLAIN and not ANOTHER.search(words)


def _range(judge: Judging, sentence: Sentence) -> re.Match[str] | None:
    """Where a formula says at which steps another holds: t = 2, …, T, unless it is all of them; at time T."""
    for match in re.finditer(MARK, sentence.words):
        if match.start() != sentence.own:
            try:
                given = judge.tokens(sentence.formula(match[0]))
                found = statements(given, judge.scope.labels)
            except Unread:
                continue
            if judge.scope.steps.get(plain(given)) == Step("T") and AT_STEP.search(sentence.words[: match.start()]):
                return match
            if any(t.text in DOTS for t in given) and found and is_condition(judge, found[0]) and not is_all(found):
                return match
    return None


def is_all(found: Sequence[Statement]) -> bool:
    """t = 1, …, T: no condition."""
    texts = {plain(side) for statement in found for side in statement.sides}
    return {"1", "T"} <= texts


def _quoted(sentence: Sentence, start: int) -> str:
    """The words from a place on, with the formulas as they are written."""
    words = re.split(r"[\uf8fe\uf8ff]|(?<=[\w)])[.;:]\s|, ", sentence.words[start:])[0].split()[:12]
    return " ".join(re.sub(MARK, lambda m: f"${sentence.formula(m[0]).latex.strip()}$", word) for word in words)
