"""LaTeX is the literature's notation, legal for pdflatex and KaTeX, and says what the term says."""

import random
import re
import shutil
import subprocess
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest

from symbolic import terms as f
from symbolic.derivations import catalogue
from symbolic.elementwise import Arithmetic, Scene, dimensions, entries, free_indices, positions
from symbolic.latex import derivation_latex, latex, standalone, statement_latex
from symbolic.models import head, lstm, rnn
from symbolic.notation import AXES, Axis, D, H, Index, K, N, T, k, t
from symbolic.prose import prose
from symbolic.records import derivation
from symbolic.shapes import ShapeMismatch, shape
from symbolic.terms import array, d, grad, grad_copy, immediate, scalar, sequence
from symbolic.written_out import entry, names

U, V, W, h, o, y, yhat = rnn.U, rnn.V, rnn.W, rnn.h, rnn.o, rnn.y, rnn.yhat
i, j = Index("i", K), Index("j", K)
u, v, M, x = array("u", H), array("v", H), array("M", H, H), scalar("x")
X = sequence("X", N, D)


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        (h[t - 1], "h^{(t-1)}"),
        (h[t] ** 2, r"\left(h^{(t)}\right)^{2}"),
        (u**2, "u^{2}"),
        (M**2, r"M^{\odot 2}"),
        (M.T @ u, r"M^{\top} u"),
        (h[t].T, r"h^{(t)\top}"),
        ((h[t] ** 2).T, r"\left(\left(h^{(t)}\right)^{2}\right)^{\top}"),
        (u @ M, r"u^{\top} M"),
        (u @ M @ v, r"u^{\top} M v"),
        (M @ (u @ M), r"M \left(u^{\top} M\right)^{\top}"),
        (u @ v, r"u^{\top} v"),
        (u * v, r"u \odot v"),
        (2 * u, "2 u"),
        (x * 2, r"x \cdot 2"),
        (u * (u + v), r"u \odot \left(u + v\right)"),
        (M @ (u * v), r"M \left(u \odot v\right)"),
        ((M @ u) * v, r"M u \odot v"),
        (u - (v - u), r"u - \left(v - u\right)"),
        (u + -v, "u - v"),
        (-(u + v), r"-\left(u + v\right)"),
        (u * -v, r"u \odot \left(-v\right)"),
        (f.outer(u, v), r"u v^{\top}"),
        (f.outer(u, h[t - 1]), r"u h^{(t-1)\top}"),
        (f.outer(f.eye(H), u), r"I \otimes u"),
        (f.outer(grad(o[t]), h[t]), r"\left(\nabla_{o^{(t)}} L\right) h^{(t)\top}"),
        (V.T @ grad(o[t]), r"V^{\top} \nabla_{o^{(t)}} L"),
        (f.diag(1 - u**2) @ M, r"\operatorname{diag}\left(1 - u^{2}\right) M"),
        (f.inner(M, M), r"\left\langle M, M \right\rangle"),
        (f.ones(H), r"\mathbf{1}"),
        (-y[t] / yhat[t], r"\frac{-y^{(t)}}{\hat{y}^{(t)}}"),
        (f.tanh(x) ** 2, r"\tanh^{2}\left(x\right)"),
        (f.sigmoid(x) * (1 - f.sigmoid(x)), r"\sigma\left(x\right) \left(1 - \sigma\left(x\right)\right)"),
        ((1 + f.exp(-x)) ** -2, r"\left(1 + \exp\left(-x\right)\right)^{-2}"),
        (f.softmax(o[t]), r"\operatorname{softmax}\left(o^{(t)}\right)"),
        (f.sum_steps(grad_copy(W, t)), r"\sum_{t=1}^{T} \nabla_{W^{(t)}} L"),
        (
            f.product_steps(d(h[k], h[k - 1]), k + 1, t),
            r"\prod_{j=t}^{k+1} \frac{\mathrm{d} h^{(k)}}{\mathrm{d} h^{(k-1)}}",
        ),
        (f.sum_steps(u) * v, r"\left(\sum_{t=1}^{T} u\right) \odot v"),
        (f.one_over(None) * f.sum_steps(u), r"\frac{1}{T} \sum_{t=1}^{T} u"),
        (d(h[t], W), r"\frac{\mathrm{d} h^{(t)}}{\mathrm{d} W}"),
        (d(f.sigmoid(x), x), r"\frac{\mathrm{d}}{\mathrm{d} x} \sigma\left(x\right)"),
        (immediate(h[t], W), r"\frac{\partial^{+} h^{(t)}}{\partial W}"),
        (d(yhat[t].at(i), o[t].at(j)), r"\frac{\partial \hat{y}_{i}^{(t)}}{\partial o_{j}^{(t)}}"),
        (d(head.yhat.at(i), head.o.at(j)), r"\frac{\partial \hat{y}_{i}}{\partial o_{j}}"),
        (grad(head.o).at(1), r"\frac{\partial L}{\partial o_{1}}"),
        (V.at(1, j), "v_{1j}"),
        (V.at(1, 10), "v_{1,10}"),
        (f.indicator(y[t]).at(i), r"\mathbf{1}_{i=y^{(t)}}"),
        (f.delta(i, j), r"\delta_{ij}"),
        (f.sum_over(i, y[t].at(i) + 1), r"\sum_{i=1}^{K} \left(y_{i}^{(t)} + 1\right)"),
        (-f.total(y[t] * f.log(yhat[t])), r"-\sum_{k=1}^{K} y_{k}^{(t)} \log\left(\hat{y}_{k}^{(t)}\right)"),
        (f.total((u - v) ** 2) / 2, r"\frac{1}{2} \sum_{i=1}^{H} \left(u_{i} - v_{i}\right)^{2}"),
        (f.total(X[t], N), r"\sum_{n=1}^{N} X_{n}^{(t)}"),
    ],
)
def test_notation(term, expected):
    assert latex(term) == expected


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        (lstm.h[t - 1], "h_{t-1}"),
        (lstm.af[t], "a_{f,t}"),
        (lstm.af[t].at(1), "a_{f,t,1}"),
        (lstm.h[t] ** 2, "h_{t}^{2}"),
        (lstm.Wxf.T, r"W_{xf}^{\top}"),
        (lstm.Wxf.at(1, 2), "w_{xf,12}"),
        (grad_copy(lstm.Whf, t), r"\nabla_{W_{hf,t}} L"),
        (f.outer(lstm.f[t], lstm.h[t - 1]), r"f_{t} h_{t-1}^{\top}"),
        (grad(lstm.af[t]).at(2), r"\frac{\partial L}{\partial a_{f,t,2}}"),
    ],
)
def test_time_as_a_subscript(term, expected):
    assert latex(term, subscript_time=True) == expected


