r"""Where a refuted formula would hold after all: at t = T, for h_0 = 0, for scalars, in another layout.

In:  a reading that was refuted, and its scope; then the words around the formula.
Out: the widest such case, and the words that may mean it.
To extend: a case in `cases`, with the words by which people say it in `SAID`.

That the two sides agree at random points of a special case proves nothing.  It tells a person
what they had in mind; and where words nearby may say that, the formula is not refuted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from symbolic import terms as f
from symbolic.notation import Step
from symbolic.prove import axes_of
from symbolic.reader.candidates import Candidate, Pair, instances, record, verdict_of
from symbolic.reader.given import POINTS, Given, differences
from symbolic.reader.scope import Scope
from symbolic.reader.sentence import Around
from symbolic.shapes import shape
from symbolic.verdicts import Proved


@dataclass(frozen=True)
class Case:
    """Where the sides agree, the words that say so to a reader, and the kind of words that may mean it (`SAID`)."""

    agrees: str
    kind: str
    is_whole: bool = False

    def said(self, around: Around) -> str:
        """What of the words around may mean this case; "" if nothing may."""
        found = SAID[self.kind].search(around.document if self.is_whole else around.paragraph)
        found = found or (BESIDE[self.kind].search(around.paragraph) if self.kind in BESIDE else None)
        return " ".join(found[0].split()) if found else ""


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_PART = (
    r"contribut\w+|parts?|terms?|plus|rest|remain\w*|paths?|alone|only|solely|just|single|current|local|direct"
    r"|immediate|beitr\w+|anteil\w*|nur|seul\w*|terme|(?:each|one|per|every|a)[- ](?:single )?(?:time[- ]?)?step"
)
SAID = {
    "last step": _words(
        rf"\b(?:last|final|terminal|ends?|ending|start\w*|begin\w*|initiali[sz]\w*|base|future|no (?:next|later|step)"
        rf"|loss (?:at|of|for)|{_PART}|letzt\w+|ende|schluss|derni\w+|fin|último|последн\w+)\b"
        r"|(?-i:\bt\s*=\s*T\b)|最后|末|最終|最後"
    ),
    "one step": _words(
        rf"\b(?:length|averag\w+|mean|many-to-one|last|final|each|feed-?forward|truncat\w+|accumulat\w+|summ?(?:ing|ed)?"
        rf"|first|{_PART}|mittel\w*|letzt\w+)\b|(?-i:\bT\s*=\s*1\b)|平均|单步"
    ),
    "few steps": _words(
        r"(?-i:\bT\s*=\s*\d)|\b(?:two|three|2|3)[- ](?:time[- ]?)?steps?\b|\blength (?:two|three|2|3)\b|\bexample\b"
    ),
    "zero state": _words(
        r"(?:_\{?0\}?|\(0\)\}?|\bstates?|\bbefore|\bfirst|\bstart)\W+(?:\w+\W+){0,6}vanish\w*"
        r"|\bvanish\w* (?:\w+ ){0,2}states?\b|"
        r"\b(?:initial\w*|zeros?|null\w*|anfang\w*)\b|_(?:0|\{0\})\s*(?:=|:=|\\equiv|\\gets)|_0\}\s*:?=\s*\\?[A-Za-z]*[\s{]*0|\(0\)\}\s*=|初"
    ),
    "symmetric": _words(
        r"(?<!a)(?:symmetr\w+|symétr\w+|\btied\b|self-adjoint)|对称|対称|W\s*=\s*W\s*\^|\^\s*\{?\\?\w+\}?\s*=\s*W\b"
    ),
    "numbers": _words(r"\b(?:scalars?|skalar\w*|one-dimensional|1-?d|numbers?|zahlen)\b|标量"),
    "sign": _words(
        r"\b(?:signs?|vorzeichen|signe|maximi[sz]\w+|ascent|reward|(?<!negative )(?<!negative-)log[- ]?likelihood)\b"
        r"|符号"
    ),
    "layout": _words(
        r"\b(?:layout|convention\w*|row[- ]vectors?|vectors? (?:are|as) rows?|denominator|numerator"
        r"|transposed jacobians?)\b|布局"
    ),
}

BESIDE = {"zero state": _words(r"\bvanish\w*\b")}  # elsewhere it is gradients that vanish


def special_case(candidate: Candidate, scope: Scope) -> Case | None:
    """The widest case in which the two sides agree; None where no case does."""
    try:
        if (turned := _turned(candidate, scope)) is not None:
            return turned
        pairs = [instance for pair in candidate.pairs for instance in instances(pair, scope)]
        for given, case in cases(pairs, scope):
            if all(_agree(pair, scope, given) for pair in pairs):
                return case
    except (ArithmeticError, LookupError, NotImplementedError, RecursionError, TypeError, ValueError):
        pass
    return None


def _turned(candidate: Candidate, scope: Scope) -> Case | None:
    """Whether the formula is proved with the other sign, or with its Jacobian transposed."""
    if len(candidate.pairs) != 1:
        return None
    ((left, right),) = candidate.pairs
    if _is_proved(left, f.Neg(right), scope):
        return Case("the two sides agree up to the sign", "sign")
    if is_jacobian(left) and shape(left) == shape(right)[::-1] and _is_proved(left, f.Transpose(right), scope):
        return IN_LAYOUT
    return None


IN_LAYOUT = Case("it holds in denominator layout, where Jacobians are transposed", "layout", True)


def is_jacobian(term: f.Term) -> bool:
    """Of a vector by a vector."""
    return isinstance(term, f.Derivative) and len(shape(term.of)) == len(term.by.axes) == 1


def _is_proved(left: f.Term, right: f.Term, scope: Scope) -> bool:
    return isinstance(verdict_of(Candidate(((left, right),), ""), scope), Proved)


def cases(pairs: list[Pair], scope: Scope) -> Iterator[tuple[Given, Case]]:
    """The special cases that this model has."""
    model = scope.model

    def case(words: str, kind: str, is_whole: bool = False) -> Case:
        return Case(f"the two sides agree where {words} (at {POINTS} points tried)", kind, is_whole)

    if model is not None and model.is_sequence:
        if "t" in {anchor for pair in pairs for side in pair for anchor in f.free_anchors(side)}:
            yield Given(("t = T",), steps=((Step("t"), "=", Step("T")),)), case("t = T", "last step")
        yield Given(), case("T is at most 3", "few steps")
        yield Given(("T = 1",), steps=((Step("T"), "=", Step("", 1)),)), case("T = 1", "one step")
        if names := sorted(model.with_initial):
            words = " and ".join(f"{name}[0] = 0" for name in names)
            yield Given((words,), zero=frozenset(names)), case(words, "zero state", True)
    for parameter in model.parameters if model is not None else ():
        if len(parameter.axes) == 2 and parameter.axes[0] == parameter.axes[1]:
            words = f"{parameter.name} is symmetric"
            yield Given((words,), frozenset({parameter.name})), case(words, "symmetric", True)
    classes = {axis for target in (model.targets if model is not None else ()) for axis in target.axes[-1:]}
    numbered = any(isinstance(s, f.Entry) for pair in pairs for side in pair for s in f.subterms(side))
    axes = {axis for pair in pairs for axis in axes_of(record(*pair, scope))}
    if not numbered and axes - classes:
        yield Given(("every vector is a number",), numbers=True), case("every vector is a number", "numbers", True)


def _agree(pair: Pair, scope: Scope, case: Given) -> bool:
    """Whether no enclosure of the two sides misses the other, and there is something to enclose."""
    spoken = False
    for difference in differences(pair, scope, case):
        spoken = True
        if difference is not None:
            return False
    return spoken
