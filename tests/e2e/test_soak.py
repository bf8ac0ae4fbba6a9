"""A large blog, faulty hosts, many kills: exact counts in the end, and within bounds on the way."""

import hashlib
import json
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from rig import gallery
from rig.gallery import extension, fate, picture
from rig.oracle import Oracle, Slot, bucket, folder

SEED = 20261122
LEDGER = Path(".migrator/ledger.db")
HEAD = "---\ntitle: 第 {} 篇\n---\n\n今天天气不错。We took {} pictures.\n\n"
FAILED = {"gone", "page"}  # what becomes of such pictures

# What a process may use, whatever the size of the blog.
MEMORY = 200 * 1000  # KB
# of 8 workers, and of 8 that look twice: 4 connections; files, and pipes to those who rewrite
FILES, BUCKET_FILES = 96, 120
THREADS = 24
LEDGER_BYTES = 500  # for each image


@dataclass(frozen=True)
class Scale:
    """How large a run is; ``links`` are those of one post more."""

    images: int
    posts: int
    links: int
    kills: int
    hosts: int = 60
    faults: float = 0.01


class Served(Mapping):
    """What the hosts serve, by URL: it is made when it is asked for."""

    def __getitem__(self, url):
        number = int(re.search(r"/(\d+)\.\w+$", url)[1])
        return {picture(number)} if fate(number) == "there" else set()

    def __iter__(self):
        raise NotImplementedError

    def __len__(self):
        raise NotImplementedError


@dataclass
class Peaks:
    """The most of each that any of the processes used."""

    memory: int = 0  # KB
    files: int = 0
    threads: int = 0

    def look(self, pid):
        with suppress(OSError, KeyError):  # it has ended
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            status = dict(line.split(":\t", 1) for line in lines)
            self.memory = max(self.memory, int(status["VmHWM"].split()[0]))
            self.threads = max(self.threads, int(status["Threads"]))
            self.files = max(self.files, sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir()))


class Blog:
    """A folder of posts, and what must become of them."""

    def __init__(self, root, hosts, scale, objects, configuration=""):
        self.root, self.hosts, self.scale = root, hosts, scale
        self.peaks = Peaks()
        self.environment = {
            **os.environ,
            "PYTHONDONTWRITEBYTECODE": "",  # or each of the many starts would compile anew
            "MIGRATOR_ALLOW_PRIVATE": "127.0.0.0/8",
        }
        root.mkdir()
        (root / "migrator.toml").write_text(f"[download]\nworkers = 8\n{configuration}")
        self.oracle = Oracle(root, Served(), objects)
        for name, numbers in self.posts():
            self.oracle.write(name, *self.pieces(name, numbers))

    def posts(self):
        """The name of each post, and the numbers of its pictures."""
        each = self.scale.images // self.scale.posts
        for number in range(self.scale.posts):
            yield f"posts/{number // 100:03}/{number}.md", range(number * each, (number + 1) * each)
        every = self.scale.images // self.scale.links
        yield "posts/long.md", range(0, self.scale.images, every)

    def pieces(self, name, numbers):
        yield HEAD.format(name, len(numbers))
        for number in numbers:
            before, after = ('<img src="', '" width=9>') if number % 7 else ("![](", ")")
            yield from (before, Slot(self.url(number)), f"{after}\n\n")

    def url(self, number):
        """Four of ten pictures are on one host."""
        return self.hosts.url(1 if number % 5 < 2 else 2 + number % self.scale.hosts, number)

    def way(self):
        """How far the run is: 1 when every picture was asked for, 2 when every post is replaced."""
        asked = min(1, self.hosts.seen().get("requests", 0) / self.scale.images)
        folders = self.root.glob(".migrator/runs/*/displaced/posts/*")
        replaced = sum(sum(1 for _ in folder.iterdir()) for folder in folders if folder.is_dir())
        return asked + replaced / self.scale.posts

    def start(self, *arguments):
        with (self.root.parent / "output").open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "migrator", *arguments, "--trust-config", "--no-progress"],
                cwd=self.root,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if "--json" in arguments else output,
                stderr=output,
            )

    def watched(self, process, until=lambda: False):
        """Watch the process until it ends, or until then."""
        while process.poll() is None and not until():
            self.peaks.look(process.pid)
            time.sleep(0.02)

    def killed(self, kills, pick):
        """Begin, be killed and resume, and so on; returns how many kills there were."""
        command = "migrate", "posts"
        for done in range(kills):
            moment = 1.5 * (done + pick.random()) / kills
            process = self.start(*command, "--yes")
            self.watched(process, lambda moment=moment: self.way() >= moment)
            # In a long run also while it is only beginning: there was enough for it to do.
            late = time.monotonic() + pick.uniform(0, 2 * self.scale.images / 100_000)
            self.watched(process, lambda late=late: time.monotonic() > late)
            process.kill()
            if process.wait() != -9:
                return done
            command = ("resume",)
        return kills

    def ended(self, *arguments):
        process = self.start(*arguments)
        self.watched(process)
        return process.wait()

    def report(self):
        out, _ = self.start("report", "--json").communicate()
        return json.loads(out)


