"""A document -> a draft of its declaration block.

In:  a document's name and content.
Out: the draft as text: how time is written; the document's own model where its equations form one, else the model of
     ours that they are those of; names with shapes, stated or inferred; and, as comments, what could not be found.
seen (what the document writes; unread: the lines that are no equation yet) → own (its equations, in order, up to its
loss) → inferred (shapes) → fits (a model of ours) → draft.  What a draft says is declared before it is shown: a line
that is not in order is a comment, with why.
"""

from symbolic.reader.suggest.draft import suggestion

__all__ = ["suggestion"]
