"""What checking documents costs: the five texts of the audit, and a thousand formulas of which no two are the same."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from child import cost

TEXTS = sorted((Path(__file__).parents[2] / "docs" / "audit").glob("*.txt"))
CHECK = (sys.executable, "-c", "from gradproof.cli import main; main()", "check", "--json")
PROCESSES = [
    pytest.param([], id="as many processes as cores"),
    pytest.param(["--jobs", "1"], id="one process", marks=pytest.mark.heavy),
]

DECLARED = "<!-- check\nmodel lstm\nread d as gradient\n-->\n"
KNOWN = {
    "d o_t": r"\tanh(c_t) \odot d h_t",
    "h_t": r"o_t \odot \tanh(c_t)",
    "d f_t": r"c_{t-1} \odot d c_t",
    "d i_t": r"g_t \odot d c_t",
    r"d g_t": r"i_t \odot d c_t",
}


def sums(wrong: int) -> Iterator[tuple[str, bool]]:
    """a X ± b Y = a (right side of X) ± b (that of Y), no two alike; one in `wrong` has the other sign."""
    rng = random.Random(0)
    seen = set()
    while True:
        a, b = rng.sample(range(2, 40), 2)
        x, y = rng.sample(sorted(KNOWN), 2)
        sign = rng.choice("+-")
        if (key := (a, x, sign, b, y)) in seen:
            continue
        seen.add(key)
        is_wrong = len(seen) % wrong == 0
        other = {"+": "-", "-": "+"}[sign] if is_wrong else sign
        yield rf"{a} \, {x} {sign} {b} \, {y} = {a} \, ({KNOWN[x]}) {other} {b} \, ({KNOWN[y]})", is_wrong


@pytest.mark.benchmark(group="documents, cold process: the five texts of the audit")
@pytest.mark.parametrize("jobs", PROCESSES)
def test_texts_of_the_audit(benchmark, jobs):
    found = measured(benchmark, *map(str, TEXTS), *jobs)
    assert {Path(each["file"]).name for each in found["formulas"]} == {path.name for path in TEXTS}


@pytest.mark.benchmark(group="documents, cold process: sums of gradients, one in 20 wrong")
@pytest.mark.parametrize("jobs", PROCESSES)
@pytest.mark.parametrize("number", [40, pytest.param(1000, marks=pytest.mark.heavy)])
def test_formulas_of_which_no_two_are_the_same(benchmark, tmp_path, number, jobs):
    drawn = list(islice(sums(wrong=20), number))
    notes = tmp_path / "notes.md"
    notes.write_text(DECLARED + "\n\n".join(f"$${latex}$$" for latex, _ in drawn), encoding="utf-8")
    found = measured(benchmark, str(notes), *jobs)
    verdicts = [each["verdict"] for each in found["formulas"]]
    assert verdicts == ["refuted" if is_wrong else "proved" for _, is_wrong in drawn]
    benchmark.extra_info |= {"row": f"{number} formulas, {'as many processes as cores' if not jobs else 'one process'}"}


def measured(benchmark, *arguments):
    """What `gradproof check --json` prints, and what that cost."""
    found = []
    benchmark.pedantic(lambda: found.append(cost(*CHECK, *arguments)), rounds=3, iterations=1)
    assert {run.code for run in found} == {1}, found[0].err
    best = min(found, key=lambda run: run.cpu)
    printed = json.loads(best.out)
    benchmark.extra_info |= {
        "cpu": best.cpu,
        "wall": min(run.wall for run in found),
        "formulas": len(printed["formulas"]),
        "peak MB": max(run.megabytes for run in found),
    }
    return printed
