"""NumPy, `math` and Python as people use them: each idiom is proved, wrong by one percent it is refuted."""

from __future__ import annotations

import copy
import itertools
import math
import operator
import random
from collections import defaultdict
from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
import pytest

from numeric.trace.prove import prove_gradient

X = {"x": (3,)}
SOME = np.array([True, False, True])
ONES = np.ones(3)
FIRST = np.eye(3)[0]


def of(value: Callable[[Any], Any], slope: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda x: (np.sum(value(x)), {"x": slope(x)})


def written(write: Callable[[Any, Any], Any], slope: Callable[[Any], Any], shape: Any = 3) -> Callable[..., Any]:
    def run(x: Any) -> Any:
        z = np.zeros(shape)
        write(z, x)
        return np.sum(z), {"x": slope(x)}

    return run


def generated_steps(x: Any) -> Any:
    def steps() -> Any:
        h = 0.0
        for v in x:
            h = np.tanh(h + v)
            yield h

    hs = list(steps())
    d, g = 0.0, np.zeros(3)
    for t in reversed(range(3)):
        d = (d + 1) * (1 - hs[t] ** 2)
        g[t] = d
    return sum(hs), {"x": g}


def rounded_for_the_eye(x: Any) -> Any:
    loss = (x**2).sum()
    log = [round(loss, 3), np.round(loss, 3), x.round(2), math.floor(loss), np.rint(x), f"{loss:.3f}"]
    log += ["loss %.3f" % loss, "%d: %s %f" % (len(x), x, loss)]  # noqa: UP031 - as people write it
    assert len(log) == 8
    return loss, {"x": 2 * x}


def iterated(x: Any) -> Any:
    steps = np.nditer(np.zeros(3), flags=["multi_index"])
    g, loss = np.zeros(3), 0.0
    while not steps.finished:
        k = steps.multi_index
        loss, g[k] = loss + x[k] ** 3, 3 * x[k] ** 2
        steps.iternext()
    return loss, {"x": g}


def appended(x: Any) -> Any:
    h = np.array([])
    for v in x:
        h = np.append(h, np.tanh(v))
    return h.sum(), {"x": 1 - h**2}


def in_a_defaultdict(x: Any) -> Any:
    g: dict[int, Any] = defaultdict(float)
    for i in (0, 1, 0):
        g[i] += x[i]
    return g[0] ** 2 + g[1] ** 2, {"x": np.array([8 * x[0], 2 * x[1], 0])}


def by_walrus(x: Any) -> Any:
    return ((h := np.tanh(x)) * h).sum(), {"x": 2 * h * (1 - h * h)}


def in_finally(x: Any) -> Any:
    try:
        raise KeyError
    except KeyError:
        y = x
    finally:
        y = y * 2
    return y.sum(), {"x": np.full_like(x, 2)}


def gelu(x: Any) -> Any:
    inner = np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)
    slope = np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * x**2)
    t = np.tanh(inner)
    return (0.5 * x * (1 + t)).sum(), {"x": 0.5 * (1 + t) + 0.5 * x * (1 - t**2) * slope}


def by_any_and_all(x: Any) -> Any:
    if np.any(x > 0) and not np.all(x > 1):
        return x.sum(), {"x": ONES * 1.0}
    return 2 * x.sum(), {"x": np.full(3, 2.0)}


