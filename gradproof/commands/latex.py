"""`gradproof latex`."""

from __future__ import annotations

from pathlib import Path

import click

from gradproof import request


@click.command("latex")
@click.argument("ids", nargs=-1, required=True, metavar="ID…")
@click.option("--steps", is_flag=True, help="Every equality with its justification.")
@click.option("--entries", is_flag=True, help="The worked example written out entry by entry.")
@click.option("--standalone", is_flag=True, help="A document that pdflatex compiles and `check` reads.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Write to a file instead of stdout.")
@request.own_claims
def command(
    ids: tuple[str, ...], steps: bool, entries: bool, standalone: bool, out: Path | None, source: Path | None
) -> None:
    """Print derivations as LaTeX.

    They stand in the order of the IDs; one that is a prefix or a glob ('lstm.dW*') stands for all that it
    matches.  What is not proved is printed too, and named on stderr.
    """
    from symbolic import latex as printer
    from symbolic.reader.declared import as_comment

    records = request.in_order(request.known(source), ids)
    for each in request.judged(records, source):
        if each.verdict.name != "proved":
            click.echo(f"gradproof: {each.record.id} is {each.verdict.name}, not proved", err=True)
    bodies = [printer.derivation_latex(record, steps=steps, entries=entries) for record in records]
    if standalone:
        bodies = [f"{as_comment(record)}\n{body}" for record, body in zip(records, bodies, strict=True)]
    body = "\n\n".join(bodies)
    text = printer.standalone(body) if standalone else body
    if out is None:
        click.echo(text)
    else:
        request.write(out, text + "\n")
