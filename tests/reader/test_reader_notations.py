"""Ways of writing that public notes have, each with right formulas and wrong ones."""

from __future__ import annotations

import pytest

from symbolic.reader.declare import BadDeclaration
from symbolic.reader.document import findings

RNN = r"""
name h STEP : H
name u STEP : H
name x STEP : D
name q STEP : K
name p STEP : K
name y STEP : K target
name E STEP : number
name W : H×H
name U : H×D
name V : K×H
forward u STEP = W h BEFORE + U x STEP
forward h STEP = \sigma(u STEP)
forward q STEP = V h STEP
forward p STEP = \operatorname{softmax}(q STEP)
forward E STEP = -\sum_k y_k STEP \log p_k STEP
loss E = \sum_{t} E STEP
index i, j : H
index k, l : K
step n
"""
STYLES = {
    r"^{\langle t \rangle}": (r"^{\langle t-1 \rangle}", r"^{\langle t+1 \rangle}"),
    "^{<t>}": ("^{<t-1>}", "^{<t+1>}"),
    "^{[t]}": ("^{[t-1]}", "^{[t+1]}"),
    "^{(t)}": ("^{(t-1)}", "^{(t+1)}"),
}
CLAIMS = {
    r"\frac{\partial E}{\partial q STEP} = p STEP - y STEP": "proved",
    r"\frac{\partial E}{\partial q STEP} = y STEP - p STEP": "refuted",
    r"\frac{\partial E}{\partial u STEP} = h STEP \odot (1 - h STEP) \odot "
    r"(V^\top (p STEP - y STEP) + W^\top \frac{\partial E}{\partial u AFTER})": "proved",
    r"\frac{\partial E}{\partial u STEP} = h STEP \odot (1 - h STEP) \odot "
    r"(V^\top (p STEP - y STEP) + W \frac{\partial E}{\partial u AFTER})": "refuted",
    r"\frac{\partial E}{\partial u STEP} = \sigma'(u STEP) \odot \frac{\partial E}{\partial h STEP}": "proved",
    r"\frac{\partial E}{\partial u STEP} = \sigma(u STEP) \odot \frac{\partial E}{\partial h STEP}": "refuted",
    r"\sigma'(u STEP) = h STEP \odot (1 - h STEP)": "definition",
    r"\frac{\partial h_i STEP}{\partial h_j BEFORE} = h_i STEP (1 - h_i STEP) W_{ij}": "proved",
    r"\frac{\partial h_i STEP}{\partial h_j BEFORE} = h_j STEP (1 - h_j STEP) W_{ji}": "refuted",
    r"h^{[2]}_i = h^{(2)}_i": "unread",
}


def verdicts(declared, formulas):
    text = f"<!-- check\nmodel own{declared}-->\n" + "\n".join(f"So ${formula}$.\n" for formula in formulas)
    return [each.verdict for formula in findings("a.md", text) for each in formula]


@pytest.mark.parametrize("step", STYLES)
def test_a_step_is_written_in_any_brackets(step):
    def written(text):
        before, after = STYLES[step]
        return text.replace(" BEFORE", before).replace(" AFTER", after).replace(" STEP", step)

    assert dict(zip(CLAIMS, verdicts(written(RNN), map(written, CLAIMS)), strict=True)) == CLAIMS


def test_a_step_in_other_brackets_than_the_declared_is_not_read():
    with pytest.raises(BadDeclaration, match="stands without its step"):
        verdicts("\ntime superscript\nname h^{(t)} : H\nname a^{(t)} : H\nforward a^{(t)} = h^{[t]}\n", ["a"])


SOFTMAX = r"\frac{\partial \hat y_{t,i}}{\partial o_{t,j}} = \begin{cases} %s & %s \\ %s & %s \end{cases}"
ON, OFF = r"\hat y_{t,i} (1 - \hat y_{t,i})", r"-\hat y_{t,i} \hat y_{t,j}"


