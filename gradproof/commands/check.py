"""`gradproof check`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gradproof import request

if TYPE_CHECKING:
    from gradproof.check_run import Checked, Document


@click.command("check")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE…")
@click.option(
    "--declare",
    type=click.Path(path_type=Path),
    metavar="FILE|DIR",
    help="Declarations; of a DIR, <stem>.check.  [default: <stem>.check beside the document, if there]",
)
@click.option("--json", "as_json", is_flag=True, help="The documented JSON instead of text.")
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "github"]),
    default="text",
    show_default=True,
    help="Text, or annotations for GitHub.",
)
@click.option("--allow-unread", is_flag=True, help="What cannot be read or decided is a warning.")
@click.option("--jobs", type=request.Positive(), help="Processes.  [default: one per usable core]")
@click.option("--suggest", is_flag=True, help="Draft the declaration block of a document instead.")
def command(
    files: tuple[Path, ...],
    declare: Path | None,
    as_json: bool,
    style: str,
    allow_unread: bool,
    jobs: int | None,
    suggest: bool,
) -> None:
    """Judge every formula of notes, papers and notebooks.

    Exit code 0: nothing is wrong and everything was read; 1: something is refuted, ill-typed,
    ambiguous or a definition with a defect; 2: usage error; 3: something was not read or decided.
    """
    from gradproof import check_report, check_run

    if suggest and (as_json or style != "text"):
        raise request.BadRequest("--suggest prints declarations, no findings: leave out --json and --format")
    documents = check_run.documents(files, declare)
    if suggest:
        for draft in _drafts(documents):
            click.echo(draft)
        return
    checked = _checked(documents, jobs)
    if as_json:
        click.echo(check_report.as_json(checked.findings))
    else:
        for line in check_report.lines(checked.findings, style):
            click.echo(line)
        if style == "text":
            click.echo(check_report.summary(checked.findings, checked.seconds))
    if allow_unread and (note := check_report.unread_note(checked.findings)):
        click.echo(f"gradproof: warning: {note}", err=True)
    sys.exit(check_run.exit_code(checked.findings, allow_unread))


def _drafts(documents: list[Document]) -> list[str]:
    """The declaration block of each; raises BadRequest where one is no document."""
    from symbolic.reader.scan import Unscannable
    from symbolic.reader.suggest import suggestion

    try:
        return [suggestion(document.name, document.content) for document in documents]
    except Unscannable as error:
        raise request.BadRequest(str(error)) from None


def _checked(documents: list[Document], jobs: int | None) -> Checked:
    from gradproof import check_run
    from gradproof.run import usable_cores

    done = 0

    def advance(formulas: int) -> None:
        nonlocal done
        done += formulas
        if sys.stderr.isatty():
            click.echo(f"\r{done} formulas", nl=False, err=True)

    try:
        return check_run.checked(documents, jobs or usable_cores(), advance)
    finally:
        if sys.stderr.isatty():
            click.echo("\r" + " " * 20 + "\r", nl=False, err=True)
