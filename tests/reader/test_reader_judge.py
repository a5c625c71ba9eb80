"""What is said of formulas in a document: each right one beside wrong neighbours."""

from __future__ import annotations

import pytest

from symbolic.reader.document import findings

LSTM = "model lstm\nread d as gradient\nread beside as hadamard"
RNN = "model rnn\ntime superscript\nindex i, j, k"


def judged(latex, declared=RNN):
    """The findings of one displayed formula."""
    text = f"<!-- check\n{declared}\n-->\n\n$$ {latex} $$\n"
    return [finding for each in findings("notes.md", text) for finding in each]


def verdicts(latex, declared=RNN):
    return [finding.verdict for finding in judged(latex, declared)]


WRONG_DH = (
    r"d h_{t-1} = o_t (1-o_t) W_{ho} d o_t + i_t (1-i_t) W_{hi} d i_t "
    r"+ f_t (1-f_t) W_{hf} d f_t + (1-g_t^2) W_{hc} d g_t"
)


def test_missing_transposes_are_refuted_and_the_proved_repair_is_printed():
    (found,) = judged(WRONG_DH, LSTM)
    assert found.verdict == "refuted"
    assert found.counterexample is not None
    assert r"W_{ho}^{\top} \left(o_{t} \left(1 - o_{t}\right) d o_{t}\right)" in found.repair
    assert found.repair.endswith(r"W_{hz}^{\top} d \alpha_{t-1}")


@pytest.mark.parametrize(
    ("latex", "declared", "verdict"),
    [
        (r"d o_t = \tanh(c_t) d h_t", LSTM, "proved"),
        (r"d o_t = c_t d h_t", LSTM, "refuted"),
        (r"d W_{xo} = \sum_t (o_t (1-o_t) d o_t) x_t^\top", LSTM, "proved"),
        (r"d W_{xo} = \sum_t o_t (1-o_t) x_t d o_t", LSTM, "ill_typed"),
        (r"d W_{xo} = (o_t (1-o_t) d o_t) x_t^\top", LSTM, "refuted"),
        (r"d c_{t-1} \mathrel{+}= f_t \circ d c_t", LSTM, "proved"),
        (r"d c_{t-1} += f_t \circ d c_t", LSTM, "proved"),
        (r"d c_{t-1} += i_t \circ d c_t", LSTM, "refuted"),
        (r"\nabla_{o^{(t)}} L = \hat{y}^{(t)} - y^{(t)}", RNN, "proved"),
        (r"\nabla_{o^{(t)}} L = y^{(t)} - \hat{y}^{(t)}", RNN, "refuted"),
        (r"\nabla_{h^{(t)}} L = W^\top \nabla_{a^{(t+1)}} L + V^\top \nabla_{o^{(t)}} L", RNN, "proved"),
        (r"\nabla_{h^{(t)}} L = W \nabla_{a^{(t+1)}} L + V^\top \nabla_{o^{(t)}} L", RNN, "refuted"),
        (r"\nabla_{h^{(t)}} L = W^\top \nabla_{a^{(t+1)}} L + V \nabla_{o^{(t)}} L", RNN, "ill_typed"),
        (r"(\nabla_{o^{(t)}} L)_i = \hat{y}_i^{(t)} - \mathbf{1}_{i=y^{(t)}}", RNN, "proved"),
        (r"\frac{\partial L}{\partial V} = \sum_t (\hat{y}^{(t)} - y^{(t)}) \otimes h^{(t)}", RNN, "proved"),
        (r"\partial L / \partial c = \sum_t \partial L / \partial o^{(t)}", RNN, "proved"),
        (r"h^{(t)} = \tanh(b + W h^{(t-1)} + U x^{(t)})", RNN, "definition"),
        (r"\nabla_{q^{(t)}} L = 1", RNN, "unread"),
        (r"\hat{y}^{(t)} \approx y^{(t)}", RNN, "unread"),
    ],
)
def test_verdicts(latex, declared, verdict):
    assert verdicts(latex, declared) == [verdict]


def test_a_definition_that_differs_from_the_model_has_a_defect():
    (found,) = judged(r"h^{(t)} = \tanh(b + W h^{(t)} + U x^{(t)})")
    assert (found.verdict, found.defect, found.message) == ("definition", True, "differs from the model rnn")


def test_hypotheses_are_reported():
    (found,) = judged(r"\nabla_{o^{(t)}} L = \hat{y}^{(t)} - y^{(t)}")
    assert found.hypotheses == ("Σ_k y_k = 1",)


