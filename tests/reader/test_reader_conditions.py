"""What the words around a formula restrict it to: it is judged under that, or not refuted plainly."""

from __future__ import annotations

import json

import pytest

from symbolic.reader.document import findings

LAST = r"\nabla_{h_t} L = V^\top \nabla_{o_t} L"
NOT_TRANSPOSED = rf"{LAST} + W \nabla_{{a_{{t+1}}}} L"
FROM_THE_SECOND = r"\nabla_W L = \sum_{t=2}^T \nabla_{a_t} L\, h_{t-1}^\top"
OFF_DIAGONAL = r"\frac{\partial \hat y_{t,i}}{\partial o_{t,j}} = -\hat y_{t,i} \hat y_{t,j}"
ON_DIAGONAL = r"\frac{\partial \hat y_{t,i}}{\partial o_{t,j}} = \hat y_{t,i} (1 - \hat y_{t,j})"


def judged(text, name="notes.md"):
    """The findings of what claims something, in order."""
    head = "<!-- check\nmodel rnn\ntime subscript\nindex i, j : K\n-->\n"
    if name.endswith("tex"):
        head = "% check: model rnn\n% check: time subscript\n% check: index i, j : K\n"
    found = [each for formula in findings(name, head + text) for each in formula]
    return [each for each in found if each.verdict != "definition"]


@pytest.mark.parametrize(
    ("text", "hypotheses"),
    [
        (f"For $t = T$ we have ${LAST}$.", ("t = T",)),
        (f"We have ${LAST}$ for $t = T$.", ("t = T",)),
        (f"At the last time step\n\n$$ {LAST} $$\n", ("At the last time step",)),
        (f"$$ {LAST} $$\nat the final step, where nothing follows.", ("at the final step",)),
        (f"$${LAST} \\quad \\text{{if }} t = T$$", ("t = T",)),
        (f"For symmetric $W$, ${NOT_TRANSPOSED}$.", ("W symmetric",)),
        (f"If $W$ is symmetric then ${NOT_TRANSPOSED}$.", ("W symmetric",)),
        (f"We assume that $W$ is symmetric. Then\n\n$${NOT_TRANSPOSED}.$$", ("W symmetric",)),
        (f"Where $W^\\top = W$ it is ${NOT_TRANSPOSED}$.", ("W⊤ = W",)),
        (f"We get ${OFF_DIAGONAL}$ for $i \\ne j$.", ("i ≠ j",)),
        (f"- Case $i \\neq j$:\n\n  $$ {OFF_DIAGONAL} $$\n", ("i ≠ j",)),
        ("If $y_t$ is one-hot, $\\nabla_{o_t} L = \\hat y_t - y_t$.", ("Σ_k y_k = 1",)),
    ],
)
def test_a_formula_is_proved_under_the_condition_that_its_sentence_states(text, hypotheses):
    (found,) = (each for each in judged(text) if each.verdict != "unread")
    assert (found.verdict, tuple(h.replace(r"\top", "⊤").replace("^", "") for h in found.hypotheses)) == (
        "proved",
        hypotheses,
    )


@pytest.mark.parametrize(
    "text",
    [
        f"For $t < T$ we have ${LAST}$.",
        "For $t = T$ we have $\\nabla_{h_t} L = 2 V^\\top \\nabla_{o_t} L$.",
        f"For symmetric $W$, ${LAST} - W \\nabla_{{a_{{t+1}}}} L$.",
        "Assuming a zero initial state, $\\nabla_W L = \\sum_{t=1}^T \\nabla_{a_t} L\\, h_t^\\top$.",
        "If $y_t$ is one-hot, $\\nabla_{o_t} L = y_t - \\hat y_t$.",
        f"For $i = j$ we have ${OFF_DIAGONAL}$.",
        f"If we differentiate by the state, ${LAST}$.",
        f"When computing the gradient we get ${LAST}$.",
        f"W is a matrix.\n\nSuppose that $W$ is symmetric.\n\n# The general case\n\n${NOT_TRANSPOSED}$",
    ],
)
def test_what_is_wrong_under_its_condition_too_is_refuted(text):
    (found,) = judged(text)
    assert (found.verdict, found.counterexample is not None) == ("refuted", True)


