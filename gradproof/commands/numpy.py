"""`gradproof numpy`."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gradproof import request

if TYPE_CHECKING:
    from symbolic.model import Model
    from symbolic.records import Derivation

BETWEEN = "\n\n\n"


@click.command("numpy")
@click.argument("names", nargs=-1, required=True, metavar="CELL|ID…")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Write to a file instead of stdout.")
def command(names: tuple[str, ...], out: Path | None) -> None:
    """Print NumPy source from proved closed forms.

    Of a CELL, which is rnn, rnn-squared, lstm, lstm-squared, gru or minibatch: its forward and backward pass
    over a batch of sequences of one length; it has no masks, numeric.reference has.

    Of IDs, prefixes or globs ('lstm.dW*'): one module with a function for each derivation, in their order.
    `lstm` is the cell, `lstm.` a prefix.  What is not proved is refused.
    """
    chosen = _chosen(names)
    from numeric import numpy_source

    try:
        source = _module(numpy_source(each) for each in chosen)
    except ValueError as error:
        raise request.BadRequest(str(error)) from None
    if out is None:
        click.echo(source, nl=False)
    else:
        request.write(out, source)


def _chosen(names: Iterable[str]) -> list[Model] | list[Derivation]:
    """The one model, or the derivations in the order of their names, each once."""
    from symbolic.models import models
    from symbolic.records import UnknownId

    names = list(dict.fromkeys(names))
    cells = [models()[name] for name in names if name in models()]
    if cells and len(names) > 1:
        raise request.BadRequest(
            f"{cells[0].name} is a cell, a module of its own; ask for it alone, or for derivations by their ids"
        )
    known = request.known()
    for name in names:
        try:
            if name not in models():
                known.select([name])
        except UnknownId:
            raise request.BadRequest(f"no cell or derivation is called {name}; {_hint(name, known.by_id)}") from None
    return cells or request.in_order(known, names)


def _hint(name: str, ids: Iterable[str]) -> str:
    from symbolic.models import models

    near = difflib.get_close_matches(name, [*ids, *models()], n=3, cutoff=0.4)
    return f"the nearest: {', '.join(near)}" if near else "gradproof list names the derivations, rnn is a cell"


def _module(sources: Iterable[str]) -> str:
    """One module of several: imports first, and each import and helper once."""
    blocks = dict.fromkeys(block.rstrip() for source in sources for block in source.split(BETWEEN))
    return BETWEEN.join(sorted(blocks, key=lambda block: not block.startswith("import "))) + "\n"
