"""The second engine agrees where it should, disagrees where it should, and stands on its own."""

from __future__ import annotations

import ast
import inspect
import random
import types
from dataclasses import replace
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from symbolic import differentiate, elementwise, equality, hypotheses, normal_form, second_opinion, unroll
from symbolic.derivations import catalogue
from symbolic.model import Model, equation
from symbolic.models import head, lstm, rnn
from symbolic.notation import AXES, D, H, Index, K, Sizes, T, k, t
from symbolic.records import Derivation, derivation
from symbolic.second_opinion import agree, confirm, tape, world
from symbolic.second_opinion.tape import REALS, RESIDUES, P
from symbolic.second_opinion.world import Disagreement, World
from symbolic.terms import (
    LOSS,
    Term,
    Var,
    array,
    d,
    delta,
    diag,
    exp,
    eye,
    grad,
    grad_copy,
    immediate,
    indicator,
    log,
    one_over,
    outer,
    product_steps,
    scalar,
    sigmoid,
    softmax,
    sum_over,
    sum_steps,
    tanh,
    total,
)  # fmt: skip
from symbolic.verdicts import Hypothesis, one_hot, sums_to_one

WORKED_EXAMPLE: Sizes = {axis: axis.size for axis in AXES.values()}
FIRST_ENGINE = (elementwise, differentiate, normal_form, unroll, equality, hypotheses)

r, l = rnn, lstm
i, j = Index("i", K), Index("j", K)
x, z = scalar("x"), scalar("z")
u, w = array("u", K), array("w", K)


def judged(*chain: Term, model: Model | None = None, assuming: tuple[Hypothesis, ...] = ()) -> str:
    first, *others = chain
    record = derivation("a.claim", "", first, *(("", term) for term in others), source="", model=model)
    return confirm(record, WORKED_EXAMPLE, assuming)


def levels(model: Model | None) -> list[tuple[Hypothesis, ...]]:
    targets = model.targets if model else ()
    return [(), tuple(map(sums_to_one, targets)), tuple(map(one_hot, targets))]


def confirmed_at_some_level(record: Derivation) -> str:
    """What is confirmed under the weakest hypothesis about the targets that suffices, or nothing."""
    for assuming in levels(record.model):
        try:
            return confirm(record, {**WORKED_EXAMPLE, **record.sizes}, assuming)
        except Disagreement:
            pass
    return ""


@pytest.mark.parametrize("id", [record.id for record in catalogue() if record.expected == "proved"])
def test_confirms_what_the_catalogue_stands_for(id: str) -> None:
    found = confirmed_at_some_level(catalogue()[id])
    assert found.startswith(("modular", "60 digits")), f"{id}: {found!r}"


@pytest.mark.parametrize("id", [record.id for record in catalogue() if record.expected == "refuted"])
def test_confirms_no_misprint(id: str) -> None:
    assert confirmed_at_some_level(catalogue()[id]) == ""


@pytest.mark.parametrize("id", [record.id for record in catalogue() if record.expected == "proved"])
def test_disagrees_with_a_wrong_sign_in_what_the_catalogue_stands_for(id: str) -> None:
    record = catalogue()[id]
    wrong = derivation(id, "", record.chain[0], ("", 1 - record.chain[-1]), source="", model=record.model)
    for assuming in levels(record.model):
        with pytest.raises(Disagreement, match=id):
            confirm(wrong, {**WORKED_EXAMPLE, **record.sizes}, assuming)


