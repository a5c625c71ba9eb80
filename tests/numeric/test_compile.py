"""Compiled closed forms against formulas written out by hand; compiled cells against central differences."""

import inspect
from dataclasses import replace

import numpy as np
import pytest
from cases import SIZES, arguments_of, arrays_by_gradient, case, central_differences

from numeric.compiled import compile
from symbolic.derivations import catalogue
from symbolic.models.gru import GRU
from symbolic.models.head import HEAD
from symbolic.models.lstm import LSTM, LSTM_SQUARED
from symbolic.models.minibatch import MINIBATCH
from symbolic.models.rnn import RNN, RNN_SQUARED, W, h, o
from symbolic.notation import H, T, t
from symbolic.records import derivation
from symbolic.terms import grad, outer

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


def test_a_call_that_does_not_fit_is_refused_by_name():
    f = compile(catalogue()["rnn.a"])
    g = arguments_of(f, np.random.default_rng(13))
    with pytest.raises(TypeError, match=r"^rnn\.a needs t$"):
        f(**g)
    with pytest.raises(TypeError, match=r"^rnn\.a is no function of W$"):
        f(**g, t=1, W=1)
    with pytest.raises(ValueError, match=r"^rnn\.a: h has the shape \(2, 5\), not \(4, …, 5\)$"):
        f(**{**g, "h": g["h"][:2]}, t=1)
    with pytest.raises(ValueError, match=r"^h\[t\] at step 4: h has the steps 0 to 3$"):
        f(**g, t=4)


def test_what_is_refuted_is_refused_with_its_id_and_verdict():
    with pytest.raises(ValueError, match=r"^errata\.goodfellow-10\.21 is not proved but refuted \("):
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
