"""A judged formula as a part of a page.

In:  a record with its verdict, its number, its NumPy function.
Out: `section(…)`, docutils nodes: heading, badges, statement, legend of shapes, source, and
     folded away the derivation, the worked example, the function and what backs the verdict.
A refuted formula shows its counterexample and the way to its repair.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from textwrap import dedent

from docutils import nodes
from sphinx import addnodes

from gradproof import report
from gradproof.model_report import role
from gradproof.run import Judged
from gradproof.site.mathml import paragraphs
from symbolic.latex import latex, statement_latex
from symbolic.model import Model, variables
from symbolic.notation import t
from symbolic.prose import prose
from symbolic.records import Derivation
from symbolic.terms import Var
from symbolic.verdicts import IllTyped, Proved, Refuted, Verdict
from symbolic.worked_example import worked_example


class folded(nodes.General, nodes.Element):  # noqa: N801 (docutils names its nodes so)
    """What a click or Enter unfolds; `summary` is always seen, and the rest on paper if `printed`."""


@dataclass(frozen=True)
class Formula:
    """All that a page says of one record."""

    judged: Judged
    number: str
    source: str

    @property
    def record(self) -> Derivation:
        return self.judged.record


def section(formula: Formula) -> nodes.section:
    """A section of its own, which the contents list and references find by the record's id."""
    record = formula.record
    title = nodes.title("", "", *words(f"{formula.number} {record.title or record.id}".strip()))
    names = [nodes.fully_normalize_name(label(record.id))]
    # The index lists ids, and search finds what it lists.
    index = addnodes.index(entries=[("single", record.id, anchor(record.id), "main", None)])
    return nodes.section("", title, index, *body(formula), ids=[anchor(record.id)], names=names, classes=["formula"])


def brief(formula: Formula) -> Iterator[nodes.Node]:
    """What a page that is about something else says of a formula."""
    id = formula.record.id
    yield badges(formula.judged)
    yield _statement(formula)
    yield from _refutation(formula)
    yield _line("More: ", reference(id, f"{formula.record.title} ({formula.number})", must=False))


def body(formula: Formula) -> Iterator[nodes.Node]:
    """Everything below the heading."""
    yield badges(formula.judged)
    yield nodes.container("", _statement(formula), *_legend(formula.record), classes=["statement"])
    yield _line("Source: ", *sourced(formula.record.source or "not given"))
    yield from _refutation(formula)
    yield fold(
        f"Derivation: {_count(len(formula.record.reasons), 'equality', 'equalities')}",
        *_chain(formula),
        printed=True,
    )
    if example := worked_example(formula.record):
        yield fold("Written out entry by entry", *_document(example))
    if formula.source:
        code = nodes.literal_block(formula.source, formula.source, language="python")
        yield fold("NumPy function", code)
    yield fold("What backs this verdict", _facts(formula.judged))


def badges(judged: Judged) -> nodes.paragraph:
    """`proved`, `for every T`, `at K=3`, `under Σ_k y_k = 1`, and the id."""
    verdict = judged.verdict
    said = [part for part in verdict.scope.split(", ") if part] if isinstance(verdict, Proved) else []
    said = [f"for {part}" if part in EVERY else f"at {part}" for part in said]
    said += [f"under {hypothesis}" for hypothesis in report.hypotheses(verdict)]
    verdict_badge = nodes.inline("", WORD.get(verdict.name, verdict.name), classes=["badge", verdict.name])
    others = [nodes.inline("", "", *words(each), classes=["badge"]) for each in said]
    id = nodes.literal("", judged.record.id, classes=["id"])
    spaced = [part for each in (verdict_badge, *others, id) for part in (each, nodes.Text(" "))]
    return nodes.paragraph("", "", *spaced[:-1], classes=["badges"])


def label(id: str) -> str:
    """The name that `{formula}` references resolve."""
    return f"formula {id}"


def anchor(id: str) -> str:
    return nodes.make_id(id.replace(".", "-"))


def reference(id: str, text: str, must: bool = True) -> addnodes.pending_xref:
    """A link to a formula, which Sphinx resolves, or warns of, which fails the build; plain text if it need not be."""
    return _to("gradproof", "formula", anchor(id), text, must)


def _to(domain: str, kind: str, target: str, text: str, must: bool) -> addnodes.pending_xref:
    inline = nodes.inline("", "", *words(text), classes=["std", "std-ref"])
    place = {"refdomain": domain, "reftype": kind, "reftarget": target, "refexplicit": True}
    return addnodes.pending_xref("", inline, **place, refwarn=must, optional=not must)


WORD = {"ill_typed": "ill-typed"}
EVERY = ("every T", "every size")


def _statement(formula: Formula) -> nodes.math_block:
    text = statement_latex(formula.record)
    return nodes.math_block(text, text, eqno=formula.number)


def _legend(record: Derivation) -> Iterator[nodes.Node]:
    """The arrays that a derivation names, as its model has them."""
    known = record.model.arrays if record.model else {}
    named = (replace(v, step=None) for term in record.chain for v in variables(term))
    shown = {v.name: known.get(v.name, v) for v in named}
    if shown:
        yield legend(shown.values(), record.model)


def legend(arrays: Iterable[Var], model: Model | None) -> nodes.bullet_list:
    """What every symbol is: its set, its shape in the worked example, its role."""
    by_subscript = model is not None and model.subscript_time
    items = nodes.bullet_list("", classes=["legend"])
    for var in arrays:
        axes = r" \times ".join(axis.name for axis in var.axes)
        real = rf"\mathbb{{R}}^{{{axes}}}" if axes else r"\mathbb{R}"
        symbol = mathematics(rf"{latex(var[t] if var.sequence else var, by_subscript)} \in {real}")
        here = "×".join(str(axis.size) for axis in var.axes)
        about = f"{role(var, model)} ({here})" if here else role(var, model)
        items += nodes.list_item("", nodes.paragraph("", "", symbol, nodes.Text(f"  {about}")))
    return items


