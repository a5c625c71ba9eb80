"""`gradproof show`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gradproof import request

if TYPE_CHECKING:
    from symbolic.model import Model
    from symbolic.records import Catalogue


@click.command("show")
@click.argument("names", nargs=-1, required=True, metavar="ID|MODEL…")
@request.own_claims
def command(names: tuple[str, ...], source: Path | None) -> None:
    """Show all that is known of a claim, or the arrays of a model.

    Of an ID, or of all that a prefix or a glob ('lstm.dW*') matches: the verdict and what backs it, every
    equality with its reason, and the counterexample of what is refuted.

    Of a MODEL: its equations, and for each array its name in a claim and in a note, its shape, and what it
    is.  The models are rnn, rnn-squared, lstm, lstm-squared, gru, minibatch, head and head-squared; with
    --from, those of the file's claims.  `lstm` is the model, `lstm.` a prefix.
    """
    known = request.known(source)
    models = _models(known, source)
    texts = []
    for name in dict.fromkeys(names):
        if name in models and name not in known.by_id:
            from gradproof.model_report import lines

            texts.append("\n".join(lines(models[name], known)))
        else:
            texts += _claims(name, known, source)
    click.echo("\n\n".join(texts))


def _models(known: Catalogue, source: Path | None) -> dict[str, Model]:
    """Every model by name; with a person's own claims, those that they are about."""
    if source is not None:
        return {record.model.name: record.model for record in known if record.model}
    from symbolic.models import models

    return models()


def _claims(id: str, known: Catalogue, source: Path | None) -> Iterator[str]:
    """The text of each claim that an id, a prefix or a glob names."""
    from gradproof.report import full

    repairs = {**request.known().by_id, **known.by_id}
    for each in request.judged(request.select(known, [id]), source):
        yield "\n".join(full(each, repairs.get(each.record.repair)))
