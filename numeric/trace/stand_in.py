"""What NumPy and others do instead while somebody's code runs on symbols.

In:  a tape.
Out: `standing_in`: within it, what is to stand where in the person's own modules: a module that
     looks like NumPy, whose functions that make arrays make arrays of symbols.

NumPy itself is never changed: compiled code that calls it (such as its random generators) must
go on getting memory of floats.  Only the person's names for it are exchanged, by
`numeric.trace.state`, and what their code imports while it runs.  Only the calling thread
gets symbols.  To extend: an entry in `_replacements`.
"""

from __future__ import annotations

import builtins
import math
import os
import random as python_random
import sys
import sysconfig
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache, partial, wraps
from importlib.machinery import EXTENSION_SUFFIXES
from types import ModuleType
from typing import Any

import numpy as np

from numeric.trace.arrays import Symbolic, as_symbolic, constant, has_symbols, unwritten
from numeric.trace.others import others
from numeric.trace.places import Refused
from numeric.trace.scalar import NUMBERS, Traced, traced
from numeric.trace.tape import Tape

LOCK = threading.Lock()
_OWNER: list[int] = []
_PYTHON = tuple({sysconfig.get_paths()[k] + os.sep for k in ("stdlib", "platstdlib")})
OWN_PACKAGES = ("numeric", "symbolic", "gradproof")
_GIVEN: set[str] = set()
"""Packages whose functions were given to be proved: these are nobody's libraries."""


class Nested(RuntimeError):
    """A proof within a proof."""


@contextmanager
def standing_in(tape: Tape) -> Iterator[Mapping[int, Any]]:
    """{id of a module or function: what stands in for it}; raises Nested."""
    me = threading.get_ident()
    if me in _OWNER:
        raise Nested("prove_gradient was called by code that prove_gradient is running; call it outside")
    remaining = -1.0 if tape.deadline is None else max(tape.deadline - time.monotonic(), 0)
    if not LOCK.acquire(timeout=remaining):
        raise tape.timed_out("another thread's proof was waited for", None)
    try:
        _OWNER.append(me)
        state, importing = (np.random.get_state(), python_random.getstate()), builtins.__import__
        loaded = set(sys.modules)
        try:
            replaced = _stand_ins(tape, me)
            builtins.__import__ = _importing(importing, replaced, me)
            yield replaced
        finally:
            builtins.__import__ = importing
            np.random.set_state(state[0])
            python_random.setstate(state[1])
            _forget(set(sys.modules) - loaded)
            _OWNER.clear()
    finally:
        LOCK.release()


def _forget(names: set[str]) -> None:
    """Modules of the person's that the run was the first to import keep names of what stood in."""
    for name in names:
        if is_persons(sys.modules.get(name)):
            del sys.modules[name]


def is_persons(module: Any) -> bool:
    """A module of source that is neither Python's, nor a library's, nor ours."""
    file = getattr(module, "__file__", None)
    return isinstance(module, ModuleType) and isinstance(file, str) and not _is_librarys(module.__name__, file)


def given(run: Any) -> None:
    """The package in which `run` is defined is the person's, wherever it is installed."""
    while isinstance(run, partial):
        run = run.func
    _GIVEN.add(str(getattr(run, "__module__", "")).partition(".")[0])


def _is_librarys(name: str, file: str) -> bool:
    """What is installed is a library's unless it is NumPy code in Python, as a package of the person's own is."""
    package = name.partition(".")[0]
    if package in (*OWN_PACKAGES, "numpy", "scipy"):
        return True
    if is_installed(file):
        return package not in _GIVEN and not _is_numpy_code(package, len(sys.modules))
    return file.startswith(_PYTHON)


@lru_cache
def _is_numpy_code(package: str, loaded: int) -> bool:
    """Whether what is loaded of a package imports NumPy and is not compiled; `loaded` modules in all are."""
    modules = [
        m for name, m in list(sys.modules.items()) if name.partition(".")[0] == package and isinstance(m, ModuleType)
    ]
    if any(str(getattr(m, "__file__", None)).endswith(tuple(EXTENSION_SUFFIXES)) for m in modules):
        return False
    return any(_is_numpys(value) for m in modules for value in list(vars(m).values()))


