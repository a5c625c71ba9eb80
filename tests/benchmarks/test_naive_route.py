"""The same claims by the naive route: substitute, sympy.diff, simplify(lhs − rhs), with a cap.

The prover's side is the harder one: every link of the chain, every entry, at every step of three,
for every T and size where it can, and the second opinion.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import naive
import pytest
from child import cost

from symbolic.derivations import catalogue
from symbolic.notation import AXES
from symbolic.prove import prove
from symbolic.verdicts import Proved

CAP = 60
ALL = 1000

# id, sizes, T and the number of entries of the naive route
FINISHES = [
    ("activations.sigmoid", "H=2", 1, ALL),
    ("softmax.gradient", "H=2,K=2", 1, ALL),
    ("softmax.gradient", "H=2,K=3", 1, ALL),
]
FINISHES_LATE = [
    ("activations.tanh", "H=2", 1, ALL),
    ("activations.sigmoid-jacobian", "H=3", 1, ALL),
    ("softmax.jacobian", "H=2,K=3", 1, ALL),
    ("rnn.V-explicit", "D=1,H=2,K=2", 1, ALL),
    ("rnn.W", "D=1,H=2,K=2", 1, ALL),
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
    run = cost(sys.executable, str(Path(naive.__file__)), id, sizes, str(T), str(most), cap=CAP)
    assert run.code in (0, None), run.err
    return None if run.code is None else json.loads(run.out)


@pytest.mark.benchmark(group="side by side with the naive route")
@pytest.mark.parametrize(
    ("id", "sizes", "T", "most"),
    [*FINISHES, *(pytest.param(*claim, marks=pytest.mark.heavy) for claim in FINISHES_LATE + NEVER_SEEN_TO_FINISH)],
)
def test_side_by_side(benchmark, timed, id, sizes, T, most):
    record = catalogue()[id]
    chosen = {AXES[name]: int(n) for name, n in (pair.split("=") for pair in sizes.split(","))}
    prove(record, chosen)
    assert isinstance(timed(lambda: prove(record, chosen), rounds=10), Proved)
    found = by_the_naive_route(id, sizes, T, most)
    if found is None:
        theirs, at_least = CAP, "> "
    else:
        assert found["zero"] == found["entries"], "the two routes disagree"
        theirs, at_least = found["cpu"], ""
    benchmark.extra_info |= {
        "naive T": T,
        "naive entries": "all" if most == ALL else most,
        "naive CPU": f"{at_least}{theirs:.2f} s",
        "ratio": f"{at_least}{theirs / benchmark.extra_info['cpu']:,.0f}",
    }


def test_the_naive_route_sees_a_misprint():
    found = by_the_naive_route("errata.product-of-two-derivatives", "H=2,K=3", 1, ALL)
    assert found is not None
    assert found["zero"] < found["entries"], found
