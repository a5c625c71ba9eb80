"""The code run once more on numbers: does it do what it did on symbols, and does floating point bear it?

In:  the callable, its traces, arrays of the person's own where there are any.
Out: `Recheck`: notes on precision and stability; or a `Mismatch`, which takes every verdict back.

Values and gradients of the tape are enclosed by intervals at the very numbers that the code gets.
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from numeric.trace import sweep
from numeric.trace.execute import Trace, call, pair
from numeric.trace.intervals import Reals
from numeric.trace.judge import rational_point, wanted_of
from numeric.trace.state import preserved
from numeric.trace.tape import Place

FAITHFUL = 1e-3
LARGE = 1000.0
POINTS = 8
UNSTABLE = ("overflow", "divide by zero", "invalid value")


class Mismatch(Exception):
    """On numbers the code computes something else than on symbols."""


@dataclass(frozen=True)
class Recheck:
    """What was seen of precision and stability."""

    notes: tuple[str, ...]


def recheck(run: Callable[..., Any], traces: Sequence[Trace], own: Mapping[str, Any]) -> Recheck:
    """Notes; raises Mismatch where tape and code differ by more than rounding."""
    notes: list[str] = []
    for seed in range(POINTS):
        point = rational_point(traces[0], seed)
        arrays = {name: np.array(values, dtype=np.float64) for name, values in point.items()}
        numbers = _compared(run, traces, arrays)
        if numbers is not None and numbers.finite:
            break
    else:
        notes.append(f"at none of {POINTS} points could the code be compared with what it did on symbols")
    if own:
        arrays = {name: np.array(own.get(name, arrays[name])) for name in arrays}
        notes += _own_numbers(run, traces, arrays)
    notes += _stability(run, {name: LARGE * np.asarray(array, dtype=np.float64) for name, array in arrays.items()})
    return Recheck(tuple(dict.fromkeys(notes)))


@dataclass(frozen=True)
class _Numbers:
    """What the code returned, and what it should have: gradients by name, the loss under ""."""

    returned: Mapping[str, Any]
    traced: Mapping[str, Any]
    derivative: Mapping[str, Any]

    @property
    def finite(self) -> bool:
        return all(np.isfinite(np.asarray(value, dtype=np.float64)).all() for value in self.returned.values())


def _compared(run: Callable[..., Any], traces: Sequence[Trace], arrays: Mapping[str, Any]) -> _Numbers | None:
    """Both at one point; None where no branch is known to be taken there."""
    for trace in traces:
        if (numbers := _at(trace, arrays)) is None:
            continue
        returned = _on_numbers(run, arrays)[0]
        for name, expected in numbers.traced.items():
            got = np.asarray(returned[name], dtype=np.float64)
            if got.shape != expected.shape:
                raise Mismatch(f"on numbers {name or 'the loss'} has shape {got.shape}, on symbols {expected.shape}")
            scale = 1 + np.max(np.abs(expected), initial=0.0)
            tolerance = FAITHFUL if all(np.asarray(a).dtype == np.float64 for a in arrays.values()) else 1e-2
            near = ~np.isfinite(got) | (np.abs(got - expected) <= tolerance * scale)
            if not near.all():
                raise Mismatch(
                    f"on numbers the code computes something else than on symbols: {_where(name, got, expected)}"
                )
        return _Numbers(returned, numbers.traced, numbers.derivative)
    return None


def _where(name: str, got: Any, expected: Any) -> str:
    position = np.unravel_index(int(np.argmax(np.nan_to_num(np.abs(got - expected), nan=np.inf))), got.shape)
    entry = f"{name}[{', '.join(map(str, position))}]" if name else "the loss"
    return f"{entry} is {float(got[position])!r} and {float(expected[position])!r}"


def _at(trace: Trace, arrays: Mapping[str, Any]) -> _Numbers | None:
    """The tape at these numbers, where it is the branch taken there."""
    exact = {name: np.vectorize(_fraction, otypes=[object])(array) for name, array in arrays.items()}
    field = Reals(exact)
    values = sweep.values(trace.tape, field, wanted_of(trace))
    outcomes = {d.node: d.outcome for d in trace.decisions}
    if field.boundary or any(bool(field.reduced(values[i]).low) != outcome for i, outcome in outcomes.items()):
        return None
    adjoint = sweep.adjoints(trace.tape, field, values, trace.loss)

    def middles(found: Sequence[Any], nodes: Any) -> Any:
        return np.array([field.reduced(found[n]).middle() for n in nodes.flat], dtype=np.float64).reshape(nodes.shape)

    tops = [trace.loss, *(int(n) for nodes in trace.claims.values() for n in nodes.flat)]
    if any(field.reduced(values[n]).wide() for n in tops):
        return None  # outside of the domain of a root or a logarithm
    traced = {name: middles(values, nodes) for name, nodes in trace.claims.items()}
    traced[""] = np.asarray(field.reduced(values[trace.loss]).middle())
    derivative = {name: middles(adjoint, trace.leaves[name]) for name in trace.claims}
    return _Numbers({}, traced, derivative)


def _fraction(number: Any) -> Fraction:
    return Fraction(float(number))


def _own_numbers(run: Callable[..., Any], traces: Sequence[Trace], arrays: Mapping[str, Any]) -> Iterator[str]:
    """How near the code comes to the derivative at the person's own numbers, in their precision."""
    numbers = _compared(run, traces, arrays)
    if numbers is None:
        yield "at your own numbers no branch that was proved is taken for certain"
        return
    kinds = ", ".join(sorted({str(np.asarray(a).dtype) for a in arrays.values()}))
    if not numbers.finite:
        yield f"at your own numbers ({kinds}) the result is not finite"
        yield from _stability(run, arrays, "your own numbers")
        return
    worst = max(
        float(np.max(np.abs(numbers.returned[name] - derivative), initial=0.0))
        / max(float(np.max(np.abs(derivative), initial=0.0)), 1e-300)
        for name, derivative in numbers.derivative.items()
    )
    yield f"at your own numbers ({kinds}) the gradients are within {worst:.0e} of the derivative's largest entry"
    yield from _stability(run, arrays, "your own numbers")


def _stability(
    run: Callable[..., Any], arrays: Mapping[str, Any], where: str = f"entries of size {LARGE:,.0f}"
) -> Iterator[str]:
    """Overflow, division by 0 and log 0 that NumPy warns of."""
    try:
        returned, warned = _on_numbers(run, arrays)
    except Exception as error:
        yield f"not stable: at {where} the code raises {type(error).__name__}"
        return
    for text, place in warned:
        yield f"not stable: {text}, at {where} ({place})"
    if not warned and not all(np.isfinite(np.asarray(v, dtype=np.float64)).all() for v in returned.values()):
        yield f"not stable: at {where} the result is not finite"


def _on_numbers(run: Callable[..., Any], arrays: Mapping[str, Any]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """The loss and the gradients, and what NumPy warned of."""
    with _warnings() as caught, preserved(run), np.errstate(all="warn"):
        loss, gradients = pair(call(run, {name: np.array(array) for name, array in arrays.items()}), set(arrays))
        found = {name: np.array(gradient) for name, gradient in gradients.items()}
        found[""] = np.asarray(loss).reshape(())
    return found, [
        (str(w.message), str(Place(w.filename, w.lineno))) for w in caught if str(w.message).startswith(UNSTABLE)
    ]


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