RIGHT: dict[str, Callable[..., Any]] = {
    "var": lambda x: (np.var(x, ddof=1), {"x": x - x.mean()}),
    "std": lambda x: (x.std(ddof=1), {"x": (x - x.mean()) / 2 / x.std(ddof=1)}),
    "real": of(lambda x: x.real, np.ones_like),
    "flat": of(lambda x: sum(x.flat), np.ones_like),
    "tolist": of(lambda x: sum(x.tolist()), np.ones_like),
    "require": of(lambda x: np.require(x, float, "C"), np.ones_like),
    "broadcast": of(lambda x: np.add(*np.broadcast_arrays(x, x[:, None])), lambda x: np.full(3, 6.0)),
    "out": written(lambda z, x: np.multiply(x, x, out=z), lambda x: 2 * x),
    "sum into": written(lambda z, x: np.sum(x, axis=0, out=z), np.ones_like, ()),
    "dot into": written(lambda z, x: np.dot(np.outer(x, x), x, out=z), lambda x: x @ x + 2 * x.sum() * x),
    "add at": written(lambda z, x: np.add.at(z, [0, 0, 1], x**2), lambda x: 2 * x),
    "subtract at": written(lambda z, x: np.subtract.at(z, [0, 0, 1], x**2), lambda x: -2 * x),
    "put along": written(lambda z, x: np.put_along_axis(z, np.array([1]), x[:1], 0), lambda x: FIRST * 1.0),
    "any, all": by_any_and_all,
    "max of Python": lambda x: (max(x), {"x": np.eye(3)[np.argmax(x)]}),
    "abs of Python": lambda x: (abs(x[0]), {"x": FIRST * np.sign(x[0])}),
    "math.log, exp": lambda x: (math.log(math.exp(x[0]) + 1), {"x": FIRST / (1 + math.exp(-x[0]))}),
    "math.sqrt": lambda x: (math.sqrt(1 + x[0] ** 2), {"x": FIRST * x[0] / math.sqrt(1 + x[0] ** 2)}),
    "math.pow": lambda x: (math.pow(x[0], 2), {"x": FIRST * 2 * x[0]}),
    "math.fabs": lambda x: (math.fabs(x[0]), {"x": FIRST * np.sign(x[0])}),
    "math.isnan": lambda x: (0 if math.isnan(x[0]) else x[0], {"x": FIRST * 1.0}),
    "where": lambda x: (x[np.where(x > 0)].sum(), {"x": (x > 0) * 1.0}),
    "argmax": lambda x: ((x * np.eye(3)[x.argmax()]).sum(), {"x": np.eye(3)[x.argmax()]}),
    "clip below": of(lambda x: np.clip(x, 0.5, np.inf), lambda x: (x > 0.5) * 1.0),
    "clip above": of(lambda x: np.clip(x, -np.inf, 0.5), lambda x: (x < 0.5) * 1.0),
    "clip None": of(lambda x: x.clip(max=0.5), lambda x: (x < 0.5) * 1.0),
    "no bound": of(lambda x: np.maximum(x, -np.inf), np.ones_like),
    "polyval": of(lambda x: np.polyval([1, 2, 3], x), lambda x: 2 * x + 2),
    "diff": of(lambda x: np.diff(x) / 2 + x[:-1], lambda x: np.array([0.5, 1, 0.5])),
    "gradient": of(np.gradient, lambda x: np.array([-1.5, 0, 1.5])),
    "kron": of(lambda x: np.kron(x, x), lambda x: np.full(3, 2 * x.sum())),
    "trace": of(lambda x: np.trace(np.outer(x, x)), lambda x: 2 * x),
    "diag": of(lambda x: np.diag(x, 1) @ np.arange(4.0), lambda x: np.array([1, 2, 3.0])),
    "diagonal": of(lambda x: np.diag(np.outer(x, x)), lambda x: 2 * x),
    "multi_dot": of(lambda x: np.linalg.multi_dot([x, np.eye(3), x]), lambda x: 2 * x),
    "convolve": of(lambda x: np.convolve(x, [1.0, 2], "valid"), lambda x: np.array([2.0, 3, 1])),
    "average": of(lambda x: np.average(x, weights=[1, 2, 3]), lambda x: np.array([1, 2, 3]) / 6),
    "cumprod": of(lambda x: np.cumprod(x)[-1], lambda x: np.prod(x) / x),
    "triu": of(
        lambda x: np.triu(np.outer(x, x)), lambda x: np.triu(np.ones((3, 3))) @ x + np.tril(np.ones((3, 3))) @ x
    ),
    "ix_": of(lambda x: np.outer(x, x)[np.ix_([0], [1, 2])], lambda x: np.array([x[1] + x[2], x[0], x[0]])),
    "fromiter": of(lambda x: np.fromiter((v * v for v in x), dtype=float), lambda x: 2 * x),
    "apply_along_axis": of(lambda x: np.apply_along_axis(lambda r: r * r, 0, x), lambda x: 2 * x),
    "ndenumerate": of(lambda x: sum(v * v * i for (i,), v in np.ndenumerate(x)), lambda x: 2 * x * np.arange(3)),
    "deepcopy": of(lambda x: copy.deepcopy(x) * x, lambda x: 2 * x),
    "reduce": of(lambda x: reduce(operator.add, [v * v for v in x]), lambda x: np.array([2 * v for v in x])),
    "accumulate": of(lambda x: [*itertools.accumulate(x)], lambda x: np.array([3.0, 2, 1])),
    "silu": of(lambda x: x / (1 + np.exp(-x)), lambda x: 1 / (1 + np.exp(-x)) * (1 + x * (1 - 1 / (1 + np.exp(-x))))),
    "softsign": of(lambda x: x / (1 + np.abs(x)), lambda x: 1 / (1 + np.abs(x)) ** 2),
    "selu": of(
        lambda x: 1.0507 * np.where(x > 0, x, 1.67326 * (np.exp(x) - 1)),
        lambda x: 1.0507 * np.where(x > 0, 1, 1.67326 * np.exp(x)),
    ),
    **{f.__name__: f for f in (generated_steps, appended, in_a_defaultdict, by_walrus, in_finally, gelu)},
    "-inf as a mask": of(lambda x: np.exp(np.where(SOME, x, -np.inf)), lambda x: SOME * np.exp(x)),
    "rounded for the eye": rounded_for_the_eye,
    "rounded numbers": of(
        lambda x: np.floor(np.linspace(0, 5, 3)) @ x * np.round(2.46 * np.ones(1), 1)[0],
        lambda x: np.array([0, 2, 5]) * 2.5,
    ),
    "nditer": iterated,
    "reduceat": of(lambda x: np.add.reduceat(x**2, [0, 2]) @ np.array([1.0, 3.0]), lambda x: 2 * x * [1, 1, 3]),
    "count_nonzero": of(lambda x: np.maximum(x, 0).sum() * np.count_nonzero(x > 0), lambda x: (x > 0) * (x > 0).sum()),
}

