"""A folder as a store."""

import errno
import fcntl
import os
import shutil
import time
import uuid
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_ISREG
from urllib.parse import quote

from migrator import durable
from migrator.body import Body
from migrator.errors import EnvironmentProblem
from migrator.model import Asset
from migrator.reasons import Reason
from migrator.uploader.base import OWN, StoreError

_CHUNK = 1024 * 1024
_ABANDONED = 3600.0  # seconds; no image takes that long, so its writer is gone
_NO_HARD_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}  # exFAT, some FUSE


class LocalStore:
    """Objects are files under ``folder``, as readable for others as the umask allows.

    A file appears under its name complete and durable: written beside it, synced, linked, and the
    folder synced. Nothing below ``folder`` is reached through a symbolic link. ``owner`` marks the
    temporary files of one site, for other sites may share the folder.
    """

    exclusive = True

    def __init__(
        self,
        folder: Path,
        public_url: str = "",
        owner: str = "",
        prefix: str = "",
        link: Callable[[Path, Path], None] = os.link,
    ) -> None:
        self._folder = folder.resolve()
        self._public_url = public_url.rstrip("/") if public_url else None
        self._link = link
        self._prefix = f"{prefix.strip('/')}/".lstrip("/")
        self._mark = f"{OWN}{owner}-"
        self.identity = f"local:{self._folder.as_posix()}"

    def check(self) -> None:
        """Make the folder, see that it can be written, and clear what killed runs left."""
        with durable.problems_told(self._folder):
            durable.make_folder(self._folder)
            probe = self._temporary(self._folder)
            try:
                probe.touch(exist_ok=False)
            finally:
                probe.unlink(missing_ok=True)
            oldest = time.time() - _ABANDONED
            for folder, _, names in os.walk(self._folder):
                for name in names:
                    if name.startswith(self._mark):  # this site's, of which one run goes at a time
                        Path(folder, name).unlink(missing_ok=True)
                    elif name.startswith(OWN):
                        _remove_if_older(Path(folder, name), oldest)

    def learn(self, earlier: Mapping[str, bool]) -> Mapping[str, bool]:  # noqa: ARG002 - it is the protocol's
        """Nothing: what a file system does is known."""
        return {}

    def put_new(
        self,
        key: str,
        body: Body,
        asset: Asset,
        source: str,  # noqa: ARG002 - a file has no place to keep it
    ) -> bool:
        """See ``Store.put_new``."""
        target = self._path(key)
        with durable.problems_told(target, asset.size):
            if os.path.lexists(target):
                durable.sync_folder(target.parent)  # a killed run may not have come to that
                return False
            self._make_folder(target.parent)
            temporary = self._temporary(target.parent)
            try:
                with body.open("rb") as image, temporary.open("xb") as copy:
                    shutil.copyfileobj(image, copy, _CHUNK)
                    copy.flush()
                    durable.sync(copy.fileno())
                self._claim(temporary, target)
            except FileExistsError:
                return False
            finally:
                temporary.unlink(missing_ok=True)
            durable.sync_folder(target.parent)
        return True

    def replace(self, key: str, content: bytes) -> None:
        """See ``Store.replace``."""
        target = self._path(key)
        with durable.problems_told(target, len(content)):
            self._make_folder(target.parent)
            temporary = self._temporary(target.parent)
            try:
                with temporary.open("xb") as new:
                    new.write(content)
                    new.flush()
                    durable.sync(new.fileno())
                temporary.replace(target)
            finally:
                temporary.unlink(missing_ok=True)
            durable.sync_folder(target.parent)

    def read(self, key: str) -> Generator[bytes, None, None]:
        """See ``Store.read``."""
        path = self._path(key)
        try:
            with path.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    yield chunk
        except (FileNotFoundError, StoreError):
            raise
        except IsADirectoryError as error:
            raise StoreError(
                Reason.STORE_CONFLICT, f"{path} is a folder; move it away, then run again"
            ) from error
        except OSError as error:
            raise StoreError(
                Reason.STORE_UNAVAILABLE, f"{path} cannot be read: {error.strerror}"
            ) from error

    def delete(self, key: str) -> None:
        """See ``Store.delete``."""
        path = self._path(key)
        with durable.problems_told(path), suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()

    def keys(self, prefix: str = "") -> Iterator[str]:
        """See ``Store.keys``."""
        return (key for key, _ in self.sizes(prefix))

    def sizes(self, prefix: str = "") -> Iterator[tuple[str, int]]:
        """See ``Store.sizes``."""
        prefix = prefix or self._prefix
        top = prefix.rpartition("/")[0]
        top_folder = self._path(top) if top else self._folder
        for folder, _, names in os.walk(top_folder, onerror=_cannot_list):
            for name in names:
                path = Path(folder, name)
                key = path.relative_to(self._folder).as_posix()
                if not key.startswith(prefix) or name.startswith(OWN):
                    continue
                with suppress(FileNotFoundError):  # deleted since the folder was read
                    found = path.lstat()
                    if S_ISREG(found.st_mode):
                        yield key, found.st_size

    def lost(self, key: str, size: int) -> bool:
        """See ``Store.lost``."""
        try:
            return self._path(key).stat().st_size != size
        except FileNotFoundError:
            return True

    def public_url(self, key: str) -> str | None:
        """``key`` below the public address of the folder, if the user gave one."""
        return None if self._public_url is None else f"{self._public_url}/{quote(key)}"

    def close(self) -> None:
        """Nothing is kept open."""

    def _temporary(self, folder: Path) -> Path:
        return folder / f"{self._mark}{uuid.uuid4().hex}"

    def _path(self, key: str) -> Path:
        parts = key.split("/")
        if any(part in ("", ".", "..") or "\\" in part or "\0" in part for part in parts):
            raise ValueError(f"not a key: {key!r}")
        path = self._folder
        for part in parts:
            path = path / part
            if path.is_symlink():
                raise EnvironmentProblem(
                    f"{path} is a symbolic link, which could lead out of the store",
                    "replace the link by a real folder, or choose its target as store.path",
                )
        return path

    def _make_folder(self, folder: Path) -> None:
        """Make ``folder`` durably; the store's own folder is not made anew if it vanished."""
        if folder == self._folder or folder.is_dir():
            return
        self._make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        durable.sync_folder(folder.parent)

    def _claim(self, temporary: Path, target: Path) -> None:
        try:
            self._link(temporary, target)
        except OSError as error:
            if error.errno not in _NO_HARD_LINKS:
                raise
            with _alone_in(target.parent):
                if os.path.lexists(target):
                    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from error
                temporary.rename(target)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Keep every other writer on this machine that has no hard links either out of ``folder``."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # of this descriptor, so it holds between threads
        yield
    finally:
        os.close(descriptor)


def _cannot_list(error: OSError) -> None:
    """An unreadable folder must not look like an empty one; what is no folder has no keys."""
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise EnvironmentProblem(
            f"the folder {error.filename} cannot be read: {error.strerror}",
            "make it readable for you, then run again",
        ) from error


def _remove_if_older(path: Path, oldest: float) -> None:
    # another run may remove it too
    try:
        if path.lstat().st_mtime < oldest:
            path.unlink()
    except FileNotFoundError:
        return
