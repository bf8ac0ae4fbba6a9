"""Power cuts: what was not synced is gone; each post is whole, and what was told as done is."""

import os
import random
import re
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field, replace

import pytest
from rig import powercut, strace
from rig.hosts import answer
from rig.images import image
from rig.oracle import Oracle, Slot, folder, tree
from rig.powercut import Disk, held_still

needs_strace = pytest.mark.skipif(bool(strace.MISSING), reason=strace.MISSING)
on_both_disks = pytest.mark.parametrize("options", ["", "noauto_da_alloc"])
AT_ONCE = 10  # cuts while one command runs
IMAGES = POSTS = 12
MIGRATE = ("migrate", "posts", "--yes")
ROLLBACK = ("rollback", "--yes")


@pytest.fixture(scope="module")
def disks():
    if reason := powercut.missing():
        pytest.skip(reason)


@needs_strace
def test_every_new_folder_is_synced_before_a_post_is_replaced(site, tmp_path):
    """A disk with ext4 syncs the folders above a file as well; others need not."""
    log = tmp_path / "log"
    words = ["strace", "-f", "-y", "-qqq", "-o", log, "-e", "trace=mkdir,fsync,renameat2"]
    words += [sys.executable, "-m", "migrator", *MIGRATE, "--to", tmp_path / "pics"]
    environment = {**os.environ, **site.environment}
    subprocess.run(words, cwd=site.root, env=environment, check=True, capture_output=True)
    calls = log.read_text().partition("renameat2(")[0]
    made = re.findall(r'mkdir\("([^"]+)".*= 0$', calls, re.MULTILINE)
    made = [path for path in made if not path.endswith("/spool")]
    assert {"originals", "pics", ".migrator"} <= {os.path.basename(p) for p in made}  # noqa: PTH119
    for path in made:
        after = calls.partition(f'mkdir("{path}"')[2]
        above = re.escape(os.path.dirname(path))  # noqa: PTH120
        assert re.search(rf"fsync\(\d+<{above}>", after), path  # its end may stand lines below


@dataclass
class Story:
    """One command, on a disk as it is before; ``after`` is the site if nobody disturbs it."""

    disk: Disk
    site: object
    oracle: Oracle
    command: tuple[str, ...]
    before: dict[str, bytes] = field(default_factory=dict)
    after: dict[str, bytes] = field(default_factory=dict)
    seconds: float = 0.0

    def at(self, disk):
        """The site on ``disk``, and who judges it."""
        site = replace(self.site, root=disk.folder / "site")
        objects = folder(site.root / "migrated-images")
        return site, replace(self.oracle, root=site.root, objects=objects, seen={})

    def told(self):
        """The story with its end, of an undisturbed run on a copy of the disk."""
        with self.disk.copy("undisturbed") as disk:
            site, _ = self.at(disk)
            before, started = tree(site.root), time.monotonic()
            assert site.migrator(*self.command).status == 0
            seconds = time.monotonic() - started
            return replace(self, before=before, after=tree(site.root), seconds=seconds)


