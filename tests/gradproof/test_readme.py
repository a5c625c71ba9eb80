"""The README is true: its files and commands give what it prints, its table is the catalogue's.

`<!-- file NAME -->` stands before a file, `<!-- run CODE … -->` before what commands print on the files so far.
Run as a script with --update it writes the generated parts anew.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from gradproof.cli import main
from symbolic.derivations import chapters

README = Path(__file__).parents[2] / "README.md"
FILE = re.compile(r"<!-- file (\S+) -->\n```\w*\n(.*?)```\n", re.DOTALL)
RUN = re.compile(r"(<!-- run (\d+)\n(.*?)\n-->\n)(.*?)(<!-- /run -->)", re.DOTALL)
CATALOGUE = re.compile(r"(<!-- catalogue -->\n)(.*?)(<!-- /catalogue -->)", re.DOTALL)


def runs() -> list[re.Match[str]]:
    return [*RUN.finditer(README.read_text(encoding="utf-8"))]


def printed(part: re.Match[str]) -> tuple[str, set[int]]:
    """What the commands of a part print, and their exit codes."""
    before = part.string[: part.start()]
    with tempfile.TemporaryDirectory() as directory, inside(directory):
        for name, content in FILE.findall(before):
            Path(name).write_text(content, encoding="utf-8")
        results = {command: CliRunner().invoke(main, shlex.split(command)[1:]) for command in part[3].splitlines()}
    sessions = "\n\n".join(f"$ {command}\n{result.stdout.rstrip()}" for command, result in results.items())
    return f"```\n{sessions}\n```\n", {result.exit_code for result in results.values()}


@contextmanager
def inside(directory: str) -> Iterator[None]:
    here = Path.cwd()
    os.chdir(directory)
    try:
        yield
    finally:
        os.chdir(here)


def catalogue() -> str:
    rows = ["| chapter | formulas | misprints, refuted or ill-typed |", "|---|---|---|"]
    for chapter in chapters():
        right = sum(record.expected == "proved" for record in chapter.DERIVATIONS)
        rows.append(f"| {chapter.CHAPTER[1]} | {right} | {len(chapter.DERIVATIONS) - right} |")
    return "\n".join(rows) + "\n"


def without_times(text: str) -> str:
    return re.sub(r"\d+\.\d+(?= s$| *$)", "…", text, flags=re.MULTILINE)


@pytest.mark.parametrize("part", runs(), ids=lambda part: part[3].split()[1])
def test_commands_print_what_the_readme_says(part):
    output, codes = printed(part)
    assert codes == {int(part[2])}
    assert without_times(part[4]) == without_times(output)


def test_the_table_is_the_catalogue():
    found = CATALOGUE.search(README.read_text(encoding="utf-8"))
    assert found
    assert found[2] == catalogue()


@pytest.mark.parametrize(
    ("name", "wrong", "right", "command"),
    [
        ("elman.py", "W @ da", "W.T @ da", "code elman.py"),
        ("notes.md", "= c_t", "= c_{t-1}", "check notes.md"),
        ("swish.py", "s - x", "s + x", "verify --from swish.py"),
    ],
)
def test_what_the_readme_shows_refuted_is_proved_once_mended(tmp_path, monkeypatch, name, wrong, right, command):
    shown = [content for file, content in FILE.findall(README.read_text(encoding="utf-8")) if file == name][-1]
    assert shown.count(wrong) == 1
    (tmp_path / name).write_text(shown.replace(wrong, right), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, command.split())
    assert result.exit_code == 0, result.output
    assert "proved" in result.stdout


def test_the_two_commands_are_there_word_for_word():
    lines = README.read_text(encoding="utf-8").splitlines()
    first = lines.index("python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/gradproof verify")
    assert lines[first + 1] == ".venv/bin/pytest"


def update() -> None:
    text = README.read_text(encoding="utf-8")
    text = RUN.sub(lambda part: part[1] + printed(part)[0] + part[5], text)
    README.write_text(CATALOGUE.sub(lambda part: part[1] + catalogue() + part[3], text), encoding="utf-8")


if __name__ == "__main__" and sys.argv[1:] == ["--update"]:
    update()
