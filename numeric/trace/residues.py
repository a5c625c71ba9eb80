"""The integers modulo a random prime of 127 bits, with exp, log, tanh and sqrt.

In:  a seed.  Out: a field for `numeric.trace.sweep`.

Leaves are random residues.  exp is a homomorphism: an argument is written as Σ c·m over
monomials m, each with a random exponential of its own, and exp(Σ c·m) = Π exp(m)^c.  The
exponentials are squares, of a prime chosen so that their group has no elements of small
order: fractional c are powers too.  exp(log x) = x; tanh x = 1 − 2/(exp(2x) + 1); sqrt is
the square root, and a point where one has none is drawn again.  log, max and comparisons
are random functions.

Every relation used is true of the real functions, so what vanishes identically here
vanishes there: a formal expression that is not zero is zero at a random point with
probability at most degree / prime (Schwartz–Zippel).  What does not vanish may still do so
by a relation that is not known here; nothing is refuted by residues.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from hashlib import blake2b
from math import gcd, lcm

from numeric.trace.places import Refused
from numeric.trace.tape import ANYTHING, Op, Tape

BITS = 127
SMALL = (3, 5, 7, 11, 13)


class NoRoot(Exception):
    """A square root that does not exist at this point; another must be drawn."""


class Residues:
    """A random point modulo a random prime; `outcomes` says how some comparisons come out."""

    values: list[int]

    def __init__(self, seed: int, outcomes: Mapping[int, bool] | None = None, memory: int = 0) -> None:
        """`memory`: another number, other values in what nobody has written."""
        self.seed, self.memory, self.p = seed, memory, _prime(seed)
        self.outcomes = outcomes or {}

    def begin(self, tape: Tape) -> None:
        self.tape = tape
        self.roots = 0
        # Where there are branches, roots on different ones need not exist together.
        self.piecewise = any(op == Op.COND for op in tape.ops)
        self.exponents: dict[int, int] = {}
        self._logarithms: dict[int, int] = {}
        self._arguments: set[tuple[str, int]] = set()

    @property
    def arguments(self) -> int:
        """How many different arguments got a random value of some function."""
        return len(self._arguments)

    def _drawn(self, kind: str, argument: int) -> int:
        self._arguments.add((kind, argument))
        return self.random(kind, argument)

    def number(self, i: int) -> int:
        value = self.tape.constants[i]
        return value.numerator * pow(value.denominator, -1, self.p) % self.p

    def leaf(self, i: int) -> int:
        leaf = self.tape.leaves[self.tape.a[i]]
        return self.random("leaf", leaf, self.memory) if leaf[0] == ANYTHING else self.random("leaf", leaf)

    def random(self, *key: object) -> int:
        text = repr((self.seed, *key)).encode()
        return int.from_bytes(blake2b(text, digest_size=24).digest()) % self.p

    def reduced(self, value: int) -> int:
        return value % self.p

    def inverse(self, value: int, i: int) -> int:
        if not value % self.p:
            raise Refused("division by an expression that is 0 for all values", self.tape.places[self.tape.place[i]])
        return pow(value, -1, self.p)

    def function(self, op: Op, value: int, i: int) -> int:
        if op == Op.EXP:
            return self._exp(i, 1)
        if op == Op.TANH:
            return (1 - 2 * self.inverse(self._exp(i, 2) + 1, i)) % self.p
        if op == Op.LOG:
            return self._log(value, i)
        self.roots += 1
        root = self._root(value)
        return self.p - root if self.piecewise and self.random("sign", value) & 1 else root

    def _root(self, value: int) -> int:
        """The root that is a square itself, so that √x·√y = √(xy) wherever both sides exist."""
        root = pow(value, (self.p + 1) // 4, self.p)
        if root * root % self.p != value:
            raise NoRoot
        return root

    def maximum(self, values: Sequence[int], i: int) -> int:
        return self.random("max", sorted(set(values)))

    def largest(self, i: int) -> None:
        return None

    def positive(self, value: int, i: int) -> int:
        if i in self.outcomes:
            return int(self.outcomes[i])
        if not value:
            return 0
        opposite = self.p - value
        return self._drawn("> 0", value) if value < opposite else (1 - self._drawn("> 0", opposite)) % self.p

    def _log(self, value: int, i: int) -> int:
        # log 1/x = −log x, by taking the smaller of the two as the function's argument.
        reciprocal = self.inverse(value, i)
        found = self._drawn("log", min(value, reciprocal))
        self._logarithms[found] = min(value, reciprocal)
        self._logarithms[self.p - found] = max(value, reciprocal)
        return found if value <= reciprocal else self.p - found

    def _exp(self, i: int, factor: int) -> int:
        """exp(factor · the argument of node i)."""
        p, order, result = self.p, (self.p - 1) // 2, 1
        linear = self._linear(self.tape.a[i])
        common = lcm(*(c.denominator for c in linear.values()))
        if gcd(common, order) != 1:
            return self._drawn("exp of", self.values[self.tape.a[i]] * factor % p)
        self.exponents[i] = 2 * factor * int(sum(abs(c) for c in linear.values()) * common) + 1
        for monomial, c in linear.items():
            exponent = c * factor
            base = self._logarithms.get(monomial)
            if base is not None and exponent.denominator != 1:
                # x to a fraction: of a square, whose group has no small orders.
                base = None if self.piecewise else self._root(base) ** 2 % p
                self.roots += 1
            if base is None:
                root = self._drawn("exp", monomial)
                base = root * root % p
            n = (
                exponent.numerator
                if exponent.denominator == 1
                else exponent.numerator * pow(exponent.denominator, -1, order)
            )
            result = result * pow(base, n, p) % p
        return result

    def _linear(self, node: int) -> dict[int, Fraction]:
        """A node as Σ c·m: the coefficient of each monomial, which is named by its value, or by that of −m."""
        tape, found, p = self.tape, self.values, self.p
        result: dict[int, Fraction] = {}

        def add(value: int, c: Fraction) -> None:
            name, sign = (value, 1) if 2 * value < p else (p - value, -1)
            result[name] = result.get(name, Fraction(0)) + sign * c

        todo = [(node, Fraction(1))]
        while todo:
            i, c = todo.pop()
            op, a, b = tape.ops[i], tape.a[i], tape.b[i]
            if op == Op.ADD:
                todo += [(a, c), (b, c)]
            elif op == Op.SUB:
                todo += [(a, c), (b, -c)]
            elif op == Op.SUM:
                todo += [(n, c) for n in tape.groups[a]]
            elif op == Op.CONST:
                result[1] = result.get(1, Fraction(0)) + c * tape.constants[i]
            elif op == Op.MUL and a in tape.constants:
                todo.append((b, c * tape.constants[a]))
            elif op == Op.MUL and b in tape.constants:
                todo.append((a, c * tape.constants[b]))
            elif op == Op.DOT:
                for n, m in zip(tape.groups[a], tape.groups[b], strict=True):
                    add(found[n] * found[m] % p, c)
            else:
                add(found[i], c)
        return {monomial: c for monomial, c in result.items() if c and monomial}


@lru_cache(maxsize=4096)
def _prime(seed: int) -> int:
    """A random prime p of BITS bits; −1 is no square, and (p − 1)/2 has no small factors."""
    source = random.Random(f"prime {seed}")
    while True:
        p = source.getrandbits(BITS) | 1 << (BITS - 1) | 3
        if p % 4 == 3 and all(p % q not in (0, 1) for q in SMALL) and _is_prime(p, source):
            return p


def _is_prime(n: int, source: random.Random) -> bool:
    """Miller–Rabin with 24 random bases: wrong with probability under 4^-24."""
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(24):
        x = pow(source.randrange(2, n - 1), odd, n)
        if x in (1, n - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True
