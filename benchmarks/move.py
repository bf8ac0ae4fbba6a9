"""Moving images into a bucket: all of them, and a small blog from end to end.

The peers take what they are good at, one after the other, as people run them. Migrator also reads
back what it stored, looks into each image, keeps its ledger and replaces the posts.
"""

import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import pictures, posts, sites
from benchmarks.measuring import Contender, rounds, run
from benchmarks.peers import program
from benchmarks.results import Result
from benchmarks.servers import Bucket, Servers, running
from benchmarks.sites import BUCKET, NEW, Corpus

_ARIA2 = "-q -j32 --file-allocation=none --allow-overwrite=true --auto-file-renaming=false"
_FETCH = f"{{aria2c}} {_ARIA2} -i urls -d images"
_STORE = "{s5cmd} --log error --numworkers 32 cp 'images/*' s3://{bucket}/"
_MOVE = f"{_FETCH} && find images -type f -print0 | xargs -0 sha256sum > sums && {_STORE}"
_END_TO_END = f"""
{{lychee}} --dump posts | grep '^{{old}}' | sort -u > urls
{_FETCH}
{_STORE}
sed 's#^.*/\\([^/]*\\)$#s|&|{NEW}\\1|g#' urls > rules
find posts -name '*.md' -print0 | xargs -0 sed -i -f rules
"""


@dataclass(frozen=True, slots=True)
class Job:
    """A blog to move: so many posts with so many references to so many images."""

    name: str
    title: str
    posts: int
    references: int
    images: int
    script: str


_SPREAD = "migrator, two processes"
_DECODED = '\n[safety]\ndecode = "always"\n'

MOVE = Job("move", "2,000 images (267 MB) into a bucket", 100, 2000, 2000, _MOVE)
END_TO_END = Job(
    "end-to-end", "300 posts, 1,779 references, 558 images", 300, 1779, 558, _END_TO_END
)


@dataclass(frozen=True, slots=True)
class Conditions:
    """Where it happens; ``workers`` is what Migrator is configured with."""

    store: str
    delay: float
    workers: int

    def __str__(self) -> str:
        return f"{self.store}, {self.delay * 1000:.0f} ms added to each request"


def compare(
    job: Job, where: Conditions, corpus: Corpus, scratch: Path, number: int, *, checks: bool
) -> Result:
    """Measure ``job`` there, Migrator and its peers in turn.

    With ``checks`` also what each check takes that is off by default, or cannot be made everywhere.
    """
    delay = where.delay
    with running(scratch / "servers", corpus.pictures, store=where.store, delay=delay) as servers:
        arena = Arena(
            job, servers, template(job, where, servers, scratch / "template"), scratch / "work"
        )
        contenders = [
            arena.migrator(),
            arena.migrator(_SPREAD, executor="processes:2"),
            arena.shell(),
        ]
        if checks:
            plain = sites.configuration(servers.store, where.workers)
            contenders.append(arena.migrator("migrator, each image decoded", plain + _DECODED))
        if checks and where.store == "rclone":
            public = sites.configuration(
                servers.store, where.workers, public=f"{servers.public}{BUCKET}/"
            )
            contenders.append(arena.migrator("migrator, each public address checked", public))
        taken = rounds(contenders, number, servers.pids)
        first = arena.first_stored() if where.store == "rclone" else None
    name = f"{job.name}-{where.store}-{where.delay * 1000:.0f}ms"
    cpu = min(one.cpu for one in taken["migrator"]) * 1000 / job.images
    notes = [
        f"Migrator: {where.workers} workers, {cpu:.2f} ms of CPU an image at best.",
        *([f"The first image is in the bucket {first:.2f} s after the start."] if first else []),
        *arena.done.values(),
    ]
    return Result(name, f"{job.title}; {where}", "shell", taken, notes)


def template(job: Job, where: Conditions, servers: Servers, folder: Path) -> Path:
    """The site that each contender gets a copy of, made in ``folder``."""
    urls = [servers.images + name for name in pictures.names(job.images)]
    posts.write(folder / "posts", posts.blog(job.posts, job.references, urls))
    (folder / "migrator.toml").write_text(sites.configuration(servers.store, where.workers))
    (folder / "urls").write_text("".join(f"{url}\n" for url in urls))
    return folder


@dataclass(frozen=True, slots=True)
class Arena:
    """The folder in which contenders work in turn, each on a fresh site with an empty bucket."""

    job: Job
    servers: Servers
    template: Path
    site: Path
    done: dict[str, str] = field(default_factory=dict)

    def migrator(
        self, name: str = "migrator", configuration: str = "", *, executor: str = "threads"
    ) -> Contender:
        """Migrator, with another configuration than the template's if one is given."""
        command = [Path(sys.executable).with_name("migrator"), "migrate", "posts"]
        environment = {"MIGRATOR_ALLOW_PRIVATE": "127.0.0.0/8", **self.servers.store.environment}
        return Contender(
            name,
            [*command, "--yes", "--trust-config", "--no-progress", "--executor", executor],
            self.site,
            environment,
            lambda: self.prepare(configuration),
            lambda: self.check("migrator"),
        )

    def shell(self) -> Contender:
        """What people would run by hand."""
        tools = {name: program(name) for name in ("aria2c", "s5cmd", "lychee")}
        script = self.job.script.format(**tools, bucket=BUCKET, old=self.servers.images)
        return Contender(
            "shell",
            ["bash", "-e", "-c", script],
            self.site,
            self.servers.store.environment,
            self.prepare,
            lambda: self.check("shell"),
        )

    def first_stored(self) -> float:
        """Seconds from the start of Migrator until an image is in the bucket, which is a folder."""
        bucket = self.site.parent / "servers/store" / BUCKET
        migrator, seen = self.migrator(), 0.0
        migrator.prepare()
        over = threading.Event()

        def watch() -> None:
            nonlocal seen
            start = time.perf_counter()
            while not seen and not over.wait(0.005):
                if any(each.is_file() for each in bucket.rglob("*")):
                    seen = time.perf_counter() - start

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            run(migrator)
        finally:
            over.set()
            watcher.join()
        return seen

    def prepare(self, configuration: str = "") -> None:
        """Put a fresh site there, and empty the bucket."""
        s5cmd(self.servers.store, "rm", f"s3://{BUCKET}/*", may_fail=True)
        s5cmd(self.servers.store, "mb", f"s3://{BUCKET}", may_fail=True)
        sites.fresh(self.site, self.template)
        if configuration:
            (self.site / "migrator.toml").write_text(configuration)

    def check(self, who: str) -> None:
        """See that all was done, or what a search by the peers overlooked."""
        stored = len(s5cmd(self.servers.store, "ls", f"s3://{BUCKET}/*").splitlines())
        texts = b"".join(path.read_bytes() for path in self.site.glob("posts/**/*.md"))
        left = texts.count(self.servers.images.encode())
        self.done[who] = f"{who}: {stored} images stored, {left} references left as they were."
        if who == "migrator" and (stored, left) != (self.job.images, 0):
            raise RuntimeError(self.done[who])


def s5cmd(bucket: Bucket, *arguments: str, may_fail: bool = False) -> str:
    """What it prints."""
    command = [program("s5cmd"), *arguments]
    environment = {"PATH": "/usr/bin:/bin", **bucket.environment}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode and not may_fail:
        raise RuntimeError(done.stderr)
    return done.stdout