@pytest.mark.parametrize(
    ("text", "verdict", "message"),
    [
        (f"If the moon is full, ${LAST}$.", "unread", "without the words “If the moon is full”"),
        (f"Unless $t = T$, ${LAST}$.", "unread", "without the words “Unless $t = T$”"),
        (f"Except at the last step, ${LAST}$.", "unread", "without the words “Except at the last step”"),
        (f"Ignoring the recurrence, ${LAST}$.", "unread", "without the words “Ignoring the recurrence”"),
        (f"Assuming a zero initial state, ${FROM_THE_SECOND}$.", "unknown", "under it the sides agree at the points"),
        (f"With $h_0 = 0$ it is ${FROM_THE_SECOND}$.", "unknown", "refuted without “h_0 = 0”"),
        (f"For $T = 1$ it is ${LAST}$.", "unknown", "refuted without “T = 1”"),
        (r"In the scalar case $\nabla_{h_t} L = \nabla_{o_t} L V^\top + W \nabla_{a_{t+1}} L$.", "unknown", "numbers"),
    ],
)
def test_a_condition_that_is_not_built_in_makes_no_refutation(text, verdict, message):
    (found,) = (
        each for each in judged(text) if "agree" in each.message or "without" in each.message or message in each.message
    )
    assert (found.verdict, found.repair) == (verdict, "")
    assert message in found.message


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (ON_DIAGONAL, OFF_DIAGONAL, ["proved", "proved"]),
        (OFF_DIAGONAL, ON_DIAGONAL, ["refuted", "refuted"]),
    ],
)
def test_each_formula_of_a_sentence_has_its_own_condition(first, second, expected):
    for text in (
        f"For $i = j$ we get ${first}$ and for $i \\ne j$ we get ${second}$.",
        f"It is ${first}$ if $i = j$, and ${second}$ for $i \\neq j$.",
    ):
        assert [found.verdict for found in judged(text)] == expected


def test_the_counterexample_satisfies_the_condition():
    (found,) = judged(f"For symmetric $W$ and $t < T$, ${LAST}$.")
    W = found.counterexample.values["W"]
    assert [list(column) for column in zip(*W, strict=True)] == W
    assert found.counterexample.steps["t"] < found.counterexample.steps["T"]


def test_comments_and_commands_of_tex_are_no_words():
    text = f"% if it rains\n\\section{{When}}\nNow \\[ {LAST} \\] % unless\n"
    assert [found.verdict for found in judged(text, "a.tex")] == ["refuted"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Without the bias terms, $a_t = W h_{t-1} + U x_t$.", ("definition", False)),
        ("Biases matter: $a_t = W h_{t-1} + U x_t$.", ("definition", True)),
        ("Assume we are given $\\nabla_{h_t} L$ from upstream. Then\n$$\\nabla_{a_t} L = h_t$$", ("refuted", False)),
        ("Assume that $W$ is diagonal. Then\n$$\\nabla_{a_t} L = h_t$$", ("unread", False)),
        ("If I am not mistaken, $\\nabla_{a_t} L = h_t$.", ("refuted", False)),
    ],
)
def test_what_sets_the_scene_is_no_condition(text, expected):
    head = "<!-- check\nmodel rnn\ntime subscript\n-->\n"
    found = [each for formula in findings("a.md", head + text) for each in formula]
    assert (found[-1].verdict, found[-1].defect) == expected


@pytest.mark.parametrize(
    "words",
    [
        "For asymmetric $W$",
        "For non-symmetric $W$",
        "Where $W$ need not be symmetric",
        "Without assuming that $W$ is symmetric",
        "We do not assume that $W$ is symmetric:",
        "Whether or not $W$ is symmetric",
        "If $W$ isn't symmetric",
    ],
)
def test_a_condition_that_is_denied_proves_nothing(words):
    assert [found.verdict for found in judged(f"{words} ${NOT_TRANSPOSED}$.")] in (["unread"], ["refuted"])


def test_the_last_step_of_an_argument_is_not_that_of_the_sequence():
    for words in ("In the last step we get", "At the last step of the derivation", "We have $t = T$ in mind. Now"):
        assert [found.verdict for found in judged(f"{words} ${LAST}$.")] == ["unread"]
        assert [found.verdict for found in judged(f"{words} ${NOT_TRANSPOSED}$.")] == ["refuted"]


def test_a_condition_on_a_dimension_may_make_shapes_conform():
    head = "<!-- check\nmodel minibatch\n-->\n"
    for words, verdict in (("For a single example ($N = 1$)", "unread"), ("In general", "ill_typed")):
        text = f"{words} $\\nabla_b L = \\sum_t \\nabla_{{A^{{(t)}}}} L$."
        assert [each.verdict for found in findings("a.md", head + text) for each in found][-1] == verdict


def test_no_agreement_is_claimed_where_nothing_was_compared():
    head = "<!-- check\nmodel rnn\ntime subscript\nstep k\n-->\n"
    text = r"For $k > t$ we have $\frac{\partial h_t}{\partial h_k} = W$."
    found = [each for formula in findings("a.md", head + text) for each in formula][-1]
    assert (found.verdict, found.message) == (
        "unknown",
        "refuted without “k > t”, and no step that is tried satisfies it",
    )


@pytest.mark.parametrize(
    "text",
    [
        f"Even though $t = T$ is a special case, in general ${LAST}$.",
        f"The case $t = T$ was treated above; now for all other steps ${LAST}$.",
        f"For all $t$ (not only $t = T$) we get ${LAST}$.",
        f"Starting at $t = T$ and going backwards, ${LAST}$.",
        f"We know $t = T$ and ${LAST}$.",
        f"Unlike for symmetric $W$, ${NOT_TRANSPOSED}$.",
        f"We derived it for $i = j$, but for $i \\ne j$ it is ${ON_DIAGONAL}$.",
        f"For $t \\neq T$ we get ${LAST}$.",
    ],
)
def test_another_case_than_the_one_that_is_named_is_not_proved_by_it(text):
    assert [found.verdict for found in judged(text)] in (["unread"], ["refuted"])


