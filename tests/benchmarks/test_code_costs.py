"""What it costs to prove a NumPy backward pass: two small ones, and an LSTM against T."""

from __future__ import annotations

import importlib.util
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from numeric.trace.prove import prove_gradient

CORPUS = Path(__file__).parent.parent / "code_corpus"


def corpus(name):
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", CORPUS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def lstm_shapes(T, B, D, H):
    return {"X": (T, B, D), "W": (1 + D + H, 4 * H), "c0": (B, H), "h0": (B, H), "up": (T, B, H)}


def measured(benchmark, timed, run, shapes, rounds=3):
    proof = timed(lambda: prove_gradient(run, shapes), rounds=rounds)
    assert proof.proved
    benchmark.extra_info |= {"operations": proof.operations}


def test_char_rnn(benchmark, timed):
    benchmark.group = "a NumPy backward pass"
    module = corpus("char_rnn")
    measured(benchmark, timed, module.run, module.shapes)
    benchmark.extra_info |= {"row": "character RNN, H = 5, V = 3, T = 3"}


def test_lstm(benchmark, timed):
    benchmark.group = "a NumPy backward pass"
    measured(benchmark, timed, corpus("lstm_ifog").run, lstm_shapes(T=3, B=1, D=4, H=5))
    benchmark.extra_info |= {"row": "LSTM, D = 4, H = 5, T = 3"}


@pytest.mark.parametrize("T", [5, *(pytest.param(T, marks=pytest.mark.heavy) for T in (10, 20, 50))])
def test_lstm_against_steps(benchmark, timed, T):
    """Linear in T, modulo a prime; at D = H = 32."""
    benchmark.group = "a NumPy backward pass of the LSTM against T, D = H = 32"
    measured(benchmark, timed, corpus("lstm_ifog").run, lstm_shapes(T, B=1, D=32, H=32), rounds=1)
    benchmark.extra_info |= {"row": f"T = {T}", "amount": T}


def test_a_refutation(benchmark, timed):
    """The search for a cause besides."""
    benchmark.group = "a NumPy backward pass"
    run = partial(wrong, corpus("lstm_ifog").run)
    proof = timed(lambda: prove_gradient(run, lstm_shapes(T=3, B=1, D=4, H=5)))
    assert proof.refuted
    assert {p.name for p in proof.parameters if p.cause is not None} == {"W"}
    benchmark.extra_info |= {"row": "the same LSTM, its dW halved: refuted, and why", "operations": proof.operations}


def wrong(run, **arrays):
    loss, gradients = run(**arrays)
    return loss, {**gradients, "W": np.multiply(0.5, gradients["W"])}
