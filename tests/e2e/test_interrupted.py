"""Killed, interrupted, resumed: the end is the one of a run that nobody disturbed."""

import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing

import pytest
from rig.hosts import answer, status
from rig.images import image

from migrator.urls import host


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


@pytest.mark.parametrize("command", [["migrate", "posts", "--yes"], ["backup", "posts"]])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_posts_are_read_ends_with_words_and_changes_nothing(site, number, command):
    for post in range(1500):
        site.write(f"posts/{post}.md", f"![]({{host}}/{post}.png)\n" * 40)
    before = site.tree()
    process = site.start(*command)
    while not (site.root / ".migrator/ledger.db").exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (128 + number, "")
    assert "stopped by " in err
    assert number.name in err
    assert "\nNothing was being changed." in err or command[0] == "backup"
    assert not site.host.asked
    assert site.tree() == before


def test_a_message_that_nobody_can_hear_leaves_the_exit_status_as_it_is(site):
    words = [sys.executable, "-m", "migrator", "migrate", "nowhere"]
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        ended = subprocess.run(words, cwd=site.root, stdout=full, stderr=full, check=False)
    assert ended.returncode == 2


def test_a_report_that_nobody_can_read_does_not_hide_what_stopped_the_run(site):
    """As when the terminal is closed: SIGHUP comes, and there is nowhere to write to."""
    site.host.on("/b.jpg", lambda connection: connection.stopped.wait(30))
    words = [sys.executable, "-m", "migrator", "migrate", "posts", "--yes"]
    environment = {**os.environ, **site.environment}
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        process = subprocess.Popen(words, cwd=site.root, env=environment, stdout=full, stderr=full)
    while not site.host.count("/b.jpg"):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGHUP)
    assert process.wait(60) == 128 + signal.SIGHUP
    assert site.migrator("runs", "--json").json[0]["state"] == "interrupted"


def test_resume_without_anything_to_resume_says_so(site):
    ended = site.migrator("resume", "--yes")
    assert (ended.status, "Nothing was interrupted" in ended.out) == (0, True)


@pytest.fixture
def cut(many):
    """A site on which a migration was killed with some images stored, and the command it was."""

    def kill(*arguments, stored=6):
        served = {path: many.host._scenarios[path] for path in ("/10.png", "/11.png")}
        for path in served:
            many.host.on(path, lambda connection: connection.stopped.wait(30))
        process = many.start("migrate", "posts", "--yes", *arguments)
        while sum(path.is_file() for path in many.root.rglob("*/*.[pgj]*")) < stored:
            assert process.poll() is None
            time.sleep(0.01)
        process.kill()
        process.communicate()
        for path, scenarios in served.items():
            many.host.on(path, *scenarios)
        return many

    return kill


def every_link_leads_to_an_image(site):
    for post in (site.root / "posts").rglob("*.md"):
        links = re.findall(rb"[^(<\"]*[0-9a-f]{2}/[0-9a-f]{64}\.\w+", post.read_bytes())
        assert b"http://" not in post.read_bytes().replace(b"![code](http://", b"").replace(
            b"![comment](http://", b""
        )
        for link in links:
            assert (post.parent / link.decode()).is_file(), (post, link)


def test_no_post_links_to_what_somebody_deleted_from_the_store_meanwhile(many):
    (served,) = many.host._scenarios["/5.png"]
    waiting = threading.Event()

    def later(connection):
        waiting.wait(60)
        connection.send(served) if isinstance(served, bytes) else served(connection)

    many.host.on("/5.png", later)
    process = many.start("migrate", "posts", "--yes")
    while sum(path.is_file() for path in many.root.glob("migrated-images/*/[!.]*")) < 10:
        assert process.poll() is None
        time.sleep(0.01)
    for path in many.root.glob("migrated-images/*/[!.]*"):
        path.unlink()
    waiting.set()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 3, out + err
    assert "vanished from the store" in out
    texts = [post.read_bytes() for post in (many.root / "posts").rglob("*.md")]
    there = {path.name.encode() for path in many.root.glob("migrated-images/*/[!.]*")}
    linked = {name for text in texts for name in re.findall(rb"[0-9a-f]{64}\.\w+", text)}
    assert linked <= there
    assert many.migrator("migrate", "posts", "--yes").status == 0
    every_link_leads_to_an_image(many)


