"""A gradient as the sum of what comes back to its array, and what is left of that sum.

In:  the evidence, the wrong gradients.
Out: a `Cause` where a gradient is 0, one step's part, a sum that was begun anew, or arrives at other indices.

A part is what one use of an entry on the way forward gives back; parts are in the order of the way back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from numeric.trace import sweep
from numeric.trace.evidence import Evidence
from numeric.trace.places import Place, Refused
from numeric.trace.proof import Cause
from numeric.trace.residues import NoRoot


class _Part(NamedTuple):
    """`user`: the node that was made from the entry; `place` and `occurrence` of what made that node."""

    user: int
    place: int
    occurrence: int
    value: int


class Parts:
    def __init__(self, evidence: Evidence, names: Iterable[str]) -> None:
        self.evidence, self.tape = evidence, evidence.tape
        self.of: dict[int, list[_Part]] = {int(n): [] for name in names for n in evidence.trace.leaves[name].flat}

        def collect(i: int, k: int, part: int) -> int:
            if (target := self.tape.arguments(i)[k]) in self.of:
                occurrence = evidence.blocks.occurrence[evidence.blocks.of(i)]
                self.of[target].append(_Part(i, self.tape.place[i], occurrence, part % evidence.p))
            return part

        sweep.adjoints(self.tape, evidence.field, evidence.values, evidence.trace.loss, edge=collect)

    def cause(self, name: str) -> Cause | None:
        """Why this gradient is wrong, if parts are left out or at another index."""
        claimed, true = self.evidence.claimed[name], self.evidence.true[name]
        nodes = self.evidence.trace.leaves[name]
        steps = sorted({(part.place, part.occurrence) for n in nodes.flat for part in self.of[int(n)]})
        if not steps or claimed.shape != true.shape:
            return None
        if not claimed.any():
            if len({place for place, _ in steps}) == len(steps):
                return Cause("path", "the gradient is 0, whatever the arrays are")
            text = "the gradient is 0: nothing is left of the sum over steps"
            return Cause("overwritten", text, self._place(steps[0][0]))
        return (
            self._one_step(claimed, true, nodes, steps)
            or self._begun_anew(claimed, nodes)
            or _moved(claimed, true, self.evidence.p)
        )

    def _one_step(self, claimed: Any, true: Any, nodes: Any, steps: Sequence[tuple[int, int]]) -> Cause | None:
        """Only the first or the last step's part, or all but that."""
        if len(steps) < 2:
            return None
        ends = {step: self._of_step(nodes, step) for step in (steps[0], steps[-1])}
        again = {step: sum(step[0] == other[0] for other in steps) > 1 for step in ends}
        which = {step: f"the {'first' if step == steps[0] else 'last'} step's part" for step in ends}
        which |= {step: "this line's part" for step in ends if not again[step]}
        for step, alone in ends.items():
            if np.array_equal(claimed, alone) and (again[step] or self._is_made((true - alone) % self.evidence.p)):
                text = f"only {which[step]} of the sum is left: overwritten instead of accumulated"
                return Cause("overwritten", text, self._place(step[0]))
        for step, alone in ends.items():
            if np.array_equal(claimed, (true - alone) % self.evidence.p):
                kind = "time" if again[step] else "path"
                return Cause(kind, f"{which[step]} of the sum is missing", self._place(step[0]))
        return None

    def _is_made(self, part: Any) -> bool:
        """The way back makes this part, so that it may have been written over."""
        evidence = self.evidence
        back, values = bytearray(not forward for forward in evidence.forward), list(evidence.values)
        try:
            sweep.evaluate(self.tape, evidence.field, values, back, {}, 0)
        except (NoRoot, Refused, ValueError):
            return False
        made = {value for value, mine in zip(values, back, strict=True) if mine}
        return all(int(value) in made for value in part.flat)

    def _of_step(self, nodes: Any, step: tuple[int, int]) -> Any:
        parts = [[part.value for part in self.of[int(n)] if (part.place, part.occurrence) == step] for n in nodes.flat]
        sums = [sum(each) % self.evidence.p for each in parts]
        return np.array(sums, dtype=object).reshape(nodes.shape)

    def _begun_anew(self, claimed: Any, nodes: Any) -> Cause | None:
        """Every entry is what was added to it from some part on, in the order of the way back or against it."""
        keys: tuple[Callable[[_Part], Hashable], ...] = (
            lambda part: (part.place, part.occurrence),
            lambda part: part.user,
        )
        for key, turned in product(keys, (False, True)):
            pairs = zip(nodes.flat, claimed.flat, strict=True)
            begun = [self._begun_at(int(n), int(c), key, turned) for n, c in pairs]
            anew = [
                (int(n), place) for n, place in zip(nodes.flat, begun, strict=True) if place is not None and place >= 0
            ]
            if None not in begun and any(self._occurs_twice(n) for n, _ in anew):
                text = "in some entries only the last parts of the sum are left: overwritten instead of accumulated"
                return Cause("overwritten", text, self._place(anew[0][1]))
        last = self._last_of_each_step(nodes)
        if np.array_equal(claimed, last):
            text = "where an index occurs twice in one step only the last is added; np.add.at adds both"
            return Cause("overwritten", text, self._place(self._repeated(nodes)))
        return None

    def _occurs_twice(self, n: int) -> bool:
        """Some line uses the entry more than once."""
        places = [part.place for part in self.of[n]]
        return len(set(places)) < len(places)

    def _begun_at(self, n: int, claim: int, key: Callable[[_Part], Hashable], turned: bool) -> int | None:
        """The place of the first part that is left; −1 where all are, None where it is no such sum."""
        groups: dict[Hashable, list[_Part]] = defaultdict(list)
        for part in self.of[n]:
            groups[key(part)].append(part)
        total, first = 0, -1
        ordered = [*groups.values()]
        kept = len(ordered)
        for group in ordered if turned else ordered[::-1]:
            total, first, kept = total + sum(part.value for part in group), group[0].place, kept - 1
            if total % self.evidence.p == claim:
                return first if kept else -1
        return None if claim or ordered else -1

    def _last_of_each_step(self, nodes: Any) -> Any:
        """Of the uses of an entry in one array operation that which stands last in it."""
        sums = []
        for n in nodes.flat:
            last: dict[tuple[int, int], _Part] = {}
            for part in sorted(self.of[int(n)]):
                last[part.place, part.occurrence] = part
            sums.append(sum(part.value for part in last.values()) % self.evidence.p)
        return np.array(sums, dtype=object).reshape(nodes.shape)

    def _repeated(self, nodes: Any) -> int:
        for n in nodes.flat:
            steps = [(part.place, part.occurrence) for part in self.of[int(n)]]
            if len(set(steps)) < len(steps):
                return steps[0][0]
        return self.of[int(nodes.flat[0])][0].place

    def _place(self, index: int) -> Place:
        return self.tape.places[index]


def _moved(claimed: Any, true: Any, p: int) -> Cause | None:
    """Along one axis the sum is right: every part arrives, at the wrong index."""
    for axis in range(claimed.ndim):
        total = true.sum(axis=axis) % p  # 0 after a softmax or a normalization, where it says nothing
        if claimed.shape[axis] > 1 and np.all(total) and not np.any((claimed.sum(axis=axis) - total) % p):
            text = f"every part of the sum arrives, but at a wrong index along axis {axis}"
            return Cause("time", text)
    return None