@pytest.mark.parametrize(
    ("name", "own", "expected"),
    [
        ("a_f", "", r"\left(a_{f}^{(t)}\right)^{2}"),
        ("h", r"h^{\prime}", r"\left(h^{\prime(t)}\right)^{2}"),
        ("h", "h'", r"\left(h^{\prime(t)}\right)^{2}"),
        ("h", r"\tilde{h}_{ab}", r"\left(\tilde{h}_{ab}^{(t)}\right)^{2}"),
        ("σ", "", r"\left(\sigma^{(t)}\right)^{2}"),
        ("ŷ", "", r"\left(\hat{y}^{(t)}\right)^{2}"),
        ("state_of_cell", "", None),
        ("x", "x_ab", None),
        ("漢", "", None),
    ],
)
def test_names_take_time_entries_and_powers_together(name, own, expected):
    var = sequence(name, H, latex=own)
    if expected is not None:
        assert latex(var[t] ** 2) == expected
    for term in (var[t], var[t] ** 2, var[t].at(1) ** 2, (var[t] ** 2).T, (var[t] ** 2).at(1), grad(var[t]).at(1)):
        for subscript_time in (False, True):
            assert problems(latex(term, subscript_time)) == []


def test_an_ill_typed_term_prints_as_well():
    bad = V @ (grad(h[t]) * y[t]) + f.diag(yhat[t]) @ V.T @ grad(o[t]) + f.total(U @ V) * f.outer(U @ V, u)
    with pytest.raises(ShapeMismatch):
        shape(bad)
    assert problems(latex(bad)) == []
    record = derivation("bad", "Bad", grad(h[T]), ("", V @ grad(o[T])), model=rnn.RNN, source="")
    assert "(K, H) and (K)" in derivation_latex(record, steps=True, entries=True)


