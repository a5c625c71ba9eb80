"""`gradproof code`: exit codes, text, JSON, one line for what is wrong with a file."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from numeric.trace.causes import KINDS

RIGHT = """\
import numpy as np

def run(W, x):
    h = np.tanh(W @ x)
    d = 1 - h**2
    return h.sum(), {"W": np.outer(d, x), "x": W.T @ d}

shapes = {"W": (3, 3), "x": (3,)}
"""


@pytest.fixture
def code(tmp_path):
    def write(text):
        path = tmp_path / "mine.py"
        path.write_text(text)
        return path

    return write


def test_a_right_one_exits_with_0(gradproof, code):
    result = gradproof("code", code(RIGHT))
    assert result.exit_code == 0
    assert result.stdout.startswith("run: proved\nW      proved exactly\nx      proved exactly\n")


def test_a_wrong_one_exits_with_1_and_names_cause_and_line(gradproof, code):
    path = code(RIGHT.replace("W.T @ d", "W @ d"))
    result = gradproof("code", path)
    assert result.exit_code == 1
    assert "x      refuted: 3 of 3 entries are wrong" in result.stdout
    assert f"likely cause (x): the left factor of the matrix product is to be transposed ({path}:6)" in result.stdout


def test_json_says_the_same(gradproof, code):
    result = gradproof("code", code(RIGHT.replace("W.T @ d", "W @ d")), "--json")
    found = json.loads(result.stdout)
    assert found["summary"] == {"proved": 0, "refuted": 1, "unknown": 0}
    W, x = found["functions"][0]["gradients"]
    assert (W["verdict"], W["wrong"], W["cause"]) == ("proved", 0, None)
    assert (x["verdict"], x["wrong"], x["cause"]["kind"], x["cause"]["line"]) == ("refuted", 3, "transpose", 6)
    assert float(x["entries"][0]["claimed"][0]) <= float(x["entries"][0]["claimed"][1])


def test_one_function_of_several(gradproof, code):
    path = code(RIGHT + "def run_wrong(W, x):\n    return (W @ x).sum(), {'x': x}\n")
    assert gradproof("code", path).exit_code == 1
    assert gradproof("code", f"{path}:run").exit_code == 0
    assert "1 proved; 1 refuted" in gradproof("code", path).stdout


def test_what_is_not_supported_exits_with_3(gradproof, code):
    path = code(RIGHT.replace("h.sum()", "np.arctan(h).sum()"))
    result = gradproof("code", path)
    assert result.exit_code == 3
    assert result.stdout.startswith(f"run: unknown: not supported: {path}:6: np.arctan of symbols\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\n", "{} has no function run, nor run_…, which returns a loss and its gradients"),
        ("def run(x): pass\n", "{} has no dict shapes, {{name: shape}} of every array that run takes"),
        ("def run(x) pass\n", "{}:1: SyntaxError: expected ':'"),
        ("import nothing_of_this_name\n", "{}:1: ModuleNotFoundError: No module named 'nothing_of_this_name'"),
        ("def run(x):\n    return x[9]\nshapes = {'x': (2,)}\n", "{}:2: IndexError: index 9 is out of bounds"),
        ("def run(x):\n    return 1\nshapes = {'x': (2,)}\n", "{}: run: run must return (loss, {{name: gradient, …}})"),
        (
            "def run(x):\n    return x[0], {'x': None}\nshapes = {'x': (2,)}\n",
            "{}: run: the gradient of x must be an array of numbers, not None",
        ),
        (
            "def run(x):\n    return 1\nshapes = {'x': None}\n",
            "{}: run: the shape of x must be a tuple of positive integers",
        ),
        (
            "def run(x):\n    return 1\nshapes = {'x': 0}\n",
            "{}: run: the shape of x must be a tuple of positive integers",
        ),
    ],
)
def test_a_bad_file_is_one_line_and_2(gradproof, code, text, message):
    path = code(text)
    result = gradproof("code", path)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("gradproof: " + message.format(path))
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("own.py", "def run(x):\n    return x[9]\nshapes = {'x': (2,)}\n", "2: IndexError: index 9 is out of bounds"),
        ("own.py", "\nimport beside\n", "2: SyntaxError: expected ':'"),
        ("notes.md", "\nWhat I have learnt\n", "2: SyntaxError: invalid syntax"),
    ],
)
def test_the_line_of_a_file_that_is_named_from_where_one_stands(gradproof, tmp_path, monkeypatch, name, text, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text(text)
    (tmp_path / "beside.py").write_text("\n\n\ndef f() pass\n")
    result = gradproof("code", name)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"gradproof: {name}:{message}")


def test_no_file_no_function(gradproof, code):
    assert gradproof("code", "absent.py").stderr == "gradproof: there is no file absent.py\n"
    path = code(RIGHT)
    assert gradproof("code", f"{path}:walk").stderr == f"gradproof: {path} has no function walk; it has run\n"


HELPED = (
    "from helper import slope\ndef run(x):\n    return (slope * x).sum(), {'x': slope + 0 * x}\nshapes = {'x': (2,)}\n"
)


def test_another_file_has_its_own_modules(gradproof, tmp_path):
    """Two directories, each with a helper of the same name; the second's is not the first's."""
    for n, name in enumerate(("first", "second")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine.py").write_text(HELPED + f"assert slope == {n}\n")
        (tmp_path / name / "helper.py").write_text(f"slope = {n}\n")
        before = set(sys.modules), list(sys.path)
        assert gradproof("code", tmp_path / name / "mine.py").exit_code == 0
        assert {name for name in set(sys.modules) - before[0] if name in ("mine", "helper")} == set()
        assert sys.path == before[1]


def test_a_file_may_have_the_name_of_a_module_of_python(gradproof, tmp_path):
    path = tmp_path / "random.py"
    path.write_text(RIGHT)
    assert gradproof("code", path).exit_code == 0
    assert sys.modules["random"].__file__ != str(path)
    alone = "import sys; from gradproof.cli import main; sys.exit(main(sys.argv[1:]))"
    assert subprocess.run([sys.executable, "-c", alone, "code", path], check=False).returncode == 0


# -- the documented JSON ---------------------------------------------------------------------------

PAGE = Path(__file__).parents[2] / "docs" / "code.md"
DOCUMENTED = " ".join(PAGE.read_text(encoding="utf-8").partition("## `--json`")[2].split())
SEVERAL = (
    RIGHT
    + """
