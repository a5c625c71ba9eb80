"""The book on paper: one page of HTML with its derivations unfolded, printed by Chromium.

In:  the page, the file to write.
Out: a PDF; BadRequest where no Chromium is installed, or where it fails.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from gradproof.request import BadRequest
from gradproof.site import bounded

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
        ended = bounded.run([program, *options, page.resolve().as_uri()], SECONDS)
    if ended is None:
        raise BadRequest(f"{program} did not print the book within {SECONDS} s")
    if ended.code or not out.is_file():
        complaint = " ".join(ended.stderr.split())[-300:]
        raise BadRequest(f"{program} did not print the book: {complaint}")
