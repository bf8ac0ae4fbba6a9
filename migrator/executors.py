"""The one concurrent place: a bounded, polite window over any ``concurrent.futures.Executor``."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Generic, TypeVar

from migrator.config import DownloadSettings
from migrator.interruption import Stop

Task = TypeVar("Task")
Result = TypeVar("Result")

_GLANCE = 0.25  # seconds between two looks at Stop
_GRACE = 3.0  # seconds for work in hand to end after a signal


class _Queue(Generic[Task]):
    """Tasks by host; a host that has ``per_host`` tasks under way waits, the others go on.

    The host "" stands for none: what asks nobody is not limited here.
    """

    def __init__(
        self, tasks: Iterable[Task], host_of: Callable[[Task], str], per_host: int
    ) -> None:
        self._per_host = per_host
        self._waiting: dict[str, deque[Task]] = {}
        self._running: Counter[str] = Counter()
        for task in tasks:
            self._waiting.setdefault(host_of(task), deque()).append(task)
        self._free = deque(self._waiting)  # hosts that may be asked now, in turn

    def take(self) -> tuple[str, Task] | None:
        """The next task that may start, behind its host, or ``None``."""
        if not self._free:
            return None
        host = self._free.popleft()
        task = self._waiting[host].popleft()
        self._running[host] += 1
        if self._waiting[host] and not self._is_full(host):
            self._free.append(host)
        return host, task

    def done(self, host: str) -> None:
        """A task has ended: its host has room again."""
        if self._waiting[host] and self._is_full(host):
            self._free.append(host)
        self._running[host] -= 1

    def _is_full(self, host: str) -> bool:
        return host != "" and self._running[host] == self._per_host


def run_bounded(
    executor: Executor,
    work: Callable[[Task], Result],
    tasks: Iterable[Task],
    *,
    in_flight: int,
    host_of: Callable[[Task], str],
    per_host: int,
    stop: Stop,
    ready: Callable[[Task], Task] = lambda task: task,
) -> Iterator[list[tuple[Task, Result]]]:
    """Yield every task with ``work(task)`` as each finishes, hosts in turn.

    What ended in the meantime comes together, so that it can be written down at once; by then
    others are under way. At most ``in_flight`` tasks are that at a time, and ``per_host`` of one
    host; where ``host_of`` says "", no host is asked. ``ready`` gives a task what it needs when its
    turn has come, and what would be much to hold for all.

    Raises:
        Interrupted: a signal came.
        BaseException: what ``work`` raised. Before either is raised, what else ends within a few
            seconds is yielded: it would be lost otherwise.
    """
    queue = _Queue(tasks, host_of, per_host)
    running: dict[Future[Result], tuple[str, Task]] = {}
    ended: SimpleQueue[Future[Result]] = SimpleQueue()
    fatal: BaseException | None = None
    done: list[tuple[Task, Result]] = []
    deadline = float("inf")
    while True:
        while fatal is None and not stop.came and len(running) < in_flight:
            taken = queue.take()
            if taken is None:
                break
            future = executor.submit(work, ready(taken[1]))
            running[future] = taken
            future.add_done_callback(ended.put)
        if done:
            yield done
        if not running or monotonic() > deadline:
            break
        done = []
        for future in _all_that(ended, _GLANCE):
            host, task = running.pop(future)
            queue.done(host)
            if error := future.exception():
                fatal = fatal or error
            else:
                done.append((task, future.result()))
        if deadline == float("inf") and (fatal is not None or stop.came):
            deadline = monotonic() + _GRACE
    if fatal is not None:
        raise fatal
    stop.check()


def _all_that(queue: SimpleQueue[Future[Result]], seconds: float) -> Iterator[Future[Result]]:
    """What is in the queue, or comes within so many seconds."""
    try:
        yield queue.get(timeout=seconds)
        while True:
            yield queue.get_nowait()
    except Empty:
        return


def in_threads(
    work: Callable[[Task], Result],
    tasks: Iterable[Task],
    settings: DownloadSettings,
    host_of: Callable[[Task], str],
    stop: Stop,
    *,
    ready: Callable[[Task], Task] = lambda task: task,
) -> Iterator[list[tuple[Task, Result]]]:
    """Like ``run_bounded``, over as many threads as ``settings`` allow."""
    executor = ThreadPoolExecutor(settings.workers, "transfer")
    try:
        yield from run_bounded(
            executor,
            work,
            tasks,
            in_flight=settings.workers,
            host_of=host_of,
            per_host=settings.per_host,
            stop=stop,
            ready=ready,
        )
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
