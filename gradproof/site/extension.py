"""The Sphinx extension: formulas on pages, each with the verdict of the run that builds them.

In:  a project's pages.  `{formula}` shows records of the catalogue, `{proof}` those of the claims
     file that `gradproof_claims` in conf.py names, `{audit}` one of the documents that
     `gradproof_documents` names, `{audits}` their counts; `{model}`, `{picture}`, `{session}`, `{tally}`,
     `{misprints}`, `{difference}`, `{fold}` and `{notation}` are the book's other parts.
Out: HTML, the mathematics of the whole project as MathML.
A missing, stale or unexpected verdict, and mathematics that does not parse, raise: the build fails.
To add a directive: write it in a module of its own, name it in `setup`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.writers.html5 import HTML5Translator

from gradproof.site import audit, formulas, parts
from gradproof.site.mathml import BadMath, font, mathml
from gradproof.site.page import folded


def setup(app: Sphinx) -> dict[str, Any]:
    """Directives, roles, the renderer of mathematics and the style sheet."""
    app.add_config_value("gradproof_verdicts", "", "env", str)
    app.add_config_value("gradproof_claims", "", "env", str)
    app.add_config_value("gradproof_documents", "", "env", str)
    app.add_domain(formulas.Formulas)
    app.add_directive("formula", formulas.FormulaDirective)
    app.add_directive("proof", formulas.ProofDirective)
    app.add_directive("tally", formulas.TallyDirective)
    app.add_directive("misprints", formulas.MisprintsDirective)
    app.add_directive("audit", audit.AuditDirective)
    app.add_directive("audits", audit.AuditsDirective)
    app.add_role("formula", formulas.FormulaRole())
    app.add_directive("model", parts.ModelDirective)
    app.add_directive("notation", parts.NotationDirective)
    app.add_directive("picture", parts.PictureDirective)
    app.add_directive("session", parts.SessionDirective)
    app.add_directive("difference", parts.DifferenceDirective)
    app.add_directive("fold", parts.FoldDirective)
    app.add_node(folded, html=(_unfoldable, _folded_end))
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    app.connect("builder-inited", formulas.prove)
    app.connect("builder-inited", _shrink_on_paper)
    app.connect("missing-reference", _plain)
    app.connect("build-finished", _copy)
    app.add_css_file("gradproof.css")
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _inline(writer: HTML5Translator, node: nodes.math) -> None:
    writer.body.append(_mathml(node, display=False))
    raise nodes.SkipNode


def _block(writer: HTML5Translator, node: nodes.math_block) -> None:
    """A display that scrolls by itself where it is wider than the page."""
    number = f'<span class="eqno">({node["eqno"]})</span>' if node.get("eqno") else ""
    writer.body.append(f'<div class="math">{_mathml(node, display=True)}{number}</div>\n')
    raise nodes.SkipNode


def _mathml(node: nodes.Element, display: bool) -> str:
    try:
        return mathml(node.astext(), display)
    except BadMath as error:
        raise ExtensionError(f"{node.source}:{node.line}: {error}") from None


def _unfoldable(writer: HTML5Translator, node: folded) -> None:
    """On paper derivations are unfolded, and what is for the screen is left out."""
    on_paper = writer.builder.tags.has("print")
    if on_paper and not node["printed"]:
        raise nodes.SkipNode
    summary = writer.encode(node["summary"])
    is_open = " open" if on_paper else ""
    writer.body.append(f'<details class="fold"{is_open}><summary>{summary}</summary>\n')


def _folded_end(writer: HTML5Translator, node: folded) -> None:
    writer.body.append("</details>\n")


def _plain(app: Sphinx, env: object, node: nodes.Element, text: nodes.TextElement) -> nodes.TextElement | None:
    """A link that need not lead anywhere is its text where it does not."""
    return text if node.get("optional") else None


def _shrink_on_paper(app: Sphinx) -> None:
    """Paper does not scroll: a formula that is wider than it is set smaller."""
    if app.tags.has("print"):
        app.add_js_file(None, body=SHRINK)


SHRINK = """addEventListener("load", () => {
    const share = each => {
        const math = each.querySelector("math"), number = each.querySelector(".eqno");
        const indented = math.getBoundingClientRect().left - each.closest("article, body").getBoundingClientRect().left;
        const room = 670 - indented - (number ? number.offsetWidth + 16 : 0);  // A4 less its margins, in CSS pixels
        return [math, room / math.getBoundingClientRect().width];
    };
    // All is measured before anything changes: a change in between has the whole book laid out again.
    for (const [math, fits] of [...document.querySelectorAll("div.math")].map(share))
        if (fits < 1) math.style.fontSize = `${Math.max(fits, 0.3)}em`;
})"""


def _copy(app: Sphinx, error: Exception | None) -> None:
    """The style sheet and the font, beside the pages."""
    if error is None and app.builder.format == "html":
        static = Path(app.outdir) / "_static"
        (static / "gradproof.css").write_bytes((Path(__file__).parent / "gradproof.css").read_bytes())
        (static / "STIXTwoMath.ttf").write_bytes(font())
