"""Chapters -> a site, from a proof run of that very moment.

In:  the folder of the chapters (docs/site), the folder to write, the file that keeps verdicts.
Out: `build(…)`: the site, all of it or nothing of it; `Unproved` where a record has not its verdict.

The order is: prove, keep the verdicts, let Sphinx make the pages from them, put the result in its
place.  No page of an earlier build is used again: what Sphinx remembers carries no proof.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import SphinxError
from sphinx.util.docutils import docutils_namespace, patch_docutils
from threadpoolctl import threadpool_limits

from gradproof.claims import load
from gradproof.request import BadRequest
from gradproof.run import Judged
from gradproof.site import page, printed
from gradproof.site.formulas import documents
from gradproof.site.verdicts import Run, prove_all
from symbolic.records import Derivation

INSTALLED = Path(__file__).parent / "docs" / "site"
CHECKOUT = Path(__file__).parents[2] / "docs" / "site"
CLAIMS = "examples/right.py"
DOCUMENTS = "../audit/*.txt"
MARK = "searchindex.js"
PDF = "gradproof.pdf"


class Unproved(Exception):
    """Records whose verdict is not the one that they stand for."""

    def __init__(self, judged: Sequence[Judged]) -> None:
        super().__init__(", ".join(each.record.id for each in judged))
        self.judged = judged


@dataclass(frozen=True)
class Site:
    """What was built, and from which run."""

    index: Path
    run: Run


def build(records: Sequence[Derivation], out: Path, kept: Path, pdf: bool = False) -> Site:
    """The site in `out`, with a PDF on request; Unproved or BadRequest, and then `out` is as it was."""
    _refuse_foreign(out)
    _refuse_unwritable(out, f"cannot write {out}", "name another --out")
    _refuse_unwritable(kept, f"cannot keep the verdicts in {kept}", "name another folder in XDG_CACHE_HOME")
    if pdf:
        printed.browser()
    own = list(load(chapters_folder() / CLAIMS))
    run = prove_all([*records, *own], kept, documents(DOCUMENTS, chapters_folder()))
    judged = [Judged(record, run.of(record)) for record in records]
    judged += [Judged(record, run.of(record), own=True) for record in own]
    if wrong := [each for each in judged if not each.is_expected]:
        raise Unproved(wrong)
    with tempfile.TemporaryDirectory(prefix="gradproof-") as scratch:
        made = Path(scratch) / "site"
        _sphinx(made, records, kept, "html")
        if pdf:  # from the pages that were read for the screen: what they ran and measured is one thing
            _sphinx(Path(scratch) / "paper", records, kept, "singlehtml")
            printed.print_page(Path(scratch) / "paper" / "index.html", made / PDF)
        _replace(made, out)
    return Site(out / "index.html", run)


def default_kept() -> Path:
    """The file that keeps the verdicts of the last build."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "gradproof" / "docs.pickle"


def chapters_folder() -> Path:
    """The chapters beside the package in a checkout, else those installed with it."""
    return CHECKOUT if CHECKOUT.is_dir() else INSTALLED


def _sphinx(out: Path, records: Sequence[Derivation], kept: Path, builder: str) -> None:
    """Run Sphinx with every warning an error; every record that was judged must stand on some page."""
    try:
        shown = _shown(out, kept, builder)
    except SphinxError as error:
        raise BadRequest(f"the site is not built: {error}") from None
    if missing := [record.id for record in records if page.label(record.id).lower() not in shown]:
        raise BadRequest(f"no page shows {', '.join(missing)}; name it in a {{formula}} of {chapters_folder()}")


def _shown(out: Path, kept: Path, builder: str) -> set[str]:
    """The labels that the pages have.

    One process reads and writes: Sphinx waits for ever for one of several that was killed, and each starts anew
    with what formulas have in common.  Threads of BLAS would only wait for each other on pictures' small matrices.
    """
    source = chapters_folder()
    settings = {"gradproof_verdicts": str(kept), "gradproof_claims": CLAIMS, "gradproof_documents": DOCUMENTS}
    with threadpool_limits(1), patch_docutils(source), docutils_namespace():
        app = Sphinx(
            source,
            source,
            out,
            out.with_name("doctrees"),
            builder,
            confoverrides=settings,
            status=None,
            warningiserror=True,
            tags=["print"] if builder == "singlehtml" else [],
        )
        app.build(force_all=True)
    if app.statuscode:
        raise BadRequest("the site has warnings (above), and is not written")
    return set(app.env.domains.standard_domain.labels)


def _refuse_foreign(out: Path) -> None:
    """Only an empty folder or an earlier site is written over."""
    if out.exists() and not out.is_dir():
        raise BadRequest(f"cannot write {out}: it is not a folder")
    if out.is_dir() and any(out.iterdir()) and not (out / MARK).exists():
        raise BadRequest(f"cannot write {out}: it holds something that is not a site of gradproof; name another --out")


def _refuse_unwritable(path: Path, what: str, instead: str) -> None:
    """The nearest folder above that exists takes something new: known before anything is proved."""
    above = next(folder for folder in path.resolve().parents if folder.exists())
    try:
        with tempfile.TemporaryDirectory(dir=above):
            pass
    except OSError as error:
        raise BadRequest(f"{what}: {error.strerror}; {instead}") from None


def _replace(made: Path, out: Path) -> None:
    target = out.resolve()
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(made, beside)
        if target.exists():
            shutil.rmtree(target)
        beside.rename(target)
    except OSError as error:
        raise BadRequest(f"cannot write {out}: {error.strerror}") from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)