dtanh = 1 - r.h[t + 1] ** 2
NEIGHBOURS: dict[str, tuple[Model | None, Term, Term, list[Term]]] = {
    "adjoint of h": (
        r.RNN,
        grad(r.h[t]),
        r.V.T @ grad(r.o[t]) + r.W.T @ (dtanh * grad(r.h[t + 1])),
        [
            r.V.T @ grad(r.o[t]) - r.W.T @ (dtanh * grad(r.h[t + 1])),
            r.V.T @ grad(r.o[t]) + r.W @ (dtanh * grad(r.h[t + 1])),
            r.W.T @ (dtanh * grad(r.h[t + 1])),
            r.V.T @ grad(r.o[t]) + r.W.T @ ((1 - r.h[t] ** 2) * grad(r.h[t + 1])),
            r.V.T @ grad(r.o[t + 1]) + r.W.T @ (dtanh * grad(r.h[t + 1])),
            r.V.T @ grad(r.o[t]) + r.W.T @ grad(r.h[t + 1]),
        ],
    ),
    "gradient by W": (
        r.RNN,
        grad(r.W),
        sum_steps(outer((1 - r.h[t] ** 2) * grad(r.h[t]), r.h[t - 1])),
        [
            sum_steps(outer((1 - r.h[t] ** 2) * grad(r.h[t]), r.h[t])),
            sum_steps(outer((1 - r.h[t] ** 2) * grad(r.h[t]), r.h[t - 1])).T,
            sum_steps(outer((1 - r.h[t] ** 2) * grad(r.h[t]), r.h[t - 1]), first=2),
            sum_steps(outer((1 + r.h[t] ** 2) * grad(r.h[t]), r.h[t - 1])),
        ],
    ),
    "the share of one step": (
        r.RNN,
        grad_copy(r.W, t),
        outer(grad(r.a[t]), r.h[t - 1]),
        [grad(r.W), outer(grad(r.a[t]), r.h[t]), outer(r.h[t - 1], grad(r.a[t]))],
    ),
    "forward recursion": (
        r.RNN,
        d(r.h[t], r.W),
        diag(1 - r.h[t] ** 2) @ (outer(eye(H), r.h[t - 1]) + r.W @ d(r.h[t - 1], r.W)),
        [immediate(r.h[t], r.W), diag(1 - r.h[t] ** 2) @ (outer(eye(H), r.h[t - 1]) + r.W.T @ d(r.h[t - 1], r.W))],
    ),
    "immediate derivative": (
        r.RNN,
        immediate(r.h[t], r.W),
        diag(1 - r.h[t] ** 2) @ outer(eye(H), r.h[t - 1]),
        [d(r.h[t], r.W)],
    ),
    "product of Jacobians": (
        r.RNN,
        d(r.h[t], r.h[k]),
        product_steps(diag(1 - r.h[t] ** 2) @ r.W, k + 1, t, "t"),
        [
            product_steps((diag(1 - r.h[t] ** 2) @ r.W).T, k + 1, t, "t"),
            product_steps(r.W @ diag(1 - r.h[t] ** 2), k + 1, t, "t"),
            product_steps(diag(1 - r.h[t] ** 2) @ r.W, k, t, "t"),
        ],
    ),
    "adjoint of the cell": (
        l.LSTM,
        grad(l.c[t]),
        grad(l.h[t]) * l.o[t] * (1 - tanh(l.c[t]) ** 2) + l.f[t + 1] * grad(l.c[t + 1]),
        [
            grad(l.h[t]) * l.o[t] * (1 - tanh(l.c[t]) ** 2),
            grad(l.h[t]) * l.o[t] * (1 - tanh(l.c[t]) ** 2) + l.f[t] * grad(l.c[t + 1]),
            grad(l.h[t]) * l.o[t] * (1 - tanh(l.c[t])) + l.f[t + 1] * grad(l.c[t + 1]),
            grad(l.h[t]) * l.i[t] * (1 - tanh(l.c[t]) ** 2) + l.f[t + 1] * grad(l.c[t + 1]),
        ],
    ),
    "gradient by a gate's weights": (
        l.LSTM,
        grad(l.Whf),
        sum_steps(outer(grad(l.f[t]) * l.f[t] * (1 - l.f[t]), l.h[t - 1])),
        [
            sum_steps(outer(grad(l.f[t]) * (1 - l.f[t] ** 2), l.h[t - 1])),
            sum_steps(outer(grad(l.i[t]) * l.f[t] * (1 - l.f[t]), l.h[t - 1])),
        ],
    ),
    "Jacobian of softmax": (
        head.HEAD,
        d(head.yhat.at(i), head.o.at(j)),
        head.yhat.at(i) * (delta(i, j) - head.yhat.at(j)),
        [head.yhat.at(i) * (1 - head.yhat.at(j)), head.yhat.at(j) * (delta(i, j) - head.yhat.at(j))],
    ),
    "derivative of a formula": (
        None,
        d(total(u * u) / total(u), u),
        (2 * u) / total(u) - total(u**2) / total(u) ** 2,
        [(2 * u) / total(u), (2 * u) / total(u) - total(u**2) / total(u**2)],
    ),
    "mean over the steps": (
        r.RNN,
        sum_steps(one_over(None) * r.b),
        r.b,
        [sum_steps(r.b), one_over(None) * r.b],
    ),
    "arrays that no equation knows": (
        r.RNN,
        d(total(u * w * r.o[t]), u) + d(total(u * w * r.y[t]), w),
        w * r.o[t] + u * r.y[t],
        [w * r.o[t] + w * r.y[t], u * r.o[t] + u * r.y[t]],
    ),
    "mean": (None, one_over(K) * total(u), sum_over(i, u.at(i)) / 3, [total(u), one_over(H) * total(u)]),
}  # fmt: skip


