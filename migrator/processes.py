"""Pure work over all processors: for what takes longer than starting a process."""

import gc
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import nullcontext
from itertools import chain, islice
from typing import TYPE_CHECKING, TypeVar

from migrator.errors import EnvironmentProblem, Interrupted
from migrator.interruption import Stop, between_runs, listening

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor

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
    # Not before they are needed: these take 20 ms to import.
    from concurrent.futures import wait  # noqa: PLC0415
    from concurrent.futures.process import BrokenProcessPool  # noqa: PLC0415

    pool = _started(number)
    running: deque[Future[Result]] = deque()
    try:
        # An exception in the middle of the pool's own work would be lost.
        with nullcontext(stop) if stop else listening() as heard:
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
    except BrokenProcessPool as error:
        time.sleep(_GLANCE)  # whoever ended it may be ending all of us
        if stop:
            stop.check()
        raise EnvironmentProblem(
            "the system ended a process that was reading posts",
            "Perhaps there was not enough memory. Close other programs, and try again.",
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _started(number: int) -> "ProcessPoolExecutor":
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415 - as above
    from multiprocessing import get_context  # noqa: PLC0415

    # A fork is ready at once. It copies locks that other threads may hold, but those threads only
    # draw the progress, and a worker touches nothing that they do.
    context = get_context("fork" if sys.platform == "linux" else "spawn")
    return ProcessPoolExecutor(number, context, initializer=_begin)


def _begin() -> None:
    """Hear no signal that the terminal sends to all of us, and end when our parent has ended."""
    from multiprocessing import parent_process  # noqa: PLC0415 - as above

    gc.freeze()  # what our parent holds stays memory that we share, for nobody looks through it
    sys.stdin = sys.stdout = sys.stderr = None  # our parent speaks
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    parent = parent_process()
    assert parent is not None  # noqa: S101 - we are in a process of a pool

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
