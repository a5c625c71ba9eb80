"""The same claims by the naive route: substitute, sympy.diff, simplify(lhs − rhs), with a cap.

The prover's side is the harder one: every link of the chain, every entry, at every step of three,
for every T and size where it can, and the second opinion.
"""

from __future__ import annotations

import json
import math
import signal
import sys

import naive
import pytest
from child import cost

from symbolic.derivations import catalogue
from symbolic.elementwise import dimensions, free_indices
from symbolic.notation import AXES
from symbolic.prove import axes_of, prove
from symbolic.shapes import shape
from symbolic.verdicts import Proved

CAP = 60  # seconds of CPU time
ALL = 1000

# id, sizes, T and the number of entries of the naive route
QUICK = [
    ("activations.sigmoid", "H=2", 1, ALL),
    ("softmax.gradient", "H=2,K=2", 1, ALL),
    ("softmax.gradient", "H=2,K=3", 1, ALL),
]
SLOWER = [
    ("activations.tanh", "H=2", 1, ALL),
    ("activations.sigmoid-jacobian", "H=3", 1, ALL),
    ("softmax.jacobian", "H=2,K=3", 1, ALL),
    ("softmax.jacobian", "H=2,K=8", 1, ALL),
    ("softmax.gradient", "H=2,K=20", 1, ALL),
    ("rnn.V-explicit", "D=1,H=2,K=2", 1, ALL),
    ("rnn.W", "D=1,H=2,K=2", 1, ALL),
    ("rnn.V-explicit", "D=4,H=5,K=3", 1, 1),
    ("rnn.W", "D=4,H=5,K=3", 1, 1),
    ("minibatch.W", "D=2,H=2,K=2", 1, 1),
    ("gru.o", "D=2,H=2,K=2", 1, 1),
]
NEVER_SEEN_TO_FINISH = [
    ("rnn.h", "D=2,H=2,K=2", 2, 1),
    ("rnn.V-explicit", "D=2,H=2,K=2", 2, 1),
    ("rnn.W", "D=2,H=2,K=2", 2, 1),
    ("lstm.do", "D=2,H=2,K=2", 1, 1),
    ("lstm.dc", "D=2,H=2,K=2", 2, 1),
    ("lstm.dWhf", "D=1,H=1,K=2", 1, 1),
]


def by_the_naive_route(id, sizes, T, most):
    """What it found and its CPU seconds; None where the cap was reached."""
    run = cost(sys.executable, naive.__file__, id, sizes, str(T), str(most), str(CAP))
    assert run.code in (0, -signal.SIGPROF), run.err
    return json.loads(run.out) if run.code == 0 else None


@pytest.mark.benchmark(group="side by side with the naive route")
@pytest.mark.parametrize(
    ("id", "sizes", "T", "most"),
    [*QUICK, *(pytest.param(*claim, marks=pytest.mark.heavy) for claim in SLOWER + NEVER_SEEN_TO_FINISH)],
)
def test_side_by_side(benchmark, timed, id, sizes, T, most):
    record = catalogue()[id]
    chosen = {AXES[name]: int(n) for name, n in (pair.split("=") for pair in sizes.split(","))}
    prove(record, chosen)
    assert isinstance(timed(lambda: prove(record, chosen), rounds=10), Proved)
    entries = number_of_entries(record, {**{axis: axis.size for axis in axes_of(record)}, **chosen})
    looked_at = min(most, entries)
    found = by_the_naive_route(id, sizes, T, most)
    if found is not None:
        assert (found["entries"], found["zero"]) == (looked_at, looked_at), "the two routes disagree"
    at_least, seconds = ("> ", CAP) if found is None else ("", found["cpu"])
    ratio = seconds / benchmark.extra_info["cpu"]
    for_all = ratio * entries / looked_at
    benchmark.extra_info |= {
        "naive T": T,
        "naive CPU": f"{at_least}{seconds:.2f} s",
        "ratio": f"{at_least}{ratio:,.0f}",
        "entries it looks at": f"{looked_at} of {entries}",
        "ratio for all entries": f"{at_least}{for_all:,.0f}",
        "naive seconds": None if found is None else seconds * entries / looked_at,
    }


def number_of_entries(record, sizes):
    left, right = record.chain[0], record.chain[-1]
    running = (index.axis for index in free_indices(left) | free_indices(right))
    return math.prod(dimensions((*shape(left), *running), sizes))


def test_the_naive_route_sees_a_misprint():
    found = by_the_naive_route("errata.product-of-two-derivatives", "H=2,K=3", 1, ALL)
    assert found is not None
    assert found["zero"] < found["entries"], found
