"""What is said to be proved exactly is so by the normal form alone, and no wrong gradient ever is."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_code_corpus import WRONG, altered, load, source

from numeric.trace.differences import random_points, wanted_of
from numeric.trace.execute import Trace, traces
from numeric.trace.judge import judge
from numeric.trace.polynomials import exactly_proved
from numeric.trace.prove import prove_gradient


def exact(trace: Trace) -> set[str]:
    wanted, outcomes = wanted_of(trace), {**trace.tape.unclipped, **{d.node: d.outcome for d in trace.decisions}}
    return exactly_proved(trace, wanted, outcomes, *next(random_points(trace, wanted, outcomes)))


@pytest.mark.parametrize("name", ["char_rnn", "lstm_ifog", "lstm_class", "gru_after", "gru_before", "relu_rnn"])
def test_recurrent_cells_are_proved_exactly(name: str, tmp_path: Path) -> None:
    module = load(name, source(name), tmp_path)
    (trace,) = traces(module.run, module.shapes, None)
    assert exact(trace) == set(trace.claims)
    assert {p.error for p in prove_gradient(module.run, module.shapes).parameters} == {0.0}


def test_no_wrong_gradient_is_proved_exactly(tmp_path: Path) -> None:
    for name, old, new, _ in WRONG:
        module = load(name, altered(name, old, new), tmp_path)
        (trace,) = traces(module.run, module.shapes, None)
        refuted = {p.name for p in judge(trace).parameters if p.wrong}
        assert refuted
        assert not refuted & exact(trace), (name, new)
