"""The formulas of a document -> one finding per equality.

In:  a document's texts and its declarations.
Out: `Finding`s in order: where, what was read, the verdict and what belongs to it.

Every reading of an equality becomes a record that `prove` judges.  Readings that agree
give their verdict; where they do not, the formula is ambiguous.  What a document defines
is compared with the model: a definition that differs has a defect.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from symbolic import terms as f
from symbolic.notation import Step
from symbolic.reader import syntax as s
from symbolic.reader.candidates import Candidate, candidates, described, verdict_of
from symbolic.reader.declare import Declarations
from symbolic.reader.macros import Macros
from symbolic.reader.readings import COLUMN, Grid, Misfit
from symbolic.reader.resolve import Resolver, is_same_node, moved
from symbolic.reader.scan import Formula
from symbolic.reader.scope import Scope
from symbolic.reader.special import special_case
from symbolic.reader.statements import Relation, Statement, statements
from symbolic.reader.syntax import Node, Tokens, parse
from symbolic.reader.tokens import Unread, plain, tokens
from symbolic.shapes import shape
from symbolic.terms import LOSS, Term, Var
from symbolic.verdicts import Counterexample, IllTyped, Proved, Refuted, Unknown, Verdict

PROVED, DEFINITION, REFUTED, ILL_TYPED = "proved", "definition", "refuted", "ill_typed"
AMBIGUOUS, UNREAD, UNKNOWN = "ambiguous", "unread", "unknown"
VERDICTS = (PROVED, DEFINITION, REFUTED, ILL_TYPED, AMBIGUOUS, UNREAD, UNKNOWN)
SECONDS = 20
NEAR = 8


@dataclass(frozen=True)
class Finding:
    """One equality of a formula, or the formula: what was read and what is to be said of it."""

    file: str
    line: int
    column: int
    latex: str
    verdict: str
    reading: str = ""
    hypotheses: tuple[str, ...] = ()
    counterexample: Counterexample | None = None
    repair: str = ""
    message: str = ""
    defect: bool = False
    displayed: bool = False
    token: str = ""

    @property
    def is_wrong(self) -> bool:
        return self.verdict in {REFUTED, ILL_TYPED, AMBIGUOUS} or self.defect


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
    for number, formula in enumerate(formulas[:last]):
        judge = _Judge(formula, declarations, macros, above, formulas[number + 1 : number + 1 + NEAR])
        if number < first:
            above = judge.end_of_chain() if number == first - 1 else ()
            continue
        try:
            with within(seconds):
                found = judge.findings()
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
        above = judge.last or above
        yield found


PART_OF_A_SUM = "refuted as an equation; proved as the first part of what a += nearby adds to"


class TooLong(Exception):
    """The time for one formula is over."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raise TooLong in the main thread after so many seconds; elsewhere there is no clock to set."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def stop(number: int, frame: Any) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class _Judge:
    """One formula."""

    def __init__(
        self,
        formula: Formula,
        declarations: Declarations,
        macros: Macros,
        above: Tokens,
        after: Sequence[Formula] = (),
    ) -> None:
        self.formula, self.declarations, self.macros, self.above = formula, declarations, macros, above
        self.after = after
        self.scope: Scope = declarations.at(formula.place)
        self.last: Tokens = ()

    def finding(self, verdict: str, at: int = 0, end: int | None = None, **more: Any) -> Finding:
        line, column = self.formula.source.place(self.formula.start + at)
        latex = " ".join(self.formula.latex[at:end].split())
        displayed = self.formula.displayed
        return Finding(self.formula.source.name, line, column, latex, verdict, displayed=displayed, **more)

    def findings(self) -> list[Finding]:
        try:
            given = self.macros.expanded(tokens(self.formula.latex))
            found = statements(given, self.scope.labels)
        except Unread as why:
            return [self.unread(why)]
        if not found:
            return [self.finding(DEFINITION, message="nothing is written")]
        return [finding for statement in found for finding in self.statement(statement)]

    def end_of_chain(self) -> Tokens:
        """The last side of the last statement."""
        try:
            found = statements(self.macros.expanded(tokens(self.formula.latex)), self.scope.labels)
        except Unread:
            return ()
        return found[-1].sides[-1] if found else ()

    def unread(self, why: Unread, at: int | None = None, end: int | None = None) -> Finding:
        line, column = self.formula.source.place(self.formula.start + why.at)
        token = self.formula.latex[why.at : why.at + 24].split()
        message = f"{line}:{column}: {why}"
        return self.finding(UNREAD, at or 0, end, message=message, token=token[0] if token else "")

    def statement(self, statement: Statement) -> Iterator[Finding]:
        sides, relations = tuple(map(self.scope.phrased, statement.sides)), statement.relations
        if statement.continues:
            if not self.above:
                yield self.unread(
                    Unread(statement.at, "no chain above that this continues"), statement.at, statement.end
                )
                return
            sides = (self.scope.phrased(self.above), *sides)
        left = self.declarations.lefts.get(self.formula.place)
        if not relations and left is not None:
            sides, relations = (left, *sides), (Relation("=", statement.at),)
        before, self.last = self.last or self.above, sides[-1]
        if relations and relations[-1].symbol == "=" and _is_one_hot(sides[-1]):
            self.last = before
        if not relations:
            yield self.mention(statement)
            return
        for n, relation in enumerate(relations):
            start = statement.at if n == 0 else sides[n][0].at
            end = relations[n + 1].at if n + 1 < len(relations) else statement.end
            if n == 0 and (statement.continues or left is not None):
                start = statement.at
            yield from self.equality(n, sides, relation.symbol, relation.at, start, end)

    def mention(self, statement: Statement) -> Finding:
        """A formula that claims nothing: its names are looked up all the same."""
        at, end = statement.at, statement.end
        side = statement.sides[0]
        if self.is_letter(side) or self.is_shape(side):
            return self.finding(DEFINITION, at, end, message="nothing is claimed", reading=plain(side))
        try:
            found = Resolver(self.scope, "total").of(parse(side, self.scope.grammar))
        except Unread as why:
            if self.is_declared(side):
                return self.finding(DEFINITION, at, end, message="nothing is claimed")
            return self.unread(why, at, end)
        except Misfit as why:
            return self.finding(ILL_TYPED, at, end, message=str(why))
        return self.finding(DEFINITION, at, end, reading=described(found[0]), message="nothing is claimed")

    def is_declared(self, side: Tokens) -> bool:
        """Declared names without their step, alone or listed in parentheses: they are mentioned, not used."""
        node = parse(side, self.scope.grammar)
        names = node.items if isinstance(node, s.Group) else (node,)
        if isinstance(node, s.Group) and node.bracket == r"\{":
            self.listed(node, 0, 0)
            return True
        return all(
            isinstance(name, s.Name) and not name.sup and (name.base, s.unstyled(name.sub)) in self.scope.names
            for name in names
        )

    def is_letter(self, side: Tokens) -> bool:
        """A sign, a number, a step, a subscript or a dimension alone, or the name of a function."""
        texts = [token.text for token in side if token.text not in s.TEXTS | {*"{}()"}]
        words = (
            self.scope.steps.keys() | self.scope.indices.keys() | self.scope.axes.keys() | self.scope.functions.keys()
        )
        single = len(texts) == 1 and (texts[0] in words | s.OPERATORS.keys() | s.FUNCTIONS.keys() or texts[0].isdigit())
        step = Resolver(self.scope, "total").step(tuple(t for t in side if t.text not in {"(", ")"})) is not None
        return single or step

    def is_shape(self, side: Tokens) -> bool:
        """n×h: dimensions and × alone."""
        texts = [token.text for token in side if token.text not in "{}()"]
        return (
            len(texts) > 2
            and all(t == r"\times" for t in texts[1::2])
            and all(t in self.scope.axes or t.isdigit() for t in texts[::2])
        )

    def equality(
        self, n: int, sides: Sequence[Tokens], relation: str, at: int, start: int, end: int
    ) -> Iterator[Finding]:
        left, right = sides[n], sides[n + 1]
        if relation in {"=", "≠"} and self.is_letter(left) and self.is_letter(right):
            i, j = plain(left), plain(right)
            if {i, j} <= self.scope.indices.keys():
                self.scope = self.scope.assuming(i, j, relation == "=")
            yield self.finding(
                DEFINITION, start, end, reading=f"{plain(left)} {relation} {plain(right)}", message="a condition"
            )
            return
        if relation == "∈":
            yield self.membership(left, right, start, end)
            return
        if relation == "=" and _is_one_hot(right):
            yield self.finding(DEFINITION, start, end, reading=f"{plain(left)} is one-hot", message="a hypothesis")
            return
        if right and right[0].text in {r"\min", r"\max"}:
            right = right[1:]
        if relation in {"≠", "≤", "≥", "<", ">"}:
            yield self.inequality(left, right, start, end)
            return
        if relation not in {"=", "+=", ":="}:
            yield self.unread(Unread(at, f"the relation {relation} is not in the grammar"), start, end)
            return
        try:
            nodes = [parse(side, self.scope.grammar) for side in (left, right)]
            update = _update(nodes[0], nodes[1])
            if isinstance(nodes[1], s.Name) and nodes[1].call and self.scope.functions.get(nodes[1].base) == "any":
                yield self.listed(nodes[1].call, start, end)
            elif relation == "=" and isinstance(nodes[1], s.Group) and len(nodes[1].items) > 1:
                yield self.listed(nodes[1], start, end)
            elif relation == "+=" or (update is not None and self.is_update(nodes[0])):
                yield self.update(nodes[0], update or nodes[1], start, end)
            else:
                yield self.claim(n, sides, nodes[0], nodes[1], start, end)
            for braced in (b for node in nodes[n > 0 :] for b in _braced(node)):
                found = self.claim(1, sides, braced.body, braced.label, braced.at, None)
                yield replace(found, latex=" ".join(self.formula.latex[braced.at : braced.at + 60].split()))
        except Unread as why:
            yield self.unread(why, start, end)

    def inequality(self, left: Tokens, right: Tokens, start: int, end: int) -> Finding:
        """Both sides are read; what is not an equation is not judged."""
        try:
            found = [Resolver(self.scope, "total").of(parse(side, self.scope.grammar))[0] for side in (left, right)]
        except Unread as why:
            return self.unread(why, start, end)
        except Misfit as why:
            return self.finding(ILL_TYPED, start, end, message=str(why))
        reading = " and ".join(described(r) for r in found)
        return self.finding(UNKNOWN, start, end, reading=reading, message="an inequality is not judged")

    def listed(self, group: s.Group, start: int, end: int) -> Finding:
        """θ = {W, U}: a list of things that are declared."""
        for item in group.items:
            if not isinstance(item, s.Dots):
                Resolver(self.scope, "total").of(item)
        return self.finding(DEFINITION, start, end, message="what it is made of is named; nothing is claimed")

    def is_update(self, left: Node) -> bool:
        """Whether X = X + Y can only be meant as a rule: X is a value, or the gradient of the whole loss."""
        if isinstance(left, s.Name):
            return True
        found = Resolver(self.scope, "total").of(left)[0].term
        return isinstance(found, f.Derivative) and found.of == LOSS

    def membership(self, left: Tokens, right: Tokens, start: int, end: int) -> Finding:
        r"""x ∈ ℝ^{5×4}: the shape that is said against the shape that is declared."""
        try:
            (reading, *_) = Resolver(self.scope, "total").of(parse(left, self.scope.grammar))
        except Unread as why:
            return self.unread(why, start, end)
        except Misfit as why:
            return self.finding(ILL_TYPED, start, end, message=str(why))
        texts = [t.text for t in right if t.text not in "{}"]
        if texts[:2] not in (["\\mathbb", "R"], ["R", "^"]) and texts[:1] != ["R"]:
            return self.unread(Unread(right[0].at, "only ∈ ℝ with a shape is in the grammar"), start, end)
        said = [t for t in texts[texts.index("R") + 1 :] if t not in {"^", r"\times", ",", "(", ")"}]
        wanted = [axis for axis in reading.axes if isinstance(reading.term, Term)]
        fits = len(said) == len(wanted) and all(
            self.scope.axes.get(word) == axis or word == str(axis.size) for word, axis in zip(said, wanted, strict=True)
        )
        text = f"{reading.term} [{reading}]"
        if fits:
            return self.finding(DEFINITION, start, end, reading=text, message="the shape is as declared")
        return self.finding(
            DEFINITION,
            start,
            end,
            reading=text,
            defect=True,
            message=f"the shape is said to be {'×'.join(said)}, and declared {reading}",
        )

    # Claims

    def claim(self, n: int, sides: Sequence[Tokens], left: Node, right: Node, start: int, end: int | None) -> Finding:
        try:
            candidates = self.candidates(left, right)
        except Misfit as why:
            defect = self.defines(n, sides) is not None
            verdict = DEFINITION if defect else ILL_TYPED
            return self.repaired(self.finding(verdict, start, end, message=str(why), defect=defect), left, right)
        verdicts = [(candidate, self.verdict(candidate)) for candidate in candidates]
        found = self.merged(n, sides, verdicts, start, end)
        if found.verdict == REFUTED and (added := self.with_additions(candidates)) is not None:
            return replace(found, verdict=AMBIGUOUS, counterexample=None, reading=added, message=PART_OF_A_SUM)
        return self.repaired(found, left, right) if found.is_wrong else found

    def with_additions(self, readings: Sequence[Candidate]) -> str | None:
        """The reading in which `=` begins what a `+=` nearby goes on with, if that is proved."""
        additions = [pair for formula in self.after for pair in self.additions_of(formula)]
        for ((gradient, right),) in (reading.pairs for reading in readings if len(reading.pairs) == 1):
            if not isinstance(gradient, f.Derivative) or gradient.by.step is None:
                continue
            whole = right
            for added_to, part in additions:
                if added_to.by.name == gradient.by.name and added_to.by.step is not None:
                    shift = added_to.by.step.offset
                    whole = f.Add(whole, moved(part, added_to.by.step.anchor, gradient.by.step - shift))
            if whole != right and verdict_of(Candidate(((gradient, whole),), ""), self.scope).name == PROVED:
                return f"refuted: {gradient} = {right}; proved (with what is added nearby): {gradient} = {whole}"
        return None

    def additions_of(self, formula: Formula) -> Iterator[tuple[f.Derivative, Term]]:
        """Each X += Y of a formula, X a gradient."""
        try:
            found = statements(self.macros.expanded(tokens(formula.latex)), self.scope.labels)
            for statement in found:
                if [relation.symbol for relation in statement.relations] == ["+="]:
                    left, right = (parse(side, self.scope.grammar) for side in statement.sides)
                    for reading in candidates(left, right, self.scope)[:1]:
                        gradient, part = reading.pairs[0]
                        if isinstance(gradient, f.Derivative):
                            yield gradient, part
        except (Unread, Misfit):
            return

    def repaired(self, found: Finding, left: Node, right: Node) -> Finding:
        from symbolic.reader.repair import repair

        if found.verdict == AMBIGUOUS:
            return found
        return replace(found, repair=repair(left, right, self.scope) or "")

    def candidates(self, left: Node, right: Node) -> list[Candidate]:
        return candidates(left, right, self.scope)

    def verdict(self, candidate: Candidate) -> Verdict:
        return verdict_of(candidate, self.scope)

    def merged(
        self, n: int, sides: Sequence[Tokens], found: list[tuple[Candidate, Verdict]], start: int, end: int | None
    ) -> Finding:
        """One finding from the verdicts on all readings."""
        names = {verdict.name for _, verdict in found}
        candidate, verdict = found[0]
        if len(names) > 1:
            if names <= {PROVED, UNKNOWN} or names <= {REFUTED, UNKNOWN}:
                candidate, verdict = next((c, v) for c, v in found if v.name == UNKNOWN)
                return self.finding(UNKNOWN, start, end, reading=candidate.text, message=_why(verdict))
            readings = "; ".join(f"{v.name}{f' ({c.kind})' if c.kind else ''}: {c.text}" for c, v in found[:6])
            return self.finding(AMBIGUOUS, start, end, reading=readings, message=f"{len(found)} readings, which differ")
        more = f"each of {len(found)} readings" if len(found) > 1 else ""
        hypotheses = tuple(str(h) for h in verdict.hypotheses) if isinstance(verdict, Proved) else ()
        counterexample = verdict.counterexample if isinstance(verdict, Refuted) else None
        defined = self.defines(n, sides)
        name, defect = verdict.name, False
        only = special_case(candidate, self.scope) if isinstance(verdict, Refuted) else ""
        message = "; ".join(part for part in (_why(verdict), more, only) if part)
        if defined is not None:
            if verdict.name == PROVED and n == 0:
                name, message = DEFINITION, f"as {defined} has it"
            elif verdict.name in {REFUTED, ILL_TYPED}:
                name, defect, message = (
                    DEFINITION,
                    True,
                    f"differs from {defined}" + (f": {message}" if message else ""),
                )
        return self.finding(
            name,
            start,
            end,
            reading=candidate.text,
            hypotheses=hypotheses,
            counterexample=counterexample,
            message=message,
            defect=defect,
        )

    def defines(self, n: int, sides: Sequence[Tokens]) -> str | None:
        """What the first side is defined by, where the chain defines a value: it holds no derivative."""
        texts = {t.text for side in sides for t in side}
        if texts & {r"\partial", r"\nabla"} or (self.scope.d and "d" in texts):
            return None
        try:
            found = Resolver(self.scope, "total").of(parse(sides[0], self.scope.grammar))
        except (Unread, Misfit):
            return None
        term = found[0].term
        if isinstance(term, Grid):
            term = term.rows[0][0]
        value = term.arg if isinstance(term, f.Entry) else term
        model = self.scope.model
        if isinstance(value, Var) and model is not None and (value.name in model.by_name or value == LOSS):
            return f"the model {model.name}" if model.name != "the document's own" else model.name
        node = parse(sides[0], self.scope.grammar)
        if isinstance(node, s.Name):
            meaning = self.scope.names.get((node.base, plain(node.sub))) or self.scope.names.get((node.base, ""))
            if meaning is not None and not isinstance(meaning.term or meaning.untimed, Var):
                return "the declaration"
            if node.base == r"\sigma":
                return "the logistic function"
        if isinstance(node, s.Applied):
            return "the function"
        return None

    def update(self, left: Node, added: Node, start: int, end: int) -> Finding:
        """X += Y, or X = X + Y: Y is one part of a gradient, or a rule that changes X."""
        from symbolic.reader.repair import contributions

        if isinstance(left, s.Name):
            for node in (left, added):
                Resolver(self.scope, "total").of(node)
            return self.finding(DEFINITION, start, end, message="a rule that changes a value; nothing is claimed")
        try:
            pairs = self.candidates(left, added)
        except Misfit as why:
            return self.repaired(self.finding(ILL_TYPED, start, end, message=str(why)), left, added)
        tried: list[tuple[str, Candidate, Verdict]] = []
        for candidate in pairs:
            ((gradient, part),) = candidate.pairs[:1]
            for through, whole in contributions(gradient, self.scope):
                each = Candidate(((whole, part),), candidate.text)
                verdict = self.verdict(each)
                tried.append((through, each, verdict))
                if verdict.name == PROVED:
                    return self.finding(
                        PROVED,
                        start,
                        end,
                        reading=f"{whole} = {part}",
                        message=f"the part of the gradient that comes through {through}",
                    )
        if tried and all(verdict.name == REFUTED for _, _, verdict in tried):
            through, each, verdict = tried[-1]
            assert isinstance(verdict, Refuted)
            return self.finding(
                REFUTED,
                start,
                end,
                reading=each.text,
                counterexample=verdict.counterexample,
                message="no part of the gradient is that",
            )
        return self.finding(UNKNOWN, start, end, message="an update whose parts are not known")


