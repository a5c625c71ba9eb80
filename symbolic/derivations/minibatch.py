"""The gradients of the RNN on a mini-batch of rows: G Wᵀ where columns have Wᵀ g, Xᵀ G where they have g xᵀ."""

from symbolic.derivations import main
from symbolic.models.minibatch import MINIBATCH, A, H, U, V, W, X, b, c, o, y, yhat
from symbolic.notation import D, N, T, t
from symbolic.notation import H as HIDDEN
from symbolic.records import derivation
from symbolic.terms import array, grad, inner, one_over, ones, sum_steps, total
from symbolic.verdicts import sums_to_one

CHAPTER = (5, "Mini-batch RNN")

QUESTION = "forum question on the derivative of the loss of a recurrent network by U (text 003)"
ANSWER = "answer by differentials and the Frobenius product (text 003)"
BOOK = "Goodfellow, Bengio & Courville (2016), Deep Learning, section 10.2.2"

G, rows, change = array("G", N, HIDDEN), array("X", N, D), array("dU", D, HIDDEN)
slope = 1 - H[t] ** 2
mean = one_over(None) * one_over(N)

DERIVATIONS = [
    derivation(
        "minibatch.frobenius",
        "A factor moves to the other side of the Frobenius product as its transpose",
        inner(G, rows @ change),
        ("Tr(AᵀBC) = Tr((BᵀA)ᵀC)", inner(rows.T @ G, change)),
        source=f"{ANSWER}: ∂L/∂a : x dU = xᵀ ∂L/∂a : dU",
    ),
    derivation(
        "minibatch.o",
        "The gradient by the outputs, averaged over steps and examples",
        grad(o[t]),
        ("softmax with cross-entropy, row by row; Σ_k y_nk = 1", mean * (yhat[t] - y[t])),
        model=MINIBATCH,
        hypotheses=(sums_to_one(y),),
        source=f"{BOOK}, eq. 10.18, for the loss of the {QUESTION}",
    ),
    derivation(
        "minibatch.H-last",
        "The gradient by the last hidden states",
        grad(H[T]),
        ("o = H V + c", grad(o[T]) @ V.T),
        ("the gradient by o", mean * (yhat[T] - y[T]) @ V.T),
        model=MINIBATCH,
        hypotheses=(sums_to_one(y),),
        source=f"{BOOK}, eq. 10.19, for rows",
    ),
    derivation(
        "minibatch.H",
        "The gradient by the hidden states: through the output and through the next step",
        grad(H[t]),
        ("chain rule, both uses", grad(o[t]) @ V.T + grad(A[t + 1]) @ W.T),
        ("the gradient by A", grad(o[t]) @ V.T + ((1 - H[t + 1] ** 2) * grad(H[t + 1])) @ W.T),
        model=MINIBATCH,
        source=f"{BOOK}, eqs. 10.20–10.21, for rows",
    ),
    derivation(
        "minibatch.A",
        "The gradient by the pre-activations",
        grad(A[t]),
        ("tanh' = 1 − tanh²", slope * grad(H[t])),
        model=MINIBATCH,
        source=f"{QUESTION}: ∂L/∂A",
    ),
    derivation(
        "minibatch.X",
        "The gradient by the inputs",
        grad(X[t]),
        ("A = X U + H W + b", grad(A[t]) @ U.T),
        ("the gradient by A", (slope * grad(H[t])) @ U.T),
        model=MINIBATCH,
        source=f"{BOOK}, by the same step as eq. 10.21, for rows",
    ),
    derivation(
        "minibatch.U",
        "The gradient by the input weights",
        grad(U),
        ("⟨G, X dU⟩ = ⟨Xᵀ G, dU⟩ at every step", sum_steps(X[t].T @ grad(A[t]))),
        ("the gradient by A", sum_steps(X[t].T @ (slope * grad(H[t])))),
        model=MINIBATCH,
        source=f"{QUESTION}: ∂L/∂U = Xᵀ ∂L/∂A, summed over the steps; {ANSWER}",
    ),
    derivation(
        "minibatch.W",
        "The gradient by the recurrent weights",
        grad(W),
        ("⟨G, H dW⟩ = ⟨Hᵀ G, dW⟩ at every step", sum_steps(H[t - 1].T @ grad(A[t]))),
        ("the gradient by A", sum_steps(H[t - 1].T @ (slope * grad(H[t])))),
        model=MINIBATCH,
        source=f"{BOOK}, eq. 10.26, for rows; asked for in the {QUESTION}",
    ),
    derivation(
        "minibatch.V",
        "The gradient by the output weights",
        grad(V),
        ("⟨G, H dV⟩ = ⟨Hᵀ G, dV⟩ at every step", sum_steps(H[t].T @ grad(o[t]))),
        ("the gradient by o", sum_steps(H[t].T @ (mean * (yhat[t] - y[t])))),
        model=MINIBATCH,
        hypotheses=(sums_to_one(y),),
        source=f"{BOOK}, eq. 10.24, for rows; asked for in the {QUESTION}",
    ),
    derivation(
        "minibatch.b",
        "The gradient by the hidden bias, which every row uses",
        grad(b),
        ("⟨G, 1 dbᵀ⟩ = ⟨Gᵀ 1, db⟩ at every step", sum_steps(grad(A[t]).T @ ones(N))),
        ("a sum over the examples", sum_steps(total(grad(A[t]), N))),
        ("the gradient by A", sum_steps(total(slope * grad(H[t]), N))),
        model=MINIBATCH,
        source=f"{BOOK}, eq. 10.23, for rows; asked for in the {QUESTION}",
    ),
    derivation(
        "minibatch.c",
        "The gradient by the output bias, which every row uses",
        grad(c),
        ("⟨G, 1 dcᵀ⟩ = ⟨Gᵀ 1, dc⟩ at every step", sum_steps(grad(o[t]).T @ ones(N))),
        ("a sum over the examples", sum_steps(total(grad(o[t]), N))),
        ("the gradient by o", sum_steps(mean * total(yhat[t] - y[t], N))),
        model=MINIBATCH,
        hypotheses=(sums_to_one(y),),
        source=f"{BOOK}, eq. 10.22, for rows; asked for in the {QUESTION}",
    ),
]

if __name__ == "__main__":
    main(DERIVATIONS)
