"""`gradproof docs`: what it answers, and what it never leaves half-written."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

from gradproof import request
from gradproof.cli import main
from gradproof.site import build, printed
from symbolic.derivations import catalogue


@pytest.fixture
def docs(kept, site, monkeypatch):
    """The command, with the verdicts of the session's build."""
    monkeypatch.setattr(build, "default_kept", lambda: kept)
    return lambda *arguments: CliRunner().invoke(main, ["docs", *map(str, arguments)])


def test_unchanged_proofs_are_kept_and_an_earlier_site_is_replaced(tmp_path, docs, site):
    out = tmp_path / "book"
    shutil.copytree(site, out)
    (out / "left-over.html").write_text("of an earlier build")
    result = docs("--out", out)
    assert result.exit_code == 0, result.output
    claims = f"{len(catalogue())} claims of the catalogue and 1 of its own, 0 of them judged now"
    assert f": {claims}; 5 documents, 0 of them judged now; " in result.stdout
    assert not (out / "left-over.html").exists()
    assert (out / "formulas" / "60-lstm.html").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["book"]


def test_a_broken_formula_is_explained_and_nothing_is_built(tmp_path, docs, monkeypatch):
    records = [broken(record) if record.id == "lstm.dc" else record for record in catalogue()]
    monkeypatch.setattr(request, "known", lambda: records)
    result = docs("--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "lstm.dc: refuted (expected proved)\ncounterexample: equality " in result.stdout
    assert result.stderr == "gradproof: the site is not built\n"
    assert not (tmp_path / "out").exists()


def broken(record):
    """The same record with the last equality wrong."""
    return replace(record, chain=(*record.chain[:-1], -record.chain[-1]))


def test_a_folder_that_is_no_site_is_not_touched(tmp_path, docs):
    (tmp_path / "thesis.tex").write_text("mine")
    result = docs("--out", tmp_path)
    assert (result.exit_code, result.stderr) == (
        2,
        f"gradproof: cannot write {tmp_path}: it holds something that is not a site of gradproof; name another --out\n",
    )
    assert (tmp_path / "thesis.tex").read_text() == "mine"


def test_a_file_in_the_way_is_not_touched(tmp_path, docs):
    out = tmp_path / "out"
    out.write_text("mine")
    result = docs("--out", out)
    assert (result.exit_code, result.stderr) == (2, f"gradproof: cannot write {out}: it is not a folder\n")


def test_folders_that_cannot_be_written_are_named_before_anything_is_proved(tmp_path, docs, monkeypatch):
    monkeypatch.setattr(build, "prove_all", None)  # to be called is to fail
    (tmp_path / "file").touch()
    out = tmp_path / "file" / "out"
    result = docs("--out", out)
    line = f"gradproof: cannot write {out}: Not a directory; name another --out\n"
    assert (result.exit_code, result.stderr) == (2, line)

    kept = tmp_path / "file" / "gradproof" / "docs.pickle"
    monkeypatch.setattr(build, "default_kept", lambda: kept)
    result = docs("--out", tmp_path / "out")
    line = f"cannot keep the verdicts in {kept}: Not a directory; name another folder in XDG_CACHE_HOME"
    assert (result.exit_code, result.stderr) == (2, f"gradproof: {line}\n")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_without_a_browser_no_pdf_is_promised(tmp_path, docs, monkeypatch):
    monkeypatch.setattr(printed, "BROWSERS", ("no-such-browser",))
    result = docs("--pdf", "--out", tmp_path / "out")
    assert (result.exit_code, result.stderr) == (
        2,
        "gradproof: --pdf needs a Chromium to print with, and none of no-such-browser is installed\n",
    )
    assert not (tmp_path / "out").exists()


def test_a_page_is_printed(tmp_path, chromium):
    page = tmp_path / "page.html"
    page.write_text("<h1>On paper</h1>")
    printed.print_page(page, tmp_path / "page.pdf")
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")


def test_on_paper_a_wide_formula_is_set_smaller_and_derivations_are_unfolded(tmp_path, chromium):
    wide = " + ".join(f"x_{{{n}}}" for n in range(40))
    (tmp_path / "index.md").write_text(f"# Page\n\n$$ {wide} $$\n\n$$ x $$\n\n```{{formula}} softmax.loss\n```\n")
    settings = {"extensions": ["myst_parser", "gradproof.site"], "myst_enable_extensions": ["dollarmath"]}

    def widths(tags):
        out = tmp_path / "-".join(["out", *tags])
        with docutils_namespace():
            Sphinx(tmp_path, None, out, tmp_path / "doctrees", "html", settings, None, tags=tags, freshenv=True).build()
        page = chromium.new_page(viewport={"width": 680, "height": 900})
        page.goto((out / "index.html").as_uri())
        page.emulate_media(media="print")
        assert page.locator("details[open]").count() == len(tags)
        found = page.locator("div.math math").evaluate_all("all => all.map(each => each.getBoundingClientRect().width)")
        page.close()
        return found

    on_screen, on_paper = widths([]), widths(["print"])
    assert on_screen[0] > 680 > on_paper[0] > 500
    assert max(on_paper) < 680
    assert on_paper[1] == on_screen[1]


def test_a_browser_that_does_not_end_is_ended_with_all_that_it_started(tmp_path, monkeypatch):
    browser = tmp_path / "browser"
    browser.write_text(f"#!/bin/sh\nsleep 600 & echo $! > {tmp_path}/started\nwait\n")
    browser.chmod(0o755)
    monkeypatch.setattr(printed, "BROWSERS", (str(browser),))
    monkeypatch.setattr(printed, "SECONDS", 2)
    with pytest.raises(request.BadRequest, match=r"browser did not print the book within 2 s$"):
        printed.print_page(tmp_path / "page.html", tmp_path / "page.pdf")
    started = Path(f"/proc/{(tmp_path / 'started').read_text().strip()}/stat")
    assert not started.exists() or started.read_text().split()[2] == "Z"


def test_what_a_browser_complains_of_is_handed_on(tmp_path, monkeypatch):
    browser = tmp_path / "browser"
    browser.write_text("#!/bin/sh\necho no display >&2\nexit 3\n")
    browser.chmod(0o755)
    monkeypatch.setattr(printed, "BROWSERS", (str(browser),))
    with pytest.raises(request.BadRequest, match=r"browser did not print the book: no display$"):
        printed.print_page(tmp_path / "page.html", tmp_path / "page.pdf")


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_a_standalone_document_compiles(tmp_path):
    document = tmp_path / "lstm.tex"
    arguments = ["latex", "lstm.dc", "errata.lstm-h-without-transposes", "--steps", "--entries", "--standalone"]
    assert CliRunner().invoke(main, [*arguments, "--out", str(document)]).exit_code == 0
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", document.name]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-2000:]
