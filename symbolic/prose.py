"""A line of prose with mathematics in it, as LaTeX text.

In:  a title, a reason or a source, as people type it: `definition of σ`, `Σ_k y_k = 1`.
Out: ASCII that pdflatex and KaTeX read in text mode; words with mathematics in them, and
     the letters and signs between them, become one `$…$`.  An unknown character is written
     by its number, never dropped.
To extend: add a character to `MATHEMATICS` or `TYPOGRAPHY`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

MATHEMATICS = {
    "−": "-", "·": r"\cdot ", "×": r"\times ", "∘": r"\circ ", "⊙": r"\odot ", "⊗": r"\otimes ",
    "∂": r"\partial ", "∇": r"\nabla ", "∑": r"\sum\nolimits ", "Σ": r"\sum\nolimits ",
    "∏": r"\prod\nolimits ", "Π": r"\prod\nolimits ",
    "∞": r"\infty ", "→": r"\to ", "↦": r"\mapsto ", "⇒": r"\Rightarrow ", "⇔": r"\Leftrightarrow ",
    "≤": r"\le ", "≥": r"\ge ", "≠": r"\ne ", "≈": r"\approx ", "∈": r"\in ", "±": r"\pm ", "√": r"\surd ",
    "⟨": r"\langle ", "⟩": r"\rangle ", "‖": r"\Vert ", "½": r"\tfrac{1}{2}", "′": "'",
    "ᵀ": r"^{\top}", "⊤": r"\top ", "⁺": "^{+}", "⁻": "^{-}", "τ": r"\tau ", "ℒ": r"\mathcal{L}", "ℝ": r"\mathbb{R}",
    "<": "<", ">": ">", "|": "|",
}  # fmt: skip
TYPOGRAPHY = {
    "–": "--", "—": "---", "’": "'", "‘": "`", "“": "``", "”": "''", "…": "...", "\u00a0": "~", "§": r"\S{}",
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
}  # fmt: skip
ACCENTS = {"\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0308": '"', "\u030c": "v", "\u0327": "c"}
MATH_ACCENTS = {"\u0302": "hat", "\u0303": "tilde", "\u0304": "bar", "\u0307": "dot", "\u0308": "ddot"}
ACCENTED = r"[\u0300-\u036f]"
PART = (
    r"[_^]\{[^{}]*\}|[_^]\([^()]*\)|[_^](?:[A-Za-z0-9]+|[^\W_])"
    rf"|[A-Za-z]{{2,}}(?!{ACCENTED})|.{ACCENTED}*"
)
FUNCTIONS = ("tanh", "sinh", "cosh", "exp", "log", "ln", "max", "min")
OPERATORS = ("softmax", "diag")


def prose(line: str) -> str:
    """The line with its mathematics typeset and everything else escaped."""
    words = re.split(r"(\s+)", unicodedata.normalize("NFC", line))
    return "".join(_word(run) for run in _runs(words))


def _runs(words: list[str]) -> Iterator[str]:
    """The words with the spaces between them, those of one formula joined: `L = Σ_t L_t`."""
    position = 0
    while position < len(words):
        end = position + 1
        for last in range(position, len(words), 2):
            run = "".join(words[position : last + 1])
            if not _belongs(words[last]):
                break
            if _is_formula(words[position : last + 1 : 2], run):
                end = last + 1
            if words[last][-1:] in {",", ".", ";", ":"} and len(words[last]) > 1 and _is_balanced(run):
                break
        yield "".join(words[position:end])
        position = end


def _belongs(word: str) -> bool:
    """Whether a word may stand in a formula: signs, numbers, single letters, dx and functions."""
    plain = "".join(c if c.isascii() and not _is_mathematics(c) else " " for c in word)
    return bool(word.strip()) and all(
        len(letters) == 1 or letters in FUNCTIONS + OPERATORS or re.fullmatch(r"d[A-Za-z]", letters)
        for letters in (re.findall("[A-Za-z]+", plain) if not any(map(_is_mathematics, word)) else ())
    )


def _is_formula(words: list[str], run: str) -> bool:
    """Whether words are one formula: it holds mathematics, is closed, and no loose letter stands at an end."""
    weak = [not any(map(_is_mathematics, word)) for word in words]
    signs = [not any(c.isalnum() for c in word) for word in words]
    return (
        len(words) > 1
        and not all(weak)
        and (not signs[0] or words[0] == "∂")
        and not (signs[-1] and weak[-1])
        and (not weak[0] or signs[1])
        and (not weak[-1] or signs[-2] or re.fullmatch("[B-HJ-Z]|d[A-Za-z]", words[-1].rstrip(".,;:)]")) is not None)
        and _is_balanced(run)
        and not {*words} & {"a", "A", "I"}
    )


def _is_balanced(run: str) -> bool:
    return all(run.count(a) == run.count(b) for a, b in ("()", "[]", "{}", "⟨⟩"))


def symbol(name: str) -> str:
    """A name in mathematics: `alpha`, `yhat`, `a_f`, `x1` and `ŷ` as they are read."""
    if len(name) == 1 and name.isascii() and name.isalpha():
        return name
    if name in GREEK:
        return f"\\{name}"
    if match := re.fullmatch(r"(.+?)_(.+)", name) or re.fullmatch(r"(\D+)(\d+)", name):
        return f"{symbol(match[1])}_{{{symbol(match[2])}}}"
    if re.fullmatch("d[A-Za-z]", name):
        return rf"\mathrm{{d}}{name[1]}"
    if name.endswith("hat") and len(name) > 3:
        return rf"\hat{{{symbol(name[:-3])}}}"
    if not name.isascii():
        return "".join(_in_math(c).strip() for c in _characters(unicodedata.normalize("NFC", name)))
    return name if name.isdigit() else rf"\mathit{{{_escaped(name)}}}"


def _word(word: str) -> str:
    """A word is mathematics where it holds a character of mathematics or a subscript."""
    before, core, after = re.fullmatch(r"([(\[]?)(.*?)([,.;:]*)", word, re.DOTALL).groups()  # type: ignore[union-attr]
    if before and _closes_at_end(core):
        core, after = core.rstrip(")]"), core[len(core.rstrip(")]")) :] + after
    elif before:
        before, core = "", before + core
    if not core or core.startswith(("http", "www")) or not any(_is_mathematics(c) for c in core):
        return _escaped(word)
    return f"{before}${_mathematics(core)}${after}"


def _closes_at_end(core: str) -> bool:
    """Whether what stands behind an opening bracket closes it with its last characters, and not before."""
    bare = core.rstrip(")]")
    depth, lowest = 0, 0
    for c in bare:
        depth += (c in "([") - (c in ")]")
        lowest = min(lowest, depth)
    return lowest == 0 and len(core) - len(bare) > depth


def _is_mathematics(c: str) -> bool:
    decomposed = unicodedata.normalize("NFD", c)
    accented = len(decomposed) > 1 and decomposed[1] in "\u0302\u0304\u0307" and decomposed[0] in "yxhcaozYX"
    return c in MATHEMATICS or c in "_^" or accented or _greek(c) != "" or _is_script(c)


def _mathematics(word: str) -> str:
    """Letters stand for themselves, names of functions for functions, other words upright.

    A letter takes one subscript and one superscript; another one stands beside it.
    """
    written, scripts = "", ""
    for part in re.findall(PART, word):
        latex = _part(part)
        kind = latex[:1] if latex[:1] in ("_", "^", "'") else ""
        if kind and (kind in scripts.rstrip("'") or (kind == "'" and ("^" in scripts or "'" in scripts.rstrip("'")))):
            written, scripts = written + "{}", ""
        written, scripts = written + latex, scripts + kind if kind else ""
    return written.strip()


def _part(part: str) -> str:
    if part[0] in "_^" and len(part) > 1:
        inside = part[2:-1] if part[1] == "{" else part[1:]
        return f"{part[0]}{{{_mathematics(inside)}}}"
    if part in FUNCTIONS:
        return f"\\{part} "
    if part in OPERATORS:
        return rf"\operatorname{{{part}}}"
    if len(part) > 1 and part.isascii():
        return part if len(part) == 2 else rf"\mathrm{{{part}}}"
    return _in_math(part)


def _in_math(c: str) -> str:
    if c in MATHEMATICS:
        return MATHEMATICS[c]
    if c in "&%$#_{}":
        return f"\\{c}"
    if c in "\\^~":
        return rf"\text{{{TYPOGRAPHY[c]}}}"
    if c.isascii():
        return c
    if name := _greek(c):
        return f"\\{name} "
    if _is_script(c):
        kind, digit = unicodedata.decomposition(c).split()
        return f"{'^' if kind == '<super>' else '_'}{{{chr(int(digit, 16))}}}"
    letter, *accents = list(unicodedata.normalize("NFD", c))
    if len(accents) == 1 and accents[0] in MATH_ACCENTS:
        return rf"\{MATH_ACCENTS[accents[0]]}{{{_in_math(letter).strip()}}}"
    return rf"\text{{{_escaped(c)}}}"


def _escaped(word: str) -> str:
    return "".join(_in_text(c) for c in _characters(word))


def _characters(text: str) -> list[str]:
    """The characters, each with the accents that Unicode has no single character for, as in h̃."""
    return re.findall(f".{ACCENTED}*", text, re.DOTALL)


def _in_text(c: str) -> str:
    if c in TYPOGRAPHY:
        return TYPOGRAPHY[c]
    if c in "<>|":
        return f"${c}$"
    if c.isascii():
        return c
    letter, *accents = list(unicodedata.normalize("NFD", c))
    if letter.isascii() and len(accents) == 1 and accents[0] in ACCENTS:
        return rf"\{ACCENTS[accents[0]]}{{{letter}}}"
    return "".join(f"[U+{ord(each):04X}]" for each in c)


def _greek(c: str) -> str:
    """`sigma` for σ; capitals that LaTeX has a name for as well."""
    words = unicodedata.name(c, "").split() if len(c) == 1 else []
    if words[:2] == ["GREEK", "SMALL"] and len(words) == 4 and words[3].lower() in GREEK:
        return words[3].lower()
    if words[:2] == ["GREEK", "CAPITAL"] and len(words) == 4 and words[3].capitalize() in GREEK:
        return words[3].capitalize()
    return ""


def _is_script(c: str) -> bool:
    kind, *rest = (unicodedata.decomposition(c).split() if len(c) == 1 else []) or [""]
    return kind in ("<super>", "<sub>") and len(rest) == 1 and chr(int(rest[0], 16)).isascii()


GREEK = frozenset(
    (
        "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu",
        "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega",
        "Gamma", "Delta", "Theta", "Lambda", "Xi", "Upsilon", "Phi", "Psi", "Omega",
    )
)  # fmt: skip
