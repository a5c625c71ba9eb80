"""Sums: of summands, over a subscript, over the steps; products over the steps."""

from __future__ import annotations

from symbolic import terms as f
from symbolic.notation import Axis, Index, Step
from symbolic.reader.readings import Grid, Misfit, Reading, added, mapped, negated, of_term, with_index
from symbolic.reader.resolve.resolving import Resolving
from symbolic.reader.resolve.scripts import letter_of, subscript_of
from symbolic.reader.resolve.shifts import is_later, latest, moved
from symbolic.reader.resolve.steps import step_of
from symbolic.reader.syntax import nodes as s
from symbolic.reader.syntax.nodes import Node, Tokens
from symbolic.reader.syntax.vocabulary import STYLES
from symbolic.reader.tokens import Token, Unread, plain
from symbolic.terms import Term

ORDER = {r"\le": "≤", r"\leq": "≤", r"\ge": "≥", r"\geq": "≥", r"\lt": "<", r"\gt": ">"}


def total(resolver: Resolving, at: int, parts: tuple[tuple[int, Node], ...]) -> list[Reading]:
    found: list[Reading] = []
    bound: set[str] = set()
    has_number = any(isinstance(part, s.Number) for _, part in parts)  # 1 - h² is entry by entry
    for number, (sign, part) in enumerate(parts):
        refuse_loose(part, bound)
        bound |= open_letters(part)
        with resolver.squaring(resolver.inner_squares and not has_number):
            each = resolver.of(part)
        signed = each if sign > 0 else [negated(r) for r in each]
        if number == 0:
            found = signed
            continue
        found = resolver.all(lambda a, b, where=part.at: [added(a, b, where)], found, signed)
    return found


def open_letters(node: Node) -> set[str]:
    """The letters of the sums that a summand ends in: of 2 Σ_i u_i Σ_j w_j both."""
    if isinstance(node, s.Tight):
        return open_letters(node.factors[-1])
    if isinstance(node, s.Infix):
        return open_letters(node.right)
    return {lower_limit(node)[0], *open_letters(node.body)} if isinstance(node, s.Big) else set()


def refuse_loose(node: object, bound: set[str]) -> None:
    """Raise Unread for Σ_t a_t + b_t: b_t may belong to the sum, and outside of it t means something else."""
    if not bound:
        return
    if isinstance(node, s.Big):
        bound = bound - {lower_limit(node)[0]}
    if isinstance(node, Token) and node.text in bound and node.text != "":
        raise Unread(node.at, f"{node} runs in the sum before this, which may go on here: write brackets")
    if isinstance(node, Node):
        for value in vars(node).values():
            refuse_loose(value, bound)
    elif isinstance(node, tuple):
        for each in node:
            refuse_loose(each, bound)


def big(resolver: Resolving, node: s.Big) -> list[Reading]:
    if (between := steps_between(resolver, node)) is not None:
        return over_steps(resolver, node, *between)
    letter, first, mark = lower_limit(node)
    upper = plain(node.upper)
    if not letter:
        return without_letter(resolver, node)
    limits = steps_run_over(resolver, letter, first, node.upper)
    if limits is not None:
        return over_steps(resolver, node, letter, *limits)
    if (whole := rows_of(resolver, node, letter, upper)) is not None:
        return whole
    with resolver.binding(letter, "index"):
        found = resolver.of(node.body)
        other = left_out(node.lower, letter) if mark == "≠" else None
        return resolver.all(lambda r: [over_index(resolver, r, letter, upper, first, other, node)], found)


def without_letter(resolver: Resolving, node: s.Big) -> list[Reading]:
    """Σ y log ŷ: over the entries of a vector, or over the steps t of what stands at t."""
    found = over_steps(resolver, node, "t", Step("", 1), Step("T")) if speaks_of_t(resolver, node.body) else []
    if node.operator == r"\sum" and not node.upper:
        found = found + [Reading(f.Sum(r.array)) for r in resolver.of(node.body) if r.rank == 1]
    if not found:
        raise Unread(node.at, "a sum without its subscript")
    return found


