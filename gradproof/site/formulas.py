"""`{formula}` and `{proof}`: what a page says of records.

In:  ids, prefixes or globs, as lines of a directive; an id, as a role.
Out: a section for each record, or a link; ExtensionError where this run has not its verdict.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from functools import cache
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.builders import Builder
from sphinx.config import Config
from sphinx.domains import Domain, ObjType
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective, SphinxRole
from sphinx.util.nodes import make_refnode

from gradproof import check_run
from gradproof.claims import BadClaims, load
from gradproof.request import BadRequest
from gradproof.site import page
from gradproof.site.verdicts import NoVerdict, Run, prove_all, read
from symbolic.derivations import catalogue, chapters
from symbolic.records import Catalogue, Derivation, UnknownId
from symbolic.verdicts import Proved


class FormulaDirective(SphinxDirective):
    """Sections of the catalogue's records; with `:brief:` one record without heading, number or folds."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True
    option_spec = {"brief": lambda argument: True}  # noqa: RUF012 (docutils declares it so)
    own = False

    def run(self) -> list[nodes.Node]:
        chosen = self.select(" ".join([*self.arguments, *self.content]).split())
        if "brief" in self.options:
            return [part for record in chosen for part in page.brief(self.formula(record))]
        sections = [page.section(self.formula(record)) for record in chosen]
        for record, section in zip(chosen, sections, strict=True):
            self.state.document.note_explicit_target(section)
            formulas = self.env.domains[Formulas.name]
            assert isinstance(formulas, Formulas)
            formulas.note(record, "" if self.own else numbers()[record.id])
        return [*sections]

    def select(self, patterns: list[str]) -> list[Derivation]:
        try:
            return self.known().select(patterns)
        except UnknownId as error:
            raise ExtensionError(f"{self.get_location()}: {error}") from None

    def formula(self, record: Derivation) -> page.Formula:
        run = this_run(self.config)
        try:
            judged = run.judged(record, self.own)
        except NoVerdict as error:
            raise ExtensionError(f"{self.get_location()}: {error}") from None
        return page.Formula(judged, "" if self.own else numbers()[record.id], run.source(record))

    def known(self) -> Catalogue:
        return catalogue()


class ProofDirective(FormulaDirective):
    """The same for a person's own claims."""

    own = True

    def known(self) -> Catalogue:
        return own_claims(self.config, Path(self.env.srcdir))


class Formulas(Domain):
    """Where each formula stands, by its anchor: search finds what a domain lists, by its title, and leads there.

    Links to formulas keep the mathematics of their text, which Sphinx's own would flatten.
    """

    name = "gradproof"
    label = "gradproof"
    object_types = {"formula": ObjType("formula")}  # noqa: RUF012 (Sphinx declares it so)
    data_version = 1
    initial_data = {"places": {}}  # noqa: RUF012

    def get_objects(self) -> Iterator[tuple[str, str, str, str, str, int]]:
        for anchor, (title, priority, docname) in self.data["places"].items():
            yield title, title, "formula", docname, anchor, priority

    def note(self, record: Derivation, number: str) -> None:
        """The page that is read has this formula; what a chapter is about is found before misprints and variants."""
        title = f"{number} {record.title or record.id}".strip().replace("'", "’")  # Sphinx escapes ' for its script
        priority = 0 if record.id in main() or not number else 1
        self.data["places"][page.anchor(record.id)] = title, priority, self.env.docname

    def resolve_xref(
        self,
        env: object,
        fromdocname: str,
        builder: Builder,
        typ: str,
        target: str,
        node: object,
        contnode: nodes.Element,
    ) -> nodes.reference | None:
        """A link to the formula whose anchor is the target."""
        if target not in self.data["places"]:
            return None
        *_, docname = self.data["places"][target]
        return make_refnode(builder, fromdocname, docname, target, contnode)

    def clear_doc(self, docname: str) -> None:
        places = self.data["places"]
        self.data["places"] = {anchor: place for anchor, place in places.items() if place[-1] != docname}

    def merge_domaindata(self, docnames: Set[str], otherdata: dict[str, Any]) -> None:
        places = otherdata["places"]
        self.data["places"] |= {anchor: place for anchor, place in places.items() if place[-1] in docnames}

    def resolve_any_xref(self, *_: object) -> list[tuple[str, nodes.reference]]:
        return []  # formulas are referred to by `{formula}`


