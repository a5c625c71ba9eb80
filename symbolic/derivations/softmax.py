"""Softmax, cross-entropy and squared error, at one output o = c + V h without a sequence."""

from symbolic.derivations import main
from symbolic.models.head import HEAD, HEAD_SQUARED, V, c, h, o, y, yhat
from symbolic.notation import H, Index, K
from symbolic.records import derivation
from symbolic.terms import (
    LOSS,
    d,
    delta,
    diag,
    exp,
    eye,
    grad,
    indicator,
    log,
    ones,
    outer,
    scalar,
    softmax,
    sum_over,
    total,
)
from symbolic.verdicts import one_hot, sums_to_one

CHAPTER = (2, "Softmax and cross-entropy")
TEXT_000 = "course notes on backpropagation through time for RNN and LSTM (text 000)"
TEXT_001 = "question on backpropagation through time with 4 inputs, 5 hidden units, 3 outputs (text 001)"
TEXT_002 = "lecture notes on backprop through time (text 002)"
BOOK = "Goodfellow, Bengio & Courville (2016), Deep Learning"

s = scalar("s")
i, j, k = Index("i", K), Index("j", K), Index("k", K)
m, n = Index("m", H), Index("n", H)

S = sum_over(k, exp(o.at(k)))
normaliser = total(exp(o))
jacobian = diag(yhat) - outer(yhat, yhat)

# ∂ŷ_1/∂h_n with every o_k written out as c_k + Σ_m v_km h_m
e1, e2, e3 = (exp(c.at(q) + sum_over(m, V.at(q, m) * h.at(m))) for q in (1, 2, 3))
S_of_h = sum_over(k, exp(c.at(k) + sum_over(m, V.at(k, m) * h.at(m))))
v1, v2, v3 = (V.at(q, n) for q in (1, 2, 3))
y1, y2, y3 = (y.at(q) for q in (1, 2, 3))
p1, p2, p3 = (yhat.at(q) for q in (1, 2, 3))
o1, o2, o3 = (o.at(q) for q in (1, 2, 3))

PREDICTION = [
    derivation(
        "softmax.jacobian",
        "The Jacobian of softmax, an entry",
        d(yhat.at(i), o.at(j)),
        ("quotient rule", (delta(i, j) * exp(o.at(i)) * S - exp(o.at(i)) * exp(o.at(j))) / S**2),
        ("definition of softmax", delta(i, j) * yhat.at(i) - yhat.at(i) * yhat.at(j)),
        ("ŷ_i apart", yhat.at(i) * (delta(i, j) - yhat.at(j))),
        model=HEAD,
        source=f"{TEXT_002}, Compute g', cases t = k and t ≠ k",
    ),
    derivation(
        "softmax.jacobian-matrix",
        "The Jacobian of softmax",
        d(yhat, o),
        ("its entries are ŷ_i(δ_ij − ŷ_j)", jacobian),
        model=HEAD,
        source=f"{TEXT_002}, Compute g', both cases in one matrix",
    ),
    derivation(
        "softmax.shift",
        "Softmax does not see a shift of all its arguments",
        softmax(o + s * ones(K)).at(i),
        ("definition of softmax", exp(o.at(i) + s) / sum_over(k, exp(o.at(k) + s))),
        ("exp of a sum", exp(s) * exp(o.at(i)) / (exp(s) * S)),
        ("exp(s) cancels", exp(o.at(i)) / S),
        ("definition of softmax", softmax(o).at(i)),
        source=f"{BOOK}, section 6.2.2.3",
    ),
    derivation(
        "softmax.log-sum-exp",
        "The gradient of log-sum-exp is softmax",
        d(log(normaliser), o),
        ("log' = 1/·, then chain rule", exp(o) / normaliser),
        ("definition of softmax", softmax(o)),
        source=f"{BOOK}, section 6.2.2.3",
    ),
    derivation(
        "softmax.log-softmax",
        "log softmax is the argument less log-sum-exp",
        log(softmax(o).at(i)),
        ("definition of softmax", log(exp(o.at(i)) / normaliser)),
        ("log of a quotient", log(exp(o.at(i))) - log(normaliser)),
        ("log is the inverse of exp", o.at(i) - log(normaliser)),
        source=f"{BOOK}, section 6.2.2.3",
    ),
    derivation(
        "softmax.prediction-by-hidden-1",
        "∂ŷ_1/∂h_n, written out",
        d(yhat.at(1), h.at(n)),
        (
            "quotient rule, S = Σ_k exp(c_k + Σ_m v_km h_m)",
            (v1 * e1 * S_of_h - (v1 * e1 + v2 * e2 + v3 * e3) * e1) / S_of_h**2,
        ),
        (
            "o_k = c_k + Σ_m v_km h_m",
            (v1 * exp(o1) * S - (v1 * exp(o1) + v2 * exp(o2) + v3 * exp(o3)) * exp(o1)) / S**2,
        ),
        ("definition of softmax", v1 * p1 - v1 * p1 * p1 - v2 * p2 * p1 - v3 * p3 * p1),
        ("−ŷ_1 apart", -p1 * (v1 * (p1 - 1) + v2 * p2 + v3 * p3)),
        model=HEAD,
        sizes={K: 3},
        source=f"{TEXT_001}, computing ∂ŷ_1/∂h_1 at the final step (with v_2i and v_3i in the exponents)",
    ),
    derivation(
        "softmax.prediction-by-hidden-i",
        "∂ŷ_i/∂h_n for every class, with −ŷ_i apart",
        d(yhat.at(i), h.at(n)),
        ("chain rule", sum_over(k, d(yhat.at(i), o.at(k)) * d(o.at(k), h.at(n)))),
        ("Jacobian of softmax; o = c + V h", sum_over(k, yhat.at(i) * (delta(i, k) - yhat.at(k)) * V.at(k, n))),
        ("−ŷ_i apart", -yhat.at(i) * sum_over(k, V.at(k, n) * (yhat.at(k) - delta(i, k)))),
        model=HEAD,
        source=f"{TEXT_001}, the matrix form of ∂ŷ_1/∂h, for every row",
    ),
    derivation(
        "softmax.prediction-by-hidden",
        "∂ŷ/∂h",
        d(yhat, h),
        ("chain rule", d(yhat, o) @ d(o, h)),
        ("o = c + V h", d(yhat, o) @ V),
        ("Jacobian of softmax", jacobian @ V),
        model=HEAD,
        source=f"{TEXT_001}, the last displayed matrices, with shapes that conform",
    ),
]

