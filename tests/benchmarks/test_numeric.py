"""Hand-written, generated and compiled gradients, and PyTorch's autograd, beside each other.

OPENBLAS_NUM_THREADS=1 pytest tests/benchmarks/test_numeric.py --benchmark-enable --benchmark-only \
    --benchmark-json=numeric.json                         # one thread each; PyTorch is measured where it is installed

CPU time, the least of the rounds; `beside` names the row that a row is divided by.  Peak memory is what
NumPy and Python allocate during one run (tracemalloc), which does not see PyTorch's own allocations.
`nn.GRU` applies its reset gate after the product: another function, of the same cost.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

from numeric import compile, numpy_source, reference
from symbolic.derivations import catalogue
from symbolic.model import Model
from symbolic.models.gru import GRU
from symbolic.models.lstm import LSTM
from symbolic.models.minibatch import MINIBATCH
from symbolic.models.rnn import RNN
from symbolic.notation import D, H, K

MODELS: dict[str, Model] = {"rnn": RNN, "minibatch": MINIBATCH, "lstm": LSTM, "gru": GRU}
TOLERANCE = {"float32": 1e-5, "float64": 1e-12}
LARGE = {"T": 100, "N": 32, "D": 64, "H": 128, "K": 64}
ROUNDS = 40

cells = pytest.mark.parametrize("cell", MODELS)
dtypes = pytest.mark.parametrize("dtype", TOLERANCE)


@cache
def generated(cell: str) -> dict[str, Any]:
    code: dict[str, Any] = {}
    exec(numpy_source(MODELS[cell]), code)
    return code


def passes(cell: str, side: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """`forward` and `backward` of a side."""
    if side == "generated":
        return generated(cell)["forward"], generated(cell)["backward"]
    return reference.CELLS[cell].forward, reference.CELLS[cell].backward


def data(cell: str, dtype: str, **sizes: int) -> dict[str, Any]:
    size, rng = LARGE | sizes, np.random.default_rng(0)
    layout = reference.CELLS[cell].LAYOUT.parameters
    parameters = {name: rng.normal(size=[size[a] for a in axes]) / size["H"] ** 0.5 for name, axes in layout.items()}
    y = np.eye(size["K"])[rng.integers(0, size["K"], (size["T"], size["N"]))]
    return {
        "parameters": {name: array.astype(dtype) for name, array in parameters.items()},
        "x": rng.normal(size=(size["T"], size["N"], size["D"])).astype(dtype),
        "y": y.astype(dtype),
    }


def largest_difference(found: dict[str, Any], expected: dict[str, Any]) -> float:
    assert set(found) == set(expected)
    return max(float(np.abs(found[name] - expected[name]).max() / np.abs(expected[name]).max()) for name in expected)


def peak(function: Callable[[], Any]) -> float:
    """Megabytes that one run allocates at most."""
    tracemalloc.start()
    function()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most / 1e6


@pytest.mark.parametrize("side", ["reference", "generated"])
@dtypes
@cells
def test_backward(benchmark, timed, cell, dtype, side):
    benchmark.group = "backward pass at T = 100, N = 32, D = 64, H = 128, K = 64"
    given = data(cell, dtype)
    forward, backward = passes(cell, side)
    _, kept = forward(**given)
    gradients = timed(lambda: backward(given["parameters"], kept), ROUNDS)
    _, expected = reference.CELLS[cell].loss_and_gradients(**given)
    assert largest_difference(gradients, expected) < TOLERANCE[dtype]
    memory = peak(lambda: backward(given["parameters"], kept))
    benchmark.extra_info |= {"row": f"{cell} {dtype} {side}", "beside": f"{cell} {dtype} reference", "peak MB": memory}


@pytest.mark.parametrize("side", ["reference", "generated", "PyTorch"])
@dtypes
@cells
def test_forward_and_backward(benchmark, timed, cell, dtype, side):
    benchmark.group = "loss and gradients at T = 100, N = 32, D = 64, H = 128, K = 64"
    given = data(cell, dtype)
    if side == "PyTorch":
        gradients = timed(autograd(cell, dtype, given), ROUNDS)
        assert all(np.isfinite(gradient).all() for gradient in gradients)
        memory: float | str = "–"
    else:
        side_of = generated(cell)["loss_and_gradients"] if side == "generated" else passes_in_one(cell)
        loss, _ = timed(lambda: side_of(**given), ROUNDS)
        assert np.isclose(loss, reference.CELLS[cell].forward(**given)[0], rtol=TOLERANCE[dtype])
        memory = peak(lambda: side_of(**given))
    benchmark.extra_info |= {"row": f"{cell} {dtype} {side}", "beside": f"{cell} {dtype} reference", "peak MB": memory}


def passes_in_one(cell: str) -> Callable[..., Any]:
    function: Callable[..., Any] = reference.CELLS[cell].loss_and_gradients
    return function


def autograd(cell: str, dtype: str, given: dict[str, Any]) -> Callable[[], Any]:
    """The same gradients by PyTorch: the parameters, x and the initial states."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (extra: oracles)")
    torch.set_num_threads(1)
    torch.manual_seed(0)
    kind = {"rnn": torch.nn.RNN, "minibatch": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[cell]
    recurrent = kind(LARGE["D"], LARGE["H"]).to(getattr(torch, dtype))
    head = torch.nn.Linear(LARGE["H"], LARGE["K"]).to(getattr(torch, dtype))
    x, y = torch.tensor(given["x"], requires_grad=True), torch.tensor(given["y"])
    states = [torch.zeros(1, LARGE["N"], LARGE["H"], dtype=x.dtype, requires_grad=True) for _ in "hc"]
    states = states if cell == "lstm" else states[:1]
    leaves = [*recurrent.parameters(), *head.parameters(), x, *states]
    reduction = "mean" if cell == "minibatch" else "sum"

    def run() -> Any:
        hidden, _ = recurrent(x, tuple(states) if cell == "lstm" else states[0])
        logits, targets = head(hidden).reshape(-1, LARGE["K"]), y.reshape(-1, LARGE["K"])
        return torch.autograd.grad(torch.nn.functional.cross_entropy(logits, targets, reduction=reduction), leaves)

    return run


# Compiled, for small sizes

SMALL = {"T": 3, "N": 1, "D": 4, "H": 5, "K": 3}
SIZES = {D: 4, H: 5, K: 3}


def test_compiling_every_gradient_of_the_lstm(benchmark, timed, forget):
    """From nothing: every partial derivative is derived again."""
    benchmark.group = "compiling every gradient of the LSTM at T = 3, D = 4, H = 5, K = 3"
    function = timed(lambda: compile(LSTM, SIZES, steps=3), setup=forget)
    given = data("lstm", "float64", **SMALL)
    _, expected = reference.lstm.loss_and_gradients(**given)
    assert largest_difference(function(**given)[1], expected) < 1e-12
    benchmark.extra_info |= {"row": "lambdify"}


@pytest.mark.parametrize("side", ["reference", "compiled"])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_small_cells(benchmark, timed, cell, side):
    benchmark.group = "a hundred calls at T = 3, N = 1, D = 4, H = 5, K = 3"
    given = data(cell, "float64", **SMALL)
    function = compile(MODELS[cell], SIZES, steps=3) if side == "compiled" else passes_in_one(cell)
    _, gradients = timed(lambda: [function(**given) for _ in range(100)][-1], 10)
    assert largest_difference(gradients, passes_in_one(cell)(**given)[1]) < 1e-12
    benchmark.extra_info |= {"row": f"{cell} {side}", "beside": f"{cell} reference"}


@pytest.mark.parametrize("side", ["by hand", "compiled"])
def test_small_closed_form(benchmark, timed, side):
    """One element-wise line: the compiled function checks what it is given, the line in NumPy does not."""
    benchmark.group = "a thousand calls of grad(a[t]) = (1 - h[t]**2) * grad(h[t]) at H = 5"
    rng = np.random.default_rng(0)
    h, dh = rng.normal(size=(4, 5)), rng.normal(size=(4, 5))
    compiled = compile(catalogue()["rnn.a"], SIZES)
    function = (lambda h, dh, t: (1 - h[t] ** 2) * dh[t]) if side == "by hand" else compiled
    found = timed(lambda: [function(h=h, dh=dh, t=2) for _ in range(1000)][-1], 10)
    np.testing.assert_allclose(found, (1 - h[2] ** 2) * dh[2], rtol=1e-13)
    benchmark.extra_info |= {"row": side, "beside": "by hand"}


# Growth


def growth(values: tuple[int, ...]) -> list[Any]:
    """Points for both sides, all but the smallest heavy."""
    return [
        pytest.param(side, value, id=f"{side}-{value}", marks=[pytest.mark.heavy] * (value != values[0]))
        for side in ("reference", "generated")
        for value in values
    ]


@pytest.mark.parametrize(("side", "T"), growth((25, 50, 100, 200, 400)))
def test_against_steps(benchmark, timed, side, T):
    benchmark.group = f"{side} LSTM, float32, against T at H = 128"
    measure(benchmark, timed, side, T, T, T=T)


@pytest.mark.parametrize(("side", "width"), growth((32, 64, 128, 256, 512)))
def test_against_width(benchmark, timed, side, width):
    """The amount is the number of multiplications in matrix products, in millions."""
    benchmark.group = f"{side} LSTM, float32, against H at T = 100"
    one = 4 * width * (LARGE["D"] + width) + width * LARGE["K"]
    measure(benchmark, timed, side, width, round(3 * LARGE["T"] * LARGE["N"] * one / 1e6), H=width)


def measure(benchmark: Any, timed: Any, side: str, value: int, amount: int, **sizes: int) -> None:
    given = data("lstm", "float32", **sizes)
    function = generated("lstm")["loss_and_gradients"] if side == "generated" else passes_in_one("lstm")
    loss, _ = timed(lambda: function(**given), 10)
    assert np.isclose(loss, reference.lstm.forward(**given)[0], rtol=1e-5)
    memory = peak(lambda: function(**given))
    benchmark.extra_info |= {"row": f"{next(iter(sizes))} = {value}", "amount": amount, "peak MB": memory}