UNKNOWN: dict[str, tuple[Callable[..., Any], str]] = {
    "mean where": (of(lambda x: x.mean(where=SOME), lambda x: SOME / 2), "mean with where="),
    "np.mean where": (of(lambda x: np.mean(x, where=SOME), lambda x: SOME / 2), "mean with where="),
    "sum where": (of(lambda x: np.sum(x, where=SOME), lambda x: SOME * 1.0), "np.add.reduce with where="),
    "var where": (of(lambda x: x.var(where=SOME), lambda x: x), "np.var or np.std with where="),
    "correction": (of(lambda x: np.var(x, correction=1), lambda x: x), "np.var or np.std with correction="),
    "RandomState": (of(lambda x: x * np.random.RandomState().rand(3), lambda x: x), "without a seed"),
    "Random": (of(lambda x: x * random.Random().random(), lambda x: x), "without a seed"),
    "//": (of(lambda x: x // 2, lambda x: 0 * x), "np.floor_divide of symbols"),
    "round": (of(np.round, lambda x: 0 * x), "np.round of symbols, on which"),
    "floor": (of(np.floor, lambda x: 0 * x), "np.floor of symbols"),
    "int": (lambda x: (x[int(x[0] > 0)], {"x": FIRST}), "int() of a symbol"),
    "math.floor": (of(lambda x: math.floor(x[0]), lambda x: 0 * x), "math.floor of symbols, on which"),
    "inv": (of(lambda x: np.linalg.inv(np.diag(x)), lambda x: -1 / x**2), "np.inv of symbols"),
    "interp": (of(lambda x: np.interp(x[0], [0, 1], [0, 1]), lambda x: 0 * x), "on symbols and not on numbers"),
    "a rounded loss": (of(lambda x: np.round(x, 2), np.ones_like), "np.round of symbols, on which the loss"),
    "a rounded branch": (
        lambda x: (x.sum(), {"x": np.ones(3) if round(x[0]) > 0 else np.zeros(3)}),
        "round() of symbols, on which the loss, a gradient or a branch depends",
    ),
    "a formatted number": (of(lambda x: x * float("%.2f" % x[0]), lambda x: x), "the constant nan"),  # noqa: UP031
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_gradient_is_proved(name: str) -> None:
    proof = prove_gradient(RIGHT[name], X)
    assert proof.proved, str(proof)


@pytest.mark.parametrize("name", RIGHT)
def test_one_that_is_wrong_by_a_percent_is_refuted(name: str) -> None:
    def wrong(x: Any) -> Any:
        loss, gradients = RIGHT[name](x)
        return loss, {"x": np.asarray(gradients["x"]) * 1.01}

    assert prove_gradient(wrong, X).refuted


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_is_not_followed_is_named(name: str) -> None:
    run, what = UNKNOWN[name]
    proof = prove_gradient(run, X)
    assert not proof.proved
    assert not proof.refuted
    assert what in proof.reason
    assert proof.place is not None
    assert proof.place.file == __file__


def test_products_and_sums_over_nothing() -> None:
    """Attention over the states before the first has nothing to attend to."""

    def run(x: Any, slope: float = 1.0) -> Any:
        loss, dx = 0.0, np.zeros((3, 2))
        for t in range(3):
            before = x[:t]
            context = (before @ x[t]) @ before
            assert np.tensordot(before, before, (0, 0)).shape == np.einsum("ti,tj->ij", before, before).shape
            loss += context.sum() + before.sum() + np.dot(before[:, 0], before[:, 1])
            scores, mass = before @ x[t], before.sum(axis=1)
            dx[:t] += np.outer(mass, x[t]) + scores[:, None] + 1 + before[:, ::-1]
            dx[t] += slope * mass @ before
        return loss, {"x": dx}

    assert prove_gradient(run, {"x": (3, 2)}).proved
    assert prove_gradient(lambda x: run(x, 2.0), {"x": (3, 2)}).refuted
