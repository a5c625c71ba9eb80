"""What unmodified NumPy code may do: each way of writing a gradient is proved, its wrong neighbour is not."""

from __future__ import annotations

import math
import queue
import random
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.special
from numpy import zeros
from scipy.special import expit, log_softmax, softmax

from numeric.trace.execute import BadRun
from numeric.trace.proof import GradientError, Proof
from numeric.trace.prove import assert_gradient, prove_gradient

X = {"x": (3,)}
W = {"W": (3, 3)}
BOTH = {"W": (3, 3), "x": (3,)}
WEIGHTS = np.array([1.0, 2.0, 3.0])
STATE = {"memory": np.zeros(3), "calls": []}


def elementwise(value: Callable[[Any], Any], slope: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda x: (np.sum(value(x)), {"x": slope(x)})


def sigmoid_by_masks(x):
    out = np.empty_like(x)
    positive = x >= 0
    out[positive] = 1 / (1 + np.exp(-x[positive]))
    z = np.exp(x[~positive])
    out[~positive] = z / (1 + z)
    return out


def log_probabilities(x):
    shifted = x - np.max(x)
    return shifted - np.log(np.sum(np.exp(shifted)))


def mutating(x):
    alias = x
    alias *= 2
    return np.sum(alias**2), {"x": 4 * x}


def through_an_alias(x):
    h = np.zeros(3)
    g = h
    g += x
    return np.sum(h**2), {"x": 2 * g}


def seeded(x):
    np.random.seed(0)
    mask = (np.random.rand(3) > 0.5) / 0.5
    return np.sum(x * mask), {"x": mask}


def generated(x):
    noise = np.random.default_rng(1).standard_normal(3)
    return np.sum(x * noise), {"x": noise}


def imported_inside(x):
    import numpy
    from numpy import ones as einsen

    h = numpy.zeros(3)
    h[:] = x
    return numpy.sum(h * h), {"x": einsen(3) * h * 2}


def rearranged(x):
    a = np.concatenate([x, x[:1]])
    b = np.vstack([np.hstack([a, a]), np.hstack([a, a])])
    c = np.split(b.reshape(2, -1).transpose().T, 2, axis=1)[0]
    d = np.tile(np.repeat(np.squeeze(np.expand_dims(c, 0)), 2, axis=0), (1, 2))
    e = np.ravel(np.broadcast_to(d, (2, *d.shape)))
    return np.sum(np.stack([e, e])), {"x": np.full(3, float(e.size) / 2) * np.array([2.0, 1, 1])}


def joined(x):
    y, z = np.r_[0.0, x, 1:3, x[0]], np.c_[x, 2 * x]
    return np.sum(y**2) + np.sum(z), {"x": 2 * x + 3 + np.r_[2 * x[:1], 0, 0]}


def permuted(x):
    i = np.empty(3, dtype=int)
    i[:] = [2, 0, 1]
    j = np.empty_like(i)
    j[i] = np.arange(3)
    return np.sum(x[i] * np.arange(3)), {"x": np.arange(3)[j]}


def kept_between_calls(x):
    STATE["calls"].append(1)
    STATE["memory"] += x
    return np.sum(STATE["memory"] ** 2), {"x": 2 * STATE["memory"]}


def float_casts(x):
    return float(np.sum(np.float32(x) ** 2)), {"x": np.float32(2) * x.astype(np.float32)}


def scattered(W):
    z = np.zeros_like(W)
    np.add.at(z, ([0, 0, 1], [1, 1, 2]), W[[0, 0, 1], [1, 1, 2]])
    loss = np.sum(W[[0, 0, 1], [1, 1, 2]] ** 2)
    return loss, {"W": 2 * z}


def by_branch(x):
    if x[0] > 0:
        return np.sum(x**2), {"x": 2 * x}
    return np.sum(x**3), {"x": 3 * x**2}


def by_norm(x):
    g = 2 * x
    size = np.linalg.norm(g)
    if size > 5:
        g = g * 5 / size
    return np.sum(x**2), {"x": g}


def mean_of_softmax(W):
    e = np.exp(W - W.max(axis=1, keepdims=True))
    p = e / e.sum(1, keepdims=True)
    return -np.log(p[np.arange(3), [0, 2, 1]]).mean(), {"W": (p - np.eye(3)[[0, 2, 1]]) / 3}


def product_sums(W, x):
    y = np.einsum("ij,j->i", W, x)
    return 0.5 * np.einsum("i,i->", y, y), {"W": np.einsum("i,j->ij", y, x), "x": np.tensordot(y, W, 1)}


def normalized(x):
    centred, sd = x - x.mean(), np.sqrt(x.var() + 1e-5)
    back = (np.eye(3)[0] - 1 / 3) / sd - centred * centred[0] / 3 * (x.var() + 1e-5) ** -1.5
    return (centred / sd)[0], {"x": back}


RIGHT: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "power": (elementwise(lambda x: x**3, lambda x: 3 * x * x), X),
    "square": (elementwise(np.square, lambda x: 2 * x), X),
    "sqrt": (elementwise(lambda x: np.sqrt(x * x + 1), lambda x: x / np.sqrt(x * x + 1)), X),
    "quarter": (elementwise(lambda x: x**0.25, lambda x: 0.25 * x**-0.75), X),
    "exponent": (elementwise(lambda x: 2.0**x, lambda x: np.log(2) * 2.0**x), X),
    "abs": (elementwise(np.abs, np.sign), X),
    "minimum": (elementwise(lambda x: np.minimum(x, 1), lambda x: (x < 1) * 1.0), X),
    "clip": (elementwise(lambda x: np.clip(x, -1, 1), lambda x: ((x > -1) & (x < 1)).astype(float)), X),
    "where": (elementwise(lambda x: np.where(x > 0, x, np.exp(x) - 1), lambda x: np.where(x > 0, 1, np.exp(x))), X),
    "relu": (elementwise(lambda x: np.maximum(0, x), lambda x: (np.maximum(x, 0) > 0).astype(np.float32)), X),
    "softplus": (elementwise(lambda x: np.log1p(np.exp(x)), expit), X),
    "logaddexp": (elementwise(lambda x: np.logaddexp(0, x), lambda x: 1 / (1 + np.exp(-x))), X),
    "masks": (elementwise(sigmoid_by_masks, lambda x: sigmoid_by_masks(x) * (1 - sigmoid_by_masks(x))), X),
    "half tanh": (elementwise(lambda x: 0.5 * (1 + np.tanh(x / 2)), lambda x: expit(x) * (1 - expit(x))), X),
    "by exp": (elementwise(np.tanh, lambda x: 4 / (np.exp(x) + np.exp(-x)) ** 2), X),
    "math": (lambda x: (sum(math.tanh(v) for v in x), {"x": [1 - math.tanh(v) ** 2 for v in x]}), X),
    "shift": (lambda x: (-log_probabilities(x)[1], {"x": np.exp(log_probabilities(x)) - np.eye(3)[1]}), X),
    "scipy": (lambda x: (-log_softmax(x)[1], {"x": softmax(x) - np.eye(3)[1]}), X),
    "logsumexp": (lambda x: (scipy.special.logsumexp(x), {"x": softmax(x)}), X),
    "maximum": (lambda x: (np.max(x), {"x": np.eye(3)[np.argmax(x)]}), X),
    "cumsum": (elementwise(lambda x: np.cumsum(x) * WEIGHTS, lambda x: np.cumsum(WEIGHTS[::-1])[::-1]), X),
    "prod": (lambda x: (np.prod(x), {"x": np.prod(x) / x}), X),
    "std": (lambda x: (x.std(), {"x": (x - x.mean()) / 3 / x.std()}), X),
    "third": (lambda x: (np.sum(x) / 15, {"x": np.ones(3) * (1 / 3 / 5)}), X),
    "root of a number": (lambda x: (np.sum(x / np.sqrt(3)), {"x": np.sqrt(3) * np.ones(3) / 3}), X),
    "imported name": (lambda x: (np.sum(x), {"x": zeros(3) + 1}), X),
    "vectorize": (elementwise(np.vectorize(lambda v: v * v), lambda x: 2 * x), X),
    "printing": (lambda x: (print(f"{np.sum(x):.3f}") or np.sum(x).item(), {"x": np.ones(x.shape, x.dtype)}), X),
    **{
        f.__name__: (f, X)
        for f in (mutating, through_an_alias, seeded, generated, imported_inside, rearranged, joined, permuted)
    },
    **{f.__name__: (f, X) for f in (kept_between_calls, float_casts, by_branch, by_norm, normalized)},
    **{f.__name__: (f, W) for f in (scattered, mean_of_softmax)},
    "product_sums": (product_sums, BOTH),
}

