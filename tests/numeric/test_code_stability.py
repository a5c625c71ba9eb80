"""What is said of floating point: an unstable formula is called so, a warning about values that are not used is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from numeric.trace.prove import prove_gradient


def of(sigmoid: Callable[[Any], Any]) -> Any:
    def run(x: Any, up: Any) -> Any:
        s = sigmoid(x)
        return (s * up).sum(), {"x": s * (1 - s) * up}

    return run


OWN = np.array([-1000.0, 3.0, 1000.0])
BY_WHERE = of(lambda x: np.where(x >= 0, 1 / (1 + np.exp(-x)), np.exp(x) / (1 + np.exp(x))))


@pytest.mark.parametrize("x", [(3,), OWN], ids=["shape", "own"])
def test_a_warning_about_what_where_leaves_out_is_no_instability(x: Any) -> None:
    proof = prove_gradient(BY_WHERE, {"x": x, "up": (3,)})
    assert proof.proved
    assert not any("not stable" in note for note in proof.notes), proof
    warned = [note for note in proof.notes if note.startswith("NumPy warns of overflow encountered in exp, at ")]
    assert warned
    assert all(note.endswith("; the result is right") for note in warned)


@pytest.mark.parametrize("x", [(3,), (1,), OWN], ids=["shape", "one", "own"])
def test_an_unstable_sigmoid_keeps_its_note(x: Any) -> None:
    up = (1,) if isinstance(x, tuple) and x == (1,) else (3,)
    proof = prove_gradient(of(lambda x: np.exp(x) / (1 + np.exp(x))), {"x": x, "up": up})
    assert proof.proved
    assert any(note.startswith("not stable: overflow encountered in exp, at ") for note in proof.notes), proof


def test_what_is_stable_has_no_note() -> None:
    assert prove_gradient(of(lambda x: 0.5 * (1 + np.tanh(x / 2))), {"x": (3,), "up": (3,)}).notes == ()
