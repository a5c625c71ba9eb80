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

    known = request.known(source)
    texts = []
    for each in request.judged(request.select(known, [id]), source):
        repair = {**request.known().by_id, **known.by_id}.get(each.record.repair)
        texts.append("\n".join(full(each, repair)))
    click.echo("\n\n".join(texts))
