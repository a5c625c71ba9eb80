"""Backward passes that look right: no one of them is proved, and each right neighbour is."""

from __future__ import annotations

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
