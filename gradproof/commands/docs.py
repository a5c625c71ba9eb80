"""`gradproof docs`."""

from __future__ import annotations

import sys
import time
import webbrowser
from pathlib import Path

import click

from gradproof import request


@click.command("docs")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default="site",
    show_default=True,
    metavar="DIR",
    help="Folder of the site.",
)
@click.option("--open", "opens", is_flag=True, help="Show it in the browser.")
@click.option("--pdf", is_flag=True, help="Print it as a PDF as well, beside its front page (needs Chromium).")
def command(out: Path, opens: bool, pdf: bool) -> None:
    """Build the book of verified formulas, a site, from a proof run.

    What has not changed since the last build is not proved again.  Exit code 0: built; 1: some formula has
    not the verdict that it stands for, and nothing is written; 2: usage error.
    """
    from gradproof import report, run

    try:
        from gradproof.site import build
    except ModuleNotFoundError as missing:
        raise request.BadRequest(f"the site needs {missing.name}: pip install 'gradproof[docs]'") from None
    started = time.perf_counter()
    records = list(request.known())
    try:
        site = build.build(records, out, build.default_kept(), pdf)
    except build.Unproved as unproved:
        for each in unproved.judged:
            click.echo("\n".join(report.explanation(each)))
        click.echo("gradproof: the site is not built", err=True)
        sys.exit(run.exit_code(unproved.judged))
    found = site.run
    own = len(found.verdicts) - len(records)
    claims = f"{len(records)} claims of the catalogue and {own} of its own, {found.proved_now} of them judged now"
    documents = f"{len(found.findings)} documents, {found.read_now} of them judged now"
    click.echo(f"{site.index}: {claims}; {documents}; {time.perf_counter() - started:.1f} s")
    if opens:
        webbrowser.open(site.index.resolve().as_uri())