def _is_numpys(value: Any) -> bool:
    name = value.__name__ if isinstance(value, ModuleType) else str(type(value).__module__)
    return name.partition(".")[0] == "numpy"


def persons_modules() -> list[ModuleType]:
    """Every loaded module of the person's; of those that are installed only what `run` reaches by name matters."""
    return [m for m in list(sys.modules.values()) if is_persons(m) and not is_installed(str(m.__file__))]


def is_installed(file: str) -> bool:
    return any(f"{os.sep}{home}{os.sep}" in file for home in ("site-packages", "dist-packages"))


class _StandIn(ModuleType):
    """A module with some of its names replaced."""

    def __init__(self, original: ModuleType, names: Mapping[str, Any]) -> None:
        super().__init__(original.__name__, original.__doc__)
        vars(self).update(names)
        self.__original = original

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__original, name)

    def __dir__(self) -> list[str]:
        return dir(self.__original)


def _stand_ins(tape: Tape, owner: int) -> dict[int, Any]:
    names: dict[str, dict[str, Any]] = {}
    replaced: dict[int, Any] = {}
    for home, name, make in _replacements(tape):
        original = getattr(home, name)
        made = make(original)
        if callable(made) and not isinstance(made, type):
            made = _dispatching(original, made, owner)
        names.setdefault(home.__name__, {})[name] = replaced[id(original)] = made
    # A package has its submodules as attributes, so they come first.
    for home in sorted(names, key=lambda home: -home.count(".")):
        package, _, last = home.rpartition(".")
        module = _StandIn(sys.modules[home], names[home])
        replaced[id(sys.modules[home])] = module
        if package:
            names.setdefault(package, {})[last] = module
    if "scipy" in names:
        replaced[id(sys.modules["scipy"])] = _StandIn(sys.modules["scipy"], names["scipy"])
    return replaced


def _importing(original: Any, replaced: Mapping[int, Any], owner: int) -> Any:
    """`import` within the person's code gives what stands in."""

    def imported(name: str, home: Any = None, *args: Any, **kwargs: Any) -> Any:
        module = original(name, home, *args, **kwargs)
        if threading.get_ident() != owner or not home or not is_persons_globals(home):
            return module
        return replaced.get(id(module), module)

    return imported


def is_persons_globals(home: Mapping[str, Any]) -> bool:
    """The global names of a module of the person's, or of code without a module."""
    name = home.get("__name__")
    module = sys.modules.get(name) if isinstance(name, str) else None
    if module is not None and vars(module) is home:
        return is_persons(module) or name == "__main__"
    file = home.get("__file__")
    return not _is_librarys(str(name), file if isinstance(file, str) else "")


def _dispatching(original: Any, own: Callable[..., Any], owner: int) -> Any:
    """The own function for the owner's thread, the original for the others."""

    @wraps(original, updated=())
    def function(*args: Any, **kwargs: Any) -> Any:
        return own(*args, **kwargs) if threading.get_ident() == owner else original(*args, **kwargs)

    if isinstance(original, np.ufunc):
        for method in ("reduce", "accumulate", "outer", "at", "reduceat"):
            setattr(function, method, getattr(original, method))
    return function


class _FloatType(type):
    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value, builtins.float | Traced)


class Float(float, metaclass=_FloatType):
    """`float`, which lets symbols be."""

    def __new__(cls, value: Any = 0.0) -> Any:
        if isinstance(value, Traced):
            return value
        if isinstance(value, Symbolic) and value.size == 1:
            return value.item()
        return builtins.float(value)


def _scalar_type(original: Any) -> Any:
    """A type of NumPy's floats, which lets symbols be; as a dtype it is the original."""

    class Kind(type(original)):  # type: ignore[misc]
        def __instancecheck__(cls, value: Any) -> bool:
            return isinstance(value, original)

    def cast(cls: Any, value: Any = 0.0, *args: Any) -> Any:
        if isinstance(value, Symbolic):
            return value.copy() if value.ndim else value.item()
        return value if isinstance(value, Traced) else original(value, *args)

    return Kind(original.__name__, (original,), {"__new__": cast})


