"""`gradproof norms`: table, JSON, plot, bad input."""

import json
from pathlib import Path

import numpy as np
import pytest

from numeric.norms import Trajectory, lstm_norms, rnn_norms

SMALL = ["--steps", 12, "--hidden", 8]


def test_the_table_has_a_column_for_each_radius_and_each_bias(gradproof):
    result = gradproof("norms", *SMALL, "--radius", "0.5,2", "--forget-bias", "3")
    assert (result.exit_code, result.stderr) == (0, "")
    head, *rows, blank, jacobian, factor, carry = result.stdout.splitlines()
    assert head.split("  ")[-3:] == ["RNN, radius 0.5", "RNN, radius 2", "LSTM cell, b_f = 3"]
    assert [row.split()[0] for row in rows] == ["1", "2", "5", "10", "12", "per"]
    small, large, cell = (rnn_norms(0.5, t := Trajectory(12, 8)), rnn_norms(2, t), lstm_norms(3, t))
    for row in rows[:-1]:
        n, *shown = row.split()
        assert shown == [f"{norms[int(n) - 1]:.3g}" for norms in (small, large, cell)]
    assert rows[-1].split()[2:] == [f"{norms[-1] ** (1 / 12):.3g}" for norms in (small, large, cell)]
    assert blank == ""
    assert jacobian.startswith("bptt.jacobian-product: d(h[t+1], h[k]) = Π_{j=k+1}^{t+1} diag(1 - h[j]**2) @ W")
    assert factor == "bptt.step-jacobian: d(h[t], h[t-1]) = diag(1 - h[t]**2) @ W, proved for every T, every size"
    assert carry == "lstm.carry: immediate(c[t], c[t-1]) = diag(f[t]), proved for every T, every size"


def test_json_has_every_distance_and_what_was_proved(gradproof):
    found = json.loads(gradproof("norms", *SMALL, "--radius", 1, "--forget-bias", 5, "--seed", 2, "--json").stdout)
    assert (found["steps"], found["hidden"], found["input"], found["seed"]) == (12, 8, 0.01, 2)
    trajectory = Trajectory(12, 8, seed=2)
    np.testing.assert_array_equal(found["norms"]["RNN, radius 1"], rnn_norms(1, trajectory))
    np.testing.assert_array_equal(found["norms"]["LSTM cell, b_f = 5"], lstm_norms(5, trajectory))
    assert [claim["id"] for claim in found["claims"]] == ["bptt.jacobian-product", "bptt.step-jacobian", "lstm.carry"]
    documented = (Path(__file__).parents[2] / "docs" / "json.md").read_text("utf-8").partition("norms --json")[2]
    assert {key for key in [*found, *found["claims"][0]] if f"`{key}`" not in documented} == set()


def test_the_plot_is_a_png_beside_the_table(gradproof, tmp_path):
    path = tmp_path / "norms.png"
    result = gradproof("norms", *SMALL, "--radius", "0,1", "--plot", path)
    assert result.exit_code == 0
    assert path.read_bytes().startswith(b"\x89PNG\r\n")
    assert [*tmp_path.iterdir()] == [path]


def test_without_matplotlib_the_table_is_printed(gradproof, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    result = gradproof("norms", *SMALL, "--plot", tmp_path / "norms.png")
    assert result.exit_code == 0
    assert "RNN, radius 0.5" in result.stdout
    assert result.stderr == "gradproof: no plot: matplotlib is not installed (pip install 'gradproof[plots]')\n"
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--radius", "big"], "Invalid value for '--radius': 'big' is not a number; write 0.5,1.5"),
        (["--radius", "1,,2"], "Invalid value for '--radius': '' is not a number; write 0.5,1.5"),
        (["--radius", "1;2"], "Invalid value for '--radius': '1;2' is not a number; write 0.5,1.5"),
        (["--radius", "nan"], "radius must be 0 or a positive number, not nan"),
        (["--radius", "-1"], "radius must be 0 or a positive number, not -1.0"),
        (["--forget-bias", "inf"], "forget bias must be a number, not inf"),
        (["--steps", "0"], "--steps must be a positive integer, not '0'"),
        (["--hidden", "0"], "--hidden must be a positive integer, not '0'"),
        (["--input", "-1"], "input must be 0 or a positive number, not -1.0"),
        (["--seed", "-1"], "seed must be 0 or a positive integer, not -1"),
        (["--plot", "/no/norms.png"], "cannot write /no/norms.png: No such file or directory"),
        (["--plot", "."], "cannot draw .: the picture is a PNG; pass a name that ends in .png"),
    ],
)
def test_one_line_and_exit_code_2(gradproof, arguments, line):
    result = gradproof("norms", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"gradproof: {line}\n"


def test_a_failing_write_leaves_no_file(gradproof, tmp_path, monkeypatch):
    from pathlib import Path

    def full(self, *args, **kwargs):
        self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    result = gradproof("norms", *SMALL, "--plot", tmp_path / "norms.png")
    assert result.exit_code == 2
    assert result.stderr == f"gradproof: cannot write {tmp_path / 'norms.png'}: No space left on device\n"
    assert [*tmp_path.iterdir()] == []
