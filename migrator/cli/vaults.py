"""Opening the place where backups are kept, and what it means that it cannot be asked."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from migrator.cli.asked import Asked
from migrator.cli.options import Common
from migrator.cli.session import Session, opened
from migrator.config import Settings, StoreSettings
from migrator.errors import EnvironmentProblem
from migrator.snapshots import Vault
from migrator.snapshots.vault import settings_of
from migrator.uploader import StoreError, open_store
from migrator.uploader.open_store import place_named


def vault_place(text: str, settings: Settings) -> StoreSettings:
    """The store where backups are, as a vault's: what ``text`` names, else ``[backup]``.

    Raises:
        UsageError: ``text`` names no store.
    """
    named = place_named(text, settings, settings.backup) if text else settings.backup
    return settings_of(named)


@contextmanager
def open_vault(
    common: Common, place: str, paths: tuple[str, ...] = ()
) -> Iterator[tuple[Session, Vault]]:
    """The vault that ``place`` names, to look into: of the site of ``paths``, else of the one here.

    Raises: as ``vault_of`` does.
    """
    asked = Asked("snapshots", "", paths, **common.kept())
    with opened(common, asked) as session, vault_of(session, place) as vault:
        yield session, vault


@contextmanager
def vault_of(session: Session, place: str) -> Iterator[Vault]:
    """The vault that ``place`` names, to look into or to prune.

    Raises:
        EnvironmentProblem: while it is open, instead of ``StoreError``.
    """
    at = vault_place(place, session.settings)
    store = open_store(at, session.site.root, table="backup")
    with closing(store), store_asked(at):
        yield Vault(store, at.prefix, at.label)


@contextmanager
def store_asked(place: StoreSettings, what: str = "the backup in ") -> Iterator[None]:
    """Let what a store cannot do for all of it stop the command; ``what`` is there, for people.

    Raises:
        EnvironmentProblem: instead of ``StoreError``.
    """
    try:
        yield
    except StoreError as error:
        raise EnvironmentProblem(
            f"{what}{place.label} cannot be used now: {error.detail}",
            "What is there is as it was; run the command again later.",
        ) from error
