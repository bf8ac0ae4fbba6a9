"""What an exception means for whoever typed the command: words, and an exit status."""

import re
import signal
import sys
from pathlib import Path

import typer

from migrator.errors import EnvironmentProblem, MigratorError, OutOfMemory, of_starting
from migrator.interruption import between_runs
from migrator.report.escape import for_terminal

# In one line, for a notice. `docs/reference/exit-status.md` has all of it.
_ENDS = {
    1: "a bug of ours",
    2: "wrong usage or configuration",
    3: "an image was lost or held",
    4: "a conflict",
    5: "the backup is damaged",
    6: "the machine refuses",
    7: "another run is at work",
    8: "the store refused",
}

# What typer says, and who does not program would not.
_PLAINER = {
    r" is not a valid int(eger)?( range)?\.": " is not a whole number.",
    r" is not a valid float( range)?\.": " is not a number.",
    r"(-?\d+) is not in the range x>=(\d+)\.": r"\1 is too small; the least is \2.",
    r"(\d+) is not in the range \d+<=x<=(\d+)\.": r"\1 is too much; the most is \2.",
    r"Option '(.*)' requires an argument\.": r"\1 wants a value behind it.",
    r"Missing argument '(.*?)'\.( Choose from:)?": r"\1 is missing.\2",
    r"Missing option '(.*?)'\.": r"\1 is missing; this command needs it.",
}


def explained(error: BaseException) -> tuple[str, int]:
    """What to say about ``error``, which ended a command, and the exit status."""
    if isinstance(error, typer.TyperException):  # a wrong option, or no command
        return _with_help(error), error.exit_code
    if isinstance(error, KeyboardInterrupt):  # what changes something listens itself
        error = between_runs(signal.SIGINT)
    if isinstance(error, MemoryError):
        error = OutOfMemory()
    if not isinstance(error, BlockingIOError):  # which a full pipe raises, too
        error = of_starting(error) or error
    if isinstance(error, MigratorError):
        return _in_words(error), error.exit_code
    if isinstance(error, typer.Abort):  # at a question, and questions come first
        return "\nmigrator: stopped before anything was changed.", 130
    if isinstance(error, OSError):
        done = "What was done until then is recorded: migrator report"
        text = f"migrator: {for_terminal(str(error))}\n{done}"
        return text, EnvironmentProblem.exit_code
    return _bug(error), 1


def in_one_line(command: str, status: int) -> str:
    """How ``command`` ended."""
    known = _ENDS.get(status, "ended by a signal" if status > 128 else "")  # noqa: PLR2004 - POSIX
    return f"migrator {command}: {known or 'failed'} (exit status {status})"


def _with_help(error: typer.TyperException) -> str:
    message = error.format_message()
    if message.startswith("Usage"):  # the help itself
        return message
    for theirs, ours in _PLAINER.items():
        message = re.sub(theirs, ours, message)
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "migrator"
    if not context and re.fullmatch("[a-z]+", sys.argv[1]):  # of an option that lacks its value
        command += f" {sys.argv[1]}"
    return f"migrator: {message}\nSee: {command} --help"


def _in_words(error: MigratorError) -> str:
    lines = [f"migrator: {for_terminal(str(error))}"]
    lines += [for_terminal(error.hint)] if error.hint else []
    return "\n".join(lines)


def _bug(error: BaseException) -> str:
    import traceback

    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(frame.filename).name}, line {frame.lineno}"
    said = for_terminal(f"{type(error).__name__}: {error}")
    return (
        f"migrator: this is a bug of ours ({place}): {said}\n"
        "No post is lost: what was being replaced is settled when the next command starts."
        " To continue: migrator resume"
    )
