"""Where a sentence that leads to a display ends: what it assumes holds up to there, and no further."""

from __future__ import annotations

import pytest

from symbolic.reader.document import findings

HEAD = "% check: model rnn\n% check: time subscript\n"
RIGHT = r"\nabla_{o_t} L = \hat y_t - y_t"
WRONG = r"\nabla_{a_t} L = W \nabla_{h_t} L"
LAST = r"\nabla_{h_t} L = V^\top (\hat y_t - y_t)"


def display(latex):
    return f"\\begin{{equation}}\n{latex}\n\\end{{equation}}\n"


def verdicts(text):
    return [each.verdict for found in findings("a.tex", HEAD + text) for each in found if each.displayed]


@pytest.mark.parametrize(
    ("between", "verdict"),
    [
        ("The gradient is\n", "refuted"),
        ("\\noindent The gradient is\n", "refuted"),
        ("\\label{eq:a}\nHere the gradient is\n", "refuted"),
        ("\\par The gradient is\n", "refuted"),
        ("\\medskip\n\nThe gradient is\n", "refuted"),
        ("\\paragraph{Next} The gradient is\n", "refuted"),
        ("\\paragraph{Next}\n", "refuted"),
        ("\\end{remark}\n", "refuted"),
        ("\\section{Next}\n", "refuted"),
        ("", "unread"),
        ("\n", "unread"),
        ("and\n", "unread"),
        ("\\noindent and\n", "unread"),
        ("\\label{eq:a}\nso that the gradient is\n", "unread"),
        ("\\par\\noindent and also\n", "unread"),
        ("\\end{subequations}\n", "unread"),
        ("\\end{center}\n", "unread"),
    ],
)
def test_an_unfinished_lead_ends_where_something_begins_anew(between, verdict):
    text = f"If the gates are saturated, we have\n{display(RIGHT)}{between}{display(WRONG)}"
    assert verdicts(text) == ["proved", verdict]


@pytest.mark.parametrize("before", ["", "\n", "\\par\n", "\\noindent\n"])
def test_a_lead_governs_the_display_that_it_leads_to(before):
    assert verdicts(f"If the gates are saturated, we have\n{before}{display(WRONG)}") == ["unread"]
    assert verdicts(f"For $t = T$ we have\n{before}{display(LAST)}") == ["proved"]


@pytest.mark.parametrize("between", ["\\par The gradient is\n", "\\end{proof}\n", "\\label{a}\nThe gradient is\n"])
def test_what_holds_at_the_last_step_is_not_proved_behind_the_end_of_its_sentence(between):
    assert verdicts(f"For $t = T$ we have\n{display(LAST)}{between}{display(LAST)}") == ["proved", "unread"]
    assert verdicts(f"For $t = T$ we have\n{display(LAST)}{between}{display(WRONG)}") == ["proved", "refuted"]
