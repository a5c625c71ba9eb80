"""Mistakes in a derivative: what the person may have done.

In:  the evidence.
Out: `Mistake`s: a cause, and how reverse accumulation goes wrong by it.

To extend: a generator in `MISTAKES`; those that are tried first stand first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from numeric.trace.evidence import Evidence, sigmoid_argument
from numeric.trace.omissions import SIDES, Mistake, carries, edge_of, paths, truncated
from numeric.trace.proof import Cause
from numeric.trace.sweep import Edge, Slope
from numeric.trace.tape import Op, Tape


def _missing_factors(evidence: Evidence) -> Iterator[Mistake]:
    """The other factor of a product is left out on the way back."""
    tape = evidence.tape
    for (place, _), nodes in evidence.forward_sites(Op.MUL).items():
        for side in (0, 1):
            if all(tape.ops[_partner(tape, i, side)] == Op.COND for i in nodes):
                cause = Cause("derivative", "the derivative of the piecewise function is missing", place)
            else:
                text = f"the {SIDES[Op.MUL][1 - side]} of this line is missing on the way back"
                cause = Cause("factor", text, place)
            yield Mistake(cause, edge=edge_of(tape, nodes, side, _other(evidence, lambda v: 1)))


def _complements(evidence: Evidence) -> Iterator[Mistake]:
    """1 − z for z, or z for 1 − z."""
    tape, p = evidence.tape, evidence.p
    for (place, _), nodes in evidence.forward_sites(Op.MUL).items():
        for side in (0, 1):
            if any(tape.a[i] == tape.b[i] or _partner(tape, i, side) in tape.constants for i in nodes):
                continue
            which = SIDES[Op.MUL][1 - side]
            text = f"1 − the {which} of this line is taken for it on the way back, or the other way round"
            edge = edge_of(tape, nodes, side, _other(evidence, lambda v: (1 - v) % p))
            yield Mistake(Cause("swapped", text, place), edge=edge)


def _before_activation(evidence: Evidence) -> Iterator[Mistake]:
    """What is activated in the other factor of a product is taken before its activation: c for tanh(c)."""
    tape, p, values = evidence.tape, evidence.p, evidence.values
    for (place, _), nodes in evidence.forward_sites(Op.MUL).items():
        for side in (0, 1):
            inside = {i: _argument(tape, _partner(tape, i, side)) for i in nodes}
            if None in inside.values():
                continue

            def edge(i: int, k: int, part: int, inside: Any = inside) -> int:
                return int(part * pow(values[_partner(tape, i, k)], -1, p) * values[inside[i]] % p)

            text = f"the {SIDES[Op.MUL][1 - side]} of this line is taken before its activation on the way back"
            yield Mistake(Cause("derivative", text, place), edge=edge_of(tape, nodes, side, edge))


def _argument(tape: Tape, i: int) -> int | None:
    return tape.a[i] if tape.ops[i] == Op.TANH else sigmoid_argument(tape, i)


def _other(evidence: Evidence, instead: Callable[[int], int]) -> Edge:
    """The part that goes back, with another number for the other factor."""

    def edge(i: int, k: int, part: int) -> int:
        v = evidence.values[_partner(evidence.tape, i, k)]
        return part * pow(v, -1, evidence.p) * instead(v) % evidence.p if v else part

    return edge


def _slopes(evidence: Evidence) -> Iterator[Mistake]:
    """The derivative of an activation, mistaken."""
    tape, p, values = evidence.tape, evidence.p, evidence.values
    arguments = {i: ("tanh", tape.a[i]) for i in range(len(evidence.forward)) if tape.ops[i] == Op.TANH}
    for i in range(len(tape)):
        if (x := sigmoid_argument(tape, i)) is not None:
            arguments[i] = "sigmoid", x
    active = [i for i in arguments if evidence.forward[i]]
    for (place, _), members in evidence.sites(active).items():
        name = arguments[members[0]][0]
        nodes = {i: arguments[i][1] for i in members}
        for text, wrong in _WRONG_SLOPES[name].items():
            ratio = {}
            for i, x in nodes.items():
                y = values[i]
                right = (1 - y * y) if name == "tanh" else y * (1 - y)
                again = _activated(evidence, name, y)
                ratio[i] = wrong(values[x], y, again) * pow(right, -1, p) % p
            yield Mistake(Cause("derivative", text, place), slope=_times(ratio))
        for steps in (-1, 1):
            ratio = {}
            for i in nodes:
                other = evidence.blocks.shifted(i, steps)
                y, z = values[i], values[other] if other is not None else 0
                right, mistaken = ((1 - y * y), (1 - z * z)) if name == "tanh" else (y * (1 - y), z * (1 - z))
                ratio[i] = mistaken * pow(right, -1, p) % p
            text = f"the slope of {name} is that of the step {'before' if steps < 0 else 'after'}"
            yield Mistake(Cause("time", text, place), slope=_times(ratio))


_WRONG_SLOPES: dict[str, dict[str, Callable[[int, int, int], int]]] = {
    "tanh": {
        "the derivative of tanh is missing": lambda x, y, again: 1,
        "the derivative of tanh is taken of what is tanh already: 1 − tanh(h)²": lambda x, y, again: 1 - again * again,
        "the derivative of tanh is taken as 1 − x² of the pre-activation": lambda x, y, again: 1 - x * x,
        "the derivative of tanh is taken as 1 − h": lambda x, y, again: 1 - y,
        "the derivative of tanh is taken as (1 − h)²": lambda x, y, again: (1 - y) ** 2,
        "the derivative of tanh is taken as h·(1 − h)": lambda x, y, again: y * (1 - y),
        "the derivative of tanh is taken as 1 + h²": lambda x, y, again: 1 + y * y,
        "the derivative of tanh is taken as h² − 1": lambda x, y, again: y * y - 1,
        "the derivative of tanh is taken twice": lambda x, y, again: (1 - y * y) ** 2,
    },
    "sigmoid": {
        "the derivative of the sigmoid is missing": lambda x, y, again: 1,
        "the derivative of the sigmoid is taken of what is a sigmoid already": lambda x, y, again: again * (1 - again),
        "the derivative of the sigmoid is taken as x·(1 − x) of the pre-activation": lambda x, y, again: x * (1 - x),
        "the derivative of the sigmoid is taken as 1 − s": lambda x, y, again: 1 - y,
        "the derivative of the sigmoid is taken as s": lambda x, y, again: y,
        "the derivative of the sigmoid is taken as 1 − s²": lambda x, y, again: 1 - y * y,
        "the derivative of the sigmoid is taken as s·(1 + s)": lambda x, y, again: y * (1 + y),
        "the derivative of the sigmoid is taken as s·(s − 1)": lambda x, y, again: y * (y - 1),
        "the derivative of the sigmoid is taken twice": lambda x, y, again: (y * (1 - y)) ** 2,
    },
}


def _activated(evidence: Evidence, name: str, y: int) -> int:
    """The activation of what is activated already, where the code has computed it; otherwise a number of its own."""
    return evidence.again.get((name, y), evidence.field.random("again", y))


def _times(ratio: Mapping[int, int]) -> Slope:
    return lambda i, adjoint, _: adjoint * ratio[i] if i in ratio else adjoint


def _softmaxes(evidence: Evidence) -> Iterator[Mistake]:
    """Of a softmax exp(x)/Σ exp(x) only what each entry does to itself, or nothing at all."""
    tape, p, values = evidence.tape, evidence.p, evidence.values
    for (place, _), nodes in evidence.forward_sites(Op.MUL).items():
        ratios = {e: (i, inverse) for i in nodes for e, inverse in _ratio(tape, i)}
        if len(ratios) != len(nodes) or len(nodes) < 2:
            continue
        for text, wrong in (
            ("the derivative of softmax is taken as p·(1 − p): what it does to the other entries is missing", 1),
            ("the derivative of softmax is missing", 0),
        ):

            def slope(i: int, adjoint: int, every: Sequence[int], ratios: Any = ratios, wrong: int = wrong) -> int:
                if i not in ratios:
                    return adjoint
                of, inverse = ratios[i]
                back = every[of] * (values[inverse] * (1 - values[of]) if wrong else pow(values[i], -1, p))
                return int(back % p)

            yield Mistake(Cause("derivative", text, place), slope=slope)


def _ratio(tape: Tape, i: int) -> Iterator[tuple[int, int]]:
    """e and 1/s where the node is e/s for an exponential e, which is a term of s."""
    for e, inverse in ((tape.a[i], tape.b[i]), (tape.b[i], tape.a[i])):
        if tape.ops[e] == Op.EXP and tape.ops[inverse] == Op.INV and e in tape.arguments(tape.a[inverse]):
            yield e, inverse


def _neighbours(evidence: Evidence) -> Iterator[Mistake]:
    """The value of a neighbouring step, where a product's derivative takes the other factor."""
    tape = evidence.tape
    for (place, op), nodes in evidence.forward_sites(Op.DOT, Op.MUL).items():
        for side in (0, 1):
            for steps in (-1, 1):
                for wraps in (False, True):
                    when = "before" if steps < 0 else "after"
                    text = f"the {SIDES[Op(op)][1 - side]} of this line is taken from the step {when}"
                    edge = edge_of(tape, nodes, side, _moved(evidence, steps, wraps))
                    yield Mistake(Cause("time", text, place), edge=edge)


