"""From what the user asked for to the story that does it."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from migrator.cli.asked import Asked
from migrator.cli.session import Session, history
from migrator.config import Settings
from migrator.downloader.proxy import proxy_for
from migrator.engines import engine_named, must_reach
from migrator.events import Warned
from migrator.local_images import LocalImages
from migrator.migration import Migration
from migrator.relinking import LinkMap, Relinking
from migrator.state import Site
from migrator.story import Story
from migrator.transfer import Transfer, TransferSpec


@contextmanager
def story_of(asked: Asked, session: Session) -> Iterator[Story]:
    """The story that was asked for, with what it needs open."""
    if asked.command == "rewrite":
        yield _relinking(asked, session)
        return
    from migrator.cli.restoring import restoration

    moving = restoration if asked.command == "restore" else _migration
    with moving(asked, session) as migration:
        yield migration


def _relinking(asked: Asked, session: Session) -> Relinking:
    paths = [Path(path) for path in asked.paths]
    new_urls = LinkMap.read(Path(asked.link_map))
    return Relinking(session.site, session.settings, session.listener, paths, new_urls)


@contextmanager
def _migration(asked: Asked, session: Session) -> Iterator[Migration]:
    site, settings, listener = session.site, session.settings, session.listener
    if proxy := proxy_for(settings.download.proxy):
        words = "which addresses it connects to cannot be checked from here"
        listener(Warned(f"Images are fetched through the proxy {proxy}; {words}."))
    with history(site) as past:
        accepted = past.accepted() if past else frozenset()
    engine = engine_named(asked.executor)
    if engine.elsewhere:
        must_reach(settings, local=asked.local)
    spec = TransferSpec(settings, site.root, site.spool, accepted)
    with closing(Transfer(spec)) as transfer, closing(engine):
        yield Migration(
            site,
            settings,
            transfer,
            listener,
            [Path(path) for path in asked.paths],
            hosts=asked.hosts,
            only_failed=asked.only_failed,
            limit=asked.limit,
            local=_local_images(site, settings, transfer) if asked.local else None,
            engine=engine,
        )


def _local_images(site: Site, settings: Settings, transfer: Transfer) -> LocalImages:
    store = site.root / settings.store.path if settings.store.type == "local" else None
    public = settings.rewrite.links in ("", "public")
    return LocalImages(site.root, store, transfer.store.public_url("") if public else None)
