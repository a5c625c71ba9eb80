"""Generated NumPy source, executed.

In:  a `Model` or a `Derivation`.  Out: the functions of its `numpy_source`, by name.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from numeric.arguments import identifier
from numeric.source import numpy_source
from symbolic.model import Model
from symbolic.records import Derivation


@cache
def executed(cell: Model) -> dict[str, Callable[..., Any]]:
    """`forward`, `backward` and `loss_and_gradients`; ValueError where a gradient is not proved."""
    return _run(numpy_source(cell))


@cache
def closed_form(record: Derivation) -> Callable[..., Any]:
    """The last term of a derivation as a NumPy function; ValueError where it is not proved."""
    function: Callable[..., Any] = _run(numpy_source(record))[identifier(record.id)]
    return function


def _run(source: str) -> dict[str, Any]:
    namespace: dict[str, Any] = {}
    exec(compile(source, "<generated>", "exec"), namespace)
    return namespace
