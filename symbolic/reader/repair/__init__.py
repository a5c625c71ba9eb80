"""Small edits of a wrong formula that make it right.

In:  the two sides as syntax, and the scope.
Out: the formula that is proved, as LaTeX, and what it is proved under; None where no small edit is.

A rule says what a node may have been meant as (`rules`, those of `derivatives`, `products` and `subscripts` too).  Each
is tried at one place, and at all places alike (`edits`); then two together; each with a part of the gradient added that
the formula may lack (`missing`); between these the left side in closed form (`closed`).  Residues at a random point
throw out nearly all of it before anything is proved (`search`); what is proved and says nothing is none (`honest`).  It
is spelled as the formula is (`spelled`), and written from terms only where that is not read back as what was proved
(`written`).
"""

from symbolic.reader.repair.missing import contributions, of_one_step
from symbolic.reader.repair.search import SECONDS, Repair, repair

__all__ = ["SECONDS", "Repair", "contributions", "of_one_step", "repair"]
