"""Any text ends in a verdict, never in a traceback, and within its bounds."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symbolic.reader.declare import BadDeclaration, declare, lines
from symbolic.reader.document import findings
from symbolic.reader.judge import VERDICTS
from symbolic.reader.macros import macros
from symbolic.reader.tokens import Unread, tokens

PIECES = [
    r"\frac", r"\partial", "L", "{", "}", "_", "^", "h", "W", "t", "(t)", "=", "+", "-", r"\sum", r"\prod", r"\left(",
    r"\right)", "(", ")", r"\begin{pmatrix}", r"\end{pmatrix}", "&", r"\\", r"\odot", r"\otimes", r"\nabla", r"\tanh",
    r"\hat", "y", r"\text{if}", "1", "2", "d", ",", ":", "/", "'", r"\top", r"\begin{cases}", r"\end{cases}", "i", "j",
    r"\mathbf", r"\delta", r"\exp", "e", "x", "o", "V", "|", "[", "]", r"\{", r"\}", "=0", r"\underbrace", r"\neq",
]  # fmt: skip
DECLARED = "<!-- check\nmodel rnn\ntime subscript\nindex i, j : K\nread d as gradient\n-->\n"
soup = st.lists(st.sampled_from(PIECES), max_size=14).map(" ".join)


@settings(max_examples=150, deadline=None)
@given(soup)
def test_any_formula_ends_in_a_verdict(latex):
    found = [each for formula in findings("a.md", f"{DECLARED}\n$${latex}$$\n", seconds=2) for each in formula]
    assert {each.verdict for each in found} <= set(VERDICTS)
    assert not [each.message for each in found if each.message.startswith(("TypeError", "KeyError", "IndexError"))]


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200), st.sampled_from(["a.md", "a.tex", "a.rst", "a.txt"]))
def test_any_document_ends_in_verdicts(text, name):
    try:
        found = [each for formula in findings(name, text, seconds=2) for each in formula]
    except BadDeclaration:
        return
    assert {each.verdict for each in found} <= set(VERDICTS)


WORDS = ["model", "name", "let", "read", "h_t", ":", "H", "=", "own", "forward", "loss", "at", "1:1", "index", "i"]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(WORDS)))
def test_any_declaration_is_taken_or_refused_in_one_line(words):
    refused = ""
    try:
        declare(lines(" ".join(words), "a.check", 1, (1, 1)))
    except BadDeclaration as why:
        refused = str(why)
    assert "\n" not in refused


@pytest.mark.parametrize(
    "latex",
    [
        "(" * 5000 + "x" + ")" * 5000,
        "{" * 5000 + "x" + "}" * 5000,
        r"\frac{" * 2000 + "x",
        "x + " * 4000 + "x",
        "h_t " * 4000 + "= 1",
        r"\left(" * 3000,
        "_" * 3000,
        r"\begin{pmatrix}" * 800,
        "h_t^{" + "9" * 2000 + "}",
        "x" * 100_000,
        " ".join(["h_t"] * 9) + " = h_t",
    ],
    ids=range(11),
)
def test_the_worst_formulas_are_unread_or_unknown(latex):
    found = [each for formula in findings("a.md", f"{DECLARED}\n$${latex}$$\n", seconds=5) for each in formula]
    assert found
    assert {each.verdict for each in found} <= {"unread", "unknown", "ill_typed"}


def test_macros_cannot_grow_without_end():
    letters = "abcdefghijklmnopqrstuv"
    growing = "\n".join(rf"\def\{a}{{\{b}\{b}\{b}}}" for a, b in pairwise(letters))
    with pytest.raises(Unread, match="more than 20,000 tokens"):
        macros([growing]).expanded(tokens(r"\a"))
    with pytest.raises(Unread, match="nested more than 24 deep"):
        macros([r"\def\a{\a}"]).expanded(tokens(r"\a"))


def test_nothing_of_a_document_is_evaluated(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    attack = "__import__('os').system('touch owned')"
    text = f"<!-- check\nmodel rnn\nlet q = {attack}\n-->\n$ {attack} $"
    with pytest.raises(BadDeclaration):
        list(findings("a.md", text))
    list(findings("a.md", f"$ {attack} $"))
    assert list(tmp_path.iterdir()) == []


def test_cases_beside_a_vector_end_in_a_verdict():
    """Found by a fuzzer: the two sides were compared with subscripts that are no numbers."""
    latex = r"\nabla_{h_t} L = V^\top \nabla_{o_t} L\begin{cases} 1 & i=j \\ 0 & i \neq j\end{cases}"
    found = [each for formula in findings("a.md", f"{DECLARED}\n$${latex}$$\n") for each in formula]
    assert [each.verdict for each in found] == ["refuted"]
