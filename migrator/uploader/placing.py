"""Stores an asset and proves it: a placement exists only after the bytes were read back."""

import hashlib
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, TypeVar

from migrator.body import Body, InMemory
from migrator.durable import problems_told
from migrator.errors import EnvironmentProblem
from migrator.model import Asset, Fetched, Placement
from migrator.reasons import Reason
from migrator.uploader.base import Store, StoreError
from migrator.urls import identity

Result = TypeVar("Result")

_PIECE = 256 * 1024
_ATTEMPTS = 6  # with waits of about 1, 2, 4, 8 and 16 s: some stores show an object late


def place(
    store: Store,
    fetched: Fetched,
    key: str,
    *,
    url: str = "",
    sleep: Callable[[float], None] = time.sleep,
) -> Placement:
    """Put ``fetched`` under ``key`` unless it is there, read it back in full, and compare.

    ``url`` is what the image is known by, where it was fetched from another place (a route).
    Tries again what may pass, after growing pauses (``sleep`` gets their seconds).

    Raises:
        StoreError: not stored, or not proven. What is under the key was not overwritten.
        StoreRefused: the store will refuse every image.
        EnvironmentProblem: the disk is full or read-only, or changed the downloaded copy.
    """
    _must_be_intact(fetched)
    asset = fetched.asset
    known_by = identity(url or fetched.source).encode("utf-8", "surrogatepass")
    source = hashlib.sha256(known_by).hexdigest()
    ours = False

    def attempt() -> None:
        nonlocal ours
        ours = store.put_new(key, fetched.body, asset, source) or ours
        try:
            if _holds(store, asset, key):
                return
        except FileNotFoundError as error:
            raise StoreError(
                Reason.STORE_MISMATCH, f"the store took {key} but does not have it"
            ) from error
        raise _differs(key, ours=ours)

    patiently(attempt, sleep)
    return Placement(store.identity, key, asset.sha256)


def confirm(store: Store, asset: Asset, key: str) -> bool:
    """Whether the store still gives back ``asset`` under ``key``, read in full.

    Raises:
        StoreError: the store cannot say now, though asked as often as ``place`` does.
        StoreRefused: it refuses to say.
    """
    try:
        return intact(store, asset, key)
    except FileNotFoundError:
        return False


def intact(
    store: Store, asset: Asset, key: str, *, sleep: Callable[[float], None] = time.sleep
) -> bool:
    """Like ``confirm``, for whoever must tell an object that is gone from one with other bytes.

    Raises:
        FileNotFoundError: it is gone.
    """
    return patiently(lambda: _holds(store, asset, key), sleep)


@contextmanager
def copied(
    store: Store,
    asset: Asset,
    key: str,
    folder: Path,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Path]:
    """A proven copy in ``folder`` of the ``asset`` under ``key``, until the context ends.

    Raises:
        StoreError: the store does not give it, though asked as often as ``place`` does.
        StoreRefused: it refuses to.
        EnvironmentProblem: ``folder`` cannot be written to.
    """
    with problems_told(folder, asset.size), tempfile.NamedTemporaryFile(dir=folder) as file:
        try:
            held = patiently(lambda: _holds(store, asset, key, file), sleep)
        except FileNotFoundError:
            held = False
        if not held:
            raise StoreError(Reason.STORE_MISMATCH, f"the store had {key} and lost it just now")
        file.flush()
        yield Path(file.name)


def patiently(work: Callable[[], Result], sleep: Callable[[float], None] = time.sleep) -> Result:
    """What ``work`` returns, done again after ``StoreError``s that may pass, with growing pauses.

    Raises:
        StoreError: that of the last time.
    """
    try:
        return work()
    except StoreError as error:
        if not _may_pass(error):
            raise
        failed = [error]

    from tenacity import (  # noqa: PLC0415 - brings asyncio, and most images are stored at once
        Retrying,
        retry_if_exception,
        stop_after_attempt,
        wait_exponential_jitter,
    )

    def again() -> Result:
        if failed:
            raise failed.pop()
        return work()

    return Retrying(
        retry=retry_if_exception(_may_pass),
        wait=wait_exponential_jitter(initial=1, max=30),
        stop=stop_after_attempt(_ATTEMPTS),
        sleep=sleep,
        reraise=True,
    )(again)


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, StoreError) and error.reason.retry


def _must_be_intact(fetched: Fetched) -> None:
    """Wrong bytes must not take the key, for nothing under a key is ever replaced."""
    if isinstance(fetched.body, InMemory):  # out of reach of other programs and of disks
        return
    found = hashlib.sha256()
    try:
        with fetched.body.open("rb") as file:
            while piece := file.read(_PIECE):  # file_digest would clear a buffer for each
                found.update(piece)
    except OSError as error:
        raise _spool_problem(fetched.body, str(error.strerror)) from error
    if found.hexdigest() != fetched.asset.sha256:
        raise _spool_problem(fetched.body, "its bytes changed")


def _spool_problem(body: Body, what: str) -> EnvironmentProblem:
    return EnvironmentProblem(
        f"the downloaded copy {body} cannot be used any more: {what}",
        "see that no other program cleans that folder and that the disk is sound, then resume",
    )


def _holds(store: Store, asset: Asset, key: str, file: IO[bytes] | None = None) -> bool:
    """Whether ``asset`` is under ``key``; ``file``, if given, takes the bytes."""
    digest, size = hashlib.sha256(), 0
    if file:
        file.seek(0)
        file.truncate()
    with closing(store.read(key)) as chunks:
        for chunk in chunks:
            digest.update(chunk)
            size += len(chunk)
            if file:
                file.write(chunk)
            if size > asset.size:
                return False
    return size == asset.size and digest.hexdigest() == asset.sha256


def _differs(key: str, *, ours: bool) -> StoreError:
    if ours:
        return StoreError(
            Reason.STORE_MISMATCH,
            f"the store gives back other bytes for {key} than it was given; "
            "delete that object there, then run again",
        )
    return StoreError(
        Reason.STORE_CONFLICT,
        f"{key} was in the store before, with other bytes, and was not overwritten; "
        "if nothing needs it, delete it there and run again, else choose another store.prefix",
    )
