"""Lines of somebody's source, and what is said of them when the code cannot be followed.

In:  the call stack.
Out: `Place`; `Refused` and `TimedOut`, which name one.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import traceback
from itertools import islice
from pathlib import Path
from types import CodeType, FrameType
from typing import NamedTuple

import numpy as np

OURS = str(Path(__file__).parent)
LIBRARIES = tuple(str(Path(module.__file__ or "").parent) for module in (np,))
STANDARD = tuple({sysconfig.get_paths()["stdlib"] + os.sep, sysconfig.get_paths()["platstdlib"] + os.sep})
SKIPPED = (OURS, *LIBRARIES, "<__array_function__")
_BOTTOM = str(Path(__file__).with_name("execute.py"))


class Place(NamedTuple):
    """A line of somebody's source; `site` tells operations on one line apart, and calls from different lines."""

    file: str
    line: int
    site: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"{_short(self.file)}:{self.line}"


def _short(file: str) -> str:
    """A path as the person would type it here."""
    try:
        return str(Path(file).relative_to(Path.cwd()))
    except ValueError:
        return file


class Refused(BaseException):
    """An operation that cannot be followed; no `except Exception` of the traced code swallows it."""

    def __init__(self, reason: str, place: Place | None) -> None:
        known = place if place and place.line else None
        super().__init__(f"{known}: {reason}" if known else reason)
        self.reason, self.place = reason, known


class TimedOut(Refused):
    """The time that was given is over."""


def calling_place() -> Place:
    """The nearest line of the call stack that is neither ours nor NumPy's, and the way there."""
    frame: FrameType | None = sys._getframe(1)
    file, line = "?", 0
    site: list[int] = []
    seen: list[CodeType] = []
    while frame is not None:
        name = frame.f_code.co_filename
        if name == _BOTTOM:
            break
        if not name.startswith(SKIPPED):
            if not site:
                file, line = name, frame.f_lineno
            if frame.f_code not in seen:  # a function that calls itself is at the same place however deep it is
                seen.append(frame.f_code)
                site.append(frame.f_lasti)
        frame = frame.f_back
    return Place(file, line, tuple(site))


Span = tuple[int, int, int, int]
"""First line, last line, first column, last column, as Python counts them."""


class Site(NamedTuple):
    """Where in a file an operation stands."""

    file: str
    span: Span


def calling_sites() -> tuple[Site, ...]:
    """The operation that is being executed, the call of the function that it stands in, and so on outwards."""
    frame: FrameType | None = sys._getframe(1)
    sites: list[Site] = []
    while frame is not None and frame.f_code.co_filename != _BOTTOM:
        name = frame.f_code.co_filename
        if not name.startswith(SKIPPED):
            position = next(islice(frame.f_code.co_positions(), frame.f_lasti // 2, None), (None,) * 4)
            first, last, left, right = (n or 0 for n in position)
            sites.append(Site(name, (first, last, left, right)))
        frame = frame.f_back
    return tuple(sites)


def _is_pythons(file: str) -> bool:
    """Whether a file is of Python itself, which ours and the person's call alike, and is not installed below it."""
    return file.startswith(STANDARD) and not {"site-packages", "dist-packages"} & {*Path(file).parts}


def raised_at(error: BaseException) -> Place | None:
    """The last line of the person's on the way to an error."""
    walked = traceback.extract_tb(error.__traceback__)
    frames = [f for f in walked if not f.filename.startswith(SKIPPED) and not _is_pythons(f.filename)]
    return Place(frames[-1].filename, frames[-1].lineno or 0) if frames else None