CROSS_ENTROPY = [
    derivation(
        "softmax.loss",
        "Cross-entropy by the logits, three classes",
        LOSS,
        ("definition of L", -sum_over(i, y.at(i) * log(yhat.at(i)))),
        ("written out", -(y1 * log(p1) + y2 * log(p2) + y3 * log(p3))),
        (
            "definition of softmax",
            -(y1 * log(exp(o1) / S) + y2 * log(exp(o2) / S) + y3 * log(exp(o3) / S)),
        ),
        (
            "log of a quotient; log is the inverse of exp",
            -(y1 * (o1 - log(S)) + y2 * (o2 - log(S)) + y3 * (o3 - log(S))),
        ),
        model=HEAD,
        sizes={K: 3},
        source=f"{TEXT_001}, the loss of the example, four lines",
    ),
    derivation(
        "softmax.by-prediction",
        "Cross-entropy by the predicted probabilities",
        grad(yhat),
        ("definition of L", -d(total(y * log(yhat)), yhat)),
        ("log' = 1/·", -y / yhat),
        model=HEAD,
        source=f"{TEXT_002}, part A: ∂L_t/∂ŷ_t",
    ),
    derivation(
        "softmax.log-likelihood",
        "One term of the log-likelihood by one logit",
        d(y * log(yhat), o).at(i, j),
        ("log' = 1/·, then chain rule", y.at(i) / yhat.at(i) * d(yhat.at(i), o.at(j))),
        ("Jacobian of softmax", y.at(i) / yhat.at(i) * yhat.at(i) * (delta(i, j) - yhat.at(j))),
        ("ŷ_i cancels", y.at(i) * (delta(i, j) - yhat.at(j))),
        model=HEAD,
        source=f"{TEXT_000}, Derivative of softmax, both cases y_j(1 − p(ŷ_j)) and −y_k p(ŷ_j)",
    ),
    derivation(
        "softmax.gradient-1",
        "∂L/∂o_1 for any target",
        grad(o.at(1)),
        (
            "the loss by the logits",
            d(-(y1 * (o1 - log(S)) + y2 * (o2 - log(S)) + y3 * (o3 - log(S))), o.at(1)),
        ),
        (
            "∂ log S/∂o_1 = exp(o_1)/S",
            -(y1 * (1 - exp(o1) / S) + y2 * -(exp(o1) / S) + y3 * -(exp(o1) / S)),
        ),
        ("definition of softmax", -(y1 * (1 - p1) - y2 * p1 - y3 * p1)),
        model=HEAD,
        sizes={K: 3},
        source=f"{TEXT_001}, ∂L/∂o_1 and its simplification",
    ),
    derivation(
        "softmax.gradient-matrix",
        "The gradient by the logits for any target, as a matrix times y",
        grad(o),
        ("chain rule", d(yhat, o).T @ grad(yhat)),
        ("Jacobian of softmax; −y/ŷ", -(jacobian @ (y / yhat))),
        ("ŷ cancels", total(y) * yhat - y),
        ("y apart", (outer(yhat, ones(K)) - eye(K)) @ y),
        model=HEAD,
        source=f"{TEXT_001}, distributing the minus sign, in matrix form",
    ),
    derivation(
        "softmax.gradient",
        "The gradient by the logits",
        grad(o),
        ("chain rule", d(yhat, o).T @ grad(yhat)),
        ("Jacobian of softmax; −y/ŷ", -(jacobian @ (y / yhat))),
        ("ŷ cancels", total(y) * yhat - y),
        ("Σ_k y_k = 1", yhat - y),
        model=HEAD,
        hypotheses=(sums_to_one(y),),
        source=f"{TEXT_000}, Derivative of softmax, p(ŷ_j) − y_j; {TEXT_002}, A × B",
    ),
    derivation(
        "softmax.gradient-one-hot",
        "The gradient by the logits for a class",
        grad(o),
        ("for any target", total(y) * yhat - y),
        ("y is one-hot", yhat - indicator(y)),
        model=HEAD,
        hypotheses=(one_hot(y),),
        source=f"{BOOK}, eq. 10.18",
    ),
    derivation(
        "softmax.hidden",
        "The factors −ŷ_i of ∂ŷ_i/∂h cancel in the gradient by the hidden state",
        grad(h.at(n)),
        ("chain rule", sum_over(i, grad(yhat.at(i)) * d(yhat.at(i), h.at(n)))),
        (
            "−y_i/ŷ_i; ∂ŷ_i/∂h_n with −ŷ_i apart",
            sum_over(i, -y.at(i) / yhat.at(i) * (-yhat.at(i) * sum_over(k, V.at(k, n) * (yhat.at(k) - delta(i, k))))),
        ),
        ("ŷ_i cancels", sum_over(i, y.at(i) * sum_over(k, V.at(k, n) * (yhat.at(k) - delta(i, k))))),
        ("sum over i first", sum_over(k, V.at(k, n) * (total(y) * yhat.at(k) - y.at(k)))),
        ("Σ_k y_k = 1", (V.T @ (yhat - y)).at(n)),
        model=HEAD,
        hypotheses=(sums_to_one(y),),
        source=f"{TEXT_001}, answer without its first minus sign",
    ),
    derivation(
        "softmax.weights",
        "Cross-entropy by the output weights",
        grad(V),
        ("chain rule", outer(grad(o), h)),
        ("∇_o L = ŷ − y", outer(yhat - y, h)),
        model=HEAD,
        hypotheses=(sums_to_one(y),),
        source=f"{TEXT_002}, ∂L/∂V, one step",
    ),
    derivation(
        "softmax.bias",
        "Cross-entropy by the output bias",
        grad(c),
        ("chain rule", grad(o)),
        ("∇_o L = ŷ − y", yhat - y),
        model=HEAD,
        hypotheses=(sums_to_one(y),),
        source=f"{BOOK}, eq. 10.22, one step",
    ),
]

r = yhat - y

SQUARED_ERROR = [
    derivation(
        "softmax-squared.by-prediction",
        "Squared error by the prediction",
        grad(yhat),
        ("definition of L", d(total((y - yhat) ** 2) / 2, yhat)),
        ("power rule, then chain rule", r),
        model=HEAD_SQUARED,
        source=f"{TEXT_002}, L_t as MSE (with ½)",
    ),
    derivation(
        "softmax-squared.gradient",
        "Squared error by the logits",
        grad(o),
        ("chain rule", d(yhat, o).T @ grad(yhat)),
        ("Jacobian of softmax; ŷ − y", jacobian @ r),
        ("diag(u) v = u ⊙ v and (u ⊗ u) v = u (uᵀv)", yhat * r - yhat * (yhat @ r)),
        ("ŷ apart", yhat * (r - yhat @ r)),
        model=HEAD_SQUARED,
        source=f"{TEXT_002}, L_t as MSE through part B",
    ),
]

DERIVATIONS = [*PREDICTION, *CROSS_ENTROPY, *SQUARED_ERROR]

if __name__ == "__main__":
    main(DERIVATIONS)
