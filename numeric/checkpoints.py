"""A training run as a file: settings, text and state, to go on with exactly where it stopped.

In:  `Settings`, a `Text`, a `State`.
Out: `packed(…)`, the bytes of an .npz; `unpacked(bytes)`, a `Checkpoint`, or ValueError where they are none.
"""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from zipfile import BadZipFile

import numpy as np

from numeric.characters import DTYPE, Text
from numeric.reference.losses import Array
from numeric.training import Settings, State, start, states
from symbolic.models import models

FORMAT = "gradproof training 1"
# What NumPy, zipfile and json raise where the bytes are not what they expect.
_DAMAGED = (ValueError, LookupError, TypeError, AttributeError, EOFError, OSError, RuntimeError, BadZipFile, zlib.error)


@dataclass(frozen=True)
class Checkpoint:
    """What stood in a file; `digest` is that of the text."""

    settings: Settings
    digest: str
    state: State


def packed(settings: Settings, text: Text, state: State) -> bytes:
    """The bytes of an .npz."""
    about = {"format": FORMAT, "settings": asdict(settings), "text": text.digest, "step": state.step}
    arrays = {f"parameter {name}": array for name, array in state.parameters.items()}
    arrays |= {f"carried {name}": array for name, array in state.carried.items()}
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, about=np.array(json.dumps(about)), losses=state.losses, **arrays)
    return file.getvalue()


def unpacked(content: bytes) -> Checkpoint:
    """The checkpoint that these bytes are."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        about = json.loads(str(arrays["about"]))
        if about["format"] != FORMAT:
            raise ValueError(about["format"])
        state = State(about["step"], _named(arrays, "parameter "), _named(arrays, "carried "), arrays["losses"])
        return Checkpoint(Settings(**about["settings"]), about["text"], state)
    except _DAMAGED:
        raise ValueError("it is damaged, or no checkpoint of a training") from None


def continued(checkpoint: Checkpoint, settings: Settings, text: Text) -> State:
    """The state to go on from under these settings; ValueError where it belongs to another run."""
    if checkpoint.digest != text.digest:
        raise ValueError("it was trained on another text")
    state, first = checkpoint.state, start(settings, text)
    shapes = {name: array.shape for name, array in first.parameters.items()}
    carried = states(models()[settings.cell]) if state.step else ()
    if not (
        _are(state.parameters, shapes)
        and _are(state.carried, dict.fromkeys(carried, (text.lanes, settings.hidden)))
        and state.losses.shape == (state.step,)
        and state.losses.dtype == first.losses.dtype
    ):
        raise ValueError("it is damaged: its arrays do not have the shapes of the network that it names")
    return state


def _are(arrays: Mapping[str, Array], shapes: Mapping[str, tuple[int, ...]]) -> bool:
    finite = all(array.dtype == DTYPE and np.isfinite(array).all() for array in arrays.values())
    return finite and {name: array.shape for name, array in arrays.items()} == shapes


def _named(arrays: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
