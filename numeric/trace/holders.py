"""Where Python code keeps values, and how each such place is read, changed and put back.

In:  an object of the person's.
Out: its `Holder`s: the values inside, `exchange` of each by another, `restore` of what was there at first.

To extend: a holder, and a line in `holders_of`.
"""

from __future__ import annotations

import functools
import random
from argparse import Namespace
from collections import OrderedDict, UserDict, UserList, deque
from collections.abc import Callable, Iterable, Iterator
from types import CellType, FunctionType, MemberDescriptorType, SimpleNamespace
from typing import Any, Protocol

import numpy as np

OPEN = (SimpleNamespace, Namespace, UserDict, UserList)
Exchange = Callable[[Any], Any]


class Holder(Protocol):
    """One place where values are kept; it remembers those that were there when it was made."""

    def inside(self) -> Iterable[Any]: ...

    def exchange(self, change: Exchange) -> None: ...

    def restore(self) -> None: ...


def holders_of(value: Any, is_persons_class: Callable[[type], bool]) -> Iterator[Holder]:
    """Every place of this object itself; none of a number, a module, or a library's object."""
    if isinstance(value, dict):
        yield Dict(value)
    elif isinstance(value, list):
        yield List(value)
    elif isinstance(value, deque):
        yield Deque(value)
    elif isinstance(value, set):
        yield Set(value)
    elif isinstance(value, CellType):
        yield Cell(value)
    elif isinstance(value, np.ndarray):
        yield Buffer(value)
    elif isinstance(value, FunctionType):
        yield Defaults(value)
        yield Dict(vars(value))
    elif isinstance(value, functools.partial):
        yield Partial(value)
    elif isinstance(value, functools._lru_cache_wrapper):
        yield Cache(value)
    elif isinstance(value, np.random.Generator | np.random.RandomState | random.Random):
        yield Randomness(value)
    elif isinstance(value, type) and is_persons_class(value):
        yield ClassAttributes(value)
    if is_persons_class(type(value)) or type(value) in OPEN:
        if isinstance(getattr(value, "__dict__", None), dict):
            yield Dict(vars(value))
        yield Slots(value)


class Dict:
    """`vars(module)` is one too: that is never emptied, not even for a moment."""

    def __init__(self, home: dict[Any, Any], namespace: bool = False) -> None:
        self.home, self.namespace, self.before = home, namespace, dict(home)
        self.kind = OrderedDict if isinstance(home, OrderedDict) else dict

    def inside(self) -> Iterable[Any]:
        return self.before.values()

    def exchange(self, change: Exchange) -> None:
        for name, value in self.before.items():
            if (new := change(value)) is not value:
                self.kind.__setitem__(self.home, name, new)

    def restore(self) -> None:
        if self.namespace or list(self.home) == list(self.before):
            for name in [name for name in self.home if name not in self.before]:
                self.kind.__delitem__(self.home, name)
        else:
            self.kind.clear(self.home)
        for name, value in self.before.items():
            if name not in self.home or self.home[name] is not value:
                self.kind.__setitem__(self.home, name, value)


class List:
    def __init__(self, home: list[Any]) -> None:
        self.home, self.before = home, list(home)

    def inside(self) -> Iterable[Any]:
        return self.before

    def exchange(self, change: Exchange) -> None:
        list.__setitem__(self.home, slice(None), [change(value) for value in self.before])

    def restore(self) -> None:
        list.__setitem__(self.home, slice(None), self.before)


class Deque:
    def __init__(self, home: deque[Any]) -> None:
        self.home, self.before = home, list(home)

    def inside(self) -> Iterable[Any]:
        return self.before

    def exchange(self, change: Exchange) -> None:
        self._hold([change(value) for value in self.before])

    def restore(self) -> None:
        self._hold(self.before)

    def _hold(self, values: list[Any]) -> None:
        self.home.clear()
        self.home.extend(values)


class Set:
    """Its members are hashable, so that no array is among them."""

    def __init__(self, home: set[Any]) -> None:
        self.home, self.before = home, set(home)

    def inside(self) -> Iterable[Any]:
        return self.before

    def exchange(self, change: Exchange) -> None:
        pass

    def restore(self) -> None:
        set.clear(self.home)
        set.update(self.home, self.before)


class Cell:
    """A variable of an enclosing function."""

    def __init__(self, cell: CellType) -> None:
        self.cell, self.before = cell, _contents(cell)

    def inside(self) -> Iterable[Any]:
        return self.before

    def exchange(self, change: Exchange) -> None:
        for value in self.before:
            self.cell.cell_contents = change(value)

    def restore(self) -> None:
        for value in self.before:
            self.cell.cell_contents = value
        if not self.before and _contents(self.cell):
            del self.cell.cell_contents


