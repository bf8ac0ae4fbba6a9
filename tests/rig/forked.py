"""Commands in children of a process that has imported everything: a tenth of a fresh one's time.

A child can be killed at the N-th call of the operating system or of SQLite that its Python code
makes, in whatever thread: a crash that comes again with the same N.
"""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from rig.site import Ended

from migrator.cli.main import main

_WATCHED = {"posix", "fcntl", "sqlite3"}
_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(
    [
        "rig.forked",
        "migrator.cli.main",
        "migrator.cli.changing",
        "migrator.cli.rolling_back",
        "migrator.cli.change",
        "migrator.uploader",
    ]
)


def migrator(root: Path, environment: Mapping[str, str], *arguments: str, crash: int = 0) -> Ended:
    """How the command ends; with ``crash`` it is killed at that call, if it comes so far."""
    said = [root.with_name(f"{root.name}.{stream}") for stream in ("out", "err")]
    child = _SERVER.Process(target=_run, args=(root, dict(environment), arguments, said, crash))
    child.start()
    child.join(60)
    assert child.exitcode is not None, "it hangs"
    out, err = (path.read_text(errors="replace") for path in said)
    assert "Traceback" not in err, err
    return Ended(child.exitcode, out, err)


def _run(
    root: Path, environment: dict[str, str], arguments: list[str], said: list[Path], crash: int
) -> None:
    os.chdir(root)
    os.environ.update(environment)
    for number, path in enumerate(said, 1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    sys.argv = ["migrator", *arguments]
    if crash:
        _crash_at(crash)
    main()


def _crash_at(number: int) -> None:
    left = number

    def seen(_frame: object, event: str, function: object) -> None:
        nonlocal left
        if event == "c_call" and _home(function) in _WATCHED:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    threading.setprofile(seen)
    sys.setprofile(seen)


def _home(function: object) -> str | None:
    """The module of a function, or of the class of a method."""
    return (
        getattr(function, "__module__", None)
        or type(getattr(function, "__self__", None)).__module__
    )
