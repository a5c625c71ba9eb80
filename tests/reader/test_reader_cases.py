r"""Whose condition is it?  Sentences with several formulas, judged; what is proved is true for a network run here.

The truth of each formula comes from central differences through a forward pass of its own, at every step.
"""

from __future__ import annotations

import re

import numpy as np
import pytest

from symbolic.reader.document import findings

H, D, K, T = 3, 2, 4, 4
FORMULAS = {
    "A": r"\nabla_{h^{(T)}} L = V^\top \nabla_{o^{(T)}} L",
    "B": r"\nabla_{h^{(t)}} L = V^\top \nabla_{o^{(t)}} L",
    "C": r"\nabla_{h^{(t)}} L = W^\top \nabla_{a^{(t+1)}} L + V^\top \nabla_{o^{(t)}} L",
    "E": r"\nabla_{h^{(t)}} L = W \nabla_{a^{(t+1)}} L + V^\top \nabla_{o^{(t)}} L",
    "F": r"\nabla_{a^{(t)}} L = (1 - h^{(t)} \odot h^{(t)}) \odot (V^\top \nabla_{o^{(t)}} L)",
    "G": r"\nabla_{o^{(t)}} L = \hat y^{(t)} - y^{(t)}",
    "X": r"\nabla_{h^{(t)}} L = 2 V^\top \nabla_{o^{(t)}} L",
    "M": r"\frac{\partial \hat y^{(t)}_i}{\partial o^{(t)}_j} = \hat y^{(t)}_i (1 - \hat y^{(t)}_j)",
    "N": r"\frac{\partial \hat y^{(t)}_i}{\partial o^{(t)}_j} = -\hat y^{(t)}_i \hat y^{(t)}_j",
}


def loss(p, x, y, h, added=(), trace=None):
    """The loss of the network, with something added to one of its values."""
    what, at, by = added or ("", 0, 0)
    total = 0.0
    for t in range(1, T + 1):
        a = p["b"] + p["W"] @ h + p["U"] @ x[t] + (by if (what, at) == ("a", t) else 0)
        h = np.tanh(a) + (by if (what, at) == ("h", t) else 0)
        o = p["c"] + p["V"] @ h + (by if (what, at) == ("o", t) else 0)
        yhat = np.exp(o - o.max()) / np.exp(o - o.max()).sum()
        total -= y[t] @ np.log(yhat)
        if trace is not None:
            trace[t] = h, o, yhat
    return total


def true_where(name, symmetric=False):
    """The places at which a formula holds: steps, or pairs of entries."""
    rng = np.random.default_rng(0)
    shapes = {"W": (H, H), "U": (H, D), "V": (K, H), "b": (H,), "c": (K,)}
    p = {letter: rng.normal(size=shape) for letter, shape in shapes.items()}
    p["W"] = p["W"] + p["W"].T if symmetric else p["W"]
    given = p, rng.normal(size=(T + 1, D)), np.eye(K)[rng.integers(0, K, T + 1)], rng.normal(size=H)
    trace = {}
    loss(*given, trace=trace)

    def grad(what, t, step=1e-5):
        if t > T:
            return np.zeros(H)
        ways = step * np.eye(K if what == "o" else H)
        return np.array([loss(*given, (what, t, e)) - loss(*given, (what, t, -e)) for e in ways]) / (2 * step)

    W, V, y = p["W"], p["V"], given[2]
    if name in "MN":
        _, o, yhat = trace[1]
        ways = 1e-5 * np.eye(K)
        columns = [(np.exp(o + e) / np.exp(o + e).sum() - np.exp(o - e) / np.exp(o - e).sum()) / 2e-5 for e in ways]
        right = np.outer(yhat, 1 - yhat) if name == "M" else -np.outer(yhat, yhat)
        return {"i=j" if i == j else "i≠j" for i, j in np.argwhere(np.isclose(np.stack(columns, 1), right, atol=1e-6))}
    sides = {
        "A": lambda t: (grad("h", T), V.T @ grad("o", T)),
        "B": lambda t: (grad("h", t), V.T @ grad("o", t)),
        "C": lambda t: (grad("h", t), W.T @ grad("a", t + 1) + V.T @ grad("o", t)),
        "E": lambda t: (grad("h", t), W @ grad("a", t + 1) + V.T @ grad("o", t)),
        "F": lambda t: (grad("a", t), (1 - trace[t][0] ** 2) * (V.T @ grad("o", t))),
        "G": lambda t: (grad("o", t), trace[t][2] - y[t]),
        "X": lambda t: (grad("h", t), 2 * V.T @ grad("o", t)),
    }
    return {t for t in range(1, T + 1) if np.allclose(*sides[name](t), atol=1e-6)}


