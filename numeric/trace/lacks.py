"""What a value of the way back may lack: a factor of the forward pass, or a term that comes back to it.

In:  the evidence.
Out: `Lacking`s by the value that lacks them: a part of an adjoint, divided by a factor; an adjoint without one of the
parts that come back to it, or one of them alone; an adjoint on this side of a square matrix.

To extend: a generator in `LACKS`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from numeric.trace import source, sweep
from numeric.trace.evidence import Evidence, sigmoid_argument
from numeric.trace.mended import Known, Making
from numeric.trace.places import Place, Refused, Site
from numeric.trace.tape import Op, Tape

DEEP = 6
FEW, MANY = 3, 6


class Lack(NamedTuple):
    """One kind of omission: `words` name it, `place` is the line of the forward pass that it comes from."""

    kind: str
    words: str
    place: Place
    is_term: bool = False
    others: str = ""
    """More lines that it comes from."""


Where = Mapping[int, int]
"""The first node that has a value."""


class Lacking(NamedTuple):
    """A number that is to be multiplied or added, and how it is made of nodes before the one that lacks it."""

    lack: Lack
    number: int
    making: Callable[[Where, int], Making]
    constant: int = 0
    """1 or −1 where it is that."""

    def put(self, value: int) -> int:
        """What it is with that."""
        return value + self.number if self.lack.is_term else value * self.number


Part = tuple[int, int, int]
"""(user, argument, what that gives back)."""


class Way(NamedTuple):
    """The way back as it should be: every adjoint, and the parts that each is the sum of."""

    evidence: Evidence
    adjoint: list[int]
    parts: Mapping[int, list[Part]]


def lacks(evidence: Evidence) -> dict[int, list[Lacking]]:
    """Whatever has this value may lack one of these."""
    found: dict[int, list[Lacking]] = defaultdict(list)
    way = _way(evidence)
    for make in LACKS:
        for value, lacking in make(way):
            if value and lacking.number != (0 if lacking.lack.is_term else 1):
                found[value].append(lacking)
    return found


def _way(evidence: Evidence) -> Way:
    parts: dict[int, list[Part]] = defaultdict(list)
    tape, p = evidence.tape, evidence.p
    latest: tuple[int, tuple[int, ...]] = (-1, ())

    def collect(i: int, k: int, part: int) -> int:
        nonlocal latest
        if latest[0] != i:
            latest = i, tape.arguments(i)
        parts[latest[1][k]].append((i, k, part % p))
        return part

    adjoint = sweep.adjoints(tape, evidence.field, evidence.values, evidence.trace.loss, edge=collect)
    return Way(evidence, adjoint, parts)


# -- factors -----------------------------------------------------------------------------------


def _partners(way: Way) -> Iterator[tuple[int, Lacking]]:
    """λ of a product, which lacks the other factor."""
    tape, values = way.evidence.tape, way.evidence.values
    for nodes in _operations(way.evidence, [i for i, op in enumerate(tape.ops) if op == Op.MUL]):
        place, sites = tape.place_of(nodes[0]), tape.sites[tape.place[nodes[0]]]
        for side in (0, 1):
            partner = {i: tape.b[i] if side == 0 else tape.a[i] for i in nodes}
            if any(n in tape.constants for n in partner.values()):
                continue
            if any(tape.ops[n] == Op.COND for n in partner.values()):
                lack = Lack("derivative", "the slope of the piecewise function of", place)
            else:
                text = source.factor(sites, 1 - side)
                lack = Lack(
                    "factor", f"the factor {text} of" if text else f"the {('right', 'left')[side]} factor of", place
                )
            for i, n in partner.items():
                yield way.adjoint[i], Lacking(lack, values[n], _times(n))


def _operations(evidence: Evidence, nodes: Sequence[int]) -> Iterator[list[int]]:
    """The forward pass's nodes by what made them: one operation, called on one way; the same, however it is called."""
    exact: dict[int, list[int]] = defaultdict(list)
    for i in nodes:
        if i < len(evidence.forward) and evidence.forward[i]:
            exact[evidence.tape.place[i]].append(i)
    yield from exact.values()
    merged: dict[Site, list[list[int]]] = defaultdict(list)
    for place, members in exact.items():
        merged[evidence.tape.sites[place][0]].append(members)
    yield from ([i for members in groups for i in members] for groups in merged.values() if len(groups) > 1)


