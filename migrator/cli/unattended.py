"""A command that nobody watches: what it says goes to a log, and its failure to somebody."""

import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from migrator.cli.failing import explained, in_one_line
from migrator.cli.screen import say
from migrator.durable import problems_told
from migrator.errors import UsageError
from migrator.report.escape import for_terminal

OnFailure = Annotated[
    str | None,
    typer.Option(
        "--on-failure",
        metavar="COMMAND_OR_URL",
        envvar="MIGRATOR_ON_FAILURE",
        help="Where this does not end with 0: run a command, or post JSON to an http(s) URL.",
    ),
]
Log = Annotated[
    Path | None,
    typer.Option(
        "--log",
        metavar="FILE",
        help="Append all that is said to this file; at 1 MiB it becomes FILE.1, and a new begins.",
    ),
]
_LARGEST = 1024 * 1024  # bytes of a log; there are two at most
_BY_HAND = 130  # Ctrl-C: whoever pressed it knows


@dataclass(slots=True)
class Told:
    """What a notice says, as far as it is known."""

    site: str
    status: int = 0
    text: str = ""

    def ended(self, status: int, text: str) -> None:
        """The command came to its end with ``status``; ``text`` is what it has to say."""
        self.status, self.text = status, text


def checked(on_failure: str) -> str:
    """``on_failure``, a command or an address that a notice can be posted to.

    Raises:
        UsageError: it is an address that none can be posted to.
    """
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*://\S*", on_failure):
        parts = urlsplit(on_failure)
        if parts.scheme.lower() not in ("http", "https") or "@" in parts.netloc or not parts.netloc:
            raise UsageError(
                "--on-failure: a notice cannot be posted to this address",
                "It begins with https:// or http:// and has no user name in it. For another form"
                " name a command, such as curl.",
            )
    return on_failure


@contextmanager
def unattended(
    command: str, site: Path | str, *, on_failure: str | None, log: Path | None
) -> Iterator[Told]:
    """Write the log of ``command``, and give notice where it does not end well.

    The body calls ``ended``; of an exception notice is given, too. A notice that fails is told on
    standard error and changes nothing about the end.
    """
    told = Told(str(site))
    try:
        if log:
            with problems_told(log):
                _append_to(log, command)
        yield told
    except (Exception, KeyboardInterrupt) as error:
        text, status = explained(error)
        told.ended(status, text.removeprefix("migrator: "))
        raise
    finally:
        if on_failure and told.status not in (0, _BY_HAND):
            _give_notice(command, told, on_failure)


def _give_notice(command: str, told: Told, what: str) -> None:
    from migrator.notice import Ending, give_notice

    summary = in_one_line(command, told.status)
    problem = give_notice(what, Ending(command, told.status, told.site, summary, told.text))
    if problem:
        say(
            f"migrator: the notice of this failure was not given: {for_terminal(problem)}", err=True
        )


def _append_to(log: Path, command: str) -> None:
    """Let all that this process and its children print go to ``log`` from now on."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size >= _LARGEST:
        log.replace(log.with_name(f"{log.name}.1"))
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        os.dup2(file, stream.fileno())
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(line_buffering=True)  # both in the order in which they were said
    os.close(file)
    say(time.strftime(f"--- %Y-%m-%d %H:%M:%S %z migrator {command}"), err=True)
