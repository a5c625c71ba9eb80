"""What of a document's model cannot be read: no model of ours stands in for it, and the draft says which line."""

from __future__ import annotations

import pytest

from symbolic.reader.document import findings
from symbolic.reader.suggest import suggestion

EQUATIONS = {
    "a": r"a_t = W h_{t-1} + U x_t + b",
    "h": r"h_t = \tanh(a_t)",
    "o": r"o_t = V h_t + c",
    "y": r"\hat{y}_t = \mathrm{softmax}(o_t)",
    "L": r"L = -\sum_t y_t^\top \log \hat{y}_t",
}
GRADIENT = r"\frac{\partial L}{\partial a_t} = (1 - h_t^2) \odot \frac{\partial L}{\partial h_t}"
RNN = "model rnn    # its equations are the document's"
OWN = "model own    # the document's own equations"


def document(**changed):
    """An equation a line; one that is "" is left out."""
    return "\n".join(f"$$ {latex} $$" for latex in {**EQUATIONS, "g": GRADIENT, **changed}.values() if latex)


def draft(text):
    return suggestion("a.md", text).splitlines()


def model(text):
    return [line for line in draft(text) if line.startswith("model")]


def verdicts(text):
    """What the document is judged to be with its own draft in it."""
    found = [each for of_one in findings("a.md", f"{suggestion('a.md', text)}\n\n{text}") for each in of_one]
    return [each.verdict for each in found]


def test_the_equations_of_a_model_of_ours_are_known_and_its_gradient_is_proved():
    assert model(document()) == [RNN]
    assert verdicts(document())[-1] == "proved"


@pytest.mark.parametrize(
    "h",
    [
        r"h_t = \max(0, a_t)",
        r"h_t = \arctan(a_t)",
        r"h_t = \sin(a_t)",
        r"h_t = \frac{a_t}{\sqrt{1 + a_t^2}}",
        r"h_t = \tanh(a_t) + \sqrt2 h_{t-1}",
        r"h_t = \tanh(a_t) \circledast h_{t-1}",
        r"h_t \leftarrow \max(0, a_t)",
        r"h_t = \mathrm{ReLU}(a_t)",
        r"h_t = \max(0, a_t) \quad \text{if you like}",
        r"h_t = \begin{cases} a_t & a_t > 0 \\ 0 & \text{otherwise} \end{cases}",
        r"h_{t,i} = \max(0, a_{t,i})",
        r"[h_t, s_t] = \mathrm{cell}(a_t)",
    ],
)
def test_an_equation_that_is_not_read_is_named_with_its_line(h):
    lines = draft(document(h=h))
    assert lines[2] == "# the model is incomplete: line 2 is not read"
    assert OWN in lines
    assert not any(line.startswith("loss") for line in lines)
    assert "proved" not in verdicts(document(h=h))


@pytest.mark.parametrize(
    "changed",
    [
        {"h": ""},
        {"h": "h_t", "z": r"= \max(0, a_t)"},
        {"h": r"h_t \approx \max(0, a_t)"},
        {"a": r"\begin{aligned} a_t &= W h_{t-1} + U x_t + b \\ h_t &= \max(0, a_t) \end{aligned}", "h": ""},
        {"z": "h_0 = e_S"},
        {"L": r"L = \sum_t | y_t - \hat{y}_t |"},
        {"z": r"\sigma(x) = \max(0, x)"},
    ],
)
def test_a_model_that_lacks_something_is_none_of_ours_and_has_no_loss(changed):
    lines = draft(document(**changed))
    assert lines[2].startswith("# the model is incomplete: ")
    assert OWN in lines
    assert not any(line.startswith("loss") for line in lines)


@pytest.mark.parametrize(
    "changed",
    [
        {"z": r"h_t = \max(0, a_t)"},
        {"z": r"h_t = \sigma(a_t)"},
        {"z": r"V = U^\top"},
        {"z": "x_t = E w_t"},
        {"z": "x_t = y_{t-1}"},
        {"z": "y_t = x_{t+1}"},
        {"z": r"\sigma(x) = \tanh(x)"},
        {"h": r"h_t = \tanh(a_t) = \max(0, a_t)"},
        {"o": "o_t = V h_t + d"},
        {"o": ""},
        {"L": r"L = -\frac1T \sum_t y_t^\top \log \hat{y}_t"},
        {"L": r"L_t = -y_t^\top \log \hat{y}_t"},
        {"a": "", "h": r"h_t = \tanh(W h_{t-1} + U x_t + b)"},  # ∂L/∂a_t is written, and not what a_t is
    ],
)
def test_a_model_of_ours_is_not_drafted_where_the_document_says_something_else(changed):
    assert model(document(**changed)) == [OWN]