@pytest.mark.parametrize(
    "text",
    [
        f"$W$ symmetric would be nice, ${NOT_TRANSPOSED}$ is what we find.",
        f"The symmetric part of $W$ plays no role: ${NOT_TRANSPOSED}$.",
        f"With the symmetric difference quotient we confirm ${NOT_TRANSPOSED}$.",
        f"For symmetric $V V^\\top$ we have ${NOT_TRANSPOSED}$.",
        f"For symmetric weights of the layer $U$ we have ${NOT_TRANSPOSED}$.",
        f"We assume that $W$ is symmetric. This is rare. In general\n\n$${NOT_TRANSPOSED}$$",
        f"Assume for contradiction that $W$ is symmetric.\n\nThat is absurd. So\n$${NOT_TRANSPOSED}$$",
        f"For the last time, ${LAST}$.",
        f"For the last time step of the derivation ${LAST}$.",
        f"At the last time step there is no future, and elsewhere there is: ${LAST}$.",
        f"$${LAST} \\quad \\text{{unless }} t = T$$",
        f"$${LAST} \\quad \\text{{except for }} t = T$$",
        f"$${LAST} \\quad \\text{{not only for }} t = T$$",
        f"$${LAST} \\quad \\text{{auch vor }} t = T$$",
        f"$${LAST}, \\quad t = T, \\dots, 1$$",
        f"Both $i \\ne j$ and $i = j$ here: ${OFF_DIAGONAL}$.",
        f"Für $t < T$ ist ${LAST}$.",
    ],
)
def test_a_condition_proves_nothing_in_words_that_are_not_all_understood(text):
    assert [found.verdict for found in judged(text)] in (["unread"], ["refuted"])


@pytest.mark.parametrize(
    "second",
    [
        "Next, suppose $t<T$. Then",
        "Now let $t<T$. Then",
        "For other $t$ we find",
        "Now for the general case.",
        "The recursion itself is",
    ],
)
def test_the_case_that_is_assumed_ends_where_another_begins(second):
    text = f"Suppose first that $t=T$. Then ${LAST}$.\n\n{second} ${LAST}$."
    first, then = (found.verdict for found in judged(text))
    assert first == "proved"
    assert then in {"refuted", "unread"}


def test_a_condition_behind_one_formula_is_not_that_of_the_next():
    for text in (f"${LAST}$ for $t=T$, and ${LAST}$.", f"${LAST}$ für $t=T$ und ${LAST}$."):
        assert [found.verdict for found in judged(text)] in (["proved", "unread"], ["proved", "refuted"])


@pytest.mark.parametrize(
    ("text", "hypotheses"),
    [
        (f"$${LAST} \\qquad (t = T)$$", ("t = T",)),
        (f"$${LAST} \\qquad \\text{{(at the last step)}}$$", ("at the last step",)),
        (f"Falls $t = T$ gilt ${LAST}$.", ("t = T",)),
        (f"当 $t = T$ 时，${LAST}$。", ("t = T",)),
        (f"**Case 1: $i \\ne j$.**\n\n$${OFF_DIAGONAL}$$", ("i ≠ j",)),
        (f"Consider the case $i \\ne j$ first.\n\nWe get\n$${OFF_DIAGONAL}$$", ("i ≠ j",)),
    ],
)
def test_conditions_are_written_in_parentheses_in_other_languages_and_above(text, hypotheses):
    assert [(each.verdict, each.hypotheses) for each in judged(text)] == [("proved", hypotheses)]


@pytest.mark.parametrize(
    "text",
    [
        f"Wenn $W$ symmetrisch ist, gilt ${NOT_TRANSPOSED}$.",
        f"Si $W$ est symétrique, ${NOT_TRANSPOSED}$.",
        f"当 $W$ 对称时，${NOT_TRANSPOSED}$。",
        f"Im letzten Zeitschritt gilt ${LAST}$.",
        f"在最后一个时刻 ${LAST}$。",
        f"The formula ${LAST}$ is exact for $t=T$.",
        f"When $i \\ne j$ it is ${OFF_DIAGONAL}$; otherwise we know it.",
        f"**Case 1: $i \\ne j$.** By the quotient rule and some algebra\n\n$${OFF_DIAGONAL}$$",
    ],
)
def test_what_is_right_under_a_condition_that_is_not_understood_is_not_refuted(text):
    assert [found.verdict for found in judged(text)] == ["unread"]


def test_a_range_of_steps_is_a_condition_unless_it_is_all_of_them():
    formula = "$\\nabla_{h_{t-1}} L = W^\\top \\nabla_{a_t} L$"  # wrong for every t with an output
    for steps, verdict in (("t = 1, \\dots, T", "refuted"), ("t = T+1, \\dots", "unread")):
        assert [found.verdict for found in judged(f"For ${steps}$ we get {formula}.")] == [verdict]