@pytest.mark.parametrize(
    ("cases", "verdict"),
    [
        ((ON, r"\text{if } i = j", OFF, r"\text{otherwise}"), "proved"),
        ((OFF, r"\text{if } i = j", ON, r"\text{otherwise}"), "refuted"),
        ((OFF, r"\text{if } i \neq j", ON, r"\text{otherwise.}"), "proved"),
        ((ON, r"i = j,", OFF, r"i \ne j."), "proved"),
        ((ON, r"\text{unless } i = j", OFF, r"\text{otherwise}"), "unread"),
        ((OFF, r"\text{otherwise}", ON, r"i = j"), "unread"),
        ((ON, r"\text{if } i = k", OFF, r"\text{otherwise}"), "refuted"),
    ],
)
def test_a_distinction_of_cases_ends_in_otherwise(cases, verdict):
    text = f"<!-- check\nmodel rnn\ntime subscript\nindex i, j, k : K\n-->\n$${SOFTMAX % cases}$$"
    assert [each.verdict for formula in findings("a.md", text) for each in formula] == [verdict]


@pytest.mark.parametrize(
    ("right", "verdict"),
    [
        (r"\prod_{i=k+1}^{t} \operatorname{diag}(1-h_i^2) W", "proved"),
        (r"\prod_{i=k+1}^{t} \operatorname{diag}(1-h_i^2) W^\top", "refuted"),
        (r"\prod_{i=k}^{t} \operatorname{diag}(1-h_i^2) W", "refuted"),
        (r"\sum_{i=k+1}^{t} W_{ij}", "unread"),
    ],
)
def test_a_letter_of_entries_runs_over_steps_where_its_limits_are_steps(right, verdict):
    text = (
        "<!-- check\nmodel rnn\ntime subscript\nindex i, j : H\nstep k\n-->\n"
        rf"$$\frac{{\partial h_t}}{{\partial h_k}} = {right}$$"
    )
    assert [each.verdict for formula in findings("a.md", text) for each in formula] == [verdict]


TUTORIAL = r"""<!-- check
time subscript
model own
name x_t : D
name s_t : H
name z_t : K
name \hat y_t : K
name y_t : K target
name E_t : number
name U : H×D
name W : H×H
name V : K×H
step k, j
depends (y_t, \hat y_t)
forward s_t = \tanh(U x_t + W s_{t-1})
forward z_t = V s_t
forward \hat y_t = \text{softmax}(z_t)
forward E_t = - y_t^\top \log \hat y_t
loss E = \sum_t E_t
-->
"""


@pytest.mark.parametrize(
    ("formula", "verdict"),
    [
        (r"E_t(y_t, \hat y_t) = -y_t \log \hat y_t", "definition"),
        (r"\frac{\partial E_3}{\partial V} = (\hat y_3 - y_3) \otimes s_3", "proved"),
        (r"\frac{\partial E_3}{\partial V} = s_3 \otimes (\hat y_3 - y_3)", "ill_typed"),
        (r"\frac{\partial s_3}{\partial s_k} = \prod_{j=k+1}^{3} \frac{\partial s_j}{\partial s_{j-1}}", "proved"),
        (r"\frac{\partial s_3}{\partial s_k} = \prod_{j=k}^{3} \frac{\partial s_j}{\partial s_{j-1}}", "refuted"),
        (
            r"\frac{\partial s_3}{\partial s_1} = \frac{\partial s_3}{\partial s_2}\frac{\partial s_2}{\partial s_1}",
            "proved",
        ),
        (
            r"\frac{\partial E_3}{\partial W} = \sum_{k=0}^{3} \frac{\partial E_3}{\partial \hat y_3}"
            r"\frac{\partial \hat y_3}{\partial s_3} \frac{\partial s_3}{\partial s_k} \frac{\partial s_k}{\partial W}",
            "ambiguous",
        ),
        (
            r"\frac{\partial E_3}{\partial W} = \sum_{k=0}^{3} \frac{\partial E_3}{\partial \hat y_3}"
            r"\frac{\partial \hat y_3}{\partial s_3} \frac{\partial s_3}{\partial s_k}"
            r"\frac{\partial^+ s_k}{\partial W}",
            "proved",
        ),
        (
            r"\frac{\partial E_3}{\partial W} = \sum_{k=3}^{3} \frac{\partial E_3}{\partial \hat y_3}"
            r"\frac{\partial \hat y_3}{\partial s_3} \frac{\partial s_3}{\partial s_k}"
            r"\frac{\partial^+ s_k}{\partial W}",
            "refuted",
        ),
    ],
)
def test_the_formulas_of_a_tutorial_that_counts_up_to_the_third_step(formula, verdict):
    found = [each.verdict for formula in findings("a.md", f"{TUTORIAL}So ${formula}$.") for each in formula]
    assert found == [verdict]