WRONG: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "slope": (elementwise(lambda x: np.where(x > 0, x, 0.1 * x), lambda x: np.where(x > 0, 1, 0.2)), X),
    "root of a square": (elementwise(lambda x: np.sqrt(x * x), np.ones_like), X),
    "one branch": (lambda x: (np.sum(x**2), {"x": 2 * x}) if x[0] > 0 else (np.sum(x**2), {"x": x}), X),
    "maximum": (lambda x: (np.max(x), {"x": np.ones(3)}), X),
    "repeated index": (
        lambda x: (
            (lambda z: (z.__setitem__([0, 0], x[[0, 0]]), np.sum(x[[0, 0]]))[1])(np.zeros(3)),
            {"x": np.eye(3)[0]},
        ),
        X,
    ),
    "wrapping": (lambda x: (np.sum(x[1:] * x[:-1]), {"x": np.roll(x, 1) + np.roll(x, -1)}), X),
    "decimal": (lambda x: (np.sum(x) / 3, {"x": np.full(3, 0.3333)}), X),
    "shape": (lambda x: (np.sum(x), {"x": np.ones((3, 1))}), X),
}

REFUSED: dict[str, tuple[Callable[..., Any], dict[str, Any], str]] = {
    "arcsin": (elementwise(np.arcsin, lambda x: 1 / np.sqrt(1 - x * x)), X, "np.arcsin of symbols"),
    "erf": (elementwise(scipy.special.erf, lambda x: x), X, "scipy.special.erf of symbols"),
    "sort": (lambda x: (np.sum(np.sort(x)), {"x": np.ones(3)}), X, "a question about the values of symbols"),
    "equality": (lambda x: (np.sum(x[x == 0]), {"x": x}), X, "a comparison by == or != of symbols"),
    "random": (lambda x: (np.sum(x * np.random.randn(3)), {"x": x}), X, "random numbers that are not seeded"),
    "python's": (lambda x: (x[0] * random.random(), {"x": x}), X, "random numbers that are not seeded"),
    "division": (lambda x: (np.sum(x / (x - x)), {"x": x}), X, "division by an expression that is 0"),
    "integers": (lambda x: (np.sum(x.astype(int)), {"x": x}), X, "symbols as int64"),
    "branches": (
        lambda x: (sum(v if v > 0 else -v for v in x), {"x": [1 if v > 0 else -1 for v in x]}),
        {"x": (9,)},
        "more than 32",
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_is_proved(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    run, shapes = RIGHT[name]
    proof = prove_gradient(run, shapes)
    assert proof.proved, str(proof)


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_refuted(name: str) -> None:
    run, shapes = WRONG[name]
    proof = prove_gradient(run, shapes)
    assert proof.refuted, str(proof)


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_followed_is_unknown_and_named_with_its_line(name: str) -> None:
    run, shapes, what = REFUSED[name]
    proof = prove_gradient(run, shapes)
    assert not proof.proved
    assert not proof.refuted
    assert what in proof.reason
    assert proof.place is not None
    assert proof.place.file == __file__


def test_a_rescaled_gradient_is_a_hypothesis() -> None:
    assert [h.partition(" at ")[0] for h in prove_gradient(by_norm, X).hypotheses] == ["nothing is clipped"]


# -- nothing stays behind --------------------------------------------------------------------


def test_numpy_and_the_code_s_own_state_are_as_they_were() -> None:
    before = {name: getattr(np, name) for name in ("zeros", "array", "exp", "float32", "random")}
    with pytest.raises(ZeroDivisionError):
        prove_gradient(lambda x: 1 / 0, X)
    prove_gradient(kept_between_calls, X)
    assert {name: getattr(np, name) for name in before} == before
    assert globals()["zeros"] is np.zeros
    assert globals()["np"] is __import__("numpy")
    assert "float" not in globals()
    assert STATE["memory"].dtype == np.float64
    assert not STATE["memory"].any()
    assert STATE["calls"] == []


def test_a_proof_within_a_proof_is_refused() -> None:
    with pytest.raises(RuntimeError, match="call it outside"):
        prove_gradient(lambda x: prove_gradient(elementwise(np.exp, np.exp), X), X)


def test_other_threads_get_numbers_meanwhile() -> None:
    seen: queue.Queue[Any] = queue.Queue()

    def run(x):
        thread = threading.Thread(target=lambda: seen.put(np.zeros(2)))
        thread.start()
        thread.join()
        return np.sum(x), {"x": np.ones(3)}

    assert prove_gradient(run, X).proved
    arrays = [seen.get_nowait() for _ in range(seen.qsize())]
    assert arrays
    assert all(type(array) is np.ndarray and array.dtype == np.float64 for array in arrays)


def test_threads_prove_one_after_the_other() -> None:
    proofs: list[Proof] = []
    threads = [threading.Thread(target=lambda: proofs.append(prove_gradient(mutating, X))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [proof.proved for proof in proofs] == [True] * 4


# -- what is said ------------------------------------------------------------------------------


def test_a_timeout_says_how_far_it_came() -> None:
    def endless(x):
        while True:
            x = x + 1

    proof = prove_gradient(endless, X, timeout=0.2)
    assert not proof.proved
    assert proof.reason.startswith("out of time: ")
    assert proof.operations == 0


def test_a_refutation_names_the_entry_both_sides_and_the_point() -> None:
    proof = prove_gradient(lambda x: (x[0] * x[1], {"x": np.array([x[1], x[1], 0.0])}), X)
    (verdict,) = proof.parameters
    (entry,) = verdict.entries
    assert (verdict.wrong, entry.position) == (1, (1,))
    assert verdict.point is not None
    assert entry.claimed[0] <= verdict.point["x"][1] <= entry.claimed[1]
    assert entry.derivative[0] <= verdict.point["x"][0] <= entry.derivative[1]


def test_a_failure_reads_like_one() -> None:
    with pytest.raises(GradientError) as failure:
        assert_gradient(elementwise(np.tanh, lambda x: 1 - np.tanh(np.tanh(x)) ** 2), X)
    assert isinstance(failure.value, AssertionError)
    assert str(failure.value).startswith("the gradient is refuted\n")
    assert "likely cause (x): tanh is applied to what is tanh already" in str(failure.value)
    assert_gradient(elementwise(np.tanh, lambda x: 1 - np.tanh(x) ** 2), X)


FAILING = """\
import numpy as np
from gradproof import assert_gradient

def test_refuted():
    assert_gradient(lambda x: ((x**2).sum(), {"x": x}), {"x": (3,)})

def test_a_bad_shape():
    assert_gradient(lambda x: ((x**2).sum(), {"x": x}), {"x": None})

def test_an_error():
    assert_gradient(lambda x: np.dot(x, np.ones(4)), {"x": (3,)})
"""


def test_pytest_shows_the_report_and_no_frame_of_ours(tmp_path: Path) -> None:
    (tmp_path / "test_failing.py").write_text(FAILING)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_failing.py"]
    shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False).stdout
    assert "E       numeric.trace.proof.GradientError: the gradient is refuted\n" in shown
    assert "E       likely cause (x): the gradient is 1/2 times the derivative\n" in shown
    assert "BadRun: the shape of x must be a tuple of positive integers or an array, not None\n" in shown
    assert "E   ValueError: shapes (3,) and (4,) not aligned" in shown
    files = {line.partition(":")[0] for line in shown.splitlines() if re.match(r"\S+\.py:\d+:", line)}
    assert files == {"test_failing.py"}


def test_the_person_s_own_error_is_theirs() -> None:
    with pytest.raises(IndexError):
        prove_gradient(lambda x: (x[7], {"x": x}), X)


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (lambda x: x, "run must return (loss, {name: gradient, …}), not an array of shape (3,)"),
        (lambda x: (x[0], [x]), "run must return (loss, {name: gradient, …}), not a number and a list of 1"),
        (lambda x: (x, {"x": x}), "the loss must be a scalar, not an array of shape (3,)"),
        (lambda x: (x[0], {"y": x}), "run returns a gradient for y, which is not among its arrays x"),
        (lambda x: (x[0], {}), "run returns no gradient"),
        (lambda x: (None, {"x": x}), "the loss must be a scalar, not None"),
        (lambda x: (x[0], {"x": None}), "the gradient of x must be an array of numbers, not None"),
        (lambda x: (x[0], {"x": "dx"}), "the gradient of x must be an array of numbers, not a str"),
        (
            lambda x: (x[0], {"x": [[x[0]], [x[1], x[2]]]}),
            "the gradient of x must be an array of numbers, not a list of 2",
        ),
        (
            lambda x, y: (x[0], {"x": y}),
            "run(x, y) cannot be called with the arrays x: missing a required argument: 'y'",
        ),
    ],
)
def test_a_run_of_another_form_is_told_so(returned: Callable[..., Any], message: str) -> None:
    with pytest.raises(BadRun) as error:
        prove_gradient(returned, X)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ({"x": None}, "the shape of x must be a tuple of positive integers or an array, not None"),
        ({"x": (0,)}, "the shape of x must be a tuple of positive integers or an array, not (0,)"),
        ({"x": [0.5]}, "the shape of x must be a tuple of positive integers or an array, not [0.5]"),
        ({"x": np.array([1j])}, "the array x must be of finite real numbers"),
        ({"x": np.array([np.nan])}, "the array x must be of finite real numbers"),
        ({"x": np.array(["a"])}, "the array x must be of finite real numbers"),
        ({}, "shapes is empty: name every array that run takes, with its shape"),
        ([("x", (3,))], "prove_gradient takes a function and {name: shape}, not [('x', (3,))]"),
    ],
)
def test_shapes_of_another_form_are_told_so(shapes: Any, message: str) -> None:
    with pytest.raises(BadRun) as error:
        prove_gradient(elementwise(np.exp, np.exp), shapes)
    assert str(error.value) == message


