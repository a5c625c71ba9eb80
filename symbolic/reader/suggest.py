"""A document -> a draft of its declaration block.

In:  a document's name and content.  Out: the draft, with what could not be inferred.
"""

from __future__ import annotations


def suggestion(name: str, content: str) -> str:
    return "<!-- check\n-->"
