"""What a person's code keeps between calls: arrays in globals, closures, objects, lists and dicts.

In:  a tape and the callable.
Out: `lifted`, within which every array of floats that the callable can reach is an array of symbols
     (constants), one for one and view for view; afterwards everything is as it was before.

So code that accumulates into `self.dW`, made when its module was loaded, runs on symbols, and
every run of it begins in the same state.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import CellType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from numeric.trace.arrays import Symbolic, as_symbolic
from numeric.trace.stand_in import Float, is_persons, is_persons_globals, persons_modules
from numeric.trace.tape import Tape

LIMIT = 100_000


@contextmanager
def lifted(tape: Tape, run: Callable[..., Any], stand_ins: Mapping[int, Any]) -> Iterator[None]:
    """Arrays of floats within reach of `run` as symbols, modules and functions as what stands in for them."""
    lifting = _Lifting(tape, stand_ins)
    lifting.visit(run)
    for module in persons_modules():
        lifting.note_module(module)
    try:
        lifting.exchange()
        yield
    finally:
        lifting.restore()


@contextmanager
def preserved(run: Callable[..., Any]) -> Iterator[None]:
    """Whatever `run` changes within its reach is put back at the end."""
    lifting = _Lifting(None, {})
    lifting.visit(run)
    try:
        yield
    finally:
        lifting.restore()


class _Lifting:
    """The containers and arrays within reach, and what they held."""

    def __init__(self, tape: Tape | None, stand_ins: Mapping[int, Any]) -> None:
        self.tape, self.stand_ins = tape, stand_ins
        self.homes: set[int] = set()
        self.seen: dict[int, Any] = {}
        self.containers: list[tuple[Any, Any]] = []
        self.arrays: dict[int, Symbolic] = {}
        self.generators: list[tuple[Any, Any]] = []
        self.buffers: list[tuple[Any, Any]] = []
        self.caches: list[Any] = []

    def visit(self, start: Any) -> None:
        todo = [start]
        while todo and len(self.seen) < LIMIT:
            value = todo.pop()
            if id(value) in self.seen:
                continue
            self.seen[id(value)] = value
            todo += self._within(value)

    def _within(self, value: Any) -> list[Any]:
        """The parts of a value; a container that is to be put back is noted."""
        if isinstance(value, FunctionType):
            parts = [
                *(value.__closure__ or ()),
                value.__defaults__,
                value.__kwdefaults__,
                getattr(value, "__wrapped__", None),
            ]
            home = value.__globals__
            if is_persons_globals(home):
                self._note_home(home)
                parts += [home[name] for name in _names(value) if name in home]
                parts += [v for v in home.values() if isinstance(v, np.ndarray)]
            return parts
        if isinstance(value, MethodType):
            return [value.__self__, value.__func__]
        if isinstance(value, CellType):
            try:
                found = value.cell_contents
            except ValueError:
                return []
            self.containers.append((value, found))
            return [found]
        if isinstance(value, ModuleType):
            if not is_persons(value):
                return []
            self._note_home(vars(value))
            return list(vars(value).values())
        if isinstance(value, dict):
            self._note(value)
            return list(value.values())
        if isinstance(value, list):
            self._note(value)
            return list(value)
        if isinstance(value, tuple):
            return list(value)
        if isinstance(value, np.ndarray):
            self.buffers.append((value, value.copy()))
            return []
        if isinstance(value, np.random.Generator):
            self.generators.append((value.bit_generator, value.bit_generator.state))
            return []
        if isinstance(value, type):
            return list(vars(value).values()) if _is_persons_class(value) else []
        if isinstance(value, property | staticmethod | classmethod):
            return [getattr(value, "fget", None), getattr(value, "__func__", None)]
        if isinstance(value, functools._lru_cache_wrapper):
            self.caches.append(value)
            return [value.__wrapped__]
        return self._of_object(value)

    def _of_object(self, value: Any) -> list[Any]:
        if not _is_persons_class(type(value)):
            return [value.func, value.args, value.keywords] if type(value).__name__ == "partial" else []
        parts: list[Any] = [type(value)]
        if hasattr(value, "__dict__"):
            self._note(vars(value))
            parts += vars(value).values()
        return parts

    def note_module(self, module: ModuleType) -> None:
        """A module whose names for NumPy are to be exchanged."""
        self._note_home(vars(module))

    def _note_home(self, names: dict[str, Any]) -> None:
        if id(names) not in self.homes:
            self.homes.add(id(names))
            self._note(names)

    def _note(self, container: Any) -> None:
        self.containers.append(
            (container, type(container)(container) if isinstance(container, list) else dict(container))
        )

    def exchange(self) -> None:
        for cache in self.caches:
            cache.cache_clear()
        for container, _ in self.containers:
            if isinstance(container, CellType):
                container.cell_contents = self._lift(container.cell_contents)
            elif isinstance(container, list):
                container[:] = [self._lift(value) for value in container]
            else:
                for name, value in list(container.items()):
                    if (new := self._lift(value)) is not value:
                        container[name] = new
                if id(container) in self.homes:
                    container.setdefault("float", Float)

    def _lift(self, value: Any) -> Any:
        if isinstance(value, tuple) and type(value) is tuple:
            parts = tuple(self._lift(part) for part in value)
            return parts if any(a is not b for a, b in zip(parts, value, strict=True)) else value
        if type(value) is not np.ndarray:
            return self.stand_ins.get(id(value), value)
        if value.dtype.kind != "f" or self.tape is None:
            return value
        if id(value) not in self.arrays:
            self.arrays[id(value)] = self._symbols(value)
        return self.arrays[id(value)]

    def _symbols(self, array: Any) -> Symbolic:
        """The array as symbols; what shares memory goes on sharing it."""
        assert self.tape is not None
        base = array
        while isinstance(base.base, np.ndarray):
            base = base.base
        if base is array or base.dtype != array.dtype or not base.flags.c_contiguous:
            return as_symbolic(self.tape, array).copy() if base is not array else as_symbolic(self.tape, array)
        whole = self._lift(base)
        size = array.itemsize
        offset = (array.__array_interface__["data"][0] - base.__array_interface__["data"][0]) // size
        flat = whole.view(np.ndarray).reshape(-1)[offset:]
        word = flat.itemsize
        view = np.lib.stride_tricks.as_strided(flat, array.shape, [s // size * word for s in array.strides])
        return view.view(Symbolic)._on(self.tape)

    def restore(self) -> None:
        for cache in self.caches:
            cache.cache_clear()
        for container, before in reversed(self.containers):
            if isinstance(container, CellType):
                container.cell_contents = before
            elif isinstance(container, list):
                container[:] = before
            else:
                for name in [name for name in container if name not in before]:
                    del container[name]
                container.update(before)
        for generator, state in self.generators:
            generator.state = state
        for array, before in self.buffers:
            if array.flags.writeable:
                array[...] = before


def _names(function: FunctionType) -> set[str]:
    """Global names that a function or one defined within it uses."""
    found: set[str] = set()
    codes = [function.__code__]
    while codes:
        code = codes.pop()
        found |= set(code.co_names)
        codes += [c for c in code.co_consts if hasattr(c, "co_names")]
    return found


def _is_persons_class(cls: type) -> bool:
    module = sys.modules.get(cls.__module__)
    if module is None:
        return cls.__module__ not in ("builtins",)
    return is_persons(module) or cls.__module__ == "__main__"
