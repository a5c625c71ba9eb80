"""Generated passes refuse, each in one line, what the proofs do not speak of; what they speak of goes through."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from cases import case
from test_source import altered

from numeric.source import numpy_source
from symbolic.models import models
from symbolic.models.rnn import RNN, RNN_SQUARED, y, yhat
from symbolic.notation import D, H, K, N, t
from symbolic.terms import total

CELLS = ("rnn", "minibatch", "lstm", "gru")
STATES = {"rnn": "h", "minibatch": "h", "lstm": "c, h", "gru": "h"}


def executed(source: str) -> dict[str, Any]:
    code: dict[str, Any] = {}
    exec(source, code)
    return code


@cache
def passes(cell: str) -> dict[str, Any]:
    return executed(numpy_source(models()[cell]))


def given(cell: str) -> dict[str, Any]:
    model = models()[cell]
    batch = () if N in model.inputs[0].axes else (3,)
    return case(model, np.random.default_rng(0), 4, batch, {D: 2, H: 5, K: 3, N: 3})


def refused(function: Callable[..., Any], *arguments: Any, **named: Any) -> str:
    with pytest.raises(ValueError, match=r"^[^\n]+$") as error:
        function(*arguments, **named)
    return str(error.value)


def with_entry(array: np.ndarray, value: float) -> np.ndarray:
    changed = array.copy()
    changed.flat[1] = value
    return changed


WRONG: dict[str, tuple[str, Callable[[np.ndarray], Any], str]] = {
    "sums to 1.5": ("y", lambda y: 1.5 * y, "y[0, 0] sums to 1.5; pass targets that sum to 1"),
    "sums to 0": ("y", np.zeros_like, "y[0, 0] sums to 0; pass targets that sum to 1"),
    "broadcast": ("y", lambda y: y[:, :1], "array y has the shape (4, 1, 3), not (T = 4, N = 3, K)"),
    "codes": ("y", lambda y: y.argmax(-1), "array y is int64; pass an array of float32 or float64"),
    "no step": ("x", lambda x: x[:0], "array x has the shape (0, 3, 2); no axis may be empty"),
    "one sequence": ("x", lambda x: x[:, 0], "array x has the shape (4, 2), not (T, N, D)"),
    "list": ("x", lambda x: x.tolist(), "array x is list; pass an array of float32 or float64"),
    "NaN": ("x", lambda x: with_entry(x, np.nan), "array x has an entry that is not finite"),
    "infinite": ("y", lambda y: with_entry(y, np.inf), "array y has an entry that is not finite"),
    "mixture": ("y", lambda y: y.astype(np.float32), "array y is float32, others are float64; pass one dtype"),
    "half": ("x", lambda x: x.astype(np.float16), "array x is float16; pass an array of float32 or float64"),
}


@pytest.mark.parametrize("what", WRONG)
@pytest.mark.parametrize("cell", CELLS)
def test_what_does_not_fit_is_refused_in_one_line(cell, what):
    name, spoil, line = WRONG[what]
    fine = given(cell)
    passes(cell)["loss_and_gradients"](**fine)
    assert refused(passes(cell)["loss_and_gradients"], **{**fine, name: spoil(fine[name])}) == line


@pytest.mark.parametrize("cell", CELLS)
def test_an_initial_state_is_never_ignored(cell):
    fine = given(cell)
    forward, h = passes(cell)["forward"], fine["initial"]["h"]
    assert forward(**fine)[0] != forward(**{**fine, "initial": None})[0]
    names = STATES[cell]
    assert refused(forward, **{**fine, "initial": {"h0": h}}) == f"unknown initial state 'h0'; the names are {names}"
    assert refused(forward, **{**fine, "initial": {"h": h[:1]}}) == (
        "initial state h has the shape (1, 5), not (N = 3, H = 5)"
    )
    assert refused(forward, **{**fine, "initial": h}) == "pass initial states as a dict by name, not a ndarray"


@pytest.mark.parametrize("cell", CELLS)
def test_parameters_are_all_there_and_of_one_hidden_size(cell):
    fine, forward = given(cell), passes(cell)["forward"]
    parameters, names = fine["parameters"], ", ".join(fine["parameters"])
    square = next(name for name, array in parameters.items() if array.shape == (5, 5))
    without = {name: array for name, array in parameters.items() if name != square}
    assert refused(forward, **{**fine, "parameters": without}) == (
        f"parameter {square!r} is missing; the names are {names}"
    )
    assert refused(forward, **{**fine, "parameters": {**parameters, "Q": parameters[square]}}) == (
        f"unknown parameter 'Q'; the names are {names}"
    )
    assert refused(forward, **{**fine, "parameters": {**without, square: np.zeros((4, 5))}}).startswith(
        f"parameter {square} has the shape (4, 5), not (H = "
    )


@pytest.mark.parametrize("cell", CELLS)
def test_backward_looks_at_what_it_is_given_beside_the_cache(cell):
    fine, code = given(cell), passes(cell)
    _, cache = code["forward"](**fine)
    back, parameters, h = code["backward"], fine["parameters"], fine["initial"]["h"]
    back(parameters, cache, {"h": h})
    assert refused(back, parameters, cache, {"dh": h}) == f"unknown final state 'dh'; the names are {STATES[cell]}"
    assert refused(back, parameters, cache, {"h": h[0]}) == "final state h has the shape (5,), not (N = 3, H = 5)"
    assert refused(back, parameters, cache, {"h": h.astype("float32")}) == (
        "final state h is float32, others are float64; pass one dtype"
    )
    other = given("rnn" if cell == "lstm" else "lstm")["parameters"]
    assert refused(back, other, cache).startswith("unknown parameter '")


@pytest.mark.parametrize("cell", CELLS)
def test_backward_refuses_what_another_cell_has_cached(cell):
    code, parameters = passes(cell), given(cell)["parameters"]
    other = "gru" if cell == "lstm" else "lstm"
    _, foreign = passes(other)["forward"](**given(other))
    for other_cache in (foreign, {}, None):
        assert refused(code["backward"], parameters, other_cache) == (
            "cache is not what forward of this cell returns beside the loss"
        )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_sum_that_is_rounded_is_one(dtype):
    fine = given("rnn")
    y = np.random.default_rng(1).dirichlet(np.ones(1000), size=(4, 3)).astype(dtype)
    V, c = np.zeros((1000, 5), dtype), np.zeros(1000, dtype)
    parameters = {name: array.astype(dtype) for name, array in fine["parameters"].items()} | {"V": V, "c": c}
    passes("rnn")["loss_and_gradients"](parameters, fine["x"].astype(dtype), y)
    assert refused(passes("rnn")["forward"], parameters, fine["x"].astype(dtype), 1.01 * y).startswith("y[")


def test_targets_are_free_where_the_gradients_hold_for_all():
    fine = case(RNN_SQUARED, np.random.default_rng(0), 4, (3,), {D: 2, H: 5, K: 3})
    executed(numpy_source(RNN_SQUARED))["loss_and_gradients"](**{**fine, "y": 7 * fine["y"]})


def test_targets_are_one_hot_where_the_gradients_need_it():
    code = executed(numpy_source(RNN, altered("rnn.o", total(y[t] ** 2) * yhat[t] - y[t])))
    fine = given("rnn")
    assert refused(code["forward"], **fine) == "y[0, 0] is not one-hot; pass one entry 1, the others 0"
    one_hot = {**fine, "y": np.eye(3)[fine["y"].argmax(-1)]}
    loss, gradients = code["loss_and_gradients"](**one_hot)
    expected, by_hand = passes("rnn")["loss_and_gradients"](**one_hot)
    assert loss == expected
    for name, gradient in gradients.items():
        np.testing.assert_allclose(gradient, by_hand[name], rtol=1e-12, atol=1e-14)


def test_without_its_checks_the_source_computes_a_wrong_gradient_in_silence():
    """The control: it is the checks that refuse, nothing else would."""
    source = numpy_source(RNN)
    unchecked = executed(source.replace("    check_targets(y)\n", ""))
    fine = given("rnn")
    wrong = {**fine, "y": 2 * fine["y"]}
    loss, gradients = unchecked["loss_and_gradients"](**wrong)
    bias = wrong["parameters"]["c"]
    step = 1e-6 * np.eye(3)[0]
    above, below = (
        unchecked["forward"](**{**wrong, "parameters": {**wrong["parameters"], "c": bias + sign * step}})[0]
        for sign in (1, -1)
    )
    assert np.isfinite(loss)
    assert abs(gradients["c"][0] - (above - below) / 2e-6) > 0.1
