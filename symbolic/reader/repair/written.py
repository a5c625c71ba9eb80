r"""A proved formula in the notation of its document: d c_t, \frac{\partial E}{\partial c_t} or \nabla_{c_t} E.

In:  a candidate, the sides that the document writes, and the scope.
Out: LaTeX.  What is written as the document does is read back, and kept only if it means the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symbolic import terms as f
from symbolic.latex import latex
from symbolic.reader.candidates import Candidate, candidates
from symbolic.reader.canonical import canonical
from symbolic.reader.readings import Misfit
from symbolic.reader.scope import Scope
from symbolic.reader.syntax import nodes as s
from symbolic.reader.syntax import parse
from symbolic.reader.syntax.nodes import Node, names_in
from symbolic.reader.tokens import Unread, tokens
from symbolic.shapes import ShapeMismatch
from symbolic.terms import LOSS, Term, Var

GRADIENTS = {"d": "d {by}", "∂": r"\frac{{\partial {loss}}}{{\partial {by}}}", "∇": r"\nabla_{{{by}}} {loss}"}


def written(candidate: Candidate, sides: tuple[Node, Node], left_changed: bool, scope: Scope) -> str:
    """The right side, or the whole formula where the left side was edited."""
    if len(candidate.pairs) > 1:
        return candidate.text
    ((left, right),) = candidate.pairs
    subscript_time = scope.time == "sub" if scope.time else scope.model is not None and scope.model.subscript_time
    plain = [latex(side, subscript_time) for side in (left, right)]
    own = [_as_written(side, sides, subscript_time, scope) for side in (left, right)]
    chosen = own if _means(own, candidate, scope) else plain
    return " = ".join(chosen) if left_changed else chosen[1]


def _as_written(term: Term, sides: tuple[Node, Node], subscript_time: bool, scope: Scope) -> str:
    """The term with the document's own letters and its own way to write a gradient."""
    named = _with_letters(term, _letters(sides, scope))
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


def _letters(sides: tuple[Node, Node], scope: Scope) -> dict[str, str]:
    """The letters of the formula for arrays that have another letter in the model."""
    bases = {name.base for side in sides for name in names_in(side)}
    found = {}
    for (base, sub), meaning in scope.names.items():
        if base in bases and isinstance(meaning.term, Var):
            found[meaning.term.name] = f"{base}_{{{sub}}}" if sub else base
    return found


def _with_letters(term: Term, letters: dict[str, str]) -> Term:
    if isinstance(term, Var):
        return replace(term, latex=letters.get(term.name, term.latex))
    changed = {key: _with_letters(value, letters) for key, value in vars(term).items() if isinstance(value, Term)}
    return replace(term, **changed) if changed else term


def _means(own: list[str], candidate: Candidate, scope: Scope) -> bool:
    """Whether what is written is read as the candidate, in each reading."""
    try:
        left, right = (parse(tokens(side), scope.grammar) for side in own)
        found = candidates(left, right, scope)
    except (Unread, Misfit, ShapeMismatch, ValueError, TypeError, LookupError, RecursionError):
        return False
    wanted = [tuple(map(canonical, pair)) for pair in candidate.pairs]
    return bool(found) and all([tuple(map(canonical, pair)) for pair in each.pairs] == wanted for each in found)
