"""Small edits of a wrong formula that make it right.

In:  the two sides as syntax, and the scope.
Out: the right side that is proved, as LaTeX; None where no small edit is.
Edits are tried alone and in pairs, each at one place or at all places alike, the smallest
first; the modular second opinion throws out nearly all before anything is proved.
"""

from __future__ import annotations

from collections.abc import Iterator

from symbolic import terms as f
from symbolic.reader.scope import Scope
from symbolic.reader.syntax import Node
from symbolic.terms import Term


def repair(left: Node, right: Node, scope: Scope) -> str | None:
    return None


def contributions(gradient: Term, scope: Scope) -> Iterator[tuple[str, Term]]:
    """The parts of a gradient, by the value that each comes through."""
    model = scope.model
    if model is None or not isinstance(gradient, f.Derivative) or gradient.of != f.LOSS or gradient.by.step is None:
        return
    by = gradient.by
    for shift in (0, 1):
        parts = []
        for eq in model.equations:
            used = [
                s for s in f.subterms(eq.right) if isinstance(s, f.Var) and s.name == by.name and s.step is not None
            ]
            if any(s.step is not None and s.step.offset == -shift for s in used) and eq.left.axes:
                through = eq.left[by.step + shift]  # type: ignore[operator]
                parts.append((str(through), f.MatMul(f.grad(through), f.immediate(through, by))))
        yield from parts
        if len(parts) > 1:
            total: Term = parts[0][1]
            for _, part in parts[1:]:
                total = f.Add(total, part)
            yield " and ".join(name for name, _ in parts), total
