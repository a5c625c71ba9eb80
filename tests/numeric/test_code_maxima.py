"""Max-pooling with a mask by `==`, and what else is the largest of several."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from numeric.trace.prove import prove_gradient

UP = {"up": (2, 2)}


def pooled(x: Any, up: Any, mask: Any) -> Any:
    out, dx = np.zeros((2, 2)), np.zeros_like(x)
    for i, j in np.ndindex(2, 2):
        window = x[2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
        out[i, j] = np.max(window)
        dx[2 * i : 2 * i + 2, 2 * j : 2 * j + 2] += mask(window, out[i, j]) * up[i, j]
    return (out * up).sum(), {"x": dx}


def convolved(x: Any, w: Any, up: Any, accumulated: bool = True) -> Any:
    y = np.array([[np.sum(x[i : i + 2, j : j + 2] * w) for j in range(4)] for i in range(4)])
    loss, gradients = pooled(y, up, lambda window, m: window == m)
    dw = np.zeros_like(w)
    for i, j in np.ndindex(4, 4):
        part = gradients["x"][i, j] * x[i : i + 2, j : j + 2]
        dw = dw + part if accumulated else part
    return loss, {"w": dw}


def over_time(H: Any, up: Any, wrong: bool = False) -> Any:
    m = H.max(axis=0)
    return m @ up, {"H": np.where((m != H) if wrong else (m == H), up, 0)}


def smallest(H: Any, up: Any, wrong: bool = False) -> Any:
    m = np.min(H, axis=0)
    return m @ up, {"H": (m == H) * up * (1.01 if wrong else 1)}


def padded(x: Any, up: Any, wrong: bool = False) -> Any:
    p = np.pad(x, 1)
    d, m = np.zeros_like(p), []
    for i in range(4):
        m.append(p[i : i + 2].max())
        part = (p[i : i + 2] == m[i]) * up[i]
        d[i : i + 2] = part if wrong else d[i : i + 2] + part
    return np.array(m) @ up, {"x": d[1:-1]}


def rectified(x: Any, up: Any, wrong: bool = False) -> Any:
    """Where all of a window are negative all are equal to the maximum, and none has a derivative."""
    windows = np.maximum(x, 0).reshape(2, 2)
    m = windows.max(axis=1, keepdims=True)
    d = ((windows == m) * up[:, None]).reshape(4)
    return (m[:, 0] * up).sum(), {"x": d if wrong else d * (x > 0)}


RUNS: dict[str, tuple[Any, Any]] = {
    "over time": (over_time, {"H": (4, 3), "up": (3,)}),
    "smallest": (smallest, {"H": (4, 3), "up": (3,)}),
    "padded": (padded, {"x": (3,), "up": (4,)}),
    "rectified": (rectified, {"x": (4,), "up": (2,)}),
}


@pytest.mark.parametrize("name", RUNS)
def test_a_mask_by_equality_with_the_maximum(name: str) -> None:
    run, shapes = RUNS[name]
    assert prove_gradient(run, shapes).proved
    assert prove_gradient(lambda **arrays: run(**arrays, wrong=True), shapes).refuted


def test_max_pooling_in_two_dimensions() -> None:
    shapes = {"x": (4, 4), **UP}
    assert prove_gradient(lambda x, up: pooled(x, up, lambda window, m: window == m), shapes).proved
    assert prove_gradient(lambda x, up: pooled(x, up, lambda window, m: window >= m), shapes).proved
    assert prove_gradient(lambda x, up: pooled(x, up, lambda window, m: window != m), shapes).refuted
    assert prove_gradient(lambda x, up: pooled(x, up, lambda window, m: (window == m) / 4), shapes).refuted


def test_max_pooling_of_a_convolution() -> None:
    shapes = {"x": (5, 5), "w": (2, 2), **UP}
    assert prove_gradient(convolved, shapes).proved
    assert prove_gradient(lambda **arrays: convolved(**arrays, accumulated=False), shapes).refuted


@pytest.mark.parametrize("entries", [lambda x: [x, x + 0.0, 2 * x - x], lambda x: [x * x, (-x) * (-x)]])
def test_equal_entries_are_not_taken_for_one(entries: Any) -> None:
    """Each of them equals the maximum, so that the mask holds for all of them."""

    def run(x: Any) -> Any:
        every = np.stack(entries(x))
        m = every.max(axis=0)
        slope = 1 if len(every) == 3 else 2 * x
        return m.sum(), {"x": ((every == m) * slope).sum(axis=0)}

    proof = prove_gradient(run, {"x": (2,)})
    assert not proof.proved
    assert "==" in proof.reason


def test_the_error_of_a_proof_by_branches_is_small() -> None:
    proof = prove_gradient(lambda x: (np.maximum(x, 0).clip(0, 6).sum(), {"x": (x > 0) * (x < 6)}), {"x": (3,)})
    assert proof.proved
    error = proof["x"].error
    assert error is not None
    assert error < 1e-9
    assert prove_gradient(lambda x: (np.abs(x).max(), {"x": np.sign(x) * (np.abs(x) == np.abs(x).max())}), {"x": (3,)})[
        "x"
    ].error == pytest.approx(0, abs=1e-9)
