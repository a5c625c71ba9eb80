"""Terms in plain text."""

from symbolic.terms import Term


def text(term: Term) -> str:
    """The term as a line of text."""
    return repr(term)
