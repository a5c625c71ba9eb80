"""NumPy source, ready to paste, from closed forms that are proved.

In:  a `Derivation`, or a cell (`Model`) and the records to take its gradients from.
Out: `numpy_source(…)`, Python that imports NumPy and nothing else, the same text every time:
     of a derivation one function; of a cell its forward and backward pass over a batch of
     sequences, each line of the backward pass with the id of the formula that it is.
Whatever is not proved is refused.
"""

from __future__ import annotations

from collections.abc import Iterable

from numeric.cell_source import cell_source
from numeric.derivation_source import derivation_source
from symbolic.model import Model
from symbolic.records import Derivation


def numpy_source(cell_or_derivation: Model | Derivation, records: Iterable[Derivation] | None = None) -> str:
    """The source of a proved closed form, or of a cell's forward and backward pass.

    `records` are where a cell's gradients are looked up, by default the catalogue.
    ValueError, naming the formula, where one is missing or not proved.
    """
    if isinstance(cell_or_derivation, Model):
        return cell_source(cell_or_derivation, records)
    return derivation_source(cell_or_derivation)
