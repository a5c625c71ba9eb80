"""Compiled closed forms against formulas written out by hand; compiled cells against central differences."""

import inspect
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from cases import SIZES, arguments_of, arrays_by_gradient, case, central_differences

import numeric
from numeric import reference
from numeric.compiled import compile
from symbolic.derivations import catalogue
from symbolic.model import equation
from symbolic.models import models
from symbolic.models.gru import GRU
from symbolic.models.head import HEAD
from symbolic.models.lstm import LSTM, LSTM_SQUARED
from symbolic.models.minibatch import MINIBATCH
from symbolic.models.rnn import RNN, RNN_SQUARED, L_t, U, V, W, a, b, c, h, o, x, y
from symbolic.notation import D, H, K, N, T, t
from symbolic.records import derivation
from symbolic.terms import array as parameter
from symbolic.terms import grad, log, outer, sequence, softmax, tanh, total

CELLS = [RNN, RNN_SQUARED, MINIBATCH, LSTM, LSTM_SQUARED, GRU, HEAD]


@pytest.mark.parametrize("model", CELLS, ids=lambda model: model.name)
def test_every_gradient_of_a_cell_is_the_slope_of_its_loss(model):
    f, given = compile(model, SIZES, steps=2), case(model, np.random.default_rng(1))
    _, gradients = f(**given)
    arrays = arrays_by_gradient(given)
    assert set(gradients) == set(arrays)
    for name, array in arrays.items():
        expected = central_differences(lambda: f(**given)[0], array)
        np.testing.assert_allclose(gradients[name], expected, rtol=1e-6, atol=1e-8, err_msg=name)


@pytest.mark.parametrize("name", ["W", "x", "h0"])
def test_a_gradient_that_is_off_by_a_little_is_not_the_slope(name):
    f, given = compile(RNN, SIZES, steps=2), case(RNN, np.random.default_rng(2))
    _, gradients = f(**given)
    expected = central_differences(lambda: f(**given)[0], arrays_by_gradient(given)[name])
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(gradients[name] * (1 + 1e-5), expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("model", [RNN, LSTM, HEAD], ids=lambda model: model.name)
def test_over_a_batch_losses_and_shared_gradients_add_up(model):
    f, given = compile(model, SIZES, steps=2), case(model, np.random.default_rng(3), batch=(3,))
    loss, gradients = f(**given)
    axis = 1 if model.is_sequence else 0
    alone = [
        f(
            given["parameters"],
            given["x"].take(n, axis),
            given["y"].take(n, axis),
            {s: a[n] for s, a in given["initial"].items()},
        )
        for n in range(3)
    ]
    np.testing.assert_allclose(loss, sum(each for each, _ in alone), rtol=1e-14)
    for name in given["parameters"]:
        np.testing.assert_allclose(gradients[name], sum(g[name] for _, g in alone), rtol=1e-12, err_msg=name)
    for n, (_, own) in enumerate(alone):
        np.testing.assert_array_equal(gradients["x"].take(n, axis), own["x"])


def test_states_begin_at_zero_where_none_are_given():
    f, given = compile(LSTM, SIZES, steps=2), case(LSTM, np.random.default_rng(4))
    zero = {name: np.zeros_like(array) for name, array in given["initial"].items()}
    without, _ = f(given["parameters"], given["x"], given["y"])
    with_zero, _ = f(**{**given, "initial": zero})
    with_others, _ = f(**given)
    assert without == with_zero != with_others


def test_gradients_have_the_precision_of_the_input():
    f, given = compile(GRU, SIZES, steps=2), case(GRU, np.random.default_rng(5))
    single = {name: array.astype(np.float32) for name, array in given["parameters"].items()}
    _, gradients = f(single, given["x"].astype(np.float32), given["y"].astype(np.float32))
    assert {g.dtype for g in gradients.values()} == {np.dtype(np.float32)}


def test_two_compilations_of_a_cell_agree_to_the_last_bit():
    given = case(LSTM, np.random.default_rng(6))
    (loss, first), (again, second) = (compile(LSTM, SIZES, steps=2)(**given) for _ in range(2))
    assert loss == again
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])


