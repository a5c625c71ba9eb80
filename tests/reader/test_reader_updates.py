r"""X += Y: what one step gives to the gradient of a parameter, in a network where every step has its own copy."""

from __future__ import annotations

import numpy as np
import pytest

from symbolic.reader.document import findings

H, D, K, T = 3, 2, 4, 3
RNN, LSTM = "model rnn", "model lstm\nread d as gradient\nread beside as hadamard"
BY_W = r"\nabla_{a^{(t)}} L\, h^{(t-1)\top}"


def judged(text, declared=RNN):
    return [each for f in findings("a.md", f"<!-- check\n{declared}\n-->\n{text}") for each in f]


def network():
    """Gradients by each step's copy of the parameters and by pre-activations; states, inputs and targets."""
    rng = np.random.default_rng(0)
    shapes = {"W": (H, H), "U": (H, D), "V": (K, H), "b": (H,), "c": (K,)}
    p = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    x, y, h0 = rng.normal(size=(T + 1, D)), np.eye(K)[rng.integers(0, K, T + 1)], rng.normal(size=H)

    def run(copies=(), added=()):
        own, shift, h, losses, trace = dict(copies), dict(added), h0, [], {0: (h0, None)}
        for t in range(1, T + 1):
            q = {name: value + own.get((name, t), 0) for name, value in p.items()}
            h = np.tanh(q["b"] + q["W"] @ h + q["U"] @ x[t] + shift.get(t, 0))
            o = q["c"] + q["V"] @ h
            yhat = np.exp(o - o.max()) / np.exp(o - o.max()).sum()
            losses.append(-y[t] @ np.log(yhat))
            trace[t] = h, yhat
        return np.array(losses), trace

    def difference(shape, place):
        """The gradient of the losses by what is added at one place."""
        found = np.zeros((T, *shape))
        for at in np.ndindex(shape):
            e = np.zeros(shape)
            e[at] = 1e-5
            found[(slice(None), *at)] = (run(**place(e))[0] - run(**place(-e))[0]) / 2e-5
        return found

    by_copy = {
        (name, t): difference(shape, lambda e, k=(name, t): {"copies": {k: e}}).sum(0)
        for name, shape in shapes.items()
        for t in range(1, T + 1)
    }
    by_a = {t: difference((H,), lambda e, t=t: {"added": {t: e}}).sum(0) for t in range(1, T + 1)}
    return by_copy, by_a, run()[1], x, y


UPDATES = [
    ("W", BY_W, "proved", lambda t, a, s, x, y: np.outer(a[t], s[t - 1][0])),
    ("W", r"\nabla_{a^{(t)}} L\, h^{(t)\top}", "refuted", lambda t, a, s, x, y: np.outer(a[t], s[t][0])),
    ("W", r"h^{(t-1)} (\nabla_{a^{(t)}} L)^\top", "refuted", lambda t, a, s, x, y: np.outer(s[t - 1][0], a[t])),
    ("W", r"2 \nabla_{a^{(t)}} L\, h^{(t-1)\top}", "refuted", lambda t, a, s, x, y: 2 * np.outer(a[t], s[t - 1][0])),
    ("U", r"\nabla_{a^{(t)}} L\, x^{(t)\top}", "proved", lambda t, a, s, x, y: np.outer(a[t], x[t])),
    ("U", r"\nabla_{a^{(t)}} L\, x^{(t-1)\top}", "refuted", lambda t, a, s, x, y: np.outer(a[t], x[t - 1])),
    ("b", r"\nabla_{a^{(t)}} L", "proved", lambda t, a, s, x, y: a[t]),
    ("V", r"(\hat y^{(t)} - y^{(t)}) h^{(t)\top}", "proved", lambda t, a, s, x, y: np.outer(s[t][1] - y[t], s[t][0])),
    ("c", r"y^{(t)} - \hat y^{(t)}", "refuted", lambda t, a, s, x, y: y[t] - s[t][1]),
]


@pytest.mark.parametrize("plus", ["+=", r"\mathrel{+}=", r"\mathrel{+}\mathrel{=}", "{+}=", "{+}{=}", r"\mathrel{+=}"])
def test_however_it_is_written(plus):
    assert [each.verdict for each in judged(rf"$\nabla_W L {plus} {BY_W}$")] == ["proved"]
    assert [each.verdict for each in judged(rf"$\nabla_W L {plus} {BY_W} + W$")] == ["refuted"]


