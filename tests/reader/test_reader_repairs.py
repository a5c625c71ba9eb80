"""What is proposed for a wrong formula: each repair is proved, and read back it is proved too."""

from __future__ import annotations

import pytest

from symbolic.reader.document import findings

RNN = "model rnn\ntime superscript\nindex i, j, k : K"
LSTM = "model lstm\nread d as gradient\nread beside as hadamard"


def judged(latex, declared=RNN):
    text = f"<!-- check\n{declared}\n-->\n\n$$ {latex} $$\n"
    (found,) = (finding for each in findings("notes.md", text) for finding in each)
    return found


@pytest.mark.parametrize(
    ("left", "wrong", "repair"),
    [
        (r"\frac{\partial o^{(t)}}{\partial V}", r"h^{(t)}", r"I \otimes h^{(t)}"),
        (
            r"\frac{\partial \hat{y}^{(t)}}{\partial h^{(t)}}",
            r"(\hat{y}^{(t)} - y^{(t)}) V",
            r"\left(\operatorname{diag}\left(\hat{y}^{(t)}\right) - \hat{y}^{(t)} \hat{y}^{(t)\top}\right) V",
        ),
        (
            r"\frac{\partial h^{(t)}}{\partial U}",
            r"(1 - (h^{(t)})^2) (x^{(t)} + W \frac{\partial h^{(t-1)}}{\partial U})",
            r"\operatorname{diag}\left(1 - \left(h^{(t)}\right)^{2}\right) \left(W "
            r"\frac{\mathrm{d} h^{(t-1)}}{\mathrm{d} U} + I \otimes x^{(t)}\right)",
        ),
        (
            r"\frac{\partial}{\partial o^{(t)}_j} y^{(t)}_j \log \hat{y}^{(t)}_j",
            r"y^{(t)}_j / \hat{y}^{(t)}_j",
            r"y_{j}^{(t)} \left(1 - \hat{y}_{j}^{(t)}\right)",
        ),
        (
            r"\nabla_U L",
            r"\sum_t x^{(t)} (\nabla_{h^{(t)}} L)^\top",
            r"\sum_{t=1}^{T} \left(\left(1 - \left(h^{(t)}\right)^{2}\right) \odot "
            r"\nabla_{h^{(t)}} L\right) x^{(t)\top}",
        ),
    ],
)
def test_a_closed_form_is_found_where_no_small_edit_is_right(left, wrong, repair):
    found = judged(f"{left} = {wrong}")
    assert (found.verdict in {"refuted", "ill_typed"}, found.repair) == (True, repair)
    again = repair.replace(r"\mathrm{d} h", r"\partial h").replace(r"\mathrm{d} U", r"\partial U")
    assert judged(f"{left} = {again}", f"{RNN}\nread \\partial as total").verdict == "proved"


def test_two_names_may_have_been_exchanged():
    found = judged(r"L^{(t)} = -\sum_{k=1}^K \hat{y}^{(t)}_k \log y^{(t)}_k")
    assert (found.verdict, found.defect) == ("definition", True)
    assert found.repair == r"-\sum_{k=1}^{K} y_{k}^{(t)} \log \hat{y}_{k}^{(t)}"


def test_what_is_added_to_a_gradient_is_repaired_as_a_part_of_it():
    found = judged(r"d c_{t-1} += f_{t-1} \circ d c_t", LSTM)
    assert (found.verdict, found.repair) == ("refuted", r"f_{t} \circ d c_{t}")


def test_the_loss_of_a_step_may_have_been_meant_as_the_whole():
    found = judged(
        r"\frac{\partial L^{(t)}}{\partial a^{(t)}} = (1 - (h^{(t)})^2) \odot \nabla_{h^{(t)}} L",
        f"{RNN}\nread \\partial as total",
    )
    assert found.verdict == "refuted"
    assert found.repair.startswith(r"\frac{\partial L}{\partial a^{(t)}} = ")


def test_nothing_is_proposed_where_the_left_side_has_no_closed_form():
    assert judged(r"\nabla_{o^{(t)}} L \odot y^{(t)} = \tanh(\hat{y}^{(t)})").repair == ""


