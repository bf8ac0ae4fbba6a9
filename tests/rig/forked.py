"""Commands in children of a process that has imported everything: in a third of the time.

So every call that is traced is the command's own. A child can also be killed at the N-th call of
the operating system or of SQLite that its Python code makes, in whatever thread: a crash that comes
again with the same N.
"""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from pathlib import Path

from rig.site import Ended

from migrator.cli.main import main

_WATCHED = {"posix", "fcntl", "sqlite3"}
_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(
    [
        "rig.forked",
        "migrator.cli.change",
        "migrator.cli.changing",
        "migrator.cli.rolling_back",
        "migrator.report.progress",
        "migrator.uploader.s3",
    ]
)


@dataclass
class Child:
    """A command that runs, or waits for its `go`."""

    process: BaseProcess
    said: tuple[Path, Path]
    may_go: Event

    @property
    def pid(self) -> int:
        return self.process.pid

    def go(self) -> None:
        self.may_go.set()

    def end(self, timeout: float = 300) -> Ended | None:
        """How it ended; ``None`` if it did not, so far."""
        self.process.join(timeout)
        if self.process.exitcode is None:
            return None
        out, err = (path.read_text(errors="replace") for path in self.said)
        assert "Traceback" not in err, err
        return Ended(self.process.exitcode, out, err)


def start(
    root: Path, environment: Mapping[str, str], *arguments: str, waits: bool = False, crash: int = 0
) -> Child:
    """The command, started in ``root``; with ``crash`` it is killed at that call."""
    said = root.with_name(f"{root.name}.out"), root.with_name(f"{root.name}.err")
    may_go = _SERVER.Event()
    environment = {**os.environ, **environment}
    process = _SERVER.Process(target=_run, args=(root, environment, arguments, said, may_go, crash))
    process.start()
    child = Child(process, said, may_go)
    if not waits:
        child.go()
    return child


def _run(
    root: Path,
    environment: dict[str, str],
    arguments: tuple[str, ...],
    said: tuple[Path, Path],
    may_go: Event,
    crash: int,
) -> None:
    os.chdir(root)
    os.environ.clear()
    os.environ.update(environment)
    for number, path in enumerate(said, 1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    sys.argv = ["migrator", *arguments]
    may_go.wait()
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
    owner = type(getattr(function, "__self__", None))
    return getattr(function, "__module__", None) or owner.__module__
