"""The program's entry: commands in, exit statuses out."""

import os
import sys
import threading
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from migrator import __version__
from migrator.cli import accepting, changing, letting_go, looking, testing, trying
from migrator.errors import EnvironmentProblem, MigratorError
from migrator.interruption import raise_on_signals
from migrator.redact import redact

app = typer.Typer(
    name="migrator",
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help is the same in every terminal, and quick
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Move the images of Markdown posts from one image host to another, safely.",
    epilog="Try it on this machine, no account needed: migrator demo",
)
for commands in (looking, changing, accepting, letting_go, testing, trying):
    commands.register(app)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"migrator {__version__}")
        raise typer.Exit


@app.callback()
def _migrator(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


def main() -> NoReturn:
    """Run the command line; every end has its exit status (``docs/reference/exit-status.md``)."""
    sys.stdin, sys.stdout, sys.stderr = (  # a parent may have closed them
        stream or open(os.devnull, mode)  # noqa: SIM115, PTH123 - for as long as we live
        for stream, mode in ((sys.stdin, "r"), (sys.stdout, "w"), (sys.stderr, "w"))
    )
    for stream in (sys.stdout, sys.stderr):  # not every terminal can show every post's name
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    raise_on_signals()
    try:
        status = app(standalone_mode=False) or 0
        sys.stdout.flush()
    except typer.TyperException as error:  # a wrong option, or no command
        status = _said(_with_help(error), error.exit_code)
    except MigratorError as error:
        status = _explained(error)
    except (KeyboardInterrupt, typer.Abort) as error:  # what changes something listens itself
        status = _stopped(at_question=isinstance(error, typer.Abort))
    except (BrokenPipeError, SystemExit):  # typer exits only for this: a reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        status = 141
    except OSError as error:
        text = f"migrator: {error}\nWhat was done until then is recorded: migrator report"
        status = _said(text, EnvironmentProblem.exit_code)
    except Exception as error:  # noqa: BLE001 - the last place to say it in plain words
        status = _bug(error)
    with suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    if threading.active_count() > 1:  # downloads in hand would keep us waiting for minutes
        os._exit(status)
    sys.exit(status)


def _with_help(error: typer.TyperException) -> str:
    message = error.format_message()
    if message.startswith("Usage"):  # the help itself
        return message
    context = getattr(error, "ctx", None)
    return f"migrator: {message}\nSee: {context.command_path if context else 'migrator'} --help"


def _explained(error: MigratorError) -> int:
    from migrator.report.escape import for_terminal

    lines = [f"migrator: {for_terminal(str(error))}"]
    lines += [for_terminal(error.hint)] if error.hint else []
    return _said("\n".join(lines), error.exit_code)


def _stopped(*, at_question: bool) -> int:
    if at_question:  # and questions come first
        return _said("\nmigrator: stopped before anything was changed.", 130)
    text = "\nmigrator: stopped. If a run had begun, this shows what it did: migrator report"
    return _said(text, 130)


def _bug(error: Exception) -> int:
    import traceback

    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(frame.filename).name}, line {frame.lineno}"
    return _said(
        f"migrator: this is a bug of ours ({place}): {type(error).__name__}: {error}\n"
        "No post is lost: what was being replaced is settled when the next command starts."
        " To continue: migrator resume",
        1,
    )


def _said(text: str, status: int) -> int:
    typer.echo(redact(text), err=True)
    return status
