"""Formulas as they are printed wrongly, each with its verdict and the formula that is right.

A record is (the derivative that is meant, the formula that is printed).  Where a print can
be read in several ways, it is read in the kindest one that is still wrong; the title says
what is wrong with it.  Repairs that no other chapter states stand here too, as `…-repaired`.
"""

from collections.abc import Mapping

from symbolic.derivations import main
from symbolic.model import Model
from symbolic.models import head, lstm, minibatch, rnn
from symbolic.models.head import HEAD
from symbolic.models.lstm import LSTM, LSTM_SQUARED
from symbolic.models.minibatch import MINIBATCH
from symbolic.models.rnn import RNN
from symbolic.notation import Axis, H, Index, K, N, T, k, t
from symbolic.records import Derivation, derivation
from symbolic.terms import (
    Term,
    Var,
    array,
    d,
    diag,
    exp,
    eye,
    grad,
    immediate,
    log,
    ones,
    outer,
    softmax,
    sum_over,
    sum_steps,
    tanh,
    total,
)

CHAPTER = (8, "Errata")

TEXT_000 = "course notes on backpropagation through time for RNN and LSTM (text 000)"
TEXT_001 = "forum question on backpropagation through time with 4 inputs, 5 hidden units, 3 outputs (text 001)"
ANSWER_001 = "the answer to that question (text 001)"
TEXT_002 = "lecture notes on backprop through time (text 002)"
TEXT_003 = "forum question on the derivative of the loss of a recurrent network by U (text 003)"
ANSWER_004 = "answer to a forum question on eq. 10.18 of Goodfellow et al. (text 004)"
BOOK = "Goodfellow, Bengio & Courville (2016), Deep Learning"

i, j, n = Index("i", K), Index("j", K), Index("n", N)
unit = Index("i", H)


def refuted(
    id: str,
    title: str,
    meant: Term,
    printed: Term,
    repair: str,
    source: str,
    model: Model,
    sizes: Mapping[Axis, int] | None = None,
) -> Derivation:
    """A formula that has a meaning, and it is the wrong one."""
    return derivation(
        f"errata.{id}",
        title,
        meant,
        ("as printed", printed),
        model=model,
        source=source,
        sizes=sizes,
        expected="refuted",
        repair=repair,
    )


def ill_typed(id: str, title: str, meant: Term, printed: Term, repair: str, source: str, model: Model) -> Derivation:
    """A formula that has no meaning: shapes do not conform."""
    return derivation(
        f"errata.{id}",
        title,
        meant,
        ("as printed", printed),
        model=model,
        source=source,
        expected="ill_typed",
        repair=repair,
    )


def repaired(id: str, title: str, first: Term, *equalities: tuple[str, Term], model: Model) -> Derivation:
    """The right formula beside a printed one, where no other chapter states it."""
    return derivation(
        f"errata.{id}-repaired", title, first, *equalities, model=model, source=f"the repair of errata.{id}"
    )


