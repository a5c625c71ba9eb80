"""A page shows a formula only with a verdict that holds now."""

from __future__ import annotations

import ast
import importlib.util
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from sphinx.errors import ExtensionError, SphinxError

from gradproof.request import BadRequest
from gradproof.site import build, parts, verdicts
from gradproof.site.formulas import documents
from gradproof.site.verdicts import NoVerdict, Run, prove_all, read
from numeric import derivation_source
from numeric.source import numpy_source
from symbolic.derivations import catalogue

STATEMENTS = tuple(f"symbolic.{name}" for name in verdicts.STATED)
CLAIM = """from gradproof import *
x = scalar("x")
own = derivation("own", "Mine", d(x * x, x), ("power rule", {} * x), source="my notes")
"""
NOTES = r"""By the output gate $d o_t = \tanh(c_t) \odot d h_t$, and by the forget gate
$$ d f_t = c_t \odot d c_t $$ where $\ourown_t = 1$.
"""
DECLARED = "model lstm\nread d as gradient\n"
DECIDED = "1:21 proved\n2:4 refuted repaired\n2:38 unread\n"
RECORDS = catalogue().select(["activations"])


def broken(record):
    """The same record with another closed form, which is wrong."""
    return replace(record, chain=(*record.chain[:-1], record.chain[-1] + 1))


def test_unchanged_proofs_are_not_run_again(tmp_path):
    file = tmp_path / "run.pickle"
    assert prove_all(RECORDS, file).proved_now == len(RECORDS)
    again = prove_all(RECORDS, file)
    assert again.proved_now == 0
    assert again.source(RECORDS[0]) == read(file).source(RECORDS[0]) != ""


def test_a_function_is_made_from_the_verdict_of_the_run(tmp_path, monkeypatch):
    """The same text as from a proof of its own; only what is multiplied in another order is proved once more."""
    records = catalogue().select(["activations", "bptt"])
    alone = [numpy_source(record) for record in records if record.expected == "proved"]
    again = []
    proof = derivation_source.proved
    monkeypatch.setattr(derivation_source, "proved", lambda record: again.append(record.reasons[-1]) or proof(record))
    run = prove_all(records, tmp_path / "run.pickle")
    assert [run.source(record) for record in records if record.expected == "proved"] == alone
    assert set(again) <= {"vectors first"}
    assert len(again) < 5 < len(alone)


def test_a_broken_formula_is_judged_again_and_its_old_verdict_is_not_shown(tmp_path):
    file = tmp_path / "run.pickle"
    before = prove_all(RECORDS, file)
    wrong = broken(RECORDS[0])
    with pytest.raises(NoVerdict, match="this run has no verdict on the formula as it stands now"):
        before.judged(wrong)
    after = prove_all([wrong, *RECORDS[1:]], file)
    assert after.proved_now == 1
    with pytest.raises(NoVerdict, match=r"activations.sigmoid is refuted \(expected proved\)"):
        after.judged(wrong)


def test_other_code_or_another_library_makes_every_verdict_stale(tmp_path, monkeypatch):
    file = tmp_path / "run.pickle"
    prove_all(RECORDS[:1], file)
    for name, change in (("_code", lambda package, without: "other"), ("version", lambda name: "0.0")):
        with monkeypatch.context() as patch:
            patch.setattr(verdicts, name, change)
            verdicts.key.cache_clear()
            with pytest.raises(NoVerdict):
                read(file).judged(RECORDS[0])
        verdicts.key.cache_clear()
    assert read(file).judged(RECORDS[0]).is_expected


@pytest.fixture
def notes(tmp_path):
    """A document with its declarations, and what was decided on."""
    for ending, text in (("txt", NOTES), ("check", DECLARED), ("verdicts", DECIDED)):
        (tmp_path / f"mine.{ending}").write_text(text)
    return lambda: documents("*.txt", tmp_path)


def test_an_unchanged_document_is_not_judged_again_and_a_changed_one_has_no_findings(tmp_path, notes, monkeypatch):
    file = tmp_path / "run.pickle"
    before = prove_all([], file, notes())
    assert (before.read_now, prove_all([], file, notes()).read_now) == (1, 0)
    assert read(file).on(*notes()) == before.on(*notes())
    for name, change in (("_code", lambda package, without: "other"), ("version", lambda name: "0.0")):
        with monkeypatch.context() as patch:
            patch.setattr(verdicts, name, change)
            with pytest.raises(NoVerdict):
                before.on(*notes())
    for ending, text in (("txt", NOTES.replace("c_t", "c_{t-1}")), ("check", DECLARED + "read beside as hadamard\n")):
        (tmp_path / f"mine.{ending}").write_text(text)
        with pytest.raises(NoVerdict, match=r"mine\.txt: this run has not judged the document as it stands now"):
            read(file).on(*notes())
        assert prove_all([], file, notes()).read_now == 1


