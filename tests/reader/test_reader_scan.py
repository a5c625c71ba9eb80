"""Which formulas a document holds, and where each of them starts."""

from __future__ import annotations

import re

import pytest

from symbolic.reader.document import findings
from symbolic.reader.scan import Unscannable, blocks, formulas, sources
from symbolic.reader.suggest import suggestion


def places(name, text):
    return [(f.place, f.latex.strip(), f.displayed) for source in sources(name, text) for f in formulas(source)]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.md", "a $x$ b", [((1, 4), "x", False)]),
        ("a.md", "é $x$", [((1, 4), "x", False)]),
        ("a.md", "one\n\n  $$\nx = 1\n$$", [((3, 5), "x = 1", True)]),
        ("a.md", r"\(x\) and \[y\]", [((1, 3), "x", False), ((1, 13), "y", True)]),
        ("a.md", "```math\nx\n```\n", [((2, 1), "x", True)]),
        ("a.md", "```\n$x$\n```\n`$y$` ``$a$ ` $b$`` $z$", [((4, 22), "z", False)]),
        ("a.md", "~~~python\n$x$\n", []),
        ("a.md", "<!-- $x$ -->", []),
        ("a.md", "it costs $5 and $10", []),
        ("a.md", r"\$x\$ and $y$", [((1, 12), "y", False)]),
        ("a.md", "$x\n\ny$", []),
        ("a.md", r"\begin{align}x\\y\end{align}", [((1, 1), r"\begin{align}x\\y\end{align}", True)]),
        ("a.tex", "% $x$\n$y$ \\% $z$", [((2, 2), "y", False), ((2, 9), "z", False)]),
        ("a.tex", r"\begin{verbatim}$x$\end{verbatim}", []),
        ("a.rst", ":math:`x` ``$y$``\n\n.. math::\n\n   z = 1\n", [((1, 8), "x", False), ((3, 10), "z = 1", True)]),
    ],
)
def test_formulas_with_line_and_column(name, text, expected):
    assert places(name, text) == expected


def test_a_notebook_is_its_markdown_cells():
    text = '{"cells": [{"cell_type": "code", "source": "$a$"}, {"cell_type": "markdown", "source": ["one\\n", "$b$"]}]}'
    (source,) = sources("a.ipynb", text)
    assert source.name == "a.ipynb:2"
    assert [f.place for f in formulas(source)] == [(2, 2)]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"cells": [1]}'])
def test_what_is_no_notebook_is_refused(text):
    with pytest.raises(Unscannable):
        sources("a.ipynb", text)


@pytest.mark.parametrize(
    ("name", "text", "block"),
    [
        ("a.md", "x\n<!-- check\nmodel rnn\n-->", "\nmodel rnn\n"),
        ("a.tex", "% check: model rnn\n", "model rnn"),
        ("a.rst", ".. check::\n\n   model rnn\n\ntext", "\n   model rnn\n\n"),
    ],
)
def test_declaration_blocks(name, text, block):
    (source,) = sources(name, text)
    assert [each.text for each in blocks(source)] == [block]


def test_a_suggestion_gives_the_sizes_the_letters_that_the_model_has():
    text = r"$U \in \mathbb{R}^{4 \times 3}$, $V \in \mathbb{R}^{2 \times 4}$, $h_t \in \mathbb{R}^4$, $x_t$, $h_{j-1}$"
    lines = suggestion("a.md", text).splitlines()
    assert "dims H = 4, D = 3, K = 2" in lines
    assert not any("j-1" in line for line in lines)


def test_a_suggestion_holds_what_the_document_says_and_what_it_does_not():
    text = r"Let $A \in \mathbb{R}^{5 \times 4}$, $s^{(t)} = \tanh(A q^{(t)})$ and $d A$."
    assert suggestion("a.md", text).splitlines() == [
        "<!-- check",
        "# A draft: look at every line.",
        "time superscript",
        "model own    # the document's own equations",
        "dims H = 5, D = 4",
        "name A : H×D",
        "name q^{(t)} : D    # inferred",
        "name s^{(t)} : H    # inferred",
        r"# the loss is missing: write loss L = \sum_t …",
        r"forward s^{(t)} = \tanh(A q^{(t)})",
        "# d x occurs: say `read d as gradient` or `read d as differential along X`",
        "-->",
    ]


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        (r"\pd{L}{g_t} &= f_t \had \pd{L}{c_t}", [r"\pd{L}{g_t} &= f_t \had \pd{L}{c_t}"]),
        (r"\pd{L}{g_t} &= i_t \had \pd{L}{c_t}, \qquad t = T", [r"\pd{L}{g_t} &= i_t \had \pd{L}{c_t}", "t = T"]),
        (r"c_t &= \pd{L}{c_t} &= \pd {L} {c_t}", [r"c_t &= \pd{L}{c_t}", r"\pd{L}{c_t} &= \pd {L} {c_t}"]),
        (r"h_t &= o_t \had \cell", [r"h_t &= o_t \had \cell"]),
        (r"h_t = o_t ⊙ \tanh(c_t)^⊤, t = T", [r"h_t = o_t ⊙ \tanh(c_t)^⊤", "t = T"]),
        (r"\same", [r"\same"]),
    ],
)  # fmt: skip
def test_the_source_of_a_formula_is_shown_whole_with_its_macros(source, shown):
    head = (
        "% check: model lstm\n\\newcommand{\\pd}[2]{\\frac{\\partial #1}{\\partial #2}}\n"
        "\\def\\had{\\odot}\\newcommand\\cell{\\tanh(c_t)}\\def\\same{c_t = c_t}\n"
    )
    found = findings("a.tex", f"{head}\\begin{{align}}\n{source}\n\\end{{align}}\n")
    inside = r"\\begin\{align\}|\\end\{align\}"
    assert [re.sub(inside, "", each.latex).strip() for formula in found for each in formula] == shown


