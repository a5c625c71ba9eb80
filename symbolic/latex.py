"""Terms, derivations and documents in LaTeX.

In:  a term, or a `Derivation`.
Out: `latex(term)`, mathematics to stand between dollars; `derivation_latex(derivation)`, a
     display or several with text between them; `standalone(body)`, a document.
How a term is spelled is in `typeset`, how text is escaped in `prose`, the worked example
in `worked_example`.
"""

from __future__ import annotations

from symbolic.notation import Sizes
from symbolic.prose import prose
from symbolic.records import Derivation
from symbolic.terms import Term
from symbolic.typeset import typeset, typeset_sides
from symbolic.worked_example import worked_example


def latex(term: Term, subscript_time: bool = False) -> str:
    r"""The term as LaTeX mathematics: `V^{\top} \nabla_{o^{(t)}} L`."""
    return typeset(term, subscript_time)


def statement_latex(derivation: Derivation) -> str:
    """first = last, as mathematics to stand between dollars."""
    return " = ".join(typeset_sides(derivation.chain[:: len(derivation.chain) - 1], _subscript_time(derivation)))


def derivation_latex(
    derivation: Derivation, steps: bool = False, entries: bool = False, sizes: Sizes | None = None
) -> str:
    """first = last as a display.

    With `steps` the whole chain, each equality with its reason; with `entries` also the
    worked example, entry by entry, at these sizes.
    """
    parts = [_heading(derivation)] if steps or entries else []
    parts.append(_chain(derivation) if steps else f"\\[\n  {statement_latex(derivation)}\n\\]")
    if entries:
        parts.append(worked_example(derivation, sizes))
    return "\n".join(part for part in parts if part)


def standalone(body: str) -> str:
    """A document that pdflatex compiles; the paper is wide, as written-out matrices are."""
    return f"{PREAMBLE}\n\\begin{{document}}\n{body}\n\\end{{document}}\n"


PREAMBLE = r"""\documentclass{article}
\usepackage{amsmath}
\usepackage{amssymb}
\usepackage[paperwidth=420mm,paperheight=297mm,margin=20mm]{geometry}
\allowdisplaybreaks
\setcounter{MaxMatrixCols}{64}
\setlength{\parindent}{0pt}
\setlength{\parskip}{1ex}"""


def _heading(derivation: Derivation) -> str:
    lines = [rf"\paragraph{{{prose(derivation.title or derivation.id)}}}"]
    if derivation.source:
        lines.append(f"Source: {prose(derivation.source)}.")
    if derivation.hypotheses:
        lines.append(f"Assume {' and '.join(prose(str(each)) for each in derivation.hypotheses)}.")
    return "\n".join(lines)


def _chain(derivation: Derivation) -> str:
    """One equality a line, its reason on the right."""
    first, *others = typeset_sides(derivation.chain, _subscript_time(derivation))
    lines = []
    for number, (term, reason) in enumerate(zip(others, derivation.reasons, strict=True)):
        why = rf" && \text{{{prose(reason)}}}" if reason else ""
        lines.append(f"{first if number == 0 else ' ' * 4} &= {term}{why}")
    return "\\begin{align*}\n  " + " \\\\\n  ".join(lines) + "\n\\end{align*}"


def _subscript_time(derivation: Derivation) -> bool:
    return derivation.model is not None and derivation.model.subscript_time