def test_what_is_not_as_it_was_decided_stops_the_build_and_is_judged_again(tmp_path, notes):
    file = tmp_path / "run.pickle"
    prove_all([], file, notes())
    (tmp_path / "mine.verdicts").write_text(DECIDED.replace("2:4 refuted repaired", "2:4 proved"))
    with pytest.raises(ExtensionError, match=r"mine\.txt:2:4 is refuted repaired \(decided: proved\)"):
        sphinx(tmp_path, "```{audit} mine.txt\n```", gradproof_verdicts=str(file))
    assert prove_all([], file, notes()).read_now == 1


def test_a_page_shows_what_was_found_in_a_document(tmp_path, notes):
    settings = {"gradproof_verdicts": str(tmp_path / "run.pickle"), "gradproof_documents": "*.txt"}
    prove_all([], tmp_path / "run.pickle", notes())
    html = re.sub("</?span[^>]*>", "", sphinx(tmp_path, "```{audits}\n```\n\n```{audit} mine.txt\n```", **settings))
    wrong, right = html.split("Proved, or defined as it should be: 1")
    assert re.findall("<td><p>(.*?)</p></td>", wrong)[-6:] == ["all", "3", "1", "1", "1", "0"]
    for said in ('href="#text-mine-2-4"', "fails at", "grad(c[t])", r"\ourown_t = 1", "cannot read"):
        assert said in wrong
    assert "tanh(c[t]) * grad(h[t])" in right
    assert (wrong.count("<math"), right.count("<math")) == (
        2,
        1,
    )  # formula and repair; what KaTeX does not take is quoted
    with pytest.raises(ExtensionError, match=r"there is no file other\.txt"):
        sphinx(tmp_path, "```{audit} other.txt\n```", **settings)


def test_a_file_that_cannot_be_read_is_no_verdict(tmp_path):
    file = tmp_path / "run.pickle"
    file.write_bytes(b"torn")
    assert read(file) == Run({}, {})
    assert prove_all(RECORDS[:1], file).proved_now == 1


def test_a_broken_formula_fails_the_build_and_leaves_the_site_as_it_was(tmp_path, kept, site):
    out = tmp_path / "site"
    out.mkdir()
    records = [broken(record) if record.id == "lstm.dc" else record for record in catalogue()]
    with pytest.raises(build.Unproved, match=r"^lstm\.dc$"):
        build.build(records, out, kept)
    assert list(out.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda record: None, "this run has no verdict"),
        (lambda record: replace(record, title="Another"), "this run has no verdict"),
        (lambda record: broken(record), "no verdict"),
    ],
)
def test_sphinx_stops_at_a_formula_without_a_verdict_of_this_run(tmp_path, change, said):
    """The page asks for the catalogue's record; the run judged none, or another one under its id."""
    asked = catalogue()["activations.tanh"]
    judged = change(asked)
    file = tmp_path / "run.pickle"
    prove_all([judged] if judged else [], file)
    with pytest.raises(ExtensionError, match=said):
        sphinx(tmp_path, "```{formula} activations.tanh\n```", gradproof_verdicts=str(file))


def test_a_persons_own_project_shows_its_proofs_and_documents_and_stops_at_a_wrong_one(tmp_path, notes):
    (tmp_path / "claims.py").write_text(CLAIM.format(2))
    page = "```{proof} own\n```\n\n```{audit} mine.txt\n```"
    html = sphinx(tmp_path, page, gradproof_claims="claims.py", gradproof_documents="*.txt")
    assert "badge proved" in html
    assert "Mine" in html
    assert "badge refuted" in html
    (tmp_path / "claims.py").write_text(CLAIM.format(3))
    with pytest.raises(ExtensionError, match=r"own is refuted \(expected proved\)"):
        sphinx(tmp_path, "```{proof} own\n```", gradproof_claims="claims.py")


def test_a_persons_own_project_may_show_a_formula_of_the_book_whose_pages_it_does_not_have(tmp_path):
    """`sphinx` makes every warning an error: one of a link that leads nowhere would be one."""
    html = sphinx(
        tmp_path,
        "```{formula} activations.tanh\n:brief:\n```\n\n```{formula} errata.softmax-without-exp\n```",
        nitpicky=True,
    )
    assert "badge proved" in html
    assert "badge refuted" in html
    assert "Repair: <span" in html
    assert '(<span class="std std-ref">text 004</span>)' in html


