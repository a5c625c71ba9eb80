"""Small edits of a wrong formula that make it right.

In:  the two sides as syntax, and the scope.
Out: the formula that is proved, as LaTeX; None where no small edit is.

A rule says what a node may have been meant as (`edits`).  Each rule is tried at one place, and
at all places alike; then two rules together; each with a part of the gradient added that the
formula may lack (`missing`).  Residues at a random point throw out nearly all of it before
anything is proved (`search`).
"""

from symbolic.reader.repair.missing import contributions, of_one_step
from symbolic.reader.repair.search import SECONDS, Repair, repair

__all__ = ["SECONDS", "Repair", "contributions", "of_one_step", "repair"]
