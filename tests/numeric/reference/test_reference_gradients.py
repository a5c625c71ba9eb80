"""The hand-written gradients against central differences, themselves, and deliberate mistakes."""

from __future__ import annotations

import inspect
import subprocess
import sys
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
from gradient_cases import SIZES, Case, case, central_differences, largest_difference, ragged_mask

from numeric.reference import CELLS, cell, checks, gru, losses, lstm, minibatch, rnn

TOLERANCE = 1e-7
LOSSES = ("cross-entropy", "squared-error")
MASKS = {"unmasked": None, "masked": ragged_mask()}
cells = pytest.mark.parametrize("name", CELLS)


def error(c: Case) -> tuple[float, str]:
    return largest_difference(c.gradients(), central_differences(c))


@cells
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("mask", MASKS)
def test_every_gradient_is_the_central_difference(name, loss, mask):
    found, where = error(case(name, loss=loss, mask=MASKS[mask]))
    assert found < TOLERANCE, (name, loss, mask, where, found)


def mutated(module: ModuleType, old: str, new: str) -> ModuleType:
    """A copy of the module with one mistake in it."""
    source = inspect.getsource(module)
    assert source.count(old) == 1, f"{old!r} occurs {source.count(old)} times in {module.__name__}"
    copy = ModuleType(module.__name__)
    exec(compile(source.replace(old, new), f"<{module.__name__} with {new}>", "exec"), copy.__dict__)
    return copy


MISTAKES = {
    "rnn": [
        ("np.subtract(1, da, out=da)", "np.add(1, da, out=da)"),
        ("np.matmul(da[t], W, out=dh_next)", "np.matmul(da[t], W.T, out=dh_next)"),
        ("        dh_next += dh[t]\n", ""),
        ("da_T @ flat(h[:-1])", "da_T @ flat(h[1:])"),
        ("sums(flat(da))", "sums(da[-1])"),
    ],
    "lstm": [
        ("np.subtract(gates[:3], da[:3], out=da[:3])", "np.add(gates[:3], da[:3], out=da[:3])"),
        ("dh_dc *= o", "dh_dc *= i"),
        ("c[now], tanh_c[now], da, dh_dc)", "c[1:][now], tanh_c[now], da, dh_dc)"),
        ('f"Wh{gate}": dWh[k]', 'f"Wh{gate}": dWh[k].T'),
        ("            dh_next += dh[t]\n", ""),
        ("            dc *= f[k]\n", ""),
        ("            dc += through_h\n", ""),
        ("da[0, k] *= dh_next", "da[0, k] *= dc"),
    ],
    "gru": [
        ("np.subtract(htilde, h, out=keep)", "np.subtract(h, htilde, out=keep)"),
        ("np.matmul(da[2, k], U[2], out=dreset)", "np.matmul(da[2, k], U[2].T, out=dreset)"),
        ("            dh_next += dreset\n", ""),
        ("            dh_next *= keep[k]\n", ""),
        ("flat(reset[now])", "flat(h[now])"),
    ],
}


@pytest.mark.parametrize(
    ("name", "old", "new"), [(name, *mistake) for name, mistakes in MISTAKES.items() for mistake in mistakes]
)
def test_a_sign_a_transpose_a_dropped_path_is_seen(name, old, new):
    found, _ = error(case(name, module=mutated(CELLS[name], old, new)))
    assert found > 1000 * TOLERANCE, (name, new, found)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{**gradients, V: dV, c: dc})", "{**gradients, V: dV, c: -dc})"),
        ("return self._columns({**gradients, V", 'return self._columns({**gradients, "W": gradients["W"].T, V'),
        ("cache.batch, cache.values, dh, last)", "cache.batch, cache.values, -dh, last)"),
    ],
)
def test_a_mistake_in_the_frame_is_seen(old, new):
    frame = mutated(cell, old, new).Cell(**vars(minibatch.CELL))
    found, _ = error(case("minibatch", module=frame))
    assert found > 1000 * TOLERANCE, (new, found)


