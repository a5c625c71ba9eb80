"""A document -> a draft of its declaration block.

In:  a document's name and content.
Out: the draft as text: how time is written, the model of ours whose names fit best, names with
     the shapes that the document states, and, as comments, what could not be inferred.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from symbolic.notation import AXES
from symbolic.reader.declare import MODELS, printed_name, spelled
from symbolic.reader.macros import macros
from symbolic.reader.scan import formulas, sources, without_skipped
from symbolic.reader.scope import Scope
from symbolic.reader.statements import statements
from symbolic.reader.syntax import Grammar, parse
from symbolic.reader.syntax import nodes as s
from symbolic.reader.syntax.nodes import Node
from symbolic.reader.syntax.vocabulary import unstyled
from symbolic.reader.tokens import Unread, tokens
from symbolic.terms import Var

STEPS = frozenset({"t", "t-1", "t+1", "T", "T-1", r"\tau", r"\tau-1", "0", "1"})
STYLES = {"sub": "subscript", "sup": "superscript", "sup[": "[t]", "sup<": "⟨t⟩"}
SHOWN = {"sub": "_t", "sup": "^{(t)}", "sup[": "^{[t]}", "sup<": r"^{\langle t \rangle}"}
BRACKETS = {"(": "sup", "[": "sup[", "<": "sup<", r"\langle": "sup<"}
SPECIAL = frozenset({"e", "d", "T", "t", "i", "j", "k", "l", "m", "n", r"\tau", r"\sigma", r"\delta"})


@dataclass
class _Seen:
    """What was seen in the document."""

    names: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    shapes: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    has_d: bool = False


def suggestion(name: str, content: str) -> str:
    """The draft of a declaration block; raises Unscannable."""
    seen = _seen(name, content)
    if name.endswith(".tex"):
        return "\n".join(f"% check: {line}" for line in _lines(seen))
    if name.endswith(".rst"):
        return "\n".join([".. check::", "", *(f"   {line}" for line in _lines(seen))])
    return "\n".join(["<!-- check", *_lines(seen), "-->"])


def _lines(seen: _Seen) -> Iterator[str]:
    yield "# A draft: look at every line."
    styles = Counter({style: sum(n for (_, _, time), n in seen.names.items() if time == style) for style in STYLES})
    style, uses = styles.most_common(1)[0]
    if uses:
        yield f"time {STYLES[style]}"
    best, fitting = _model(seen)
    if fitting > 1:
        yield f"model {best}    # {fitting} of its names occur"
    else:
        yield "# no model of ours fits: say `model own`, then `forward LINE` for each equation, then `loss LINE`"
    known = _names_of(best) if fitting > 1 else {}
    letters = _letters(seen, best if fitting > 1 else "")
    if letters:
        yield "dims " + ", ".join(_dims(letters))
    for (base, sub), times in sorted(_grouped(seen).items()):
        if (base, sub) in known or (base in SPECIAL and not sub):
            continue
        latex = (f"{base}_{{{sub}}}" if sub else base) + SHOWN.get(times, "")
        if (shape := seen.shapes.get((base, sub))) is not None:
            yield f"name {latex} : {'×'.join(letters[size] for size in shape)}"
        else:
            yield f"# name {latex} : ?    its shape is not said"
    if seen.has_d:
        yield "# d x occurs: say `read d as gradient` or `read d as differential along X`"


def _dims(letters: dict[str, str]) -> Iterator[str]:
    """H = 5, n as H for the axis of a model, and for a letter that is not known a size that no other has."""
    sizes = count(max([5, *(int(size) for size in letters if size.isdigit())]) + 1)
    for size, letter in letters.items():
        if size.isdigit():
            yield f"{letter} = {size}"
        elif size != letter:
            yield f"{size} as {letter}"
        else:
            yield f"{letter} = {next(sizes)}"


def _seen(name: str, content: str) -> _Seen:
    seen = _Seen()
    texts = sources(name, content)
    known = macros(without_skipped(text) for text in texts)
    for formula in (formula for text in texts for formula in formulas(text)):
        try:
            for statement in statements(known.expanded(tokens(formula.latex))):
                nodes = [parse(side, Grammar()) for side in statement.sides]
                if [r.symbol for r in statement.relations] == ["∈"] and isinstance(nodes[0], s.Name):
                    base, sub, _ = _split(nodes[0])
                    texts_ = [t.text for t in statement.sides[1] if t.text not in "{}"]
                    seen.shapes[base, sub] = tuple(t for t in texts_[2:] if t not in {"^", r"\times", "(", ")"})
                    nodes = nodes[:1]
                for node in nodes:
                    _collect(node, seen)
        except Unread:
            continue
    return seen


def _collect(node: object, seen: _Seen) -> None:
    if isinstance(node, s.Name):
        seen.names[_split(node)] += 1
    if isinstance(node, s.Tight):
        pairs = zip(node.factors, node.factors[1:], strict=False)
        seen.has_d |= any(isinstance(a, s.Name) and a.base == "d" and isinstance(b, s.Name) for a, b in pairs)
    if isinstance(node, Node):
        for value in vars(node).values():
            _collect(value, seen)
    elif isinstance(node, tuple):
        for each in node:
            _collect(each, seen)


def _split(node: s.Name) -> tuple[str, str, str]:
    """Base, own subscript, and how time is shown."""
    sub, sup = unstyled(node.sub), unstyled(node.sup)
    for opening, style in BRACKETS.items():
        if sup.startswith(opening) and sup.removeprefix(opening).rstrip(")]>").removesuffix(r"\rangle") in STEPS:
            return node.base, sub if not _counts(sub) else "", style
    if sub in STEPS - {"0", "1"} or re.fullmatch(r"[a-z][-+]1", sub):
        return node.base, "", "sub"
    return node.base, sub if not _counts(sub) else "", ""


def _counts(sub: str) -> bool:
    """Whether a subscript looks like entries: digits and the usual letters."""
    return bool(sub) and all(letter.isdigit() or letter in "ijklmn," for letter in sub)


def _grouped(seen: _Seen) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for base, sub, time in seen.names:
        found[base, sub] = time or found.get((base, sub), "")
    return found


def _model(seen: _Seen) -> tuple[str, int]:
    """The model of ours with the most names in common, and how many."""
    used = set(_grouped(seen))
    return max(((name, len(_names_of(name).keys() & used)) for name in MODELS), key=lambda pair: pair[1])


def _names_of(model: str) -> dict[tuple[str, str], Var]:
    return {spelled(v.latex or printed_name(v.name), Scope())[:2]: v for v in MODELS[model].arrays.values()}


def _letters(seen: _Seen, model: str) -> dict[str, str]:
    """A letter for each size: that of the model's axis, else D, H, K for their usual sizes, else another capital."""
    letters: dict[str, str] = {}
    for name, var in _names_of(model).items() if model else ():
        for size, axis in zip(seen.shapes.get(name, ()), var.axes, strict=False):
            if axis.name not in letters.values():
                letters.setdefault(size, axis.name)
    usual = {str(axis.size): name for name, axis in AXES.items()}
    for size in (size for shape in seen.shapes.values() for size in shape):
        free = [letter for letter in (usual.get(size, ""), *"PQRSABCEFGIJLMOTUVWXYZ") if letter]
        letters.setdefault(size, next(x for x in free if x not in letters.values()) if size.isdigit() else size)
    return letters
