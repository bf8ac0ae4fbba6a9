"""Small pictures of what a store has, for people to look at: made once, and kept by SHA-256."""

import hashlib
import os
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile

from migrator.config import DownloadSettings
from migrator.downloader.decoding import Decoders
from migrator.downloader.media_types import HEAD, sniff
from migrator.durable import problems_told
from migrator.events import Listener, ThumbnailDone, stage
from migrator.executors import in_threads
from migrator.interruption import Stop
from migrator.reasons import Reason
from migrator.uploader import Store, StoreError

SMALL, LARGE = 112, 320  # pixels, at most, of the longer side
_LARGEST = 64 * 1024**2  # bytes of an image that is worth the memory


@dataclass(frozen=True, slots=True)
class Wanted:
    """An asset to make a picture of, ``side`` pixels at most, and where copies of it may be.

    ``size`` is ``None`` where it is not known.
    """

    sha256: str
    size: int | None
    side: int
    copies: tuple[tuple[Store, str], ...]


@dataclass(frozen=True, slots=True)
class Thumbnails:
    """The pictures in ``folder``, a file each. All of it can be deleted at any time."""

    folder: Path

    def get(self, sha256: str, side: int) -> bytes | None:
        """The picture of this asset: WebP or JPEG. ``None`` where there is none."""
        try:
            return self._file(sha256, side).read_bytes() or None
        except OSError:
            return None

    def make(
        self,
        wanted: Iterable[Wanted],
        pixels: int,
        settings: DownloadSettings,
        listener: Listener,
        stop: Stop,
    ) -> None:
        """Make those that are not there; images of more than so many ``pixels`` get none.

        Copies are read from their stores, and what is not the asset any more gets no picture.

        Raises:
            StoreError: a store cannot be asked now.
            StoreRefused: it refuses.
            EnvironmentProblem: the folder cannot be written.
            Interrupted: a signal came; what was made is kept.
        """
        missing = {(each.sha256, each.side): each for each in wanted}
        missing = {k: each for k, each in missing.items() if not self._file(*k).exists()}
        if not missing:
            return
        with stage(listener, "thumbnails", len(missing)), Decoders() as decoders:
            work = partial(self._make, decoders=decoders, pixels=pixels)
            for done in in_threads(work, list(missing.values()), settings, _no_host, stop):
                for each, _ in done:
                    listener(ThumbnailDone(each.sha256))

    def _make(self, wanted: Wanted, *, decoders: Decoders, pixels: int) -> None:
        data = _bytes(wanted)
        kind = sniff(data[:HEAD]) if data else None
        if not data or not kind:
            return
        small = decoders.thumbnail(data, kind.media_type, pixels, wanted.side)
        if not small:
            return
        file = self._file(wanted.sha256, wanted.side)
        with problems_told(file, len(small)):
            file.parent.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile(dir=file.parent, delete=False) as temporary:
                temporary.write(small)
            os.replace(temporary.name, file)  # noqa: PTH105 - the name is text

    def _file(self, sha256: str, side: int) -> Path:
        return self.folder / sha256[:2] / f"{sha256}-{side}"


def _bytes(wanted: Wanted) -> bytes | None:
    """The asset, from the first copy that is as it was."""
    size = _LARGEST if wanted.size is None else wanted.size
    if size > _LARGEST:
        return None
    for store, key in wanted.copies:
        try:
            data = _read(store, key, size)
        except FileNotFoundError:
            continue
        except StoreError as error:
            if error.reason is Reason.STORE_UNAVAILABLE:
                raise
            continue
        if hashlib.sha256(data).hexdigest() == wanted.sha256:
            return data
    return None


def _read(store: Store, key: str, size: int) -> bytes:
    data = bytearray()
    with closing(store.read(key)) as chunks:
        for chunk in chunks:
            data += chunk
            if len(data) > size:
                break
    return bytes(data)


def _no_host(_wanted: Wanted) -> str:
    return ""
