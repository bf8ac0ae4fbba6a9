"""Which posts hold work that git does not have yet. Reads; changes nothing, runs no hook or filter.

A post is compared with the last commit by its blob name (git-hash-object(1)): asking `git status`
would run what a copied repository's own configuration may name (core.fsmonitor, filters).
"""

import hashlib
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from migrator.errors import UsageError

_BUSY = {
    "MERGE_HEAD": "a merge",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "BISECT_LOG": "a bisection",
    "index.lock": "another git command",
}
_SHA1_DIGITS = 40
_TIMEOUT = 60.0  # seconds; a listing of 100,000 files takes one


@dataclass(slots=True)
class WorkTrees:
    """The git work trees around posts, each looked at once.

    Where git is not installed, or a folder is no work tree, nothing counts as uncommitted.
    """

    _tops: dict[Path, Path | None] = field(default_factory=dict)
    _committed: dict[Path, dict[str, str] | None] = field(default_factory=dict)
    _new: dict[Path, set[str]] = field(default_factory=dict)

    def has_uncommitted(self, post: Path) -> bool:
        """Whether the bytes of ``post`` are not those of the last commit, nor ignored by git.

        Raises:
            UsageError: the work tree is in the middle of a merge, a rebase or another git command.
        """
        top = self._top(post.resolve().parent)
        committed = self._tree(top) if top else None
        if top is None or committed is None:
            return False
        name = post.resolve().relative_to(top).as_posix()
        known = committed.get(name)
        if known is None:
            return name in self._untracked(top)
        try:
            content = post.read_bytes()
        except OSError:
            return False  # whoever replaces it says why it cannot be read
        # git may have stored the lines of a file with CRLF as LF (gitattributes(5), text)
        spellings = (content, content.replace(b"\r\n", b"\n"))
        return all(_blob_name(each, len(known)) != known for each in spellings)

    def _top(self, folder: Path) -> Path | None:
        """The work tree that ``folder`` belongs to."""
        if folder not in self._tops:
            if (folder / ".git").exists():
                self._tops[folder] = folder
            else:
                is_root = folder == folder.parent
                self._tops[folder] = None if is_root else self._top(folder.parent)
        return self._tops[folder]

    def _tree(self, top: Path) -> dict[str, str] | None:
        """The blob names of all files of the last commit, ``None`` if git cannot tell."""
        if top not in self._committed:
            self._must_be_calm(top)
            listing = _git(top, "ls-tree", "-r", "-z", "--full-tree", "HEAD")
            if listing is None and _git(top, "rev-parse", "--git-dir") is not None:
                listing = b""  # nothing was committed yet
            self._committed[top] = None if listing is None else _blobs(listing)
        return self._committed[top]

    def _untracked(self, top: Path) -> set[str]:
        """The files that git neither has nor ignores, and those added but not committed."""
        if top not in self._new:
            listing = _git(
                top, "ls-files", "-z", "--others", "--cached", "--exclude-standard", "--full-name"
            )
            self._new[top] = {os.fsdecode(each) for each in (listing or b"").split(b"\0") if each}
        return self._new[top]

    def _must_be_calm(self, top: Path) -> None:
        found = _git(top, "rev-parse", "--absolute-git-dir")
        if found is None:
            return
        folder = Path(os.fsdecode(found.rstrip(b"\n")))
        for name, what in _BUSY.items():
            if (folder / name).exists():
                raise UsageError(
                    f"{top} is in the middle of {what} (there is {folder / name})",
                    "Finish or abort it, then run this again; or let git be ignored: "
                    'git = "ignore" under [safety].',
                )


def _git(top: Path, *arguments: str) -> bytes | None:
    """What git prints, ``None`` if it is not there or refuses."""
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(  # noqa: S603 - our own words
            ["git", "-c", "core.fsmonitor=false", "-C", str(top), *arguments],  # noqa: S607 - the user's git
            capture_output=True,
            env=environment,
            timeout=_TIMEOUT,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _blobs(listing: bytes) -> dict[str, str]:
    """Name by path, of lines such as ``100644 blob 3b18e5...<TAB>posts/a.md<NUL>``."""
    entries = (line.partition(b"\t") for line in listing.split(b"\0") if line)
    return {os.fsdecode(path): meta.split()[2].decode() for meta, _, path in entries}


def _blob_name(content: bytes, digits: int) -> str:
    algorithm = hashlib.sha1 if digits == _SHA1_DIGITS else hashlib.sha256
    header = f"blob {len(content)}\0".encode()
    return algorithm(header + content, usedforsecurity=False).hexdigest()