@pytest.mark.parametrize(
    ("declared", "wrong", "repair"),
    [
        ("read d as gradient", r"d f_t = c_t \odot d c_t", r"c_{t-1} \odot d c_{t}"),
        (
            "",
            r"\frac{\partial L}{\partial f_t} = c_t \odot \frac{\partial L}{\partial c_t}",
            r"c_{t-1} \odot \frac{\partial L}{\partial c_{t}}",
        ),
        ("", r"\nabla_{f_t} L = c_t \odot \nabla_{c_t} L", r"c_{t-1} \odot \nabla_{c_t} L"),
        ("name S_t = c", r"\nabla_{f_t} L = S_t \odot \nabla_{S_t} L", r"S_{t-1} \odot \nabla_{S_t} L"),
        (
            "read d as gradient",
            r"d W_{xo} = (o_t \odot (1-o_t) \odot d o_t) x_t^\top",
            r"\sum_{t} \left(o_{t} \odot \left(1 - o_{t}\right) \odot d o_{t}\right) x_{t}^{\top}",
        ),
    ],
)
def test_a_repair_is_written_as_its_document_writes(declared, wrong, repair):
    found = judged(wrong, f"model lstm\ntime subscript\n{declared}")
    assert (found.verdict, found.repair) == ("refuted", repair)
    again = f"{wrong.partition('=')[0]} = {repair}"
    assert judged(again, f"model lstm\ntime subscript\n{declared}").verdict == "proved"


def test_a_repair_that_would_be_read_as_something_else_is_written_as_it_was_proved():
    """C is declared as c and as h too: a repair with C would have two readings."""
    declared = "model lstm\ntime subscript\nname C_t = c\nalso C_t = h"
    found = judged(r"\nabla_{f_t} L = \nabla_{c_t} L + \nabla_{C_t} L - \nabla_{C_t} L", declared)
    assert found.repair == "" or "C" not in found.repair


@pytest.mark.parametrize(
    ("wrong", "repair"),
    [
        (r"\nabla_{a_t} L = (1 - h_t) \odot \nabla_{h_t} L", r"\left(1 - h_{t}^{2}\right) \odot \nabla_{h_t} L"),
        (
            r"\nabla_{a_t} L = (1 - \tanh(a_t)) \odot \nabla_{h_t} L",
            r"\left(1 - \tanh^{2}\left(a_{t}\right)\right) \odot \nabla_{h_t} L",
        ),
        (r"\nabla_{o_t} L = \hat y_t^2 - y_t", r"\hat{y}_{t} - y_{t}"),
    ],
)
def test_a_square_may_be_missing_or_too_many(wrong, repair):
    found = judged(wrong, "model rnn\ntime subscript")
    assert found.verdict == "refuted"
    assert repair == found.repair


def test_what_is_added_is_repaired_as_the_part_that_comes_through_the_same_parameters():
    found = judged(r"d h_{t-1} = d h_{t-1} + W_{hz} d z_{t-1}", LSTM)
    assert (found.verdict, found.repair) == ("ill_typed", r"W_{hz}^{\top} d \alpha_{t-1}")
    assert judged(rf"d h_{{t-1}} += {found.repair}", LSTM).verdict == "proved"
    assert judged(r"d h_{t-1} += W_{xo} d o_t", LSTM).repair == ""


def test_a_value_is_repaired_by_the_equation_that_makes_it():
    found = judged(r"h^{(t)} = \tanh(V a^{(t)} + o^{(t)})")
    assert (found.verdict, found.defect, found.repair) == ("definition", True, r"\tanh\left(a^{(t)}\right)")
    assert not judged(f"h^{{(t)}} = {found.repair}").defect


def test_an_entry_and_a_function_of_all_may_be_missing_together():
    found = judged(r"\operatorname{softmax}(o^{(t)}) = \frac{o_j^{(t)}}{\sum_k o_k^{(t)}}")
    assert (found.verdict, found.defect) == ("definition", True)
    left, right = found.repair.split(" = ")
    assert (r"_{j}" in left, right.count(r"\exp")) == (True, 2)
    assert not judged(found.repair).is_wrong
