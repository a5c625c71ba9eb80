"""`gradproof norms`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gradproof import numerics, request

if TYPE_CHECKING:
    from numeric.norms import Trajectory
    from numeric.reference.losses import Array


class _Numbers(click.ParamType[tuple[float, ...]]):
    """Numbers with commas between."""

    name = "NUMBERS"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        found = []
        for part in str(value).split(","):
            try:
                found.append(float(part))
            except ValueError:
                self.fail(f"{part.strip()!r} is not a number; write 0.5,1.5", param, ctx)
        return tuple(dict.fromkeys(found))


@click.command("norms")
@click.option(
    "--radius", "radii", type=_Numbers(), default="0.5,1.0,1.5", show_default=True, help="Spectral radii of W."
)
@click.option(
    "--forget-bias",
    "biases",
    type=_Numbers(),
    default="1,5",
    show_default=True,
    help="Biases of the LSTM's forget gate.",
)
@click.option("--steps", type=request.Positive(), default=50, show_default=True, help="The largest t − k.")
@click.option("--hidden", type=request.Positive(), default=128, show_default=True, help="Hidden units.")
@click.option(
    "--input", "deviation", type=float, default=0.01, show_default=True, help="Standard deviation of the inputs."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of weights and inputs.")
@click.option("--plot", type=click.Path(path_type=Path), metavar="FILE.png", help="Draw the norms (needs matplotlib).")
@click.option("--json", "as_json", is_flag=True, help="The documented JSON instead: every t − k.")
def command(
    radii: tuple[float, ...],
    biases: tuple[float, ...],
    steps: int,
    hidden: int,
    deviation: float,
    seed: int,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Show how gradients vanish and explode.

    The spectral norms of ∂h_t/∂h_k of an RNN, for each spectral radius of its recurrent weights, and
    of ∂c_t/∂c_k along an LSTM's cell, for each bias of its forget gate, against t − k.
    The Jacobians are evaluated by the proved closed forms.  The inputs are small by default, so that
    the slopes 1 − h² stay near 1; larger ones saturate the units, and a radius above 1 may vanish too.
    """
    plot = numerics.plottable(plot)
    numerics.one_thread()
    from numeric.norms import Trajectory

    try:
        columns = _columns(radii, biases, Trajectory(steps, hidden, deviation, seed))
    except (ValueError, MemoryError) as error:
        raise request.BadRequest(str(error)) from None
    if as_json:
        found = {name: [float(norm) for norm in norms] for name, norms in columns.items()}
        settings = {"steps": steps, "hidden": hidden, "input": deviation, "seed": seed}
        click.echo(json.dumps({**settings, "claims": _claims(), "norms": found}, ensure_ascii=False))
    else:
        click.echo("\n".join(_table(columns, steps)))
    if plot is not None:
        curves = {name: (range(1, steps + 1), list(norms)) for name, norms in columns.items()}
        request.write(plot, numerics.png(curves, "t − k", "spectral norm of the Jacobian", logarithmic=True))


def _columns(radii: tuple[float, ...], biases: tuple[float, ...], trajectory: Trajectory) -> dict[str, Array]:
    """The norms for t − k = 1, 2, …, by what stands above the column."""
    from numeric.norms import lstm_norms, rnn_norms

    rnn = {f"RNN, radius {radius:g}": rnn_norms(radius, trajectory) for radius in radii}
    return rnn | {f"LSTM cell, b_f = {bias:g}": lstm_norms(bias, trajectory) for bias in biases}


def _table(columns: dict[str, Array], steps: int) -> list[str]:
    """Some of the rows, the mean factor per step, and the formulas that were evaluated."""
    chosen = sorted({steps, *(n for power in range(len(str(steps))) for n in _one_two_five(power) if n <= steps)})
    rows = [["t − k", *columns]]
    rows += [[str(n), *(f"{norms[n - 1]:.3g}" for norms in columns.values())] for n in chosen]
    rows += [["per step", *(f"{norms[-1] ** (1 / steps):.3g}" for norms in columns.values())]]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    claims = [f"{claim['id']}: {claim['statement']}, proved for {claim['scope']}" for claim in _claims()]
    return [*lines, "", *claims]


def _one_two_five(power: int) -> tuple[int, ...]:
    return tuple(digit * 10**power for digit in (1, 2, 5))


def _claims() -> list[dict[str, str]]:
    """The closed forms behind the norms, and for what each is proved."""
    from numeric.norms import CLAIMS
    from numeric.proved import proved

    records = [request.known()[id] for id in CLAIMS]
    return [{"id": each.id, "statement": each.statement, "scope": proved(each).scope} for each in records]