def _replacements(tape: Tape) -> Iterator[tuple[Any, str, Callable[[Any], Any]]]:
    """(where, which name, how the new function is made from the original)."""
    for name in ("zeros", "ones", "empty", "full", "eye", "identity", "linspace", "arange", "tri"):
        yield np, name, partial(_creating, tape)
    for name in ("zeros_like", "ones_like", "empty_like", "full_like", "copy"):
        yield np, name, partial(_creating, tape)
    for name in ("array", "asarray", "asanyarray", "ascontiguousarray", "asfortranarray", "asfarray"):
        if hasattr(np, name):
            yield np, name, partial(_converting, tape, name == "array")
    for name in ("float64", "float32", "float16", "double", "single"):
        yield np, name, _scalar_type
    for name in ("exp", "log", "sqrt", "tanh"):
        yield np, name, partial(_function, tape, name)
        if hasattr(math, name):
            yield math, name, partial(_function, tape, name)
    yield np, "nditer", _iterating
    yield np, "r_", partial(_Joining, tape, False)
    yield np, "c_", partial(_Joining, tape, True)
    yield from others(tape)


def _creating(tape: Tape, original: Any) -> Callable[..., Any]:
    def make(*args: Any, **kwargs: Any) -> Any:
        dtype = kwargs.get("dtype")
        kwargs = {k: v for k, v in kwargs.items() if k != "dtype"} if _is_object(dtype) else kwargs
        made = original(*args, **kwargs)
        if original in (np.empty, np.empty_like) and made.dtype.kind == "f" and not isinstance(made, Symbolic):
            before = tape.enter("empty")
            try:
                return unwritten(tape, made.shape)
            finally:
                tape.leave(before)
        return constant(tape, made)

    return make


def _is_object(dtype: Any) -> bool:
    return dtype is not None and np.dtype(dtype).kind == "O"


def _converting(tape: Tape, copies: bool, original: Any) -> Callable[..., Any]:
    def convert(value: Any, dtype: Any = None, *args: Any, **kwargs: Any) -> Any:
        if not has_symbols(value):
            return constant(tape, original(value, dtype, *args, **kwargs))
        before = tape.enter("array")
        try:
            found = as_symbolic(tape, value)
            if dtype is not None:
                return found.astype(dtype)
            return found.copy() if copies and kwargs.get("copy", True) else found
        finally:
            tape.leave(before)

    return convert


def _iterating(original: Any) -> Callable[..., Any]:
    """np.nditer, which is told that arrays may hold symbols."""

    def iterate(arrays: Any, flags: Any = (), *args: Any, **kwargs: Any) -> Any:
        return original(arrays, [*flags, "refs_ok"], *args, **kwargs)

    return iterate


class _Joining:
    """np.r_ and np.c_: what stands in the brackets, one after the other along the first or the last axis."""

    def __init__(self, tape: Tape, columns: bool, original: Any) -> None:
        self.tape, self.columns, self.original = tape, columns, original

    def __getitem__(self, key: Any) -> Any:
        parts = key if isinstance(key, tuple) else (key,)
        if not has_symbols(parts):
            return constant(self.tape, self.original[key])
        if isinstance(parts[0], str):
            raise Refused("np.r_ or np.c_ of symbols with a string of directions", self.tape.here())
        made = [np.atleast_1d(self.original[part] if isinstance(part, slice) else part) for part in parts]
        if self.columns:
            made = [part[:, None] if part.ndim == 1 else part for part in made]
        return np.concatenate(made, axis=-1 if self.columns else 0)


def _function(tape: Tape, name: str, original: Any) -> Callable[..., Any]:
    """exp, log, sqrt, tanh: of a plain number too, an exact constant."""

    def apply(x: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(x, NUMBERS) and not args and not kwargs:
            plain = original(x)
            if not np.isfinite(plain):
                return plain
            exact = getattr(traced(tape, x), name)()
            return plain if exact.i in tape.constants and tape.constants[exact.i] == plain else exact
        if isinstance(x, Traced):
            return getattr(x, name)()
        if (
            isinstance(x, np.ndarray)
            and x.dtype.kind in "iuf"
            and not isinstance(x, Symbolic)
            and not args
            and not kwargs
        ):
            return original(as_symbolic(tape, x))
        return original(x, *args, **kwargs)

    return apply
