"""The README is true: its blocks run, its sessions and its table are what the program prints.

Run as a script with --update it writes the generated parts anew.
"""

from __future__ import annotations

import re
import shlex
import sys
import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from gradproof.cli import main
from symbolic.derivations import chapters

README = Path(__file__).parents[2] / "README.md"
SESSION = (
    "gradproof verify activations.tanh softmax.gradient rnn.a rnn.V rnn.W lstm.dc lstm.df",
    "gradproof show errata.product-of-two-derivatives",
)


def run(command: str, directory: Path | None = None):
    """A command line of the README; `.py` files are those of the directory."""
    words = shlex.split(command)[1:]
    arguments = [str(directory / word) if directory and word.endswith(".py") else word for word in words]
    result = CliRunner().invoke(main, arguments)
    assert isinstance(result.exception, SystemExit | None), f"{command} fails: {result.exception!r}"
    return result


def python_blocks(text: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)


def session() -> str:
    return _fenced("\n\n".join(f"$ {command}\n{run(command).stdout.rstrip()}" for command in SESSION))


def refuted() -> str:
    with tempfile.TemporaryDirectory() as directory:
        wrong = python_blocks(README.read_text(encoding="utf-8"))[1]
        (Path(directory) / "swish.py").write_text(wrong, encoding="utf-8")
        command = "gradproof verify --from swish.py"
        return _fenced(f"$ {command}\n{run(command, Path(directory)).stdout.rstrip()}")


def catalogue() -> str:
    rows = ["| chapter | formulas | misprints, refuted or ill-typed |", "|---|---|---|"]
    for chapter in chapters():
        right = sum(record.expected == "proved" for record in chapter.DERIVATIONS)
        rows.append(f"| {chapter.CHAPTER[1]} | {right} | {len(chapter.DERIVATIONS) - right} |")
    return "\n".join(rows)


def _fenced(text: str) -> str:
    return f"```\n{text}\n```"


GENERATED = {"session": session, "refuted": refuted, "catalogue": catalogue}


def without_times(text: str) -> str:
    return re.sub(r"\d+\.\d+(?= s$| *$)", "…", text, flags=re.MULTILINE)


@pytest.mark.parametrize("part", GENERATED)
def test_generated_parts_are_what_the_program_prints(part):
    text = README.read_text(encoding="utf-8")
    found = re.search(rf"<!-- {part} -->\n(.*)\n<!-- /{part} -->", text, flags=re.DOTALL)
    assert found, f"the README has no part {part}; run this file with --update"
    assert without_times(found[1]) == without_times(GENERATED[part]())


@pytest.mark.parametrize(("block", "verdict", "code"), [(0, "proved", 0), (1, "refuted", 1)])
def test_the_example_has_the_promised_verdict(tmp_path, block, verdict, code):
    blocks = python_blocks(README.read_text(encoding="utf-8"))
    assert len(blocks) == 2
    (tmp_path / "swish.py").write_text(blocks[block], encoding="utf-8")
    result = run("gradproof verify --from swish.py", tmp_path)
    assert result.exit_code == code, result.output
    assert f" {verdict} " in result.stdout.splitlines()[1]


def test_the_two_commands_are_there_word_for_word():
    lines = README.read_text(encoding="utf-8").splitlines()
    first = lines.index("python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/gradproof verify")
    assert lines[first + 1] == ".venv/bin/pytest"


def update() -> None:
    text = README.read_text(encoding="utf-8")
    for part, make in GENERATED.items():
        pattern = re.compile(rf"(?<=<!-- {part} -->\n).*?(?=<!-- /{part} -->)", re.DOTALL)
        made = make()
        text = pattern.sub(lambda _, made=made: made + "\n", text)
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__" and sys.argv[1:] == ["--update"]:
    update()
