"""Tells somebody that a command failed: runs a command of the user's, or posts JSON to a URL."""

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass

from migrator.downloader.webhook import post_json
from migrator.redact import redact

_ADDRESS = re.compile(r"(?i)https?://\S+")
_LONGEST = 8000  # characters of text: it becomes one environment variable
_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Ending:
    """How a command ended: ``summary`` is one line, ``text`` all that there is to say."""

    command: str
    status: int
    site: str
    summary: str
    text: str


def give_notice(what: str, ending: Ending, *, seconds: float = _SECONDS) -> str:
    """Tell ``what``, a command or a URL, of ``ending``, once.

    Returns what went wrong with that, else nothing. It ends after ``seconds``, whatever happens.
    """
    shown = Ending(
        ending.command,
        ending.status,
        _showable(ending.site),
        _showable(ending.summary),
        _showable(ending.text),
    )
    if _ADDRESS.fullmatch(what.strip()):
        return post_json(what.strip(), asdict(shown), seconds)
    return _run(what, shown, seconds)


def _run(command: str, ending: Ending, seconds: float) -> str:
    """Run ``command`` by sh: the ending in MIGRATOR_* variables, its text on standard input.

    What it prints goes to standard error, for results may be expected on standard output.
    """
    told = {f"MIGRATOR_{name.upper()}": str(value) for name, value in asdict(ending).items()}
    try:
        process = subprocess.Popen(  # noqa: S602 - the user's own command, as in a crontab
            command,
            shell=True,
            env={**os.environ, **told},
            stdin=subprocess.PIPE,
            stdout=sys.stderr.fileno(),
            stderr=sys.stderr.fileno(),
            start_new_session=True,  # so that all it started can be ended
        )
    except (OSError, ValueError) as error:
        return f"the command could not be started: {error}"
    try:
        process.communicate(ending.text.encode(), timeout=seconds)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return f"the command did not end within {seconds:.0f} seconds"
    return f"the command ended with {process.returncode}" if process.returncode else ""


def _showable(text: str) -> str:
    """``text`` without secrets, and as everything that takes text can hold it."""
    plain = redact(text).encode("utf-8", "backslashreplace").decode().replace("\0", "")
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]}\n..."
