"""A command that a build runs, which ends in time or is ended.

In:  the command, the seconds that it may take, the folder to run it in.
Out: its exit code and what it printed; None after those seconds.
Whatever the command started ends with it, and no pipe of a process that lives on is waited for.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Ended:
    code: int
    stdout: str
    stderr: str


def run(command: Sequence[str], seconds: float, folder: str | Path | None = None) -> Ended | None:
    """The command after it ended by itself; None if it did not."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        with subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True
        ) as process:
            try:
                code = process.wait(seconds)
            except subprocess.TimeoutExpired:
                return None
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        printed = []
        for file in (out, err):
            file.seek(0)
            printed.append(file.read().decode("utf-8", "replace"))
        return Ended(code, *printed)
