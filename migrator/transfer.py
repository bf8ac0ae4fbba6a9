"""One image end to end: from its source into the store, read back and compared."""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from migrator.config import Settings, StoreSettings
from migrator.downloader.decoding import Decoders
from migrator.downloader.host_rules import HostRules
from migrator.downloader.manners import Manners, rates
from migrator.downloader.sources import Sources
from migrator.downloader.spool import discard
from migrator.errors import MigratorError, OutOfMemory, StoreRefused, of_starting
from migrator.model import (
    Asset,
    Failed,
    Fetched,
    Glance,
    Held,
    Kept,
    Outcome,
    Stored,
    TransferTask,
)
from migrator.reasons import Reason
from migrator.served import NotModified, Probe, PublicAnswer
from migrator.uploader import Store, StoreError, Stores, open_store
from migrator.uploader.copies import Copies
from migrator.uploader.credentials import key_from
from migrator.uploader.public import public_problem

if TYPE_CHECKING:
    from migrator.downloader.downloader import Downloader

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class TransferSpec:
    """All that a worker needs to open what it works with; picklable, holds no secret.

    ``accepted`` is what the user let through (see `migrator.held`). ``backup`` is where images come
    from of which a task says that a backup keeps them. ``table`` is where the settings of the store
    stand in the configuration. ``workers`` is how many processes, here or elsewhere, work on the
    same run and share what a host may be asked; ``trials`` is what was found out about the stores.
    """

    settings: Settings
    root: Path
    spool: Path
    accepted: frozenset[str] = frozenset()
    backup: StoreSettings | None = None
    table: str = "store"
    workers: int = 1
    trials: Mapping[str, bool] = field(default_factory=dict)


