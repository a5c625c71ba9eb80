"""Edits that a person would make: each repair is the nearest, in the formula's notation, and read back it is proved.

Negative controls: what is right gets no repair, and no repair has a summand that is 0 or cancels or says nothing.
"""

from __future__ import annotations

import pytest

from symbolic.reader.document import findings

RNN = "model rnn\ntime superscript\nread \\partial as total\nindex i, j, k : K"
LSTM = "model lstm\ntime subscript\nread \\partial as total"
HEAD = "model head\nread \\partial as total\nindex i, j, k : K\nindex l : H"


def judged(latex, declared):
    text = f"<!-- check\n{declared}\n-->\n\n$$ {latex} $$\n"
    return [finding for each in findings("notes.md", text) for finding in each]


def repaired(latex, declared):
    (found,) = judged(latex, declared)
    assert found.is_wrong
    return found.repair


EDITS = {
    "a derivative by the wrong variable": (
        HEAD,
        r"\frac{\partial}{\partial o_j} y_j \log \hat{y}_j",
        r"y_j \left(\frac{\partial}{\partial o_j} \log \hat{y}_j\right) \frac{\partial \hat{y}_j}{\partial o_j}",
        r"y_{j} \left(\frac{\partial}{\partial \hat{y}_{j}} \log \hat{y}_{j}\right) "
        r"\frac{\partial \hat{y}_{j}}{\partial o_{j}}",
    ),
    "a factor that is missing in a logarithm's sum": (
        HEAD,
        r"-\frac{\partial L}{\partial o_1}",
        r"\sum_{i=1}^K \frac{\partial \log \hat{y}_i}{\partial o_1}",
        r"\sum_{i=1}^{K} \frac{\partial \left(y_{i} \log \hat{y}_{i}\right)}{\partial o_{1}}",
    ),
    "a derivative that is taken twice": (
        HEAD,
        r"\frac{\partial L}{\partial o_j}",
        r"\frac{\partial}{\partial o_j} \left(-\sum_k \frac{\partial y_k \log \hat{y}_k}{\partial o_j}\right)",
        r"\frac{\partial}{\partial o_{j}} \left(-\sum_{k} y_{k} \log \hat{y}_{k}\right)",
    ),
    "a factor on the wrong side": (
        RNN,
        r"\nabla_{h^{(t)}} L",
        r"\operatorname{diag}(1 - (h^{(t+1)})^2) W^\top \nabla_{h^{(t+1)}} L + V^\top \nabla_{o^{(t)}} L",
        r"W^{\top} \operatorname{diag}\left(1 - \left(h^{(t+1)}\right)^{2}\right) \nabla_{h^{(t+1)}} L "
        r"+ V^{\top} \nabla_{o^{(t)}} L",
    ),
    "a path that is missing in a chain": (
        RNN,
        r"\frac{\partial h^{(t)}}{\partial W}",
        r"\frac{\partial h^{(t)}}{\partial h^{(t-1)}} \frac{\partial h^{(t-1)}}{\partial W}",
        r"\frac{\partial^{+} h^{(t)}}{\partial W} + \frac{\partial h^{(t)}}{\partial h^{(t-1)}} "
        r"\frac{\partial h^{(t-1)}}{\partial W}",
    ),
    "a path of a step's loss that is missing": (
        LSTM,
        r"\frac{\partial L_T}{\partial c_{T-1}}",
        r"f_T \odot \frac{\partial L_T}{\partial c_T}",
        r"f_{T} \odot \frac{\partial L_{T}}{\partial c_{T}} + o_{T-1} \odot "
        r"\left(1 - \tanh^{2}\left(c_{T-1}\right)\right) \odot \frac{\partial L_{T}}{\partial h_{T-1}}",
    ),
    "a step's loss for the whole": (
        LSTM,
        r"\frac{\partial L}{\partial c_{T-1}}",
        r"o_{T-1} \odot (1 - \tanh^2(c_{T-1})) \odot \frac{\partial L_{T-1}}{\partial h_{T-1}} "
        r"+ f_T \odot \frac{\partial L}{\partial c_T}",
        r"o_{T-1} \odot \left(1 - \tanh^{2}\left(c_{T-1}\right)\right) \odot \frac{\partial L}{\partial h_{T-1}} "
        r"+ f_{T} \odot \frac{\partial L}{\partial c_{T}}",
    ),
    "an outer product written entry by entry": (
        LSTM,
        r"\nabla_{W_{xo}} L",
        r"\sum_t o_t \odot (1 - o_t) \odot x_t \odot \nabla_{o_t} L",
        r"\sum_{t} \left(o_{t} \odot \left(1 - o_{t}\right) \odot \nabla_{o_t} L\right) x_{t}^{\top}",
    ),
    "slopes on the wrong side of the weights": (
        RNN,
        r"\nabla_{h^{(t)}} L - V^\top \nabla_{o^{(t)}} L",
        r"(1 - (h^{(t+1)})^2) \odot W^\top \nabla_{h^{(t+1)}} L",
        r"W^{\top} \left(\left(1 - \left(h^{(t+1)}\right)^{2}\right) \odot \nabla_{h^{(t+1)}} L\right)",
    ),
    "a surplus factor": (
        RNN,
        r"\nabla_{h^{(t)}} L - W^\top \nabla_{a^{(t+1)}} L",
        r"V^\top \operatorname{diag}(\hat{y}^{(t)}) \nabla_{o^{(t)}} L",
        r"V^{\top} \nabla_{o^{(t)}} L",
    ),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_person_would_have_made_the_edit(edit):
    declared, left, wrong, repair = EDITS[edit]
    assert repaired(f"{left} = {wrong}", declared) == repair
    (again,) = judged(f"{left} = {repair}", declared)
    assert (again.verdict, again.repair) == ("proved", "")


def test_the_weights_of_another_row_are_those_of_its_own():
    row = r"v_{{{0}1}} \exp(c_{0} + \sum_{{l=1}}^H v_{{{1}l}} h_l)"
    first = r"\exp(c_1 + \sum_{l=1}^H v_{1l} h_l)"
    quotient = r"\frac{{v_{{11}} {first} S - ({rows}) {first}}}{{S^2}}"
    declared = f"{HEAD}\nentries v of V\nlet S = \\sum_{{k=1}}^K \\exp(o_k)"
    copied = " + ".join(row.format(n, 1) for n in (1, 2, 3))
    found = repaired(
        rf"\frac{{\partial \hat{{y}}_1}}{{\partial h_1}} = {quotient.format(first=first, rows=copied)}", declared
    )
    assert all(f"c_{{{n}}} + \\sum_{{l=1}}^{{H}} v_{{{n}l}} h_{{l}}" in found for n in (1, 2, 3))


def test_entries_that_are_written_out_may_be_one_too_few():
    logits, hidden = (
        r"\begin{pmatrix} o_1 \\ o_2 \\ o_3 \end{pmatrix}",
        r"\begin{pmatrix} h_1 \\ h_2 \\ h_3 \\ h_4 \end{pmatrix}",
    )
    (found,) = judged(f"{logits} = V {hidden} + c", f"{HEAD}\ndims H = 5, K = 3")
    assert (found.is_wrong, r"h_{4} \\ h_{5} \end{pmatrix}" in found.repair) == (True, True)


def test_a_letter_that_is_summed_over_is_no_entry_that_is_differentiated_by():
    wrong = r"-\frac{\partial L}{\partial o_j} = \sum_j \frac{\partial y_j \log \hat{y}_j}{\partial o_j}"
    repair = r"\sum_{i} \frac{\partial \left(y_{i} \log \hat{y}_{i}\right)}{\partial o_{j}}"
    assert repaired(wrong, HEAD) == repair
    (again,) = judged(rf"-\frac{{\partial L}}{{\partial o_j}} = {repair}", HEAD)
    assert again.verdict == "proved"


def test_what_is_not_0_is_said_to_be_what_it_is():
    kept = r"W \cdot \frac{\partial h^{(t-1)}}{\partial U}"
    vanishing = r"h^{(t-1)} \cdot \frac{\partial W}{\partial U}"
    declared = f"{RNN}\nread vectors as either"
    assert repaired(f"{kept} + {vanishing} = 0", declared) == kept
    assert repaired(f"{kept} = 0", declared) == ""  # of one summand it would say that it is itself


def test_the_ends_of_a_chain_whose_middle_is_wrong_are_compared():
    chain = r"\nabla_{o^{(t)}} L = \tanh(y^{(t)}) = -(y^{(t)} - \hat{y}^{(t)})"
    second = judged(chain, RNN)[1]
    assert (second.verdict, second.repair) == ("refuted", r"\nabla_{o^{(t)}} L = -\left(y^{(t)} - \hat{y}^{(t)}\right)")


def test_a_closed_form_has_the_letters_of_its_formula():
    """τ for T, ∂ for d, and the letter that the document has for V."""
    declared = f"{RNN}\nstep \\tau = T\nname M = V"
    left = r"\frac{\partial \hat{y}^{(\tau)}}{\partial h^{(\tau)}}"
    repair = repaired(rf"{left} = M \operatorname{{diag}}(\hat{{y}}^{{(\tau)}}) M^\top", declared)
    assert repair == (
        r"\left(\operatorname{diag}\left(\hat{y}^{(\tau)}\right) - \hat{y}^{(\tau)} \hat{y}^{(\tau)\top}\right) M"
    )


RIGHT = [
    (RNN, r"\nabla_{o^{(t)}} L = \hat{y}^{(t)} - y^{(t)}"),
    (LSTM, r"\nabla_{f_t} L = c_{t-1} \odot \nabla_{c_t} L"),
    (HEAD, r"\frac{\partial}{\partial o_j} y_j \log \hat{y}_j = y_j (1 - \hat{y}_j)"),
]


@pytest.mark.parametrize(("declared", "right"), RIGHT)
def test_what_is_right_gets_no_repair(declared, right):
    assert [(each.is_wrong, each.repair) for each in judged(right, declared)] == [(False, "")]


PADDED = [
    (
        LSTM,
        r"\nabla_{c_{T-1}} L = o_{T-1} \odot (1 - \tanh^2(c_{T-1})) \odot \frac{\partial L_{T-1}}{\partial h_{T-1}}",
    ),
    (LSTM, r"\nabla_{f_t} L = \nabla_{c_t} L \odot c_t + \nabla_{h_t} L - \nabla_{h_t} L"),
    (RNN, r"\nabla_{h^{(t)}} L = V^\top \nabla_{o^{(t)}} L + \frac{\partial L^{(t)}}{\partial h^{(t+1)}}"),
    (RNN, r"\frac{\partial h^{(t)}}{\partial h^{(t-1)}} = \frac{\partial h^{(t)}}{\partial h^{(t)}} W"),
]


@pytest.mark.parametrize(("declared", "wrong"), PADDED)
def test_no_repair_is_padded(declared, wrong):
    """No derivative by a later step, which is 0, none of a value by itself, nothing that is added and taken away."""
    repair = repaired(wrong, declared)
    assert r"\frac{\partial L_{T-2}}" not in repair
    assert r"\frac{\partial L^{(t)}}{\partial h^{(t+1)}}" not in repair
    assert r"\frac{\partial h^{(t)}}{\partial h^{(t)}}" not in repair
    assert r"- \nabla_{h_t} L" not in repair


@pytest.mark.parametrize(
    ("declared", "wrong"),
    [
        (HEAD, r"\nabla_o L = 2 \nabla_o L"),
        (RNN, r"\nabla_{h^{(t)}} L = 2 \nabla_{h^{(t)}} L"),
    ],
)
def test_no_repair_says_that_something_is_itself(declared, wrong):
    left = wrong.partition(" = ")[0]
    repair = repaired(wrong, declared)
    assert repair.replace("{", "").replace("}", "") != left.replace("{", "").replace("}", "")


def test_what_a_repair_is_proved_under_is_said():
    (found,) = judged(r"\nabla_o L = \hat{y} + y", HEAD)
    assert found.repair == r"\hat{y} - y"
    assert found.repaired_under == ("Σ_k y_k = 1",)
    (other,) = judged(r"\frac{\partial o_j}{\partial h_l} = v_{lj}", f"{HEAD}\nentries v of V")
    assert (other.repair, other.repaired_under) == ("v_{jl}", ())
