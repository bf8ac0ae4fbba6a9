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
    def watching(
        self, thread: int, faults: Sequence[str], log: Path
    ) -> Iterator[Callable[[subprocess.Popen[str]], None]]:
        """Tell what is returned of a process at once: it gets ``faults`` in one of its threads.

        ``thread`` counts those that ask this host, from 0; there must be one at a time. Calls are
        counted from its first request on.
        """
        watch = _Watch(thread, strace.tracing(faults, log, follow=False))
        self._look = watch.look
        try:
            yield watch.begin
        finally:
            self._look = lambda: None
            watch.end()

    def _play(self, connection: Connection) -> None:
        self._look()
        super()._play(connection)


@dataclass
class _Watch:
    """The threads of a process that were seen so far, and strace at one of them."""

    thread: int
    tracing: list[str]
    _pid: int = 0
    _begun: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _seen: set[int] = field(default_factory=set)
    _tracers: list[subprocess.Popen[str]] = field(default_factory=list)

    def begin(self, process: subprocess.Popen[str]) -> None:
        self._pid = process.pid
        self._seen = {process.pid}
        self._begun.set()

    def look(self) -> None:
        self._begun.wait(60)
        with self._lock:
            tasks = Path("/proc", str(self._pid), "task").iterdir()
            new = {int(task.name) for task in tasks} - self._seen
            self._seen |= new
            if new and self.thread == 0:
                words = [
                    word for word in self.tracing if word != "-qqq"
                ]  # it tells when it is there
                words += [word for each in new for word in ("-p", str(each))]
                tracer = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
                self._tracers.append(tracer)
                for _ in new:
                    assert "attached" in tracer.stderr.readline()
            self.thread -= bool(new)

    def end(self) -> None:
        """Wait for strace, which ends with the thread."""
        for tracer in self._tracers:
            tracer.communicate(timeout=60)