def _is_one_hot(tokens: Tokens) -> bool:
    """A matrix of 0, 1 and dots."""
    texts = [t.text for t in tokens]
    entries = [t for t in texts if t in {"0", "1", r"\vdots", r"\cdots", r"\ldots"}]
    return texts[:1] == [r"\begin"] and entries.count("1") == 1 and "0" in entries and len(entries) > len(set(entries))


def _braced(node: object) -> Iterator[s.Braced]:
    if isinstance(node, s.Braced):
        yield node
    if isinstance(node, Node):
        for value in vars(node).values():
            yield from _braced(value)
    elif isinstance(node, tuple):
        for each in node:
            yield from _braced(each)


def _update(left: Node, right: Node) -> Node | None:
    """In X = X + Y, the Y; otherwise None."""
    if (
        not isinstance(right, s.Sum)
        or len(right.parts) < 2
        or not isinstance(left, s.Name | s.Differential | s.Derivative)
    ):
        return None
    sign, first = right.parts[0]
    if sign < 0 or not is_same_node(left, first):
        return None
    rest = right.parts[1:]
    return rest[0][1] if len(rest) == 1 and rest[0][0] > 0 else s.Sum(rest[0][1].at, rest)


def _why(verdict: Verdict) -> str:
    match verdict:
        case IllTyped(message=message):
            return message
        case Unknown(reason=reason):
            return reason
    return ""


__all__ = ["COLUMN", "VERDICTS", "Finding", "Step", "judged", "shape"]
