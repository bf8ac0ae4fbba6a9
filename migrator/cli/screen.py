"""What people get to see and are asked: all of it but the progress passes here.

Names of files, hosts' answers and configurations are written by others. Where such a text stands
in a line it is escaped there, so that it cannot begin a line of its own; whatever was forgotten is
escaped here.
"""

import logging
import sys
import warnings

import typer

from migrator.report.escape import for_screen, for_terminal


def silence_libraries() -> None:
    """Let no library speak, which would quote what hosts and files say as it is."""
    logging.getLogger().addHandler(logging.NullHandler())
    if not sys.warnoptions:
        warnings.simplefilter("ignore")


def say(text: str, *, err: bool = False, nl: bool = True, styled: bool = False) -> None:
    """Print ``text``, on standard error if ``err``; colours in it are ours if ``styled``."""
    typer.echo(for_screen(text, styled=styled), err=err, nl=nl)


def agrees(question: str, *, default: bool = False) -> bool:
    """Whether somebody at the terminal says yes."""
    return typer.confirm(for_terminal(question), default=default, err=True)


def answer(question: str, default: str | None = None) -> str:
    """What somebody at the terminal answers; only a line end stands for ``default``."""
    shown = for_terminal(question if default is None else f"{question} [{default}]")
    said: str = typer.prompt(shown, default=default, show_default=False, err=True)
    return said.strip()
