"""The examination, read top to bottom: configuration, posts, stores, hosts, machine."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from migrator.config import Settings, StoreSettings
from migrator.config.loading import Loaded
from migrator.doctor.config import check_config, each_store
from migrator.doctor.guarded import Check, failed, guarded
from migrator.doctor.hosts import SECONDS, check_hosts, hosts_of, quick
from migrator.doctor.machine import check_disk, check_environment
from migrator.doctor.posts import check_posts, check_routes
from migrator.doctor.public import check_public
from migrator.doctor.store import check_store
from migrator.errors import ConfigError, LedgerError, MigratorError
from migrator.events import Event, Examining, Listener, PostSkipped, stage
from migrator.finding import Area, Finding, Level, note
from migrator.homes import homeless
from migrator.ledger import Ledger
from migrator.model import Asset, Post, SkippedPost
from migrator.posts import obstacles
from migrator.reading import read_posts
from migrator.state import Site
from migrator.transfer import Transfer, TransferSpec
from migrator.uploader import open_store

_STORE_SECONDS = 60.0  # a dozen requests; a service that needs longer is no use for images
_HOST_SECONDS = 3 * SECONDS + 5
_LOCAL_SECONDS = 120.0  # a site on a slow network disk


@dataclass(frozen=True, slots=True)
class Checkup:
    """What is to be examined: ``loaded`` is the configuration, or what is wrong with it.

    ``trusted`` is the SHA-256 of the configuration, if the user trusts it for this command.
    """

    site: Site
    loaded: Loaded | ConfigError
    paths: Sequence[Path]
    listener: Listener
    environ: Mapping[str, str]
    trusted: str = ""

    @property
    def settings(self) -> Settings:
        """The settings to examine with; the defaults, where there are none to be had."""
        return Settings() if isinstance(self.loaded, ConfigError) else self.loaded.settings

    @property
    def has_trust(self) -> bool:
        """Whether what the configuration says may be acted upon."""
        if isinstance(self.loaded, ConfigError):
            return False
        return not self.loaded.needs_trust or self.loaded.digest == self.trusted


def examine(checkup: Checkup) -> list[Finding]:
    """All that there is to say about the site; nothing of the user's is changed.

    Raises:
        UsageError: one of the paths does not exist.
    """
    root = checkup.site.root
    findings = list(check_config(checkup.loaded, root, trusted=checkup.has_trust))
    is_sound = all(finding.level is not Level.PROBLEM for finding in findings)
    read, unread = _read(checkup)
    findings += unread
    steps = [(Area.POSTS, "posts", _posts_check(checkup, read), _LOCAL_SECONDS)]
    if is_sound and checkup.has_trust:
        steps += _steps_outside(checkup, read)
    else:
        findings.append(note(Area.CONFIG, "stores and image hosts were not asked because of that"))
    proxy = checkup.settings.download.proxy
    environment = partial(check_environment, checkup.environ, proxy=proxy)
    steps += [
        (Area.DISK, "disk", partial(check_disk, checkup.site), _LOCAL_SECONDS),
        (Area.ENVIRONMENT, "environment", environment, _LOCAL_SECONDS),
    ]
    with stage(checkup.listener, "doctor", len(steps)):
        for area, name, check, seconds in steps:
            checkup.listener(Examining(name))
            findings += guarded(area, name, check, seconds)
    return findings


def _read(checkup: Checkup) -> tuple[list[Post | SkippedPost], list[Finding]]:
    def listen(event: Event) -> None:
        if not isinstance(event, PostSkipped):  # which becomes a finding
            checkup.listener(event)

    read: list[Post | SkippedPost] = []
    try:
        read += read_posts(
            checkup.paths or [checkup.site.root], checkup.site, checkup.settings.scan, listen
        )
    except MigratorError:
        raise
    except Exception as error:  # noqa: BLE001 - what fails is a finding
        return read, [failed(Area.POSTS, "posts", error)]
    return read, []


def _obstacle(checkup: Checkup, ledger: Ledger | None) -> Callable[[Post], SkippedPost | None]:
    """What keeps a post as it is: it has no folder for its images, or cannot be written."""
    settings, written = checkup.settings, obstacles(checkup.settings.safety, ledger)
    return lambda post: homeless(post, settings, checkup.site.root) or written(post)


def _posts_check(checkup: Checkup, read: Sequence[Post | SkippedPost]) -> Check:
    def check() -> Iterator[Finding]:
        with ExitStack() as stack:
            ledger = None
            with suppress(LedgerError):  # a finding of the disk's
                if ledger := Ledger.look(checkup.site.ledger):
                    stack.callback(ledger.close)
            yield from check_posts(read, _obstacle(checkup, ledger))
        yield from check_routes(read, checkup.settings.route)

    return check


def _steps_outside(
    checkup: Checkup, read: Sequence[Post | SkippedPost]
) -> list[tuple[Area, str, Check, float]]:
    """What asks others: the stores and the image hosts."""
    settings, root = checkup.settings, checkup.site.root
    steps: list[tuple[Area, str, Check, float]] = [
        (Area.STORE, f"[{table}] {each.label}", _store_check(checkup, table, each), _STORE_SECONDS)
        for table, each in each_store(settings)
    ]
    first = open_store(settings.store, root)
    posts = [each for each in read if isinstance(each, Post)]
    asked = hosts_of(posts, settings, first.public_url(""))
    hosts = partial(check_hosts, asked, settings, root)
    return [*steps, (Area.HOSTS, "image hosts", hosts, _HOST_SECONDS)]


def _store_check(checkup: Checkup, table: str, settings: StoreSettings) -> Check:
    root, whole = checkup.site.root, checkup.settings

    def seen(url: str, asset: Asset) -> Iterator[Finding]:
        with (
            tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as spool,
            closing(Transfer(TransferSpec(quick(whole), root, Path(spool)))) as transfer,
        ):
            yield from check_public(url, asset, transfer, site_url=whole.scan.site_url)

    def check() -> Iterator[Finding]:
        store = open_store(settings, root, table=table.partition(" ")[0])
        linked = seen if table == "store" else None
        yield from check_store(store, settings, f"[{table}] {settings.label}", linked)

    return check
