r"""What the words around a formula restrict it to: for symmetric $W$, at the last step, for $i \ne j$.

In:  a formula as it is judged.
Out: `Conditions`: the scope and what is given where they are understood, and the words that are not.
To extend: add a phrase to `PHRASES`, and a kind of condition to `EFFECTS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from itertools import pairwise
from typing import NamedTuple

from symbolic import terms as f
from symbolic.notation import Step
from symbolic.reader.given import RELATIONS, Given
from symbolic.reader.judge.judging import Conditions, Judging
from symbolic.reader.judge.mentions import is_letter
from symbolic.reader.judge.phrases import (
    ANOTHER,
    DENIED,
    FOLLOWS,
    HARMLESS,
    JOINING,
    LEADS,
    OTHER_LOSS,
    PHRASES,
    PLAIN,
    RESTRICTIVE,
    STRANGE,
    TOGETHER,
    UNUSUAL,
)
from symbolic.reader.readings import Misfit
from symbolic.reader.resolve import Resolver
from symbolic.reader.resolve.steps import step_of
from symbolic.reader.scan import Formula
from symbolic.reader.scope import Scope
from symbolic.reader.sentence import CLOSE, MARK, OPEN, Sentence, sentences
from symbolic.reader.statements import Statement, statements
from symbolic.reader.syntax import nodes as s
from symbolic.reader.syntax import parse
from symbolic.reader.syntax.nodes import Tokens
from symbolic.reader.syntax.vocabulary import DOTS
from symbolic.reader.tokens import Unread, plain, tokens
from symbolic.terms import Var

Effect = Callable[[Scope], Conditions]
ITEM = re.compile(r"\n[ \t]*(?:[-*+•|]|\d+[.)]|\\item)\s")
AT_STEP = re.compile(r"\b(?:at|for)\s+(?:the\s+)?(?:time\s+)?(?:step\s+)?$", re.IGNORECASE)
LONGEST = 24  # tokens of W^\top and h_0, however they are styled
OTHER = "\x1a"  # a formula that states something, where patterns look for names


def conditions(judge: Judging) -> Conditions:
    """What the formula's sentence, and the assumptions before it in its section, restrict it to.

    Of what is assumed of steps and subscripts the last holds, and none beside the sentence's own.
    """
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
        follows = follows and _goes_on(judge, between, 0, stated.effects)
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
    fixed = {step.anchor for letter, step in scope.steps.items() if stated.scope.steps.get(letter) != step}
    again = {step.anchor for a, _, b in stated.given.steps for step in (a, b)}
    same = [(a, symbol, b) for a, symbol, b in stated.given.steps if a.anchor == b.anchor]
    if fixed.isdisjoint(again) and all(RELATIONS[symbol](a.offset, b.offset) for a, symbol, b in same):
        return stated
    return Conditions(scope, strange=" and ".join(stated.given.words), doubt=stated.doubt)


def denied(judge: Judging) -> str:
    """The words of the sentence that deny what is usual of targets: that they are one-hot, and their sum is 1."""
    own, *_ = sentences(judge.formula, judge.near)
    if found := DENIED.search(own.words):
        return _quoted(own, found.start())
    unusual = [start for start, formula in _others(own) if UNUSUAL.search(formula.latex)]
    return _quoted(own, unusual[0]) if unusual else ""


def _is_case(judge: Judging, effect: Effect) -> bool:
    """Whether a condition is one on steps and subscripts: others are of a whole model."""
    given = effect(judge.scope).given
    return not (given.symmetric or given.zero or given.numbers or given.one_hot)


def is_condition(judge: Judging, statement: Statement) -> bool:
    """i ≠ j, t = T, k ≤ t: letters alone, related; a row that continues a chain is none."""
    related = statement.relations and not statement.continues
    return bool(related) and all(is_letter(judge, side) for side in statement.sides)


def is_claim(judge: Judging, statement: Statement) -> bool:
    """An equation, no condition and no row that continues one."""
    related = statement.relations and statement.relations[0].symbol != "∈"
    if not related or statement.continues or is_condition(judge, statement):
        return False
    return assumed_of_parameters(judge, statement) is None


def left_of(statement: Statement) -> frozenset[str]:
    return frozenset(token.text for token in statement.sides[0])


def fixed(scope: Scope, stated: Conditions) -> frozenset[str]:
    """The letters of which a case speaks: t of t = T, i and j of i ≠ j."""
    steps = {letter for letter, step in stated.scope.steps.items() if scope.steps.get(letter) != step}
    anchors = {step.anchor for a, _, b in stated.given.steps for step in (a, b)} - {"", "T"}
    steps |= {letter for letter, step in scope.steps.items() if step.anchor in anchors}
    pairs = {*stated.scope.apart, *stated.scope.same} - {*scope.apart, *scope.same}
    return frozenset(steps.union(*pairs))


def under(scope: Scope, condition: Statement) -> Scope:
    """The scope in which two subscripts, or two steps, are related so, where a scope can say it."""
    symbols = [relation.symbol for relation in condition.relations]
    texts = [plain(side) for side in condition.sides]
    if len(texts) == 2 and symbols[0] in {"=", "≠"}:
        i, j = texts
        if {i, j} <= scope.indices.keys():
            if {i, j} in [{*pair} for pair in (scope.apart if symbols[0] == "=" else scope.same)]:
                return scope  # both cannot be
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
    return any(
        each.displayed or ("=" in each.latex and _said(judge, each) is None and not _assumes(judge, each))
        for each in marks
    )


def _assumes(judge: Judging, formula: Formula) -> bool:
    """W = I, y_t = 0: whether a formula says what a value is that nothing in the model makes."""
    model = judge.scope.model
    try:
        found = statements(judge.macros.expanded(tokens(formula.latex)), judge.scope.labels)
        lefts = [
            Resolver(judge.scope, "total").of(parse(each.sides[0], judge.scope.grammar))[0].term
            for each in found
            if [relation.symbol for relation in each.relations] == ["="] and not each.continues
        ]
    except (Unread, Misfit, ValueError):
        return False
    values = (term.arg if isinstance(term, f.Entry) else term for term in lefts)
    free = {each.name for each in (*model.parameters, *model.inputs, *model.targets)} if model else frozenset[str]()
    return any(isinstance(v, Var) and (v.name in free or v.step == Step("", 0)) for v in values)


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
        if max(map(len, statement.sides)) > LONGEST:
            return None
        words = _written(statement)
        if plain(right) in {"0", r"\mathbf0", r"\boldsymbol0", r"\bm0", r"\vec0"} and (name := _parameter(judge, left)):
            return lambda scope: Conditions(scope, Given((words,), zero=frozenset({name})))
        name = _parameter(judge, left, transposed=True) or _parameter(judge, right, transposed=True)
        both = {_parameter(judge, side, transposed=None) for side in statement.sides}
        if name in _square(judge) and both == {name}:
            return lambda scope: Conditions(scope, Given((words,), symmetric=frozenset({name})))
    return None


def assumed_of_parameters(judge: Judging, statement: Statement) -> Effect | None:
    """What W = W⊤ or b = 0 assumes of a parameter or an initial state; None where a statement is none of these."""
    try:
        return None if is_condition(judge, statement) or statement.continues else _effect(judge, statement)
    except (Unread, Misfit, ValueError):
        return None


def _parameter(judge: Judging, side: Tokens, transposed: bool | None = False) -> str:
    """The name of a parameter or an initial state, if the side is that (None: or its transpose) alone."""
    node = parse(side, judge.scope.grammar)
    if not isinstance(node, s.Name | s.Scripted | s.Group):
        return ""
    (reading, *_) = Resolver(judge.scope, "total").of(node)
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


class _Stated(NamedTuple):
    """What of a sentence is understood, or the words of a condition that is not; `is_named`: for its sentence alone."""

    effects: list[Effect]
    strange: str = ""
    is_named: bool = False


def _of_sentence(judge: Judging, sentence: Sentence) -> _Stated:
    """A condition is understood only where all its sentence is: where every other word is one of `PLAIN`."""
    said = _said_by_formulas(judge, sentence)
    if assumes := [mark for mark in _others(sentence) if _said(judge, mark[1]) is None and _assumes(judge, mark[1])]:
        return _Stated([], _quoted(sentence, assumes[0][0]), is_named=True)
    rest = re.sub(MARK, lambda m: OTHER if _relates(sentence, m[0]) else m[0], sentence.words)
    understood = True
    for pattern, kind in PHRASES:
        for match in pattern.finditer(rest):
            effect = EFFECTS[kind](judge, sentence, match)
            understood = understood and effect is not None
            said.append(_Said(match.start(), match.end(), [effect] if effect else []))
            rest = _blank(rest, match.start(), match.end())
    for pattern in HARMLESS:
        rest = pattern.sub(lambda match: " " * len(match[0]), rest)
    if said:
        said.sort()
        governing = _governing(judge, sentence, said)
        if understood and governing is not None and _is_plain(judge, sentence, rest):
            return _Stated([effect for each in governing for effect in each.effects])
        lead = LEADS.search(sentence.words[: said[0].start])
        return _Stated([], _quoted(sentence, lead.start() if lead else said[0].start), is_named=True)
    strange = STRANGE.search(rest) or other_loss(judge).search(rest) or _range(judge, sentence)
    return _Stated([], _quoted(sentence, strange.start()) if strange else "")


class _Said(NamedTuple):
    """A condition, and where the sentence says it."""

    start: int
    end: int
    effects: list[Effect]


def other_loss(judge: Judging) -> re.Pattern[str]:
    """Words for another loss than the model's."""
    model = judge.scope.model
    made = model.by_name.get(model.step_loss.name) if model else None
    has_log = made is not None and any(isinstance(x, f.Call) and x.function == "log" for x in f.subterms(made.right))
    return OTHER_LOSS["log" if has_log else "square"]


