"""Copies that a backup keeps, to be taken from there: each is proven before it is used."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from migrator.config import StoreSettings
from migrator.errors import StoreRefused
from migrator.model import Kept
from migrator.reasons import Reason
from migrator.uploader.base import StoreError
from migrator.uploader.open_store import open_store
from migrator.uploader.placing import copied


class Copies:
    """The copies in the backup at ``settings``; relative paths start at the site root ``root``.

    Raises:
        ConfigError: a setting is missing or does not fit.
    """

    def __init__(self, settings: StoreSettings, root: Path) -> None:
        self._store = open_store(settings, root, table="backup")
        self._name = f"the backup in {settings.label}"
        self.close = self._store.close

    @contextmanager
    def proven(self, kept: Kept, folder: Path) -> Iterator[Path]:
        """The bytes of ``kept`` in a file in ``folder``, until the context ends.

        Raises:
            StoreError: the backup does not give them now, or they are not what they were.
            StoreRefused: it refuses to.
            EnvironmentProblem: ``folder`` cannot be written to.
        """
        with ExitStack() as until_used:
            try:
                path = until_used.enter_context(copied(self._store, kept.asset, kept.key, folder))
            except StoreError as error:
                if error.reason is Reason.STORE_MISMATCH:
                    detail = f"{kept.key} is gone from {self._name}, or has other bytes"
                    raise StoreError(Reason.BACKUP_DAMAGED, detail) from error
                raise StoreError(error.reason, f"{self._name}: {error.detail}") from error
            except StoreRefused as error:
                raise StoreRefused(f"{self._name}: {error}", error.hint) from error
            yield path
