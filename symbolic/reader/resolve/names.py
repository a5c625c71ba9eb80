"""A name -> what it is declared to mean, at its step, with its entries, transposes and powers."""

from __future__ import annotations

from dataclasses import replace
from itertools import takewhile

from symbolic import terms as f
from symbolic.notation import Index, Step
from symbolic.reader.canonical import distinct
from symbolic.reader.readings import COLUMN, EITHER, ROW, Misfit, Reading, derived, of_term
from symbolic.reader.resolve.conventions import conventional
from symbolic.reader.resolve.functions import SLOPES, function_of, function_to_power
from symbolic.reader.resolve.resolving import Resolving
from symbolic.reader.resolve.scripts import TRANSPOSES, entry, scripted, subscript_of
from symbolic.reader.resolve.shifts import at_step
from symbolic.reader.resolve.steps import step_above, step_below, step_called
from symbolic.reader.scope import COLUMNS, Meaning
from symbolic.reader.scope import EITHER as AS_FITS
from symbolic.reader.syntax import nodes as s
from symbolic.reader.syntax.nodes import Tokens, inside
from symbolic.reader.syntax.vocabulary import unstyled
from symbolic.reader.tokens import Token, Unread, plain
from symbolic.shapes import shape
from symbolic.terms import Term, Var


def name(resolver: Resolving, node: s.Name) -> list[Reading]:
    scope = resolver.scope
    if node.call is not None:
        for letter in (str(replace(node, sup=())), node.base):
            if letter in scope.functions:
                return own_function(resolver, node, letter, node.call)
    if node.base == r"\sigma" and node.call is not None and not node.sub and (node.base, "") not in scope.names:
        return function_to_power(resolver, "sigmoid", resolver.of(inside(node.call)), node.sup, node.at)
    for sub_length in range(len(node.sub), -1, -1):
        own = unstyled(node.sub[:sub_length])
        for key in ((f"{node.style}:{node.base}", own), (node.base, own)):
            if (meaning := scope.names.get(key)) is not None:
                return meant(resolver, node, meaning, node.sub[sub_length:])
    primes = len(list(takewhile(lambda token: token.text == "'", node.sup)))
    if primes and (f"{node.base}{primes * chr(39)}", "") in scope.names:
        return name(resolver, replace(node, base=node.base + primes * "'", sup=node.sup[primes:]))
    special = conventional(resolver, node)
    if special is not None:
        return special
    if node.style == "function":
        raise Unread(node.at, f"{node.base} without an argument")
    raise Unread(node.at, f"{node} is not declared")


def own_function(resolver: Resolving, node: s.Name, letter: str, call: s.Group) -> list[Reading]:
    meaning = resolver.scope.functions[letter]
    is_whole = letter == str(replace(node, sup=()))
    if is_whole and plain(node.sup) == "'" and meaning in SLOPES:
        return function_to_power(resolver, meaning, resolver.of(inside(call)), node.sup, node.at)
    if not is_whole or node.sup:
        raise Unread(node.at, f"scripts of the function {letter} are not in the grammar")
    if meaning == "argument":
        return resolver.of(call.items[0])
    if len(call.items) != 1:
        raise Unread(call.at, f"{letter} takes one argument")
    return [function_of(resolver, meaning, r, node.at) for r in resolver.of(call.items[0])]


def meant(resolver: Resolving, node: s.Name, meaning: Meaning, rest: Tokens) -> list[Reading]:
    """Every meaning of a name that its scripts allow."""
    found: list[Reading] = []
    why: Unread | None = None
    one: Meaning | None = meaning
    while one is not None:
        try:
            found += with_scripts(resolver, node, one, rest)
        except Unread as error:
            why = why or error
        one = one.other
    if not found and why:
        raise why
    return distinct(found)


def with_scripts(resolver: Resolving, node: s.Name, meaning: Meaning, rest: Tokens) -> list[Reading]:
    """A declared name with its time and entries, then transposes and powers."""
    sup = node.sup
    while rest and rest[0].text == ",":
        rest = rest[1:]
    if is_annotation(resolver, rest, meaning.term or meaning.untimed):
        rest = ()
    where: Step | None = None
    try:
        if meaning.time == "sub":
            where, rest = step_below(resolver, rest, node)
        elif meaning.time.startswith("sup") and not sup and rest and meaning.untimed is None:
            where, rest = step_below(resolver, rest, node, anchored=True)
        elif meaning.time.startswith("sup"):
            where, sup = step_above(resolver, sup, node, meaning.time[3:] or "(")
        elif meaning.time == "call":
            where = step_called(resolver, node)
        term = meaning.term
    except Unread:
        if meaning.untimed is None:
            raise
        where, term = None, meaning.untimed
    if term is None:
        raise Unread(node.at, f"{node} is not declared with a step")
    if where is not None:
        term = at_step(term, where)
    if isinstance(term, Var) and term.sequence and term.step is None:
        raise Unread(node.at, f"{node} stands without its step")
    if node.call is not None and meaning.time != "call":
        return sliced(resolver, node, term, node.call)
    reading = lying(resolver, term)
    if rest:
        if reading.rank == 2 and plain(sup) in TRANSPOSES:
            raise Unread(node.at, f"whether {node} is an entry of the transpose is not said: write (…^⊤)_…")
        reading = entry(resolver, reading, rest, node.at)
    elif meaning.entries_only:
        raise Unread(node.at, f"{node} is not declared")
    return scripted(resolver, node.at, [reading], (), sup) if sup else [reading]


def is_annotation(resolver: Resolving, rest: Tokens, term: Term | None) -> bool:
    """W_{n×h}: the shape, written as a subscript."""
    if term is None or not any(token.text == r"\times" for token in rest):
        return False
    letters = [token for token in rest if token.text not in {r"\times", "{", "}"}]
    axes = shape(term) if not (isinstance(term, Var) and term.sequence) else term.axes
    for token, axis in zip(letters, axes, strict=False):
        named = resolver.scope.axes.get(token.text)
        if named != axis and token.text != str(axis.size):
            raise Misfit(token.at, token.text, str(axis), "a shape written as a subscript")
    if len(letters) != len(axes):
        raise Misfit(rest[0].at, plain(rest), "×".join(map(str, axes)), "a shape written as a subscript")
    return True


def sliced(resolver: Resolving, node: s.Name, term: Term, call: s.Group) -> list[Reading]:
    """W(:, j) and W(i, j)."""
    axes = shape(term)
    items = [item.base if isinstance(item, s.Name) else "" for item in call.items]
    if len(axes) != 2 or len(items) != 2:
        raise Unread(call.at, f"{node} is not called like a function")
    subscripts = [
        Index(f"{node.base}'", axis) if item == ":" else subscript_of(resolver, Token(item, call.at, "letter"), axis)
        for item, axis in zip(items, axes, strict=True)
    ]
    if ":" not in items:
        return [Reading(f.Entry(term, tuple(subscripts)))]
    (fixed,) = (x for x, item in zip(subscripts, items, strict=True) if item != ":")
    raise Unread(call.at, f"a slice at the running subscript {fixed}")


def lying(resolver: Resolving, term: Term) -> Reading:
    if isinstance(term, f.Derivative):
        return derived(term)
    vectors = resolver.scope.vectors
    return of_term(term, {COLUMNS: COLUMN, AS_FITS: EITHER}.get(vectors, ROW))