def test_an_array_of_the_wrong_shape_is_named():
    f, given = compile(RNN, SIZES, steps=2), case(RNN, np.random.default_rng(7))
    with pytest.raises(ValueError, match=r"^rnn: W has the shape \(3, 2\), not \(3, 3\), where its axes are \(H, H\)$"):
        f(**{**given, "parameters": {**given["parameters"], "W": np.ones((3, 2))}})
    with pytest.raises(ValueError, match=r"^rnn: x has the shape \(3, 2\), not \(2, 2\), where its axes are \(D\)$"):
        f(**{**given, "x": np.ones((3, 2))})


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda g: {**g, "x": np.ones((0, 2))}, "rnn: x has the shape (0, 2), which is empty; pass at least one entry"),
        (
            lambda g: {**g, "x": np.ones((2, 0, 2)), "y": np.ones((2, 0, 2))},
            "rnn: x has the shape (2, 0, 2), which is empty; pass at least one entry",
        ),
        (
            lambda g: {**g, "y": np.ones((3, 2))},
            "rnn: y has the shape (3, 2), not (2, 2), where its axes are (K)",
        ),
        (lambda g: {**g, "x": g["x"] * [[1, np.nan], [1, 1]]}, "rnn: x is nan at (0, 1); pass finite numbers"),
        (
            lambda g: {**g, "parameters": {**g["parameters"], "c": np.array([1, -np.inf])}},
            "rnn: c is -inf at (1,); pass finite numbers",
        ),
        (
            lambda g: {**g, "x": g["x"].astype(np.float32)},
            "rnn: x has dtype float32, U has float64; pass all in one dtype",
        ),
        (lambda g: {**g, "y": np.eye(2, dtype=int)}, "rnn: y has dtype int64; pass float32 or float64"),
        (lambda g: {**g, "x": "text"}, "rnn: x has dtype <U4; pass float32 or float64"),
        (
            lambda g: {**g, "parameters": {name: a for name, a in g["parameters"].items() if name != "V"}},
            "rnn: parameter 'V' is missing; the names are U, W, V, b, c",
        ),
        (
            lambda g: {**g, "parameters": {**g["parameters"], "Z": g["x"]}},
            "rnn: unknown parameter 'Z'; the names are U, W, V, b, c",
        ),
        (lambda g: {**g, "initial": {"c": np.ones(3)}}, "rnn: unknown initial state 'c'; the names are h"),
        (
            lambda g: {**g, "initial": {"h": np.ones(2)}},
            "rnn: initial h has the shape (2,), not (3,), where its axes are (H)",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_cell_cannot_take_is_one_line(change, line):
    f, given = compile(RNN, SIZES, steps=2), case(RNN, np.random.default_rng(7))
    with pytest.raises(ValueError, match=f"^{re.escape(line)}$"):
        f(**change(given))


@pytest.mark.parametrize("what", [RNN, catalogue()["rnn.h"]], ids=["cell", "closed form"])
def test_no_step_and_no_entry_are_refused(what):
    name = getattr(what, "id", "rnn")
    with pytest.raises(ValueError, match=rf"^{re.escape(name)}: T = 0; a sequence has at least one step$"):
        compile(what, steps=0)
    with pytest.raises(ValueError, match=rf"^{re.escape(name)}: H = 0; an axis has at least one entry$"):
        compile(what, {H: 0})


def test_a_cell_with_two_inputs_is_refused():
    two = replace(RNN, inputs=(x, sequence("u", D)))
    with pytest.raises(ValueError, match=r"^rnn has 2 inputs and 1 targets; a cell that is compiled has one of each$"):
        compile(two)


# Softmax


@pytest.mark.parametrize("model", [m for m in CELLS if m.is_sequence], ids=lambda model: model.name)
@pytest.mark.parametrize("scale", [1, 1000], ids=["biases", "biases and weights"])
def test_logits_of_a_thousand_overflow_no_more_than_in_the_reference(model, scale):
    name, _, squared = model.name.partition("-")
    batch = () if N in model.inputs[0].axes else (2,)
    given = case(model, np.random.default_rng(15), batch=batch, sizes={D: 2, H: 3, K: 3, N: 2})
    weight, bias = ("Whz", "bz") if name == "lstm" else ("V", "c")
    given["parameters"][bias] = np.array([-1000.0, 1000, 0])
    given["parameters"][weight] = scale * given["parameters"][weight]
    loss, gradients = compile(model, {D: 2, H: 3, K: 3, N: 2}, steps=2)(**given)
    by_hand = reference.CELLS[name].loss_and_gradients(**given, loss="squared-error" if squared else "cross-entropy")
    assert loss == pytest.approx(by_hand[0], rel=1e-14)
    largest = max(np.abs(g).max() for g in by_hand[1].values())
    assert set(gradients) == set(by_hand[1])
    for each, expected in by_hand[1].items():
        np.testing.assert_allclose(gradients[each], expected, rtol=1e-12, atol=1e-14 * largest, err_msg=each)


def test_the_same_formulas_as_they_stand_overflow_at_a_thousand():
    f = compile(catalogue()["softmax.log-softmax"])
    o = {"o": np.array([1.0, 2, 3])}
    assert np.exp(f(**o)).sum() == pytest.approx(1)
    line = r"^softmax\.log-softmax: a number leaves the range of floating point; the formulas are evaluated as they"
    for logits in ([-1000.0, 1000, 0], [-1000.0, -1000, -1000]):
        with pytest.raises(ValueError, match=line):
            f(o=np.array(logits))
        with pytest.raises(ValueError, match=line):
            f(o=np.array([logits, logits]))


ALPHA = sequence("alpha", H)
ATTENTIVE = replace(
    RNN,
    name="attentive",
    equations=(
        equation(a[t], b + W @ h[t - 1] + U @ x[t]),
        equation(ALPHA[t], softmax(3 * a[t] - softmax(h[t - 1]))),
        equation(h[t], ALPHA[t] * tanh(a[t]) + log(ALPHA[t]) / 7),
        equation(o[t], c + V @ h[t]),
        equation(L_t[t], total((y[t] - log(softmax(o[t]))) ** 2) / 2),
    ),
)


def test_a_softmax_anywhere_in_a_cell_has_the_slope_of_its_loss():
    f, given = compile(ATTENTIVE, SIZES, steps=2), case(ATTENTIVE, np.random.default_rng(16))
    loss, gradients = f(**given)

    def by_hand():
        p, state, found = given["parameters"], given["initial"]["h"], 0.0
        for x_t, y_t in zip(given["x"], given["y"], strict=True):
            pre = p["b"] + p["W"] @ state + p["U"] @ x_t
            weights = plain_softmax(3 * pre - plain_softmax(state))
            state = weights * np.tanh(pre) + np.log(weights) / 7
            found += ((y_t - np.log(plain_softmax(p["c"] + p["V"] @ state))) ** 2).sum() / 2
        return found

    assert loss == pytest.approx(by_hand(), rel=1e-13)
    for name, array in arrays_by_gradient(given).items():
        expected = central_differences(by_hand, array)
        np.testing.assert_allclose(gradients[name], expected, rtol=1e-6, atol=1e-8, err_msg=name)


def plain_softmax(logits):
    return np.exp(logits) / np.exp(logits).sum()


# Closed forms


@pytest.mark.parametrize("batch", [(), (2,), (2, 3)])
def test_a_hidden_states_gradient_is_the_formula_written_out(batch):
    f = compile(catalogue()["rnn.h"])
    g = arguments_of(f, np.random.default_rng(8), *batch)
    slope = 1 - g["h"][3] ** 2
    expected = (slope * g["dh"][3]) @ g["W"] + g["do"][2 - 1] @ g["V"]
    np.testing.assert_allclose(f(**g, t=2), expected, rtol=1e-13)


@pytest.mark.parametrize("batch", [(), (4,)])
def test_a_sum_over_steps_is_the_formula_written_out(batch):
    f = compile(catalogue()["lstm.dWhf"])
    g = arguments_of(f, np.random.default_rng(9), *batch)
    error = g["df"] * g["f"] * (1 - g["f"])
    expected = sum(error[s][..., :, None] * g["h"][s][..., None, :] for s in range(3))
    np.testing.assert_allclose(f(**g), expected, rtol=1e-13)


@pytest.mark.parametrize(("batch", "shape"), [((), (3, 3, 5)), ((2,), (2, 3, 3, 5))])
def test_entries_that_are_constant_have_the_shape_of_the_others(batch, shape):
    f = compile(catalogue()["rnn.logits-by-V"])
    g = arguments_of(f, np.random.default_rng(10), *batch)
    result = f(**g, t=1)
    assert result.shape == shape
    np.testing.assert_array_equal(result[..., 0, 0, :], g["h"][1])
    assert not result[..., 0, 1, :].any()


@pytest.mark.parametrize("batch", [(), (4,)])
def test_a_scalar_has_the_shape_of_the_batch(batch):
    f = compile(catalogue()["softmax.loss"])
    assert f(**arguments_of(f, np.random.default_rng(11), *batch)).shape == batch


def test_arrays_may_differ_in_their_batch_as_long_as_they_broadcast():
    f = compile(catalogue()["rnn.a"])
    g = arguments_of(f, np.random.default_rng(12), 2, 3)
    one = g["dh"][:, :1]
    np.testing.assert_array_equal(f(**{**g, "dh": one}, t=1), f(**{**g, "dh": one.repeat(2, axis=1)}, t=1))


def test_a_compiled_claim_shows_what_it_takes():
    assert repr(compile(catalogue()["rnn.a"])) == "<rnn.a(dh, h, t): grad(a[t]) = (1 - h[t]**2) * grad(h[t])>"


def test_a_compiled_cell_shows_what_it_takes_and_its_sizes():
    shown = repr(compile(RNN, SIZES, steps=2))
    assert shown.startswith("<rnn(parameters, x, y, initial=None) at T=2 ")
    assert all(f"{axis}={size}" in shown for axis, size in SIZES.items())
    assert shown.endswith(": RNN, softmax and negative log-likelihood: the loss and every gradient.>")


def test_a_call_that_does_not_fit_is_refused_by_name():
    f = compile(catalogue()["rnn.a"])
    g = arguments_of(f, np.random.default_rng(13))
    with pytest.raises(TypeError, match=r"^rnn\.a needs t$"):
        f(**g)
    with pytest.raises(TypeError, match=r"^rnn\.a is no function of W$"):
        f(**g, t=1, W=1)
    with pytest.raises(ValueError, match=r"^rnn\.a: h has the shape \(2, 5\), not \(4, …, 5\)$"):
        f(**{**g, "h": g["h"][:2]}, t=1)
    with pytest.raises(ValueError, match=r"^rnn\.a: t is 1\.5; pass a whole number$"):
        f(**g, t=1.5)
    for step in (-1, 0, 4):
        with pytest.raises(ValueError, match=rf"^rnn\.a: t is {step}; the formula is proved for 1 to 3$"):
            f(**g, t=step)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"dh": np.ones((4, 2, 5)), "h": np.ones((4, 3, 5))}, "rnn.a: these batches do not broadcast: dh (2,), h (3,)"),
        ({"h": np.full((4, 5), np.inf)}, "rnn.a: h is inf at (0, 0); pass finite numbers"),
        ({"h": np.ones((4, 5), np.float32)}, "rnn.a: h has dtype float32, dh has float64; pass all in one dtype"),
        ({"h": np.ones((4, 5), int)}, "rnn.a: h has dtype int64; pass float32 or float64"),
        ({"h": np.ones((4, 0, 5))}, "rnn.a: h has the shape (4, 0, 5), which is empty; pass at least one entry"),
    ],
    ids=["batch", "infinite", "mixture", "integers", "empty"],
)
def test_what_a_closed_form_cannot_take_is_one_line(change, line):
    f = compile(catalogue()["rnn.a"])
    with pytest.raises(ValueError, match=f"^{re.escape(line)}$"):
        f(**{**arguments_of(f, np.random.default_rng(17)), **change}, t=1)


