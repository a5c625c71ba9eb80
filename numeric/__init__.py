"""Proved formulas as NumPy functions; imports symbolic, never the reverse.

`numeric.compile(claim_or_cell)` gives a function, `numeric.numpy_source(claim_or_cell)` its source,
`numeric.reference` the gradients written by hand, `numeric.crosscheck` each against the others.
Nothing is loaded before it is asked for.
"""

from __future__ import annotations

import importlib
from typing import Any

_FUNCTIONS = {"compile": "numeric.compiled", "numpy_source": "numeric.source"}
_MODULES = ("crosscheck", "reference")

__all__ = sorted([*_FUNCTIONS, *_MODULES])


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"numeric.{name}")
    if name in _FUNCTIONS:
        return getattr(importlib.import_module(_FUNCTIONS[name]), name)
    raise AttributeError(f"numeric has no {name}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return [*__all__]