def test_total_against_immediate_is_reported_and_can_be_declared():
    double_sum = (
        r"\frac{\partial L}{\partial W} = \sum_t \sum_{k=1}^{t} \frac{\partial L^{(t)}}{\partial h^{(t)}}"
        r"\frac{\partial h^{(t)}}{\partial h^{(k)}} \frac{\partial h^{(k)}}{\partial W}"
    )
    (found,) = judged(double_sum, "model rnn\nstep k")
    assert found.verdict == "ambiguous"
    assert "refuted (total)" in found.reading
    assert "proved (immediate)" in found.reading
    assert verdicts(double_sum, "model rnn\nstep k\nread \\partial as total") == ["refuted"]
    assert verdicts(double_sum, "model rnn\nstep k\nread \\partial as immediate") == ["proved"]
    assert verdicts(double_sum.replace(r"{\partial h^{(k)}}{\partial W}", r"{\partial^+ h^{(k)}}{\partial W}"),
                    "model rnn\nstep k") == ["proved"]  # fmt: skip


def test_vectors_side_by_side_are_read_every_way_that_fits():
    formula = r"d c_t = (1 - \tanh(c_t)^2) o_t d h_t + f_{t+1} d c_{t+1}"
    (found,) = judged(formula, "model lstm\nread d as gradient")
    assert found.verdict == "ambiguous"
    assert verdicts(formula, LSTM) == ["proved"]


def test_an_equation_of_the_model_is_read_as_the_model_has_it():
    cell, wrong = (rf"c_t = {forget} c_{{t-1}} + i_t g_t" for forget in ("f_t", "o_t"))
    (right,) = judged(cell, "model lstm")
    assert (right.verdict, right.defect) == ("definition", False)
    assert right.message == "as the model lstm has it, in one of 3 readings"
    (defect,) = judged(wrong, "model lstm")
    assert (defect.verdict, defect.defect) == ("definition", True)


@pytest.mark.parametrize(
    ("latex", "declared", "hint"),
    [
        (r"d c_t = (1 - \tanh(c_t)^2) o_t d h_t + f_{t+1} d c_{t+1}", "model lstm\nread d as gradient", "beside"),
        (r"d c_t = o_t \cdot (1 - \tanh(c_t)^2) \cdot d h_t + f_{t+1} \cdot d c_{t+1}",
         "model lstm\nread d as gradient", r"\cdot"),
        (r"\frac{\partial L_t}{\partial W} = \frac{\partial L_t}{\partial h_t} \frac{\partial h_t}{\partial W}",
         "model rnn\ntime subscript", r"\partial"),
    ],
)  # fmt: skip
def test_what_is_ambiguous_says_what_to_declare(latex, declared, hint):
    (found,) = judged(latex, declared)
    assert found.verdict == "ambiguous"
    assert f"say `read {hint} as" in found.message


def test_a_chain_has_one_finding_per_equality():
    chain = r"\nabla_{o^{(t)}} L = \hat{y}^{(t)} - y^{(t)} = y^{(t)} - \hat{y}^{(t)} = -(\hat{y}^{(t)} - y^{(t)})"
    assert verdicts(chain) == ["proved", "refuted", "proved"]


def test_a_row_that_starts_with_a_relation_continues_the_chain():
    text = "<!-- check\nmodel rnn\n-->\n$$ \\nabla_{o^{(t)}} L = \\hat y^{(t)} - y^{(t)} $$\nso\n$$ = -y^{(t)} $$\n"
    assert [finding.verdict for each in findings("notes.md", text) for finding in each] == ["proved", "refuted"]


def test_the_document_s_own_equations_are_its_model():
    declared = r"""dims D = 2, H = 3
name x_t : D
name s_t : H
name A : H×D
name r_t : H target
forward s_t = \tanh(A x_t)
loss J = \sum_t (r_t - s_t)^2
read d as gradient"""
    assert verdicts(r"dA = \sum_t (2 (s_t - r_t) \odot (1 - s_t^2)) x_t^T", declared) == ["proved"]
    assert verdicts(r"dA = \sum_t (2 (s_t - r_t) \odot (1 + s_t^2)) x_t^T", declared) == ["refuted"]


def test_matrices_that_are_written_out_are_compared_entry_by_entry():
    declared = "dims K = 3\nmodel head"
    right = (
        r"\frac{\partial L}{\partial o} = \begin{pmatrix} \hat y_1 - 1 & \hat y_1 & \hat y_1 \\ "
        r"\hat y_2 & \hat y_2 - 1 & \hat y_2 \\ \hat y_3 & \hat y_3 & \hat y_3 - 1 \end{pmatrix} "
        r"\begin{pmatrix} y_1 \\ y_2 \\ y_3 \end{pmatrix}"
    )
    assert verdicts(right, declared) == ["proved"]
    assert verdicts(right.replace(r"\hat y_3 - 1", r"\hat y_3"), declared) == ["refuted"]
    assert verdicts(right.replace(r" \\ y_3", ""), declared) == ["ill_typed"]


def test_a_shape_statement_is_compared_with_the_declaration():
    (right,) = judged(r"U \in \mathbb{R}^{5 \times 4}")
    (wrong,) = judged(r"U \in \mathbb{R}^{4 \times 5}")
    assert (right.verdict, right.defect) == ("definition", False)
    assert (wrong.verdict, wrong.defect) == ("definition", True)
    assert wrong.message == "the shape is said to be 4×5, and declared H×D"


