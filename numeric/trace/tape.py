"""What somebody's code computed, one node for every scalar, in the order of computing.

In:  operations on nodes, as the code performs them.
Out: `Tape`: for every node its operation, its arguments and the source line that asked for it.

A node is an index.  Nodes are never removed and arguments always come before what is made
from them, so that a sweep over the indices evaluates forwards or accumulates backwards.
Sums and inner products are one node each; their arguments are tuples that a matrix product
shares between its entries, which keeps the tape small: about 40 bytes a node.

To extend: a new operation is a member of `Op`, a rule in `numeric.trace.sweep` (value and
partial derivatives), one in each arithmetic of `numeric.trace.fields`.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Sequence
from enum import Enum, IntEnum
from fractions import Fraction
from functools import reduce
from math import isqrt
from typing import Any, NamedTuple

from numeric.trace.constants import meant
from numeric.trace.places import Place, Refused, Site, TimedOut, calling_place, calling_sites


class Op(IntEnum):
    """`a`, `b` are nodes, `A`, `B` tuples of nodes."""

    LEAF = 0
    CONST = 1
    ADD = 2
    SUB = 3
    MUL = 4
    INV = 5
    POW = 6
    DOT = 7
    SUM = 8
    EXP = 9
    LOG = 10
    TANH = 11
    SQRT = 12
    MAX = 13
    COND = 14


FUNCTIONS = {"exp": Op.EXP, "log": Op.LOG, "tanh": Op.TANH, "sqrt": Op.SQRT}


class Maxima(Enum):
    """What a maximum of symbols is: a symbol of its own, a sum over its entries by comparisons, a branch."""

    FREE = "free"
    WRITTEN_OUT = "written out"
    DECIDED = "decided"


class Decision(NamedTuple):
    """A comparison that the code's control flow depends on, and how it came out on this path."""

    node: int
    place: Place
    outcome: bool


class Clip(NamedTuple):
    """What bounds a value: the comparison is `inside` where nothing is clipped; ±∞ where there is no bound."""

    inside: bool
    low: Fraction | float
    high: Fraction | float

    @property
    def shortens(self) -> bool:
        """Clipped values are nearer to 0 and keep their sign, which holds only if 0 lies strictly inside."""
        return self.low < 0 < self.high

    @property
    def has_both_ends(self) -> bool:
        return isinstance(self.low, Fraction) and isinstance(self.high, Fraction)

    def __str__(self) -> str:
        if not isinstance(self.low, Fraction):
            return f"where all is below {float(self.high):.{DIGITS}g}"
        if not isinstance(self.high, Fraction):
            return f"where all is above {float(self.low):.{DIGITS}g}"
        return f"where all is between {float(self.low):.{DIGITS}g} and {float(self.high):.{DIGITS}g}"


class Block(NamedTuple):
    """The nodes that one array operation made: `start` up to the next block's start."""

    start: int
    place: int
    name: str


ANYTHING = ""
EMPTY = "an array made by np.empty is read before it is written"
NEAR = 60
DIGITS = 12


