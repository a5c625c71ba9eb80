"""A person's code interrupted when the time is over, whatever it is doing.

In:  a function, and a deadline of the monotonic clock.
Out: what the function returns; `Over` says which line it had reached.

In the main thread by the timer of the operating system, whose handler is put back afterwards;
elsewhere, and where that timer is taken, by a thread that watches.  One call of compiled code, such as
one large matrix product, comes to its end first.
"""

from __future__ import annotations

import ctypes
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

from numeric.trace.places import Place, raised_at

AGAIN = 0.5
"""Code that catches everything is interrupted again after so many seconds."""


class Over(BaseException):
    """Raised within the code; no `except Exception` of it swallows it."""

    @property
    def place(self) -> Place | None:
        return raised_at(self)


def within(deadline: float | None, function: Callable[..., Any], *arguments: Any) -> Any:
    """function(*arguments); raises Over when the deadline is over."""
    __tracebackhide__ = True
    if deadline is None:
        return function(*arguments)
    seconds = max(deadline - time.monotonic(), 1e-6)
    return (_by_signal if _can_signal() else _by_thread)(seconds, function, *arguments)


def _can_signal() -> bool:
    here = threading.current_thread() is threading.main_thread()
    return here and hasattr(signal, "setitimer") and signal.getitimer(signal.ITIMER_REAL)[0] == 0


def _by_signal(seconds: float, function: Callable[..., Any], *arguments: Any) -> Any:
    __tracebackhide__ = armed = True

    def over(*_: Any) -> None:
        if armed:
            raise Over

    before = signal.signal(signal.SIGALRM, over)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
        return function(*arguments)
    finally:
        armed = False  # Before any call: at a call the signal may arrive.
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _by_thread(seconds: float, function: Callable[..., Any], *arguments: Any) -> Any:
    __tracebackhide__ = True
    me, armed, ended, raising = threading.get_ident(), True, threading.Event(), threading.Lock()

    def watch() -> None:
        wait = seconds
        while not ended.wait(wait):
            with raising:
                if armed:
                    _raise_in(me, Over)
            wait = AGAIN

    watcher = threading.Thread(target=watch, daemon=True)
    try:
        watcher.start()
        return function(*arguments)
    finally:
        armed = False
        try:
            with raising:
                _raise_in(me, None)  # takes back what has not arrived
        except Over:
            pass  # it arrived after the function's end
        ended.set()


def _raise_in(thread: int, error: type[BaseException] | None) -> None:
    exception = None if error is None else ctypes.py_object(error)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), exception)
