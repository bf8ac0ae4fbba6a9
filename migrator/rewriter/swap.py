"""Replacing a post on disk so that nothing is ever lost: the only code that does it.

The steps, between which the caller speaks to the ledger::

    inspect    the post is an ordinary file that we may replace, and holds what was scanned
    prepare    its bytes are durable in the state folder, then the new file stands beside it
               -> the caller records the intent
    swap       both change places; what came out is compared with what was scanned
               -> the caller records the result

What came out is moved aside, never deleted: a program that still has it open may write to it. If
it is not what was scanned, another program saved in between, and its file goes back.
A process killed anywhere leaves what ``migrator.rewriter.recovery`` settles.
"""

import errno
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from migrator import durable
from migrator.reasons import Reason
from migrator.rewriter import metadata
from migrator.rewriter.exchange import Method, NoSafeWay, exchange
from migrator.rewriter.gate import Refused, gone, opened

_NAME_MAX = 255  # bytes, on every file system of note
_MOUNTED = {errno.EBUSY, errno.EXDEV}  # the post itself is a mount point, as in containers


@dataclass(frozen=True, slots=True)
class Prepared:
    """A new version of the post at ``path``, durable beside it under the name ``temporary``.

    ``original`` holds the post's bytes as they were: the place asked for, or, where a file with
    other bytes was there already, that name and a number.
    """

    path: Path
    temporary: Path
    before_sha256: str
    after_sha256: str
    original: Path


@dataclass(frozen=True, slots=True)
class Swapped:
    """The new version is in place, durably.

    ``displaced`` is the file that stood there before: in the state folder, or beside the post under
    its hidden name if that is on another disk (a file that may be open cannot move there);
    ``None`` if someone removed it. ``method`` is ``None`` where a killed run did the swap.
    """

    displaced: Path | None
    method: Method | None


@dataclass(frozen=True, slots=True)
class Conflict:
    """Another program changed the post meanwhile; its version is in place.

    ``kept`` are all other versions that were seen, the newest last.
    """

    detail: str
    kept: tuple[Path, ...]


def inspect(path: Path, expected_sha256: str) -> bytes | Refused:
    """The bytes of the post at ``path``, if they have this SHA-256 and we may replace the file.

    Raises:
        EnvironmentProblem: too many files are open.
    """
    with opened(path, expected_sha256) as post:
        return post if isinstance(post, Refused) else post[1]


def prepare(
    path: Path, before_sha256: str, new: bytes, *, original: Path, run: str
) -> Prepared | Refused:
    """Keep the post's bytes at ``original`` and put the file that shall replace it beside it.

    The post is untouched. The new file has its owner, permissions, extended attributes and ACLs,
    and a new modification time, by which editors notice. ``run`` names the run in temporary names.

    Raises:
        EnvironmentProblem: the disk is full, broken, read-only; nothing is left beside the post.
    """
    with opened(path, before_sha256) as post:
        if isinstance(post, Refused):
            return post
        descriptor, before = post
        with durable.problems_told(original, len(before)):
            kept = durable.keep(original, before, _temporary(original, run))
        temporary = _temporary(path, run)
        with durable.problems_told(path, len(new)):
            try:
                durable.create(temporary, new, lambda target: metadata.copy(descriptor, target))
            except metadata.NotKept as error:
                return Refused(Reason.METADATA, f"{error} cannot be kept")
            except FileNotFoundError:
                return gone(path)
            except PermissionError as error:
                return _read_only(error)
    return Prepared(path, temporary, before_sha256, durable.sha256(new), kept)


def swap(prepared: Prepared, displaced: Path) -> Swapped | Conflict | Refused:
    """Put the prepared file in the post's place, and the file that stood there at ``displaced``.

    ``displaced`` gets a number if something is there. After ``Refused`` nothing was changed and
    the prepared file is gone.

    Raises:
        EnvironmentProblem: the post is whole, old or new; ``recovery.settle`` finds out.
    """
    path, temporary = prepared.path, prepared.temporary
    with durable.problems_told(path):
        refused = _changed(prepared)
        if refused is not None:
            discard(prepared)
            return refused
        with durable.folder(path.parent) as sync:
            method = _exchange(prepared)
            if isinstance(method, Refused):
                discard(prepared)
                return method
            if durable.sha256_at(temporary) != prepared.before_sha256:
                return put_back(prepared, displaced)
            sync()
        return Swapped(retire(temporary, displaced), method)


