r"""A proved formula in the notation of its document: d c_t, \frac{\partial E}{\partial c_t} or \nabla_{c_t} E.

In:  a candidate, the sides that the document writes, and the scope.
Out: LaTeX.  What is written as the document does is read back, and kept only if it means the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

from symbolic import terms as f
from symbolic.latex import latex
from symbolic.notation import Step
from symbolic.reader.candidates import Candidate, candidates
from symbolic.reader.canonical import canonical
from symbolic.reader.readings import Misfit
from symbolic.reader.repair.edits import Sides
from symbolic.reader.repair.spelled import spelled
from symbolic.reader.scope import IMMEDIATE, TOTAL, Scope
from symbolic.reader.syntax import nodes as s
from symbolic.reader.syntax import parse
from symbolic.reader.syntax.nodes import Node, inside, names_in
from symbolic.reader.tokens import Unread, plain, tokens
from symbolic.shapes import ShapeMismatch
from symbolic.terms import LOSS, Term, Var

D, PARTIAL = r"\mathrm{d}", r"\partial"
GRADIENTS = {"d": "d {by}", "∂": r"\frac{{\partial {loss}}}{{\partial {by}}}", "∇": r"\nabla_{{{by}}} {loss}"}


def written(
    candidate: Candidate,
    sides: Sides,
    scope: Scope,
    edited: Sides | None = None,
    added: Term | None = None,
    is_part: bool = False,
) -> tuple[str, tuple[str, ...]]:
    """The right side, or the whole formula where the left side was edited, and how ∂ is to be read in it.

    "" if it cannot be written.

    `edited` are the sides that were read, `added` what was added to the right one; neither for what was made of terms.
    What is read as what was proved goes first, then what is read so once ∂ is declared as total or immediate.
    """
    spellings = list(_spellings(candidate, sides, scope, edited, added, is_part))
    kinds = ("",) if scope.partial else ("", TOTAL, IMMEDIATE)
    wanted = [tuple(map(canonical, pair)) for pair in candidate.pairs]
    read = ((kind, own) for kind in kinds for own in spellings if _is_read_as(own, wanted, _reading(scope, kind)))
    unread = (("", own) for own in spellings if not _readings(own, scope))
    kind, best = next(chain(read, unread), ("", spellings[-1] if spellings else None))
    if best is None:
        return "", ()
    text = " = ".join(best) if edited is not None and edited[0] is not sides[0] else best[1]
    return text, (f"∂ read as {kind}",) if kind else ()


def _reading(scope: Scope, kind: str) -> Scope:
    return replace(scope, partial=kind) if kind else scope


def _spellings(
    candidate: Candidate, sides: Sides, scope: Scope, edited: Sides | None, added: Term | None, is_part: bool
) -> Iterator[list[str]]:
    """Both sides as they may be written: as they are spelled, ∂ as it stands or as d or ∂⁺; then from the terms."""
    subscript_time = has_subscript_time(scope)
    for d in ("∂", "d", "∂+") if edited is not None else ():
        assert edited is not None
        try:
            own = [spelled(_bare(_differentiated(side, d, _losses(scope)))) for side in edited]
        except LookupError:
            break
        if is_part:
            own[0] = _as_written(candidate.pairs[0][0], sides, subscript_time, scope)
        if added is not None:
            part = _as_written(added, edited, subscript_time, scope)
            own[1] += f" + {part.replace(D, PARTIAL) if d == '∂' and has_partial(edited) else part}"
        yield own
    if len(candidate.pairs) == 1:
        (pair,) = candidate.pairs
        terms = [_as_written(side, sides, subscript_time, scope) for side in pair]
        if any(has_partial(side) for side in sides):
            yield [side.replace(D, PARTIAL) for side in terms]
        yield terms
        yield [latex(side, subscript_time) for side in pair]


def _bare(node: Node) -> Node:
    """Without brackets around it all."""
    bare = inside(node)
    return bare if isinstance(node, s.Group) and node.bracket in "([" else node


def has_partial(node: object) -> bool:
    if isinstance(node, s.Derivative) and node.d == "∂":
        return True
    parts = vars(node).values() if isinstance(node, Node) else node if isinstance(node, tuple) else ()
    return any(has_partial(part) for part in parts)


def _differentiated(value: Any, d: str, losses: frozenset[str]) -> Any:
    """With another sign for ∂; for ∂⁺ only between values of different steps, and not for a loss."""
    if isinstance(value, tuple):
        return tuple(_differentiated(each, d, losses) for each in value)
    if not isinstance(value, Node):
        return value
    parts = {key: part for key, part in vars(value).items() if isinstance(part, Node | tuple)}
    changed = {key: _differentiated(part, d, losses) for key, part in parts.items()}
    if isinstance(value, s.Derivative) and value.d == "∂":
        changed["d"] = "∂" if d == "∂+" and not _is_of_steps(value, losses) else d
    return replace(value, **changed)


def _is_of_steps(derivative: s.Derivative, losses: frozenset[str]) -> bool:
    """Whether a derivative, not of a loss, is by a value of another step or by a parameter, as its scripts have it."""
    of, by = derivative.of, derivative.by
    if not isinstance(of, s.Name) or not isinstance(by, s.Name):
        return True
    return of.base not in losses and (plain(of.sub), plain(of.sup)) != (plain(by.sub), plain(by.sup))


def _losses(scope: Scope) -> frozenset[str]:
    """The letters of the loss and of that of a step."""
    model = scope.model
    known = {LOSS.name, *([model.step_loss.name] if model is not None and model.is_sequence else [])}
    terms = ((base, term) for (base, _), meaning in scope.names.items() for term in (meaning.term, meaning.untimed))
    return frozenset(base for base, term in terms if isinstance(term, Var) and term.name in known)


def has_subscript_time(scope: Scope) -> bool:
    return scope.time == "sub" if scope.time else scope.model is not None and scope.model.subscript_time


def _as_written(term: Term, sides: Sides, subscript_time: bool, scope: Scope) -> str:
    """The term with the document's own letters and its own way to write a gradient."""
    named = _with_letters(term, _letters(sides, scope), _last_step(sides, scope))
    text = latex(named, subscript_time)
    style = next((style for side in sides for style in _styles(side, scope)), "∇")
    for part in f.subterms(named):
        if isinstance(part, f.Derivative) and part.total and part.of == LOSS and not part.copy:
            by = latex(part.by, subscript_time)
            gradient = GRADIENTS[style].format(by=by, loss=_loss(scope))
            text = text.replace(latex(part, subscript_time), gradient)
            text = text.replace(
                rf"\left({gradient}\right) ", f"{gradient} " if style != "∇" else rf"\left({gradient}\right) "
            )
    return text


