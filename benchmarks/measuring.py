"""Commands run in turn, round by round, and what each of them took."""

import os
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_GLANCE = 0.05  # seconds between two looks at the memory
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Taken:
    """What one run of a command took: seconds, and MB of memory in all its processes together."""

    wall: float
    cpu: float
    memory: float
    servers_cpu: float


@dataclass(frozen=True, slots=True)
class Contender:
    """A command to measure.

    ``prepare`` is called before each run, ``check`` after it: it raises unless the work was done.
    Neither is measured. ``work`` is how many things it deals with.
    """

    name: str
    command: Sequence[str | Path]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[], object] = lambda: None
    check: Callable[[], object] = lambda: None
    status: int = 0


def rounds(
    contenders: Sequence[Contender], number: int, servers: Sequence[int] = ()
) -> dict[str, list[Taken]]:
    """Run all of them in turn, ``number`` times, after a round that does not count.

    ``servers`` are processes whose time is told beside that of the commands.
    """
    taken: dict[str, list[Taken]] = {contender.name: [] for contender in contenders}
    for turn in range(number + 1):
        for contender in contenders:
            contender.prepare()
            before = _cpu(servers)
            one = run(contender)
            contender.check()
            if turn:
                spent = _cpu(servers) - before
                taken[contender.name].append(Taken(one.wall, one.cpu, one.memory, spent))
    return taken


def run(contender: Contender) -> Taken:
    """Run the command once.

    Raises:
        RuntimeError: it did not end as it should.
    """
    log = contender.folder.parent / "output"
    with log.open("wb") as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            contender.command,
            cwd=contender.folder,
            env=environment(contender.environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        peak = _Peak(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        memory = peak.end()
    if process.returncode != contender.status:
        said = log.read_text(errors="replace")[-2000:]
        raise RuntimeError(f"{contender.name} ended with {process.returncode}:\n{said}")
    return Taken(wall, usage.ru_utime + usage.ru_stime, memory, 0)


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """Our environment and ``more``, without what would slow Python down."""
    spoilers = {"PYTHONDONTWRITEBYTECODE", "COVERAGE_PROCESS_START"}
    return {name: value for name, value in {**os.environ, **more}.items() if name not in spoilers}


class _Peak:
    """Looks at the memory of a process and its children until told to end."""

    def __init__(self, pid: int) -> None:
        self._pid, self._most, self._over = pid, 0.0, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def end(self) -> float:
        """The most it was, in MB; pages that processes share count once."""
        self._over.set()
        self._thread.join()
        return self._most

    def _look(self) -> None:
        while not self._over.wait(_GLANCE):
            self._most = max(self._most, sum(map(_memory, _family(self._pid))) / 1000)


def children(pid: int) -> list[int]:
    """The processes that ``pid`` started and that run."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return []


def _family(pid: int) -> list[int]:
    return [pid, *(one for child in children(pid) for one in _family(child))]


def _memory(pid: int) -> float:
    """KB, each page divided by the number of its users."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((float(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def _cpu(pids: Sequence[int]) -> float:
    """Seconds that these processes took so far."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / _TICKS


def ratio(taken: Sequence[Taken], reference: Sequence[Taken]) -> float:
    """The median of how many times as long each run took as the reference in the same round."""
    return statistics.median(
        one.wall / other.wall for one, other in zip(taken, reference, strict=True)
    )
