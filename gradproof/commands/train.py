"""`gradproof train`."""

from __future__ import annotations

import itertools
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gradproof import numerics, request

if TYPE_CHECKING:
    from numeric.characters import Text
    from numeric.training import Settings, State

FIXED = ("cell", "hidden", "window", "batch", "seed")
RECENT = 50
SAMPLE = 300


@click.command("train")
@click.option("--cell", type=click.Choice(["rnn", "lstm", "gru"]), help="The network.  [required without --resume]")
@click.option(
    "--text",
    "source",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What to learn.  [default: Python's docstrings]",
)
@click.option("--steps", type=request.Positive(), help="Steps in all, with those of --resume.  [default: 2000]")
@click.option("--grad", type=click.Choice(["generated", "reference"]), help="Whose gradients.  [default: generated]")
@click.option("--hidden", type=request.Positive(), help="Hidden units.  [default: 64]")
@click.option("--window", type=request.Positive(), help="Characters that a step looks at.  [default: 32]")
@click.option("--batch", type=request.Positive(), help="Windows side by side, at most.  [default: 32]")
@click.option("--rate", type=float, help="η; the loss is the mean per character.  [default: 2]")
@click.option("--clip", type=float, help="A longer gradient is made this long; 0: never.  [default: 1]")
@click.option("--seed", type=int, help="Of the first weights and the sample.  [default: 0]")
@click.option("--resume", type=click.Path(path_type=Path), metavar="FILE", help="Go on from a checkpoint.")
@click.option(
    "--checkpoint",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Written at the end and on Ctrl-C.  [default: on Ctrl-C, the resumed file or a new gradproof-CELL.npz]",
)
@click.option("--plot", type=click.Path(path_type=Path), metavar="FILE.png", help="Draw the loss (needs matplotlib).")
@click.option("--json", "as_json", is_flag=True, help="The documented JSON instead: every step's loss.")
def command(
    source: Path | None,
    resume: Path | None,
    checkpoint: Path | None,
    plot: Path | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Train a character model with proved gradients.

    A step is θ ← θ − η dθ.  The loss over the whole text is printed beside the least that any bigram
    model has on it, and a sample at the end.

    Ctrl-C writes a checkpoint, over no file that is there unless it was named.  With --resume every option
    that is not given is as it was.
    """
    if resume is None and given["cell"] is None:
        raise request.BadRequest("--cell is missing: pass rnn, lstm or gru")
    for option, path in (("--checkpoint", checkpoint), ("--plot", plot)):
        if path is not None and source is not None and path.resolve() == source.resolve():
            raise request.BadRequest(f"{option} {path} is the text, which would be lost; name another file")
    if checkpoint is not None and plot is not None and checkpoint.resolve() == plot.resolve():
        raise request.BadRequest(f"--checkpoint and --plot are both {plot}; name another file for one of them")
    if checkpoint is not None:
        numerics.writable(checkpoint)
    plot = numerics.plottable(plot)
    numerics.one_thread()
    from numeric.training import Diverged

    try:
        run = _prepared(source, resume, {name: value for name, value in given.items() if value is not None})
        numerics.writable(checkpoint or resume or _new(run.settings.cell))
        result = _trained(run, checkpoint or resume)
    except (ValueError, MemoryError, Diverged) as error:
        raise request.BadRequest(str(error)) from None
    click.echo(json.dumps(_as_json(run, result), ensure_ascii=False) if as_json else "\n".join(_report(run, result)))
    if checkpoint is not None:
        _write(checkpoint, run, result.state)
    if plot is not None:
        request.write(plot, _curve(run, result.state))


@dataclass(frozen=True)
class _Run:
    """What is asked for: a text, from a file or Python's own, and a state to start from."""

    settings: Settings
    source: Path | None
    text: Text
    first: State

    @property
    def title(self) -> str:
        return str(self.source or "Python's built-in docstrings")

    def characters(self, state: State) -> int:
        """How many were read up to that state."""
        return (state.step - self.first.step) * self.text.window * self.text.lanes


@dataclass(frozen=True)
class _Result:
    """What came of it; the loss is that over the whole text."""

    state: State
    loss: float
    seconds: float
    characters: int
    sample: str


def _prepared(source: Path | None, resume: Path | None, given: dict[str, Any]) -> _Run:
    """Settings, text and first state, of a new run or of one to go on with."""
    from numeric.characters import builtin_docstrings, text_of
    from numeric.checkpoints import continued, unpacked
    from numeric.training import Settings, start

    characters = builtin_docstrings() if source is None else _read(source)
    if resume is None:
        settings = Settings(**given)
        text = text_of(characters, settings.window, settings.batch)
        return _Run(settings, source, text, start(settings, text))
    content = _bytes(resume)
    try:
        found = unpacked(content)
        for name in FIXED:
            if name in given and given[name] != getattr(found.settings, name):
                raise ValueError(f"its {name} is {getattr(found.settings, name)}, not {given[name]}")
        settings = replace(found.settings, **given)
        text = text_of(characters, settings.window, settings.batch)
        first = continued(found, settings, text)
        if first.step >= settings.steps:
            raise ValueError(f"it is at step {first.step} already; pass a larger --steps")
    except ValueError as error:
        raise request.BadRequest(f"cannot resume {resume}: {error}") from None
    return _Run(settings, source, text, first)


def _read(path: Path) -> str:
    """The characters of a text file."""
    try:
        characters = _bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise request.BadRequest(f"{path} is not text in UTF-8: {error.reason} at byte {error.start}") from None
    if "\0" in characters:
        raise request.BadRequest(f"{path} is not text: it holds a byte 0")
    return characters.replace("\r\n", "\n")


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise request.BadRequest(f"cannot read {path}: {error.strerror}") from None


def _new(cell: str) -> Path:
    """A file for a checkpoint that is not there yet."""
    numbers = itertools.chain([""], (f"-{number}" for number in itertools.count(2)))
    names = (f"gradproof-{cell}{number}.npz" for number in numbers)
    return next(path for path in map(Path, names) if not path.exists())


def _trained(run: _Run, checkpoint: Path | None) -> _Result:
    """The run to its end; on Ctrl-C the last whole state goes into the checkpoint, or a new one."""
    from numeric import training

    state, settings = run.first, run.settings
    try:
        network = training.network(settings.cell, settings.grad)
        started = time.perf_counter()
        with _progress(run) as show:
            for reached in training.train(network, settings, run.text, run.first):
                state = reached
                show(state)
        seconds = time.perf_counter() - started
        loss = training.cross_entropy(network, state.parameters, run.text)
        written = training.sample(network, state.parameters, run.text, SAMPLE, settings.seed)
    except KeyboardInterrupt:
        checkpoint = checkpoint or _new(settings.cell)
        _write(checkpoint, run, state)
        again = f"gradproof train --resume {checkpoint}" + (f" --text {run.source}" if run.source else "")
        click.echo(f"gradproof: interrupted at step {state.step} of {settings.steps}; to go on: {again}", err=True)
        sys.exit(request.INTERRUPTED)
    return _Result(state, loss, seconds, run.characters(state), written)


def _write(checkpoint: Path, run: _Run, state: State) -> None:
    from numeric.checkpoints import packed

    request.write(checkpoint, packed(run.settings, run.text, state))


@contextmanager
def _progress(run: _Run) -> Iterator[Callable[[State], None]]:
    """A transient bar on stderr, on a terminal only: the mean of the latest losses, characters per second."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda state: None
        return
    told = TextColumn("loss {task.fields[loss]:.3f}"), TextColumn("{task.fields[speed]:,.0f} characters/s")
    columns = TextColumn("training"), BarColumn(), MofNCompleteColumn(), *told, TimeRemainingColumn()
    started = time.perf_counter()
    with Progress(*columns, console=console, transient=True) as bar:
        first = run.first.step
        task = bar.add_task("training", total=run.settings.steps, completed=first, loss=float("nan"), speed=0)

        def show(state: State) -> None:
            speed = run.characters(state) / (time.perf_counter() - started)
            bar.update(task, completed=state.step, loss=state.losses[-RECENT:].mean(), speed=speed)

        yield show


def _report(run: _Run, result: _Result) -> list[str]:
    """What was trained and how far it came, then the sample."""
    settings, text = run.settings, run.text
    parameters = sum(array.size for array in result.state.parameters.values())
    speed = result.characters / result.seconds
    by = "generated from the proved formulas" if settings.grad == "generated" else "of the hand-written reference"
    difference = text.bigram_entropy - result.loss
    return [
        f"text     {run.title}: {text.predictions:,} characters to predict, {len(text.alphabet)} different ones",
        f"network  {settings.cell}, {settings.hidden} hidden units, {parameters:,} parameters; gradients {by}",
        f"trained  {result.state.step:,} steps; {result.characters:,} characters in {result.seconds:.1f} s: "
        f"{speed:,.0f} characters per second",
        f"loss     {result.loss:#.4g} nats per character over the whole text",
        f"bigram   {text.bigram_entropy:#.4g}, the empirical conditional entropy: no bigram model has less on it",
        f"         the network is {'below' if difference > 0 else 'above'} it by {abs(difference):#.3g}",
        f"sample   {len(result.sample)} characters, each drawn from the network's prediction:",
        "",
        result.sample,
    ]


def _as_json(run: _Run, result: _Result) -> dict[str, Any]:
    return {
        "text": run.title,
        "characters": run.text.predictions,
        "alphabet": len(run.text.alphabet),
        **asdict(run.settings),
        "loss": result.loss,
        "bigram": run.text.bigram_entropy,
        "seconds": result.seconds,
        "characters_per_second": result.characters / result.seconds,
        "losses": result.state.losses.tolist(),
        "sample": result.sample,
    }


def _curve(run: _Run, state: State) -> bytes:
    """The mean loss of each step, and the bigram model's."""
    curve = {f"{run.settings.cell}, each step's window": (range(1, state.step + 1), state.losses.tolist())}
    return numerics.png(curve, "step", "nats per character", level=("bigram model", run.text.bigram_entropy))
