"""Whose condition is it?  Which of the conditions that a sentence, or a display, says belong to one formula.

In:  a sentence and the conditions that it says, or the statements of a display.
Out: the conditions that govern the formula; None where the words do not say it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple

from symbolic.reader.judge.judging import Judging
from symbolic.reader.judge.phrases import FOLLOWS, JOINING, TOGETHER
from symbolic.reader.judge.relations import Effect, fixed, lefts
from symbolic.reader.scan import Formula
from symbolic.reader.sentence import MARK, Sentence
from symbolic.reader.statements import Statement


class Said(NamedTuple):
    """A condition, and where the sentence says it."""

    start: int
    end: int
    effects: list[Effect]


def governing(judge: Judging, sentence: Sentence, said: list[Said]) -> list[Said] | None:
    """The conditions that belong to a formula: those right behind it, else those before it; all to what comes later.

    None where words do not say it: between one before and one behind, where the one before stands
    right behind another formula, where only one of several before stands beside it, and where a case may have
    ended with another formula.
    """
    words, own = sentence.words, sentence.own
    if own < 0:
        return said
    taken = {place for each in said for place in range(each.start, each.end)}
    claims = [m.start() for m in re.finditer(MARK, words) if m.start() not in taken | {own}]
    of_others = [each for claim in claims if claim < own for each in _behind(words, claim, said)]
    before = [each for each in said if each.start < own]
    if behind := _behind(words, own, said):
        return None if before and before[-1] not in of_others else behind
    if not before:
        return []
    if before[-1] in of_others:
        return None
    if not goes_on(judge, sentence, before[-1].end, [effect for each in before for effect in each.effects]):
        return None
    found = before[-1:]
    for each in reversed(before[:-1]):
        if TOGETHER.fullmatch(words[each.end : found[-1].start]):
            found.append(each)
        elif each not in of_others and not any(each.end <= claim < found[-1].start for claim in claims):
            return None
        else:
            break
    return found


def _behind(words: str, own: int, said: list[Said]) -> list[Said]:
    """The conditions right behind a formula."""
    found = []
    end = own + 1
    for each in (each for each in said if each.start > own):
        if not FOLLOWS.fullmatch(words[end : each.start]):
            break
        found.append(each)
        end = each.end
    return found


def goes_on(judge: Judging, sentence: Sentence, start: int, effects: Sequence[Effect]) -> bool:
    """Whether a case that is named before `start` is still that of the formula, behind others that claim something.

    Words must say that it follows from them, and they name the letters of the case: what is said of h_t behind what
    is said of h_T is said of every t.
    """
    letters = frozenset(letter for effect in effects for letter in fixed(judge.scope, effect(judge.scope)))
    own = sentence.own if sentence.own >= 0 else len(sentence.words)
    claims = [
        (place, made) for place, each in others(sentence) if start <= place < own and (made := lefts(judge, each))
    ]
    if not letters or not claims:
        return True
    named = letters & {token.text for token in judge.tokens(judge.formula)}
    words = re.sub(MARK, " ", sentence.words[claims[0][0] : own])
    return joins(words) and all(named <= left for _, made in claims for left in made)


def joins(words: str) -> bool:
    """Whether words between two formulas say that the one follows from the other, or stands beside it."""
    return ";" not in words and {*re.findall(r"[^\W\d_]+", words.lower())} <= JOINING


def others(sentence: Sentence) -> list[tuple[int, Formula]]:
    """The other formulas of a sentence, and where they stand in it."""
    marks = re.finditer(MARK, sentence.words)
    return [(match.start(), sentence.formula(match[0])) for match in marks if match.start() != sentence.own]


def own_conditions(statement: Statement, found: list[Statement], beside: list[Statement]) -> list[Statement]:
    """The conditions that belong to a statement: those right behind it, and those that its row begins with.

    Each belongs to the claim beside it alone, in its own row.
    """
    if statement in beside:
        return []
    if len(found) == len(beside) + 1:
        return beside
    position = found.index(statement)
    first, last = statement.rows
    behind = takewhile(lambda each: each in beside and first <= each.rows[0] <= last, found[position + 1 :])
    before = takewhile(lambda each: each in beside, reversed(found[:position]))
    ahead = [each for each in before if each.rows == (first, first)]
    begins = position == len(ahead) or found[position - len(ahead) - 1].rows[1] < first
    return [*(ahead if begins else ()), *behind]