def _moved(evidence: Evidence, steps: int, wraps: bool) -> Edge:
    values, p = evidence.values, evidence.p

    def edge(i: int, k: int, part: int) -> int:
        partner = _partner(evidence.tape, i, k)
        moved = _neighbour(evidence, i, k, partner, steps, wraps)
        return part * pow(values[partner], -1, p) * (0 if moved is None else values[moved]) % p if part else part

    return edge


def _exchanges(evidence: Evidence) -> Iterator[Mistake]:
    """What comes back to two of the equal parts of a line's result is exchanged, as of two gates."""
    for (place, _), nodes in evidence.forward_sites(Op.ADD, Op.DOT, Op.SUM).items():
        blocks = sorted({evidence.blocks.of(i) for i in nodes})
        lengths = {evidence.blocks.ends[b] - evidence.blocks.starts[b] for b in blocks}
        for width in sorted(
            {n for n in evidence.sizes if all(length % n == 0 for length in lengths)} | lengths, reverse=True
        ):
            for count in (4, 3, 2):
                if width % count or width <= count or len(lengths) != 1:
                    continue
                for a, b in combinations(range(count), 2):
                    partner: dict[int, int] = {}
                    for block in blocks:
                        partner |= _exchanged(evidence.blocks.starts[block], lengths, width, count, a, b)
                    text = f"what comes back to the parts {a + 1} and {b + 1} of {count} of this line is exchanged"
                    yield Mistake(Cause("swapped", text, place), slope=_instead(partner))


