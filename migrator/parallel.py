"""Pure work over all processors: for what takes longer than starting a process."""

import os
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import nullcontext
from itertools import chain, islice
from typing import TYPE_CHECKING, TypeVar

from migrator.errors import EnvironmentProblem, Interrupted
from migrator.interruption import Stop, between_runs, listening

if TYPE_CHECKING:
    from concurrent.futures import Future

Task = TypeVar("Task")
Result = TypeVar("Result")

_MOST = 8  # processes: the one that puts the results together has its work, too
_AHEAD = 3  # tasks for each process, so that none waits for the next
_GLANCE = 0.25  # seconds between two looks at signals


def mapped(
    work: Callable[[Task], Result], tasks: Iterable[Task], *, few: int, stop: Stop | None = None
) -> Generator[Result, None, None]:
    """``work`` of every task, in their order.

    Fewer than ``few`` tasks, or on one processor, are done here; else in processes, where ``work``
    must be a value that can be sent to another process, and so must tasks and results. ``stop`` is
    what hears signals already, if something does. Close the iterator if its end is not waited for.

    Raises:
        EnvironmentProblem: the system ended one of the processes.
        Interrupted: a signal came.
        BaseException: what ``work`` raised.
    """
    tasks = iter(tasks)
    first = list(islice(tasks, few))
    number = min(processors(), _MOST)
    together = chain(first, tasks)
    if len(first) < few or number < 2:  # noqa: PLR2004 - one is this process
        yield from map(work, together)
    else:
        yield from _in_processes(work, together, number, stop)


def _in_processes(
    work: Callable[[Task], Result], tasks: Iterator[Task], number: int, stop: Stop | None
) -> Iterator[Result]:
    # Not before they are needed: these take 15 ms to import.
    from concurrent.futures import wait  # noqa: PLC0415

    from migrator.executors import WorkLost  # noqa: PLC0415
    from migrator.processes import Processes  # noqa: PLC0415

    running: deque[Future[Result]] = deque()
    try:
        # An exception in the middle of what threads share would leave it in pieces.
        with nullcontext(stop) if stop else listening() as heard, Processes(number, 1) as pool:
            while True:
                for task in islice(tasks, _AHEAD * number - len(running)):
                    running.append(pool.submit(work, task))
                if not running:
                    return
                while heard.signal is None and not wait([running[0]], timeout=_GLANCE).done:
                    pass
                if heard.signal is not None:
                    raise Interrupted(heard.signal) if stop else between_runs(heard.signal)
                yield running.popleft().result()
    except WorkLost as error:
        time.sleep(_GLANCE)  # whoever ended it may be ending all of us
        if stop:
            stop.check()
        raise EnvironmentProblem(
            "the system ended a process that was at work on posts",
            "Perhaps there was not enough memory. Close other programs, and try again.",
        ) from error


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