def _times(n: int) -> Callable[[Where, int], Making]:
    return lambda where, before: lambda tape, known, made: tape.mul(made, known[n])


def _slopes(way: Way) -> Iterator[tuple[int, Lacking]]:
    """λ of an activation, which lacks its slope or a factor of that."""
    tape, values, p = way.evidence.tape, way.evidence.values, way.evidence.p
    active = {i: "tanh" for i, op in enumerate(tape.ops) if op == Op.TANH}
    active |= {i: "sigmoid" for i in range(len(tape)) if sigmoid_argument(tape, i) is not None}
    for nodes in _operations(way.evidence, list(active)):
        name = active[nodes[0]]
        place, found = tape.place_of(nodes[0]), source.named(tape.sites[tape.place[nodes[0]]])
        one_call = len({tape.place[i] for i in nodes}) == 1
        lacking: dict[str, Lack] = {}
        for i in nodes:
            for text, (number, beside, making) in _slope_factors(name, values[i], i).items():
                if text not in lacking and found and one_call:
                    lacking[text] = Lack("derivative", f"the factor {text.replace('y', found.text)} of", found.place)
                elif text not in lacking:
                    lacking[text] = Lack("derivative", f"the factor {text}, y the {name}, of", place)
                yield way.adjoint[i] * beside % p, Lacking(lacking[text], number % p, making)


def _slope_factors(name: str, y: int, i: int) -> dict[str, tuple[int, int, Callable[[Where, int], Making]]]:
    """(factor, what stands beside it, how it is made)."""

    def one_minus(tape: Tape, n: int) -> int:
        return tape.sub(tape.number(1), n)

    if name == "tanh":
        return {
            "1 - y**2": (
                1 - y * y,
                1,
                lambda where, before: lambda t, known, made: t.mul(made, one_minus(t, t.mul(known[i], known[i]))),
            )
        }
    return {
        "y * (1 - y)": (
            y * (1 - y),
            1,
            lambda where, before: lambda t, known, made: t.mul(made, t.mul(known[i], one_minus(t, known[i]))),
        ),
        "1 - y": (1 - y, y, lambda where, before: lambda t, known, made: t.mul(made, one_minus(t, known[i]))),
        "y": (y, 1 - y, lambda where, before: lambda t, known, made: t.mul(made, known[i])),
    }


# -- terms -------------------------------------------------------------------------------------


def _terms(way: Way) -> Iterator[tuple[int, Lacking]]:
    """An adjoint without what comes back by one operation, or by lines that follow each other; or by one alone."""
    tape, p = way.evidence.tape, way.evidence.p
    lacking: dict[tuple[object, ...], Lack] = {}
    for n, parts in way.parts.items():
        if not way.evidence.forward[n] or tape.ops[n] == Op.CONST or len(parts) < 2:
            continue
        for what, missing in _groups(tape, sorted(parts)):
            term = sum(part for *_, part in missing) % p
            user, k, _ = missing[0]
            mark = what, k >= len(tape.arguments(user)) // 2
            if mark not in lacking:
                lacking[mark] = _term(tape, missing)
            yield (way.adjoint[n] - term) % p, Lacking(lacking[mark], term, _adding(way, missing, term), _sign(term, p))


def _groups(tape: Tape, parts: list[Part]) -> Iterator[tuple[object, list[Part]]]:
    """Some of what comes back, but not all."""
    by_place: dict[int, list[Part]] = defaultdict(list)
    by_line: dict[tuple[str, int], list[Part]] = defaultdict(list)
    for part in parts:
        place = tape.place_of(part[0])
        by_place[tape.place[part[0]]].append(part)
        by_line[place.file, place.line].append(part)
    lines = list(by_line)
    for first, last in combinations(range(len(lines) + 1), 2):
        if last - first < len(lines) <= MANY:
            yield tuple(lines[first:last]), [part for line in lines[first:last] for part in by_line[line]]
    for line in lines if FEW <= len(lines) <= MANY else ():
        yield (line, "alone"), [part for other in lines if other != line for part in by_line[other]]
    for key, some in by_place.items():
        if len(by_place) > len(lines) and len(some) < len(parts):
            yield key, some


