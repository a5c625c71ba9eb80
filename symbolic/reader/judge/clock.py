"""Formulas are judged within a time of the processor; what takes longer is stopped.

What else runs on the machine does not change a verdict; only a far larger time of the clock on the wall does.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

WALL = 20  # times as long


class TooLong(Exception):
    """The time for one formula is over."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raise TooLong in the main thread after so many seconds; elsewhere there is no clock to set."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def stop(number: int, frame: Any) -> None:
        raise TooLong

    clocks = (
        (signal.ITIMER_PROF, signal.SIGPROF, seconds),
        (signal.ITIMER_REAL, signal.SIGALRM, WALL * seconds),
    )
    before = [signal.signal(number, stop) for _, number, _ in clocks]
    try:
        for clock, _, limit in clocks:
            signal.setitimer(clock, limit)
        yield
    finally:
        for clock, _, _ in clocks:
            signal.setitimer(clock, 0)
        for (_, number, _), handler in zip(clocks, before, strict=True):
            signal.signal(number, handler)
