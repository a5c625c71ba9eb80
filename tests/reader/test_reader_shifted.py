"""A sum without limits runs over t = 1 … T: what is right only over other steps is not proved without them."""

from __future__ import annotations

import pytest

from symbolic.reader.document import findings

HEAD = "<!-- check\nmodel rnn\ntime subscript\n-->\n"


def found(formula, head=HEAD):
    ((one,),) = findings("a.md", f"{head}$$ {formula} $$\n")
    return one


def gradient(by):
    return rf"\frac{{\partial L}}{{\partial {by}}}"


B = gradient("b")


@pytest.mark.parametrize(
    "formula",
    [
        rf"{B} = \sum_t {gradient('a_{t-1}')}",
        rf"{B} = \sum_t {gradient('a_{t+1}')}",
        rf"{gradient('W')} = \sum_t {gradient('a_{t+1}')} h_t^\top",
        rf"{gradient('V')} = \sum_t {gradient('o_{t+2}')} h_{{t+2}}^\top",
    ],
)
def test_a_sum_that_is_right_over_other_steps_alone_is_ambiguous(formula):
    one = found(formula)
    assert one.verdict == "ambiguous"
    assert "t = 1 … T; proved where the sum runs over other steps" in one.message
    assert "write its limits" in one.message


@pytest.mark.parametrize(
    "formula",
    [
        rf"{B} = \sum_t {gradient('a_t')}",
        rf"{gradient('W')} = \sum_t {gradient('a_t')} h_{{t-1}}^\top",
        rf"{B} = \sum_{{t=2}}^{{T+1}} {gradient('a_{t-1}')}",
        rf"{B} = \sum_{{t=0}}^{{T-1}} {gradient('a_{t+1}')}",
        rf"{gradient('W')} = \sum_{{t=0}}^{{T-1}} {gradient('a_{t+1}')} h_t^\top",
    ],
)
def test_a_sum_at_the_usual_steps_or_with_its_limits_is_proved(formula):
    assert found(formula).verdict == "proved"


def test_what_a_sum_runs_over_may_be_declared():
    head = HEAD.replace("-->", "step t from 0 to T-1\n-->")
    assert found(rf"{B} = \sum_t {gradient('a_{t+1}')}", head).verdict == "proved"


@pytest.mark.parametrize(
    ("formula", "repair"),
    [
        (
            rf"{gradient('V')} = \sum_t {gradient('o_t')} h_{{t-1}}^\top",
            r"\sum_{t} \frac{\partial L}{\partial o_{t}} h_{t}^{\top}",
        ),
        (
            rf"{gradient('V')} = \sum_{{t=1}}^T {gradient('o_t')} h_{{t-1}}^\top",
            r"\sum_{t=1}^{T} \frac{\partial L}{\partial o_{t}} h_{t}^{\top}",
        ),
        (
            rf"{gradient('W')} = \sum_{{t=1}}^T {gradient('a_t')} h_t^\top",
            r"\sum_{t=1}^{T} \frac{\partial L}{\partial a_{t}} h_{t-1}^{\top}",
        ),
    ],
)
def test_a_repair_changes_the_step_that_is_wrong_and_keeps_the_limits(formula, repair):
    one = found(formula)
    assert (one.verdict, one.repair) == ("refuted", repair)
    assert found(f"{formula.split(' = ')[0]} = {repair}").verdict == "proved"


@pytest.mark.parametrize(
    ("formula", "why", "repair"),
    [
        (
            rf"{gradient('U')} = \sum_{{t=1}}^T {gradient('a_t')} x_{{t-1}}^\top",
            "x_0 does not exist: x is there for t = 1 … T",
            r"\sum_{t=1}^{T} \frac{\partial L}{\partial a_{t}} x_{t}^{\top}",
        ),
        (
            rf"{B} = \sum_{{t=1}}^T {gradient('a_{t+1}')}",
            "a_{T+1} does not exist: a is there for t = 1 … T",
            r"\sum_{t=1}^{T} \frac{\partial L}{\partial a_{t}}",
        ),
        (
            rf"{gradient('W')} = \sum_{{t=0}}^T {gradient('a_{t+1}')} h_{{t-1}}^\top",
            "a_{T+1} does not exist: a is there for t = 1 … T",
            None,
        ),
    ],
)
def test_a_sum_over_steps_at_which_there_is_nothing_says_what_is_not_there(formula, why, repair):
    one = found(formula)
    assert (one.verdict, one.message) == ("unknown", why)
    assert repair is None or one.repair == repair


def test_the_initial_state_is_there():
    one = found(rf"{gradient('W')} = \sum_{{t=1}}^T {gradient('a_t')} h_{{t-2}}^\top")
    assert one.message == "h_-1 does not exist: h is there for t = 0 … T"
