"""Gates with one weight matrix for the state and the input together: [W, U] [h; x] is W h + U x."""

from __future__ import annotations

import pytest

from symbolic.reader.document import findings

COLAH = r"""model lstm
let W_f = [W_{hf}, W_{xf}]
let W_{i} = \begin{bmatrix} W_{hi} & W_{xi} \end{bmatrix}"""
BLOCKS = r"\begin{pmatrix} W_{h%s} & W_{xo} \end{pmatrix} \begin{pmatrix} h_{t-1} \\ x_t \end{pmatrix}"
OUTPUT = rf"o_t = \sigma({BLOCKS} + b_o)"


def verdicts(latex, declared=COLAH):
    text = f"<!-- check\n{declared}\n-->\n$${latex}$$\n"
    return [each.verdict + "!" * each.defect for found in findings("a.md", text) for each in found]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (r"f_t = \sigma(W_f \cdot [h_{t-1}, x_t] + b_f)", r"f_t = \sigma(W_f \cdot [x_t, h_{t-1}] + b_f)"),
        (r"f_t = \sigma(W_{f} [h_{t-1}; x_t] + b_f)", r"f_t = \sigma(W_{f} [h_t; x_t] + b_f)"),
        (
            r"i_t = \sigma\left(W_i \left[h_{t-1}, x_t\right] + b_i\right)",
            r"i_t = \sigma\left(W_f \left[h_{t-1}, x_t\right] + b_i\right)",
        ),
        (OUTPUT % "o", OUTPUT % "f"),
    ],
)
def test_a_row_of_blocks_times_a_column_is_read(right, wrong):
    assert verdicts(right) == ["definition"]
    assert verdicts(wrong) == ["definition!"]


@pytest.mark.parametrize(
    "latex",
    [
        r"o_t = \sigma(W_o [h_{t-1}, x_t] + b_o)",
        r"\frac{\partial L}{\partial W_f} = 0",
        r"f_t = [h_{t-1}, x_t]",
        r"f_t = W_f^\top h_t",
        r"f_t = (h_t, c_t) (h_t, c_t)",
        r"f_t = [h_{t-1}, x_t] W_f",
        r"o_t = \sigma(\begin{pmatrix} W_{ho} \\ W_{xo} \end{pmatrix} \begin{pmatrix} h_{t-1} \\ x_t \end{pmatrix})",
    ],
)
def test_blocks_in_any_other_place_are_not_read(latex):
    assert verdicts(latex) == ["unread"]


def test_rows_times_blocks_below_each_other_are_read():
    stacked = r"A^{(t)} = [X^{(t)}, H^{(t-1)}] \begin{bmatrix} %s \\ %s \end{bmatrix} + b"
    assert verdicts(stacked % ("U", "W"), "model minibatch") == ["definition"]
    assert verdicts(stacked % ("W", "U"), "model minibatch") == ["definition!"]
    assert verdicts(r"A^{(t)} = [X^{(t)}, H^{(t-1)}] [U; W] + b", "model minibatch") == ["definition"]
    assert verdicts(r"A^{(t)} = [X^{(t)}, H^{(t-1)}] [U, W] + b", "model minibatch") == ["unread"]
    assert verdicts(r"A^{(t)} = [X^{(t)}; H^{(t-1)}] [U; W] + b", "model minibatch") == ["unread"]
