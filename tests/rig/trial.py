"""A site of three posts, its judge, and the commands that are struck there."""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Self, TypeVar

from rig import forked, strace
from rig.ambush import Ambush
from rig.hosts import answer
from rig.images import image, large_png
from rig.oracle import Objects, Oracle, Slot, folder, tree
from rig.site import Ended

IMAGES = {  # the first is too large to stay in memory on its way
    "/a.png": large_png(1_100_000),
    "/b.jpg": image("JPEG"),
    "/c.gif": image("GIF"),
}
Point = TypeVar("Point")
RESUME = ("resume", "--yes")
FIRST = -1  # the thread that a process begins with; others are those that ask the host, from 0


@dataclass
class Trial:
    """What is tried, and who judges it."""

    oracle: Oracle
    host: Ambush
    environment: dict[str, str]

    @property
    def root(self) -> Path:
        return self.oracle.root

    @classmethod
    def write(
        cls, root: Path, host: Ambush, config: str = "", *, workers: int = 1, more: int = 0
    ) -> Self:
        """A new site: posts with all that is easily lost, and images of three kinds.

        With ``more`` come so many plain posts, with an image each beside the others.
        """
        served = {}
        for path, data in IMAGES.items():
            served[host.on(path, answer(data))] = {data}
        oracle = Oracle(root, served, folder(root / "migrated-images"))
        a, b, c = map(Slot, served)
        left = Slot(f"{b.text}#left")
        posts = {
            "posts/one.md": ("---\ntitle: x\n---\n![a](", a, ' "a") and ![](', left, ")\n"),
            "posts/two.md": (
                *(b"\xef\xbb\xbf![a][p]\r\n\r\n[p]: <", a, ">\r\n\r\n"),
                *("no end: ![](", c, ")"),
            ),
            "posts/deep/three.md": ('<img src="', c, '" width=3> ![](', b, ") ![](", b, ")  \n"),
        }
        for number in range(more):
            data = image("PNG", seed=1 + number)
            served[url := host.on(f"/{number}.png", answer(data))] = {data}
            posts[f"posts/more/{number}.md"] = ("![](", Slot(url), ") ![](", a, ")\n")
        for name, pieces in posts.items():
            path = oracle.write(name, *pieces)
            path.chmod(0o640)
            os.setxattr(path, "user.mood", b"calm")
            oracle.write(name, *pieces)
        (root / "migrator.toml").write_text(f"{config}\n[download]\nworkers = {workers}\n")
        environment = {
            "MIGRATOR_ALLOW_PRIVATE": host.authority,
            "XDG_CONFIG_HOME": str(root.parent / "no-config"),
        }
        return cls(oracle, host, environment)

    def copy(self, root: Path, objects: Objects | None = None) -> "Trial":
        """The same site in the folder ``root``, with its own judge."""
        shutil.copytree(self.root, root)
        objects = objects or folder(root / "migrated-images")
        oracle = replace(
            self.oracle, root=root, objects=objects, seen={}, posts={**self.oracle.posts}
        )
        return Trial(oracle, self.host, self.environment)

    def migrator(self, *arguments: str) -> Ended:
        """How the command ends."""
        return self.start(*arguments).end()

    def start(self, *arguments: str, waits: bool = False) -> forked.Child:
        """The command as it runs."""
        return forked.start(self.root, self.environment, *arguments, waits=waits)

    def struck(self, thread: int, faults: Sequence[str], *arguments: str, log: Path) -> Ended:
        """How the command ends if ``faults`` strike in one of its threads, traced to ``log``."""
        child = self.start(*arguments, waits=True)
        if thread == FIRST:
            tracer = strace.attached([child.pid], faults, log)
            child.go()
            ended = child.end()
            tracer.communicate(timeout=60)
            return ended
        with self.host.watching(child.pid, thread, faults, log):
            child.go()
            return child.end()

    def end(self, command: Sequence[str], undisturbed: Mapping[str, bytes]) -> list[str]:
        """What is wrong after a person brought the interrupted ``command`` to its end."""
        ended = self.migrator(*RESUME)
        if "Nothing was interrupted" in ended.out and tree(self.root) != undisturbed:
            ended = self.migrator(*command)
        failed = [f"it ended with {ended}"] if ended.status else []
        return failed + self.oracle.finished(undisturbed)

    def points(self, scratch: Path, *arguments: str) -> list[tuple[int, str]]:
        """Where faults can strike in the command: the thread, and as in `strace.points`."""
        found: list[tuple[int, str]] = []
        for thread in count(FIRST):
            copy, log = self.copy(scratch / str(thread)), scratch / f"{thread}.log"
            log.touch()
            ended = copy.struck(thread, [strace.MUTATING], *arguments, log=log)
            assert ended.status == 0, ended
            calls = strace.points_in(log.read_text(errors="replace"))
            if not calls:
                return found
            found += ((thread, call) for call in calls)
        return found


def spread(points: list[Point], number: int) -> list[Point]:
    """So many of ``points``, evenly."""
    return [points[(2 * n + 1) * len(points) // (2 * number)] for n in range(number)]