def lstm_errata() -> list[Derivation]:
    """Text 000, Derivatives and Error propagation."""
    f, g, o, c, h, L_t = lstm.f[t], lstm.g[t], lstm.o[t], lstm.c, lstm.h, lstm.L_t
    error_o, error_i = o * (1 - o) * grad(o), lstm.i[t] * (1 - lstm.i[t]) * grad(lstm.i[t])
    error_f, error_g = f * (1 - f) * grad(f), (1 - g**2) * grad(g)
    to_output = lstm.Whz.T @ grad(lstm.alpha[t - 1])
    h_by_c = lstm.o[T - 1] * (1 - tanh(c[T - 1]) ** 2)
    return [
        refuted(
            "lstm-h-without-transposes",
            "dh_{t−1} without the transposes of the four recurrent weights",
            grad(h[t - 1]) - to_output,
            lstm.Who @ error_o + lstm.Whi @ error_i + lstm.Whf @ error_f + lstm.Whc @ error_g,
            "lstm.dh",
            f"{TEXT_000}: o(1 − o) W_ho do + i(1 − i) W_hi di + f(1 − f) W_hf df + (1 − g²) W_hc dg",
            LSTM,
        ),
        refuted(
            "lstm-h-slope-after-weights",
            "dh_{t−1} with the slopes of the gates applied after the weights, as the factors stand",
            grad(h[t - 1]) - to_output,
            o * (1 - o) * (lstm.Who.T @ grad(o))
            + lstm.i[t] * (1 - lstm.i[t]) * (lstm.Whi.T @ grad(lstm.i[t]))
            + f * (1 - f) * (lstm.Whf.T @ grad(f))
            + (1 - g**2) * (lstm.Whc.T @ grad(g)),
            "lstm.dh",
            f"{TEXT_000}: o(1 − o) W_ho do + …, the transposes put in and the order left",
            LSTM,
        ),
        ill_typed(
            "lstm-h-output-without-transpose",
            "The output's part of dh_{t−1} without its transpose: W_hz is K×H",
            grad(h[t - 1]) - lstm.Who.T @ error_o - lstm.Whi.T @ error_i - lstm.Whf.T @ error_f - lstm.Whc.T @ error_g,
            lstm.Whz @ grad(lstm.alpha[t - 1]),
            "lstm.dh",
            f"{TEXT_000}: dh_{{t−1}} = dh_{{t−1}} + W_hz dz_{{t−1}}",
            LSTM,
        ),
        ill_typed(
            "lstm-Wxo-without-outer-product",
            "dW_xo as a product of vectors of different axes",
            grad(lstm.Wxo),
            sum_steps(o * (1 - o) * lstm.x[t] * grad(o)),
            "lstm.dWxo",
            f"{TEXT_000}: dW_xo = Σ o(1 − o) x do; likewise dW_xi, dW_xf, dW_xc",
            LSTM,
        ),
        ill_typed(
            "lstm-Who-without-outer-product",
            "dW_ho as a product of vectors, which is no matrix",
            grad(lstm.Who),
            sum_steps(o * (1 - o) * h[t - 1] * grad(o)),
            "lstm.dWho",
            f"{TEXT_000}: dW_ho = Σ o(1 − o) h_{{t−1}} do; likewise dW_hi, dW_hf, dW_hc",
            LSTM,
        ),
        refuted(
            "lstm-cell-path-alone",
            "The last step's loss by the cell state before: the way through h_{T−1} and the gates is missing",
            d(L_t[T], c[T - 1]),
            lstm.f[T] * d(L_t[T], c[T]),
            "errata.lstm-cell-path-alone-repaired",
            f"{TEXT_000}: ∂L(T)/∂c_{{T−1}} = ∂L(T)/∂h_T ∂h_T/∂c_T ∂c_T/∂c_{{T−1}}, with ∂c_T/∂c_{{T−1}} = f_T",
            LSTM_SQUARED,
        ),
        repaired(
            "lstm-cell-path-alone",
            "The last step's loss by the cell state before, along the cell and through h_{T−1} and the gates",
            d(L_t[T], c[T - 1]),
            (
                "chain rule, both uses of c_{T−1}",
                d(L_t[T], c[T]) @ immediate(c[T], c[T - 1]) + d(L_t[T], h[T - 1]) @ immediate(h[T - 1], c[T - 1]),
            ),
            ("c = f ⊙ c + i ⊙ g; h = o ⊙ tanh(c)", lstm.f[T] * d(L_t[T], c[T]) + h_by_c * d(L_t[T], h[T - 1])),
            model=LSTM_SQUARED,
        ),
        refuted(
            "lstm-cell-without-later-loss",
            "dc_{T−1} from the loss of step T−1 and the carry: what L(T) sends through h_{T−1} is missing",
            grad(c[T - 1]),
            h_by_c * d(L_t[T - 1], h[T - 1]) + lstm.f[T] * grad(c[T]),
            "lstm-squared.dc",
            f"{TEXT_000}: dc_{{T−1}} = ∂L(T−1)/∂h_{{T−1}} ∂h_{{T−1}}/∂c_{{T−1}} + f_T ∘ dc_T",
            LSTM_SQUARED,
        ),
        ill_typed(
            "lstm-logit-from-a-column",
            "The logits with a column of W_hz where a row is meant",
            d(lstm.alpha[t].at(j), h[t].at(unit)),
            lstm.Whz.at(unit, j),
            "errata.lstm-logit-from-a-column-repaired",
            f"{TEXT_000}: α_j = W_hz(:, j) h_t",
            LSTM,
        ),
        repaired(
            "lstm-logit-from-a-column",
            "A logit by a hidden unit",
            d(lstm.alpha[t].at(j), h[t].at(unit)),
            ("α_j = Σ_i (W_hz)_ji h_i + (b_z)_j", lstm.Whz.at(j, unit)),
            model=LSTM,
        ),
    ]


