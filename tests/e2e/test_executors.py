"""Images moved by threads, by processes, and by a real cluster: the end is the same."""

import json
import os
import shutil
import signal
import threading
import time

import pytest
from rig import cluster
from rig.children import children
from rig.hosts import after, answer, status
from rig.images import image
from rig.stores import ACCESS_KEY_ENV, SECRET_KEY_ENV

IMAGES = 40
COUNTED = {"stored": IMAGES + 3, "failed": 2, "held": 0}


@pytest.fixture
def blog(site, rclone_site):
    """Some posts with many images, and a bucket; one image is gone, one is no image."""
    for number in range(IMAGES):
        site.host.on(f"/{number}.png", answer(image("PNG", seed=number)))
    site.host.on("/gone.png", status(404))
    site.host.on("/page.png", answer(b"<!doctype html><p>none", "Content-Type: text/html"))
    for post in range(10):
        links = "".join(f"![]({{host}}/{(post * 4 + n) % IMAGES}.png)\n" for n in range(6))
        more = "![]({host}/gone.png) ![]({host}/page.png)\n"
        site.write(f"posts/many/{post}.md", links + more)
    return Blog(site, rclone_site)


class Blog:
    """A site whose images move into one bucket, into a prefix for each run."""

    def __init__(self, site, store):
        self.site, self.store = site, store
        self.originals = {k: v for k, v in site.tree().items() if k.endswith(".md")}

    def prepare(self, prefix, more=""):
        """Put the posts back, forget all runs, and store below ``prefix`` from now on."""
        shutil.rmtree(self.site.root / ".migrator", ignore_errors=True)
        for name, data in self.originals.items():
            (self.site.root / name).write_bytes(data)
        toml = self.store.toml(prefix=prefix)
        download = "[download]\nper_host = 32\nworkers = 16\ntimeout = 20\n"
        self.site.write("migrator.toml", f"{toml}{download}{more}")
        self.prefix = prefix

    def command(self, executor, *more):
        words = ("migrate", "posts", "--yes", "--json", "--trust-config", "--executor", executor)
        return (*words, *more)

    def migrate(self, executor, *more, **options):
        return self.site.migrator(*self.command(executor, *more), **options)

    def end(self):
        """The posts and the objects, in whatever prefix they are."""
        prefix = f"{self.prefix}/"
        tree = self.site.tree().items()
        posts = {k: v.replace(prefix.encode(), b"") for k, v in tree if k.endswith(".md")}
        objects = {
            key.removeprefix(prefix): data
            for key, data in self.store.contents().items()
            if key.startswith(prefix)
        }
        return posts, objects


@pytest.fixture
def expected(blog):
    """The end of a run over threads."""
    blog.prepare("threads")
    ended = blog.migrate("threads")
    assert (ended.status, counts(ended)) == (3, COUNTED), ended.err
    return blog.end()


def counts(ended):
    return {name: ended.json["counts"][name] for name in COUNTED}


@pytest.fixture
def workers_of(tmp_path):
    """Start a cluster with so many workers, whose environment has the keys of the store."""
    keys = {name: os.environ[name] for name in (ACCESS_KEY_ENV, SECRET_KEY_ENV)}
    return lambda number, **options: cluster.running(tmp_path / "dask", keys, number, **options)


@pytest.mark.parametrize("executor", ["processes", "processes:3"])
def test_processes_end_as_threads_do(blog, expected, executor):
    blog.prepare("processes")
    ended = blog.migrate(executor)
    assert (ended.status, counts(ended)) == (3, COUNTED), ended.err
    assert blog.end() == expected


def test_a_cluster_ends_as_threads_do(blog, expected, workers_of):
    blog.prepare("cluster")
    with workers_of(4) as dask:
        ended = blog.migrate(f"dask:{dask.address}")
        assert (ended.status, counts(ended)) == (3, COUNTED), ended.err
        assert blog.end() == expected
        again = blog.migrate(f"dask:{dask.address}", "--only-failed")
    assert again.status == 3
    assert blog.end() == expected


@pytest.fixture
def slow(blog, expected):
    """Only a few images come before ``blog.go`` is set, so that no run ends before its time."""
    blog.go, blog.expected = threading.Event(), expected
    for number in range(8, IMAGES):
        blog.site.host.on(f"/{number}.png", after(blog.go, answer(image("PNG", seed=number))))
    return blog


def begin(blog, executor):
    """Start a run; returns when some of its images are stored, and others in hand."""
    before = len(blog.store.contents())
    process = blog.site.start(*blog.command(executor))
    until = time.monotonic() + 60
    while len(blog.store.contents()) < before + 3:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.01)
    return process


