"""Every implementation of the corpus is proved, each of its wrong neighbours refuted.

The judges share no code with the prover: central differences, and PyTorch's autograd as it was recorded.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from numeric.trace.causes import KINDS
from numeric.trace.prove import prove_gradient

CORPUS = Path(__file__).parent.parent / "code_corpus"
STEP = 1e-5


@cache
def source(name: str) -> str:
    return (CORPUS / f"{name}.py").read_text(encoding="utf-8")


def load(name: str, text: str, folder: Path) -> ModuleType:
    """A module of this text, from a file, as a person would have it."""
    path = folder / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(f"corpus_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def altered(name: str, old: str, new: str) -> str:
    before, _, _ = source(name).partition("\nWRONG = ")
    assert before.count(old) == 1, f"{name}: {old!r} stands in {before.count(old)} places"
    return before.replace(old, new)


@cache
def wrong_neighbours() -> list[tuple[str, str, str, str]]:
    found = []
    for name in NAMES:
        namespace: dict[str, Any] = {}
        exec("WRONG = " + source(name).partition("\nWRONG = ")[2], namespace)
        found += [(name, *each) for each in namespace["WRONG"]]
    return found


NAMES = sorted(path.stem for path in CORPUS.glob("*.py") if path.stem != "record_torch")
WRONG = wrong_neighbours()
RECORDED = json.loads((CORPUS / "torch_gradients.json").read_text(encoding="utf-8"))
CAUSES: dict[int, set[str]] = {}


def disagreement(module: ModuleType) -> float:
    """The largest difference between a gradient and its central differences, over the slopes' size."""
    arrays = point(module)
    claimed = {name: np.array(g, dtype=float) for name, g in module.run(**copies(arrays))[1].items()}
    worst, step = 0.0, getattr(module, "STEP", STEP)
    for name, gradient in claimed.items():
        slopes = np.zeros_like(arrays[name])
        for position in np.ndindex(slopes.shape):
            sides = []
            for sign in (1, -1):
                moved = copies(arrays)
                moved[name][position] += sign * step
                sides.append(float(np.sum(module.run(**moved)[0])))
            slopes[position] = (sides[0] - sides[1]) / (2 * step)
        if gradient.shape != slopes.shape:
            return np.inf
        worst = max(worst, float(np.max(np.abs(gradient - slopes)) / (1 + np.max(np.abs(slopes)))))
    return worst


def point(module: ModuleType) -> dict[str, Any]:
    generator = np.random.default_rng(7)
    return {name: generator.uniform(-0.8, 0.8, shape) for name, shape in module.shapes.items()}


def copies(arrays: dict[str, Any]) -> dict[str, Any]:
    return {name: array.copy() for name, array in arrays.items()}


@pytest.mark.parametrize("name", NAMES)
def test_the_right_one_is_proved(name: str, tmp_path: Path) -> None:
    module = load(name, source(name), tmp_path)
    assert disagreement(module) < getattr(module, "TOLERANCE", 1e-7)
    proof = prove_gradient(module.run, module.shapes)
    assert proof.proved, str(proof)


@pytest.mark.parametrize("name", NAMES)
def test_pytorch_finds_the_same(name: str, tmp_path: Path) -> None:
    module = load(name, source(name), tmp_path)
    loss, claimed = module.run(**point(module))
    precision = getattr(module, "PRECISION", 1e-10)
    np.testing.assert_allclose(loss, RECORDED[name]["loss"], rtol=precision)
    for key, gradient in claimed.items():
        np.testing.assert_allclose(gradient, RECORDED[name][key], rtol=precision, atol=precision / 10, err_msg=key)


@pytest.mark.parametrize("number", range(len(WRONG)), ids=[f"{w[0]}-{n}-{w[3]}" for n, w in enumerate(WRONG)])
def test_a_wrong_one_is_refuted(number: int, tmp_path: Path) -> None:
    name, old, new, kind = WRONG[number]
    module = load(name, altered(name, old, new), tmp_path)
    assert disagreement(module) > getattr(module, "TOLERANCE", 1e-4)
    proof = prove_gradient(module.run, module.shapes)
    assert proof.refuted, str(proof)
    CAUSES[number] = {p.cause.kind for p in proof.parameters if p.cause is not None}
    assert kind in KINDS


def test_the_corpus_is_wide() -> None:
    assert len(NAMES) >= 25
    assert len(WRONG) >= 100
    assert set(RECORDED) == set(NAMES)
    counts = Counter(w[0] for w in WRONG)
    assert min(counts[name] for name in NAMES) >= 3
    assert {w[3] for w in WRONG} == set(KINDS)


def test_the_cause_is_named_in_four_of_five() -> None:
    if len(CAUSES) < len(WRONG):
        pytest.skip("a part of the corpus was run")
    missed = [WRONG[n] for n, found in CAUSES.items() if WRONG[n][3] not in found]
    assert len(missed) <= len(WRONG) // 5, missed


def test_operations_grow_linearly_with_time(tmp_path: Path) -> None:
    """What makes the cost linear: each further step adds as many operations as the one before."""
    module = load("lstm_ifog", source("lstm_ifog"), tmp_path)
    D, H = 2, 3
    counts = []
    for steps in (2, 4, 6, 8):
        X, state = (steps, 1, D), (1, H)
        shapes = {"X": X, "W": (1 + D + H, 4 * H), "c0": state, "h0": state, "up": (steps, 1, H)}
        proof = prove_gradient(module.run, shapes)
        assert proof.proved
        counts.append(proof.operations)
    assert len(set(np.diff(counts))) == 1, counts
