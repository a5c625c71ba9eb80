"""What the mistake probably was: repairs that are tried until one makes a wrong gradient right.

In:  a trace whose gradient is refuted.
Out: for each wrong gradient a `Cause`: its kind, in words, and the line.

Everything is decided at one random point modulo a prime: a repair counts only if it makes
every entry of the gradient equal.  Four kinds of repair, in this order:

- of the returned arrays: transposed, a factor, two gradients or two blocks of one exchanged;
- of the backward pass, a line at a time: an operand transposed, + and − exchanged, a function
  left out, a factor; the line named is the one that first goes wrong;
- of the derivative, until it goes as wrong as the claim: a path left out, the slope of an activation
  mistaken, a neighbouring time step used, a sum of which one term is left;
- of what the backward pass reads: another gate, another step, where one such cause explains more.

A cause of the third kind is a line of the forward pass; to it comes the line of the way back that is to be
changed, where one change makes everything right (`numeric.trace.mends`).

To extend: a generator in `numeric.trace.repairs`, `numeric.trace.mistakes` or `numeric.trace.omissions`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise, permutations, product
from typing import Any, NamedTuple

import numpy as np

from numeric.trace import sweep
from numeric.trace.evidence import Evidence
from numeric.trace.execute import Trace
from numeric.trace.frontier import wrong_from
from numeric.trace.mends import mend
from numeric.trace.mistakes import MISTAKES
from numeric.trace.omissions import Mistake, paths, windowed
from numeric.trace.parts import Parts
from numeric.trace.places import Place, Refused, TimedOut
from numeric.trace.proof import Cause
from numeric.trace.repairs import REPAIRS
from numeric.trace.rescaled import fraction_of, is_normalized, rescaled, shortens
from numeric.trace.residues import NoRoot
from numeric.trace.substitutes import Substitutes, together
from numeric.trace.sweep import Remade
from numeric.trace.tape import Op

KINDS = ("transpose", "sign", "factor", "path", "derivative", "time", "overwritten", "swapped", "clipping")


def causes(
    trace: Trace, outcomes: Mapping[int, bool], wrong: Iterable[str]
) -> tuple[dict[str, Cause], dict[str, Place | None]]:
    """A likely cause for those wrong gradients that one was found for; of the others the line where they go wrong."""
    search = _Search(Evidence(trace, outcomes), list(wrong))
    search.of_arrays()
    search.plain = set(search.found)
    search.of_claims()
    search.of_backward = {cause for name, cause in search.found.items() if name not in search.plain}
    search.of_derivative()
    search.of_substitutions()
    search.of_mends()
    return search.found, {name: wrong_from(search.evidence, name) for name in search.left}


class _Repair(NamedTuple):
    cause: Cause
    remade: Remade


class _Search:
    """The gradients that are wrong, and the causes found so far."""

    def __init__(self, evidence: Evidence, wrong: list[str]) -> None:
        self.evidence, self.wrong = evidence, wrong
        self.found: dict[str, Cause] = {}
        self.plain: set[str] = set()
        self.of_backward: set[Cause] = set()
        """Causes whose place is the line to be mended."""

    @property
    def left(self) -> list[str]:
        return [name for name in self.wrong if name not in self.found]

    # -- the returned arrays ---------------------------------------------------------------

    def of_arrays(self) -> None:
        """A transpose, a factor, an exchange; or one factor for all, as of clipping by the norm."""
        if rescaled(self.evidence, self.wrong):
            text = "all gradients are the derivatives times one factor, which depends on them"
            self.found = dict.fromkeys(self.wrong, self._clipping(text, self.wrong))
        for name in self.left:
            if cause := self._of_array(name):
                self.found[name] = cause
            elif rescaled(self.evidence, [name]):
                text = "the gradient is the derivative times a factor that depends on it"
                self.found[name] = self._clipping(text, [name])

    def _clipping(self, text: str, names: list[str]) -> Cause:
        if shortens(self.evidence.trace, names):
            return Cause("clipping", f"{text}: clipping by norm", shortens=True)
        if is_normalized(self.evidence, names):
            return Cause("clipping", f"{text}: their norm, whether it is large or not")
        return Cause("factor", f"{text}: not clipping by norm, which shortens what is long")

    def _of_array(self, name: str) -> Cause | None:
        claimed, true = self.evidence.claimed[name], self.evidence.true[name]
        if claimed.shape == true.shape:
            if claimed.ndim == 2 and claimed.shape[0] == claimed.shape[1] and _same(claimed, true.T):
                return Cause("transpose", "the gradient is transposed")
            ratio = _ratio(claimed, true, self.evidence.p)
            if ratio == -1:
                return Cause("sign", "the gradient has the wrong sign")
            if ratio == 1:
                return Cause("clipping", "the gradient is the derivative but where it is clipped", self._clip(name))
            if ratio is not None and ratio != 0:
                return Cause("factor", f"the gradient is {ratio} times the derivative{self._named(ratio)}")
            square = _ratio(claimed, true, self.evidence.p, power=2) if ratio is None else None
            if square:
                return Cause("factor", f"the gradient is ±√({square}) times the derivative")
            if term := self._term(name):
                return term
        if shift := _shifted(claimed, true):
            text = f"the gradient is the derivative moved by {shift}: an index is off by one"
            return Cause("time", text)
        for other, derivative in self.evidence.true.items():
            if other != name and _same(claimed, derivative):
                return Cause("swapped", f"this is the gradient of {other}")
        return self._exchanged_blocks(claimed, true)

    def _term(self, name: str) -> Cause | None:
        """A multiple of the array itself is missing, or one too many, as of weight decay."""
        evidence, nodes = self.evidence, self.evidence.trace.leaves[name]
        values = np.array([evidence.values[int(n)] for n in nodes.flat], dtype=object).reshape(nodes.shape)
        ratio = _ratio((evidence.true[name] - evidence.claimed[name]) % evidence.p, values, evidence.p)
        if not ratio:
            return None
        size = abs(ratio)
        text = f"{'' if size == 1 else f'{size} * '}{name}"
        text = f"the term {text} is missing" if ratio > 0 else f"the term {text} is one too many"
        places = {evidence.tape.place_of(int(n))[:2] for n in evidence.trace.claims[name].flat}
        return Cause("path", text, Place(*places.pop()) if len(places) == 1 else None)

    def _clip(self, name: str) -> Place | None:
        cone = self.evidence.tape.cone([int(n) for n in self.evidence.trace.claims[name].flat])
        return next((self.evidence.tape.place_of(i) for i in self.evidence.tape.clips if cone[i]), None)

    def _named(self, ratio: Fraction) -> str:
        n = ratio.numerator if ratio.denominator == 1 else ratio.denominator if ratio.numerator == 1 else 0
        shapes = {n for nodes in self.evidence.trace.leaves.values() for n in nodes.shape}
        if n < 2 or n not in (self.evidence.sizes if n > 2 else shapes):
            return ""
        mean = f": a mean over {n}" + (" is not taken" if ratio > 1 else " is taken once too often")
        return mean + (f", or a 2 is {'one too many' if ratio > 1 else 'missing'}" if n == 2 else "")

    def _exchanged_blocks(self, claimed: Any, true: Any) -> Cause | None:
        for axis in range(claimed.ndim if claimed.shape == true.shape else 0):
            for count in (4, 3, 2):
                if claimed.shape[axis] % count or claimed.shape[axis] < count:
                    continue
                ours, theirs = np.split(claimed, count, axis), np.split(true, count, axis)
                for order in permutations(range(count)):
                    moved = [k for k in range(count) if order[k] != k]
                    if moved and all(_same(ours[k], theirs[order[k]]) for k in range(count)):
                        which = " and ".join(str(k + 1) for k in moved)
                        return Cause("swapped", f"the blocks {which} of {count} along axis {axis} are exchanged")
        return None

    # -- the backward pass -------------------------------------------------------------------

    def of_claims(self) -> None:
        """A repair that makes most gradients right and none wrong, until none is found."""
        right = [name for name in self.evidence.claimed if name not in self.wrong]
        self._best(self._repairs(), lambda repair: self._repaired(repair, right))

    def _repaired(self, repair: _Repair, right: list[str]) -> list[str]:
        start = min(repair.remade)
        self.evidence.effort -= len(self.evidence.tape) - start
        values = sweep.evaluate(
            self.evidence.tape,
            self.evidence.field,
            list(self.evidence.values),
            self.evidence.claims_cone,
            repair.remade,
            start,
        )
        claimed = self.evidence.read(values)
        if any(not _same(claimed[name], self.evidence.true[name]) for name in right):
            return []
        mended = [name for name in self.wrong if _same(claimed[name], self.evidence.true[name])]
        return mended if any(name in self.left for name in mended) else []

    def _best(self, candidates: Iterator[Any], mended: Callable[[Any], list[str]]) -> None:
        best: tuple[int, Cause | None, list[str]] = (0, None, [])
        for candidate in candidates:
            if not self.left or self.evidence.effort < 0:
                break
            try:
                names = mended(candidate)
            except TimedOut:
                break
            except (NoRoot, Refused, ValueError):
                continue  # with the repair something divides by 0, or a root does not exist at this point
            if len(names) > best[0]:
                best = (len(names), candidate.cause, names)
            if best[0] >= len(self.left) and set(self.left) <= set(best[2]):
                break
        if best[1] is not None:
            self.plain -= set(best[2])
            self.found.update(dict.fromkeys(best[2], best[1]))

    def _repairs(self) -> Iterator[_Repair]:
        mine = [
            i for i in range(len(self.evidence.tape)) if self.evidence.claims_cone[i] and not self.evidence.forward[i]
        ]
        groups = self.evidence.sites(mine)
        for make in REPAIRS:
            for (place, op), nodes in groups.items():
                for kind, text, remade in make(self.evidence, Op(op), nodes):
                    if remade:
                        yield _Repair(Cause(kind, text, place), remade)

    # -- the derivative ------------------------------------------------------------------------

    def of_derivative(self) -> None:
        """A mistake in the derivative that makes it what the code claims."""
        if len(self.left) > 1 and any(self.evidence.claimed[name].any() for name in self.left):
            # without a carry every sum over steps is cut short: one mistake, not as many as there are sums
            self._best(paths(self.evidence), self._all_mistaken)
        self._remaining()
        self._best((m for make in MISTAKES for m in make(self.evidence)), self._mistaken)
        self._windows()

    # -- what is read ---------------------------------------------------------------------------

    def of_substitutions(self) -> None:
        """What was read for another; in place of several causes, where it explains all that they do."""
        wrong = [name for name in self.wrong if name not in self.plain]
        found = {self.found[name] for name in wrong if name in self.found}
        if not self.left and len(found) < 2 and not any(c.kind == "time" and c not in self.of_backward for c in found):
            return
        try:
            substitutions, names = Substitutes(self.evidence, wrong).found()
        except (NoRoot, Refused, ValueError):  # also when the time is over
            return
        if names and (len(names) == len(wrong) or set(names) <= set(self.left)):
            cause = together(substitutions)
            self.found.update(dict.fromkeys(names, cause))
            self.of_backward.add(cause)

    # -- the line to be mended --------------------------------------------------------------------

    def of_mends(self) -> None:
        """The line of the way back, where the cause is a line of the forward pass, or is not known."""
        wrong = [name for name in self.wrong if name not in self.plain]
        causes = {self.found.get(name) for name in wrong}
        if not wrong or any(cause and cause in self.of_backward for cause in causes):
            return
        found = mend(self.evidence, wrong, self.plain)
        if found is None:
            return
        (cause,) = causes if len(causes) == 1 else (None,)
        explained = replace(cause, mend=found.mend) if cause else found
        self.found.update(dict.fromkeys(wrong, explained))

    def _mistaken(self, mistake: Mistake) -> list[str]:
        true = self._derivatives(mistake)
        return [name for name in self.left if _same(self.evidence.claimed[name], true[name])]

    def _derivatives(self, mistake: Mistake) -> dict[str, Any]:
        self.evidence.effort -= len(self.evidence.tape)
        adjoint = sweep.adjoints(
            self.evidence.tape,
            self.evidence.field,
            self.evidence.values,
            self.evidence.trace.loss,
            mistake.slope,
            mistake.edge,
        )
        return self.evidence.by_name(adjoint)

    def _all_mistaken(self, mistake: Mistake) -> list[str]:
        names = self._mistaken(mistake)
        return names if names == self.left else []

    def _windows(self) -> None:
        """What goes back is a polynomial in the weight of a crossing; of that the first terms are left."""
        p, names = self.evidence.p, self.left
        for family in windowed(self.evidence):
            if not self.left or self.evidence.effort < 0:
                return
            weights = range(family.crossings + 1)
            sampled = [self._derivatives(Mistake(family.cause(0), edge=family.edge(weight))) for weight in weights]
            for name in names:
                terms = _terms([found[name] for found in sampled], p)
                sums = [sum(terms[: n + 1]) % p for n in range(1, family.crossings)]
                kept = next((n for n, s in enumerate(sums, 1) if _same(self.evidence.claimed[name], s)), None)
                if kept is not None:
                    self.found.setdefault(name, family.cause(kept))

    def _remaining(self) -> None:
        """Gradients of which only parts are left of the sum that they are."""
        parts = Parts(self.evidence, self.left)
        for name in self.left:
            if cause := parts.cause(name):
                self.found[name] = cause


def _terms(sampled: list[Any], p: int) -> list[Any]:
    """The coefficients of the polynomial that has these values at 0, 1, 2, …"""
    terms: list[Any] = [0 * sampled[0] for _ in sampled]
    basis = [1] + [0] * (len(sampled) - 1)  # the product of x − 0, x − 1, …
    differences = list(sampled)
    for k in range(len(sampled)):
        terms = [(term + differences[0] * c) % p for term, c in zip(terms, basis, strict=True)]
        scale = pow(k + 1, -1, p)
        differences = [(b - a) * scale % p for a, b in pairwise(differences)]
        basis = [((basis[j - 1] if j else 0) - k * c) % p for j, c in enumerate(basis)]
    return terms


def _same(left: Any, right: Any) -> bool:
    return left.shape == right.shape and bool(np.all(left == right))


def _shifted(claimed: Any, true: Any) -> str:
    """One place along one axis, or along some of two or three, whatever stands at the border."""
    if claimed.shape != true.shape or not 0 < claimed.ndim <= 3 or max(claimed.shape) < 3:
        return ""
    for steps in product((0, 1, -1), repeat=claimed.ndim):
        here = tuple(slice(max(s, 0), n + min(s, 0)) for s, n in zip(steps, claimed.shape, strict=True))
        there = tuple(slice(max(-s, 0), n + min(-s, 0)) for s, n in zip(steps, claimed.shape, strict=True))
        found = true[there]
        if any(steps) and len(set(found.flat)) > 1 and _same(claimed[here], found):
            return " and ".join(f"{s:+} along axis {axis}" for axis, s in enumerate(steps) if s)
    return ""


def _ratio(claimed: Any, true: Any, p: int, power: int = 1) -> Fraction | None:
    """The simple fraction by which, or by a root of which, every entry of one differs from that of the other."""
    pairs = [(int(c), int(t)) for c, t in zip(claimed.flat, true.flat, strict=True)]
    first = next(((c, t) for c, t in pairs if t), None)
    if first is None:
        return None
    residue = first[0] * pow(first[1], -1, p) % p
    if any(c != residue * t % p for c, t in pairs):
        return None
    return fraction_of(pow(residue, power, p), p)