def _exchanged(start: int, lengths: set[int], width: int, count: int, a: int, b: int) -> dict[int, int]:
    """The counterpart of every node in parts a and b of each row."""
    part = width // count
    found = {}
    for row in range(start, start + next(iter(lengths)), width):
        for k in range(part):
            found[row + a * part + k], found[row + b * part + k] = row + b * part + k, row + a * part + k
    return found


def _instead(partner: Mapping[int, int]) -> Slope:
    return lambda i, adjoint, every: every[partner[i]] if i in partner else adjoint


def _partner(tape: Tape, i: int, k: int) -> int:
    """The other factor of the k-th argument of a product."""
    arguments = tape.arguments(i)
    half = len(arguments) // 2
    return arguments[k + half] if k < half else arguments[k - half]


def _neighbour(evidence: Evidence, i: int, k: int, partner: int, steps: int, wraps: bool) -> int | None:
    """The same factor of the same line at a neighbouring step; at the end of the sequence what follows it there."""
    other = evidence.blocks.shifted(i, steps)
    if other is not None:
        return _partner(evidence.tape, other, k) if evidence.tape.ops[other] == evidence.tape.ops[i] else None
    beyond = evidence.blocks.shifted(partner, steps)
    if beyond is not None or not wraps:
        return beyond
    series = evidence.blocks.series[evidence.blocks.keys[evidence.blocks.of(i)]]
    first = evidence.blocks.starts[series[0 if steps > 0 else -1]] + i - evidence.blocks.starts[evidence.blocks.of(i)]
    return _partner(evidence.tape, first, k) if evidence.tape.ops[first] == evidence.tape.ops[i] else None


MISTAKES = (
    _slopes,
    paths,
    carries,
    _softmaxes,
    _missing_factors,
    _before_activation,
    _neighbours,
    _complements,
    _exchanges,
    truncated,
)
