"""What stops a run.

::

    MigratorError (1)
     +- UsageError (2)           a wrong path, option or configuration
     |   +- ConfigError          names the file, the key, what was expected
     +- BackupDamaged (5)        a snapshot cannot be read, or lacks what it names
     +- EnvironmentProblem (6)   disk full, read-only, no permission
     |   +- OutOfMemory
     |   +- LedgerError          the ledger is unusable
     |       +- LedgerDamaged    for good: `migrator resume` makes a new one
     +- AlreadyRunning (7)       another run holds the lock
     +- StoreRefused (8)         credentials, bucket, clock
     +- Interrupted (128+N)      a signal ended the run

What goes wrong with one image or one post is a value (see ``migrator.model``), not an exception.
"""

import errno
import signal

_NO_MORE = {errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE}  # fork(2), pipe(2)


class MigratorError(Exception):
    """The message says what happened; ``hint``, if any, what to do about it."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(MigratorError):
    """The command cannot be carried out as it was given."""

    exit_code = 2


class ConfigError(UsageError):
    """The configuration has an unknown key or a value that does not fit."""


class BackupDamaged(MigratorError):
    """A snapshot of a backup is not whole."""

    exit_code = 5


class EnvironmentProblem(MigratorError):
    """The machine refuses: disk full, read-only, no permission. State stays consistent."""

    exit_code = 6


class OutOfMemory(EnvironmentProblem):
    """The memory does not suffice; trying again at once would not help."""

    def __init__(self) -> None:
        hint = "Close other programs or raise the limit (ulimit -v), then run: migrator resume"
        super().__init__("there is not enough memory", hint)

    def __reduce__(self) -> tuple[type["OutOfMemory"], tuple[()]]:
        return OutOfMemory, ()  # a worker in another process may meet it


def of_starting(error: BaseException) -> EnvironmentProblem | None:
    """What ``error`` means if the system refused a thread, a process or an open file."""
    is_thread = isinstance(error, RuntimeError) and "start new thread" in str(error)
    if not (is_thread or (isinstance(error, OSError) and error.errno in _NO_MORE)):
        return None
    words = "no more threads" if is_thread else str(getattr(error, "strerror", "")).lower()
    return EnvironmentProblem(
        f"the system does not let Migrator do as much at a time: {words}",
        "Use fewer workers (workers under [download], N of --executor processes:N), or raise the"
        " limit (ulimit -n for open files, -u for processes and threads, -v for memory), then run"
        " the command again.",
    )


class LedgerError(EnvironmentProblem):
    """The ledger is damaged, of a newer version, or cannot be written."""


class LedgerDamaged(LedgerError):
    """The ledger is no longer a SQLite file that can be trusted."""


class AlreadyRunning(MigratorError):
    """Another run holds the lock of this site."""

    exit_code = 7


class StoreRefused(MigratorError):
    """The store will refuse every image, so going on is pointless."""

    exit_code = 8


class Interrupted(MigratorError):
    """A signal asked the run to end; everything recorded so far is kept."""

    def __init__(self, number: int, hint: str = "") -> None:
        name = signal.Signals(number).name
        by = f"Ctrl-C ({name})" if number == signal.SIGINT else name
        super().__init__(f"stopped by {by}", hint)
        self.exit_code = 128 + number
