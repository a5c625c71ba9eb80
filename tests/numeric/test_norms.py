"""The proved Jacobians against central differences of the hand-written forward passes; how their norms grow."""

import re

import numpy as np
import pytest

from numeric.executed import closed_form
from numeric.norms import FACTOR, Trajectory, cell_paths, forget_gates, jacobians, lstm_norms, rnn_norms
from numeric.reference import lstm, rnn
from numeric.training import drawn
from symbolic.derivations import catalogue
from symbolic.models import models
from symbolic.notation import D, H, K

STEPS, SIZES = 6, {D: 3, H: 4, K: 2}


def case(cell, seed=0):
    rng = np.random.default_rng(seed)
    parameters = {name: rng.normal(size=array.shape) for name, array in drawn(models()[cell], SIZES, rng).items()}
    return parameters, rng.normal(size=(STEPS, 1, 3)), np.full((STEPS, 1, 2), 0.5)


def differences(function, point, step=1e-6):
    """∂function/∂point by central differences: an entry of the point a column."""
    nudges = step * np.eye(len(point))
    return np.stack([(function(point + e) - function(point - e)) / (2 * step) for e in nudges], axis=1)


def states(module, parameters, x, y):
    """Every state 0 … T by the hand-written forward pass, a step at a time."""
    found = [dict.fromkeys(module.LAYOUT.states, np.zeros((1, 4)))]
    for t in range(len(x)):
        found.append(module.forward(parameters, x[t : t + 1], y[t : t + 1], found[-1])[1].final)
    return found


def last_hidden_state(parameters, x, y, k):
    """h_T as a function of h_k."""
    return lambda h: rnn.forward(parameters, x[k:], y[k:], {"h": h[None]})[1].final["h"][0]


def last_cell_state(parameters, x, y, k, h):
    """c_T as a function of c_k, with this h_k."""
    return lambda c: lstm.forward(parameters, x[k:], y[k:], {"h": h, "c": c[None]})[1].final["c"][0]


