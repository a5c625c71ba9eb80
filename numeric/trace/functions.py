"""Functions of NumPy on arrays of symbols.

In:  a function that NumPy dispatches on its arguments, and the arguments.
Out: what it returns, its arrays as arrays of symbols.

Most functions work on object arrays as they are; `INSTEAD` holds what does not, or what is
to be fewer nodes.  To extend: a function decorated by `instead_of`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from operator import methodcaller
from typing import Any

import numpy as np

from numeric.trace.arrays import FLOAT, Symbolic, as_symbolic, entries, is_indicator, settled, unwritten, where, wrapped
from numeric.trace.places import Refused
from numeric.trace.products import dot, einsum
from numeric.trace.tape import Tape
from numeric.trace.ufuncs import LOOPS, delivered

INSTEAD: dict[Any, Callable[..., Any]] = {}


def instead_of(*functions: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register what is called, with the tape first, in place of functions of NumPy."""

    def register(own: Callable[..., Any]) -> Callable[..., Any]:
        INSTEAD.update(dict.fromkeys(functions, own))
        return own

    return register


def function_on_symbols(array: Symbolic, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
    """A function of NumPy on arrays of symbols."""
    tape = array.tape
    before = tape.enter(getattr(function, "__name__", str(function)))
    try:
        if function in INSTEAD:
            return wrapped(tape, INSTEAD[function](tape, *args, **kwargs))
        kwargs = {k: v for k, v in kwargs.items() if k != "dtype"}
        return wrapped(tape, super(Symbolic, array).__array_function__(function, types, args, kwargs))
    except TypeError as error:
        raise Refused(f"np.{getattr(function, '__name__', function)} of symbols ({error})", tape.here()) from None
    finally:
        tape.leave(before)


@instead_of(np.dot)
def _np_dot(tape: Tape, a: Any, b: Any, out: Any = None) -> Any:
    return delivered(tape, dot(tape, entries(tape, a), entries(tape, b)), out)


@instead_of(np.inner)
def _np_inner(tape: Tape, a: Any, b: Any) -> Any:
    return dot(tape, entries(tape, a), np.moveaxis(entries(tape, b), -1, -2) if np.ndim(b) > 1 else entries(tape, b))


@instead_of(np.vdot)
def _np_vdot(tape: Tape, a: Any, b: Any) -> Any:
    return dot(tape, entries(tape, a).ravel(), entries(tape, b).ravel())


@instead_of(np.outer)
def _np_outer(tape: Tape, a: Any, b: Any, out: Any = None) -> Any:
    left, right = np.ravel(entries(tape, a)), np.ravel(entries(tape, b))
    return delivered(tape, LOOPS["multiply"](left[:, None], right[None, :]), out)


@instead_of(np.tensordot)
def _np_tensordot(tape: Tape, a: Any, b: Any, axes: Any = 2) -> Any:
    left, right = entries(tape, a), entries(tape, b)
    if isinstance(axes, int | np.integer):
        over_a, over_b = list(range(left.ndim - axes, left.ndim)), list(range(axes))
    else:
        over_a, over_b = ([int(n) for n in np.atleast_1d(x)] for x in axes)
    over_a, over_b = [x % left.ndim for x in over_a], [x % right.ndim for x in over_b]
    rest_a = [x for x in range(left.ndim) if x not in over_a]
    rest_b = [x for x in range(right.ndim) if x not in over_b]
    shape = [left.shape[x] for x in rest_a] + [right.shape[x] for x in rest_b]
    inner_size = int(np.prod([left.shape[x] for x in over_a]))
    rows = left.transpose(rest_a + over_a).reshape(prod(left.shape[x] for x in rest_a), inner_size)
    columns = right.transpose(over_b + rest_b).reshape(inner_size, prod(right.shape[x] for x in rest_b))
    return dot(tape, rows, columns).reshape(shape)


@instead_of(np.einsum)
def _np_einsum(tape: Tape, subscripts: str, *operands: Any, **options: Any) -> Any:
    arrays = [np.asarray(entries(tape, operand)) for operand in operands]
    return delivered(tape, einsum(tape, subscripts, *arrays), options.get("out"))


@instead_of(np.where)
def _np_where(tape: Tape, condition: Any, *values: Any) -> Any:
    """[condition]·a + (1 − [condition])·b."""
    if not values:
        return np.where(settled(condition))
    return where(tape, condition, *values)


@instead_of(np.select)
def _np_select(tape: Tape, conditions: Any, choices: Any, default: Any = 0) -> Any:
    """The first choice whose condition holds."""
    result = default
    for condition, choice in reversed([*zip(conditions, choices, strict=True)]):
        result = where(tape, condition, choice, result)
    return result


@instead_of(np.full_like)
def _np_full_like(tape: Tape, array: Any, fill_value: Any, dtype: Any = None, **options: Any) -> Any:
    shape = _shape_like(array, options)
    if _is_whole(dtype):
        return np.full(shape, fill_value, dtype)
    return as_symbolic(tape, np.broadcast_to(entries(tape, fill_value), shape).copy())


def _np_constant_like(value: int) -> Callable[..., Any]:
    def constant_like(tape: Tape, array: Any, dtype: Any = None, *order: Any, **options: Any) -> Any:
        return _np_full_like(tape, array, value, dtype, **options)

    return constant_like


instead_of(np.zeros_like)(_np_constant_like(0))
instead_of(np.ones_like)(_np_constant_like(1))


@instead_of(np.empty_like)
def _np_empty_like(tape: Tape, array: Any, dtype: Any = None, *order: Any, **options: Any) -> Any:
    shape = _shape_like(array, options)
    return np.empty(shape, dtype) if _is_whole(dtype) else unwritten(tape, shape)


def _shape_like(array: Any, options: Mapping[str, Any]) -> Any:
    shape = options.get("shape")
    return np.shape(array) if shape is None else shape


def _is_whole(dtype: Any) -> bool:
    """Integers or truth values, which stay numbers."""
    return dtype is not None and np.dtype(dtype).kind in "iub"


@instead_of(np.result_type)
def _np_result_type(tape: Tape, *arrays: Any) -> Any:
    return np.result_type(*(FLOAT if isinstance(array, Symbolic) else array for array in arrays))


@instead_of(np.copy)
def _np_copy(tape: Tape, array: Any, **_: Any) -> Any:
    return as_symbolic(tape, entries(tape, array).copy())


@instead_of(np.round, np.around)
def _np_round(tape: Tape, array: Any, decimals: int = 0, out: Any = None) -> Any:
    rounded = methodcaller("rounded", "np.round", lambda x: round(x, decimals))
    return delivered(tape, np.frompyfunc(rounded, 1, 1)(entries(tape, array)), out)


@instead_of(np.nan_to_num)
def _np_nan_to_num(tape: Tape, array: Any, copy: bool = True, **_: Any) -> Any:
    if any(entry.is_infinite() for entry in entries(tape, array).flat):
        raise Refused("np.nan_to_num of infinities", tape.here())
    return as_symbolic(tape, array).copy() if copy else array


@instead_of(np.argmax)
def _np_argmax(tape: Tape, array: Any, axis: Any = None, out: Any = None, *, keepdims: Any = False) -> Any:
    """The first largest entry: a branch for every comparison that decides it."""
    given = entries(tape, array)
    found = np.apply_along_axis(_largest, -1 if axis is None else axis, given.ravel() if axis is None else given)
    return np.expand_dims(found, axis) if keepdims and axis is not None else found[()]


def _largest(row: Any) -> int:
    best = 0
    for k in range(1, len(row)):
        if row[k] > row[best]:
            best = k
    return best


@instead_of(np.argmin)
def _np_argmin(tape: Tape, array: Any, *args: Any, **kwargs: Any) -> Any:
    return _np_argmax(tape, -as_symbolic(tape, array), *args, **kwargs)


@instead_of(np.count_nonzero)
def _np_count_nonzero(tape: Tape, array: Any, axis: Any = None, *, keepdims: Any = False) -> Any:
    given = entries(tape, array)
    if not all(is_indicator(entry) for entry in given.flat):
        return _refused(tape)
    return np.add.reduce(as_symbolic(tape, given), axis=axis, keepdims=keepdims)


@instead_of(np.nonzero, np.argsort, np.sort, np.unique, np.allclose, np.isclose, np.array_equal)
def _refused(tape: Tape, *args: Any, **kwargs: Any) -> Any:
    raise Refused("a question about the values of symbols (nonzero, sort, unique, allclose, …)", tape.here())


@instead_of(np.var)
def _np_var(
    tape: Tape,
    array: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: int = 0,
    keepdims: Any = False,
    **options: Any,
) -> Any:
    if options:
        raise Refused(f"np.var or np.std with {', '.join(options)}=", tape.here())
    given = as_symbolic(tape, array)
    centred = given - given.mean(axis=axis, keepdims=True)
    total = np.add.reduce(centred * centred, axis=axis, keepdims=keepdims)
    return total / (given.size // max(int(np.size(total)), 1) - ddof)


@instead_of(np.std)
def _np_std(tape: Tape, array: Any, *args: Any, **kwargs: Any) -> Any:
    return np.sqrt(_np_var(tape, array, *args, **kwargs))


@instead_of(np.diag)
def _np_diag(tape: Tape, array: Any, k: int = 0) -> Any:
    given = entries(tape, array)
    if given.ndim != 1:
        return np.diagonal(given, k)
    made = np.array(entries(tape, np.zeros((len(given) + abs(k),) * 2)))
    made[np.arange(len(given)) + max(-k, 0), np.arange(len(given)) + max(k, 0)] = given
    return made


@instead_of(np.linalg.norm)
def _np_norm(tape: Tape, array: Any, ord: Any = None, axis: Any = None, keepdims: Any = False) -> Any:
    given = as_symbolic(tape, array)
    if ord not in (None, 2, "fro") or (ord == 2 and axis is None and given.ndim > 1):
        raise Refused(f"np.linalg.norm with ord={ord!r}", tape.here())
    return np.sqrt(np.add.reduce(given * given, axis=axis, keepdims=keepdims))


def _of_array(self: Symbolic, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
    return function_on_symbols(self, function, types, args, kwargs)


Symbolic.__array_function__ = _of_array  # type: ignore[assignment, method-assign]