def test_what_a_step_gives_is_the_gradient_by_its_own_copy():
    by_copy, *rest = network()
    for name, latex, verdict, value in UPDATES:
        (found,) = judged(rf"$\nabla_{name} L += {latex}$")
        assert found.verdict == verdict, latex
        assert found.reading.startswith(f"grad({name}; t) = ")
        holds = all(np.allclose(by_copy[name, t], value(t, *rest), atol=1e-6) for t in range(1, T + 1))
        assert holds == (verdict == "proved"), latex


def test_what_is_proved_says_which_part_it_is_and_under_what():
    (found,) = judged(r"$\nabla_V L += (\hat y^{(t)} - y^{(t)}) h^{(t)\top}$")
    assert found.hypotheses == ("Σ_k y_k = 1",)
    assert found.message == "the contribution of step t, by the use of V there"
    (loss,) = judged(r"$\frac{\partial L}{\partial W} += \frac{\partial L^{(t)}}{\partial W}$")
    assert (loss.verdict, loss.message) == ("proved", "the contribution of step t, by the loss there")


def test_what_is_wrong_is_repaired():
    (found,) = judged(r"$\nabla_W L += \nabla_{a^{(t)}} L\, h^{(t)\top}$")
    assert found.repair == r"\nabla_{a^{(t)}} L h^{(t-1)\top}"
    assert found.message == "not the contribution of step t, by the use of W there"


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        (r"d W_{xo} += (o_t (1-o_t) d o_t) x_t^\top", "proved"),
        (r"d W_{xo} \mathrel{+}= (o_t d o_t) x_t^\top", "refuted"),
        (r"d W_{hz} += d \alpha_t h_t^\top", "proved"),
        (r"d W_{hz} \leftarrow d W_{hz} + d \alpha_t h_t^\top", "proved"),
        (r"d W_{hz} += d \alpha_t h_{t-1}^\top", "refuted"),
    ],
)
def test_gradients_that_are_written_d(text, verdict):
    assert [each.verdict for each in judged(f"${text}$", LSTM)] == [verdict]


@pytest.mark.parametrize(
    ("latex", "message"),
    [
        (r"\nabla_{a^{(t+1)}} L\, h^{(t)\top}", "the contribution of step t+1: whether that is meant of each step"),
        (rf"\sum_t {BY_W}", "an update whose parts are not known"),
        (r"\nabla_{a^{(T)}} L\, h^{(T-1)\top}", "an update whose parts are not known"),
    ],
)
def test_another_part_than_that_of_one_step_is_not_judged(latex, message):
    (found,) = judged(rf"$\nabla_W L += {latex}$")
    assert (found.verdict, found.message.startswith(message)) == ("unknown", True)


def test_readings_that_differ_are_ambiguous():
    latex = r"$d c_{t-1} += f_t \circ d c_t$ and $d o_t += \tanh(c_t) d h_t$"
    assert [each.verdict for each in judged(latex, "model lstm\nread d as gradient")] == ["proved", "proved"]
    wrong = judged(r"$d c_{t} += o_t (1 - \tanh(c_t)^2) d h_t$", "model lstm\nread d as gradient")
    assert [each.verdict for each in wrong] == ["ambiguous"]


@pytest.mark.parametrize(
    ("first", "verdict"),
    [
        (r"\nabla_W L = 0", "definition"),
        (r"\nabla_W L = \nabla_{a^{(T)}} L\, h^{(T-1)\top}", "ambiguous"),
        (r"\nabla_W L = \nabla_{a^{(T)}} L\, h^{(T)\top}", "refuted"),
        (r"\nabla_U L = 0", "refuted"),
    ],
)
def test_what_a_sum_begins_with_is_no_equation(first, verdict):
    assert [each.verdict for each in judged(rf"${first}$ and $\nabla_W L += {BY_W}$")] == [verdict, "proved"]
    other, _ = judged(rf"${first}$ and $\nabla_b L += \nabla_{{a^{{(t)}}}} L$")
    assert other.verdict == "refuted"
