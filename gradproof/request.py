"""What a person asked for on the command line, checked: ids, sizes, files.

In:  arguments as they were typed.  Out: records, numbers, a written file; or one line, a `BadRequest`.
Modules that need SymPy are imported by the functions that need them.
"""

from __future__ import annotations

import os
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


class Positive(click.ParamType[int]):
    """A whole number from 1."""

    name = "N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        return positive(param.opts[0] if param else "", value)


own_claims = click.option(
    "--from", "source", type=click.Path(path_type=Path), metavar="FILE.py", help="Your own claims, not the catalogue."
)


def known(source: Path | None = None) -> Catalogue:
    """The catalogue, or the claims of a person's own file."""
    from gradproof.claims import load
    from symbolic.derivations import catalogue

    with _one_line():
        return catalogue() if source is None else load(source)


def select(records: Catalogue, ids: Iterable[str]) -> list[Derivation]:
    """The records that ids, prefixes and globs name, in the catalogue's order; all for no id."""
    with _one_line():
        return records.select(ids)


def in_order(records: Catalogue, ids: Iterable[str]) -> list[Derivation]:
    """The same in the order of the ids, each once; what a prefix or a glob names, in the catalogue's."""
    return list(dict.fromkeys(record for id in ids for record in select(records, [id])))


def judged(records: list[Derivation], source: Path | None) -> list[Judged]:
    """The records and their verdicts; one of a person's own file that makes no sense is a BadRequest."""
    from gradproof.run import Judged, Unjudged, run, usable_cores

    try:
        found = dict(run(records, {}, 3, usable_cores()))
    except Unjudged as error:
        if source is None:
            raise
        raise BadRequest(f"{source}: {error}") from None
    return [Judged(record, found[position], own=source is not None) for position, record in enumerate(records)]


@contextmanager
def _one_line() -> Iterator[None]:
    """What a person got wrong, as a BadRequest."""
    from gradproof.claims import BadClaims
    from symbolic.records import UnknownId

    try:
        yield
    except (BadClaims, UnknownId) as error:
        raise BadRequest(str(error)) from None


def pairs(text: str | None) -> dict[str, int]:
    """`D=4,H=5` as numbers by name."""
    found: dict[str, int] = {}
    for pair in text.split(",") if text is not None else ():
        name, equals, value = (part.strip() for part in pair.partition("="))
        if not (name and equals and value):
            raise BadRequest(f"--sizes: {pair!r} is not of the form AXIS=SIZE, as in D=4,H=5,K=3")
        if name in found:
            raise BadRequest(f"--sizes: {name} is given twice")
        found[name] = positive(f"--sizes: {name}", value)
    return found


def positive(what: str, value: Any) -> int:
    """A whole number from 1, however it was typed."""
    try:
        number = int(str(value))
    except ValueError:
        number = 0
    if number <= 0:
        raise BadRequest(f"{what} must be a positive integer, not {value!r}")
    return number


def sizes_of(given: dict[str, int], own: Iterable[Axis]) -> dict[Axis, int]:
    """Sizes by axis; `own` are the axes of the claims that the notation does not have."""
    from symbolic.notation import AXES

    axes = [*AXES.values(), *own]
    for name in given:
        if name not in {axis.name for axis in axes}:
            there_are = ", ".join(dict.fromkeys(axis.name for axis in axes))
            raise BadRequest(f"--sizes: there is no axis {name}; the axes are {there_are}")
    return {axis: given[axis.name] for axis in axes if axis.name in given}


def write(path: Path, content: str | bytes) -> None:
    """The whole file or nothing: written beside it, then renamed."""
    target = path.resolve()
    if target.exists() and not target.is_file():
        raise BadRequest(f"cannot write {path}: it is not a regular file")
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        try:
            beside.write_bytes(content.encode() if isinstance(content, str) else content)
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise BadRequest(f"cannot write {path}: {error.strerror}") from None