def test_what_cannot_be_read_is_named_with_its_column():
    (found,) = judged(r"\nabla_{h^{(t)}} L = Q h^{(t)}")
    assert (found.verdict, found.token) == ("unread", "Q")
    assert found.message == "7:25: Q is not declared"


def test_the_same_formula_with_its_sizes_confused_is_not_read_as_right():
    for formula in (
        r"\nabla_{U} L = \sum_t x^{(t)} (\nabla_{a^{(t)}} L)^\top",
        r"\nabla_{x^{(t)}} L = U \nabla_{a^{(t)}} L",
    ):
        assert verdicts(formula) == ["ill_typed"]


@pytest.mark.parametrize(
    ("latex", "message"),
    [
        (r"\frac{\partial L}{\partial c} = \hat{y}^{(t)} - y^{(t)}", "T = 1"),
        (r"\nabla_{h^{(t)}} L = W \nabla_{a^{(t+1)}} L + V^\top \nabla_{o^{(t)}} L", "W is symmetric"),
        (r"\nabla_{a^{(t)}} L = (1 - h^{(t)} (h^{(t)})^\top) \nabla_{h^{(t)}} L", "every vector is a number"),
    ],
)
def test_a_formula_that_holds_in_a_special_case_only_says_so(latex, message):
    (found,) = judged(latex)
    assert found.verdict == "refuted"
    assert found.message == f"the two sides agree where {message} (at 2 points tried)"


def test_a_formula_that_is_wrong_everywhere_names_no_special_case():
    (found,) = judged(r"\nabla_{o^{(t)}} L = 2 (\hat{y}^{(t)} - y^{(t)})")
    assert (found.verdict, found.message) == ("refuted", "")


def test_an_equation_that_begins_a_sum_is_ambiguous():
    text = f"<!-- check\n{LSTM}\n-->\n$d c_t = (1 - \\tanh(c_t)^2) o_t d h_t$ and $d c_{{t-1}} += f_t \\circ d c_t$\n"
    first, second = (finding for each in findings("notes.md", text) for finding in each)
    assert (first.verdict, second.verdict) == ("ambiguous", "proved")
    assert first.message == "refuted as an equation; proved as the first part of what a += nearby adds to"
    alone = next(findings("notes.md", text.replace("f_t \\circ d", "i_t \\circ d")))[0]
    assert alone.verdict == "refuted"


@pytest.mark.parametrize(
    "latex",
    [
        r"\nabla_{c} L = \hat{y}^{(t)} - y^{(t)} \quad \text{if } h^{(t)} = 0",
        r"\nabla_{c} L = \hat{y}^{(t)} - y^{(t)} \quad \text{unless it rains}",
        r"\nabla_{c} L = \hat{y}^{(t)} - y^{(t)} \quad (\text{when } T = 1)",
    ],
)
def test_a_condition_in_words_is_not_dropped(latex):
    assert verdicts(latex) == ["unread"]


def test_other_words_are_no_condition():
    assert verdicts(r"\nabla_{o^{(t)}} L = \hat{y}^{(t)} - y^{(t)} \quad (\text{the difference, specifically})") == [
        "proved"
    ]


def test_a_dot_between_vectors_is_not_what_vectors_side_by_side_are():
    formula = r"d o_t = \tanh(c_t) \cdot (d h_t \odot o_t) / o_t"
    assert verdicts(r"L_t = -y_t \cdot \log z_t", LSTM) == ["definition"]
    assert verdicts(formula, LSTM + "\nread \\cdot as hadamard") == ["proved"]


def test_a_sum_without_limits_runs_over_all_steps_and_over_no_others():
    (found,) = judged(r"\nabla_V L = \sum_t \frac{\partial L^{(t)}}{\partial V}")
    assert (found.verdict, found.reading.partition("= ")[2]) == ("proved", "Σ_{t=1}^{T} d(L_t[t], V) [K×H]")
    (found,) = judged(r"\nabla_V L = \sum_t \frac{\partial L^{(t+1)}}{\partial V}")
    assert (found.verdict, "write its limits" in found.message) == ("ambiguous", True)


@pytest.mark.parametrize("declared", ["model rnn\ntime subscript", "time subscript\nmodel rnn"])
def test_the_way_time_is_written_may_be_said_before_or_after_the_model(declared):
    (right,) = judged(r"\frac{\partial h_t}{\partial h_{t-1}} = \operatorname{diag}(1-h_t^2) W", declared)
    (wrong,) = judged(r"\frac{\partial h_t}{\partial h_{t-1}} = W^\top \operatorname{diag}(1-h_t^2)", declared)
    assert (right.verdict, wrong.verdict) == ("proved", "refuted")
    assert wrong.repair == r"\operatorname{diag}\left(1 - h_{t}^{2}\right) W"
