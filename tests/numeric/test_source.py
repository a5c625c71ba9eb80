"""Generated source is run: against central differences, against compiled code, against itself with a letter changed."""

import ast
import inspect
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from cases import arguments_of, arrays_by_gradient, case, central_differences

from numeric.compiled import compile as compile_entries
from numeric.forward_source import forward_pass
from numeric.gates import gates
from numeric.helpers import HELPERS
from numeric.recurrence import forward
from numeric.scope import Scope
from numeric.source import numpy_source
from symbolic.derivations import catalogue
from symbolic.model import Equation, Model, equation
from symbolic.models.gru import GRU
from symbolic.models.head import HEAD
from symbolic.models.lstm import LSTM, LSTM_SQUARED
from symbolic.models.minibatch import MINIBATCH
from symbolic.models.rnn import RNN, RNN_SQUARED, L_t, U, V, W, a, h, o, x, y
from symbolic.notation import D, H, K, N, t
from symbolic.records import Derivation, derivation
from symbolic.terms import Term, array, grad, outer, sequence, sigmoid, sum_steps, tanh, total

CELLS = [RNN, RNN_SQUARED, MINIBATCH, LSTM, LSTM_SQUARED, GRU]
SIZES = {D: 4, H: 5, K: 3, N: 3}
PROVED = [record for record in catalogue() if record.expected == "proved"]

source_of = cache(numpy_source)


def run(source: str) -> dict:
    namespace: dict = {}
    exec(compile(source, "<generated>", "exec"), namespace)
    return namespace


def input_of(model: Model, seed: int, steps: int = 4) -> dict:
    """3 sequences of 4 steps."""
    return case(model, np.random.default_rng(seed), steps, () if N in model.inputs[0].axes else (3,), SIZES)


def agree(found: dict, expected: dict) -> None:
    assert set(found) == set(expected)
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-12, atol=1e-13, err_msg=name)


# Cells


@pytest.mark.parametrize("model", CELLS, ids=lambda model: model.name)
def test_every_gradient_of_a_cell_is_the_slope_of_its_loss(model):
    code, given = run(source_of(model)), input_of(model, seed=1)
    _, gradients = code["loss_and_gradients"](**given)
    arrays = arrays_by_gradient(given)
    assert set(gradients) == set(arrays)
    for name, values in arrays.items():
        expected = central_differences(lambda: code["forward"](**given)[0], values)
        np.testing.assert_allclose(gradients[name], expected, rtol=1e-6, atol=1e-8, err_msg=name)


@pytest.mark.parametrize("model", CELLS, ids=lambda model: model.name)
def test_generated_and_compiled_gradients_agree_entry_by_entry(model):
    given = input_of(model, seed=2)
    loss, gradients = run(source_of(model))["loss_and_gradients"](**given)
    compiled, expected = compile_entries(model, SIZES, steps=4)(**given)
    np.testing.assert_allclose(loss, compiled, rtol=1e-13)
    agree(gradients, expected)


@pytest.mark.parametrize("name", ["W", "x", "h0"])
def test_a_gradient_that_is_off_by_a_little_does_not_agree(name):
    given = input_of(RNN, seed=3)
    _, gradients = run(source_of(RNN))["loss_and_gradients"](**given)
    _, expected = compile_entries(RNN, SIZES, steps=4)(**given)
    with pytest.raises(AssertionError, match=name):
        agree({**gradients, name: gradients[name] * (1 + 1e-9)}, expected)


@pytest.mark.parametrize("model", CELLS, ids=lambda model: model.name)
def test_generated_gradients_agree_with_those_written_by_hand(model):
    reference = pytest.importorskip("numeric.reference")
    name, _, squared = model.name.partition("-")
    given = input_of(model, seed=4)
    loss, gradients = run(source_of(model))["loss_and_gradients"](**given)
    by_hand = reference.CELLS[name].loss_and_gradients(**given, loss="squared-error" if squared else "cross-entropy")
    np.testing.assert_allclose(loss, by_hand[0], rtol=1e-13)
    agree(gradients, by_hand[1])


@pytest.mark.parametrize("model", [RNN, LSTM, GRU], ids=lambda model: model.name)
def test_one_step_is_a_sequence_too(model):
    given = input_of(model, seed=5, steps=1)
    _, gradients = run(source_of(model))["loss_and_gradients"](**given)
    agree(gradients, compile_entries(model, SIZES, steps=1)(**given)[1])


