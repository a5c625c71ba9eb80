"""The command, run in this process."""

import pytest
from click.testing import CliRunner

from gradproof.cli import main


@pytest.fixture
def gradproof():
    """`gradproof("verify", "rnn.h")` -> result with exit_code, stdout, stderr."""

    def run(*arguments):
        result = CliRunner().invoke(main, [str(a) for a in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


@pytest.fixture
def claims(tmp_path):
    """A claim file with the usual import and this text."""

    def write(text):
        path = tmp_path / "mine.py"
        path.write_text("from gradproof import *\nx = scalar('x')\n" + text)
        return path

    return write
