"""One clear line on stderr, exit code 2, nothing half-written."""

import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-c", "from gradproof.cli import main; main()", "list"]
SAME = """
a = derivation('same', '', exp(x), ('', exp(x)), source='')
b = derivation('same', '', x, ('', x), source='')
"""


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["verify", "activations.tnah"], "no derivation has the id activations.tnah; the nearest: {near}"),
        (["show", "activations.tnah"], "no derivation has the id activations.tnah; the nearest: {near}"),
        (["latex", "activations.tnah"], "no derivation has the id activations.tnah; the nearest: {near}"),
        (["verify", "--sizes", "H=0"], "--sizes: H must be a positive integer, not '0'"),
        (["verify", "--sizes", "H=-2"], "--sizes: H must be a positive integer, not '-2'"),
        (["verify", "--sizes", "H=2.5"], "--sizes: H must be a positive integer, not '2.5'"),
        (["verify", "--sizes", "H=many"], "--sizes: H must be a positive integer, not 'many'"),
        (["verify", "--sizes", "Q=3"], "--sizes: there is no axis Q; the axes are D, H, K, N"),
        (["verify", "--sizes", "H:3"], "--sizes: 'H:3' is not of the form AXIS=SIZE, as in D=4,H=5,K=3"),
        (["verify", "--sizes", "H=3,"], "--sizes: '' is not of the form AXIS=SIZE, as in D=4,H=5,K=3"),
        (["verify", "--sizes", ""], "--sizes: '' is not of the form AXIS=SIZE, as in D=4,H=5,K=3"),
        (["verify", "--sizes", "H=3,K=2,H=4"], "--sizes: H is given twice"),
        (["verify", "--steps", "0"], "--steps must be a positive integer, not '0'"),
        (["verify", "--steps", "x"], "--steps must be a positive integer, not 'x'"),
        (["verify", "--jobs", "0"], "--jobs must be a positive integer, not '0'"),
        (["verify", "--from", "/no/such.py"], "there is no file /no/such.py"),
        (["verify", "--nonsense"], "No such option '--nonsense'."),
        (["check", "/no/such.md"], "there is no file /no/such.md"),
        (["check", "/"], "/ is a folder; name its files"),
        (["latex"], "Missing argument 'ID…'."),
        (["latex", "activations.tanh", "--out", "/no/a.tex"], "cannot write /no/a.tex: No such file or directory"),
        (["latex", "activations.tanh", "--out", "/dev/null"], "cannot write /dev/null: it is not a regular file"),
    ],
)  # fmt: skip
def test_one_line_and_exit_code_2(gradproof, arguments, line):
    from symbolic.derivations import catalogue

    result = gradproof(*arguments)
    head, near, _ = line.partition("{near}")
    expected = f"gradproof: {head}"
    assert result.exit_code == 2
    assert result.stdout == ""
    if near:
        assert result.stderr.startswith(expected)
        nearest = result.stderr.removeprefix(expected).strip().split(", ")
        assert "activations.tanh" in nearest
        assert set(nearest) <= set(catalogue().by_id)
    else:
        assert result.stderr == expected + "\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (SAME, "{path}: two derivations have the id same; rename one of them"),
        ("", "{path} has no derivation at its top level"),
        ("def f(:\n", "{path}:3: SyntaxError: invalid syntax"),
        ("\ny = scalar('y') + nobody\n", "{path}:4: NameError: name 'nobody' is not defined"),
        ("a = derivation('a', '', x, source='')", "{path}:3: ValueError: a: a derivation needs at least one equality"),
        ("raise SystemExit('enough')", "{path}:3: SystemExit: enough"),
        (
            "s = sequence('s', H)\na = derivation('a', '', s, ('', s), source='')",
            "{path}: a: TypeError: s changes along the sequence: write s[t]",
        ),
    ],
)
def test_a_claim_file_that_fails_says_where(gradproof, claims, text, line):
    path = claims(text)
    result = gradproof("verify", "--from", path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"gradproof: {line.format(path=path)}\n"


def test_an_unknown_id_in_a_claim_file_lists_the_files_ids(gradproof, claims):
    result = gradproof("verify", "othr", "--from", claims("a = derivation('other', '', x, ('', x), source='')"))
    assert result.stderr == "gradproof: no derivation has the id othr; the nearest: other\n"


def test_an_id_like_no_other_is_told_how_the_ids_begin(gradproof, claims):
    two = "a = derivation('notes.a', '', x, ('', x), source='')\nb = derivation('notes.b', '', x, ('', x), source='')"
    result = gradproof("verify", "?", "--from", claims(two))
    assert result.stderr == "gradproof: no derivation has the id ?; the ids begin with notes\n"


def test_a_claim_file_is_left_alone(gradproof, claims):
    path = claims("a = derivation('a', '', x, ('', x), source='')")
    assert gradproof("verify", "--from", path).exit_code == 0
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_cannot_be_replaced_stays_as_it_was(gradproof, tmp_path):
    (tmp_path / "there").mkdir()
    result = gradproof("latex", "activations.tanh", "--out", tmp_path / "there")
    assert result.stderr == f"gradproof: cannot write {tmp_path / 'there'}: it is not a regular file\n"
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_a_failing_write_leaves_the_old_file_and_no_other(gradproof, tmp_path, monkeypatch):
    from pathlib import Path

    old = tmp_path / "a.tex"
    old.write_text("old")

    def full(self, *args, **kwargs):
        self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    result = gradproof("latex", "activations.tanh", "--out", old)
    assert result.exit_code == 2
    assert result.stderr == f"gradproof: cannot write {old}: No space left on device\n"
    assert list(tmp_path.iterdir()) == [old]
    assert old.read_text() == "old"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is full")
def test_an_output_that_takes_no_more_is_one_line():
    with open("/dev/full", "w") as full:
        result = subprocess.run(COMMAND, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (result.returncode, result.stderr) == (
        2,
        "gradproof: cannot read or write the output: No space left on device\n",
    )


def test_an_output_that_is_closed_early_is_no_error():
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
