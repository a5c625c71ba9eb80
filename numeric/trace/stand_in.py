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
import random as python_random
import sys
import sysconfig
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial, wraps
from types import ModuleType
from typing import Any

import numpy as np

from numeric.trace.arrays import Symbolic, as_symbolic, unwritten, wrapped
from numeric.trace.scalar import NUMBERS, Traced, traced
from numeric.trace.tape import Refused, Tape

LOCK = threading.Lock()
_OWNER: list[int] = []
_LIBRARY_PATHS = tuple({sysconfig.get_paths()[k] for k in ("stdlib", "platstdlib", "purelib", "platlib")})
OWN_PACKAGES = ("numeric", "symbolic", "gradproof")


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
    """A module of source that is neither Python's, nor installed, nor ours."""
    file = getattr(module, "__file__", None)
    if not isinstance(module, ModuleType) or not file or module.__name__.partition(".")[0] in OWN_PACKAGES:
        return False
    return not file.startswith(_LIBRARY_PATHS)


def persons_modules() -> list[ModuleType]:
    """Every loaded module of the person's."""
    return [module for module in list(sys.modules.values()) if is_persons(module)]


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
    return str(name).partition(".")[0] not in (*OWN_PACKAGES, "numpy", "scipy") and not (
        isinstance(file, str) and file.startswith(_LIBRARY_PATHS)
    )


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
    for name, of_symbol in _OF_SYMBOLS.items():
        yield math, name, partial(_of_symbol, of_symbol)
    yield np, "r_", partial(_Joining, tape, False)
    yield np, "c_", partial(_Joining, tape, True)
    yield from _random(tape)
    yield from _scipy(tape)


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
        return _lifted(tape, made)

    return make


def _is_object(dtype: Any) -> bool:
    return dtype is not None and np.dtype(dtype).kind == "O"


def _lifted(tape: Tape, made: Any) -> Any:
    """An array of floats as an array of symbols; of integers or truth values as it is."""
    if isinstance(made, np.ndarray) and not isinstance(made, Symbolic) and made.dtype.kind == "f":
        before = tape.enter("constant")
        try:
            return as_symbolic(tape, made)
        finally:
            tape.leave(before)
    return made


def _converting(tape: Tape, copies: bool, original: Any) -> Callable[..., Any]:
    def convert(value: Any, dtype: Any = None, *args: Any, **kwargs: Any) -> Any:
        if not _has_symbols(value):
            return _lifted(tape, original(value, dtype, *args, **kwargs))
        before = tape.enter("array")
        try:
            found = as_symbolic(tape, value)
            if dtype is not None:
                return found.astype(dtype)
            return found.copy() if copies and kwargs.get("copy", True) else found
        finally:
            tape.leave(before)

    return convert


class _Joining:
    """np.r_ and np.c_: what stands in the brackets, one after the other along the first or the last axis."""

    def __init__(self, tape: Tape, columns: bool, original: Any) -> None:
        self.tape, self.columns, self.original = tape, columns, original

    def __getitem__(self, key: Any) -> Any:
        parts = key if isinstance(key, tuple) else (key,)
        if not _has_symbols(parts):
            return _lifted(self.tape, self.original[key])
        if isinstance(parts[0], str):
            raise Refused("np.r_ or np.c_ of symbols with a string of directions", self.tape.here())
        made = [np.atleast_1d(self.original[part] if isinstance(part, slice) else part) for part in parts]
        if self.columns:
            made = [part[:, None] if part.ndim == 1 else part for part in made]
        return np.concatenate(made, axis=-1 if self.columns else 0)


