"""The book on paper: one page of HTML with its derivations unfolded, printed by Chromium.

In:  a function that builds the book with a Sphinx builder, the file to write.
Out: a PDF; BadRequest where no Chromium is installed, or where it fails.
"""

from __future__ import annotations

import shutil
import subprocess
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
    with_options = [program, "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"]
    command = [*with_options, f"--print-to-pdf={out.resolve()}", page.resolve().as_uri()]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise BadRequest(f"{program} did not print the book within {SECONDS} s") from None
    if ran.returncode or not out.is_file():
        raise BadRequest(f"{program} did not print the book: {' '.join(ran.stderr.split())[-300:]}")
