"""`import gradproof` gives everything, late."""

import subprocess
import sys

import pytest

import gradproof


def test_every_public_name_is_there():
    assert {name for name in gradproof.__all__ if not hasattr(gradproof, name)} == set()


def test_a_star_import_writes_and_proves_a_formula():
    namespace = {}
    exec("from gradproof import *", namespace)
    x, d, derivation, prove, exp = (namespace[name] for name in ("scalar", "d", "derivation", "prove", "exp"))
    x = x("x")
    right = derivation("e", "e", d(exp(x), x), ("rule", exp(x)), source="-")
    wrong = derivation("e", "e", d(exp(x), x), ("rule", -exp(x)), source="-")
    assert isinstance(prove(right), namespace["Proved"])
    assert isinstance(prove(wrong), namespace["Refuted"])


def test_models_are_loaded_with_the_package():
    assert gradproof.models.rnn.RNN.name == "rnn"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="gradproof has no proof; it has Ambiguous, "):
        _ = gradproof.proof


def test_the_bare_import_loads_nothing():
    program = "import gradproof, sys; print([m for m in sys.modules if m.split('.')[0] in ('sympy', 'symbolic')])"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "[]\n"


def test_objects_show_themselves_in_jupyter():
    x = gradproof.scalar("x")
    slope = gradproof.d(gradproof.tanh(x), x)
    record = gradproof.derivation("tanh", "", slope, ("rule", 1 - gradproof.tanh(x) ** 2), source="")
    assert record._repr_latex_().startswith("$")
    assert r"\tanh" in record._repr_latex_()
    assert gradproof.prove(record)._repr_html_().startswith("<b>proved</b>")


def test_a_proof_shows_its_report_in_jupyter():
    proof = gradproof.prove_gradient(lambda x: ((x * x).sum(), {"x": 3 * x}), {"x": (2,)})
    html = proof._repr_html_()
    assert html.startswith("<b>refuted</b><pre>x      refuted: 2 of 2 entries are wrong\n")
    assert html.endswith("</pre>")
