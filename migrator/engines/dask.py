"""Workers of a Dask cluster, on other machines perhaps: the one home of ``distributed``."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from distributed import Client, KilledWorker
from distributed.client import ClosedClientError
from distributed.comm.core import CommClosedError

from migrator import __version__
from migrator.engines.base import Movers
from migrator.engines.worker import Job
from migrator.errors import EnvironmentProblem
from migrator.executors import Hands, WorkLost
from migrator.transfer import Transfer

Result = TypeVar("Result")

_CONNECTING = 10.0  # seconds for a scheduler to answer
_PATIENCE = 60.0  # seconds for one that was there to come back, with a worker
_GLANCE = 0.5  # seconds between two looks at the connection
_AHEAD = 2  # tasks for each thread of a worker, so that none waits for the next

# What it has to say about lost connections and killed workers, we say in our words.
logging.getLogger("distributed").setLevel(logging.CRITICAL)


class Cluster:
    """An engine: the workers of the Dask scheduler at ``address`` (``tcp://HOST:PORT``)."""

    elsewhere = True

    def __init__(self, address: str) -> None:
        self._address = address
        self._job: Job | None = None
        self._client: Client | None = None

    def check(self, transfer: Transfer, trials: Mapping[str, bool]) -> None:
        """See ``Engine.check``: every worker opens what it needs, and asks the store."""
        client = self._connected(_CONNECTING)
        workers = len(client.scheduler_info(n_workers=-1)["workers"])
        spec = replace(transfer.spec, workers=workers, trials=dict(trials))
        self._job = Job(spec, elsewhere=True)
        for worker, answer in client.run(self._job.check, __version__, on_error="return").items():
            if isinstance(answer, BaseException):
                raise EnvironmentProblem(
                    f"the worker at {worker} cannot move images: {answer}",
                    f"install there what is installed here: migrator[dask] {__version__}",
                )
            if answer:
                problem, cure = answer
                words = f"the worker at {worker} cannot move images: {problem}"
                raise EnvironmentProblem(words, cure)

    @contextmanager
    def hands(self, transfer: Transfer, trials: Mapping[str, bool]) -> Iterator[Movers]:  # noqa: ARG002 - the job has them
        """See ``Engine.hands``; as many at a time as the workers have threads, and some ahead."""
        assert self._job is not None  # noqa: S101 - it was checked
        client = self._connected(_CONNECTING)
        threads = sum(client.nthreads().values())
        with _Spread(partial(self._connected, _PATIENCE)) as executor:
            yield Hands(executor, self._job, _AHEAD * threads)

    def close(self) -> None:
        """See ``Engine.close``."""
        if self._client is not None:
            self._client.close(timeout=2)

    def _connected(self, patience: float) -> Client:
        """A client of the scheduler, which has a worker at least, within so many seconds.

        Raises:
            EnvironmentProblem: there is none.
        """
        until = time.monotonic() + patience
        while self._client is None or self._client.status != "running":
            self.close()
            try:
                self._client = Client(self._address, timeout=_CONNECTING, set_as_default=False)
            except (OSError, ValueError) as error:
                if isinstance(error, ValueError) or time.monotonic() > until:
                    raise EnvironmentProblem(
                        f"no Dask scheduler answers at {self._address}",
                        "start one there (dask scheduler), or correct --executor",
                    ) from error
                time.sleep(1)
        try:
            self._client.wait_for_workers(1, timeout=max(1.0, until - time.monotonic()))
        except OSError as error:  # what a TimeoutError is
            raise EnvironmentProblem(
                f"the Dask scheduler at {self._address} has no workers",
                f"start some: dask worker {self._address} --nthreads 16",
            ) from error
        return self._client


class _Spread(Executor):
    """Submits to the client that ``connected`` gives, and tells what was lost as ``WorkLost``."""

    def __init__(self, connected: Callable[[], Client]) -> None:
        self._connected = connected
        self._client: Client | None = None
        self._inner: Executor | None = None
        self._lock = threading.Lock()
        self._running: set[Future[Any]] = set()
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="connection", daemon=True)
        self._watcher.start()

    def submit(self, fn: Callable[..., Result], /, *args: Any, **kwargs: Any) -> "Future[Result]":
        """See ``Executor.submit``; waits for a scheduler that is away.

        Raises:
            EnvironmentProblem: it does not come back.
        """
        client = self._connected()
        if self._inner is None or client is not self._client:
            self._lose()
            self._client, self._inner = client, client.get_executor(pure=False)
        outer: Future[Result] = Future()
        with self._lock:
            self._running.add(outer)
        with suppress(ClosedClientError):  # just now: the watcher tells of it
            inner = self._inner.submit(fn, *args, **kwargs)
            inner.add_done_callback(partial(self._ended, outer))
        return outer

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002 - the standard library's
        """Let go what is in hand."""
        self._over.set()
        self._watcher.join()
        if self._inner and self._client and self._client.status == "running":
            self._inner.shutdown(wait=False)

    def _watch(self) -> None:
        """Let what a lost connection had be done again; not every future hears of its end."""
        while not self._over.wait(_GLANCE):
            if self._client is not None and self._client.status != "running":
                self._lose()

    def _lose(self) -> None:
        with self._lock:
            lost, self._running = self._running, set()
        for outer in lost:
            outer.set_exception(WorkLost())

    def _ended(self, outer: "Future[Any]", inner: "Future[Any]") -> None:
        with self._lock:
            if outer not in self._running:
                return
            self._running.remove(outer)
        if inner.cancelled():  # the connection to the scheduler broke
            outer.set_exception(WorkLost())
            return
        error = inner.exception()
        if error is None:
            outer.set_result(inner.result())
        else:
            outer.set_exception(_told(error))


def _told(error: BaseException) -> BaseException:
    """``error``, or that a worker was lost; the scheduler tried several before it said so."""
    if isinstance(error, KilledWorker):
        return WorkLost(again=False)
    return WorkLost() if isinstance(error, CommClosedError) else error
