"""`gradproof numpy`."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gradproof import request

if TYPE_CHECKING:
    from symbolic.model import Model
    from symbolic.records import Derivation


@click.command("numpy")
@click.argument("name", metavar="CELL|ID")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Write to a file instead of stdout.")
def command(name: str, out: Path | None) -> None:
    """Print NumPy source from proved closed forms.

    Of a cell: its forward and backward pass over a batch of sequences of one length; it has no masks,
    numeric.reference has.  Of a derivation: the function that it states.  What is not proved is refused.
    """
    chosen = _chosen(name)
    from numeric import numpy_source

    try:
        source = numpy_source(chosen)
    except ValueError as error:
        raise request.BadRequest(str(error)) from None
    if out is None:
        click.echo(source, nl=False)
    else:
        request.write(out, source)


def _chosen(name: str) -> Model | Derivation:
    """The model or the derivation of this name."""
    from symbolic.models import models

    known: dict[str, Model | Derivation] = {**request.known().by_id, **models()}
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
        hint = f"the nearest: {', '.join(near)}" if near else "gradproof list names the derivations, rnn is a cell"
        raise request.BadRequest(f"no cell or derivation is called {name}; {hint}")
    return known[name]
