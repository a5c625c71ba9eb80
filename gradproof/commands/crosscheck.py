"""`gradproof crosscheck`."""

from __future__ import annotations

import difflib
import json
import math
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from gradproof import request

if TYPE_CHECKING:
    from numeric.crosscheck import Pair, Row
    from symbolic.model import Model

GAP = "  "


@click.command("crosscheck")
@click.argument("cells", nargs=-1, metavar="[CELL]…")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the random input.")
@click.option("--json", "as_json", is_flag=True, help="The documented JSON instead of the table.")
def command(cells: tuple[str, ...], seed: int, as_json: bool) -> None:
    """Hold a cell's gradients from every side against each other.

    A CELL is rnn, rnn-squared, lstm, lstm-squared, gru or minibatch; by default all.

    The sides: compiled and generated from the formulas, the reference written by hand, differences of
    the equations, and PyTorch's autograd where it is installed.  A row shows the largest relative
    difference of each pair.  Exit code 0: all pairs agree; 1: one does not; 2: usage error.
    """
    chosen = _chosen(cells)
    from numeric.crosscheck import crosscheck

    started = time.perf_counter()
    rows: list[Row] = []
    with _progress() as show:
        for cell in chosen:
            show(cell.name)
            try:
                rows += crosscheck(cell, seed)
            except ValueError as error:
                raise request.BadRequest(str(error)) from None
    seconds = time.perf_counter() - started
    if as_json:
        click.echo(_json(rows, seconds))
    else:
        click.echo("\n".join([*_table(rows, _width()), "", *_summary(rows, seconds)]))
    sys.exit(0 if all(row.agrees for row in rows) else 1)


def _chosen(names: Iterable[str]) -> list[Model]:
    """The cells of these names, or all; a cell is a model with steps."""
    from symbolic.models import models

    cells = {name: model for name, model in models().items() if model.is_sequence}
    for name in names:
        if name not in cells:
            near = difflib.get_close_matches(name, cells, n=3, cutoff=0.4)
            there_are = f"the nearest: {', '.join(near)}" if near else f"the cells are {', '.join(cells)}"
            raise request.BadRequest(f"there is no cell {name}; {there_are}")
    return [cells[name] for name in dict.fromkeys(names)] or list(cells.values())


Column = tuple[Sequence[str], Callable[["Row"], str]]


def _table(rows: Sequence[Row], width: int | None) -> list[str]:
    """One row per array; on a terminal too narrow for every pair, the pair that is furthest apart."""
    heads, lines = _aligned(_every_pair(rows), rows)
    if width is None:
        return [*heads, *lines]
    if max(map(len, lines)) > width:
        heads, lines = _aligned(_worst_pair(), rows)
    styled = [
        line if row.agrees else click.style(line, fg="red", bold=True) for row, line in zip(rows, lines, strict=True)
    ]
    return [*(click.style(head, bold=True) for head in heads), *styled]


def _every_pair(rows: Sequence[Row]) -> list[Column]:
    """A column for each pair, its head in two lines; float32 by its worst pair."""

    def at(pair: Pair) -> Callable[[Row], str]:
        return lambda row: _number(row.differences["float64"][pair]) if pair in row.differences["float64"] else "-"

    pairs = dict.fromkeys(pair for row in rows for pair in row.differences["float64"])
    return [
        (("", "cell"), lambda row: row.cell),
        (("", "array"), lambda row: row.array),
        *((pair, at(pair)) for pair in pairs),
        (("", "float32"), lambda row: _number(_worst(row, "float32")[1])),
        (("", "sizes"), lambda row: " ".join(f"{axis}={n}" for axis, n in row.sizes.items())),
        (("", "T"), lambda row: str(row.steps)),
        (("", "seed"), lambda row: str(row.seed)),
    ]


def _worst_pair() -> list[Column]:
    return [
        (("cell",), lambda row: row.cell),
        (("array",), lambda row: row.array),
        (("float64",), lambda row: _number(_worst(row, "float64")[1])),
        (("between",), lambda row: _pair(_worst(row, "float64")[0])),
        (("float32",), lambda row: _number(_worst(row, "float32")[1])),
    ]


def _aligned(columns: Sequence[Column], rows: Sequence[Row]) -> tuple[list[str], list[str]]:
    """The lines of the head and those of the rows."""
    filled = [[*heads, *(text(row) for row in rows)] for heads, text in columns]
    widths = [max(map(len, column)) for column in filled]
    lines = [
        GAP.join(f"{cell:<{w}}" for cell, w in zip(cells, widths, strict=True)).rstrip()
        for cells in zip(*filled, strict=True)
    ]
    return lines[: -len(rows)], lines[-len(rows) :]


def _summary(rows: Sequence[Row], seconds: float) -> Iterator[str]:
    """Every pair that disagrees, then how many arrays do."""
    from numeric.crosscheck import TOLERANCE

    for row in rows:
        for precision, tolerance in TOLERANCE.items():
            for pair in row.disagreeing(precision):
                found = f"{_number(row.differences[precision][pair])} in {precision}"
                yield f"{row.cell} {row.array}: {_pair(pair)} differ by {found}, allowed are {tolerance:g}"
    if not any("autograd" in pair for row in rows for pair in row.differences["float64"]):
        yield "autograd is left out: PyTorch is not installed (the extra oracles)"
    wrong = sum(not row.agrees for row in rows)
    within = ", ".join(f"{precision} {tolerance:g}" for precision, tolerance in TOLERANCE.items())
    yield f"{len(rows)} arrays: {len(rows) - wrong} agree, {wrong} disagree; tolerance {within}; {seconds:.1f} s"


def _worst(row: Row, precision: str) -> tuple[Pair, float]:
    return max(row.differences[precision].items(), key=lambda each: each[1])


def _pair(pair: Pair) -> str:
    return "/".join(pair)


def _number(found: float) -> str:
    return f"{found:.1e}" if found else "0"


def _json(rows: Sequence[Row], seconds: float) -> str:
    """The schema of docs/json.md."""
    from numeric.crosscheck import TOLERANCE

    summary = {
        "rows": len(rows),
        "disagreeing": sum(not row.agrees for row in rows),
        "tolerance": TOLERANCE,
        "seconds": seconds,
    }
    return json.dumps({"rows": [_row(row) for row in rows], "summary": summary}, allow_nan=False)


def _row(row: Row) -> dict[str, Any]:
    return {
        "cell": row.cell,
        "array": row.array,
        **{precision: _finite(row.differences[precision]) for precision in row.differences},
        "agrees": row.agrees,
        "sizes": dict(row.sizes),
        "steps": row.steps,
        "seed": row.seed,
    }


def _finite(differences: Mapping[Pair, float]) -> dict[str, float | None]:
    return {_pair(pair): found if math.isfinite(found) else None for pair, found in differences.items()}


@contextmanager
def _progress() -> Iterator[Any]:
    """Which cell is at work, on stderr, on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda name: None
        return
    from rich.console import Console

    with Console(stderr=True).status("") as status:
        yield lambda name: status.update(f"{name} …")


def _width() -> int | None:
    """The terminal's width; None where stdout is no terminal."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None
