"""`gradproof list`."""

from __future__ import annotations

import click

from gradproof import request


@click.command("list")
def command() -> None:
    """List the catalogue by chapter.

    A line has the id of a derivation, what it is, and where it is a misprint the verdict that it is to get:
    [refuted] or [ill_typed].
    """
    from gradproof.report import listing
    from symbolic.derivations import chapters

    titles = {record.id: chapter.CHAPTER[1] for chapter in chapters() for record in chapter.DERIVATIONS}
    click.echo("\n".join(listing(list(request.known()), titles)))
