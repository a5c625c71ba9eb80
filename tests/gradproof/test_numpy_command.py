"""`gradproof numpy`: source on stdout or in a file; what is not proved is refused in one line."""

import re

import numpy as np
import pytest

from numeric import numpy_source
from symbolic.derivations import catalogue
from symbolic.models import models


@pytest.mark.parametrize("name", ["gru", "rnn-squared"])
def test_a_cell_is_its_two_passes(gradproof, name):
    result = gradproof("numpy", name)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == numpy_source(models()[name])
    namespace = {}
    exec(result.stdout, namespace)
    assert {"forward", "backward", "loss_and_gradients"} <= namespace.keys()


def test_an_id_is_one_function(gradproof):
    result = gradproof("numpy", "rnn.o")
    assert result.stdout == numpy_source(catalogue()["rnn.o"])
    namespace = {}
    exec(result.stdout, namespace)
    np.testing.assert_array_equal(namespace["rnn_o"](np.zeros((1, 3)), np.ones((1, 3)), 1), np.ones(3))


def test_several_ids_are_one_module_in_their_order(gradproof):
    """Each function is what it is alone; imports and helpers stand once, imports first."""
    result = gradproof("numpy", "softmax.gradient-1", "rnn.h", "softmax.shift", "bptt.double*", "rnn.h")
    assert (result.exit_code, result.stderr) == (0, "")
    ids = [
        "softmax.gradient-1",
        "rnn.h",
        "softmax.shift",
        *(i for i in catalogue().by_id if i.startswith("bptt.double")),
    ]
    blocks = result.stdout.rstrip("\n").split("\n\n\n")
    alone = [numpy_source(catalogue()[id]).rstrip("\n").split("\n\n\n") for id in ids]
    assert not any(block.startswith("import") for block in alone[0])
    assert blocks[0] == "import numpy as np"
    assert [block for block in blocks if block in {each[-1] for each in alone}] == [each[-1] for each in alone]
    assert len(blocks) == len(set(blocks)) == len({block for each in alone for block in each})


def test_a_chapter_is_one_module_that_runs(gradproof):
    result = gradproof("numpy", "softmax", "rnn.")
    assert result.exit_code == 0
    namespace = {}
    exec(result.stdout, namespace)
    functions = [re.sub(r"\W", "_", record.id) for record in catalogue().select(["softmax", "rnn"])]
    assert set(functions) <= namespace.keys()
    assert len(functions) == len(set(functions)) > 30


def test_a_file_holds_what_is_printed(gradproof, tmp_path):
    path = tmp_path / "rnn.py"
    result = gradproof("numpy", "rnn", "--out", path)
    assert (result.exit_code, result.stdout) == (0, "")
    assert path.read_text(encoding="utf-8") == gradproof("numpy", "rnn").stdout


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ["errata.goodfellow-10.21"],
            "errata.goodfellow-10.21 is not proved but refuted (T=2, t=1, D=4 H=5 K=3): "
            "grad(h[t]) = W.T @ grad(h[t+1]) @ diag(1 - h[t+1]**2) + V.T @ grad(o[t]); rnn.h is right",
        ),
        (
            ["errata.prediction-by-logits"],
            "errata.prediction-by-logits is not proved but ill_typed (every size): d(yhat, o) = y - yhat; "
            "softmax.gradient is right",
        ),
        (["head"], "head has no steps: its formulas are functions one by one"),
        (["rnn.oo"], "no cell or derivation is called rnn.oo; the nearest: rnn.o, rnn.x, rnn.h"),
        (["?"], "no cell or derivation is called ?; gradproof list names the derivations, rnn is a cell"),
        (["rnn.o", "lstm.oo"], "no cell or derivation is called lstm.oo; the nearest: lstm.do, lstm.dbo, lstm.dao"),
        (["rnn.o", "lstm"], "lstm is a cell, a module of its own; ask for it alone, or for derivations by their ids"),
        ([], "Missing argument 'CELL|ID…'."),
        (["rnn", "--out", "/no/rnn.py"], "cannot write /no/rnn.py: No such file or directory"),
        (["rnn", "--out", "/dev/null"], "cannot write /dev/null: it is not a regular file"),
    ],
)
def test_one_line_and_exit_code_2(gradproof, arguments, line):
    result = gradproof("numpy", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"gradproof: {line}\n"


def test_what_is_refused_leaves_the_file_as_it_was(gradproof, tmp_path):
    path = tmp_path / "old.py"
    path.write_text("old")
    assert gradproof("numpy", "errata.goodfellow-10.21", "--out", path).exit_code == 2
    assert [each.name for each in tmp_path.iterdir()] == ["old.py"]
    assert path.read_text() == "old"
