"""The book on paper: one page of HTML with its derivations unfolded, printed by Chromium.

In:  the page, the file to write.
Out: a PDF; BadRequest where no Chromium is installed, or where it fails.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from gradproof.request import BadRequest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SECONDS = 300


def browser() -> str:
    """The installed Chromium."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise BadRequest(f"--pdf needs a Chromium to print with, and none of {', '.join(BROWSERS)} is installed")
    return found


def print_page(page: Path, out: Path) -> None:
    """A page of HTML as PDF; the sandbox is left out, as the page is our own and root may be who prints."""
    program = browser()
    with tempfile.TemporaryDirectory(prefix="gradproof-", ignore_cleanup_errors=True) as scratch:
        # With a profile of its own it neither waits for a Chromium that runs already nor hands the page to it.
        options = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-pdf-header-footer",
            "--generate-pdf-document-outline",
        ]
        options += [f"--user-data-dir={scratch}/profile", f"--print-to-pdf={out.resolve()}"]
        said = Path(scratch) / "said"
        code = _run([program, *options, page.resolve().as_uri()], said)
        if code is None:
            raise BadRequest(f"{program} did not print the book within {SECONDS} s")
        if code or not out.is_file():
            complaint = " ".join(said.read_text("utf-8", "replace").split())[-300:]
            raise BadRequest(f"{program} did not print the book: {complaint}")


def _run(command: list[str], said: Path) -> int | None:
    """The exit code, None after SECONDS; whatever it started ends with it, and no pipe is waited for."""
    with (
        said.open("w") as file,
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True
        ) as process,
    ):
        try:
            return process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            return None
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