def _others(sentence: Sentence) -> list[tuple[int, Formula]]:
    """The other formulas of a sentence, and where they stand in it."""
    marks = re.finditer(MARK, sentence.words)
    return [(match.start(), sentence.formula(match[0])) for match in marks if match.start() != sentence.own]


def _said_by_formulas(judge: Judging, sentence: Sentence) -> list[_Said]:
    found = ((start, _said(judge, formula)) for start, formula in _others(sentence))
    return [_Said(start, start + 1, effects) for start, effects in found if effects]


def _relates(sentence: Sentence, mark: str) -> bool:
    return bool(re.search(r"[=<>≠≤≥]|\\(?:neq?|leq?|geq?|lt|gt)\b", sentence.formula(mark).latex))


def _blank(words: str, start: int, end: int) -> str:
    return words[:start] + " " * (end - start) + words[end:]


def _is_plain(judge: Judging, sentence: Sentence, words: str) -> bool:
    """Whether words only lead from a condition to what holds under it."""
    return is_plain(re.sub(rf"\\[a-zA-Z]+|{MARK}|[{OPEN}{CLOSE}]|\w+:\S+", " ", words)) and not _range(judge, sentence)


def is_plain(words: str) -> bool:
    """Whether words say nothing but that something holds under a condition."""
    return {*re.findall(r"[^\W\d_]+", words.lower())} <= PLAIN and not ANOTHER.search(words)