def _contents(cell: CellType) -> tuple[Any, ...]:
    try:
        return (cell.cell_contents,)
    except ValueError:
        return ()


class Defaults:
    """The defaults of a function's parameters."""

    def __init__(self, function: FunctionType) -> None:
        self.function, self.before = function, (function.__defaults__, function.__kwdefaults__)

    def inside(self) -> Iterable[Any]:
        return self.before

    def exchange(self, change: Exchange) -> None:
        self.function.__defaults__ = change(self.before[0])

    def restore(self) -> None:
        self.function.__defaults__, self.function.__kwdefaults__ = self.before


class Partial:
    def __init__(self, made: functools.partial[Any]) -> None:
        self.made: Any = made
        self.before = made.func, made.args, made.keywords

    def inside(self) -> Iterable[Any]:
        return self.before

    def exchange(self, change: Exchange) -> None:
        function, arguments, keywords = self.before
        self.made.__setstate__((change(function), change(arguments), keywords, vars(self.made)))

    def restore(self) -> None:
        self.made.__setstate__((*self.before, vars(self.made)))


class Cache:
    """What a function of functools remembers; it is forgotten before and after."""

    def __init__(self, cache: Any) -> None:
        self.cache = cache

    def inside(self) -> Iterable[Any]:
        return (self.cache.__wrapped__,)

    def exchange(self, change: Exchange) -> None:
        self.cache.cache_clear()

    def restore(self) -> None:
        self.cache.cache_clear()


class Buffer:
    """The numbers of an array; the symbols that stand for them are in an array of their own."""

    def __init__(self, array: np.ndarray[Any, Any]) -> None:
        self.array, self.before = array, array.copy()

    def inside(self) -> Iterable[Any]:
        return self.before.flat if self.before.dtype.kind == "O" else ()

    def exchange(self, change: Exchange) -> None:
        if self.before.dtype.kind == "O" and self.array.flags.writeable:
            for position in np.ndindex(self.before.shape):
                self.array[position] = change(self.before[position])

    def restore(self) -> None:
        if self.array.shape != self.before.shape:
            self.array.resize(self.before.shape, refcheck=False)
        if self.array.flags.writeable:
            self.array[...] = self.before


class Randomness:
    """Where a generator of random numbers stands; RandomState keeps every other normal number for the next time."""

    def __init__(self, generator: Any) -> None:
        self.generator = generator
        if isinstance(generator, random.Random):
            self.before: Any = generator.getstate()
        elif isinstance(generator, np.random.RandomState):
            self.before = generator.get_state(legacy=False)
        else:
            self.before = generator.bit_generator.state

    def inside(self) -> Iterable[Any]:
        return ()

    def exchange(self, change: Exchange) -> None:
        pass

    def restore(self) -> None:
        if isinstance(self.generator, random.Random):
            self.generator.setstate(self.before)
        elif isinstance(self.generator, np.random.RandomState):
            self.generator.set_state(self.before)
        else:
            self.generator.bit_generator.state = self.before


class ClassAttributes:
    def __init__(self, cls: type) -> None:
        self.cls, self.before = cls, dict(vars(cls))

    def inside(self) -> Iterable[Any]:
        return self.before.values()

    def exchange(self, change: Exchange) -> None:
        for name, value in self.before.items():
            if (new := change(value)) is not value:
                type.__setattr__(self.cls, name, new)

    def restore(self) -> None:
        for name in [name for name in vars(self.cls) if name not in self.before]:
            type.__delattr__(self.cls, name)
        for name, value in self.before.items():
            if vars(self.cls).get(name, self) is not value:
                type.__setattr__(self.cls, name, value)


class Slots:
    """What stands in `__slots__`, past any `__setattr__` of the class, as that of a frozen dataclass."""

    def __init__(self, value: Any) -> None:
        self.value = value
        members = [d for cls in type(value).__mro__ for d in vars(cls).values() if isinstance(d, MemberDescriptorType)]
        self.before = [(member, self._held(member)) for member in members]

    def _held(self, member: Any) -> tuple[Any, ...]:
        try:
            return (member.__get__(self.value),)
        except AttributeError:
            return ()

    def inside(self) -> Iterable[Any]:
        return [value for _, held in self.before for value in held]

    def exchange(self, change: Exchange) -> None:
        for member, held in self.before:
            for value in held:
                if (new := change(value)) is not value:
                    member.__set__(self.value, new)

    def restore(self) -> None:
        for member, held in self.before:
            for value in held:
                if not any(now is value for now in self._held(member)):
                    member.__set__(self.value, value)
            if not held and self._held(member):
                member.__delete__(self.value)