@pytest.mark.parametrize(
    ("name", "old"),
    [("rnn", "dh_next += held"), ("lstm", "dh_next += held_h"), ("lstm", "dc += held_c"), ("gru", "dh_next += held\n")],
)
def test_a_masked_step_that_swallows_the_gradient_is_seen(name, old):
    found, _ = error(case(name, mask=ragged_mask(), module=mutated(CELLS[name], old, "pass\n")))
    assert found > 1000 * TOLERANCE, (name, old, found)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(
    "wrong", [lambda g: -g, lambda g: g[:, ::-1], lambda g: g + 1e-3], ids=["sign", "swapped", "shifted"]
)
def test_a_wrong_gradient_of_the_loss_is_seen(loss, wrong, monkeypatch):
    value, gradient = losses.LOSSES[loss]
    monkeypatch.setitem(losses.LOSSES, loss, (value, lambda y, yhat: wrong(gradient(y, yhat))))
    found, _ = error(case("rnn", loss=loss))
    assert found > 1000 * TOLERANCE, (loss, found)


@cells
@pytest.mark.parametrize("mask", MASKS)
def test_each_single_gradient_is_watched(name, mask):
    c = case(name, mask=MASKS[mask])
    right = c.gradients()
    for array in right:
        found, where = largest_difference(right | {array: right[array] * 1.001}, right)
        assert (where, found) == (array, pytest.approx(0.001))


@cells
@pytest.mark.parametrize("loss", LOSSES)
def test_float32_is_float64_to_1e_5_and_stays_float32(name, loss):
    double = case(name, loss=loss, mask=ragged_mask())
    single = double.astype(np.float32)
    gradients = single.gradients()
    assert {gradient.dtype for gradient in gradients.values()} == {np.dtype(np.float32)}
    assert single.objective() == pytest.approx(double.objective(), rel=1e-5)
    found, where = largest_difference(gradients, double.gradients())
    assert 0 < found < 1e-5, (name, where, found)


@cells
def test_nothing_given_is_changed_and_a_cache_serves_twice(name):
    c = case(name, mask=ragged_mask())
    before = {array: values.copy() for array, values in (c.arrays | {"final h": c.final["h"]}).items()}
    _, cache = c.cell.forward(c.parameters, c.x, c.y, c.initial, c.mask)
    first = c.cell.backward(c.parameters, cache, c.final)
    kept = {array: values.copy() for array, values in first.items()}
    second = c.cell.backward(c.parameters, cache, c.final)
    assert largest_difference(second, kept)[0] == 0
    assert largest_difference(c.arrays | {"final h": c.final["h"]}, before)[0] == 0


@cells
def test_loss_and_gradients_is_both_in_one(name):
    c = case(name, mask=ragged_mask())
    loss, gradients = c.cell.loss_and_gradients(c.parameters, c.x, c.y, c.initial, c.mask)
    value, cache = c.cell.forward(c.parameters, c.x, c.y, c.initial, c.mask)
    assert loss == value
    assert largest_difference(gradients, c.cell.backward(c.parameters, cache))[0] == 0


@cells
@pytest.mark.parametrize("loss", LOSSES)
def test_padding_with_masked_steps_changes_nothing(name, loss):
    c = case(name, loss=loss, mask=np.ones((SIZES["T"], SIZES["N"]), bool))
    rng = np.random.default_rng(1)
    padding = rng.standard_normal((3, *c.x.shape[1:])), rng.random((3, *c.y.shape[1:]))
    padded = replace(
        c,
        x=np.concatenate([c.x, padding[0]]),
        y=np.concatenate([c.y, padding[1]]),
        mask=np.concatenate([c.mask, np.zeros((3, SIZES["N"]), bool)]),
    )
    assert padded.objective() == pytest.approx(c.objective(), rel=1e-14)
    gradients = padded.gradients()
    assert not gradients["x"][SIZES["T"] :].any()
    gradients["x"] = gradients["x"][: SIZES["T"]]
    for mask in (c.mask, None):
        found, where = largest_difference(gradients, replace(c, mask=mask).gradients())
        assert found < 1e-13, (where, found)


