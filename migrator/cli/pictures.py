"""The pictures of a report, made from the copies that a store or a backup has."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path

from migrator.cli.session import Session
from migrator.cli.vaults import vault_of
from migrator.config import Settings
from migrator.errors import Interrupted, MigratorError
from migrator.interruption import listening
from migrator.ledger import Ledger
from migrator.report.html import Picture
from migrator.report.summary import ImageReport, Report
from migrator.rewriter.links import WITH_POST, folder_of_images
from migrator.snapshots import Vault
from migrator.snapshots.manifest import sha256_of
from migrator.state import Site
from migrator.thumbnails import LARGE, SMALL, Thumbnails, Wanted
from migrator.uploader import Store, StoreError, Stores, open_store

_Copies = Callable[[ImageReport], tuple[tuple[Store, str], ...]]


def no_picture(_sha256: str, _large: bool) -> None:
    """The picture of any asset, where none is wanted."""


def kept_in(session: Session, ledger: Ledger | None) -> Mapping[str, str]:
    """The keys of what runs put into the store of ``session``, by SHA-256."""
    if ledger is None:
        return {}
    with closing(open_store(session.settings.store, session.site.root)) as store:
        return ledger.kept(store.identity)


@contextmanager
def pictures(
    report: Report, session: Session, kept: Mapping[str, str], vault: str | None = None
) -> Iterator[tuple[Picture, str]]:
    """What finds the pictures of ``report``, and why some are missing, in words, if they are.

    ``kept`` are the keys of what the store has; of a backup, the copies are in ``vault``. What a
    store does not give costs pictures, and never the report.

    Raises:
        Interrupted: a signal came.
    """
    with ExitStack() as opened:
        kept_here = session.site.state.is_dir()  # a look at a site makes no state folder
        folder = session.site.state / "thumbnails" if kept_here else _temporary(opened)
        thumbnails, trouble = Thumbnails(folder), ""
        try:
            with listening() as stop, ExitStack() as stores:
                copies = _copies(session, kept, vault, stores)
                thumbnails.make(
                    _wanted(report, copies),
                    session.settings.safety.max_pixels,
                    session.settings.download,
                    session.listener,
                    stop,
                )
        except Interrupted:
            raise
        except (MigratorError, StoreError) as error:
            trouble = f"some pictures are missing here: {error}"
        yield partial(_found, thumbnails), trouble


def _temporary(opened: ExitStack) -> Path:
    return Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="migrator-")))


def _found(thumbnails: Thumbnails, sha256: str, large: bool) -> bytes | None:
    return thumbnails.get(sha256, LARGE if large else SMALL)


def _wanted(report: Report, copies: _Copies) -> Iterator[Wanted]:
    for image in report.images:
        if image.sha256 and (at := copies(image)):
            side = LARGE if image.state == "held" else SMALL
            yield Wanted(image.sha256, image.size, side, at)


def _copies(
    session: Session, kept: Mapping[str, str], vault: str | None, opened: ExitStack
) -> _Copies:
    if vault is not None:
        return _in_vault(opened.enter_context(vault_of(session, vault)))
    stores = opened.enter_context(closing(Stores(session.settings, session.site.root)))
    return partial(_in_stores, stores, kept, session.settings, session.site)


def _in_vault(vault: Vault) -> _Copies:
    names = {sha256_of(name): vault.key(name) for name in vault.objects()}

    def copies(image: ImageReport) -> tuple[tuple[Store, str], ...]:
        key = names.get(image.sha256 or "")
        return ((vault.store, key),) if key else ()

    return copies


def _in_stores(
    stores: Stores, kept: Mapping[str, str], settings: Settings, site: Site, image: ImageReport
) -> tuple[tuple[Store, str], ...]:
    key = kept.get(image.sha256 or "")
    if key is None:
        return ()
    homes: set[str] = set()
    if settings.rewrite.links in WITH_POST:
        posts = {place.path for place in image.references}
        folders = (folder_of_images(post, settings, site.root) for post in posts)
        homes = {folder for folder in folders if folder is not None}
    return tuple((place.store, copy) for place, copy in stores.copies(key, sorted(homes)))
