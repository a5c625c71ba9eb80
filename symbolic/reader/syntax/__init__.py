r"""Tokens -> a small syntax tree.

In:  the tokens of one expression, and what only the declarations can say of its grammar:
     which names are called like functions, and whether `d x` is a differential.
Out: a `Node`; every node knows its offset.  Raises `Unread`, with the offset, for whatever
     is not in the grammar: nothing is dropped.

    sum     = [±] term (± term)*
    term    = tight (⊙ | ∘ | ⊗ | · | × | ∗ | : | / tight)*
    tight   = factor factor …                  juxtaposition binds tighter
    factor  = atom, with sub- and superscripts; Σ and ∏ take the rest of their term

What a subscript means (time, entry, part of a name) is decided later: scripts stay tokens.
nodes → vocabulary → rows → parsing → fractions, brackets → letters → parser.
To extend: a new command is a word of `vocabulary`; a new form a case of `parser.Parser.factor`.
"""

from symbolic.reader.syntax.parser import parse
from symbolic.reader.syntax.parsing import Grammar

__all__ = ["Grammar", "parse"]
