"""The engines of this machine: threads, and processes with threads."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace

from migrator.engines.base import Movers
from migrator.executors import Hands, threads
from migrator.transfer import Transfer


@dataclass(frozen=True, slots=True)
class Threads:
    """Threads of this process: what costs nothing to begin with, and waits well."""

    elsewhere = False

    def check(self, transfer: Transfer, trials: Mapping[str, bool]) -> None:
        """See ``Engine.check``; who checks the transfer has checked this."""

    def hands(
        self,
        transfer: Transfer,
        trials: Mapping[str, bool],  # noqa: ARG002 - the store has learnt of them
    ) -> AbstractContextManager[Movers]:
        """See ``Engine.hands``."""
        return threads(transfer, transfer.spec.settings.download.workers)

    def close(self) -> None:
        """See ``Engine.close``."""


@dataclass(frozen=True, slots=True)
class InProcesses:
    """``number`` processes that share the threads: where one processor is the slowest of all."""

    number: int
    elsewhere = False

    def check(self, transfer: Transfer, trials: Mapping[str, bool]) -> None:
        """See ``Engine.check``; likewise."""

    @contextmanager
    def hands(self, transfer: Transfer, trials: Mapping[str, bool]) -> Iterator[Movers]:
        """See ``Engine.hands``."""
        # Not before they are needed: these take 15 ms to import.
        from migrator.engines.worker import Job
        from migrator.processes import Processes

        workers = transfer.spec.settings.download.workers
        number = min(self.number, workers)
        job = Job(replace(transfer.spec, workers=number, trials=dict(trials)))
        with Processes(number, -(-workers // number)) as executor:
            yield Hands(executor, job, workers)

    def close(self) -> None:
        """See ``Engine.close``."""
