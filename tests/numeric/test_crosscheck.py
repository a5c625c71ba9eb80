"""Every side's gradients agree, and a mistake put into one side is seen in the pairs of that side and in no other."""

import itertools
import math
import sys
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from cases import central_differences

import symbolic.chain_rule
from numeric import reference
from numeric.compiled import compile
from numeric.complex_step import complex_step
from numeric.crosscheck import STEPS, TOLERANCE, case, crosscheck, relative_difference, sides_of, sizes_of
from numeric.executed import executed
from numeric.rewriting import rebuilt
from symbolic.differentiate import graph
from symbolic.models import models

CELLS = {name: model for name, model in models().items() if model.is_sequence}
WITNESSES = ("compiled", "generated", "reference", "differences")
# Of each cell a recurrent weight, the equation that it is in, and the state that it carries.
RECURRENT = {"rnn": ("W", "a", "h"), "minibatch": ("W", "A", "H"), "lstm": ("Whf", "af", "h"), "gru": ("Uz", "az", "h")}
FAULTS = {"sign": lambda W: -W, "transpose": lambda W: W.T, "dropped path": lambda W: 0 * W}

each_cell = pytest.mark.parametrize("name", CELLS)


@cache
def remembered(name):
    """The sides of a cell, each run once per precision: the input is the same every time."""

    def remember(side):
        known = {}

        def run(parameters, x, y, initial):
            if x.dtype not in known:
                known[x.dtype] = side(parameters, x, y, initial)
            return known[x.dtype]

        return run

    return {side: remember(f) for side, f in sides_of(CELLS[name]).items() if side in WITNESSES}


@each_cell
def test_all_sides_agree_on_the_loss_and_every_gradient(name):
    model = CELLS[name]
    rows = crosscheck(model, sides=remembered(name))
    states = [f"{state.lower()}0" for state in model.with_initial]
    assert sorted(row.array for row in rows) == sorted(["loss", "x", *states, *(v.name for v in model.parameters)])
    for row in rows:
        assert row.agrees, row
        assert list(row.differences["float64"]) == list(itertools.combinations(WITNESSES, 2))
        assert list(row.differences["float32"]) == list(itertools.combinations(WITNESSES[:3], 2))
        assert (row.cell, row.steps, row.seed) == (name, STEPS, 0)
        assert row.sizes == {"D": 4, "H": 5, "K": 3, "N": 2}


def test_autograd_is_one_more_side():
    pytest.importorskip("torch", reason="the extra oracles")
    for name, model in CELLS.items():
        sides = {**remembered(name), "autograd": sides_of(model)["autograd"]}
        assert {pair for row in crosscheck(model, sides=sides) for pair in row.differences["float32"]} >= {
            ("reference", "autograd")
        }
        assert all(row.agrees for row in crosscheck(model, sides=sides)), name


