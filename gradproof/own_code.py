"""A person's own file with a NumPy backward pass.

In:  the path of a Python file with `run` and `shapes`, or several `run_NAME` (and `shapes_NAME`).
Out: for each function what judges it; `BadCode` with one line that says where (file:line) the file fails.
"""

from __future__ import annotations

import importlib.util
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from numeric.trace.execute import BadRun
from numeric.trace.proof import Proof
from numeric.trace.prove import prove_gradient


class BadCode(Exception):
    """A file that cannot be judged, and why."""


def functions(path: Path, only: str | None = None) -> dict[str, Callable[[float | None], Proof]]:
    """{function: timeout -> Proof} in the order of the file; raises BadCode."""
    if not path.is_file():
        raise BadCode(f"there is no file {path}")
    with _one_line(path):
        module = _loaded(path)
    found = {name: f for name, f in vars(module).items() if callable(f) and (name == "run" or name.startswith("run_"))}
    if only is not None:
        if not callable(getattr(module, only, None)):
            raise BadCode(f"{path} has no function {only}; it has {', '.join(found) or 'no run'}")
        found = {only: getattr(module, only)}
    if not found:
        raise BadCode(f"{path} has no function run, nor run_…, which returns a loss and its gradients")
    return {name: partial(_judge, path, name, f, _shapes(path, module, name)) for name, f in found.items()}


def _judge(path: Path, name: str, run: Callable[..., Any], shapes: Mapping[str, Any], timeout: float | None) -> Proof:
    with _one_line(path):
        try:
            return prove_gradient(run, shapes, timeout=timeout)
        except BadRun as error:
            raise BadCode(f"{path}: {name}: {error}") from None
    raise AssertionError


def _shapes(path: Path, module: ModuleType, name: str) -> Mapping[str, Any]:
    own = f"shapes{name.removeprefix('run')}"
    shapes = getattr(module, own, getattr(module, "shapes", None))
    if not isinstance(shapes, Mapping):
        raise BadCode(f"{path} has no dict shapes, {{name: shape}} of every array that {name} takes")
    return shapes


def _loaded(path: Path) -> ModuleType:
    """The file run as Python would run it, known under its own name, and no __pycache__ beside it."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    sys.path.insert(0, str(path.parent))
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = writes
        sys.path.remove(str(path.parent))
    return module


@contextmanager
def _one_line(path: Path) -> Iterator[None]:
    """What the person's own code raises, as one line."""
    try:
        yield
    except BadCode:
        raise
    except (Exception, SystemExit) as error:
        lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
        line = error.lineno if isinstance(error, SyntaxError) else (lines and lines[-1]) or 1
        message = " ".join((error.msg if isinstance(error, SyntaxError) else str(error)).split())
        raise BadCode(f"{path}:{line}: {type(error).__name__}: {message}") from None
