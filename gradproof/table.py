"""The table of `gradproof verify`, as wide as the terminal, or as a line of a log.

In:  judged records, the width of the terminal; None for a file or a pipe.
Out: a row per claim; what a row has no room for stands below it, indented.
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import Any

import click

from gradproof.report import hypotheses, style, verdict_text
from gradproof.run import Judged

COLUMNS = ("id", "statement", "verdict", "hypotheses", "scope", "seconds")
LAYOUTS = (COLUMNS, ("id", "verdict", "scope", "seconds"), ("id", "verdict", "seconds"))
GAP, INDENT, NONE = "  ", "    ", "-"
LOG = 100
READABLE = 40

Cells = dict[str, str]


def table(judged: Sequence[Judged], terminal: int | None) -> str:
    """The rows in the first layout that fits.

    On a terminal verdicts are coloured, and a statement within a row may be cut; in a log nothing is.
    """
    heads, rows = dict(zip(COLUMNS, COLUMNS, strict=True)), [_cells(each) for each in judged]
    widths = {name: max(len(cells[name]) for cells in (heads, *rows)) for name in COLUMNS}
    width = terminal or LOG
    layout, room = _layout(widths, width, READABLE if terminal else widths["statement"])
    widths["statement"] = min(widths["statement"], room)
    lines = [click.style(_line(heads, layout, widths), bold=True)]
    for each, cells in zip(judged, rows, strict=True):
        lines.append(_line(cells, layout, widths, style(each)))
        lines += (click.style(INDENT + line, dim=True) for line in _below(cells, layout, width - len(INDENT)))
    return "\n".join(lines if terminal else map(click.unstyle, lines))


def _cells(each: Judged) -> Cells:
    """What is said of a claim, by column."""
    verdict = each.verdict
    return {
        "id": each.record.id,
        "statement": each.record.statement,
        "verdict": verdict_text(each),
        "hypotheses": ", ".join(hypotheses(verdict)) or NONE,
        "scope": verdict.scope or NONE,
        "seconds": f"{verdict.seconds:.3f}",
    }


def _layout(widths: dict[str, int], width: int, readable: int) -> tuple[Sequence[str], int]:
    """The columns of a row, and the room for a statement there; the narrowest layout where none fits."""
    for layout in LAYOUTS:
        room = width - sum(widths[name] + len(GAP) for name in layout if name != "statement")
        if room >= min(widths["statement"], readable) if "statement" in layout else room + len(GAP) >= 0:
            break
    return layout, room


def _line(cells: Cells, layout: Sequence[str], widths: dict[str, int], verdict: dict[str, Any] | None = None) -> str:
    """The cells side by side, that of the verdict in a style of its own."""
    fitted = {name: _fit(cells[name], widths[name]) for name in layout}
    if verdict:
        fitted["verdict"] = click.style(fitted["verdict"], **verdict)
    return GAP.join(fitted.values()).rstrip()


def _fit(cell: str, width: int) -> str:
    return f"{cell:<{width}}" if len(cell) <= width else cell[: width - 1] + "…"


def _below(cells: Cells, layout: Sequence[str], width: int) -> list[str]:
    """The statement, its scope and its hypotheses, as far as the row has not shown them."""
    if "statement" in layout:
        return []
    scope = [cells["scope"]] if "scope" not in layout and cells["scope"] != NONE else []
    under = [f"under {cells['hypotheses']}"] if cells["hypotheses"] != NONE else []
    aside = f"{GAP}({', '.join([*scope, *under])})" if scope or under else ""
    return wrap(cells["statement"] + aside, width, break_long_words=False, break_on_hyphens=False)