def steps_between(resolver: Resolving, node: s.Big) -> tuple[str, Step, Step] | None:
    """t ≥ k > s or s < k ≤ t below the sign: the letter, its first step and its last."""
    texts = [ORDER.get(token.text, token.text) for token in node.lower]
    marks = [n for n, text in enumerate(texts) if text in {"<", "≤", ">", "≥"}]
    if (
        node.upper
        or len(marks) != 2
        or marks[1] != marks[0] + 2
        or (texts[marks[0]] in "<≤") != (texts[marks[1]] in "<≤")
    ):
        return None
    ends = [(texts[marks[0]], node.lower[: marks[0]]), (texts[marks[1]], node.lower[marks[1] + 1 :])]
    (low, below), (high, above) = ends if ends[0][0] in "<≤" else reversed(ends)
    first, last = step_of(resolver, below), step_of(resolver, above)
    if first is None or last is None:
        return None
    return texts[marks[0] + 1], first + (low in "<>"), last - (high in "<>")


def lower_limit(node: s.Big) -> tuple[str, Tokens, str]:
    """The letter that runs, where it starts, and whether one value is left out."""
    lower = tuple(token for token in node.lower if token.text not in STYLES and token.text not in "{}")
    texts = [token.text for token in lower]
    if not texts:
        return "", (), ""
    for mark, symbol in (("=", "="), (r"\neq", "≠"), (r"\ne", "≠")):
        if mark in texts:
            cut = texts.index(mark)
            if cut + 1 == len(texts):
                raise Unread(lower[cut].at, "a sum or product that starts nowhere")
            return plain(lower[:cut]), lower[cut + 1 :], symbol
    return plain(lower), (), ""


def speaks_of_t(resolver: Resolving, body: Node) -> bool:
    anchors = {a for r in resolver.of(body) if isinstance(r.term, Term) for a in f.free_anchors(r.term)}
    return anchors == {"t"}


def steps_run_over(resolver: Resolving, letter: str, first: Tokens, upper: Tokens) -> tuple[Step, Step] | None:
    """First and last step, if the letter runs over steps."""
    last = step_of(resolver, upper) if upper else None
    start = step_of(resolver, first) if first else None
    if letter in resolver.scope.indices:
        anchored = start is not None and last is not None and start.anchor and last.anchor
        return (start, last) if anchored and start and last and plain(upper) not in resolver.scope.axes else None
    known = letter in resolver.scope.steps
    if (
        upper
        and last is not None
        and last.anchor
        and (known or last.anchor in {"t", "T"} or last.anchor in resolver.bound)
    ):
        return start or Step("", 1), last
    if known and not upper:
        return resolver.scope.ranges.get(letter, (start or Step("", 1), Step("T")))
    if known and start is not None and last is not None:
        return start, last
    return None


def over_steps(resolver: Resolving, node: s.Big, letter: str, first: Step, last: Step) -> list[Reading]:
    """Σ or Π over steps; of a product the latest factor stands left, in a `rising` scope right.

    Σ_t without limits is over t = 1 … T, in a `shifted` scope over the steps at which all of its summand exists.
    """
    with resolver.binding(letter, "step", (first, last)):
        body = resolver.of(node.body)
    name = letter_of(letter)
    if node.operator == r"\prod":
        if (goes_down := is_later(first, last, resolver.runs)) is None:
            raise Unread(
                node.at,
                f"whether the product goes up or down from {first} to {last} is not said: write the earlier below",
            )
        if goes_down:
            first, last = last, first

        def product(r: Reading) -> Reading:
            factor = term_of(r, node.at)
            if resolver.scope.rising and r.rank == 2:
                return Reading(f.Transpose(f.ProductSteps(name, first, last, f.Transpose(factor))))
            return Reading(f.ProductSteps(name, first, last, factor))

        return resolver.all(lambda r: [product(r)], body)
    if first.anchor != last.anchor and is_later(first, last, resolver.runs):
        raise Unread(node.at, f"a sum from {first} to {last}, which is earlier: write the earlier below")
    everywhere = resolver.scope.shifted and not node.upper and letter not in resolver.scope.ranges

    def over(r: Reading) -> list[Reading]:
        shift = max((latest(term, name) for term in terms_of(r)), default=0) if everywhere else 0
        return [mapped(r, lambda x: f.SumSteps(name, first, last, moved(x, name, Step(name, -shift))))]

    return resolver.all(over, body)