@pytest.mark.parametrize("name", NEIGHBOURS)
def test_tells_a_formula_from_its_wrong_neighbours(name: str) -> None:
    model, left, right, wrong = NEIGHBOURS[name]
    assert judged(left, right, model=model).startswith("modular")
    for neighbour in wrong:
        with pytest.raises(Disagreement):
            judged(left, neighbour, model=model)


def test_names_the_equality_that_is_wrong() -> None:
    right = r.V.T @ grad(r.o[T])
    with pytest.raises(Disagreement, match=r"a\.claim, equality 2, entry \(1\), T = 1"):
        judged(grad(r.h[T]), right, -right, right, model=r.RNN)


def test_says_how_and_at_which_lengths() -> None:
    assert judged(d(tanh(x), x), 1 - tanh(x) ** 2) == "modular"
    assert judged(grad(r.b), sum_steps(grad(r.a[t])), model=r.RNN) == "modular, T = 1, 2, 3"
    # At T = 1 there is no h[t+1].
    assert judged(d(r.a[t + 1], r.h[t]), r.W, model=r.RNN) == "modular, T = 2, 3"
    assert judged(grad_copy(r.W, t - 1), 1 * grad_copy(r.W, t - 1), model=r.RNN) == "modular, T = 2, 3"
    # What a longer sequence has made is not there in a shorter one.
    assert judged(d(r.a[t + 1], r.h[t]), r.W, model=r.RNN) == "modular, T = 2, 3"
    # Where the first three lengths say nothing, the first two that do.
    far = d(r.a[t + 5], r.h[t + 4])
    assert judged(far, r.W, model=r.RNN) == "modular, T = 6, 7"
    assert judged(d(r.a[t + 9], r.h[t + 8]), r.W, model=r.RNN) == "modular, T = 10, 11"
    assert judged(d(r.a[t + 41], r.h[t + 40]), r.W, model=r.RNN) == "nothing to compare up to T = 40"


@pytest.mark.parametrize(
    ("left", "right", "wrong"),
    [
        (tanh(x), 2 * sigmoid(2 * x) - 1, 2 * sigmoid(x) - 1),
        (exp(x) * exp(z), exp(x + z), exp(x * z)),
        (sigmoid(-x), 1 - sigmoid(x), sigmoid(x)),
        (log(exp(x) * z), x + log(z), x - log(z)),
        (log(softmax(u)), u - log(total(exp(u))), u - total(u)),
        (softmax(u + x), softmax(u), softmax(u * x)),
        (d(log(total(exp(u))), u), softmax(u + 1), exp(u)),
    ],
)
def test_identities_of_exp_and_log_are_judged_at_sixty_digits(left: Term, right: Term, wrong: Term) -> None:
    assert judged(left, right) == "60 digits"
    with pytest.raises(Disagreement):
        judged(left, wrong)


def test_hypotheses_hold_where_they_are_made_and_nowhere_else() -> None:
    o, yhat, y = head.o, head.yhat, head.y
    free, summing, hot = levels(head.HEAD)
    difference = grad(o), yhat - y
    assert judged(*difference, model=head.HEAD, assuming=summing) == "modular"
    assert judged(grad(o), yhat - indicator(y), model=head.HEAD, assuming=hot) == "modular"
    with pytest.raises(Disagreement):
        judged(*difference, model=head.HEAD, assuming=free)
    assert judged(y**2, y, model=head.HEAD, assuming=hot) == "modular"
    with pytest.raises(Disagreement):
        judged(y**2, y, model=head.HEAD, assuming=summing)


