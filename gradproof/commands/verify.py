"""`gradproof verify`."""

from __future__ import annotations

import gc
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gradproof import request

if TYPE_CHECKING:
    from gradproof.run import Judged
    from symbolic.notation import Axis
    from symbolic.records import Derivation


@click.command("verify")
@click.argument("ids", nargs=-1, metavar="[ID]…")
@click.option(
    "--sizes",
    metavar="D=4,H=5,K=3",
    help="Sizes to prove at: D inputs, H hidden units, K outputs, N sequences.  [default: the worked example's]",
)
@click.option(
    "--steps", type=request.Positive(), default=3, show_default=True, help="Length of the sequence to prove at."
)
@click.option("--jobs", type=request.Positive(), help="Processes.  [default: one per usable core]")
@click.option("--json", "as_json", is_flag=True, help="The documented JSON instead of the table.")
@request.own_claims
def command(
    ids: tuple[str, ...], sizes: str | None, steps: int, jobs: int | None, as_json: bool, source: Path | None
) -> None:
    """Prove the catalogue, or the claims that are named.

    An ID is one that `gradproof list` prints, a prefix (lstm.) or a glob ('lstm.dW*').  Claims are judged in
    the catalogue's order.

    Exit code 0: every claim has its expected verdict; 1: some has not; 2: usage error;
    3: some is Unknown.
    """
    given = request.pairs(sizes)
    records = request.select(request.known(source), ids)
    from gradproof import report, run
    from gradproof.table import table

    # What is imported stays, and what a proof leaves behind is little: looking for it costs a tenth of the run.
    gc.freeze()
    gc.set_threshold(200_000)
    started = time.perf_counter()
    asked = request.sizes_of(given, run.own_axes(records))
    judged, interrupted = _judge(records, asked, steps, jobs or run.usable_cores(), source)
    seconds = time.perf_counter() - started
    if as_json:
        click.echo(report.as_json(judged, seconds))
    else:
        click.echo(table(judged, _width()))
        for each in judged:
            if not each.is_expected:
                click.echo()
                click.echo("\n".join(report.explanation(each)))
        click.echo()
        click.echo(report.summary(judged, seconds))
    if interrupted:
        click.echo(f"gradproof: interrupted after {len(judged)} of {len(records)} claims", err=True)
        sys.exit(request.INTERRUPTED)
    sys.exit(run.exit_code(judged))


def _judge(
    records: list[Derivation], sizes: dict[Axis, int], steps: int, jobs: int, source: Path | None
) -> tuple[list[Judged], bool]:
    """The verdicts in the order of the records, as far as they were found, and whether Ctrl-C came."""
    from gradproof.run import Judged, Unjudged, run

    found: dict[int, Judged] = {}
    interrupted = False
    with _progress(len(records)) as advance:
        try:
            for position, verdict in run(records, sizes, steps, jobs):
                found[position] = Judged(records[position], verdict, own=source is not None)
                advance()
        except KeyboardInterrupt:
            interrupted = True
        except Unjudged as error:
            if source is None:
                raise
            raise request.BadRequest(f"{source}: {error}") from None
    return [found[position] for position in sorted(found)], interrupted


@contextmanager
def _progress(total: int) -> Iterator[Any]:
    """A transient bar on stderr, on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = TextColumn("proving"), BarColumn(), MofNCompleteColumn()
    # Without a thread of its own: processes are forked while the bar is shown.
    with Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False) as bar:
        task = bar.add_task("proving", total=total)

        def advance() -> None:
            bar.advance(task)
            bar.refresh()

        bar.refresh()
        yield advance


def _width() -> int | None:
    """The terminal's width; None where stdout is no terminal."""
    if not sys.stdout.isatty():
        return None
    return shutil.get_terminal_size().columns