@pytest.mark.parametrize(("id", "batch"), [("rnn.V", ()), ("rnn.V", (2,)), ("rnn.h", ())])
def test_a_product_or_a_power_that_overflows_is_one_line_too(id, batch):
    f = compile(catalogue()[id])
    g = arguments_of(f, np.random.default_rng(18), *batch)
    at = {"t": 1} if f.anchors else {}
    with pytest.raises(ValueError, match=rf"^{re.escape(id)}: a number leaves the range of floating point; "):
        f(**{name: 1e200 * array for name, array in g.items()}, **at)


def test_what_is_refuted_is_refused_with_its_id_and_verdict():
    with pytest.raises(
        ValueError, match=r"^errata\.goodfellow-10\.21 is not proved but refuted \(.*; rnn\.h is right$"
    ):
        compile(catalogue()["errata.goodfellow-10.21"])


@pytest.mark.parametrize(
    ("closed_form", "verdict"),
    [
        (W @ grad(h[t + 1]), "refuted"),
        (-(catalogue()["rnn.h"].chain[-1]), "refuted"),
        (catalogue()["rnn.h-from-a"].chain[1].left, "refuted"),
        (outer(grad(o[t]), grad(h[t])), "ill_typed"),
    ],
    ids=["transpose", "sign", "dropped path", "shape"],
)
def test_a_broken_closed_form_is_refused(closed_form, verdict):
    record = catalogue()["rnn.h"]
    broken = replace(record, chain=(record.chain[0], closed_form), reasons=("",))
    with pytest.raises(ValueError, match=rf"^rnn\.h is not proved but {verdict} \("):
        compile(broken)