def test_own_numbers_are_rechecked_in_their_precision() -> None:
    own = {"x": np.array([0.1, 0.2, 200.0], dtype=np.float32)}
    proof = prove_gradient(elementwise(lambda x: np.log1p(np.exp(x)), expit), own)
    assert proof.proved
    assert any("at your own numbers (float32)" in note for note in proof.notes)
    assert any("overflow encountered in exp, at your own numbers" in note for note in proof.notes)


def test_a_stable_formula_is_not_called_unstable() -> None:
    proof = prove_gradient(elementwise(np.tanh, lambda x: 1 - np.tanh(x) ** 2), X)
    assert proof.notes == ()


@pytest.mark.parametrize(
    "sigmoid",
    [lambda z: 1 / (1 + np.exp(-z)), lambda z: np.exp(z) / (1 + np.exp(z)), lambda z: 0.5 * (1 + np.tanh(z / 2))],
)
def test_a_sigmoid_is_known_in_each_of_its_forms(sigmoid: Callable[[Any], Any]) -> None:
    def run(W, x):
        s = sigmoid(W @ x)
        d = (1 - s**2) * s
        return 0.5 * (s**2).sum(), {"W": np.outer(d, x), "x": W.T @ d}

    causes = {str(p.cause) for p in prove_gradient(run, BOTH).parameters}
    assert {cause.partition(" (")[0] for cause in causes} == {"the derivative of the sigmoid is taken as 1 − s²"}
