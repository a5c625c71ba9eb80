"""What was measured, as the tables of docs/performance.md.

pytest tests/benchmarks --benchmark-enable --benchmark-only --benchmark-json=figures.json
python tests/benchmarks/figures.py figures.json

Seconds are the least of the rounds, by the wall clock and of CPU time.  A group whose points have an
`amount` (T, entries) gets the ratio to linear: CPU seconds per unit against those of the first point.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
BEGIN, END = "<!-- figures -->\n", "<!-- /figures -->"

Benchmark = dict[str, Any]


def main(*paths: str) -> None:
    groups: dict[str, list[Benchmark]] = {}
    for path in paths:
        for benchmark in json.loads(Path(path).read_text(encoding="utf-8"))["benchmarks"]:
            groups.setdefault(benchmark["group"], []).append(benchmark)
    tables = "\n".join(line for group, points in groups.items() for line in table(group, points))
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}{tables}\n{END}{after}", encoding="utf-8")


def table(group: str, points: list[Benchmark]) -> Iterator[str]:
    """A heading and a Markdown table, one row per point."""
    rows = [row(point, points[0]) for point in points]
    yield f"\n### {group[0].upper()}{group[1:]}\n"
    yield f"| {' | '.join(rows[0])} |"
    yield "|---" + "|---:" * (len(rows[0]) - 1) + "|"
    yield from (f"| {' | '.join(cells.values())} |" for cells in rows)


def row(point: Benchmark, first: Benchmark) -> dict[str, str]:
    """Cells by column."""
    extra = dict(point["extra_info"])
    amount = extra.pop("amount", None)
    wall, cpu = extra.pop("wall", point["stats"]["min"]), extra.pop("cpu")
    cells = {"": name(point), "wall": seconds(wall), "CPU": seconds(cpu)}
    if amount is not None:
        start = first["extra_info"]
        cells |= {"amount": str(amount), "ratio to linear": f"{cpu / amount / (start['cpu'] / start['amount']):.2f}"}
    return cells | {key: f"{value:.1f}" if isinstance(value, float) else str(value) for key, value in extra.items()}


def name(point: Benchmark) -> str:
    """What stands in brackets in a test's name, less what its extra columns say again."""
    inside = re.search(r"\[(.*)\]", point["name"])
    return re.sub(r"-\d+-\d+$", "", inside[1]) if inside else point["name"]


def seconds(value: float) -> str:
    return f"{value:.2f} s" if value >= 1 else f"{1000 * value:.1f} ms"


if __name__ == "__main__":
    main(*sys.argv[1:])
