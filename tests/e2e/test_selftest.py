import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest
from rig.hosts import answer, status
from rig.images import image

from migrator.selftest import neither


@pytest.fixture
def copy(site):
    for number in range(6):
        site.host.on(f"/{number}.png", answer(image("PNG", seed=number)))
        site.write(f"posts/many/{number}.md", f"![]({{host}}/{number}.png)\n![]({{host}}/a.png)\n")
    shutil.copytree(site.root, site.root.parent / "copy")
    return site.root.parent / "copy"


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".migrator" not in path.parts
    }


def test_a_copy_is_migrated_killed_and_put_back_and_the_verdict_is_plain(site, copy):
    before = files(copy)
    ended = site.migrator("selftest", "--root", copy, "--kills", "4", timeout=280)
    assert ended.status == 0, ended.out + ended.err
    assert "Nothing was lost" in ended.out
    assert "killed 0" not in ended.out
    assert files(copy) == before
    assert files(site.root) == before
    assert not (copy / "migrated-images").exists()


def test_where_no_host_has_an_image_nothing_is_said_to_have_moved(site, copy):
    for path in ["a.png", "b.jpg", "c.gif", *(f"{number}.png" for number in range(6))]:
        site.host.on(f"/{path}", status(404))
    ended = site.migrator("selftest", "--root", copy, "--kills", "1")
    assert ended.status == 0, ended.out + ended.err
    assert "No post could be migrated" in ended.out
    assert "9 images could not be moved" in ended.out


def test_no_command_outlives_a_selftest_that_is_stopped(site, copy):
    site.host.on("/a.png", lambda connection: connection.stopped.wait(30))
    process = site.start("selftest", "--root", copy)
    while not site.host.asked:
        assert process.poll() is None
        time.sleep(0.02)
    (child,) = children(process.pid)
    process.terminate()
    process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM
    assert not Path(f"/proc/{child}").exists()


def children(parent):
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(path.read_text().rpartition(")")[2].split()[1]) == parent:
                yield path.parent.name


def test_what_is_lost_is_named_and_ends_with_1(site, copy):
    process = site.start("selftest", "--root", copy, "--kills", "0", "--json")
    deadline = time.monotonic() + 60
    while not (copy / ".migrator/runs").exists():  # the run has begun: now harm a file it leaves
        assert time.monotonic() < deadline
        time.sleep(0.01)
    (copy / "migrator.toml").write_text("# somebody was here\n")
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "migrator.toml" in out


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (shutil.rmtree, "not a folder"),
        (lambda copy: (copy / ".migrator").mkdir(), "history"),
    ],
)
def test_what_is_no_fresh_copy_is_refused(site, copy, make, words):
    make(copy)
    ended = site.migrator("selftest", "--root", copy)
    assert ended.status == 2
    assert words in ended.err


def test_what_stands_beside_a_post_while_it_is_replaced_is_no_loss():
    before, after = {"posts/a.md": (1, "old")}, {"posts/a.md": (1, "new")}
    beside = {"posts/.a.md.migrator-2026-01-02-3-0123abcd": (1, "new")}
    assert neither(before | beside, before, after) == []
    assert neither(after | beside, before, after) == []
    assert neither({"posts/a.md": (1, "torn")}, before, after) == ["posts/a.md"]
    assert neither(after | {"posts/.b.md": (1, "new")}, before, after) == ["posts/.b.md"]
