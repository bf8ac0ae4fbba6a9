"""A backup of many images of which none has changed since the last one, as in most nights.

What it may not do is seen from outside: in the log of the image host, in the files of the backup,
and by strace, which shows every program that is started.
"""

import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.measuring import Contender, environment, rounds, run
from benchmarks.peers import program
from benchmarks.results import Result
from benchmarks.sites import LOCAL, MIGRATOR, large

_IMAGES, _POSTS, _REFERENCES = 20_000, 10_000, 51_374
_BACKUP = ["backup", "posts", "--to", "./backups", "--trust-config", "--no-progress"]
_ARIA2 = "-q -R -j16 --conditional-get --allow-overwrite --auto-file-renaming=false"
_LAST = 5.0  # seconds for the log's last line, which is written after its answer


def nightly(scratch: Path, number: int) -> Result:
    """A backup of 20,000 images that was made before, beside a program that only asks for them."""
    with large(scratch, images=_IMAGES, number=_POSTS, references=_REFERENCES) as (site, servers):
        night = _Night(site, servers.asked)
        listed = _listed(scratch / "files", servers.images)
        (site / "urls").write_text(listed)
        mirror = [program("aria2c"), *_ARIA2.split(), "-i", "urls", "-d", "mirror"]
        backup = Contender(
            "migrator backup", [MIGRATOR, *_BACKUP], site, LOCAL, night.begin, night.was_quiet
        )
        first = run(backup)
        if len(night.objects()) != _IMAGES:
            raise RuntimeError("the first backup did not copy every image")
        others = [Contender("aria2c --conditional-get", mirror, site, prepare=night.begin)]
        run(others[0])
        programs = _programs(site)
        taken = rounds([*others, backup], number, servers.pids)
    notes = [
        f"Each night asked the image host {_IMAGES:,} times: once for each image, by its ETag.",
        "Each answer was 304 without a body, and no file among the copies changed.",
        f"Programs that the backup started, as strace sees it: {programs}.",
        f"A night adds {night.added / _IMAGES:.0f} bytes an image: its manifest and its checksums.",
        f"The backup before all these: {first.wall:.1f} s, {first.cpu:.1f} s of CPU.",
    ]
    title = "A backup of 20,000 images (10,000 posts) of which none changed"
    return Result("nightly", title, backup.name, taken, notes)


@dataclass(slots=True)
class _Night:
    """What a backup of ``site`` did, as seen from outside; ``asked`` is the image host's log."""

    site: Path
    asked: Path
    added: int = 0  # bytes that the last one wrote
    _copies: dict[str, tuple[int, ...]] = field(default_factory=dict)
    _size: int = 0

    def begin(self) -> None:
        """Let the night begin."""
        self.asked.write_text("")
        self._copies, self._size = self.objects(), self._written()

    def was_quiet(self) -> None:
        """Raise unless each image was asked for once, by its ETag, and nothing came of it."""
        self.added = self._written() - self._size
        asked = [line.split(" ") for line in self._lines()]
        wrong = [line for line in asked if line[:1] + line[2:4] != ["GET", "304", "0"]]
        wrong += [line for line in asked if line[4] == "-"]
        if wrong or len(asked) != _IMAGES or len({line[1] for line in asked}) != _IMAGES:
            raise RuntimeError(
                f"{len(asked)} requests, of which {len(wrong)} are wrong: {wrong[:3]}"
            )
        if self.objects() != self._copies:
            raise RuntimeError("copies were written")

    def objects(self) -> dict[str, tuple[int, ...]]:
        """Each copy, with what changes when it is written."""
        found = {}
        for path in (self.site / "backups/objects").rglob("*.*"):
            seen = path.stat()
            found[path.name] = (seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns)
        return found

    def _written(self) -> int:
        return sum(path.stat().st_size for path in (self.site / "backups/snapshots").glob("*"))

    def _lines(self) -> list[str]:
        deadline = time.monotonic() + _LAST
        while True:
            lines = self.asked.read_text().splitlines()
            if len(lines) >= _IMAGES or time.monotonic() > deadline:
                return lines
            time.sleep(0.01)


def _listed(files: Path, address: str) -> str:
    """What aria2c reads: the address of each of ``files``, and what to call it."""
    names = (path.relative_to(files).as_posix() for path in files.rglob("*.*"))
    return "".join(f"{address}{name}\n  out={name}\n" for name in names)


def _programs(site: Path) -> str:
    """The names of the programs that one more backup starts after Python itself."""
    log = site.parent / "programs"
    tracing = [program("strace"), "-f", "--seccomp-bpf", "-qq", "-e", "trace=execve", "-o", log]
    subprocess.run(
        [*tracing, sys.executable, MIGRATOR, *_BACKUP],
        cwd=site,
        env=environment(LOCAL),
        check=True,
        stdout=subprocess.DEVNULL,
    )
    started = [line for line in log.read_text().splitlines() if line.endswith("= 0")]
    return f"{len(started) - 1}" if len(started) > 1 else "none"
