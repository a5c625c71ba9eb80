"""The same identity decided exactly, where it is within reach.

In:  a trace that is proved modulo a prime, and how comparisons come out.
Out: the names of the gradients that are proved exactly, in the normal form of `symbolic.normal_form`.

tanh, 1/(1 + exp), logarithms, maxima and comparisons are free symbols of their arguments, other
exponentials obey exp(a + b) = exp(a)exp(b).  A longer value of the forward pass becomes a symbol
of its own, and so does each longer adjoint, once what the code computed in its place has been
proved to be it: so identities stay as short as one step of the recurrence.  What holds for
free symbols holds for what they stand for.  Where this does not succeed, the proof modulo
a prime is what there is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from numeric.trace import sweep
from numeric.trace.execute import Trace
from numeric.trace.places import Refused
from numeric.trace.residues import Residues
from numeric.trace.tape import Op, Tape
from symbolic.normal_form import Budget, OutOfReach, Poly, Ring

OPERATIONS = 400_000
NODES = 20_000
SHORT = 3


def exactly_proved(
    trace: Trace, wanted: bytearray, outcomes: Mapping[int, bool], field: Residues, residues: Sequence[int]
) -> set[str]:
    """Those gradients whose difference from the derivative is the zero polynomial.

    `residues`: the tape at a random point, which says what to compare with what.
    """
    if len(trace.tape) > NODES:
        return set()
    try:
        return _Proof(trace, wanted, outcomes).proved(sweep.adjoints(trace.tape, field, residues, trace.loss), residues)
    except (OutOfReach, ZeroDivisionError, Refused):
        return set()


class _Proof:
    def __init__(self, trace: Trace, wanted: bytearray, outcomes: Mapping[int, bool]) -> None:
        self.trace, self.tape, self.wanted = trace, trace.tape, wanted
        self.field = _Polynomials(outcomes)
        self.field.begin(self.tape)
        self.values: list[Any] = [0] * len(self.tape)
        self.definitions: dict[int, Poly] = {}

    def proved(self, adjoint_residues: Sequence[int], residues: Sequence[int]) -> set[str]:
        forward = self.tape.cone([self.trace.loss])
        self._forwards(forward)
        adjoint = sweep.adjoints(self.tape, self.field, self.values, self.trace.loss, slope=self._named)
        maxima: dict[Any, Any] = defaultdict(int)
        for i, op in enumerate(self.tape.ops):
            if op == Op.MAX and forward[i]:
                maxima[self.values[i].key()] += adjoint[i]
        if not all(map(self.field.is_zero, maxima.values())):
            return set()
        # Of nodes with one adjoint the last is where it is written out; the others have its symbol.
        places = {adjoint_residues[i]: i for i in reversed(self.definitions)}
        for i in range(len(self.tape)):
            if self.wanted[i] and not forward[i]:
                self.values[i] = self._recognized(
                    sweep.value(self.tape, self.field, self.values, i), places, residues[i]
                )
        return {name for name in self.trace.claims if self._agrees(name, adjoint)}

    def _forwards(self, forward: bytearray) -> None:
        for i in range(len(self.tape)):
            if forward[i]:
                self.values[i] = self.field.named("value", sweep.value(self.tape, self.field, self.values, i))

    def _named(self, i: int, adjoint: Poly, _: Sequence[Any]) -> Poly:
        """The adjoint that is passed on: a symbol of its own where it is longer."""
        self.definitions[i] = adjoint
        return self.field.named("adjoint", adjoint)

    def _recognized(self, value: Poly, places: Mapping[int, int], residue: int) -> Poly:
        """What the code computed: the adjoint, or the value of the forward pass, that it turns out to be."""
        i = places.get(residue)
        if i is None:
            return self.field.known(value)
        definition = self.definitions[i]
        if self.field.is_zero(value - definition) or self.field.is_zero(value - self.field.written_out(definition)):
            return self.field.named("adjoint", definition)
        return self.field.known(value)

    def _agrees(self, name: str, adjoint: Sequence[Any]) -> bool:
        sides = zip(self.trace.claims[name].flat, self.trace.leaves[name].flat, strict=True)
        for claim, leaf in sides:
            true = self.field.reduced(adjoint[int(leaf)])
            if not any(
                self.field.is_zero(self.values[claim] - side) for side in (true, self.field.named("adjoint", true))
            ):
                return False
        return True


class _Polynomials:
    """A field whose numbers are polynomials; `outcomes` says how some comparisons come out."""

    values: list[Any]

    def __init__(self, outcomes: Mapping[int, bool]) -> None:
        self.ring, self.outcomes = Ring(budget=Budget(OPERATIONS)), outcomes
        self.names: dict[Any, Poly] = {}
        self.meanings: dict[int, Poly] = {}

    def begin(self, tape: Tape) -> None:
        self.tape = tape
        self.sigmoids = {e for i, op in enumerate(tape.ops) if op == Op.INV and (e := _one_plus_exp(tape, tape.a[i]))}

    def named(self, kind: str, value: Poly) -> Poly:
        """A symbol for a polynomial that is not short."""
        if len(value.terms) <= SHORT:
            return value
        symbol = self.ring.generator((kind, value.key()))
        if kind == "value":
            self.names[value.key()] = symbol
        else:
            self.meanings[next(iter(symbol.terms))] = value
        return symbol

    def written_out(self, value: Poly) -> Poly:
        """With the meaning of the adjoints' symbols that stand alone in a term, such as in −λ."""
        parts = (
            self.meanings[monomial] * c
            if monomial in self.meanings
            else Poly(self.ring, {monomial: c}, value.reach, value.curved)
            for monomial, c in value.terms.items()
        )
        return self.ring.sum(parts)

    def known(self, value: Poly) -> Poly:
        """The symbol that this polynomial has already."""
        return self.names.get(value.key(), value) if len(value.terms) > SHORT else value

    def is_zero(self, value: Poly | int) -> bool:
        return self.ring.is_zero(self.ring.poly(value))

    def number(self, i: int) -> Poly:
        return self.ring.number(self.tape.constants[i])

    def leaf(self, i: int) -> Poly:
        return self.ring.generator(("leaf", i))

    def reduced(self, value: Poly | int) -> Poly:
        return self.ring.poly(value)

    def inverse(self, value: Poly, i: int) -> Poly:
        return self.ring.inverse(value)

    def function(self, op: Op, value: Poly, i: int) -> Poly:
        if op == Op.SQRT:
            raise OutOfReach("square roots")
        if i in self.sigmoids:
            # s = 1/(1 + e) is the generator and e = 1/s − 1: then nothing but s is divided by.
            return self.ring.inverse(self.ring.generator(("sigmoid", value.key()))) - 1
        return self.ring.function(op.name.lower(), value)

    def maximum(self, values: Sequence[Poly], i: int) -> Poly:
        return self.ring.generator(("max", frozenset(value.key() for value in values)))

    def largest(self, i: int) -> None:
        return None

    def positive(self, value: Poly, i: int) -> Poly:
        if i in self.outcomes:
            return self.ring.number(Fraction(self.outcomes[i]))
        if not value.terms:
            return value
        if value.terms[min(value.terms)] < 0:
            return 1 - self.ring.generator(("> 0", (-value).key()))
        return self.ring.generator(("> 0", value.key()))


def _one_plus_exp(tape: Tape, i: int) -> int | None:
    """The node exp(x) of 1 + exp(x)."""
    if tape.ops[i] != Op.ADD or 1 not in (tape.constants.get(tape.a[i]), tape.constants.get(tape.b[i])):
        return None
    return next((n for n in (tape.a[i], tape.b[i]) if tape.ops[n] == Op.EXP), None)
