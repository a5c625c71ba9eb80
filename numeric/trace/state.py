"""What a person's code keeps between calls: arrays in globals, closures, objects, lists and dicts.

In:  a tape and the callable.
Out: `lifted`, within which every array of floats that the callable can reach is an array of symbols
     (constants), one for one and view for view; afterwards everything is as it was before.

So code that accumulates into `self.dW`, made when its module was loaded, runs on symbols, and
every run of it begins in the same state.
"""

from __future__ import annotations

import builtins
import copy
import io
import itertools
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import BuiltinMethodType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from numeric.trace.arrays import Symbolic, as_symbolic
from numeric.trace.holders import Dict, Holder, holders_of
from numeric.trace.places import Place, Refused
from numeric.trace.randomness import Unseeded, is_unseeded
from numeric.trace.stand_in import OWN_PACKAGES, Float, is_persons, is_persons_globals, persons_modules
from numeric.trace.tape import Tape

LIMIT = 1_000_000
_ATOMS = (int, float, complex, str, bytes, type(None), np.generic, range, slice)
_REWOUND: tuple[type, ...] = (itertools.count, type(iter([])), type(iter(())), type(iter(range(0))), type(iter("")))
_GENERATORS = np.random.Generator | np.random.RandomState
_BY_NAME_ONLY = {"globals", "eval", "exec", "vars"}


@contextmanager
def lifted(tape: Tape, run: Callable[..., Any], stand_ins: Mapping[int, Any]) -> Iterator[None]:
    """Arrays of floats within reach of `run` as symbols, modules and functions as what stands in for them."""
    reach = _Reach(run)
    lifting = _Lifting(tape, stand_ins, [str(home.home.get("__file__")) for home in reach.namespaces.values()])
    namespaces = [Dict(vars(m), namespace=True) for m in persons_modules() if id(vars(m)) not in reach.namespaces]
    try:
        reach.exchange(lifting)
        for names in namespaces:
            names.exchange(lambda value: stand_ins.get(id(value), value))
        for names in (*namespaces, *reach.namespaces.values()):
            names.home.setdefault("float", Float)
        yield
    finally:
        for names in namespaces:
            names.restore()
        reach.restore()


@contextmanager
def preserved(run: Callable[..., Any]) -> Iterator[None]:
    """Whatever `run` changes within its reach is put back at the end."""
    reach = _Reach(run)
    try:
        reach.exchange(_rewound)
        yield
    finally:
        reach.restore()


class _Reach:
    """Every place within reach of a callable that holds values, and what it held."""

    def __init__(self, run: Callable[..., Any]) -> None:
        self.run = run
        self.namespaces: dict[int, Dict] = {}
        self.holders: list[Holder] = []
        seen: dict[int, Any] = {}
        todo = [run]
        while todo:
            value = todo.pop()
            if isinstance(value, _ATOMS) or id(value) in seen:
                continue
            seen[id(value)] = value
            if len(seen) > LIMIT:
                raise Refused(f"more than {LIMIT:,} objects are within reach of the code", _definition(run))
            todo += self._within(value)

    def _within(self, value: Any) -> list[Any]:
        """The parts of a value; the places where they are held are noted."""
        if isinstance(value, Iterator) and not isinstance(value, io.IOBase):
            return self._remaining(value)
        if isinstance(value, ModuleType):
            return list(self._namespace(vars(value)).inside()) if is_persons(value) else []
        if value is vars(builtins) or _is_ours(value):
            return []
        made = list(holders_of(value, _is_persons_class))
        self.holders += made
        parts = [part for holder in made for part in holder.inside()]
        if isinstance(value, FunctionType):
            parts += [*(value.__closure__ or ()), *self._names(value)]
        elif isinstance(value, MethodType | BuiltinMethodType):
            parts += [value.__self__, getattr(value, "__func__", None)]
        elif isinstance(value, tuple):
            parts += value
        elif isinstance(value, property):
            parts += [value.fget, value.fset]
        elif isinstance(value, staticmethod | classmethod):
            parts.append(value.__func__)
        if _is_persons_class(type(value)):
            parts.append(type(value))
            parts += type(value).__mro__[1:]
        return parts

    def _namespace(self, home: dict[str, Any]) -> Dict:
        if id(home) not in self.namespaces:
            self.namespaces[id(home)] = Dict(home, namespace=True)
        return self.namespaces[id(home)]

    def _names(self, function: FunctionType) -> list[Any]:
        """The globals that a function uses, the modules that it imports, and all arrays beside it."""
        home, names = function.__globals__, _names(function)
        if not is_persons_globals(home):
            return []
        held = self._namespace(home).before
        imported = [sys.modules.get(n) or sys.modules.get(f"{home.get('__package__')}.{n}") for n in names]
        if names & _BY_NAME_ONLY:
            return [*imported, *held.values()]
        return [*imported, *(v for n, v in held.items() if n in names or isinstance(v, np.ndarray))]

    def _remaining(self, iterator: Any) -> list[Any]:
        if not isinstance(iterator, _REWOUND):
            kind = type(iterator).__name__
            raise Refused(f"a {kind} made before this run, which cannot be wound back", _definition(self.run))
        return [part for part in iterator.__reduce__()[1] if not isinstance(part, Iterator)]

    def exchange(self, change: Callable[[Any], Any]) -> None:
        for holder in (*self.namespaces.values(), *self.holders):
            holder.exchange(change)

    def restore(self) -> None:
        for holder in reversed((*self.namespaces.values(), *self.holders)):
            holder.restore()