class Tape:
    """The nodes, the leaves by name, the branches taken."""

    def __init__(self, path: Sequence[bool] = (), deadline: float | None = None, largest: Maxima = Maxima.FREE) -> None:
        self.largest = largest
        self.maxima: dict[int, tuple[int, ...]] = {}
        """The nodes that are maxima, and of which nodes they are the largest."""
        self.told_apart: set[int] = set()
        """Maxima of which entries have been taken to differ."""
        self.ops = array("b")
        self.a, self.b, self.place = array("q"), array("q"), array("i")
        self.groups: list[tuple[int, ...]] = []
        self.constants: dict[int, Fraction] = {}
        self.rounded: set[int] = set()
        self.unknown: dict[int, str] = {}
        """The nodes that may be any number, and why."""
        self.vanishing: frozenset[int] = frozenset()
        """Exponentials that are taken for 0, as of a score from which a mask has taken 10⁹."""
        self.infinite: dict[int, int] = {}
        """The nodes of −∞ and ∞, as a mask of attention holds them, with their signs; nothing is made from them."""
        self.places: list[Place] = []
        self.sites: list[tuple[Site, ...]] = []
        """For each place where its operation stands, and the calls that lead there."""
        self.leaves: list[tuple[str, tuple[int, ...]]] = []
        self.decisions: list[Decision] = []
        self.blocks: list[Block] = []
        self.clips: dict[int, Clip] = {}
        """The comparisons with the bounds of a clip."""
        self.choices: dict[int, tuple[int, int, int]] = {}
        """Nodes that are one of two others, by a comparison: (comparison, where it holds, where not)."""
        self._path, self.deadline = list(path), deadline
        self._numbers: dict[tuple[Fraction, bool], int] = {}
        self._conditions: dict[tuple[int, int, Fraction], int] = {}
        self._place_ids: dict[Place, int] = {}
        self._current = -1

    def __len__(self) -> int:
        return len(self.ops)

    # -- where we are in somebody's source -------------------------------------------------

    def enter(self, name: str) -> int:
        """Begin an array operation; what it makes belongs to the line that asked.  Returns what `leave` wants."""
        before = self._current
        if before < 0:
            self._current = self._here()
            self.blocks.append(Block(len(self.ops), self._current, name))
        return before

    def leave(self, before: int) -> None:
        """End an array operation."""
        self._current = before

    def at(self, place: int) -> None:
        """What is made from now on belongs to this line."""
        self._current = place

    def here(self) -> Place:
        """The line that is asking."""
        return self.places[self._current if self._current >= 0 else self._here()]

    def place_of(self, node: int) -> Place:
        """The line that asked for a node."""
        return self.places[self.place[node]]

    def _here(self) -> int:
        self.check_time("the code was being run")
        place = calling_place()
        if place not in self._place_ids:
            self._place_ids[place] = len(self.places)
            self.places.append(place)
            self.sites.append(calling_sites())
        return self._place_ids[place]

    def check_time(self, doing: str) -> None:
        """Raise TimedOut when the time is over."""
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise self.timed_out(doing, self.places[-1] if self.places else None)

    def timed_out(self, doing: str, place: Place | None) -> TimedOut:
        """How far it came."""
        return TimedOut(f"the time is over after {len(self.ops):,} operations, while {doing}", place)

    # -- making nodes ----------------------------------------------------------------------

    def node(self, op: Op, a: int = 0, b: int = 0) -> int:
        """A new node."""
        place = self._current
        if place < 0:
            place = self._here()
            self.blocks.append(Block(len(self.ops), place, op.name.lower()))
        self.ops.append(op)
        self.a.append(a)
        self.b.append(b)
        self.place.append(place)
        return len(self.ops) - 1

    def leaf(self, name: str, position: tuple[int, ...]) -> int:
        """A free variable: one entry of an array that the code was given."""
        self.leaves.append((name, position))
        return self.node(Op.LEAF, len(self.leaves) - 1)

    def anything(self, why: str) -> int:
        """A number that may be any, as in memory that nobody has written; nothing that is proved may depend on it."""
        node = self.leaf(ANYTHING, (len(self.leaves),))
        self.unknown[node] = why
        return node

    def number(self, value: Any, rounded: bool = False) -> int:
        """A constant, read as `constants.meant` reads it."""
        try:
            exact, inexact = meant(value)
        except ValueError as error:
            if value != value:
                raise Refused(f"the constant {error}", self.here()) from None
            return self.infinity(1 if value > 0 else -1)
        key = exact, inexact or rounded
        if key not in self._numbers:
            index = self._numbers[key] = self.node(Op.CONST)
            self.constants[index] = exact
            if key[1]:
                self.rounded.add(index)
        return self._numbers[key]

    def infinity(self, sign: int) -> int:
        """−∞ or ∞."""
        for node, known in self.infinite.items():
            if known == sign:
                return node
        node = self.node(Op.CONST)
        self.infinite[node] = sign
        return node

    def sign_of(self, a: int) -> int:
        """1 or −1 for what is everywhere positive or negative, as far as that is seen; otherwise 0."""
        if a in self.constants:
            return (self.constants[a] > 0) - (self.constants[a] < 0)
        if self.ops[a] == Op.INV:
            return self.sign_of(self.a[a])
        if self.ops[a] in (Op.ADD, Op.MUL) and (self.a[a] in self.constants or self.b[a] in self.constants):
            one, other = self.sign_of(self.a[a]), self.sign_of(self.b[a])
            return one * other if self.ops[a] == Op.MUL else one * (one == other)
        return 1 if self.ops[a] in (Op.EXP, Op.SQRT) else self.infinite.get(a, 0)

    def _beside_infinity(self, sign: int, other: int) -> int:
        """The sum of an infinity and what is finite or the same infinity; 0 for a sign that is unknown."""
        if not sign or self.infinite.get(other, sign) != sign:
            raise Refused("an infinity whose sign is not known, or ∞ − ∞", self.here())
        return self.infinity(sign)

    def _folded(self, value: Fraction, *arguments: int) -> int:
        return self.number(value, any(a in self.rounded for a in arguments))

    def group(self, nodes: Sequence[int]) -> int:
        """Arguments of a sum or of one side of an inner product; shared by whoever keeps the number."""
        if self.infinite and not self.infinite.keys().isdisjoint(nodes):
            raise Refused("a product of a matrix with infinities: 0 · ∞ is no number", self.here())
        self.groups.append(tuple(nodes))
        return len(self.groups) - 1

    def add(self, a: int, b: int) -> int:
        """a + b."""
        constants = self.constants
        if self.infinite and (a in self.infinite or b in self.infinite):
            a, b = (a, b) if a in self.infinite else (b, a)
            return self._beside_infinity(self.infinite[a], b)
        if a in constants:
            a, b = b, a
        if b in constants:
            if a in constants:
                return self._folded(constants[a] + constants[b], a, b)
            if not constants[b]:
                return a
        return self.node(Op.ADD, a, b)

    def sub(self, a: int, b: int) -> int:
        """a − b."""
        constants = self.constants
        if self.infinite and (a in self.infinite or b in self.infinite):
            if b in self.infinite:
                return self._beside_infinity(-self.infinite[b], a)
            return self._beside_infinity(self.infinite[a], b)
        if b in constants:
            if a in constants:
                return self._folded(constants[a] - constants[b], a, b)
            if not constants[b]:
                return a
        return self.node(Op.SUB, a, b)

    def mul(self, a: int, b: int) -> int:
        """a · b; an indicator times itself is itself."""
        constants = self.constants
        if self.infinite and (a in self.infinite or b in self.infinite):
            return self._beside_infinity(self.sign_of(a) * self.sign_of(b), a if b in self.infinite else b)
        if b in constants:
            a, b = b, a
        if a in constants:
            c = constants[a]
            if b in constants:
                return self._folded(c * constants[b], a, b)
            if not c or c == 1:
                return a if not c else b
        elif self.ops[a] == Op.COND or self.ops[b] == Op.COND:
            if self.ops[b] == Op.COND:
                a, b = b, a
            if a == b or (self.ops[b] == Op.MUL and a in (self.a[b], self.b[b])):
                return b
        return self.node(Op.MUL, a, b)

    def inverse(self, a: int) -> int:
        """1 / a."""
        if a in self.constants:
            if not self.constants[a]:
                raise Refused("division by 0", self.here())
            return self._folded(1 / self.constants[a], a)
        if a in self.infinite:
            return self.number(0)
        return self.node(Op.INV, a)

    def power(self, a: int, n: int) -> int:
        """a ** n for an integer n."""
        if n == 0:
            return self.number(1)
        if n == 1:
            return a
        if n == -1:
            return self.inverse(a)
        if a in self.constants:
            if not self.constants[a] and n < 0:
                raise Refused("division by 0", self.here())
            return self._folded(self.constants[a] ** n, a)
        if a in self.infinite:
            return self._beside_infinity(self.infinite[a] ** n, a) if n > 0 else self.number(0)
        return self.node(Op.POW, a, n)

    def total(self, nodes: Sequence[int]) -> int:
        """Σ nodes."""
        constants = self.constants
        if self.infinite and not self.infinite.keys().isdisjoint(nodes):
            return reduce(self.add, nodes)
        kept = [n for n in nodes if n not in constants]
        if len(kept) < len(nodes):
            fixed = [n for n in nodes if n in constants]
            constant = self._folded(sum((constants[n] for n in fixed), Fraction(0)), *fixed)
            if constants[constant] or not kept:
                kept.append(constant)
        if len(kept) <= 2:
            return kept[0] if len(kept) == 1 else self.add(*kept)
        return self.node(Op.SUM, self.group(kept))

    def dot(self, left: int, right: int) -> int:
        """Σ_k left_k · right_k, both sides numbers of groups."""
        return self.node(Op.DOT, left, right)

    def function(self, name: str, a: int) -> int:
        """exp, log, tanh or sqrt of a node; exact where the value is rational."""
        if a in self.constants:
            exact = _exact_value(name, self.constants[a])
            if exact is not None:
                return self._folded(exact, a)
            if name in ("log", "sqrt") and self.constants[a] <= 0:
                raise Refused(f"{name} of {self.constants[a]}", self.here())
        if a in self.infinite:
            return self._of_infinity(name, self.infinite[a])
        if name == "log" and self.ops[a] == Op.EXP:
            return self.a[a]
        return self.node(FUNCTIONS[name], a)

    def _of_infinity(self, name: str, sign: int) -> int:
        if name == "tanh":
            return self.number(sign)
        if sign < 0 and name != "exp":
            raise Refused(f"{name} of -inf", self.here())
        return self.infinity(1) if sign > 0 else self.number(0)

    def positive(self, a: int) -> int:
        """1 where a > 0, otherwise 0."""
        if a in self.constants:
            return self.number(int(self.constants[a] > 0))
        if a in self.infinite:
            return self.number(int(self.infinite[a] > 0))
        if self.ops[a] == Op.COND:
            return a
        if (rectified := self._rectified(a)) is not None:
            return self._positive_of_rectified(*rectified)
        key = self._difference(a)
        if key not in self._conditions:
            self._conditions[key] = self.node(Op.COND, a)
        return self._conditions[key]

    def _difference(self, a: int) -> tuple[int, int, Fraction]:
        """The same difference taken twice is one comparison, and so are x − 6 and x + (−6)."""
        left, right = self.a[a], self.b[a]
        if self.ops[a] in (Op.ADD, Op.SUB) and right in self.constants:
            return left, -1, self.constants[right] * (1 if self.ops[a] == Op.ADD else -1)
        return (left, right, Fraction(0)) if self.ops[a] == Op.SUB else (a, -1, Fraction(0))

    def _rectified(self, a: int) -> tuple[int, int, Fraction] | None:
        """(s, x, c) where a is s·x·[x > 0] + c, s = ±1."""
        sign, offset = 1, Fraction(0)
        while self.ops[a] in (Op.ADD, Op.SUB):
            left, right = self.a[a], self.b[a]
            minus = self.ops[a] == Op.SUB
            if right in self.constants:
                offset += sign * (-1 if minus else 1) * self.constants[right]
                a = left
            elif left in self.constants:
                offset += sign * self.constants[left]
                a, sign = right, -sign if minus else sign
            else:
                return None
        if self.ops[a] == Op.MUL:
            for condition, x in ((self.a[a], self.b[a]), (self.b[a], self.a[a])):
                if self.ops[condition] == Op.COND and self.a[condition] == x:
                    return sign, x, offset
        return None

    def _positive_of_rectified(self, sign: int, x: int, c: Fraction) -> int:
        """[max(x, 0) + c > 0] is [x + c > 0] or 1; [c − max(x, 0) > 0] is 1 − [x − c > 0] or 0."""
        if sign > 0:
            return self.positive(self.add(x, self.number(c))) if c <= 0 else self.number(1)
        return self.sub(self.number(1), self.positive(self.sub(x, self.number(c)))) if c > 0 else self.number(0)

    def is_piecewise(self, a: int) -> bool:
        """Whether a comparison or a maximum is among the few nodes that a is directly made from."""
        todo = [a]
        for _ in range(NEAR):
            if not todo:
                return False
            i = todo.pop()
            if self.ops[i] in (Op.COND, Op.MAX):
                return True
            if self.ops[i] in (Op.ADD, Op.SUB, Op.MUL):
                todo += [self.a[i], self.b[i]]
        return bool(todo)

    def decide(self, a: int) -> bool:
        """The truth of a node that control flow depends on: as this path says."""
        if a in self.constants:
            return bool(self.constants[a])
        for node, _, outcome in self.decisions:
            if node == a:
                return outcome
        outcome = self._path[len(self.decisions)] if len(self.decisions) < len(self._path) else True
        self.decisions.append(Decision(a, self.here(), outcome))
        return outcome

    def clipping(self, a: int, clip: Clip) -> None:
        """Note that the comparison a is one with a bound; of several clips that which shortens is kept."""
        if self.ops[a] == Op.SUB and self.constants.get(self.a[a]) == 1:
            a, clip = self.b[a], clip._replace(inside=not clip.inside)
        known = self.clips.get(a)
        if self.ops[a] == Op.COND and (known is None or (clip.shortens and clip.has_both_ends and not known.shortens)):
            self.clips[a] = clip

    @property
    def unclipped(self) -> dict[int, bool]:
        """The comparisons with both bounds of a clip, as they are where nothing is clipped."""
        return {i: clip.inside for i, clip in self.clips.items() if clip.has_both_ends}

    def arguments(self, i: int) -> tuple[int, ...]:
        """The nodes that a node is made from."""
        match self.ops[i]:
            case Op.LEAF | Op.CONST:
                return ()
            case Op.ADD | Op.SUB | Op.MUL:
                return self.a[i], self.b[i]
            case Op.DOT:
                return self.groups[self.a[i]] + self.groups[self.b[i]]
            case Op.SUM | Op.MAX:
                return self.groups[self.a[i]]
        return (self.a[i],)

    def cone(self, tops: Sequence[int]) -> bytearray:
        """1 for every node that one of `tops` is made from."""
        wanted = bytearray(len(self.ops))
        for top in tops:
            wanted[top] = 1
        for i in range(max(tops, default=-1), -1, -1):
            if wanted[i]:
                for parent in self.arguments(i):
                    wanted[parent] = 1
        return wanted


def _exact_value(name: str, x: Fraction) -> Fraction | None:
    """f(x) where that is rational."""
    if name == "log":
        return Fraction(0) if x == 1 else None
    if name == "exp":
        return Fraction(1) if not x else None
    if name == "tanh":
        return Fraction(0) if not x else None
    if x < 0:
        return None
    root = Fraction(isqrt(x.numerator), isqrt(x.denominator))
    return root if root * root == x else None
