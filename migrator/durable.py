"""Writing files so that they are still there after a power cut, whole."""

import errno
import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from stat import S_ISREG

from migrator.errors import EnvironmentProblem

# A FIFO must not block us, a symbolic link must not lead us elsewhere.
READ = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_CREATE = (
    os.O_RDWR
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_NOT_READABLE = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EACCES, errno.EPERM, errno.ENXIO}
_NO_FOLDER_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP}
_MORE = 2**16  # bytes, where a file has more than its size said
NOT_A_FILE = "not a readable file"


def sha256(content: bytes) -> str:
    """The SHA-256 of ``content``, in hex."""
    return hashlib.sha256(content).hexdigest()


def sha256_at(path: Path) -> str | None:
    """The SHA-256 of the file at ``path``; ``None`` if nothing is there, else ``NOT_A_FILE``."""
    content = content_at(path)
    if content is not None:
        return sha256(content)
    return NOT_A_FILE if os.path.lexists(path) else None


def content_at(path: Path) -> bytes | None:
    """The bytes at ``path``; ``None`` if there is no regular file that we may read.

    Raises:
        OSError: the disk fails.
    """
    try:
        descriptor = os.open(path, READ)
    except OSError as error:
        if error.errno in _NOT_READABLE:
            return None
        raise
    try:
        return read(descriptor) if S_ISREG(os.fstat(descriptor).st_mode) else None
    finally:
        os.close(descriptor)


def read(descriptor: int) -> bytes:
    """Everything from the descriptor's position to the end of the file."""
    pieces = [os.read(descriptor, os.fstat(descriptor).st_size + 1)]
    while pieces[-1]:
        pieces.append(os.read(descriptor, _MORE))
    return b"".join(pieces)


def create(path: Path, content: bytes, dress: Callable[[int], None] | None = None) -> None:
    """Make the new file ``path`` of ``content``, durable in itself: sync its folder as well.

    ``dress`` may set metadata through the descriptor. The file is read again before it counts. If
    anything fails it is gone: after a failed fsync the kernel may call lost pages clean, so the
    only way on is another file.

    Raises:
        OSError: also ``EIO`` if the disk gives back other bytes; ``FileExistsError``.
    """
    descriptor = os.open(path, _CREATE, 0o600)
    try:
        try:
            left = memoryview(content)
            while left:
                left = left[os.write(descriptor, left) :]
            if dress is not None:
                dress(descriptor)
            sync(descriptor)
        finally:
            os.close(descriptor)
        _check(path, content)
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise


def _check(path: Path, content: bytes) -> None:
    if sha256_at(path) != sha256(content):
        raise OSError(errno.EIO, "the disk gives back other bytes", str(path))


def keep(path: Path, content: bytes, temporary: Path) -> Path:
    """Make ``content`` durable at ``path`` and say where it is: an existing file is never replaced.

    If other bytes are there, the copy gets a number: ``post.md.2``. ``temporary`` is a
    name in the same folder that no file has.
    """
    make_folder(path.parent)
    digest = sha256(content)
    for candidate in names(path):
        found = sha256_at(candidate)
        if found is None:
            create(temporary, content)
            temporary.rename(candidate)
        if found in {None, digest}:
            sync_folder(path.parent)
            return candidate
    raise AssertionError("names() does not end")


def names(path: Path) -> Iterator[Path]:
    """``path``, then the same with ``.2``, ``.3`` ... at its end."""
    yield path
    number = 2
    while True:
        yield path.with_name(f"{path.name}.{number}")
        number += 1


@cache  # once per process is enough, and spares an fsync per post
def make_folder(path: Path) -> None:
    """Make the folder ``path`` and those above it, durably.

    The deepest folder that is there may be the last act of a killed run, so its parent is synced
    too; those above it were synced before it was made.
    """
    try:
        path.mkdir()
    except FileExistsError:
        if not path.is_dir():
            raise
    except FileNotFoundError:
        make_folder(path.parent)
        path.mkdir()
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make the names in the folder ``path`` durable."""
    with folder(path) as sync_names:
        sync_names()


@contextmanager
def folder(path: Path) -> Iterator[Callable[[], None]]:
    """What makes the names in the folder at ``path`` durable, even if it is renamed meanwhile."""
    if sys.platform == "win32":  # which cannot open folders; NTFS journals names
        yield lambda: None
        return
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except PermissionError:  # names may be made here, but not listed
        yield os.sync
        return

    def sync_names() -> None:
        try:
            sync(descriptor)
        except OSError as error:
            if error.errno not in _NO_FOLDER_SYNC:  # some network file systems have none
                raise

    try:
        yield sync_names
    finally:
        os.close(descriptor)


def sync(descriptor: int) -> None:
    """Make what was written to the open file or folder durable."""
    if sys.platform == "darwin":  # where fsync leaves the bytes in the drive's cache: fsync(2)
        import fcntl  # noqa: PLC0415 - not there on Windows

        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
    else:
        os.fsync(descriptor)


@contextmanager
def problems_told(path: Path, size: int = 0) -> Iterator[None]:
    """Turn an error of the system while ``size`` bytes were being written for ``path`` into words.

    Raises:
        EnvironmentProblem: what happened, and what to do.
    """
    try:
        yield
    except OSError as error:
        raise _problem(error, path, size) from error


def _problem(error: OSError, path: Path, size: int) -> EnvironmentProblem:
    again = "then run the command again"
    match error.errno:
        case errno.ENOSPC:
            what = f"the disk is full: {path} needs {size:,} bytes more, {_free(path)} are free"
            cure = f"Free some space, {again}."
        case errno.EDQUOT:
            what = f"your disk quota is used up: {path} needs {size:,} bytes more"
            cure = f"Free some space or ask for a larger quota, {again}."
        case errno.EFBIG:
            what = f"a limit on the size of files was reached: {path} needs {size:,} bytes"
            cure = f"Raise the limit (ulimit -f), {again}."
        case errno.EROFS:
            what = f"the disk is read-only: cannot write {path}"
            cure = f"Make the disk writable, {again}."
        case errno.EIO:
            what = f"the disk reports an error at {path}"
            cure = f"Copy the site to another disk, check this one, {again}."
        case errno.EMFILE | errno.ENFILE:
            what = f"too many files are open: cannot open {path}"
            cure = f"Close other programs or raise the limit (ulimit -n), {again}."
        case errno.ENOENT:
            what = f"cannot write {path}: its folder vanished"
            cure = f"See that its disk is still there, {again}."
        case errno.ENOTDIR | errno.EEXIST if (file := _file_above(path)) is not None:
            what = f"cannot write {path}: {file} is a file, not a folder"
            cure = f"Move it away or choose another folder, {again}."
        case errno.EACCES | errno.EPERM:
            what = f"no permission to write {error.filename or path}"
            cure = f"Make it writable for you, {again}."
        case _:
            what = f"cannot write {path}: {error.strerror or error}"
            cure = f"Remove the cause, {again}."
    return EnvironmentProblem(what, cure)


def _file_above(path: Path) -> Path | None:
    """The file that stands where ``path`` or a folder above it should be one."""
    found = next((each for each in (path, *path.parents) if each.exists()), None)
    return None if found is None or found.is_dir() else found


def _free(path: Path) -> str:
    existing = next((folder for folder in path.parents if folder.is_dir()), Path())
    try:
        return f"{shutil.disk_usage(existing).free:,}"
    except OSError:
        return "too few"
