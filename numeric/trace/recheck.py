"""The code run once more on numbers: does it do what it did on symbols, and does floating point bear it?

In:  the callable, its traces, arrays of the person's own where there are any.
Out: notes on precision and stability; or a `Mismatch`, which takes every verdict back.

Values and gradients of the tape are enclosed by intervals at the very numbers that the code gets.
"""

from __future__ import annotations

import random
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from numeric.trace import sweep
from numeric.trace.differences import wanted_of
from numeric.trace.execute import BadRun, Trace, on_numbers
from numeric.trace.intervals import Reals
from numeric.trace.places import Place, TimedOut
from numeric.trace.witness import rational_point

POINTS = 8
AGREED = 3
EXPENSIVE = 100_000
LARGE = 1000.0
PATIENCE = 100
AT_LEAST = 2.0  # seconds: a busy machine may let a run wait
NEAR = {np.dtype(np.float64): (1e-4, 1e-6)}
NEAR_ELSE = 1e-2, 1e-4
UNSTABLE = ("overflow", "divide by zero", "invalid value")


class Mismatch(Exception):
    """On numbers the code computes something else than on symbols, or nothing that could be compared."""


def recheck(
    run: Callable[..., Any], traces: Sequence[Trace], own: Mapping[str, Any], deadline: float | None = None
) -> tuple[str, ...]:
    """Notes on precision and stability; raises Mismatch where tape and code differ by more than rounding."""
    code = _Code(run, traces, deadline)
    notes: list[str] = []
    agreed, enough = 0, AGREED if sum(len(trace.tape) for trace in traces) < EXPENSIVE else 1
    for seed in range(POINTS):
        point = rational_point(traces[0], seed)
        arrays = {name: np.array(values, dtype=np.float64) for name, values in point.items()}
        agreed += code.compared(arrays) is not None
        if agreed == enough:
            break
    if own:
        arrays = {name: np.array(own.get(name, arrays[name])) for name in arrays}
        compared = code.compared(arrays)
        agreed += compared is not None
        notes += _own_numbers(compared, arrays)
        notes += code.stability(arrays, "your own numbers")
    if not agreed:
        raise Mismatch(f"the code could not be compared with what it did on symbols: {code.failure}")
    for sign in (1.0, -1.0):
        large = {name: sign * _enlarged(np.asarray(array, dtype=np.float64)) for name, array in arrays.items()}
        notes += code.stability(large, f"entries of size {LARGE:,.0f}")
    return tuple(dict.fromkeys(notes))


def _enlarged(array: Any) -> Any:
    """Every entry at least so large that its exponential overflows, or is 0."""
    return np.where(np.abs(array) < LARGE, LARGE * (np.sign(array) + np.clip(array, -2, 2)), array)


class _Compared(NamedTuple):
    """What the code returned, by name; and how to get the derivatives."""

    returned: Mapping[str, Any]
    derivative: Callable[[], Mapping[str, Any]]


class _Code:
    """The code on numbers; `failure` is why it could not be compared the last time."""

    def __init__(self, run: Callable[..., Any], traces: Sequence[Trace], deadline: float | None) -> None:
        self.run, self.traces, self.deadline = run, traces, deadline
        self.failure, self.seconds = "", 1.0

    def compared(self, arrays: Mapping[str, Any]) -> _Compared | None:
        """Both give the same at one point; None where it cannot be said, raises Mismatch where they do not."""
        enclosed = next((found for trace in self.traces if (found := _enclosed(trace, arrays)) is not None), None)
        if enclosed is None:
            self.failure = f"at none of {POINTS} points is the loss known to be a real number"
            return None
        try:
            returned = self._on_numbers(arrays)[0]
        except BadRun:
            raise
        except Exception as error:
            self.failure = f"on numbers it raises {type(error).__name__}: {error}"
            return None
        is_near = _nearness(arrays, enclosed.traced)
        for name, expected in enclosed.traced.items():
            got = np.asarray(returned[name], dtype=np.float64)
            if got.shape != expected.shape:
                raise Mismatch(f"on numbers {name or 'the loss'} has shape {got.shape}, on symbols {expected.shape}")
            if not (is_near(got, expected) | ~np.isfinite(got)).all():
                raise Mismatch(
                    f"on numbers the code computes something else than on symbols: {_where(name, got, expected)}"
                )
        if not _finite(returned):
            self.failure = "on numbers it returns what is not finite"
            return None
        return _Compared(returned, enclosed.derivative)

    def _on_numbers(
        self, arrays: Mapping[str, Any], deadline: float | None = None
    ) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        """The loss and the gradients, and what NumPy warned of."""
        started = time.monotonic()
        with _warnings() as caught, np.errstate(all="warn"):
            loss, gradients = on_numbers(self.run, arrays, self.deadline if deadline is None else deadline)
        self.seconds = max(self.seconds, time.monotonic() - started)
        return {**gradients, "": loss}, [
            (str(w.message), str(Place(w.filename, w.lineno))) for w in caught if str(w.message).startswith(UNSTABLE)
        ]

    def stability(self, arrays: Mapping[str, Any], where: str) -> Iterator[str]:
        """Overflow, division by 0 and log 0 that NumPy warns of; an error; a loop without end."""
        enough = time.monotonic() + max(AT_LEAST, PATIENCE * self.seconds)
        try:
            returned, warned = self._on_numbers(arrays, min(enough, self.deadline or enough))
        except TimedOut:
            if self.deadline is not None and time.monotonic() > self.deadline:
                raise
            yield f"not stable: at {where} the code does not come to an end"
            return
        except Exception as error:
            yield f"not stable: at {where} the code raises {type(error).__name__}"
            return
        if warned and self._is_right(returned, arrays):
            for text, place in warned:
                yield f"NumPy warns of {text}, at {where} ({place}); the result is right"
            return
        for text, place in warned:
            yield f"not stable: {text}, at {where} ({place})"
        if not warned and not _finite(returned):
            yield f"not stable: at {where} the result is not finite"

    def _is_right(self, returned: Mapping[str, Any], arrays: Mapping[str, Any]) -> bool:
        """What was returned is finite and near what is known of the tape at these numbers."""
        if not _finite(returned):
            return False
        enclosed = next((found for trace in self.traces if (found := _enclosed(trace, arrays)) is not None), None)
        if enclosed is None:
            return False
        is_near = _nearness(arrays, enclosed.traced)
        return all(bool(np.all(is_near(returned[name], expected))) for name, expected in enclosed.traced.items())


