"""Killed at every system call that changes something, and resumed: nothing is lost, ever.

The oracle judges after each kill and at the end (see `rig.oracle`).
"""

import itertools
import random
import shutil
import time

import pytest
from rig import strace
from rig.ambush import Ambush
from rig.oracle import bucket, tree
from rig.trial import FIRST, RESUME, Trial, spread

needs_strace = pytest.mark.skipif(bool(strace.MISSING), reason=strace.MISSING)
MIGRATE, ROLLBACK = ("migrate", "posts", "--yes"), ("rollback", "--yes")
KILL = "signal=KILL"
KILLED = -9


@pytest.fixture
def trial(tmp_path):
    with Ambush() as host:
        yield Trial.write(tmp_path / "site", host)


@pytest.mark.torture
@needs_strace
@pytest.mark.parametrize(
    ("command", "few"), [(MIGRATE, 5), (ROLLBACK, 2)], ids=["migrate", "rollback"]
)
def test_killed_at_every_call_it_is_resumed_to_the_same_end(
    trial, command, few, tmp_path, thorough, figure
):
    whole = trial.copy(tmp_path / "whole")
    assert whole.migrator(*MIGRATE).status == 0
    if command is ROLLBACK:
        trial = whole.copy(tmp_path / "moved")
        assert whole.migrator(*ROLLBACK).status == 0
        assert whole.oracle.changed() == []
    undisturbed = tree(whole.root)
    points = trial.points(tmp_path, *command)
    pick = random.Random(11)
    struck = points if thorough else spread(points, few)
    kills, twice, wrong = 0, 0, []

    for thread, call in struck:
        tried = trial.copy(tmp_path / "tried")
        killed = tried.struck(thread, [call.format(KILL)], *command, log=tmp_path / "log")
        kills += killed.status == KILLED
        found = tried.oracle.look()
        if thorough:
            _, again = pick.choice([point for point in points if point[0] == FIRST])
            resumed = tried.struck(FIRST, [again.format(KILL)], *RESUME, log=tmp_path / "log")
            twice += resumed.status == KILLED
            found += tried.oracle.look()
        found += tried.end(command, undisturbed)
        wrong += [(thread, call, each) for each in found]
        shutil.rmtree(tried.root)
    assert wrong == []
    assert kills >= 0.95 * len(struck)  # one run may make a call less than another
    figure(
        f"{kills} kills at {len(struck)} of {len(points)} calls of {command[0]},"
        f" and {twice} more while resuming"
    )


@pytest.fixture(params=["folder", "bucket"])
def another(request, tmp_path):
    """``another()``: a site of twelve posts and an empty store, like all before it."""
    numbers = itertools.count()
    with Ambush() as host:
        if request.param == "folder":
            first = Trial.write(tmp_path / "site", host, workers=8, more=9)
            yield lambda: first.copy(tmp_path / str(next(numbers)))
            return
        server, bucket_on = map(request.getfixturevalue, ("rclone_server", "bucket_on"))
        store = bucket_on(server, f"http://127.0.0.1:{server.port}", kind="rclone", atomic=False)
        first = Trial.write(tmp_path / "site", host, store.toml(), workers=8, more=9)

        def emptied():
            for key in store.contents():
                server.client.delete_object(Bucket=store.settings.bucket, Key=key)
            objects = bucket(store.contents, "https://img.example.com")
            return first.copy(tmp_path / str(next(numbers)), objects)

        yield emptied


@pytest.mark.torture
def test_killed_at_random_moments_it_is_resumed_to_the_same_end(another, thorough, figure):
    command = (*MIGRATE, "--trust-config")
    another().migrator("--version")  # from now on commands start as quickly as they will
    whole = another()
    child = whole.start(*command)
    began = begin(whole, child)
    assert child.end().status == 0
    took = time.monotonic() - began
    undisturbed = tree(whole.root)
    assert len(whole.oracle.changed()) == len(whole.oracle.posts)
    assert whole.oracle.look() == []
    pick, kills, midway, again = random.Random(13), 0, 0, 0

    while kills < (250 if thorough else 2):
        tried = another()
        if not killed(tried, command, pick.uniform(0, took)):
            assert tried.oracle.finished(undisturbed) == []
            shutil.rmtree(tried.root)
            took *= 0.9  # it was a busy machine that took so long
            continue
        kills += 1
        midway += 0 < len(tried.oracle.changed()) < len(tried.oracle.posts)
        if kills % 2 == 0:
            again += killed(tried, RESUME, pick.uniform(0, took))
        assert tried.end(command, undisturbed) == []
        shutil.rmtree(tried.root)
    figure(
        f"{kills} kills of a run at random moments, {midway} of them between posts,"
        f" and {again} of its recovery"
    )


def begin(trial, child):
    """The moment in which a command began to work at its site."""
    state = trial.root / ".migrator"
    before = state.stat().st_mtime_ns if state.exists() else None
    while child.process.is_alive() and not (state.exists() and state.stat().st_mtime_ns != before):
        time.sleep(0.001)
    return time.monotonic()


def killed(trial, command, moment):
    """Kill a command so many seconds after it began, unless it ended before; says so."""
    child = trial.start(*command)
    begin(trial, child)
    if child.end(moment) is None:
        child.process.kill()
    ended = child.end()
    assert trial.oracle.look() == [], moment
    return ended.status == KILLED
