"""`gradproof crosscheck`: rows, exit codes, JSON, one line for a cell that is none."""

import json
from pathlib import Path

import click
import pytest

import gradproof.commands.crosscheck as command
import numeric.crosscheck

ROW = {
    "cell": str, "array": str, "float64": dict, "float32": dict, "agrees": bool, "sizes": dict, "steps": int,
    "seed": int,
}  # fmt: skip
ARRAYS = ["loss", "U", "W", "V", "b", "c", "x", "h0"]


@pytest.fixture(autouse=True)
def without_pytorch(monkeypatch):
    """The same table wherever the tests run."""
    monkeypatch.setitem(numeric.crosscheck.SIDES, "autograd", lambda cell: None)


@pytest.fixture
def wrong_sign(monkeypatch):
    """A reference whose gradient by W has the other sign."""
    make = numeric.crosscheck.SIDES["reference"]

    def wrong(cell):
        side = make(cell)

        def run(**given):
            loss, gradients = side(**given)
            return loss, {**gradients, "W": -gradients["W"]}

        return run

    monkeypatch.setitem(numeric.crosscheck.SIDES, "reference", wrong)


def test_a_row_for_each_array_and_a_summary(gradproof):
    result = gradproof("crosscheck", "rnn", "--seed", 3)
    left, right, *rows, blank, without, summary = result.stdout.splitlines()
    assert (result.exit_code, result.stderr, blank) == (0, "", "")
    assert left.split() == ["compiled"] * 3 + ["generated"] * 2 + ["reference"]
    assert right.split() == [
        "cell", "array", "generated", "reference", "differences", "reference", "differences", "differences", "float32",
        "sizes", "T", "seed",
    ]  # fmt: skip
    assert [row.split()[:2] for row in rows] == [["rnn", array] for array in ARRAYS]
    for row in rows:
        *numbers, single = map(float, row.split()[2:9])
        assert max(numbers) <= 1e-12
        assert single <= 1e-5
        assert row.endswith("D=4 H=5 K=3 N=2  6  3")
    assert without == "autograd is left out: PyTorch is not installed (the extra oracles)"
    assert summary.startswith("8 arrays: 8 agree, 0 disagree; tolerance float64 1e-12, float32 1e-05; ")


def test_a_pair_that_disagrees_is_named_and_the_exit_code_is_1(gradproof, wrong_sign):
    result = gradproof("crosscheck", "rnn-squared")
    _, after = result.stdout.split("\n\n")
    *pairs, _, summary = after.splitlines()
    assert result.exit_code == 1
    assert pairs == [
        f"rnn-squared W: {pair} differ by 2.0e+00 in {precision}, allowed are {tolerance}"
        for precision, tolerance, pairs in (
            ("float64", "1e-12", ["compiled/reference", "generated/reference", "reference/differences"]),
            ("float32", "1e-05", ["compiled/reference", "generated/reference"]),
        )
        for pair in pairs
    ]
    assert summary.startswith("8 arrays: 7 agree, 1 disagree; ")


def test_all_cells_without_a_name_and_each_once(gradproof, monkeypatch):
    asked = []
    monkeypatch.setattr(numeric.crosscheck, "crosscheck", lambda cell, seed: asked.append(cell.name) or [])
    gradproof("crosscheck", "--json")
    assert asked == ["gru", "lstm", "lstm-squared", "minibatch", "rnn", "rnn-squared"]
    asked.clear()
    gradproof("crosscheck", "rnn", "gru", "rnn", "--json")
    assert asked == ["rnn", "gru"]


@pytest.mark.parametrize("width", [80, 100])
def test_a_narrow_terminal_shows_the_pair_that_is_furthest_apart(gradproof, monkeypatch, wrong_sign, width):
    monkeypatch.setattr(command, "_width", lambda: width)
    table, _ = click.unstyle(gradproof("crosscheck", "rnn").stdout).split("\n\n")
    head, *rows = table.splitlines()
    assert head.split() == ["cell", "array", "float64", "between", "float32"]
    assert max(map(len, rows)) <= 80
    *row, pair, single = rows[ARRAYS.index("W")].split()
    assert (row, single) == (["rnn", "W", "2.0e+00"], "2.0e+00")
    assert "reference" in pair


def test_a_wide_terminal_shows_every_pair(gradproof, monkeypatch):
    monkeypatch.setattr(command, "_width", lambda: 200)
    assert gradproof("crosscheck", "minibatch").stdout.count("differences") == 3


def test_json_keeps_to_its_documentation(gradproof, wrong_sign):
    result = gradproof("crosscheck", "rnn", "--json")
    document = json.loads(result.stdout)
    assert result.exit_code == 1
    assert list(document) == ["rows", "summary"]
    for row in document["rows"]:
        assert {key: type(value) for key, value in row.items()} == ROW
        assert row["agrees"] == (row["array"] != "W")
        assert row["float64"].keys() - row["float32"].keys() == {
            "compiled/differences", "generated/differences", "reference/differences",
        }  # fmt: skip
    seconds = document["summary"].pop("seconds")
    assert seconds > 0
    assert document["summary"] == {"rows": 8, "disagreeing": 1, "tolerance": {"float64": 1e-12, "float32": 1e-5}}
    text = (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8")
    named = {*ROW, *document["summary"], "seconds", *numeric.crosscheck.SIDES}
    assert {key for key in named if f"`{key}`" not in text} == set()


def test_what_is_not_a_number_is_null(gradproof, monkeypatch):
    monkeypatch.setitem(numeric.crosscheck.SIDES, "reference", lambda cell: lambda **given: (float("nan"), {}))
    rows = json.loads(gradproof("crosscheck", "minibatch", "--json").stdout)["rows"]
    assert {row["float64"]["compiled/reference"] for row in rows} == {None}
    assert not any(row["agrees"] for row in rows)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["lstn"], "there is no cell lstn; the nearest: lstm"),
        (["rnn", "rrn"], "there is no cell rrn; the nearest: rnn"),
        (["?"], "there is no cell ?; the cells are gru, lstm, lstm-squared, minibatch, rnn, rnn-squared"),
        (["head"], "there is no cell head; the cells are gru, lstm, lstm-squared, minibatch, rnn, rnn-squared"),
        (["rnn", "--seed", "-1"], "Invalid value for '--seed': -1 is not in the range x>=0."),
    ],
)
def test_one_line_and_exit_code_2(gradproof, arguments, line):
    result = gradproof("crosscheck", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"gradproof: {line}\n"


def test_a_formula_that_is_not_proved_is_one_line(gradproof, monkeypatch):
    def refused(cell):
        raise ValueError("rnn.W is not proved but refuted")

    monkeypatch.setitem(numeric.crosscheck.SIDES, "generated", refused)
    result = gradproof("crosscheck", "rnn")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "gradproof: rnn.W is not proved but refuted\n"
