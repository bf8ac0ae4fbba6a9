"""The system call that puts one file in another's place and brings the other out.

Linux: ``renameat2(RENAME_EXCHANGE)``, see renameat2(2). macOS: ``renameatx_np(RENAME_SWAP)``, see
rename(2). Both swap two names at once: no instant without a post, and whatever stood at the post's
name, a save of the last microsecond included, is now in our hands.

Elsewhere (NFS, some FUSE file systems): a second name for the post (a hard link), then a plain
rename over it. There a program that saves by renaming, in the microseconds between the two, loses
that save; so the method used is named in what callers get.
"""

import ctypes
import errno
import os
import sys
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

_SWAP = 2  # RENAME_EXCHANGE (linux/fs.h) and RENAME_SWAP (sys/stdio.h) have the same value
_HERE = {"linux": -100, "darwin": -2}.get(sys.platform, 0)  # AT_FDCWD
_NOT_HERE = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP}
_NO_LINKS = {errno.EPERM, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK}


class Method(StrEnum):
    """How a file took the other's place."""

    EXCHANGE = "exchange"
    REPLACE = "replace"  # reduced: see the module


class NoSafeWay(OSError):
    """The file system can neither exchange two files nor give one a second name."""


def exchange(temporary: Path, post: Path) -> Method:
    """Put ``temporary`` in the place of ``post``; what stood there is then at ``temporary``.

    At every instant one of the two stands at ``post``.

    Raises:
        NoSafeWay: nothing was changed.
        OSError: as the system says (``FileNotFoundError`` if either is missing).
    """
    try:
        _exchange(temporary, post)
    except OSError as error:
        if error.errno not in _NOT_HERE:
            raise
        _replace(temporary, post)
        return Method.REPLACE
    return Method.EXCHANGE


def second_name(temporary: Path) -> Path:
    """The name under which ``swap`` without an exchange holds the post for a moment."""
    return temporary.with_name(temporary.name + "~")


def _exchange(first: Path, second: Path) -> None:
    function = _function()
    if function is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    if function(_HERE, os.fsencode(first), _HERE, os.fsencode(second), _SWAP):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(first), None, str(second))


@cache
def _function() -> Any | None:
    name = {"linux": "renameat2", "darwin": "renameatx_np"}.get(sys.platform)
    function = getattr(ctypes.CDLL(None, use_errno=True), name, None) if name else None
    if function is not None:
        path, number = ctypes.c_char_p, ctypes.c_int
        function.argtypes = (number, path, number, path, ctypes.c_uint)
        function.restype = number
    return function


def _replace(temporary: Path, post: Path) -> None:
    keep = second_name(temporary)
    try:
        os.link(post, keep)
    except OSError as error:
        if error.errno in _NO_LINKS:
            raise NoSafeWay from error
        raise
    try:
        temporary.replace(post)
    except BaseException:
        keep.unlink()  # the post still has its own name
        raise
    keep.rename(temporary)
