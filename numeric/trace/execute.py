"""A person's callable run on symbols, along every branch that its control flow takes.

In:  a callable, the shapes of its arguments.
Out: `traces`: for every branch a `Trace`: the tape, the loss, the claimed gradients.
"""

from __future__ import annotations

import gc
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

import numeric.trace.functions
import numeric.trace.selections  # noqa: F401 - both install what arrays of symbols do
from numeric.trace.arrays import Symbolic, nodes_of, shaped
from numeric.trace.interrupt import Over, within
from numeric.trace.places import Place, Refused, TimedOut, raised_at
from numeric.trace.scalar import Traced
from numeric.trace.stand_in import Nested, standing_in
from numeric.trace.state import lifted, preserved
from numeric.trace.tape import Decision, Maxima, Tape

Shape = tuple[int, ...]
Nodes = NDArray[np.int64]
BRANCHES = 32


class BadRun(Exception):
    """`run` does not do what it must: take arrays by name, return a scalar loss and gradients by name."""


class OnSymbolsOnly(Exception):
    """The code fails on symbols although it does not on numbers."""

    def __init__(self, error: Exception, place: Place | None) -> None:
        super().__init__(f"not supported: {place}: {type(error).__name__}: {error}, on symbols and not on numbers")
        self.place = place


@dataclass(frozen=True)
class Trace:
    """One run: nodes of the loss, of every argument's entries, of every claimed gradient's entries."""

    tape: Tape
    loss: int
    leaves: Mapping[str, Nodes]
    claims: Mapping[str, Nodes]

    @property
    def decisions(self) -> list[Decision]:
        return self.tape.decisions


def traces(
    run: Callable[..., Any], shapes: Mapping[str, Shape], deadline: float | None, largest: Maxima = Maxima.FREE
) -> Iterator[Trace]:
    """A trace for every outcome of the comparisons that control flow depends on; raises Refused.

    `largest`: with Maxima.DECIDED, which entry is the largest is such an outcome too.
    """
    __tracebackhide__ = True
    waiting: list[list[bool]] = [[]]
    count = 0
    while waiting:
        path = waiting.pop()
        count += 1
        found = trace(run, shapes, Tape(path, deadline, largest))
        taken = [decision.outcome for decision in found.decisions]
        if count + len(waiting) + len(taken) - len(path) > BRANCHES:
            raise Refused(
                f"a branch that depends on symbols; there are more than {BRANCHES} of them", found.decisions[-1].place
            )
        waiting += [[*taken[:k], not taken[k]] for k in range(len(path), len(taken))]
        yield found


def trace(run: Callable[..., Any], shapes: Mapping[str, Shape], tape: Tape) -> Trace:
    """One run on symbols, onto an empty tape."""
    __tracebackhide__ = True
    failure: Exception
    collecting = gc.isenabled()
    gc.disable()  # Millions of small objects, none of them in a cycle.
    try:
        with standing_in(tape) as stand_ins, lifted(tape, run, stand_ins):
            arguments = {name: shaped(tape, name, shape) for name, shape in shapes.items()}
            leaves = {name: nodes_of(tape, array) for name, array in arguments.items()}
            with np.errstate(all="ignore"):
                returned = within(tape.deadline, call, run, arguments)
    except Nested:
        raise
    except Over as over:
        raise tape.timed_out("the code was being run", over.place) from None
    except Exception as error:
        failure = error
    else:
        return Trace(tape, *_read(tape, returned, leaves))
    finally:
        if collecting:
            gc.enable()
    # The person's own mistake is theirs: then the code fails on numbers as well, in its own words.
    on_numbers(run, {name: np.full(shape, 0.5) for name, shape in shapes.items()}, tape.deadline)
    raise OnSymbolsOnly(failure, raised_at(failure)) from failure


def on_numbers(
    run: Callable[..., Any], arguments: Mapping[str, Any], deadline: float | None
) -> tuple[Any, dict[str, Any]]:
    """The loss and the gradients, and nothing changed by the run; raises TimedOut, BadRun and what `run` raises."""
    __tracebackhide__ = True
    try:
        with preserved(run):
            returned = within(deadline, call, run, {name: np.array(array) for name, array in arguments.items()})
            loss, gradients = pair(returned, set(arguments))
            return np.array(loss).reshape(()), {name: np.array(gradient) for name, gradient in gradients.items()}
    except Over as over:
        raise TimedOut("the time is over, while the code was being run on numbers", over.place) from None


def call(run: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    """run(**arguments), by position where its parameters have no names; raises BadRun where it takes others."""
    __tracebackhide__ = True
    try:
        signature = inspect.signature(run)
    except (TypeError, ValueError):
        return run(**arguments)
    kinds = {p.kind for p in signature.parameters.values()}
    named = not kinds & {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.VAR_POSITIONAL}
    positional, by_name = ((), arguments) if named else (tuple(arguments.values()), {})
    try:
        signature.bind(*positional, **by_name)
    except TypeError as error:
        raise BadRun(f"run{signature} cannot be called with the arrays {', '.join(arguments)}: {error}") from None
    return run(*positional, **by_name)


def _read(tape: Tape, returned: Any, leaves: Mapping[str, Nodes]) -> tuple[int, Mapping[str, Nodes], dict[str, Nodes]]:
    loss, gradients = pair(returned, set(leaves))
    claims = {name: nodes_of(tape, gradient) for name, gradient in gradients.items()}
    top = int(nodes_of(tape, loss).reshape(-1)[0])
    for name, nodes in {"the loss": np.array([top]), **claims}.items():
        if not tape.infinite.keys().isdisjoint(nodes.flat):
            raise Refused(f"{name} is infinite for all values", None)
    return top, leaves, claims


def pair(returned: Any, names: set[str]) -> tuple[Any, dict[str, Any]]:
    """The loss and the gradients by name; raises BadRun."""
    if not (isinstance(returned, tuple | list) and len(returned) == 2 and isinstance(returned[1], Mapping)):
        parts = " and ".join(map(_kind, returned)) if isinstance(returned, tuple) else _kind(returned)
        raise BadRun(f"run must return (loss, {{name: gradient, …}}), not {parts}")
    loss, gradients = returned
    if not isinstance(loss, Traced | Symbolic | np.ndarray | int | float | np.generic) or np.size(loss) != 1:
        raise BadRun(f"the loss must be a scalar, not {_kind(loss)}")
    unknown = [str(name) for name in gradients if name not in names]
    if unknown:
        raise BadRun(
            f"run returns a gradient for {unknown[0]}, which is not among its arrays {', '.join(sorted(names))}"
        )
    if not gradients:
        raise BadRun("run returns no gradient")
    for name, gradient in gradients.items():
        if not _is_numbers(gradient):
            raise BadRun(f"the gradient of {name} must be an array of numbers, not {_kind(gradient)}")
    return loss, dict(gradients)


def _is_numbers(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return len({np.shape(part) for part in value}) == 1 and all(map(_is_numbers, value))
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "biuf" or all(isinstance(entry, Traced | Real) for entry in value.flat)
    return isinstance(value, Traced | Real | np.bool_)


def _kind(value: Any) -> str:
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}" if value.ndim else "a number"
    if isinstance(value, Traced | Real):
        return "a number"
    return "None" if value is None else f"a {type(value).__name__}"
