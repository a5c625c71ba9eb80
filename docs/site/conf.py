"""How Sphinx builds the book; `gradproof docs` calls it after a proof run."""

from importlib.metadata import version as version_of

project = "gradproof"
author = "the gradproof authors"
release = version = version_of("gradproof")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton", "gradproof.site"]
nitpicky = True
nitpick_ignore_regex = [("py:.*", ".*")]  # types in signatures, of which most are not the interface
exclude_patterns = ["examples"]
default_role = "code"  # what docstrings quote is code
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
smartquotes_action = "qe"  # quotes and ellipses; of `--help` two hyphens stay

html_theme = "furo"
html_title = "gradproof: verified gradients of recurrent networks"
html_show_sphinx = html_show_copyright = False
html_copy_source = False
html_show_search_summary = False  # fetching pages for it is not allowed from file://

myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
myst_links_external_new_tab = False
copybutton_prompt_text = "$ "


def setup(app):
    """Signatures that Sphinx can parse, and the package's docstring only where the source is read."""
    app.connect("autodoc-process-signature", _parsable)
    app.connect("autodoc-process-docstring", _without_the_package)


def _parsable(app, what, name, obj, options, signature, result):
    return signature and signature.replace("<factory>", "..."), result


def _without_the_package(app, what, name, obj, options, lines):
    if what == "module":
        lines.clear()
