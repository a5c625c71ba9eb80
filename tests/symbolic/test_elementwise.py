"""Every term of the formula language has the entries that plain NumPy computes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from symbolic import terms as f
from symbolic.elementwise import Arithmetic, dimensions, free_indices
from symbolic.notation import AXES, Axis, D, H, Index, K, N, Step, T, t
from symbolic.shapes import shape
from symbolic.terms import Term, Var, array, scalar, sequence, subterms
from symbolic.unroll import Unrolled

SIZES = {axis: axis.size for axis in AXES.values()}
STEPS = 3


@dataclass(frozen=True)
class Floats(Arithmetic):
    """Plain floating point numbers."""

    def number(self, value: Fraction) -> float:
        return float(value)

    def reciprocal(self, axis: Axis | None, size: int) -> float:
        return 1 / size

    def function(self, name: str, value: float) -> float:
        return float(sigmoid(value) if name == "sigmoid" else getattr(np, name)(value))


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def softmax(x: Any) -> Any:
    return np.exp(x) / np.exp(x).sum(-1, keepdims=True)


def value(var: Var, step: int | None = None) -> Any:
    """Positive numbers, so that log has them too."""
    seed = sum(map(ord, var.name)) + 100 * (step or 0)
    return np.random.default_rng(seed).uniform(0.5, 1.5, dimensions(var.axes, SIZES))


def entries(term: Term, **steps: int) -> Any:
    leaf: Callable[[Var, int | None], Any] = lambda var, step: value(var, step).astype(object)  # noqa: E731
    return Unrolled(None, SIZES, STEPS, Floats(), leaf).entries(term, steps).astype(float)


s, u, v, w = scalar("s"), array("u", H), array("v", H), array("w", K)
A, B, S, E = array("A", H, D), array("B", D, K), array("S", H, H), array("E", N, H)
h = sequence("h", H)
M = sequence("M", H, H)
i, j = Index("i", H), Index("j", H)
s_, u_, v_, w_, A_, B_, S_, E_ = (value(var) for var in (s, u, v, w, A, B, S, E))

# term, what NumPy says, and what it would be misread as
CASES: list[tuple[Term, Any, Any]] = [
    (f.Const(Fraction(2, 3)), 2 / 3, 3 / 2),
    (f.ones(H, D), np.ones((5, 4)), np.ones((4, 5))),
    (f.eye(H), np.eye(5), np.ones((5, 5))),
    (f.delta(i, j), np.eye(5), np.ones((5, 5))),
    (f.delta(i, 2), np.eye(5)[1], np.eye(5)[2]),
    (f.one_over(H), 1 / 5, 1 / 4),
    (f.one_over(None), 1 / 3, 3.0),
    (A, A_, -A_),
    (h[2], value(h, 2), value(h, 1)),
    (h[T - 1], value(h, 2), value(h, 3)),
    (u + v, u_ + v_, u_ - v_),
    (E + u, E_ + u_, E_ - u_),
    (1 - u, 1 - u_, u_ - 1),
    (-u, -u_, u_),
    (u * v, u_ * v_, u_ @ v_),
    (s * A, s_ * A_, A_),
    (E * u, E_ * u_, E_),
    (u / v, u_ / v_, v_ / u_),
    (u**2, u_**2, 2 * u_),
    (u**-2, 1 / u_**2, u_**2),
    (f.tanh(u), np.tanh(u_), sigmoid(u_)),
    (f.sigmoid(u), sigmoid(u_), np.tanh(u_)),
    (f.exp(u), np.exp(u_), u_),
    (f.log(u), np.log(u_), np.exp(u_)),
    (f.softmax(u), softmax(u_), np.exp(u_)),
    (f.softmax(E), softmax(E_), softmax(E_.T).T),
    (A @ B, A_ @ B_, A_ @ B_ * 2),
    (S @ u, S_ @ u_, u_ @ S_),
    (u @ v, u_ @ v_, u_ * v_),
    (f.outer(eye := f.eye(H), u) @ A, np.einsum("ij,k,kd->ijd", np.eye(5), u_, A_),
     np.einsum("jk,i,kd->ijd", np.eye(5), u_, A_)),
    (A.T, A_.T, A_.reshape(4, 5)),
    (f.outer(eye, w).T, np.einsum("ij,k->kji", np.eye(5), w_), np.zeros((3, 5, 5))),
    (f.outer(u, w), np.outer(u_, w_), np.outer(w_, u_)),
    (f.diag(u), np.diag(u_), np.outer(u_, u_)),
    (f.inner(A, A), (A_ * A_).sum(), A_.sum()),
    (f.total(A), A_.sum(), A_.mean()),
    (f.total(A, D), A_.sum(1), A_.sum(0)[:1]),
    (A.at(2, 3), A_[1, 2], A_[2, 3]),
    (S.at(j, i), S_.T, S_),
    (S.at(i, 1), S_[:, 0], S_[0]),
    (f.sum_over(j, S.at(i, j) * u.at(j)), S_ @ u_, u_ @ S_),
    (f.sum_steps(h[t]), sum(value(h, n) for n in (1, 2, 3)), sum(value(h, n) for n in (0, 1, 2))),
    (f.sum_steps(h[t], 2, T - 1), value(h, 2), value(h, 1)),
    (f.sum_steps(h[t], 3, 2), np.zeros(5), value(h, 3)),
    (f.product_steps(M[Step("j")], 1, 3), np.linalg.multi_dot([value(M, n) for n in (3, 2, 1)]),
     np.linalg.multi_dot([value(M, n) for n in (1, 2, 3)])),
    (f.product_steps(M[Step("j")], 2, 1), np.eye(5), np.zeros((5, 5))),
]  # fmt: skip


@pytest.mark.parametrize(("term", "right", "wrong"), CASES, ids=[str(term) for term, *_ in CASES])
def test_entries_are_those_of_numpy(term: Term, right: Any, wrong: Any) -> None:
    found = entries(term)
    assert found.shape == np.shape(right)
    assert np.allclose(found, right), f"{term}: {found} instead of {right}"
    assert np.shape(wrong) != found.shape or not np.allclose(found, wrong), f"{term} reads as {wrong} too"


@pytest.mark.parametrize("term", [term for term, *_ in CASES], ids=str)
def test_the_shape_is_that_of_the_entries(term: Term) -> None:
    running = sorted(free_indices(term), key=str)
    assert entries(term).shape == dimensions((*shape(term), *(index.axis for index in running)), SIZES)


def test_the_indicator_of_a_one_hot_vector_is_that_vector() -> None:
    leaf: Callable[[Var, int | None], Any] = lambda var, step: np.array([0, 1, 0], dtype=object)  # noqa: E731
    assert list(Unrolled(None, SIZES, 1, Floats(), leaf).entries(f.indicator(w))) == [0, 1, 0]


def test_every_term_is_tested() -> None:
    """Derivatives are what `test_differentiate` is about; the indicator has a test of its own."""
    tested = {type(part) for term, *_ in CASES for part in subterms(term)}
    assert set(Term.__subclasses__()) - tested == {f.Derivative, f.Indicator}


def test_steps_are_relative_to_where_one_stands() -> None:
    assert np.allclose(entries(h[t - 1], t=3), value(h, 2))
    assert not np.allclose(entries(h[t - 1], t=2), value(h, 2))


def test_an_entry_that_does_not_exist_is_named() -> None:
    with pytest.raises(IndexError, match="there is no entry 6 on axis H of size 5"):
        entries(u.at(6))
    with pytest.raises(IndexError, match="there is no entry 0 on axis H of size 5"):
        entries(u.at(0))
    assert entries(u.at(5)) == u_[4]
