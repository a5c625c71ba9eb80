"""Characters, steps of descent and checkpoints, each beside something that must not pass."""

import math
import re
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from numeric.characters import builtin_docstrings, text_of
from numeric.checkpoints import continued, packed, unpacked
from numeric.training import CELLS, Diverged, Settings, cross_entropy, descend, network, sample, start, train

VERSE = "She sells sea shells by the sea shore; the shells she sells are sea shells, I am sure.\n" * 12
TEXT = text_of(VERSE, window=10, batch=4)
SMALL = Settings("rnn", hidden=8, window=10, batch=4, steps=30, rate=1.0)


def trained(settings, text=TEXT, state=None, net=None):
    first = state or start(settings, text)
    return [*train(net or network(settings.cell, settings.grad), settings, text, first)][-1]


def same(left, right):
    assert set(left) == set(right)
    for name in left:
        np.testing.assert_array_equal(left[name], right[name], err_msg=name)


def changed(net, gradient):
    """A network whose backward pass is put through `gradient`."""
    return replace(net, backward=lambda parameters, cache: gradient(net.backward(parameters, cache)))


# Characters


def characters(text, one_hot):
    return np.array([*text.alphabet])[one_hot.argmax(axis=-1)]


def test_the_windows_of_a_pass_are_the_text_and_what_is_predicted_is_one_ahead():
    read, predicted = (
        "".join(
            "".join(characters(TEXT, TEXT.at(s)[i])[:, lane]) for lane in range(TEXT.lanes) for s in range(TEXT.count)
        )
        for i in (0, 1)
    )
    assert read == VERSE[: TEXT.predictions]
    assert predicted == VERSE[1 : TEXT.predictions + 1]
    assert len(VERSE) - 1 - TEXT.predictions < TEXT.lanes * TEXT.window


def test_a_pass_is_followed_by_the_same_pass():
    for step in range(3):
        for first, second in zip(TEXT.at(step), TEXT.at(step + TEXT.count), strict=True):
            np.testing.assert_array_equal(first, second)


def test_the_bigram_entropy_is_that_of_counted_pairs():
    used = VERSE[: TEXT.predictions + 1]
    pairs, firsts = Counter(pairwise(used)), Counter(used[:-1])
    expected = -sum(n * math.log(n / firsts[a]) for (a, _), n in pairs.items()) / (len(used) - 1)
    assert TEXT.bigram_entropy == pytest.approx(expected, rel=1e-12)
    smoothed = -sum(
        n * math.log((n + 0.01) / (firsts[a] + 0.01 * len(TEXT.alphabet))) for (a, _), n in pairs.items()
    ) / (len(used) - 1)
    assert smoothed > TEXT.bigram_entropy


def test_a_character_that_tells_the_next_has_no_bigram_entropy():
    assert text_of("abc" * 20, 5, 2).bigram_entropy == pytest.approx(0, abs=1e-12)
    assert text_of("abac" * 20, 5, 2).bigram_entropy == pytest.approx(math.log(2) / 2, rel=0.02)


@pytest.mark.parametrize(
    ("characters", "line"),
    [
        ("", "the text has 0 characters, and one window of 10 needs 11; pass a longer text or a shorter window"),
        (
            "abcdefghij",
            "the text has 10 characters, and one window of 10 needs 11; pass a longer text or a shorter window",
        ),
        ("aaaaaaaaaaaa", "the text repeats one character, 'a'; pass one with at least two"),
    ],
)
def test_a_text_that_cannot_be_learnt(characters, line):
    with pytest.raises(ValueError, match=f"^{re.escape(line)}$"):
        text_of(characters, 10, 4)
    assert text_of("abcdefghijk", 10, 4).predictions == 10


def test_the_default_text_is_long_and_the_same_each_time():
    text = builtin_docstrings()
    assert len(text) > 30_000
    assert text == builtin_docstrings()


# Descent


@pytest.mark.parametrize(("cell", "steps"), [("rnn", 600), ("lstm", 900), ("gru", 700)])
def test_generated_gradients_beat_every_bigram_model_on_the_default_text(cell, steps):
    settings = Settings(cell, steps=steps)
    assert steps <= Settings(cell).steps
    text = text_of(builtin_docstrings(), settings.window, settings.batch)
    net, first = network(cell), start(settings, text)
    before, after = (cross_entropy(net, each.parameters, text) for each in (first, trained(settings, text, first)))
    assert before > text.bigram_entropy > after, (before, text.bigram_entropy, after)