# Legal for pdflatex and for KaTeX


MACROS = {
    *(r"\left", r"\right", r"\begin", r"\end", r"\quad", r"\text", r"\paragraph", r"\textbackslash", r"\S"),
    *(r"\nabla", r"\partial", r"\frac", r"\tfrac", r"\sum", r"\prod", r"\nolimits", r"\langle", r"\rangle", r"\Vert"),
    *(r"\mathrm", r"\mathbf", r"\mathcal", r"\mathit", r"\operatorname", r"\hat", r"\tilde", r"\bar"),
    *(r"\sigma", r"\alpha", r"\delta", r"\theta", r"\tau", r"\tanh", r"\sinh", r"\cosh", r"\exp", r"\log"),
    *(r"\odot", r"\otimes", r"\cdot", r"\circ", r"\times", r"\top", r"\prime", r"\le", r"\ge", r"\ne", r"\to"),
}


def problems(line: str) -> list[str]:
    """What pdflatex or KaTeX would refuse."""
    found = [f"not ASCII: {c}" for c in line if not c.isascii()]
    found += [f"unknown macro {m}" for m in re.findall(r"\\[A-Za-z]+", line) if m not in MACROS]
    opened = Counter(re.findall(r"\\(left|right)(?![a-z])", line))
    if opened["left"] != opened["right"]:
        found.append("unbalanced \\left \\right")
    depth: list[set[str]] = [set()]
    script = False
    for token in re.findall(r"\\[A-Za-z]+|\\.|[^\s]", line):
        seen = depth[-1]
        if token in "_^":
            if token in seen:
                found.append(f"double {token}")
            seen.add(token)
            script = True
        elif token == "}":
            if len(depth) == 1:
                return [*found, "unbalanced braces"]
            depth.pop()
        else:
            if not script:
                seen.clear()
            script = False
            if token == "{":
                depth.append(set())
    return found if len(depth) == 1 else [*found, "unbalanced braces"]


@pytest.mark.parametrize(
    "line", ["h^{(t)}^{2}", "a_{f}_{t}", "{h", "h}", r"\left(h", "ŷ", r"\unknown{h}", "h_{a^b^c}", "x^a _b ^c"]
)
def test_what_is_illegal_is_seen(line):
    assert problems(line) != []


@pytest.mark.parametrize("line", [r"\left(h^{(t)}\right)^{2}", "h_{a_b}^{c^d}", r"\frac{x_1}{x_2}", "x_a^b y_a^b"])
def test_what_is_legal_passes(line):
    assert problems(line) == []


@pytest.mark.parametrize("record", list(catalogue()), ids=lambda record: record.id)
def test_every_derivation_prints_under_every_flag(record):
    for steps in (False, True):
        for with_entries in (False, True):
            printed = derivation_latex(record, steps, with_entries)
            assert problems(printed) == []
            environments = re.findall(r"\\(begin|end)\{([a-z*]+)\}", printed)
            assert Counter(name for kind, name in environments if kind == "begin") == Counter(
                name for kind, name in environments if kind == "end"
            )
    assert statement_latex(record) in derivation_latex(record)


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_pdflatex_compiles_the_catalogue_and_no_line_is_too_wide(tmp_path):
    body = "\n\n".join(derivation_latex(record, steps=True, entries=True) for record in catalogue())
    done, log = compiled(tmp_path, standalone(body))
    assert done == 0, log[-2000:]
    assert re.findall(r"Overfull \\hbox.*", log) == []


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_pdflatex_refuses_a_double_superscript(tmp_path):
    done, log = compiled(tmp_path, standalone(r"\[h^{(t)}^{2}\]"))
    assert done != 0
    assert "Double superscript" in log


