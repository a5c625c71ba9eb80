"""The table of `gradproof verify` on terminals of several widths and in a log."""

from __future__ import annotations

import pytest
from click import unstyle
from click.testing import CliRunner

from gradproof.cli import main
from gradproof.commands import verify as command
from symbolic.derivations import catalogue

IDS = ("errata.lstm-logit-from-a-column-repaired", "softmax.loss", "rnn.o", "errata.goodfellow-10.21")
LOG = None


@pytest.fixture
def lines(monkeypatch):
    """`lines(80)`: the table's lines on a terminal of that width, `lines(LOG)` in a log, as they are coloured."""

    def run(width):
        monkeypatch.setattr(command, "_width", lambda: width)
        return CliRunner().invoke(main, ["verify", *IDS], color=True).stdout.split("\n\n")[0].splitlines()

    return run


@pytest.mark.parametrize("width", [LOG, 80, 100, 160, 300])
def test_no_line_is_wider_than_its_page_and_a_log_is_not_coloured(lines, width):
    found = lines(width)
    assert max(len(unstyle(line)) for line in found) <= (width or 100)
    assert any("\x1b" in line for line in found) == bool(width)


@pytest.mark.parametrize("width", [LOG, 80, 100])
def test_what_a_row_has_no_room_for_stands_whole_below_it(lines, width):
    found = [unstyle(line) for line in lines(width)]
    rows = [line.split() for line in found if not line.startswith("    ")]
    assert [row[:2] for row in rows[1:]] == [[r.id, r.expected] for r in catalogue().select(IDS)]
    said = " ".join(" ".join(found).split())
    for record in catalogue().select(IDS):
        assert " ".join(record.statement.split()) in said
    assert "under Σ_k y_k = 1)" in said


@pytest.mark.parametrize(("width", "cut"), [(160, True), (300, False)])
def test_a_wide_terminal_has_one_line_for_each_claim(lines, width, cut):
    found = [unstyle(line) for line in lines(width)]
    assert [line.split()[0] for line in found] == ["id", *(record.id for record in catalogue().select(IDS))]
    assert any("…" in line for line in found) == cut
