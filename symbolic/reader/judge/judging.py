"""One formula as it is judged: its scope, the chain above it, and how a finding on it is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from symbolic.reader.candidates import Candidate
from symbolic.reader.declare import Declarations
from symbolic.reader.given import NOTHING, Given, verdict_given
from symbolic.reader.judge.findings import UNREAD, Finding
from symbolic.reader.macros import Macros
from symbolic.reader.scan import Formula
from symbolic.reader.scope import COMMENTS, Scope
from symbolic.reader.sentence import around
from symbolic.reader.special import Case, special_case
from symbolic.reader.statements import Statement, statements
from symbolic.reader.syntax.nodes import Tokens
from symbolic.reader.tokens import Unread, tokens
from symbolic.reader.words import without_words, worded
from symbolic.verdicts import Verdict

NEAR = 8


@dataclass(frozen=True)
class Conditions:
    """The scope and what is given where the words around a formula hold, and those that are not understood.

    `doubt` are the words of an assumption of which it is not understood whether it still holds.
    """

    scope: Scope
    given: Given = NOTHING
    strange: str = ""
    doubt: str = ""

    def __or__(self, other: Conditions) -> Conditions:
        return Conditions(
            other.scope, self.given | other.given, self.strange or other.strange, self.doubt or other.doubt
        )


class Judging:
    """A formula, those near it, and what belongs to it.

    `last` is the side that a row below may continue, as this one may continue `above`; ahead of these in their chains
    stand `last_but_one` and `earlier`, and `ahead` of the equality that is judged.
    """

    def __init__(
        self,
        formula: Formula,
        declarations: Declarations,
        macros: Macros,
        above: Tokens,
        near: Sequence[Formula],
        conditions: Conditions | None = None,
    ) -> None:
        self.formula, self.declarations, self.macros, self.above = formula, declarations, macros, above
        self.near, self.conditions = near, conditions
        self.scope: Scope = conditions.scope if conditions else declarations.at(formula.place)
        self.given = conditions.given if conditions else NOTHING
        self.last: Tokens = ()
        self.last_but_one: Tokens = ()
        self.earlier: Tokens = ()
        self.ahead: Tokens = ()
        self.known: dict[object, tuple[Verdict, Scope]] = {}
        self.cases: dict[object, tuple[Case | None, Scope]] = {}

    def verdict(self, candidate: Candidate) -> Verdict:
        """The verdict on one reading, under what is given; each once."""
        key = (candidate.pairs, self.given, id(self.scope))
        if key not in self.known:
            # The scope is kept, so that no other one has its identity.
            self.known[key] = verdict_given(candidate, self.scope, self.given), self.scope
        return self.known[key][0]

    def special_case(self, candidate: Candidate) -> Case | None:
        """The widest case in which a reading that was refuted holds; each once."""
        key = (candidate.pairs, id(self.scope))
        if key not in self.cases:
            self.cases[key] = special_case(candidate, self.scope), self.scope
        return self.cases[key][0]

    def tokens(self, formula: Formula) -> Tokens:
        """A formula's tokens with macros expanded, and without its words where they are comments; raises Unread."""
        if formula.fault:
            raise Unread(0, formula.fault)
        given = worded(self.macros.expanded(tokens(formula.latex)))
        return without_words(given) if self.scope.words == COMMENTS else given

    def statements(self, formula: Formula) -> list[Statement]:
        """The statements of a formula; raises Unread."""
        return statements(self.tokens(formula), self.scope.labels)

    def said(self, case: Case | None) -> str:
        """The words around that may mean a special case; "" where none may, or words are comments."""
        return "" if case is None or self.scope.words == COMMENTS else case.said(around(self.formula))

    @property
    def after(self) -> Sequence[Formula]:
        """The formulas that follow nearby."""
        return [each for each in self.near if each.start > self.formula.start][:NEAR]

    @cached_property
    def start(self) -> int:
        """Where the first statement starts, or the formula where none is read."""
        blank = len(self.formula.latex) - len(self.formula.latex.lstrip())
        try:
            found = self.statements(self.formula)
        except Unread:
            return blank
        return found[0].at if found else blank

    def finding(self, verdict: str, at: int | None = None, end: int | None = None, **more: Any) -> Finding:
        """What is said of the source from `at` to `end`, or of the whole formula."""
        line, column = self.formula.source.place(self.formula.start + (self.start if at is None else at))
        latex = " ".join(self.formula.latex[at:end].split())
        displayed = self.formula.displayed
        return Finding(self.formula.source.name, line, column, latex, verdict, displayed=displayed, **more)

    def unread(self, why: Unread, at: int | None = None, end: int | None = None) -> Finding:
        token = self.formula.latex[why.at : why.at + 24].split()
        message = f"{self.formula.source.where(self.formula.start + why.at)}: {why}"
        return self.finding(UNREAD, at, end, message=message, token=token[0] if token else "")
