"""`{audit}` and `{audits}`: what a page says of a document that was checked.

In:  a document that `gradproof_documents` in conf.py names, with `<stem>.check` beside it, its declarations.
Out: its equalities with their readings, verdicts, counterexamples and repairs, and how many there are; ExtensionError
     where this run has not judged the document, or judges otherwise than was decided on in `<stem>.verdicts`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from gradproof import check_report
from gradproof.check_run import Document
from gradproof.site import page
from gradproof.site.decided import is_shown, undecided
from gradproof.site.formulas import documents, this_run
from gradproof.site.mathml import BadMath, mathml
from gradproof.site.verdicts import NoVerdict
from symbolic.reader.judge import DEFINITION, PROVED, Finding


class AuditDirective(SphinxDirective):
    """A document's equalities: what is wrong or not read, then, folded, what is right."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        document = self.document(self.arguments[0])
        found = findings(self, document)
        shown = [each for each in found if is_shown(each)]
        right = [each for each in shown if each.verdict in RIGHT and not each.defect]
        wrong = [each for each in shown if each not in right]
        lead = f"Wrong, or with readings that differ, or not read: {len(wrong)}, by line and column."
        summary = f"Proved, or defined as it should be: {len(right)}"
        folded = page.fold(summary, *(_item(each, document) for each in right), printed=True)
        return [nodes.paragraph("", lead), *(_item(each, document) for each in wrong), folded]

    def document(self, name: str) -> Document:
        for each in documents(name, Path(self.env.srcdir)):
            return each
        raise ExtensionError(f"{self.get_location()}: there is no file {name}")


class AuditsDirective(SphinxDirective):
    """A table of all documents: how many of their equalities have which verdict."""

    def run(self) -> list[nodes.Node]:
        every = documents(self.config.gradproof_documents, Path(self.env.srcdir))
        found = {_name(document): findings(self, document) for document in every}
        everything = [each for some in found.values() for each in some]
        verdicts = [verdict for verdict, n in check_report.counts(everything).items() if n]
        head = ["", "all", *(check_report.WORDS.get(verdict, verdict) for verdict in verdicts), "with a defect"]
        rows: list[tuple[nodes.Node | str, ...]]
        rows = [(page.audited(name), *_cells(some, verdicts)) for name, some in found.items()]
        return [page.table(head, [*rows, ("all", *_cells(everything, verdicts))], classes=["audits"])]


def findings(directive: SphinxDirective, document: Document) -> list[Finding]:
    """What this run says of a document; ExtensionError where it says nothing, or not what was decided on."""
    try:
        found = this_run(directive.config).on(document)
    except NoVerdict as error:
        raise ExtensionError(f"{directive.get_location()}: {error}") from None
    if other := undecided(found, document):
        raise ExtensionError(f"{directive.get_location()}: {document.name}:{other[0]}")
    return found


RIGHT = (PROVED, DEFINITION)


def _cells(found: Sequence[Finding], verdicts: Sequence[str]) -> Iterator[str]:
    counts = check_report.counts(found)
    yield str(len(found))
    yield from (str(counts[verdict]) for verdict in verdicts)
    yield str(sum(each.defect for each in found))


def _name(document: Document) -> str:
    """`text 000`, of a file 000_67504e76d5bb99e2.txt."""
    return f"text {Path(document.name).stem.partition('_')[0]}"


def _item(finding: Finding, document: Document) -> nodes.container:
    """One equality: where it stands, its verdict, itself, and what belongs to the verdict."""
    anchor = nodes.make_id(f"{_name(document)} {finding.line} {finding.column}")
    place = nodes.reference("", f"{finding.line}:{finding.column}", refid=anchor, internal=True)
    verdict = nodes.inline(
        "", check_report.word(finding), classes=["badge", "defect" * finding.defect or finding.verdict]
    )
    under = [nodes.inline("", "", *page.words(f"under {each}"), classes=["badge"]) for each in finding.hypotheses]
    spaced = [part for each in (place, verdict, *under) for part in (each, nodes.Text(" "))]
    head = nodes.paragraph("", "", *spaced[:-1], classes=["badges"])
    return nodes.container("", head, _printed(finding.latex), *_facts(finding), ids=[anchor], classes=["finding"])


def _printed(latex: str) -> nodes.Element:
    r"""The formula as the document prints it; its source where KaTeX does not take it.

    What stands in an \underbrace or in some rows of a display is set without what is around it.
    """
    opened, closed = (len(re.findall(rf"(?<!\\){each}", latex)) for each in "{}")
    tex = latex.replace(r"\mbox", r"\text") + "}" * (opened - closed)
    if "&" in tex or r"\\" in tex:
        tex = rf"\begin{{aligned}} {tex} \end{{aligned}}"
    try:
        mathml(tex, display=True)
    except BadMath:
        return nodes.literal_block(latex, latex, language="latex", classes=["session"])
    return nodes.math_block(tex, tex)


def _facts(finding: Finding) -> Iterator[nodes.Node]:
    """The lines that the command prints, the repair typeset."""
    fields = nodes.field_list("")
    for name, fact in check_report.facts(finding):
        if name == "did you mean":
            body: nodes.Element = nodes.math_block(finding.repair, finding.repair)
        elif name in {"read as", "where"}:
            body = nodes.paragraph("", "", nodes.literal("", fact))
        else:
            body = nodes.paragraph("", "", *_quoted(fact))
        fields += nodes.field("", nodes.field_name("", name), nodes.field_body("", body))
    if fields.children:
        yield fields


def _quoted(line: str) -> Iterator[nodes.Node]:
    """A line whose words between ` ` are code."""
    for place, part in enumerate(re.split("`([^`]*)`", line)):
        if part:
            yield nodes.literal("", part) if place % 2 else nodes.Text(part)
