"""The gradients of the gated recurrent unit: gates, states, pre-activations, parameters."""

from symbolic.derivations import main
from symbolic.models.gru import (
    GRU,
    Uh,
    Ur,
    Uz,
    V,
    Wh,
    Wr,
    Wz,
    ah,
    ar,
    az,
    bh,
    br,
    bz,
    c,
    h,
    htilde,
    o,
    r,
    x,
    y,
    yhat,
    z,
)
from symbolic.notation import T, t
from symbolic.records import Derivation, derivation
from symbolic.terms import Term, Var, d, diag, grad, outer, sum_steps
from symbolic.verdicts import Hypothesis, sums_to_one

CHAPTER = (7, "GRU")

EQUATIONS = (
    "chain rule on the equations of Cho et al. (2014), Learning Phrase Representations using RNN Encoder–Decoder for "
    "Statistical Machine Translation, in the convention of Chung et al. (2014), Empirical Evaluation of Gated "
    "Recurrent Neural Networks on Sequence Modeling"
)


def claim(
    id: str, title: str, first: Term, *equalities: tuple[str, Term], hypotheses: tuple[Hypothesis, ...] = ()
) -> Derivation:
    return derivation(f"gru.{id}", title, first, *equalities, model=GRU, hypotheses=hypotheses, source=EQUATIONS)


def weights(parameter: Var, title: str, pre_activation: Var, slope: Term, made: Var, used: Term) -> Derivation:
    """Σ_t ∇_a ⊗ (what the weights multiply)."""
    return claim(
        parameter.name,
        title,
        grad(parameter),
        ("every step uses the weights", sum_steps(outer(grad(pre_activation[t]), used))),
        ("the gradient by the pre-activation", sum_steps(outer(slope * grad(made[t]), used))),
    )


def bias(parameter: Var, title: str, pre_activation: Var, slope: Term, made: Var) -> Derivation:
    """Σ_t ∇_a."""
    return claim(
        parameter.name,
        title,
        grad(parameter),
        ("every step uses the bias", sum_steps(grad(pre_activation[t]))),
        ("the gradient by the pre-activation", sum_steps(slope * grad(made[t]))),
    )


update_slope = z[t] * (1 - z[t])
reset_slope = r[t] * (1 - r[t])
candidate_slope = 1 - htilde[t] ** 2
error = yhat[t] - y[t]

DERIVATIONS = [
    claim(
        "o",
        "The gradient by the outputs",
        grad(o[t]),
        ("softmax with cross-entropy; Σ_k y_k = 1", error),
        hypotheses=(sums_to_one(y),),
    ),
    claim(
        "h-last",
        "The gradient by the last state",
        grad(h[T]),
        ("o = V h + c", V.T @ grad(o[T])),
        ("the gradient by o", V.T @ (yhat[T] - y[T])),
        hypotheses=(sums_to_one(y),),
    ),
    claim(
        "h",
        "The gradient by a state, which the output, the carry, both gates and the candidate use",
        grad(h[t]),
        (
            "chain rule, all five uses",
            V.T @ grad(o[t])
            + (1 - z[t + 1]) * grad(h[t + 1])
            + Uz.T @ grad(az[t + 1])
            + Ur.T @ grad(ar[t + 1])
            + r[t + 1] * (Uh.T @ grad(ah[t + 1])),
        ),
    ),
    claim(
        "z",
        "The gradient by the update gate",
        grad(z[t]),
        ("chain rule", d(h[t], z[t]).T @ grad(h[t])),
        ("h_t = (1 − z) ⊙ h_{t−1} + z ⊙ h̃", grad(h[t]) * (htilde[t] - h[t - 1])),
    ),
    claim(
        "htilde",
        "The gradient by the candidate",
        grad(htilde[t]),
        ("chain rule", d(h[t], htilde[t]).T @ grad(h[t])),
        ("h_t = (1 − z) ⊙ h_{t−1} + z ⊙ h̃", grad(h[t]) * z[t]),
    ),
    claim(
        "r",
        "The gradient by the reset gate, which acts before the matrix product",
        grad(r[t]),
        ("chain rule", (Uh @ diag(h[t - 1])).T @ grad(ah[t])),
        ("transpose of a product", h[t - 1] * (Uh.T @ grad(ah[t]))),
    ),
    claim(
        "az",
        "The gradient by the update gate's pre-activation",
        grad(az[t]),
        ("σ' = σ(1 − σ)", update_slope * grad(z[t])),
        ("the gradient by z", update_slope * (htilde[t] - h[t - 1]) * grad(h[t])),
    ),
    claim(
        "ar",
        "The gradient by the reset gate's pre-activation",
        grad(ar[t]),
        ("σ' = σ(1 − σ)", reset_slope * grad(r[t])),
        ("the gradient by r", reset_slope * h[t - 1] * (Uh.T @ grad(ah[t]))),
    ),
    claim(
        "ah",
        "The gradient by the candidate's pre-activation",
        grad(ah[t]),
        ("tanh' = 1 − tanh²", candidate_slope * grad(htilde[t])),
        ("the gradient by h̃", candidate_slope * z[t] * grad(h[t])),
    ),
    claim(
        "x",
        "The gradient by the inputs, which both gates and the candidate use",
        grad(x[t]),
        ("chain rule, all three uses", Wz.T @ grad(az[t]) + Wr.T @ grad(ar[t]) + Wh.T @ grad(ah[t])),
    ),
    weights(Wz, "The gradient by the update gate's input weights", az, update_slope, z, x[t]),
    weights(Uz, "The gradient by the update gate's recurrent weights", az, update_slope, z, h[t - 1]),
    bias(bz, "The gradient by the update gate's bias", az, update_slope, z),
    weights(Wr, "The gradient by the reset gate's input weights", ar, reset_slope, r, x[t]),
    weights(Ur, "The gradient by the reset gate's recurrent weights", ar, reset_slope, r, h[t - 1]),
    bias(br, "The gradient by the reset gate's bias", ar, reset_slope, r),
    weights(Wh, "The gradient by the candidate's input weights", ah, candidate_slope, htilde, x[t]),
    weights(Uh, "The gradient by the candidate's recurrent weights", ah, candidate_slope, htilde, r[t] * h[t - 1]),
    bias(bh, "The gradient by the candidate's bias", ah, candidate_slope, htilde),
    claim(
        "V",
        "The gradient by the output weights",
        grad(V),
        ("every step uses V", sum_steps(outer(grad(o[t]), h[t]))),
        ("the gradient by o", sum_steps(outer(error, h[t]))),
        hypotheses=(sums_to_one(y),),
    ),
    claim(
        "c",
        "The gradient by the output bias",
        grad(c),
        ("every step uses c", sum_steps(grad(o[t]))),
        ("the gradient by o", sum_steps(error)),
        hypotheses=(sums_to_one(y),),
    ),
]

if __name__ == "__main__":
    main(DERIVATIONS)
