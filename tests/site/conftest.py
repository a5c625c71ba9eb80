"""One site for all tests of this folder, and a headless Chromium that watches it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gradproof.site import build
from symbolic.derivations import catalogue

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="session")
def kept(tmp_path_factory, kept_audit) -> Path:
    """The file that keeps the verdicts of the session's build; the audit is on it already."""
    return Path(shutil.copy(kept_audit, tmp_path_factory.mktemp("kept") / "docs.pickle"))


@pytest.fixture(scope="session")
def site(tmp_path_factory, kept) -> Path:
    """The whole book, built from nothing."""
    out = tmp_path_factory.mktemp("book") / "site"
    build.build(list(catalogue()), out, kept)
    return out


@pytest.fixture(scope="session")
def chromium():
    """A browser; without one installed there is nothing to look with."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium, site):
    """`open_page("index.html")` -> a page whose `complaints` are console errors and requests to anywhere else."""
    contexts = []

    def visit(path: str, width: int = 1280, scheme: str = "light", complaints: list[str] | None = None):
        context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        heard = complaints if complaints is not None else []
        page.on("console", lambda message: heard.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith("file:") else heard.append(request.url))
        page.on("requestfailed", lambda request: heard.append(f"failed: {request.url}"))
        page.goto((site / path).as_uri())
        return page

    yield visit
    for context in contexts:
        context.close()
