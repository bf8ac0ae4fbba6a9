"""What a killed run left: decided from the disk alone, settled at the start of every command."""

import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from migrator import durable
from migrator.rewriter.exchange import second_name
from migrator.rewriter.swap import Conflict, Prepared, Swapped, put_back, retire, set_aside

_TEMPORARY = re.compile(r"\..*\.migrator-(?P<run>.+)-[0-9a-f]{8}~?", re.DOTALL)


class Action(Enum):
    """What to do about a swap that was intended and of which no result is recorded."""

    START_OVER = "it did not happen"
    FINISH = "it happened"
    PUT_BACK = "it happened to a save of another program, which goes back in place"
    LEAVE = "the post was edited since, and stays"


@dataclass(frozen=True, slots=True)
class NotSwapped:
    """The post is as it was before; it may be replaced again."""


def is_temporary(name: str) -> bool:
    """Whether a file is called like those beside a post that is just being replaced."""
    return _TEMPORARY.fullmatch(name) is not None


def decide(before: str, after: str, at_path: str | None, at_temporary: str | None) -> Action:
    """What to do, from the SHA-256 of the bytes before and after and of what is there now.

    ``None`` stands for no file. The new file was durable before the intent was recorded; so where
    the old bytes are in place, whatever is at the temporary name is of no use.

    ======  ===========  ==========
    path    temporary    action
    ======  ===========  ==========
    before  any          START_OVER
    after   before       FINISH
    after   none         FINISH
    after   other        PUT_BACK
    other   any          LEAVE
    none    any          LEAVE
    ======  ===========  ==========
    """
    if at_path == before:
        return Action.START_OVER
    if at_path != after:
        return Action.LEAVE
    return Action.FINISH if at_temporary in {before, None} else Action.PUT_BACK


def settle(intent: Prepared, displaced: Path) -> NotSwapped | Swapped | Conflict:
    """Bring an intended swap to one of its ends; ``displaced`` as for ``swap.swap``.

    Deletes nothing, and may be killed and run again.

    Raises:
        EnvironmentProblem: the disk is full, broken, read-only; run it again.
    """
    with durable.problems_told(intent.path):
        _end_second_name(intent, displaced)
        action = decide(
            intent.before_sha256,
            intent.after_sha256,
            durable.sha256_at(intent.path),
            durable.sha256_at(intent.temporary),
        )
        match action:
            case Action.START_OVER:
                set_aside(intent, displaced)
                return NotSwapped()
            case Action.FINISH:
                durable.sync_folder(intent.path.parent)
                moved = set_aside(intent, displaced) or _earlier(displaced, intent.before_sha256)
                return Swapped(moved[0] if moved else None, None)
            case Action.PUT_BACK:
                return put_back(intent, displaced)
            case Action.LEAVE:
                kept = set_aside(intent, displaced)
                return Conflict("it was edited by another program", tuple(kept))


def sweep(folders: Iterable[Path], runs: Mapping[str, Path]) -> list[Path]:
    """Move aside what killed runs prepared and did not come to intend; returns what was left.

    Call it when every intent is settled. ``folders`` are those of the posts, and the folders of
    originals; ``runs`` says for the name of each run of this site where its displaced files go. A
    file with another run's name (another machine's, in a synchronised folder) is left.

    Raises:
        EnvironmentProblem: a file cannot be moved.
    """
    left = []
    for folder in folders:
        with durable.problems_told(folder), suppress(FileNotFoundError):
            for path in sorted(folder.iterdir()):
                found = _TEMPORARY.fullmatch(path.name)
                if found is None:
                    continue
                aside = runs.get(found["run"])
                if aside is None or retire(path, aside / path.name) == path:
                    left.append(path)
    return left


def look_again(displaced: Iterable[tuple[Path, str]]) -> list[Path]:
    """The displaced files that no longer have the SHA-256 they were displaced with.

    A program had the post open while it was replaced and saved into the old file; what it saved is
    there, and not in the post. Missing files are not counted.
    """
    return [path for path, expected in displaced if durable.sha256_at(path) not in {expected, None}]


def _earlier(displaced: Path, before: str) -> list[Path]:
    """Where an earlier attempt moved the displaced file."""
    for path in durable.names(displaced):
        found = durable.sha256_at(path)
        if found in {before, None}:
            return [path] if found else []
    raise AssertionError("names() does not end")


def _end_second_name(intent: Prepared, displaced: Path) -> None:
    """Where the system cannot exchange: end the moment in which the post has a second name."""
    second = second_name(intent.temporary)
    if not os.path.lexists(second):
        return
    if not os.path.lexists(intent.temporary):
        second.rename(intent.temporary)
    elif os.path.lexists(intent.path) and os.path.samestat(os.lstat(second), os.lstat(intent.path)):
        second.unlink()  # the post has its own name
    else:
        retire(second, displaced)
