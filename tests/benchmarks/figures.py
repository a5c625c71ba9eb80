"""What was measured, as the tables of docs/performance.md.

pytest tests/benchmarks --benchmark-enable --benchmark-only --benchmark-json=figures.json
python tests/benchmarks/figures.py figures.json

Seconds are the least of the rounds, by the wall clock and of CPU time.  A group whose points have an
`amount` (T, entries) gets the ratio to linear: CPU seconds per unit against those of the first point.
A point with `beside` gets its CPU time divided by that of the point with this `row`; points with `naive seconds`,
the seconds of another route, are compared with it together.  What comes of
`test_numeric.py` and `test_code_costs.py` has a place of its own on the page; the former also a plot against T and H
(extra `plots`).
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
PLACES = {"numeric": "numeric figures", "code_costs": "code figures", "documents": "document figures"}
PLOT = PAGE.with_name("numeric-cost.png")

Benchmark = dict[str, Any]


def main(*paths: str) -> None:
    places: dict[str, dict[str, list[Benchmark]]] = {}
    for path in paths:
        for benchmark in json.loads(Path(path).read_text(encoding="utf-8"))["benchmarks"]:
            module = re.sub(r".*test_(\w+)\.py.*", r"\1", benchmark["fullname"])
            place = PLACES.get(module, "figures")
            places.setdefault(place, {}).setdefault(benchmark["group"], []).append(benchmark)
    page = PAGE.read_text(encoding="utf-8")
    for place, groups in places.items():
        begin, end = f"<!-- {place} -->\n", f"<!-- /{place} -->"
        tables = "\n".join(line for group, points in groups.items() for line in table(group, points))
        before, found, rest = page.partition(begin)
        _, _, after = rest.partition(end)
        if not found:
            sys.exit(f"{PAGE}: no line {begin.strip()} to write the tables under; add it and {end}")
        page = f"{before}{begin}{tables}\n{end}{after}"
    PAGE.write_text(page, encoding="utf-8")
    if "numeric figures" in places:
        plot(places["numeric figures"])


def table(group: str, points: list[Benchmark]) -> Iterator[str]:
    """A heading and a Markdown table, one row per point."""
    rows = [row(point, points) for point in points]
    yield f"\n### {group[0].upper()}{group[1:]}\n"
    yield f"| {' | '.join(rows[0])} |"
    yield "|---" + "|---:" * (len(rows[0]) - 1) + "|"
    yield from (f"| {' | '.join(cells.values())} |" for cells in rows)
    if known := [extra for point in points if (extra := point["extra_info"]).get("naive seconds")]:
        ours, theirs = (sum(extra[key] for extra in known) for key in ("cpu", "naive seconds"))
        yield f"\nThe {len(known)} that both can do, all entries: {theirs / ours:,.0f} times together."


def row(point: Benchmark, points: list[Benchmark]) -> dict[str, str]:
    """Cells by column."""
    extra = dict(point["extra_info"])
    amount = extra.pop("amount", None)
    wall, cpu = extra.pop("wall", point["stats"]["min"]), extra.pop("cpu")
    beside = extra.pop("beside", None)
    extra.pop("naive seconds", None)
    cells = {"": extra.pop("row", "") or name(point), "wall": seconds(wall), "CPU": seconds(cpu)}
    if amount is not None:
        start = points[0]["extra_info"]
        cells |= {"amount": str(amount), "ratio to linear": f"{cpu / amount / (start['cpu'] / start['amount']):.2f}"}
    if beside is not None:
        others = [other["extra_info"]["cpu"] for other in points if other["extra_info"]["row"] == beside]
        cells["of the first's CPU"] = f"{cpu / others[0]:.2f}" if others else "–"
    return cells | {key: f"{value:.1f}" if isinstance(value, float) else str(value) for key, value in extra.items()}


def name(point: Benchmark) -> str:
    """What stands in brackets in a test's name, less what its extra columns say again."""
    inside = re.search(r"\[(.*)\]", point["name"])
    return re.sub(r"-\d+-\d+$", "", inside[1]) if inside else point["name"]


def seconds(value: float) -> str:
    return f"{value:.2f} s" if value >= 1 else f"{1000 * value:.1f} ms"


def plot(groups: dict[str, list[Benchmark]]) -> None:
    """CPU time against T and against H, both axes logarithmic, with the slope of what is linear."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        print("no plot: matplotlib is not installed; pip install 'gradproof[plots]'", file=sys.stderr)
        return
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    for axes, variable in zip(figure.subplots(1, 2), "TH", strict=True):
        for group, points in groups.items():
            if f"against {variable} " not in group:
                continue
            along = [int(point["extra_info"]["row"].split(" = ")[1]) for point in points]
            cpu = [1000 * point["extra_info"]["cpu"] for point in points]
            axes.loglog(along, cpu, "o-", label=group.split(" ")[0])
            if group.startswith("reference"):
                power = 1 if variable == "T" else 2
                straight = [cpu[-1] * (value / along[-1]) ** power for value in along]
                axes.loglog(along, straight, "k:", label="linear" if power == 1 else "quadratic")
        axes.set(title=f"LSTM, {'H = 128' if variable == 'T' else 'T = 100'}, N = 32, float32", xlabel=variable)
        axes.set_xticks(along, [str(value) for value in along])
        axes.set_xticks([], minor=True)
        axes.set_ylabel("loss and gradients, CPU ms")
        axes.grid(alpha=0.3, which="both")
        axes.legend()
    figure.savefig(PLOT, dpi=110)


if __name__ == "__main__":
    main(*sys.argv[1:])
