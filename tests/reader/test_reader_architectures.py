"""Words that name a part of the document's own model restrict nothing; words that deny it do."""

from __future__ import annotations

import pytest

from symbolic.reader.document import findings

OWN = r"""<!-- check
model own
time subscript
name p : H
name b : H
name c_t : H
name a_t : H
name y_t : H target
forward a_t = p \odot c_{t-1} + b
forward c_t = \tanh(a_t)
loss L = \sum_{t=1}^T \frac12 \|c_t - y_t\|^2
let \delta_t = \frac{\partial L}{\partial a_t}
-->

"""
WRONG = r"$$ \frac{\partial L}{\partial p} = \sum_t \delta_t \odot c_t $$"
RIGHT = WRONG.replace("c_t", "c_{t-1}")


def verdicts(text, head=OWN):
    return [each.verdict for of_one in findings("a.md", head + text) for each in of_one]


@pytest.mark.parametrize(
    "lead",
    [
        "The peephole weights:",
        "Peepholes:",
        "A common error is to forget the peepholes:",
        "For the diagonal peephole connections we have",
        "The gradient by the peephole vector is",
    ],
)
def test_the_name_of_a_part_of_the_own_model_is_no_condition(lead):
    assert verdicts(f"{lead}\n\n{WRONG}\n") == ["refuted"]
    assert verdicts(f"{lead}\n\n{RIGHT}\n") == ["proved"]


@pytest.mark.parametrize(
    "lead",
    [
        "Without peepholes we have",
        "If the peepholes are removed, we have",
        "For the peephole-free variant",
        "For a diagonal matrix we have",
        "If the gates are saturated, we have",
    ],
)
def test_words_that_deny_a_part_are_still_a_condition(lead):
    assert verdicts(f"{lead}\n\n{WRONG}\n") == ["unread"]


def test_of_a_model_of_ours_a_peephole_is_a_variant():
    head = "<!-- check\nmodel lstm\n-->\n\n"
    text = (
        "With peepholes\n\n$$ \\frac{\\partial L}{\\partial f_t} = c_t \\odot \\frac{\\partial L}{\\partial c_t} $$\n"
    )
    assert verdicts(text, head) == ["unread"]


FROM_THE_SECOND = r"$$ \frac{\partial L}{\partial p} = \sum_{t=2}^{T} \delta_t \odot c_{t-1} $$"


def test_a_gradient_by_the_initial_state_does_not_say_that_it_is_zero():
    elsewhere = "\n\n## Initial\n\n$$ \\frac{\\partial L}{\\partial c_0} = p \\odot \\delta_1 $$\n".replace(
        "Initial", "X"
    )
    assert verdicts(f"## A\n\n{FROM_THE_SECOND}{elsewhere}") == ["refuted", "proved"]


@pytest.mark.parametrize(
    "said", ["$c_0 = 0$", r"$\mathbf{c_0} = \mathbf{0}$", r"$c_{0} = 0$", "The initial state is zero."]
)
def test_an_initial_state_that_the_document_sets_to_zero_may_be_meant(said):
    assert verdicts(f"## A\n\n{FROM_THE_SECOND}\n\n## B\n\n{said}\n")[0] == "unread"
