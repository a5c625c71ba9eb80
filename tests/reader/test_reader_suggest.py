"""Drafts of declarations: the document's own model where its equations stand in it, one of ours where they are ours."""

from __future__ import annotations

import pytest

from symbolic.reader.document import findings
from symbolic.reader.suggest import suggestion

LETTERS = r"""
The hidden state is $s_t = \tanh(z_t)$ with

$$ z_t = A s_{t-1} + B u_t + p $$

and the output is

$$ q_t = C s_t + r, \qquad \hat{v}_t = \mathrm{softmax}(q_t). $$

The loss is $J = -\sum_t \sum_k v_{t,k} \log \hat{v}_{t,k}$.

Let $\delta_t = \frac{\partial J}{\partial z_t}$. Then

$$ \delta_t = (1 - s_t^2) \odot (C^\top (\hat v_t - v_t) + A^\top \delta_{t+1}) $$

and wrong is

$$ \delta_t = (1 - s_t^2) \odot (C^\top (\hat v_t - v_t) + A \delta_{t+1}) $$
"""
GATES = r"""
$$ f_t = \sigma(W_f [h_{t-1}; x_t] + b_f), \quad i_t = \sigma(W_i [h_{t-1}; x_t] + b_i) $$
$$ g_t = \tanh(W_g \begin{bmatrix} h_{t-1} \\ x_t \end{bmatrix} + b_g), \quad C_t = f_t * C_{t-1} + i_t * g_t $$
$$ h_t = \tanh(C_t), \quad E = \frac{1}{2} \sum_{t=1}^{T} \| h_t - y_t \|^2 $$

$$ \frac{\partial E}{\partial f_t} = \frac{\partial E}{\partial C_t} * C_{t-1} $$

$$ \frac{\partial E}{\partial f_t} = \frac{\partial E}{\partial C_t} * C_t $$
"""
RNN = r"""
$$h_t = \tanh(W h_{t-1} + U x_t + b), \quad o_t = V h_t + c, \quad \hat y_t = \mathrm{softmax}(o_t)$$
"""
ENTROPY = r"$$L = -\sum_t y_t^\top \log \hat y_t$$"


def draft(text, name="a.md"):
    return suggestion(name, text).splitlines()


def verdicts(text, name="a.md"):
    """What the document is judged to be with its own draft in it."""
    found = [each for of_one in findings(name, f"{suggestion(name, text)}\n\n{text}") for each in of_one]
    return [each.verdict for each in found]


def test_the_equations_of_a_document_make_its_own_model():
    lines = draft(LETTERS)
    assert "model own    # the document's own equations" in lines
    assert [line for line in lines if line.startswith(("forward", "loss", "let"))] == [
        r"forward z_t = A s_{t-1} + B u_t + p",
        r"forward s_t = \tanh(z_t)",
        r"forward q_t = C s_t + r",
        r"forward \hat{v}_t = \mathrm{softmax}(q_t)",
        r"loss J = -\sum_t \sum_k v_{t,k} \log \hat{v}_{t,k}",
        r"let \delta_t = \frac{\partial J}{\partial z_t}",
    ]
    assert {"name A : H×H    # inferred", "name B : H×D    # inferred", "name v_t : K target    # inferred"} <= {*lines}
    assert verdicts(LETTERS) == ["definition"] * 5 + ["proved", "proved", "refuted"]


def test_the_blocks_of_a_matrix_before_a_list_are_named():
    lines = draft(GATES)
    assert {"let W_{f} = [W_{fh}, W_{fx}]", "name W_{fh} : H×H    # inferred", "name C_t : H    # inferred"} <= {*lines}
    assert verdicts(GATES) == ["definition"] * 6 + ["proved", "refuted"]