def compiled(folder, document):
    (folder / "document.tex").write_text(document, encoding="ascii")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "document.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=300)
    return done.returncode, (folder / "document.log").read_text(encoding="latin-1")


# Derivations


CHAIN = derivation(
    "example",
    "The gradient by σ & co.",
    grad(head.o),
    ("chain rule: 100%", d(head.yhat, head.o).T @ grad(head.yhat)),
    ("Σ_k y_k = 1", head.yhat - head.y),
    model=head.HEAD,
    source="Chen – p. 3",
)


def test_steps_give_each_equality_its_reason():
    assert derivation_latex(CHAIN, steps=True) == (
        "\\paragraph{The gradient by $\\sigma$ \\& co.}\n"
        "Source: Chen -- p. 3.\n"
        "\\begin{align*}\n"
        "  \\nabla_{o} L &= \\left(\\frac{\\mathrm{d} \\hat{y}}{\\mathrm{d} o}\\right)^{\\top} \\nabla_{\\hat{y}} L"
        " && \\text{chain rule: 100\\%} \\\\\n"
        "       &= \\hat{y} - y && \\text{$\\sum\\nolimits _{k} y_{k} = 1$}\n"
        "\\end{align*}"
    )


def test_without_flags_there_is_one_equation():
    assert derivation_latex(CHAIN) == "\\[\n  \\nabla_{o} L = \\hat{y} - y\n\\]"


def test_entries_write_the_model_and_the_closed_form_out():
    printed = derivation_latex(CHAIN, entries=True)
    assert "Written out for $H=5$, $K=3$." in printed
    assert (
        r"\begin{pmatrix} o_{1} \\ o_{2} \\ o_{3} \end{pmatrix} = \begin{pmatrix} c_{1} \\ c_{2} \\ c_{3} \end{pmatrix}"
        in printed
    )
    assert r"o_{2} &= c_{2} + v_{21} h_{1} + v_{22} h_{2} + v_{23} h_{3} + v_{24} h_{4} + v_{25} h_{5}" in printed
    for n in (1, 2, 3):
        assert rf"\frac{{\partial L}}{{\partial o_{{{n}}}}} &= \hat{{y}}_{{{n}}} - y_{{{n}}}" in printed
    assert r"o_{4}" not in printed
    assert r"o_{4}" in derivation_latex(CHAIN, entries=True, sizes={K: 4})


def test_of_many_entries_the_first_row_and_the_general_one():
    closed = f.sum_steps(f.outer((1 - h[t] ** 2) * grad(h[t]), h[t - 1]))
    printed = derivation_latex(derivation("W", "W", grad(W), ("", closed), model=rnn.RNN, source=""), entries=True)
    assert "Of the 25 entries, the first row and the general one:" in printed
    assert r"\frac{\partial L}{\partial w_{15}} &=" in printed
    assert r"\frac{\partial L}{\partial w_{21}}" not in printed
    general = (
        r"\frac{\partial L}{\partial w_{ij}} = \sum_{t=1}^{T} \left(1 - \left(h_{i}^{(t)}\right)^{2}\right) "
        r"\frac{\partial L}{\partial h_{i}^{(t)}} h_{j}^{(t-1)}"
    )
    assert general in printed


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("definition of σ", r"definition of $\sigma$"),
        ("(∂L/∂h_t), see p. 3", r"($\partial L/\partial h_{t}$), see p. 3"),
        ("Vᵀ(ŷ−y) ∘ 1", r"$V^{\top}(\hat{y}-y) \circ  1$"),
        ("L = Σ_t L_t", r"$L = \sum\nolimits _{t} L_{t}$"),
        ("notes: (ŷ_t − y_t) V, by h_t", r"notes: $(\hat{y}_{t} - y_{t}) V$, by $h_{t}$"),
        ("a use of W_hh and h_t, c", r"a use of $W_{hh}$ and $h_{t}$, c"),
        ("a h_t I", "a $h_{t}$ I"),
        ("see 3 h_t", "see 3 $h_{t}$"),
        ("⟨G, H dV⟩ = 0.", r"$\langle G, H dV\rangle  = 0$."),
        ("(with ½)", r"(with $\tfrac{1}{2})$"),
        ("a_b_c", "$a_{b}{}_{c}$"),
        ("50% & #1 {a}", r"50\% \& \#1 \{a\}"),
        ("Müller’s “one–hot”", "M\\\"{u}ller's ``one--hot''"),
        ("1−tanh²", r"$1-\tanh ^{2}$"),
        ("★", "[U+2605]"),
        ("z ⊙ h̃", r"$z \odot  \tilde{h}$"),
        ("by σ̃_t", r"by $\tilde{\sigma}_{t}$"),
        ("the h̃ of it", r"the \~{h} of it"),
    ],
)
def test_prose(line, expected):
    assert prose(line) == expected
    assert problems(prose(line).replace(r"\"", "")) == []