def sourced(line: str) -> Iterator[nodes.Node]:
    """Where a formula stands; `(text 000)` leads to what the audit says of that text."""
    for place, part in enumerate(re.split(r"\((text \d+)\)", line)):
        if place % 2 == 0:
            yield from words(part)
        else:
            yield from (nodes.Text("("), audited(part), nodes.Text(")"))


def audited(text: str) -> addnodes.pending_xref:
    """`text 000`, which leads to what the audit says of it where the pages have an audit."""
    return _to("std", "ref", text.replace(" ", "-"), text, must=False)


def _refutation(formula: Formula) -> Iterator[nodes.Node]:
    """The counterexample or the two shapes, and where the right formula stands."""
    record, verdict = formula.record, formula.judged.verdict
    if isinstance(verdict, Refuted) and verdict.counterexample:
        lines = list(report.counterexample(record, verdict.counterexample))
        values = lines.index("  where")
        yield _verbatim(lines[:values])
        yield fold(
            "At these exact values", _verbatim(dedent("\n".join(lines[values + 1 :])).splitlines()), printed=True
        )
    if isinstance(verdict, IllTyped):
        yield _line("", nodes.Text(f"It has no meaning, whatever the values: {verdict.message}."))
    if record.repair:
        yield _line("Repair: ", reference(record.repair, record.repair, must=False))


def _verbatim(lines: list[str]) -> nodes.literal_block:
    text = "\n".join(lines)
    return nodes.literal_block(text, text, language="text", classes=["session"])


def _chain(formula: Formula) -> Iterator[nodes.Node]:
    """The first term, then each equality with its justification; what fails is marked ≠."""
    record, verdict = formula.record, formula.judged.verdict
    wrong = verdict.counterexample.equality if isinstance(verdict, Refuted) and verdict.counterexample else 0
    terms = [latex(term, record.model is not None and record.model.subscript_time) for term in record.chain]
    yield nodes.math_block(terms[0], terms[0], classes=["first"])
    steps = nodes.enumerated_list("", enumtype="arabic", prefix="", suffix=".", classes=["steps"])
    for number, (reason, term) in enumerate(zip(record.reasons, terms[1:], strict=True), 1):
        mark, why = (r"\ne", "fails: ") if number == wrong else ("=", "")
        line = f"{mark} {term}"
        steps += nodes.list_item("", _line(why, *words(reason)), nodes.math_block(line, line))
    yield steps


def _document(text: str) -> Iterator[nodes.Node]:
    for tex, display in paragraphs(text):
        yield nodes.math_block(tex, tex) if display else nodes.paragraph("", "", *_running(tex))


def _running(tex: str) -> Iterator[nodes.Node]:
    """LaTeX's running text as the page's own, which breaks its lines; what only LaTeX can set stays mathematics."""
    for place, part in enumerate(re.split(r"(\$[^$]*\$|[^\s$]*\\[^\s$]*)", tex)):
        if place % 2 == 0:
            yield nodes.Text(part)
        else:
            yield mathematics(part.strip("$") if part.startswith("$") else rf"\text{{{part}}}")


def _facts(judged: Judged) -> nodes.field_list:
    verdict: Verdict = judged.verdict
    facts = {
        "verdict": verdict.name,
        "scope": verdict.scope,
        "judged at": ", ".join(f"{axis} = {n}" for axis, n in verdict.sizes.items()),
        "method": report.method(verdict),
        **report.reasons(verdict),
        "seconds": f"{verdict.seconds:.3f}",
    }
    fields = (
        nodes.field("", nodes.field_name("", name), nodes.field_body("", nodes.paragraph("", fact)))
        for name, fact in facts.items()
        if fact
    )
    return nodes.field_list("", *fields)


def table(head: list[str], rows: Sequence[tuple[nodes.Node | str, ...]], classes: list[str]) -> nodes.table:
    """A table of texts and nodes."""

    def row(cells: tuple[nodes.Node | str, ...]) -> nodes.row:
        wrapped = (nodes.paragraph("", "", nodes.Text(cell) if isinstance(cell, str) else cell) for cell in cells)
        return nodes.row("", *(nodes.entry("", each) for each in wrapped))

    columns = (nodes.colspec(colwidth=1) for _ in head)
    group = nodes.tgroup(
        "", *columns, nodes.thead("", row(tuple(head))), nodes.tbody("", *map(row, rows)), cols=len(head)
    )
    return nodes.table("", group, classes=classes)


def fold(summary: str, *children: nodes.Node, printed: bool = False) -> folded:
    return folded("", *children, summary=summary, printed=printed)


def _line(lead: str, *children: nodes.Node) -> nodes.paragraph:
    return nodes.paragraph("", "", *([nodes.Text(lead)] if lead else []), *children)


def words(line: str) -> Iterator[nodes.Node]:
    """A line of prose, its words of mathematics typeset: `Σ_k y_k = 1`."""
    for word in re.split(r"(\s+)", line):
        if found := re.fullmatch(r"([(\[]?)\$(.*)\$([^$]*)", prose(word)):
            before, tex, after = found.groups()
            yield from (nodes.Text(before), mathematics(tex), nodes.Text(after))
        else:
            yield nodes.Text(word)


def mathematics(tex: str) -> nodes.math:
    return nodes.math(tex, tex)


def _count(n: int, one: str, many: str) -> str:
    return f"{n} {one if n == 1 else many}"