def test_resuming_with_another_store_moves_every_image_there(cut):
    site = cut()
    site.write("migrator.toml", '[store]\npath = "elsewhere"\n')
    assert site.migrator("resume", "--yes").status == 0
    every_link_leads_to_an_image(site)
    assert b"elsewhere/" in (site.root / "posts/one.md").read_bytes()


def test_resuming_without_what_was_stored_fetches_it_again(cut):
    site = cut()
    shutil.rmtree(site.root / "migrated-images")
    assert site.migrator("resume", "--yes").status == 0
    every_link_leads_to_an_image(site)


def test_resuming_with_damaged_objects_links_none_of_them(cut):
    site = cut()
    damaged = set()
    for path in site.root.glob("migrated-images/*/*"):
        path.write_bytes(b"bad")
        damaged.add(path.name.encode())
    assert site.migrator("resume", "--yes").status == 3
    texts = [post.read_bytes() for post in (site.root / "posts").rglob("*.md")]
    assert damaged
    assert not any(name in text for name in damaged for text in texts)


def test_resuming_from_another_folder_stores_where_it_began(cut, monkeypatch):
    site = cut("--to", "pics")
    site.root /= "posts"
    assert site.migrator("resume", "--yes").status == 0
    site.root = site.root.parent
    assert not (site.root / "posts/pics").exists()
    every_link_leads_to_an_image(site)


def test_resuming_in_a_copy_works_on_the_copy(cut, tmp_path):
    site = cut()
    shutil.copytree(site.root, tmp_path / "copy")
    before = site.tree()
    original, site.root = site.root, tmp_path / "copy"
    assert site.migrator("resume", "--yes").status == 0
    every_link_leads_to_an_image(site)
    site.root = original
    assert site.tree() == before


def test_resuming_keeps_to_the_images_that_were_chosen(cut):
    site = cut("--limit", "8", stored=3)
    report = site.migrator("resume", "--yes", "--json").json
    assert report["counts"]["stored"] == 8
    assert len(list(site.root.glob("migrated-images/*/*.*"))) == 8


def test_an_image_that_no_post_shows_any_more_is_not_waited_for(cut):
    site = cut()
    for post in (site.root / "posts").rglob("*.md"):
        post.write_bytes(post.read_bytes().replace(b"/11.png", b"/0.png"))
    report = site.migrator("resume", "--yes", "--json").json
    assert report["counts"]["planned"] == 0
    assert [e["reason"] for e in report["images"] if e["state"] == "skipped"] == ["not-mentioned"]


def test_an_image_of_a_post_that_cannot_be_replaced_any_more_stays_for_that_reason(cut):
    site = cut()
    for post in (site.root / "posts").rglob("*.md"):
        if b"/11.png" in post.read_bytes():
            os.link(post, post.with_suffix(".txt"))
    ended = site.migrator("resume", "--yes", "--json")
    assert ended.status == 3
    reasons = {e["reason"] for e in ended.json["images"] if e["state"] == "skipped"}
    assert reasons == {"hard-link"}


def test_resuming_records_no_links_of_our_own(many):
    many.write("migrator.toml", '[store]\npublic_url = "https://img.example.com"\n')
    before = {post: post.read_bytes() for post in (many.root / "posts").rglob("*.md")}
    process = many.start("migrate", "posts", "--yes")
    while not any(post.read_bytes() != data for post, data in before.items()):
        assert process.poll() is None
    process.kill()
    process.communicate()
    report = many.migrator("resume", "--json").json
    assert "img.example.com" not in {host(each["url"]) for each in report["images"]}
    with closing(sqlite3.connect(many.root / ".migrator/ledger.db")) as ledger:
        urls = ledger.execute("SELECT url FROM image").fetchall()
    assert "img.example.com" not in {host(url) for (url,) in urls}