@pytest.mark.parametrize("id", [record.id for record in catalogue()])
def test_every_character_of_the_catalogue_is_typeset(id):
    assert "[U+" not in derivation_latex(catalogue()[id], steps=True)


# What is written out is what `elementwise` computes


class Uninterpreted(Arithmetic):
    """Rational arithmetic in which every function is some rational function of its own."""

    def number(self, value):
        return value

    def reciprocal(self, axis, size):
        return Fraction(1, size)

    def function(self, name, value):
        return value * value + {"tanh": 3, "sigmoid": 5, "exp": 7, "log": 11}[name]


class Anything:
    """Every variable and derivative has values at random, the same ones each time."""

    def __init__(self, sizes):
        self.sizes, self.known = sizes, {}

    def variable(self, var, step):
        return self.some((var.name, step), var.axes)

    def derivative(self, node, steps):
        at = tuple(
            None if s is None else s.at(steps) for s in (getattr(node.of, "step", None), node.by.step, node.copy)
        )
        return self.some(
            (node.of if not isinstance(node.of, f.Var) else node.of.name, node.by.name, node.total, at), shape(node)
        )

    def some(self, key, axes):
        if key not in self.known:
            drawn = random.Random(repr(key))
            values = np.empty(dimensions(axes, self.sizes), dtype=object)
            for place in positions(values.shape):
                values[place] = Fraction(drawn.choice((-1, 1)) * drawn.randint(1, 9), drawn.randint(1, 5))
            self.known[key] = values
        return self.known[key]


SMALL = {**dict.fromkeys(AXES.values(), 2), H: 3, K: 3, Axis("1", 1): 1}


def disagreements(term, written_as):
    """The places at which `written_as(place, bound)` is not the entry that `elementwise` computes."""
    scene = Scene(SMALL, 3, Uninterpreted(), Anything(SMALL))
    steps = dict.fromkeys(names(term), 2) | {"k": 1, "T": 3}
    expected = entries(term, scene, steps)
    free = sorted(free_indices(term), key=lambda index: index.name)
    wrong = []
    for place in list(positions(expected.shape))[:: max(1, expected.size // 4)]:
        bound = {index.name: p + 1 for index, p in zip(free, place, strict=False)}
        scalar_term = written_as(tuple(p + 1 for p in place[len(free) :]), bound)
        if entries(scalar_term, scene, steps)[()] != expected[place]:
            wrong.append(place)
    return wrong


@pytest.mark.parametrize("record", list(catalogue()), ids=lambda record: record.id)
def test_written_out_entries_are_the_entries(record):
    for term in record.chain:
        try:
            shape(term)
        except ShapeMismatch:
            continue
        for sizes in (SMALL, None):
            assert disagreements(term, lambda place, bound: entry(term, place, sizes, bound)) == []  # noqa: B023


def test_a_wrong_entry_is_seen():
    assert disagreements(W @ h[t], lambda place, bound: entry(W.T @ h[t], place, SMALL, bound)) != []
    assert disagreements(M @ M, lambda place, bound: entry(M @ M, place[::-1], None, bound)) != []
