"""The command: a file is a verb. Nothing heavy is imported until a verb runs."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Annotated

import typer

from resight.cli._exit_codes import INTERRUPTED, exit_code
from resight.cli._plain import PlainCommand
from resight.cli._streams import take_streams
from resight.cli._terminal import Terminal, write_sentence
from resight.errors import ResightError

ROOT = Path(__file__).parent
HELP = "Find the same building, product, cover or logo again in your photos."
EPILOG = (
    "Exit codes: 0 done, 1 some files failed, 2 wrong usage, 3 trouble with the gallery or the disk, "
    "130 interrupted."
)
SHORT = {"help_option_names": ["-h", "--help"]}


def verbs() -> list[str]:
    """The verbs, from the file names of this room."""
    return sorted(path.stem for path in ROOT.glob("*.py") if not path.stem.startswith("_"))


def app() -> typer.Typer:
    """The command with all of its verbs."""
    command = typer.Typer(
        no_args_is_help=True, add_completion=False, rich_markup_mode=None, context_settings=SHORT
    )
    command.callback(help=HELP, epilog=EPILOG)(_any_verb)
    for verb in verbs():
        command.command(verb, cls=PlainCommand)(getattr(importlib.import_module(f"resight.cli.{verb}"), verb))
    return command


def _end_with_version(asked: bool) -> None:
    if asked:
        from resight import __version__

        typer.echo(f"resight {__version__}")
        raise typer.Exit


def _any_verb(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_end_with_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """What stands before any verb."""


def main() -> None:
    """Run the command; an error of the user's, the gallery's or the disk's is one sentence on stderr."""
    take_streams()
    try:
        try:
            app()()
        finally:
            sys.stdout.flush()  # here, so that a full disk is an error like another
    except ResightError as error:
        write_sentence(f"resight: {error}")
        sys.exit(exit_code(error))
    except Exception:
        if Terminal.interrupted:  # an import that is cut off raises what it likes
            sys.exit(INTERRUPTED)
        raise
