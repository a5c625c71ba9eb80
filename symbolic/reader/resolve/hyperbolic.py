"""cosh and sech, with exp; an even power of sech without it: sech² = 1 − tanh²."""

from __future__ import annotations

from symbolic import terms as f
from symbolic.terms import Term


def cosh(x: Term) -> Term:
    return (f.exp(x) + f.exp(-x)) / 2


def sech(x: Term) -> Term:
    return 2 / (f.exp(x) + f.exp(-x))


def squared(term: Term) -> Term:
    """sech²ⁿ(x) as (1 − tanh²(x))ⁿ, however it is written (1/cosh² x, …); any other term as it is.

    What is above cosh² keeps it where it is written with exp itself, as cosh² − sinh² is.
    """
    if isinstance(term, f.Div) and not has_exp(term.left) and (found := secant(term.right)) is not None:
        x, power = found
        if power < 0 and power % 2 == 0 and term.left != f.term(1):
            return f.Mul(term.left, squared(f.Pow(sech(x), -power)))
    found = secant(term)
    if found is None or found[1] <= 0 or found[1] % 2:
        return term
    x, power = found
    square = 1 - f.Call("tanh", x) ** 2
    return square if power == 2 else f.Pow(square, power // 2)


def has_exp(term: Term) -> bool:
    return any(isinstance(part, f.Call) and part.function == "exp" for part in f.subterms(term))


def secant(term: Term) -> tuple[Term, int] | None:
    """x and n where a term is sechⁿ(x); None where it is no power of sech or cosh."""
    match term:
        case f.Div(f.Add(f.Call("exp", x), _), _) if term == cosh(x):
            return x, -1
        case f.Div(_, f.Add(f.Call("exp", x), _)) if term == sech(x):
            return x, 1
        case f.Div(above, below) if above == f.term(1) and (found := secant(below)) is not None:
            return found[0], -found[1]
        case f.Pow(base, n) if (found := secant(base)) is not None:
            return found[0], n * found[1]
    return None
