"""Backward passes that look right: no one of them is proved, and each right neighbour is."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from numeric.trace.prove import prove_gradient

X = {"x": (3,)}


def squares_into(g: Any) -> Any:
    def run(x: Any) -> Any:
        made = g(x)
        made += 2 * x
        return (x**2).sum(), {"x": made}

    return run


def leaky(*masks: Any) -> Any:
    def run(x: Any) -> Any:
        g = np.empty_like(x)
        for mask, slope in zip(masks, (1.0, 0.01), strict=False):
            g[mask(x)] = slope
        return np.where(x > 0, x, 0.01 * x).sum(), {"x": g}

    return run


def recurrent(begun: bool) -> Any:
    def run(x: Any) -> Any:
        hs = np.empty((3, 3))
        if begun:
            hs[0] = 0
        for t in range(2):
            hs[t + 1] = np.tanh(hs[t] + x)
        d, g = np.ones(3), np.zeros(3)
        for t in (1, 0):
            d = d * (1 - hs[t + 1] ** 2)
            g += d
        return hs[-1].sum(), {"x": g}

    return run


@pytest.mark.parametrize("size", [2, 12])
def test_what_is_written_into_empty_memory_is_proved(size: int) -> None:
    assert prove_gradient(recurrent(begun=True), X).proved
    assert prove_gradient(squares_into(np.zeros_like), X).proved
    assert prove_gradient(leaky(lambda x: x > 0, lambda x: x <= 0), {"x": (size,)}).proved


@pytest.mark.parametrize(
    "run",
    [
        squares_into(np.empty_like),
        squares_into(lambda x: np.empty(3)),
        squares_into(lambda x: np.empty(3, dtype=np.float32)),
        leaky(lambda x: x > 0),
        recurrent(begun=False),
    ],
)
def test_empty_memory_that_is_read_is_named(run: Any) -> None:
    proof = prove_gradient(run, X)
    assert not proof.proved
    assert "np.empty is read before it is written" in proof.reason
    assert proof.place is not None
    assert proof.place.file == __file__


def by_branch(branch: Any) -> Any:
    def run(x: Any, y: Any) -> Any:
        return (x * y).sum(), branch({"x": 1 * y, "y": 1 * x})

    return run


def by_norm(gradients: Any) -> Any:
    norm = np.sqrt(sum((g**2).sum() for g in gradients.values()))
    return {name: g * 2 / norm for name, g in gradients.items()} if norm > 2 else gradients


def by_rate(gradients: Any) -> Any:
    rate = 2 / (np.sqrt(sum((g**2).sum() for g in gradients.values())) + 1e-6)
    return {name: g * rate for name, g in gradients.items()} if rate < 1 else gradients


def by_an_entry(gradients: Any) -> Any:
    first = gradients["x"][0]
    return {name: g * gradients["y"][1] for name, g in gradients.items()} if first > 0 else gradients


def by_growing(gradients: Any) -> Any:
    norm = (gradients["x"] ** 2).sum()
    return {name: g * norm for name, g in gradients.items()} if norm < 2 else gradients


def by_rate_above(gradients: Any) -> Any:
    rate = np.sqrt(sum((g**2).sum() for g in gradients.values())) / 2
    return {name: g * rate for name, g in gradients.items()} if rate > 1 else gradients


def by_a_larger_bound(gradients: Any) -> Any:
    """Longer where the norm is between 2 and 10, shorter beyond."""
    norm = np.sqrt(sum((g**2).sum() for g in gradients.values()))
    return {name: g * 10 / norm for name, g in gradients.items()} if norm > 2 else gradients


def by_a_rate_that_grows(gradients: Any) -> Any:
    """What is short is shortened, what is long is left."""
    norm = np.sqrt(sum((g**2).sum() for g in gradients.values()))
    return {name: g * min(1.0, norm / 5.0) for name, g in gradients.items()}


def by_the_opposite(gradients: Any) -> Any:
    norm = np.sqrt(sum((g**2).sum() for g in gradients.values()))
    return {name: g * -2 / norm for name, g in gradients.items()} if norm > 2 else gradients


def by_a_mask(gradients: Any) -> Any:
    """On one branch entries are set to 0: wrong, and no clipping."""
    first = gradients["x"][0]
    return {name: g * (g > 1) for name, g in gradients.items()} if first > 0 else gradients


def by_a_stretching_clip(gradients: Any) -> Any:
    return {name: np.clip(g, 1, 5) for name, g in gradients.items()}


def by_a_clip(gradients: Any) -> Any:
    return {name: np.clip(g, -5, 5) for name, g in gradients.items()}


@pytest.mark.parametrize("branch", [by_norm, by_rate, by_a_clip])
def test_a_gradient_shortened_by_its_norm_is_a_hypothesis(branch: Any) -> None:
    proof = prove_gradient(by_branch(branch), {"x": (3,), "y": (3,)})
    assert proof.proved
    assert [h.partition(" at ")[0] for h in proof.hypotheses] == ["nothing is clipped"]


@pytest.mark.parametrize(
    "branch",
    [
        by_an_entry,
        by_growing,
        by_rate_above,
        by_a_larger_bound,
        by_a_rate_that_grows,
        by_the_opposite,
        by_a_mask,
        by_a_stretching_clip,
    ],
)
def test_what_may_lengthen_or_turn_a_gradient_is_no_clipping(branch: Any) -> None:
    assert prove_gradient(by_branch(branch), {"x": (3,), "y": (3,)}).refuted


def hard_tanh(x: Any) -> Any:
    return np.clip(x, -1, 1).sum(), {"x": np.ones(3)}


def hard_tanh_after_a_clip_of_gradients(x: Any) -> Any:
    return np.clip(x, -1, 1).sum(), {"x": np.clip(np.ones(3) + 0 * x, -5, 5)}


def hard_sigmoid(x: Any) -> Any:
    return np.clip(0.2 * x + 0.5, 0, 1).sum(), {"x": 0.2 * np.ones(3)}


def guarded_log(x: Any) -> Any:
    p = np.exp(x) / np.exp(x).sum()
    return -np.log(np.clip(p, 1e-12, 1 - 1e-12)[1]), {"x": p - np.eye(3)[1]}


@pytest.mark.parametrize("run", [hard_tanh, hard_sigmoid, hard_tanh_after_a_clip_of_gradients])
def test_an_activation_that_clips_is_not_supposed_inactive(run: Any) -> None:
    assert prove_gradient(run, X).refuted


def test_a_guard_is_supposed_inactive() -> None:
    proof = prove_gradient(guarded_log, X)
    assert proof.proved
    assert proof.hypotheses


@lru_cache
def identity(n: int) -> Any:
    return np.eye(n)


def test_no_symbols_stay_in_a_cache() -> None:
    def run(x: Any) -> Any:
        y = identity(3) @ x
        return (y**2).sum() / 2, {"x": y}

    assert prove_gradient(run, X).proved
    assert type(identity(3)) is np.ndarray


def test_clipping_each_gradient_by_its_own_norm_is_not_refuted():
    def run(W, b, x):
        h = np.tanh(W @ x + b)
        da = h * (1 - h**2)
        gradients = [np.outer(da, x), da.copy()]
        for g in gradients:
            n = np.sqrt(np.sum(g**2))
            if n / 5 > 1:
                g /= n / 5
        return 0.5 * np.sum(h**2), dict(zip("Wb", gradients, strict=True))

    assert not prove_gradient(run, {"W": (2, 2), "b": (2,), "x": (2,)}).refuted


def test_clipping_by_a_norm_that_only_one_array_makes_large():
    def run(W, U, x):
        h = np.tanh(W @ x)
        dW, dU = np.outer(U.sum(0) * (1 - h**2), x), np.outer(np.ones(2), h)
        scale = min(1.0, 5.0 / (np.sqrt((dW**2).sum() + (dU**2).sum()) + 1e-6))
        return (U @ h).sum(), {"W": scale * dW, "U": scale * dU}

    proof = prove_gradient(run, {"W": (3, 2), "U": (2, 3), "x": (2,)})
    assert proof.proved
    assert [h.partition(" at ")[0] for h in proof.hypotheses] == ["nothing is clipped"]


def test_equal_entries_are_no_clipping_by_their_norm():
    def run(x, y):
        steps = np.cumsum(x)
        return steps.sum() * y.sum(), {"y": np.full(3, steps[-1])}

    cause = prove_gradient(run, {"x": (4,), "y": (3,)})["y"].cause
    assert cause is None or cause.kind != "clipping"
