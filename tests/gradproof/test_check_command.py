"""`gradproof check`, the pytest plugin and the hook: what is printed, and the exit codes."""

import json
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gradproof import check_run

ROOT = Path(__file__).parents[2]
DECLARED = "<!-- check\nmodel rnn\n-->\n"
RIGHT = r"$\nabla_{o^{(t)}} L = \hat{y}^{(t)} - y^{(t)}$"
WRONG = r"$\nabla_{h^{(t)}} L = W \nabla_{a^{(t+1)}} L + V^\top \nabla_{o^{(t)}} L$"
UNREAD = "$q = 1$"
VERDICTS = ["proved", "definition", "refuted", "ill_typed", "ambiguous", "unread", "unknown"]


@pytest.fixture
def notes(tmp_path):
    def write(*formulas, name="notes.md", before=DECLARED):
        path = tmp_path / name
        path.write_text(before + "\n\n".join(formulas) + "\n", encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(
    ("formulas", "code"),
    [((RIGHT,), 0), ((RIGHT, WRONG), 1), ((RIGHT, UNREAD), 3), ((WRONG, UNREAD), 1), ((), 0)],
)
def test_exit_codes(gradproof, notes, formulas, code):
    assert gradproof("check", notes(*formulas)).exit_code == code


def test_ctrl_c_does_not_wait_for_what_is_being_judged(gradproof, notes, monkeypatch):
    judged, path = check_run.judged, notes(*[RIGHT] * 60)

    def slow(*arguments, first, last):
        if first:
            time.sleep(2)
            (path.parent / f"judged-{first}").touch()
        return judged(*arguments, first=first, last=last)

    def interrupt(documents, jobs, advance):
        return checked(documents, jobs, lambda formulas: signal.raise_signal(signal.SIGINT))

    checked = check_run.checked
    monkeypatch.setattr(check_run, "judged", slow)
    monkeypatch.setattr(check_run, "checked", interrupt)
    result = gradproof("check", path, "--jobs", 2)
    assert (result.exit_code, result.stdout, result.stderr) == (130, "", "gradproof: interrupted\n")
    assert (list(path.parent.iterdir()), multiprocessing.active_children()) == ([path], [])


@pytest.mark.parametrize(("formulas", "line"), [((RIGHT,), "1 formula: 1 proved; "), ((), "0 formulas: none; ")])
def test_one_formula_and_none(gradproof, notes, formulas, line):
    assert f"\n{line}" in "\n" + gradproof("check", notes(*formulas)).stdout


def test_what_a_proof_is_under_is_said(gradproof, notes):
    path = notes(RIGHT, rf"For symmetric $W$, {WRONG}")
    right, symmetric, _ = gradproof("check", path).stdout.splitlines()
    assert right == f"{path}:4:2: proved under Σ_k y_k = 1  {RIGHT.strip('$')}"
    assert symmetric == f"{path}:6:21: proved under W symmetric  {WRONG.strip('$')}"


def test_unread_can_be_a_warning(gradproof, notes):
    result = gradproof("check", notes(RIGHT, UNREAD), "--allow-unread")
    assert result.exit_code == 0
    assert result.stderr == "gradproof: warning: 1 cannot be read\n"


def test_a_finding_is_a_block_with_place_reading_counterexample_and_repair(gradproof, notes):
    path = notes(RIGHT, WRONG)
    lines = gradproof("check", path).stdout.splitlines()[1:]
    assert lines[0].startswith(rf"{path}:6:2: refuted  \nabla_{{h^{{(t)}}}} L = W")
    assert lines[1] == "    read as      grad(h[t]) [H×1] = W @ grad(a[t+1]) + V.T @ grad(o[t]) [H×1]"
    assert lines[2].startswith("    fails at     entry (1), T = ")
    assert re.fullmatch(
        r"    where        grad\(h\[t\]\) = \[\S+, \S+\], W = \[\[\S+, \S+\], \[\S+, \S+\]\], grad\(a\[t\+1\]\) = .*",
        lines[3],
    )
    assert lines[4] == "    but          the two sides agree where W is symmetric (at 2 points tried)"
    assert lines[5] == r"    did you mean W^{\top} \nabla_{a^{(t+1)}} L + V^{\top} \nabla_{o^{(t)}} L      (proved)"
    assert lines[6].startswith("2 formulas: 1 proved, 1 refuted; ")


def test_what_cannot_be_read_names_column_and_token(gradproof, notes):
    path = notes(UNREAD)
    lines = gradproof("check", path).stdout.splitlines()
    assert lines[0] == f"{path}:4:2: cannot read  q = 1"
    assert lines[1] == "    because      4:2: q is not declared"


def test_json(gradproof, notes):
    result = gradproof("check", notes(RIGHT, WRONG, UNREAD), "--json")
    given = json.loads(result.stdout)
    assert list(given["summary"]) == VERDICTS
    assert given["summary"] == dict.fromkeys(VERDICTS, 0) | {"proved": 1, "refuted": 1, "unread": 1}
    right, wrong, unread = given["formulas"]
    assert (right["verdict"], right["hypotheses"], right["counterexample"]) == ("proved", ["Σ_k y_k = 1"], None)
    assert (wrong["line"], wrong["column"], wrong["verdict"]) == (6, 2, "refuted")
    assert wrong["counterexample"]["left"] != wrong["counterexample"]["right"]
    assert wrong["repair"] == r"W^{\top} \nabla_{a^{(t+1)}} L + V^{\top} \nabla_{o^{(t)}} L"
    assert unread["message"] == "8:2: q is not declared"


def test_github_annotations(gradproof, notes):
    path = notes(WRONG, UNREAD)
    error, warning = gradproof("check", path, "--format", "github").stdout.splitlines()
    assert error.startswith(f"::error file={path},line=4,col=2,title=gradproof%3A refuted::")
    assert warning.startswith(f"::warning file={path},line=6,col=2,title=gradproof%3A cannot read::")


def test_one_process_and_several_say_the_same(gradproof, notes):
    path = notes(*[RIGHT, WRONG] * 20)
    alone, several = (json.loads(gradproof("check", path, "--json", "--jobs", n).stdout) for n in (1, 2))
    assert alone == several


def test_declarations_beside_in_a_folder_and_by_name(gradproof, notes, tmp_path):
    path = notes(RIGHT, before="")
    assert gradproof("check", path).exit_code == 3
    other = tmp_path / "declared"
    other.mkdir()
    (other / "notes.check").write_text("model rnn\n")
    assert gradproof("check", path, "--declare", other).exit_code == 0
    assert gradproof("check", path, "--declare", other / "notes.check").exit_code == 0
    path.with_suffix(".check").write_text("model rnn\n")
    assert gradproof("check", path).exit_code == 0


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("model qrnn", "model: there is no model qrnn; there are own, gru, head, head-squared, lstm, "),
        ("colour red", "colour is no directive; there are also, assume, "),
        ("name h : Q", "name: there is no dimension Q; there are D, H, K, N"),
        ("read d as slope", "read: d is read as differential, gradient, name, not as 'slope'"),
        ("forward 99", "forward: no formula starts at 99"),
    ],
)
def test_a_declaration_that_is_not_in_order_is_one_line(gradproof, notes, line, message):
    path = notes(RIGHT, before=f"<!-- check\n{line}\n-->\n")
    result = gradproof("check", path)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"gradproof: {path}:2: {message}")
    assert result.stderr.count("\n") == 1


