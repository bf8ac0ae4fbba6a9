"""The one concurrent place: a bounded, polite window over any ``concurrent.futures.Executor``."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Generic, TypeVar

from migrator.config import DownloadSettings
from migrator.errors import of_starting
from migrator.interruption import Stop

Task = TypeVar("Task")
Result = TypeVar("Result")

_GLANCE = 0.25  # seconds between two looks at Stop
_TOGETHER = 0.1  # seconds; what ends within them is told at once, for each telling has its price
_GRACE = 3.0  # seconds for work in hand to end after a signal
_TRIES = 3  # of a task whose worker ends again and again


class WorkLost(Exception):
    """The worker that had a task is gone: nobody knows how far it came.

    ``again`` says whether that may be chance; not where it happened often enough to be the task.
    """

    def __init__(self, *, again: bool = True) -> None:
        super().__init__()
        self.again = again


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


@dataclass(frozen=True, slots=True)
class Hands(Generic[Task, Result]):
    """An executor, what to submit to it with each task, and how many tasks at a time."""

    executor: Executor
    work: Callable[[Task], Result]
    in_flight: int


class _Window(Generic[Task, Result]):
    """What is under way, at most as many tasks as there are hands for."""

    def __init__(
        self,
        hands: Hands[Task, Result],
        queue: _Queue[Task],
        ready: Callable[[Task], Task],
        lost: Callable[[Task], Result] | None,
    ) -> None:
        self._hands, self._queue, self._ready, self._lost = hands, queue, ready, lost
        self._running: dict[Future[Result], tuple[str, Task, int]] = {}
        self._ended: SimpleQueue[Future[Result]] = SimpleQueue()
        self.fatal: BaseException | None = None

    def fill(self) -> None:
        """Begin what has a place."""
        while self.fatal is None and len(self._running) < self._hands.in_flight:
            taken = self._queue.take()
            if taken is None:
                break
            self._begin(*taken, 1)

    @property
    def is_empty(self) -> bool:
        return not self._running

    def ended(self, seconds: float, *, again: bool) -> list[tuple[Task, Result]]:
        """What ends now or within ``seconds``; ``again`` says whether to repeat what is lost."""
        done = []
        for future in _all_that(self._ended, seconds):
            host, task, number = self._running.pop(future)
            error = future.exception()
            if isinstance(error, WorkLost) and error.again and number < _TRIES:
                if again and self.fatal is None:
                    self._begin(host, task, number + 1)
                continue
            self._queue.done(host)
            if error is None:
                done.append((task, future.result()))
            elif isinstance(error, WorkLost) and self._lost:
                done.append((task, self._lost(task)))
            else:
                self.fatal = self.fatal or error
        return done

    def _begin(self, host: str, task: Task, number: int) -> None:
        try:
            future = self._hands.executor.submit(self._hands.work, self._ready(task))
        except Exception as error:  # noqa: BLE001 - raised when what ended before was told
            self.fatal = self.fatal or of_starting(error) or error
            return
        self._running[future] = host, task, number
        future.add_done_callback(self._ended.put)


def run_bounded(
    hands: Hands[Task, Result],
    tasks: Iterable[Task],
    *,
    host_of: Callable[[Task], str],
    per_host: int,
    stop: Stop,
    ready: Callable[[Task], Task] = lambda task: task,
    lost: Callable[[Task], Result] | None = None,
) -> Iterator[list[tuple[Task, Result]]]:
    """Yield every task with its result as each finishes, hosts in turn.

    What ended within a moment comes together, so that it can be written down at once; by then
    others are under way. At most ``per_host`` tasks of one host are that at a time; where
    ``host_of`` says "", no host is asked. ``ready`` gives a task what it needs when its turn has
    come, and what would be much to hold for all. What is lost with a worker is done again; where
    that happens to a task for the third time, or is no chance, ``lost`` says what stands for its
    result.

    Raises:
        Interrupted: a signal came.
        BaseException: what the work raised. Before either is raised, what else ends within a few
            seconds is yielded: it would be lost otherwise.
    """
    window = _Window(hands, _Queue(tasks, host_of, per_host), ready, lost)
    done: list[tuple[Task, Result]] = []
    told, deadline = monotonic(), float("inf")
    while True:
        if not stop.came:
            window.fill()
        over = window.is_empty or monotonic() > deadline
        if done and (over or monotonic() - told >= _TOGETHER):
            yield done
            done, told = [], monotonic()
        if over:
            break
        patience = max(0, told + _TOGETHER - monotonic()) if done else _GLANCE
        done += window.ended(patience, again=not stop.came)
        if deadline == float("inf") and (window.fatal is not None or stop.came):
            deadline = monotonic() + _GRACE
    if window.fatal is not None:
        raise window.fatal
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
) -> Iterator[list[tuple[Task, Result]]]:
    """Like ``run_bounded``, over as many threads as ``settings`` allow."""
    with threads(work, settings.workers) as hands:
        yield from run_bounded(hands, tasks, host_of=host_of, per_host=settings.per_host, stop=stop)


@contextmanager
def threads(work: Callable[[Task], Result], number: int) -> Iterator[Hands[Task, Result]]:
    """Hands that are ``number`` threads of this process; what is in hand at the end is let go."""
    executor = ThreadPoolExecutor(number, "transfer")
    try:
        yield Hands(executor, work, number)
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
