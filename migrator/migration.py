"""The main job, read top to bottom: scan, plan, move images, check them, rewrite posts."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePosixPath

from migrator.config import Settings
from migrator.engines import Engine, Threads
from migrator.events import ImageDone, Listener, Warned, stage
from migrator.executors import run_bounded
from migrator.glancing import asked_hosts, glances
from migrator.held import let_through
from migrator.homes import homeless, shown_in, unresolved, with_posts
from migrator.interruption import Stop
from migrator.judging import wrong_pictures
from migrator.ledger import Ledger, Run
from migrator.local_images import LocalImages
from migrator.model import (
    Asset,
    Failed,
    Glance,
    Held,
    Outcome,
    PastImage,
    Post,
    SkippedPost,
    Stored,
    TransferTask,
)
from migrator.placeholders import settled
from migrator.plan import ImageAt, Plan, Wanted, image_elsewhere, make_plan
from migrator.posts import PostWriter, obstacles
from migrator.reading import read_posts
from migrator.reasons import Reason
from migrator.rewriter.links import check_links, link_for, shown_from_folder
from migrator.scanner.hosts import mistaken, selected
from migrator.snapshots.copies import SnapshotCopies
from migrator.state import Site
from migrator.story import Story
from migrator.transfer import Transfer
from migrator.uploader.keys import key_for
from migrator.urls import fragment, identity, names_an_image, without_fragment

_LOST = "perhaps there was too little memory for it"


@dataclass(frozen=True, slots=True)
class Migration(Story):
    """One migration of one site: what is wanted, what moves images, and who listens.

    ``hosts`` restricts to images there, ``only_failed`` to those that failed or were held before,
    ``limit`` to so many. With ``local`` files of the site move, too; ``copies`` ask no host.
    ``engine`` moves them.
    """

    site: Site
    settings: Settings
    transfer: Transfer
    listener: Listener
    paths: Sequence[Path]
    hosts: Sequence[str] = ()
    only_failed: bool = False
    limit: int | None = None
    local: LocalImages | None = None
    copies: SnapshotCopies | None = None
    engine: Engine = field(default_factory=Threads)

    @property
    def store(self) -> str:
        """See ``Story``; a folder of the site is the same one after the site moved."""
        identity, root = self.transfer.store.identity, self.site.root
        folder = Path(identity.removeprefix("local:"))
        return f"local:{folder.relative_to(root)}" if folder.is_relative_to(root) else identity

    @property
    def place(self) -> str:
        """See ``Story``."""
        mirrors = ", ".join(mirror.label for mirror in self.settings.mirror)
        return self.settings.store.label + (f", and mirrored to {mirrors}" if mirrors else "")

    @property
    def origin(self) -> str:
        """See ``Story``."""
        return self.copies.label if self.copies else ""

    @property
    def snapshot(self) -> str:
        """See ``Story``."""
        return self.copies.snapshot if self.copies else ""

    @property
    def image_at(self) -> ImageAt:
        """Says which image a URL in a post means."""
        return self.local.image_at if self.local else image_elsewhere

    def plan(self, ledger: Ledger | None, run: Run | None) -> Plan:
        """Scan the posts and decide what is left to do; changes nothing.

        ``run``, if given, was interrupted and goes on.

        Raises:
            ConfigError: the settings do not fit together.
        """
        scanning, store = self.settings.scan, self.transfer.store
        check_links(self.settings, store.public_url(""))
        if warning := unresolved(self.settings, self.site.root):
            self.listener(Warned(warning))
        hosts = self.hosts or scanning.hosts
        standing = obstacles(self.settings.safety, ledger)

        def obstacle(post: Post) -> SkippedPost | None:
            return homeless(post, self.settings, self.site.root) or standing(post)

        if ledger and run:  # it chose its images when it began
            wanted = Wanted(
                lambda _: True,
                image_at=self.image_at,
                only=partial(ledger.chose, run),
                now=datetime.now(UTC),
                obstacle=obstacle,
                hindrance=self.copies.reason_to_stay if self.copies else lambda _: None,
            )
        else:
            wanted = Wanted(
                selected=lambda url: selected(url, hosts, scanning.skip_hosts),
                image_at=self.image_at,
                store_root=store.public_url(""),
                limit=self.limit,
                tried=ledger.tried() if self.limit and ledger else {},
                now=datetime.now(UTC),
                obstacle=obstacle,
                hindrance=self._hindrance,
            )
            wanted = self._failed_before(wanted, ledger) if self.only_failed else wanted
        known = ledger.known(self.transfer.store.identity) if ledger else {}
        plan = make_plan(self._posts(), wanted, known)
        self._doubt(plan)
        plan = self.copies.given_to(plan) if self.copies else plan
        shown = shown_in(plan.posts, self.image_at)
        return with_posts(plan, self.settings, self.site, shown)

    def _doubt(self, plan: Plan) -> None:
        """Say of each host that was asked for and has no image, and which other may be meant."""
        where = "The backup has no" if self.copies else "No post shows an"
        for name, near in mistaken(self.hosts, (mention.image for mention in plan.mentions)):
            meant = f" Did you mean {near}?" if near else ""
            self.listener(Warned(f"{where} image on {name}.{meant}"))

    def _hindrance(self, image: str) -> Reason | None:
        """What keeps an image that was asked to move where it is."""
        here = self.local.reason_to_stay(image) if self.local else None
        return here or (self.copies.reason_to_stay(image) if self.copies else None)

    def _failed_before(self, wanted: Wanted, ledger: Ledger | None) -> Wanted:
        """``wanted``, and of that what failed or was held before and may move now."""
        past: Iterable[PastImage] = ledger.past_images() if ledger else ()
        before = {each.url: each for each in past if each.state in ("failed", "held")}

        def hindrance(image: str) -> Reason | None:
            waits = settled(before[image], self.settings, self.transfer.accepted)
            return waits or wanted.hindrance(image)

        return replace(wanted, only=before.__contains__, hindrance=hindrance)

    def _posts(self) -> Iterator[Post | SkippedPost]:
        local, scanning = self.local, self.settings.scan
        everything = local is not None
        for post in read_posts(
            self.paths, self.site, scanning, self.listener, everything=everything
        ):
            if isinstance(post, Post):
                post = local.without_names(post) if local else post  # noqa: PLW2901 - less of it
                post = shown_from_folder(post, self.settings, self._may_move)  # noqa: PLW2901 - likewise
            yield post

    def _may_move(self, post: Post, url: str) -> bool:
        image = self.image_at(post, url)
        there = self.local and image and self.local.reason_to_stay(image) is Reason.ALREADY_THERE
        return image is not None and not there

    def failing(self, plan: Plan) -> list[Failed]:
        """The images of ``plan`` of which it is known without asking anybody that they fail."""
        if not plan.tasks:
            return []
        from migrator.downloader.foreseen import foreseen  # noqa: PLC0415 - brings httpx

        new = (task.url for task in plan.tasks if not task.is_known and not task.kept)
        return [found for url in new if (found := foreseen(url, self.settings))]

    def glances(self, plan: Plan, seconds: float) -> dict[str, Glance]:
        """See ``Story``; hosts are asked, and none for a body."""
        return glances(plan.tasks, self.transfer, self.settings, self.listener, seconds)

    def links(self, plan: Plan) -> Callable[[Post], dict[str, str]]:
        """See ``Story``; ``xxx`` stands for the SHA-256 of images not yet fetched."""
        tasks = {identity(task.url): task for task in plan.tasks}

        def key_of(image: str) -> str | None:
            task = tasks.get(image)
            known = plan.ready(task).known if task else None
            return known.placement.key if known else self._guess(task) if task else None

        return lambda post: self._new_urls(post, key_of)

    def guesses(self, plan: Plan) -> bool:
        """See ``Story``."""
        return any(not task.is_known and not task.kept for task in plan.tasks)

    def prepare(self, ledger: Ledger) -> None:
        """See ``Story``."""
        self.transfer.check()
        ledger.learn(self.transfer.learn(ledger.trials()))
        self.engine.check(self.transfer, ledger.trials())

    def carry_out(self, plan: Plan, ledger: Ledger, run: Run, stop: Stop) -> tuple[str, ...]:
        """Move the images of ``plan``, then rewrite its posts; every step is recorded.

        Returns what the user should know of hosts that could not be judged well.

        Safe to repeat after an interruption with the same ``run``: what is recorded is done.

        Raises:
            StoreRefused: the store will refuse every image.
            Interrupted: a signal came.
        """
        self._move_images(plan, ledger, run, stop)
        wrong, doubts = wrong_pictures(
            ledger.stored(run),
            ledger.past_images(),
            self.transfer,
            self.settings,
            self.listener,
            stop,
        )
        self._record(ledger, run, wrong)
        if self.settings.safety.placeholders != "allow":
            ledger.passed(run)
        # The proof of an image may be hours old by now; a bucket is not asked again.
        for task in plan.tasks if self.settings.store.type == "local" else ():
            each = ledger.outcome(run, identity(task.url))
            if isinstance(each, Stored) and self.transfer.lost(each, task):
                gone = Failed(each.url, Reason.STORE_LOST, each.placement.key)
                self._record(ledger, run, [gone])

        PostWriter(self.site, ledger, run, self.listener).rewrite_all(
            plan.posts,
            lambda post: self._new_urls(post, partial(ledger.key, run)),
            self.image_at,
            self.settings.scan,
            stop,
        )
        return doubts

    def _move_images(self, plan: Plan, ledger: Ledger, run: Run, stop: Stop) -> None:
        """See that the images are in the store; the ledger has what became of each."""
        todo = []  # what the run has stored is proven again, like all that is known
        with stage(self.listener, "transfer", len(plan.tasks), asked_hosts(plan.tasks)):
            for task in plan.tasks:
                before = ledger.outcome(run, identity(task.url))
                if isinstance(before, Failed) or (
                    isinstance(before, Held)
                    and not let_through(
                        before.reason, before.url, before.asset, self.transfer.accepted
                    )
                ):
                    self.listener(ImageDone(before))
                else:
                    todo.append(task)
            with self.engine.hands(self.transfer, ledger.trials()) as hands:
                for done in run_bounded(
                    hands,
                    todo,
                    host_of=self.transfer.host,
                    per_host=self.settings.download.per_host,
                    stop=stop,
                    ready=plan.ready,
                    lost=lambda task: Failed(task.url, Reason.WORKER_LOST, _LOST),
                ):
                    self._record(ledger, run, [outcome for _, outcome in done])

    def _record(self, ledger: Ledger, run: Run, outcomes: Sequence[Outcome]) -> None:
        """Write down what the run did not know yet, and tell all of it."""
        for outcome in ledger.record(run, outcomes):
            self.listener(ImageDone(outcome))

    def _new_urls(self, post: Post, key_of: Callable[[str], str | None]) -> dict[str, str]:
        """The links of ``post`` that move; a fragment belongs to the reference, and stays.

        But not one that turned out to be in the name of a file. ``key_of`` says under which key an
        image is stored, by its canonical URL.
        """
        new_urls = {}
        for url in {reference.url for reference in post.references}:
            image = self.image_at(post, url)
            if image and (key := key_of(identity(image))):
                public_url = self.transfer.store.public_url(key)
                mark = "" if identity(image).endswith(fragment(url)) else fragment(url)
                new_urls[url] = link_for(
                    key, public_url, post.name, self.settings, self.site.root, mark
                )
        return new_urls

    def _guess(self, task: TransferTask) -> str:
        """The key of an image that is not fetched yet, if nothing else has it."""
        store = self.settings.store
        if task.kept:
            return key_for(store.key, store.prefix, task.kept.asset, task)
        suffix = PurePosixPath(without_fragment(task.url).partition("?")[0]).suffix
        known = suffix[1:].isalnum() and names_an_image(task.url)
        unknown = Asset("x" * 64, 0, "", suffix if known else "")
        return key_for(store.key, store.prefix, unknown, task)
