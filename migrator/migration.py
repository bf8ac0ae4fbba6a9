"""The main job, read top to bottom: scan, plan, move images, rewrite posts."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TypeVar

from migrator.config import Settings
from migrator.events import ImageDone, Listener, SizeAsked, stage
from migrator.executors import run_bounded
from migrator.interruption import Stop
from migrator.ledger import Ledger, Run
from migrator.model import Asset, Outcome, Placement, Post, Stored, TransferTask
from migrator.plan import Plan, Wanted, make_plan
from migrator.posts import PostWriter, obstacle, read_posts
from migrator.rewriter.links import check_links, link_for
from migrator.scanner.hosts import selected
from migrator.state import Site
from migrator.transfer import Transfer
from migrator.uploader import key_for
from migrator.urls import canonical, fragment, host, without_fragment

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Job:
    """What the user asked for; kept in the ledger so that ``resume`` can go on with it."""

    paths: tuple[str, ...]
    hosts: tuple[str, ...] = ()
    only_failed: bool = False
    limit: int | None = None
    links: bool = False
    text: bool = False


@dataclass(frozen=True, slots=True)
class Migration:
    """One migration of one site: what is wanted, what moves images, and who listens."""

    site: Site
    settings: Settings
    job: Job
    transfer: Transfer
    listener: Listener
    stop: Stop

    @property
    def store_label(self) -> str:
        """Where images go, for people."""
        return self.settings.store.label

    def check(self) -> None:
        """See whether images could be fetched and stored at all (``Transfer.check``)."""
        self.transfer.check()

    def plan(self, ledger: Ledger | None) -> Plan:
        """Scan the posts and decide what is left to do; changes nothing.

        Raises:
            ConfigError: the settings do not fit together.
        """
        scanning, store = self.settings.scan, self.transfer.store
        check_links(self.settings, store.public_url(""))
        hosts = self.job.hosts or scanning.hosts
        wanted = Wanted(
            selected=lambda url: selected(url, hosts, scanning.skip_hosts),
            store_root=store.public_url(""),
            only=(ledger.failed_before() if ledger else ()) if self.job.only_failed else None,
            limit=self.job.limit,
            obstacle=obstacle,
        )
        known = ledger.known(store.identity) if ledger else {}
        posts = read_posts(
            self.job.paths,
            self.site,
            scanning,
            self.listener,
            self.stop,
            links=self.job.links,
            text=self.job.text,
        )
        return make_plan(posts, wanted, known)

    def sizes(self, plan: Plan) -> dict[str, int | None]:
        """The size in bytes that each image's host states, by canonical URL; fetches no body."""
        new = [task for task in plan.tasks if task.known is None]
        sizes: dict[str, int | None] = {}
        with stage(self.listener, "sizes", len(new)):
            for task, size in self._in_parallel(self.transfer.size, new):
                sizes[canonical(task.url)] = size
                self.listener(SizeAsked(task.url))
        return sizes

    def links(self, post: Post, plan: Plan) -> dict[str, str]:
        """The links ``post`` would get, with ``xxx`` for the SHA-256 of images not yet fetched."""
        placements = {
            canonical(task.url): task.known.placement if task.known else self._guess(task.url)
            for task in plan.tasks
        }
        return self._new_urls(post, placements)

    def carry_out(self, plan: Plan, ledger: Ledger, run: Run) -> None:
        """Move the images of ``plan``, then rewrite its posts; every step is recorded.

        Safe to repeat after an interruption with the same ``run``: what is recorded is done.

        Raises:
            StoreRefused: the store will refuse every image.
            Interrupted: a signal came.
        """
        placements = self._move_images(plan, ledger, run)
        PostWriter(self.site, ledger, run, self.listener).rewrite_all(
            plan.posts,
            lambda post: self._new_urls(post, placements),
            self.settings.scan,
            self.stop,
        )

    def _move_images(self, plan: Plan, ledger: Ledger, run: Run) -> dict[str, Placement]:
        placements: dict[str, Placement] = {}

        def note(task: TransferTask, outcome: Outcome) -> None:
            if isinstance(outcome, Stored):
                placements[canonical(task.url)] = outcome.placement
            self.listener(ImageDone(outcome))

        settled = ledger.settled(run)
        todo = []
        with stage(self.listener, "transfer", len(plan.tasks)):
            for task in plan.tasks:
                if outcome := settled.get(canonical(task.url)):
                    note(task, outcome)
                else:
                    todo.append(task)
            for task, outcome in self._in_parallel(self.transfer, todo):
                ledger.record(run, outcome)
                note(task, outcome)
        return placements

    def _in_parallel(
        self, work: Callable[[TransferTask], Result], tasks: Iterable[TransferTask]
    ) -> Iterator[tuple[TransferTask, Result]]:
        download = self.settings.download
        executor = ThreadPoolExecutor(download.workers, "transfer")
        try:
            yield from run_bounded(
                executor,
                work,
                tasks,
                in_flight=download.workers,
                host_of=lambda task: host(task.url) or "",
                per_host=download.per_host,
                stop=self.stop,
            )
        finally:
            executor.shutdown(wait=False, cancel_futures=True)

    def _new_urls(self, post: Post, placements: Mapping[str, Placement]) -> dict[str, str]:
        """The links of ``post`` that move; a fragment belongs to the reference, and stays."""
        return {
            reference.url: link_for(placement, post.name, self.settings, self.site.root)
            + fragment(reference.url)
            for reference in post.references
            if (placement := placements.get(canonical(reference.url)))
        }

    def _guess(self, url: str) -> Placement:
        suffix = PurePosixPath(without_fragment(url).partition("?")[0]).suffix
        store, settings = self.transfer.store, self.settings.store
        unknown = Asset("x" * 64, 0, "", suffix if suffix[1:].isalnum() else "")
        key = key_for(settings.key, settings.prefix, unknown)
        return Placement(store.identity, key, store.public_url(key), unknown.sha256)
