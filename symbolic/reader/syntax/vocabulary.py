r"""The commands of LaTeX that formulas are written with, and what each is to the parser."""

from __future__ import annotations

from symbolic.reader.tokens import WORDS, Token

OPERATORS = {
    r"\odot": "⊙", r"\circ": "∘", r"\otimes": "⊗", r"\cdot": "·", r"\times": "×", "*": "*", r"\ast": "*", ":": ":",
    "/": "/", r"\bullet": "∘", r"\star": "*", r"\oslash": "⊘",
}  # fmt: skip
STYLES = {
    r"\mathbf": "bf", r"\boldsymbol": "bf", r"\bm": "bf", r"\pmb": "bf", r"\bold": "bf", r"\textbf": "bf",
    r"\mathrm": "rm", r"\mathit": "", r"\mathsf": "sf", r"\mathcal": "cal", r"\mathscr": "cal", r"\mathbb": "bb",
    r"\mathfrak": "frak",
}  # fmt: skip
SWITCHES = {r"\bf": "bf", r"\rm": "rm", r"\it": "", r"\cal": "cal"}
ACCENTS = {r"\hat": r"\hat", r"\widehat": r"\hat", r"\bar": r"\bar", r"\overline": r"\bar", r"\tilde": r"\tilde",
           r"\widetilde": r"\tilde", r"\vec": "", r"\dot": r"\dot"}  # fmt: skip
TEXTS = frozenset({r"\text", r"\mbox", r"\textrm", r"\textit", r"\hbox", r"\operatorname", r"\mathop"})
FRACTIONS = frozenset({r"\frac", r"\dfrac", r"\tfrac", r"\cfrac"})
SAME_AS = {"Tr": "trace", "tr": "trace", "ln": "log"}
FUNCTIONS = {mark + word: SAME_AS.get(word, word) for mark in ("", "\\") for word in (*WORDS, *SAME_AS)}
GREEK = frozenset({
    r"\alpha", r"\beta", r"\gamma", r"\delta", r"\epsilon", r"\varepsilon", r"\zeta", r"\eta", r"\theta",
    r"\vartheta", r"\iota", r"\kappa", r"\lambda", r"\mu", r"\nu", r"\xi", r"\pi", r"\rho", r"\sigma", r"\tau",
    r"\upsilon", r"\phi", r"\varphi", r"\chi", r"\psi", r"\omega", r"\Gamma", r"\Delta", r"\Theta", r"\Lambda",
    r"\Xi", r"\Pi", r"\Sigma", r"\Phi", r"\Psi", r"\Omega", r"\ell",
})  # fmt: skip
DOTS = frozenset({r"\ldots", r"\dots", r"\vdots", r"\cdots", r"\ddots", r"\dotsc", r"\dotsb"})
MATRICES = frozenset(["matrix", "pmatrix", "bmatrix", "Bmatrix", "smallmatrix", "array"])
CASES = frozenset({"cases", "rcases", "dcases"})
OPENING = {"(": ")", "[": "]", r"\{": r"\}", r"\lbrack": r"\rbrack", r"\langle": r"\rangle", r"\lbrace": r"\rbrace"}
NORMS = {r"\|": r"\|", r"\Vert": r"\Vert", r"\lVert": r"\rVert"}
CLOSING = frozenset(OPENING.values())
ENDS = frozenset({"+", "-", "}", ",", ";", "|", r"\mid", "&", r"\\", r"\end", "=", r"\right", "_", "^", ".", "'"})
ROWS = frozenset({r"\\", r"\cr", r"\newline"})
SEPARATORS = frozenset({",", ";", "|", r"\mid"})
RELATIONS = {
    "=": "=", ":=": "=", r"\equiv": "=", r"\triangleq": "=", r"\coloneqq": "=", r"\doteq": "=", "+=": "+=",
    r"\leftarrow": ":=", r"\gets": ":=", r"\in": "∈", r"\neq": "≠", r"\ne": "≠", r"\approx": "≈", r"\sim": "∼",
    r"\propto": "∝", r"\leq": "≤", r"\le": "≤", r"\geq": "≥", r"\ge": "≥", "<": "<", ">": ">", r"\simeq": "≈",
    r"\cong": "≈", r"\ll": "<", r"\gg": ">",
}  # fmt: skip


def unstyled(tokens: tuple[Token, ...]) -> str:
    """Tokens as one string without braces, white space and styles: how a script is looked up."""
    return "".join(t.text for t in tokens if t.text not in STYLES.keys() | SWITCHES.keys() | TEXTS | {"{", "}"})