ENTRIES = r"""
$z = W x + b$, $p_i = \frac{e^{z_i}}{\sum_j e^{z_j}}$, $L = -\sum_i y_i \log p_i$.

$$\frac{\partial p_i}{\partial z_j} = p_i (\delta_{ij} - p_j)$$

$$\frac{\partial p_i}{\partial z_j} = p_i (\delta_{ij} + p_j)$$
"""
CALLS = r"""
$h(t) = \tanh(W h(t-1) + U x(t))$ and $E = \frac12 \sum_t \|h(t) - y(t)\|^2$.

$$\frac{\partial E}{\partial W} = \sum_t (1 - h(t)^2) \odot \frac{\partial E}{\partial h(t)} h(t-1)^\top$$

$$\frac{\partial E}{\partial W} = \sum_t (1 - h(t)^2) \odot \frac{\partial E}{\partial h(t)} h(t)^\top$$
"""
NAMED = r"""
$h_t = \phi(W x_t + R h_{t-1})$ with $\phi = \tanh$, and $\mathcal{L}(\theta) = \sum_t \frac12 \|h_t - y_t\|^2$.

$$\frac{\partial \mathcal{L}(\theta)}{\partial h_T} = h_T - y_T$$

$$\frac{\partial \mathcal{L}(\theta)}{\partial h_T} = h_T + y_T$$
"""
BATCHES = r"""
$H_t = \tanh(X_t W + H_{t-1} R + b)$, $O_t = H_t V$ and $L = \sum_t \frac12 \|O_t - Y_t\|_F^2$.

$$\frac{\partial L}{\partial V} = \sum_t H_t^\top (O_t - Y_t)$$

$$\frac{\partial L}{\partial V} = \sum_t H_t^\top (O_t + Y_t)$$
"""


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (ENTRIES, {r"forward p = \mathrm{softmax}(z)", "index i, j : H", "name y : H target    # inferred"}),
        (CALLS, {"time call", "name h(t) : H    # inferred", r"forward h(t) = \tanh(W h(t-1) + U x(t))"}),
        (NAMED, {r"function \phi = tanh", r"depends \theta", "name W : H×D    # inferred"}),
        (BATCHES, {"name H_t : N×H    # inferred", "name b : H    # inferred", "name V : H×K    # inferred"}),
    ],
)
def test_entries_calls_functions_and_batches_are_drafted(text, lines):
    assert lines <= {*draft(text)}
    assert verdicts(text)[-2:] == ["proved", "refuted"]


@pytest.mark.parametrize(
    ("equation", "why"),
    [
        (r"a_t = \frac{z_t}{\sqrt{v_t}}", "# the equation of a_t in line 1 is not read: roots are not in the grammar"),
        (
            r"a_{t,i} = \sum_j W_{ij} x_{t,j}",
            "# the equation of a_t in line 1 is that of an entry: write it for the whole",
        ),
        (r"a_t = f(W x_t)", "# forward a_t = f(W x_t)    forward: f is not declared"),
    ],
)
def test_no_loss_is_drafted_where_an_equation_is_not_read(equation, why):
    lines = draft(f"${equation}$, $h_t = \\tanh(a_t)$, $L = \\sum_t \\frac12 \\|h_t - y_t\\|^2$")
    assert any(line.startswith(why) for line in lines)
    assert [line for line in lines if "loss" in line] == [
        r"# loss L = \sum_t \frac12 \|h_t - y_t\|^2    an equation is missing"
    ]


@pytest.mark.parametrize("update", [r"W = W - \eta G", "h_0 = 0", "h_t = 0", r"W = W - \eta \nabla_W L", "W_{ij} = 1"])
def test_updates_and_initial_values_are_no_equations_of_a_model(update):
    text = r"$h_t = \tanh(W h_{t-1})$, $L = \sum_t \frac12 \|h_t\|^2$"
    for each in (f"${update}$, {text}", f"{text}, ${update}$"):
        assert [line for line in draft(each) if line.startswith(("forward", "loss"))] == [
            r"forward h_t = \tanh(W h_{t-1})",
            r"loss L = \sum_t \frac12 \|h_t\|^2",
        ]


def test_macros_are_expanded_in_a_draft():
    text = r"""\newcommand{\h}{\mathbf{h}}\newcommand{\act}[1]{\tanh(#1)}
\begin{align} \h_t &= \act{W \h_{t-1} + Q x_t} \\ L &= \sum_t \frac12 \|\h_t\|^2 \end{align}
\[ \frac{\partial L}{\partial \h_T} = \h_T \] \[ \frac{\partial L}{\partial \h_T} = -\h_T \]
"""
    assert any(line.startswith(r"% check: forward \mathbf{h}_t") for line in draft(text, "a.tex"))
    assert verdicts(text, "a.tex") == ["definition", "definition", "proved", "refuted"]


