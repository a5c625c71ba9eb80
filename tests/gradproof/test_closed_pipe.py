"""`gradproof … | head -1`: whoever stops reading has not been given a verdict."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

LINES = "--help|--version|list|verify rnn|verify --help|show rnn.h|numpy rnn|latex rnn.h|code FILE|code FILE --json"
COMMANDS = [line.split() for line in LINES.split("|")]

CODE = """\
import numpy as np
def run(x):
    print("computing")
    return (x * x).sum(), {"x": 2 * x}
shapes = {"x": (2,)}
"""


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_closed_pipe_ends_quietly(tmp_path, arguments):
    file = tmp_path / "mine.py"
    file.write_text(CODE)
    command = [sys.executable, "-m", "gradproof", *(str(file) if a == "FILE" else a for a in arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()
        stderr = process.stderr.read()
    assert process.returncode == 141
    assert "Error" not in stderr
    assert "Exception" not in stderr


def test_a_closed_pipe_ends_the_script_of_a_chapter_quietly():
    command = [sys.executable, "-m", "symbolic.derivations.softmax"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()
        stderr = process.stderr.read()
    assert (process.returncode, stderr) == (-signal.SIGPIPE, "")


def test_what_the_code_prints_is_no_part_of_the_json(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(CODE)
    command = [sys.executable, "-m", "gradproof", "code", str(file), "--json"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0
    assert json.loads(result.stdout)["summary"]["proved"] == 1
    assert len(result.stdout.splitlines()) == 1
    assert "computing" in result.stderr