@pytest.mark.parametrize("model", [RNN, LSTM, GRU], ids=lambda model: model.name)
def test_two_stretches_joined_by_their_states_are_one_run(model):
    code, given = run(source_of(model)), input_of(model, seed=11)
    parameters, initial = given["parameters"], given["initial"]
    early, late = ({"x": given["x"][part], "y": given["y"][part]} for part in (slice(None, 3), slice(3, None)))
    _, first = code["forward"](parameters, **early, initial=initial)
    _, second = code["forward"](parameters, **late, initial={name: first[name][-1] for name in initial})
    after = code["backward"](parameters, second)
    before = code["backward"](parameters, first, {name: after[f"{name}0"] for name in initial})
    joined = {name: before[name] + after[name] for name in parameters}
    joined |= {"x": np.concatenate([before["x"], after["x"]])} | {f"{name}0": before[f"{name}0"] for name in initial}
    agree(joined, code["loss_and_gradients"](**given)[1])


@pytest.mark.parametrize("model", CELLS, ids=lambda model: model.name)
def test_passes_in_several_blocks_of_steps_are_those_in_one(model):
    code, given = run(source_of(model)), input_of(model, seed=16)
    loss, whole = code["loss_and_gradients"](**given)
    step = 8 * SIZES[N] * SIZES[H]
    for size in (1, 2 * step, 3 * step, 10 * step, 15 * step):
        code["BLOCK"] = size
        found, gradients = code["loss_and_gradients"](**given)
        np.testing.assert_allclose(found, loss, rtol=1e-14)
        agree(gradients, whole)


@pytest.mark.parametrize("model", CELLS, ids=lambda model: model.name)
def test_weights_in_strips_have_the_gradients_of_weights_as_a_whole(model):
    code = run(source_of(model))
    given = case(
        model, np.random.default_rng(17), 4, () if N in model.inputs[0].axes else (3,), {**SIZES, D: 64, H: 64}
    )
    found = []
    for code["AVX512"] in (True, False):
        found.append(code["loss_and_gradients"](**given)[1])
    agree(*found)


def test_strips_are_for_shapes_that_they_fill():
    code = run(source_of(LSTM))
    rng = np.random.default_rng(18)
    for I, J in ((64, 128), (32, 64), (64, 60), (33, 64), (5, 4)):
        u, v = rng.normal(size=(4, 7, 3, I)), rng.normal(size=(7, 3, J))
        for code["AVX512"] in (True, False):
            np.testing.assert_allclose(
                code["outer_sum"](u, v), np.einsum("gtni,tnj->gij", u, v), rtol=1e-12, atol=1e-13
            )
            np.testing.assert_allclose(code["outer_sum"](u[0], v), np.einsum("tni,tnj->ij", u[0], v), 1e-12, 1e-13)


@pytest.mark.parametrize("model", CELLS, ids=lambda model: model.name)
def test_a_cache_serves_twice_and_is_not_touched_by_the_next_run(model):
    code, given, other = run(source_of(model)), input_of(model, seed=12), input_of(model, seed=13)
    _, cache = code["forward"](**given)
    first = code["backward"](given["parameters"], cache)
    code["loss_and_gradients"](**other)
    again = code["backward"](given["parameters"], cache)
    agree(again, first)
    agree(first, code["loss_and_gradients"](**given)[1])


@pytest.mark.parametrize("model", CELLS, ids=lambda model: model.name)
def test_a_pass_keeps_the_precision_of_its_input_and_leaves_it_as_it_was(model):
    given = input_of(model, seed=6)
    single = {
        key: {n: v.astype(np.float32) for n, v in each.items()} if isinstance(each, dict) else each.astype(np.float32)
        for key, each in given.items()
    }
    before = repr(single)
    _, gradients = run(source_of(model))["loss_and_gradients"](**single)
    assert {gradient.dtype for gradient in gradients.values()} == {np.dtype(np.float32)}
    assert repr(single) == before


@pytest.mark.parametrize("model", [RNN, RNN_SQUARED, LSTM], ids=lambda model: model.name)
def test_large_logits_and_pre_activations_do_not_overflow(model):
    given = input_of(model, seed=7)
    given["parameters"] = {name: 1e4 * array for name, array in given["parameters"].items()}
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        loss, gradients = run(source_of(model))["loss_and_gradients"](**given)
    assert np.isfinite(loss)
    assert all(np.isfinite(gradient).all() for gradient in gradients.values())