def test_words_belong_to_the_formula_beside_them_alone():
    for words in ("at the last time step", "for symmetric $W$", "for $t = T$"):
        text = f"We have ${NOT_TRANSPOSED}$ and, {words}, $\\nabla_{{o_t}} L = \\hat y_t - y_t$."
        assert [found.verdict for found in judged(text)] in (["unread", "proved"], ["refuted", "proved"])


def test_of_several_conditions_none_is_forgotten():
    for text, verdict in (
        (f"For symmetric $W$ and $t < T$, ${NOT_TRANSPOSED}$.", "proved"),
        (f"For $t = T$, then in case of symmetric $W$, ${LAST}$.", "unread"),
    ):
        assert [found.verdict for found in judged(text)] == [verdict]


@pytest.mark.parametrize(
    "words",
    [
        "Treating $h_{t+1}$ as a constant,",
        "Holding $h_{t+1}$ fixed,",
        "Detaching $h_t$ from the graph gives",
        "The local part of the gradient is",
        "For a one-layer feed-forward network,",
        "At time $T$,",
        "At the end of the sequence,",
        "For the final state",
        "For the last word of the sentence",
        "Base case:",
    ],
)
def test_words_under_which_less_depends_on_a_value_refute_nothing(words):
    assert [found.verdict for found in judged(f"{words} ${LAST}$.")] == ["unread"]


@pytest.mark.parametrize(
    "words", ["We set $h_0 = 0$.", r"Let $h_0 = \mathbf{0}$.", "As usual $h_0 = 0$.", "We initialise with zeros."]
)
def test_a_state_that_is_set_before_is_a_condition(words):
    (found,) = (each for each in judged(f"{words} Then ${FROM_THE_SECOND}$.") if each.verdict != "definition")
    assert found.verdict in {"unknown", "unread"}


@pytest.mark.parametrize(
    "text",
    [
        f"1. $t = T$. ${LAST}$\n2. $t < T$. ${LAST}$",
        f"1. $t = T$. ${LAST}$\n2. ${LAST}$",
        f"* for $t=T$: ${LAST}$\n* for $t<T$: ${LAST}$",
        f"Sei $t=T$. Dann ist ${LAST}$. Sei nun $t<T$. Dann ist ${LAST}$.",
        f"Let $t=T$. Then ${LAST}$.\n\n**Remark.** ${LAST}$.",
        f"Let $t=T$. Then ${LAST}$.\n\n---\n\n${LAST}$.",
    ],
)
def test_a_case_ends_with_its_item_its_remark_and_its_rule(text):
    first, second = (found.verdict for found in judged(text))
    assert first == "proved"
    assert second in {"refuted", "unread"}


WITHOUT_SUM = r"\nabla_V L = (\hat y_t - y_t) h_t^\top"
OTHER_SIGN = r"\nabla_{o_t} L = y_t - \hat y_t"
OTHER_LAYOUT = r"\frac{\partial a_t}{\partial h_{t-1}} = W^\top"


@pytest.mark.parametrize(
    ("text", "case"),
    [
        (f"$${LAST}$$ This holds for $t = T$.", "t = T"),
        (f"$${LAST}$$\n\nHere we assumed $t=T$.", "t = T"),
        (f"$${LAST}$$\n\nThis is only valid at the last time step; elsewhere there is a second term.", "t = T"),
        (f"${LAST}$[^1]\n\n# More\n\n[^1]: Only at the last time step.", "t = T"),
        (f"## The last step\n\n$${LAST}$$", "t = T"),
        (f"Last step\n=========\n\n$${LAST}$$", "t = T"),
        (f"**Last step.** $${LAST}$$", "t = T"),
        (f"<details><summary>Last step</summary>\n\n$${LAST}$$\n</details>", "t = T"),
        (f"- last step: ${LAST}$\n- the others follow", "t = T"),
        (f"| step | gradient |\n|---|---|\n| last | ${LAST}$ |", "t = T"),
        (f"The output contributes ${LAST}$ and the future contributes the rest.", "t = T"),
        (f"${LAST}$ plus what flows back from step $t+1$.", "t = T"),
        (f"$${LAST} \\text{{ + terms from the future}}$$", "t = T"),
        (f"$$\\text{{last step: }} {LAST}$$", "t = T"),
        (f"For brevity we write $L$ for the loss at step $t$. Then ${LAST}$.", "t = T"),
        (f"Since $h_t$ only influences $o_t$, ${LAST}$.", "t = T"),
        (f"Start of the recursion: ${LAST}$", "t = T"),
        (f"${NOT_TRANSPOSED}$ (we assume that $W$ is symmetric).", "symmetric"),
        (f"${NOT_TRANSPOSED}$. Here $W$ is symmetric.", "symmetric"),
        (f"We take $W = W^\\top$.\n\n# Gradients\n\nNow ${NOT_TRANSPOSED}$.", "symmetric"),
        (f"${FROM_THE_SECOND}$ because the initial state vanishes.", "h[0] = 0"),
        (f"The initial state is the zero vector.\n\n# Gradients\n\n${FROM_THE_SECOND}$", "h[0] = 0"),
        (f"The contribution of a step is ${WITHOUT_SUM}$.", "T = 1"),
        (f"At each time step: ${WITHOUT_SUM}$. We then sum these.", "T = 1"),
        (f"For a sequence of length one, ${WITHOUT_SUM}$.", "T = 1"),
        (f"Up to the sign, ${OTHER_SIGN}$.", "sign"),
        (f"With $L$ the log-likelihood, ${OTHER_SIGN}$.", "sign"),
        (f"We use denominator layout.\n\n# Jacobians\n\n${OTHER_LAYOUT}$", "denominator layout"),
        (r"By convention $\frac{\partial o_t}{\partial h_t} = V^\top$.", "denominator layout"),
    ],
)
def test_what_words_nearby_may_mean_is_not_refuted(text, case):
    (found,) = (each for each in judged(text) if "nearby" in each.message)
    assert (found.verdict, found.counterexample, found.repair, found.defect) == ("unread", None, "", False)
    assert case in found.message