def discard(prepared: Prepared) -> None:
    """Remove a prepared file that never was in the post's place."""
    with suppress(OSError):  # then the next run finds it and moves it aside
        prepared.temporary.unlink()


def put_back(prepared: Prepared, displaced: Path) -> Conflict:
    """Put the file that our swap took from another program back in its place.

    Their own file, not a copy: they may have it open. If someone saved over our version in the
    meantime, that newest save stays in place. Then it ends: no loop against a busy program.
    """
    path, temporary = prepared.path, prepared.temporary
    seen = [durable.content_at(temporary)]
    with durable.folder(path.parent) as sync:
        with suppress(FileNotFoundError):  # they have just deleted or renamed the post
            exchange(temporary, path)  # at once, before anyone builds on our version
            seen += [durable.content_at(path), durable.content_at(temporary)]
            if seen[-1] is None or durable.sha256(seen[-1]) != prepared.after_sha256:
                exchange(temporary, path)
            else:
                seen.pop()
        sync()
    kept = [
        _keep(_theirs(displaced), content) for content in dict.fromkeys(seen) if content is not None
    ]
    kept += set_aside(prepared, displaced)
    return Conflict("it was saved by another program while it was being replaced", tuple(kept))


def set_aside(prepared: Prepared, displaced: Path) -> list[Path]:
    """Move what is at the temporary name, if anything, into the state folder; say where it is.

    The bytes that were scanned go to ``displaced``, our version beside them, under its hidden name,
    and what another program saved under the post's name and ``.theirs``.
    """
    found = durable.sha256_at(prepared.temporary)
    if found is None:
        return []
    if found == prepared.after_sha256:
        displaced = displaced.with_name(prepared.temporary.name)
    elif found != prepared.before_sha256:
        displaced = _theirs(displaced)
    return [retire(prepared.temporary, displaced)]


def retire(path: Path, aside: Path) -> Path:
    """Move the file at ``path``, which another program may have open, to ``aside`` or a number.

    Returns where it is: on another disk it stays. The move is not synced: after a power cut the
    file has one of its two names, and its bytes are kept elsewhere.
    """
    durable.make_folder(aside.parent)
    target = next(name for name in durable.names(aside) if not os.path.lexists(name))
    try:
        path.rename(target)
    except OSError as error:
        if error.errno == errno.EXDEV:
            return path
        raise
    return target


def _changed(prepared: Prepared) -> Refused | None:
    """Why the prepared file no longer fits, as far as can be seen without taking the post."""
    with opened(prepared.path, prepared.before_sha256) as post:
        if isinstance(post, Refused):
            return post
        try:
            temporary = os.open(prepared.temporary, durable.READ)
        except FileNotFoundError:
            return _removed(prepared)
        try:
            if metadata.differ(post[0], temporary):
                return Refused(Reason.POST_CHANGED, "its owner or permissions were changed")
        finally:
            os.close(temporary)
    return None


def _exchange(prepared: Prepared) -> Method | Refused:
    try:
        return exchange(prepared.temporary, prepared.path)
    except NoSafeWay:
        return Refused(Reason.FILE_SYSTEM, "copy the site to another disk")
    except FileNotFoundError:
        return _removed(prepared) if os.path.lexists(prepared.path) else gone(prepared.path)
    except PermissionError as error:
        return _read_only(error)
    except OSError as error:
        if error.errno in _MOUNTED:
            return Refused(Reason.FILE_SYSTEM, "the file itself is mounted there")
        raise


def _theirs(displaced: Path) -> Path:
    return displaced.with_name(f"{displaced.name}.theirs")


def _keep(path: Path, content: bytes) -> Path:
    return durable.keep(path, content, path.with_name(f".{path.name}.{os.urandom(4).hex()}"))


def _temporary(path: Path, run: str) -> Path:
    """A hidden name beside ``path`` that no other file has; ``recovery`` knows its pattern."""
    tail = f".migrator-{run}-{os.urandom(4).hex()}"
    room = _NAME_MAX - len(tail) - len(".~")  # "~" is for exchange.second_name
    return path.with_name("." + path.name.encode()[:room].decode(errors="ignore") + tail)


def _removed(prepared: Prepared) -> Refused:
    return Refused(Reason.POST_CHANGED, f"another program removed {prepared.temporary}")


def _read_only(error: OSError) -> Refused:
    return Refused(Reason.READ_ONLY, error.strerror or "")
