"""The derivative of a value by a later one, and what is not in the grammar."""

from __future__ import annotations

import pytest

from symbolic.reader.document import findings

HEAD = "<!-- check\nmodel rnn\ntime subscript\nindex i, j : H\nstep k\n-->\n"


def found(text):
    return [each for of_one in findings("a.md", HEAD + text) for each in of_one if each.message != "a condition"]


def by(of, below):
    return rf"\frac{{\partial {of}}}{{\partial {below}}} = 0"


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        (f"For $k < t$, ${by('h_k', 'h_t')}$.", "proved"),
        (f"Note that ${by('h_k', 'h_t')}$ for $t > k$.", "proved"),
        (rf"$${by('h_k', 'h_t')} \quad \text{{for }} k < t$$", "proved"),
        (f"$${by('h_{k,i}', 'h_{t,j}')}, \\quad k < t$$", "proved"),
        (f"$${by('a_t', 'x_k')} \\quad (k \\ge t+1)$$", "proved"),
        (f"$${by('h_k', 'h_{t+1}')} \\quad (k \\le t)$$", "proved"),
        (f"$${by('h_k', 'h_t')} \\quad (k \\le t)$$", "refuted"),
        (f"$${by('h_{k+1}', 'h_t')} \\quad (k < t)$$", "refuted"),
        (f"$${by('h_t', 'h_k')} \\quad (k < t)$$", "refuted"),
        (f"$${by('h_k', 'h_t')} \\quad (k > t)$$", "unknown"),
        (f"$${by('h_k', 'h_t')}$$", "refuted"),
        (r"$$\frac{\partial h_k}{\partial h_t} = W \quad (k < t)$$", "refuted"),
        (f"Unless the net looks ahead, ${by('h_k', 'h_t')}$ for $k < t$.", "unread"),
    ],
)  # fmt: skip
def test_no_value_is_made_from_later_ones(text, verdict):
    (one,) = found(text)
    assert (one.verdict, bool(one.hypotheses)) == (verdict, verdict == "proved")


@pytest.mark.parametrize(
    ("latex", "why"),
    [
        (r"\sqrt{h_t} = h_t", "roots are not in the grammar"),
        (r"h_t = \frac{a_t - \mu}{\sqrt{v + \epsilon}}", "roots are not in the grammar"),
        ("h_t = √{a_t}", "roots are not in the grammar"),
        (r"\|h_t\| = 1", "a norm that is not squared is a root, and not in the grammar"),
        (r"\left\| h_t \right\|_2 = 1", "a norm that is not squared is a root, and not in the grammar"),
        (r"b = \frac{c}{||b||_2} b", "a norm that is not squared is a root, and not in the grammar"),
    ],
)
def test_roots_and_norms_that_are_not_squared_are_told_apart(latex, why):
    (one,) = found(f"${latex}$")
    assert (one.verdict, why in one.message) == ("unread", True)
