"""What the letters of a document mean, from one place in it on.

In:  declarations, one after another (`declare`).  Out: `Scope`, which `resolve` reads.
A scope is never changed: each declaration makes another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from symbolic.model import Model
from symbolic.notation import AXES, Axis, Step
from symbolic.reader.syntax import Grammar
from symbolic.reader.tokens import Token
from symbolic.terms import Term

COLUMNS, ROWS, EITHER = "columns", "rows", "either"
HADAMARD, INNER, OUTER, ANY = "hadamard", "inner", "outer", "any"
TOTAL, IMMEDIATE = "total", "immediate"
CONDITIONS, COMMENTS = "conditions", "comments"
CLAIMS, QUOTATIONS = "claims", "quotations"


@dataclass(frozen=True)
class Meaning:
    """What a name stands for, and how it shows time (`sub`, `sup`, `sup[`, `sup<`, `call` or not at all).

    `untimed` is what the name stands for where it shows no time, if it may; `other` another
    meaning that the document gives the same name; with `entries_only` only entries are written so.
    """

    term: Term | None
    time: str = ""
    untimed: Term | None = None
    other: Meaning | None = None
    entries_only: bool = False


Key = tuple[str, str]


@dataclass(frozen=True)
class Scope:
    """Names by base letter and own subscript, and how what is not a name is read."""

    names: Mapping[Key, Meaning] = field(default_factory=dict)
    axes: Mapping[str, Axis] = field(default_factory=lambda: dict(AXES))
    indices: Mapping[str, Axis | None] = field(default_factory=dict)
    steps: Mapping[str, Step] = field(default_factory=lambda: {"t": Step("t"), "T": Step("T")})
    ranges: Mapping[str, tuple[Step, Step]] = field(default_factory=dict)
    functions: Mapping[str, str] = field(default_factory=dict)
    depends: frozenset[str] = frozenset()
    labels: tuple[tuple[Token, ...], ...] = ()
    model: Model | None = None
    beside: str = ANY
    dot: str = ANY
    vectors: str = COLUMNS
    circ: str = HADAMARD
    time: str = ""
    star: str = ""
    d: str = ""
    along: str = ""
    apart: tuple[tuple[str, str], ...] = ()
    same: tuple[tuple[str, str], ...] = ()
    phrases: tuple[tuple[tuple[Token, ...], tuple[Token, ...]], ...] = ()
    partial: str = ""
    words: str = CONDITIONS
    inline: str = CLAIMS
    rising: bool = False
    shifted: bool = False

    @property
    def grammar(self) -> Grammar:
        """What the parser must know."""
        timed = {base for (base, _), meaning in self.names.items() if meaning.time == "call"}
        varied = {base[1:] for base, _ in self.names if len(base) > 1 and base[0] == "d"}
        return Grammar(frozenset({*timed, *self.functions, r"\sigma"}), bool(self.d), self.depends, frozenset(varied))

    def assuming(self, i: str, j: str, are_same: bool) -> Scope:
        """With two subscripts that are always, or never, the same."""
        pair = ((i, j),)
        return replace(self, same=self.same + pair) if are_same else replace(self, apart=self.apart + pair)

    def phrased(self, given: tuple[Token, ...]) -> tuple[Token, ...]:
        """The tokens with each declared phrase replaced, in parentheses, by what it stands for."""
        for phrase, meaning in self.phrases:
            wanted = [token.text for token in phrase]
            found: list[Token] = []
            position = 0
            while position < len(given):
                if [token.text for token in given[position : position + len(wanted)]] == wanted:
                    at, end = given[position].at, given[position + len(wanted) - 1].end
                    brackets = (Token("(", at, "sign"), Token(")", at, "sign"))
                    found += (replace(token, at=at, end=end) for token in (brackets[0], *meaning, brackets[1]))
                    position += len(wanted)
                else:
                    found.append(given[position])
                    position += 1
            given = tuple(found)
        return given

    def with_name(self, key: Key, meaning: Meaning) -> Scope:
        return replace(self, names={**self.names, key: meaning})