def test_an_interrupted_run_is_pointed_out_and_resumed_without_asking_again(cut):
    site = cut("--limit", "8", stored=3)
    assert site.migrator("report").out.endswith("Next:  migrator resume\n")
    for flag in ("--dry-run", "--yes"):
        ended = site.migrator("migrate", "posts/one.md", flag)
        assert ended.status == 0
        assert "was interrupted. To finish it: migrator resume" in ended.err
    ended = site.migrator("resume")  # without a terminal, and it began with --yes
    assert ended.status == 0, ended.err
    assert "Next:" not in site.migrator("report").out
    assert "resume" not in site.migrator("migrate", "posts", "--dry-run").err


def test_a_private_address_may_be_named_when_resuming(cut):
    site = cut()
    del site.environment["MIGRATOR_ALLOW_PRIVATE"]
    ended = site.migrator("resume", "--allow-private", site.host.authority)
    assert ended.status == 0, ended.out
    every_link_leads_to_an_image(site)


def test_links_of_one_run_lead_to_one_store(many, undisturbed):
    before = many.tree()
    process = many.start("migrate", "posts", "--yes")
    originals = {name: data for name, data in before.items() if name.endswith(".md")}
    while not any((many.root / name).read_bytes() != data for name, data in originals.items()):
        assert process.poll() is None
    process.kill()
    process.communicate()
    many.write("migrator.toml", '[store]\npath = "elsewhere"\n')
    ended = many.migrator("resume", "--yes")
    if ended.out.startswith("Nothing was interrupted"):
        pytest.fail("the run was too quick to be killed")
    assert ended.status == 2
    assert "rollback" in ended.err
    many.write("migrator.toml", "")
    assert many.migrator("resume", "--yes").status == 0
    assert many.tree() == undisturbed


def test_rolling_back_an_interrupted_run_ends_it(many, undisturbed):
    before = {name: (many.root / name).read_bytes() for name in undisturbed if "posts/" in name}
    process = many.start("migrate", "posts", "--yes")
    while not any((many.root / name).read_bytes() != data for name, data in before.items()):
        assert process.poll() is None
    process.kill()
    process.communicate()
    assert many.migrator("rollback", "--yes").status == 0
    assert "Nothing was interrupted" in many.migrator("resume", "--yes").out
    assert {name: (many.root / name).read_bytes() for name in before} == before


def test_what_failed_before_is_what_only_failed_goes_on_with(many):
    for number in range(4):
        many.host.on(f"/{number}.png", status(418), answer(image("PNG", seed=number)))
    assert many.migrator("migrate", "posts", "--yes").status == 3
    many.host.on("/3.png", lambda connection: connection.stopped.wait(30))
    process = many.start("migrate", "posts", "--yes", "--only-failed")
    while not (many.host.count("/3.png") > 1 and many.host.count("/2.png") > 1):
        assert process.poll() is None
        time.sleep(0.01)
    time.sleep(0.3)
    process.kill()
    process.communicate()
    many.host.on("/3.png", answer(image("PNG", seed=3)))
    assert many.migrator("resume", "--yes").status == 0
    every_link_leads_to_an_image(many)


def test_a_resumed_rollback_ends_like_any_other(many, undisturbed):
    before = {name: (many.root / name).read_bytes() for name in undisturbed if "posts/" in name}
    assert many.migrator("migrate", "posts", "--yes").status == 0
    process = many.start("rollback", "--yes")
    while process.poll() is None and not _put_back(many, before):
        time.sleep(0.002)
    process.kill()
    process.communicate()
    many.migrator("resume", "--yes")
    assert {name: (many.root / name).read_bytes() for name in before} == before


def _put_back(site, originals):
    return sum((site.root / name).read_bytes() == data for name, data in originals.items())
