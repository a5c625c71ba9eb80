r"""What a formula says that restricts another one: t = T, i \ne j, W = W^\top, h_0 = 0.

In:  a formula as it is judged, and statements.
Out: an `Effect` for each that is a condition, which says what holds under it; None where it is none.
To extend: a case of `effect_of`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

from symbolic import terms as f
from symbolic.notation import Step
from symbolic.reader.given import RELATIONS, Given
from symbolic.reader.judge.judging import Conditions, Judging
from symbolic.reader.judge.mentions import is_letter
from symbolic.reader.readings import Misfit
from symbolic.reader.resolve import Resolver
from symbolic.reader.resolve.steps import step_of
from symbolic.reader.scan import Formula
from symbolic.reader.scope import Scope
from symbolic.reader.statements import Statement
from symbolic.reader.syntax import nodes as s
from symbolic.reader.syntax import parse
from symbolic.reader.syntax.nodes import Tokens
from symbolic.reader.syntax.vocabulary import DOTS
from symbolic.reader.tokens import Unread, plain
from symbolic.terms import Var

Effect = Callable[[Scope], Conditions]
LONGEST = 24  # tokens of W^\top and h_0, however they are styled


def said_by(judge: Judging, formula: Formula) -> list[Effect] | None:
    """What another formula restricts this one to; None where it is no condition."""
    try:
        found = judge.statements(formula)
        if any(token.text in DOTS for each in found for side in each.sides for token in side):
            return None
        effects = [effect_of(judge, each) for each in found]
    except (Unread, Misfit, ValueError):
        return None
    return [each for each in effects if each is not None] if effects and None not in effects else None


def effect_of(judge: Judging, statement: Statement) -> Effect | None:
    if is_condition(judge, statement):
        return lambda scope: related(judge, scope, statement)
    if len(statement.sides) == 2 and statement.relations[0].symbol == "=":
        left, right = statement.sides
        if max(map(len, statement.sides)) > LONGEST:
            return None
        words = _written(statement)
        if plain(right) in {"0", r"\mathbf0", r"\boldsymbol0", r"\bm0", r"\vec0"} and (name := parameter(judge, left)):
            return lambda scope: Conditions(scope, Given((words,), zero=frozenset({name})))
        name = parameter(judge, left, transposed=True) or parameter(judge, right, transposed=True)
        both = {parameter(judge, side, transposed=None) for side in statement.sides}
        if name in square(judge) and both == {name}:
            return lambda scope: Conditions(scope, Given((words,), symmetric=frozenset({name})))
    return None


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


def assumed_of_parameters(judge: Judging, statement: Statement) -> Effect | None:
    """What W = W⊤ or b = 0 assumes of a parameter or an initial state; None where a statement is none of these."""
    try:
        return None if is_condition(judge, statement) or statement.continues else effect_of(judge, statement)
    except (Unread, Misfit, ValueError):
        return None


def assumes(judge: Judging, formula: Formula) -> bool:
    """W = I, y_t = 0: whether a formula says what a value is that nothing in the model makes."""
    model = judge.scope.model
    try:
        found = judge.statements(formula)
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


def fixed(scope: Scope, stated: Conditions) -> frozenset[str]:
    """The letters of which a case speaks: t of t = T, i and j of i ≠ j."""
    steps = {letter for letter, step in stated.scope.steps.items() if scope.steps.get(letter) != step}
    anchors = {step.anchor for a, _, b in stated.given.steps for step in (a, b)} - {"", "T"}
    steps |= {letter for letter, step in scope.steps.items() if step.anchor in anchors}
    pairs = {*stated.scope.apart, *stated.scope.same} - {*scope.apart, *scope.same}
    return frozenset(steps.union(*pairs))


def parameter(judge: Judging, side: Tokens, transposed: bool | None = False) -> str:
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


def square(judge: Judging) -> frozenset[str]:
    model = judge.scope.model
    return frozenset(p.name for p in (model.parameters if model else ()) if len(p.axes) == 2 and p.axes[0] == p.axes[1])


def lefts(judge: Judging, formula: Formula) -> list[frozenset[str]]:
    """What is written on the left side of each claim of a formula; nothing where it is not read."""
    try:
        found = judge.statements(formula)
    except Unread:
        return [frozenset()]
    return [left_of(each) for each in found if is_claim(judge, each)]


def left_of(statement: Statement) -> frozenset[str]:
    return frozenset(token.text for token in statement.sides[0])


def _written(statement: Statement) -> str:
    symbols = [*(f" {relation.symbol} " for relation in statement.relations), ""]
    return "".join(plain(side) + symbol for side, symbol in zip(statement.sides, symbols, strict=True))
