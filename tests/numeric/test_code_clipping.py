"""What counts as clipping: 0 lies strictly between the bounds, however they are written; anything else is refuted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradproof import prove_gradient

LOWER, UPPER = -5, 5
SHAPES = {"W": (2, 3), "x": (3,), "y": (2,)}
Entrywise = Callable[[Any], Any]
Gradients = dict[str, Any]


def layer(done: Callable[[Gradients], Gradients]) -> Callable[..., Any]:
    """Something is done to right gradients before they are returned."""

    def run(W: Any, x: Any, y: Any) -> Any:
        e = W @ x - y
        return 0.5 * np.sum(e**2), done({"W": np.outer(e, x), "y": -e})

    return run


def each(done: Entrywise) -> Callable[..., Any]:
    return layer(lambda gradients: {name: done(g) for name, g in gradients.items()})


def in_place(low: Any, high: Any) -> Callable[..., Any]:
    def done(gradients: Gradients) -> Gradients:
        for d in [gradients["W"], gradients["y"]]:
            np.clip(d, low, high, out=d)
        return gradients

    return layer(done)


def by_masks(low: float, high: float, below: float, above: float) -> Callable[..., Any]:
    def done(gradients: Gradients) -> Gradients:
        for g in gradients.values():
            g[g < low] = below
            g[g > high] = above
        return gradients

    return layer(done)


def norm(gradients: Gradients) -> Any:
    return np.sqrt(sum((g**2).sum() for g in gradients.values()))


def by_norm(scale: Callable[[Any], Any]) -> Callable[..., Any]:
    return layer(lambda gradients: {name: g * scale(norm(gradients)) for name, g in gradients.items()})


def above_norm(scale: Callable[[Any], Any]) -> Callable[..., Any]:
    def done(gradients: Gradients) -> Gradients:
        n = norm(gradients)
        return {name: g * scale(n) for name, g in gradients.items()} if n > 5 else gradients

    return layer(done)


def nested(low: float, high: float) -> Entrywise:
    return lambda g: np.where(g > high, high, np.where(g < low, low, g))


CLIPPING: dict[str, Callable[..., Any]] = {
    "clip": each(lambda g: np.clip(g, -5, 5)),
    "a method": each(lambda g: g.clip(-5, 5)),
    "bounds by name": each(lambda g: np.clip(g, a_min=-5, a_max=5)),
    "bounds as variables": each(lambda g: np.clip(g, LOWER, UPPER)),
    "bounds as scalars of numpy": each(lambda g: np.clip(g, np.float32(-1), np.float64(2))),
    "bounds as arrays": each(lambda g: np.clip(g, -np.arange(1, g.size + 1).reshape(g.shape), np.full(g.shape, 3.0))),
    "in place": in_place(-5, 5),
    "one bound, None": each(lambda g: np.clip(g, None, 5)),
    "one bound, infinite": each(lambda g: np.clip(g, -5, np.inf)),
    "minimum of maximum": each(lambda g: np.minimum(np.maximum(g, -5), 5)),
    "maximum of minimum": each(lambda g: np.maximum(-5, np.minimum(5, g))),
    "where": each(nested(-5, 5)),
    "where the other way": each(lambda g: np.where(g <= -5, -5, np.where(g < 5, g, 5))),
    "masks": by_masks(-5, 5, -5, 5),
    "sign and size": each(lambda g: np.sign(g) * np.minimum(np.abs(g), 5)),
    "twice": each(lambda g: np.clip(np.clip(g, -5, 5), -1, 1)),
    "tight": each(lambda g: np.clip(g, -1e-9, 1e-9)),
    "norm, if": above_norm(lambda n: 5 / n),
    "norm, min": by_norm(lambda n: min(1.0, 5 / n)),
    "norm, np.minimum": by_norm(lambda n: np.minimum(1.0, 5 / (n + 1e-6))),
    "norm, np.maximum": by_norm(lambda n: 5 / np.maximum(n, 5)),
    "norm, np.where": by_norm(lambda n: np.where(n > 5, 5 / n, 1.0)),
    "norm, np.clip": by_norm(lambda n: np.clip(5 / (n + 1e-6), 0, 1)),
}

NOT_CLIPPING: dict[str, Callable[..., Any]] = {
    "clip at 0": each(lambda g: np.clip(g, 0, 5)),
    "clip up to 0": each(lambda g: np.clip(g, -5, 0)),
    "clip at 0, None": each(lambda g: np.clip(g, 0, None)),
    "clip up to 0, None": each(lambda g: np.clip(g, None, 0)),
    "clip from 1": each(lambda g: np.clip(g, 1, 5)),
    "clip from 1e-9": each(lambda g: np.clip(g, 1e-9, 5)),
    "clip below −1": each(lambda g: np.clip(g, -5, -1)),
    "clip to 0": each(lambda g: np.clip(g, 0, 0)),
    "bounds exchanged": each(lambda g: np.clip(g, 5, -5)),
    "a method": each(lambda g: g.clip(0, 5)),
    "bounds by name": each(lambda g: np.clip(g, a_min=0, a_max=5)),
    "bounds as variables": each(lambda g: np.clip(g, 0 * LOWER, UPPER)),
    "one of an array of bounds": each(lambda g: np.clip(g, np.minimum(-np.arange(g.size).reshape(g.shape), 0), 5)),
    "one of an array of bounds exchanged": each(lambda g: np.clip(g, np.arange(g.size).reshape(g.shape) * 4 - 3, 5)),
    "in place": in_place(0, 5),
    "in place, up to 0": in_place(-5, 0),
    "minimum of maximum": each(lambda g: np.minimum(np.maximum(g, 0), 5)),
    "maximum of minimum": each(lambda g: np.maximum(0, np.minimum(5, g))),
    "minimum of maximum, exchanged": each(lambda g: np.minimum(np.maximum(g, 5), -5)),
    "relu after clip": each(lambda g: np.maximum(np.clip(g, -5, 5), 0)),
    "relu before clip": each(lambda g: np.clip(np.maximum(g, 0), -5, 5)),
    "clip at 0 after clip": each(lambda g: np.clip(np.clip(g, -5, 5), 0, 5)),
    "clip at 0 before clip": each(lambda g: np.clip(np.clip(g, 0, 5), -5, 5)),
    "where": each(nested(0, 5)),
    "where, one bound": each(lambda g: np.where(g < 0, 0, g)),
    "where, the other bound": each(lambda g: np.where(g > 5, -5, np.where(g < -5, 5, g))),
    "where, another number": each(lambda g: np.where(g > 5, 6, g)),
    "masks": by_masks(0, 5, 0, 5),
    "masks, to 0": by_masks(-5, 5, 0, 0),
    "size without sign": each(lambda g: np.minimum(np.abs(g), 5)),
    "the opposite": each(lambda g: -np.clip(g, -5, 5)),
    "norm, 0": above_norm(lambda n: 0.0),
    "norm, negative": above_norm(lambda n: -5 / n),
    "norm, negative where it is large": above_norm(lambda n: 2 - n / 5),
    "norm, 0 where it is large": above_norm(lambda n: np.maximum(0, 2 - n / 5)),
    "norm, whatever it is": by_norm(lambda n: 5 / n),
    "norm, never whole": by_norm(lambda n: np.minimum(0.5, 5 / n)),
    "norm, below": by_norm(lambda n: np.minimum(1.0, n / 5)),
    "norm, lengthened": by_norm(lambda n: np.maximum(1.0, 5 / n)),
    "norm, clip from 2": by_norm(lambda n: np.clip(5 / n, 2, None)),
    "norm, clip to 0": by_norm(lambda n: np.clip(5 / n, 0, 0)),
}


@pytest.mark.parametrize("name", CLIPPING)
def test_clipping_is_a_hypothesis(name: str) -> None:
    proof = prove_gradient(CLIPPING[name], SHAPES)
    assert proof.proved, str(proof)
    assert {h.partition(" at ")[0] for h in proof.hypotheses} == {"nothing is clipped"}


@pytest.mark.parametrize("name", NOT_CLIPPING)
def test_what_is_no_clipping_is_refuted(name: str) -> None:
    assert prove_gradient(NOT_CLIPPING[name], SHAPES).refuted


@pytest.mark.parametrize("name", CLIPPING)
def test_a_gradient_that_is_wrong_and_clipped_is_not_proved(name: str) -> None:
    def run(W: Any, x: Any, y: Any) -> Any:
        loss, gradients = CLIPPING[name](W, x, y)
        return loss, {**gradients, "W": gradients["W"] * np.array([1, 1, 1.01])}

    proof = prove_gradient(run, SHAPES)
    assert proof.refuted or (name == "tight" and proof.open)


@pytest.mark.parametrize(
    ("clipped", "ends"),
    [
        (lambda g: np.clip(g, -1e-9, 5), "between -1e-09 and 5"),
        (lambda g: np.clip(g, -0.5, np.inf), "above -0.5"),
        (lambda g: np.minimum(g, 2), "below 2"),
    ],
)
def test_the_hypothesis_names_the_bounds(clipped: Entrywise, ends: str) -> None:
    (hypothesis,) = prove_gradient(each(clipped), SHAPES).hypotheses
    assert hypothesis.endswith(f", where all is {ends}")


@pytest.mark.parametrize(("high", "proved"), [(12, True), (5, False)])
def test_a_clip_that_is_always_active_is_no_hypothesis(high: float, proved: bool) -> None:
    """The derivative is nowhere below 10."""

    def run(x: Any) -> Any:
        return (10 * x + x**3).sum(), {"x": np.clip(10 + 3 * x**2, -5, high)}

    assert prove_gradient(run, {"x": (3,)}).proved == proved


def test_a_relu_with_an_upper_bound_is_not_supposed_inactive() -> None:
    def run(x: Any) -> Any:
        return np.clip(x, 0, 20).sum(), {"x": (x > 0) * 1.0}

    assert prove_gradient(run, {"x": (3,)}).refuted


def test_clip_does_what_numpy_does_when_its_bounds_are_exchanged() -> None:
    def run(x: Any, low: Any, high: Any) -> Any:
        y = np.clip(x, low, high)
        return (y * np.clip(x, 3, -3)).sum(), {"x": -3.0 * ((x > low) & (np.maximum(x, low) < high))}

    assert prove_gradient(run, {"x": (3,), "low": (3,), "high": (3,)}).proved
