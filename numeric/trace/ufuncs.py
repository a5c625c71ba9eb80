"""Ufuncs on arrays of symbols.

In:  a ufunc, its method (call, reduce, accumulate, outer, at) and its inputs.
Out: symbols; plain truth values where numbers are compared.

A sum is one node, and so is a maximum, which is a symbol of its own.  What is piecewise is
written with indicators: max(a, b) = b + [a > b]·(a − b).  To extend: a line in `UNARY` or `BINARY`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from math import prod
from operator import methodcaller
from typing import Any

import numpy as np

from numeric.trace.arrays import Symbolic, entries, plain, settled, wrapped
from numeric.trace.bounds import note_maximum, note_minimum
from numeric.trace.maxima import maximum_of
from numeric.trace.places import Refused
from numeric.trace.products import matmul
from numeric.trace.scalar import NUMBERS, Traced, traced
from numeric.trace.tape import Clip, Tape


def _maximum(a: Any, b: Any) -> Any:
    """The bound and what is above it: 0 + [x > 0]·x."""
    if b.i in b.tape.constants:
        a, b = b, a
    above = b > a
    if isinstance(above, Traced):
        note_maximum(a.tape, above.i, a.i)
    return _either(above, a, b)


def _minimum(a: Any, b: Any) -> Any:
    if b.i in b.tape.constants:
        a, b = b, a
    below = b < a
    if isinstance(below, Traced):
        note_minimum(a.tape, below.i, a.i)
    return _either(below, a, b)


def _either(second: Any, a: Any, b: Any) -> Any:
    """a, or b where the comparison holds."""
    if isinstance(second, Traced):
        return a + second * (b - a)
    return b if second else a


def _clip(x: Any, low: Any, high: Any) -> Any:
    """min(max(x, low), high) = x + [x < low]·(low − x) + (1 − [x < low])·[x > high]·(high − x) where low < high."""
    ends = [end.tape.constants.get(end.i) for end in (low, high)]
    if None in ends:
        return _minimum(_maximum(x, low), high)
    if ends[0] >= ends[1]:
        return high
    under, over = x < low, x > high
    for outside in (under, over):
        if isinstance(outside, Traced):
            x.tape.clipping(outside.i, Clip(False, *ends))
    return x + under * (low - x) + (1 - under) * over * (high - x)


def _logaddexp(a: Any, b: Any) -> Any:
    return (a.exp() + b.exp()).log()


def _heaviside(x: Any, at_zero: Any) -> Any:
    return (x > 0) + at_zero * (x == 0) if x.tape.is_piecewise(x.i) else x > 0


def _one_of_two(a: Any, b: Any) -> Any:
    return a + b - 2 * a * b


_METHODS = ("exp", "log", "tanh", "sqrt", "exp2", "expm1", "log1p", "log2", "log10", "sinh", "cosh")
UNARY: dict[str, Callable[[Any], Any]] = {
    "absolute": abs,
    "fabs": abs,
    "sign": lambda x: x.sign(),
    "square": lambda x: x * x,
    "reciprocal": lambda x: 1 / x,
    "negative": lambda x: -x,
    "positive": lambda x: x,
    "isnan": lambda x: False,
    "isinf": lambda x: x.is_infinite(),
    "isfinite": lambda x: not x.is_infinite(),
    "logical_not": lambda x: ~x,
    "invert": lambda x: ~x,
    "conjugate": lambda x: x,
    "rint": methodcaller("rounded", "np.rint", round),
    "floor": methodcaller("rounded", "np.floor", math.floor),
    "ceil": methodcaller("rounded", "np.ceil", math.ceil),
    "trunc": methodcaller("rounded", "np.trunc", math.trunc),
    **{name: methodcaller(name) for name in _METHODS},
}
BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "power": lambda a, b: a**b,
    "float_power": lambda a, b: a**b,
    "maximum": _maximum,
    "minimum": _minimum,
    "fmax": _maximum,
    "fmin": _minimum,
    "greater": lambda a, b: a > b,
    "less": lambda a, b: a < b,
    "greater_equal": lambda a, b: a >= b,
    "less_equal": lambda a, b: a <= b,
    "equal": lambda a, b: a == b,
    "not_equal": lambda a, b: a != b,
    "logical_and": lambda a, b: a & b,
    "logical_or": lambda a, b: a | b,
    "bitwise_and": lambda a, b: a & b,
    "bitwise_or": lambda a, b: a | b,
    "logical_xor": _one_of_two,
    "bitwise_xor": _one_of_two,
    "heaviside": _heaviside,
    "logaddexp": _logaddexp,
}
LOOPS: dict[str, Any] = {
    **{name: np.frompyfunc(function, 1, 1) for name, function in UNARY.items()},
    **{name: np.frompyfunc(function, 2, 1) for name, function in BINARY.items()},
    "clip": np.frompyfunc(_clip, 3, 1),
}


IRRELEVANT = ("dtype", "casting", "order", "subok")


def ufunc_on_symbols(tape: Tape, ufunc: np.ufunc, method: str, inputs: Sequence[Any], options: dict[str, Any]) -> Any:
    """A ufunc and its methods on arrays of symbols."""
    name = ufunc.__name__
    options = {k: v for k, v in options.items() if k not in IRRELEVANT and not (v is None and k != "axis")}
    out = _written(tape, options.pop("out", None))
    before = tape.enter(name)
    try:
        if name == "matmul" and method == "__call__":
            result = matmul(tape, *(entries(tape, value) for value in inputs))
        elif method == "at":
            target, at, *values = inputs
            LOOPS[name].at(plain(target), settled(at), *(entries(tape, v) for v in values))
            return None
        elif method == "reduce" and name in ("add", "maximum", "minimum"):
            result = _reduced(tape, name, inputs[0], **options)
        elif name in LOOPS:
            name, inputs = _bounded(name, inputs)
            given = [entries(tape, value) for value in inputs]
            if method == "reduceat":
                given[1] = settled(inputs[1])
            if method in ("reduce", "accumulate", "reduceat", "outer"):
                loop = LOOPS[name] if method == "outer" or name not in _OWN_LOOPS else ufunc
                result = getattr(loop, method)(*given, **options)
            else:
                result = getattr(LOOPS[name], method)(*given, **options)
        elif all(set(kinds) <= set("O->") for kinds in ufunc.types):
            result = getattr(ufunc, method)(*(entries(tape, value) for value in inputs), **options)  # np.vectorize
        else:
            raise Refused(f"np.{name} of symbols", tape.here())
        return delivered(tape, result, out)
    finally:
        tape.leave(before)


def _bounded(name: str, inputs: Sequence[Any]) -> tuple[str, Sequence[Any]]:
    """Without the bounds that are infinite, and bound nothing."""
    vacuous = {"maximum": {1: -np.inf}, "minimum": {1: np.inf}, "clip": {1: -np.inf, 2: np.inf}}.get(name, {})
    kept = [not (isinstance(v, float) and v == vacuous.get(k)) for k, v in enumerate(inputs)]
    if all(kept):
        return name, inputs
    if name == "clip":
        name = {(True, False): "maximum", (False, True): "minimum"}.get((kept[1], kept[2]), "positive")
    else:
        name = "positive"
    return name, [v for v, keeps in zip(inputs, kept, strict=True) if keeps]


_OWN_LOOPS = {"add", "multiply", "subtract", "divide"}


def _written(tape: Tape, out: Any) -> Any:
    """The array that the result is to be written into."""
    target = out[0] if isinstance(out, tuple) else out
    if target is not None and not isinstance(target, Symbolic) and target.dtype != object:
        raise Refused(f"symbols are written into an array of {target.dtype} that was made before this run", tape.here())
    return target


def delivered(tape: Tape, result: Any, out: Any) -> Any:
    if out is not None:
        plain(out)[...] = entries(tape, result)
        return out
    return wrapped(tape, result)


def _reduced(
    tape: Tape, name: str, array: Any, axis: Any = 0, keepdims: bool = False, initial: Any = None, where: Any = True
) -> Any:
    """Sums and maxima as one node each."""
    given = entries(tape, array)
    if where is not True:
        raise Refused(f"np.{name}.reduce with where=", tape.here())
    axes = tuple(range(given.ndim)) if axis is None else (axis,) if isinstance(axis, int | np.integer) else tuple(axis)
    axes = tuple(int(a) % given.ndim for a in axes) if given.ndim else ()
    kept = [a for a in range(given.ndim) if a not in axes]
    rows = given.transpose([*kept, *axes]).reshape(
        [*(given.shape[a] for a in kept), prod(given.shape[a] for a in axes)]
    )
    result = np.empty(rows.shape[:-1], dtype=object)
    for position in np.ndindex(result.shape):
        nodes = [entry.i for entry in rows[position]]
        if initial is not None and isinstance(initial, (Traced, *NUMBERS)):
            nodes.append(traced(tape, initial).i)
        result[position] = Traced(tape, _combined(tape, name, nodes))
    if keepdims:
        result = result.reshape([1 if a in axes else given.shape[a] for a in range(given.ndim)])
    return result if result.ndim else result[()]


def _combined(tape: Tape, name: str, nodes: list[int]) -> int:
    if name == "add":
        return tape.total(nodes) if nodes else tape.number(0)
    if len(set(nodes)) == 1:
        return nodes[0]
    if name == "maximum":
        return maximum_of(tape, nodes)
    negated = [tape.sub(tape.number(0), n) for n in nodes]
    return tape.sub(tape.number(0), maximum_of(tape, negated))


def _of_scalar(self: Traced, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
    return ufunc_on_symbols(self.tape, ufunc, method, inputs, options)


def _of_array(self: Symbolic, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
    return ufunc_on_symbols(self.tape, ufunc, method, inputs, options)


Traced.__array_ufunc__ = _of_scalar
Symbolic.__array_ufunc__ = _of_array  # type: ignore[assignment, method-assign]
