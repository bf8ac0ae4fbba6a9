"""Tries everything on a copy of a site, with kills, and sees whether anything was lost."""

import hashlib
import json
import os
import random
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from migrator.errors import LedgerError, UsageError
from migrator.ledger import Ledger, Run
from migrator.rewriter.recovery import is_temporary
from migrator.state import FOLDER, Site

_LOOK = 0.01  # seconds between two looks at how far a command is
_DONE = 0
_SOME_STAYED = 3
_WAITING = ("planned", "skipped")
_RESUME = ["resume", "--yes"]

Tree = dict[str, tuple[int, str]]
Answer = TypeVar("Answer")


@dataclass(slots=True)
class Verdict:
    """What was seen: ``problems`` is empty where nothing was lost.

    Counts are of what happened to the copy.
    """

    posts: int = 0
    images: int = 0
    stayed: int = 0
    kills: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SelfTest:
    """A self-test of the site at ``copy``, which is migrated into a temporary folder and back.

    Commands are killed ``kills`` times, at places that ``seed`` chooses. ``say`` is told what
    happens. Images are fetched from where the posts say, as in a real run.
    """

    copy: Path
    kills: int
    seed: int
    say: Callable[[str], None]
    options: Sequence[str] = ()

    def run(self) -> Verdict:
        """Dry run, run with kills and resumes, a second run, rollback with kills; compare trees.

        Raises:
            UsageError: ``copy`` is no folder, has a history already, or cannot be migrated.
        """
        if not self.copy.is_dir():
            raise UsageError(f"{self.copy} is not a folder", "Name a copy of your site.")
        if (self.copy / FOLDER).exists():
            raise UsageError(
                f"{self.copy} has a history of its own ({FOLDER})",
                "Take a fresh copy of your site, without that folder.",
            )
        verdict, before = Verdict(), tree(self.copy)
        with tempfile.TemporaryDirectory(prefix="migrator-selftest-") as store:
            migrate = ["migrate", str(self.copy), "--to", store, *self.options]
            planned = self._planned(migrate)
            self._compare(verdict, before, "a dry run changed files")
            steps = sum(
                each["state"] == "planned" for name in ("posts", "images") for each in planned[name]
            )
            seen = self._killed(verdict, [*migrate, "--yes"], steps)
            after = tree(self.copy)
            verdict.problems += [
                f"{name}: after a kill it was neither as before nor as after"
                for looked in seen
                for name in neither(looked, before, after)
            ]
            self.say("a second run")
            self._ended([*migrate, "--yes"], verdict, _DONE, _SOME_STAYED)
            self._compare(verdict, after, "a second run changed files")
            verdict.images, verdict.posts, verdict.stayed = self._ask(_achieved) or (0, 0, 0)
            while self._can_roll_back() and not verdict.problems:
                self._killed(verdict, ["rollback", "--yes"], verdict.posts)
            self._compare(verdict, before, "after the rollback files differ")
        return verdict

    def _killed(self, verdict: Verdict, command: list[str], steps: int) -> list[Tree]:
        """Run ``command``, killed now and then and resumed; returns the trees after each kill."""
        choose = random.Random(self.seed + verdict.kills)  # noqa: S311 - not a secret
        count = min(self.kills, steps)
        seen: list[Tree] = []
        self.say(f"{command[0]}, killed {count} times and resumed")
        past = self._ask(lambda ledger: ledger.newest())
        for step in sorted(choose.sample(range(1, steps + 1), count)):
            with self._started(command if self._is_calm() else _RESUME) as process:
                while process.poll() is None and (self._ask(partial(_steps, past)) or 0) < step:
                    time.sleep(_LOOK)
                if process.poll() is None:
                    process.kill()
                    verdict.kills += 1
                process.communicate()
            seen.append(tree(self.copy))
        if not self._is_calm():
            self._ended(_RESUME, verdict, _DONE, _SOME_STAYED)
        elif self._ask(lambda ledger: ledger.newest()) == past:
            self._ended(command, verdict, _DONE, _SOME_STAYED)
        return seen

    def _is_calm(self) -> bool:
        return self._ask(lambda ledger: ledger.interrupted()) is None

    def _can_roll_back(self) -> bool:
        return self._ask(lambda ledger: ledger.last_change()) is not None

    def _ask(self, question: Callable[[Ledger], Answer]) -> Answer | None:
        """What the copy's ledger says, ``None`` while there is none."""
        try:
            ledger = Ledger.look(Site(self.copy).ledger)
            if ledger is None:
                return None
            with ledger:
                return question(ledger)
        except LedgerError:  # it is just being made
            return None

    def _planned(self, command: list[str]) -> dict[str, list[dict[str, str]]]:
        self.say("a dry run")
        with self._started([*command, "--dry-run", "--json"]) as process:
            out, err = process.communicate()
        if process.returncode not in (_DONE, _SOME_STAYED):
            raise UsageError(f"the copy cannot be migrated: {err.decode(errors='replace').strip()}")
        found: dict[str, list[dict[str, str]]] = json.loads(out)
        return found

    def _ended(self, command: list[str], verdict: Verdict, *expected: int) -> None:
        with self._started(command) as process:
            _, err = process.communicate()
        if process.returncode not in expected:
            words = err.decode(errors="replace").strip()
            verdict.problems.append(f"{command[0]} ended with {process.returncode}: {words}")

    @contextmanager
    def _started(self, command: Sequence[str]) -> Iterator["subprocess.Popen[bytes]"]:
        """``command`` at work; it does not outlive us."""
        with subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "migrator", *command, "--quiet"],
            cwd=self.copy,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def _compare(self, verdict: Verdict, expected: Tree, what: str) -> None:
        found = tree(self.copy)
        different = sorted(
            name for name in expected | found if expected.get(name) != found.get(name)
        )
        if different:
            verdict.problems.append(f"{what}: {', '.join(different[:5])}")