@pytest.mark.parametrize("kth", [1, 2, 3])
@pytest.mark.parametrize("model", [head.HEAD, r.RNN], ids=lambda model: model.name)
def test_one_hot_means_every_class(model: Model, kth: int) -> None:
    y = r.y[t] if model.is_sequence else head.y
    for one_class in (0, 1):
        with pytest.raises(Disagreement):
            judged(y.at(kth), one_class * total(y), model=model, assuming=(one_hot(model.targets[0]),))


def test_division_by_what_is_always_zero_is_no_confirmation() -> None:
    with pytest.raises(ZeroDivisionError):
        judged(x / (z - z), x / (z - z))


def test_agreement_is_of_residues_and_of_what_has_a_value() -> None:
    def agreed(left: Term, right: Term, *assuming: Hypothesis) -> str:
        record = derivation("a.claim", "", left, ("", right), source="", model=head.HEAD)
        return agree(record, WORKED_EXAMPLE, assuming)

    y, yhat = head.y, head.yhat
    assert agreed(grad(yhat), -(y / yhat)) == "modular"
    assert agreed(yhat / y, yhat / y) == "modular"
    assert agreed(yhat / y, yhat / y, one_hot(y)) == ""
    for left, right in ((grad(yhat), y / yhat), (exp(x) * exp(z), exp(x + z))):
        with pytest.raises(Disagreement) as found:
            agreed(left, right)
        assert found.value.where == (1, {})


def test_what_has_no_value_is_no_confirmation() -> None:
    for off in (0, 4):
        with pytest.raises(IndexError):
            judged(u.at(off), u.at(off))
    with pytest.raises(Disagreement):
        judged(log(x - x) + exp(x) * exp(z), log(x - x) + exp(x + z))


def test_a_second_derivative_is_no_confirmation() -> None:
    with pytest.raises(Disagreement, match="derivative"):
        judged(d(d(x**2, x), x), 0 * x)


def test_a_variable_that_only_renames_another_has_an_adjoint_of_its_own() -> None:
    p, q = array("p", K), array("q", K)
    model = Model("renamed", "", "", (p,), (), (), (equation(q, p), equation(LOSS, total(p * q))), LOSS)
    assert judged(grad(q), p, model=model) == "modular"
    assert judged(grad(p), 2 * p, model=model) == "modular"
    with pytest.raises(Disagreement):
        judged(grad(q), 2 * p, model=model)


def test_leaves_are_a_function_of_the_seed() -> None:
    def h(seed: str) -> list[int]:
        drawn = World(r.RNN, WORKED_EXAMPLE, 2, (), 0, RESIDUES, seed)
        return list(drawn.entries(r.h[2], {}, {}).flat)

    assert h("a") == h("a")
    assert not set(h("a")) & set(h("b"))
    assert all(0 <= value < P for value in h("a"))


def test_worlds_that_are_kept_are_what_they_are_alone() -> None:
    models = [replace(r.RNN, name=name) for name in "abc"]
    rng = random.Random(0)
    for _ in range(300):
        model, length, size = rng.choice(models), rng.randint(1, 4), rng.randint(1, 40)
        sizes = {D: 1, H: 1, K: size}
        drawn = world.world_of(model, tuple(sizes.items()), length, (), 0, RESIDUES, model.name)
        for step in range(1, length + 1):
            there = drawn.entries(grad(r.h[t]), {"t": step}, {})
            assert there.tolist() == alone(model, size, length, step), (model.name, length, size)


@cache
def alone(model: Model, size: int, length: int, step: int) -> list[int]:
    by_itself = World(model, {D: 1, H: 1, K: size}, length, (), 0, RESIDUES, model.name)
    return by_itself.entries(grad(r.h[t]), {"t": step}, {}).tolist()


# The adjoints against central differences of forward passes written by hand in NumPy

Arrays = dict[str, NDArray[Any]]


def softmax_of(o: NDArray[Any]) -> NDArray[Any]:
    e = np.exp(o - o.max())
    return e / e.sum()


