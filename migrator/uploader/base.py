"""What a store is, and how it says no."""

from collections.abc import Generator
from pathlib import Path
from typing import Protocol

from migrator.model import Asset
from migrator.reasons import Reason


class StoreError(Exception):
    """One object could not be stored, read or proven; ``reason.retry`` says whether to try again.

    It ends in the ``Failed`` outcome of one image. What dooms every image is a ``StoreRefused`` or
    an ``EnvironmentProblem`` instead.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Store(Protocol):
    """A map from key to bytes that only ever grows. Methods may be called from many threads.

    Every method raises ``StoreError`` for what concerns one object, ``StoreRefused`` or
    ``EnvironmentProblem`` for what would meet every other object as well.
    """

    @property
    def identity(self) -> str:
        """The store's stable name in the ledger: ``local:/path``, ``s3:endpoint/bucket/prefix``."""
        ...

    def check(self) -> None:
        """See whether the store would take an image; called once before a run's first ``put_new``.

        A local store makes its folder and clears what killed runs left in it, so a dry run does
        not call this.

        Raises:
            StoreRefused: credentials, bucket, region, address or clock are wrong.
            EnvironmentProblem: the folder cannot be written.
        """
        ...

    def put_new(self, key: str, path: Path, asset: Asset) -> bool:
        """Store the file ``path``, which holds ``asset``, under ``key`` unless the key is taken.

        True if the object was created and is durable; False, and nothing changed, if an object is
        there already, whatever its bytes. An object that is there is never overwritten. After an
        error the object may or may not exist, but never in part.
        """
        ...

    def read(self, key: str) -> Generator[bytes, None, None]:
        """The object's bytes, as the store holds them now and not from a cache of ours.

        Nothing is asked before the first chunk, so that is where errors begin. A reader that stops
        early closes the generator.

        Raises:
            FileNotFoundError: there is no such object.
        """
        ...

    def public_url(self, key: str) -> str | None:
        """Where readers find the object; ``None`` where that is not known."""
        ...

    def close(self) -> None:
        """Give connections back; the store is not used after that."""
        ...
