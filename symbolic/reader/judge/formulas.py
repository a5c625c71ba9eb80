"""Each formula: its statements, and each equality in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from symbolic.reader.declare import Declarations
from symbolic.reader.given import NOTHING, RELATIONS
from symbolic.reader.judge.claims import claimed, defined_by
from symbolic.reader.judge.clock import TooLong, within
from symbolic.reader.judge.conditions import conditions, consistent, denied, is_all, is_plain
from symbolic.reader.judge.findings import DEFINITION, ILL_TYPED, PROVED, REFUTED, UNKNOWN, UNREAD, Finding
from symbolic.reader.judge.governing import own_conditions
from symbolic.reader.judge.judging import Conditions, Judging
from symbolic.reader.judge.mentions import inequality, is_letter, is_one_hot, listed, membership, mentioned
from symbolic.reader.judge.relations import assumed_of_parameters, fixed, is_claim, is_condition, left_of, related
from symbolic.reader.judge.updates import added_in, is_rule, updated
from symbolic.reader.macros import Macros
from symbolic.reader.readings import Misfit
from symbolic.reader.scan import Formula
from symbolic.reader.scope import QUOTATIONS, Scope
from symbolic.reader.statements import Relation, Statement
from symbolic.reader.syntax import nodes as s
from symbolic.reader.syntax import parse
from symbolic.reader.syntax.nodes import Node, Tokens
from symbolic.reader.syntax.vocabulary import DOTS
from symbolic.reader.tokens import Unread, plain

SECONDS = 20
NEAR = 24


def judged(
    formulas: Sequence[Formula],
    declarations: Declarations,
    macros: Macros,
    seconds: float = SECONDS,
    first: int = 0,
    last: int | None = None,
) -> Iterator[list[Finding]]:
    """The findings of each formula from `first` to before `last`; the others show what belongs together."""
    above: Tokens = ()
    earlier: Tokens = ()
    start = max(first - 1, 0)
    for number, formula in enumerate(formulas[start:last], start):
        judge = _Judge(formula, declarations, macros, above, formulas[max(number - NEAR, 0) : number + 1 + NEAR])
        judge.earlier = earlier
        if number < first:
            *_, earlier, above = (), (), *(judge.chain() if number == first - 1 else ())
            continue
        try:
            with within(seconds):
                found = judge.findings_under_conditions()
        except TooLong:
            found = [judge.finding(UNKNOWN, message=f"stopped after {seconds:g} s")]
        except Unread as why:
            found = [judge.unread(why)]
        except Misfit as why:
            found = [judge.finding(ILL_TYPED, message=str(why))]
        except (RecursionError, MemoryError):
            found = [judge.finding(UNKNOWN, message="too deep")]
        except (ArithmeticError, LookupError, TypeError, ValueError) as why:
            # Nothing a document holds may end in a traceback.
            found = [judge.finding(UNKNOWN, message=f"{type(why).__name__}: {why}")]
        above, earlier = (judge.last, judge.last_but_one) if judge.last else (above, earlier)
        yield found


def place_of(formula: Formula, declarations: Declarations, macros: Macros) -> str:
    """line:column, in a notebook cell:line:column, of the first finding on a formula."""
    start = _Judge(formula, declarations, macros, (), ()).start
    return formula.source.where(formula.start + start)


class _Judge(Judging):
    """One formula: its statements in order, and the equalities of each."""

    def findings_under_conditions(self) -> list[Finding]:
        """The findings; what is wrong is judged again, and repaired, under the conditions that words state."""
        found = self.findings()
        if not any(finding.is_wrong for finding in found):
            return found
        around = conditions(self)
        again = _Judge(self.formula, self.declarations, self.macros, self.above, self.near, around)
        again.known, again.earlier = self.known, self.earlier
        return [
            self.as_understood(new, around) if old.is_wrong else old
            for old, new in zip(found, again.findings(), strict=True)
        ]

    def as_denied(self, finding: Finding) -> Finding:
        """What is proved under a hypothesis says nothing where words deny it."""
        if finding.verdict != PROVED or not finding.hypotheses:
            return finding
        if self.given.words and (words := conditions(self).strange):
            why = f"proved under {' and '.join(finding.hypotheses)} alone; “{words}” is not understood beside it"
            return replace(finding, verdict=UNREAD, hypotheses=(), message=why)
        if not (words := denied(self)):
            return finding
        why = f"proved under {' and '.join(finding.hypotheses)} alone, which “{words}” may deny"
        return replace(finding, verdict=UNKNOWN, hypotheses=(), message=why)

    def as_understood(self, finding: Finding, around: Conditions) -> Finding:
        """What is wrong where words state a condition that is not understood may be right under it.

        What is right only under an assumption that may hold no longer, may be wrong.
        That no shapes conform changes only with a condition on a dimension, such as N = 1.
        """
        if around.doubt and not around.strange and finding.verdict in {PROVED, DEFINITION} and not finding.is_wrong:
            why = f"refuted if “{around.doubt}” holds no longer here, which is not understood: say it in the sentence"
            return replace(finding, verdict=UNREAD, hypotheses=(), message=why)
        is_size = not self.scope.axes.keys().isdisjoint(re.findall(r"\b[A-Z]\b", around.strange))
        if not around.strange or not finding.is_wrong or (finding.counterexample is None and not is_size):
            return finding
        verdict = REFUTED if finding.counterexample else finding.verdict
        why = f"{verdict} without the words “{around.strange}”, which are not understood"
        return replace(finding, verdict=UNREAD, defect=False, counterexample=None, repair="", message=why)

    def findings(self) -> list[Finding]:
        if self.scope.inline == QUOTATIONS and not self.formula.displayed:
            return [self.finding(DEFINITION, message="a quotation, which is not judged")]
        try:
            found = self.statements(self.formula)
        except Unread as why:
            return [self.unread(why)]
        if not found:
            return [self.finding(DEFINITION, message="nothing is written")]
        beside = [statement for statement in found if self.is_beside(statement)]
        for each in found:
            if each.restricts and each not in beside:
                raise Unread(each.at, "this condition is not in the grammar: say it in the sentence around")
            if each.rows[0] < each.rows[1] and is_condition(self, replace(each, sides=each.sides[:2])):
                raise Unread(each.at, "whether the row below goes on with this condition is not said: write ( )")
        ranges = any(token.text in DOTS for statement in found for side in statement.sides for token in side)
        strange = ranges and bool(beside) and not is_all(found)
        judged_each: list[Finding] = []
        for each in found:
            own = [] if ranges else own_conditions(each, found, beside)
            finding = self.under(own, each)
            if strange or (beside and not own and not ranges):
                finding = [self.restricted(each, one, beside) for one in finding]
            if self.is_apart(each, found):
                finding = [self.of_every_case(one) for one in finding]
            judged_each += finding
        return judged_each

    def is_beside(self, statement: Statement) -> bool:
        """Whether a statement is a condition of another: of letters; of parameters where words or ( ) say so."""
        if is_condition(self, statement):
            return True
        assumed = assumed_of_parameters(self, statement)
        return assumed is not None and (statement.restricts or bool(assumed(self.scope).given.symmetric))

    def under(self, own: list[Statement], statement: Statement) -> list[Finding]:
        """The findings on a statement under the conditions that stand beside it."""
        saved = self.scope, self.given
        strange = False
        for each in own:
            is_understood = is_plain(re.sub(r"^for (?:all|any|every|each)$", "for", each.lead))
            effect = assumed_of_parameters(self, each) or partial(related, self, statement=each)
            stated = effect(self.scope) if is_understood else Conditions(self.scope, strange=each.lead)
            self.scope, self.given = stated.scope, self.given | stated.given
            strange = strange or bool(stated.strange)
        declared = self.declarations.at(self.formula.place)
        if consistent(declared, Conditions(self.scope, self.given)).strange:
            self.scope, self.given, strange = declared, NOTHING, True
        found = list(self.statement(statement))
        if self.conditions is None:
            found = [self.as_denied(each) for each in found]
        self.scope, self.given = saved
        return [self.restricted(statement, each, own) for each in found] if strange else found

    def is_apart(self, statement: Statement, found: list[Statement]) -> bool:
        """Whether another claim of the formula names the case, h_T, where this one says h_t: of every t."""
        if self.conditions is None or not is_claim(self, statement):
            return False
        letters = fixed(self.declarations.at(self.formula.place), self.conditions)
        named = letters & {token.text for side in statement.sides for token in side}
        return any(not named <= left_of(other) for other in found if is_claim(self, other))

    def of_every_case(self, finding: Finding) -> Finding:
        """What is right in a case alone, where it may be said of every case."""
        if finding.is_wrong or finding.verdict not in {PROVED, DEFINITION}:
            return finding
        why = f"right under {' and '.join(f'“{each}”' for each in self.given.words)} alone: say whether it is meant"
        return replace(finding, verdict=UNREAD, hypotheses=(), message=why)

    def restricted(self, statement: Statement, finding: Finding, conditions: list[Statement]) -> Finding:
        """What is wrong where a condition stands that is not understood may be right under it."""
        if not finding.is_wrong or statement in conditions:
            return finding
        why = f"{finding.verdict} without the condition beside it, which is not in the grammar"
        return replace(finding, verdict=UNREAD, defect=False, counterexample=None, repair="", message=why)

    def chain(self) -> tuple[Tokens, ...]:
        """The sides of the last statement."""
        try:
            found = self.statements(self.formula)
        except Unread:
            return ()
        return found[-1].sides if found else ()

    def statement(self, statement: Statement) -> Iterator[Finding]:
        sides, relations = tuple(map(self.scope.phrased, statement.sides)), statement.relations
        earlier: Tokens = ()
        if statement.continues:
            if not self.above:
                yield self.unread(
                    Unread(statement.at, "no chain above that this continues"), statement.at, statement.end
                )
                return
            sides = (self.scope.phrased(self.above), *sides)
            earlier = self.earlier
        left = self.declarations.lefts.get(self.formula.place)
        if not relations and left is not None:
            sides, relations = (left, *sides), (Relation("=", statement.at),)
        before, self.last = self.last or self.above, sides[-1]
        self.last_but_one = sides[-2] if len(sides) > 1 else ()
        if relations and relations[-1].symbol == "=" and is_one_hot(sides[-1]):
            self.last = before
        if not relations:
            yield mentioned(self, statement)
            return
        if left is None and self.is_beside(statement) and not is_condition(self, statement):
            text = " = ".join(plain(side) for side in sides)
            yield self.finding(DEFINITION, statement.at, statement.end, reading=text, message="a condition")
            return
        for n, relation in enumerate(relations):
            start = statement.at if n == 0 else sides[n][0].at
            end = max(token.end for token in sides[n + 1]) if n + 1 < len(relations) else statement.end
            if n == 0 and (statement.continues or left is not None):
                start = statement.at
            self.ahead = sides[n - 1] if n else self.scope.phrased(earlier)
            yield from self.equality(n, sides, relation.symbol, relation.at, start, end)

    def equality(
        self, n: int, sides: Sequence[Tokens], relation: str, at: int, start: int, end: int
    ) -> Iterator[Finding]:
        left, right = sides[n], sides[n + 1]
        if relation in RELATIONS and is_letter(self, left) and is_letter(self, right):
            yield self.finding(
                DEFINITION, start, end, reading=f"{plain(left)} {relation} {plain(right)}", message="a condition"
            )
            return
        if relation == "∈":
            yield membership(self, left, right, start, end)
            return
        if relation == "=" and is_one_hot(right):
            yield self.finding(DEFINITION, start, end, reading=f"{plain(left)} is one-hot", message="a hypothesis")
            return
        if [token.text for token in right[:2]] == [r"\min", r"\sum"]:
            right = right[1:]  # an objective: its value is the sum, not a minimum over the summands
        if relation in {"≠", "≤", "≥", "<", ">"}:
            yield inequality(self, left, right, start, end)
            return
        if relation not in {"=", "+=", ":="}:
            yield self.unread(Unread(at, f"the relation {relation} is not in the grammar"), start, end)
            return
        try:
            nodes = [parse(side, self.scope.grammar) for side in (left, right)]
            update = added_in(nodes[0], nodes[1])
            if isinstance(nodes[0], s.Name) and n == 0 and is_primed(nodes[0], self.scope):
                raise Unread(nodes[0].at, f"{nodes[0]} is not declared, and a prime here may be a transpose")
            if isinstance(nodes[1], s.Name) and nodes[1].call and self.scope.functions.get(nodes[1].base) == "any":
                yield listed(self, nodes[1].call, start, end)
            elif relation == "=" and isinstance(nodes[1], s.Group) and len(nodes[1].items) > 1:
                if nodes[1].bracket != r"\{" and defined_by(self, n, sides) is not None:
                    raise Unread(nodes[1].at, "several things in one pair of brackets")
                yield listed(self, nodes[1], start, end)
            elif relation == "+=" or (update is not None and is_rule(self, nodes[0])):
                yield updated(self, nodes[0], update or nodes[1], start, end)
            else:
                yield claimed(self, n, sides, nodes[0], nodes[1], start, end)
            for under in (b for node in nodes[n > 0 :] for b in braced(node)):
                found = claimed(self, 1, sides, under.body, under.label, under.at, None)
                yield replace(found, latex=" ".join(self.formula.latex[under.at : under.at + 60].split()))
        except Unread as why:
            yield self.unread(why, start, end)


def is_primed(name: s.Name, scope: Scope) -> bool:
    """Whether a name has a prime that is not declared as a part of it: f′(x) is a derivative."""
    if name.call is not None and (name.base in scope.functions or (name.base == r"\sigma" and not name.sub)):
        return False
    return "'" in [t.text for t in name.sup] and not any(base.startswith(f"{name.base}'") for base, _ in scope.names)


def braced(node: object) -> Iterator[s.Braced]:
    if isinstance(node, s.Braced):
        yield node
    if isinstance(node, Node):
        for value in vars(node).values():
            yield from braced(value)
    elif isinstance(node, tuple):
        for each in node:
            yield from braced(each)