def test_what_no_catalogue_has_compiles_once_it_is_proved():
    own = derivation("own", "", grad(h[T]), ("", catalogue()["rnn.h-last"].chain[2]), model=RNN, source="")
    f = compile(own, {H: 7})
    g = arguments_of(f, np.random.default_rng(14))
    np.testing.assert_allclose(f(**g), g["V"].T @ g["do"][-1], rtol=1e-13)
    assert inspect.getdoc(f) == "grad(h[T]) = V.T @ grad(o[T])"


@pytest.mark.parametrize("function", [compile(RNN, SIZES, 3), reference.rnn.forward], ids=["compiled", "reference"])
def test_what_is_no_dict_of_arrays_is_refused_in_one_line(function):
    given = case(RNN, np.random.default_rng(16), steps=3, batch=(2,), sizes=SIZES)
    function(**given)
    with pytest.raises(ValueError, match=r"^rnn: initial states are a ndarray; pass a dict of arrays by name$"):
        function(**{**given, "initial": given["initial"]["h"]})
    with pytest.raises(ValueError, match=r"^rnn: parameters are a NoneType; pass a dict of arrays by name$"):
        function(**{**given, "parameters": None})


def test_a_parameter_called_like_an_input_is_refused_with_the_model():
    with pytest.raises(
        ValueError, match=r"^clash: one name, x, for two arrays: a sequence of shape \(D\) and shape \(H\)$"
    ):
        replace(RNN, name="clash", parameters=(*RNN.parameters, parameter("x", H)))


