"""A year of nightly backups of a blog that changes, with kills; judged by what the host served."""

import hashlib
import json
import os
import random
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rig.at import at, ran
from rig.hosts import answer, versioned
from rig.images import image

START = datetime(2026, 1, 1, 2, 15, tzinfo=UTC)
TESTS = Path(__file__).parents[1]
SORRY = image("PNG", seed=7777, size=(300, 260))
SEED = 20260101


class Down(dict):
    """The host's answers while it is down: none."""

    def get(self, _path, _default=None):
        return [lambda connection: connection.reset()]


class Missing(dict):
    """The host's answers, where every name that it has not got shows one picture."""

    def get(self, path, _default=None):
        return super().get(path, [answer(SORRY)])


@dataclass
class World:
    """The blog and its host: what posts show, what the host has, and how they change."""

    site: object
    pick: random.Random
    posts: dict[str, list[str]] = field(default_factory=dict)
    images: dict[str, bytes] = field(default_factory=dict)
    dead: set[str] = field(default_factory=set)
    born: int = 0
    changes: int = 0
    sorry: bool = False
    down: bool = False

    def night(self, number, nights):
        """One day goes by; returns whether anything changed."""
        before = (repr(self.posts), sorted(self.dead), self.changes, self.sorry, self.down)
        self.down = nights * 0.4 <= number < nights * 0.4 + max(1, nights // 52)
        if number % 3 != 1 and not self.down:  # every third day is quiet
            self._grow(number, nights)
            self._wither()
            if number % max(6, nights // 9) == 5:
                self.sorry = not self.sorry
        self._serve()
        return before != (repr(self.posts), sorted(self.dead), self.changes, self.sorry, self.down)

    def shown(self):
        return {path for paths in self.posts.values() for path in paths}

    def healthy(self):
        """What the host gives tonight for the images that posts show."""
        if self.down:
            return {}
        return {path: self.images[path] for path in self.shown() - self.dead}

    def _grow(self, number, nights):
        wanted = 4 + 66 * number // nights
        while len(self.posts) < wanted and self.pick.random() < 0.9:
            name = f"posts/{number:03}-{len(self.posts)}.md"
            fresh = [self._new_image() for _ in range(self.pick.randint(1, 4))]
            shared = self.pick.sample(sorted(self.images), 1) if self.pick.random() < 0.2 else []
            self._write(name, fresh + shared)
        if len(self.posts) > 5 and self.pick.random() < 0.06:
            gone = self.pick.choice(sorted(self.posts))
            del self.posts[gone]
            (self.site.root / gone).unlink()

    def _wither(self):
        shown = sorted(self.shown())
        if self.pick.random() < 0.35:
            self._change(self.pick.choice(shown))
        if self.pick.random() < 0.12:
            self.dead.add(self.pick.choice(shown))
        if self.dead and self.pick.random() < 0.10:
            self.dead.discard(self.pick.choice(sorted(self.dead)))

    def _new_image(self):
        self.born += 1
        path = f"/{self.born}.png"
        self._change(path)
        return path

    def _change(self, path):
        self.changes += 1
        self.images[path] = image("PNG", seed=self.changes, size=(24 + self.changes % 50, 16))

    def _write(self, name, paths):
        self.posts[name] = paths
        self.site.write(name, "".join(f"![]({{host}}{path})\n" for path in paths))

    def _serve(self):
        kind = Down if self.down else Missing if self.sorry else dict
        self.site.host._scenarios = kind(
            {
                path: [versioned(data, f'"{hashlib.sha256(data).hexdigest()[:16]}"')]
                for path, data in self.images.items()
                if path not in self.dead
            }
        )


@dataclass
class FolderPlace:
    folder: Path

    def stamps(self):
        """Every file with what tells whether it was written again."""
        files = (path for path in self.folder.rglob("*") if path.is_file())
        named = ((path.relative_to(self.folder).as_posix(), path.stat()) for path in files)
        return {name: (found.st_ino, found.st_mtime_ns) for name, found in named}

    def read(self, name):
        return (self.folder / name).read_bytes()


@dataclass
class BucketPlace:
    client: object
    bucket: str

    def stamps(self):
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        files = (each for page in pages for each in page.get("Contents", ()))
        return {each["Key"]: (each["ETag"], each["LastModified"]) for each in files}

    def read(self, name):
        return self.client.get_object(Bucket=self.bucket, Key=name)["Body"].read()


def names(stamps):
    return {n[10:-6] for n in stamps if n.startswith("snapshots/") and n.endswith(".jsonl")}


def objects(stamps):
    return {name: stamp for name, stamp in stamps.items() if name.startswith("objects/")}


def sha256(data):
    return hashlib.sha256(data).hexdigest()


@dataclass
class Year:
    """The nights, and our own record of them."""

    site: object
    place: object
    world: World
    options: tuple[str, ...]
    keep: tuple[str, ...]
    # SHA-256s: what a backup may have of each image, for a killed one may have come far or not
    copies: dict[str, set[str | None]] = field(default_factory=dict)
    wanted: dict[str, dict[str, set[str | None]]] = field(default_factory=dict)  # by snapshot, URL
    proofs: dict[str, str] = field(default_factory=dict)  # objects read, by name: SHA-256
    kills: int = 0
    pruned: int = 0
    quiet: list[tuple[float, int, int]] = field(default_factory=list)

    def run(self, when, *arguments, code=(0, 3)):
        with at(when):
            ended, out, err = ran(self.site, *arguments, "--json", *self.options)
        assert ended in code, out + err
        return json.loads(out)

    def backup(self, when, *, changed):
        """A night that nobody disturbs; of a quiet one the costs are looked at."""
        before = self.place.stamps()
        self.site.host.asked.clear()
        began = time.process_time()
        found = self.run(when, "backup", "posts")
        spent = time.process_time() - began
        assert names(self.place.stamps()) - names(before) == {found["snapshot"]}
        self.note(found["snapshot"])
        if changed:
            return
        healthy = self.world.healthy()
        asked = [each for each in self.site.host.asked if each.path in healthy]
        assert sorted(each.path for each in asked) == sorted(healthy)
        assert all("if-none-match" in each.headers for each in asked)
        after = self.place.stamps()
        assert objects(after) == objects(before)
        written = sum(len(self.place.read(name)) for name in after if name not in before)
        self.quiet.append((spent, len(healthy), written))

    def killed(self, when):
        """A night in which the machine loses power at a random moment."""
        before = names(self.place.stamps())
        moment = self.world.pick.random() * (len(self.world.shown()) + 15)
        self.site.host.asked.clear()
        process = subprocess.Popen(
            [sys.executable, "-m", "rig.at", when.isoformat(), "backup", "posts", *self.options],
            cwd=self.site.root,
            env={**os.environ, "PYTHONPATH": str(TESTS)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        asked = len(self.world.shown())
        while process.poll() is None and len(self.site.host.asked) < min(moment, asked):
            time.sleep(0.001)
        time.sleep(max(0, moment - asked) * 0.02)
        process.kill()
        process.wait()
        self.kills += 1
        for path, data in self.world.healthy().items():
            self.copies.setdefault(path, {None}).add(sha256(data))
        for name in names(self.place.stamps()) - before:
            self.note(name)

    def note(self, name):
        """Tonight's snapshot is there: remember what it must hold."""
        self.copies |= {path: {sha256(data)} for path, data in self.world.healthy().items()}
        self.wanted[name] = {
            path: set(self.copies.get(path, {None})) for path in self.world.shown()
        }

    def prune(self, when):
        self.pruned += len(self.run(when, "prune", *self.keep, "--yes")["backup"]["snapshots"])

    def check(self):
        """Compare every snapshot that is there with our record."""
        stamps = self.place.stamps()
        there = names(stamps)
        named = set()
        for name in there:
            text = self.place.read(f"snapshots/{name}.jsonl").decode()
            lines = [json.loads(line) for line in text.splitlines()[1:]]
            root = self.site.host.url("")
            found = {each["url"].removeprefix(root): each.get("object") for each in lines}
            assert found.keys() == self.wanted[name].keys()
            for path, wanted in self.wanted[name].items():
                had = self._sha256(found[path]) if found[path] else None
                assert had in wanted, (name, path)
            named |= {each.get(kind) for each in lines for kind in ("object", "suspect")}
        assert named - {None} <= objects(stamps).keys()
        kept = {name.rpartition("/")[2][:64] for name in named if name}
        for path in self.world.dead & self.copies.keys():  # whether or not a post shows it still
            assert None in self.copies[path] or kept & self.copies[path], path
        return there

    def _sha256(self, name):
        if name not in self.proofs:
            self.proofs[name] = sha256(self.place.read(name))
        return self.proofs[name]


@pytest.fixture
def year_at(site, monkeypatch):
    """``year_at(place, options, keep)``: an empty blog at the beginning of its year."""
    for name in ("posts/one.md", "posts/deep/two.md"):
        (site.root / name).unlink()
    monkeypatch.chdir(site.root)
    for name, value in site.environment.items():
        monkeypatch.setenv(name, value)

    def make(place, config, keep, *options):
        site.write("migrator.toml", f"[download]\nretries = 0\nrate = 0\n{config}")
        options = ("--no-progress", *options)
        return Year(site, place, World(site, random.Random(SEED)), options, keep)

    return make


def lived(year, nights, figure, where):
    disturbed = True
    for number in range(nights):
        when = START + timedelta(days=number)
        changed = year.world.night(number, nights)
        if number % 9 == 4 or year.world.pick.random() < 0.05:
            year.killed(when)
            disturbed = True
            if year.world.pick.random() < 0.5:
                continue  # and nobody is there to begin again
        year.backup(when + timedelta(minutes=5), changed=changed or disturbed)
        disturbed = False
        if number % 7 == 6 or number == nights - 1:
            year.prune(when + timedelta(hours=1))
        if number % 61 == 60:
            year.check()
    year.proofs.clear()
    kept = year.check()
    spent, asked, written = zip(*year.quiet, strict=True)
    shown, versions = len(year.world.shown()), len(objects(year.place.stamps()))
    figure(
        f"{nights} nights into {where} (seed {SEED}): {year.kills} killed, {year.pruned} snapshots"
        f" pruned, {len(kept)} kept; {len(year.world.posts)} posts show {shown} of"
        f" {year.world.born} images at the end, {versions} objects; every image of every kept"
        f" snapshot is what its host gave; {len(year.quiet)} quiet nights: one conditional request"
        f" an image, no upload, {statistics.median(spent):.2f} s of CPU (median), {asked[-1]}"
        f" requests and {written[-1]:,} bytes of lists in the last"
    )
    return kept


KEEP = ("--keep-daily", "7", "--keep-weekly", "5", "--keep-monthly", "12")


def pytest_generate_tests(metafunc):
    """A bucket only in full: it takes a cluster."""
    if "place" in metafunc.fixturenames:
        places = ["folder", "bucket"] if metafunc.config.getoption("torture") else ["folder"]
        metafunc.parametrize("place", places)


@pytest.mark.torture
@pytest.mark.timeout(0)
def test_after_a_year_every_image_of_every_night_that_is_kept_is_there(
    place, year_at, thorough, figure, request
):
    nights = 365 if thorough else 8
    if place == "folder":
        keep = KEEP if thorough else ("--keep-daily", "3")
        year = year_at(FolderPlace(Path("image-backup")), "", keep)
        kept = lived(year, nights, figure, "a folder")
        for name in kept:
            command = ["sha256sum", "--quiet", "--strict", "-c", f"snapshots/{name}.sha256"]
            assert subprocess.run(command, cwd="image-backup", check=False).returncode == 0
        return
    store, server = (request.getfixturevalue(f"ceph_{each}") for each in ("site", "server"))
    config = store.toml().replace("[store]", "[backup]")
    bucket = BucketPlace(server.client, store.settings.bucket)
    lived(year_at(bucket, config, KEEP, "--trust-config"), nights, figure, "Ceph behind TLS")


def test_the_record_finds_what_is_wrong(year_at, figure):
    """Each wrong that the record is there to find, planted once."""
    year = year_at(FolderPlace(Path("image-backup")), "", KEEP)
    year.world.night(0, 8)
    year.backup(START, changed=True)
    (name,) = year.check()
    path, data = next(iter(year.wanted[name].items()))
    year.wanted[name][path] = {sha256(SORRY)}
    with pytest.raises(AssertionError):
        year.check()
    year.wanted[name][path] = data
    victim = next(Path("image-backup/objects").glob("*/*"))
    kept = victim.read_bytes()
    victim.write_bytes(kept[:-1] + b"x")
    year.proofs.clear()
    with pytest.raises(AssertionError):
        year.check()
    victim.unlink()
    with pytest.raises((AssertionError, FileNotFoundError)):
        year.check()
