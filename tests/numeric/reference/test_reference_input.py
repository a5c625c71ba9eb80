"""Bad input gives one line that says what, where, which shapes and what to do: word for word."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from gradient_cases import Case, case, ragged_mask

from numeric.reference import CELLS


def drop(arrays: dict[str, np.ndarray], name: str) -> dict[str, np.ndarray]:
    return {key: array for key, array in arrays.items() if key != name}


def patched(array: np.ndarray, place: tuple[int, ...], value: float) -> np.ndarray:
    array = array.copy()
    array[place] = value
    return array


BAD: dict[str, tuple[str, Callable[[Case], dict[str, object]], str]] = {
    "a parameter is missing": (
        "rnn",
        lambda c: {"parameters": drop(c.parameters, "W")},
        "rnn: parameter 'W' is missing; the names are U, W, V, b, c",
    ),
    "a parameter too many": (
        "gru",
        lambda c: {"parameters": c.parameters | {"W": c.x}},
        "gru: unknown parameter 'W'; the names are Wz, Uz, bz, Wr, Ur, br, Wh, Uh, bh, V, c",
    ),
    "a parameter's shape": (
        "lstm",
        lambda c: {"parameters": c.parameters | {"Whi": np.ones((5, 4))}},
        "lstm: Whi has shape (5, 4), but H = 5 by Wxf; pass shape (H, H)",
    ),
    "a parameter transposed": (
        "rnn",
        lambda c: {"parameters": c.parameters | {"U": c.parameters["U"].T}},
        "rnn: U has shape (4, 5), but D = 4 by x; pass shape (H, D)",
    ),
    "a bias of another length": (
        "rnn",
        lambda c: {"parameters": c.parameters | {"b": np.ones(6)}},
        "rnn: b has shape (6,), but H = 5 by U; pass shape (H,)",
    ),
    "no batch axis": (
        "rnn",
        lambda c: {"x": c.x[:, 0]},
        "rnn: x has shape (4, 4); pass shape (T, N, D)",
    ),
    "targets of other lengths": (
        "minibatch",
        lambda c: {"y": c.y[:3]},
        "minibatch: y has shape (3, 3, 2), but T = 4 by x; pass shape (T, N, K)",
    ),
    "an initial state's shape": (
        "gru",
        lambda c: {"initial": {"h": np.zeros((3, 4))}},
        "gru: h has shape (3, 4), but H = 5 by Wz; pass shape (N, H)",
    ),
    "an initial state that the cell has not": (
        "gru",
        lambda c: {"initial": {"c": np.zeros((3, 5))}},
        "gru: unknown initial state 'c'; the names are h",
    ),
    "no step": (
        "rnn",
        lambda c: {"x": c.x[:0], "y": c.y[:0]},
        "rnn: x has shape (0, 3, 4), so T = 0 in (T, N, D); pass at least one",
    ),
    "no sequence": (
        "lstm",
        lambda c: {"x": c.x[:, :0], "y": c.y[:, :0]},
        "lstm: x has shape (4, 0, 4), so N = 0 in (T, N, D); pass at least one",
    ),
    "not a number": (
        "rnn",
        lambda c: {"x": patched(c.x, (1, 2, 3), np.nan)},
        "rnn: x is nan at (1, 2, 3); pass finite numbers",
    ),
    "infinite": (
        "lstm",
        lambda c: {"parameters": c.parameters | {"bo": patched(c.parameters["bo"], (4,), -np.inf)}},
        "lstm: bo is -inf at (4,); pass finite numbers",
    ),
    "two dtypes": (
        "rnn",
        lambda c: {"x": c.x.astype(np.float32)},
        "rnn: x has dtype float32, U has float64; pass all in one dtype",
    ),
    "integers": (
        "gru",
        lambda c: {"y": np.ones(c.y.shape, int)},
        "gru: y has dtype int64; pass float32 or float64",
    ),
    "a list": (
        "rnn",
        lambda c: {"x": c.x.tolist()},
        "rnn: x is a list; pass a NumPy array",
    ),
    "a mask of another shape": (
        "rnn",
        lambda c: {"mask": ragged_mask().T},
        "rnn: mask has shape (3, 4), but x has (T, N) = (4, 3); pass shape (T, N)",
    ),
    "a mask that is no mask": (
        "rnn",
        lambda c: {"mask": np.full((4, 3), 2)},
        "rnn: mask has values other than 0 and 1; pass True where a step counts",
    ),
    "a mean over nothing": (
        "minibatch",
        lambda c: {"mask": np.zeros((4, 3), bool)},
        "minibatch: mask has no step that counts; pass at least one, the loss is a mean",
    ),
    "a loss that is none": (
        "rnn",
        lambda c: {"loss": "hinge"},
        "rnn: unknown loss 'hinge'; pass one of cross-entropy, squared-error",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_one_clear_line(what):
    name, changes, message = BAD[what]
    c = case(name)
    given = {"parameters": c.parameters, "x": c.x, "y": c.y, "initial": c.initial, "mask": None} | changes(c)
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        c.cell.forward(**given)


FINAL = {
    "shape": ({"h": np.zeros((3, 4))}, "final h has shape (3, 4), but H = 5 by the cache; pass shape (N, H)"),
    "dtype": (
        {"h": np.zeros((3, 5), np.float32)},
        "final h has dtype float32, the cache has float64; pass all in one dtype",
    ),
    "nan": ({"h": np.full((3, 5), np.nan)}, "final h is nan at (0, 0); pass finite numbers"),
    "name": ({"h0": np.zeros((3, 5))}, "unknown final state 'h0'; the names are "),
}


@pytest.mark.parametrize("what", FINAL)
@pytest.mark.parametrize("name", CELLS)
def test_bad_gradients_by_the_final_states(name, what):
    c = case(name)
    _, cache = c.cell.forward(c.parameters, c.x, c.y)
    final, message = FINAL[what]
    expected = f"{name}: {message}" + (", ".join(c.cell.LAYOUT.states) if what == "name" else "")
    with pytest.raises(ValueError, match=f"^{re.escape(expected)}$"):
        c.cell.backward(c.parameters, cache, final)


def without_last(parameters: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return dict(list(parameters.items())[:-1])


def test_backward_with_the_parameters_or_the_cache_of_another_cell():
    for name, other in zip(CELLS, [*CELLS][1:] + [*CELLS][:1], strict=True):
        c, o = case(name), case(other)
        _, cache = c.cell.forward(c.parameters, c.x, c.y)
        _, foreign = o.cell.forward(o.parameters, o.x, o.y)
        c.cell.backward(c.parameters, cache)
        with pytest.raises(ValueError, match=f"^{name}: the cache is that of {other}; pass what forward returned$"):
            c.cell.backward(c.parameters, foreign)
        with pytest.raises(ValueError, match=f"^{name}: the cache is a dict; pass what forward returned$"):
            c.cell.backward(c.parameters, {})
        missing = [*c.parameters][-1]
        with pytest.raises(ValueError, match=f"^{name}: parameter '{missing}' is missing; the names are "):
            c.cell.backward(without_last(c.parameters), cache)
        with pytest.raises(ValueError, match=f"^{name}: {missing} has dtype float32, the cache has float64; pass all"):
            c.cell.backward({**c.parameters, missing: c.parameters[missing].astype("float32")}, cache)
        with pytest.raises(ValueError, match=rf"^{name}: {missing} has shape \(9,\), but K = 2 by the cache; pass"):
            c.cell.backward({**c.parameters, missing: np.ones(9)}, cache)
    lstm, rnn = case("lstm"), case("rnn")
    _, cache = lstm.cell.forward(lstm.parameters, lstm.x, lstm.y)
    with pytest.raises(ValueError, match=r"^lstm: unknown parameter 'U'; the names are Wxf, "):
        lstm.cell.backward(rnn.parameters, cache)


def test_what_is_right_is_not_refused():
    for name in CELLS:
        c = case(name)
        for mask in (ragged_mask(), ragged_mask().astype(int), ragged_mask().astype(float).tolist()):
            c.cell.forward(c.parameters, c.x, c.y, c.initial, mask)
        c.cell.forward(c.parameters, np.asfortranarray(c.x), c.y[::-1])
