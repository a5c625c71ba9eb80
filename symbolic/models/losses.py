"""Losses, as terms."""

from symbolic.terms import Term, log, total


def cross_entropy(y: Term, prediction: Term) -> Term:
    """−Σ_k y_k log ŷ_k, the negative log-likelihood where y is one-hot."""
    return -total(y * log(prediction))


def squared_error(y: Term, prediction: Term) -> Term:
    """½‖y − ŷ‖²."""
    return total((y - prediction) ** 2) / 2
