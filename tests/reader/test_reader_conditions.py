"""What the words around a formula restrict it to: it is judged under that, or not refuted plainly."""

from __future__ import annotations

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
        (f"We assume that $W$ is symmetric. This is rare. Then\n\n$${NOT_TRANSPOSED}.$$", ("W symmetric",)),
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
        f"We have $t = T$ in mind. Now ${LAST}$.",
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
    for words in ("In the last step we get", "At the last step of the derivation"):
        assert [found.verdict for found in judged(f"{words} ${LAST}$.")] == ["refuted"]


def test_a_condition_on_a_dimension_may_make_shapes_conform():
    head = "<!-- check\nmodel minibatch\n-->\n"
    for words, verdict in (("For a single example ($N = 1$)", "unread"), ("In general", "ill_typed")):
        text = f"{words} $\\nabla_b L = \\sum_t \\nabla_{{A^{{(t)}}}} L$."
        assert [each.verdict for found in findings("a.md", head + text) for each in found][-1] == verdict


def test_no_agreement_is_claimed_where_nothing_was_compared():
    head = "<!-- check\nmodel rnn\ntime subscript\nstep k\n-->\n"
    text = r"For $k > t$ it is zero: $\frac{\partial h_t}{\partial h_k} = 0$."
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
