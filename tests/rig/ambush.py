"""Faults in the threads that ask a host: strace is put on each while the host lets it wait."""

import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rig import strace
from rig.hosts import Connection, Host


@dataclass
class Ambush(Host):
    """A host that can put strace(1) on a thread before it answers that thread's first request."""

    _look: Callable[[], None] = lambda: None

    @contextmanager
    def watching(self, pid: int, thread: int, faults: Sequence[str], log: Path) -> Iterator[None]:
        """Let ``faults`` strike in one thread of the process, which has not begun yet.

        ``thread`` counts those that ask this host, from 0; there must be one at a time. Calls are
        counted from its first request on.
        """
        watch = _Watch(pid, thread, faults, log)
        self._look = watch.look
        try:
            yield
        finally:
            self._look = lambda: None
            for tracer in watch.tracers:  # it ends with the thread
                tracer.communicate(timeout=60)

    def _play(self, connection: Connection) -> None:
        self._look()
        super()._play(connection)


@dataclass
class _Watch:
    """The threads of a process that were seen so far, and strace at one of them."""

    pid: int
    thread: int
    faults: Sequence[str]
    log: Path
    tracers: list[subprocess.Popen[str]] = field(default_factory=list)
    _seen: set[int] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def look(self) -> None:
        with self._lock:
            tasks = Path("/proc", str(self.pid), "task").iterdir()
            new = {int(task.name) for task in tasks} - {self.pid} - self._seen
            self._seen |= new
            if new and self.thread == 0:
                self.tracers.append(strace.attached(new, self.faults, self.log))
            self.thread -= bool(new)
