"""x[mask] where the mask depends on symbols: which entries these are is decided as late as possible, or never.

In:  `Symbolic.__getitem__`.
Out: `Selected`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from numeric.trace.arrays import Postponed, Symbolic, plain, settled, where
from numeric.trace.scalar import NUMBERS, Traced
from numeric.trace.tape import Op, Tape


class Selected(Postponed, NDArrayOperatorsMixin):
    """x[mask] for a mask of which entries are open: what is done to each entry is done to all of x that may be meant.

    As long as it comes to be written to entries of the same mask, nobody asks which they are.  Whatever else
    is done to it decides the mask, as one of the branches of the code.
    """

    def __init__(self, mask: Symbolic, array: Symbolic) -> None:
        self.tape, self.mask = array.tape, mask.copy()
        self.possible = _possible(mask)
        self.values: Any = array[self.possible]

    def settled(self) -> Any:
        if self.possible is not None:
            self.values, self.possible = self.values[settled(self.mask[self.possible])], None
        return self.values

    def assigned_to(self, target: Symbolic, key: Any) -> bool:
        if self.possible is None or not _same_entries(self.mask, key):
            return False
        conditions, inner = plain(self.mask)[self.possible], plain(target)[self.possible]
        if inner.shape != self.values.shape:
            return False
        spread = conditions.reshape(conditions.shape + (1,) * (inner.ndim - 1))
        plain(target)[self.possible] = where(self.tape, spread, self.values, inner)
        return True

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **options: Any) -> Any:
        if (
            method != "__call__"
            or ufunc.nout != 1
            or options
            or not all(self._goes_with(x) for x in (*inputs, *(out or ())))
        ):
            given = [_settled_selection(x) for x in inputs]
            options = {**options, "out": tuple(map(_settled_selection, out))} if out else options
            return getattr(ufunc, method)(*given, **options)
        made = ufunc(*(x.values if isinstance(x, Selected) else x for x in inputs))
        result = out[0] if out else Selected.__new__(Selected)
        result.tape, result.mask, result.possible, result.values = self.tape, self.mask, self.possible, made
        return result

    def _goes_with(self, other: Any) -> bool:
        """A number, or entries selected by the same mask."""
        if not isinstance(other, Selected):
            return isinstance(other, (Traced, *NUMBERS))
        return (
            self.possible is not None
            and other.possible is not None
            and self.values.shape == other.values.shape
            and _same_entries(self.mask, other.mask)
        )

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return function(*_settled_selection(args), **{k: _settled_selection(v) for k, v in kwargs.items()})

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        return self.settled()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.settled(), name)

    def copy(self) -> Any:
        return +self

    __copy__ = copy

    def __deepcopy__(self, memo: Any) -> Any:
        return +self

    def __getitem__(self, key: Any) -> Any:
        return self.settled()[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        self.settled()[key] = value

    def __len__(self) -> int:
        return len(self.settled())

    def __iter__(self) -> Any:
        return iter(self.settled())

    def __bool__(self) -> bool:
        return bool(self.settled())

    def __float__(self) -> Any:
        return self.settled().__float__()


def _settled_selection(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return type(value)(map(_settled_selection, value))
    return value.settled() if isinstance(value, Selected) else value


def _chosen_by(array: Symbolic, key: Symbolic) -> Postponed | None:
    """array[key] where the key is a mask of which some entries depend on symbols."""
    is_open = any(entry.i not in entry.tape.constants for entry in plain(key).flat)
    return Selected(key, array) if is_open and key.shape == array.shape[: key.ndim] else None


def _possible(mask: Symbolic) -> Any:
    """Where a mask may hold."""
    held = [bool(entry.tape.constants.get(entry.i, 1)) for entry in plain(mask).flat]
    return np.array(held, dtype=bool).reshape(mask.shape)


def _same_entries(mask: Symbolic, key: Any) -> bool:
    if not isinstance(key, Symbolic) or key.shape != mask.shape:
        return False
    return all(_is_same(a.tape, a.i, b.i) for a, b in zip(plain(mask).flat, plain(key).flat, strict=True))


def _is_same(tape: Tape, i: int, j: int) -> bool:
    """One node, or both 1 − c or c·d of the same comparisons."""
    if i == j or tape.ops[i] != tape.ops[j] or tape.ops[i] not in (Op.SUB, Op.MUL):
        return i == j
    return _is_same(tape, tape.a[i], tape.a[j]) and _is_same(tape, tape.b[i], tape.b[j])


Symbolic.chosen_by = _chosen_by