@pytest.mark.parametrize(
    "formula", [LAST, NOT_TRANSPOSED, FROM_THE_SECOND, WITHOUT_SUM, OTHER_SIGN, OTHER_LAYOUT, f"{LAST} \\label{{last}}"]
)
def test_without_such_words_it_is(formula):
    for text in (f"We get ${formula}$.", f"In general $${formula}$$ and this is used below.", f"% last\n$${formula}$$"):
        name = "a.tex" if "%" in text else "a.md"
        assert [found.verdict for found in judged(text, name)] == ["refuted"]


def test_what_is_wrong_in_those_cases_too_is_refuted():
    for words in (
        "At the end of the last section, where $W$ was symmetric and $h_0 = 0$, the sign of the convention:",
    ):
        assert [found.verdict for found in judged(f"# Last\n\n{words} $\\nabla_{{o_t}} L = h_t$.")] != ["proved"]
        wrong = r"\nabla_{h_t} L = 2 V^\top \nabla_{o_t} L"
        assert [found.verdict for found in judged(f"# Last step\n\nThe first term:\n\n$${wrong}$$")] == ["refuted"]


def test_an_assumption_of_another_cell_is_nearby():
    def notebook(*cells):
        head = "<!-- check\nmodel rnn\ntime subscript\n-->"
        given = [{"cell_type": "markdown", "source": text} for text in (head, *cells)]
        return [f.verdict for each in findings("a.ipynb", json.dumps({"cells": given})) for f in each][-1]

    assert notebook("The initial state is zero.", f"${FROM_THE_SECOND}$") == "unread"
    assert notebook("The state is a vector.", f"${FROM_THE_SECOND}$") == "refuted"


@pytest.mark.parametrize(
    "text",
    [
        r"For the squared error, $\nabla_{\hat y_t} L = \hat y_t - y_t$.",
        r"Now we use the mean squared error. Then $\nabla_{\hat y_t} L = \hat y_t - y_t$.",
        r"With a sigmoid instead of tanh, $\nabla_{a_t} L = h_t \odot (1-h_t) \odot \nabla_{h_t} L$.",
        r"For a sigmoid hidden layer, $\nabla_{a_t} L = h_t \odot (1-h_t) \odot \nabla_{h_t} L$.",
        r"In a network with a linear hidden layer $\nabla_{a_t} L = \nabla_{h_t} L$.",
        r"For ReLU units $\nabla_{a_t} L = \nabla_{h_t} L$.",
        r"Set $y_t = 0$: $\nabla_{o_t} L = \hat y_t$.",
        r"For $b = 0$ and $x_t = 0$: $a_t = W h_{t-1}$.",
        r"With $W = I$: $\nabla_{h_t} L = V^\top \nabla_{o_t} L + \nabla_{a_{t+1}} L$.",
        r"Let $W = 2$. Then $\nabla_{a_t} L = \nabla_{h_t} L$.",
        r"For binary classification $\hat y_{t,1} = 1 - \hat y_{t,2}$.",
        r"If $y_t$ is one-hot at $k$, then $\frac{\partial L_t}{\partial o_{t,k}} = \hat y_{t,k} - 1$.",
        r"$L_t = -\log \hat y_{t,k}$ where $k$ is the target.",
        r"PyTorch's variant has $a_t = W h_{t-1} + U x_t + b + b$.",
    ],
)
def test_another_model_in_the_words_makes_no_refutation(text):
    head = "<!-- check\nmodel rnn\ntime subscript\nindex i, j, k : K\n-->\n"
    found = [each for formula in findings("a.md", head + text) for each in formula]
    (last,) = (each for each in found if "not understood" in each.message)
    assert (last.verdict, last.defect, last.repair) == ("unread", False, "")


