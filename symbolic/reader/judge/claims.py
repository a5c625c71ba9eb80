"""An equality: every reading of it judged, and one finding made of the verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from symbolic import terms as f
from symbolic.notation import Step
from symbolic.reader.candidates import Candidate, at_every_entry, candidates, verdict_of
from symbolic.reader.judge.clock import TooLong, within
from symbolic.reader.judge.findings import AMBIGUOUS, DEFINITION, ILL_TYPED, PROVED, REFUTED, UNKNOWN, UNREAD, Finding
from symbolic.reader.judge.judging import Judging
from symbolic.reader.judge.running import SHIFTED, absent, is_nowhere, wherever_it_is
from symbolic.reader.readings import Grid, Misfit
from symbolic.reader.repair import SECONDS, repair
from symbolic.reader.resolve import Resolver
from symbolic.reader.resolve.shifts import moved
from symbolic.reader.scan import Formula
from symbolic.reader.special import IN_LAYOUT, Case, is_jacobian
from symbolic.reader.syntax import nodes as s
from symbolic.reader.syntax import parse
from symbolic.reader.syntax.nodes import Node, Tokens, names_in
from symbolic.reader.tokens import Token, Unread, plain
from symbolic.terms import LOSS, Term, Var
from symbolic.verdicts import IllTyped, Proved, Refuted, Unknown, Verdict

RISING = "refuted with the latest factor of the product on the left; proved with it on the right: say which is meant"
PART_OF_A_SUM = "refuted as an equation; proved as the first part of what a += nearby adds to"


def claimed(
    judge: Judging, n: int, sides: Sequence[Tokens], left: Node, right: Node, start: int, end: int | None
) -> Finding:
    """The finding on left = right, the equality after side n of a chain."""
    try:
        found = candidates(left, right, judge.scope)
    except Misfit as why:
        if (whole := in_every_entry(judge, n, sides, left, right, start, end)) is not None:
            return whole
        if judge.given.numbers:
            return judge.finding(UNKNOWN, start, end, message=f"{why}; where all are numbers, shapes are not looked at")
        refuse_primes(judge, left, right)
        case = IN_LAYOUT if judge.conditions and in_other_layout(judge, left, right) else None
        if case is not None and (said := judge.said(case)):
            return judge.finding(UNREAD, start, end, message=meant(ILL_TYPED, case, said))
        defect = defined_by(judge, n, sides) is not None
        verdict = DEFINITION if defect else ILL_TYPED
        message = "; ".join((str(why), *((case.agrees,) if case else ())))
        return repaired(judge, judge.finding(verdict, start, end, message=message, defect=defect), left, right)
    verdicts = [(candidate, judge.verdict(candidate)) for candidate in found]
    one = merged(judge, n, sides, verdicts, start, end)
    if one.verdict == REFUTED and (whole := in_every_entry(judge, n, sides, left, right, start, end)) is not None:
        return whole
    if (one.verdict == REFUTED or one.defect) and n == 0 and (free := assumed(judge, found)) is not None:
        if free.step == Step("", 0):
            return judge.finding(DEFINITION, start, end, reading=one.reading, message="no verdict makes use of it")
        return judge.unread(Unread(start, f"{free} is free: what is assumed of it is not in the grammar"), start, end)
    if one.is_wrong:
        refuse_primes(judge, left, right)
    if one.verdict in {REFUTED, UNKNOWN} and (others := wherever_it_is(judge, left, right, found)):
        return over_other_steps(one, merged(judge, n, sides, others, start, end))
    if one.verdict == UNKNOWN and is_nowhere(one.message):
        one = replace(one, message=absent(judge, found) or one.message)
        return repaired(judge, one, left, right, at_once=True)
    if one.verdict == REFUTED and (rising := in_rising_order(judge, left, right)) is not None:
        return replace(one, verdict=AMBIGUOUS, counterexample=None, reading=f"{one.reading}; {rising}", message=RISING)
    if one.verdict == REFUTED and is_start(judge, found):
        return judge.finding(DEFINITION, start, end, reading=one.reading, message="the start of what a += adds to")
    if one.verdict == REFUTED and (added := with_additions(judge, found)) is not None:
        return replace(one, verdict=AMBIGUOUS, counterexample=None, reading=added, message=PART_OF_A_SUM)
    if one.verdict == REFUTED and (meaning := as_a_special_case(judge, found)) is not None:
        return replace(one, verdict=UNREAD, counterexample=None, message=meaning)
    return repaired(judge, one, left, right) if one.is_wrong else one


def over_other_steps(one: Finding, other: Finding) -> Finding:
    """The finding on a sum without limits that is wrong over t = 1 … T, and otherwise over other steps."""
    if other.verdict == AMBIGUOUS:
        return replace(other, message=f"{other.message}; and write the limits of the sum")
    readings = f"{one.verdict}: {one.reading}; {other.verdict}: {other.reading}"
    return replace(one, verdict=AMBIGUOUS, counterexample=None, reading=readings, message=SHIFTED.format(one.verdict))


def in_every_entry(
    judge: Judging, n: int, sides: Sequence[Tokens], left: Node, right: Node, start: int, end: int | None
) -> Finding | None:
    """The finding on tanh² + sech² = 1 as an equality of vectors, unless it is wrong so too.

    A square is taken entry by entry wherever that conforms, and a written number is the same for all entries.
    """
    verdicts = [(each, judge.verdict(each)) for each in at_every_entry(left, right, judge.scope)]
    if {verdict.name for _, verdict in verdicts} in ({PROVED}, {UNKNOWN}):
        return merged(judge, n, sides, verdicts, start, end)
    return None


def refuse_primes(judge: Judging, *sides: Node) -> None:
    """Raise Unread for a vector x′ in what is wrong: it is read as a transpose, and may be a derivative."""
    for name in (name for side in sides for name in names_in(side) if name.call is None):
        if "'" not in [token.text for token in name.sup]:
            continue
        (reading, *_) = Resolver(judge.scope, "total").of(name)
        if reading.rank == 1:
            raise Unread(name.at, "a prime may be a transpose or a derivative: write ⊤ or the derivative")


def as_a_special_case(judge: Judging, found: Sequence[Candidate]) -> str | None:
    """Why what is wrong in general is not judged where words nearby may mean the case in which it is right."""
    if judge.conditions is None or judge.conditions.strange or judge.given.words:
        return None
    case = judge.special_case(found[0])
    said = judge.said(case)
    return meant(REFUTED, case, said) if case is not None and said else None


def assumed(judge: Judging, found: Sequence[Candidate]) -> Var | None:
    """h_0 = 0, b = 0: a value that nothing defines, on the left of every reading."""
    left = found[0].pairs[0][0]
    value = left.arg if isinstance(left, f.Entry | f.Transpose) else left
    if not isinstance(value, Var) or value == LOSS:
        return None
    made = judge.scope.model is not None and value.name in judge.scope.model.by_name
    return value if not made or value.step == Step("", 0) else None


def merged(
    judge: Judging, n: int, sides: Sequence[Tokens], found: list[tuple[Candidate, Verdict]], start: int, end: int | None
) -> Finding:
    """One finding from the verdicts on all readings."""
    names = {verdict.name for _, verdict in found}
    candidate, verdict = found[0]
    if len(names) > 1:
        if names <= {PROVED, UNKNOWN} or names <= {REFUTED, UNKNOWN}:
            candidate, verdict = next((c, v) for c, v in found if v.name == UNKNOWN)
            return judge.finding(UNKNOWN, start, end, reading=candidate.text, message=reason_of(verdict))
        as_the_model = [candidate for candidate, verdict in found if verdict.name == PROVED]
        if n == 0 and len(as_the_model) == 1 and (defined := defined_by(judge, n, sides)) is not None:
            message = f"as {defined} has it, in one of {len(found)} readings"
            return judge.finding(DEFINITION, start, end, reading=as_the_model[0].text, message=message)
        readings = "; ".join(f"{v.name}{f' ({c.kind})' if c.kind else ''}: {c.text}" for c, v in found[:6])
        message = f"{len(found)} readings, which differ: say {what_to_declare(found, sides[n : n + 2])}"
        return judge.finding(AMBIGUOUS, start, end, reading=readings, message=message)
    more = f"each of {len(found)} readings" if len(found) > 1 else ""
    hypotheses = (*map(str, verdict.hypotheses), *judge.given.words) if isinstance(verdict, Proved) else ()
    counterexample = verdict.counterexample if isinstance(verdict, Refuted) else None
    defined = defined_by(judge, n, sides)
    name, defect = verdict.name, False
    only = judge.special_case(candidate) if isinstance(verdict, Refuted) and judge.conditions else None
    message = "; ".join(part for part in (reason_of(verdict), more, only.agrees if only else "") if part)
    if defined is not None:
        if verdict.name == PROVED and n == 0:
            name, message = DEFINITION, f"as {defined} has it"
        elif verdict.name in {REFUTED, ILL_TYPED}:
            name, defect = DEFINITION, True
            message = f"differs from {defined}" + (f": {message}" if message else "")
    return judge.finding(
        name,
        start,
        end,
        reading=candidate.text,
        hypotheses=hypotheses,
        counterexample=counterexample,
        message=message,
        defect=defect,
    )


def meant(verdict: str, case: Case, said: str) -> str:
    """Why a formula that is right in a special case is not judged where words may mean that case."""
    return f"{verdict} as it stands; {case.agrees}, and “{said}” nearby may mean that: say it in its sentence"


def in_other_layout(judge: Judging, left: Node, right: Node) -> bool:
    """Whether ∂a/∂b is the transposed right side."""
    transposed = s.Scripted(right.at, s.Group(right.at, (right,), ()), (), (Token(r"\top", right.at, "command"),))
    try:
        found = candidates(left, transposed, judge.scope)
    except (Misfit, Unread):
        return False
    return all(is_jacobian(pair[0]) and judge.verdict(each).name == PROVED for each in found for pair in each.pairs)


def what_to_declare(found: Sequence[tuple[Candidate, Verdict]], sides: Sequence[Tokens]) -> str:
    """The declarations that leave one reading."""
    if {candidate.kind for candidate, _ in found} >= {"total", "immediate"}:
        return r"`read \partial as total` or `immediate`, or write ∂⁺ for the immediate derivative"
    dot = any(token.text in {r"\cdot", r"\times"} for side in sides for token in side)
    what = r"\cdot" if dot else "beside"
    return f"`read {what} as hadamard`, `inner` or `outer`, or write ⊙ and ⊤"


def reason_of(verdict: Verdict) -> str:
    match verdict:
        case IllTyped(message=message):
            return message
        case Unknown(reason=reason):
            return reason
    return ""


def defined_by(judge: Judging, n: int, sides: Sequence[Tokens]) -> str | None:
    """What the first side is defined by, where the chain defines a value: it holds no derivative."""
    texts = {t.text for side in sides for t in side}
    if texts & {r"\partial", r"\nabla"} or (judge.scope.d and "d" in texts):
        return None
    try:
        found = Resolver(judge.scope, "total").of(parse(sides[0], judge.scope.grammar))
    except (Unread, Misfit):
        return None
    term = found[0].term
    if isinstance(term, Grid):
        term = term.rows[0][0]
    value = term.arg if isinstance(term, f.Entry) else term
    model = judge.scope.model
    if isinstance(value, Var) and model is not None and (value.name in model.by_name or value == LOSS):
        return f"the model {model.name}" if model.name != "the document's own" else model.name
    node = parse(sides[0], judge.scope.grammar)
    if isinstance(node, s.Name):
        meaning = judge.scope.names.get((node.base, plain(node.sub))) or judge.scope.names.get((node.base, ""))
        if meaning is not None and not isinstance(meaning.term or meaning.untimed, Var | f.Derivative):
            return "the declaration"
        if node.base == r"\sigma":
            return "the logistic function"
    if isinstance(node, s.Applied) and node.function in {"softmax", "sigmoid", "tanh", "sinh", "cosh", "sech"}:
        return "the function"
    return None


def in_rising_order(judge: Judging, left: Node, right: Node) -> str | None:
    """The reading in which the factors of a product over steps stand in the order of time, if that is proved."""
    scope = replace(judge.scope, rising=True)
    try:
        found = candidates(left, right, scope)
    except (Misfit, Unread):
        return None
    has_product = any(
        isinstance(part, f.ProductSteps) for c in found for p in c.pairs for s in p for part in f.subterms(s)
    )
    is_proved = has_product and all(verdict_of(candidate, scope).name == PROVED for candidate in found)
    return found[0].text if is_proved else None


def is_start(judge: Judging, readings: Sequence[Candidate]) -> bool:
    """Whether it sets a gradient to 0, and a `+=` nearby adds to it."""
    left, right = readings[0].pairs[0]
    zero = f.term(0)
    if not isinstance(left, f.Derivative) or right not in (zero, f.Mul(zero, left)):
        return False
    return any(to.by.name == left.by.name for formula in judge.after for to, _ in additions_of(judge, formula))


def with_additions(judge: Judging, readings: Sequence[Candidate]) -> str | None:
    """The reading in which `=` begins what a `+=` nearby goes on with, if that is proved."""
    additions = [pair for formula in judge.after for pair in additions_of(judge, formula)]
    for ((gradient, right),) in (reading.pairs for reading in readings if len(reading.pairs) == 1):
        if not isinstance(gradient, f.Derivative):
            continue
        parts = [(added_to, part) for added_to, part in additions if added_to.by.name == gradient.by.name]
        for whole in sums_with(gradient, right, parts):
            if verdict_of(Candidate(((gradient, whole),), ""), judge.scope).name == PROVED:
                return f"refuted: {gradient} = {right}; proved (with what is added nearby): {gradient} = {whole}"
    return None


def sums_with(gradient: f.Derivative, right: Term, added: Sequence[tuple[f.Derivative, Term]]) -> Iterator[Term]:
    """The right side with what is added: to the gradient by a value once, to that by a parameter at every step."""
    if gradient.by.step is None:
        for _, part in added:
            for letter in f.free_anchors(part):
                for last in (Step("T"), Step("T", -1)):
                    yield f.Add(right, f.SumSteps(letter, Step("", 1), last, part))
        return
    whole = right
    for added_to, part in added:
        if added_to.by.step is not None:
            shift = added_to.by.step.offset
            whole = f.Add(whole, moved(part, added_to.by.step.anchor, gradient.by.step - shift))
    if whole != right:
        yield whole


def additions_of(judge: Judging, formula: Formula) -> Iterator[tuple[f.Derivative, Term]]:
    """Each X += Y of a formula, X a gradient."""
    try:
        found = judge.statements(formula)
        for statement in found:
            if [relation.symbol for relation in statement.relations] == ["+="]:
                left, right = (parse(side, judge.scope.grammar) for side in statement.sides)
                for reading in candidates(left, right, judge.scope)[:1]:
                    gradient, part = reading.pairs[0]
                    if isinstance(gradient, f.Derivative):
                        yield gradient, part
    except (Unread, Misfit):
        return


def side_ahead(judge: Judging) -> Node | None:
    """What stands ahead of an equality in its chain; None where nothing does, or it is not read."""
    try:
        return parse(judge.ahead, judge.scope.grammar) if judge.ahead else None
    except Unread:
        return None


def repaired(
    judge: Judging, found: Finding, left: Node, right: Node, is_part: bool = False, at_once: bool = False
) -> Finding:
    """The finding with the repair that is proved in time; looked for when its conditions are known, or `at_once`."""
    if found.verdict == AMBIGUOUS or (judge.conditions is None and not at_once):
        return found
    try:
        with within(SECONDS):
            mended = repair(left, right, judge.scope, is_part, side_ahead(judge))
    except TooLong:
        return found
    return found if mended is None else replace(found, repair=mended.latex, repaired_under=mended.hypotheses)
