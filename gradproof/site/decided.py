"""What was decided on of a document, by hand, before it was judged.

In:  findings, and the document's `<stem>.verdicts`, if it has one: a line for each equality that is shown, its
     line:column, the verdict (! for a definition with a defect) and `repaired` where a repair is proved.
Out: where they differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gradproof.check_run import Document
from symbolic.reader.judge import DEFINITION, Finding


def undecided(found: Sequence[Finding], document: Document) -> list[str]:
    """Where findings are not those that were decided on: `43:571 is proved (decided: refuted repaired)`."""
    file = Path(document.name).with_suffix(".verdicts")
    if not file.is_file():
        return []
    decided = dict(line.split(" ", 1) for line in file.read_text("utf-8").splitlines())
    said = {f"{each.line}:{each.column}": _said(each) for each in found if is_shown(each)}
    return [
        f"{place} is {said.get(place, 'not shown')} (decided: {decided.get(place, 'nothing')})"
        for place in dict.fromkeys([*decided, *said])
        if said.get(place) != decided.get(place)
    ]


def is_shown(finding: Finding) -> bool:
    """All that is displayed, and all that is claimed in running text."""
    return finding.displayed or finding.defect or finding.verdict != DEFINITION


def _said(finding: Finding) -> str:
    return finding.verdict + "!" * finding.defect + " repaired" * bool(finding.repair)
