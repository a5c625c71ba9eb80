"""What a proof says of the points where a piecewise function changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradproof.code_report import as_json
from numeric.trace.prove import prove_gradient

X = {"x": (2,), "up": (2,)}


def by_if(x: Any, up: Any) -> Any:
    loss, dx = 0.0, np.zeros_like(x)
    for k in range(2):
        if x[k] > 0:
            loss, dx[k] = loss + x[k] * up[k], up[k]
    return loss, {"x": dx}


def sigmoid_by_if(x: Any, up: Any) -> Any:
    def sigmoid(z: Any) -> Any:
        return 1 / (1 + np.exp(-z)) if z >= 0 else np.exp(z) / (1 + np.exp(z))

    s = np.array([sigmoid(z) for z in x])
    return (s * up).sum(), {"x": s * (1 - s) * up}


def shifted_softmax(x: Any, up: Any) -> Any:
    e = np.exp(x - x.max())
    p = e / e.sum()
    return (p * up).sum(), {"x": p * (up - (p * up).sum())}


def sigmoid_by_where(x: Any, up: Any) -> Any:
    s = np.where(x >= 0, 1 / (1 + np.exp(-x)), np.exp(x) / (1 + np.exp(x)))
    return (s * up).sum(), {"x": s * (1 - s) * up}


def clipped_norm(x: Any, up: Any) -> Any:
    dx = 2 * x * up
    if np.abs(dx).sum() > 5:
        dx = dx / 1
    return (x * x * up).sum(), {"x": dx}


CHANGES = {
    "relu": (lambda x, up: ((np.maximum(x, 0) * up).sum(), {"x": (x > 0) * up}), ["x = 0"]),
    "abs": (lambda x, up: ((np.abs(x) * up).sum(), {"x": np.sign(x) * up}), ["x = 0"]),
    "clip": (lambda x, up: ((np.clip(x, -1, 2) * up).sum(), {"x": ((x > -1) & (x < 2)) * up}), ["x = -1", "x = 2"]),
    "where": (
        lambda x, up: ((np.where(x > 1, x * x, 3 * x) * up).sum(), {"x": np.where(x > 1, 2 * x, 3) * up}),
        ["x = 1"],
    ),
    "if": (by_if, ["x = 0"]),
    "sum": (lambda x, up: (np.maximum(x + up, 0).sum(), {"x": (x + up > 0) * 1.0}), [""]),
    "max": (lambda x, up: (x.max() * up.sum(), {"x": (x == x.max()) * up.sum()}), [""]),
}
SMOOTH = {
    "softmax": shifted_softmax,
    "sigmoid by where": sigmoid_by_where,
    "sigmoid by if": sigmoid_by_if,
    "in the gradient alone": clipped_norm,
}


@pytest.mark.parametrize("name", CHANGES)
def test_the_point_of_change_is_left_out_and_said_so(name: str) -> None:
    run, points = CHANGES[name]
    proof = prove_gradient(run, X)
    assert proof.proved, proof
    starts = [f"away from {p} (" if p else "no two numbers compared are equal at " for p in points]
    assert len(proof.hypotheses) == len(starts)
    for hypothesis, start in zip(proof.hypotheses, starts, strict=True):
        assert hypothesis.startswith(start)
        assert "test_code_kinks.py:" in hypothesis
        assert f"hypothesis: {hypothesis}" in str(proof)
        assert hypothesis in as_json({"run": proof})
    assert "proved under the hypotheses below" in str(proof)


@pytest.mark.parametrize("name", SMOOTH)
def test_where_nothing_changes_nothing_is_left_out(name: str) -> None:
    proof = prove_gradient(SMOOTH[name], X)
    assert proof.proved, proof
    assert proof.hypotheses == ()


def test_a_refutation_has_no_such_hypothesis() -> None:
    proof = prove_gradient(lambda x, up: ((np.maximum(x, 0) * up).sum(), {"x": (x > 1) * up}), X)
    assert proof.refuted
    assert proof.hypotheses == ()