@pytest.mark.parametrize(
    "one", ["1_{i=j}", r"\mathbf 1_{i=j}", r"\mathbb{1}[i=j]", r"\mathbb 1\{i = j\}", r"\delta_{ij}"]
)
def test_what_is_one_where_two_subscripts_are_the_same(one):
    for sign, verdict in (("-", "proved"), ("+", "refuted")):
        formula = rf"\frac{{\partial \hat y_i}}{{\partial o_j}} = \hat y_i ({one} {sign} \hat y_j)"
        text = f"<!-- check\nmodel head\nindex i, j : K\n-->\n${formula}$"
        assert [each.verdict for found in findings("a.md", text) for each in found] == [verdict]


def test_a_loss_by_the_index_of_the_class_is_not_refuted_where_words_say_so():
    text = "<!-- check\nmodel head\nindex i : K\n-->\nIf $i$ is the true class, $L = -\\log \\hat y_i$."
    assert [each.verdict for found in findings("a.md", text) for each in found] == ["definition", "unread"]


def test_a_target_may_be_called_d():
    text = "<!-- check\nmodel head\nname d_t : K\n-->\n$L$"
    assert [each.verdict for found in findings("a.md", text) for each in found] == ["definition"]


PRODUCTS = {
    r"\prod_{\tau=s+1}^{t} \operatorname{diag}(1 - h_\tau^2) W": "proved",
    r"\prod_{t \ge \tau > s} \operatorname{diag}(1 - h_\tau^2) W": "proved",
    r"\prod_{s < \tau \leq t} \operatorname{diag}(1 - h_\tau^2) W": "proved",
    r"\prod_{\tau=t}^{s+1} \operatorname{diag}(1 - h_\tau^2) W": "proved",
    r"\prod_{t \ge \tau \ge s} \operatorname{diag}(1 - h_\tau^2) W": "refuted",
    r"\prod_{t > \tau > s} \operatorname{diag}(1 - h_\tau^2) W": "refuted",
    r"\prod_{\tau=s+1}^{t} W^\top \operatorname{diag}(1 - h_\tau^2)": "refuted",
    r"\left(\prod_{\tau=s+1}^{t} W^\top \operatorname{diag}(1 - h_\tau^2)\right)^\top": "ambiguous",
}


def test_a_product_over_steps_that_holds_in_the_other_order_is_ambiguous():
    head = "<!-- check\nmodel rnn\ntime subscript\nstep s, \\tau\n-->\n"
    text = head + "\n".join(rf"So $\frac{{\partial h_t}}{{\partial h_s}} = {product}$." for product in PRODUCTS)
    found = [each for formula in findings("a.md", text) for each in formula]
    assert dict(zip(PRODUCTS, (each.verdict for each in found), strict=True)) == PRODUCTS
    assert r"\tau" in found[-2].repair


def test_one_transposed_is_the_vector_of_ones():
    text = r"""<!-- check
model head
-->
So $\hat y = \frac{\exp(o)}{1^\top \exp(o)}$ and $\hat y = \frac{\exp(o)}{1 \exp(o)}$."""
    assert [each.defect for formula in findings("a.md", text) for each in formula] == [False, True]