@pytest.mark.parametrize(
    ("text", "model"),
    [
        (RNN + ENTROPY, "model rnn    # its equations are the document's"),
        (RNN + r"$$L = \sum_t \frac12 \|o_t - y_t\|^2$$", "model own    # the document's own equations"),
        (RNN.replace("U x_t + b", "U x_t") + ENTROPY, "model own    # the document's own equations"),
        (RNN.replace("W h", r"W^\top h") + ENTROPY, "model own    # the document's own equations"),
        (r"$h_t$, $c_t$, $f_t$", "model lstm    # a guess: 3 of its names occur, and no equation of a model"),
    ],
)
def test_a_model_of_ours_is_drafted_where_the_equations_are_its_own_or_none_is_written(text, model):
    assert [line for line in draft(text) if line.startswith("model")] == [model]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            r"$s_t = \tanh(A s_{t-1})$ and $\frac{\partial L}{\partial s_t}$",
            [r"# the loss is missing: write loss L = \sum_t …"],
        ),
        (
            r"$E = \sum_t \frac12 \|q_t - v_t\|^2$, $q_t = C s_t + B s_{t-1}$ and $\frac{\partial E}{\partial s_t}$",
            [
                "# no equation makes s_t: write forward s_t = …, unless it is an input",
                r"# loss E = \sum_t \frac12 \|q_t - v_t\|^2    an equation is missing",
            ],
        ),
        (
            r"$s_t = \tanh(A s_{t-1})$ and $E = \sum_t E_t$",
            ["# no equation makes E_t: write forward E_t = …, unless it is an input"],
        ),
        (
            r"$s_t = f(A s_{t-1})$ and $E = \sum_t \ell(s_t, v_t)$",
            [
                r"# \ell(…, …) is not written out: write what it is, in its place",
                "# f is called: say `function f = tanh`, `sigmoid`, `softmax`, `argument` or `any`; "
                "if it is a factor, `name f : number`",
            ],
        ),
        (
            r"$s_t = \tanh(A s_{t-1})$, $E_t = \frac12 \|s_t\|^2$ and $\frac{\partial E}{\partial A}$",
            ["# the whole loss is not written: E is meant as its sum over the steps"],
        ),
        (
            "$s_t = \\tanh(A s_{t-1})$, $E = \\sum_t \\frac12 \\|s_t\\|^2$\n\nLater $s_t = \\sigma(A s_{t-1})$",
            ["# s_t has another equation in line 3: a second block is for that"],
        ),
    ],
)
def test_what_is_missing_is_said(text, lines):
    assert {*lines} <= {*draft(text)}


def test_a_letter_that_is_called_like_a_function_is_no_name():
    text = r"$s_t = f(A s_{t-1})$ and $E = \sum_t \frac12 \|s_t\|^2$"
    lines = draft(text)
    assert not any(line.startswith(("name f", "loss")) for line in lines)
    assert r"# forward s_t = f(A s_{t-1})    forward: f is not declared" in lines
    assert verdicts(text)[0] == "unread"


@pytest.mark.parametrize(
    "said",
    [
        r"Let $\delta_t = \partial L / \partial a_t$.",
        r"Let $\delta_t$ be $\partial L / \partial a_t$.",
        r"Here $\delta_t$ denotes the gradient $\nabla_{a_t} L$.",
    ],
)
def test_a_delta_that_the_document_defines_is_drafted(said):
    text = (
        r"$a_t = W h_{t-1} + Q x_t$, $h_t = \tanh(a_t)$, $L = \sum_t \frac12 \|h_t - y_t\|^2$."
        f" {said}\n\n"
        r"So $\frac{\partial L}{\partial Q} = \sum_t \delta_t x_t^\top$. "
        r"So $\frac{\partial L}{\partial Q} = \sum_t \delta_t h_t^\top$."
    )
    assert any(line.startswith(r"let \delta_t = ") for line in draft(text))
    assert verdicts(text)[-2:] == ["proved", "ill_typed"]


def test_a_delta_that_is_said_of_something_else_is_not_drafted():
    text = r"$h_t = \tanh(W h_{t-1})$. As $\delta_t$ grows, so does $\nabla_{h_t} L$."
    assert not any(line.startswith("let") for line in draft(text))


def test_letters_of_steps_and_of_entries_are_told_apart():
    text = (
        r"$h_t = \tanh(W h_{t-1})$ and $L = \sum_t \frac12 \|h_t - y_t\|^2$. For $k < t$ we have "
        r"$\frac{\partial h_t}{\partial h_k} = \prod_{j=k+1}^t \mathrm{diag}(1-h_j^2) W$ "
        r"and $\frac{\partial L}{\partial h_{t,i}}$"
    )
    assert {"step j, k", "index i : H"} <= {*draft(text)}
    assert verdicts(text)[:2] == ["definition"] * 2
    assert "proved" in verdicts(text)
    assert "proved" not in verdicts(text.replace("diag}(1-h_j^2) W", r"diag}(1-h_j^2) W^\top"))


@pytest.mark.parametrize("name", ["a.md", "a.tex", "a.rst"])
def test_a_draft_is_in_order_whatever_the_document_holds(name):
    for text in ("$$$", r"$h_t = $", r"$h_t = \frac{$", r"$W_f [h_t; ] = [;]$", r"$L = \sum_t L$", r"$h_t = h_t$"):
        draft_of = suggestion(name, text)
        assert [each for each in findings(name, f"{draft_of}\n") if each] == []
