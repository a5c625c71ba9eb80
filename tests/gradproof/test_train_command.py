"""`gradproof train`: what it prints and writes, Ctrl-C and resuming, bad input."""

import json
from pathlib import Path

import numpy as np
import pytest

from numeric import training
from numeric.checkpoints import unpacked

VERSE = "Peter Piper picked a peck of pickled peppers; how many pickled peppers did Peter Piper pick?\n"
QUICK = ["--hidden", 6, "--window", 8, "--batch", 4, "--steps", 12]


@pytest.fixture
def verse(tmp_path, monkeypatch):
    """A folder to run in that holds a text alone."""
    monkeypatch.chdir(tmp_path)
    path = Path("verse.txt")
    path.write_text(VERSE * 5, encoding="utf-8")
    return path


def interrupt_at(monkeypatch, step):
    """Ctrl-C in the middle of a step, while the parameters move."""
    descend, calls = training.descend, []

    def interrupted(*arguments):
        calls.append(arguments)
        if len(calls) == step:
            raise KeyboardInterrupt
        return descend(*arguments)

    monkeypatch.setattr(training, "descend", interrupted)


def files(folder="."):
    return {path.name for path in Path(folder).iterdir()}


def test_what_is_printed(gradproof, verse):
    result = gradproof("train", "--cell", "rnn", "--text", verse, *QUICK)
    assert (result.exit_code, result.stderr) == (0, "")
    text, network, trained, loss, bigram, difference, sample, blank, *characters = result.stdout.splitlines()
    assert text.startswith("text     verse.txt: 448 characters to predict, ")
    assert network.startswith("network  rnn, 6 hidden units, ")
    assert network.endswith("; gradients generated from the proved formulas")
    assert trained.startswith("trained  12 steps; 384 characters in ")
    assert trained.endswith(" characters per second")
    assert loss.startswith("loss     ")
    assert bigram.endswith("the empirical conditional entropy: no bigram model has less on it")
    assert difference.startswith("         the network is above it by ")
    assert (sample, blank) == ("sample   300 characters, each drawn from the network's prediction:", "")
    assert set("".join(characters)) <= set(VERSE)
    assert files() == {"verse.txt"}


def test_enough_steps_go_below_the_bigram_model(gradproof, verse):
    arguments = ["--cell", "gru", "--grad", "reference", "--text", verse, "--batch", 4, "--steps", 400, "--json"]
    found = json.loads(gradproof("train", *arguments).stdout)
    assert found["loss"] < found["bigram"]
    assert found["losses"][0] > found["bigram"]


def test_json_holds_settings_losses_and_the_sample(gradproof, verse):
    arguments = ["train", "--cell", "lstm", "--grad", "reference", "--text", verse, *QUICK, "--seed", 3, "--json"]
    first, second = (json.loads(gradproof(*arguments).stdout) for _ in range(2))
    expected = {"cell": "lstm", "grad": "reference", "hidden": 6, "window": 8, "batch": 4, "steps": 12, "seed": 3}
    assert expected.items() <= first.items()
    assert first["characters"] == 448
    assert len(first["losses"]) == 12
    assert len(first["sample"]) == 300
    assert first["characters_per_second"] == pytest.approx(384 / first["seconds"])
    timed = {"seconds", "characters_per_second"}
    assert {k: v for k, v in first.items() if k not in timed} == {k: v for k, v in second.items() if k not in timed}
    other = json.loads(gradproof(*arguments, "--seed", 4).stdout)
    assert other["losses"] != first["losses"]
    documented = (Path(__file__).parents[2] / "docs" / "json.md").read_text("utf-8").partition("train --json")[2]
    assert {key for key in first if f"`{key}`" not in documented.partition("norms --json")[0]} == set()


def test_the_default_text_is_python_s_own(gradproof, verse):
    result = gradproof("train", "--cell", "rnn", "--grad", "reference", "--steps", 2)
    assert result.stdout.startswith("text     Python's built-in docstrings: ")
    assert "; gradients of the hand-written reference\n" in result.stdout


