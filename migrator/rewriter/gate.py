"""Which files may be replaced: ordinary ones of our own, still holding what was scanned."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISLNK, S_ISREG

from migrator import durable
from migrator.reasons import Reason


@dataclass(frozen=True, slots=True)
class Refused:
    """The post stays as it is, and why."""

    reason: Reason
    detail: str = ""


def refusal(path: Path) -> Refused | None:
    """Why the file at ``path`` could not be replaced, as far as can be seen from outside."""
    try:
        return _refused(path, os.lstat(path))
    except OSError:
        return gone(path)


@contextmanager
def opened(path: Path, expected_sha256: str) -> Iterator[tuple[int, bytes] | Refused]:
    """The post, open, and its bytes."""
    descriptor = _open(path)
    if isinstance(descriptor, Refused):
        yield descriptor
        return
    try:
        yield _content(path, descriptor, expected_sha256)
    finally:
        os.close(descriptor)


def _open(path: Path) -> int | Refused:
    try:
        if refused := _refused(path, os.lstat(path)):
            return refused  # before opening: a FIFO would keep us waiting
        return os.open(path, durable.READ)
    except (FileNotFoundError, NotADirectoryError):
        return gone(path)
    except OSError as error:
        if error.errno in {errno.EMFILE, errno.ENFILE}:
            with durable.problems_told(path):
                raise
        if error.errno == errno.ELOOP:
            return Refused(Reason.SYMLINK)
        return Refused(Reason.UNREADABLE, error.strerror or "")


def _content(path: Path, descriptor: int, expected_sha256: str) -> tuple[int, bytes] | Refused:
    if refused := _refused(path, os.fstat(descriptor)):
        return refused
    try:
        content = durable.read(descriptor)
    except OSError as error:
        return Refused(Reason.UNREADABLE, error.strerror or "")
    if durable.sha256(content) != expected_sha256:
        return Refused(Reason.POST_CHANGED, "it was edited since it was scanned")
    return descriptor, content


def _refused(path: Path, status: os.stat_result) -> Refused | None:
    if S_ISLNK(status.st_mode):
        return Refused(Reason.SYMLINK)
    if not S_ISREG(status.st_mode):
        return Refused(Reason.NOT_A_FILE)
    if status.st_nlink != 1:
        return Refused(Reason.HARD_LINK, f"it has {status.st_nlink} names")
    if _owned_by_another(status):
        return Refused(Reason.OTHER_OWNER)
    if not os.access(path, os.R_OK):
        return Refused(Reason.UNREADABLE, os.strerror(errno.EACCES))
    if not (status.st_mode & 0o222 and os.access(path, os.W_OK)):
        return Refused(Reason.READ_ONLY, "the file is read-only")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        return Refused(Reason.READ_ONLY, f"the folder {path.parent} is read-only")
    return None


def _owned_by_another(status: os.stat_result) -> bool:
    """Whether we could not give a new file the same owner and group."""
    if not hasattr(os, "geteuid") or os.geteuid() == 0:
        return False
    return status.st_uid != os.geteuid() or status.st_gid not in {os.getegid(), *os.getgroups()}


def gone(path: Path) -> Refused:
    """The post is no longer there."""
    return Refused(Reason.POST_CHANGED, f"{path.name} was deleted or renamed")
