"""`{picture} seconds steps` and `{picture} seconds size`: what a proof costs, measured while the page is built."""

from __future__ import annotations

import time

from gradproof.site.pictures import Picture
from gradproof.site.pictures.chart import chart
from symbolic.derivations import catalogue
from symbolic.notation import D, H, K
from symbolic.prove import prove

CLAIMS = ("rnn.W", "lstm.dWhf")
STEPS, SIZES = (1, 2, 3, 5, 8, 12, 16, 20), (2, 3, 4, 5, 6, 7, 8)


def draw(against: str) -> Picture:
    """CPU seconds of two parameter gradients against T, or against the number of their entries."""
    curves = {id: [point(id, n, against) for n in (STEPS if against == "steps" else SIZES)] for id in CLAIMS}
    across = "T" if against == "steps" else "entries"
    last = f"T = {STEPS[-1]}" if across == "T" else f"{SIZES[-1] ** 2} entries of the gradient"
    ends = ", ".join(f"{id} {points[-1][1]:.2g} s" for id, points in curves.items())
    says = f"CPU time of a proof against the number of {'steps' if across == 'T' else 'entries'}; at {last}: {ends}."
    return chart(curves, across, "CPU seconds", says, least=0)


def point(id: str, n: int, against: str) -> tuple[int, float]:
    """Steps or entries, and the lesser time of two proofs after one: derivatives are taken once."""
    record = catalogue()[id]
    sizes, steps = ({}, n) if against == "steps" else ({D: n, H: n, K: n}, 3)

    def seconds() -> float:
        started = time.process_time()
        prove(record, sizes, steps)
        return time.process_time() - started

    seconds()
    return (n if against == "steps" else n * n), min(seconds() for _ in range(2))
