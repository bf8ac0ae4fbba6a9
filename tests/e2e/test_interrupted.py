"""Killed, interrupted, resumed: the end is the one of a run that nobody disturbed."""

import random
import shutil
import signal
import time

import pytest
from rig.hosts import answer
from rig.images import image


@pytest.fixture
def many(site):
    """More posts and images, so that there is something to interrupt."""
    for number in range(12):
        site.host.on(f"/{number}.png", answer(image("PNG", seed=number)))
        links = "".join(f"![]({{host}}/{(number + n) % 12}.png)\n" for n in range(3))
        site.write(f"posts/many/{number}.md", f"{links}![]({{host}}/a.png)\n")
    return site


@pytest.fixture
def undisturbed(many):
    """The tree after a run that nobody disturbed; the site is as before it."""
    before = many.tree()
    assert many.migrator("migrate", "posts", "--yes").status == 0
    after = many.tree()
    assert many.migrator("rollback", "--yes").status == 0
    rolled_back = many.tree()
    assert {name: rolled_back[name] for name in before} == before
    return after


def test_a_run_killed_at_any_moment_and_resumed_ends_the_same(many, undisturbed):
    pick = random.Random(7)
    posts = {name for name in undisturbed if name.endswith(".md")}
    for steps in pick.sample(range(1, 28), 6):
        originals = {name: (many.root / name).read_bytes() for name in posts}
        process = many.start("migrate", "posts", "--yes")
        while process.poll() is None and _steps_done(many, originals) < steps:
            time.sleep(0.002)
        process.kill()
        process.communicate()
        for name in posts:
            assert (many.root / name).read_bytes() in {originals[name], undisturbed[name]}
        assert many.migrator("resume", "--yes").status == 0
        assert many.migrator("migrate", "posts", "--yes").status == 0
        assert many.tree() == undisturbed
        for run in many.migrator("runs", "--json").json[::-1]:
            if run["command"] == "migrate" and run["state"] == "finished" and run["posts"]:
                assert many.migrator("rollback", run["run"], "--yes").status == 0
        assert {name: (many.root / name).read_bytes() for name in posts} == originals
        shutil.rmtree(many.root / "migrated-images")


def _steps_done(site, originals):
    """How many images are stored and posts replaced so far."""
    changed = sum((site.root / name).read_bytes() != data for name, data in originals.items())
    return changed + sum(path.is_file() for path in site.root.glob("migrated-images/*/*"))


def test_ctrl_c_ends_cleanly_with_the_command_that_continues(many, undisturbed):
    served = many.host._scenarios["/5.png"]
    many.host.on("/5.png", lambda connection: connection.stopped.wait(30))
    many.host.asked.clear()
    shutil.rmtree(many.root / "migrated-images")  # so that the images are asked for again
    before = {name: data for name, data in many.tree().items() if name.endswith(".md")}
    process = many.start("migrate", "posts", "--yes")
    while not many.host.count("/5.png"):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "migrator resume" in out
    assert "Traceback" not in err
    assert {name: data for name, data in many.tree().items() if name.endswith(".md")} == before
    many.host.on("/5.png", *served)
    assert many.migrator("resume", "--yes").status == 0
    assert many.tree() == undisturbed


def test_resume_without_anything_to_resume_says_so(site):
    ended = site.migrator("resume", "--yes")
    assert (ended.status, "Nothing was interrupted" in ended.out) == (0, True)
