"""The gradient as a double sum over time: Jacobian products, forward recursions, truncation.

`d` runs through everything; `immediate` (∂⁺ in Pascanu et al.) holds every other step
fixed.  Each formula of this chapter stands or falls with that difference.
"""

from symbolic.derivations import main
from symbolic.models.rnn import RNN, L_t, U, V, W, b, h, x, y, yhat
from symbolic.notation import H, Step, k, t
from symbolic.records import derivation
from symbolic.terms import Term, Var, d, diag, eye, grad, immediate, outer, product_steps, sum_steps
from symbolic.verdicts import sums_to_one

CHAPTER = (4, "Backpropagation through time")

TEXT_000 = "course notes on backpropagation through time for RNN and LSTM (text 000)"
TEXT_002 = "lecture notes on backprop through time (text 002)"
PASCANU = "Pascanu, Mikolov & Bengio (2013), On the difficulty of training recurrent neural networks"
RTRL = "Williams & Zipser (1989), A learning algorithm for continually running fully recurrent neural networks"
WERBOS = "Werbos (1990), Backpropagation through time: what it does and how to do it"

j = Step("j")
slope = 1 - h[t] ** 2
step_jacobian = diag(1 - h[j] ** 2) @ W
delta = slope * d(L_t[t], h[t])
delta_before = (1 - h[t - 1] ** 2) * (W.T @ delta)


def through(state: Var, parameter: Var) -> Term:
    """What one step's loss owes to the use of a parameter that makes this state."""
    return d(L_t[t], state) @ immediate(state, parameter)


def carried(state: Var, parameter: Var) -> Term:
    """What one step's loss owes to all that this state carries over from the past."""
    return d(L_t[t], state) @ d(state, parameter)