def rnn_loss(p: Arrays, steps: int) -> float:
    h, loss = p["h0"], 0.0
    for s in range(1, steps + 1):
        h = np.tanh(p["b"] + p["W"] @ h + p["U"] @ p[f"x{s}"])
        loss -= float(p[f"y{s}"] @ np.log(softmax_of(p["c"] + p["V"] @ h)))
    return loss


def lstm_loss(p: Arrays, steps: int) -> float:
    def logistic(a: NDArray[Any]) -> NDArray[Any]:
        return 1 / (1 + np.exp(-a))

    h, c, loss = p["h0"], p["c0"], 0.0
    for s in range(1, steps + 1):
        f, i, g, o = (p[f"Wx{q}"] @ p[f"x{s}"] + p[f"Wh{q}"] @ h + p[f"b{q}"] for q in "fico")
        c = logistic(f) * c + logistic(i) * np.tanh(g)
        h = logistic(o) * np.tanh(c)
        loss -= float(p[f"y{s}"] @ np.log(softmax_of(p["Whz"] @ h + p["bz"])))
    return loss


@pytest.mark.parametrize("steps", [1, 2, 3])
@pytest.mark.parametrize(("model", "loss", "states"), [(r.RNN, rnn_loss, "h"), (l.LSTM, lstm_loss, "hc")])
def test_adjoints_are_what_central_differences_say(model: Model, loss: Any, states: str, steps: int) -> None:
    drawn = World(model, {D: 3, H: 4, K: 2}, steps, (), 0, REALS, "differences")
    arrays: dict[str, Var] = {p.name: p for p in model.parameters}
    arrays |= {f"{name}0": model.arrays[name][0] for name in states}
    arrays |= {f"{v.name}{s}": v[s] for v, s in product((*model.inputs, *model.targets), range(1, steps + 1))}

    def floats(term: Term) -> NDArray[Any]:
        return drawn.entries(term, {}, {}).astype(float)

    point = {name: floats(variable) for name, variable in arrays.items()}
    assert loss(point, steps) == pytest.approx(float(floats(LOSS)), rel=1e-12)
    for name, variable in arrays.items():
        expected = central_differences(loss, point, name, steps)
        np.testing.assert_allclose(floats(grad(variable)), expected, rtol=1e-6, atol=1e-8, err_msg=name)


def central_differences(loss: Any, point: Arrays, name: str, steps: int, eps: float = 1e-5) -> NDArray[Any]:
    result = np.empty_like(point[name])
    for where in np.ndindex(result.shape):
        up, down = point[name].copy(), point[name].copy()
        up[where] += eps
        down[where] -= eps
        result[where] = (loss({**point, name: up}, steps) - loss({**point, name: down}, steps)) / (2 * eps)
    return result


# Independence


def test_imports_nothing_of_the_first_engine() -> None:
    imported = {
        alias.name if isinstance(node, ast.Import) else f"{node.module}.{alias.name}"
        for module in (second_opinion, tape, world)
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    own = {name.split(".")[1] for name in imported if name.startswith("symbolic.")}
    assert own <= {"terms", "notation", "model", "records", "second_opinion", "shapes", "verdicts"}
    assert "terms" in own
    assert not {name.split(".")[0] for name in imported} & {"sympy", "numeric", "gradproof"}


def test_judges_while_the_first_engine_is_out_of_order(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise AssertionError("the second engine used the first")

    for module in FIRST_ENGINE:
        for name, value in vars(module).items():
            if isinstance(value, types.FunctionType) and value.__module__ == module.__name__:
                monkeypatch.setattr(module, name, broken)
            elif isinstance(value, type) and value.__module__ == module.__name__:
                monkeypatch.setattr(value, "__init__", broken)
    world._worlds.cache_clear()
    model, left, right, (wrong, *_) = NEIGHBOURS["adjoint of the cell"]
    assert judged(left, right, model=model) == "modular, T = 2, 3"
    with pytest.raises(Disagreement):
        judged(left, wrong, model=model)
    with pytest.raises(AssertionError, match="used the first"):
        elementwise.entries(left, None)  # type: ignore[arg-type]
