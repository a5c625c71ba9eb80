"""The page on the formula language is true: its files are proved, its names are public."""

from __future__ import annotations

import re
from pathlib import Path

import gradproof as package

PAGE = (Path(__file__).parents[2] / "docs" / "language.md").read_text(encoding="utf-8")


def test_the_claims_on_the_page_are_proved(gradproof, tmp_path):
    (source,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    for text, code in ((source, 0), (source.replace("f[1] *", "-f[1] *"), 1)):
        (tmp_path / "mine.py").write_text(text, encoding="utf-8")
        assert gradproof("verify", "--from", tmp_path / "mine.py").exit_code == code


def test_every_function_in_the_table_is_public():
    """But `Fraction`, which is Python's."""
    table = PAGE.split("| write |")[1].split("\n\n")[0]
    called = set(re.findall(r"(?<![\w.])(\w+)\(", " ".join(re.findall(r"`([^`]*)`", table))))
    assert {"array", "sum_steps", "Axis", "Step"} <= called
    assert called - set(package.__all__) == set()
