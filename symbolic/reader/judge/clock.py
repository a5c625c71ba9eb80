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
SOON = 0.001


class TooLong(Exception):
    """The time for one formula is over."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raise TooLong in the main thread after so many seconds; elsewhere there is no clock to set.

    Inside another such time no more is given than is left of it, and what is left goes on afterwards.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def stop(number: int, frame: Any) -> None:
        raise TooLong

    clocks = ((signal.ITIMER_PROF, signal.SIGPROF, seconds), (signal.ITIMER_REAL, signal.SIGALRM, WALL * seconds))
    before = [signal.signal(number, stop) for _, number, _ in clocks]
    left = [signal.getitimer(clock)[0] for clock, _, _ in clocks]
    given = [min(limit, rest or limit) for (_, _, limit), rest in zip(clocks, left, strict=True)]
    try:
        for (clock, _, _), limit in zip(clocks, given, strict=True):
            signal.setitimer(clock, limit)
        yield
    finally:
        for (clock, number, _), rest, limit, handler in zip(clocks, left, given, before, strict=True):
            used = limit - signal.setitimer(clock, 0)[0]
            signal.signal(number, handler)
            if rest:
                signal.setitimer(clock, max(rest - used, SOON))
