"""Terms in LaTeX."""

from symbolic.terms import Term


def latex(term: Term) -> str:
    """The term as LaTeX."""
    return repr(term)
