"""A person's own file with a NumPy backward pass.

In:  the path of a Python file with `run` and `shapes`, or several `run_NAME` (and `shapes_NAME`).
Out: for each function what judges it; `BadCode` with one line that says where (file:line) the file fails.
Whatever the file imports from beside it is forgotten afterwards: another file may have another of that name.
"""

from __future__ import annotations

import errno
import importlib
import importlib.util
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from numeric.trace.execute import BadRun
from numeric.trace.proof import Proof
from numeric.trace.prove import prove_gradient
from numeric.trace.stand_in import is_installed, is_persons


class BadCode(Exception):
    """A file that cannot be judged, and why."""


@contextmanager
def functions(path: Path, only: str | None = None) -> Iterator[dict[str, Callable[[float | None], Proof]]]:
    """{function: timeout -> Proof} in the order of the file; raises BadCode."""
    if not path.is_file():
        raise BadCode(f"there is no file {path}")
    with _forgotten_afterwards(path):
        with _one_line(path):
            module = _loaded(path)
        yield _judges(path, module, only)


def _judges(path: Path, module: ModuleType, only: str | None) -> dict[str, Callable[[float | None], Proof]]:
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
    package = _package(path)
    if package:
        importlib.import_module(package)
    name = ".".join(filter(None, (package, path.stem)))
    loader = SourceFileLoader(name, str(path.absolute()))
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    loader.exec_module(module)
    return module


def _package(path: Path) -> str:
    """`a.b` where the file lies in the package b of the package a."""
    names: list[str] = []
    folder = path.absolute().parent
    while (folder / "__init__.py").is_file() and folder.name.isidentifier():
        names.insert(0, folder.name)
        folder = folder.parent
    return ".".join(names)


def _root(path: Path) -> Path:
    """The folder that the outermost package lies in."""
    return path.absolute().parents[len(_package(path).split(".")) if _package(path) else 0]


@contextmanager
def _forgotten_afterwards(path: Path) -> Iterator[None]:
    """Imports find what is beside the file; it is not known to Python before or after, nor are our arguments to it."""
    modules, paths, writes, arguments = dict(sys.modules), list(sys.path), sys.dont_write_bytecode, list(sys.argv)
    sys.path[:0] = dict.fromkeys((str(path.parent), str(_root(path))))
    sys.argv[:] = [str(path)]
    sys.dont_write_bytecode = True
    try:
        for name in [name for name, module in modules.items() if is_persons(module) and _beside(path, name)]:
            del sys.modules[name]
        yield
    finally:
        sys.dont_write_bytecode, sys.path[:], sys.argv[:] = writes, paths, arguments
        for name, module in [(name, module) for name, module in sys.modules.items() if is_persons(module)]:
            if name not in modules and (_beside(path, name) or not is_installed(str(module.__file__))):
                del sys.modules[name]
        sys.modules.update(modules)


def _beside(path: Path, name: str) -> bool:
    """Whether `import name` in the file would mean something beside it, or beside its package."""
    candidates = [folder / name.partition(".")[0] for folder in (path.parent, _root(path))]
    return any(beside.is_dir() or beside.with_suffix(".py").is_file() for beside in candidates)


@contextmanager
def _one_line(path: Path) -> Iterator[None]:
    """What the person's own code raises, as one line."""
    try:
        yield
    except BadCode:
        raise
    except (Exception, SystemExit) as error:
        if isinstance(error, OSError) and error.errno == errno.EPIPE:
            raise  # nobody reads what the code prints
        message = " ".join((error.msg if isinstance(error, SyntaxError) else str(error)).split())
        raise BadCode(f"{path}:{_line(error, str(path.absolute()))}: {type(error).__name__}: {message}") from None


def _line(error: BaseException, file: str) -> int:
    """The last line of the file itself on the way to the error."""
    if isinstance(error, SyntaxError) and error.filename == file:
        return error.lineno or 1
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return (lines and lines[-1]) or 1
