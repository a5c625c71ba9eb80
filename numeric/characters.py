"""A text as one-hot windows for a character model, and what a bigram model makes of it.

In:  a text, the length of a window, how many of them run side by side.
Out: `Text`, whose window number s is x, y (T, N, K), y one character ahead of x; its entropy.
"""

from __future__ import annotations

import builtins
import hashlib
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numeric.reference.losses import Array

DTYPE = np.float32


@dataclass(frozen=True)
class Text:
    """A text cut into `lanes` stretches, each read in `count` windows of `window` characters.

    `codes` are positions in `alphabet` of the characters that are used: the first
    lanes · count · window of the text, and the one after, which the last of them predicts.
    """

    alphabet: str
    codes: NDArray[np.intp]
    lanes: int
    count: int
    window: int

    def at(self, step: int) -> tuple[Array, Array]:
        """The characters of a window and the characters after them, (T, N, K); after the last comes the first."""
        start = step % self.count * self.window
        return self._window(start), self._window(start + 1)

    def one_hot(self, codes: NDArray[np.intp]) -> Array:
        """An entry 1 at each code, on a new last axis."""
        entries = np.zeros((*codes.shape, len(self.alphabet)), DTYPE)
        np.put_along_axis(entries, codes[..., None], 1, axis=-1)
        return entries

    @property
    def predictions(self) -> int:
        """How many characters are predicted in one pass over the text."""
        return len(self.codes) - 1

    @cached_property
    def bigram_entropy(self) -> float:
        """−Σ_ab p(a, b) log p(b | a) in nats per character, p as counted in the text.

        No smoothing: it is the least cross-entropy that any bigram model has on this text.
        """
        K = len(self.alphabet)
        counts = np.unique(self.codes[:-1] * K + self.codes[1:], return_counts=True)
        firsts = np.bincount(self.codes[:-1], minlength=K)
        return float(-(counts[1] * np.log(counts[1] / firsts[counts[0] // K])).sum() / self.predictions)

    @property
    def digest(self) -> str:
        """Tells one text, cut in one way, from another."""
        cut = f"{self.alphabet} {self.lanes} {self.count} {self.window} "
        return hashlib.sha256(cut.encode() + self.codes.astype("<i8").tobytes()).hexdigest()

    def _window(self, start: int) -> Array:
        stretches = self.count * self.window * np.arange(self.lanes)
        return self.one_hot(self.codes[start + np.arange(self.window)[:, None] + stretches])


def text_of(characters: str, window: int, batch: int) -> Text:
    """A text in at most `batch` lanes; ValueError where it is shorter than one window, or all one character."""
    lanes = min(batch, (len(characters) - 1) // window)
    if lanes < 1:
        raise ValueError(
            f"the text has {len(characters)} characters, and one window of {window} needs {window + 1}; "
            "pass a longer text or a shorter window"
        )
    count = (len(characters) - 1) // (lanes * window)
    alphabet, codes = np.unique(_code_points(characters[: lanes * count * window + 1]), return_inverse=True)
    if len(alphabet) < 2:
        raise ValueError(f"the text repeats one character, {chr(alphabet[0])!r}; pass one with at least two")
    return Text("".join(map(chr, alphabet)), codes, lanes, count, window)


def builtin_docstrings() -> str:
    """The docstrings of Python's built-in types and functions, each once: a text that every CPython carries."""
    return "\n\n".join(dict.fromkeys(inspect.cleandoc(each) for each in _docstrings()))


def _docstrings() -> Iterator[str]:
    for _, value in sorted(vars(builtins).items()):
        if isinstance(value, type):
            yield from (own.__doc__ for own in (value, *_attributes(value)) if isinstance(own.__doc__, str))
        elif inspect.isbuiltin(value) and value.__doc__:
            yield value.__doc__


def _attributes(value: type) -> list[Any]:
    return [attribute for _, attribute in sorted(vars(value).items())]


def _code_points(characters: str) -> NDArray[np.uint32]:
    return np.frombuffer(characters.encode("utf-32-le"), np.uint32)