@pytest.mark.parametrize(
    "changed",
    [
        {"z": "h_0 = 0"},
        {"z": r"h_0 = \mathbf{0}"},
        {"z": r"W \leftarrow W - \eta \frac{\partial L}{\partial W}"},
        {"z": r"W = W - \eta \frac{\partial L}{\partial W}"},
        {"z": r"\frac{\partial L}{\partial W} = \sqrt{q}"},
        {"z": r"\delta_t = \sqrt{q}"},
        {"z": r"\|W\| = \sqrt{\lambda}"},
        {"z": r"\sigma(x) = \frac{1}{1 + e^{-x}}"},
        {"o": r"o_t = V h_t + c \in \mathbb{R}^K"},
        {"a": "", "h": r"h_t = \tanh(W h_{t-1} + U x_t + b)", "g": ""},
    ],
)
def test_gradients_updates_norms_and_zero_states_say_nothing_else(changed):
    assert model(document(**changed)) == [RNN]


def test_a_value_that_only_prose_makes_is_missing():
    text = "The state $h_t$ is the rectifier of $a_t$.\n\n" + document(h="")
    assert draft(text)[2] == "# the model is incomplete: no equation makes h_t"
    assert "# no equation makes h_t: write forward h_t = …, unless it is an input" in draft(text)
    assert "proved" not in verdicts(text)


def test_a_guess_says_what_it_guesses():
    lines = draft(r"$\frac{\partial L}{\partial a_t} = (1 - h_t^2) \odot \frac{\partial L}{\partial h_t}$")
    assert any(line.startswith("model rnn    # a guess: ") for line in lines)
    assert "# nothing of it stands in the document: check that these are your equations:" in lines
    assert r"#   h_{t} = \tanh\left(a_{t}\right)" in lines


@pytest.mark.parametrize(("letter", "name"), [("f_h", "f_{h}"), (r"\sigma_h", r"\sigma_{h}"), (r"\phi", r"\phi")])
def test_a_letter_that_is_called_is_a_function_and_no_array(letter, name):
    text = document(h=f"h_t = {letter}(a_t)")
    lines = draft(text)
    assert any(line.startswith(f"# {name} is called: say `function {name} = tanh`") for line in lines)
    assert not any(line.startswith(f"name {name}") for line in lines)
    assert verdicts(text)[-1] != "proved"
    said = text + f"\nwith ${letter} = \\tanh$"
    assert f"function {name} = tanh" in draft(said)
    assert "proved" in verdicts(said)
    assert "proved" not in verdicts(text + f"\nwith ${letter} = \\exp$")


def test_a_number_that_also_multiplies_brackets_is_not_called():
    text = document(
        h=r"h_t = (1 - \alpha) h_{t-1} + \alpha \tanh(a_t)",
        g=r"\frac{\partial L}{\partial a_t} = \alpha (1 - \tanh^2(a_t)) \odot \frac{\partial L}{\partial h_t}",
    )
    assert r"name \alpha : number    # inferred" in draft(text)
    assert verdicts(text)[-1] == "proved"
    assert verdicts(text.replace(r"= \alpha (1 -", r"= (1 -"))[-1] == "refuted"


def test_a_greek_bias_is_no_number():
    assert r"name \beta : K    # inferred" in draft(document(o=r"o_t = V h_t + \beta"))


def test_a_bias_of_every_row_is_read():
    text = r"""$$ H_t = \tanh(X_t W + H_{t-1} R + \mathbf{1} b) $$
$$ L = \sum_t \frac12 \| H_t V - \hat{Y}_t \|_F^2 $$
$$ \frac{\partial L}{\partial V} = \sum_t H_t^\top (H_t V - \hat{Y}_t) $$
$$ \frac{\partial L}{\partial V} = \sum_t H_t^\top (H_t V + \hat{Y}_t) $$"""
    assert {r"name \hat{Y}_t : N×K    # inferred", "name b : H    # inferred"} <= {*draft(text)}
    assert verdicts(text)[-2:] == ["proved", "refuted"]


