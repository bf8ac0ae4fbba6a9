"""What a store is, and how it says no."""

from collections.abc import Generator, Iterator, Mapping
from typing import Protocol

from migrator.body import Body
from migrator.model import Asset
from migrator.reasons import Reason

OWN = ".migrator-"  # names of what is ours alone begin so: probes, unfinished files


class StoreError(Exception):
    """One object could not be stored, read or proven; ``reason.retry`` says whether to try again.

    It ends in the ``Failed`` outcome of one image. What dooms every image is a ``StoreRefused`` or
    an ``EnvironmentProblem`` instead.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(reason, detail)  # all of it, so that it can be pickled
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return self.detail


class Store(Protocol):
    """A map from key to bytes, never changed in place. Methods may be called from many threads.

    Every method raises ``StoreError`` for what concerns one object, ``StoreRefused`` or
    ``EnvironmentProblem`` for what would meet every other object as well.
    """

    @property
    def exclusive(self) -> bool:
        """Whether of many writers of one key exactly one creates it: known, not hoped for.

        Where it is not, a key must hold enough of the hash that all its writers have one image.
        """
        ...

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

    def learn(self, earlier: Mapping[str, bool]) -> Mapping[str, bool]:
        """Find out by trying what is not known of the service, unless ``earlier`` trials tell.

        Both are by the name of a trial; what is returned was found now. It writes, so it is
        called after ``check``, before a run's first ``put_new``; what it left it deletes if it may.
        """
        ...

    def put_new(self, key: str, body: Body, asset: Asset, source: str) -> bool:
        """Store ``body``, which is that of ``asset``, under ``key`` unless the key is taken.

        ``source`` is the SHA-256 (hex) of the URL that the image is known by. A bucket keeps it
        beside the object, for people; the URL itself may hold secrets.

        True if the object was created and is durable; False, and nothing changed, if an object is
        there already, whatever its bytes. An object that is there is never overwritten. After an
        error the object may or may not exist, but never in part.
        """
        ...

    def replace(self, key: str, content: bytes) -> None:
        """Put ``content`` under ``key``, whatever is there: for the one name that moves on.

        Readers get the old bytes or the new ones, whole. Nothing that an image is has such a key.
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

    def delete(self, key: str) -> None:
        """Remove the object under ``key``; it is fine if there is none."""
        ...

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Every key that begins with ``prefix``, in no certain order, a page at a time.

        Without ``prefix`` those below the store's own. What Migrator keeps in a store for itself
        (its name begins with ``OWN``) is no object and not among them.
        """
        ...

    def sizes(self, prefix: str = "") -> Iterator[tuple[str, int]]:
        """What ``keys`` gives, each with the size of its object in bytes: asks for no more."""
        ...

    def lost(self, key: str, size: int) -> bool:
        """Whether a proven object of ``size`` bytes is gone, as far as this tells without asking.

        A folder can be looked at once more right before a link is written; a bucket is not asked.
        """
        ...

    def public_url(self, key: str) -> str | None:
        """Where readers find the object; ``None`` where that is not known."""
        ...

    def close(self) -> None:
        """Give connections back; the store is not used after that."""
        ...
