"""Processes with several threads each, as an executor.

The executor of the standard library has one thread in each process, and most of the time a transfer
waits for others. For work that does not wait, one thread each is enough.
"""

import gc
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from typing import Any, TypeVar

from migrator.errors import of_starting
from migrator.executors import WorkLost

Result = TypeVar("Result")

# A fork is ready at once. It copies locks that other threads may hold, but those draw the progress
# or wait for results, and a worker touches nothing that they do. Elsewhere the system has threads.
_FORKED = sys.platform == "linux"
_LAST = 2**20  # above every file descriptor


class Processes(Executor):
    """``number`` processes with ``threads`` each.

    What is submitted goes to the process with the least in hand. A process that ends is replaced;
    what it had fails with ``WorkLost``. Submit from one thread.

    Raises:
        EnvironmentProblem: the system does not let us start as many.
    """

    def __init__(self, number: int, threads: int) -> None:
        self._threads = threads
        self._workers: list[_Worker] = []
        try:
            for _ in range(number):
                self._workers.append(_Worker(threads))
        except BaseException:
            self.shutdown()
            raise

    def submit(self, fn: Callable[..., Result], /, *args: Any, **kwargs: Any) -> "Future[Result]":
        """See ``Executor.submit``.

        Raises:
            EnvironmentProblem: the system does not let us replace one that ended.
        """
        for place, each in enumerate(self._workers):
            if not each.alive:
                each.end()
                self._workers[place] = _Worker(self._threads)
        least = min(self._workers, key=lambda each: each.in_hand)
        return least.submit(fn, args, kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002 - the standard library's
        """End the processes at once; what they have in hand is lost."""
        for each in self._workers:
            each.end()


class _Worker:
    """One process, seen from ours."""

    def __init__(self, threads: int) -> None:
        self._lock = threading.Lock()
        self._running: dict[int, Future[Any]] = {}
        self._number = 0
        self._work: Callable[..., Any] | None = None  # what was sent last is not sent again
        self.alive = True
        self._receiver = threading.Thread(target=self._receive, name="results", daemon=True)
        context = get_context("fork") if _FORKED else get_context("spawn")
        try:
            self._pipe, theirs = context.Pipe()
            self._process = context.Process(target=_serve, args=(theirs, threads))
            with theirs, ExitStack() as undoing:
                undoing.callback(self._pipe.close)
                self._process.start()
                undoing.callback(self._process.join)
                undoing.callback(self._process.kill)
                self._receiver.start()
                undoing.pop_all()
        except (OSError, RuntimeError) as error:
            raise of_starting(error) or error from error

    @property
    def in_hand(self) -> int:
        return len(self._running)

    def submit(
        self, work: Callable[..., Result], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> "Future[Result]":
        future: Future[Result] = Future()
        with self._lock:
            if not self.alive:
                future.set_exception(WorkLost())
                return future
            self._number += 1
            self._running[self._number] = future
        with suppress(OSError):  # it ended just now; who receives sees that too
            self._pipe.send((self._number, None if work is self._work else work, args, kwargs))
            self._work = work
        return future

    def _receive(self) -> None:
        end: Exception = WorkLost()
        try:
            while True:
                number, result, error = self._pipe.recv()
                with self._lock:
                    future = self._running.pop(number)
                if error is None:
                    future.set_result(result)
                else:
                    future.set_exception(error)
        except (EOFError, OSError):  # it ended; perhaps in the middle of an answer
            pass
        except Exception as error:  # noqa: BLE001 - who waits for an answer must hear of it
            end = error
        with self._lock:
            self.alive = False
            lost, self._running = self._running, {}
        self._process.kill()
        self._process.join()
        for future in lost.values():
            future.set_exception(end)

    def end(self) -> None:
        """End the process, if it has not ended; by whoever submits, for the pipe is closed."""
        self._process.kill()
        self._receiver.join()
        self._pipe.close()


def _serve(pipe: Connection, threads: int) -> None:
    """What a worker does until the pipe ends, which it does with our parent, however that ends."""
    gc.freeze()  # what our parent holds stays memory that we share, for nobody looks through it
    if _FORKED:  # what our parent has open is not ours: another's pipe must end with it
        os.closerange(3, pipe.fileno())
        os.closerange(pipe.fileno() + 1, _LAST)
    sys.stdin = sys.stdout = sys.stderr = None  # our parent speaks
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)  # and hears what is sent to all of us
    answering = threading.Lock()

    def done(number: int, work: Callable[..., Any], args: Any, kwargs: Any) -> None:
        parcel = _parcel(number, work, args, kwargs)
        with answering:
            pipe.send_bytes(parcel)

    pool = ThreadPoolExecutor(threads, "work")
    last: Any = None
    while True:
        try:
            number, work, args, kwargs = pipe.recv()
        except (EOFError, OSError):
            os._exit(0)  # nobody waits for what is in hand
        last = work or last
        pool.submit(done, number, last, args, kwargs)


def _parcel(number: int, work: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """What is sent back: the result of ``work``, or what it raised."""
    try:
        answer = number, work(*args, **kwargs), None
        return ForkingPickler.dumps(answer)
    except BaseException as error:  # noqa: BLE001 - it is raised where the work was asked for
        try:
            return ForkingPickler.dumps((number, None, error))
        except Exception:  # noqa: BLE001 - whoever waits must hear of it
            return ForkingPickler.dumps((number, None, RuntimeError(repr(error))))
