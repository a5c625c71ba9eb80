"""Names of several letters, as a derivation of one's own model prints them; and the sign of a difference."""

from __future__ import annotations

import pytest

from gradproof import Axis, D, Model, array, derivation, equation, grad, outer, sequence, sum_steps, t, tanh, total
from symbolic.latex import derivation_latex
from symbolic.reader.declared import as_comment
from symbolic.reader.document import findings

M = Axis("M", 4)
Win, bias = array("Win", M, D), array("bias", M)
x, y = sequence("x", D), sequence("y", M)
state, step_loss = sequence("state", M), sequence("l")
LONG = Model(
    name="long",
    title="Longer names",
    source="lecture",
    parameters=(Win, bias),
    inputs=(x,),
    targets=(y,),
    equations=(
        equation(state[t], tanh(Win @ x[t] + bias)),
        equation(step_loss[t], total((state[t] - y[t]) ** 2)),
    ),
    step_loss=step_loss,
)


def printed(name, left, right):
    record = derivation(name, "Own", left, ("", right), model=LONG, source="lecture")
    return f"{as_comment(record)}\n{derivation_latex(record)}"


def verdicts(text):
    return [each.verdict for of_one in findings("a.tex", text) for each in of_one if each.displayed]


def test_a_derivation_with_longer_names_is_read_back():
    right = sum_steps(outer((1 - state[t] ** 2) * grad(state[t]), x[t]))
    text = printed("long.Win", grad(Win), right)
    assert r"name \mathit{Win} : M×D" in text
    assert r"name \mathit{state}^{(t)} : M" in text
    assert set(verdicts(text)) == {"proved"}


def test_a_wrong_derivation_with_longer_names_is_refuted():
    right = sum_steps(outer(state[t] * grad(state[t]), x[t]))
    assert "refuted" in verdicts(printed("long.Win", grad(Win), right))


def test_letters_side_by_side_are_no_longer_name():
    head = "<!-- check\ndims M = 4\nname \\mathit{Wi} : M\nname W : M×M\nname i : M\n-->\n"
    found = findings("a.md", head + r"$$ W i = \mathit{Wi} $$" + "\n\n" + r"$$ W i = \mathit{Wn} $$")
    assert [each.verdict for of_one in found for each in of_one] == ["refuted", "unread"]


@pytest.mark.parametrize(
    ("formula", "repair"),
    [
        (
            r"\nabla_{z_t} L = (g_t - h_{t-1}) \odot \nabla_{h_t} L",
            r"\left(h_{t-1} - g_{t}\right) \odot \nabla_{h_t} L",
        )
    ],
)
def test_a_difference_taken_the_wrong_way_round_is_repaired(formula, repair):
    head = (
        "<!-- check\ntime subscript\nmodel own\nname z_t : H\nname g_t : H\nname h_t : H\nname x_t : H\n"
        "name y_t : H target\n"
        "name b : H\nforward z_t = \\sigma(x_t + h_{t-1} + b)\nforward g_t = \\tanh(x_t \\odot b)\n"
        "forward h_t = (1 - z_t) \\odot g_t + z_t \\odot h_{t-1}\n"
        "loss L = \\sum_{t=1}^T \\frac12 \\|h_t - y_t\\|^2\n-->\n"
    )
    ((one,),) = findings("a.md", f"{head}$$ {formula} $$")
    assert (one.verdict, one.repair) == ("refuted", repair)
    ((again,),) = findings("a.md", f"{head}$$ {formula.split(' = ')[0]} = {repair} $$")
    assert again.verdict == "proved"
