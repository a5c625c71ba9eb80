"""KaTeX, in its strict mode, reads whatever LaTeX the product prints."""

from __future__ import annotations

import pytest

from gradproof.site.mathml import BadMath, mathml, paragraphs
from symbolic.derivations import catalogue
from symbolic.latex import derivation_latex, latex
from symbolic.models import models
from symbolic.notation import t
from symbolic.prose import prose

RECORDS = list(catalogue())


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.id)
def test_derivation_and_worked_example_parse(record):
    printed = derivation_latex(record) + derivation_latex(record, steps=True, entries=True)
    parts = paragraphs(printed.replace(r"\paragraph", r"\textbf"))
    displays = [tex for tex, display in parts if display]
    assert len(displays) >= 2
    for tex, display in parts:
        assert mathml(tex if display else rf"\text{{{tex}}}", display).startswith("<math")


def test_every_equation_of_every_model_parses():
    for model in models().values():
        for eq in model.equations:
            for side in (eq.left, eq.right):
                assert "<math" in mathml(latex(side, model.subscript_time), display=True)
        for var in model.arrays.values():
            assert "<math" in mathml(latex(var[t] if var.sequence else var))


def test_every_title_reason_and_source_parses_as_text():
    for record in RECORDS:
        for line in (record.title, record.source, *record.reasons, *map(str, record.hypotheses)):
            assert mathml(rf"\text{{{prose(line)}}}").startswith("<math"), line


@pytest.mark.parametrize(
    "tex",
    [
        r"\frac{a}",
        r"a^{1}^{2}",
        r"\text{é}\é",
        r"x \notacommand y",
        r"\begin{aligned} a &= b",
        "ŷ",
    ],
)
def test_what_strict_mode_does_not_take_is_an_error(tex):
    with pytest.raises(BadMath, match="KaTeX"):
        mathml(tex)


@pytest.mark.parametrize(
    ("tex", "shown"), [(r"\mathbb{R}", "ℝ"), (r"\mathcal{L}", "ℒ"), (r"\mathbf{1}", "𝟏"), (r"\mathbf{y}", "𝐲")]
)
def test_letters_of_other_alphabets_are_characters(tex, shown):
    assert f">{shown}</m" in mathml(tex)
    assert "mathvariant" not in mathml(tex)


@pytest.mark.parametrize(
    ("tex", "element"),
    [
        (r"\color{red} x", "mathcolor"),
        (r"\underbrace{a + b}_{\text{both}}", "munder"),
        (r"\begin{aligned} a &= b \\ c &= d \end{aligned}", 'columnalign="right left"'),
        (r"\begin{pmatrix} " + " & ".join("x" * 40) + r" \end{pmatrix}", "mtable"),
    ],
)
def test_colours_braces_alignments_and_wide_matrices(tex, element):
    assert element in mathml(tex, display=True)


def test_a_sign_is_not_spaced_like_a_difference():
    assert '(</mo><mo form="prefix">−</mo><mi>x</mi>' in mathml(r"\sigma(-x)")
    assert '=</mo><mo form="prefix">−</mo>' in mathml("a = -b")
    assert 'form="prefix"' not in mathml("a - b = c - d")


def test_a_prime_stands_beside_its_letter():
    assert '<mrow><mi>σ</mi><mo lspace="0em" rspace="0em">′</mo></mrow><mo>=' in mathml(r"\sigma' = 1")
    assert "<msup><mi>h</mi><mn>2</mn></msup>" in mathml(r"\sigma' = h^2")


@pytest.mark.parametrize(
    "tex", [r"y \log\left(z\right)", r"\exp o", r"(a) \tanh^2(b)", r"V^\top \operatorname{diag}(x)"]
)
def test_a_function_stands_apart_from_what_is_beside_it(tex):
    assert mathml(tex).count("<mspace") == 1


@pytest.mark.parametrize(
    "tex", [r"\tanh(x)", r"= \log\left(z\right)", r"\frac{x}{\exp(y)}", r"\left(\log(y)\right)", "xy"]
)
def test_nothing_comes_between_a_function_and_its_parenthesis(tex):
    assert "<mspace" not in mathml(tex)


def test_a_document_is_taken_apart_into_text_and_displays():
    text = "Written out for $D=4$.\n\\begin{equation*}\n x\n\\end{equation*}\nthen\n\\[\n  y\n\\]"
    assert paragraphs(text) == [
        ("Written out for $D=4$.", False),
        ("\\begin{equation*}\n x\n\\end{equation*}", True),
        ("then", False),
        ("\n  y\n", True),
    ]
