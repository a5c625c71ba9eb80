"""The command line: `gradproof <command>`, each command a module of `gradproof.commands`.

In:  arguments.  Out: rows, text or JSON on stdout, progress and errors on stderr, an exit code:
0 every verdict is the expected one, 1 some is not, 2 the request itself is wrong, 3 some is
Unknown (and none is wrong), 130 interrupted.
"""

from __future__ import annotations

import errno
import importlib
import pkgutil
import sys
from typing import Any

import click

from gradproof import commands
from gradproof.request import INTERRUPTED, BadRequest


class _Commands(click.Group):
    """The modules of `gradproof.commands`; usage errors and interruptions are one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(module.name for module in pkgutil.iter_modules(commands.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = importlib.import_module(f"gradproof.commands.{cmd_name}").command
        return command

    def invoke(self, ctx: click.Context) -> Any:
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


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gradproof")
def main() -> None:
    """Prove or refute gradients of recurrent networks that people wrote by hand."""