def test_usage_errors(gradproof, tmp_path):
    missing = gradproof("check", tmp_path / "none.md")
    assert (missing.exit_code, missing.stderr) == (2, f"gradproof: there is no file {tmp_path / 'none.md'}\n")
    (tmp_path / "bad.ipynb").write_text("[]")
    broken = gradproof("check", tmp_path / "bad.ipynb")
    assert broken.exit_code == 2
    assert broken.stderr.endswith("bad.ipynb is not a notebook: no list of cells with their source\n")
    (tmp_path / "elman.py").write_text("x = 1")
    code = gradproof("check", tmp_path / "elman.py")
    assert (code.exit_code, code.stdout) == (2, "")
    assert code.stderr == (
        f"gradproof: {tmp_path / 'elman.py'} is no document: .ipynb, .markdown, .md, .rst, .tex, .txt are read; "
        "for code there is `gradproof code`\n"
    )
    (tmp_path / "bytes.md").write_bytes(b"\xff\xfe$x$")
    assert gradproof("check", tmp_path / "bytes.md").exit_code == 2


def test_a_draft_of_no_document_is_one_line(gradproof, notes, tmp_path):
    (tmp_path / "empty.ipynb").write_text("")
    result = gradproof("check", "--suggest", notes(RIGHT), tmp_path / "empty.ipynb")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.endswith("empty.ipynb is not a notebook: no list of cells with their source\n")
    assert result.stderr.count("\n") == 1