def judge(blog, stored, link):
    """See that all is as it must be, by disk, store and hosts; returns the report's counts.

    ``stored`` are the names and bytes in the store, ``link`` leads from a post to such a name.
    """
    numbers = range(blog.scale.images)
    fates = {number: fate(number) for number in numbers}
    there = [number for number in numbers if fates[number] == "there"]
    names = {number: name_of(number) for number in there}
    report = blog.report()
    counts = report["counts"]
    failed = sum(each in FAILED for each in fates.values())
    assert counts == {
        "stored": len(there), "failed": failed, "posts": blog.scale.posts + 1,
        "posts_rewritten": blog.scale.posts + 1,
        "reused": 0, "skipped": 0, "held": 0, "planned": 0,
    }  # fmt: skip
    assert stored.keys() == set(names.values())
    assert all(name.rpartition("/")[2].startswith(sha256(data)) for name, data in stored.items())
    for name, numbers_there in blog.posts():
        text = (blog.root / name).read_text(encoding="utf-8")
        links = re.findall(r'(?:src="|\()([^")]+)', text)
        assert links == [
            link(name, names[number]) if number in names else blog.url(number)
            for number in numbers_there
        ]
    assert blog.oracle.look() == []
    assert not list((blog.root / ".migrator/spool").iterdir())
    assert not list(blog.root.glob("posts/**/.*"))
    assert {each["url"]: each["key"] for each in report["images"]} == {
        blog.url(number): names.get(number) for number in numbers
    }
    assert sum(len(each["references"]) for each in report["images"]) == (
        blog.scale.images + blog.scale.links
    )
    return counts


def name_of(number):
    digest = sha256(picture(number))
    return f"{digest[:2]}/{digest}{extension(number)}"


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def soak(blog, figure, stored, link, files=FILES):
    pick = random.Random(SEED)
    begun = time.monotonic()
    kills = blog.killed(blog.scale.kills, pick)
    at_its_end = blog.report()["finished"]  # before the last kill came: the machine is busy
    status = blog.ended("resume", "--yes")
    took = time.monotonic() - begun
    assert status == (0 if at_its_end else 3)
    seen = blog.hosts.seen()
    counts = judge(blog, stored(), link)
    again = time.monotonic()
    assert blog.ended("resume", "--yes") == 0
    again = time.monotonic() - again
    ledger, peaks = (blog.root / LEDGER).stat().st_size, blog.peaks
    faults = {name: count for name, count in seen.items() if name != "requests"}
    figure(
        f"{blog.scale}: {took:.0f} s, {blog.scale.images / took:.0f} images/s, {kills} kills, "
        f"{seen['requests']} requests with {faults}, at most {peaks.memory / 1000:.0f} MB, "
        f"{peaks.files} files, {peaks.threads} threads; ledger {ledger / 1e6:.1f} MB; "
        f"resume of a finished run {again:.1f} s; {counts}"
    )
    assert "Traceback" not in (blog.root.parent / "output").read_text(encoding="utf-8")
    assert kills >= blog.scale.kills - 1
    assert peaks.memory < MEMORY
    assert peaks.files < files
    assert peaks.threads <= THREADS
    assert ledger < LEDGER_BYTES * blog.scale.images + 200_000


@pytest.mark.torture
def test_a_large_blog_ends_exactly_whatever_happens_on_the_way(tmp_path, thorough, figure):
    scale = Scale(100_000, 10_000, 5_000, 20) if thorough else Scale(300, 30, 60, 2, 8, 0.03)
    root = tmp_path / "blog"
    with gallery.running(SEED, scale.faults) as hosts:
        blog = Blog(root, hosts, scale, folder(root / "migrated-images"))

        def stored():
            folder = root / "migrated-images"
            files = (path for path in folder.rglob("*") if path.is_file())
            return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}

        def link(post, name):
            return "../" * post.count("/") + f"migrated-images/{name}"

        soak(blog, figure, stored, link)


@pytest.mark.torture
def test_a_large_blog_moves_to_a_bucket_as_exactly(tmp_path, thorough, figure, rclone_site):
    scale = Scale(5_000, 500, 1_000, 10) if thorough else Scale(200, 20, 40, 2, 8, 0.03)
    settings, public = rclone_site.settings, "https://img.example.com"
    values = {
        "type": "s3", "provider": settings.provider, "bucket": settings.bucket,
        "region": settings.region, "endpoint": settings.endpoint, "public_url": public,
        "access_key_env": settings.access_key_env, "secret_key_env": settings.secret_key_env,
        "check_public": False,
    }  # fmt: skip
    lines = [f"{key} = {json.dumps(value)}\n" for key, value in values.items() if value != ""]
    with gallery.running(SEED, scale.faults) as hosts:
        blog = Blog(
            tmp_path / "blog",
            hosts,
            scale,
            bucket(rclone_site.contents, public),
            "".join(["[store]\n", *lines]),
        )

        def stored():
            found = rclone_site.contents()
            return {name: data for name, data in found.items() if "migrator-probe" not in name}

        soak(blog, figure, stored, lambda _, name: f"{public}/{name}", BUCKET_FILES)