def test_a_closed_form_that_has_no_function_is_shown_without_one(tmp_path):
    (tmp_path / "claims.py").write_text(CLAIM.replace("{} * x", "x * d(exp(x) * exp(-x) + 2 * x, x)"))
    html = sphinx(tmp_path, "```{proof} own\n```", gradproof_claims="claims.py")
    assert "badge proved" in html
    assert "NumPy function" not in html


def test_what_judges_reads_no_statement_but_the_claim():
    """Verdicts are kept by claim and by the code of `symbolic` without its statements; so it must not read them.

    Findings on a document are kept by the code of `symbolic` with its models, which declarations name.
    """
    judging = read_by("symbolic.prove")
    assert {"symbolic.normal_form", "symbolic.differentiate", "symbolic.second_opinion.tape"} <= judging
    assert {name for name in judging if name.startswith(STATEMENTS)} == set()
    reading = read_by("symbolic.reader.document")
    assert {
        name for name in reading if name.startswith(tuple(f"symbolic.{name}" for name in verdicts.CLAIMED))
    } == set()
    assert {name for name in reading if name.startswith(STATEMENTS)} != set()
    assert {name for name in read_by("symbolic.derivations.lstm") if name.startswith(STATEMENTS)} != set()


def read_by(module):
    """Every module of `symbolic` that a module imports, by whatever way and wherever the statement stands."""
    found, waiting = set(), {module}
    while waiting:
        name = waiting.pop()
        found.add(name)
        tree = ast.parse(Path(importlib.util.find_spec(name).origin).read_text("utf-8"))
        froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        named = {node.module for node in froms} | {
            f"{node.module}.{each.name}" for node in froms for each in node.names
        }
        modules = {each for each in named if each.startswith("symbolic.") and is_module(each)}
        waiting |= modules - found
    return found


def is_module(name):
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def test_a_formula_that_no_page_shows_fails_the_build(tmp_path, monkeypatch):
    chapters = tmp_path / "chapters"
    shutil.copytree(build.CHECKOUT / "examples", chapters / "examples")
    shutil.copy(build.CHECKOUT / "conf.py", chapters)
    (chapters / "index.md").write_text("# Page\n\n```{formula} activations.tanh activations.sigmoid\n```\n")
    monkeypatch.setattr(build, "CHECKOUT", chapters)
    with pytest.raises(BadRequest, match=r"^no page shows activations\.sigmoid-of-minus, "):
        build.build(RECORDS, tmp_path / "out", tmp_path / "run.pickle")
    assert not (tmp_path / "out").exists()
    build.build([RECORDS[0], RECORDS[3]], tmp_path / "out", tmp_path / "run.pickle")
    assert (tmp_path / "out" / "index.html").is_file()


def test_an_unknown_id_and_mathematics_that_does_not_parse_stop_the_build(tmp_path, kept, site):
    with pytest.raises(ExtensionError, match=r"no derivation has the id activations\.tanx"):
        sphinx(tmp_path, "```{formula} activations.tanx\n```", gradproof_verdicts=str(kept))
    with pytest.raises(ExtensionError, match="no misprint of the catalogue is from text 999"):
        sphinx(tmp_path, "```{misprints} text 999\n```", gradproof_verdicts=str(kept))
    with pytest.raises(SphinxError, match="KaTeX parse error"):
        sphinx(tmp_path, r"$\frac{a}$", gradproof_verdicts=str(kept))


@pytest.mark.parametrize(
    ("session", "said"),
    [
        ("$ gradproof verify no.such-id", r"\$ gradproof verify no\.such-id ends with 2: "),
        ("$ gradproof --version", r"\$ gradproof --version does not end within 0\.01 s"),
    ],
)
def test_a_command_of_a_page_that_fails_or_does_not_end_stops_the_build(tmp_path, monkeypatch, session, said):
    if "within" in said:
        monkeypatch.setattr(parts, "SECONDS", 0.01)
    with pytest.raises(ExtensionError, match=said):
        sphinx(tmp_path, f"```{{session}}\n{session}\n```", gradproof_verdicts=str(tmp_path / "none.pickle"))


def sphinx(folder, page, **settings):
    """The HTML of a project of one page."""
    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace

    (folder / "index.md").write_text(f"# Page\n\n{page}\n")
    overrides = {"extensions": ["myst_parser", "gradproof.site"], "myst_enable_extensions": ["dollarmath"], **settings}
    with docutils_namespace():
        app = Sphinx(
            folder, None, folder / "out", folder / "doctrees", "html", overrides, status=None, freshenv=True,
            warningiserror=True,
        )  # fmt: skip
        app.build(force_all=True)
    return (folder / "out" / "index.html").read_text()
