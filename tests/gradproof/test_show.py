"""`gradproof list`, `show` and `latex`."""

import re

import pytest

from symbolic.derivations import catalogue
from symbolic.models import models


def test_list_names_every_derivation_once(gradproof):
    ids = [line.split()[0] for line in gradproof("list").stdout.splitlines() if line.startswith("  ")]
    assert ids == list(catalogue().by_id)


def test_show_says_all_about_a_proof(gradproof):
    record = catalogue()["softmax.gradient"]
    result = gradproof("show", record.id)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == record.statement
    facts = dict(line.strip().split("  ", 1) for line in result.stdout.split("\n\n")[0].splitlines()[1:])
    facts = {name: fact.strip() for name, fact in facts.items()}
    assert facts["title"] == record.title
    assert facts["source"] == record.source
    assert facts["verdict"] == "proved"
    assert facts["under"] == "Σ_k y_k = 1"
    assert facts["independence"] == "rank 3 of 3 arguments of exp, tanh and σ"
    for reason in record.reasons:
        assert f"[{reason}]" in result.stdout


def misprints():
    return [record for record in catalogue() if record.expected != "proved"]


@pytest.mark.parametrize("record", misprints(), ids=lambda record: record.id)
def test_show_of_a_misprint_says_what_is_wrong_and_names_the_repair(gradproof, record):
    out = gradproof("show", record.id).stdout
    if record.repair:
        assert f"{record.repair}: {catalogue()[record.repair].statement}\n" in out
    if record.expected == "refuted":
        assert "\n    ≠ " in out
        assert "\ncounterexample: equality " in out
    else:
        assert "shapes" in out


def test_matrices_are_laid_out_in_columns():
    from fractions import Fraction

    from gradproof.report import counterexample
    from symbolic.notation import H, K
    from symbolic.records import derivation
    from symbolic.terms import array
    from symbolic.verdicts import Counterexample

    A = array("A", H, K)
    record = derivation("a", "", A, ("?", -A), source="")
    third, two = Fraction(-1, 3), Fraction(2)
    values = {"A": [[third, two], [two, third]], "v": [two, third], "x": third, "B": [[[two]], [[third]]]}
    lines = list(
        counterexample(record, Counterexample(1, "(1, 2)", {"T": 2, "t": 1}, values, ("2", "2.5"), ("-2", "-2")))
    )
    assert lines == [
        "counterexample: equality 1 fails (?)",
        "  entry (1, 2) at T=2, t=1",
        "  left   A",
        "       = [2, 2.5]",
        "  right  -A",
        "       = -2…",
        "  where",
        "    A = [-1/3    2]",
        "        [   2 -1/3]",
        "    v = [2 -1/3]",
        "    x = -1/3",
        "    B(1, …) = [2]",
        "    B(2, …) = [-1/3]",
    ]


@pytest.mark.parametrize("name", models())
def test_show_of_a_model_has_its_equations_and_every_array(gradproof, name):
    model, result = models()[name], gradproof("show", name)
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, name)
    for equation in model.equations:
        assert f"\n  {equation.left} = {equation.right}\n" in result.stdout
    rows = [re.split(r"  +", line.strip()) for line in result.stdout.split("in a note")[1].splitlines()[1:]]
    said = {re.sub(r"\[t\]$", "", row[0]): row for row in rows}
    assert list(said) == list(model.arrays)
    for array, (written, _, shape, role) in said.items():
        var = model.arrays[array]
        assert written.endswith("[t]") == var.sequence
        assert shape == f"({', '.join(axis.name for axis in var.axes)})"
        assert (f"{array}[0], the initial state, is free" in role) == (array in model.with_initial)
    assert {array for array, row in said.items() if row[3] == "parameter"} == {v.name for v in model.parameters}


def test_a_models_arrays_are_imported_as_show_says(gradproof, claims):
    """The line that show prints, and a claim about the LSTM in the names that it prints."""
    imports = re.search(r"(from symbolic\.models\.lstm import LSTM);", gradproof("show", "lstm").stdout)
    text = (
        f"{imports[1]}, c, f\nmine = derivation('mine', '', grad(c[0]), ('', f[1] * grad(c[1])), model=LSTM, source='')"
    )
    path = claims(text)
    assert gradproof("verify", "--from", path).exit_code == 0
    assert gradproof("show", "lstm", "--from", path).stdout.splitlines()[3] == "  claims  mine"


def test_a_models_name_is_the_model_and_with_a_dot_a_prefix(gradproof):
    assert not set(models()) & set(catalogue().by_id)
    cell, claims = gradproof("show", "lstm").stdout, gradproof("show", "lstm.dh", "lstm.").stdout
    assert "verdict" not in cell
    shown = re.findall(r"^  id +(\S+)$", claims, re.MULTILINE)
    assert shown == ["lstm.dh", *(id for id in catalogue().by_id if id.startswith("lstm."))]


def test_help_of_show_names_every_model(gradproof):
    text = re.sub(r"-\n +", "-", gradproof("show", "--help").stdout)
    assert set(models()) <= set(re.findall(r"[\w-]+", text))


def test_latex_prints_or_writes_the_same(gradproof, tmp_path):
    arguments = ["latex", "activations.tanh", "softmax.gradient", "--steps", "--standalone"]
    printed = gradproof(*arguments)
    assert printed.exit_code == 0
    assert "\\documentclass" in printed.stdout
    assert gradproof(*arguments, "--out", tmp_path / "a.tex").stdout == ""
    assert (tmp_path / "a.tex").read_text(encoding="utf-8") == printed.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["a.tex"]


def test_latex_keeps_the_order_of_its_ids(gradproof):
    """A glob stands for what it matches in the catalogue's order, and what is named twice is printed once."""
    given = ["softmax.gradient", "activations.tanh", "activations.sigmoid*", "softmax.gradient"]
    sigmoids = catalogue().select(["activations.sigmoid*"])
    ids = ["softmax.gradient", "activations.tanh", *(record.id for record in sigmoids)]
    assert gradproof("latex", *given).stdout == "\n".join(gradproof("latex", id).stdout for id in ids)
    assert len(sigmoids) > 1


def test_latex_entries_writes_the_worked_example_out(gradproof):
    short, long = (gradproof("latex", "softmax.gradient", *flags).stdout for flags in ([], ["--entries"]))
    assert "pmatrix" in long
    assert "pmatrix" not in short


def test_latex_names_what_is_not_proved(gradproof):
    result = gradproof("latex", "activations.tanh", "errata.product-of-two-derivatives")
    assert (result.exit_code, result.stdout.count(r"\[")) == (0, 2)
    assert result.stderr == "gradproof: errata.product-of-two-derivatives is refuted, not proved\n"


@pytest.mark.parametrize("command", ["show", "latex"])
def test_a_claim_of_ones_own_that_makes_no_sense_is_one_line(gradproof, claims, command):
    path = claims("s = sequence('s', H)\na = derivation('a', '', s, ('', s), source='')")
    result = gradproof(command, "a", "--from", path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"gradproof: {path}: a: TypeError: s changes along the sequence: write s[t]\n"