@pytest.mark.parametrize(
    "loss",
    [
        r"L = -\sum_t \log p_{t, y_t}",
        r"L = -\sum_t \log p_t[y_t]",
        r"L = -\sum_t \log (p_t[y_t])",
        r"L = -\sum_t \log [p_t]_{y_t}",
        r"L = -\sum_t \log p_t(y_t)",
        r"L = \sum_t L_t, \quad L_t = -\log p_{t, y_t}",
    ],
)
def test_an_integer_label_is_no_name_and_what_to_write_is_said(loss):
    text = document(y=r"p_t = \mathrm{softmax}(o_t)", L=loss, g=r"\frac{\partial L}{\partial o_t} = p_t - e_{y_t}")
    lines = draft(text)
    assert lines[2] == "# the model is incomplete: line 5 is not read"
    assert any(line.endswith(r"write y_t^\top \log p_t with a one-hot y_t") for line in lines)
    assert any(line.startswith("# y_t counts the classes (line 5, 6): ") for line in lines)
    assert not any(line.startswith(("loss", "name p_{", "name L :", "name y_t")) for line in lines)
    assert not {"ill_typed", "proved", "refuted"} & {*verdicts(text)}
    said = text.replace(loss, r"L = -\sum_t y_t^\top \log p_t").replace("e_{y_t}", "y_t")
    assert verdicts(said)[-1] == "proved"


@pytest.mark.parametrize(
    "gradient", [r"\nabla_{h_t} L", r"\partial_{h_t} L", "f_t (h_t)", "W_f [h_t, x_t]", r"p_t (1 - p_t)", "W_{hf} h_t"]
)
def test_what_one_differentiates_by_and_brackets_are_no_labels(gradient):
    assert not any("counts" in line for line in draft(document(z=rf"q_t = {gradient}")))


GATE = r"""$$ r_t = \sigma(W_r x_t + U_r s_{t-1} + b_r) $$
$$ q_t = U_n s_{t-1} + c_n $$
$$ n_t = \tanh(W_n x_t + r_t \odot q_t + b_n) $$
$$ s_t = (1 - r_t) \odot n_t + r_t \odot s_{t-1} $$
$$ \ell_t = V s_t + d \in \mathbb{R}^k $$
$$ J = \sum_t \frac12 \| \ell_t - y_t \|^2 $$
$$ \frac{\partial J}{\partial d} = \sum_t (\ell_t - y_t) $$
$$ \frac{\partial J}{\partial c_n} = \sum_t (1 - n_t^2) \odot r_t \odot \frac{\partial J}{\partial n_t} $$
$$ \frac{\partial J}{\partial c_n} = \sum_t (1 - n_t^2) \odot \frac{\partial J}{\partial n_t} $$"""


def test_a_bias_d_a_candidate_n_and_a_shape_behind_an_equation_are_read():
    lines = draft(GATE)
    assert sum(line.startswith("forward") for line in lines) == 5
    assert {r"name d : k    # inferred", r"name \ell_t : k"} <= {*lines}
    assert not any(line.startswith(("index", "# name", "# the model")) for line in lines)
    assert verdicts(GATE)[-3:] == ["proved", "proved", "refuted"]


def test_n_counts_where_it_is_no_value():
    text = r"$z = W x + b$, $p_n = \frac{e^{z_n}}{\sum_m e^{z_m}}$, $L = -\sum_n y_n \log p_n$"
    assert "index n : H" in draft(text)
    assert r"forward p = \mathrm{softmax}(z)" in draft(text)


def test_targets_that_are_fed_back_are_given():
    text = document(a=r"a_t = W h_{t-1} + U y_{t-1} + b")
    assert "# no equation makes y_t: it is taken as given, at every step" in draft(text)
    assert verdicts(text)[-1] == "proved"
    assert verdicts(text.replace("(1 - h_t^2)", "(1 + h_t^2)"))[-1] == "refuted"


@pytest.mark.parametrize(
    ("latex", "line"),
    [
        (r"\delta^o_t = h_t", r"# \delta^o_t is no name: write \delta_{o,t}"),
        (r"dh_{next} = h_t", "# h_{next} has no step: write h_{t+1}"),
    ],
)
def test_what_is_no_name_in_a_declaration_is_said(latex, line):
    assert line in draft(document(z=latex))
    assert not any(("no name" in each) or ("no step" in each) for each in draft(document(z="h_t^2 = h_t^T h_t")))


def test_a_model_of_ours_is_not_drafted_where_a_file_that_is_brought_in_may_say_otherwise():
    text = "".join(rf"\[ {latex} \]" for latex in EQUATIONS.values())
    assert f"% check: {RNN}" in suggestion("a.tex", text)
    lines = suggestion("a.tex", r"\input{cell} " + text).splitlines()
    assert f"% check: {OWN}" in lines
    assert any("what {cell} holds is not looked at here" in line for line in lines)
    assert f"% check: {RNN}" in suggestion("a.tex", "% \\input{cell}\n" + text)