def bptt_errata() -> list[Derivation]:
    """Total for immediate derivatives, and what a square weight hides."""
    h, L_t, U, V, W, x = rnn.h, rnn.L_t, rnn.U, rnn.V, rnn.W, rnn.x
    slope = 1 - h[t] ** 2
    next_slope = 1 - h[t + 1] ** 2
    to_output = V.T @ grad(rnn.o[t])

    def through(state: Var, parameter: Var) -> Term:
        return d(L_t[t], state) @ d(state, parameter)

    def at_once(parameter: Var) -> Term:
        return d(L_t[t], h[t]) @ immediate(h[t], parameter)

    row = Axis("1", 1)

    def column(vector: Term) -> Term:
        return outer(vector, ones(row))

    return [
        refuted(
            "goodfellow-10.21",
            "The slope of the next step on the wrong side of Wᵀ; a vector read as a row or a column, as fits",
            grad(h[t]),
            W.T @ grad(h[t + 1]) @ diag(next_slope) + to_output,
            "rnn.h",
            f"{BOOK}, eq. 10.21: Wᵀ (∇_h(t+1) L) diag(1 − (h(t+1))²) + Vᵀ (∇_o(t) L)",
            RNN,
        ),
        ill_typed(
            "goodfellow-10.21-columns",
            "The same with every gradient a column, as the book has them: (H×1)(H×H) does not conform",
            column(grad(h[t])),
            W.T @ column(grad(h[t + 1])) @ diag(next_slope) + V.T @ column(grad(rnn.o[t])),
            "rnn.h",
            f"{BOOK}, eq. 10.21: Wᵀ (∇_h(t+1) L) diag(1 − (h(t+1))²) + Vᵀ (∇_o(t) L)",
            RNN,
        ),
        refuted(
            "bptt-earlier-use-alone",
            "One loss by W_hh through h_{t−1} alone: the use of W_hh at step t is missing",
            d(L_t[t], W),
            d(L_t[t], h[t]) @ d(h[t], h[t - 1]) @ d(h[t - 1], W),
            "errata.bptt-earlier-use-alone-repaired",
            f"{TEXT_000}: ∂L(t+1)/∂W_hh = ∂L(t+1)/∂z_{{t+1}} ∂z_{{t+1}}/∂h_{{t+1}} ∂h_{{t+1}}/∂h_t ∂h_t/∂W_hh",
            RNN,
        ),
        repaired(
            "bptt-earlier-use-alone",
            "One loss by the recurrent weights: their use at step t, and all before through h_{t−1}",
            d(L_t[t], W),
            ("immediate and carried", at_once(W) + through(h[t - 1], W)),
            model=RNN,
        ),
        refuted(
            "bptt-total-counted-twice",
            "One loss by W_xh with total derivatives: what goes through h_{t−1} is counted twice",
            d(L_t[t], U),
            through(h[t], U) + through(h[t - 1], U),
            "errata.bptt-total-counted-twice-repaired",
            f"{TEXT_000}: ∂L(t+1)/∂W_xh = ∂L(t+1)/∂h_{{t+1}} ∂h_{{t+1}}/∂W_xh + ∂L(t+1)/∂h_t ∂h_t/∂W_xh",
            RNN,
        ),
        repaired(
            "bptt-total-counted-twice",
            "One loss by the input weights: their use at step t, and all before through h_{t−1}",
            d(L_t[t], U),
            ("immediate and carried", at_once(U) + through(h[t - 1], U)),
            model=RNN,
        ),
        refuted(
            "bptt-total-in-the-sum",
            "The sum over earlier uses with total derivatives ∂h_k/∂W_hh, where each is to be immediate",
            d(L_t[t], W),
            sum_steps(d(L_t[t], h[t]) @ d(h[t], h[k]) @ d(h[k], W), last=t, index="k"),
            "bptt.one-loss",
            f"{TEXT_000}: Σ_k ∂L(t+1)/∂z_{{t+1}} ∂z_{{t+1}}/∂h_{{t+1}} ∂h_{{t+1}}/∂h_k ∂h_k/∂W_hh",
            RNN,
        ),
        ill_typed(
            "forward-W-without-outer-product",
            "The forward recursion by W adds a vector to an array of three axes",
            d(h[t], W),
            diag(slope) @ (h[t - 1] + W @ d(h[t - 1], W)),
            "bptt.forward-W",
            f"{TEXT_002}: ∂h_t/∂W = (1 − tanh²)(h_{{t−1}} + W ∂h_{{t−1}}/∂W)",
            RNN,
        ),
        ill_typed(
            "forward-U-without-outer-product",
            "The forward recursion by U adds a vector to an array of three axes",
            d(h[t], U),
            diag(slope) @ (x[t] + W @ d(h[t - 1], U)),
            "bptt.forward-U",
            f"{TEXT_002}: ∂h_t/∂U = (1 − tanh²)(x_t + W ∂h_{{t−1}}/∂U)",
            RNN,
        ),
        ill_typed(
            "softmax-slope-times-V",
            "The prediction by its logits with a factor V: that is the derivative by h_t",
            d(rnn.yhat[t], rnn.o[t]),
            (diag(rnn.yhat[t]) - outer(rnn.yhat[t], rnn.yhat[t])) @ V,
            "softmax.jacobian-matrix",
            f"{TEXT_002}, B: ∂ŷ_t/∂Z_t = g′ · V",
            RNN,
        ),
        ill_typed(
            "logits-by-V",
            "The logits by V as a vector, where they have three axes",
            d(rnn.o[t], V),
            h[t],
            "rnn.logits-by-V",
            f"{TEXT_002}, C: ∂Z_t/∂V = h_t",
            RNN,
        ),
        ill_typed(
            "prediction-by-hidden",
            "The derivative of the loss named the derivative of the prediction",
            d(rnn.yhat[t], h[t]),
            (rnn.yhat[t] - rnn.y[t]) @ V,
            "rnn.step-loss-by-h",
            f"{TEXT_002}, A × B: ∂ŷ_t/∂h_t = (ŷ_t − y_t) V",
            RNN,
        ),
        refuted(
            "minibatch-U-without-sum",
            "The gradient by U from one step, where every step uses U",
            grad(minibatch.U),
            minibatch.X[t].T @ grad(minibatch.A[t]),
            "minibatch.U",
            f"{TEXT_003}: ∂L/∂U = Xᵀ ∂L/∂A",
            MINIBATCH,
        ),
    ]