def test_without_pytorch_the_other_sides_remain(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert tuple(sides_of(CELLS["rnn"])) == WITNESSES


def test_another_seed_is_another_case():
    first, again, other = (case(CELLS["gru"], seed)["parameters"]["V"] for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.any(first == other)


def test_the_complex_step_is_the_central_difference_of_a_loss_written_by_hand():
    model = CELLS["lstm"]
    given = case(model, seed=1)
    _, slopes = complex_step(model, sizes_of(model), STEPS)(**given)
    for name, array in {"Whc": given["parameters"]["Whc"], "x": given["x"], "c0": given["initial"]["c"]}.items():
        expected = central_differences(lambda: reference.lstm.forward(**given)[0], array)
        np.testing.assert_allclose(slopes[name], expected, rtol=1e-6, atol=1e-8, err_msg=name)


# Mistakes


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("side", WITNESSES)
@pytest.mark.parametrize("name", RECURRENT)
def test_a_mistake_in_one_side_is_seen_in_its_pairs_alone(name, side, fault, monkeypatch):
    wrong = {**remembered(name), side: WRONG[side](CELLS[name], fault, monkeypatch)}
    rows = crosscheck(CELLS[name], sides=wrong)
    assert any(not row.agrees for row in rows)
    found = {pair for row in rows for pair in row.disagreeing("float64")}
    assert found == {pair for pair in itertools.combinations(WITNESSES, 2) if side in pair}
    single = {pair for row in rows for pair in row.disagreeing("float32")}
    assert single == {pair for pair in itertools.combinations(WITNESSES[:3], 2) if side in pair}


def wrong_graph(model, fault, monkeypatch):
    """Compiled with a wrong partial derivative of a pre-activation by the state before it."""
    _, pre, state = RECURRENT[model.name]

    def wrong(edge):
        if (edge.made, edge.used.name, edge.step) != (pre, state, -1):
            return edge
        entries = {
            "sign": [(j, i, -slope) for j, i, slope in edge.entries],
            "transpose": [((*j[:-1], i[-1]), (*i[:-1], j[-1]), slope) for j, i, slope in edge.entries],
            "dropped path": [],
        }
        return replace(edge, entries=tuple(entries[fault]))

    def wrong_everywhere(*arguments):
        right = graph(*arguments)
        return replace(right, used_by={used: [wrong(edge) for edge in all] for used, all in right.used_by.items()})

    monkeypatch.setattr(symbolic.chain_rule, "graph", wrong_everywhere)
    side = compile(model, sizes_of(model), STEPS)
    monkeypatch.undo()
    return side


def wrong_backward(module):
    """A recurrent weight that is right in the forward pass and wrong in the backward pass."""

    def make(model, fault, monkeypatch):
        passes = module(model)
        weight, _, _ = RECURRENT[model.name]

        def side(parameters, x, y, initial):
            loss, cache = passes["forward"](parameters, x, y, initial)
            return loss, passes["backward"]({**parameters, weight: FAULTS[fault](parameters[weight])}, cache)

        return side

    return make


def wrong_equation(model, fault, monkeypatch):
    weight, pre, _ = RECURRENT[model.name]
    W = model.arrays[weight]
    equations = [
        replace(eq, right=rebuilt(eq.right, lambda inner: FAULTS[fault](W) if inner == W else None))
        if eq.left.name == pre
        else eq
        for eq in model.equations
    ]
    return complex_step(replace(model, equations=tuple(equations)), sizes_of(model), STEPS)


def reference_of(model):
    return vars(reference.CELLS[model.name])


WRONG = {
    "compiled": wrong_graph,
    "generated": wrong_backward(executed),
    "reference": wrong_backward(reference_of),
    "differences": wrong_equation,
}


@pytest.mark.parametrize("side", WITNESSES)
def test_each_array_of_each_side_is_watched(side):
    sides = remembered("rnn")
    for array in ["loss", *sides[side](**case(CELLS["rnn"], 0))[1]]:

        def off_by_a_little(array=array, **given):
            loss, gradients = sides[side](**given)
            found = {"loss": loss, **gradients}
            found[array] = found[array] * (1 + (1e-4 if given["x"].dtype == np.float32 else 1e-11))
            return found.pop("loss"), found

        rows = crosscheck(CELLS["rnn"], sides={**sides, side: off_by_a_little})
        assert [row.array for row in rows if not row.agrees] == [array]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda g: {n: a for n, a in g.items() if n != "W"}, math.inf),
        (lambda g: {**g, "W": g["W"][:1]}, math.inf),
        (lambda g: {**g, "W": g["W"] * np.nan}, math.inf),
        (lambda g: {**g, "W": g["W"] * 0}, 1),
    ],
    ids=["missing", "shape", "not a number", "zero"],
)
def test_what_cannot_be_compared_disagrees(change, found):
    sides = remembered("rnn")

    def changed(**given):
        loss, gradients = sides["reference"](**given)
        return loss, change(gradients)

    wrong = [row for row in crosscheck(CELLS["rnn"], sides={**sides, "reference": changed}) if not row.agrees]
    assert [row.array for row in wrong] == ["W"]
    assert wrong[0].differences["float64"]["compiled", "reference"] == found


@pytest.mark.parametrize(
    ("left", "right", "found"),
    [
        (0.0, 0.0, 0.0),
        ([1.0, 0.0], [1.0, 1e-3], 1e-3),
        ([2.0], [-2.0], 2.0),
        (1.0, math.nan, math.inf),
        (math.inf, math.inf, math.inf),
    ],
)
def test_the_relative_difference_is_by_the_largest_entry(left, right, found):
    assert relative_difference(np.array(left), np.array(right)) == pytest.approx(found)
    assert relative_difference(np.array(right), np.array(left)) == pytest.approx(found)


def test_the_tolerances_are_those_that_are_promised():
    assert TOLERANCE == {"float64": 1e-12, "float32": 1e-5}