def test_what_tex_prints_as_it_stands_or_leaves_out_holds_no_formula():
    text = r"\verb|$a$| \verb*!$b$! \iffalse $c$ \[ d \] \fi \verbose $e$"
    assert [f.latex for s in sources("a.tex", text) for f in formulas(s)] == ["e"]


def test_the_options_of_a_directive_are_no_formula():
    text = ".. math::\n   :label: a-b\n   :nowrap:\n\n   x = y\n\ntext\n\n.. math::\n\n   :x = y\n"
    assert [f.latex.strip() for s in sources("a.rst", text) for f in formulas(s)] == ["x = y", ":x = y"]


def test_mathematics_that_words_quote_ends_no_formula():
    text = r"$a = b \text{ if $i = j$ and $k = l$}$ and $c$"
    for name in ("a.md", "a.tex"):
        found = [f.latex for s in sources(name, text) for f in formulas(s)]
        assert found == [r"a = b \text{ if $i = j$ and $k = l$}", "c"]


def test_a_draft_with_sizes_that_are_letters_is_itself_read():
    text = (
        "We have $x_t \\in \\mathbb{R}^{d}$, $h_t \\in \\mathbb{R}^n$ and $W_{hy} \\in \\mathbb{R}^{k \\times n}$.\n\n"
        "$h_t = \\tanh(a_t)$ $a_t = b + W h_{t-1} + U x_t$ $o_t = V h_t + c$ $\\hat{y}_t = \\mathrm{softmax}(o_t)$ "
        "$L = -\\sum_t y_t^\\top \\log \\hat{y}_t$ $\\nabla_{h_t} L = \\nabla_{a_t} L$\n"
    )
    draft = suggestion("a.md", text)
    assert "dims d as D, n as H, k = 6" in draft.splitlines()
    found = [each.verdict for of_one in findings("a.md", f"{draft}\n{text}") for each in of_one]
    assert found == ["definition"] * 8 + ["refuted"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<pre>\n$a$\n</pre> $b$", ["b"]),
        ("<code>$a$</code> $b$", ["b"]),
        ('<script type="text/javascript">\n$$a$$\n</script>\n$b$', ["b"]),
        ("<pre> is an element: $b$", ["b"]),
        ("<predicate>$b$</predicate>", ["b"]),
        ("words\n\n    $a$\n\n    $$a$$\n\n$b$", ["b"]),
        ("\t$a$\n\n$b$", ["b"]),
        ("words\n    $b$", ["b"]),
        ("- item\n\n    $b$\n", ["b"]),
        ("1. item\n   goes on\n\n    $b$\n\n     $$c$$\n", ["b", "c"]),
        ("- item\n\nwords\n\n    $a$\n\n$b$", ["b"]),
        ("- item\n\n## Title\n\n    $a$\n\n$b$", ["b"]),
        ("Title\n=====\n\n    $a$\n\n$b$", ["b"]),
        ("[^1]: note\n\n    $b$", ["b"]),
        ("!!! note\n\n    $b$", ["b"]),
        ("<details>\n\n    $b$\n</details>", ["b"]),
        ("$$\nx\n\n    + y\n$$", ["\nx\n\n    + y\n"]),
    ],
)
def test_code_in_elements_and_indented_holds_no_formula(text, expected):
    assert [each.latex for each in formulas(*sources("a.md", text))] == expected


def test_what_is_indented_in_a_plain_text_is_no_code():
    assert [each.latex for each in formulas(*sources("a.txt", "words\n\n    $a$\n"))] == ["a"]


def test_a_declaration_block_that_is_not_closed_is_refused_unless_it_is_code():
    with pytest.raises(Unscannable, match=r"^a\.md:3: <!-- check is not closed: end it with -->$"):
        list(findings("a.md", "words\n\n<!-- check\nmodel rnn\n\n$h_t = 1$\n"))
    for text in ("`<!-- check`\n\n$1 = 1$", "```\n<!-- check\n```\n\n$1 = 1$", "<!-- checked\n\n$1 = 1$"):
        assert [each.verdict for found in findings("a.md", text) for each in found] == ["definition"]


@pytest.mark.parametrize(("time", "latex"), [("subscript", "h_k"), ("superscript", "h^{(k)}"), ("call", "h(k)")])
def test_a_letter_that_is_a_subscript_and_a_step_is_named(time, latex):
    head = f"<!-- check\nmodel rnn\ntime {time}\n%s\n-->\n"
    ((found,),) = findings("a.md", f"{head % 'index k : K'}${latex} = 0$")
    assert (found.verdict, "k is declared as a subscript, and stands here for a step" in found.message) == (
        "unread",
        True,
    )
    ((found,),) = findings("a.md", f"{head % 'step k'}${latex} = 0$")
    assert "subscript" not in found.message