DERIVATIONS = [
    derivation(
        "bptt.step-jacobian",
        "One hidden state by the one before",
        d(h[t], h[t - 1]),
        ("tanh' = 1 − tanh²", diag(slope) @ W),
        model=RNN,
        source=f"{PASCANU}; Goodfellow, Bengio & Courville (2016), Deep Learning, eqs. 10.20–10.21",
    ),
    derivation(
        "bptt.jacobian-product",
        "A hidden state by an earlier one is a product of Jacobians, the latest leftmost",
        d(h[t + 1], h[k]),
        ("chain rule along the sequence", product_steps(d(h[j], h[j - 1]), k + 1, t + 1)),
        ("tanh' = 1 − tanh²", product_steps(step_jacobian, k + 1, t + 1)),
        model=RNN,
        source=f"{PASCANU}; {TEXT_000}: ∂h_{{t+1}}/∂h_k",
    ),
    derivation(
        "bptt.sum-over-losses",
        "The gradient is the sum of the gradients of the steps' losses",
        grad(W),
        ("L = Σ_t L_t", sum_steps(d(L_t[t], W))),
        model=RNN,
        source=f"{PASCANU}; {TEXT_000}; {TEXT_002}",
    ),
    derivation(
        "bptt.state",
        "A hidden state by the recurrent weights: a sum over every earlier use",
        d(h[t], W),
        ("chain rule, every use of W", sum_steps(d(h[t], h[k]) @ immediate(h[k], W), last=t, index="k")),
        model=RNN,
        source=f"{PASCANU}; {TEXT_000}",
    ),
    derivation(
        "bptt.one-loss",
        "One step's loss by the recurrent weights: a sum over every earlier use",
        d(L_t[t], W),
        ("chain rule, every use of W", sum_steps(through(h[k], W), last=t, index="k")),
        ("through h_t", sum_steps(d(L_t[t], h[t]) @ d(h[t], h[k]) @ immediate(h[k], W), last=t, index="k")),
        model=RNN,
        source=f"{PASCANU}; {TEXT_000}",
    ),
    derivation(
        "bptt.double-sum",
        "The gradient by the recurrent weights as a double sum over losses and uses",
        grad(W),
        (
            "chain rule, every loss and every use of W",
            sum_steps(sum_steps(d(L_t[t], h[t]) @ d(h[t], h[k]) @ immediate(h[k], W), last=t, index="k")),
        ),
        (
            "∂h_t/∂h_k as a product",
            sum_steps(
                sum_steps(
                    d(L_t[t], h[t]) @ product_steps(step_jacobian, k + 1, t) @ immediate(h[k], W), last=t, index="k"
                )
            ),
        ),
        (
            "immediate derivatives",
            sum_steps(
                sum_steps(
                    outer((1 - h[k] ** 2) * (product_steps(step_jacobian, k + 1, t).T @ d(L_t[t], h[t])), h[k - 1]),
                    last=t,
                    index="k",
                )
            ),
        ),
        model=RNN,
        source=f"{WERBOS}; {PASCANU}; {TEXT_000}: ∂L/∂W_hh, with immediate derivatives of h_k",
    ),
    derivation(
        "bptt.double-sum-U",
        "The gradient by the input weights as a double sum over losses and uses",
        grad(U),
        (
            "chain rule, every loss and every use of U",
            sum_steps(sum_steps(d(L_t[t], h[t]) @ d(h[t], h[k]) @ immediate(h[k], U), last=t, index="k")),
        ),
        (
            "∂h_t/∂h_k as a product, immediate derivatives",
            sum_steps(
                sum_steps(
                    outer((1 - h[k] ** 2) * (product_steps(step_jacobian, k + 1, t).T @ d(L_t[t], h[t])), x[k]),
                    last=t,
                    index="k",
                )
            ),
        ),
        model=RNN,
        source=f"{TEXT_000}: ∂L/∂W_xh, with immediate derivatives of h_k",
    ),
    derivation(
        "bptt.immediate-W",
        "The immediate derivative by the recurrent weights, h_{t−1} held fixed",
        immediate(h[t], W),
        ("tanh' = 1 − tanh²", outer(diag(slope), h[t - 1])),
        model=RNN,
        source=f"{PASCANU}: ∂⁺x_k/∂θ",
    ),
    derivation(
        "bptt.immediate-U",
        "The immediate derivative by the input weights, h_{t−1} held fixed",
        immediate(h[t], U),
        ("tanh' = 1 − tanh²", outer(diag(slope), x[t])),
        model=RNN,
        source=f"{PASCANU}: ∂⁺x_k/∂θ",
    ),
    derivation(
        "bptt.forward-W",
        "Forward recursion for the recurrent weights",
        d(h[t], W),
        ("immediate and carried", immediate(h[t], W) + d(h[t], h[t - 1]) @ d(h[t - 1], W)),
        ("tanh' = 1 − tanh²", diag(slope) @ (outer(eye(H), h[t - 1]) + W @ d(h[t - 1], W))),
        model=RNN,
        source=f"{RTRL}; {TEXT_002}: ∂h_t/∂W",
    ),
    derivation(
        "bptt.forward-U",
        "Forward recursion for the input weights",
        d(h[t], U),
        ("immediate and carried", immediate(h[t], U) + d(h[t], h[t - 1]) @ d(h[t - 1], U)),
        ("tanh' = 1 − tanh²", diag(slope) @ (outer(eye(H), x[t]) + W @ d(h[t - 1], U))),
        model=RNN,
        source=f"{RTRL}; {TEXT_002}: ∂h_t/∂U",
    ),
    derivation(
        "bptt.forward-b",
        "Forward recursion for the hidden bias",
        d(h[t], b),
        ("immediate and carried", diag(slope) @ (eye(H) + W @ d(h[t - 1], b))),
        model=RNN,
        source=RTRL,
    ),
    derivation(
        "bptt.forward-gradient-W",
        "The gradient from the forward recursion",
        grad(W),
        ("chain rule through h_t", sum_steps(d(L_t[t], h[t]) @ d(h[t], W))),
        ("softmax with cross-entropy", sum_steps((yhat[t] - y[t]) @ V @ d(h[t], W))),
        model=RNN,
        hypotheses=(sums_to_one(y),),
        source=f"{RTRL}; {TEXT_002}: Σ_t (ŷ_t − y_t) V ∂h_t/∂W",
    ),
    derivation(
        "bptt.forward-gradient-U",
        "The gradient by the input weights from the forward recursion",
        grad(U),
        ("chain rule through h_t", sum_steps(d(L_t[t], h[t]) @ d(h[t], U))),
        ("softmax with cross-entropy", sum_steps((yhat[t] - y[t]) @ V @ d(h[t], U))),
        model=RNN,
        hypotheses=(sums_to_one(y),),
        source=f"{RTRL}; {TEXT_002}: Σ_t (ŷ_t − y_t) V ∂h_t/∂U",
    ),
    derivation(
        "bptt.truncated",
        "Truncation at 2 steps: the uses of W with t − k < 2 are two backward steps",
        sum_steps(through(h[k], W), first=t - 1, last=t, index="k"),
        ("two summands", through(h[t], W) + through(h[t - 1], W)),
        ("backwards by one step", outer(delta, h[t - 1]) + outer(delta_before, h[t - 2])),
        model=RNN,
        source=f"{WERBOS}; {PASCANU}",
    ),
    derivation(
        "bptt.truncation",
        "One step's gradient is the gradient truncated at 2 steps plus what h_{t−2} carries over from the past",
        d(L_t[t], W),
        ("chain rule, cut at h_{t−2}", through(h[t], W) + through(h[t - 1], W) + carried(h[t - 2], W)),
        model=RNN,
        source=f"{WERBOS}; {PASCANU}",
    ),
    derivation(
        "bptt.truncation-state",
        "A hidden state by the recurrent weights: the last two uses, and the rest carried by h_{t−2}",
        d(h[t], W),
        (
            "forward recursion, two steps",
            immediate(h[t], W) + d(h[t], h[t - 1]) @ immediate(h[t - 1], W) + d(h[t], h[t - 2]) @ d(h[t - 2], W),
        ),
        model=RNN,
        source=f"{RTRL}; {PASCANU}",
    ),
    derivation(
        "bptt.truncation-anywhere",
        "A hidden state by the recurrent weights: the uses after any step k, and the rest carried by h_k",
        d(h[t], W),
        (
            "chain rule, cut at h_k",
            sum_steps(d(h[t], h[j]) @ immediate(h[j], W), first=k + 1, last=t, index="j") + d(h[t], h[k]) @ d(h[k], W),
        ),
        model=RNN,
        source=f"{WERBOS}; {PASCANU}",
    ),
    derivation(
        "bptt.truncation-split",
        "The whole gradient is the gradient truncated at 2 steps plus what truncation leaves out",
        grad(W),
        (
            "chain rule, cut at h_{t−2}; h_0 does not depend on W",
            sum_steps(sum_steps(through(h[k], W), first=t - 1, last=t, index="k"))
            + sum_steps(carried(h[t - 2], W), first=2),
        ),
        model=RNN,
        source=f"{WERBOS}; {PASCANU}",
    ),
]

if __name__ == "__main__":
    main(DERIVATIONS)
