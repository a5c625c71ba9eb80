r"""LaTeX mathematics as MathML, at build time.

In:  LaTeX as the project prints it, or as a page has it between dollars.
Out: `mathml(tex)`: `<math>…</math>`, which browsers lay out and screen readers read without
     any script; or `BadMath`, so that no page is built with a formula that does not parse.

KaTeX does the work, in its strict mode, from the file that sphinxcontrib-katex ships, run by
QuickJS.  MathML asks for a font with mathematical metrics where the reader's system may have
none: STIX Two Math comes with ziamath.
"""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

RENDER = """(tex, display) => katex.renderToString(tex, {
    displayMode: display, output: "mathml", throwOnError: true, strict: "error", maxExpand: 10000,
})"""
LETTER = re.compile(r'<(m[in]) mathvariant="(script|double-struck|bold)">(\w)</m[in]>')
UNARY_MINUS = re.compile(r"(<mo[^>]*>[(\[{=≠,←]</mo>)<mo>−</mo>")
PRIME = re.compile(r"<msup>((?:(?!</?msup>).)*)<mo [^>]*>′</mo></msup>")
SPACE = '<mspace width="0.17em"/>'
BEFORE_FUNCTION = re.compile(
    r"(</m(?:[in]|sub|sup|subsup|frac)>|(?<!<mrow>)</mrow>|\)</mo>)"
    r"(?=(?:<msup><mrow>)?<mi[^>]*>[a-z]{2,}</mi><mo>\u2061</mo>)"
)
AFTER_FUNCTION = re.compile(r"(<mi[^>]*>[a-z]{2,}</mi><mo>\u2061</mo>)(?=<m)(?!<mo|<mrow><mo fence)")
DISPLAY = re.compile(r"\\begin\{(equation\*|align\*)\}.*?\\end\{\1\}|\\\[(.*?)\\\]", re.DOTALL)


class BadMath(ValueError):
    """KaTeX does not take it; says what and where."""


@cache
def mathml(tex: str, display: bool = False) -> str:
    """The `<math>` element of a formula."""
    import quickjs

    try:
        found = re.search(r"<math.*</math>", _katex()(tex, display), re.DOTALL)
    except quickjs.JSException as error:
        raise BadMath(f"{str(error).splitlines()[0]}: {tex}") from None
    assert found is not None
    return _spaced(LETTER.sub(_letter, found[0]))


def _letter(element: re.Match[str]) -> str:
    """Browsers know no `mathvariant`: a script, blackboard or bold letter is a character of its own."""
    tag, variant, character = element.groups()
    plain = unicodedata.name(character).removeprefix("LATIN ").replace(" LETTER ", " ")
    for name in (f"MATHEMATICAL {variant} {plain}", f"{variant} {plain}"):
        with suppress(KeyError):
            character = unicodedata.lookup(name.upper())
    return f"<{tag}>{character}</{tag}>"


def _spaced(markup: str) -> str:
    """The spaces of TeX where a browser has others: none after a sign, a thin one around log in `y log z`.

    A prime is high and small already: beside its letter, not above it.
    """
    markup = PRIME.sub(r'<mrow>\1<mo lspace="0em" rspace="0em">′</mo></mrow>', markup)
    markup = UNARY_MINUS.sub(r'\1<mo form="prefix">−</mo>', markup)
    return AFTER_FUNCTION.sub(rf"\1{SPACE}", BEFORE_FUNCTION.sub(rf"\1{SPACE}", markup))


def paragraphs(document: str) -> list[tuple[str, bool]]:
    """The parts of a LaTeX document: (display, True) and (the text between displays, False)."""
    parts: list[tuple[str, bool]] = []
    place = 0
    for match in [*DISPLAY.finditer(document), None]:
        text = " ".join(document[place : match.start() if match else None].split())
        if text:
            parts.append((text, False))
        if match:
            parts.append((match[2] or match[0], True))
            place = match.end()
    return parts


def font() -> bytes:
    """STIX Two Math, under the SIL Open Font License."""
    spec = find_spec("ziamath")
    assert spec is not None
    assert spec.origin is not None
    return (Path(spec.origin).parent / "fonts" / "STIXTwoMath-Regular.ttf").read_bytes()


@cache
def _katex() -> Any:
    import quickjs

    context = quickjs.Context()
    context.eval((files("sphinxcontrib") / "katex.min.js").read_text("utf-8"))
    return context.eval(RENDER)
