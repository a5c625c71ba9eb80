"""`gradproof verify --json` keeps to docs/json.md: keys, types, values."""

import json
from fractions import Fraction
from pathlib import Path

import pytest

CLAIM = {
    "id": str, "title": str, "statement": str, "latex": str, "verdict": str, "expected": str, "hypotheses": list,
    "sizes": dict, "steps": (int, type(None)), "every_size": bool, "every_T": (bool, type(None)), "method": str,
    "seconds": float, "source": str, "counterexample": (dict, type(None)),
}  # fmt: skip
VERDICTS = ("proved", "refuted", "ill_typed", "ambiguous", "unknown")
MINE = """
from symbolic.models.rnn import RNN, V, W, h, o, a, yhat, y
right = derivation('right', 'R', grad(o[t]), ('Σy = 1', yhat[t] - y[t]), source='here', model=RNN)
wrong = derivation('wrong', 'W', grad(h[t]), ('no Wᵀ', V.T @ grad(o[t]) + W @ grad(a[t+1])), source='', model=RNN)
bad = derivation('bad', 'B', grad(h[t]), ('axes', V @ grad(o[t])), source='', model=RNN, expected='ill_typed')
scalars = derivation('scalars', 'S', d(exp(x), x), ('sign', -exp(x)), source='')
"""


@pytest.fixture
def document(gradproof, claims):
    result = gradproof("verify", "--from", claims(MINE), "--json")
    assert (result.exit_code, result.stderr) == (1, "")
    return json.loads(result.stdout)


@pytest.fixture
def claim(document):
    return {each["id"]: each for each in document["claims"]}


def test_keys_and_types(document):
    assert list(document) == ["claims", "summary"]
    for each in document["claims"]:
        assert each.keys() == CLAIM.keys()
        assert {key: type(each[key]) for key, kind in CLAIM.items() if not isinstance(each[key], kind)} == {}
        assert each["verdict"] in VERDICTS
        assert (each["counterexample"] is None) == (each["verdict"] != "refuted")
    assert document["summary"].keys() == {*VERDICTS, "unexpected", "seconds"}


def test_summary_counts(document):
    counted = {key: n for key, n in document["summary"].items() if key != "seconds"}
    assert counted == {"proved": 1, "refuted": 2, "ill_typed": 1, "ambiguous": 0, "unknown": 0, "unexpected": 2}


def test_what_a_proof_says(claim):
    right = claim["right"]
    assert (right["verdict"], right["hypotheses"], right["every_T"]) == ("proved", ["Σ_k y_k = 1"], True)
    assert right["steps"] == 3
    assert claim["bad"]["every_T"] is False
    assert claim["scalars"]["steps"] is None
    assert claim["scalars"]["every_T"] is None


def test_a_counterexample_is_exact(claim):
    found = claim["wrong"]["counterexample"]
    assert found.keys() == {"entry", "values", "left", "right"}
    assert found["entry"].startswith("(")
    assert " at T=" in found["entry"]
    W = found["values"]["W"]
    assert (len(W), len(W[0])) == (claim["wrong"]["sizes"]["H"],) * 2
    assert all(isinstance(w, str) and Fraction(w) for row in W for w in row)
    (left_low, left_high), (right_low, right_high) = found["left"], found["right"]
    assert float(left_high) < float(right_low) or float(right_high) < float(left_low)


def test_a_scalar_counterexample_evaluates_to_its_two_sides(claim):
    from math import exp

    found = claim["scalars"]["counterexample"]
    assert found["entry"] == ""
    x = float(Fraction(found["values"]["x"]))
    assert float(found["left"][0]) == pytest.approx(exp(x))
    assert float(found["right"][0]) == pytest.approx(-exp(x))


def test_the_documentation_names_every_key():
    text = (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8")
    named = {*CLAIM, *VERDICTS, "unexpected", "entry", "values", "left", "right", "summary", "claims"}
    assert {key for key in named if f"`{key}`" not in text} == set()
