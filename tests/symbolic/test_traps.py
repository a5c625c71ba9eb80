"""Formulas built to be believed: each once got, or could get, a verdict it does not deserve."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import pytest

from symbolic.model import Equation, Model, equation
from symbolic.models import head
from symbolic.models.rnn import RNN, W, a, b, h, x
from symbolic.notation import Axis, D, H, Index, K, N, Sizes, Step, T, t
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
    exp,
    eye,
    grad,
    immediate,
    indicator,
    inner,
    log,
    one_over,
    ones,
    outer,
    scalar,
    sequence,
    sigmoid,
    softmax,
    sum_over,
    sum_steps,
    tanh,
    term,
    total,
)
from symbolic.verdicts import ENDS, Hypothesis, Proved, Refuted, Unknown, Verdict, one_hot, sums_to_one

i, k = Index("i", K), Index("k", K)
n, v = scalar("n"), array("v", H)


def claim(left: Term, right: Term, model: Model | None = None, *hypotheses: Hypothesis) -> Derivation:
    return derivation("claim", "", left, ("claimed", right), source="", model=model, hypotheses=hypotheses)


def verdict(left: Term, right: Term, model: Model | None = None) -> Verdict:
    return prove(claim(left, right, model))


BARE = [
    (sum_over(i, term(1)), term(3)),
    (sum_over(i, delta(i, i)), term(3)),
    (total(v / v), term(5)),
    (total(array("A", H, H) * eye(H) / array("A", H, H)), term(5)),
    (tanh(total(ones(K)) - 3), term(0)),
    (sigmoid(total(ones(K))), sigmoid(term(3))),
    (tanh(v + (total(ones(H)) - 5)), tanh(v)),
    (1 / total(exp(v - v)), term(1) / 5),
]


@pytest.mark.parametrize(("left", "right"), BARE, ids=[f"{a} = {b}" for a, b in BARE])
def test_what_counts_an_axis_is_not_taken_for_every_size(left: Term, right: Term) -> None:
    found = verdict(left, right)
    assert not isinstance(found, Proved) or found.every_size is None
    assert not isinstance(prove(claim(left, right), {H: 4, K: 4}), Proved)


def test_a_sum_hidden_in_an_equation_is_not_taken_for_every_size() -> None:
    s, hidden, q = scalar("s"), array("hidden", H), scalar("q")
    model = Model(
        "hiding",
        "",
        "",
        (s,),
        (hidden,),
        (),
        (equation(q, s * total(exp(hidden - hidden))), equation(LOSS, q * s)),
        LOSS,
    )
    found = verdict(q, s * 5, model)
    assert isinstance(found, Proved)
    assert found.every_size is None


ABSOLUTE = [
    (sum_steps(d(x[t - 2], x[Step("j")]), 1, 1, index="j"), eye(D)),
    (Derivative(a[t - 2], b, copy=Step("", 1)), eye(H)),
    (Derivative(a[T - 2], b, copy=Step("", 1)), eye(H)),
]


@pytest.mark.parametrize(("left", "right"), ABSOLUTE, ids=[f"{a} = {b}" for a, b in ABSOLUTE])
def test_absolute_steps_beside_running_ones_settle_no_other_length(left: Term, right: Term) -> None:
    found = verdict(left, right, RNN)
    assert not isinstance(found, Proved) or not found.every_T
    assert isinstance(prove(claim(left, right, RNN), steps=4), Refuted)


def sequence_model(**changes: object) -> Model:
    w, e, step_loss = scalar("w"), sequence("e"), sequence("loss")
    given: dict[str, object] = {
        "name": "own",
        "title": "",
        "source": "",
        "parameters": (w,),
        "inputs": (e,),
        "targets": (),
        "equations": (equation(step_loss[t], w * e[t]),),
        "step_loss": step_loss,
    }
    return Model(**{**given, **changes})  # type: ignore[arg-type]


def plain_loss(name: str) -> dict[str, object]:
    w, s, J = scalar("w"), scalar("s"), Var(name, ())
    return {"parameters": (w,), "inputs": (s,), "equations": (equation(J, w * s),), "step_loss": J}


LOSSES = [
    ({"parameters": (scalar("L"), scalar("w"))}, "L is the whole loss"),
    ({"scale": scalar("w")}, "the scale of the loss is a number, not w"),
    ({"step_loss": sequence("other")}, "is a number that an equation makes"),
    (plain_loss("J"), "of a model without steps is called L and has no scale"),
    ({**plain_loss("L"), "scale": term(1) / 2}, "of a model without steps is called L and has no scale"),
]


@pytest.mark.parametrize(("changes", "message"), LOSSES, ids=[message for _, message in LOSSES])
def test_a_model_whose_loss_could_be_misread_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sequence_model(**changes)
    sequence_model()


def test_a_loss_that_another_equation_uses_is_refused() -> None:
    loss, e = sequence("loss"), sequence("e")
    with pytest.raises(ValueError, match="is used by another equation"):
        sequence_model(equations=(equation(loss[t], loss[t - 1] + e[t]),))


STEPS = [
    (lambda w, e, u: (equation(u[t + 1], w * e[t]),), "the equation of u is written at t"),
    (lambda w, e, u: (equation(Var("u", ()), w * w),), "the equation of u is written at t"),
    (lambda w, e, u: (equation(u[t], u[t - 2] + w * e[t]),), r"uses u\[t-2\]; it may look at t and t-1"),
    (lambda w, e, u: (equation(u[t], w * e[t + 1]),), r"uses e\[t\+1\]; it may look at t and t-1"),
    (lambda w, e, u: (equation(u[t], w * e[1]),), r"uses e\[1\]; it may look at t and t-1"),
    (lambda w, e, u: (equation(u[t], sum_steps(w * e[Step("j")], 1, t, index="j")),), "belongs into formulas about"),
]


@pytest.mark.parametrize(("equations", "message"), STEPS, ids=[message for _, message in STEPS])
def test_a_model_whose_steps_could_be_misread_is_refused(equations: object, message: str) -> None:
    w, e, u, loss = scalar("w"), sequence("e"), sequence("u"), sequence("loss")
    last = equation(loss[t], u[t] * u[t])
    with pytest.raises(ValueError, match=message):
        sequence_model(equations=(*equations(w, e, u), last))  # type: ignore[operator]
    sequence_model(equations=(equation(u[t], w * e[t]), last))


def antisymmetric(A: Term, J: Axis) -> Term:
    """tr³ − 3 tr A · tr A² + 2 tr A³: zero for matrices of size 2, and not of size 3."""
    trace, square, cube = (inner(eye(J), M) for M in (A, A @ A, A @ A @ A))
    return trace**3 - 3 * trace * square + 2 * cube


def test_subscripts_of_the_entry_count_in_every_product() -> None:
    p = head.yhat
    left = p.at(i) ** 2 - p.at(i)
    right = (sum_over(k, p.at(k) ** 2) - 1) / 2
    found = prove(claim(left, right, head.HEAD), {K: 2})
    assert isinstance(found, Proved)
    assert found.every_size is None
    assert isinstance(prove(claim(left, right, head.HEAD), {K: 3}), Refuted)


def test_steps_that_may_coincide_settle_no_size() -> None:
    J = Axis("J", 2)
    w, u, h_, loss, A = scalar("w"), sequence("u"), sequence("s"), sequence("loss"), array("A", J, J)
    model = Model(
        "square", "", "", (w,), (u,), (), (equation(h_[t], tanh(w * u[t])), equation(loss[t], h_[t] * h_[t])), loss
    )
    found = verdict(immediate(loss[t], h_[Step("k")]) * antisymmetric(A, J), term(0), model)
    assert isinstance(found, Proved)
    assert found.every_size is None


def test_how_an_array_prints_does_not_tell_two_arrays_apart() -> None:
    J = Axis("J", 2)
    U, plain = array("U", J, J, latex="U_{J}"), array("U", J, J)
    model = Model("cubic", "", "", (U,), (), (), (equation(LOSS, antisymmetric(U, J)),), LOSS)
    found = verdict(grad(plain), 0 * plain, model)
    assert isinstance(found, Proved)
    assert found.every_size is None


def test_a_scalar_target_has_no_classes() -> None:
    w, e, y, loss = scalar("w"), sequence("e"), sequence("y"), sequence("loss")
    model = sequence_model(targets=(y,), equations=(equation(loss[t], (w * e[t] - y[t]) ** 2 / 2),))
    right = sum_steps((w * e[t] - y[t]) * e[t])
    assert isinstance(verdict(grad(w), right, model), Proved)
    assert isinstance(verdict(grad(w), -right, model), Refuted)


def test_hypotheses_need_no_model() -> None:
    o, y = array("o", K), array("y", K)
    p = softmax(o)
    right = claim(d(-(y @ log(p)), o), p - y, None, sums_to_one(y))
    found = prove(right)
    assert isinstance(found, Proved)
    assert found.hypotheses == (sums_to_one(y),)
    assert isinstance(prove(claim(d(-(y @ log(p)), o), y - p, None, sums_to_one(y))), Refuted)


def test_a_mean_of_ones_is_one_at_every_size_that_is_tried() -> None:
    found = verdict(one_over(K) * total(ones(K)), term(1))
    assert isinstance(found, Proved)
    assert found.every_size is None


def test_what_would_take_forever_is_unknown() -> None:
    assert isinstance(verdict(term(2) ** 10**6 * n, n), Unknown | Refuted)
    assert isinstance(verdict((n + 1) ** 10**6, n), Unknown | Refuted)


@pytest.mark.parametrize("sizes", [{H: 0}, {K: -1}])
def test_sizes_and_steps_start_at_one(sizes: Sizes) -> None:
    record = claim(grad(h[t]), grad(h[t]), RNN)
    with pytest.raises(ValueError, match="where a whole number from 1 is needed"):
        prove(record, sizes)
    with pytest.raises(ValueError, match="steps = 0, where a whole number from 1 is needed"):
        prove(record, steps=0)


def test_a_step_needs_a_model_with_steps() -> None:
    with pytest.raises(ValueError, match=r"h\[t\] has a step, and there is no model with steps"):
        claim(h[t], h[t])


def test_a_second_step_is_told_with_its_range() -> None:
    assert claim(d(h[Step("k") - 1], h[t]), 0 * d(h[t], h[t]), RNN).statement.endswith("(k ≤ t)")


def test_a_declared_hypothesis_holds_at_every_counterexample() -> None:
    y = head.y
    right = ones(K) + (exp(term(1)) - 1) * y
    assert not isinstance(prove(claim(exp(y), right, head.HEAD, one_hot(y))), Refuted)
    assert isinstance(prove(claim(exp(y), right, head.HEAD)), Refuted)


def test_one_name_is_one_array() -> None:
    with pytest.raises(ValueError, match=r"one name, x, for two arrays: shape \(H\) and shape \(K\)"):
        claim(total(array("x", H)), total(array("x", K)))
    with pytest.raises(ValueError, match=r"one name, x, for two arrays: a sequence of shape \(D\) and shape \(H\)"):
        claim(grad(array("x", H)), array("x", H), RNN)


def test_a_gradient_by_what_the_model_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="the model rnn has no Q to differentiate by"):
        claim(grad(array("Q", H)), array("Q", H) * 0, RNN)


def test_subscripts_of_one_name_on_two_axes_stay_apart() -> None:
    p, q = array("p", H), array("q", K)
    left = sum_over(Index("i", H), p.at(Index("i", H)) * q.at(i))
    assert isinstance(prove(claim(left, total(p) * q.at(i)), {H: 2, K: 3}), Proved)


def test_zero_over_zero_equals_nothing() -> None:
    p, z = scalar("p"), scalar("Z")
    nothing = tanh(p) - (1 - 2 / (exp(2 * p) + 1))
    model = Model("nothing", "", "", (p,), (), (), (equation(z, nothing), equation(LOSS, z * z)), LOSS)
    assert isinstance(verdict(z / z, term(1), model), Unknown)
    assert isinstance(verdict(nothing / nothing, term(1)), Unknown)


def test_immediate_derivatives_are_of_variables_at_a_step() -> None:
    assert isinstance(verdict(immediate(h[t] * 1, W), 0 * immediate(h[t], W), RNN), Unknown | Refuted)
    assert isinstance(verdict(immediate(LOSS, h[t]), 0 * h[t], RNN), Unknown | Refuted)


def test_the_class_is_named_by_a_target() -> None:
    found = verdict(head.yhat - indicator(head.yhat), 0 * head.yhat, head.HEAD)
    assert isinstance(found, Unknown)
    assert "named by a target" in found.reason


ODD = [
    (delta(i, 1) + delta(i, 2) + delta(i, 3), term(1)),
    (delta(1, 2), term(0)),
    (exp(exp(exp(exp(10 * n)))), exp(exp(exp(exp(10 * n))))),
    (total(ones(K)) * one_over(K) * n, n),
    (log(-exp(n)), n),
    (n / (n - n), n),
]


@pytest.mark.parametrize(("left", "right"), ODD, ids=[f"{a} = {b}" for a, b in ODD])
def test_odd_formulas_get_a_verdict_and_no_traceback(left: Term, right: Term) -> None:
    assert isinstance(verdict(left, right), Verdict)
    assert not isinstance(verdict(left, right), Refuted)


@pytest.mark.parametrize("power", [0.5, scalar("n")])
def test_a_power_is_a_whole_number(power: object) -> None:
    with pytest.raises(TypeError, match="a power is a whole number"):
        n**power  # type: ignore[operator]


def fed_back(delay: int) -> Model:
    """An RNN whose logits come back `delay` steps later, through as many states."""
    V, R = array("V", K, H), array("R", H, K)
    e, y, u, z, p, loss = (
        sequence("e", H),
        sequence("y", K),
        sequence("u", H),
        sequence("z", K),
        sequence("p", K),
        sequence("loss"),
    )
    late = [sequence(f"late{n}", K) for n in range(delay)]
    carried = tuple(equation(s[t], 1 * before[t - 1]) for s, before in zip(late, [z, *late], strict=False))
    return Model(
        "fed back",
        "",
        "",
        (V, R),
        (e,),
        (y,),
        (
            *carried,
            equation(u[t], tanh(e[t] + R @ late[-1][t])),
            equation(z[t], V @ u[t]),
            equation(p[t], softmax(z[t])),
            equation(loss[t], -(y[t] @ log(p[t]))),
        ),
        loss,
    )


@pytest.mark.parametrize("delay", [1, 2])
def test_logits_that_come_back_reach_later_losses(delay: int) -> None:
    model = fed_back(delay)
    z, u, late, loss, V = (model.arrays[name] for name in ("z", "u", "late0", "loss", "V"))
    here = d(loss[t], z[t])
    assert isinstance(verdict(grad(z[t]), here, model), Refuted)
    assert isinstance(verdict(grad(u[t]), V.T @ here, model), Refuted)
    assert isinstance(verdict(grad(z[t]), here + grad(late[t + 1]), model), Proved)


def test_two_steps_back_are_not_all_steps() -> None:
    truncated = immediate(h[t], b) + d(h[t], h[t - 1]) @ immediate(h[t - 1], b)
    assert isinstance(verdict(d(h[t], b), truncated, RNN), Refuted)
    assert isinstance(verdict(grad(b), grad(a[T]) + grad(a[T - 1]), RNN), Refuted)
    third = prove(claim(grad(b), grad(a[1]) + grad(a[2]) + grad(a[3]), RNN))
    assert not isinstance(third, Proved) or not third.every_T


J = Axis("J", 2)
U = array("U", J, J)


def trace(matrix: Term) -> Term:
    return inner(eye(J), matrix)


def test_a_gradient_that_vanishes_for_two_by_two_vanishes_for_no_larger() -> None:
    cubic = trace(U) ** 3 - 3 * trace(U) * trace(U @ U) + 2 * trace(U @ U @ U)
    model = Model("cubic", "", "", (U,), (), (), (equation(LOSS, cubic),), LOSS)
    found = verdict(grad(U), 0 * U, model)
    assert isinstance(found, Proved)
    assert found.every_size is None
    assert isinstance(prove(claim(grad(U), 0 * U, model), {J: 3}), Refuted)


def test_attention_at_two_entries_is_not_attention() -> None:
    q, s, alpha, w, z = array("q", J), array("s", J), array("alpha", J), array("w", J), scalar("z")
    model = Model(
        "attention",
        "",
        "",
        (q, w),
        (),
        (),
        (equation(s, q * w), equation(alpha, softmax(s)), equation(z, alpha @ w), equation(LOSS, z * z)),
        LOSS,
    )
    assert isinstance(verdict(grad(s), 2 * z * alpha * (w - z), model), Proved)
    assert isinstance(verdict(grad(s), 2 * z * alpha * w, model), Refuted)
    squares = claim(2 * grad(s) * grad(s), total(grad(s) ** 2) * ones(J), model)
    found = prove(squares)
    assert isinstance(found, Proved)
    assert found.every_size is None
    assert isinstance(prove(squares, {J: 3}), Refuted)


def test_what_is_divided_by_may_be_zero_at_one_size_alone() -> None:
    e, centred, variance = array("e", J), array("centred", J), scalar("variance")
    model = Model(
        "variance",
        "",
        "",
        (e,),
        (),
        (),
        (
            equation(centred, e - one_over(J) * total(e)),
            equation(variance, one_over(J) * (centred @ centred)),
            equation(LOSS, variance * variance),
        ),
        LOSS,
    )
    ratio, false = claim(variance / variance, term(1), model), claim(1 / variance, 2 / variance, model)
    assert isinstance(prove(ratio, {J: 2}), Proved)
    assert isinstance(prove(false, {J: 2}), Refuted)
    assert isinstance(prove(ratio, {J: 1}), Unknown)
    assert isinstance(prove(false, {J: 1}), Unknown)


def test_a_one_hot_target_times_its_reciprocal_refutes_nothing() -> None:
    """y_k (1/y_k) does not exist where y_k = 0; it is not 0 there."""
    y, s, r = head.y, scalar("s"), scalar("r")
    unseen = log((1 + s**2) * (1 + r**2)) - log(1 + s**2) - log(1 + r**2)
    assert not isinstance(verdict(y @ (1 / y) + unseen, total(ones(K)), head.HEAD), Refuted)
    assert isinstance(verdict(y @ (1 / y), total(ones(K)), head.HEAD), Proved)
    assert not isinstance(verdict(y @ (1 / y), term(1), head.HEAD), Proved)


def test_the_derivative_of_what_exists_nowhere_is_not_proved() -> None:
    p = scalar("p")
    assert isinstance(verdict(d(log(-exp(p)), p), term(1)), Unknown)
    assert isinstance(verdict(d(log(exp(p)), p), term(1)), Proved)
    assert isinstance(verdict(d(log(-p), p), 1 / p), Proved)


def test_a_right_second_derivative_is_not_refuted() -> None:
    w, e, u, loss = scalar("w"), sequence("e"), sequence("u"), sequence("loss")
    model = sequence_model(equations=(equation(u[t], tanh(w * u[t - 1] + e[t])), equation(loss[t], u[t] ** 2)))
    slope = 1 - u[t] ** 2
    assert not isinstance(verdict(d(d(u[t], u[t - 1]), u[t - 1]), -2 * u[t] * slope * w**2, model), Refuted)
    assert isinstance(verdict(d(d(u[t], u[t - 1]), u[t - 1]), 2 * u[t] * slope * w**2, model), Refuted)
    assert not isinstance(verdict(d(grad(e[t]), w), d(grad(w), e[t]), model), Refuted)
    assert not isinstance(verdict(d(w * grad(w), w), grad(w) + w * d(grad(w), w), model), Refuted)


def test_what_was_proved_before_changes_no_verdict() -> None:
    """One record at sizes and lengths in one order, then backwards; and several at once."""
    record = claim(grad(W), sum_steps(outer(grad(a[t]), h[t - 1])), RNN)
    wrong = claim(grad(W), sum_steps(outer(grad(a[t]), h[t])), RNN)
    tried = [({H: n, D: n, K: 2}, steps) for n in (1, 2, 3) for steps in (1, 2, 4)]

    def verdicts(order: Sequence[tuple[Sizes, int]]) -> list[tuple[str, str]]:
        found = [prove(each, *one) for one in order for each in (record, wrong)]
        return sorted((v.name, v.scope) for v in found)

    forwards = verdicts(tried)
    assert {name for name, _ in forwards} == {"proved", "refuted"}
    assert verdicts(tried[::-1]) == forwards
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(verdicts, [tried, tried[::-1]] * 2)) == [forwards] * 4


S0, S1, S2 = (sequence(name, K) for name in ("s0", "s1", "s2"))
O, P, Y, L_T = (sequence(name, *axes) for name, axes in (("o", [K]), ("p", [K]), ("y", [K]), ("L_t", [])))
V, R = array("V", K, D), array("R", K, K)
FED_BACK = Model(
    "fed-back",
    "Logits that are heard of three steps later",
    "own",
    (V, R),
    (x,),
    (Y,),
    (
        equation(S0[t], O[t - 1]),
        equation(S1[t], S0[t - 1]),
        equation(S2[t], S1[t - 1]),
        equation(O[t], V @ x[t] + R @ S2[t]),
        equation(P[t], softmax(O[t])),
        equation(L_T[t], -(Y[t] @ log(P[t]))),
    ),
    L_T,
)
TRUNCATED = [
    (RNN, grad(b), grad(a[T]) + grad(a[T - 1]) + grad(a[T - 2])),
    (RNN, d(h[t], b), d(h[t], a[t]) + d(h[t], a[t - 1]) + d(h[t], a[t - 2])),
    (RNN, d(2 * LOSS, b), 2 * (grad(a[T]) + grad(a[T - 1]) + grad(a[T - 2]))),
    (FED_BACK, grad(O[t]), d(L_T[t], O[t])),
]


@pytest.mark.parametrize(("model", "left", "right"), TRUNCATED, ids=["grad-b", "state-by-b", "twice", "fed-back"])
@pytest.mark.parametrize("steps", [3, 5])
def test_what_holds_only_of_three_steps_is_refuted_in_a_longer_sequence(model, left, right, steps):
    verdict = prove(derivation("a.claim", "", left, ("", right), source="", model=model), steps=steps)
    assert isinstance(verdict, Refuted)
    assert verdict.counterexample.steps["T"] >= 4


def test_the_loss_inside_what_is_differentiated_settles_no_size():
    J = Axis("J", 2)
    U, loss = array("U", J, J), Var("L", ())

    def trace(A: Term) -> Term:
        return inner(eye(J), A)

    cubic = trace(U) * trace(U) * trace(U) - 3 * trace(U) * trace(U @ U) + 2 * trace(U @ U @ U)
    model = Model("cubic", "Zero at size 2 alone", "own", (U,), (), (), (equation(loss, cubic),), loss)
    verdict = prove(derivation("a.claim", "", d(2 * LOSS, U), ("", 0 * U), source="", model=model))
    assert isinstance(verdict, Proved)
    assert verdict.every_size is None


def test_a_verdict_does_not_depend_on_what_was_judged_before():
    for axes in ([H], [H, H]):
        c = array("c", *axes)
        for right, wanted in ((c, Proved), (2 * c, Refuted)):
            assert isinstance(prove(derivation("a.claim", "", c * ones(*axes), ("", right), source="")), wanted)


def test_an_axis_that_no_variable_has_has_its_size():
    s = scalar("s")
    verdict = prove(derivation("a.claim", "", d(s * total(ones(K)), s), ("", total(ones(K))), source=""))
    assert isinstance(verdict, Proved)


def cubic(A: Var) -> Term:
    """Of a square matrix: 0 at size 2, and at no larger size."""
    unit = eye(A.axes[0])
    trace = inner(unit, A)
    return trace**3 - 3 * trace * inner(unit, A @ A) + 2 * inner(unit, A @ A @ A)


s_, A_, x_, l_ = scalar("s"), array("A", N, N), sequence("x"), sequence("l")
u_, z_, w_, r_, c_, o_, q_, al_ = (array(name, K) for name in ("u", "z", "w", "r", "c", "o", "q", "al"))
V_, xs, os, ps, ys = array("V", K, H), sequence("x", H), sequence("o", K), sequence("p", K), sequence("y", K)
i_, j_, n_, m_ = Index("i", K), Index("j", K), Index("n", N), Index("m", N)


def own(*equations: Equation, parameters: tuple[Var, ...]) -> Model:
    return Model("own", "", "", parameters, (), (), equations, LOSS)


def rows_of_a_softmax() -> tuple[Term, Term]:
    p, apart = softmax(array("o", N, K)), 1 - delta(i_, j_)
    return apart * (p.at(n_, i_) + p.at(n_, j_)), apart * (p.at(m_, i_) + p.at(m_, j_))


def pairs_in_a_product() -> Term:
    theta, apart = tanh(q_), 1 - delta(i_, j_)
    one, other = theta.at(i_), theta.at(j_)
    return apart * (c_.at(i_) * other + c_.at(j_) * one - one * other)


TRUE_AT_SIZE_2 = {
    "a number that is differentiated by": (grad(s_), term(0), own(equation(LOSS, s_ * cubic(A_)), parameters=(s_, A_))),
    "a number inside a function": (d(tanh(s_) * cubic(A_), s_), term(0), None),
    "two rows of one softmax": (*rows_of_a_softmax(), None),
    "a softmax inside a product": (
        pairs_in_a_product(),
        term(0),
        own(equation(al_, softmax(o_)), equation(c_, al_ * tanh(q_)), equation(LOSS, total(c_)), parameters=(o_, q_)),
    ),
    "the whole loss as a value": (
        LOSS,
        term(0),
        Model("own", "", "", (s_, A_), (x_,), (), (equation(l_[t], x_[t] * tanh(s_) * cubic(A_)),), l_),
    ),
}


@pytest.mark.parametrize("kind", TRUE_AT_SIZE_2)
def test_what_is_true_at_size_2_alone_is_not_proved_for_every_size(kind: str) -> None:
    claimed = claim(*TRUE_AT_SIZE_2[kind])
    at_2 = prove(claimed, {N: 2, K: 2})
    assert isinstance(at_2, Proved)
    assert at_2.every_size is None
    assert isinstance(prove(claimed, {N: 3, K: 3}), Refuted)


def test_the_scale_of_a_loss_and_a_sum_two_equations_away_are_looked_at() -> None:
    """Each is true at K = 3 alone."""
    scaled = Model(
        "scaled", "", "", (V_,), (xs,), (ys,),
        (equation(os[t], V_ @ xs[t]), equation(ps[t], softmax(os[t])), equation(l_[t], -(ys[t] @ log(ps[t])))),
        l_, total(ones(K)),
    )  # fmt: skip
    deep = own(
        equation(w_, u_ * total(exp(z_ - z_))), equation(c_, w_ * tanh(r_)), equation(LOSS, total(c_)),
        parameters=(u_, z_, r_),
    )  # fmt: skip
    for claimed in (claim(grad(os[t]), 3 * d(l_[t], os[t]), scaled), claim(c_, 3 * u_ * tanh(r_), deep)):
        at_3 = prove(claimed)
        assert isinstance(at_3, Proved)
        assert at_3.every_size is None
        assert isinstance(prove(claimed, {K: 4}), Refuted)


def test_a_target_may_have_the_name_of_a_function() -> None:
    y = sequence("exp", K)
    model = Model(
        "own", "", "", (), (os,), (y,), (equation(ps[t], softmax(os[t])), equation(l_[t], -(y[t] @ log(ps[t])))), l_
    )
    found = verdict(ps[t] * y[t] ** 2, ps[t] * y[t], model)
    assert isinstance(found, Proved)
    assert [h.kind for h in found.hypotheses] == ["one-hot"]


def test_a_number_beyond_all_decimals_is_no_endless_run() -> None:
    assert isinstance(verdict(exp(exp(32 * s_)), 1 + s_), Refuted | Unknown)
    assert isinstance(verdict(s_ * 3**1000, s_), Refuted)


def test_sides_that_differ_late_are_printed_until_they_differ() -> None:
    found = verdict(s_, s_ * (1 + term(Fraction(1, 10**25))))
    assert isinstance(found, Refuted)
    assert found.counterexample
    assert not {*found.counterexample.left} & {*found.counterexample.right}


def test_a_recurrence_in_one_equation_is_proved_as_far_as_one_in_two() -> None:
    W_, h_ = array("W", H, H), sequence("h", H)
    model = Model(
        "own",
        "",
        "",
        (W_,),
        (xs,),
        (),
        (equation(h_[t], tanh(W_ @ h_[t - 1] + xs[t])), equation(l_[t], h_[t] @ h_[t])),
        l_,
    )
    adjoint = (1 - h_[t] ** 2) * grad(h_[t])
    found = verdict(grad(W_), sum_steps(outer(adjoint, h_[t - 1])), model)
    assert isinstance(found, Proved)
    assert found.every_T
    assert found.every_size
    assert isinstance(verdict(grad(W_), sum_steps(outer(h_[t - 1], adjoint)), model), Refuted)
    assert isinstance(verdict(grad(h_[t]), 2 * h_[t] + W_ @ ((1 - h_[t + 1] ** 2) * grad(h_[t + 1])), model), Refuted)
    assert verdict(grad(h_[t]), 2 * h_[t] + W_.T @ ((1 - h_[t + 1] ** 2) * grad(h_[t + 1])), model).every_T


def test_an_argument_under_a_sum_over_subscripts_keeps_its_subscript() -> None:
    """L = −Σ_i y_i log σ(z)_i, whose logarithm and sigmoid are of entries."""
    z, y, k = array("z", K), array("y", K), Index("k", K)
    model = own(equation(LOSS, -sum_over(k, y.at(k) * log(sigmoid(2 * z.at(k))))), parameters=(z, y))
    assert isinstance(verdict(grad(z), -2 * y * (1 - sigmoid(2 * z)), model), Proved)
    assert isinstance(verdict(grad(z), -2 * y * sigmoid(2 * z), model), Refuted)


def test_a_vector_under_free_subscripts_is_compared_in_all_its_entries() -> None:
    j = Index("j", K)
    assert isinstance(verdict(v * delta(i, j), delta(j, i) * v), Proved)
    assert isinstance(verdict(v * delta(i, j), v), Refuted)
    gradient = grad(h[t]) * delta(i, j)
    right = W.T @ ((1 - h[t + 1] ** 2) * grad(h[t + 1])) + d(RNN.step_loss[t], h[t])
    assert isinstance(verdict(gradient, right * delta(j, i), RNN), Proved)
    assert isinstance(verdict(gradient, right * delta(i, i), RNN), Refuted)


TWICE = [
    (sum_over(i, sum_over(k, delta(i, k) * delta(k, i))), term(3)),
    (sum_over(i, sum_over(k, eye(K).at(i, k) * eye(K).at(k, i))), term(3)),
    (total(tanh(v) * exp(v) ** 2 + tanh(v) - exp(v) ** 2), term(-5)),
    (total(tanh(v) * (2 * sigmoid(v) ** 2 - 2 * sigmoid(v) + 1) - 2 * sigmoid(v)), term(-5)),
]


@pytest.mark.parametrize(("left", "right"), TWICE, ids=[f"{a} = {b}" for a, b in TWICE])
def test_what_cancels_by_a_delta_or_by_exp_still_counts_an_axis(left: Term, right: Term) -> None:
    found = verdict(left, right)
    assert isinstance(found, Proved)
    assert found.every_size is None
    assert not isinstance(prove(claim(left, right), {H: 4, K: 4}), Proved)


def cubic(matrix: Term) -> Term:
    """0 for a matrix of rank 2."""
    first, second, third = (inner(eye(H), m) for m in (matrix, matrix @ matrix, matrix @ matrix @ matrix))
    return first**3 - 3 * first * second + 2 * third


def test_a_derivative_read_before_it_is_a_symbol_is_that_symbol() -> None:
    P, Q, s_, u_ = array("P", H, K), array("Q", K, H), sequence("s", K), sequence("u", H)
    model = sequence_model(
        parameters=(P, Q),
        inputs=(u_,),
        equations=(
            equation(s_[t], Q @ h[t - 1]),
            equation(h[t], P @ s_[t] + u_[t]),
            equation(sequence("loss")[t], h[t] @ h[t]),
        ),
    )
    jacobian = d(h[t], h[t - 1])
    right = cubic(d(1 * h[t], h[t - 1])) + total(jacobian)
    found = prove(claim(total(jacobian), right, model), {H: 3, K: 2})
    assert not isinstance(found, Proved) or found.every_size is None
    assert isinstance(prove(claim(total(jacobian), right, model), {H: 3, K: 3}), Refuted)


def test_a_scale_that_counts_the_steps_is_no_scale() -> None:
    with pytest.raises(ValueError, match="write it with numbers"):
        sequence_model(scale=sum_steps(term(1)) - 1)


DELAYS = (sequence("once", H), sequence("twice", H), sequence("thrice", H))


def delayed() -> Model:
    """thrice[t] = h[t−3]: what forgets it is right up to T = 3."""
    once, twice, thrice = DELAYS
    return sequence_model(
        parameters=(array("U", H, D),),
        inputs=(x,),
        equations=(
            equation(thrice[t], twice[t - 1]),
            equation(twice[t], once[t - 1]),
            equation(once[t], h[t - 1]),
            equation(h[t], tanh(array("U", H, D) @ x[t])),
            equation(sequence("loss")[t], h[t] @ h[t] + thrice[t] @ thrice[t]),
        ),
    )


prime = Step("t'")
NAMES = [
    (
        sum_steps(sum_steps(d(DELAYS[2][prime], h[t]), 1, 1, index="t"), 1, prime, index="m"),
        sum_steps(d(DELAYS[2][t], h[t]), 1, prime, index="t"),
    ),
]


@pytest.mark.parametrize(("left", "right"), NAMES, ids=[f"{a} = {b}" for a, b in NAMES])
def test_an_index_does_not_catch_a_step_of_its_new_name(left: Term, right: Term) -> None:
    found = verdict(left, right, delayed())
    assert not isinstance(found, Proved) or not found.every_T


FAR = x[t - 3] @ x[t - 3]
"""Silent in sequences of three steps, so that nothing else of the formula is looked at there."""


def test_the_loss_is_reached_through_all_it_is_made_of_where_only_long_sequences_speak() -> None:
    o, p, y, l = sequence("o", K), sequence("p", K), sequence("y", K), sequence("l")
    V = array("V", K, H)
    model = sequence_model(
        parameters=(W, V),
        inputs=(x,),
        targets=(y,),
        equations=(
            equation(a[t], W @ h[t - 1]),
            equation(h[t], tanh(a[t])),
            equation(o[t], V @ h[t]),
            equation(p[t], softmax(o[t])),
            equation(l[t], -(y[t] @ log(p[t])) + h[t] @ h[t] + x[t] @ x[t]),
        ),
        step_loss=l,
    )
    Z = d(h[t], h[t - 1])
    left, right = d(l[t], h[t - 1]) + Z.T @ h[t], Z.T @ (V.T @ d(l[t], o[t])) + Z.T @ h[t]
    assert isinstance(verdict(left, right, model), Refuted)
    assert not isinstance(verdict(left + FAR * h[t], right + FAR * h[t], model), Proved)


COPIES = [
    (Derivative(2 * LOSS, W, copy=t), 2 * grad(W)),
    (Derivative(LOSS, h[t], copy=t), grad(h[t])),
]


@pytest.mark.parametrize(("left", "right"), COPIES, ids=[f"{a} = {b}" for a, b in COPIES])
def test_a_use_at_one_step_of_what_has_none_is_not_the_whole(left: Term, right: Term) -> None:
    for more in (0 * right, FAR * right):
        assert isinstance(prove(claim(left + more, right + more, RNN), steps=5), Unknown)


def test_a_formula_is_differentiated_where_all_of_it_exists() -> None:
    linear = sequence_model(
        parameters=(W,),
        inputs=(x, sequence("u", H)),
        equations=(
            equation(h[t], W @ h[t - 1] + sequence("u", H)[t]),
            equation(sequence("loss")[t], h[t] @ h[t] + x[t] @ x[t]),
        ),
    )
    for left, right in [(d(1 * h[t + 1], h[t]), W), (d(h[t] + h[t + 1], h[t]), eye(H) + W)]:
        assert isinstance(verdict(left, right, linear), Proved)
        assert isinstance(prove(claim(left + FAR * W, right + FAR * W, linear), steps=5), Proved)
        assert isinstance(verdict(left, right + W, linear), Refuted)


P = Axis("P", 2)
s = Step("s")
IDENTITIES = [
    (total(d(v, v)), 5 + 0 * total(d(v, v)), None),
    (total(d(W, W)), 25 + 0 * total(d(W, W)), None),
    (total(d(W, W)), 25 + 0 * total(d(W, W)), RNN),
    (inner(eye(H), d(h[t], h[t])), 5 + 0 * inner(eye(H), d(h[t], h[t])), RNN),
    (total(d(h[t], h[t])), 5 + 0 * total(d(a[t], h[t])), RNN),
]


@pytest.mark.parametrize(("left", "right", "model"), IDENTITIES)
def test_a_variable_by_itself_is_an_identity_whose_trace_is_its_size(
    left: Term, right: Term, model: Model | None
) -> None:
    found = verdict(left, right, model)
    assert isinstance(found, Proved)
    assert found.every_size is None
    assert isinstance(prove(claim(left, right, model), {H: 6}), Refuted)


def gram(p: Term, q: Term, r: Term) -> Term:
    """The determinant of the products of three vectors: 0 in a plane, and not in space."""
    pp, qq, rr, pq, qr, pr = p @ p, q @ q, r @ r, p @ q, q @ r, p @ r
    return pp * (qq * rr - qr * qr) - pq * (pq * rr - qr * pr) + pr * (pq * qr - qq * pr)


@pytest.mark.parametrize(("first", "last"), [(t, t), (t - 1, t), (t, t + 1)])
def test_what_is_differentiated_under_a_sum_over_steps_counts_its_subscripts(first: Step, last: Step) -> None:
    u, p, q = (sequence(name, P) for name in ("u", "p", "q"))
    loss = sequence("loss")
    model = sequence_model(inputs=(u, p, q), equations=(equation(loss[t], u[t] @ p[t] + q[t] @ q[t]),))
    left = d(sum_steps(gram(u[s], p[s], q[s]), first, last, index="s"), u[t])
    found = verdict(left, 0 * u[t], model)
    assert isinstance(found, Proved)
    assert found.every_size is None
    assert isinstance(prove(claim(left, 0 * u[t], model), {P: 3}), Refuted)


def test_exponentials_of_targets_that_sum_to_one_know_how_many_there_are() -> None:
    o, y, p = (sequence(name, K) for name in ("o", "y", "p"))
    z, loss = sequence("z", K), sequence("loss")
    made = (
        equation(p[t], softmax(o[t])),
        equation(z[t], exp(y[t])),
        equation(loss[t], -(y[t] @ log(p[t])) + z[t] @ z[t]),
    )
    model = sequence_model(inputs=(o,), targets=(y,), equations=made)
    for e in (exp(y[t]), z[t]):
        record = claim(total(e) ** 2 - total(e**2), 2 * exp(term(1)), model)
        found = prove(record, {K: 2})
        assert isinstance(found, Proved)
        assert (found.hypotheses, found.every_size) == ((sums_to_one(y),), None)
        assert isinstance(prove(record, {K: 3}), Refuted)


def test_ends_that_differ_where_a_link_does_not_exist_are_refuted() -> None:
    state, z, loss = sequence("state", H), sequence("z", H), sequence("loss")
    made = (equation(state[t], state[t - 1] * z[t]), equation(loss[t], total(state[t])))
    model = sequence_model(inputs=(z,), equations=made)
    link = ones(H) + z[t + 1] * grad(state[t + 1])
    inside = sum_steps(d(loss[s], state[t]), t + 1, T - 1, index="s")
    for last, kind in [(ones(H) + inside + d(loss[T], state[t]), Refuted), (link, Proved)]:
        record = derivation("claim", "", grad(state[t]), ("", link), ("", last), source="", model=model)
        assert isinstance(prove(record), kind)
    late = 0 * outer(z[t + 1], z[t + 1])
    record = derivation("claim", "", 0 * outer(z[t], z[t]), ("", late), ("", d(z[T], z[t])), source="", model=model)
    found = prove(record)
    assert isinstance(found, Refuted)
    assert found.counterexample is not None
    assert found.counterexample.equality == ENDS


@pytest.mark.parametrize("left", [sum_steps(v), sum_steps(v, 1, T - 1), one_over(None) * v, sum_steps(v, T, 3)])
def test_without_a_sequence_there_is_no_last_step(left: Term) -> None:
    with pytest.raises(ValueError, match="and there is no model with steps"):
        claim(left, v)
    assert isinstance(verdict(sum_steps(v, 1, 3), 3 * v), Proved)


o2, u2, z2 = (array(name, P) for name in ("o", "u", "z"))
i2, j2 = Index("i", P), Index("j", P)
APART = 1 - delta(i2, j2)


def plain_model(inputs: tuple[Var, ...], targets: tuple[Var, ...], *made: Equation) -> Model:
    return Model("own", "", "", (), inputs, targets, made, LOSS)


def one_size(left: Term, right: Term, model: Model | None = None) -> None:
    """It holds at two entries, and only there."""
    found = verdict(left, right, model)
    assert isinstance(found, Proved)
    assert found.every_size is None
    assert isinstance(prove(claim(left, right, model), {P: 3}), Refuted)


def test_a_target_inside_a_product_that_is_unfolded_is_a_target() -> None:
    p, y, q, r = (array(name, P) for name in "pyqr")
    model = plain_model(
        (p,), (y,), equation(q, tanh(p)), equation(r, y * tanh(p)), equation(LOSS, total(r) + total(q * y))
    )
    ends = r.at(i2) * q.at(j2) + r.at(j2) * q.at(i2), q.at(i2) * q.at(j2)
    one_size(APART * ends[0], APART * ends[1], model)


def test_an_inverse_of_what_is_made_of_a_factor_cancels_it() -> None:
    p, q = array("p", P), array("q", P)
    product = plain_model((p, u2), (), equation(q, u2 * tanh(p)), equation(LOSS, total(q)))
    for numerator in (u2 * tanh(p), u2 * d(total(q), u2)):
        one_size(total(numerator / q), term(2), product)
    logarithm = plain_model((z2,), (), equation(q, exp(z2)), equation(LOSS, total(q)))
    one_size(total(z2 / log(q)), term(2), logarithm)


def test_a_softmax_and_its_normaliser_are_related_to_tanh_by_exp() -> None:
    e = softmax(o2) / (1 / total(exp(o2)))
    one_size(total(e**2 * tanh(o2) + tanh(o2) - e**2), term(-2))


def test_a_link_that_exists_for_some_classes_only_connects_nothing() -> None:
    y, other = array("y", K), array("other", K)
    link = y * (y @ other) / (y @ other)
    both = (one_hot(y), one_hot(other))
    record = derivation("claim", "", y, ("", link), ("", other), source="", hypotheses=both)
    assert not isinstance(prove(record), Proved)
    alone = derivation("claim", "", y, ("", link), source="", hypotheses=both)
    assert isinstance(prove(alone), Proved | Unknown)


def test_what_is_missing_in_a_model_or_a_record_is_told() -> None:
    with pytest.raises(ValueError, match="the equation of z leaves the subscript i free"):
        plain_model((u2,), (), equation(z2, u2 * u2.at(i2)), equation(LOSS, total(z2)))
    with pytest.raises(ValueError, match="a gradient of the loss, and there is no model with a loss"):
        claim(grad(v), 0 * v)
    with pytest.raises(ValueError, match="the model rnn has no Q to differentiate by"):
        claim(d(h[t], array("Q", H)), 0 * d(h[t], h[t]), RNN)
