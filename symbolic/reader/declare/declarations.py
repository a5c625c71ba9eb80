"""Directives, in the order of the places from which they hold -> the scope at every place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from symbolic.reader.declare.conventions import CONVENTIONS
from symbolic.reader.declare.equations import EQUATIONS
from symbolic.reader.declare.names import NAMES
from symbolic.reader.declare.state import Context, Declarations, Directive, Place, State
from symbolic.reader.readings import Misfit
from symbolic.reader.tokens import Unread
from symbolic.shapes import ShapeMismatch

DIRECTIVES: dict[str, Directive] = {**NAMES, **CONVENTIONS, **EQUATIONS}


class BadDeclaration(ValueError):
    """A declaration that is not in order: where, and why."""


@dataclass(frozen=True)
class Line:
    """One directive: the file and line it stands in, from which place it holds, and the formulas that it may name."""

    where: str
    since: Place
    text: str
    formula_at: Callable[[Place], str | None] | None = None


FRAME = re.compile(r"^\s*(?:<!--\s*check\b:?|-->|%\s*check:)")
"""What a block stands in; a file of declarations may have been copied from one."""


def lines(text: str, name: str, first_line: int, since: Place) -> list[Line]:
    """The directives of a block or file; `since` is where the first of them begins to hold."""
    found = []
    for position, raw in enumerate(text.split("\n"), first_line):
        line = re.sub(r"(?:^|\s)#.*", "", FRAME.sub("", raw)).strip()
        where = f"{name}:{position}"
        if match := re.fullmatch(r"from\s+(\d+)(?::(\d+))?", line):
            since = (int(match[1]), int(match[2] or 1))
        elif line:
            found.append(Line(where, since, line))
    return found


def declare(given: Iterable[Line], formula_at: Callable[[Place], str | None] = lambda place: None) -> Declarations:
    """Scopes from directives; `formula_at` gives the LaTeX of the formula at a place.  Raises BadDeclaration."""
    found, state = Declarations(), State()
    for line in sorted(given, key=lambda each: each.since):
        state = _declared(line, Context(found, line.formula_at or formula_at), state)
        if found.places and found.places[-1] == line.since:
            found.scopes[-1] = state.scope
        else:
            found.places.append(line.since)
            found.scopes.append(state.scope)
    return found


class Drafting:
    """Declarations that come one after another; one that is not in order leaves no trace."""

    def __init__(self) -> None:
        self._found, self._state = Declarations(), State()

    def add(self, line: str) -> None:
        """Declare what one line says; raises BadDeclaration."""
        for each in lines(line, "draft", 1, (1, 1)):
            self._state = _declared(each, Context(self._found, lambda place: None), self._state)


def _declared(line: Line, context: Context, state: State) -> State:
    word, _, rest = line.text.partition(" ")
    if word not in DIRECTIVES:
        raise BadDeclaration(f"{line.where}: {word} is no directive; there are {', '.join(sorted(DIRECTIVES))}")
    try:
        return DIRECTIVES[word](context, state, rest.strip())
    except Unread as why:
        raise BadDeclaration(f"{line.where}: {word}: {why}") from None
    except (Misfit, ShapeMismatch, ValueError, TypeError) as why:
        raise BadDeclaration(f"{line.where}: {word}: {why}") from None
    except (LookupError, ArithmeticError, RecursionError):
        raise BadDeclaration(f"{line.where}: {word}: what follows is not in the grammar") from None