class _Lifting:
    """What stands for a value while the code runs on symbols."""

    def __init__(self, tape: Tape, stand_ins: Mapping[int, Any], files: list[str]) -> None:
        """`files`: the person's own, in which seeds may be written."""
        self.tape, self.stand_ins, self.files = tape, stand_ins, files
        self.arrays: dict[int, Symbolic] = {}

    def __call__(self, value: Any) -> Any:
        if isinstance(value, tuple):
            return _same_or_remade(value, self)
        if isinstance(value, _GENERATORS) and is_unseeded(value, self.files):
            return Unseeded(self.tape, value)
        if isinstance(getattr(value, "__self__", None), _GENERATORS) and id(value) not in self.stand_ins:
            return getattr(self(value.__self__), value.__name__)
        if type(value) is not np.ndarray:
            return self.stand_ins.get(id(value), _rewound(value))
        if value.dtype.kind != "f" or np.isnan(value).any():
            return value  # what is done with nan is refused at its line
        if id(value) not in self.arrays:
            self.arrays[id(value)] = self._symbols(value)
        return self.arrays[id(value)]

    def _symbols(self, array: Any) -> Symbolic:
        """The array as symbols; what shares memory goes on sharing it."""
        base = array
        while isinstance(base.base, np.ndarray):
            base = base.base
        if base is array or base.dtype != array.dtype or not base.flags.c_contiguous:
            return as_symbolic(self.tape, array).copy() if base is not array else as_symbolic(self.tape, array)
        whole = self(base)
        size = array.itemsize
        offset = (array.__array_interface__["data"][0] - base.__array_interface__["data"][0]) // size
        flat = whole.view(np.ndarray).reshape(-1)[offset:]
        word = flat.itemsize
        view = np.lib.stride_tricks.as_strided(flat, array.shape, [s // size * word for s in array.strides])
        return view.view(Symbolic)._on(self.tape)


def _is_ours(value: Any) -> bool:
    """A function that stands in, whose own variables are no state of the person's."""
    home = getattr(value, "__globals__", None)
    return isinstance(home, dict) and str(home.get("__name__")).partition(".")[0] in OWN_PACKAGES


def _same_or_remade(value: tuple[Any, ...], change: Callable[[Any], Any]) -> Any:
    """A tuple, also one with names, with its parts exchanged; itself where none is."""
    parts = [change(part) for part in value]
    if all(a is b for a, b in zip(parts, value, strict=True)):
        return value
    if type(value) is tuple:
        return tuple(parts)
    return type(value)._make(parts) if hasattr(value, "_make") else value


def _rewound(value: Any) -> Any:
    """A copy of an iterator, so that the run does not move it."""
    return copy.copy(value) if isinstance(value, _REWOUND) else value


def _definition(run: Any) -> Place | None:
    code = getattr(getattr(run, "__func__", run), "__code__", None)
    return Place(code.co_filename, code.co_firstlineno) if code else None


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