def test_on_a_terminal_a_bar_shows_loss_and_speed(gradproof, verse, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    result = gradproof("train", "--cell", "rnn", "--grad", "reference", "--text", verse, *QUICK)
    assert "12/12" in result.stderr
    assert "loss " in result.stderr
    assert " characters/s" in result.stderr
    assert "12/12" not in result.stdout


# Checkpoints


def test_ctrl_c_writes_a_checkpoint_and_resuming_ends_like_an_uninterrupted_run(gradproof, verse, monkeypatch):
    arguments = ["train", "--cell", "rnn", "--text", verse, *QUICK, "--rate", 0.7, "--clip", 0.3, "--seed", 5]
    assert gradproof(*arguments, "--checkpoint", "whole.npz").exit_code == 0
    with monkeypatch.context() as patch:
        interrupt_at(patch, 6)
        result = gradproof(*arguments)
    assert (result.exit_code, result.stdout) == (130, "")
    assert result.stderr == (
        "gradproof: interrupted at step 5 of 12; to go on: "
        "gradproof train --resume gradproof-rnn.npz --text verse.txt\n"
    )
    assert files() == {"verse.txt", "whole.npz", "gradproof-rnn.npz"}
    assert unpacked(Path("gradproof-rnn.npz").read_bytes()).state.step == 5
    resumed = gradproof("train", "--resume", "gradproof-rnn.npz", "--text", verse, "--checkpoint", "resumed.npz")
    assert resumed.exit_code == 0
    whole, other = (np.load(name) for name in ("whole.npz", "resumed.npz"))
    assert whole.files == other.files
    for name in whole.files:
        np.testing.assert_array_equal(whole[name], other[name], err_msg=name)


def test_ctrl_c_of_a_resumed_run_goes_back_into_its_file(gradproof, verse, monkeypatch):
    arguments = ["--text", verse, "--grad", "reference"]
    gradproof("train", "--cell", "gru", *arguments, *QUICK, "--checkpoint", "mine.npz")
    interrupt_at(monkeypatch, 4)
    result = gradproof("train", "--resume", "mine.npz", *arguments, "--steps", 30)
    assert result.exit_code == 130
    assert "interrupted at step 15 of 30; to go on: gradproof train --resume mine.npz" in result.stderr
    found = unpacked(Path("mine.npz").read_bytes())
    assert (found.state.step, found.settings.steps, len(found.state.losses)) == (15, 30, 15)
    assert files() == {"verse.txt", "mine.npz"}


def test_ctrl_c_writes_over_no_file_that_another_run_has_left(gradproof, verse, monkeypatch):
    arguments = ["train", "--cell", "rnn", "--grad", "reference", "--text", verse, *QUICK]
    Path("gradproof-rnn.npz").write_text("of another run")
    for number in (2, 3):
        with monkeypatch.context() as patch:
            interrupt_at(patch, 6)
            result = gradproof(*arguments)
        assert result.exit_code == 130
        assert f"to go on: gradproof train --resume gradproof-rnn-{number}.npz" in result.stderr
        assert unpacked(Path(f"gradproof-rnn-{number}.npz").read_bytes()).state.step == 5
    assert Path("gradproof-rnn.npz").read_text() == "of another run"


def test_where_no_checkpoint_could_be_written_no_training_starts(gradproof, verse, monkeypatch):
    def refused(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refused)
    monkeypatch.setattr("numeric.training.train", lambda *_: pytest.fail("it was trained"))
    result = gradproof("train", "--cell", "rnn", "--text", verse, *QUICK)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "gradproof: cannot write gradproof-rnn.npz: Permission denied\n"


@pytest.mark.parametrize("option", ["--checkpoint", "--plot"])
def test_the_text_is_not_written_over(gradproof, verse, option):
    before = Path("verse.txt").read_bytes()
    result = gradproof("train", "--cell", "rnn", "--text", verse, *QUICK, option, "./verse.txt")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"gradproof: {option} verse.txt is the text, which would be lost; name another file\n"
    assert Path("verse.txt").read_bytes() == before


def test_a_checkpoint_that_cannot_be_written_leaves_the_old_one(gradproof, verse, monkeypatch):
    arguments = ["train", "--cell", "rnn", "--grad", "reference", "--text", verse, *QUICK, "--checkpoint", "mine.npz"]
    gradproof(*arguments)
    old = Path("mine.npz").read_bytes()

    def full(self, *args, **kwargs):
        self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    result = gradproof(*arguments, "--seed", 1)
    assert result.exit_code == 2
    assert result.stderr == "gradproof: cannot write mine.npz: No space left on device\n"
    assert files() == {"verse.txt", "mine.npz"}
    assert Path("mine.npz").read_bytes() == old


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "it is at step 12 already; pass a larger --steps"),
        (["--steps", 12], "it is at step 12 already; pass a larger --steps"),
        (["--cell", "lstm", "--steps", 20], "its cell is rnn, not lstm"),
        (["--hidden", 7, "--steps", 20], "its hidden is 6, not 7"),
        (["--seed", 1, "--steps", 20], "its seed is 0, not 1"),
        (["--rate", "nan", "--steps", 20], "rate must be a positive number, not nan"),
        (["--text", "other.txt", "--steps", 20], "it was trained on another text"),
    ],
)
def test_a_checkpoint_that_does_not_fit(gradproof, verse, arguments, line):
    Path("other.txt").write_text(VERSE[::-1] * 5, encoding="utf-8")
    gradproof("train", "--cell", "rnn", "--grad", "reference", "--text", verse, *QUICK, "--checkpoint", "mine.npz")
    result = gradproof("train", "--resume", "mine.npz", "--text", verse, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"gradproof: cannot resume mine.npz: {line}\n"


@pytest.mark.parametrize("content", [b"", b"neither", b"PK\3\4 torn"])
def test_a_damaged_checkpoint_is_said_to_be_one(gradproof, verse, content):
    Path("torn.npz").write_bytes(content)
    result = gradproof("train", "--resume", "torn.npz", "--text", verse)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "gradproof: cannot resume torn.npz: it is damaged, or no checkpoint of a training\n"


# Plots


def test_the_loss_curve_is_a_png(gradproof, verse):
    arguments = ["train", "--cell", "rnn", "--grad", "reference", "--text", verse, *QUICK]
    assert gradproof(*arguments, "--plot", "loss.png").exit_code == 0
    assert Path("loss.png").read_bytes().startswith(b"\x89PNG\r\n")
    assert files() == {"verse.txt", "loss.png"}


def test_without_matplotlib_the_training_goes_on(gradproof, verse, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    result = gradproof("train", "--cell", "rnn", "--grad", "reference", "--text", verse, *QUICK, "--plot", "loss.png")
    assert result.exit_code == 0
    assert result.stdout.startswith("text     verse.txt")
    assert result.stderr == "gradproof: no plot: matplotlib is not installed (pip install 'gradproof[plots]')\n"
    assert files() == {"verse.txt"}


# Bad input


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "--cell is missing: pass rnn, lstm or gru"),
        (["--cell", "mlp"], "Invalid value for '--cell': 'mlp' is not one of 'rnn', 'lstm', 'gru'."),
        (["--cell", "rnn", "--steps", "0"], "--steps must be a positive integer, not '0'"),
        (["--cell", "rnn", "--steps", "-3"], "--steps must be a positive integer, not '-3'"),
        (["--cell", "rnn", "--hidden", "many"], "--hidden must be a positive integer, not 'many'"),
        (["--cell", "rnn", "--rate", "fast"], "Invalid value for '--rate': 'fast' is not a valid float."),
        (["--cell", "rnn", "--rate", "0"], "rate must be a positive number, not 0.0"),
        (["--cell", "rnn", "--clip", "-1"], "clip must be a positive number, or 0 for none, not -1.0"),
        (["--cell", "rnn", "--seed", "-1"], "seed must be 0 or a positive integer, not -1"),
        (["--cell", "rnn", "--text", "none.txt"], "cannot read none.txt: No such file or directory"),
        (["--cell", "rnn", "--text", "."], "cannot read .: Is a directory"),
        (["--cell", "rnn", "--text", "latin.txt"], "latin.txt is not text in UTF-8: unexpected end of data at byte 3"),
        (["--cell", "rnn", "--text", "zero.bin"], "zero.bin is not text: it holds a byte 0"),
        (
            ["--cell", "rnn", "--text", "short.txt"],
            "the text has 3 characters, and one window of 32 needs 33; pass a longer text or a shorter window",
        ),
        (["--resume", "none.npz"], "cannot read none.npz: No such file or directory"),
        (["--cell", "rnn", "--plot", "no/a.png"], "cannot write no/a.png: No such file or directory"),
        (
            ["--cell", "rnn", "--plot", "loss.foo"],
            "cannot draw loss.foo: the picture is a PNG; pass a name that ends in .png",
        ),
        (
            ["--cell", "rnn", "--checkpoint", "a.png", "--plot", "./a.png"],
            "--checkpoint and --plot are both a.png; name another file for one of them",
        ),
        (["--cell", "rnn", "--checkpoint", "."], "cannot write .: it is not a regular file"),
        (
            ["--cell", "rnn", "--grad", "reference", "--rate", "1e39", "--clip", "0", "--checkpoint", "new.npz"],
            "the numbers run away at step 2; pass a smaller rate or clip",
        ),
    ],
)
def test_one_line_exit_code_2_and_nothing_written(gradproof, tmp_path, monkeypatch, arguments, line):
    monkeypatch.chdir(tmp_path)
    Path("latin.txt").write_bytes("caf\xe9".encode("latin-1"))
    Path("zero.bin").write_bytes(b"ab\0cd" * 20)
    Path("short.txt").write_text("abc")
    before = files()
    result = gradproof("train", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"gradproof: {line}\n"
    assert files() == before


def test_a_file_that_may_not_be_read(gradproof, verse, monkeypatch):
    def refused(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refused)
    result = gradproof("train", "--cell", "rnn", "--text", verse)
    assert (result.exit_code, result.stderr) == (2, "gradproof: cannot read verse.txt: Permission denied\n")
