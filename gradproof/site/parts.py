"""The other parts of the book: a model, the table of notations, a picture, a session, a fold.

In:  `{model} rnn`, `{notation}`, `{picture} computation rnn h`, `{session}` with lines `$ gradproof …`,
     `{difference} examples/wrong.py examples/right.py`, `{fold} What is always seen`.
Out: docutils nodes; ExtensionError where a model, a picture or a command is not there or fails.
Everything is made while the page is read: nothing of it is kept in the repository.
To add a picture: add a module to `pictures/`.
"""

from __future__ import annotations

import difflib
import importlib
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from gradproof.site import bounded, page
from gradproof.site.notation import COLUMNS, ROWS
from gradproof.site.pictures import Picture
from symbolic.latex import latex
from symbolic.model import Model
from symbolic.models import models
from symbolic.notation import t

SECONDS = 120


class ModelDirective(SphinxDirective):
    """The equations of a model, with the shapes of its arrays folded away."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        model = self.model(self.arguments[0])
        sides = ((latex(side, model.subscript_time) for side in (eq.left, eq.right)) for eq in model.equations)
        rows = r" \\ ".join(f"{left} &= {right}" for left, right in sides)
        text = rf"\begin{{aligned}} {rows} \end{{aligned}}"
        legend = page.legend(model.arrays.values(), model)
        source = nodes.paragraph("", "", nodes.Text(f"{model.title}. Source: "), *page.sourced(f"{model.source}."))
        return [nodes.math_block(text, text), source, page.fold("Shapes of its arrays", legend)]

    def model(self, name: str) -> Model:
        known = models()
        if name not in known:
            raise ExtensionError(f"{self.get_location()}: there is no model {name}; there are {', '.join(known)}")
        return known[name]


class NotationDirective(SphinxDirective):
    """What each convention calls a thing, with its shape there."""

    def run(self) -> list[nodes.Node]:
        def cell(model: Model, name: str) -> nodes.Node:
            if not name:
                return nodes.Text("–")
            var = model.arrays[name]
            letter = latex(var[t] if var.sequence else var, model.subscript_time)
            shape = r" \times ".join(axis.name for axis in var.axes) or "1"
            return page.mathematics(rf"{letter} \quad ({shape})")

        head = ["", *(title for title, _ in COLUMNS)]
        rows: list[tuple[nodes.Node | str, ...]] = [
            (meaning, *(cell(model, name) for (_, model), name in zip(COLUMNS, names, strict=True)))
            for meaning, *names in ROWS
        ]
        return [page.table(head, rows, classes=["notation"])]


class PictureDirective(SphinxDirective):
    """An SVG that a module of `pictures` draws, with its caption."""

    required_arguments = 1
    optional_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        name, *arguments = " ".join(self.arguments).split()
        try:
            module = importlib.import_module(f"gradproof.site.pictures.{name}")
        except ModuleNotFoundError:
            raise ExtensionError(f"{self.get_location()}: there is no picture {name}") from None
        drawn: Picture = module.draw(*arguments)
        caption = nodes.paragraph("", drawn.caption, classes=["says"])
        drawing = nodes.raw("", f'<div class="drawing">{drawn.svg}</div>', format="html")
        return [nodes.container("", drawing, caption, classes=["picture"])]


class SessionDirective(SphinxDirective):
    """Commands of gradproof, run while the page is read, and what they print.

    Each ends within SECONDS with the exit code that `:exit:` states (0 if it states none), or the build fails.
    They run in the folder of conf.py.  With `:language:` what they print is a block of its own, in that language;
    with `:wide:` its lines are never broken, as those of a table.
    """

    has_content = True
    option_spec = {"exit": int, "language": str, "wide": directives.flag}  # noqa: RUF012 (docutils declares it so)

    def run(self) -> list[nodes.Node]:
        shown = list(self.shown())
        if language := self.options.get("language"):
            return [
                _block(part, kind) for each in shown for part, kind in zip(each, ("console", language), strict=True)
            ]
        block = _block("\n\n".join("\n".join(each) for each in shown), "console")
        if "wide" in self.options:
            block["classes"].append("wide")
        return [block]

    def shown(self) -> Iterator[tuple[str, str]]:
        """Each command and what it prints."""
        for line in self.content:
            if not line.startswith("$ gradproof "):
                raise ExtensionError(f"{self.get_location()}: a session has lines `$ gradproof …`, not {line!r}")
            command = [sys.executable, "-c", RUN, *shlex.split(line)[2:]]
            ran = bounded.run(command, SECONDS, self.env.srcdir)
            if ran is None:
                raise ExtensionError(f"{self.get_location()}: {line} does not end within {SECONDS} s")
            if ran.code != self.options.get("exit", 0):
                raise ExtensionError(f"{self.get_location()}: {line} ends with {ran.code}: {ran.stderr}")
            yield line, f"{ran.stdout}{ran.stderr}".rstrip()


class FoldDirective(SphinxDirective):
    """What a click unfolds: `{fold} The whole report`, around anything."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self) -> list[nodes.Node]:
        return [page.fold(self.arguments[0], *self.parse_content_to_nodes(), printed=True)]


class DifferenceDirective(SphinxDirective):
    """What leads from one file to another, both named from the folder of conf.py."""

    required_arguments = 2

    def run(self) -> list[nodes.Node]:
        names = self.arguments
        before, after = ((Path(self.env.srcdir) / name).read_text("utf-8").splitlines() for name in names)
        lines = difflib.unified_diff(before, after, names[0], names[1], lineterm="")
        return [_block("\n".join(lines), "diff")]


def _block(text: str, language: str) -> nodes.literal_block:
    return nodes.literal_block(text, text, language=language, classes=["session"])


RUN = "from gradproof.cli import main; main(prog_name='gradproof')"
