"""So many posts that several processes read them again: the end is the same, however a run ends."""

import os
import shutil
import signal
import time

import pytest
from rig.children import children
from rig.hosts import answer
from rig.images import image

POSTS = 400
MIGRATE = ("migrate", "posts", "--yes", "--json", "--trust-config", "--no-progress")

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2,
    reason="a run uses processes where there are two processors",
)


@pytest.fixture
def blog(site):
    """Many posts with some pictures and much to read; one is not to be replaced."""
    for number in range(6):
        site.host.on(f"/{number}.png", answer(image("PNG", seed=number)))
    for post in range(POSTS):
        links = "".join(f"![]({{host}}/{(post + n) % 6}.png)\n\n" for n in range(4))
        site.write(f"posts/{post:03}.md", f"---\ntitle: {post}\n---\n\n{links}" + "* words\n" * 150)
    os.link(site.root / "posts/100.md", site.root / "other-name.md")
    return site


@pytest.fixture
def expected(blog):
    """The posts after a run on one processor, which does it all itself; then all is put back."""
    before = blog.tree()
    everywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(everywhere)})
    try:
        process = blog.start(*MIGRATE)
    finally:
        os.sched_setaffinity(0, everywhere)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 3, err
    after = posts(blog)
    assert [name for name in after if after[name] == before[name]] == ["posts/100.md"]
    for name in set(blog.tree()) - set(before):
        (blog.root / name).unlink()
    shutil.rmtree(blog.root / ".migrator")
    for name in after:
        (blog.root / name).write_bytes(before[name])
    (blog.root / "other-name.md").unlink()
    os.link(blog.root / "posts/100.md", blog.root / "other-name.md")
    return after


def posts(blog):
    return {name: data for name, data in blog.tree().items() if name.startswith("posts/")}


def replaced(blog):
    return sum(1 for _ in blog.root.glob(".migrator/runs/*/displaced/posts/*"))


def begun(blog):
    """A run in the middle of the posts, in a group of its own, and its processes."""
    process = blog.start(*MIGRATE)
    until = time.monotonic() + 60
    while replaced(blog) < 10:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.002)
    return process


def test_posts_that_processes_read_again_end_as_those_of_one(blog, expected):
    ended = blog.migrator(*MIGRATE)
    assert (ended.status, posts(blog)) == (3, expected), ended.err
    assert ended.json["counts"]["posts_rewritten"] == len(expected) - 1


def test_killed_in_the_middle_it_holds_no_lock_and_is_resumed_at_once(blog, expected):
    process = begun(blog)
    assert children(process.pid)
    process.kill()
    process.wait()
    done = replaced(blog)
    resumed = blog.migrator("resume", "--yes", "--json", "--no-progress")
    assert (resumed.status, posts(blog)) == (3, expected), resumed.err
    assert done < len(expected) - 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_all_of_its_processes_stops_it_well(blog, expected, number):
    process = begun(blog)
    for pid in (*children(process.pid), process.pid):
        os.kill(pid, number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 128 + number, err
    resumed = blog.migrator("resume", "--yes", "--json", "--no-progress")
    assert (resumed.status, posts(blog)) == (3, expected), resumed.err
