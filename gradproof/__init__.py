"""gradproof: proves or refutes gradients that people wrote by hand.

In:  a derivation, or the catalogue.  Out: verdicts, LaTeX, tables; see `__all__`.
Nothing is loaded before it is asked for, so that `gradproof --help` answers at once.
To extend: add a name to `_PUBLIC`, beside the module that defines it.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

_PUBLIC = {
    "symbolic.records": "derivation Derivation Catalogue",
    "symbolic.prove": "prove",
    "symbolic.derivations": "catalogue",
    "symbolic.verdicts": (
        "Verdict Proved Refuted IllTyped Ambiguous Unknown Counterexample Hypothesis sums_to_one one_hot"
    ),
    "numeric.trace.prove": "prove_gradient assert_gradient",
    "symbolic.model": "Model equation",
    "symbolic.notation": "Axis Index Step D H K N t k T",
    "symbolic.terms": (
        "array sequence scalar tanh sigmoid exp log softmax outer diag inner total ones eye delta indicator "
        "one_over sum_over sum_steps product_steps grad grad_copy d immediate LOSS"
    ),
}
_HOME = {name: module for module, names in _PUBLIC.items() for name in names.split()}

__all__ = sorted([*_HOME, "models"])


def __getattr__(name: str) -> Any:
    if name == "models":
        value: Any = _models()
    elif name in _HOME:
        value = getattr(importlib.import_module(_HOME[name]), name)
    else:
        raise AttributeError(f"gradproof has no {name}; it has {', '.join(__all__)}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__]


def _models() -> Any:
    """The package of models, each of its cells loaded: `models.rnn.RNN`."""
    package = importlib.import_module("symbolic.models")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    return package