EVERY, LAST = {*range(1, T + 1)}, {T}
P, R, U = "proved", "refuted", "unread"
SENTENCES = [
    ("At the last step $A$, and then, $B$.", [P, U]),
    ("At the last step $A$; and $B$.", [P, U]),
    ("At the last step $A$, and $B$.", [P, U]),
    ("At the last step $A$, so $B$.", [P, U]),
    ("For $t = T$ we have $A$ and $B$.", [P, U]),
    ("For $t = T$ we have $B$ and $F$.", [P, P]),
    ("At the last step $B$, hence $F$.", [P, P]),
    ("For $t = T$ we have $B$; then $F$.", [P, U]),
    ("At the last step $A$, hence $F$.", [P, U]),
    ("Let $t = T$. Then $A$. Then $B$.", [P, U]),
    ("Let $t = T$. Then $A$ and $B$.", [P, U]),
    ("Let $t = T$. Then $B$ and $F$.", [P, P]),
    ("Let $t = T$. Then $B$. Now $F$.", [P, U]),
    ("Let $t = T$. Then $B$; now $F$.", [P, U]),
    ("Suppose $t = T$. We get $A$. Next we get $B$.", [P, U]),
    ("At the last step\n$$A$$\nand\n$$B$$\n", [P, U]),
    ("At the last step\n$$A, \\quad B$$\n", [P, U]),
    ("At the last step\n$$B, \\quad F$$\n", [P, P]),
    ("At the last step\n$$A \\\\ B$$\n", [P, U]),
    (r"$$\begin{aligned} B & \qquad (t = T) \\ F \end{aligned}$$", [P, U]),
    (r"$$\begin{aligned} B & \qquad \text{if } t = T \\ B \end{aligned}$$", [P, U]),
    (r"$$\begin{aligned} B, & \quad t = T \\ B \end{aligned}$$", [P, U]),
    (r"$$\begin{aligned} C, & \quad t < T \\ B \end{aligned}$$", [P, U]),
    (r"$$\begin{aligned} E & \\ B & \qquad (t = T) \end{aligned}$$", [U, P]),
    (r"$$\begin{aligned} B & \qquad (t = T) \\ B & \qquad (t < T) \end{aligned}$$", [P, R]),
    (r"$$\begin{aligned} t = T,& \quad B \\ t < T,& \quad B \end{aligned}$$", [P, R]),
    (r"$$t = T, \quad B, \quad t < T, \quad B$$", [U, U]),
    (r"$$\begin{aligned} N & \qquad (i \ne j) \\ N \end{aligned}$$", [P, U]),
    ("For $i \\ne j$ we get $N$, and then $M$.", [P, U]),
    ("For $i \\ne j$ we get $N$; for $i = j$, $M$.", [P, P]),
    ("For $i = j$ it is $M$; and $N$.", [P, U]),
    ("For symmetric $W$ we get $E$, and then $E$.", [P, P]),
    ("For symmetric $W$ we get $E$; in general $E$.", [U, U]),
    ("For symmetric $W$ we get $E$; and $B$.", [P, R]),
    ("At the last step $A$, for symmetric $W$ $E$, and $B$.", [P, U, U]),
    ("At the last step $A$ and before it $B$.", [P, U]),
    ("We start at the last step, $A$, and go back: $B$.", [P, U]),
    ("It is $A$ at the last step and $B$.", [P, U]),
    ("If $W$ is symmetric, $E$ at the last step, and then $B$.", [U, U]),
    ("At the last step $X$, and then $B$.", [R, U]),
    ("At the last step $t = T$ we have $A$, and for $t < T$, $B$.", [P, R]),
    ("For $t = T$: $A$, $B$.", [P, U]),
    ("When $t = T$, $G$, and then, $B$.", [P, U]),
    ("When $t = T$, $G$ and $B$.", [P, P]),
    ("At the last step, where $A$, we have $B$.", [P, U]),
    ("At the last step $A$, and so on: $B$.", [P, U]),
    ("At the last step $A$, and by induction $B$.", [P, U]),
]


def written(text):
    """The sentence with its formulas, and their names in order."""
    names = []

    def formula(match):
        names.append(match[0])
        return FORMULAS[match[0]]

    pieces = re.split(r"(\$\$.*?\$\$|\$[^$]*\$)", text, flags=re.DOTALL)
    inside = rf"(?<![A-Za-z\\{{])[{''.join(FORMULAS)}](?![A-Za-z])"
    return "".join(re.sub(inside, formula, piece) if piece[:1] == "$" else piece for piece in pieces), names


@pytest.mark.parametrize(("text", "expected"), SENTENCES)
def test_each_formula_has_the_case_that_is_said_of_it(text, expected):
    latex, names = written(text)
    found = [
        each
        for formula in findings("a.md", f"<!-- check\nmodel rnn\nindex i, j : K\n-->\n{latex}")
        for each in formula
        if "\\nabla" in each.latex or "\\frac" in each.latex
    ]
    assert [each.verdict for each in found] == expected
    for name, each in zip(names, found, strict=True):
        if each.verdict == P:
            where = {"t = T": LAST, "At the last step": LAST, "at the last step": LAST, "t < T": EVERY - LAST}
            said = [where[words] for words in each.hypotheses if words in where]
            pairs = {words.replace(" ", "") for words in each.hypotheses if words[0] == "i"}
            places = pairs or (said[0] if said else EVERY)
            assert true_where(name, "W symmetric" in each.hypotheses) >= places, (name, each.hypotheses)


def test_the_network_tells_right_from_wrong():
    assert {name: true_where(name) for name in "ABCEFGX"} == {
        "A": EVERY, "B": LAST, "C": EVERY, "E": LAST, "F": LAST, "G": EVERY, "X": set()
    }  # fmt: skip
    assert (true_where("E", symmetric=True), true_where("M"), true_where("N")) == (EVERY, {"i=j"}, {"i≠j"})


def test_a_row_goes_on_with_the_chain_and_not_with_its_condition():
    def judged(rows):
        text = rf"$$\begin{{aligned}} {rows} \end{{aligned}}$$"
        return [e for f in findings("a.md", f"<!-- check\nmodel rnn\n-->\n{text}") for e in f if "nabla" in e.latex]

    start, more = r"\nabla_{h^{(t)}} L &= V^\top \nabla_{o^{(t)}} L", r"&= V^\top (\hat y^{(t)} - y^{(t)})"
    assert [each.verdict for each in judged(rf"{start} && (t = T) \\ {more}")] == [P, P]
    assert [each.verdict for each in judged(rf"{start} && (t < T) \\ {more}")] == [R, P]
    (unread,) = judged(rf"{start}, && t = T \\ {more}")
    assert (unread.verdict, "goes on with this condition" in unread.message) == (U, True)