def softmax_errata() -> list[Derivation]:
    """Softmax, cross-entropy and the hidden layer before them."""
    h, y, V, c, o, yhat = head.h, head.y, head.V, head.c, head.o, head.yhat
    log_likelihood = d(y.at(1) * log(yhat.at(1)), o.at(1))
    e1 = exp(o.at(1))
    v1h = sum_over(unit, V.at(1, unit) * h.at(unit))
    S = total(exp(o))
    distribution = softmax(array("s", K))
    cells, O = minibatch.yhat[t].at(n, j), minibatch.o[t]
    return [
        refuted(
            "product-of-two-derivatives",
            "The derivative of the logarithm by α_j multiplied by that of its argument by α_j",
            log_likelihood,
            y.at(1) * d(log(yhat.at(1)), o.at(1)) * d(yhat.at(1), o.at(1)),
            "errata.product-of-two-derivatives-repaired",
            f"{TEXT_000}, Derivative of softmax: y_j (∂ log p_j/∂α_j)(∂p_j/∂α_j)",
            HEAD,
        ),
        repaired(
            "product-of-two-derivatives",
            "One summand of the log-likelihood by its own logit",
            log_likelihood,
            ("chain rule, log' by its argument", y.at(1) / yhat.at(1) * d(yhat.at(1), o.at(1))),
            ("softmax Jacobian", y.at(1) * (1 - yhat.at(1))),
            model=HEAD,
        ),
        refuted(
            "log-likelihood-without-targets",
            "The sum of the logarithms' derivatives, from which the factors y_k were dropped",
            -grad(o.at(1)),
            sum_over(i, d(log(yhat), o).at(i, 1)),
            "softmax.gradient",
            f"{TEXT_000}, Derivative of softmax: ∂ log p_j/∂α_j + Σ_{{k≠j}} ∂ log p_k/∂α_j",
            HEAD,
        ),
        ill_typed(
            "prediction-by-logits",
            "The derivative of the log-likelihood named the derivative of the prediction, which is a matrix",
            d(yhat, o),
            y - yhat,
            "softmax.gradient",
            f"{TEXT_000}, Derivative of softmax: ∂p(ŷ)/∂α_j = y_j − p(ŷ_j)",
            HEAD,
        ),
        refuted(
            "wrong-weights-in-the-quotient",
            "v_{1i} in the exponents of the second and third output, where v_{2i} and v_{3i} are meant",
            d(yhat.at(1), h.at(1)),
            (
                V.at(1, 1) * e1 * S
                - (V.at(1, 1) * e1 + V.at(2, 1) * exp(c.at(2) + v1h) + V.at(3, 1) * exp(c.at(3) + v1h)) * e1
            )
            / S**2,
            "softmax.prediction-by-hidden-1",
            f"{TEXT_001}: … + v_21 exp(c_2 + Σ v_1i h_i) + v_31 exp(c_3 + Σ v_1i h_i)",
            HEAD,
            sizes={K: 3},
        ),
        ill_typed(
            "diagonal-before-V",
            "−diag(ŷ) Vᵀ (…): a K×K matrix before an H×K matrix",
            d(yhat, h).T,
            -diag(yhat) @ V.T @ (outer(yhat, ones(K)) - eye(K)),
            "errata.diagonal-before-V-repaired",
            f"{TEXT_001}: −diag(ŷ_1, ŷ_2, ŷ_3) Vᵀ (ŷ 1ᵀ − I)",
            HEAD,
        ),
        repaired(
            "diagonal-before-V",
            "The prediction by the hidden layer, transposed: the diagonal matrix stands last",
            d(yhat, h).T,
            ("chain rule", V.T @ d(yhat, o).T),
            ("softmax Jacobian", -V.T @ (outer(yhat, ones(K)) - eye(K)) @ diag(yhat)),
            model=HEAD,
        ),
        refuted(
            "extra-minus",
            "A minus before the chain rule: the one of ∇_ŷ L = −y/ŷ taken out and left in",
            grad(h.at(1)),
            -sum_over(i, grad(yhat.at(i)) * d(yhat, h).at(i, 1)),
            "softmax.hidden",
            f"{ANSWER_001}: ∇_h L = −Σ_i (∂L/∂ŷ_i) ∇_h ŷ_i",
            HEAD,
        ),
        refuted(
            "gradient-by-prediction",
            "ŷ − y as the gradient by the prediction: it is the gradient by the logits",
            grad(yhat),
            yhat - y,
            "softmax.by-prediction",
            f"{ANSWER_004}: “the gradient of the loss wrt the input ŷ to the loss”",
            HEAD,
        ),
        refuted(
            "softmax-without-exp",
            "Softmax as o_i / Σ_k o_k",
            yhat.at(i),
            o.at(i) / sum_over(j, o.at(j)),
            "errata.softmax-without-exp-repaired",
            f"{ANSWER_004}: ŷ_i = o_i / Σ_i' o_i'",
            HEAD,
        ),
        repaired(
            "softmax-without-exp",
            "Softmax, entry by entry",
            yhat.at(i),
            ("definition", exp(o.at(i)) / sum_over(j, exp(o.at(j)))),
            model=HEAD,
        ),
        refuted(
            "minibatch-softmax-without-exp",
            "Softmax of each row as o_j / Σ_k o_k",
            cells,
            O.at(n, j) / sum_over(i, O.at(n, i)),
            "errata.minibatch-softmax-without-exp-repaired",
            f"{TEXT_003}: softmax(o) = o_j / Σ_k o_k",
            MINIBATCH,
        ),
        repaired(
            "minibatch-softmax-without-exp",
            "Softmax of each row, entry by entry",
            cells,
            ("definition", exp(O.at(n, j)) / sum_over(i, exp(O.at(n, i)))),
            model=MINIBATCH,
        ),
        refuted(
            "targets-and-prediction-swapped",
            "−Σ_k ŷ_k log y_k for −Σ_k y_k log ŷ_k, by the gradients; y = softmax(s), where log y_k exists",
            d(-total(distribution * log(yhat)), o),
            d(-total(yhat * log(distribution)), o),
            "errata.targets-and-prediction-swapped-repaired",
            f"{TEXT_003}: L = −1/T Σ_t Σ_j ŷ_tj log y_tj",
            HEAD,
        ),
        repaired(
            "targets-and-prediction-swapped",
            "The gradient of the cross-entropy for any distribution y = softmax(s)",
            d(-total(distribution * log(yhat)), o),
            ("softmax with cross-entropy", yhat - distribution),
            model=HEAD,
        ),
    ]


DERIVATIONS = [*softmax_errata(), *bptt_errata(), *lstm_errata()]

if __name__ == "__main__":
    main(DERIVATIONS)