def _steps(past: Run | None, ledger: Ledger) -> int:
    """How many images and posts of a run that began after ``past`` reached their state."""
    run = ledger.newest()
    if run is None or (past and run.id == past.id):
        return 0
    images, posts = ledger.tallies(run)
    return images.total() - sum(images[state] for state in _WAITING) + posts["rewritten"]


def _achieved(ledger: Ledger) -> tuple[int, int, int]:
    """How many images all runs moved, how many posts they changed, how many images stayed."""
    tallies = [ledger.tallies(run) for run in ledger.runs()]
    return (
        sum(images["stored"] for images, _ in tallies),
        sum(posts["rewritten"] for _, posts in tallies),
        sum(image.state in ("held", "failed") for image in ledger.past_images()),
    )


def neither(looked: Tree, before: Tree, after: Tree) -> list[str]:
    """What in ``looked``, after a kill, is neither as in ``before`` nor as in ``after``.

    But what stands beside a post only while that is replaced may be there: it goes with recovery.
    """
    return [
        name
        for name, found in looked.items()
        if found not in (before.get(name), after.get(name))
        and not is_temporary(name.rpartition("/")[2])
    ]


def tree(folder: Path) -> Tree:
    """Mode and content (SHA-256, or where a link leads) of everything but the state folder."""
    return dict(_entries(folder))


def _entries(folder: Path) -> Iterator[tuple[str, tuple[int, str]]]:
    for top, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name != FOLDER]
        for name in (*folders, *files):
            path = Path(top, name)
            mode = path.lstat().st_mode
            content = ""
            if stat.S_ISLNK(mode):
                content = os.readlink(path)  # noqa: PTH115 - the text of the link as it is
            elif stat.S_ISREG(mode):
                with path.open("rb") as file:
                    content = hashlib.file_digest(file, "sha256").hexdigest()
            yield path.relative_to(folder).as_posix(), (mode, content)
