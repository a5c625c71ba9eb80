"""Arrays of symbols.

In:  whatever a person's code does to an array: operators, indexing, methods.
Out: `Symbolic`, an ndarray whose entries are `Traced`.

Memory, views and aliasing are NumPy's own: an entry written through a view is seen through
every other.  To the code it is an array of float64.  What ufuncs and functions do with it
stands in `numeric.trace.ufuncs` and `numeric.trace.functions`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from numeric.trace.bounds import comparison, note_choice
from numeric.trace.places import Refused
from numeric.trace.scalar import NUMBERS, Traced, index_of, traced
from numeric.trace.tape import EMPTY, Op, Tape

Plain = np.ndarray[Any, Any]
FLOAT = np.dtype(np.float64)


class Symbolic(np.ndarray[Any, Any]):
    """An array of symbols; `tape` is where they are from."""

    tape: Tape
    # Set by numeric.trace.selections.
    chosen_by: ClassVar[Callable[[Symbolic, Symbolic], Postponed | None]]

    def __array_finalize__(self, other: Any) -> None:
        if other is not None and hasattr(other, "tape"):
            self.tape = other.tape

    @property
    def dtype(self) -> Any:
        """What the code would see: an array of floats."""
        return FLOAT

    def __setitem__(self, key: Any, value: Any) -> None:
        before = self.tape.enter("setitem")
        try:
            if isinstance(value, Postponed):
                if value.assigned_to(self, key):
                    return
                value = value.settled()
            if isinstance(key, Symbolic) and np.size(value) in (1, self.size):
                spread = plain(key).reshape(key.shape + (1,) * (self.ndim - key.ndim))
                plain(self)[...] = where(self.tape, spread, value, self)
                return
            target, at, given = plain(self), settled(key), entries(self.tape, value)
            target[at] = given if isinstance(target[at], np.ndarray) else given.item()
        finally:
            self.tape.leave(before)

    def __getitem__(self, key: Any) -> Any:
        before = self.tape.enter("getitem")
        try:
            if isinstance(key, Symbolic) and (chosen := self.chosen_by(key)) is not None:
                return chosen
            found = plain(self)[settled(key)]
        finally:
            self.tape.leave(before)
        return found.view(Symbolic)._on(self.tape) if isinstance(found, np.ndarray) else found

    def _on(self, tape: Tape) -> Symbolic:
        self.tape = tape
        return self

    def astype(self, dtype: Any, *args: Any, copy: bool = True, **kwargs: Any) -> Any:  # type: ignore[override]
        return cast(self, dtype, copy)

    def item(self, *args: Any) -> Any:
        return plain(self).item(*args)

    def round(self, decimals: int = 0, out: Any = None) -> Any:  # type: ignore[override]
        return np.round(self, decimals, out)

    def fill(self, value: Any) -> None:
        plain(self).fill(traced(self.tape, value))

    def mean(self, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, **options: Any) -> Any:
        if options:
            raise Refused(f"mean with {', '.join(options)}=", self.tape.here())
        total = np.add.reduce(self, axis=axis, out=out, keepdims=keepdims)
        return np.divide(total, max(self.size, 1) // max(int(np.size(total)), 1), out=out)

    def var(self, *args: Any, **kwargs: Any) -> Any:
        return np.var(self, *args, **kwargs)

    def std(self, *args: Any, **kwargs: Any) -> Any:
        return np.std(self, *args, **kwargs)

    def dot(self, other: Any, out: Any = None) -> Any:
        return np.dot(self, other)

    def argmax(self, axis: Any = None, *args: Any, **kwargs: Any) -> Any:
        return np.argmax(self, axis, *args, **kwargs)

    def argmin(self, axis: Any = None, *args: Any, **kwargs: Any) -> Any:
        return np.argmin(self, axis, *args, **kwargs)

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ValueError("The truth value of an array with more than one element is ambiguous.")
        return bool(plain(self).item())

    def __reduce__(self) -> Any:
        raise Refused("an array of symbols is saved", self.tape.here())

    def __deepcopy__(self, memo: Any) -> Symbolic:
        return self.copy()


class Postponed:
    """Entries of an array, chosen by a mask of symbols, while it is open which of them that are."""

    def settled(self) -> Any:
        """The entries themselves, on this branch of the code."""
        raise NotImplementedError

    def assigned_to(self, target: Symbolic, key: Any) -> bool:
        """target[key] = these entries, if that can be said without deciding which they are."""
        raise NotImplementedError


def plain(array: Any) -> Any:
    """The same memory as an ordinary object array."""
    return array.view(np.ndarray) if isinstance(array, Symbolic) else array


def as_symbolic(tape: Tape, value: Any) -> Symbolic:
    """Numbers, symbols, lists and arrays of them as an array of symbols; an array of symbols as it is."""
    if isinstance(value, Symbolic):
        return value
    return entries(tape, value).view(Symbolic)._on(tape)  # type: ignore[no-any-return]


def constant(tape: Tape, made: Any) -> Any:
    """An array of floats as an array of symbols; of integers or truth values as it is."""
    if isinstance(made, np.ndarray) and not isinstance(made, Symbolic) and made.dtype.kind == "f":
        before = tape.enter("constant")
        try:
            return as_symbolic(tape, made)
        finally:
            tape.leave(before)
    return made


def has_symbols(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(map(has_symbols, value))
    return isinstance(value, Traced | Symbolic | Postponed)


def entries(tape: Tape, value: Any) -> Any:
    """An ordinary object array of symbols; without dimensions for one symbol or number."""
    if isinstance(value, Symbolic):
        return plain(value)
    if isinstance(value, Postponed):
        return entries(tape, value.settled())
    if isinstance(value, (Traced, *NUMBERS)) or value is None:
        cell = np.empty((), dtype=object)
        cell[()] = traced(tape, value)
        return cell
    array = np.asarray(_unwrapped(value) if isinstance(value, list | tuple) else value)
    if array.dtype.kind not in "biufO":
        raise Refused(f"an array of {array.dtype} among numbers", tape.here())
    made = np.empty(array.shape, dtype=object)
    for position, entry in enumerate(array.flat):
        made.flat[position] = traced(tape, entry)
    return made


def _unwrapped(value: Any) -> Any:
    """Nested lists whose arrays of symbols are object arrays."""
    return [_unwrapped(v) for v in value] if isinstance(value, list | tuple) else plain(value)


def settled(key: Any) -> Any:
    """An index, or an array of numbers: symbols in it become the numbers or the truth values that they are."""
    if isinstance(key, Symbolic):
        values = [_settled(entry) for entry in plain(key).flat]
        kind = bool if any(isinstance(v, bool) for v in values) else None  # with 0 and 1 where a comparison is known
        return np.array(values, dtype=kind).reshape(key.shape)
    if isinstance(key, tuple):
        return tuple(settled(k) for k in key)
    if isinstance(key, list):
        return [settled(k) for k in key]
    return _settled(key) if isinstance(key, Traced) else key


def _settled(entry: Any) -> Any:
    if not isinstance(entry, Traced):
        return entry
    constant = entry.tape.constants.get(entry.i)
    if constant is None:
        return bool(entry)
    return int(constant) if constant.denominator == 1 else float(constant)


def where(tape: Tape, condition: Any, a: Any, b: Any) -> Plain:
    """[condition]·a + (1 − [condition])·b."""
    given = entries(tape, condition) if isinstance(condition, Traced) else np.asarray(plain(condition))
    return _CHOSEN(given, entries(tape, a), entries(tape, b))  # type: ignore[no-any-return]


def _chosen(condition: Any, a: Any, b: Any) -> Any:
    if isinstance(condition, Traced) and condition.i not in condition.tape.constants:
        a, b = _under(condition, True, a), _under(condition, False, b)
        made = condition * a + (1 - condition) * b
        condition.tape.choices[made.i] = condition.i, a.i, b.i
        note_choice(condition.tape, condition.i, a.i, b.i)
        return made
    return a if condition else b


def _under(condition: Traced, holds: bool, value: Traced) -> Traced:
    """What a value that was chosen by the same comparison, or by its opposite, is where `condition` so holds."""
    tape = condition.tape
    if value.i not in tape.choices:
        return value
    earlier, a, b = tape.choices[value.i]
    (x, opposite), (y, contrary) = comparison(tape, condition.i), comparison(tape, earlier)
    if x != y:
        return value
    return Traced(tape, a if holds == (opposite == contrary) else b)


_CHOSEN = np.frompyfunc(_chosen, 3, 1)


def cast(array: Symbolic, dtype: Any, copy: bool = True) -> Any:
    """`astype`: symbols stay what they are as floats; whole numbers become integers, comparisons truth values."""
    kind = np.dtype(dtype).kind
    if kind in "iub":
        if all(entry.i in array.tape.constants for entry in plain(array).flat):
            return np.array([int(entry) for entry in plain(array).flat]).reshape(array.shape).astype(dtype)
        if kind == "b":
            return array.copy()
        if all(is_indicator(entry) for entry in plain(array).flat):
            return array.copy()
        raise Refused(f"symbols as {np.dtype(dtype)}", array.tape.here())
    return array.copy() if copy else array


def is_indicator(entry: Traced) -> bool:
    """A comparison or its opposite, or 0 or 1."""
    tape = entry.tape
    return (
        tape.constants.get(entry.i) in (0, 1)
        or tape.ops[entry.i] == Op.COND
        or (
            tape.ops[entry.i] == Op.SUB
            and tape.constants.get(tape.a[entry.i]) == 1
            and tape.ops[tape.b[entry.i]] == Op.COND
        )
    )


def wrapped(tape: Tape, result: Any) -> Any:
    """A result as the code is to see it: truth values and integers as they are, anything else as symbols."""
    if isinstance(result, np.ndarray) and result.dtype.kind == "O" and not isinstance(result, Symbolic):
        return _of_objects(tape, result)
    if isinstance(result, Symbolic):
        flat = plain(result)
        if any(type(entry) is not Traced for entry in flat.flat):
            return _of_objects(tape, flat)
        result.tape = tape
        return result if result.ndim else flat[()]
    if isinstance(result, np.ndarray) and result.dtype.kind == "f":
        return as_symbolic(tape, result)
    if isinstance(result, list | tuple) and type(result).__name__ in ("list", "tuple"):
        return type(result)(wrapped(tape, part) for part in result)
    return result


def _of_objects(tape: Tape, array: Plain) -> Any:
    if array.size and all(isinstance(entry, bool | np.bool_) for entry in array.flat):
        truth = array.astype(bool)
        return truth if truth.ndim else truth[()]
    for position in np.ndindex(array.shape):
        entry: Any = array[position]
        if type(entry) is not Traced:
            array[position] = traced(tape, entry)
    return array.view(Symbolic)._on(tape) if array.ndim else array[()]


def shaped(tape: Tape, name: str, shape: tuple[int, ...]) -> Symbolic:
    """An array of fresh leaves."""
    made = np.empty(shape, dtype=object)
    for position in np.ndindex(shape):
        made[position] = Traced(tape, tape.leaf(name, position))
    return made.view(Symbolic)._on(tape)


def unwritten(tape: Tape, shape: tuple[int, ...]) -> Symbolic:
    """The array that np.empty makes."""
    made = np.empty(shape, dtype=object)
    for position in np.ndindex(made.shape):
        made[position] = Traced(tape, tape.anything(EMPTY))
    return made.view(Symbolic)._on(tape)


def nodes_of(tape: Tape, value: Any) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The nodes of an array of symbols or numbers."""
    found = np.asarray(entries(tape, value))
    return np.array([index_of(tape, entry) for entry in found.flat], dtype=np.int64).reshape(found.shape)