def test_a_draft_is_no_json(gradproof, notes):
    for option in (("--json",), ("--format", "github")):
        result = gradproof("check", notes(RIGHT), "--suggest", *option)
        line = "gradproof: --suggest prints declarations, no findings: leave out --json and --format\n"
        assert (result.exit_code, result.stdout, result.stderr) == (2, "", line)
    assert gradproof("check", notes(RIGHT), "--suggest").stdout.startswith("<!-- check\n")


def test_help_says_where_declarations_are_looked_for(gradproof):
    assert "<stem>.check beside the document" in " ".join(gradproof("check", "--help").stdout.split())


def test_a_notebook_counts_cells(gradproof, tmp_path):
    cells = [
        {"cell_type": "markdown", "source": ["<!-- check\n", "model rnn\n", "-->\n"]},
        {"cell_type": "code", "source": ["x = '$q$'"]},
        {"cell_type": "markdown", "source": ["Text\n", WRONG]},
    ]
    path = tmp_path / "lecture.ipynb"
    path.write_text(json.dumps({"cells": cells, "nbformat": 4}))
    assert gradproof("check", path).stdout.startswith(f"{path}:3:2:2: refuted  ")


def test_a_paper_with_macros_of_its_own_and_of_a_neighbour(gradproof, tmp_path):
    (tmp_path / "macros.tex").write_text("\\newcommand{\\grad}[1]{\\nabla_{#1^{(t)}} L}\n")
    (tmp_path / "paper.tex").write_text(
        "% check: model rnn\n\\input{macros}\n\\def\\p{\\hat{y}^{(t)}}\n"
        "\\begin{equation}\\label{e} \\grad{o} = \\p - y^{(t)} % $q$\n\\end{equation}\n"
        "\\begin{verbatim} $q$ \\end{verbatim}\n"
    )
    result = json.loads(gradproof("check", tmp_path / "paper.tex", "--json").stdout)
    assert [(f["line"], f["verdict"]) for f in result["formulas"]] == [(4, "proved")]


def test_files_of_other_folders_are_not_read(gradproof, tmp_path):
    (tmp_path / "outside.tex").write_text("\\newcommand{\\p}{\\hat{y}^{(t)}}\n")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "paper.tex").write_text(
        "% check: model rnn\n\\input{../outside}\n$\\nabla_{o^{(t)}} L = \\p - y^{(t)}$\n"
    )
    assert gradproof("check", folder / "paper.tex").exit_code == 3


def pytest_run(folder, *arguments):
    run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "gradproof.pytest_plugin", *arguments]
    alone = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(run, cwd=folder, env=alone, capture_output=True, text=True, check=False)


def test_formulas_are_test_items(notes):
    path = notes(RIGHT, WRONG)
    result = pytest_run(path.parent, "--gradproof", ".")
    assert "1 failed, 1 passed" in result.stdout
    assert "notes.md:6:2: refuted" in result.stdout
    assert "no tests ran" in pytest_run(path.parent, ".").stdout