def test_the_words_for_the_model_s_own_loss_are_no_condition():
    wrong = r"$\nabla_{\hat y_t} L = y_t$"
    for model, words in (("rnn", "For the cross-entropy"), ("rnn-squared", "For the squared error")):
        head = f"<!-- check\nmodel {model}\ntime subscript\n-->\n"
        assert [each.verdict for f in findings("a.md", f"{head}{words}, {wrong}.") for each in f] == ["refuted"]


@pytest.mark.parametrize(
    "text",
    [
        f"For the last step and the first step, ${LAST}$.",
        f"For the last step and every other step ${LAST}$.",
        f"For $t = T, t<T$: ${LAST}$.",
        f"$${LAST}, \\quad t = T, \\quad t < T$$",
        f"For $t = T$ we have $${LAST}, \\quad t < T.$$",
        f"For $t < T$ we have $${LAST}, \\quad t = T.$$",
        f"For $t = T$ or $t < T$: ${LAST}$.",
        f"At the last but one step ${LAST}$.",
        f"From the first to the last step, ${LAST}$.",
    ],
)
def test_conditions_that_exclude_each_other_prove_nothing(text):
    assert [found.verdict for found in judged(text)] in (["unread"], ["refuted"])


@pytest.mark.parametrize(
    "words",
    [
        "If $y_t$ is not one-hot,",
        "For $y_t$ that need not be one-hot,",
        "For multi-label targets",
        r"For targets with $\sum_i y_{t,i} \neq 1$",
        r"Let $\sum_i y_{t,i} = 2$ here:",
    ],
)
def test_a_hypothesis_on_targets_that_is_denied_proves_nothing(words):
    found = judged(rf"{words} $\nabla_{{o_t}} L = \hat y_t - y_t$.")[-1]
    assert (found.verdict, "may deny" in found.message) == ("unknown", True)


def test_what_needs_no_hypothesis_is_proved_whatever_is_denied():
    formula = r"\nabla_{o_t} L = \hat y_t (\mathbf{1}^\top y_t) - y_t"
    assert [each.verdict for each in judged(f"If $y_t$ is not one-hot, ${formula}$.")] == ["proved"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"For $T = 3$ steps $\nabla_b L = \nabla_{a_1} L + \nabla_{a_2} L + \nabla_{a_3} L$", "unread"),
        (r"Now $\nabla_b L = \nabla_{a_1} L + \nabla_{a_2} L + \nabla_{a_3} L$", "refuted"),
        (r"The initial state: $\nabla_b L = \nabla_{a_1} L + \nabla_{a_2} L + \nabla_{a_3} L$", "refuted"),
    ],
)
def test_what_holds_for_a_few_steps(text, expected):
    found = judged(text)[-1]
    assert (found.verdict in {expected, "unknown"}, found.verdict == "proved") == (True, False)


@pytest.mark.parametrize(
    "text",
    [
        f"We get ${NOT_TRANSPOSED}$ if $W = W^\\top$.",
        f"${NOT_TRANSPOSED}$, when $W^T = W$.",
        f"If $W = W^\\top$, ${NOT_TRANSPOSED}$.",
        f"Assume $W = W^\\top$. Then ${NOT_TRANSPOSED}$.",
        f"$${NOT_TRANSPOSED} \\quad \\text{{if }} W = W^\\top$$",
        f"$${NOT_TRANSPOSED} \\qquad (W = W^\\top)$$",
        f"$${NOT_TRANSPOSED}, \\qquad W = W^\\intercal$$",
    ],
)
def test_an_equation_says_that_a_parameter_is_symmetric(text):
    (found,) = judged(text)
    assert (found.verdict, "W" in found.hypotheses[0]) == ("proved", True)
    (wrong,) = judged(text.replace("W \\nabla", "2 W \\nabla"))
    assert wrong.verdict == "refuted"
    assert [list(column) for column in zip(*wrong.counterexample.values["W"], strict=True)] == (
        wrong.counterexample.values["W"]
    )


@pytest.mark.parametrize(
    "condition", ["W \\neq W^\\top", "W = V^\\top", "V = V^\\top", "W = U^\\top", "W = W", "W = -W^\\top"]
)
def test_another_equation_does_not(condition):
    for text in (f"${NOT_TRANSPOSED}$ if ${condition}$.", f"$${NOT_TRANSPOSED} \\qquad ({condition})$$"):
        assert "proved" not in [found.verdict for found in judged(text) if "nabla" in found.latex]


@pytest.mark.parametrize("words", ["unless", "only if", "even if not", "if and only if", "We do not have"])
def test_such_an_equation_can_be_denied(words):
    assert [found.verdict for found in judged(f"${NOT_TRANSPOSED}$ {words} $W = W^\\top$.")] in (
        ["unread"],
        ["refuted"],
    )


