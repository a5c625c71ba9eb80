"""σ, tanh and what they have to do with each other."""

from symbolic.derivations import main
from symbolic.records import derivation
from symbolic.terms import d, exp, scalar, sigmoid, tanh

CHAPTER = (1, "Activations")

x = scalar("x")
s = sigmoid(x)

DERIVATIONS = [
    derivation(
        "activations.sigmoid",
        "The derivative of the logistic function",
        d(s, x),
        ("definition", d(1 / (1 + exp(-x)), x)),
        ("chain rule", -((1 + exp(-x)) ** -2) * -exp(-x)),
        ("definition of σ", s * (1 - s)),
        source="Derivative of Sigmoid; Chen (2016), appendix",
    ),
]

if __name__ == "__main__":
    main(DERIVATIONS)
