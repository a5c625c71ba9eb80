"""`gradproof show`."""

from __future__ import annotations

from pathlib import Path

import click

from gradproof import request


@click.command("show")
@click.argument("id", metavar="ID")
@request.own_claims
def command(id: str, source: Path | None) -> None:
    """Show all that is known of a claim; for a refuted one, the counterexample.

    A prefix or a glob shows every claim that it matches.
    """
    from gradproof.report import full
    from gradproof.run import Judged
    from symbolic.prove import prove

    known = request.known(source)
    texts = []
    for record in request.select(known, [id]):
        repair = {**request.known().by_id, **known.by_id}.get(record.repair)
        texts.append("\n".join(full(Judged(record, prove(record), own=source is not None), repair)))
    click.echo("\n\n".join(texts))
