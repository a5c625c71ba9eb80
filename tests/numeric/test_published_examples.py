"""Worked examples from the literature, every printed digit, and where a print is wrong.

The published layers have no head of their own, so the head is switched off (zero weights, zero
targets) and the published upstream gradients come in as gradients by the state after each step.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest

from numeric.reference import lstm, minibatch, rnn
from numeric.reference.cell import Cache

Arrays = dict[str, np.ndarray]


def assert_prints(value: object, printed: str) -> None:
    """Every number of the print is the value, rounded to the digits that it has, or to double precision."""
    numbers = re.findall(r"[-\d.]+", printed)
    values = np.asarray(value, float).ravel()
    assert len(values) == len(numbers), (values, numbers)
    for got, number in zip(values, numbers, strict=True):
        decimals = len(number.partition(".")[2])
        assert abs(got - float(number)) <= 0.5 * 10**-decimals + 1e-14 * abs(got), f"{got!r} does not print as {number}"


@pytest.mark.parametrize("wrong", ["0.31358769", "-0.31358768", "0.3135"])
def test_a_wrong_digit_is_seen(wrong):
    with pytest.raises(AssertionError, match="does not print as"):
        assert_prints(0.31358768, wrong)


def linspace(first: float, last: float, *shape: int) -> np.ndarray:
    return np.linspace(first, last, num=int(np.prod(shape))).reshape(shape)


class TestSoftmaxCrossEntropy:
    """Forum question on Goodfellow, Bengio & Courville (2016), eq. 10.18 (text 004), answer, item 3.

    "[0,1,0]-[0,0,1]=[0,1,-1]".  The difference is right and so is its use; the last sentence, that it
    is "the gradient of the loss wrt the input ŷ to the loss", is not: it is the one by the logits o.
    Item 2, "ŷ_i = o_i / Σ o_i'", lacks both exponentials.
    """

    def gradient_by_logits(self, logits: list[float], target: list[float]) -> np.ndarray:
        parameters = {"U": np.zeros((2, 1)), "W": np.zeros((2, 2)), "V": np.zeros((3, 2)), "b": np.zeros(2)}
        parameters["c"] = np.array(logits, float)
        _, gradients = rnn.loss_and_gradients(parameters, np.ones((1, 1, 1)), np.array(target, float).reshape(1, 1, 3))
        return gradients["c"]

    def test_the_printed_difference(self):
        assert_prints(self.gradient_by_logits([0, 1000, 0], [0, 0, 1]), "[0, 1, -1]")

    def test_no_cost_where_prediction_and_truth_agree(self):
        assert_prints(self.gradient_by_logits([0, 1000, 0], [0, 1, 0]), "[0, 0, 0]")

    def test_the_printed_softmax_lacks_the_exponentials(self):
        o = np.array([0.0, 1.0, 0.0])
        yhat = self.gradient_by_logits(list(o), [0, 0, 1]) + np.array([0, 0, 1])
        assert yhat == pytest.approx(np.exp(o) / np.exp(o).sum(), rel=1e-12)
        assert np.abs(yhat - o / o.sum()).max() > 0.4


class TestCS231n:
    """Stanford CS231n, Convolutional Neural Networks for Visual Recognition (Li, Karpathy & Johnson, 2016).

    Assignment 3, notebooks RNN_Captioning.ipynb ("Vanilla RNN: step forward", "Vanilla RNN: forward") and
    LSTM_Captioning.ipynb ("LSTM: step forward", "LSTM: forward").  Rows are examples; batch before time;
    the LSTM's gates lie side by side in the order i, f, o, g.  No misprint found.
    """

    def rnn_states(self, x, h0, Wx, Wh, b) -> np.ndarray:
        H = len(b)
        parameters = {"U": Wx, "W": Wh, "b": b, "V": np.zeros((H, 2)), "c": np.zeros(2)}
        _, cache = minibatch.forward(parameters, x, np.zeros((*x.shape[:2], 2)), {"h": h0})
        return cache.h[1:]

    def lstm_cache(self, x, h0, c0, Wx, Wh, b) -> Cache:
        H = h0.shape[1]
        parameters = {"Whz": np.zeros((2, H)), "bz": np.zeros(2)}
        for k, gate in enumerate("ifoc"):
            own = slice(k * H, (k + 1) * H)
            parameters |= {f"Wx{gate}": Wx[:, own].T, f"Wh{gate}": Wh[:, own].T, f"b{gate}": b[own]}
        return lstm.forward(parameters, x, np.zeros((*x.shape[:2], 2)), {"h": h0, "c": c0})[1]

    def test_rnn_step_forward(self):
        N, D, H = 3, 10, 4
        states = self.rnn_states(
            linspace(-0.4, 0.7, 1, N, D),
            linspace(-0.2, 0.5, N, H),
            linspace(-0.1, 0.9, D, H),
            linspace(-0.3, 0.7, H, H),
            linspace(-0.2, 0.4, H),
        )
        assert_prints(
            states[0],
            """[-0.58172089, -0.50182032, -0.41232771, -0.31410098],
               [ 0.66854692,  0.79562378,  0.87755553,  0.92795967],
               [ 0.97934501,  0.99144213,  0.99646691,  0.99854353]""",
        )

    def test_rnn_forward(self):
        N, T, D, H = 2, 3, 4, 5
        states = self.rnn_states(
            linspace(-0.1, 0.3, N, T, D).swapaxes(0, 1),
            linspace(-0.3, 0.1, N, H),
            linspace(-0.2, 0.4, D, H),
            linspace(-0.4, 0.1, H, H),
            linspace(-0.7, 0.1, H),
        )
        assert_prints(
            states.swapaxes(0, 1),
            """[[-0.42070749, -0.27279261, -0.11074945,  0.05740409,  0.22236251],
                [-0.39525808, -0.22554661, -0.0409454,   0.14649412,  0.32397316],
                [-0.42305111, -0.24223728, -0.04287027,  0.15997045,  0.35014525]],
               [[-0.55857474, -0.39065825, -0.19198182,  0.02378408,  0.23735671],
                [-0.27150199, -0.07088804,  0.13562939,  0.33099728,  0.50158768],
                [-0.51014825, -0.30524429, -0.06755202,  0.17806392,  0.40333043]]""",
        )

    def test_lstm_step_forward(self):
        N, D, H = 3, 4, 5
        cache = self.lstm_cache(
            linspace(-0.4, 1.2, 1, N, D),
            linspace(-0.3, 0.7, N, H),
            linspace(-0.4, 0.9, N, H),
            linspace(-2.1, 1.3, D, 4 * H),
            linspace(-0.7, 2.2, H, 4 * H),
            linspace(0.3, 0.7, 4 * H),
        )
        assert_prints(
            cache.final["h"],
            """[ 0.24635157,  0.28610883,  0.32240467,  0.35525807,  0.38474904],
               [ 0.49223563,  0.55611431,  0.61507696,  0.66844003,  0.7159181 ],
               [ 0.56735664,  0.66310127,  0.74419266,  0.80889665,  0.858299  ]""",
        )
        assert_prints(
            cache.final["c"],
            """[ 0.32986176,  0.39145139,  0.451556,    0.51014116,  0.56717407],
               [ 0.66382255,  0.76674007,  0.87195994,  0.97902709,  1.08751345],
               [ 0.74192008,  0.90592151,  1.07717006,  1.25120233,  1.42395676]""",
        )

    def test_lstm_forward(self):
        N, D, H, T = 2, 5, 4, 3
        cache = self.lstm_cache(
            linspace(-0.4, 0.6, N, T, D).swapaxes(0, 1),
            linspace(-0.4, 0.8, N, H),
            np.zeros((N, H)),
            linspace(-0.2, 0.9, D, 4 * H),
            linspace(-0.3, 0.6, H, 4 * H),
            linspace(0.2, 0.7, 4 * H),
        )
        assert_prints(
            cache.h[1:].swapaxes(0, 1),
            """[[ 0.01764008,  0.01823233,  0.01882671,  0.0194232 ],
                [ 0.11287491,  0.12146228,  0.13018446,  0.13902939],
                [ 0.31358768,  0.33338627,  0.35304453,  0.37250975]],
               [[ 0.45767879,  0.4761092,   0.4936887,   0.51041945],
                [ 0.6704845,   0.69350089,  0.71486014,  0.7346449 ],
                [ 0.81733511,  0.83677871,  0.85403753,  0.86935314]]""",
        )


def through_steps(
    cell: ModuleType, parameters: Arrays, x: np.ndarray, initial: Arrays, upstream: list[Arrays], keep: bool = True
) -> list[Arrays]:
    """One run a step, the states carried forward and, where `keep`, the gradients by them back."""
    caches, states, nothing = [], initial, np.zeros((1, x.shape[1], 2))
    for t in range(len(upstream)):
        _, cache = cell.forward(parameters, x[t : t + 1], nothing, states)
        caches.append(cache)
        states = cache.final
    steps: list[Arrays] = []
    for cache, own in zip(reversed(caches), reversed(upstream), strict=True):
        later = {name: steps[0][f"{name}0"] if steps and keep else 0 for name in own}
        steps.insert(0, cell.backward(parameters, cache, {name: own[name] + later[name] for name in own}))
    return steps


def total(steps: list[Arrays], name: str) -> np.ndarray:
    return sum((step[name] for step in steps), np.zeros(()))


class TestCourseraStepByStep:
    """Ng, Katanforoosh & Bensouda Mourri (2018), Sequence Models (deeplearning.ai), week 1.

    Programming assignment "Building your Recurrent Neural Network - Step by Step", v3, part 3, the
    tables "Expected Output".  Inputs are the legacy generator's after np.random.seed(1); columns are
    examples; W = [Wh, Wx] side by side.
    """

    def rnn_inputs(self, *time: int) -> tuple[Callable[..., np.ndarray], np.ndarray, np.ndarray, Arrays]:
        randn = np.random.RandomState(1).randn
        x, a0 = randn(3, 10, *time), randn(5, 10)
        Wax, Waa = randn(5, 3), randn(5, 5)
        randn(2, 5)
        ba = randn(5, 1)
        randn(2, 1)
        parameters = {"U": Wax, "W": Waa, "b": ba[:, 0], "V": np.zeros((2, 5)), "c": np.zeros(2)}
        return randn, x.reshape(3, 10, -1).transpose(2, 1, 0), a0.T, parameters

    def lstm_inputs(self, *time: int, cell: bool) -> tuple[Callable[..., np.ndarray], np.ndarray, Arrays, Arrays]:
        randn = np.random.RandomState(1).randn
        x, a0 = randn(3, 10, *time), randn(5, 10)
        c0 = randn(5, 10) if cell else np.zeros((5, 10))
        parameters = {"Whz": np.zeros((2, 5)), "bz": np.zeros(2)}
        for gate in "fioc":
            W, b = randn(5, 8), randn(5, 1)
            parameters |= {f"Wh{gate}": W[:, :5], f"Wx{gate}": W[:, 5:], f"b{gate}": b[:, 0]}
        if cell:
            randn(2, 5), randn(2, 1)
        return randn, x.reshape(3, 10, -1).transpose(2, 1, 0), {"h": a0.T, "c": c0.T}, parameters

    def test_rnn_cell_backward_prints_the_bias_of_an_earlier_cell(self):
        """Cell 3.1 draws `b` but hands on `ba`, which an earlier cell (1.2) left: the print is of that one."""
        randn, x, a0, parameters = self.rnn_inputs()
        upstream = {"h": randn(5, 10).T}
        earlier = np.random.RandomState(1).randn(3 * 10 * 4 + 5 * 10 + 5 * 5 + 5 * 3 + 2 * 5 + 5)[-5:]

        def shown(ba: np.ndarray) -> list[float]:
            own = parameters | {"b": ba}
            _, cache = rnn.forward(own, x, np.zeros((1, 10, 2)), {"h": a0})
            g = rnn.backward(own, cache, upstream)
            return [g["x"][0, 2, 1], g["h0"][3, 2], g["U"][3, 1], g["W"][1, 2], g["b"][4]]

        printed = "-0.460564103059 0.0842968653807 0.393081873922 -0.28483955787 0.80517166"
        assert_prints(shown(earlier), printed)
        with pytest.raises(AssertionError, match="does not print as"):
            assert_prints(shown(parameters["b"]), printed)

    def test_rnn_backward(self):
        randn, x, a0, parameters = self.rnn_inputs(4)
        upstream = [{"h": step.T} for step in np.moveaxis(randn(5, 10, 4), -1, 0)]
        steps = through_steps(rnn, parameters, x, {"h": a0}, upstream)
        assert_prints([step["x"][0, 2, 1] for step in steps], "[-2.07101689 -0.59255627  0.02466855  0.01483317]")
        assert_prints(steps[0]["h0"][3, 2], "-0.314942375127")
        assert_prints(total(steps, "U")[3, 1], "11.2641044965")
        assert_prints(total(steps, "W")[1, 2], "2.30333312658")
        assert_prints(total(steps, "b")[4], "-0.74747722")

    def test_lstm_cell_backward(self):
        """The print is right; equations (7)–(10) above it lack the brackets around both terms of d c."""
        randn, x, initial, parameters = self.lstm_inputs(cell=True)
        upstream = {"h": randn(5, 10).T, "c": randn(5, 10).T}
        (g,) = through_steps(lstm, parameters, x, initial, [upstream])
        assert_prints(g["x"][0, 2, 1], "3.2305591151091884")
        assert_prints([g["h0"][3, 2], g["c0"][3, 2]], "-0.06396214197109239 0.7975220387970015")
        assert_prints([g["Whf"][3, 1], g["Whi"][1, 2]], "-0.14795483816449725 1.0574980552259903")
        assert_prints([g["Whc"][3, 1], g["Who"][1, 2]], "2.3045621636876668 0.3313115952892108")
        assert_prints([g[f"b{gate}"][4] for gate in "fico"], "0.18864637 -0.40142491 0.25587763 0.13893342")

    def lstm_backward(self, keep: bool) -> list[Arrays]:
        randn, x, initial, parameters = self.lstm_inputs(7, cell=False)
        upstream = [{"h": step.T, "c": np.zeros((10, 5))} for step in np.moveaxis(randn(5, 10, 4), -1, 0)]
        return through_steps(lstm, parameters, x, initial, upstream, keep)

    def shown(self, steps: list[Arrays]) -> list[float]:
        weights = (total(steps, name)[entry] for name, entry in (("Whf", (3, 1)), ("Whi", (1, 2)), ("Whc", (3, 1))))
        return [*(s["x"][0, 2, 1] for s in steps), steps[0]["h0"][3, 2], *weights, total(steps, "Who")[1, 2]]

    def test_the_printed_lstm_backward_drops_both_recurrent_paths(self):
        """Each step gets its own da only: the gradients that come back through h and c are never added.

        And three of the four biases print db_f, already summed, plus their own first step
        (db_i = db_f + …), instead of their own sum.  Reproduced with both errors, digit for digit.
        """
        steps = self.lstm_backward(keep=False)
        assert_prints(
            self.shown(steps),
            "[-0.00173313  0.08287442 -0.30545663 -0.43281115] -0.095911501954 "
            "-0.0698198561274 0.102371820249 -0.0624983794927 0.0484389131444",
        )
        dbf = total(steps, "bf")[4]
        biases = [dbf, *(dbf + steps[0][f"b{gate}"][4] for gate in "ico")]
        assert_prints(biases, "-0.0565788 -0.06997391 -0.27441821 0.16532821")

    def test_the_right_lstm_backward_is_what_a_reader_printed(self):
        """Forum posts and solutions of readers who added both paths print these instead."""
        steps = self.lstm_backward(keep=True)
        assert_prints(
            self.shown(steps),
            "[ 0.00218254  0.28205375 -0.48292508 -0.43281115] 0.312770310257 "
            "-0.0809802310938 0.40512433093 -0.0793746735512 0.038948775763",
        )
        assert_prints(
            [total(steps, f"b{gate}")[4] for gate in "fico"], "-0.15745657 -0.50848333 -0.42510818 -0.17958196"
        )