@pytest.mark.parametrize("name", ["lstm", "gru"])
@pytest.mark.parametrize("mask", MASKS)
def test_a_backward_pass_in_several_blocks_is_the_one_in_one(name, mask, monkeypatch):
    c = case(name, mask=MASKS[mask])
    whole = c.gradients()
    step = {"lstm": 5, "gru": 4}[name] * SIZES["N"] * SIZES["H"] * 8
    for steps in (1, SIZES["T"] - 1):
        monkeypatch.setattr(checks, "CACHE", steps * step)
        found, where = largest_difference(c.gradients(), whole)
        assert found < 1e-13, (name, mask, steps, where, found)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("lstm", "dWh += ", "dWh[...] = "),
        ("lstm", "flat(h[now])", "flat(h[: len(block)])"),
        ("gru", "t = block[k]", "t = k"),
    ],
)
def test_a_block_that_forgets_the_others_is_seen(name, old, new, monkeypatch):
    monkeypatch.setattr(checks, "CACHE", 1)
    found, _ = error(case(name, module=mutated(CELLS[name], old, new)))
    assert found > 1000 * TOLERANCE, (name, new, found)


def test_inputs_projected_for_some_steps_at_a_time_are_all_projected(monkeypatch):
    c = case("lstm", mask=ragged_mask())
    whole = c.gradients()
    for steps in (1, SIZES["T"] - 1):
        monkeypatch.setattr(lstm, "AHEAD", steps)
        found, where = largest_difference(c.gradients(), whole)
        assert found < 1e-13, (steps, where, found)


