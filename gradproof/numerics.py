"""What the commands that compute share: one thread, files checked before the work, line charts.

In:  a path, curves.  Out: nothing, or one line, a `BadRequest`; the bytes of a PNG.
"""

from __future__ import annotations

import importlib.util
import io
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from gradproof.request import BadRequest

Curve = tuple[Sequence[float], Sequence[float]]


def one_thread() -> None:
    """One thread for BLAS, unless told otherwise: products this small lose by threads.  Before NumPy is imported."""
    for variable in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
        os.environ.setdefault(variable, "1")


def writable(path: Path) -> None:
    """Nothing, where `request.write` will be able to write; else a BadRequest."""
    target = path.resolve()
    if target.exists() and not target.is_file():
        raise BadRequest(f"cannot write {path}: it is not a regular file")
    try:
        with tempfile.TemporaryFile(dir=target.parent):
            pass
    except OSError as error:
        raise BadRequest(f"cannot write {path}: {error.strerror}") from None


def plottable(path: Path | None) -> Path | None:
    """The path, where a chart was asked for and can be drawn; without matplotlib a line on stderr says so."""
    if path is None:
        return None
    if path.suffix.lower() != ".png":
        raise BadRequest(f"cannot draw {path}: the picture is a PNG; pass a name that ends in .png")
    writable(path)
    if importlib.util.find_spec("matplotlib") is None:
        click.echo("gradproof: no plot: matplotlib is not installed (pip install 'gradproof[plots]')", err=True)
        return None
    return path


def png(
    curves: Mapping[str, Curve], x: str, y: str, level: tuple[str, float] | None = None, logarithmic: bool = False
) -> bytes:
    """A line chart with a legend, and a level to compare with, dashed."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    for label, (xs, ys) in curves.items():
        axes.plot(xs, ys, label=label)
    if level is not None:
        axes.axhline(level[1], linestyle="--", color="black", label=level[0])
    axes.set(xlabel=x, ylabel=y, yscale="log" if logarithmic else "linear")
    axes.grid(alpha=0.3)
    axes.legend()
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()
