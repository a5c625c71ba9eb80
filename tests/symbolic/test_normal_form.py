"""The zero test against exact rational evaluation, and against real numbers where exp, log, tanh, σ occur."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from symbolic.normal_form import LIMIT, OutOfReach, Poly, Ring

# An expression as data: a number, a name, (operator, left, right), ("**", base, n) or (function, argument).
Expression = Any
Point = dict[str, Any]

NAMES = ("x", "y", "z")
FUNCTIONS = ("exp", "log", "tanh", "sigmoid")
numbers = st.fractions(min_value=-3, max_value=3, max_denominator=3)
leaves = st.sampled_from(NAMES) | numbers


def rational(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    return st.tuples(st.sampled_from("+-*/"), inner, inner) | st.tuples(st.just("**"), inner, st.integers(-3, 3))


expressions = st.recursive(leaves, rational, max_leaves=8)
with_functions = st.recursive(
    leaves,
    lambda inner: rational(inner) | st.tuples(st.sampled_from(FUNCTIONS), inner),
    max_leaves=7,
)


def value(e: Expression, leaf: Callable[[Any], Any], function: Callable[[str, Any], Any]) -> Any:
    """An expression in any arithmetic."""
    if not isinstance(e, tuple):
        return leaf(e)
    operator, *operands = e
    if operator in FUNCTIONS:
        return function(operator, value(operands[0], leaf, function))
    left = value(operands[0], leaf, function)
    if operator == "**":
        return left ** operands[1]
    right = value(operands[1], leaf, function)
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
    return left / right


def in_ring(e: Expression, ring: Ring) -> Poly:
    return value(e, lambda leaf: ring.generator(leaf) if isinstance(leaf, str) else ring.number(leaf), ring.function)


def at(e: Expression, point: Point) -> Any:
    return value(e, lambda leaf: point[leaf] if isinstance(leaf, str) else Fraction(leaf), _no_function)


def _no_function(name: str, argument: Any) -> Any:
    raise AssertionError(f"{name} has no rational value")


def points(count: int = 4) -> list[Point]:
    """Rational points so large that a polynomial of small degree has no root among them but by being 0."""
    source = random.Random(20161)
    return [{name: Fraction(source.randrange(10**6, 10**9), 101) for name in NAMES} for _ in range(count)]


def values_of(e: Expression) -> list[Fraction]:
    """The values at those points at which nothing divides by 0."""
    found = []
    for point in points():
        try:
            found.append(at(e, point))
        except ZeroDivisionError:
            continue
    return found


def poly_at(poly: Poly, point: Point) -> Fraction:
    """The value of a polynomial, read off its monomials."""
    ring = poly.ring
    result = Fraction(0)
    for monomial, coefficient in poly.terms.items():
        term = Fraction(coefficient)
        for index, exponent in ring.exponents(monomial).items():
            inverted = ring.inverses.get(index)
            base = point[ring.keys[index]] if inverted is None else 1 / poly_at(inverted, point)
            term *= base**exponent
        result += term
    return result


# The ring of rational functions


@given(expressions)
def test_zero_is_what_vanishes_at_rational_points(e: Expression) -> None:
    ring = Ring()
    try:
        zero = ring.is_zero(in_ring(e, ring))
    except ZeroDivisionError:
        assert values_of(e) == [], f"{e} exists, though the ring says that it divides by 0"
        return
    assert values_of(e), f"{e} divides by 0 everywhere, and the ring did not see it"
    assert zero == all(v == 0 for v in values_of(e)), f"{e}: {values_of(e)}"


@given(expressions, st.sampled_from(["tanh", "sigmoid"]))
def test_a_square_written_by_the_slope_is_the_same_square(e: Expression, curve: str) -> None:
    """tanh x, tanh y, tanh z are as independent as x, y, z; so are their reciprocals and powers."""
    ring = Ring()

    def leaf(of: Any) -> Poly:
        return ring.function(curve, ring.generator(of)) if isinstance(of, str) else ring.number(of)

    try:
        zero = ring.is_zero(value(e, leaf, _no_function))
    except ZeroDivisionError:
        assert values_of(e) == []
        return
    assert zero == all(v == 0 for v in values_of(e)), f"{e}: {values_of(e)}"


def test_a_power_of_tanh_beyond_the_fields_is_out_of_reach() -> None:
    ring = Ring()
    g = ring.function("tanh", ring.generator("x"))
    assert ring.is_zero((1 - g**2) ** 2 - 1 + 2 * g**2 - g**4)
    assert not ring.is_zero((1 - g**2) ** 2 - 1 + 2 * g**2 - g**5)
    with pytest.raises(OutOfReach):
        g**LIMIT
    power = g ** (LIMIT // 2)
    with pytest.raises(OutOfReach):
        power * power * power * power


@given(expressions, expressions)
def test_is_zero_tells_two_expressions_apart_as_points_do(a: Expression, b: Expression) -> None:
    test_zero_is_what_vanishes_at_rational_points.hypothesis.inner_test(("-", a, b))


@given(expressions)
def test_monomials_have_the_value_of_the_expression(e: Expression) -> None:
    ring = Ring()
    try:
        poly = in_ring(e, ring)
    except ZeroDivisionError:
        assume(False)
    for point in points(2):
        assert poly_at(poly, point) == at(e, point), f"{e} at {point}"


@given(expressions, expressions, expressions)
def test_axioms_of_a_commutative_ring(a: Expression, b: Expression, c: Expression) -> None:
    ring = Ring()
    try:
        x, y, z = (in_ring(e, ring) for e in (a, b, c))
    except ZeroDivisionError:
        assume(False)
    for difference in (
        (x + y) - (y + x),
        x * y - y * x,
        (x + y) + z - (x + (y + z)),
        (x * y) * z - x * (y * z),
        x * (y + z) - (x * y + x * z),
        x + 0 - x,
        0 + x - 1 * x,
        x * 0,
        x + -x,
        2 * x - x - x,
        (1 - x) + (x - 1),
        x**3 - x * x * x,
        x**0 - 1,
    ):
        assert ring.is_zero(difference)
    assert not ring.is_zero(x - (x + 1))


@given(expressions, expressions)
def test_inverse(a: Expression, b: Expression) -> None:
    ring = Ring()
    try:
        x, y = in_ring(a, ring), in_ring(b, ring)
        inverse = ring.inverse(x)
    except ZeroDivisionError:
        assume(False)
    assert ring.is_zero(x * inverse - 1)
    assert ring.is_zero(1 / inverse - x)
    assert ring.is_zero(y / x - y * inverse)
    assert ring.is_zero(x**-2 - inverse * inverse)
    assert not ring.is_zero(x * inverse - 2)
    assert not ring.is_zero(inverse)


@given(expressions)
def test_cleared_has_no_inverse_left_and_the_same_zeros(e: Expression) -> None:
    ring = Ring()
    try:
        poly = in_ring(e, ring)
    except ZeroDivisionError:
        assume(False)
    cleared = ring.cleared(poly)
    assert not any(set(ring.exponents(m)) & set(ring.inverses) for m in cleared.terms)
    for point in points(2):
        assert (poly_at(cleared, point) == 0) == (poly_at(poly, point) == 0), f"{e} at {point}"


def rewritten(e: Expression, source: random.Random, unit: Expression) -> Expression:
    """The same function, written differently."""
    if not isinstance(e, tuple):
        return source.choice([e, ("/", ("*", e, unit), unit), ("-", ("+", e, unit), unit), ("**", ("**", e, 1), 1)])
    operator, *operands = e
    if operator == "**":
        base, n = operands
        again = rewritten(base, source, unit)
        return source.choice([("**", again, n), ("*", ("**", again, n - 1), again)]) if n > 0 else ("**", again, n)
    left, right = (rewritten(operand, source, unit) for operand in operands)
    match operator:
        case "+":
            return source.choice([("+", right, left), ("-", left, ("-", 0, right))])
        case "-":
            return source.choice([("-", 0, ("-", right, left)), ("+", left, ("*", -1, right))])
        case "*":
            distributed = ("-", ("*", ("+", left, unit), right), ("*", unit, right))
            return source.choice([("*", right, left), distributed])
    return source.choice([("*", left, ("**", right, -1)), ("/", ("*", unit, left), ("*", right, unit))])


UNITS = ("x", 2, ("+", "x", 1), ("-", "y", ("*", "x", "z")), ("/", 1, ("+", "y", "z")))


@given(expressions, st.randoms(use_true_random=False), st.sampled_from(UNITS), numbers.filter(bool))
def test_what_is_only_rewritten_is_zero_and_what_is_perturbed_is_not(
    e: Expression, source: random.Random, unit: Expression, off: Fraction
) -> None:
    ring = Ring()
    try:
        original = in_ring(e, ring)
    except ZeroDivisionError:
        assume(False)
    again = rewritten(e, source, unit)
    assert ring.is_zero(in_ring(again, ring) - original), f"{e} and {again}"
    perturbed = ("-", ("+", again, ("*", off, unit)), e)
    assert not ring.is_zero(in_ring(perturbed, ring)), f"{e} and {again} off by {off} times {unit}"
    assert any(values_of(perturbed)), f"no rational point shows {perturbed}"


@pytest.mark.parametrize(
    "zero",
    [
        0,
        ("-", "x", "x"),
        ("-", ("**", ("+", "x", "y"), 2), ("+", ("+", ("**", "x", 2), ("*", 2, ("*", "x", "y"))), ("**", "y", 2))),
        ("-", ("*", ("/", 1, ("+", "x", 1)), ("+", "x", 1)), 1),
        ("-", ("/", "x", ("+", "x", "y")), ("-", 1, ("/", "y", ("+", "x", "y")))),
        ("-", ("/", 1, ("/", 1, ("+", "x", 1))), ("+", "x", 1)),
    ],
)
def test_division_by_what_is_identically_zero(zero: Expression) -> None:
    for divided in (("/", 1, zero), ("**", zero, -1), ("/", zero, zero), ("+", "x", ("/", "y", ("*", "z", zero)))):
        ring = Ring()
        with pytest.raises(ZeroDivisionError, match="identically 0"):
            ring.is_zero(in_ring(divided, ring))


# Exponents


@given(st.lists(st.integers(-300, 300), min_size=1, max_size=6))
def test_exponents_are_what_was_packed(powers: list[int]) -> None:
    ring = Ring()
    product = ring.poly(1)
    for n, power in enumerate(powers):
        product = product * ring.generator(n) ** power
    ((monomial, coefficient),) = product.terms.items()
    assert ring.exponents(monomial) == {n: power for n, power in enumerate(powers) if power}
    assert coefficient == 1


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(-(LIMIT - 1), LIMIT - 1)), min_size=1, max_size=4))
def test_exponents_beyond_the_guard_are_refused_never_wrong(factors: list[tuple[int, int]]) -> None:
    ring = Ring()
    expected = [0, 0, 0]
    product = ring.poly(1)
    generators = [ring.generator(n) for n in range(3)]
    try:
        for n, power in factors:
            product = product * power_of(generators[n], power)
            expected[n] += power
    except OutOfReach:
        assert sum(abs(power) for _, power in factors) >= LIMIT
        return
    ((monomial, _),) = product.terms.items()
    assert ring.exponents(monomial) == {n: power for n, power in enumerate(expected) if power}


def power_of(base: Poly, exponent: int) -> Poly:
    """By squaring, for large exponents."""
    if exponent < 0:
        return power_of(1 / base, -exponent)
    result = base.ring.poly(1)
    for bit in f"{exponent:b}":
        result = result * result * (base if bit == "1" else 1)
    return result


@pytest.mark.parametrize("sign", [1, -1])
def test_the_last_exponent_that_fits_and_the_first_that_does_not(sign: int) -> None:
    ring = Ring()
    x = ring.generator("x") ** sign
    largest = power_of(x, LIMIT - 1)
    assert [ring.exponents(m) for m in largest.terms] == [{0: sign * (LIMIT - 1)}]
    with pytest.raises(OutOfReach, match=f"an exponent may exceed {LIMIT - 1}"):
        largest * x


def test_what_is_too_large_is_refused() -> None:
    ring = Ring()
    wide = ring.sum(ring.generator(n) for n in range(40))
    with pytest.raises(OutOfReach, match="more than"):
        wide**8


def test_exp_of_a_fraction_that_the_root_does_not_divide_is_refused() -> None:
    ring = Ring()
    with pytest.raises(OutOfReach, match="denominator must divide"):
        ring.function("exp", ring.generator("x") * Fraction(1, 7))


# exp, log, tanh, sigmoid


def identities(ring: Ring, a: Poly, b: Poly) -> dict[str, tuple[Poly, Poly, Poly]]:
    """name: (left, right, a wrong neighbour of the right)."""

    def exp(v: Poly) -> Poly:
        return ring.function("exp", v)

    def log(v: Poly) -> Poly:
        return ring.function("log", v)

    def tanh(v: Poly) -> Poly:
        return ring.function("tanh", v)

    def sigmoid(v: Poly) -> Poly:
        return ring.function("sigmoid", v)

    two = exp(a) + exp(b)
    return {
        "addition": (exp(a + b), exp(a) * exp(b), exp(a) + exp(b)),
        "inverse of exp": (exp(-a), 1 / exp(a), -exp(a)),
        "half": (exp(a / 2) ** 2, exp(a), exp(a / 2)),
        "tanh by sigmoid": (tanh(a), 2 * sigmoid(2 * a) - 1, 2 * sigmoid(a) - 1),
        "sigmoid by tanh": (sigmoid(a), (1 + tanh(a / 2)) / 2, (1 + tanh(a)) / 2),
        "reflection": (sigmoid(-a), 1 - sigmoid(a), sigmoid(a)),
        "oddness": (tanh(-a), -tanh(a), tanh(a)),
        "definition of tanh": (tanh(a), (exp(a) - exp(-a)) / (exp(a) + exp(-a)), (exp(a) - exp(-a)) / exp(a)),
        "slope of sigmoid": (sigmoid(a) * (1 - sigmoid(a)), exp(-a) / (1 + exp(-a)) ** 2, exp(a) / (1 + exp(-a)) ** 2),
        "addition theorem": (
            tanh(a + b),
            (tanh(a) + tanh(b)) / (1 + tanh(a) * tanh(b)),
            (tanh(a) + tanh(b)) / (1 - tanh(a) * tanh(b)),
        ),
        "log of exp": (log(exp(a)), a, a + 1),
        "log of softmax": (log(exp(a) / two), a - log(two), b - log(two)),
        "log of an inverse": (log(1 / two), -log(two), log(two)),
        "shift": (exp(a + 1) / (exp(a + 1) + exp(b + 1)), exp(a) / two, exp(a + 1) / two),
    }


arguments = st.tuples(
    *[st.fractions(min_value=-2, max_value=2, max_denominator=2)] * 3,
    st.sampled_from((0, 1, ("*", "x", "y"), ("/", 1, ("+", "x", "y")), ("**", "z", 2))),
)


@given(arguments, arguments)
def test_identities_hold_and_their_wrong_neighbours_do_not(a: tuple[Any, ...], b: tuple[Any, ...]) -> None:
    ring = Ring(exponential=True)

    def argument(p: Fraction, q: Fraction, r: Fraction, more: Expression) -> Poly:
        linear = ("+", ("*", p, "x"), ("+", ("*", q, "y"), ("*", r, "z")))
        return in_ring(("+", linear, more), ring)

    first, second = argument(*a), argument(*b)
    # log 2 and log 1/2 are not known to be related, which is what log(softmax) of equal arguments comes to.
    assume(not ring.is_zero(first - second))
    # Neighbours are wrong where the arguments are independent of each other and of constants.
    generic = not any(ring.is_zero(v) for v in independent(ring, first, second))
    for name, (left, right, wrong) in identities(ring, first, second).items():
        assert ring.is_zero(left - right), name
        if generic:
            assert not ring.is_zero(left - wrong), name


def independent(ring: Ring, a: Poly, b: Poly) -> list[Poly]:
    x = ring.generator("x")
    nonconstant = [ring.poly(0) if set(v.terms) <= {0} else x for v in (a, b)]
    return [*nonconstant, a - b, a + b, a - 2 * b, 2 * a - b]


def test_without_exponential_functions_are_generators_of_their_arguments() -> None:
    ring = Ring()
    x, y = ring.generator("x"), ring.generator("y")
    for name in ("tanh", "sigmoid"):
        assert ring.is_zero(ring.function(name, (x + y) * 2) - ring.function(name, y * 2 + x * 2))
        assert not ring.is_zero(ring.function(name, x) - ring.function(name, y))
    assert not ring.is_zero(ring.function("tanh", x) - ring.function("sigmoid", x))
    with pytest.raises(OutOfReach, match="no rule for sin"):
        ring.function("sin", x)


@given(with_functions, with_functions, st.booleans())
def test_zero_is_zero_in_real_numbers(a: Expression, b: Expression, exponential: bool) -> None:
    """A false zero would prove a wrong formula; a zero that is not seen costs only an answer."""
    e = ("-", a, b)
    ring = Ring(exponential)
    try:
        zero = ring.is_zero(in_ring(e, ring))
    except (OutOfReach, ZeroDivisionError):
        assume(False)
    if zero:
        assert_vanishes(e)


@given(with_functions, st.randoms(use_true_random=False), st.sampled_from(UNITS), numbers.filter(bool), st.booleans())
def test_a_perturbed_formula_is_never_zero(
    e: Expression, source: random.Random, unit: Expression, off: Fraction, exponential: bool
) -> None:
    ring = Ring(exponential)
    try:
        difference = in_ring(("-", ("+", e, ("*", off, unit)), with_rewritten_arguments(e, source, unit)), ring)
        assert not ring.is_zero(difference), f"{e} off by {off} times {unit}"
    except (OutOfReach, ZeroDivisionError):
        assume(False)


def with_rewritten_arguments(e: Expression, source: random.Random, unit: Expression) -> Expression:
    """The same function; what stands inside a function is only reordered."""
    if isinstance(e, tuple) and e[0] in FUNCTIONS:
        return (e[0], with_rewritten_arguments(e[1], source, unit))
    if isinstance(e, tuple) and e[0] in "+*":
        return (e[0], *(with_rewritten_arguments(operand, source, unit) for operand in reversed(e[1:])))
    return e


def assert_vanishes(e: Expression) -> None:
    """At 50 digits, at every random point where the expression is real and finite."""
    context = mpmath.mp.clone()
    context.dps = 50

    def function(name: str, argument: Any) -> Any:
        if name == "sigmoid":
            return 1 / (1 + context.exp(-argument))
        if name == "log" and argument <= 0:
            raise ValueError("log of a number that is not positive")
        return getattr(context, name)(argument)

    source = random.Random(3)
    for _ in range(6):
        point = {name: context.mpf(source.randrange(1, 3000)) / 1009 for name in NAMES}

        def leaf(each: Any, point: Point = point) -> Any:
            return point[each] if isinstance(each, str) else context.mpf(each.numerator) / each.denominator

        try:
            left, right = value(e[1], leaf, function), value(e[2], leaf, function)
        except (ValueError, ZeroDivisionError, OverflowError):
            continue
        assert abs(left - right) <= 1e-25 * (1 + abs(left)), f"{e} at {point}: {left} and {right}"
