"""How a declaration writes a name, a shape and a meaning."""

from __future__ import annotations

import re

from symbolic.notation import Axis
from symbolic.reader.canonical import canonical
from symbolic.reader.readings import Grid, Reading
from symbolic.reader.resolve import readings
from symbolic.reader.scope import Scope
from symbolic.reader.syntax import Grammar, parse
from symbolic.reader.syntax.nodes import Name, Node, Tokens
from symbolic.reader.syntax.vocabulary import GREEK, STYLES, unstyled
from symbolic.reader.tokens import Unread, plain, tokens
from symbolic.shapes import shape
from symbolic.terms import Term

SUPERSCRIPTS = {"(t)": "sup", "t": "sup", "[t]": "sup[", "<t>": "sup<", r"\langlet\rangle": "sup<"}


def cut(rest: str) -> tuple[str, str, str]:
    """NAME, = or :, meaning."""
    match = re.fullmatch(r"(.+?)\s*(?:\s:|=)\s*(.*)", rest)
    if not match:
        raise ValueError(f"{rest!r} is neither NAME : SHAPE nor NAME = MEANING")
    mark = rest[match.end(1) : match.start(2)].strip()
    return match[1].strip(), mark, match[2].strip()


def spelled(latex: str, scope: Scope) -> tuple[str, str, str]:
    """Base letter, own subscript, and how the name shows time."""
    given = tokens(latex)
    called = (
        [t.text for t in given[-3:]] == ["(", "t", ")"]
        and (len(given) < 4 or given[-4].text != "^")
        and given[-4].text != "{"
    )
    if called:
        given = given[:-3]
    bare = [token.text for token in given if token.text not in STYLES.keys() | {"{", "}"}]
    varied = frozenset(bare[1:2]) - {"_", "^", "("} if bare[:1] == ["d"] else frozenset()
    node = parse(given, Grammar(varied=varied))
    if not isinstance(node, Name):
        raise ValueError(f"{latex} is not a name")
    base = node.base
    sub, time = without_time(node.sub), "call" if called else ""
    if len(sub) != len(node.sub):
        time = "sub"
    above = plain(node.sup)
    if above in SUPERSCRIPTS:
        time = SUPERSCRIPTS[above]
    elif above.strip("'"):
        raise ValueError(f"{latex}: a name has no superscript but its step")
    elif above:
        base += above
    return base, unstyled(sub), time


def without_time(sub: Tokens) -> Tokens:
    if sub and sub[-1].text == "t" and (len(sub) == 1 or sub[-2].text == ","):
        return sub[: max(0, len(sub) - 2)] if len(sub) > 1 else ()
    return sub


def without_step(latex: str) -> str:
    return re.sub(r"\s*(?:_\{?t\}?|\^\{?(?:\(t\)|\[t\]|<t>|\\langle\s*t\s*\\rangle)\s*\}?|\(t\))$", "", latex)


def plain_name(base: str, sub: str) -> str:
    accent = re.fullmatch(r"\\([a-z]+)\{(.+)\}", base)
    name = f"{accent[2]}{accent[1]}" if accent else base
    return re.sub(r"[^A-Za-z0-9]", "", name) + (f"_{re.sub(r'[^A-Za-z0-9]', '', sub)}" if sub else "")


def printed_name(name: str) -> str:
    return f"\\{name}" if f"\\{name}" in GREEK else name


def style_of(latex: str) -> str:
    match = re.search(r"\\(math[a-z]+|boldsymbol|bm)", latex)
    return match[1] if match else ""


def shape_said(text: str, scope: Scope) -> tuple[Axis, ...]:
    if text in {"number", "scalar"}:
        return ()
    return tuple(axis_said(part, scope) for part in re.split("[×x]", text))


def axis_said(name: str, scope: Scope) -> Axis:
    if name not in scope.axes:
        raise ValueError(f"there is no dimension {name}; there are {', '.join(scope.axes)}")
    return scope.axes[name]


def one_reading(given: Tokens, scope: Scope) -> Term:
    """The first reading, as a left side has it."""
    return _readings(given, scope)[0]


def only_reading(given: Tokens, scope: Scope) -> Term:
    """The reading of what a name stands for; raises ValueError where there are several."""
    found = _readings(given, scope)
    if len({canonical(term) for term in found}) > 1:
        several = ", or ".join(map(str, found[:3]))
        raise ValueError(f"the right side may be {several}: write ⊙ or ⊤, or say how products are read")
    return found[0]


def _readings(given: Tokens, scope: Scope) -> list[Term]:
    node = parse(scope.phrased(given), scope.grammar)
    return terms_of(readings(node, scope, "immediate" if scope.partial == "immediate" else "total"))


def refuse_misread(node: Node, scope: Scope) -> None:
    """Raise Unread or Misfit for what can be no part of any formula; its subscripts and steps may be bound there."""
    try:
        readings(node, scope)
    except Unread as why:
        if str(why).endswith("is not declared"):
            raise


def reading_of_shape(given: Tokens, scope: Scope, left: Term) -> Term:
    node = parse(scope.phrased(given), scope.grammar)
    found = [t for t in terms_of(readings(node, scope)) if shape(t) == shape(left)]
    found = found or [t for t in terms_of(readings(node, scope, inner_squares=True)) if shape(t) == shape(left)]
    if len(found) != 1:
        raise ValueError(f"{len(found)} readings of the right side have the shape of {left}")
    return found[0]


def terms_of(found: list[Reading]) -> list[Term]:
    terms = [r.term for r in found if not isinstance(r.term, Grid)]
    if not terms:
        raise ValueError("a matrix that is written out has no name")
    return terms