@pytest.fixture
def migration(disks, site, tmp_path, options):
    """A blog whose images were never moved, on a disk of its own."""
    served = {}
    for number in range(IMAGES):
        data = image("PNG", seed=number)
        served[site.host.on(f"/{number}.png", answer(data))] = {data}
    with Disk.new(tmp_path / "blog.img", options) as disk:
        oracle = Oracle(disk.folder / "site", served, dict)
        urls = list(served)
        for number in range(POSTS):
            first, second = urls[number], urls[number // 2]
            name, pieces = (
                f"posts/{number % 3}/{number}.md",
                ["![](", Slot(first), ")\r\n\r\n![](<"],
            )
            path = oracle.write(name, *pieces, Slot(second + "#x", second), ">) no end")
            path.chmod(0o640)
            os.setxattr(path, "user.mood", b"calm")
            oracle.write(name, *oracle.took(name))
        (oracle.root / "migrator.toml").touch()
    return Story(disk, site, oracle, MIGRATE).told()


@pytest.fixture
def rollback(migration):
    """The same blog when they were."""
    with migration.disk.copy("migrated") as disk:
        site, _ = migration.at(disk)
        assert site.migrator(*MIGRATE).status == 0
    return replace(migration, disk=disk, command=ROLLBACK).told()


def recorded(root, command):
    """The posts that the ledger says a ``command`` has replaced, as another process sees it."""
    try:
        with closing(sqlite3.connect(f"file:{root}/.migrator/ledger.db?mode=ro", uri=True)) as db:
            rows = db.execute(
                "SELECT name FROM run_post JOIN post ON id = post"
                " WHERE state = 'rewritten' AND run = (SELECT max(id) FROM run WHERE command = ?)",
                [command],
            )
            return {name for (name,) in rows}
    except sqlite3.Error:  # it is being made
        return set()


@dataclass
class Cut:
    """A disk after a power cut, and what was told as done before; ``ended``: all of it."""

    disk: Disk
    done: set[str]
    ended: bool


def cuts(story, number, pick):
    """Power cuts at random moments of the command, and at its end."""
    while number > 0:
        found = []
        with story.disk.copy("running") as disk:
            site, _ = story.at(disk)
            process = site.start(*story.command)
            while process.poll() is None and not (site.root / ".migrator/ledger.db-wal").exists():
                time.sleep(0.001)
            while process.poll() is None and len(found) < min(number, AT_ONCE) - 1:
                time.sleep(pick.uniform(0, story.seconds / AT_ONCE))
                with held_still(process):
                    cut = disk.after_a_power_cut(f"cut-{len(found)}")
                    found.append(Cut(cut, recorded(site.root, *story.command[:1]), ended=False))
            out, err = process.communicate(timeout=120)
            assert process.returncode == 0, out + err
            cut = disk.after_a_power_cut(f"cut-{len(found)}")
            found.append(Cut(cut, recorded(site.root, *story.command[:1]), ended=True))
        number -= len(found)
        yield from found


def posts_changed(story, root):
    now = tree(root)
    return {name for name in story.before if now.get(name) != story.before[name]}


def assert_sound_and_finished(story, cut):
    """Returns how many posts were done at the moment of the cut."""
    with cut.disk as disk:
        site, oracle = story.at(disk)
        assert oracle.look() == []
        changed = posts_changed(story, site.root)
        assert len(cut.done - changed) <= (not cut.ended)  # one may be on its way to the disk
        if cut.ended:
            assert oracle.finished(story.after) == []
        resumed = site.migrator("resume", "--yes")
        assert resumed.status == 0, resumed
        if resumed.out.startswith("Nothing") and not changed:
            assert site.migrator(*story.command).status == 0
        assert oracle.finished(story.after) == []
        if story.command == MIGRATE:
            assert site.migrator(*ROLLBACK).status == 0
        assert oracle.look() == []
        assert oracle.changed() == []
    cut.disk.image.unlink()
    return len(changed)


@pytest.mark.torture
@on_both_disks
@pytest.mark.parametrize("command", ["migration", "rollback"])
def test_after_a_power_cut_all_is_whole_and_resuming_ends_as_if_there_had_been_none(
    command, request, options, thorough, figure
):
    story = request.getfixturevalue(command)
    seed = random.randrange(10**6)
    number = (100 if command == "migration" else 50) if thorough else 2
    seen = Counter()
    for cut in cuts(story, number, random.Random(seed)):
        done = assert_sound_and_finished(story, cut)
        seen["none" if not done else "all" if done == POSTS else "some"] += 1
    figure(
        f"{seen.total()} power cuts on ext4{options and ', ' + options} (seed {seed}): none of the"
        f" posts was done in {seen['none']}, some in {seen['some']}, all in {seen['all']}"
    )


@pytest.mark.torture
@pytest.mark.parametrize("options", ["noauto_da_alloc"])
def test_a_program_that_does_not_sync_loses_posts_on_this_disk(
    disks, options, tmp_path, thorough, figure
):
    torn = rounds = 12 if thorough else 1
    for _ in range(rounds):
        with Disk.new(tmp_path / "blog.img", options) as disk:
            for number in range(POSTS):
                (disk.folder / f"{number}.md").write_bytes(b"an old post")
            os.sync()
            words = [sys.executable, powercut.__file__, str(disk.folder)]
            subprocess.run(words, check=True)
            cut = disk.after_a_power_cut("cut")
        with cut as disk:
            assert len((disk.folder / "log").read_text().split()) == POSTS
            posts = {path.read_bytes() for path in disk.folder.glob("*.md")}
            torn -= posts <= {b"an old post", b"a new post"}
    figure(f"posts torn in {torn} of {rounds} power cuts")
    assert torn


@needs_strace
@pytest.mark.parametrize("options", ["noauto_da_alloc"])
def test_these_tests_see_it_if_posts_are_not_synced(migration):
    """The command itself, but its fsync does nothing; the ledger's fdatasync works."""
    with migration.disk.copy("running") as disk:
        site, oracle = migration.at(disk)
        words = ["strace", "-f", "-qqq", "-o", os.devnull, "-e", "inject=fsync:retval=0"]
        words += [sys.executable, "-m", "migrator", *MIGRATE]
        environment = {**os.environ, **site.environment, "PYTHONDONTWRITEBYTECODE": "1"}
        subprocess.run(words, cwd=site.root, env=environment, check=True, capture_output=True)
        cut = disk.after_a_power_cut("cut")
    with cut as disk:
        _, oracle = migration.at(disk)
        assert oracle.look() != []
