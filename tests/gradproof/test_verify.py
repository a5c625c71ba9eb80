"""`gradproof verify`: rows, exit codes, processes, Ctrl-C."""

import itertools
import json
import signal

import pytest

import gradproof.run as runner
from symbolic.derivations import catalogue

RIGHT = "right = derivation('right', 'exp', d(exp(x), x), ('rule', exp(x)), source='here')\n"
WRONG = "wrong = derivation('wrong', 'exp', d(exp(x), x), ('sign', -exp(x)), source='here')\n"
ILL_TYPED = "bad = derivation('bad', 'V', array('V', K, H) @ array('y', K), ('?', array('c', K)), source='here')\n"


def test_a_row_a_claim_and_a_summary(gradproof):
    result = gradproof("verify", "activations.tanh", "softmax.gradient")
    header, tanh, softmax, blank, summary = result.stdout.splitlines()
    assert header.split() == ["id", "statement", "verdict", "hypotheses", "scope", "seconds"]
    assert tanh.startswith("activations.tanh ")
    assert " proved " in tanh
    assert "Σ_k y_k = 1" in softmax
    assert blank == ""
    assert summary.startswith("2 claims: 2 proved; 0 unexpected; ")
    assert (result.exit_code, result.stderr) == (0, "")


def test_prefixes_and_globs_select(gradproof):
    lines = gradproof("verify", "activations.t", "*.sigmoid").stdout.splitlines()[1:-2]
    chosen = [line.split()[0] for line in lines if not line.startswith(" ")]
    assert chosen == [r.id for r in catalogue() if r.id.startswith("activations.t") or r.id.endswith(".sigmoid")]
    assert len(chosen) >= 2


def test_the_row_names_the_sizes_and_steps_asked_for(gradproof):
    claim = json.loads(gradproof("verify", "rnn.h", "--sizes", "H=2,K=2", "--steps", "2", "--json").stdout)["claims"][0]
    assert (claim["sizes"]["H"], claim["sizes"]["K"], claim["steps"]) == (2, 2, 2)


def test_a_size_of_one_proves_less_and_says_so(gradproof, claims):
    y = "o = array('o', K)\nslack = derivation('slack', '', softmax(o), ('?', ones(K)), source='')\n"
    path = claims(y)
    assert gradproof("verify", "--from", path).exit_code == 1
    small = gradproof("verify", "--from", path, "--sizes", "K=1")
    assert small.exit_code == 0
    assert "K=1, proves less: at K=1 softmax is constant and the loss of cross-entropy is 0" in " ".join(
        small.stdout.split()
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (RIGHT, 0),
        (RIGHT + WRONG, 1),
        (RIGHT + ILL_TYPED, 1),
        (WRONG.replace("source=", "expected='refuted', source="), 0),
        (RIGHT.replace("source=", "expected='refuted', source="), 1),
    ],
)
def test_exit_code_says_whether_every_verdict_is_the_expected_one(gradproof, claims, text, code):
    assert gradproof("verify", "--from", claims(text)).exit_code == code


@pytest.mark.parametrize(("text", "code"), [(RIGHT, 3), (RIGHT + WRONG, 1)])
def test_unknown_is_no_pass_and_wrong_weighs_more(gradproof, claims, monkeypatch, text, code):
    def undecided(record, sizes, steps, prove=runner.prove):
        verdict = prove(record, sizes, steps)
        return runner.Unknown({}, None, 0, "for want of an idea") if record.id == "right" else verdict

    monkeypatch.setattr(runner, "prove", undecided)
    result = gradproof("verify", "--from", claims(text))
    assert result.exit_code == code
    assert "right: unknown (expected proved)\n  because: for want of an idea\n" in result.stdout


def test_a_hypothesis_that_the_catalogue_does_not_declare_is_unexpected():
    record = catalogue()["softmax.gradient"]
    verdict = runner.prove(record)
    assert runner.Judged(record, verdict).is_expected
    bare = runner.Judged(_without_hypotheses(record), verdict)
    assert not bare.is_expected
    assert runner.exit_code([bare]) == 1
    assert runner.Judged(bare.record, verdict, own=True).is_expected


def _without_hypotheses(record):
    from dataclasses import replace

    return replace(record, hypotheses=())


def test_the_counterexample_of_a_wrong_claim_stands_below_the_table(gradproof, claims):
    out = gradproof("verify", "--from", claims(RIGHT + WRONG)).stdout
    assert "refuted (expected proved)" in out
    below = out.split("\n\n", 1)[1]
    assert below.startswith("wrong: refuted (expected proved)\ncounterexample: equality 1 fails (sign)\n")
    assert "\n  where\n    x = " in below
    assert "right" not in below.split("\n\n")[0].replace("  right ", "")


def test_an_axis_of_ones_own_has_its_own_size(gradproof, claims):
    path = claims(
        "E = Axis('E', 6)\nv = array('v', E)\nr = derivation('r', '', d(exp(v), v), ('', diag(exp(v))), source='')\n"
    )
    assert json.loads(gradproof("verify", "--from", path, "--json").stdout)["claims"][0]["sizes"] == {"E": 6}
    asked = gradproof("verify", "--from", path, "--json", "--sizes", "E=2")
    assert json.loads(asked.stdout)["claims"][0]["sizes"] == {"E": 2}


def verdicts(result):
    return [(c["id"], c["verdict"], c["counterexample"]) for c in json.loads(result.stdout)["claims"]]


def test_processes_change_neither_order_nor_verdicts(gradproof):
    alone, shared = (gradproof("verify", "softmax", "rnn.h", "rnn.a", "--jobs", n, "--json") for n in (1, 2))
    assert verdicts(alone) == verdicts(shared)
    assert len(verdicts(alone)) > runner.FEW


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_prints_what_was_done_so_far(gradproof, monkeypatch, jobs):
    judged, count = runner.Judged, itertools.count()

    def interrupt_after_two(record, verdict, own):
        if next(count) == 2:
            signal.raise_signal(signal.SIGINT)
        return judged(record, verdict, own)

    monkeypatch.setattr(runner, "Judged", interrupt_after_two)
    number = len(catalogue().select(["softmax", "rnn.h"]))
    result = gradproof("verify", "softmax", "rnn.h", "--jobs", jobs)
    assert result.exit_code == 130
    assert result.stderr == f"gradproof: interrupted after 2 of {number} claims\n"
    assert "\n2 claims: 2 proved; 0 unexpected; " in result.stdout


def test_ctrl_c_before_anything_was_judged(gradproof, claims):
    result = gradproof("verify", "--from", claims("raise KeyboardInterrupt\n"))
    assert (result.exit_code, result.stdout, result.stderr) == (130, "", "gradproof: interrupted\n")
