"""The book of verified formulas, and the Sphinx extension that it is made with.

In:  `extensions = ["myst_parser", "gradproof.site"]` in a `conf.py`, a person's own or docs/site/conf.py.
Out: pages that show a formula only with the verdict of the run that built them.
`verdicts` proves and keeps, `page` makes a formula's part of a page, `mathml` its mathematics,
`extension` the directives and roles, `build` the whole site.
"""

from __future__ import annotations

from typing import Any


def setup(app: Any) -> dict[str, Any]:
    """What Sphinx calls; nothing of Sphinx is loaded before."""
    from gradproof.site.extension import setup

    return setup(app)