AS_COMMENTS = "<!-- check\nread words as comments\n-->\n"


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        (f"For $t = T$ we have ${LAST}$.", "refuted"),
        (f"$${LAST}$$\n\nThis is only valid at the last time step.", "refuted"),
        (f"$${NOT_TRANSPOSED} && \\text{{only if the weights are symmetric}}$$", "refuted"),
        (f"$${LAST} + W^\\top \\nabla_{{a_{{t+1}}}} L && \\text{{only $o_t$ and $a_{{t+1}}$ see it}}$$", "proved"),
        (f"$${LAST} \\quad (t = T)$$", "proved"),
        (r"$$\hat y_t = \text{relu}(o_t) && \text{another function}$$", "unread"),
    ],
)
def test_words_that_are_declared_to_be_comments_restrict_no_formula(text, verdict):
    found = [each.verdict for each in judged(AS_COMMENTS + text) if r"\nabla" in each.latex or "hat" in each.latex]
    assert found == [verdict]


def test_inline_formulas_that_are_declared_to_be_quotations_are_not_judged():
    head = "<!-- check\nmodel rnn\ntime subscript\nread inline as quotations\n-->\n"
    found = [each for formula in findings("a.md", f"{head}Not ${LAST}$, as\n\n$${LAST}$$") for each in formula]
    assert [each.verdict for each in found] == ["definition", "refuted"]
    assert not found[0].is_wrong


@pytest.mark.parametrize(
    "condition",
    [
        r"\quad \text{for $i \ne j$}",
        r"\quad \mbox{if $i \neq j$}",
        r"\quad (\text{for } i \ne j)",
        r"\quad \text{where $i \ne j$ holds}",
    ],
)
def test_a_condition_that_words_of_the_formula_quote_holds_for_it(condition):
    for opening, closing in (("$", "$"), ("$$", "$$"), (r"\[", r"\]"), (r"\begin{align}", r"\end{align}")):
        for name in ("notes.md", "notes.tex"):
            (found,) = judged(f"{opening}{OFF_DIAGONAL} {condition}{closing}\n", name)
            assert (found.verdict, found.hypotheses) == ("proved", ("i ≠ j",))
            (found,) = judged(f"{opening}{ON_DIAGONAL} {condition}{closing}\n", name)
            assert found.verdict == "refuted"


def test_cases_may_quote_their_conditions():
    cases = r"\begin{cases} %s & \text{if $i = j$} \\ %s & \text{if $i \ne j$} \end{cases}"
    left, same = OFF_DIAGONAL.split(" = ")[0], ON_DIAGONAL.split(" = ")[1]
    apart = OFF_DIAGONAL.split(" = ")[1]
    for values, verdict in (((same, apart), "proved"), ((apart, same), "refuted")):
        (found,) = judged(f"${left} = {cases % values}$")
        assert found.verdict == verdict


def test_what_words_quote_and_relates_nothing_stays_words():
    found = judged(r"$$\nabla_{o_t} L = \hat y_t - y_t \quad \text{by the rule for $\hat y_t$}$$")
    assert [each.verdict for each in found] == ["proved"]
    found = judged(r"$$\nabla_{o_t} L = y_t - \hat y_t \quad \text{by the rule for $\hat y_t$}$$")
    assert [each.verdict for each in found] == ["refuted"]


def test_a_condition_for_a_tag_is_not_left_out():
    assert [each.verdict for each in judged(rf"$$ {OFF_DIAGONAL} \tag{{$i \ne j$}} $$")] == ["unread"]
    assert [each.verdict for each in judged(rf"$$ {OFF_DIAGONAL} \tag{{3}} $$")] == ["refuted"]


def test_the_limits_of_a_sum_nearby_deny_nothing_of_the_targets():
    right = r"\nabla_{o_t} L = \hat y_t - y_t"
    double = r"\nabla_W L = \sum_{s=1}^T \sum_{t=s}^T \frac{\partial L_t}{\partial a_s} h_{s-1}^\top"
    assert judged(f"With ${double}$ we have ${right}$.")[-1].verdict == "proved"
    assert judged(rf"With $\sum_{{i=1}}^K y_{{t,i}} = 2$ we have ${right}$.")[-1].verdict == "unknown"


@pytest.mark.parametrize("head", ["", "<!-- check\nread words as comments\n-->\n"])
@pytest.mark.parametrize(
    "condition",
    [
        r"\quad \mathrm{for}\ i\ne j",
        r"\quad \textbf{where } i \ne j",
        r"\quad \textrm{for all } i \ne j",
        r"\quad \forall i \ne j",
        r"\quad (\forall i \ne j)",
        r", \quad (i \ne j).",
        r"\quad (i \ne j).",
    ],
)
def test_a_condition_is_read_in_whatever_letters_and_parentheses_it_stands(head, condition):
    assert [(each.verdict, each.hypotheses) for each in judged(f"{head}$${OFF_DIAGONAL} {condition}$$")] == [
        ("proved", ("i ≠ j",))
    ]
    assert [each.verdict for each in judged(f"{head}$${ON_DIAGONAL} {condition}$$")] == ["refuted"]