@pytest.mark.parametrize("name", ["loss", "h0"])
def test_a_parameter_called_like_another_result_is_refused(name):
    clash = replace(RNN, name="clash", parameters=(*RNN.parameters, parameter(name, H)))
    with pytest.raises(
        ValueError, match=rf"^clash: {name} would have two meanings among the gradients; rename an array$"
    ):
        compile(clash)


# The package


def test_the_package_names_its_functions_and_loads_none_of_them_before_they_are_asked_for():
    assert numeric.compile is compile
    assert numeric.__all__ == ["compile", "crosscheck", "numpy_source", "reference"]
    assert all(hasattr(numeric, name) for name in numeric.__all__)
    assert numeric.reference.lstm.backward is reference.lstm.backward
    with pytest.raises(AttributeError, match=r"^numeric has no complie; it has compile, crosscheck, "):
        _ = numeric.complie
    program = "import numeric, sys; print([m for m in ('sympy', 'numpy', 'symbolic') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "[]\n"


def test_models_are_found_by_name():
    assert {model.name: model for model in CELLS}.items() <= models().items()
    assert all(name == model.name for name, model in models().items())


def test_two_models_of_one_name_are_refused(monkeypatch):
    monkeypatch.setattr("symbolic.models.gru.OTHER", replace(GRU), raising=False)
    with pytest.raises(ValueError, match=r"^two models have the name gru; rename one of them$"):
        models.__wrapped__()


@pytest.mark.parametrize("what", ["lstm", None, len])
def test_what_is_neither_formula_nor_cell_is_refused(what):
    with pytest.raises(TypeError, match=r"is no formula and no cell; pass a record, as gradproof\.catalogue\(\)"):
        numeric.compile(what)


def test_a_closed_form_says_what_it_is_proved_under_and_takes_any_targets():
    under, without = compile(catalogue()["rnn.o"]), compile(catalogue()["rnn.a"])
    assert under.__doc__ == "grad(o[t]) = yhat[t] - y[t], where Σ_k y_k = 1"
    assert without.__doc__ == "grad(a[t]) = (1 - h[t]**2) * grad(h[t])"
    np.testing.assert_array_equal(under(yhat=np.ones((3, 3)), y=np.zeros((3, 3)), t=1), np.ones(3))
