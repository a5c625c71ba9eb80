"""A person's own file of cells and derivations.

In:  the path of a Python file that builds records with `derivation(…)`.
Out: a `Catalogue` of every record at the file's top level, or `BadClaims` with one line
     that says where (file:line) the file fails.
"""

from __future__ import annotations

import sys
import traceback
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

from symbolic.records import Catalogue, DuplicateId, records_in


class BadClaims(Exception):
    """A file that has no claims to judge, and why."""


def load(path: Path) -> Catalogue:
    """The records of a file, which is run as Python would run it; raises BadClaims."""
    if not path.is_file():
        raise BadClaims(f"there is no file {path}")
    try:
        found = Catalogue(records_in(vars(_run(path))))
    except DuplicateId as error:
        raise BadClaims(f"{path}: {error}") from None
    except (Exception, SystemExit) as error:
        raise BadClaims(f"{path}:{_line(error, path)}: {type(error).__name__}: {_message(error)}") from None
    if not len(found):
        raise BadClaims(f"{path} has no derivation at its top level")
    return found


def _run(path: Path) -> ModuleType:
    loader = SourceFileLoader("claims", str(path))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    sys.path.insert(0, str(path.parent))
    # A look at somebody's file leaves no __pycache__ beside it.
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = writes
        sys.path.remove(str(path.parent))
    return module


def _line(error: BaseException, path: Path) -> int:
    """The last line of the file itself on the way to the error."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno or 1
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return (lines and lines[-1]) or 1


def _message(error: BaseException) -> str:
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return " ".join(text.split())