def test_a_sum_that_starts_nowhere_is_not_read():
    text = "<!-- check\nmodel rnn\ntime subscript\n-->\n$\\sum_{t=}^{T} h_t = h_T$"
    assert [each.verdict for formula in findings("a.md", text) for each in formula] == ["unread"]


NUMBER_AND_VECTORS = "name x : number\nname u : H\nname v : H\nname W : H×H"
OTHER_FUNCTIONS = {
    r"\frac{d}{dx}\tanh x = \operatorname{sech}^2 x": "proved",
    r"\frac{d}{dx}\tanh x = sech^2(x)": "proved",
    r"\frac{d}{dx}\tanh x = \frac{1}{\cosh^2 x}": "proved",
    r"\frac{d}{dx}\operatorname{sech}(x) = -\operatorname{sech}(x) \tanh(x)": "proved",
    r"\frac{d}{dx}\operatorname{sech}(x) = \operatorname{sech}(x) \tanh(x)": "refuted",
    r"\frac{d}{dx}\tanh x = \operatorname{sech} x": "refuted",
    r"\frac{d}{dx}\tanh x = \operatorname{sech}^{-2} x": "unread",
    r"||u - v||_2^2 = (u - v)^\top (u - v)": "proved",
    r"||u||^2 ||v||^2 = (u^\top u) (v^\top v)": "proved",
    r"‖u‖^2 = u^\top u": "proved",
    r"||u - v||^2 = u^\top u - v^\top v": "refuted",
    r"||u||^2 = u u^\top": "ill_typed",
    r"||u||_2 = u^\top u": "unread",
    r"||u||_1^2 = u^\top u": "unread",
    r"||W||^2 = \operatorname{Tr}(W^\top W)": "unread",
    r"|u||v| = u^\top v": "unread",
    r"x = p(u||v)": "unread",
    r"\sqrt{x^2} = x": "unread",
    r"u \sim v": "unread",
    r"u ∼ v": "unread",
    r"u ∝ v": "unread",
    r"u \propto u": "unread",
}


@pytest.mark.parametrize(("formula", "verdict"), OTHER_FUNCTIONS.items())
def test_hyperbolic_functions_norms_and_relations_are_read_where_they_are_exact(formula, verdict):
    text = f"<!-- check\n{NUMBER_AND_VECTORS}\n-->\n${formula}$"
    assert [each.verdict for found in findings("a.md", text) for each in found] == [verdict]


@pytest.mark.parametrize(
    "square",
    [
        r"\operatorname{sech}^2(u_t)",
        r"\operatorname{sech}(u_t)^2",
        r"\frac{1}{\cosh^2(u_t)}",
        r"\left(\frac{1}{\cosh(u_t)}\right)^2",
    ],
)
def test_an_even_power_of_sech_is_one_of_the_slope_of_tanh(square):
    declared = "\nmodel rnn\ntime subscript\nname u_t = a\n"
    gradient = r"\nabla_{u_t} L"
    formulas = [
        rf"{gradient} = {square} \odot \nabla_{{h_t}} L",
        rf"{gradient} = {square} \odot {square} \odot \nabla_{{h_t}} L",
        rf"{gradient} = {square.replace('u_t', 'u_{t-1}')} \odot \nabla_{{h_t}} L",
    ]
    assert verdicts(declared, formulas) == ["proved", "refuted", "refuted"]


def test_a_gradient_is_divided_by_an_even_power_of_cosh():
    declared = "\nmodel rnn\ntime subscript\nname u_t = a\n"
    formulas = [
        r"\nabla_{u_t} L = \nabla_{h_t} L \oslash \cosh^2(u_t)",
        r"\nabla_{u_t} L = \nabla_{h_t} L \oslash \cosh^4(u_t)",
        r"\nabla_{u_t} L = \nabla_{h_t} L / \cosh(u_t)^2",
        r"\nabla_{u_t} L = \nabla_{h_t} L / \sinh(u_t)^2",
    ]
    found = verdicts(declared, formulas)
    assert found[:3] == ["proved", "refuted", "proved"]
    assert found[3] != "proved"
