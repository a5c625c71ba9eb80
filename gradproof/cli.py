"""The command line: `gradproof <command>`, each command a module of `gradproof.commands`.

In:  arguments.  Out: rows, text or JSON on stdout, progress and errors on stderr, an exit code:
0 every verdict is the expected one, 1 some is not, 2 the request itself is wrong, 3 some is
Unknown (and none is wrong), 130 interrupted, 141 nobody reads the output any more.
"""

from __future__ import annotations

import errno
import importlib
import os
import pkgutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from gradproof import commands
from gradproof.request import INTERRUPTED, BadRequest

NOBODY_READS = 141  # as a shell sees a process that SIGPIPE has ended


class _Commands(click.Group):
    """The modules of `gradproof.commands`; usage errors and interruptions are one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(module.name for module in pkgutil.iter_modules(commands.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = importlib.import_module(f"gradproof.commands.{cmd_name}").command
        return command

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        with _quiet_when_nobody_reads():  # --help and --version write here
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        with _quiet_when_nobody_reads():
            return self._invoke(ctx)

    def _invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            raise BadRequest(error.format_message()) from None
        except KeyboardInterrupt:
            click.echo("gradproof: interrupted", err=True)
            sys.exit(INTERRUPTED)
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise
            raise BadRequest(f"cannot read or write {error.filename or 'the output'}: {error.strerror}") from None


@contextmanager
def _quiet_when_nobody_reads() -> Iterator[None]:
    """A closed pipe, as of `| head`, is no error and no verdict."""
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except OSError as error:
        if error.errno != errno.EPIPE:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still buffered goes nowhere
        sys.exit(NOBODY_READS)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gradproof")
def main() -> None:
    """Prove or refute gradients of recurrent networks that people wrote by hand.

    Your own: `code FILE.py` judges a backward pass in NumPy, `check notes.md` the formulas of a document,
    `verify --from FILE.py` claims in the formula language.  The catalogue of closed forms: `list`, `verify`,
    `show`, `latex`, `numpy`, and `docs`, a book of it.
    """
