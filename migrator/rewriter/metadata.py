"""Owner, permissions, extended attributes and ACLs of a file, given to another."""

import ctypes
import errno
import os
import sys
from stat import S_IMODE

_REFUSED = {errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL}
_COPYFILE_ACL_AND_XATTR = 1 | 4  # copyfile.h


class NotKept(Exception):
    """Something of the file cannot be given to another; the message says what."""


def copy(source: int, target: int) -> None:
    """Give the open file ``target`` what ``source`` has, but not its times.

    ACLs are extended attributes on Linux; one that ``target`` inherited from its folder goes.

    Raises:
        NotKept: the system refuses some of it, or forgets it without a word.
        OSError: the disk fails.
    """
    if sys.platform == "win32":
        return
    wanted = os.fstat(source)
    found = os.fstat(target)
    # In this order: a new owner takes setgid away, an ACL changes the mode.
    if (wanted.st_uid, wanted.st_gid) != (found.st_uid, found.st_gid):
        _try("its owner", os.fchown, target, wanted.st_uid, wanted.st_gid)
    _copy_attributes(source, target)
    _try("its permissions", os.fchmod, target, S_IMODE(wanted.st_mode))
    if differ(source, target):
        raise NotKept("its owner or permissions")


def differ(first: int, second: int) -> bool:
    """Whether owner, group or permissions of two open files differ."""
    one, other = os.fstat(first), os.fstat(second)
    return (one.st_uid, one.st_gid, one.st_mode) != (other.st_uid, other.st_gid, other.st_mode)


def _try(what: str, function: object, *arguments: object) -> None:
    try:
        function(*arguments)  # type: ignore[operator]  # functions of os with unlike signatures
    except OSError as error:
        if error.errno in _REFUSED:
            raise NotKept(what) from error
        raise


if sys.platform == "darwin":

    def _copy_attributes(source: int, target: int) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.fcopyfile(source, target, None, _COPYFILE_ACL_AND_XATTR):
            raise NotKept("its extended attributes or ACL")

elif sys.platform == "linux":

    def _copy_attributes(source: int, target: int) -> None:
        wanted, found = _attributes(source), _attributes(target)
        for name in found.keys() - wanted.keys():
            _try(f"the absence of the attribute {name}", os.removexattr, target, name)
        for name, value in wanted.items():
            if found.get(name) != value:
                _try(f"its attribute {name}", os.setxattr, target, name, value)

    def _attributes(descriptor: int) -> dict[str, bytes]:
        try:
            return {name: os.getxattr(descriptor, name) for name in os.listxattr(descriptor)}
        except OSError as error:
            if error.errno in {errno.ENOTSUP, errno.EOPNOTSUPP}:
                return {}  # a file system without attributes
            raise
