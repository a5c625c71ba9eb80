"""A term that is wrongly put together is refused, with the two shapes; its repair is not."""

from __future__ import annotations

import pytest

from symbolic import terms as f
from symbolic.models.rnn import RNN, V, W, h, o
from symbolic.notation import Axis, D, H, Index, K, N, Shape, t
from symbolic.prove import prove
from symbolic.records import derivation
from symbolic.shapes import ShapeMismatch, shape
from symbolic.terms import Term, array, grad, scalar, sequence
from symbolic.verdicts import IllTyped, Proved

s, u, v, x = scalar("s"), array("u", H), array("v", K), array("x", D)
A, S, E, G = array("A", H, D), array("S", H, H), array("E", N, H), array("G", N, K)
i, k = Index("i", H), Index("k", K)

# ill-typed, its message, and a neighbour that is in order with its shape
ERRORS: list[tuple[Term, str, Term, Shape]] = [
    (u + v, "sum of (H) and (K) in u + v", u + u, (H,)),
    (E + v, "sum of (N, H) and (K) in E + v", E + u, (N, H)),
    (u * v, "Hadamard product of (H) and (K) in u * v", s * v, (K,)),
    (A * u, "Hadamard product of (H, D) and (H) in A * u", E * u, (N, H)),
    (u / v, "quotient of (H) and (K) in u / v", u / s, (H,)),
    (A @ u, "matrix product of (H, D) and (H) in A @ u", A.T @ u, (D,)),
    (s @ u, "matrix product of () and (H) in s @ u", s * u, (H,)),
    (u @ v, "matrix product of (H) and (K) in u @ v", u @ u, ()),
    (f.softmax(s), "softmax or indicator of () and () in softmax(s)", f.softmax(E), (N, H)),
    (f.indicator(s), "softmax or indicator of () and () in indicator(s)", f.indicator(v), (K,)),
    (f.diag(A), "diagonal matrix of (H, D) and (H, D) in diag(A)", f.diag(u), (H, H)),
    (f.inner(A, A.T), "Frobenius product of (H, D) and (D, H) in inner(A, A.T)", f.inner(A, A), ()),
    (f.total(A, K), "sum over K of (H, D) and () in sum(A, axis=K)", f.total(A, D), (H,)),
    (f.total(S, H), "sum over H of (H, H) and () in sum(S, axis=H)", f.total(S), ()),
    (A.at(1), "entry of (H, D) and (H) in A_1", A.at(1, 2), ()),
    (u.at(k), "entry of (H) and (K) in u_k", u.at(i), ()),
    (f.sum_over(i, u), "sum over a subscript of (H) and () in Σ_i u", f.sum_over(i, u.at(i)), ()),
    (f.product_steps(A, 1, 2), "product over steps of (H, D) and (D, H) in Π_{j=1}^{2} A",
     f.product_steps(S, 1, 2), (H, H)),
]  # fmt: skip


@pytest.mark.parametrize(("bad", "message", "good", "axes"), ERRORS, ids=[str(bad) for bad, *_ in ERRORS])
def test_shapes_that_do_not_conform_are_named(bad: Term, message: str, good: Term, axes: Shape) -> None:
    with pytest.raises(ShapeMismatch) as raised:
        shape(bad)
    assert str(raised.value) == message
    assert shape(good) == axes


def test_the_error_carries_both_shapes_and_the_place() -> None:
    with pytest.raises(ShapeMismatch) as raised:
        shape(1 + s * (A.T @ (u + v)))
    assert (raised.value.left, raised.value.right, raised.value.where) == ((H,), (K,), u + v)


def test_axes_conform_by_what_they_count_not_by_their_size() -> None:
    same_size = Axis("P", H.size)
    with pytest.raises(ShapeMismatch):
        shape(S @ array("p", same_size))
    assert shape(S @ u) == (H,)


def test_only_the_batch_is_broadcast() -> None:
    assert shape(u + E) == (N, H)
    with pytest.raises(ShapeMismatch):
        shape(A + x)


def test_a_derivative_has_the_axes_of_both() -> None:
    assert shape(f.d(o[t], W)) == (K, H, H)
    assert shape(grad(W)) == (H, H)


def test_a_sequence_needs_its_step() -> None:
    with pytest.raises(TypeError, match=r"h changes along the sequence: write h\[t\]"):
        shape(sequence("h", H) + u)
    with pytest.raises(TypeError, match="u does not change along the sequence: write u, not"):
        u[t]


def test_the_verdict_on_an_ill_typed_claim_names_the_shapes() -> None:
    last = derivation("x", "", grad(h[t]), ("", V @ grad(o[t]) + W.T @ grad(h[t])), model=RNN, source="")
    verdict = prove(last)
    assert isinstance(verdict, IllTyped)
    assert (verdict.left, verdict.right) == ("(K, H)", "(K)")
    assert verdict.message == "matrix product of (K, H) and (K) in V @ grad(o[t])"


def test_two_sides_of_different_shape_are_ill_typed() -> None:
    verdict = prove(derivation("x", "", f.outer(u, x), ("", f.outer(x, u)), source=""))
    assert isinstance(verdict, IllTyped)
    assert verdict.message == "equality of (H, D) and (D, H) in outer(x, u)"
    assert isinstance(prove(derivation("x", "", f.outer(u, x), ("", f.outer(x, u).T), source="")), Proved)