@pytest.mark.parametrize("strips", [True, False])
@pytest.mark.parametrize(("I", "J"), [(64, 128), (32, 64), (64, 60), (33, 64), (5, 4)])
def test_weights_in_strips_have_the_gradients_of_weights_as_a_whole(strips, I, J, monkeypatch):
    monkeypatch.setattr(cell, "SMALL_PRODUCTS", strips)
    rng = np.random.default_rng(0)
    u, v = rng.normal(size=(3, 21, I)), rng.normal(size=(21, J))
    np.testing.assert_allclose(cell.outer_sums(u, v), np.einsum("gni,nj->gij", u, v), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(cell.outer_sums(u[0], v), u[0].T @ v, rtol=1e-12, atol=1e-13)


@cells
def test_a_batch_is_its_sequences_one_by_one(name):
    c = case(name, mask=ragged_mask())
    singles = [
        replace(
            c,
            x=c.x[:, n : n + 1],
            y=c.y[:, n : n + 1],
            initial={state: values[n : n + 1] for state, values in c.initial.items()},
            final={state: values[n : n + 1] for state, values in c.final.items()},
            mask=c.mask[:, n : n + 1],
        )
        for n in range(SIZES["N"])
    ]
    if name == "minibatch":  # a mean: each sequence weighs as much as it has steps
        counts = [int(single.mask.sum()) for single in singles]
        together = c.cell.forward(c.parameters, c.x, c.y, c.initial, c.mask)[0]
        apart = [s.cell.forward(s.parameters, s.x, s.y, s.initial, s.mask)[0] for s in singles]
        assert together == pytest.approx(np.average(apart, weights=counts), rel=1e-13)
        return
    assert c.objective() == pytest.approx(sum(single.objective() for single in singles), rel=1e-13)
    gradients = [single.gradients() for single in singles]
    summed = {array: sum(g[array] for g in gradients) for array in c.parameters}
    stacked = {array: np.concatenate([g[array] for g in gradients], axis=1) for array in ("x",)}
    states = {f"{s}0": np.concatenate([g[f"{s}0"] for g in gradients]) for s in c.initial}
    found, where = largest_difference(c.gradients(), summed | stacked | states)
    assert found < 1e-13, (where, found)


@pytest.mark.parametrize("name", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("mask", MASKS)
def test_two_stretches_with_carried_states_are_one_run(name, mask):
    c = case(name, mask=MASKS[mask])
    for cut in range(1, SIZES["T"]):
        stretches = [slice(None, cut), slice(cut, None)]
        masks = [None if c.mask is None else c.mask[part] for part in stretches]
        early_loss, early = c.cell.forward(c.parameters, c.x[:cut], c.y[:cut], c.initial, masks[0])
        late_loss, late = c.cell.forward(c.parameters, c.x[cut:], c.y[cut:], early.final, masks[1])
        after = c.cell.backward(c.parameters, late, c.final)
        before = c.cell.backward(c.parameters, early, {state: after[f"{state}0"] for state in c.initial})
        whole_loss, _ = c.cell.forward(c.parameters, c.x, c.y, c.initial, c.mask)
        assert early_loss + late_loss == pytest.approx(whole_loss, rel=1e-14)
        joined = {array: before[array] + after[array] for array in c.parameters}
        joined |= {"x": np.concatenate([before["x"], after["x"]])}
        joined |= {f"{state}0": before[f"{state}0"] for state in c.initial}
        found, where = largest_difference(joined, c.gradients())
        assert found < 1e-13, (cut, where, found)


def test_minibatch_is_the_rnn_transposed_and_averaged():
    c = case("minibatch")
    transposed = {array: values.T for array, values in c.parameters.items()}
    loss, gradients = minibatch.loss_and_gradients(c.parameters, c.x, c.y, c.initial)
    total, of_rnn = rnn.loss_and_gradients(transposed, c.x, c.y, c.initial)
    steps = SIZES["T"] * SIZES["N"]
    assert loss == pytest.approx(total / steps, rel=1e-14)
    mean = {array: (g.T if array in "UWV" else g) / steps for array, g in of_rnn.items()}
    assert largest_difference(gradients, mean)[0] < 1e-13


BIAS = {"rnn": "c", "minibatch": "c", "lstm": "bz", "gru": "c"}


@cells
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("loss", "expected", "slope"), [("cross-entropy", 2000, 1), ("squared-error", 1, 0)])
def test_logits_of_a_thousand_neither_overflow_nor_vanish(name, dtype, loss, expected, slope):
    c = case(name, loss=loss, scale=0).astype(dtype)
    c.parameters[BIAS[name]][:] = 1000, -1000
    y = np.zeros_like(c.y)
    y[..., 1] = 1
    steps = 1 if name == "minibatch" else SIZES["T"] * SIZES["N"]
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        value, gradients = c.cell.loss_and_gradients(c.parameters, c.x, y, c.initial, None, loss)
    assert value == pytest.approx(expected * steps, rel=1e-6)
    assert gradients[BIAS[name]] == pytest.approx(np.array([slope, -slope]) * steps, rel=1e-6)


@pytest.mark.parametrize(("module", "biases"), [(lstm, ("bf", "bi", "bo", "bc")), (gru, ("bz", "br", "bh"))])
@pytest.mark.parametrize("sign", [1, -1])
def test_saturated_gates_neither_overflow_nor_become_nan(module, biases, sign):
    c = case(module.LAYOUT.cell)
    for bias in biases:
        c.parameters[bias][:] = sign * 1000
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        gradients = c.gradients()
    assert all(np.isfinite(gradient).all() for gradient in gradients.values())
    assert not any(gradients[bias].any() for bias in biases)


def test_the_reference_loads_nothing_of_the_symbolic_side():
    program = "import sys, numeric.reference; print(sorted({'symbolic', 'sympy', 'numpy'} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert shown == "['numpy']\n"
