"""Code that is installed: a package of the person's own is followed as code beside the proof is; a library is not."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from numeric.trace.prove import prove_gradient
from numeric.trace.stand_in import is_persons

X = {"x": (3,)}


@pytest.fixture
def site_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    home = tmp_path / "site-packages"
    home.mkdir()
    monkeypatch.syspath_prepend(home)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield home
    for name in [n for n, module in sys.modules.items() if str(getattr(module, "__file__", "")).startswith(str(home))]:
        del sys.modules[name]


def written(package: Path, **modules: str) -> None:
    package.mkdir()
    for name, source in {"__init__": "", **modules}.items():
        (package / f"{name}.py").write_text(source)


def test_an_installed_package_is_followed(site_packages: Path) -> None:
    """Its activations know only math, and its cell keeps a buffer in its class."""
    written(
        site_packages / "mycell",
        activations="import math\ndef sigma(v):\n    return 1 / (1 + math.exp(-v))\n",
        cell=(
            "import numpy as np\nfrom .activations import sigma\n"
            "class Cell:\n    dx = np.zeros(3)\n"
            "    def forward(self, x):\n        self.y = np.zeros_like(x)\n"
            "        for i in range(3):\n            self.y[i] = sigma(x[i])\n        return self.y\n"
            "    def backward(self, slope):\n        self.dx += slope(self.y)\n        return self.dx\n"
        ),
    )
    cell = importlib.import_module("mycell.cell").Cell()

    def right(x: Any) -> Any:
        return cell.forward(x).sum(), {"x": cell.backward(lambda y: y * (1 - y))}

    def wrong(x: Any) -> Any:
        return cell.forward(x).sum(), {"x": cell.backward(lambda y: 1 - y * y)}

    assert prove_gradient(right, X).proved
    assert prove_gradient(wrong, X).refuted
    assert type(cell.dx) is np.ndarray
    assert not cell.dx.any()
    assert sys.modules["mycell.cell"].np is np


def test_an_installed_module_that_holds_run(site_packages: Path) -> None:
    (site_packages / "mysquare.py").write_text(
        "import numpy as np\ndef run(x):\n    d = np.zeros(3)\n    d[:] = 2 * x\n    return np.sum(x**2), {'x': d}\n"
    )
    assert prove_gradient(importlib.import_module("mysquare").run, X).proved


def test_an_installed_module_that_holds_run_and_leaves_numpy_to_others(site_packages: Path) -> None:
    written(
        site_packages / "mybuffers",
        buffers="import numpy as np\ndef doubled(x):\n    d = np.zeros(3)\n    d[:] = 2 * x\n    return d\n",
    )
    (site_packages / "mycheck.py").write_text(
        "from mybuffers.buffers import doubled\ncalls = []\n"
        "def run(x):\n    calls.append(x)\n    return (x**2).sum(), {'x': doubled(x)}\n"
    )
    check = importlib.import_module("mycheck")
    assert prove_gradient(check.run, X).proved
    assert not check.calls


def test_a_library_goes_on_using_numpy(site_packages: Path) -> None:
    """One without NumPy is left alone, and so is one that is compiled in part."""
    written(site_packages / "mytool", count="def count(n):\n    yield from range(n)\nstarted = count(2)\n")
    written(site_packages / "myfast", slow="import numpy as np\n")
    tool, slow = (importlib.import_module(name) for name in ("mytool.count", "myfast.slow"))
    assert not is_persons(tool)
    assert is_persons(slow)

    def run(x: Any) -> Any:
        return sum(x[i] ** 2 for i in tool.count(3)), {"x": 2 * x}

    assert prove_gradient(run, X).proved
    compiled = type(sys)("myfast._compiled")
    compiled.__file__ = str(site_packages / "myfast" / "_compiled.so")
    sys.modules["myfast._compiled"] = compiled
    assert not is_persons(slow)


def test_no_library_that_is_at_hand_is_taken_for_the_persons() -> None:
    for name in ("numpy", "numpy.linalg", "scipy.special", "pytest", "sympy", "click", "json", "numeric.trace.prove"):
        assert not is_persons(importlib.import_module(name)), name
