"""The program's entry: commands in, exit statuses out."""

import gc
import locale
import os
import signal
import sys
import threading
from contextlib import suppress
from io import TextIOWrapper
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from migrator import __version__
from migrator.cli import (
    accepting,
    changing,
    keeping,
    letting_go,
    looking,
    scheduling,
    testing,
    trying,
)
from migrator.cli.failing import explained
from migrator.cli.screen import say, silence_libraries
from migrator.interruption import between_runs, hear_no_more, raise_on_signals
from migrator.redact import redact

_RESTARTED = "MIGRATOR_LOCALE"  # the encoding of the locale that we left


class _Commands(TyperGroup):
    """Our commands; typer would end one without a word at Ctrl-C."""

    def invoke(self, ctx: Any) -> Any:  # typer's own type of a context is not public
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:  # what changes something listens itself
            raise between_runs(signal.SIGINT) from None


app = typer.Typer(
    name="migrator",
    cls=_Commands,
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help is the same in every terminal, and quick
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Move the images of Markdown posts from one image host to another, safely.",
    epilog="Try it on this machine, no account needed: migrator demo",
)
for commands in (looking, changing, accepting, keeping, scheduling, letting_go, testing, trying):
    commands.register(app)


def _print_version(wanted: bool) -> None:
    if wanted:
        say(f"migrator {__version__}")
        raise typer.Exit


@app.callback()
def _migrator(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


def _in_utf8() -> None:
    """Begin anew in Python's UTF-8 mode, where the locale has another encoding.

    Names of files are UTF-8, whatever the locale says. Read in another encoding, they would be
    wrong in links and in JSON, and others in the ledger than those that a timer sees.
    """
    if sys.getfilesystemencoding() == "utf-8" or os.environ.get(_RESTARTED):
        return
    environment = {**os.environ, "PYTHONUTF8": "1", _RESTARTED: locale.getencoding()}
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)  # noqa: S606


def main() -> NoReturn:
    """Run the command line; every end has its exit status (``docs/reference/exit-status.md``)."""
    _in_utf8()
    sys.stdin, sys.stdout, sys.stderr = (  # a parent may have closed them
        stream or open(os.devnull, mode)  # noqa: SIM115, PTH123 - for as long as we live
        for stream, mode in ((sys.stdin, "r"), (sys.stdout, "w"), (sys.stderr, "w"))
    )
    for stream in (sys.stdout, sys.stderr):  # not every terminal can show every post's name
        if isinstance(stream, TextIOWrapper):
            terminal = os.environ.get(_RESTARTED) if stream.isatty() else None
            stream.reconfigure(encoding=terminal, errors="backslashreplace")
    silence_libraries()
    raise_on_signals()
    try:
        status = app(standalone_mode=False) or 0
        sys.stdout.flush()
        hear_no_more()
    except (BrokenPipeError, SystemExit) as end:
        # typer exits with 0 when it completed a word for a shell, else a reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        status = 0 if isinstance(end, SystemExit) and not end.code else 141
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last place to say it
        hear_no_more()
        text, status = explained(error)
        with suppress(OSError):
            say(redact(text), err=True)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:  # a full disk: else Python complains at its end, and calls the end 120
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    gc.freeze()  # Python's last look through all that there is takes a tenth of a short command
    if threading.active_count() > 1:  # downloads in hand would keep us waiting for minutes
        os._exit(status)
    sys.exit(status)
