"""Nothing that may be a formula is left out in silence: it is read, or it is one `unread` with its line."""

from __future__ import annotations

import pytest

from symbolic.reader.document import findings
from symbolic.reader.scan import formulas, sources

RIGHT = r"\frac{\partial L}{\partial o_t} = \tanh(c_t) \odot \frac{\partial L}{\partial h_t}"
WRONG = r"\frac{\partial L}{\partial f_t} = c_t \odot \frac{\partial L}{\partial c_t}"
ALIGNED = WRONG.replace(" = ", " &= ")
BEHIND = f"\n\nThen ${RIGHT}$.\n"
MARKDOWN = "<!-- check\nmodel lstm\n-->\n"
TEX = "% check: model lstm\n\n\n"


def said(name, text):
    head = TEX if name.endswith("tex") else MARKDOWN
    return [(f.verdict, f.line, f.message) for of_one in findings(name, head + text) for f in of_one]


NOT_CLOSED = [
    ("a.tex", rf"\begin{{align}}{ALIGNED}\end{{equation}}", r"closed by \end{equation}: end it with \end{align}"),
    ("a.tex", rf"\begin{{align}}{ALIGNED}", r"\begin{align} is not closed: end it with \end{align}"),
    ("a.tex", rf"\begin{{align}}{ALIGNED}\end{{align", r"\begin{align} is not closed"),
    ("a.tex", rf"\begin{{align}}{ALIGNED}" + "\n% \\end{align}", r"\begin{align} is not closed"),
    ("a.tex", rf"\begn{{align}}{ALIGNED}\end{{align}}", r"\end{align} ends nothing"),
    ("a.tex", rf"\begin{{algin}}{ALIGNED}\end{{align}}", r"\begin{algin} is not closed"),
    ("a.tex", rf"\[{WRONG}", r"\[ is not closed: end the formula with \]"),
    ("a.tex", rf"$${WRONG}", "$$ is not closed"),
    ("a.md", rf"\begin{{align}}{ALIGNED}\end{{equation}}", r"\begin{align} is closed by \end{equation}"),
    ("a.md", rf"\begin{{align}}{ALIGNED}", r"\begin{align} is not closed"),
    ("a.md", f"$${WRONG}", "$$ is not closed: end the formula with $$"),
    ("a.md", f"Text ${WRONG}", "$ is not closed"),
    ("a.md", rf"\[{WRONG}", r"\[ is not closed"),
    ("a.md", rf"\\[{WRONG}", "is not closed"),
    ("a.md", f"```math\n{WRONG}", "``` is not closed"),
    ("a.md", f":::{{math}}\n{WRONG}", "::: is not closed"),
]


@pytest.mark.parametrize(("name", "text", "why"), NOT_CLOSED)
def test_what_is_not_closed_is_one_finding_at_its_line_and_what_stands_behind_is_read(name, text, why):
    (verdict, line, message), *behind = said(name, text + BEHIND)
    assert (verdict, line) == ("unread", 4)
    assert why in message
    assert [each[0] for each in behind] == ["proved"]


@pytest.mark.parametrize("display", ["$$ {} $$", r"\[ {} \]", r"\begin{{equation}} {} \end{{equation}}"])
@pytest.mark.parametrize("opening", ["$$ ", r"\[ ", r"\begin{equation} "])
@pytest.mark.parametrize("name", ["a.md", "a.tex"])
def test_what_is_not_closed_takes_no_later_display_with_it(name, opening, display):
    later = f"\n\nso that we have then {display.format(RIGHT)} and\n\n{display.format(WRONG)}\n"
    assert [each[0] for each in said(name, opening + WRONG + later)] == ["unread", "proved", "refuted"]


def test_a_display_whose_dollars_begin_the_next_one_is_not_closed():
    text = f"$$ {RIGHT}\n\n$$ {WRONG} $$\n"
    assert [each[0] for each in said("a.md", text)] == ["unread", "refuted"]


def display(template, *claims):
    """The claims in an environment, their sides apart."""
    return template.format(*(side for claim in claims for side in claim.split(" = ")))


@pytest.mark.parametrize(
    "template",
    [
        r"\begin{{IEEEeqnarray}}{{rCl}} {} &=& {} \IEEEyesnumber \\ {} &=& {} \end{{IEEEeqnarray}}",
        r"\begin{{IEEEeqnarray*}}[\small]{{rCl}} {} &=& {} \\ {} &=& {} \end{{IEEEeqnarray*}}",
        r"\begin{{darray}}{{rcl}} {} &=& {} \\ {} &=& {} \end{{darray}}",
        r"\begin{{empheq}}[left=\empheqlbrace]{{align}} {} &= {} \\ {} &= {} \end{{empheq}}",
        r"\begin{{empheq}}[box=\fbox]{{align*}} {} &= {} \\ {} &= {} \end{{empheq}}",
        r"\begin{{empheq}}{{alignat=2}} {} &= {} \\ {} &= {} \end{{empheq}}",
        r"\begin{{xalignat}}{{2}} {} &= {} \\ {} &= {} \end{{xalignat}}",
    ],
)
def test_the_displays_of_packages_are_read(template):
    assert [each[0] for each in said("a.tex", display(template, RIGHT, WRONG))] == ["proved", "refuted"]