def joins(words: str) -> bool:
    """Whether words between two formulas say that the one follows from the other, or stands beside it."""
    return ";" not in words and {*re.findall(r"[^\W\d_]+", words.lower())} <= JOINING


def _range(judge: Judging, sentence: Sentence) -> re.Match[str] | None:
    """Where a formula says at which steps another holds: t = 2, …, T, unless it is all of them; at time T."""
    for match in re.finditer(MARK, sentence.words):
        if match.start() != sentence.own:
            try:
                given = judge.macros.expanded(tokens(sentence.formula(match[0]).latex))
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


def _governing(judge: Judging, sentence: Sentence, said: list[_Said]) -> list[_Said] | None:
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
    others = [each for claim in claims if claim < own for each in _behind(words, claim, said)]
    before = [each for each in said if each.start < own]
    if behind := _behind(words, own, said):
        return None if before and before[-1] not in others else behind
    if not before:
        return []
    if before[-1] in others:
        return None
    if not _goes_on(judge, sentence, before[-1].end, [effect for each in before for effect in each.effects]):
        return None
    found = before[-1:]
    for each in reversed(before[:-1]):
        if TOGETHER.fullmatch(words[each.end : found[-1].start]):
            found.append(each)
        elif each not in others and not any(each.end <= claim < found[-1].start for claim in claims):
            return None
        else:
            break
    return found


