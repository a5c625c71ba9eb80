"""`pytest --gradproof docs/`: the formulas of documents as test items.

In:  the flag `--gradproof`, or `gradproof = true` in the ini file; `gradproof_declare` names a
     file or folder of declarations, `gradproof_allow_unread` lets pass what cannot be read.
Out: one item per formula; it fails where the formula is wrong, not read or not decided.
Nothing but pytest is imported while the flag is not given.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from gradproof.check_run import Document
    from symbolic.reader.judge import Finding

ENDINGS = frozenset({".md", ".markdown", ".tex", ".ipynb", ".rst"})


def pytest_addoption(parser: pytest.Parser) -> None:
    """The flag and its ini options."""
    parser.getgroup("gradproof").addoption(
        "--gradproof", action="store_true", help="Collect the formulas of documents."
    )
    parser.addini("gradproof", "Collect the formulas of documents.", type="bool", default=False)
    parser.addini("gradproof_declare", "A file or folder of declarations.", type="string", default="")
    parser.addini("gradproof_allow_unread", "Pass what cannot be read or decided.", type="bool", default=False)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Documents, where they are asked for."""
    config = parent.config
    if file_path.suffix in ENDINGS and (config.getoption("--gradproof") or config.getini("gradproof")):
        return _Formulas.from_parent(parent, path=file_path)
    return None


class _Formulas(pytest.File):
    """One document."""

    def collect(self) -> Iterator[pytest.Item]:
        from gradproof.check_run import formula_places
        from gradproof.request import BadRequest

        try:
            places = formula_places(self.document)
        except BadRequest as error:
            raise self.CollectError(error.format_message()) from None
        for number, place in enumerate(places):
            yield _Formula.from_parent(self, name=place, number=number)

    @cached_property
    def document(self) -> Document:
        from gradproof.check_run import documents

        declared = self.config.getini("gradproof_declare")
        where = self.config.rootpath / declared if declared else None
        (document,) = documents([self.path], where)
        return document

    @cached_property
    def findings(self) -> list[list[Finding]]:
        """Judged when the first item runs."""
        from gradproof.check_run import each_formula

        return each_formula(self.document)


class _Formula(pytest.Item):
    """One formula of a document."""

    def __init__(self, number: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.number = number

    def runtest(self) -> None:
        from gradproof.check_run import exit_code

        assert isinstance(self.parent, _Formulas)
        found = self.parent.findings[self.number]
        if exit_code(found, allow_unread=self.config.getini("gradproof_allow_unread")):
            raise _Wrong(found)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        from gradproof.check_report import lines

        if isinstance(excinfo.value, _Wrong):
            return "\n".join(lines(excinfo.value.findings))
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """A line of the file; in a notebook there is none, only a cell's."""
        *cell, line, _ = self.name.split(":")
        return self.path, None if cell else int(line) - 1, f"formula at {self.name}"


class _Wrong(Exception):
    """A formula that is not simply right."""

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings
        super().__init__("a formula is wrong, or was not read or decided")