def _has_symbols(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(map(_has_symbols, value))
    return isinstance(value, Traced | Symbolic)


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


_OF_SYMBOLS: dict[str, Callable[..., Any]] = {
    "pow": lambda x, y: x**y,
    "fabs": abs,
    "log1p": lambda x: x.log1p(),
    "expm1": lambda x: x.expm1(),
    "sinh": lambda x: x.sinh(),
    "cosh": lambda x: x.cosh(),
    "isnan": lambda x: False,
    "isinf": lambda x: False,
    "isfinite": lambda x: True,
}
"""Functions of `math` that would ask a symbol for its float."""


def _of_symbol(own: Callable[..., Any], original: Any) -> Callable[..., Any]:
    def apply(*args: Any) -> Any:
        return own(*args) if any(map(_has_symbols, args)) else original(*args)

    return apply


_DRAWS = (
    "rand randn random random_sample randint uniform normal standard_normal choice permutation shuffle binomial ranf"
)


def _random(tape: Tape) -> Iterator[tuple[Any, str, Callable[[Any], Any]]]:
    """Random numbers are numbers where they are seeded within the run, and refused otherwise."""
    seeded: set[str] = set()

    def seeding(source: str) -> Callable[[Any], Callable[..., Any]]:
        def make(original: Any) -> Callable[..., Any]:
            def seed(*args: Any, **kwargs: Any) -> Any:
                if (args and args[0] is not None) or kwargs:
                    seeded.add(source)
                return original(*args, **kwargs)

            return seed

        return make

    def drawing(source: str, name: str) -> Callable[[Any], Callable[..., Any]]:
        def make(original: Any) -> Callable[..., Any]:
            def draw(*args: Any, **kwargs: Any) -> Any:
                if source not in seeded:
                    raise Refused(f"{source}.{name}: random numbers that are not seeded in this run", tape.here())
                return _lifted(tape, original(*args, **kwargs))

            return draw

        return make

    def generating(original: Any) -> Callable[..., Any]:
        def generator(*args: Any, **kwargs: Any) -> Any:
            if not args and not kwargs:
                raise Refused(f"{original.__name__}() without a seed: random numbers", tape.here())
            return original(*args, **kwargs)

        return generator

    yield np.random, "seed", seeding("np.random")
    yield python_random, "seed", seeding("random")
    for name in ("default_rng", "RandomState"):
        yield np.random, name, generating
    yield python_random, "Random", generating
    for name in _DRAWS.split():
        if hasattr(np.random, name):
            yield np.random, name, drawing("np.random", name)
    for name in ("random", "uniform", "gauss", "randint", "choice", "shuffle", "sample", "randrange"):
        yield python_random, name, drawing("random", name)


def _scipy(tape: Tape) -> Iterator[tuple[Any, str, Callable[[Any], Any]]]:
    special = sys.modules.get("scipy.special")
    if special is None:
        return

    def symbolically(function: Callable[..., Any]) -> Callable[[Any], Callable[..., Any]]:
        def make(original: Any) -> Callable[..., Any]:
            def apply(x: Any, *args: Any, **kwargs: Any) -> Any:
                before = tape.enter(function.__name__)
                try:
                    return wrapped(tape, function(as_symbolic(tape, x), *args, **kwargs))
                finally:
                    tape.leave(before)

            return apply

        return make

    def expit(x: Any) -> Any:
        return 1 / (1 + np.exp(-x))

    def logsumexp(x: Any, axis: Any = None, keepdims: bool = False, **options: Any) -> Any:
        return np.log(np.exp(x).sum(axis=axis, keepdims=keepdims))

    def softmax(x: Any, axis: Any = None) -> Any:
        e = np.exp(x)
        return e / e.sum(axis=axis, keepdims=True)

    def log_softmax(x: Any, axis: Any = None) -> Any:
        return x - np.log(np.exp(x).sum(axis=axis, keepdims=True))

    for function in (expit, logsumexp, softmax, log_softmax):
        if hasattr(special, function.__name__):
            yield special, function.__name__, symbolically(function)
    for name in ("erf", "erfc", "gamma", "gammaln", "xlogy", "entr"):

        def refusing(original: Any, name: str = name) -> Callable[..., Any]:
            def refuse(*args: Any, **kwargs: Any) -> Any:
                if any(map(_has_symbols, args)):
                    raise Refused(f"scipy.special.{name} of symbols", tape.here())
                return original(*args, **kwargs)

            return refuse

        if hasattr(special, name):
            yield special, name, refusing