def _styles(node: object, scope: Scope) -> Iterator[str]:
    """How the gradients of a formula are written, in order."""
    if isinstance(node, s.Differential) and scope.d == "gradient":
        yield "d"
    elif isinstance(node, s.Nabla):
        yield "∇"
    elif isinstance(node, s.Derivative) and isinstance(node.of, s.Name) and _is_loss(node.of, scope):
        yield "∂"
    for value in vars(node).values() if isinstance(node, Node) else node if isinstance(node, tuple) else ():
        if isinstance(value, Node | tuple):
            yield from _styles(value, scope)


def _is_loss(name: s.Name, scope: Scope) -> bool:
    meaning = scope.names.get((name.base, ""))
    return meaning is not None and LOSS in (meaning.term, meaning.untimed)


def _loss(scope: Scope) -> str:
    return next((base for (base, _), meaning in scope.names.items() if LOSS in (meaning.term, meaning.untimed)), "L")


def _letters(sides: Sides, scope: Scope) -> dict[str, str]:
    """The letters of the formula, else of the document, for arrays that have another letter in the model."""
    bases = {name.base for side in sides for name in names_in(side)}
    found: dict[str, str] = {}
    for (base, sub), meaning in scope.names.items():
        if isinstance(meaning.term, Var) and sub not in scope.indices and sub not in scope.steps:
            letter = f"{base}_{{{sub}}}" if sub else base
            if base in bases:
                found[meaning.term.name] = letter
            elif (meaning.term.name, "") not in scope.names:
                found.setdefault(meaning.term.name, letter)
    return found


def _last_step(sides: Sides, scope: Scope) -> str:
    """The letter that the formula has for the last step."""
    used = {token.text for side in sides for name in names_in(side) for token in (*name.sub, *name.sup)}
    return next((letter for letter, step in scope.steps.items() if step == Step("T") and letter in used), "T")


def _with_letters(term: Term, letters: dict[str, str], last: str) -> Term:
    if isinstance(term, Var):
        step = term.step
        if step is not None and step.anchor == "T":
            step = replace(step, anchor=last.removeprefix("\\"))
        return replace(term, latex=letters.get(term.name, term.latex), step=step)
    parts = {key: value for key, value in vars(term).items() if isinstance(value, Term)}
    return replace(term, **{key: _with_letters(part, letters, last) for key, part in parts.items()}) if parts else term


def _is_read_as(own: list[str], wanted: list[tuple[object, ...]], scope: Scope) -> bool:
    """Whether what is written is read as what is wanted, in each reading."""
    found = _readings(own, scope)
    return bool(found) and all([tuple(map(canonical, pair)) for pair in each.pairs] == wanted for each in found)


def _readings(own: list[str], scope: Scope) -> list[Candidate]:
    """What is written as it is read; nothing where it cannot be."""
    try:
        left, right = (parse(scope.phrased(tokens(side)), scope.grammar) for side in own)
        return candidates(left, right, scope)
    except (Unread, Misfit, ShapeMismatch, ValueError, TypeError, LookupError, RecursionError):
        return []
