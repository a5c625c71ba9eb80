"""σ, tanh and what they have to do with each other."""

from symbolic.derivations import main
from symbolic.notation import H
from symbolic.records import derivation
from symbolic.terms import array, d, diag, exp, scalar, sigmoid, tanh

CHAPTER = (1, "Activations")
TEXT_000 = "course notes on backpropagation through time for RNN and LSTM (text 000)"
BOOK = "Goodfellow, Bengio & Courville (2016), Deep Learning"

x, a = scalar("x"), array("a", H)
s = sigmoid(x)
sinh, cosh = (exp(x) - exp(-x)) / 2, (exp(x) + exp(-x)) / 2

DERIVATIONS = [
    derivation(
        "activations.sigmoid",
        "The derivative of the logistic function",
        d(s, x),
        ("definition of σ", d(1 / (1 + exp(-x)), x)),
        ("a reciprocal is a power", d((1 + exp(-x)) ** -1, x)),
        ("power rule, then chain rule", -((1 + exp(-x)) ** -2) * -exp(-x)),
        ("the two signs cancel", exp(-x) / (1 + exp(-x)) ** 2),
        ("one factor apart", 1 / (1 + exp(-x)) * (exp(-x) / (1 + exp(-x)))),
        ("add and subtract 1 above", 1 / (1 + exp(-x)) * ((1 + exp(-x) - 1) / (1 + exp(-x)))),
        ("divide by term", 1 / (1 + exp(-x)) * (1 - 1 / (1 + exp(-x)))),
        ("definition of σ", s * (1 - s)),
        source=f"{TEXT_000}, Derivative of Sigmoid; Chen (2016), arXiv:1610.02583",
    ),
    derivation(
        "activations.sigmoid-of-minus",
        "σ is 1 minus its mirror image",
        sigmoid(-x),
        ("definition of σ", 1 / (1 + exp(x))),
        ("times exp(−x) above and below", exp(-x) / (1 + exp(-x))),
        ("add and subtract 1 above", 1 - 1 / (1 + exp(-x))),
        ("definition of σ", 1 - s),
        source=f"{BOOK}, section 3.10",
    ),
    derivation(
        "activations.tanh-exponential",
        "The three exponential forms of tanh",
        tanh(x),
        ("tanh = sinh / cosh", sinh / cosh),
        ("the halves cancel", (exp(x) - exp(-x)) / (exp(x) + exp(-x))),
        ("times exp(x) above and below", (exp(2 * x) - 1) / (exp(2 * x) + 1)),
        ("times exp(−2x) above and below", (1 - exp(-2 * x)) / (1 + exp(-2 * x))),
        source=f"{TEXT_000}, Reminder on tanh (its first three forms)",
    ),
    derivation(
        "activations.tanh",
        "The derivative of tanh",
        d(tanh(x), x),
        ("tanh = sinh / cosh", d(sinh / cosh, x)),
        ("quotient rule", (d(sinh, x) * cosh - sinh * d(cosh, x)) / cosh**2),
        ("sinh' = cosh and cosh' = sinh", (cosh**2 - sinh**2) / cosh**2),
        ("tanh = sinh / cosh", 1 - tanh(x) ** 2),
        source=f"{TEXT_000}, Derivative of tanh; Chen (2016), arXiv:1610.02583",
    ),
    derivation(
        "activations.tanh-by-sigmoid",
        "tanh is a logistic function, stretched and shifted",
        tanh(x),
        ("exponential form", (1 - exp(-2 * x)) / (1 + exp(-2 * x))),
        ("add and subtract 1 above", 2 / (1 + exp(-2 * x)) - 1),
        ("definition of σ", 2 * sigmoid(2 * x) - 1),
        source=f"{BOOK}, section 6.3.2",
    ),
    derivation(
        "activations.sigmoid-jacobian",
        "The Jacobian of σ, entry by entry",
        d(sigmoid(a), a),
        ("every entry depends on its own argument only", diag(sigmoid(a) * (1 - sigmoid(a)))),
        source="Chen (2016), arXiv:1610.02583",
    ),
    derivation(
        "activations.tanh-jacobian",
        "The Jacobian of tanh, entry by entry",
        d(tanh(a), a),
        ("every entry depends on its own argument only", diag(1 - tanh(a) ** 2)),
        source=f"{BOOK}, section 10.2.2, eq. 10.21",
    ),
]

if __name__ == "__main__":
    main(DERIVATIONS)
