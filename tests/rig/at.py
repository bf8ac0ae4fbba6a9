"""Commands at another time, in this process or (``python -m rig.at TIME backup posts``) in one.

The clock of a whole process (libfaketime) cannot be another one here, for buckets refuse requests
that were signed at another time. In this process a command takes a tenth of the time.
"""

import io
import os
import sys
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from datetime import datetime
from unittest import mock

from migrator import durable
from migrator.cli.failing import explained
from migrator.cli.main import app, main


@contextmanager
def at(when):
    """Backups and prunes find that it is ``when``."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return when.astimezone(tz)

    def now():
        return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    with (
        mock.patch("migrator.backup.datetime", Clock),
        mock.patch("migrator.backup.now", now),
        mock.patch("migrator.cli.pruning.datetime", Clock),
    ):
        yield


def ran(site, *arguments):
    """The command run here at ``site``: its exit status, output and messages."""
    durable.make_folder.cache_clear()  # each command is a process of its own, otherwise
    out, err = io.StringIO(), io.StringIO()
    typed = list(map(str, arguments))
    with (
        mock.patch.dict(os.environ, site.environment),
        mock.patch.object(sys, "argv", ["migrator", *typed]),
        chdir(site.root),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            status = app(typed, standalone_mode=False) or 0
        except Exception as error:  # noqa: BLE001 - as the command's own main does
            words, status = explained(error)
            err.write(words)
    assert "Traceback" not in err.getvalue()
    assert "bug" not in err.getvalue()
    return status, out.getvalue(), err.getvalue()


if __name__ == "__main__":
    when, *sys.argv[1:] = sys.argv[1:]
    with at(datetime.fromisoformat(when)):
        main()
