"""What all tests share: Ctrl-C, the findings of the audit, and that the mutation suite runs only with `-m full`."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest


@pytest.fixture(autouse=True, scope="session")
def interruptible() -> None:
    """Ctrl-C interrupts; a shell has what it starts in the background ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def kept_audit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that keeps the findings on docs/audit, judged once for all tests."""
    from gradproof.site.build import DOCUMENTS, chapters_folder
    from gradproof.site.formulas import documents
    from gradproof.site.verdicts import prove_all

    file = tmp_path_factory.mktemp("audit") / "audit.pickle"
    prove_all([], file, documents(DOCUMENTS, chapters_folder()))
    return file


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.option.markexpr:
        return
    full = [item for item in items if item.get_closest_marker("full")]
    if full:
        config.hook.pytest_deselected(items=full)
        items[:] = [item for item in items if item not in full]
