"""`gradproof list`."""

from __future__ import annotations

import click

from gradproof import request


@click.command("list")
def command() -> None:
    """List the catalogue by chapter."""
    from gradproof.report import listing
    from symbolic.derivations import chapters

    titles = {record.id: chapter.CHAPTER[1] for chapter in chapters() for record in chapter.DERIVATIONS}
    click.echo("\n".join(listing(list(request.known()), titles)))