class Transfer:
    """``transfer(task) -> Outcome``, callable from any thread.

    Each thread has a downloader of its own, all share one store and the processes that decode. A
    worker in another process gets the ``spec`` alone and opens its own (`migrator.engines`):
    nothing here touches the ledger or a post.

    Raises:
        ConfigError: a store, a route or a host's rule does not fit.
    """

    def __init__(self, spec: TransferSpec) -> None:
        self.spec = spec
        alone = spec.workers == 1
        self._stores = Stores(spec.settings, spec.root, alone=alone, table=spec.table)
        if spec.trials:
            self._stores.learn(spec.trials)
        self._hosts = HostRules(spec.settings.host, spec.settings.scan.site_url)
        self._decoders = Decoders()
        self._manners = Manners(rates(spec.settings, self._hosts.rate, workers=spec.workers))
        self._sources = Sources(
            spec.settings.route,
            spec.root,
            self._hosts,
            originals=spec.settings.download.originals,
        )
        self._buckets = {
            bucket: SourceBucket(bucket, spec.root, table)
            for bucket, table in self._sources.buckets.items()
        }
        self._copies = Copies(spec.backup, spec.root) if spec.backup else None
        self._thread = threading.local()
        self._downloaders: list[Downloader] = []

    def __call__(self, task: TransferTask) -> Outcome:
        """Move one image; what goes wrong with it is a value.

        Raises:
            MigratorError: what stops the whole run (the store refuses, the disk is full).
        """
        return self._safely(task, lambda: self._known(task) or self._moved(task))

    def copy(self, task: TransferTask, name: Callable[[Asset], str]) -> Outcome | NotModified:
        """Store one image for a backup: its host is asked for what changed since ``earlier``.

        Its copy is called as ``name`` says. What goes wrong with it is a value.

        Raises:
            MigratorError: what stops the whole run.
        """
        return self._safely(task, lambda: self._copied(task, name))

    def _safely(self, task: TransferTask, work: Callable[[], Result]) -> Result | Failed:
        try:
            return work()
        except StoreError as error:
            return Failed(task.url, error.reason, error.detail)
        except MigratorError:
            raise
        except MemoryError as error:
            raise OutOfMemory from error
        except Exception as error:
            if problem := of_starting(error):  # which the others would meet, too
                raise problem from error
            return Failed(task.url, Reason.INTERNAL, f"{type(error).__name__}: {error}")

    def check(self) -> None:
        """Raise what would meet every image: a bad setting, a store that refuses."""
        self._downloader()
        self._stores.check()

    def learn(self, earlier: Mapping[str, bool]) -> dict[str, bool]:
        """Try what ``earlier`` trials of the stores do not tell; returns what was found now."""
        return self._stores.learn(earlier)

    def close(self) -> None:
        """Close every connection."""
        for downloader in self._downloaders:
            downloader.close()
        self._decoders.close()
        for bucket in self._buckets.values():
            bucket.close()
        if self._copies:
            self._copies.close()
        self._stores.close()

    @property
    def store(self) -> Store:
        """The store that links go to."""
        return self._stores.first

    def lost(self, stored: Stored, task: TransferTask) -> bool:
        """Whether what was stored and proven is seen to be gone again."""
        return self._stores.lost(stored, task.homes)

    def glance(self, task: TransferTask) -> Glance:
        """What the image's host says of it, if anything; fetches no body."""
        if task.kept:
            return Glance(task.kept.asset.size)
        try:
            return self._downloader().glance(task.url)
        except MigratorError:
            raise
        except Exception:  # noqa: BLE001 - one image must not cost the others
            return Glance()

    def fetch(self, task: TransferTask) -> Fetched | Held | Failed:
        """The image of ``task`` in the spool, or why it is not there; nothing is stored.

        Raises:
            EnvironmentProblem: the spool cannot be written to.
        """
        fetched = self._fetched(replace(task, earlier=None))
        assert not isinstance(fetched, NotModified)  # noqa: S101 - it was not asked for changes
        return fetched

    def public_answer(self, url: str, *, referer: str = "") -> PublicAnswer:
        """What an anonymous reader gets at ``url``, a public address of the store."""
        return self._downloader().public_answer(url, referer=referer)

    def peek(self, probe: Probe) -> Asset | Reason:
        """The image that the host gives when asked once more, or why none; nothing is kept."""
        try:
            return self._downloader().peek(probe.url, referer=probe.referer)
        except MigratorError:
            raise
        except Exception:  # noqa: BLE001 - likewise
            return Reason.INTERNAL

    @property
    def hosts(self) -> HostRules:
        """What is known of hosts."""
        return self._hosts

    @property
    def accepted(self) -> frozenset[str]:
        """What the user let through."""
        return self.spec.accepted

    def host(self, task: TransferTask) -> str:
        """The host that would be asked for the image, if any: what politeness is owed to."""
        return "" if task.is_known or task.kept else self._downloader().host(task.url)

    def _known(self, task: TransferTask) -> Stored | None:
        known = task.known
        if known is None or not self._stores.confirm(known, task.homes):
            return None
        self._check_public(known.asset, known.placement.key)
        mirrors = self._stores.mirror(known, task.homes, self.spec.spool)
        return replace(known, url=task.url, reused=True, mirrors=mirrors)

    def _copied(self, task: TransferTask, name: Callable[[Asset], str]) -> Outcome | NotModified:
        fetched = self._fetched(task)
        if not isinstance(fetched, Fetched):
            return fetched
        if task.earlier and task.earlier.sha256 == fetched.asset.sha256:
            discard(fetched.body)
            return NotModified(task.url, fetched.version)
        return self._placed(task, fetched, name(fetched.asset))

    def _fetched(self, task: TransferTask) -> Fetched | NotModified | Held | Failed:
        year = task.written.year if task.written else 0
        return self._downloader().fetch(task.url, year=year, earlier=task.earlier)

    def _moved(self, task: TransferTask) -> Outcome:
        if task.kept:
            return self._restored(task, task.kept)
        fetched = self.fetch(task)
        return self._placed(task, fetched) if isinstance(fetched, Fetched) else fetched

    def _restored(self, task: TransferTask, kept: Kept) -> Stored:
        """The image as the backup has it: whoever served it once is not asked.

        What the store had before it lost it gets that name again, for posts may link to it.
        """
        assert self._copies is not None  # noqa: S101 - the task says so
        name = self._stores.name(task.known) if task.known else None
        with self._copies.proven(kept, self.spec.spool) as path:
            return self._stored(task, Fetched(kept.asset, path, kept.source, kept.source), name)

    def _placed(self, task: TransferTask, fetched: Fetched, name: str | None = None) -> Stored:
        try:
            return self._stored(task, fetched, name)
        finally:
            discard(fetched.body)

    def _stored(self, task: TransferTask, fetched: Fetched, name: str | None = None) -> Stored:
        placement, *mirrors = self._stores.place(fetched, task, name)
        self._check_public(fetched.asset, placement.key)
        return Stored(
            task.url,
            fetched.asset,
            placement,
            fetched.source,
            final_url=fetched.final_url,
            referer=fetched.referer,
            mirrors=tuple(mirrors),
            version=fetched.version,
        )

    def _check_public(self, asset: Asset, key: str) -> None:
        settings, public_url = self.spec.settings.store, self.store.public_url(key)
        if settings.type != "s3" or not settings.check_public or public_url is None:
            return
        if problem := public_problem(asset, self.public_answer(public_url)):
            raise StoreError(Reason.PUBLIC_URL, f"{public_url}: {problem}")

    def _downloader(self) -> "Downloader":
        downloader: Downloader | None = getattr(self._thread, "downloader", None)
        if downloader is None:
            downloader = self._thread.downloader = self._new_downloader()
            self._downloaders.append(downloader)
        return downloader

    def _new_downloader(self) -> "Downloader":
        from migrator.downloader.downloader import Downloader  # noqa: PLC0415 - brings httpx

        settings = self.spec.settings
        return Downloader(
            settings.download,
            settings.safety,
            self._sources,
            spool=self.spec.spool,
            accepted=self.spec.accepted,
            decoders=self._decoders,
            manners=self._manners,
            hosts=self._hosts,
            buckets=self._buckets,
        )


class SourceBucket:
    """A bucket that images come from: see ``migrator.downloader.fetching.Bucket``.

    Raises:
        ConfigError: a setting of the route is missing or does not fit.
    """

    def __init__(self, settings: StoreSettings, root: Path, table: str = "route") -> None:
        self._store = open_store(settings, root, table=table)
        key_from("access_key_env", settings.access_key_env, table)
        key_from("secret_key_env", settings.secret_key_env, table)
        self.close = self._store.close

    def read(self, key: str) -> Iterator[bytes]:
        """See ``Bucket.read``."""
        try:
            yield from self._store.read(key)
        except StoreError as error:
            raise (OSError if error.reason.retry else PermissionError)(error.detail) from error
        except StoreRefused as error:  # it is not the store of the run that does
            raise PermissionError(f"{error}; {error.hint}") from error