def _goes_on(judge: Judging, sentence: Sentence, start: int, effects: Sequence[Effect]) -> bool:
    """Whether a case that is named before `start` is still that of the formula, behind others that claim something.

    Words must say that it follows from them, and they name the letters of the case: what is said of h_t behind what
    is said of h_T is said of every t.
    """
    letters = frozenset(letter for effect in effects for letter in fixed(judge.scope, effect(judge.scope)))
    own = sentence.own if sentence.own >= 0 else len(sentence.words)
    claims = [
        (place, lefts) for place, each in _others(sentence) if start <= place < own and (lefts := _lefts(judge, each))
    ]
    if not letters or not claims:
        return True
    named = letters & {token.text for token in _tokens(judge, judge.formula)}
    words = re.sub(MARK, " ", sentence.words[claims[0][0] : own])
    return joins(words) and all(named <= left for _, lefts in claims for left in lefts)


def _lefts(judge: Judging, formula: Formula) -> list[frozenset[str]]:
    """What is written on the left side of each claim of a formula; nothing where it is not read."""
    try:
        found = statements(_tokens(judge, formula), judge.scope.labels)
    except Unread:
        return [frozenset()]
    return [left_of(each) for each in found if is_claim(judge, each)]


def _tokens(judge: Judging, formula: Formula) -> Tokens:
    try:
        return judge.macros.expanded(tokens(formula.latex))
    except Unread:
        return ()


def _behind(words: str, own: int, said: list[_Said]) -> list[_Said]:
    """The conditions right behind a formula."""
    found = []
    end = own + 1
    for each in (each for each in said if each.start > own):
        if not FOLLOWS.fullmatch(words[end : each.start]):
            break
        found.append(each)
        end = each.end
    return found


def _quoted(sentence: Sentence, start: int) -> str:
    """The words from a place on, with the formulas as they are written."""
    words = re.split(r"[\uf8fe\uf8ff]|(?<=[\w)])[.;:]\s|, ", sentence.words[start:])[0].split()[:12]
    return " ".join(re.sub(MARK, lambda m: f"${sentence.formula(m[0]).latex.strip()}$", word) for word in words)


def _last_step(judge: Judging, sentence: Sentence, match: re.Match[str]) -> Effect:
    return lambda scope: Conditions(
        replace(scope, steps={**scope.steps, "t": scope.steps["T"]}), Given((match[0].strip(),))
    )


def _symmetric(judge: Judging, sentence: Sentence, match: re.Match[str]) -> Effect | None:
    """Of the square parameters that are named beside the word; of all where the sentence names none."""
    beside = [_named(judge, sentence, mark) for mark in re.findall(MARK, match[0])]
    square = _square(judge)
    elsewhere = [_named(judge, sentence, mark) for mark in re.findall(MARK, sentence.words) if mark not in match[0]]
    if not square.issuperset(beside) or (not beside and any(elsewhere)):
        return None
    found = frozenset(beside or square)
    return lambda scope: Conditions(scope, Given((f"{', '.join(sorted(found))} symmetric",), symmetric=found))


def _square(judge: Judging) -> frozenset[str]:
    model = judge.scope.model
    return frozenset(p.name for p in (model.parameters if model else ()) if len(p.axes) == 2 and p.axes[0] == p.axes[1])


def _named(judge: Judging, sentence: Sentence, mark: str) -> str:
    """The parameter that a formula of the sentence is, alone."""
    try:
        return _parameter(judge, tokens(sentence.formula(mark).latex))
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
