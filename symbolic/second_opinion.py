"""The same claims, judged again by an engine that shares nothing with the first."""

from collections.abc import Sequence

from symbolic.notation import Sizes
from symbolic.records import Derivation
from symbolic.verdicts import Hypothesis


class Disagreement(Exception):
    """The two engines disagree: one of them is wrong, and nothing is proved."""


def confirm(derivation: Derivation, sizes: Sizes, hypotheses: Sequence[Hypothesis]) -> str:
    """What was confirmed, in words; raises Disagreement."""
    return ""
