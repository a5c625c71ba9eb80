"""The zero test: is this expression identically 0?

In:  numbers and generators, combined by + - * / ** and exp, log, tanh, sigmoid.
Out: `Ring.is_zero`.

An element is a Laurent polynomial over Q in generators: a dict {monomial: coefficient}.
A monomial is one Python integer, the sum of exponent·2^(WIDTH·generator), so that the
product of monomials is the sum of integers; `reach` bounds every exponent and refuses
before two fields could touch.  Four kinds of generator carry a meaning:

- a variable, keyed by whatever the caller likes;
- exp(m/ROOT) for a monomial m: exp of a sum is the product over its monomials, so that
  exp(a)exp(b) = exp(a+b) holds by addition of exponents;
- 1/P for a polynomial P that is not a monomial; `cleared` multiplies it away;
- the slope s beside every g = tanh or σ of an argument: g² is always written 1 − s or g − s,
  so that the factor 1 − g² or g(1 − g) of every chain rule is one monomial.

So "zero" is exact: it holds for all values of all generators (where nothing divides by 0).
"Not zero" says that the polynomial in these generators is not the zero polynomial; that
is not yet a refutation, because generators may be related (tanh and exp of one argument,
unless `exponential` writes both by exp).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from fractions import Fraction
from functools import cache, partial, reduce

Coefficient = int | Fraction
Key = frozenset[tuple[int, Coefficient]]
WIDTH = 12
LIMIT = 1 << (WIDTH - 1)
ROOT = 12
BUDGET = 6_000_000


class OutOfReach(ArithmeticError):
    """The expression is beyond this zero test; the verdict must be unknown."""


class Budget:
    """Operations that are left; what would take minutes is out of reach instead."""

    def __init__(self, operations: int = BUDGET) -> None:
        self.left = self.whole = operations

    def spend(self, operations: int) -> None:
        self.left -= operations
        if self.left < 0:
            raise OutOfReach(f"the normal form needs more than {self.whole:,} operations")


class Poly:
    """A Laurent polynomial; its value never changes, and no exponent exceeds `reach`.

    `curved` has the bit of every tanh and σ that may occur: where two factors share none, no square arises.
    """

    __slots__ = ("curved", "reach", "ring", "terms")

    def __init__(self, ring: Ring, terms: dict[int, Coefficient], reach: int, curved: int = -1) -> None:
        self.ring, self.terms, self.reach, self.curved = ring, terms, reach, curved

    def __bool__(self) -> bool:
        """Whether anything is written; what is not may still cancel (`Ring.is_zero`)."""
        return bool(self.terms)

    def __add__(self, other: Poly | Coefficient) -> Poly:
        if not isinstance(other, Poly):
            other = self.ring.poly(other)
        if len(self.terms) < len(other.terms):
            self, other = other, self
        if not other.terms:
            return self
        self.ring.spend(len(other.terms))
        terms = dict(self.terms)
        for monomial, c in other.terms.items():
            if total := terms.get(monomial, 0) + c:
                terms[monomial] = total
            else:
                del terms[monomial]
        return Poly(self.ring, terms, max(self.reach, other.reach), self.curved | other.curved)

    __radd__ = __add__

    def __neg__(self) -> Poly:
        return Poly(self.ring, {m: -c for m, c in self.terms.items()}, self.reach, self.curved)

    def __sub__(self, other: Poly | Coefficient) -> Poly:
        other = self.ring.poly(other)
        return self.ring.poly(0) if self.terms == other.terms else self + -other

    def __rsub__(self, other: Poly | Coefficient) -> Poly:
        return self.ring.poly(other) + -self

    def __mul__(self, other: Poly | Coefficient) -> Poly:
        if not isinstance(other, Poly):
            other = self.ring.poly(other)
        if len(self.terms) < len(other.terms):
            self, other = other, self
        if not other.terms:
            return other
        self.ring.spend(len(self.terms) * len(other.terms))
        reach = self.reach + other.reach
        if reach >= LIMIT:
            reach = self.tightened() + other.tightened()
            if reach >= LIMIT:
                raise OutOfReach(f"an exponent may exceed {LIMIT - 1}")
        curved = self.curved | other.curved
        if len(other.terms) == 1:
            ((n, e),) = other.terms.items()
            product = Poly(self.ring, {m + n: c * e for m, c in self.terms.items()}, reach, curved)
        else:
            terms: dict[int, Coefficient] = {}
            get = terms.get
            for m, c in self.terms.items():
                for n, e in other.terms.items():
                    monomial = m + n
                    terms[monomial] = get(monomial, 0) + c * e
            product = Poly(self.ring, {m: c for m, c in terms.items() if c}, reach, curved)
        both = self.curved & other.curved
        return self.ring.without_squares(product) if both else product

    __rmul__ = __mul__

    def __truediv__(self, other: Poly | Coefficient) -> Poly:
        return self * self.ring.inverse(self.ring.poly(other))

    def __rtruediv__(self, other: Poly | Coefficient) -> Poly:
        return self.ring.poly(other) * self.ring.inverse(self)

    def __pow__(self, exponent: int) -> Poly:
        if abs(exponent) >= LIMIT:
            raise OutOfReach(f"a power of {exponent}")
        base = self if exponent >= 0 else self.ring.inverse(self)
        return reduce(Poly.__mul__, [base] * abs(exponent), self.ring.poly(1))

    def tightened(self) -> int:
        """The largest exponent itself, where `reach` had only been a bound."""
        self.ring.spend(len(self.terms) * len(self.ring.keys))
        self.reach = max((abs(e) for m in self.terms for e in self.ring.exponents(m).values()), default=0)
        return self.reach

    def key(self) -> Key:
        """Equal for equal polynomials of one ring."""
        return frozenset(self.terms.items())


class Ring:
    """Makes elements and decides which of them are zero.

    With `exponential`, tanh and sigmoid are written by exp, so that identities between the
    three are seen; without it they are generators of their own and formulas stay short.
    With `sized`, 1/n is that number; without it, a free symbol, which proves more.
    """

    def __init__(self, exponential: bool = False, sized: bool = False, budget: Budget | None = None) -> None:
        self.exponential, self.sized = exponential, sized
        self.spend = (budget or Budget()).spend
        self.keys: list[Hashable] = []
        self._place: dict[Hashable, int] = {}
        self.inverses: dict[int, Poly] = {}
        self._made: dict[tuple[str, Key], Poly] = {}
        self._arguments: dict[int, Poly] = {}
        self._squares: dict[int, tuple[int, int, int]] = {}
        self._fields = self._unset = 0

    def poly(self, value: Poly | Coefficient) -> Poly:
        """A number as a constant polynomial."""
        if isinstance(value, Poly):
            return value
        return Poly(self, {0: value} if value else {}, 0, 0)

    def number(self, value: Fraction) -> Poly:
        return self.poly(value.numerator if value.denominator == 1 else value)

    def generator(self, key: Hashable) -> Poly:
        """The generator of this key, made on first use."""
        return self._power(self._index(key), 1)

    def reciprocal(self, axis: Hashable, size: int) -> Poly:
        """1/n, as a free symbol unless `sized`: what holds for any factor holds for this one."""
        return self.number(Fraction(1, size)) if self.sized else self.generator(("1/n", axis))

    def inverse(self, poly: Poly) -> Poly:
        if len(poly.terms) == 1:
            ((monomial, c),) = poly.terms.items()
            return Poly(self, {-monomial: _exact(Fraction(1) / c)}, poly.reach, poly.curved)
        return self._once("1/", poly, self._inverse)

    def _inverse(self, poly: Poly) -> Poly:
        if self.is_zero(poly):
            raise ZeroDivisionError("division by an expression that is identically 0")
        leading = poly.terms[min(poly.terms)]
        primitive = Poly(self, {m: _exact(Fraction(c) / leading) for m, c in poly.terms.items()}, poly.reach)
        index = self._index(("1/", primitive.key()))
        self.inverses[index] = primitive
        return self._power(index, 1) * _exact(Fraction(1) / leading)

    def function(self, name: str, value: Poly) -> Poly:
        return self._once(name, value, partial(self._function, name))

    def _once(self, name: str, value: Poly, make: Callable[[Poly], Poly]) -> Poly:
        """What is made of equal polynomials is made once."""
        key = name, value.key()
        if key not in self._made:
            self._made[key] = make(value)
        return self._made[key]

    def _function(self, name: str, value: Poly) -> Poly:
        match name:
            case "exp":
                return self._exp(value)
            case "log":
                return self._log(value)
            case "tanh" if self.exponential:
                e = self._exp(value * 2)
                return (e - 1) / (e + 1)
            case "sigmoid" if self.exponential:
                return 1 / (self._exp(-value) + 1)
            case "tanh" | "sigmoid" if value.terms:
                return self._curve(name, value)
            case "tanh":
                return self.poly(0)
            case "sigmoid":
                return self.poly(Fraction(1, 2))
        raise OutOfReach(f"no rule for {name}")

    def dot(self, pairs: Sequence[tuple[Poly, Poly]]) -> Poly:
        """Σ x·y over the pairs."""
        if len(pairs) == 1:
            return pairs[0][0] * pairs[0][1]
        reach = 0
        terms: dict[int, Coefficient] = {}
        get = terms.get
        curved = 0
        for x, y in pairs:
            if x.reach + y.reach >= LIMIT or x.curved & y.curved:
                return self.sum(x * y for x, y in pairs)
            reach = max(reach, x.reach + y.reach)
            curved |= x.curved | y.curved
            few, many = (x.terms, y.terms) if len(x.terms) < len(y.terms) else (y.terms, x.terms)
            self.spend(len(few) * len(many))
            for n, e in few.items():
                for m, c in many.items():
                    monomial = m + n
                    terms[monomial] = get(monomial, 0) + c * e
        return Poly(self, {m: c for m, c in terms.items() if c}, reach, curved)

    def is_zero(self, poly: Poly) -> bool:
        return not poly.terms or not self.cleared(poly).terms

    def cleared(self, poly: Poly) -> Poly:
        """The polynomial times enough powers of every P that stands as 1/P, and of every 1/g; zero iff it was."""
        for index in sorted(self.inverses, reverse=True):
            parts = self.collected(poly, index)
            highest = max(parts, default=0)
            if highest > 0 or min(parts, default=0) < 0:
                p = self.inverses[index]
                poly = self.sum(part * p ** (highest - e) for e, part in parts.items())
        for index, (g, _, _) in self._squares.items() if self._has_powers(poly) else ():
            lowest = min((exponent(m, index) for m in poly.terms), default=0)
            if lowest < 0:
                if poly.reach - lowest >= LIMIT:
                    raise OutOfReach(f"an exponent may exceed {LIMIT - 1}")
                poly = Poly(self, {m - lowest * g: c for m, c in poly.terms.items()}, poly.reach - lowest)
        return self.without_squares(poly)

    def collected(self, poly: Poly, index: int) -> dict[int, Poly]:
        """{exponent: cofactor} of one generator."""
        parts: dict[int, dict[int, Coefficient]] = {}
        for monomial, c in poly.terms.items():
            e = exponent(monomial, index)
            parts.setdefault(e, {})[monomial - (e << WIDTH * index)] = c
        return {e: Poly(self, part, poly.reach, poly.curved) for e, part in parts.items()}

    def without_squares(self, poly: Poly) -> Poly:
        """The same with every g² written by the slope of g."""
        for index, (g, lower, slope) in self._squares.items() if self._has_powers(poly) else ():
            highest = max((exponent(m, index) for m in poly.terms), default=0)
            if highest > 1:
                if poly.reach + highest // 2 >= LIMIT:
                    raise OutOfReach(f"an exponent may exceed {LIMIT - 1}")
                terms: dict[int, Coefficient] = {}
                waiting = list(poly.terms.items())
                while waiting:
                    m, c = waiting.pop()
                    if exponent(m, index) > 1:
                        waiting += [(m - 2 * g + lower, c), (m - 2 * g + slope, -c)]
                        self.spend(1)
                    else:
                        terms[m] = terms.get(m, 0) + c
                rest = {m: c for m, c in terms.items() if c}
                poly = Poly(self, rest, poly.reach + highest // 2, poly.curved)
        return poly

    def _has_powers(self, poly: Poly) -> bool:
        """Whether some g of a slope has an exponent other than 0 and 1: in its field, all bits but the last tell."""
        halves, fields, unset = _halves(len(self.keys)), self._fields, self._unset
        return any((m + halves) & fields != unset for m in poly.terms)

    def sum(self, polys: Iterable[Poly]) -> Poly:
        return reduce(Poly.__add__, polys, self.poly(0))

    def exponents(self, monomial: int) -> dict[int, int]:
        """{generator: exponent} of a monomial."""
        return {i: e for i in range(len(self.keys)) if (e := exponent(monomial, i))}

    def _index(self, key: Hashable) -> int:
        if key not in self._place:
            self._place[key] = len(self.keys)
            self.keys.append(key)
        return self._place[key]

    def _curve(self, name: str, value: Poly) -> Poly:
        """tanh or σ of this argument, with its slope: g² = 1 − s, or g² = g − s."""
        index, slope = self._index((name, value.key())), self._index((name, "slope", value.key()))
        g = 1 << WIDTH * index
        if index not in self._squares:
            self._fields |= (2 * LIMIT - 2) << WIDTH * index
            self._unset |= LIMIT << WIDTH * index
        self._squares[index] = (g, g if name == "sigmoid" else 0, 1 << WIDTH * slope)
        return Poly(self, {g: 1}, 1, 1 << index)

    def _power(self, index: int, exponent: int) -> Poly:
        sign = 1 if exponent >= 0 else -1
        if abs(exponent) >= LIMIT:
            raise OutOfReach(f"an exponent may exceed {LIMIT - 1}")
        return Poly(self, {sign * (abs(exponent) << WIDTH * index): 1}, abs(exponent), 0)

    def _exp(self, value: Poly) -> Poly:
        factors = []
        for monomial, c in value.terms.items():
            exponent = Fraction(c) * ROOT
            if exponent.denominator != 1:
                raise OutOfReach(f"exp of a {c}-fold: the coefficient's denominator must divide {ROOT}")
            index = self._index(("exp", monomial))
            self._arguments[index] = Poly(self, {monomial: 1}, value.reach)
            factors.append(self._power(index, int(exponent)))
        return reduce(Poly.__mul__, factors, self.poly(1))

    def _log(self, value: Poly) -> Poly:
        """log of a product of exponentials and of 1/P for P that is plainly positive."""
        if len(value.terms) == 1 and self._positive(value):
            ((monomial, c),) = value.terms.items()
            parts = [self.poly(0) if c == 1 else self.generator(("log", c))]
            for index, e in self.exponents(monomial).items():
                if index in self._arguments:
                    parts.append(self._arguments[index] * _exact(Fraction(e, ROOT)))
                else:
                    parts.append(self.generator(("log", self.inverses[index].key())) * -e)
            return self.sum(parts)
        if self._positive(value):
            return -self._log(self.inverse(value))
        return self.generator(("log", value.key()))

    def _positive(self, value: Poly) -> bool:
        return all(
            c > 0
            and all(
                i in self._arguments or (i in self.inverses and self._positive(self.inverses[i]))
                for i in self.exponents(m)
            )
            for m, c in value.terms.items()
        )


def _exact(value: Fraction) -> Coefficient:
    return value.numerator if value.denominator == 1 else value


def exponent(monomial: int, index: int) -> int:
    """The exponent of one generator in a monomial."""
    # Exponents are signed: half a field added everywhere below makes the fields unsigned.
    return (monomial + _halves(index + 1) >> WIDTH * index) % (1 << WIDTH) - LIMIT


@cache
def _halves(count: int) -> int:
    """LIMIT in each of the lowest `count` fields."""
    return sum(LIMIT << WIDTH * field for field in range(count))
