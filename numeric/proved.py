"""The gate: nothing becomes a NumPy function or NumPy source that is not proved."""

from __future__ import annotations

from symbolic.notation import Sizes
from symbolic.prove import prove
from symbolic.records import Derivation
from symbolic.verdicts import Proved


def proved(record: Derivation, sizes: Sizes | None = None, steps: int = 3) -> Proved:
    """The proof of a derivation; ValueError naming its id, verdict and repair where there is none."""
    verdict = prove(record, sizes, steps)
    if not isinstance(verdict, Proved):
        repair = f"; {record.repair} is right" if record.repair else ""
        raise ValueError(f"{record.id} is not proved but {verdict.name} ({verdict.scope}): {record.statement}{repair}")
    return verdict
