"""The gradients of the tanh RNN, in the order of Goodfellow, Bengio & Courville (2016), section 10.2.2."""

from symbolic.derivations import main
from symbolic.models.rnn import RNN, RNN_SQUARED, L_t, U, V, W, a, b, c, h, o, x, y, yhat
from symbolic.notation import K, T, t
from symbolic.records import derivation
from symbolic.terms import d, diag, eye, grad, immediate, indicator, inner, outer, sum_steps
from symbolic.verdicts import one_hot, sums_to_one

CHAPTER = (3, "Recurrent neural network")

BOOK = "Goodfellow, Bengio & Courville (2016), Deep Learning, section 10.2.2"
TEXT_001 = "question on backpropagation through time with 4 inputs, 5 hidden units, 3 outputs (text 001)"
TEXT_002 = "lecture notes on backprop through time (text 002)"

slope = 1 - h[t] ** 2
next_slope = 1 - h[t + 1] ** 2
error = yhat[t] - y[t]

DERIVATIONS = [
    derivation(
        "rnn.o",
        "The gradient of the loss by the outputs, y_t a distribution",
        grad(o[t]),
        ("∂L/∂L_t = 1", d(L_t[t], o[t])),
        ("chain rule", d(yhat[t], o[t]).T @ d(L_t[t], yhat[t])),
        ("softmax Jacobian; Σ_k y_k = 1", error),
        model=RNN,
        hypotheses=(sums_to_one(y),),
        source=f"{BOOK}, eqs. 10.17–10.18",
    ),
    derivation(
        "rnn.o-indicator",
        "The gradient of the loss by the outputs, y_t one class",
        grad(o[t]),
        ("softmax Jacobian; y one-hot", yhat[t] - indicator(y[t])),
        model=RNN,
        hypotheses=(one_hot(y),),
        source=f"{BOOK}, eq. 10.18",
    ),
    derivation(
        "rnn.h-last",
        "The gradient by the last hidden state",
        grad(h[T]),
        ("chain rule; h_τ has one use", d(o[T], h[T]).T @ grad(o[T])),
        ("o = c + V h", V.T @ grad(o[T])),
        ("the gradient by o", V.T @ (yhat[T] - y[T])),
        model=RNN,
        hypotheses=(sums_to_one(y),),
        source=f"{BOOK}, eq. 10.19; {TEXT_001}",
    ),
    derivation(
        "rnn.h",
        "The gradient by a hidden state that is used twice: by the next step and by the output",
        grad(h[t]),
        ("chain rule, both uses", d(h[t + 1], h[t]).T @ grad(h[t + 1]) + d(o[t], h[t]).T @ grad(o[t])),
        ("tanh' = 1 − tanh²", (diag(next_slope) @ W).T @ grad(h[t + 1]) + V.T @ grad(o[t])),
        ("transpose of a product", W.T @ diag(next_slope) @ grad(h[t + 1]) + V.T @ grad(o[t])),
        model=RNN,
        source=f"{BOOK}, eqs. 10.20–10.21, correctly ordered",
    ),
    derivation(
        "rnn.h-from-a",
        "The same through the next pre-activation",
        grad(h[t]),
        ("chain rule, both uses", W.T @ grad(a[t + 1]) + V.T @ grad(o[t])),
        ("the gradient by a", W.T @ (next_slope * grad(h[t + 1])) + V.T @ grad(o[t])),
        model=RNN,
        source=f"{BOOK}, eqs. 10.20–10.21",
    ),
    derivation(
        "rnn.a",
        "The gradient by the pre-activations",
        grad(a[t]),
        ("chain rule", d(h[t], a[t]).T @ grad(h[t])),
        ("tanh' = 1 − tanh²", diag(slope) @ grad(h[t])),
        ("a diagonal matrix is a Hadamard product", slope * grad(h[t])),
        model=RNN,
        source=f"{BOOK}, factor of eqs. 10.23, 10.26 and 10.28",
    ),
    derivation(
        "rnn.c",
        "The gradient by the output bias",
        grad(c),
        ("chain rule, every use of c", sum_steps(immediate(o[t], c).T @ grad(o[t]))),
        ("∂o/∂c = I", sum_steps(grad(o[t]))),
        model=RNN,
        source=f"{BOOK}, eq. 10.22",
    ),
    derivation(
        "rnn.b",
        "The gradient by the hidden bias",
        grad(b),
        ("chain rule, every use of b", sum_steps(immediate(h[t], b).T @ grad(h[t]))),
        ("tanh' = 1 − tanh²", sum_steps(diag(slope) @ grad(h[t]))),
        model=RNN,
        source=f"{BOOK}, eq. 10.23",
    ),
    derivation(
        "rnn.V",
        "The gradient by the hidden-to-output weights",
        grad(V),
        ("chain rule, every use of V", sum_steps(grad(o[t]) @ immediate(o[t], V))),
        ("∂o_i/∂V_jk = δ_ij h_k", sum_steps(outer(grad(o[t]), h[t]))),
        model=RNN,
        source=f"{BOOK}, eq. 10.24",
    ),
    derivation(
        "rnn.V-explicit",
        "The gradient by the hidden-to-output weights, written out",
        grad(V),
        ("chain rule", sum_steps(outer(grad(o[t]), h[t]))),
        ("the gradient by o", sum_steps(outer(error, h[t]))),
        model=RNN,
        hypotheses=(sums_to_one(y),),
        source=f"{TEXT_002}: ∂L/∂V = Σ_t (ŷ_t − y_t) ⊗ h_t",
    ),
    derivation(
        "rnn.W",
        "The gradient by the hidden-to-hidden weights",
        grad(W),
        ("chain rule, every use of W", sum_steps(grad(h[t]) @ immediate(h[t], W))),
        ("immediate derivative of tanh(b + W h + U x)", sum_steps(outer(diag(slope) @ grad(h[t]), h[t - 1]))),
        model=RNN,
        source=f"{BOOK}, eqs. 10.25–10.26",
    ),
    derivation(
        "rnn.U",
        "The gradient by the input-to-hidden weights",
        grad(U),
        ("chain rule, every use of U", sum_steps(grad(h[t]) @ immediate(h[t], U))),
        ("immediate derivative of tanh(b + W h + U x)", sum_steps(outer(diag(slope) @ grad(h[t]), x[t]))),
        model=RNN,
        source=f"{BOOK}, eqs. 10.27–10.28",
    ),
    derivation(
        "rnn.x",
        "The gradient by the inputs",
        grad(x[t]),
        ("chain rule", d(a[t], x[t]).T @ grad(a[t])),
        ("a = b + W h + U x; the gradient by a", U.T @ (slope * grad(h[t]))),
        model=RNN,
        source=f"{BOOK}, by the same step as eq. 10.21; what a layer below would receive",
    ),
    derivation(
        "rnn.logits-by-V",
        "The logits by the hidden-to-output weights",
        d(o[t], V),
        ("∂o_i/∂V_jk = δ_ij h_k", outer(eye(K), h[t])),
        model=RNN,
        source=f"{BOOK}, factor of eq. 10.24; {TEXT_002}, C",
    ),
    derivation(
        "rnn.step-loss-by-h",
        "One step's loss by its hidden state, as a row",
        d(L_t[t], h[t]),
        ("chain rule", d(L_t[t], o[t]) @ d(o[t], h[t])),
        ("o = c + V h; softmax with cross-entropy", error @ V),
        model=RNN,
        hypotheses=(sums_to_one(y),),
        source=f"{TEXT_002}, A × B: (ŷ_t − y_t) V",
    ),
    derivation(
        "rnn.initial-state",
        "The gradient by the initial state, which no output uses",
        grad(h[0]),
        ("chain rule", W.T @ grad(a[1])),
        ("tanh' = 1 − tanh²", W.T @ ((1 - h[1] ** 2) * grad(h[1]))),
        model=RNN,
        source=f"{BOOK}, eq. 10.21 without its output term",
    ),
    derivation(
        "rnn.squared.o",
        "Squared error: the gradient by the outputs",
        grad(o[t]),
        ("chain rule", d(yhat[t], o[t]).T @ grad(yhat[t])),
        ("softmax Jacobian", (diag(yhat[t]) - outer(yhat[t], yhat[t])) @ error),
        ("ŷ as a common factor", yhat[t] * (error - inner(yhat[t], error))),
        model=RNN_SQUARED,
        source=f"{BOOK}, with ½‖y − ŷ‖² in place of the negative log-likelihood",
    ),
    derivation(
        "rnn.squared.V",
        "Squared error: the gradient by the hidden-to-output weights",
        grad(V),
        ("chain rule", sum_steps(outer(grad(o[t]), h[t]))),
        ("the gradient by o", sum_steps(outer(yhat[t] * (error - inner(yhat[t], error)), h[t]))),
        model=RNN_SQUARED,
        source=f"{BOOK}, eq. 10.24, with ½‖y − ŷ‖²",
    ),
    derivation(
        "rnn.squared.h",
        "Squared error: the gradient by a hidden state has the same two paths",
        grad(h[t]),
        ("chain rule, both uses", W.T @ diag(next_slope) @ grad(h[t + 1]) + V.T @ grad(o[t])),
        model=RNN_SQUARED,
        source=f"{BOOK}, eqs. 10.20–10.21, with ½‖y − ŷ‖²",
    ),
    derivation(
        "rnn.squared.W",
        "Squared error: the gradient by the hidden-to-hidden weights is the same sum",
        grad(W),
        ("chain rule, every use of W", sum_steps(outer(slope * grad(h[t]), h[t - 1]))),
        model=RNN_SQUARED,
        source=f"{BOOK}, eq. 10.26, with ½‖y − ŷ‖²",
    ),
]

if __name__ == "__main__":
    main(DERIVATIONS)