@pytest.mark.parametrize("head", ["", "<!-- check\nread words as comments\n-->\n"])
@pytest.mark.parametrize("words", ["only for", "unless", "except for", "but not for"])
def test_what_words_say_of_a_relation_that_they_lead_to_is_no_comment(head, words):
    for condition in (rf"\text{{{words} }} t = T", rf"\text{{{words} $t = T$}}", rf"\mathrm{{{words}}}\ t = T"):
        found = judged(rf"{head}$${LAST} \quad {condition}$$")
        assert {each.verdict for each in found} == {"unread"}
    (found,) = judged(rf"{head}$${RIGHT} \quad \text{{{words} }} \forall t$$")
    assert found.verdict == "unread"


@pytest.mark.parametrize(
    "condition", [r"\text{for } t = T", r"\text{for $t = T$}", r"\text{by the rule}, \quad (t = T)"]
)
def test_a_relation_beside_comments_restricts(condition):
    (found,) = judged(rf"{AS_COMMENTS}$${LAST} \quad {condition}$$")
    assert (found.verdict, found.hypotheses) == ("proved", ("t = T",))
    (found,) = judged(rf"{AS_COMMENTS}$${NOT_TRANSPOSED} \quad {condition.replace('= T', '< T')}$$")
    assert found.verdict == "refuted"


def test_an_initial_state_in_parentheses_behind_a_comma_is_a_condition():
    for comma in (",", ""):
        (found,) = judged(rf"$${FROM_THE_SECOND}{comma} \quad (h_0 = 0)$$")
        assert (found.verdict, "refuted without “h_0 = 0”" in found.message) == ("unknown", True)
    (found,) = judged(rf"$${WITHOUT_SUM}, \quad (h_0 = 0)$$")
    assert found.verdict == "refuted"


@pytest.mark.parametrize("head", ["", "<!-- check\nread words as comments\n-->\n"])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        (r"\text{if } i = j", r"\text{else}"),
        (r"\text{if $i = j$}", r"\text{otherwise}"),
        (r"\mathrm{if}\ i = j", r"\mathrm{otherwise}"),
    ],
)
def test_the_words_of_a_case_are_no_comment(head, first, second):
    left, same = ON_DIAGONAL.split(" = ")
    apart = OFF_DIAGONAL.split(" = ")[1]
    for values, verdict in (((same, apart), "proved"), ((apart, same), "refuted")):
        cases = rf"\begin{{cases}} {values[0]} & {first} \\ {values[1]} & {second} \end{{cases}}"
        assert [each.verdict for each in judged(f"{head}$${left} = {cases}$$")] == [verdict]


RIGHT = r"\nabla_{o_t} L = \hat y_t - y_t"


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        ("We have\n", "", "refuted"),
        ("At the last step\n", "", "unread"),
        ("We have\n", "\nThese are for the last step.\n", "unread"),
        ("We have\n", "These are for the last step.\n", "unread"),
        ("We have\n\n", "\nThese are for the last step.\n", "unread"),
    ],
)
def test_of_a_list_the_items_nearby_and_the_words_around_it_count(before, after, verdict):
    right = [f"- here ${RIGHT}$\n"] * 5
    items = [*right, f"- here ${LAST}$\n", *right]
    found = judged(f"{before}{''.join(items)}{after}")
    assert [each.verdict for each in found if each.verdict != "proved"] == [verdict]
    for number, expected in ((0, "refuted"), (4, "unread"), (7, "unread"), (-1, "refuted")):
        others = [*items]
        others[number] = "- the last one\n"
        found = judged(f"We have\n{''.join(others)}")
        assert [each.verdict for each in found if each.verdict != "proved"] == [expected]


@pytest.mark.parametrize(
    ("words", "verdict"),
    [
        ("This was the last step.", "refuted"),
        ("At the very end, the last step gives", "unread"),
    ],
)
def test_a_sentence_that_ends_before_a_display_says_nothing_of_the_next(words, verdict):
    wrong = judged(f"{words}\n\n$${RIGHT}$$\n\n$${LAST}$$\n")
    assert [each.verdict for each in wrong] == ["proved", verdict]
    for nearby in (f"$${RIGHT}$$\n\n{words}\n\n$${LAST}$$", f"$${RIGHT}$$\n\n$${LAST}$$\n\n{words}"):
        assert judged(nearby)[-1].verdict == "unread"


@pytest.mark.parametrize(
    ("words", "verdict"),
    [
        ("Gradients may vanish.", "refuted"),
        ("The vanishing gradient is a problem.", "refuted"),
        ("The state before the first step vanishes.", "unread"),
        ("Here $h_0$ vanishes.", "unread"),
        ("What is there before we start vanishes.", "unread"),
    ],
)
def test_far_away_it_is_a_state_that_vanishes(words, verdict):
    text = f"# Model\n\n{words}\n\n# Gradients\n\nOne.\n\nTwo.\n\n$${FROM_THE_SECOND}$$"
    assert judged(text)[-1].verdict == verdict
    assert judged(f"$${FROM_THE_SECOND}$$\n\nThis vanishes.")[-1].verdict == "unread"