@pytest.mark.parametrize("cell", CELLS)
def test_a_short_training_lowers_the_loss_and_a_wrong_sign_raises_it(cell):
    settings = replace(SMALL, cell=cell, grad="reference")
    net, first = network(cell, "reference"), start(settings, TEXT)
    wrong = changed(net, lambda gradients: {name: -array for name, array in gradients.items()})
    before = cross_entropy(net, first.parameters, TEXT)
    assert cross_entropy(net, trained(settings).parameters, TEXT) < before - 0.1
    assert cross_entropy(net, trained(settings, net=wrong).parameters, TEXT) > before + 0.1


@pytest.mark.parametrize("cell", CELLS)
def test_generated_and_reference_gradients_train_to_the_same_parameters(cell):
    settings = replace(SMALL, cell=cell)
    by_proof, by_hand = trained(settings), trained(replace(settings, grad="reference"))
    for name in by_hand.parameters:
        np.testing.assert_allclose(by_proof.parameters[name], by_hand.parameters[name], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(by_proof.losses, by_hand.losses, rtol=1e-4)


def test_one_path_dropped_from_a_gradient_trains_to_other_parameters():
    dropped = changed(network("rnn"), lambda gradients: {**gradients, "b": 0 * gradients["b"]})
    right, wrong = trained(SMALL).parameters, trained(SMALL, net=dropped).parameters
    assert np.abs(right["W"] - wrong["W"]).max() > 1e-3


def test_a_step_is_rate_times_the_mean_gradient_shortened_to_clip():
    y = np.zeros((5, 2, 3), np.float32)
    parameters = {"W": np.ones((1, 2), np.float32)}
    gradients = {"W": np.array([[30.0, 40.0]], np.float32), "x": np.full(9, 1e6, np.float32)}  # mean: (3, 4), norm 5
    for clip, step in ((0, (3, 4)), (10, (3, 4)), (5, (3, 4)), (1, (0.6, 0.8))):
        moved = descend(parameters, gradients, y, replace(SMALL, rate=0.5, clip=clip))
        np.testing.assert_allclose(moved["W"], 1 - 0.5 * np.array([step]), rtol=1e-6)
        assert list(moved) == ["W"]


def test_the_loss_of_a_step_is_that_of_its_window_before_the_step():
    first = start(SMALL, TEXT)
    loss, _ = network("rnn").forward(first.parameters, *TEXT.at(0), None)
    assert trained(SMALL).losses[0] == pytest.approx(loss / (TEXT.window * TEXT.lanes), rel=1e-6)


def test_the_loss_over_the_text_is_that_of_reading_it_in_one_window():
    parameters = trained(SMALL).parameters
    stretches = TEXT.codes[:-1].reshape(TEXT.lanes, -1).T, TEXT.codes[1:].reshape(TEXT.lanes, -1).T
    loss, _ = network("rnn").forward(parameters, *map(TEXT.one_hot, stretches))
    assert cross_entropy(network("rnn"), parameters, TEXT) == pytest.approx(loss / TEXT.predictions, rel=1e-5)


@pytest.mark.parametrize("grad", ["generated", "reference"])
def test_numbers_that_run_away_are_reported(grad):
    settings = replace(SMALL, grad=grad, rate=1e39, clip=0)
    with pytest.raises(Diverged, match=r"the numbers run away at step \d+; pass a smaller rate or clip"):
        trained(settings)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"cell": "mlp"}, "cell is one of rnn, lstm, gru, not 'mlp'"),
        ({"grad": "guessed"}, "grad is one of generated, reference, not 'guessed'"),
        ({"hidden": 0}, "hidden must be a positive integer, not 0"),
        ({"window": 1.5}, "window must be a positive integer, not 1.5"),
        ({"steps": -1}, "steps must be a positive integer, not -1"),
        ({"rate": math.nan}, "rate must be a positive number, not nan"),
        ({"rate": 0.0}, "rate must be a positive number, not 0.0"),
        ({"clip": math.inf}, "clip must be a positive number, or 0 for none, not inf"),
        ({"seed": -1}, "seed must be 0 or a positive integer, not -1"),
    ],
)
def test_settings_that_make_no_run(change, line):
    with pytest.raises(ValueError, match=f"^{re.escape(line)}$"):
        replace(SMALL, **change)


