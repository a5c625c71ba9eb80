"""The whole catalogue at the worked example's size: a cold process, and in this one with caches emptied."""

from __future__ import annotations

import json
import sys

import pytest
import sympy
from child import cost

from gradproof.run import Judged, exit_code
from symbolic.derivations import catalogue
from symbolic.prove import prove

GRADPROOF = (sys.executable, "-c", "from gradproof.cli import main; main()")
CHAPTERS = sorted({record.id.partition(".")[0] for record in catalogue()})


@pytest.mark.benchmark(group="whole catalogue, cold process")
@pytest.mark.parametrize(
    "jobs",
    [
        pytest.param([], id="as many processes as cores"),
        pytest.param(["--jobs", "1"], id="one process", marks=pytest.mark.heavy),
    ],
)
def test_cold(benchmark, jobs):
    found = []

    def verify():
        found.append(cost(*GRADPROOF, "verify", "--json", *jobs))

    benchmark.pedantic(verify, rounds=5, iterations=1)
    for run in found:
        assert run.code == 0, run.err
        summary = json.loads(run.out)["summary"]
        assert (summary["unexpected"], summary["unknown"]) == (0, 0), summary
    best = min(found, key=lambda run: run.cpu)
    claims = json.loads(best.out)["claims"]
    assert [claim["id"] for claim in claims] == [record.id for record in catalogue()]
    benchmark.extra_info |= {
        "cpu": best.cpu,
        "claims": len(claims),
        "sum of the claims' seconds": sum(claim["seconds"] for claim in claims),
        "peak MB": max(run.megabytes for run in found),
    }


@pytest.mark.benchmark(group="proving in process, caches empty")
@pytest.mark.parametrize("chapter", [pytest.param("", id="whole catalogue", marks=pytest.mark.heavy), *CHAPTERS])
def test_proving(benchmark, timed, forget, monkeypatch, chapter):
    derived = []
    diff = sympy.diff
    monkeypatch.setattr(sympy, "diff", lambda *args: derived.append(args) or diff(*args))
    records = catalogue().select([f"{chapter}."] if chapter else [])

    def start():
        forget()
        derived.clear()

    judged = timed(lambda: [Judged(record, prove(record)) for record in records], setup=start)
    assert exit_code(judged) == 0, [each for each in judged if not each.is_expected]
    assert derived, "nothing was differentiated: some cache was not emptied"
    benchmark.extra_info |= {"claims": len(judged), "partial derivatives": len(derived)}


@pytest.mark.benchmark(group="start")
@pytest.mark.parametrize(
    "command",
    [
        pytest.param((sys.executable, "-c", "pass"), id="python -c pass"),
        pytest.param((*GRADPROOF, "--help"), id="gradproof --help"),
    ],
)
def test_start(benchmark, command):
    found = []
    benchmark.pedantic(lambda: found.append(cost(*command)), rounds=20, iterations=1)
    assert {run.code for run in found} == {0}
    benchmark.extra_info |= {
        "cpu": min(run.cpu for run in found),
        "wall": min(run.wall for run in found),
        "peak MB": max(run.megabytes for run in found),
    }
