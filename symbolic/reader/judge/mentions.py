"""What is written and claims no equality: names, shapes, memberships, lists, inequalities."""

from __future__ import annotations

from symbolic.reader.candidates import described
from symbolic.reader.judge.findings import DEFINITION, ILL_TYPED, UNKNOWN, Finding
from symbolic.reader.judge.judging import Judging
from symbolic.reader.readings import Misfit
from symbolic.reader.resolve import Resolver
from symbolic.reader.resolve.steps import step_of
from symbolic.reader.statements import Statement
from symbolic.reader.syntax import nodes as s
from symbolic.reader.syntax import parse
from symbolic.reader.syntax.nodes import Tokens
from symbolic.reader.syntax.vocabulary import DOTS, FUNCTIONS, OPERATORS, TEXTS, unstyled
from symbolic.reader.tokens import Unread, plain
from symbolic.terms import Term


def mentioned(judge: Judging, statement: Statement) -> Finding:
    """A formula that claims nothing: its names are looked up all the same."""
    at, end = statement.at, statement.end
    side = statement.sides[0]
    if {token.text for token in side} <= DOTS:
        return judge.finding(DEFINITION, at, end, message="nothing is claimed")
    if is_letter(judge, side) or is_shape(judge, side):
        return judge.finding(DEFINITION, at, end, message="nothing is claimed", reading=plain(side))
    try:
        found = Resolver(judge.scope, "total").of(parse(side, judge.scope.grammar))
    except Unread as why:
        if is_declared(judge, side):
            return judge.finding(DEFINITION, at, end, message="nothing is claimed")
        return judge.unread(why, at, end)
    except Misfit as why:
        return judge.finding(ILL_TYPED, at, end, message=str(why))
    return judge.finding(DEFINITION, at, end, reading=described(found[0]), message="nothing is claimed")


def is_letter(judge: Judging, side: Tokens) -> bool:
    """A sign, a number, a step, a subscript or a dimension alone, or the name of a function."""
    texts = [token.text for token in side if token.text not in TEXTS | {*"{}()"}]
    words = {r"\sigma"} | (
        judge.scope.steps.keys() | judge.scope.indices.keys() | judge.scope.axes.keys() | judge.scope.functions.keys()
    )
    single = len(texts) == 1 and (texts[0] in words | OPERATORS.keys() | FUNCTIONS.keys() or texts[0].isdigit())
    resolver = Resolver(judge.scope, "total")
    return single or step_of(resolver, tuple(t for t in side if t.text not in {"(", ")"})) is not None


def is_shape(judge: Judging, side: Tokens) -> bool:
    """n×h: dimensions and × alone."""
    texts = [token.text for token in side if token.text not in "{}()"]
    return (
        len(texts) > 2
        and all(t == r"\times" for t in texts[1::2])
        and all(t in judge.scope.axes or t.isdigit() for t in texts[::2])
    )


def is_declared(judge: Judging, side: Tokens) -> bool:
    """Declared names without their step, alone or listed in parentheses: they are mentioned, not used."""
    node = parse(side, judge.scope.grammar)
    if isinstance(node, s.Scripted) and isinstance(node.base, s.Group) and node.base.bracket == r"\{":
        node = node.base  # { h_t }_{t=1}^T, a family
    names = node.items if isinstance(node, s.Group) else (node,)
    if isinstance(node, s.Group) and node.bracket == r"\{":
        listed(judge, node, 0, 0)
        return True
    return all(
        isinstance(name, s.Name) and not name.sup and (name.base, unstyled(name.sub)) in judge.scope.names
        for name in names
    )


def listed(judge: Judging, group: s.Group, start: int, end: int) -> Finding:
    """θ = {W, U}: a list of things that are declared."""
    for item in group.items:
        if not isinstance(item, s.Dots):
            Resolver(judge.scope, "total").of(item)
    return judge.finding(DEFINITION, start, end, message="what it is made of is named; nothing is claimed")


def membership(judge: Judging, left: Tokens, right: Tokens, start: int, end: int) -> Finding:
    r"""x ∈ ℝ^{5×4}: the shape that is said against the shape that is declared."""
    try:
        (reading, *_) = Resolver(judge.scope, "total").of(parse(left, judge.scope.grammar))
    except Unread as why:
        return judge.unread(why, start, end)
    except Misfit as why:
        return judge.finding(ILL_TYPED, start, end, message=str(why))
    texts = [t.text for t in right if t.text not in "{}"]
    if texts[:2] not in (["\\mathbb", "R"], ["R", "^"]) and texts[:1] != ["R"]:
        return judge.unread(Unread(right[0].at, "only ∈ ℝ with a shape is in the grammar"), start, end)
    said = [t for t in texts[texts.index("R") + 1 :] if t not in {"^", r"\times", ",", "(", ")"}]
    for token in right[[t.text for t in right].index("R") + 1 :]:
        if token.kind == "letter" and token.text not in judge.scope.axes:
            return judge.unread(Unread(token.at, f"the dimension {token} is not declared"), start, end)
    wanted = [axis for axis in reading.axes if isinstance(reading.term, Term)]
    fits = len(said) == len(wanted) and all(
        judge.scope.axes.get(word) == axis or word == str(axis.size) for word, axis in zip(said, wanted, strict=True)
    )
    text = f"{reading.term} [{reading}]"
    if fits:
        return judge.finding(DEFINITION, start, end, reading=text, message="the shape is as declared")
    return judge.finding(
        DEFINITION,
        start,
        end,
        reading=text,
        defect=True,
        message=f"the shape is said to be {'×'.join(said)}, and declared {reading}",
    )


def inequality(judge: Judging, left: Tokens, right: Tokens, start: int, end: int) -> Finding:
    """Both sides are read; what is not an equation is not judged."""
    try:
        found = [Resolver(judge.scope, "total").of(parse(side, judge.scope.grammar))[0] for side in (left, right)]
    except Unread as why:
        return judge.unread(why, start, end)
    except Misfit as why:
        return judge.finding(ILL_TYPED, start, end, message=str(why))
    reading = " and ".join(described(r) for r in found)
    return judge.finding(UNKNOWN, start, end, reading=reading, message="an inequality is not judged")


def is_one_hot(tokens: Tokens) -> bool:
    """A matrix of 0, 1 and dots."""
    texts = [t.text for t in tokens]
    entries = [t for t in texts if t in {"0", "1", r"\vdots", r"\cdots", r"\ldots"}]
    return texts[:1] == [r"\begin"] and entries.count("1") == 1 and "0" in entries and len(entries) > len(set(entries))
