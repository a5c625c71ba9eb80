"""Formulas of public notes that are easily read wrongly: they are judged as they are meant, or not read."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from gradproof import check_report, check_run
from symbolic.reader.document import findings
from symbolic.reader.resolve import Resolver
from symbolic.reader.scan import Unscannable, formulas, sources
from symbolic.reader.suggest import suggestion

RNN = "model rnn\ntime subscript\nindex i, j : K"
ABOVE = "model rnn\nindex i, j : K"
LSTM = "model lstm\ntime subscript\nread d as gradient"


def verdicts(latex, declared=RNN):
    text = f"<!-- check\n{declared}\n-->\n$${latex}$$\n"
    return [each.verdict + "!" * each.defect for found in findings("a.md", text) for each in found]


@pytest.mark.parametrize(
    "latex",
    [
        r"W^{(2)} = W",
        r"h_t^{(2)} = h_t",
        r"W^{-1} W = I",
        r"W^2 = W W",
        r"L' = L",
        r"L^T = L",
        r"h_t' = 1 - h_t^2",
        r"h_t = \sigma_h(a_t)",
        r"a_t = \tanh^{-1}(h_t)",
        r"\tanh^{-1}(h_t) = a_t",
        r"h_t = \tanh W h_{t-1} + U x_t + b",
        r"h_t = \max(0, a_t)",
        r"h_t = \max \tanh(a_t)",
        r"h_t = [h_{t-1}, x_t]",
        r"L = \begin{vmatrix} 1 & 2 \\ 3 & 4 \end{vmatrix}",
        r"L = \left| \begin{matrix} 1 & 2 \\ 3 & 4 \end{matrix} \right|",
        r"L = \langle L \rangle",
        r"\frac{\partial}{\partial h_{t-1}} W h_{t-1} \odot h_{t-1} = W",
        r"\sum_{i=1}^{n} \hat{y}_{t,i} = 1",
        r"\sum_{i=0}^{K-1} \hat{y}_{t,i} = 1",
        r"\sum_{j \neq i+1} y_{t,j} = 1",
        r"W \in \mathbb{R}^{n \times m}",
        r"\nabla_c L = \sum_t \hat{y}_t - y_t",
        r"\nabla_{o_t} L = \hat{y}_t - y_t \qquad (2)",
        r"b = 0",
    ],
)
def test_what_may_mean_something_else_is_not_read(latex):
    assert verdicts(latex) == ["unread"]


@pytest.mark.parametrize("latex", [r"h^2 = h^{(2)}", r"\nabla_{a^{(t)}} L = 1 - h^2"])
def test_a_number_above_a_name_without_brackets_is_no_step(latex):
    assert verdicts(latex, ABOVE) == ["unread"]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (
            r"\nabla_W L = \sum_{t=1}^{T} (1 - h_t^2) \odot \nabla_{h_t} L \; h_{t-1}^\top",
            r"\nabla_W L = \sum_{t=1}^{T} (1 + h_t^2) \odot \nabla_{h_t} L \; h_{t-1}^\top",
        ),
        (
            r"\nabla_W L = \sum_t \nabla_{h_t} L \odot (1 - h_t \odot h_t) h_{t-1}^\top",
            r"\nabla_W L = \sum_t \nabla_{h_t} L \odot (1 - h_t) h_{t-1}^\top",
        ),
        (
            r"\partial L / \partial h_t (1 - h_t^2) = \nabla_{a_t} L",
            r"\partial L / \partial h_t (1 + h_t^2) = \nabla_{a_t} L",
        ),
        (
            r"\nabla_{a_t} L = (1 - h_t^2) \partial L / \partial h_t",
            r"\nabla_{a_t} L = (1 - h_t^2) \partial L / \partial a_t",
        ),
        (
            r"\partial L/\partial a_t = \partial L/\partial h_t \cdot \partial h_t/\partial a_t",
            r"\partial L/\partial h_t = \partial L/\partial o_t \cdot \partial o_t/\partial h_t",
        ),
        (
            r"\nabla_{a_t} L = \nabla_{h_t} L \odot \tanh'(a_t)",
            r"\nabla_{a_t} L = \nabla_{h_t} L \odot \sigma'(a_t)",
        ),
        (
            r"\partial L_t / \partial h_t = \partial L_t/\partial o_t \; \partial o_t/\partial h_t",
            r"\partial L_t / \partial a_t = \partial L_t/\partial o_t \; \partial o_t/\partial h_t",
        ),
    ],
)
def test_notation_of_notes_is_proved_and_its_wrong_neighbour_refuted(right, wrong):
    assert verdicts(right) == ["proved"]
    assert verdicts(wrong) == ["refuted"]


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (r"\frac{\partial \hat y_{t,i}}{\partial o_{t,j}} = -\hat y_{t,i} \hat y_{t,j}, \quad i \neq j", "proved"),
        (r"\frac{\partial \hat y_{t,i}}{\partial o_{t,j}} = -\hat y_{t,i} \hat y_{t,j}, \quad i = j", "refuted"),
        (r"\nabla_{h_t} L = V^\top \nabla_{o_t} L, \quad t = T", "proved"),
        (r"\nabla_{h_t} L = V^\top \nabla_{a_{t}} L, \quad t = T", "ill_typed"),
        (r"\nabla_{h_t} L = V^\top \nabla_{o_t} L, \quad t = 3", "refuted"),
        (r"\nabla_{a_t} L = (1 - h_t^2) \odot \nabla_{h_t} L, \quad t = 3", "proved"),
        (r"\nabla_{h_t} L = V^\top \nabla_{o_t} L, \quad t = T, \ldots, 1", "refuted"),
        (r"\nabla_{h_t} L = V^\top \nabla_{o_t} L, \quad t = T, \ldots, 2", "unread"),
        (r"\nabla_{o_t} L = \hat y_t - y_t, \quad t = T, \ldots, 2", "proved"),
    ],
)
def test_a_condition_holds_for_the_formula_before_it_too(latex, expected):
    assert verdicts(latex)[0] == expected


def test_an_initial_state_may_be_assumed():
    assert verdicts("h_0 = 0") == ["definition"]
    assert verdicts("h_1 = 0") == ["definition!"]


def test_entries_are_multiplied_before_an_outer_product_only_where_nothing_else_conforms():
    assert verdicts(r"d W_{xo} = \sum_t o_t \odot (1 - o_t) \odot d o_t \, x_t^T", LSTM) == ["proved"]
    assert verdicts(r"d W_{xo} = \sum_t o_t \odot (1 + o_t) \odot d o_t \, x_t^T", LSTM) == ["refuted"]


def test_a_product_of_entries_that_a_matrix_should_take_whole_is_repaired():
    text = f"<!-- check\n{RNN}\n-->\n" + (
        r"$\nabla_{h_t} L = V^\top \nabla_{o_t} L + W^\top (1 - h_{t+1}^2) \odot \nabla_{h_{t+1}} L$"
    )
    ((found,),) = findings("a.md", text)
    assert (found.verdict, bool(found.repair)) == ("refuted", True)


@pytest.mark.parametrize(
    ("name", "opening"),
    [
        ("a.md", r"\begin{align}"),
        ("a.md", r"\["),
        ("a.md", r"\("),
        ("a.md", "<!-- "),
        ("a.md", "<pre>"),
        ("a.md", "\n\n    $"),
        ("a.md", "- \n\n    $"),
        ("a.md", "`"),
        ("a.md", "```math\n"),
        ("a.tex", r"\begin{verbatim}"),
        ("a.tex", r"\def\a{"),
    ],
)
def test_what_is_opened_again_and_again_and_never_closed_holds_no_formula(name, opening):
    """Looked for from each place anew, the closing would take minutes."""
    assert list(findings(name, opening * 60_000)) == []


def test_declarations_that_are_opened_again_and_again_are_refused_at_the_first():
    with pytest.raises(Unscannable, match=r"^a\.md:1: <!-- check is not closed"):
        list(findings("a.md", "<!-- check " * 60_000))


def test_a_run_of_ticks_is_closed_by_as_many():
    assert [f.place for s in sources("a.md", "``a` $x$ ``` $y$") for f in formulas(s)] == [(1, 7), (1, 15)]
    assert [f.place for s in sources("a.md", "``a` $x$ `` $y$") for f in formulas(s)] == [(1, 14)]


def test_a_long_product_ends_in_a_verdict():
    """Found by a fuzzer: a hundred factors and what is no letter."""
    latex = "L" * 100 + "\\text{L\x00t } \ufffdeZ_w = V h"
    assert verdicts(latex)[-1] == "unread"


def test_an_included_file_is_judged_and_lends_its_macros_from_its_own_folder_only(tmp_path):
    (tmp_path / "outside.tex").write_text(r"\newcommand{\oo}{h_t} $q$")
    folder = tmp_path / "paper"
    folder.mkdir()
    (folder / "inside.tex").write_text("\\newcommand{\\hh}{h_t}\n $\\hh = 0$")
    (folder / "link.tex").symlink_to(tmp_path / "outside.tex")
    paper = folder / "paper.tex"
    paper.write_text(
        "% check: model rnn\n% check: time subscript\n"
        + r"\input{inside}\input{../outside}\input{link}"
        + rf"\input{{{tmp_path}/outside}}\input{{a"
        + "\0b}\\input{"
        + "x" * 5000
        + "}\n$\\hh = \\tanh(a_t)$ $\\oo = \\tanh(a_t)$\n"
    )
    documents = check_run.documents([paper])
    missing, found = [], []
    for each in check_run.checked(documents, 1).findings:
        (missing if r"\input" in each.latex else found).append(each)
    assert [(each.line, each.column, each.verdict, each.message[:26]) for each in missing] == [
        (3, 15, "unread", f"{folder}/../outside.tex"[:26]),
        (3, 33, "unread", f"{folder}/link.tex"[:26]),
        (3, 45, "unread", f"{tmp_path}/outside.tex"[:26]),
        (3, 45 + len(rf"\input{{{tmp_path}/outside}}"), "unread", "a\ufffdb cannot be a file: its "),
        (3, 45 + len(rf"\input{{{tmp_path}/outside}}\input{{a.b}}"), "unread", "x" * 26),
    ]
    assert all("name it on the command line" in each.message for each in missing[:3])
    assert [(each.file, each.line, each.column, each.verdict) for each in found] == [
        (str(paper), 4, 2, "definition"),
        (str(paper), 4, 21, "unread"),
        (str(folder / "inside.tex"), 2, 3, "definition"),
    ]
    assert [each.defect for each in found] == [False, False, True]
    assert check_run.formula_places(documents[0])[:2] == ["4:2", "4:21"]
    assert len(check_run.formula_places(documents[0])) == len(check_run.each_formula(documents[0])) == 2 + len(missing)
    again = check_run.checked(check_run.documents([paper, folder / "inside.tex"]), 1).findings
    assert [(each.file, each.verdict) for each in again if "input" not in each.latex][2:] == [
        (str(folder / "inside.tex"), "unread")
    ]


def test_files_that_include_each_other_are_judged_once_each(tmp_path):
    for name, other in (("a", "b"), ("b", "a")):
        (tmp_path / f"{name}.tex").write_text(
            f"% check: model rnn\n% \\input{{{name}{name}}}\n\\input{{{other}}}\\input{{{name}}}\n"
            r"$\nabla_{o^{(t)}} L = \hat{y}^{(t)} - y^{(t)}$" "\n"
        )  # fmt: skip
    (tmp_path / "aa.tex").write_text("$q$")
    found = check_run.checked(check_run.documents([tmp_path / "a.tex"]), 1).findings
    assert [(Path(each.file).name, each.verdict) for each in found] == [("a.tex", "proved"), ("b.tex", "proved")]


def test_an_included_file_may_declare_for_itself_and_inherits_what_stands_before_it(tmp_path):
    (tmp_path / "paper.tex").write_text(
        "% check: model rnn\n\\input{lstm}\n% check: forget\n% check: model gru\n\\input{gates}\n$h_t = h_t$"
    )
    (tmp_path / "lstm.tex").write_text("$h^{(t)} = h^{(t)}$\n% check: forget\n% check: model lstm\n\n$f_t = f_t$\n")
    (tmp_path / "gates.tex").write_text("$r_t = r_t$ $f_t = f_t$\n")
    found = check_run.checked(check_run.documents([tmp_path / "paper.tex"]), 1).findings
    assert [(Path(each.file).name, each.verdict) for each in found] == [
        ("paper.tex", "definition"),
        ("lstm.tex", "definition"),
        ("lstm.tex", "definition"),
        ("gates.tex", "definition"),
        ("gates.tex", "unread"),
    ]


@pytest.mark.parametrize(("name", "formula"), [("a.md", "${}$"), ("a.tex", "${}$"), ("a.rst", ":math:`{}`")])
def test_a_draft_of_declarations_can_be_put_into_its_document(name, formula):
    hidden = (r"h_t = \tanh(a_t)", r"a_t = b + W h_{t-1} + U x_t")
    output = (r"o_t = V h_t + c", r"\hat{y}_t = \mathrm{softmax}(o_t)", r"L = -\sum_t y_t^\top \log \hat{y}_t")
    text = "\n".join(formula.format(latex) for latex in (*hidden, *output))
    draft = suggestion(name, text)
    assert "model rnn" in draft
    assert [each.verdict for found in findings(name, f"{draft}\n\n{text}") for each in found] == ["definition"] * 5


def test_an_annotation_names_the_file_of_a_notebook_and_not_its_cell():
    notebook = '{"cells": [{"cell_type": "markdown", "source": "$q$"}]}'
    found = [each for formula in findings("docs/a.ipynb", notebook) for each in formula]
    assert [line.split(",")[0] for line in check_report.lines(found, "github")] == ["::warning file=docs/a.ipynb"]
    assert next(check_report.lines(found)).startswith("docs/a.ipynb:1:1:2: cannot read")


def test_a_missing_part_is_written_without_a_jacobian_where_it_has_a_closed_form():
    ((found,),) = findings("a.md", f"<!-- check\n{LSTM}\n-->\n$d c_{{t-1}} = f_t \\odot d c_t$")
    assert (found.verdict, r"\tanh" in found.repair, r"\partial" in found.repair) == ("refuted", True, False)


def test_only_the_time_of_the_processor_counts(monkeypatch):
    text = f"<!-- check\n{RNN}\n-->\n$\\nabla_{{o_t}} L = \\hat y_t - y_t$"

    def slowly(seconds):
        def read(self, node, before=Resolver.read):
            time.sleep(seconds)
            return before(self, node)

        return read

    def busily(self, node, before=Resolver.read):
        until = time.process_time() + 0.3
        while time.process_time() < until:
            pass
        return before(self, node)

    monkeypatch.setattr(Resolver, "read", slowly(0.1))
    ((waited,),) = findings("a.md", text, seconds=0.2)
    monkeypatch.setattr(Resolver, "read", busily)
    ((worked,),) = findings("a.md", text, seconds=0.2)
    assert (waited.verdict, worked.verdict) == ("proved", "unknown")
    assert worked.message == "stopped after 0.2 s"
    assert signal.getitimer(signal.ITIMER_REAL) == signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (r"L_t = \tfrac12 \lVert y_t - \hat y_t \rVert_2^2", r"L_t = \lVert y_t - \hat y_t \rVert_2^2"),
        (r"L_t = \frac{1}{2} \left\| y_t - \hat y_t \right\|^2", r"L_t = \frac{1}{2} \| y_t + \hat y_t \|^2"),
        (r"L = \sum_t \frac12 \bigl\| y_t - \hat y_t \bigr\|^2", r"L = \frac12 \| y_t - \hat y_t \|^2"),
    ],
)
def test_the_square_of_a_norm_is_read(right, wrong):
    assert verdicts(right, "model rnn-squared\ntime subscript") == ["definition"]
    assert verdicts(wrong, "model rnn-squared\ntime subscript") == ["definition!"]


@pytest.mark.parametrize(
    "latex",
    [
        r"\|W\| = 1",
        r"\|W\|^2 = 1 \|",
        r"\|h_t\|_1^2 = 1",
        r"\|W\|^3 = 1",
        r"|h_t|^2 = 1",
        r"\sqrt{h_t} = 1",
        r"x_t \sim h_t",
        r"h_t \propto a_t",
        r"p(y_t \| x_t) = 1",
    ],
)
def test_other_norms_and_relations_are_not_read(latex):
    assert verdicts(latex) == ["unread"]


@pytest.mark.parametrize("latex", [r"h_1, \ldots, h_T", r"\{h_t\}_{t=1}^T", r"\{ h_t \}"])
def test_what_is_listed_claims_nothing(latex):
    assert set(verdicts(latex)) == {"definition"}


def test_the_square_of_the_norm_of_a_matrix_is_that_of_its_entries_where_it_says_so():
    declared = "model rnn\nname \\lambda : number"
    assert verdicts(r"\|W\|_F^2 = \operatorname{tr}(W^\top W)", declared) == ["proved"]
    assert verdicts(r"\|W\|_F^2 = \operatorname{tr}(W W)", declared) == ["refuted"]
    assert verdicts(r"\|W\|^2 = \operatorname{tr}(W^\top W)", declared) == ["unread"]


GOES_ON = r"$\nabla_{h_t} L = V^\top \nabla_{o_t} L + \w^\top \nabla_{a_{t+1}} L$"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (r"\newcommand{\w}{W}", r"% \renewcommand{\w}{V}", "proved"),
        (r"\newcommand{\w}{V}", r"% \renewcommand{\w}{W}", "ill_typed"),
        (r"\newcommand\w{W}", "\\begin{verbatim}\n\\renewcommand{\\w}{V}\n\\end{verbatim}", "proved"),
        (r"\newcommand\w{W} \providecommand{\w}{ W }", "", "proved"),
        (r"\newcommand{\w}{V}", r"\renewcommand{\w}{W}", "unread"),
        (r"\newcommand{\w}{W}", r"\let\w=V", "unread"),
        (r"\newcommand{\w}{W}", r"\renewcommand{\w}[1][W]{V}", "unread"),
        (r"\def\w{W}", r"\def\w#1.{V}", "unread"),
        (r"\def\w{W}", r"\gdef\w{V}", "unread"),
        (r"\newcommand{\gr}[2][L]{\nabla_{#2} #1} \newcommand{\w}{W}", "", "proved"),
    ],
)
def test_what_a_comment_defines_is_no_macro_and_of_several_definitions_none_is_guessed(before, after, expected):
    head = "% check: model rnn\n% check: time subscript\n"
    found = [
        each.verdict
        for each_formula in findings("a.tex", f"{head}{before}\n{GOES_ON}\n{after}\n")
        for each in each_formula
    ]
    assert found == [expected]


@pytest.mark.parametrize("hidden", ["`{}`", "```\n{}\n```", "<!-- {} -->"])
def test_code_in_a_note_defines_no_macro(hidden):
    text = f"<!-- check\n{RNN}\n-->\n$\\newcommand{{\\w}}{{W}}$ {GOES_ON}\n\n" + hidden.format(r"\renewcommand{\w}{V}")
    assert [each.verdict for found in findings("a.md", text) for each in found][-1] == "proved"


@pytest.mark.parametrize(
    "latex",
    [
        r"\nabla_{a_t} L = h_t' \odot \nabla_{h_t} L",
        r"\nabla_{a_t} L = h_t' \nabla_{h_t} L",
        r"\nabla_{a_t} L = {h}_t^{\prime} \circ \nabla_{h_t} L",
    ],
)
def test_a_prime_on_a_vector_refutes_nothing(latex):
    assert verdicts(latex) == ["unread"]


def test_a_prime_that_can_only_be_a_transpose_is_one():
    assert verdicts(r"\nabla_W L = \sum_t \nabla_{a_t} L h_{t-1}'") == ["proved"]
    assert verdicts(r"\nabla_{h_0} L = W' \nabla_{a_1} L") == ["proved"]


def test_a_gradient_that_is_added_to_itself_is_a_rule():
    assert verdicts(r"\nabla_W L = \nabla_W L + \nabla_{a_t} L h_{t-1}^\top") == ["proved"]
    assert verdicts(r"\nabla_W L = \nabla_W L + \nabla_{a_t} L h_t^\top") == ["refuted"]
    assert verdicts(r"\nabla_{h_t} L = \nabla_{h_t} L + W^\top \nabla_{a_{t+1}} L") == ["proved"]
    assert verdicts(r"\nabla_{h_t} L = \nabla_{h_t} L + W \nabla_{a_{t+1}} L") == ["refuted"]


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (r"L_t = -\sum y_t \log \hat y_t", "definition"),
        (r"L_t = -\sum y_t \log o_t", "definition!"),
        (r"L = -\sum y_t \log \hat y_t", "definition"),
        (r"\hat y_t = \frac{\exp(o_t)}{\sum \exp(o_t)}", "definition"),
        (r"\hat y_t = \frac{\exp(o_t)}{\sum \exp(h_t)}", "definition!"),
        (r"\nabla_b L = \sum \nabla_{a_t} L", "proved"),
        (r"\nabla_b L = \sum \nabla_{h_t} L", "refuted"),
        (r"L = \sum W", "unread"),
    ],
)
def test_a_sum_without_a_subscript_is_over_steps_or_over_entries(latex, expected):
    assert verdicts(latex) == [expected]


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (r"\boxed{\nabla_{o_t} L = \hat y_t - y_t}.", "proved"),
        (r"\boxed{\nabla_{o_t} L = y_t - \hat y_t}", "refuted"),
        (r"\nabla_{o_t} L = \boxed{\hat y_t - y_t}", "proved"),
        (r"\nabla_{h_t} L = \boxed{V^\top}(y_t - \hat y_t)", "refuted"),
        (r"\boxed{\nabla_{o_t} L} = \hat y_t - y_t", "proved"),
        (r"\log \hat y_{t,i} = o_{t,i} - \log \sum_j e^{o_{t,j}}", "proved"),
        (r"\log \hat y_{t,i} = o_{t,i} - \sum_j o_{t,j}", "refuted"),
        (r"h_0 = \mathbf{0}", "definition"),
    ],
)
def test_boxes_logarithms_and_zero_vectors(latex, expected):
    assert verdicts(latex) == [expected]


def test_a_mean_over_examples_and_steps():
    right = r"\nabla_{o^{(t)}} L = \frac{1}{NT} (\hat y^{(t)} - y^{(t)})"
    assert verdicts(right, "model minibatch") == ["proved"]
    assert verdicts(right.replace("NT", "N T"), "model minibatch") == ["proved"]
    assert verdicts(right.replace("NT", "N"), "model minibatch") == ["refuted"]
    assert verdicts(right.replace("NT", "NK"), "model minibatch") == ["refuted"]


def test_what_a_paper_includes_and_lacks_is_said_at_its_line(tmp_path):
    paper = tmp_path / "paper.tex"
    paper.write_bytes(
        b"% check: model rnn\r\n% check: time subscript\r\n\\input{intro}\r\n% \\input{old}\r\n"
        b"\\begin{verbatim}\\input{code}\\end{verbatim}\\newcommand{\\fig}[1]{\\input{figures/#1}}\r\n"
        b"\\input{plot.pgf} \\include{lost} \\input gone\r\n\\input{../up}\r\n$h_0 = 0$\r\n"
    )
    (tmp_path / "intro.tex").write_text("$h_t = \\tanh(a_t)$\n\n\\input{deeper}\n")
    documents = check_run.documents([paper])
    found = check_run.checked(documents, 1).findings
    assert [(Path(each.file).name, each.line, each.column, each.latex, each.verdict) for each in found] == [
        ("intro.tex", 3, 1, r"\input{deeper}", "unread"),
        ("paper.tex", 6, 18, r"\include{lost}", "unread"),
        ("paper.tex", 6, 33, r"\input gone", "unread"),
        ("paper.tex", 7, 1, r"\input{../up}", "unread"),
        ("paper.tex", 8, 2, "h_0 = 0", "definition"),
        ("intro.tex", 1, 2, r"h_t = \tanh(a_t)", "definition"),
    ]
    assert found[1].message == f"there is no file {tmp_path}/lost.tex: its formulas are not judged"
    assert check_run.exit_code(found) == 3
    (tmp_path.parent / "up.tex").write_text("$h_0 = 0$")
    try:
        both = check_run.documents([paper, tmp_path / ".." / "up.tex"])
        assert r"\input{../up}" not in [each.latex for each in check_run.checked(both, 1).findings]
    finally:
        (tmp_path.parent / "up.tex").unlink()


def test_more_files_than_are_included_is_said_once(tmp_path):
    for number in range(60):
        (tmp_path / f"a{number}.tex").write_text("$h_0 = 0$")
    paper = tmp_path / "paper.tex"
    paper.write_text("% check: model rnn\n" + "".join(f"\\input{{a{number}}}\n" for number in range(60)))
    found = check_run.checked(check_run.documents([paper]), 1).findings
    assert [(each.line, each.verdict) for each in found if "input" in each.latex] == [(52, "unread")]
    assert len(found) == 51


BPTT = "model rnn\ntime subscript\nstep k, s"
PRODUCT = r"\frac{\partial L}{\partial h_t} = \sum_{k=t}^T \frac{\partial L_k}{\partial h_k} "


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (PRODUCT + r"\prod_{s=t+1}^k \frac{\partial h_s}{\partial h_{s-1}}", "proved"),
        (PRODUCT + r"\prod_{s=t+1}^k \mathrm{diag}(1-h_s^2) W", "proved"),
        (PRODUCT + r"\prod_{s=k}^{t+1} \mathrm{diag}(1-h_s^2) W", "proved"),
        (PRODUCT + r"\prod_{s=t}^{k} \mathrm{diag}(1-h_s^2) W", "refuted"),
        (PRODUCT + r"\prod_{s=t+1}^k \mathrm{diag}(1-h_{s-1}^2) W", "refuted"),
        (r"\frac{\partial h_t}{\partial h_k} = \prod_{s=k+1}^t \mathrm{diag}(1-h_s^2) W", "proved"),
        (r"\frac{\partial h_t}{\partial h_k} = \prod_{s=t}^{k+1} \mathrm{diag}(1-h_s^2) W", "proved"),
        (r"\frac{\partial h_t}{\partial h_k} = \prod_{s=k}^t \mathrm{diag}(1-h_s^2) W", "refuted"),
        (r"\frac{\partial h_t}{\partial h_k} = \prod_{s=t+1}^k \mathrm{diag}(1-h_s^2) W", "unread"),
        (r"\frac{\partial h_T}{\partial h_t} = \prod_{s=T}^{t+1} \mathrm{diag}(1-h_s^2) W", "proved"),
    ],
)
def test_a_product_goes_down_only_where_it_is_said(latex, expected):
    """From t + 1 to k, in a sum over k from t on, goes up."""
    assert verdicts(latex, BPTT) == [expected]


def test_the_transpose_of_an_entry_is_not_guessed():
    declared = "model rnn\ntime subscript\nindex i, j : H"
    left = r"\frac{\partial a_{t,i}}{\partial h_{t-1,j}}"
    found = [verdicts(f"{left} = {right}", declared) for right in (r"W_{ij}^\top", r"W^\top_{ji}", r"(W^\top)_{ji}")]
    assert found == [["unread"], ["unread"], ["proved"]]
    assert verdicts(rf"{left} = (W^\top)_{{ij}}", declared) == ["refuted"]


@pytest.mark.parametrize("right", [r"(1-h_t^2) \odot W", r"W \odot (1-h_t^2)", r"W^\top (1-h_t^2)"])
def test_a_square_beside_one_is_no_number(right):
    text = rf"<!-- check{chr(10)}{RNN}{chr(10)}-->{chr(10)}$\frac{{\partial h_t}}{{\partial h_{{t-1}}}} = {right}$"
    ((found,),) = findings("a.md", text)
    assert (found.verdict, found.repair) == (
        "ill_typed",
        r"\operatorname{diag}\left(1 - h_{t}^{2}\right) W",
    )


def test_a_sum_over_two_subscripts_is_two_sums():
    assert verdicts(r"\sum_{i,j} y_{t,i} \hat y_{t,j} = \sum_i y_{t,i}") == ["proved"]
    assert verdicts(r"\sum_{i,j} y_{t,i} \hat y_{t,i} = \sum_i y_{t,i} \hat y_{t,i}") == ["refuted"]
    assert verdicts(r"\sum_{i,j} y_{t,i} \hat y_{t,j} - y_{t,j} = \sum_i y_{t,i} - y_{t,j}") == ["unread"]


@pytest.mark.parametrize(
    "left",
    [r"2 \sum_i y_{t,i} - \hat y_{t,i}", r"\sum_j \sum_i y_{t,i} - \hat y_{t,i}", r"2 \cdot \sum_i y_{t,i} - y_{t,i}"],
)
def test_a_letter_behind_a_sum_that_a_product_ends_in_may_run_in_it(left):
    assert verdicts(f"{left} = {left}") == ["unread"]
    assert verdicts(r"2 \sum_i y_{t,i} - \hat y_{t,j} = -\hat y_{t,j} + 2 \sum_i y_{t,i}") == ["proved"]


def test_a_sum_down_to_an_earlier_step_is_not_read_as_empty():
    loop = r"\nabla_W L = \sum_{t=%s}^{%s} \nabla_{a_t} L\, h_{t-1}^\top"
    assert verdicts(loop % (1, "T")) == ["proved"]
    assert verdicts(loop % ("T", 1)) == ["unread"]
    assert verdicts(loop % (2, "T")) == ["refuted"]


def test_the_transpose_of_the_loss_under_a_gradient_is_that_of_the_gradient():
    assert verdicts(r"\nabla_W L^\top = \sum_t h_{t-1} \nabla_{a_t} L^\top") == ["proved"]
    assert verdicts(r"\nabla_W L^\top = \sum_t \nabla_{a_t} L \, h_{t-1}^\top") == ["refuted"]
    assert verdicts(r"\mathrm{tr}(\nabla_W L^\top W) = \sum_t (\nabla_{a_t} L)^\top W h_{t-1}") == ["proved"]
    assert verdicts(r"\frac{\partial L^\top}{\partial W} = \sum_t \nabla_{a_t} L \, h_{t-1}^\top") == ["unread"]
    assert verdicts(r"\frac{\partial L}{\partial W}^\top = \sum_t h_{t-1} \nabla_{a_t} L^\top") == ["proved"]
    assert verdicts(r"\nabla_{o_t} L^T = \nabla_{o_t} L") == ["unread"]


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (r"h_t^2 + \operatorname{sech}^2(a_t) = 1", "proved"),
        (r"1 = \tanh^2(a_t) + \operatorname{sech}^2(a_t)", "proved"),
        (r"\cosh^2(a_t) - \sinh^2(a_t) = 1", "proved"),
        (r"\sigma(a_t) + \sigma(-a_t) = 1", "proved"),
        (r"h_t^2 + \operatorname{sech}^2(a_{t-1}) = 1", "refuted"),
        (r"h_t^2 + \operatorname{sech}^2(a_t) = 2", "refuted"),
        (r"\cosh^2(a_t) + \sinh^2(a_t) = 1", "refuted"),
        (r"h_t^\top h_t + \operatorname{sech}^2(a_t) = 1", "refuted"),
        (r"\sigma(a_t) - \sigma(-a_t) = 1", "ill_typed"),
        (r"h_t + h_t = 1", "ill_typed"),
        (r"\mathbf{1} = 1", "ill_typed"),
        (r"h_t = 1", "definition!"),
    ],
)
def test_a_sum_of_vectors_may_equal_a_number_at_every_entry(latex, expected):
    assert verdicts(latex) == [expected]
