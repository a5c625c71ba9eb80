"""What has been declared so far, and what a directive may look at."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from symbolic.model import Equation
from symbolic.reader.scope import Key, Scope
from symbolic.reader.syntax.nodes import Tokens
from symbolic.reader.tokens import tokens

Place = tuple[int, int]


@dataclass
class Declarations:
    """The scope from each place on, and the left sides that formulas without one continue."""

    places: list[Place] = field(default_factory=list)
    scopes: list[Scope] = field(default_factory=list)
    lefts: dict[Place, Tokens] = field(default_factory=dict)
    forward: set[Place] = field(default_factory=set)

    def at(self, place: Place) -> Scope:
        """What holds at a line and column."""
        position = bisect_right(self.places, place)
        return self.scopes[position - 1] if position else Scope()


@dataclass(frozen=True)
class Draft:
    """A model in the making: its equations so far, and which names are targets."""

    equations: tuple[Equation, ...] = ()
    targets: tuple[str, ...] = ()


@dataclass(frozen=True)
class State:
    """The scope as far as it has been declared."""

    scope: Scope = field(default_factory=Scope)
    draft: Draft = field(default_factory=Draft)
    styles: Mapping[Key, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Context:
    """The declarations as they come to be, and the document's formulas by place."""

    found: Declarations
    formula_at: Callable[[Place], str | None]

    def latex(self, text: str) -> tuple[Tokens, Place | None]:
        """The tokens of LaTeX, or of the formula at `line:column`."""
        if match := re.fullmatch(r"(\d+)(?::(\d+))?", text):
            place = (int(match[1]), int(match[2] or 1))
            latex = self.formula_at(place)
            if latex is None:
                raise ValueError(f"no formula starts at {text}")
            return tokens(latex), place
        return tokens(text), None


Directive = Callable[[Context, State, str], State]
