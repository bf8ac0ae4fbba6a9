"""How ``scan`` tells of forbidden images: to people, and to GitHub where it runs there."""

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from migrator.cli.screen import say
from migrator.model import Post, SkippedPost
from migrator.redact import redact
from migrator.report.annotations import Hit, annotation, forbidden, page
from migrator.report.escape import for_terminal
from migrator.report.quantities import counted
from migrator.scanner.hosts import selected

_UNREAD = "Not everything could be read"
_MOST = 10  # places that people are told of
_FEW = 3  # paths that are worth repeating


class Findings:
    """What makes ``scan`` end with 3: told as it is found if ``annotate``, and at the end."""

    def __init__(self, *, annotate: bool, json: bool) -> None:
        self._annotate = annotate
        self._json = json
        self._images: list[Hit] = []
        self._unread: list[Hit] = []

    @property
    def status(self) -> int:
        """The exit status."""
        return 3 if self._images or self._unread else 0

    def unread(self, post: SkippedPost) -> None:
        """A post was not looked at, so nobody knows what it shows."""
        why = f"{post.reason.words} ({redact(post.detail)})" if post.detail else post.reason.words
        self._add(self._unread, Hit(_from_repository(post.path), _UNREAD, why))

    def read(self, post: Post, fail_on: Sequence[str]) -> None:
        """A post was looked at: are there images on hosts where none may be?"""
        for note in post.notes:
            self._add(
                self._unread,
                Hit(_from_repository(post.path), _UNREAD, redact(note.text), note.line),
            )
        for reference in post.references if fail_on else ():
            if selected(reference.url, fail_on, ()):
                self._add(self._images, forbidden(_from_repository(post.path), reference))

    def end(self, paths: Sequence[str], fail_on: Sequence[str]) -> None:
        """Tell people where images are on hosts ``fail_on``, and how to move them."""
        if self._images:
            say("\n".join(map(for_terminal, _words(self._images, paths, fail_on))), err=True)
        found = self._images + self._unread
        if self._annotate and found and (summary := os.environ.get("GITHUB_STEP_SUMMARY")):
            with Path(summary).open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(page(found))

    def _add(self, found: list[Hit], hit: Hit) -> None:
        found.append(hit)
        if self._annotate:
            say(annotation(hit), err=self._json)  # GitHub reads both streams


def _words(hits: Sequence[Hit], paths: Sequence[str], fail_on: Sequence[str]) -> list[str]:
    posts = counted(len({hit.path for hit in hits}), "post")
    lines = [f"{counted(len(hits), 'image')} of {', '.join(fail_on)} in {posts}:"]
    lines += [f"  {hit.path}:{hit.line}:{hit.column}" for hit in hits[:_MOST]]
    lines += [f"  and {len(hits) - _MOST:,} more"] if len(hits) > _MOST else []
    where = [os.path.relpath(path) for path in paths] if len(paths) <= _FEW else ["PATH"]
    options = [word for each in fail_on for word in ("--host", each)]
    return [*lines, f"To move them: {shlex.join(['migrator', 'migrate', *where, *options])}"]


def in_github_actions() -> bool:
    """Whether a workflow of GitHub runs us."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def _from_repository(path: Path) -> str:
    """``path`` from the top of its repository, else from the folder that GitHub works in."""
    path = Path(os.path.abspath(path))  # noqa: PTH100 - links stay as the repository has them
    workspace = Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd())
    top = next((each for each in path.parents if (each / ".git").exists()), workspace)
    return path.relative_to(top).as_posix() if path.is_relative_to(top) else path.as_posix()
