"""A model of the document's own, whose loss is one sum over the steps."""

from __future__ import annotations

import pytest

from symbolic.reader.declare import BadDeclaration
from symbolic.reader.document import findings

HEAD = r"""<!-- check
model own
name W : H×H
name U : H×D
name V : K×H
name h_t : H
name x_t : D
name o_t : K
name p_t : K
name y_t : K target
index k : K
forward h_t = \tanh(W h_{t-1} + U x_t)
forward o_t = V h_t
forward p_t = \mathrm{softmax}(o_t)
"""
SQUARED = {"once": r"o_t - y_t", "mean": r"\frac{1}{T} (o_t - y_t)", "twice": r"2 (o_t - y_t)"}
ENTROPY = {"once": r"p_t - y_t", "mean": r"\frac{1}{T} (p_t - y_t)", "other": r"y_t - p_t"}


def verdicts(loss, gradients):
    """Of ∂L/∂o_t = gradient, for each."""
    text = "".join(rf"So $\frac{{\partial L}}{{\partial o_t}} = {gradient}$." + "\n\n" for gradient in gradients)
    return [each.verdict for found in findings("a.md", f"{HEAD}{loss}\n-->\n{text}") for each in found]


def right(gradients, name):
    return ["proved" if each == name else "refuted" for each in gradients]


@pytest.mark.parametrize(
    ("loss", "gradient"),
    [
        (r"\frac{1}{2} \sum_t \|o_t - y_t\|^2", "once"),
        (r"1/2 \sum_{t=1}^T (o_t - y_t)^2", "once"),
        (r"0.5 \sum_t (o_t - y_t)^\top (o_t - y_t)", "once"),
        (r"\frac{\sum_t \|o_t - y_t\|^2}{2}", "once"),
        (r"\sum_{t=0}^{T-1} \frac12 \|o_{t+1} - y_{t+1}\|^2", "once"),
        (r"\frac{1}{2T} \sum_t \|o_t - y_t\|^2", "mean"),
        (r"\frac{1}{T} \frac{1}{2} \sum_t \|o_t - y_t\|^2", "mean"),
        (r"\frac{1}{T} \frac{\sum_t \|o_t - y_t\|^2}{2}", "mean"),
        (r"\sum_{t=1}^T \|o_t - y_t\|^2", "twice"),
    ],
)
def test_a_number_stands_before_a_sum_of_squares(loss, gradient):
    assert verdicts(f"loss L = {loss}", SQUARED.values()) == right(SQUARED, gradient)


@pytest.mark.parametrize(
    ("loss", "gradient"),
    [
        (r"-\sum_t \sum_k y_{t,k} \log p_{t,k}", "once"),
        (r"\sum_t -y_t^\top \log p_t", "once"),
        (r"\sum_{\tau=1}^T \sum_k -y_{\tau,k} \log p_{\tau,k}", "once"),
        (r"\sum_k \sum_t -y_{t,k} \log p_{t,k}", "once"),
        (r"-\frac{1}{T} \sum_t \sum_k y_{t,k} \log p_{t,k}", "mean"),
        (r"\sum_t \sum_k y_{t,k} \log p_{t,k}", "other"),
    ],
)
def test_a_sign_stands_before_or_behind_a_sum_of_logarithms(loss, gradient):
    assert verdicts(f"loss L = {loss}", ENTROPY.values()) == right(ENTROPY, gradient)


@pytest.mark.parametrize(
    ("loss", "why"),
    [
        (r"L = \sum_{t=2}^T \|o_t - y_t\|^2", "the sum runs from 2 to T; the loss of a model is a sum"),
        (r"L = \sum_{t=1}^{T-1} \|o_t - y_t\|^2", "the sum runs from 1 to T-1; the loss of a model is"),
        (r"L = \sum_{t=0}^{T-1} \|o_t - y_t\|^2", "the sum runs from 0 to T-1: number the steps from 1 to T"),
        (r"L = \frac12 \|o_T - y_T\|^2", "is no sum over the steps, and the equations before are written"),
        (r"L = \sum_t \|o_t\|^2 + \|W\|_F^2", "with a number such as 1/2 or 1/T before the sum, and nothing added"),
        (r"L = \sum_t \ell(y_t, p_t)", r"\ell is not declared; if it is the loss of one step, write it out"),
        (r"L = \sum_t e_t = \sum_t \|o_t\|^2", r"write it alone: loss L = \sum_t …"),
        (r"L(W) = \sum_t \|o_t\|^2", "the left side is the name of the loss alone, L for L(…)"),
        (r"L = \sum_t \log p_{t,k}", "leaves the subscript k free"),
    ],
)  # fmt: skip
def test_what_is_no_sum_over_all_steps_is_refused_with_what_to_write(loss, why):
    with pytest.raises(BadDeclaration) as error:
        verdicts(f"loss {loss}", [])
    assert str(error.value).startswith("a.md:15: loss: ")
    assert why in str(error.value)


def test_the_loss_of_a_step_that_is_named_may_be_averaged():
    step = "name e_t : number\nforward e_t = \\|o_t - y_t\\|^2\nloss L = \\frac{1}{2T} \\sum_t e_t"
    assert verdicts(step, SQUARED.values()) == right(SQUARED, "mean")
    with pytest.raises(BadDeclaration, match="number the steps from 1 to T"):
        verdicts(step.replace(r"\sum_t", r"\sum_{t=0}^{T-1}"), [])


def test_a_sum_of_what_is_negative_ends_where_its_term_does():
    loss = "loss L = \\sum_t \\frac12 \\|o_t - y_t\\|^2\n-->\n"
    text = (
        r"$\sum_t -h_t + W = 0$ and $\sum_t -h_t + h_t = 0$ and $\sum_t -h_t = -\sum_t h_t$"
        r" and $\sum_t -h_t = \sum_t h_t$"
    )
    found = [each for formula in findings("a.md", HEAD + loss + text) for each in formula]
    assert [each.verdict for each in found] == ["ill_typed", "unread", "proved", "refuted"]
