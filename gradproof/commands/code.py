"""`gradproof code`."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import click

from gradproof import request


@click.command("code")
@click.argument("target", metavar="FILE.py[:FUNCTION]")
@click.option("--timeout", type=click.FloatRange(min=0, min_open=True), help="Seconds for each function.")
@click.option("--json", "as_json", is_flag=True, help="The documented JSON instead of the report.")
def command(target: str, timeout: float | None, as_json: bool) -> None:
    """Prove or refute gradients of your own NumPy code.

    FILE.py holds `run(**arrays)`, which returns the loss and {name: gradient}, and `shapes`, the shape of each
    array (or an array); or several functions `run_…`.  Exit code 0: all proved; 1: some refuted; 2: usage
    error; 3: some Unknown.
    """
    from gradproof import code_report, own_code

    file, _, function = target.partition(".py:")
    path = Path(f"{file}.py" if function else target)
    try:
        # What the code itself prints is no part of the report.
        with redirect_stdout(sys.stderr), own_code.functions(path, function or None) as judges:
            proofs = {name: judge(timeout) for name, judge in judges.items()}
    except own_code.BadCode as error:
        raise request.BadRequest(str(error)) from None
    click.echo(code_report.as_json(proofs) if as_json else code_report.text(proofs))
    sys.exit(_exit_code(proofs.values()))


def _exit_code(proofs: Any) -> int:
    """1 where some gradient is refuted, 3 where something is unknown, 0 where all is proved."""
    if any(proof.refuted for proof in proofs):
        return 1
    return 0 if all(proof.proved for proof in proofs) else 3
