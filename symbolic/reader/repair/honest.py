"""Whether a proved formula says something: no summand that is 0 or cancels, no ∂x/∂x, and not the same on both sides.

In:  a candidate that is proved, the sides of it that were made, and whether two terms agree.
Out: a truth value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations

from symbolic import terms as f
from symbolic.reader.candidates import Candidate
from symbolic.reader.canonical import canonical
from symbolic.terms import Term

Agree = Callable[[Term, Term], bool]


def is_honest(candidate: Candidate, left_is_made: bool, is_part: bool, agree: Agree) -> bool:
    """Whether each pair is an equation that its author could mean.

    The left side is looked at if it was made too; where it is a part of a gradient (`is_part`) it is not written.
    """
    for left, right in candidate.pairs:
        made = (left, right) if left_is_made else (right,)
        if (canonical(left) == canonical(right) and not is_part) or any(_is_padded(side, agree) for side in made):
            return False
    return True


def _is_padded(term: Term, agree: Agree) -> bool:
    """Whether a sum in it has a summand that is 0 or that another one cancels, or a factor is ∂x/∂x."""
    if any(isinstance(part, f.Derivative) and part.of == part.by for part in f.subterms(term)):
        return True
    for whole in _sums(term):
        summands = list(_summands(whole))
        if any(_has_derivative(each) and agree(each, f.Mul(f.term(0), each)) for each in summands):
            return True
        if any(_cancel(a, b) for a, b in combinations(map(_signed, summands), 2)):
            return True
    return False


def _sums(term: Term) -> Iterator[Term]:
    """The sums that a term holds, each as a whole."""
    if isinstance(term, f.Add):
        yield term
        for each in _summands(term):
            yield from _sums(each)
        return
    for value in vars(term).values():
        if isinstance(value, Term):
            yield from _sums(value)


def _summands(term: Term, sign: int = 1) -> Iterator[Term]:
    """The summands with their signs."""
    if isinstance(term, f.Add):
        yield from _summands(term.left, sign)
        yield from _summands(term.right, sign)
    elif isinstance(term, f.Neg):
        yield from _summands(term.arg, -sign)
    else:
        yield term if sign > 0 else f.Neg(term)


def _signed(term: Term) -> tuple[bool, object]:
    """Whether it has a minus, and what is behind that."""
    match canonical(term):
        case ("·", tuple(scalars), core):
            others = tuple(each for each in scalars if each != "-1")
            return (len(scalars) - len(others)) % 2 == 1, ("·", others, core) if others else core
        case found:
            return False, found


def _cancel(a: tuple[bool, object], b: tuple[bool, object]) -> bool:
    return a[0] != b[0] and a[1] == b[1]


def _has_derivative(term: Term) -> bool:
    return any(isinstance(part, f.Derivative) for part in f.subterms(term))
