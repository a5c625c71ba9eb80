"""The catalogue: the closed forms of the literature, a chapter a file.

In:  the modules of this folder.  Each has `CHAPTER = (number, title)` and
     `DERIVATIONS = [derivation(…), …]`, and prints itself as LaTeX when run as a script.
Out: `catalogue()`.
To add a formula: add a `derivation(…)` to one of the files.  To add a chapter: add a file.
"""

from __future__ import annotations

import importlib
import pkgutil
import signal
from collections.abc import Iterable
from functools import cache
from types import ModuleType

from symbolic.records import Catalogue, Derivation


@cache
def catalogue() -> Catalogue:
    """Every derivation of every chapter, in reading order; a duplicate id is refused."""
    return Catalogue(record for chapter in chapters() for record in chapter.DERIVATIONS)


@cache
def chapters() -> tuple[ModuleType, ...]:
    """The modules of this folder by chapter number."""
    modules = (importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__))
    return tuple(sorted(modules, key=lambda module: module.CHAPTER))


def main(derivations: Iterable[Derivation]) -> None:
    """Print derivations as LaTeX, every equality with its reason; end quietly where nobody reads on."""
    from symbolic.latex import derivation_latex

    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    print("\n\n".join(derivation_latex(each, steps=True) for each in derivations))