def _nearness(arrays: Mapping[str, Any], traced: Mapping[str, Any]) -> Callable[[Any, Any], Any]:
    """Where an array is what is expected, up to the precision of these arrays."""
    relative, absolute = max(NEAR.get(np.asarray(a).dtype, NEAR_ELSE) for a in arrays.values())
    absolute *= 1 + max(float(np.max(np.abs(v), initial=0.0)) for v in traced.values())
    return lambda got, expected: (
        np.abs(np.asarray(got, dtype=np.float64) - expected)
        <= relative * np.max(np.abs(expected), initial=0.0) + absolute
    )


def _finite(returned: Mapping[str, Any]) -> bool:
    return all(np.isfinite(np.asarray(value, dtype=np.float64)).all() for value in returned.values())


class _Enclosed(NamedTuple):
    """What the code should return: the gradients by name, the loss under ""."""

    traced: Mapping[str, Any]
    derivative: Callable[[], Mapping[str, Any]]


def _enclosed(trace: Trace, arrays: Mapping[str, Any]) -> _Enclosed | None:
    """The tape at these numbers, where it is the branch taken there."""
    exact = {name: np.vectorize(_fraction, otypes=[object])(array) for name, array in arrays.items()}
    field = Reals(exact)
    values = sweep.values(trace.tape, field, wanted_of(trace))
    outcomes = {d.node: d.outcome for d in trace.decisions}
    if field.boundary or any(bool(field.reduced(values[i]).low) != outcome for i, outcome in outcomes.items()):
        return None

    def middles(found: Sequence[Any], nodes: Any) -> Any:
        return np.array([field.reduced(found[n]).middle() for n in nodes.flat], dtype=np.float64).reshape(nodes.shape)

    def derivative() -> Mapping[str, Any]:
        adjoint = sweep.adjoints(trace.tape, field, values, trace.loss)
        return {name: middles(adjoint, trace.leaves[name]) for name in trace.claims}

    tops = [trace.loss, *(int(n) for nodes in trace.claims.values() for n in nodes.flat)]
    if any(field.reduced(values[n]).wide() for n in tops):
        return None  # outside of the domain of a root or a logarithm
    traced = {name: middles(values, nodes) for name, nodes in trace.claims.items()}
    return _Enclosed({**traced, "": np.asarray(field.reduced(values[trace.loss]).middle())}, derivative)


def _fraction(number: Any) -> Fraction:
    return Fraction(float(number))


def _own_numbers(compared: _Compared | None, arrays: Mapping[str, Any]) -> Iterator[str]:
    """How near the code comes to the derivative at the person's own numbers, in their precision."""
    kinds = ", ".join(sorted({str(np.asarray(a).dtype) for a in arrays.values()}))
    if compared is None:
        yield f"at your own numbers ({kinds}) the result is not finite, or no branch is taken for certain"
        return
    worst = max(
        float(np.max(np.abs(compared.returned[name] - derivative), initial=0.0))
        / max(float(np.max(np.abs(derivative), initial=0.0)), 1e-300)
        for name, derivative in compared.derivative().items()
    )
    yield f"at your own numbers ({kinds}) the gradients are within {worst:.0e} of the derivative's largest entry"


def _where(name: str, got: Any, expected: Any) -> str:
    position = np.unravel_index(int(np.argmax(np.nan_to_num(np.abs(got - expected), nan=np.inf))), got.shape)
    entry = f"{name}[{', '.join(map(str, position))}]" if name else "the loss"
    return f"{entry} is {float(got[position])!r} and {float(expected[position])!r}"


@contextmanager
def _warnings() -> Iterator[list[warnings.WarningMessage]]:
    state = np.random.get_state(), random.getstate()
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield caught
    finally:
        np.random.set_state(state[0])
        random.setstate(state[1])