def _term(tape: Tape, missing: list[Part]) -> Lack:
    user = missing[0][0]
    one = len({tape.place[u] for u, *_ in missing}) == 1
    text = source.expression(tape.sites[tape.place[user]]) if one else ""
    lines = dict.fromkeys(tape.place_of(u)[:2] for u, *_ in missing)
    others = "".join(f" and {Place(*line)}" for line in list(lines)[1:])
    words = f"what comes back by {text} of" if text else "what comes back by"
    return Lack("path", words, tape.place_of(user), is_term=True, others=others)


def _matrices(way: Way) -> Iterator[tuple[int, Lacking]]:
    """λ of a product with a square matrix, which lacks the product with the transposed one on its way back."""
    tape, p = way.evidence.tape, way.evidence.p
    for nodes in _operations(way.evidence, [i for i, op in enumerate(tape.ops) if op == Op.DOT]):
        place, sites = tape.place_of(nodes[0]), tape.sites[tape.place[nodes[0]]]
        for side, column in ((0, tape.a), (1, tape.b)):
            text = source.operand(sites, 1 - side)
            lack = Lack("path", f"the product with {f'{text}.T' if text else 'the matrix'} of", place, is_term=True)
            products: dict[tuple[int, int], list[int]] = defaultdict(list)
            for i in nodes:
                products[way.evidence.blocks.of(i), column[i]].append(i)
            for (_, group), results in products.items():
                vector = tape.groups[group]
                if len(vector) != len(results) or len(vector) < 2:
                    continue
                back: dict[int, list[Part]] = {n: [part for part in way.parts[n] if part[0] in results] for n in vector}
                for n, result in zip(vector, results, strict=True):
                    total = sum(part for *_, part in back[n]) % p
                    instead = _instead_of(way, back[n], total)
                    yield way.adjoint[result], Lacking(lack, (total - way.adjoint[result]) % p, instead)


def _instead_of(way: Way, parts: list[Part], total: int) -> Callable[[Where, int], Making]:
    def making(where: Where, before: int) -> Making:
        make = _made_from(way, parts, total, where, before, DEEP)
        return lambda tape, known, made: make(tape, known)

    return making


def _adding(way: Way, parts: list[Part], term: int) -> Callable[[Where, int], Making]:
    """The term as a value that was made before, or as the sum of what comes back by each use."""

    def making(where: Where, before: int) -> Making:
        make = _made_from(way, parts, term, where, before, DEEP)
        return lambda tape, known, made: tape.add(made, make(tape, known))

    return making


_Made = Callable[[Tape, Known], int]


def _made_from(way: Way, parts: list[Part], total: int, where: Where, before: int, depth: int) -> _Made:
    """A value as one that was made before, or as the sum of its parts; refused where neither is to be had."""
    if where.get(total, before) < before:
        node = where[total]
        return lambda tape, known: known[node]
    if sign := _sign(total, way.evidence.p):
        return lambda tape, known: tape.number(sign)
    if not depth:
        raise Refused("a term that is not made of what was computed before", None)
    made: list[tuple[_Made, _Back]] = []
    for user, k, _ in parts:
        above = _made_from(way, way.parts[user], way.adjoint[user], where, before, depth - 1)
        made.append((above, _back(way.evidence.tape, user, k)))
    return lambda tape, known: tape.total([back(tape, known, above(tape, known)) for above, back in made])


def _sign(value: int, p: int) -> int:
    return 1 if value == 1 else -1 if value == p - 1 else 0


_Back = Callable[[Tape, Known, int], int]


def _back(tape: Tape, user: int, k: int) -> _Back:
    """What λ of a node becomes on its way to its k-th argument."""
    op, arguments = tape.ops[user], tape.arguments(user)
    if op in (Op.MUL, Op.DOT):
        half = len(arguments) // 2
        partner = arguments[k + half] if k < half else arguments[k - half]
        return lambda t, known, above: t.mul(above, known[partner])
    if op in (Op.ADD, Op.SUM) or (op == Op.SUB and k == 0):
        return lambda t, known, above: above
    if op == Op.SUB:
        return lambda t, known, above: t.sub(t.number(0), above)
    if op == Op.EXP:
        return lambda t, known, above: t.mul(above, known[user])
    if op == Op.INV:
        return lambda t, known, above: t.sub(t.number(0), t.mul(above, t.power(known[user], 2)))
    if op == Op.TANH:
        return lambda t, known, above: t.mul(above, t.sub(t.number(1), t.power(known[user], 2)))
    raise Refused("a term that comes back by a function that is seldom used", None)


LACKS = (_slopes, _partners, _terms, _matrices)
