"""Reading objects in full, many at a time, within limits."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from migrator.config import DownloadSettings
from migrator.errors import EnvironmentProblem, MigratorError
from migrator.events import Listener, ObjectRead, stage
from migrator.executors import in_threads
from migrator.interruption import Stop
from migrator.model import Asset
from migrator.uploader import Store, StoreError
from migrator.uploader.placing import intact
from migrator.verification.differences import GONE, OTHER_BYTES, Read, Round
from migrator.verification.turns import Cursor, due, reached

_BATCH = 500  # objects that are given to threads at a time


@dataclass(frozen=True, slots=True)
class Limits:
    """How much to read: ``share`` percent of all bytes, for so many ``minutes``."""

    share: float = 100.0
    minutes: float | None = None


@dataclass(frozen=True, slots=True)
class Lap:
    """What reading one store found wrong, by key, and how it went.

    ``last`` is the key up to which all was read; ``None``: none was.
    """

    cursor: Cursor
    troubles: Sequence[tuple[str, str]] = ()
    read: Read | None = None
    broke: MigratorError | None = None
    last: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """How objects are read: not at all where ``limits`` is ``None``.

    ``settings`` say how many at a time. What is in hand when the time is up is read to its end, so
    that every lap gets somewhere.
    """

    limits: Limits | None
    settings: DownloadSettings
    listener: Listener
    stop: Stop
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def of(
        self,
        store: Store,
        label: str,
        wanted: Mapping[str, Asset],
        cursor: Cursor,
        *,
        parts: int = 1,
    ) -> Lap:
        """Read what it is the turn of in ``wanted``, by key, of the store that is at ``label``.

        It is one of so many ``parts`` of the time.
        """
        if self.limits is None:
            return Lap(cursor)
        sizes = {key: asset.size for key, asset in wanted.items()}
        order = due(sizes, cursor.after, self.limits.share)
        minutes = self.limits.minutes
        end = self.clock() + (float("inf") if minutes is None else minutes * 60 / parts)

        def look(key: str) -> str | None:
            return self._trouble(store, wanted[key], key) if self.clock() < end else None

        looked: dict[str, str] = {}
        broke: MigratorError | None = None
        try:
            with stage(self.listener, "verify", len(order)):
                for begin in range(0, len(order), _BATCH):
                    self._read(look, order[begin : begin + _BATCH], wanted, looked)
                    if self.clock() >= end:
                        break
        except StoreError as error:
            broke = EnvironmentProblem(
                f"{label} cannot be read now: {error.detail}",
                "What was read is told above; run the command again later, it goes on there.",
            )
        except MigratorError as error:
            broke = error
        return Lap(
            cursor,
            tuple((key, trouble) for key, trouble in looked.items() if trouble),
            Read(len(looked), sum(sizes[key] for key in looked), len(sizes), sum(sizes.values())),
            broke,
            reached(order, looked),
        )

    def _read(
        self,
        look: Callable[[str], str | None],
        keys: Sequence[str],
        wanted: Mapping[str, Asset],
        looked: dict[str, str],
    ) -> None:
        for read in in_threads(look, keys, self.settings, lambda _: "", self.stop):
            for key, trouble in read:
                if trouble is not None:
                    looked[key] = trouble
                    self.listener(ObjectRead(wanted[key].size))

    def _trouble(self, store: Store, asset: Asset, key: str) -> str:
        """What is wrong with an object; empty: nothing.

        Raises:
            StoreError: it is not the object, but the store that cannot be read.
        """
        try:
            return "" if intact(store, asset, key, sleep=self.sleep) else OTHER_BYTES
        except FileNotFoundError:
            return GONE
        except StoreError as error:
            next(iter(store.keys(key)), None)  # raises where the store is away as a whole
            return f"it cannot be read: {error.detail}"


def together(laps: Sequence[Lap]) -> Round:
    """How the reading of several stores went."""

    def remember() -> None:
        for lap in laps:
            if lap.last is not None:
                lap.cursor.move(lap.last)

    reads = [lap.read for lap in laps if lap.read]
    broke = next((lap.broke for lap in laps if lap.broke), None)
    return Round(sum(reads, Read()) if reads else None, broke, remember)