@pytest.mark.parametrize(("claim", "verdict"), [(RIGHT, "proved"), (WRONG, "refuted")])
@pytest.mark.parametrize(
    ("name", "template"),
    [
        ("a.tex", "\\begin{dmath}[label={eq:o}] % \\end{dmath}"),
        ("a.tex", "\\begin{dmath*} % \\end{dmath*}"),
        ("a.tex", "\\begin{empheq}{equation} % \\end{empheq}"),
        ("a.md", "\\\\[ % \\\\]"),
        ("a.md", ":::{math}\n:label: eq-o\n%\n:::"),
        ("a.md", "```{math}\n:label: eq-o\n%\n```"),
        ("a.md", "words $`%`$ words"),
        ("a.md", "words {math}`%` words"),
    ],
)
def test_other_delimiters_are_read(name, template, claim, verdict):
    assert [each[0] for each in said(name, template.replace("%", claim))] == [verdict]


@pytest.mark.parametrize("environment", ["aligned", "numcases", "dgroup*", "myeq", "pmatrix"])
@pytest.mark.parametrize("name", ["a.md", "a.tex"])
def test_an_environment_that_is_not_known_is_unread_where_it_holds_mathematics(name, environment):
    text = rf"\begin{{{environment}}}{WRONG}\end{{{environment}}}{BEHIND}"
    assert [each[:2] for each in said(name, text)] == [("unread", 4), ("proved", 6)]


@pytest.mark.parametrize(
    "text",
    [
        rf"\begin{{theorem}} Let ${RIGHT}$ and \[{RIGHT}\] \end{{theorem}}",
        rf"\begin{{itemize}} \item ${RIGHT}$ \end{{itemize}}",
        rf"\begin{{document}} \begin{{foo}} \begin{{align}} {ALIGNED} \end{{align}} \end{{foo}} \end{{document}}",
        rf"\newcommand{{\be}}{{\begin{{equation}}}} \newcommand{{\ee}}{{\end{{equation}}}} ${RIGHT}$",
        rf"\newenvironment{{eqs}}{{\begin{{equation}}\begin{{aligned}}}}{{\end{{aligned}}\end{{equation}}}} ${RIGHT}$",
        rf"\def\be{{\begin{{equation}}}} ${RIGHT}$",
        rf"\begin{{Verbatim}} \begin{{align}} {ALIGNED} \end{{Verbatim}} ${RIGHT}$",
        rf"\begin{{align}} {ALIGNED} % \end{{equation}}" + "\n\\end{align}",
        rf"\begin{{align}} {ALIGNED} \\[2pt] \text{{for all $t$}} \end{{align}}",
    ],
)
def test_nothing_is_made_up_where_nothing_is_lost(text):
    assert "unread" not in {each[0] for each in said("a.tex", text)}


@pytest.mark.parametrize(
    "text",
    [
        r"See \[1] and \(2) and $5, or $HOME alone",
        r"Write \begin{align} for a display.",
        r"`\begin{align}` and `$$` are read",
        "```\n\\begin{align} \\frac{a}{b}\n```",
        "$$\n" + RIGHT + "\n\n$$\n\nwords",
        "Sum: $$$",
    ],
)
def test_prose_of_markdown_is_no_lost_formula(text):
    assert "unread" not in {each[0] for each in said("a.md", text)}


def test_a_use_of_a_macro_for_a_display_is_not_left_out():
    text = "\\newcommand{\\be}{\\begin{equation}}\\newcommand{\\ee}{\\end{equation}}\n\n\\be " + WRONG + "\\ee" + BEHIND
    assert [each[:2] for each in said("a.tex", text)] == [("unread", 6), ("proved", 8)]


@pytest.mark.parametrize("opening", [r"\begin{align}", r"\[", "$$", "$", r"\begin{foo}", "```math\n", r"\end{align}"])
@pytest.mark.parametrize("name", ["a.md", "a.tex"])
def test_what_is_opened_many_times_takes_no_long(name, opening):
    (source,) = sources(name, f"{opening} \\frac{{a}}{{b}} x = y\n\n" * 4000 + r"\end{align} \]")
    assert len(list(formulas(source))) <= 4001
