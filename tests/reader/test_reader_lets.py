"""What a `let` stands for is read where it is declared."""

from __future__ import annotations

import pytest

from symbolic.reader.declare import BadDeclaration
from symbolic.reader.document import findings

HEAD = "<!-- check\nmodel rnn\ntime subscript\nindex k : K\n%s\n-->\n"


def verdicts(declared, text):
    return [each.verdict for found in findings("a.md", HEAD % declared + text) for each in found]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (r"let A \times B = q_t", r"q_{t} is not declared"),
        (r"let A B = W (x_t", "( is not closed"),
        (r"let A B = W x_t", "a product: H×H and D×1"),
        (r"let W_f = [W, Q]", "Q is not declared"),
        (r"let q_t = W q_{t-1}", "q_{t-1} is not declared"),
        (
            r"let q_t = h_t h_t",
            "the right side may be h[t] * h[t], or h[t] @ h[t], or outer(h[t], h[t]): "
            "write ⊙ or ⊤, or say how products are read",
        ),
    ],
)
def test_a_right_side_that_cannot_be_read_is_told_at_its_own_line(line, why):
    with pytest.raises(BadDeclaration) as error:
        verdicts(line, "")
    assert str(error.value) == f"a.md:5: let: {why}"


def test_what_a_sum_binds_around_a_phrase_is_not_asked_for():
    declared = r"let \phi w = y_{tj} \log \hat y_{tj}"
    text = r"$$L_t = -\sum_j \phi w$$" + "\n\n" + r"$$L_t = \sum_j \phi w$$"
    found = [each for formula in findings("a.md", HEAD % declared + text) for each in formula]
    assert [(each.verdict, each.defect) for each in found] == [("definition", False), ("definition", True)]


@pytest.mark.parametrize("gradient", [r"\frac{\partial L}{\partial a_t}", r"\nabla_{a_t} L"])
def test_a_delta_is_declared_as_the_gradient_that_it_stands_for(gradient):
    text = (
        r"So $\delta_t = (1 - h_t^2) \odot (V^\top (\hat y_t - y_t) + W^\top \delta_{t+1})$."
        "\n\n"
        r"So $\delta_t = (1 - h_t^2) \odot (V^\top (\hat y_t - y_t) + W \delta_{t+1})$."
        "\n\n"
        r"So $\frac{\partial L}{\partial W} = \sum_t \delta_t h_{t-1}^\top$."
    )
    assert verdicts(rf"let \delta_t = {gradient}", text) == ["proved", "refuted", "proved"]


def test_an_equation_of_an_own_model_may_hold_a_phrase():
    declared = (
        "model own\nname W : H×H\nname U : H×D\nname h_t : H\nname x_t : D\nlet W_f = [W, U]\n"
        "forward h_t = \\tanh(W_f [h_{t-1}; x_t])\nloss L = \\frac12 \\sum_t \\|h_t\\|^2"
    )
    gradients = [
        r"\frac{\partial L}{\partial h_T} = h_T",
        r"\frac{\partial L}{\partial h_T} = x_T",
        r"\frac{\partial L}{\partial h_{t}} = h_t",
    ]
    assert verdicts(declared, "\n".join(f"So ${each}$.\n" for each in gradients)) == ["proved", "ill_typed", "refuted"]