@pytest.mark.parametrize("largest", [0.0, 1.0, 7.99, 8.0, 8.01, 700.0, 1e5])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_softmax_and_its_logarithm_are_right_for_logits_of_any_size(largest, dtype):
    logits = largest * np.random.default_rng(20).uniform(-1, 1, (3, 5)).astype(dtype)
    logits[0, 0], logits[1, 1] = largest, -largest
    log, e = run(source_of(LSTM))["log_softmax"](logits)
    exact = logits.astype(np.longdouble) - logits.max(axis=-1, keepdims=True)
    exact -= np.log(np.exp(exact).sum(axis=-1, keepdims=True))
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(log, exact, rtol=4 * eps, atol=20 * eps)
    np.testing.assert_allclose(e, np.exp(exact), rtol=40 * eps, atol=eps)
    assert log.dtype == e.dtype == dtype


@pytest.mark.parametrize("model", CELLS, ids=lambda model: model.name)
def test_every_formula_that_is_used_is_named_where_it_is_used(model):
    backward = inspect.cleandoc(source_of(model).partition("def backward(")[2])
    docstring, code = backward.split('"""')[1:3]
    named = re.findall(r"^ *([\w.-]+(?: with [\w., -]+)?): grad", docstring, re.MULTILINE)
    assert len(named) > 8
    for label in named:
        assert re.search(rf"(#|,) {re.escape(label)}(,|$)", code, re.MULTILINE), label
        for id in re.split(" with |, ", label):
            assert catalogue()[id].expected == "proved"


# The text


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_the_text_is_the_same_every_time_and_in_every_process(hash_seed):
    program = (
        "from numeric.source import numpy_source; from symbolic.models.gru import GRU; print(numpy_source(GRU), end='')"
    )
    again = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONIOENCODING": "utf-8"},
    )
    assert again.stdout == numpy_source(GRU)


@pytest.mark.parametrize("what", [*CELLS, *PROVED], ids=lambda what: getattr(what, "id", getattr(what, "name", "")))
def test_the_source_imports_numpy_alone_and_fits_in_100_columns(what):
    source = source_of(what)
    imports = [ast.unparse(n) for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Import | ast.ImportFrom)]
    assert imports in ([], ["import numpy as np"])
    assert max(map(len, source.splitlines())) <= 100