def test_an_item_is_named_by_the_place_of_its_finding(notes, tmp_path):
    cells = [
        {"cell_type": "markdown", "source": ["<!-- check\n", "model rnn\n", "-->\n", UNREAD]},
        {"cell_type": "code", "source": ["x = 1"]},
        *({"cell_type": "markdown", "source": f"Text\n$$ {WRONG.strip('$')} $$"} for _ in range(2)),
    ]
    (tmp_path / "lec.ipynb").write_text(json.dumps({"cells": cells, "nbformat": 4}))
    notes(
        rf"\begin{{align}}{chr(10)}  {WRONG.strip('$')}{chr(10)}\end{{align}}",
        "$ q = 1 $",
        r"$$ q = 1 \text{ unless } q = 2 $$",
    )
    result = pytest_run(tmp_path, "--gradproof", ".")
    failed = re.findall(r"^FAILED (\S+?)::(\S+)", result.stdout, re.MULTILINE)
    assert failed == [
        ("lec.ipynb", "1:4:2"),
        ("lec.ipynb", "3:2:4"),
        ("lec.ipynb", "4:2:4"),
        *(("notes.md", place) for place in ("5:3", "8:3", "10:4")),
    ]
    assert all(f"\n{tmp_path / name}:{place}: " in result.stdout for name, place in failed)
    assert "because      1:4:2: q is not declared" in result.stdout


def test_the_plugin_imports_nothing_heavy():
    program = (
        "import sys; import gradproof.pytest_plugin; print(sorted({'sympy', 'numpy', 'symbolic'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert shown == "[]\n"


def test_the_hook_names_the_command_and_the_files_that_are_read():
    hook = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    assert "entry: gradproof check\n" in hook
    assert r"files: \.(md|markdown|tex|ipynb|rst)$" in hook


def test_the_example_of_the_page_has_the_verdicts_that_the_page_says(gradproof, tmp_path):
    page = (ROOT / "docs" / "check.md").read_text(encoding="utf-8")
    example = page.partition("<!-- example -->\n````\n")[2].partition("````")[0]
    (tmp_path / "notes.md").write_text(example, encoding="utf-8")
    found = json.loads(gradproof("check", tmp_path / "notes.md", "--json").stdout)["formulas"]
    assert [each["verdict"] for each in found] == ["proved", "refuted"]
    assert found[1]["repair"].endswith(r"W_{hz}^{\top} d \alpha_{t-1}")


def test_the_page_names_every_directive():
    from symbolic.reader.declare import DIRECTIVES, READ

    page = (ROOT / "docs" / "check.md").read_text(encoding="utf-8")
    grammar = page.partition("directive  =")[2].partition("```")[0]
    assert [word for word in DIRECTIVES if f'"{word}"' not in grammar] == []
    assert [what for what in READ if f'"{what} as' not in grammar] == []


def test_a_draft_with_its_frame_is_a_file_of_declarations(gradproof, notes):
    path = notes(RIGHT)
    text = path.read_text()
    frame, _, rest = text.partition("-->")
    path.write_text(rest)
    assert frame.startswith("<!-- check")
    path.with_suffix(".check").write_text(f"{frame}-->\n")
    assert gradproof("check", path).exit_code == 0


def test_a_declaration_in_code_declares_nothing(gradproof, notes):
    path = notes(RIGHT)
    path.write_text(
        "Write `<!-- check model lstm -->`, and as code\n\n```\n<!-- check\nmodel gru\n-->\n```\n" + path.read_text()
    )
    assert gradproof("check", path).exit_code == 0
    path.write_text("Write `<!-- check nonsense … -->` or `<!-- check`.\n")
    assert gradproof("check", path).exit_code == 0


def test_a_side_that_is_zero_is_shown_as_zero(gradproof, notes):
    path = notes(r"$\nabla_{o^{(t)}} L - \hat{y}^{(t)} + y^{(t)} = y^{(t)}$")
    shown = gradproof("check", path).stdout
    assert "left 0…, right " in shown
    assert "E-" not in shown.partition("left 0…, right ")[0]