def test_a_process_that_is_killed_costs_nothing_but_time(slow):
    slow.prepare("killed")
    process = begin(slow, "processes:2")
    os.kill(children(process.pid)[0], signal.SIGKILL)
    slow.go.set()
    _, err = process.communicate(timeout=100)
    assert process.returncode == 3, err
    assert slow.end() == slow.expected


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_after_a_signal_what_processes_have_in_hand_is_finished_and_the_rest_resumed(slow, number):
    slow.prepare("stopped")
    process = begin(slow, "processes:2")
    for pid in (*children(process.pid), process.pid):
        os.kill(pid, number)
    slow.go.set()
    process.communicate(timeout=30)
    assert process.returncode == 128 + number
    resumed = slow.site.migrator("resume", "--yes", "--json")
    assert (resumed.status, slow.end()) == (3, slow.expected), resumed.err


def test_killed_with_its_processes_it_is_resumed_with_processes_to_the_same_end(slow):
    slow.prepare("dead")
    process = begin(slow, "processes:2")
    process.kill()
    process.communicate()
    slow.go.set()
    resumed = slow.site.migrator("resume", "--yes", "--json")
    assert (resumed.status, slow.end()) == (3, slow.expected), resumed.err
    assert slow.site.migrator("runs", "--json").json[0]["state"] == "finished"


def test_workers_of_a_cluster_that_are_killed_cost_nothing_but_time(slow, workers_of):
    slow.prepare("killed")
    with workers_of(4, threads=2) as dask:
        process = begin(slow, f"dask:{dask.address}")
        dask.kill_worker()
        dask.kill_worker()
        dask.start(1)
        time.sleep(0.3)
        dask.kill_worker()
        slow.go.set()
        _, err = process.communicate(timeout=100)
    assert process.returncode == 3, err
    assert slow.end() == slow.expected


def test_a_scheduler_that_is_started_anew_is_waited_for(slow, workers_of):
    slow.prepare("restarted")
    with workers_of(2, threads=2) as dask:
        process = begin(slow, f"dask:{dask.address}")
        dask.stop()
        time.sleep(2)
        slow.go.set()
        dask.start(2)
        _, err = process.communicate(timeout=200)
    assert process.returncode == 3, err
    assert slow.end() == slow.expected


def test_what_keeps_a_cluster_from_the_work_is_said_before_anything_moves(blog, workers_of):
    blog.prepare("nothing")
    before = blog.site.tree()
    with cluster.running(blog.site.root.parent / "empty", {}, 0) as dask:
        ended = blog.migrate(f"dask:{dask.address}")
        assert ended.status == 6
        assert "has no workers" in ended.err
        assert f"dask worker {dask.address}" in ended.err
    ended = blog.migrate(f"dask:{dask.address}")
    assert (ended.status, "no Dask scheduler answers" in ended.err) == (6, True), ended.err
    ended = blog.migrate("dask:tcp://nowhere")
    assert (ended.status, "no Dask scheduler answers" in ended.err) == (6, True), ended.err
    without = {ACCESS_KEY_ENV: "", SECRET_KEY_ENV: ""}
    with cluster.running(blog.site.root.parent / "keyless", without, 1) as dask:
        ended = blog.migrate(f"dask:{dask.address}")
        assert ended.status == 6
        assert "the worker at tcp://127.0.0.1:" in ended.err
        assert ACCESS_KEY_ENV in ended.err
    assert {k: v for k, v in blog.site.tree().items() if not k.startswith(".migrator")} == before
    assert blog.store.contents() == {}


@pytest.mark.parametrize(
    ("executor", "says"),
    [
        ("proceses", "did you mean processes?"),
        ("processes:many", "no number of processes"),
        ("dask:tcp://127.0.0.1:1", "folders of this machine"),
    ],
)
def test_an_executor_that_cannot_be_is_wrong_usage(site, executor, says):
    ended = site.migrator("migrate", "posts", "--yes", "--executor", executor)
    assert ended.status == 2
    assert says in ended.err


def test_an_image_whose_processes_end_again_and_again_fails_for_that(site):
    never = threading.Event()
    site.host.on("/heavy.png", after(never, b""))
    site.write("posts/heavy.md", "![]({host}/heavy.png)\n")
    command = ("migrate", "posts/heavy.md", "--yes", "--json", "--executor", "processes:1")
    process = site.start(*command)
    for asked in (1, 2, 3):
        until = time.monotonic() + 30
        while site.host.count("/heavy.png") < asked:
            assert time.monotonic() < until
            time.sleep(0.01)
        os.kill(children(process.pid)[0], signal.SIGKILL)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 3, err
    assert [each["reason"] for each in json.loads(out)["images"]] == ["worker-lost"]