def test_the_jacobian_product_is_the_slope_of_the_last_state_by_each_before():
    parameters, x, y = case("rnn")
    h = np.concatenate([each["h"] for each in states(rnn, parameters, x, y)])
    found = [*jacobians(parameters["W"], h)]
    assert len(found) == STEPS
    for k, jacobian in zip(range(STEPS - 1, -1, -1), found, strict=True):
        expected = differences(last_hidden_state(parameters, x, y, k), h[k])
        np.testing.assert_allclose(jacobian, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(
    "wrong",
    [lambda W, h: (W.T, h), lambda W, h: (W, 0 * h), lambda W, h: (W, h[::-1])],
    ids=["transposed", "slopes dropped", "states in reverse"],
)
def test_a_wrong_jacobian_product_is_not_the_slope(wrong):
    parameters, x, y = case("rnn")
    h = np.concatenate([each["h"] for each in states(rnn, parameters, x, y)])
    *_, jacobian = jacobians(*wrong(parameters["W"], h))
    assert np.abs(jacobian - differences(last_hidden_state(parameters, x, y, 0), h[0])).max() > 1e-2


def test_the_jacobian_product_is_that_of_the_jacobians_of_every_step():
    rng = np.random.default_rng(1)
    W, h = rng.normal(size=(4, 4)), np.tanh(rng.normal(size=(21, 4)))
    step, product = closed_form(catalogue()[FACTOR]), np.eye(4)
    for t, jacobian in zip(range(20, 0, -1), jacobians(W, h), strict=True):
        product = product @ step(W, h, t)
        np.testing.assert_allclose(jacobian, product, rtol=1e-12, atol=1e-15)


def without_recurrence(parameters):
    """Gates that see no hidden state: then the cell path is all there is."""
    return {name: 0 * array if name.startswith("Wh") and name != "Whz" else array for name, array in parameters.items()}


def test_the_cell_path_is_the_slope_of_the_last_cell_state_where_no_gate_sees_the_state():
    parameters, x, y = case("lstm")
    parameters = without_recurrence(parameters)
    found = [*cell_paths(forget_gates(parameters, x[:, 0]))]
    before = states(lstm, parameters, x, y)
    assert len(found) == STEPS
    for k, path in zip(range(STEPS - 1, -1, -1), found, strict=True):
        function = last_cell_state(parameters, x, y, k, before[k]["h"])
        np.testing.assert_allclose(path, differences(function, before[k]["c"][0]), rtol=1e-6, atol=1e-9)


def test_the_cell_path_is_not_the_whole_slope_where_gates_see_the_state():
    parameters, x, y = case("lstm")
    *_, path = cell_paths(forget_gates(parameters, x[:, 0]))
    zero = np.zeros((1, 4))
    whole = differences(last_cell_state(parameters, x, y, 1, states(lstm, parameters, x, y)[1]["h"]), zero[0])
    assert np.abs(path - whole).max() > 1e-3


def test_each_step_of_the_cell_path_is_the_slope_with_the_hidden_state_held_fixed():
    parameters, x, y = case("lstm")
    f, before = forget_gates(parameters, x[:, 0]), states(lstm, parameters, x, y)
    for t in range(1, STEPS + 1):
        now = slice(t - 1, t)
        function = last_cell_state(parameters, x[now], y[now], 0, before[t - 1]["h"])
        [step] = cell_paths(f[now])
        np.testing.assert_allclose(step, differences(function, before[t - 1]["c"][0]), rtol=1e-6, atol=1e-9)


# How norms grow


def test_at_rest_the_norm_is_that_of_powers_of_w():
    rest = Trajectory(steps=8, hidden=16, input=0)
    one, two = rnn_norms(1, rest), rnn_norms(2, rest)
    np.testing.assert_allclose(two / one, 2.0 ** np.arange(1, 9), rtol=1e-12)
    long = rnn_norms(0.9, Trajectory(steps=120, hidden=16, input=0))
    assert (long[119] / long[59]) ** (1 / 60) == pytest.approx(0.9, rel=0.02)


def test_by_default_gradients_vanish_below_radius_1_and_explode_above_and_the_cell_keeps_them():
    small, large = (rnn_norms(radius, Trajectory()) for radius in (0.5, 1.5))
    leaky, keeping = (lstm_norms(bias, Trajectory()) for bias in (1, 5))
    assert len(small) == len(leaky) == 50
    assert small[-1] < 1e-10 < leaky[-1] < 1e-5
    assert 0.5 < keeping[-1] < 1 < 100 < large[-1]


def test_saturation_tames_what_explodes_at_rest():
    rest, driven = (rnn_norms(1.2, Trajectory(steps=30, hidden=32, input=size)) for size in (0, 3))
    assert driven[-1] < 1 < rest[-1]


def test_the_seed_decides():
    of = [rnn_norms(1, Trajectory(steps=5, hidden=8, seed=seed)) for seed in (0, 0, 1)]
    np.testing.assert_array_equal(of[0], of[1])
    assert (of[0] != of[2]).all()


@pytest.mark.parametrize(
    ("compute", "line"),
    [
        (lambda: rnn_norms(float("nan"), Trajectory()), "radius must be 0 or a positive number, not nan"),
        (lambda: rnn_norms(-1.0, Trajectory()), "radius must be 0 or a positive number, not -1.0"),
        (lambda: lstm_norms(float("inf"), Trajectory()), "forget bias must be a number, not inf"),
        (lambda: Trajectory(steps=0), "steps must be a positive integer, not 0"),
        (lambda: Trajectory(input=-0.5), "input must be 0 or a positive number, not -0.5"),
        (lambda: Trajectory(seed=-1), "seed must be 0 or a positive integer, not -1"),
        (
            lambda: rnn_norms(1e300, Trajectory(steps=3, hidden=4, input=0)),
            "a norm exceeds the largest float; pass a smaller radius or fewer steps",
        ),
    ],
)
def test_norms_that_cannot_be_computed(compute, line):
    with pytest.raises(ValueError, match=f"^{re.escape(line)}$"):
        compute()