class TallyDirective(SphinxDirective):
    """A table of the chapters: how many of its records are proved, how many refuted, in what time."""

    def run(self) -> list[nodes.Node]:
        lead = [page.reference(chapter.DERIVATIONS[0].id, chapter.CHAPTER[1]) for chapter in chapters()]
        rows = [self.row(title, chapter.DERIVATIONS) for title, chapter in zip(lead, chapters(), strict=True)]
        rows.append(self.row("all", [record for chapter in chapters() for record in chapter.DERIVATIONS]))
        return [page.table(["chapter", "proved", "refuted or ill-typed", "seconds"], rows, classes=["tally"])]

    def row(self, title: nodes.Node | str, records: Sequence[Derivation]) -> tuple[nodes.Node | str, ...]:
        verdicts = [this_run(self.config).judged(record).verdict for record in records]
        proved = sum(isinstance(verdict, Proved) for verdict in verdicts)
        seconds = sum(verdict.seconds for verdict in verdicts)
        return title, str(proved), str(len(verdicts) - proved), f"{seconds:.1f}"


class MisprintsDirective(SphinxDirective):
    """Links to the catalogue's misprints of a text, the one whose name their sources hold: `{misprints} text 000`."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        (text,) = self.arguments
        chosen = [each for each in catalogue() if each.expected != "proved" and f"({text})" in each.source]
        if not chosen:
            raise ExtensionError(f"{self.get_location()}: no misprint of the catalogue is from {text}")
        return [nodes.bullet_list("", *(nodes.list_item("", self.link(record)) for record in chosen))]

    def link(self, record: Derivation) -> nodes.paragraph:
        verdict = this_run(self.config).judged(record).verdict
        link = page.reference(record.id, f"{numbers()[record.id]} {record.title}")
        return nodes.paragraph("", "", link, nodes.Text(f" ({page.WORD.get(verdict.name, verdict.name)})"))


class FormulaRole(SphinxRole):
    """A link to a formula of the catalogue, by its number."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        number = numbers().get(self.text)
        if number is None:
            raise ExtensionError(f"{self.get_location()}: no formula has the id {self.text}")
        return [page.reference(self.text, f"({number})")], []


@cache
def numbers() -> dict[str, str]:
    """`6.12` by id: the chapter's number and the place in the chapter."""
    return {
        record.id: f"{chapter.CHAPTER[0]}.{place}"
        for chapter in chapters()
        for place, record in enumerate(chapter.DERIVATIONS, 1)
    }


@cache
def main() -> frozenset[str]:
    """The ids of what is proved of the model that a chapter begins with."""
    return frozenset(
        record.id
        for chapter in chapters()
        for record in chapter.DERIVATIONS
        if record.expected == "proved" and record.model == chapter.DERIVATIONS[0].model
    )


def own_claims(config: Config, folder: Path) -> Catalogue:
    """The claims file of the project; ExtensionError where it has none."""
    if not config.gradproof_claims:
        raise ExtensionError("{proof} needs gradproof_claims = 'FILE.py' in conf.py")
    try:
        return load(folder / config.gradproof_claims)
    except BadClaims as error:
        raise ExtensionError(str(error)) from None


def documents(pattern: str, folder: Path) -> list[check_run.Document]:
    """The documents that a pattern finds from a folder on, with their declarations."""
    try:
        return check_run.documents(sorted(path.resolve() for path in folder.glob(pattern)) if pattern else [])
    except BadRequest as error:
        raise ExtensionError(str(error)) from None


def this_run(config: Config) -> Run:
    """The run that this build is made from."""
    return _read(Path(config.gradproof_verdicts))


_read = cache(read)


def prove(app: Sphinx) -> None:
    """Without a run to build from, judge the catalogue, the project's own claims and documents, or keep what holds."""
    _read.cache_clear()
    if not app.config.gradproof_verdicts:
        records = list(catalogue())
        if app.config.gradproof_claims:
            records += own_claims(app.config, Path(app.srcdir))
        file = Path(app.doctreedir) / "gradproof.pickle"
        prove_all(records, file, documents(app.config.gradproof_documents, Path(app.srcdir)))
        app.config.gradproof_verdicts = str(file)