def run_factor(W, x):
    loss, gradients = run(W, x)
    return loss, {**gradients, "x": 2 * gradients["x"]}

def run_shape(W, x):
    loss, gradients = run(W, x)
    return loss, {**gradients, "x": gradients["x"][:, None]}

def run_unknown(W, x):
    return np.arctan(x).sum(), {"x": x}

def run_clipped(W, x):
    loss, gradients = run(W, x)
    return loss, {n: np.clip(g, -1, 1) for n, g in gradients.items()}

def run_both(W, x):
    return (x**2).sum(), {"x": 2 * x, "W": W}
"""
)


def named(after, before):
    """The names in code of the sentence that begins so."""
    return re.findall(r"`(\w+)`", DOCUMENTED.partition(after)[2].partition(before)[0])


def test_json_is_as_documented(gradproof, code):
    found = json.loads(gradproof("code", code(SEVERAL), "--json").stdout)
    assert set(found) == {"functions", "summary"}
    assert found["summary"] == {"proved": 2, "refuted": 3, "unknown": 1}
    verdicts = {f["function"]: f["verdict"] for f in found["functions"]}
    assert verdicts == {
        "run": "proved",
        "run_factor": "refuted",
        "run_shape": "refuted",
        "run_unknown": "unknown",
        "run_clipped": "proved",
        "run_both": "refuted",
    }
    kinds = DOCUMENTED.partition("is one of ")[2].partition(".")[0].split(", ")
    for function in found["functions"]:
        assert set(function) == set(named("A function has", "A gradient has"))
        assert isinstance(function["operations"], int)
        assert isinstance(function["seconds"], float)
        assert bool(function["reason"]) == (function["verdict"] == "unknown")
        assert bool(function["hypotheses"]) == (function["function"] == "run_clipped")
        for gradient in function["gradients"]:
            expect_as_documented(gradient, kinds)


def expect_as_documented(gradient, kinds):
    own = {"name", "shape", "verdict", "error", "reason", "wrong", "entries", "point", "cause", "wrong_from"}
    assert set(gradient) == own
    assert gradient["wrong_from"] is None or (
        gradient["cause"] is None and set(gradient["wrong_from"]) == {"file", "line"}
    )
    assert set(gradient) <= set(named("A gradient has", "Exit codes"))
    assert (gradient["error"] is None) == (gradient["verdict"] != "proved")
    assert (gradient["point"] is None) == (not gradient["entries"])
    assert gradient["wrong"] == len(gradient["entries"])
    for entry in gradient["entries"]:
        assert set(entry) == {"position", "claimed", "derivative"}
        assert len(entry["position"]) == len(gradient["shape"])
        for low, high in (entry["claimed"], entry["derivative"]):
            assert float(low) <= float(high)
    if gradient["cause"] is not None:
        assert set(gradient["cause"]) == {"kind", "text", "file", "line", "mend"}
        assert gradient["cause"]["mend"] is None or set(gradient["cause"]["mend"]) == {"file", "line", "text"}
        assert gradient["cause"]["kind"] in kinds


def test_every_kind_of_cause_is_documented():
    assert DOCUMENTED.partition("is one of ")[2].partition(".")[0].split(", ") == [*KINDS]


def test_a_file_in_a_package_imports_relatively(gradproof, tmp_path):
    outer = tmp_path / "outer"
    inner = outer / "inner"
    inner.mkdir(parents=True)
    for folder in (outer, inner):
        (folder / "__init__.py").write_text("")
    (outer / "top.py").write_text("def twice(x):\n    return 2 * x\n")
    (inner / "util.py").write_text("def square(x):\n    return x * x\n")
    mine = inner / "mine.py"
    text = "from .util import square\nfrom ..top import twice\n"
    mine.write_text(text + "def run(x):\n    return square(x).sum(), {'x': twice(x)}\nshapes = {'x': (2,)}\n")
    before = set(sys.modules)
    assert gradproof("code", mine).exit_code == 0
    assert not {name for name in set(sys.modules) - before if name.split(".")[0] == "outer"}


def test_the_arguments_of_the_command_are_not_the_files(gradproof, code, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["gradproof", "code", "mine.py", "--json"])
    text = "import argparse\np = argparse.ArgumentParser()\np.add_argument('--n', type=int, default=2)\n"
    text += "n = p.parse_args().n\ndef run(x):\n    return (x * x).sum(), {'x': 2 * x}\nshapes = {'x': (n,)}\n"
    assert gradproof("code", code(text)).exit_code == 0
    assert sys.argv == ["gradproof", "code", "mine.py", "--json"]


def test_an_array_that_is_too_large_is_one_line(gradproof, code):
    path = code("def run(x):\n    return (x * x).sum(), {'x': 2 * x}\nshapes = {'x': (20_000, 20_000)}\n")
    result = gradproof("code", path)
    assert result.exit_code == 2
    line = "x has 400,000,000 entries, more than 3,000,000: give smaller sizes to prove it at"
    assert result.stderr == f"gradproof: {path}: run: {line}\n"
