"""Text says what the term says: Python reads it back, and the spelling is NumPy's."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symbolic import terms as f
from symbolic.derivations import catalogue
from symbolic.models.rnn import L_t, U, V, W, h, o, x, y, yhat
from symbolic.notation import D, H, Index, K, N, T, k, t
from symbolic.terms import LOSS, Add, Const, Div, MatMul, Mul, Neg, Pow, Term, Transpose, array, d, grad
from symbolic.text import text

ARRAYS = {name: array(name, H, H) for name in "ABC"} | {"u": array("u", H), "h": h}
LEAVES = st.sampled_from([ARRAYS["A"], ARRAYS["B"], ARRAYS["C"], ARRAYS["u"], h[t], h[t - 1], h[T], h[0]])
NUMBERS = st.integers(0, 12).map(f.term)
NAMESPACE = {**ARRAYS, "t": t, "T": T, "Const": f.term, "exp": f.exp, "outer": f.outer, "grad": grad}


def grown(inner: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
    pair = st.tuples(st.sampled_from([Add, Mul, MatMul, Div, f.Outer]), inner, inner)
    return st.one_of(
        pair.map(lambda p: p[0](p[1], p[2])),
        st.tuples(inner, inner).map(lambda p: Add(p[0], Neg(p[1]))),
        inner.map(Neg),
        inner.map(Transpose),
        inner.map(f.exp),
        st.tuples(inner, st.integers(-3, 3)).map(lambda p: Pow(*p)),
    )


TERMS = st.recursive(st.one_of(LEAVES, NUMBERS, LEAVES.map(grad)), grown, max_leaves=12)


class _NumbersAreTerms(ast.NodeTransformer):
    """Python would fold 1 + 2 and 1/2; written numbers become constants, exponents and steps stay integers."""

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return ast.Call(ast.Name("Const", ast.Load()), [node], [])

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        node.left = self.visit(node.left)
        if not isinstance(node.op, ast.Pow):
            node.right = self.visit(node.right)
        return node


def read(line: str) -> Term:
    tree = ast.fix_missing_locations(_NumbersAreTerms().visit(ast.parse(line, mode="eval")))
    return eval(compile(tree, "<text>", "eval"), dict(NAMESPACE))


@given(TERMS)
def test_python_reads_the_text_back(term):
    assert read(text(term)) == term, text(term)


@given(TERMS)
def test_no_pair_of_parentheses_can_be_left_out(term):
    line = text(term)
    for left, right in pairs(line):
        if left and (line[left - 1].isalnum() or line[left - 1] == "]"):
            continue  # a call's own parentheses
        bare = line[:left] + line[left + 1 : right] + line[right + 1 :]
        try:
            again = read(bare)
        except (SyntaxError, TypeError, AttributeError, ZeroDivisionError):
            continue
        assert again != term, f"{line} is {bare}"


def pairs(line: str) -> list[tuple[int, int]]:
    opened, found = [], []
    for position, c in enumerate(line):
        if c == "(":
            opened.append(position)
        elif c == ")":
            found.append((opened.pop(), position))
    return found


def test_reading_back_tells_wrong_parentheses():
    A, B, C = (ARRAYS[name] for name in "ABC")
    assert read("A * B + C") != A * (B + C)
    assert read("-A**2") != (-A) ** 2
    assert read("-A @ B") != -(A @ B)


i, j, ten = Index("i", K), Index("j", K), 10


@pytest.mark.parametrize(
    ("term", "line"),
    [
        (
            V.T @ grad(o[t]) + W.T @ ((1 - h[t + 1] ** 2) * grad(h[t + 1])),
            "V.T @ grad(o[t]) + W.T @ ((1 - h[t+1]**2) * grad(h[t+1]))",
        ),
        (f.sum_steps(f.outer(grad(o[t]), h[t - 1])), "Σ_{t=1}^{T} outer(grad(o[t]), h[t-1])"),
        (f.product_steps(d(h[k], h[k - 1]), k + 1, t), "Π_{j=k+1}^{t} d(h[k], h[k-1])"),
        (d(h[t], W), "d(h[t], W)"),
        (f.immediate(h[k], W), "immediate(h[k], W)"),
        (f.grad_copy(W, t), "grad(W; t)"),
        (yhat[t].at(i), "yhat[t]_i"),
        (V.at(1, j), "V_1j"),
        (V.at(1, ten), "V_{1,10}"),
        (d(yhat[t].at(i), o[t].at(j)), "d(yhat[t]_i, o[t]_j)"),
        (d(LOSS, o[t].at(1)), "d(L, o[t]_1)"),
        (-f.sum_over(i, y[t].at(i) * f.log(yhat[t].at(i))), "-Σ_i y[t]_i * log(yhat[t]_i)"),
        (f.sum_over(i, y[t].at(i)) * x[t], "(Σ_i y[t]_i) * x[t]"),
        (f.sum_over(i, y[t].at(i)) + L_t[t], "Σ_i y[t]_i + L_t[t]"),
        (f.sum_over(i, y[t].at(i) + 1), "Σ_i (y[t]_i + 1)"),
        (f.delta(i, j) - f.one_over(None), "δ_ij - 1/T"),
        (x[t] / f.one_over(N), "x[t] / (1/N)"),
        (f.total(U, D), "sum(U, axis=D)"),
        (f.diag(f.ones(H)) @ f.eye(H), "diag(ones(H)) @ eye(H)"),
        (Const(f.Fraction(1, 2)) * x[t], "1/2 * x[t]"),
        (f.Fraction(1, 2) ** f.term(2).value * x[t], "1/4 * x[t]"),
        (f.softmax(o[t]) - f.indicator(y[t]), "softmax(o[t]) - indicator(y[t])"),
    ],
)
def test_spelling(term, line):
    assert text(term) == line


def test_every_term_of_the_catalogue_is_one_line():
    lines = [text(term) for record in catalogue() for term in record.chain]
    assert lines
    assert all(line.strip() and "\n" not in line for line in lines)
