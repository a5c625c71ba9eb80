"""The command line: verify, list, show, latex.

In:  arguments.  Out: rows, text or JSON on stdout, progress and errors on stderr, an exit code:
0 every verdict is the expected one, 1 some is not, 2 the request itself is wrong, 3 some is
Unknown (and none is wrong), 130 interrupted.
Modules that need SymPy are imported by the commands that need them.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from gradproof.run import Judged
    from symbolic.notation import Axis
    from symbolic.records import Catalogue, Derivation

INTERRUPTED = 130


class BadRequest(click.ClickException):
    """One clear line on stderr, exit code 2."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        click.echo(f"gradproof: {self.format_message()}", err=True)


class _OneLine(click.Group):
    """A group whose usage errors and interruptions are one line too."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            raise BadRequest(error.format_message()) from None
        except KeyboardInterrupt:
            click.echo("gradproof: interrupted", err=True)
            sys.exit(INTERRUPTED)


class _Positive(click.ParamType[int]):
    name = "N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        flag = param.opts[0] if param else ""
        return _positive(flag, value)


@click.group(cls=_OneLine, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gradproof")
def main() -> None:
    """Prove or refute gradients of recurrent networks that people wrote by hand."""


own_claims = click.option(
    "--from", "source", type=click.Path(path_type=Path), metavar="FILE.py", help="Your own claims, not the catalogue."
)


@main.command()
@click.argument("ids", nargs=-1, metavar="[ID]…")
@click.option("--sizes", metavar="D=4,H=5,K=3", help="Sizes of the axes.  [default: the worked example]")
@click.option("--steps", type=_Positive(), default=3, show_default=True, help="Length of the sequence.")
@click.option("--jobs", type=_Positive(), help="Processes.  [default: one per usable core]")
@click.option("--json", "as_json", is_flag=True, help="The documented JSON instead of the table.")
@own_claims
def verify(
    ids: tuple[str, ...], sizes: str | None, steps: int, jobs: int | None, as_json: bool, source: Path | None
) -> None:
    """Prove the catalogue, or the claims whose id, prefix or glob is given.

    Exit code 0: every claim has its expected verdict; 1: some has not; 2: usage error;
    3: some is Unknown.
    """
    given = _pairs(sizes)
    records = _select(_known(source), ids)
    from gradproof import report, run

    started = time.perf_counter()
    asked = _sizes(given, run.own_axes(records))
    judged, interrupted = _judge(records, asked, steps, jobs or run.usable_cores(), source)
    seconds = time.perf_counter() - started
    if as_json:
        click.echo(report.as_json(judged, seconds))
    else:
        click.echo(report.table(judged, _width()))
        for each in judged:
            if not each.is_expected:
                click.echo()
                click.echo("\n".join(report.explanation(each)))
        click.echo()
        click.echo(report.summary(judged, seconds))
    if interrupted:
        click.echo(f"gradproof: interrupted after {len(judged)} of {len(records)} claims", err=True)
        sys.exit(INTERRUPTED)
    sys.exit(run.exit_code(judged))


@main.command("list")
def list_() -> None:
    """List the catalogue by chapter."""
    from gradproof.report import listing
    from symbolic.derivations import chapters

    titles = {record.id: chapter.CHAPTER[1] for chapter in chapters() for record in chapter.DERIVATIONS}
    click.echo("\n".join(listing(list(_catalogue()), titles)))


@main.command()
@click.argument("id", metavar="ID")
@own_claims
def show(id: str, source: Path | None) -> None:
    """Show all that is known of a claim; for a refuted one, the counterexample.

    A prefix or a glob shows every claim that it matches.
    """
    from gradproof.report import full
    from gradproof.run import Judged
    from symbolic.prove import prove

    known = _known(source)
    texts = []
    for record in _select(known, [id]):
        repair = {**_catalogue().by_id, **known.by_id}.get(record.repair)
        texts.append("\n".join(full(Judged(record, prove(record), own=source is not None), repair)))
    click.echo("\n\n".join(texts))


@main.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID…")
@click.option("--steps", is_flag=True, help="Every equality with its justification.")
@click.option("--entries", is_flag=True, help="The worked example written out entry by entry.")
@click.option("--standalone", is_flag=True, help="A document that pdflatex compiles.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Write to a file instead of stdout.")
@own_claims
def latex(
    ids: tuple[str, ...], steps: bool, entries: bool, standalone: bool, out: Path | None, source: Path | None
) -> None:
    """Print derivations as LaTeX."""
    from symbolic import latex as printer

    records = _select(_known(source), ids)
    body = "\n\n".join(printer.derivation_latex(record, steps=steps, entries=entries) for record in records)
    text = printer.standalone(body) if standalone else body
    if out is None:
        click.echo(text)
    else:
        _write(out, text + "\n")


def _catalogue() -> Catalogue:
    from symbolic.derivations import catalogue

    return catalogue()


def _known(source: Path | None) -> Catalogue:
    """The catalogue, or the claims of a person's own file."""
    from gradproof.claims import load

    with _one_line():
        return _catalogue() if source is None else load(source)


def _select(records: Catalogue, ids: Iterable[str]) -> list[Derivation]:
    with _one_line():
        return records.select(ids)


@contextmanager
def _one_line() -> Iterator[None]:
    """What a person got wrong, as a BadRequest."""
    from gradproof.claims import BadClaims
    from symbolic.records import UnknownId

    try:
        yield
    except (BadClaims, UnknownId) as error:
        raise BadRequest(str(error)) from None


def _pairs(text: str | None) -> dict[str, int]:
    """`D=4,H=5` as numbers by name."""
    pairs: dict[str, int] = {}
    for pair in text.split(",") if text is not None else ():
        name, equals, value = (part.strip() for part in pair.partition("="))
        if not (name and equals and value):
            raise BadRequest(f"--sizes: {pair!r} is not of the form AXIS=SIZE, as in D=4,H=5,K=3")
        pairs[name] = _positive(f"--sizes: {name}", value)
    return pairs


def _positive(what: str, value: Any) -> int:
    try:
        number = int(str(value))
    except ValueError:
        number = 0
    if number <= 0:
        raise BadRequest(f"{what} must be a positive integer, not {value!r}")
    return number


def _sizes(given: dict[str, int], own: Iterable[Axis]) -> dict[Axis, int]:
    from symbolic.notation import AXES

    axes = [*AXES.values(), *own]
    for name in given:
        if name not in {axis.name for axis in axes}:
            known = ", ".join(dict.fromkeys(axis.name for axis in axes))
            raise BadRequest(f"--sizes: there is no axis {name}; the axes are {known}")
    return {axis: given[axis.name] for axis in axes if axis.name in given}


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
            raise BadRequest(f"{source}: {error}") from None
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


def _write(path: Path, text: str) -> None:
    """The whole file or nothing: written beside it, then renamed."""
    target = path.resolve()
    if target.exists() and not target.is_file():
        raise BadRequest(f"cannot write {path}: it is not a regular file")
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        try:
            beside.write_text(text, encoding="utf-8")
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise BadRequest(f"cannot write {path}: {error.strerror}") from None
