"""Formulas and models at which one of two engines, or one of two theorems, did not look."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest

from symbolic.model import Equation, Model, equation
from symbolic.models.rnn import RNN, W, b, h, x, yhat
from symbolic.models.rnn import o as head_o
from symbolic.models.rnn import y as target
from symbolic.notation import Axis, H, Index, Step, T, t
from symbolic.prove import prove
from symbolic.records import Derivation, derivation
from symbolic.terms import (
    LOSS,
    Derivative,
    Term,
    Var,
    array,
    d,
    delta,
    diag,
    exp,
    eye,
    grad,
    immediate,
    inner,
    log,
    one_over,
    ones,
    outer,
    product_steps,
    scalar,
    sequence,
    softmax,
    sum_over,
    sum_steps,
    tanh,
    term,
    total,
)
from symbolic.verdicts import SUMS_TO_ONE, Hypothesis, IllTyped, Proved, Refuted, Unknown, Verdict, one_hot, sums_to_one

P = Axis("P", 2)
A, w = array("A", P, P), scalar("w")
u, o, p, y = (sequence(name, P) for name in "uopy")
e, q, v, loss = (sequence(name) for name in ("e", "q", "v", "l"))


def claim(left: Term, right: Term, model: Model | None = None, *hypotheses: Hypothesis) -> Derivation:
    return derivation("claim", "", left, ("claimed", right), source="", model=model, hypotheses=hypotheses)


def verdict(left: Term, right: Term, model: Model | None = None) -> Verdict:
    return prove(claim(left, right, model))


def cubic(A: Var) -> Term:
    """tr³ − 3 tr tr A² + 2 tr A³: six times the determinant of 3 × 3, and 0 of 2 × 2."""

    def trace(of: Term) -> Term:
        return inner(eye(P), of)

    return trace(A) ** 3 - 3 * trace(A) * trace(A @ A) + 2 * trace(A @ A @ A)


def late(body: Term, first: int = 4) -> Term:
    """A sum that is empty in short sequences."""
    return sum_steps(body, first, T)


def headed(*made: Equation, extra: Term, scale: Term | None = None) -> Model:
    """Softmax of A u, and of what is made beside it `extra` in the loss."""
    head = equation(o[t], A @ u[t]), equation(p[t], softmax(o[t])), *made
    made = (*head, equation(loss[t], -(y[t] @ log(p[t])) + extra))
    return Model("headed", "", "", (A,), (u, v), (y,), made, loss, scale or term(1))


def test_nothing_is_made_from_the_whole_loss() -> None:
    made = equation(loss[t], w * e[t]), equation(q[t], LOSS * e[t])
    with pytest.raises(ValueError, match="q is made from L, the whole loss"):
        Model("m", "", "", (w,), (e,), (), made, loss)
    with pytest.raises(ValueError, match="the scale of the loss is a number"):
        Model("m", "", "", (w,), (e,), (), made[:1], loss, scale=LOSS)


def test_a_loss_that_looks_behind_the_logits_is_not_reached_through_them_alone() -> None:
    diagonal, r, copied, beside = sequence("q", P, P), sequence("r"), sequence("q", P), sequence("r")
    model = headed(equation(diagonal[t], diag(o[t])), equation(r[t], total(diagonal[t])), extra=cubic(diagonal[t]))
    by_diagonal = d(r[t], diagonal[t])
    record = claim(d(loss[t], diagonal[t]) + by_diagonal, by_diagonal, model)
    found = prove(record, {P: 2})
    assert isinstance(found, Proved)
    assert found.every_size is None
    assert isinstance(prove(record, {P: 3}), Refuted)
    square = headed(equation(copied[t], 1 * o[t]), equation(beside[t], total(copied[t])), extra=copied[t] @ copied[t])
    by_copy = d(beside[t], copied[t])
    assert isinstance(verdict(late(d(loss[t], copied[t]) + by_copy), late(by_copy), square), Refuted)
    assert isinstance(verdict(late(d(loss[t], copied[t])), late(2 * copied[t]), square), Proved)


def test_sums_that_are_empty_in_short_sequences_are_looked_at_where_they_are_not() -> None:
    assert isinstance(verdict(late(grad(h[t])), late(0 * h[t]), RNN), Refuted)
    found = verdict(late(grad(b)), late(grad(b)), RNN)
    assert isinstance(found, Proved)
    assert found.second_opinion.endswith("T = 1, 2, 3, 4, 5")
    assert not isinstance(verdict(late(d(d(h[t], h[t - 1]), h[t])), late(0 * outer(W, h[t])), RNN), Proved)
    twice = Derivative(h[t], b, total=False, copy=t - 1)
    assert not isinstance(verdict(late(twice), late(immediate(h[t], b)), RNN), Proved)
    assert isinstance(verdict(late(grad(h[t]), 12), late(0 * h[t], 12), RNN), Refuted)
    unseen = prove(claim(late(grad(h[t]), 50), late(0 * h[t], 50), RNN))
    assert isinstance(unseen, Unknown)
    assert "nothing to compare up to T = 40" in unseen.reason


def test_every_length_at_small_sizes_is_not_every_length_at_the_bound() -> None:
    once, twice, thrice = (sequence(name, P) for name in ("once", "twice", "thrice"))
    made = (
        equation(thrice[t], 1 * twice[t - 1]),
        equation(twice[t], 1 * once[t - 1]),
        equation(once[t], softmax(u[t - 1])),
        equation(loss[t], thrice[t] @ thrice[t]),
    )
    model = Model("m", "", "", (), (u,), (), made, loss)
    record = claim(d(thrice[t], u[Step("k", 1)]), 0 * outer(u[t], u[t]), model)
    assert isinstance(prove(record, {P: 2}, 5), Refuted)
    found = prove(record, {P: 1}, 3)
    assert isinstance(found, Proved)
    assert not (found.every_T and found.every_size)


def test_no_point_that_breaks_the_hypothesis_refutes() -> None:
    found = prove(claim(late(grad(head_o[t])), late(yhat[t] - target[t]), RNN, sums_to_one(target)), {}, 5)
    assert isinstance(found, Proved)
    assert [each.kind for each in found.hypotheses] == [SUMS_TO_ONE]
    chain = [sequence(name) for name in ("s0", "s1", "s2")]
    made = [equation(here[t], 1 * before[t - 1]) for before, here in pairwise([v, *chain])]
    model = headed(*made, extra=chain[-1][t] ** 2, scale=one_over(None))
    far = d(chain[-1][T], v[1])
    gradient = one_over(None) * (p[1] - y[1]) * far
    assert not isinstance(prove(claim(grad(o[1]) * far, gradient, model, sums_to_one(y)), {P: 2}), Refuted)


def test_a_product_of_jacobians_inside_a_derivative_stays_what_is_written() -> None:
    a, h, state = (sequence(name, P) for name in ("a", "h", "state"))
    made = (
        equation(a[t], A @ state[t - 1]),
        equation(h[t], tanh(a[t])),
        equation(state[t], 1 * u[t]),
        equation(loss[t], h[t] @ h[t]),
    )
    model = Model("m", "", "", (A,), (u,), (), made, loss)
    factor = diag(h[Step("j")] - tanh(a[Step("j")]))
    left = d(product_steps(factor, Step("k", 1), t), h[t])
    both = (sum_steps(each, 1, t, index="k") for each in (left, 0 * outer(A, h[t])))
    assert isinstance(prove(claim(*map(late, both), model), {P: 2}, 5), Refuted)


def test_a_name_for_a_step_is_not_the_end_and_not_the_start() -> None:
    for name in ("", "T"):
        with pytest.raises(ValueError, match="is no name for a step"):
            claim(sum_steps(h[t], t, t, index=name), h[t], RNN)


def test_subscripts_on_two_axes_are_never_the_same() -> None:
    i, j, z = Index("i", P), Index("j", H), array("z", P)
    assert isinstance(verdict(sum_over(j, delta(i, j)) * z.at(i), z.at(i)), IllTyped)


def test_the_loss_has_its_name_to_itself() -> None:
    for other in (sequence("L")[t], array("L", H)):
        with pytest.raises(ValueError, match="one name, L, for two arrays"):
            claim(d(LOSS, h[t]) * total(other), h[t], RNN)
    with pytest.raises(ValueError, match="a derivative by the loss"):
        claim(late(d(LOSS, LOSS)), late(term(1)), RNN)


def test_a_link_made_of_what_need_not_exist_connects_nothing() -> None:
    one, other, made = (array(name, P) for name in ("one", "other", "made"))
    divided = equation(made, one * (one @ other) / (one @ other))
    for name in "abcdefghijklmnopqrstuvwxyz":
        model = Model(name, "", "", (), (), (one, other), (divided, equation(LOSS, total(made))), LOSS)
        both = (one_hot(one), one_hot(other))
        record = derivation("claim", "", one, ("", made), ("", other), source="", model=model, hypotheses=both)
        assert not isinstance(prove(record), Proved)


def test_one_name_stands_for_one_array() -> None:
    vectors = sequence("e", P)
    with pytest.raises(ValueError, match="one name, e, for two arrays"):
        Model("m", "", "", (w,), (e, vectors), (), (equation(loss[t], w * e[t]),), loss)
    with pytest.raises(ValueError, match="one name, w, for two arrays"):
        Model("m", "", "", (w,), (e,), (), (equation(loss[t], sequence("w")[t] * e[t]),), loss)
    with pytest.raises(ValueError, match="nothing makes q; is it an input"):
        Model("m", "", "", (w,), (e,), (), (equation(loss[t], w * q[t - 1]),), loss)
    with pytest.raises(ValueError, match="a hypothesis about x, no target of the model rnn"):
        claim(total(x[t]), term(1), RNN, sums_to_one(x))


def delayed(*through: Var, of: Term) -> Model:
    """What comes out of the last of these at t came into the first as many steps before."""
    made = [equation(here[t], 1 * before[t - 1]) for before, here in pairwise(through)]
    made = [equation(through[0][t], of), *made, equation(loss[t], through[-1][t] * (u[t] @ u[t]))]
    return Model("delayed", "", "", (w,), (u, e), (), tuple(made), loss)


LINE = tuple(sequence(name) for name in ("s0", "s1", "s2", "s3", "s4"))


def test_one_object_inside_and_outside_a_sum_speaks_of_two_steps() -> None:
    i, step, z = Index("i", P), Step("s"), sequence("z")
    model = Model("m", "", "", (w,), (u, e, z), (), (equation(loss[t], w * (u[t] @ u[t]) + e[t] * z[t]),), loss)
    shared = (1 - u[t] ** 2).at(i)
    fresh = (1 - u[step] ** 2).at(i)
    left = shared * sum_steps(shared * exp(e[t] + z[t]))
    right = (1 - u[t] ** 2).at(i) * sum_steps(fresh * exp(e[step]) * exp(z[step]), index="s")
    assert isinstance(verdict(left, right, model), Proved)
    far = d(LINE[3][t], w)
    left, right = far * shared * sum_steps(shared, t, t + 1), 2 * far * (1 - u[t] ** 2).at(i) ** 2
    assert isinstance(verdict(left, right, delayed(*LINE[:4], of=w * e[t])), Refuted)


@pytest.mark.parametrize("states", [3, 4, 5])
def test_what_arrives_late_is_waited_for(states: int) -> None:
    model = delayed(*LINE[:states], of=w * e[t])
    assert model.delay == states - 1
    late = LINE[states - 1]
    found = verdict(d(late[t], w) * loss[t], d(late[t], w) * loss[t] * 1, model)
    assert isinstance(found, Proved)
    assert found.second_opinion.endswith(f"T = {', '.join(map(str, range(1, max(3, states + 1) + 1)))}")


def test_what_exists_for_one_engine_alone_is_not_refuted() -> None:
    model = Model("m", "", "", (w,), (e,), (), (equation(loss[t], w * e[t]),), loss)
    steps = sum_steps(term(1), 1, T, index="s")
    left = d(w * e[t] + sum_steps(0 * e[Step("", 2)], 1, 1, index="s"), w)
    right = e[t] + w * (steps - 2) * (steps - 3)
    assert not isinstance(verdict(left, right, model), Refuted)


def test_the_derivative_of_one_entry_is_a_derivative_by_the_whole() -> None:
    vector, matrix = array("v", P), array("M", P, P)
    assert isinstance(verdict(d(vector.at(1), vector), d(1 * vector.at(1), vector)), Proved)
    assert isinstance(verdict(d(vector.at(1), vector), d(vector.at(2), vector)), Refuted)
    with pytest.raises(TypeError, match="an entry has a subscript for each axis"):
        d(matrix.at(1, 2), matrix.at(1))


def test_records_that_make_no_sense_are_refused() -> None:
    counted = sum_steps(w, 1, t, index="j")
    with pytest.raises(ValueError, match="there is no model with steps"):
        claim(counted, w)
    with pytest.raises(ValueError, match="there is no model with steps"):
        claim(Derivative(LOSS, w, copy=t), w, Model("m", "", "", (w,), (), (), (equation(LOSS, w * w),), LOSS))
    with pytest.raises(ValueError, match="the scale of the loss is a number"):
        Model("m", "", "", (w,), (e,), (), (equation(loss[t], w * e[t]),), loss, ones(P))
    with pytest.raises(ValueError, match="by one use of itself"):
        claim(Derivative(b, b, copy=t), 1 * Derivative(b, b), RNN)
    with pytest.raises(ValueError, match="one name, z, for two arrays"):
        claim(total(array("z", P, H)), term(1), None, sums_to_one(array("z", H, P)))
    with pytest.raises(ValueError, match="two axes are called P"):
        prove(claim(total(array("v", P)), total(array("v", P)) + 0 * total(array("z", Axis("P", 3)))))
    assert isinstance(verdict(w * Fraction(1, 2**61 - 1), w * Fraction(2, 2**62 - 2)), Proved)


def test_a_sum_is_looked_at_only_where_something_is_compared() -> None:
    model = Model("m", "", "", (w,), (e,), (), (equation(loss[t], w * e[t]),), loss)
    step = Step("s")
    found = verdict(sum_steps(e[step], 4, t, index="s") + 0 * e[t + 2], 0 * e[t + 2], model)
    assert isinstance(found, Refuted)
    assert found.counterexample
    assert found.counterexample.steps["T"] == 6


def test_what_exists_in_a_sum_only_where_it_is_empty_holds_there() -> None:
    model = Model("m", "", "", (w,), (e,), (), (equation(loss[t], w * e[t]),), loss)
    length = sum_steps(term(1), 1, T, index="c")
    left = d(w * e[t] + sum_steps(0 * e[T + 1], 4, T, index="s"), w)
    right = e[t] + w * (length - 1) * (length - 2) * (length - 3)
    assert not isinstance(prove(claim(left, right, model), steps=5), Refuted)
    assert isinstance(verdict(product_steps(W, t + 1, t), eye(H), RNN), Proved)
    assert isinstance(verdict(product_steps(W, t + 1, t), 2 * eye(H), RNN), Refuted)


def test_a_subtrahend_takes_no_length_and_no_size_from_a_proof() -> None:
    jacobians = product_steps(diag(1 - h[Step("j")] ** 2) @ W, Step("k", 1), t)
    far = d(h[t], h[Step("k")])
    for left, right in ((far, jacobians), (far - 0 * W, jacobians), (far - jacobians, 0 * W)):
        found = verdict(left, right, RNN)
        assert isinstance(found, Proved)
        assert found.every_T
        assert found.every_size
        assert isinstance(verdict(left, right + W, RNN), Refuted)


def test_an_entry_has_as_many_subscripts_as_axes() -> None:
    vector = array("v", P)
    with pytest.raises(TypeError, match="an entry has a subscript for each axis"):
        d(2 * vector, vector.at(1, 2))
