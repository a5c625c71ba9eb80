r"""The declaration language: what the letters of a document mean.

In:  the lines of declaration blocks or of a file `<stem>.check` (docs/check.md has the grammar).
Out: `Declarations`: the scope at every place of the document.

A line is a directive and what it says; `#` starts a comment.  `from 57:3` says that what
follows holds from there on.  LaTeX in a declaration is read by the same parser as the
document's.  Raises `BadDeclaration` with file and line.
spelling → state → losses → names, conventions, equations (the directives) → declarations.
To extend: add a function to one of the three tables of directives.
"""

from symbolic.reader.declare.conventions import READ
from symbolic.reader.declare.declarations import DIRECTIVES, BadDeclaration, Drafting, Line, declare, lines
from symbolic.reader.declare.names import MODELS, with_model
from symbolic.reader.declare.spelling import printed_name, spelled
from symbolic.reader.declare.state import Declarations, Place

__all__ = [
    "DIRECTIVES",
    "MODELS",
    "READ",
    "BadDeclaration",
    "Declarations",
    "Drafting",
    "Line",
    "Place",
    "declare",
    "lines",
    "printed_name",
    "spelled",
    "with_model",
]