# Samples


@pytest.mark.parametrize("cell", CELLS)
def test_a_sample_is_of_the_alphabet_and_the_same_for_the_same_seed(cell):
    net, parameters = network(cell, "reference"), start(replace(SMALL, cell=cell), TEXT).parameters
    drawn = sample(net, parameters, TEXT, 50, seed=3)
    assert len(drawn) == 50
    assert set(drawn) <= set(TEXT.alphabet)
    assert drawn == sample(net, parameters, TEXT, 50, seed=3)
    assert drawn != sample(net, parameters, TEXT, 50, seed=4)


def test_a_sample_follows_what_the_network_has_learnt():
    text = text_of("abcd" * 40, 8, 4)
    settings = replace(SMALL, steps=150, window=8)
    learnt, untaught = trained(settings, text), start(settings, text)
    written = [sample(network("rnn"), each.parameters, text, 40, seed=0) for each in (learnt, untaught)]
    follow = [sum(pair in ("ab", "bc", "cd", "da") for pair in map("".join, pairwise(w))) for w in written]
    assert follow[0] >= 37 > 25 > follow[1], written


# Checkpoints


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("at", [0, 1, 11, 26])
def test_a_resumed_run_is_the_uninterrupted_run(cell, at):
    settings = replace(SMALL, cell=cell, grad="reference")
    whole = trained(settings)
    half = trained(replace(settings, steps=at)) if at else start(settings, TEXT)
    read = unpacked(packed(settings, TEXT, half))
    assert read.settings == settings
    resumed = trained(settings, state=continued(read, settings, TEXT))
    same(resumed.parameters, whole.parameters)
    same(resumed.carried, whole.carried)
    np.testing.assert_array_equal(resumed.losses, whole.losses)


def test_a_run_that_forgets_where_the_window_before_ended_is_another_run():
    half = trained(replace(SMALL, steps=11))
    assert 11 % TEXT.count != 0
    forgetful = trained(SMALL, state=replace(half, carried={}))
    assert np.abs(forgetful.parameters["W"] - trained(SMALL).parameters["W"]).max() > 1e-6


def test_no_state_is_changed_after_it_was_yielded():
    kept = [(state, {name: array.copy() for name, array in (state.parameters | state.carried).items()})
            for state in train(network("rnn"), SMALL, TEXT, start(SMALL, TEXT))]  # fmt: skip
    for state, copy in kept:
        same(state.parameters | state.carried, copy)
    assert len(kept) == SMALL.steps


def test_a_checkpoint_with_a_bit_changed_is_the_same_or_refused():
    content = packed(SMALL, TEXT, trained(SMALL))
    whole, rng, read = unpacked(content).state, np.random.default_rng(0), []
    for _ in range(200):
        damaged = bytearray(content)
        damaged[rng.integers(len(content))] ^= 1 << int(rng.integers(8))
        with suppress(ValueError):
            read.append(continued(unpacked(bytes(damaged)), SMALL, TEXT))
    for state in read:
        same(state.parameters, whole.parameters)
        same(state.carried, whole.carried)
        assert (state.step, *state.losses) == (whole.step, *whole.losses)
    assert len(read) < 50


@pytest.mark.parametrize("length", [0, 1, 100, 2000, -1])
def test_a_checkpoint_without_its_end_is_refused(length):
    content = packed(SMALL, TEXT, trained(SMALL))
    with pytest.raises(ValueError, match=r"^it is damaged, or no checkpoint of a training$"):
        unpacked(content[:length])


def test_a_checkpoint_of_other_shapes_or_another_text_is_refused():
    read = unpacked(packed(SMALL, TEXT, trained(SMALL)))
    with pytest.raises(ValueError, match=r"^it was trained on another text$"):
        continued(read, SMALL, text_of(VERSE.upper(), 10, 4))
    state = read.state
    nan = {**state.parameters, "b": np.full_like(state.parameters["b"], np.nan)}
    for wrong in (
        replace(state, parameters={**state.parameters, "W": state.parameters["W"][:4]}),
        replace(state, parameters=nan),
        replace(state, carried={}),
        replace(state, losses=state.losses[:-1]),
    ):
        with pytest.raises(ValueError, match=r"^it is damaged: its arrays do not have the shapes"):
            continued(replace(read, state=wrong), SMALL, TEXT)
    assert continued(read, SMALL, TEXT) is state