def test_ruff_finds_nothing_in_the_source(tmp_path):
    pytest.importorskip("ruff")
    for what in (*CELLS, *PROVED):
        (tmp_path / f"{getattr(what, 'id', getattr(what, 'name', ''))}.py").write_text(
            source_of(what), encoding="utf-8"
        )
    ruff = [sys.executable, "-m", "ruff"]
    checked = subprocess.run(
        [*ruff, "check", "--isolated", "--line-length=100", tmp_path], capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout
    cells = [tmp_path / f"{model.name}.py" for model in CELLS]
    formatted = [*ruff, "format", "--isolated", "--line-length=100", "--diff", *cells]
    assert subprocess.run(formatted, capture_output=True, text=True).stdout == ""


# Wrong source


CHANGES = [(" - ", " + "), (" + ", " - "), (" * ", " + "), (" += ", " -= "), (" += ", " = "), ("_T", "")]
CHANGES += [(" *= ", " += "), (" *= ", " = "), ("np.subtract(", "np.add("), ("np.multiply(", "np.add(")]


# How many steps at a time: no value depends on it.
BLOCKS = ("    most = ", "        last = ")


def mutants(source: str, first: str, last: str) -> Iterator[tuple[str, str]]:
    """The lines from `first` to `last` with one operator changed or one transpose dropped, and the line it is in."""
    start = source.index(first)
    lines = source[start : source.index(last, start)].splitlines()
    for number, line in enumerate(lines):
        code = line.partition("  #")[0]
        if code.startswith(BLOCKS) or code.lstrip().startswith("#"):
            continue
        for old, new in CHANGES:
            for match in re.finditer(re.escape(old), code):
                changed = [*lines]
                changed[number] = code[: match.start()] + new + code[match.end() :]
                yield (
                    f"{code.strip()}: {old}→{new}",
                    source[:start] + source[start:].replace("\n".join(lines), "\n".join(changed)),
                )


PASSES = {"forward": ("    dtype = x.dtype\n", "    cache = {"), "backward": ("    final = {} if", "return gradients")}


@pytest.mark.parametrize("part", PASSES)
@pytest.mark.parametrize("model", [RNN, MINIBATCH, LSTM, LSTM_SQUARED, GRU], ids=lambda model: model.name)
def test_a_letter_changed_in_the_source_is_caught(model, part):
    given = input_of(model, seed=8)
    final = {name: np.random.default_rng(8).normal(size=state.shape) for name, state in given["initial"].items()}

    def results(source: str) -> dict:
        source = re.sub(r"most = .*", "most = 3", source)  # of 4 steps
        code = run(source.replace("np.empty(", "unwritten("))
        code["unwritten"] = lambda shape, dtype: np.full(shape, np.nan, dtype)
        loss, cache = code["forward"](**given)
        return {"loss": loss, **code["backward"](given["parameters"], cache, final)}

    expected = results(source_of(model))
    survivors, count = [], 0
    for what, source in mutants(source_of(model), *PASSES[part]):
        count += 1
        try:
            with np.errstate(all="ignore"):
                found = results(source)
            agree(found, expected)
        except (AssertionError, ValueError, IndexError, NameError, SyntaxError, TypeError):
            continue
        survivors.append(what)
    assert count >= 5
    assert survivors == []


# What is refused


def altered(id: str, *closed_forms: Term) -> list[Derivation]:
    """The catalogue with another closed form under this id, or without the id."""
    records = []
    for record in catalogue():
        if record.id != id:
            records.append(record)
        elif closed_forms:
            reasons = ("",) * len(closed_forms)
            records.append(replace(record, chain=(record.chain[0], *closed_forms), reasons=reasons))
    return records


@pytest.mark.parametrize(
    ("model", "id", "closed_form", "verdict"),
    [
        (RNN, "rnn.a", (1 + h[t] ** 2) * grad(h[t]), "refuted"),
        (RNN, "rnn.h-from-a", catalogue()["rnn.h-from-a"].chain[1].right + W @ grad(a[t + 1]), "refuted"),
        (RNN, "rnn.h-from-a", W.T @ grad(a[t + 1]), "refuted"),
        (RNN, "rnn.W", sum_steps(outer(grad(a[t]), h[t - 1]), first=2), "refuted"),
        (RNN, "rnn.U", sum_steps(outer(x[t], grad(a[t]))), "ill_typed"),
        (GRU, "gru.h", catalogue()["gru.h"].chain[1].left, "refuted"),
        (LSTM, "lstm.dc", catalogue()["lstm.dc"].chain[2].left, "refuted"),
    ],
    ids=["sign", "transpose", "dropped path", "dropped step", "shape", "dropped path of the GRU", "dropped carry"],
)
def test_a_broken_formula_is_refused_with_its_id_and_verdict(model, id, closed_form, verdict):
    with pytest.raises(ValueError, match=rf"^{re.escape(id)} is not proved but {verdict} \("):
        numpy_source(model, altered(id, closed_form))


def test_a_missing_formula_is_named():
    with pytest.raises(ValueError, match=r"^gru: the catalogue has no closed form of grad\(r\[t\]\)$"):
        numpy_source(GRU, altered("gru.r"))


def test_a_record_of_another_model_serves_if_it_holds_in_this_one():
    assert "# rnn.squared.W" in numpy_source(RNN, altered("rnn.W"))
    with pytest.raises(ValueError, match=r"^rnn\.squared\.o is not proved but refuted"):
        numpy_source(RNN, [record for record in altered("rnn.o") if record.id in ("rnn.squared.o", *OTHERS)])


OTHERS = [record.id for record in catalogue() if record.model is RNN and record.chain[0] != grad(o[t])]


def test_what_is_not_proved_has_no_source():
    with pytest.raises(ValueError, match=r"^errata\.goodfellow-10\.21 is not proved but refuted \("):
        numpy_source(catalogue()["errata.goodfellow-10.21"])


def test_a_model_without_steps_has_no_passes():
    with pytest.raises(ValueError, match=r"^head has no steps: its formulas are functions one by one$"):
        numpy_source(HEAD)


# A cell of one's own


s, e = sequence("s", H), sequence("e", K)
RESIDUAL = Model(
    name="residual",
    title="Residual network, squared error",
    source="this test",
    parameters=(U, W, V),
    inputs=(x,),
    targets=(y,),
    equations=(
        equation(a[t], U @ x[t] + W @ h[t - 1]),
        equation(s[t], tanh(a[t])),
        equation(h[t], h[t - 1] + s[t]),
        equation(e[t], V @ h[t] - y[t]),
        equation(L_t[t], total(e[t] ** 2) / 2),
    ),
    step_loss=L_t,
)
OWN = [
    derivation(f"own.{number}", "", gradient, ("", closed_form), model=RESIDUAL, source="")
    for number, (gradient, closed_form) in enumerate(
        [
            (grad(e[t]), e[t]),
            (grad(h[t]), V.T @ grad(e[t]) + grad(h[t + 1]) + W.T @ grad(a[t + 1])),
            (grad(s[t]), grad(h[t])),
            (grad(a[t]), (1 - s[t] ** 2) * grad(s[t])),
            (grad(x[t]), U.T @ grad(a[t])),
            (grad(U), sum_steps(outer(grad(a[t]), x[t]))),
            (grad(W), sum_steps(outer(grad(a[t]), h[t - 1]))),
            (grad(V), sum_steps(outer(grad(e[t]), h[t]))),
        ]
    )
]


def test_a_new_cell_needs_its_equations_and_its_records_only():
    given = input_of(RESIDUAL, seed=9)
    _, gradients = run(numpy_source(RESIDUAL, OWN))["loss_and_gradients"](**given)
    agree(gradients, compile_entries(RESIDUAL, SIZES, steps=4)(**given)[1])


GATES = {gate: sequence(gate, H) for gate in "fikg"}
PRE = {gate: sequence(f"a{gate}", H) for gate in GATES}
WEIGHTS = {gate: (array(f"W{gate}", H, H), array(f"b{gate}", H)) for gate in GATES}


def pre_activation(gate: str, state: Term) -> Equation:
    weights, bias = WEIGHTS[gate]
    return equation(PRE[gate][t], bias + U @ x[t] + weights @ state)


GATED = replace(
    RESIDUAL,
    name="gated",
    title="Two sigmoids and a tanh of the last state, a sigmoid of what one of them lets through",
    parameters=(U, V, *(parameter for pair in WEIGHTS.values() for parameter in pair)),
    equations=(
        pre_activation("f", h[t - 1]),
        equation(GATES["f"][t], sigmoid(PRE["f"][t])),
        pre_activation("k", GATES["f"][t] * h[t - 1]),
        equation(GATES["k"][t], sigmoid(PRE["k"][t])),
        pre_activation("g", h[t - 1]),
        equation(GATES["g"][t], tanh(PRE["g"][t])),
        pre_activation("i", h[t - 1]),
        equation(GATES["i"][t], sigmoid(PRE["i"][t])),
        equation(h[t], GATES["f"][t] * h[t - 1] + GATES["i"][t] * GATES["g"][t] * GATES["k"][t]),
        equation(e[t], V @ h[t] - y[t]),
        equation(L_t[t], total(e[t] ** 2) / 2),
    ),
)
MINIMAL = replace(
    GATED,
    name="minimal",
    title="A sigmoid of the last state, a tanh of what it lets through",
    parameters=(U, V, *WEIGHTS["f"], *WEIGHTS["g"]),
    equations=(
        *GATED.equations[:2],
        pre_activation("g", GATES["f"][t] * h[t - 1]),
        GATED.equations[5],
        equation(h[t], h[t - 1] + GATES["f"][t] * GATES["g"][t]),
        *GATED.equations[-2:],
    ),
)


@pytest.mark.parametrize(
    ("model", "parts"),
    [(GATED, [["f", "i", "g"], ["k"]]), (MINIMAL, [["f"], ["g"]])],
    ids=["products of three and of one", "products of one"],
)
def test_gates_of_several_products_have_the_loss_of_their_equations(model, parts):
    plan = forward(model, [])
    together = gates(model, plan)
    assert [[gate.equation.left.name for gate in part] for part in together.parts] == parts
    scope = Scope(model, plan, blocks=True)
    source = forward_pass(scope, plan, together, [], supposes=False)
    code = run("\n".join(["import numpy as np", *(HELPERS[name] for name in sorted(scope.called)), source]))
    given = input_of(model, seed=21)
    expected, _ = compile_entries(model, SIZES, steps=4)(**given)
    for size in (1, 3000, 10**6):
        code |= {"check": lambda *_: None, "DATA": {}, "PARAMETERS": {}, "STATES": {}, "BLOCK": size}
        loss, _ = code["forward"](**given)
        np.testing.assert_allclose(loss, expected, rtol=1e-13)


@pytest.mark.parametrize("name", ["cache", "check", "known", "share", "h0"])
def test_an_array_called_like_something_else_in_the_source_is_refused(name):
    clash = replace(RESIDUAL, name="clash", parameters=(U, W, V, array(name, H)))
    records = [replace(record, model=clash) for record in OWN]
    with pytest.raises(ValueError, match=rf"^clash: {name} would have two meanings in the source; rename an array$"):
        numpy_source(
            clash, [*records, derivation("own.c", "", grad(array(name, H)), ("", NOTHING), source="", model=clash)]
        )


NOTHING = sum_steps(0 * grad(a[t]))


# Closed forms


@pytest.mark.parametrize("record", PROVED, ids=lambda record: record.id)
def test_the_source_of_a_closed_form_and_its_entries_agree(record):
    entries = compile_entries(record, steps=4)
    function = list(run(source_of(record)).values())[-1]
    at = {"t": 3, "k": 1}
    anchors = {name: at[name] for name in entries.anchors}
    sizes = {axis.name: n for axis, n in entries.sizes.items()} | {"T": entries.steps}
    for batch in [(), (2, 3)]:
        given = arguments_of(entries, np.random.default_rng(10), *batch) | anchors
        unknown = {name: sizes[name] for name in inspect.signature(function).parameters if name not in given}
        expected = entries(**given)
        np.testing.assert_allclose(
            np.broadcast_to(function(**given, **unknown), expected.shape), expected, rtol=1e-12, atol=1e-14
        )


@pytest.mark.parametrize("record", PROVED, ids=lambda record: record.id)
def test_a_closed_form_keeps_the_precision_of_its_arrays(record):
    entries = compile_entries(record, steps=4)
    function = list(run(source_of(record)).values())[-1]
    sizes = {axis.name: n for axis, n in entries.sizes.items()} | {"T": entries.steps, "t": 3, "k": 1}
    given = arguments_of(entries, np.random.default_rng(14), 2)
    unknown = {name: sizes[name] for name in inspect.signature(function).parameters if name not in given}
    for dtype in (np.float32, np.float64):
        result = function(**{name: array.astype(dtype) for name, array in given.items()}, **unknown)
        assert result.dtype == dtype


def test_a_step_that_an_array_does_not_have_is_refused_and_never_taken_from_the_other_end():
    df = run(source_of(catalogue()["lstm.df"]))["lstm_df"]
    c, dc = np.arange(1.0, 5.0)[:, None], np.ones((4, 1))
    assert df(c, dc, 1) == c[0]
    for step in (0, -1, 4):
        with pytest.raises(ValueError, match=rf"^t is {step}; this formula has the steps 1 to 3$"):
            df(c, dc, step)
    with pytest.raises(ValueError, match=r"^the arrays differ in their number of steps: \{'c': 2, 'dc': 3\}$"):
        df(c[1:], dc, 1)


@pytest.mark.parametrize(
    ("id", "least", "excess"),
    [("lstm.dc", {"t": 1}, {"t": -1}), ("bptt.jacobian-product", {"k": 0, "t": 0}, {"t": -1})],
)
def test_a_closed_form_has_a_value_up_to_the_ends_of_its_arrays(id, least, excess):
    entries = compile_entries(catalogue()[id], steps=4)
    function = list(run(source_of(catalogue()[id])).values())[-1]
    given = arguments_of(entries, np.random.default_rng(15))
    inside = dict.fromkeys(least, 2)
    for name in least:
        first, last = least[name], 4 + excess.get(name, 0)
        for step in (first, last):
            assert np.isfinite(function(**given, **{**inside, name: step})).all()
        for step in (first - 1, last + 1):
            with pytest.raises(ValueError, match=rf"^{name} is {step}; this formula has the steps {first} to {last}$"):
                function(**given, **{**inside, name: step})


def test_a_functions_docstring_says_what_it_is_and_what_it_takes():
    function = run(numpy_source(catalogue()["rnn.o"]))["rnn_o"]
    assert inspect.getdoc(function) == DOCSTRING.strip()


DOCSTRING = """
grad(o[t]) = yhat[t] - y[t]

rnn.o: The gradient of the loss by the outputs, y_t a distribution.
Proved for every T, every size, under Σ_k y_k = 1.
Source: Goodfellow, Bengio & Courville (2016), Deep Learning, section 10.2.2, eqs.
    10.17–10.18.

y: (T, ..., K), from step 1 on
yhat: (T, ..., K), from step 1 on
t: int
"""