def rows_of(resolver: Resolving, node: s.Big, letter: str, upper: str) -> list[Reading] | None:
    """Σ_{n=1}^N (A)_n, the sum of the rows of a matrix; None where the body is something else."""
    body = node.body
    if not isinstance(body, s.Scripted) or plain(body.sub) != letter or body.sup or node.operator != r"\sum":
        return None
    found = [r for r in resolver.of(body.base) if isinstance(r.term, Term) and r.rank == 2]
    axis = resolver.scope.axes.get(upper)
    return [of_term(f.Sum(r.array, r.axes[0])) for r in found if r.axes[0] == axis] or None


def over_index(
    resolver: Resolving, r: Reading, letter: str, upper: str, first: Tokens, other: Token | None, node: s.Big
) -> Reading:
    term = term_of(r, node.at)
    if node.operator == r"\prod":
        raise Unread(node.at, "a product over a subscript is not in the grammar")
    axes = {i.axis for i in with_index(term, letter_of(letter))} or axes_by_limit(resolver, letter, upper)
    if len(axes) != 1:
        raise Unread(node.at, f"the axis that {letter} runs over is not said")
    (axis,) = axes
    if upper and upper not in resolver.scope.axes and not upper.isdigit():
        raise Unread(node.upper[0].at, f"a sum up to {upper}: it is no declared dimension")
    if upper and resolver.scope.axes.get(upper) != axis and upper != str(axis.size):
        raise Misfit(node.at, f"{letter} up to {upper}", f"{axis} has {axis.size}", "a sum")
    if other is None and first and plain(first) != "1":
        raise Unread(node.at, f"a sum that starts at {plain(first)}")
    if r.rank and with_index(term, letter_of(letter)):
        raise Unread(node.at, f"a sum over the subscript {letter} of arrays is not in the grammar")
    if r.rank:
        raise Misfit(
            node.at, str(r), "a number", f"a sum over the subscript {letter} of something that is not an entry"
        )
    index = Index(letter_of(letter), axis)
    if other is not None:
        return Reading(f.SumIndex(index, f.Mul(1 - f.Delta(index, subscript_of(resolver, other, axis)), term)))
    return Reading(f.SumIndex(index, term))


def axes_by_limit(resolver: Resolving, letter: str, upper: str) -> set[Axis]:
    declared = resolver.scope.indices.get(letter)
    if declared is not None:
        return {declared}
    by_name = resolver.scope.axes.get(upper)
    return {by_name} if by_name is not None else {a for a in resolver.scope.axes.values() if str(a.size) == upper}


def left_out(lower: Tokens, letter: str) -> Token:
    """In k ≠ j, the letter that is left out."""
    others = [t for t in lower if t.text not in {letter, r"\neq", r"\ne", "{", "}"}]
    if len(others) != 1:
        raise Unread(lower[0].at, f"the condition {plain(lower)} is not in the grammar")
    return others[0]


def terms_of(r: Reading) -> list[Term]:
    """Its term, or the entries of a matrix that is written out."""
    return [x for row in r.term.rows for x in row] if isinstance(r.term, Grid) else [r.term]


def term_of(r: Reading, at: int) -> Term:
    if isinstance(r.term, Grid):
        raise Unread(at, "a product, or a sum over a subscript, of a matrix that is written out")
    return r.term
