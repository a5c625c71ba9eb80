"""Piecewise activations by masks, bounds and nested choices: proved on each branch; a wrong slope on one is not."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from numeric.trace.prove import prove_gradient

X = {"x": (3,)}


def of(value: Callable[[Any], Any], slope: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda x: (value(x).sum(), {"x": slope(x)})


def by_output(value: Callable[[Any], Any], slope: Callable[[Any], Any]) -> Callable[..., Any]:
    """The slope is taken from the output, as a layer with a cache does."""

    def run(x: Any) -> Any:
        y = value(x)
        return y.sum(), {"x": slope(y)}

    return run


def relu6(x: Any) -> Any:
    return np.minimum(np.maximum(x, 0), 6)


def relu6_by_masks(x: Any) -> Any:
    y = x.copy()
    y[y < 0] = 0
    y[y > 6] = 6
    return y


def ones_between(low: float, high: float) -> Callable[[Any], Any]:
    def slope(x: Any) -> Any:
        d = np.ones_like(x)
        d[x <= low] = 0
        d[x >= high] = 0
        return d

    return slope


def zeros_at_the_ends(y: Any) -> Any:
    d = np.ones_like(y)
    d[(y == 0) | (y == 6)] = 0
    return d


def hard_sigmoid(x: Any) -> Any:
    return np.clip(0.2 * x + 0.5, 0, 1)


def hard_tanh(x: Any) -> Any:
    return np.clip(x, -1, 1)


def huber(x: Any) -> Any:
    a = np.abs(x)
    return np.where(a <= 1, 0.5 * x * x, a - 0.5)


def elu(x: Any) -> Any:
    return np.where(x > 0, x, np.exp(np.minimum(x, 0)) - 1)


def stable_sigmoid(x: Any) -> Any:
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


def hinge(x: Any) -> Any:
    y = np.array([1, -1, 1.0])
    margin = 1 - x * y
    return np.maximum(0, margin).sum(), {"x": -y * (margin > 0)}


def multiclass_hinge(x: Any) -> Any:
    margin = np.maximum(0, x - x[1] + 1)
    margin[1] = 0
    d = (margin > 0).astype(float)
    d[1] = -d.sum()
    return margin.sum(), {"x": d}


RIGHT: dict[str, Callable[..., Any]] = {
    "product of masks": of(relu6, lambda x: ((x > 0) * (x < 6)).astype(float)),
    "truth values": of(relu6, lambda x: (x > 0) * (x < 6)),
    "and": of(lambda x: np.clip(x, 0, 6), lambda x: 1.0 * ((x > 0) & (x < 6))),
    "logical and": of(relu6, lambda x: np.logical_and(x > 0, x < 6) * 1.0),
    "nested where": of(lambda x: np.clip(x, 0, 6), lambda x: np.where(x <= 0, 0, np.where(x >= 6, 0, 1))),
    "forward by where": of(lambda x: np.where(x < 0, 0, np.where(x > 6, 6, x)), lambda x: 1.0 * (x > 0) * (x < 6)),
    "written into": of(relu6, ones_between(0, 6)),
    "of the output": by_output(relu6, lambda y: 1.0 * (y > 0) * (y < 6)),
    "written by masks": by_output(relu6_by_masks, lambda y: ((y > 0) * (y < 6)).astype(y.dtype)),
    "equal to a bound": by_output(relu6, zeros_at_the_ends),
    "unequal to a bound": by_output(lambda x: np.maximum(x, 0), lambda y: (y != 0).astype(float)),
    "equal to the input": of(lambda x: np.maximum(x, 0), lambda x: np.where(np.maximum(x, 0) == x, 1, 0)),
    "hard sigmoid": of(hard_sigmoid, lambda x: 0.2 * ((x > -2.5) & (x < 2.5))),
    "hard sigmoid's output": by_output(hard_sigmoid, lambda s: 0.2 * (s > 0) * (s < 1)),
    "hard sigmoid, sixths": of(lambda x: np.maximum(0, np.minimum(1, (x + 3) / 6)), lambda x: (np.abs(x) <= 3) / 6),
    "hard swish": of(
        lambda x: x * np.clip(x + 3, 0, 6) / 6, lambda x: np.where(x <= -3, 0, np.where(x >= 3, 1, (2 * x + 3) / 6))
    ),
    "hard tanh": of(hard_tanh, lambda x: (np.abs(x) < 1).astype(float)),
    "hard tanh's output": by_output(hard_tanh, lambda y: (np.abs(y) < 1) * 1.0),
    "sum of masks": of(lambda x: np.where((x < -1) | (x > 1), x, 0), lambda x: ((x < -1) + (x > 1)) * 1.0),
    "either or": of(lambda x: np.where((x < -1) ^ (x > 1), x, 0), lambda x: np.logical_or(x < -1, x > 1) * 1.0),
    "huber": of(huber, hard_tanh),
    "huber by masks": of(huber, lambda x: (np.abs(x) < 1) * x + (np.abs(x) >= 1) * np.sign(x)),
    "soft shrink": of(lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0), lambda x: (np.abs(x) > 0.5) * 1.0),
    "elu": of(elu, lambda x: np.where(x > 0, 1, np.exp(np.minimum(x, 0)))),
    "elu's output": by_output(elu, lambda y: np.where(y > 0, 1, y + 1)),
    "leaky relu": of(lambda x: np.maximum(x, 0.01 * x), lambda x: np.where(x > 0, 1, 0.01)),
    "select": of(
        lambda x: np.select([x < 0, x < 1], [0 * x, x**2], 2 * x - 1),
        lambda x: np.select([x < 0, x < 1], [0 * x, 2 * x], 2),
    ),
    "piecewise": of(lambda x: np.piecewise(x, [x < 0, x >= 0], [lambda v: -v, lambda v: v]), np.sign),
    "heaviside": of(lambda x: np.maximum(x, 0), lambda x: np.heaviside(x, 0)),
    "stable sigmoid": of(stable_sigmoid, lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2),
    "stable cross entropy": of(
        lambda x: np.maximum(x, 0) - 0.3 * x + np.log1p(np.exp(-np.abs(x))), lambda x: stable_sigmoid(x) - 0.3
    ),
    "hinge": hinge,
    "multiclass hinge": multiclass_hinge,
}

WRONG: dict[str, Callable[..., Any]] = {
    "one bound": of(relu6, lambda x: (x > 0) * 1.0),
    "another bound": of(relu6, lambda x: (x > 0) * (x < 5) * 1.0),
    "sum": of(relu6, lambda x: np.minimum((x > 0) * 1.0 + (x < 6) * 1.0, 1)),
    "never true": by_output(lambda x: np.maximum(x, 0), lambda y: 1.0 - (y < 0)),
    "always true": by_output(lambda x: np.maximum(x, 0), lambda y: (y >= 0) * 1.0),
    "sign of 0 is 0": by_output(lambda x: np.maximum(x, 0), lambda y: (np.sign(y) + 1) / 2),
    "equal to another number": by_output(relu6, lambda y: 1.0 - (y == 0)),
    "never equal": by_output(relu6, lambda y: np.where(y == 7, 0, 1)),
    "slope at the far end": of(hard_sigmoid, lambda x: 0.2 * ((x > -2.5) & (x < 3))),
    "slope of one side": of(huber, lambda x: np.clip(x, -1, 2)),
    "scale of one side": of(elu, lambda x: np.where(x > 0, 1, 2 * np.exp(np.minimum(x, 0)))),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_slope_is_proved(name: str) -> None:
    proof = prove_gradient(RIGHT[name], X)
    assert proof.proved, str(proof)
    assert not any("clipped" in h for h in proof.hypotheses)


@pytest.mark.parametrize("name", RIGHT)
def test_a_slope_that_is_wrong_by_a_factor_is_refuted(name: str) -> None:
    def wrong(x: Any) -> Any:
        loss, gradients = RIGHT[name](x)
        return loss, {"x": gradients["x"] * np.array([1, 1, 1.01])}

    assert prove_gradient(wrong, X).refuted


@pytest.mark.parametrize("name", WRONG)
def test_a_slope_that_is_wrong_on_a_branch_is_refuted(name: str) -> None:
    proof = prove_gradient(WRONG[name], X)
    assert proof.refuted, str(proof)


def test_a_layer_of_many_entries_is_proved_entry_by_entry() -> None:
    def run(x: Any) -> Any:
        y = relu6(x)
        return (y**2).sum(), {"x": 2 * y * (y > 0) * (y < 6)}

    assert prove_gradient(run, {"x": (8, 9)}).proved


@pytest.mark.parametrize("bound", [relu6, lambda z: np.clip(z, 0, 6)])
def test_a_recurrent_network_with_it_is_proved(bound: Callable[[Any], Any]) -> None:
    """Its gradients depend on more comparisons than can be tried one by one."""

    def run(W: Any, x: Any, turned: bool = True) -> Any:
        z, h = np.zeros((4, 3)), np.zeros((5, 3))
        for t in range(4):
            z[t] = W @ h[t] + x[t]
            h[t + 1] = bound(z[t])
        dW, dh = np.zeros_like(W), np.ones(3)
        for t in reversed(range(4)):
            da = dh * (z[t] > 0) * (z[t] < 6)
            dW += np.outer(da, h[t])
            dh = 1 + (W.T if turned else W) @ da
        return h.sum(), {"W": dW}

    shapes = {"W": (3, 3), "x": (4, 3)}
    assert prove_gradient(run, shapes).proved
    assert prove_gradient(lambda W, x: run(W, x, turned=False), shapes).refuted


def test_branches_of_control_flow_that_exclude_each_other_are_no_branches() -> None:
    def run(x: Any) -> Any:
        if x[0] > 2:
            return x[0] * 2, {"x": np.array([2.0])}
        if x[0] > 3:
            return x[0] * 2, {"x": np.array([7.0])}
        return x[0] * 3, {"x": np.array([3.0])}

    assert prove_gradient(run, {"x": (1,)}).proved


def test_branches_that_may_both_be_taken_are_judged() -> None:
    def run(x: Any) -> Any:
        if x[0] > 3:
            return x[0] * 2, {"x": np.array([2.0])}
        if x[0] > 2:
            return x[0] * 2, {"x": np.array([7.0])}
        return x[0] * 3, {"x": np.array([3.0])}

    assert not prove_gradient(run, {"x": (1,)}).proved


def softmax_step(W: Any, x: Any, scale: float = 1.0) -> Any:
    """The largest entry is taken twice, as people write it, and the gradient is clipped."""
    y = W @ x
    p = np.exp(y - np.max(y)) / np.sum(np.exp(y - np.max(y)))
    dy = scale * p
    dy[0] -= 1
    dW = np.outer(dy, x)
    np.clip(dW, -5, 5, out=dW)
    return -np.log(p[0]), {"W": dW}


def pooled(W: Any, x: Any, factor: float = 2.0) -> Any:
    """The loss depends on which entry is the largest, and the gradient is clipped."""
    h = np.tanh(x @ W.T)
    m = h.max(axis=0)
    dh = np.zeros_like(h)
    dh[h.argmax(axis=0), np.arange(2)] = factor * m
    dW = (dh * (1 - h**2)).T @ x
    np.clip(dW, -1, 1, out=dW)
    return (m**2).sum(), {"W": dW}


def test_a_maximum_and_a_clip_do_not_refute_each_other() -> None:
    for run, shapes in ((softmax_step, {"W": (3, 2), "x": (2,)}), (pooled, {"W": (2, 2), "x": (2, 2)})):
        proof = prove_gradient(run, shapes)
        assert proof.proved, proof
        assert "nothing is clipped" in proof.hypotheses[0]
    assert prove_gradient(lambda W, x: softmax_step(W, x, 1.5), {"W": (3, 2), "x": (2,)}).refuted


def test_the_cause_is_searched_where_the_largest_entry_is_known() -> None:
    proof = prove_gradient(lambda W, x: pooled(W, x, 1.0), {"W": (2, 2), "x": (2, 2)})
    cause = proof["W"].cause
    assert cause is not None
    assert "1/2 times the derivative" in cause.text


def test_what_is_right_but_for_a_clip_is_said_to_be_clipped() -> None:
    def run(x: Any) -> Any:
        return np.sum(x**2), {"x": np.clip(2 * x, 0.5, 1)}

    cause = prove_gradient(run, {"x": (2,)})["x"].cause
    assert cause is not None
    assert cause.kind == "clipping"
    assert cause.place is not None


def stable_sigmoid(x: Any) -> Any:
    """Each entry by the formula that does not overflow, as masks choose it."""
    positive, negative = x >= 0, x < 0
    z = np.zeros_like(x)
    z[positive] = np.exp(-x[positive])
    z[negative] = np.exp(x[negative])
    top = np.ones_like(x)
    top[negative] = z[negative]
    return top / (1 + z)


def squared_or_tripled(x: Any, write: Callable[[Any, Any], None], slope: float = 3.0) -> Any:
    """Six entries, so that their signs are 64 branches."""
    y, d = np.zeros(6), np.zeros(6)
    write(x, y)
    y[x <= 0] = 3 * x[x <= 0]
    d[x > 0] = 2 * x[x > 0]
    d[x <= 0] += slope
    return y.sum(), {"x": d}


def squared_in_place(x: Any, y: Any) -> None:
    mask = x > 0
    chosen = same = x[mask]
    chosen *= chosen
    y[mask] = same


def squared_in_a_copy(x: Any, y: Any) -> None:
    mask = x > 0
    chosen = x[mask]
    copies = chosen.copy(), copy.copy(chosen), copy.deepcopy(chosen)
    for each in copies:
        each *= 2
    y[mask] = chosen * copies[0] + copies[1] * copies[2] / 4 - chosen * copies[1]
    y[mask] -= 0 * chosen


def squared_out_of_place(x: Any, y: Any) -> None:
    mask = (x > 0) & (x > -1)
    y[(x > 0) & (x > -1)] = np.maximum(x[mask], 0) * x[mask]


def squared_by_and_by(x: Any, y: Any) -> None:
    mask = x > 0
    y[mask] = x[mask]
    y[mask] *= x[mask]


@pytest.mark.parametrize("write", [squared_in_place, squared_in_a_copy, squared_out_of_place, squared_by_and_by])
def test_masks_of_many_entries_are_not_decided(write: Callable[[Any, Any], None]) -> None:
    assert prove_gradient(lambda x: squared_or_tripled(x, write), {"x": (6,)}).proved
    assert prove_gradient(lambda x: squared_or_tripled(x, write, 2.0), {"x": (6,)}).refuted


def test_a_recurrent_network_with_a_sigmoid_by_masks_is_proved() -> None:
    def run(W: Any, x: Any, power: int = 1) -> Any:
        s = np.zeros((4, 3))
        for t in range(3):
            s[t] = stable_sigmoid(W @ s[t - 1] + x)
        dW, carry = np.zeros_like(W), np.ones(3)
        for t in reversed(range(3)):
            da = carry * s[t] ** power * (1 - s[t])
            dW += np.outer(da, s[t - 1])
            carry = W.T @ da
        return s[2].sum(), {"W": dW}

    shapes = {"W": (3, 3), "x": (3,)}
    assert prove_gradient(run, shapes).proved
    assert prove_gradient(lambda W, x: run(W, x, 2), shapes).refuted


@pytest.mark.parametrize(
    "chosen",
    [
        lambda x, m: x[m].dot(x[m]),
        lambda x, m: sum(v * v for v in x[m]),
        lambda x, m: np.sum(np.array(x[m]) ** 2),
        lambda x, m: np.concatenate([x[m], x[m]]) @ np.concatenate([x[m], 0 * x[m]]),
        lambda x, m: (x[m] * x[m][::1]).mean() * len(x[m]) if len(x[m]) else 0 * x[0],
    ],
)
def test_what_else_is_done_with_chosen_entries_follows_every_branch(chosen: Callable[[Any, Any], Any]) -> None:
    def run(x: Any, slope: float = 2.0) -> Any:
        mask = x > 0
        d = np.zeros(3)
        d[mask] = slope * x[mask]
        return chosen(x, mask), {"x": d}

    assert prove_gradient(run, {"x": (3,)}).proved
    assert prove_gradient(lambda x: run(x, 1.0), {"x": (3,)}).refuted


def test_a_mask_of_which_some_entries_are_known() -> None:
    def run(x: Any, known: float = 2.0) -> Any:
        h = np.zeros(4)
        h[1], h[2:] = known, x
        mask = h >= 0
        d = np.zeros(4)
        d[mask] = 2 * h[mask]
        return (h[mask] ** 2).sum(), {"x": d[2:]}

    assert prove_gradient(run, {"x": (2,)}).proved
    assert prove_gradient(lambda x: run(x, -2.0), {"x": (2,)}).proved
