"""Cells, one file each: forward equations in textbook order.

In:  the modules of this folder, each with its `Model` at the top level.
Out: `models()`, every one of them by name.
To add a cell: add a file in the form of `rnn.py`; it is found by itself.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from symbolic.model import Model


@cache
def models() -> dict[str, Model]:
    """Every model of this folder by its name; a duplicate name is refused."""
    found: dict[str, Model] = {}
    for module in pkgutil.iter_modules(__path__):
        for value in vars(importlib.import_module(f"{__name__}.{module.name}")).values():
            if isinstance(value, Model) and found.setdefault(value.name, value) is not value:
                raise ValueError(f"two models have the name {value.name}; rename one of them")
    return found
