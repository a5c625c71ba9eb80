"""The arrows of the house plan, read off the import statements."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("symbolic", "numeric", "gradproof")
SOURCES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path.read_text(encoding="utf-8")
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
}
KNOWS_THE_ANSWER = (
    "differentiate",
    "chain_rule",
    "equality",
    "refute",
    "prove",
    "second_opinion",
    "independence",
    "normal_form",
)


def imported(source: str, top_level_only: bool = False) -> Iterator[str]:
    """Dotted names that a module imports, wherever the statement stands."""
    tree = ast.parse(source)
    for node in tree.body if top_level_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def crossing(sources: dict[str, str], origin: str, *targets: str) -> list[str]:
    """Every import from under `origin` of something under a target."""
    return [
        f"{module} imports {name}"
        for module, source in sources.items()
        for name in imported(source)
        for target in targets
        if _under(module, origin) and _under(name, target)
    ]


def _under(name: str, parent: str) -> bool:
    return name == parent or name.startswith(parent + ".")


def test_symbolic_knows_nothing_above_it():
    assert crossing(SOURCES, "symbolic", "numeric", "gradproof") == []


def test_numeric_knows_nothing_of_the_face():
    assert crossing(SOURCES, "numeric", "gradproof") == []


def test_the_side_that_claims_is_not_the_side_that_knows():
    knowing = [f"symbolic.{module}" for module in KNOWS_THE_ANSWER]
    assert set(knowing) <= set(SOURCES)
    assert crossing(SOURCES, "symbolic.derivations", "sympy", *knowing) == []
    assert crossing(SOURCES, "symbolic.models", "sympy", *knowing) == []


def test_only_one_module_differentiates():
    facing = {line.split()[0] for package in PACKAGES for line in crossing(SOURCES, package, "sympy")}
    assert "symbolic.differentiate" in facing
    assert {module for module in facing if module.startswith("symbolic")} == {"symbolic.differentiate"}
    assert {module for module in facing if module.startswith("gradproof")} == set()
    calls = {m for m, source in SOURCES.items() for node in ast.walk(ast.parse(source)) if _is_sympy_diff(node)}
    assert calls == {"symbolic.differentiate"}


def _is_sympy_diff(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "diff"


def test_imports_have_no_cycle():
    arrows = {
        module: {home for name in imported(source, top_level_only=True) if (home := _home(name)) and home != module}
        for module, source in SOURCES.items()
    }
    assert set(TopologicalSorter(arrows).static_order()) >= set(SOURCES)


def _home(name: str) -> str | None:
    """The module of ours that an imported name belongs to."""
    parent = name.rpartition(".")[0]
    return next((candidate for candidate in (name, parent) if candidate in SOURCES), None)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("symbolic.terms", "import numeric.compiled"),
        ("symbolic.terms", "def f():\n    from gradproof import prove"),
    ],
)
def test_a_forbidden_arrow_is_seen(module, source):
    assert crossing({module: source}, "symbolic", "numeric", "gradproof") != []


def test_help_loads_neither_sympy_nor_numpy():
    program = (
        "import sys; from gradproof.cli import main; main(['--help'], standalone_mode=False);"
        "print(sorted({'sympy', 'numpy', 'rich'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert shown.startswith("Usage: ")
    assert shown.splitlines()[-1] == "[]"
