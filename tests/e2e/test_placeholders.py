"""The wrong picture with status 200: held, whatever the order, until somebody accepts it."""

import hashlib
import signal
import sqlite3
import time
from contextlib import closing

import pytest
from rig.hosts import Host, answer, redirect, status
from rig.images import image

SORRY = image("PNG", seed=99, size=(300, 260))


@pytest.fixture
def blog(site):
    """A post of 50 images, of which ``{host}/0.png`` to ``46.png`` are good pictures."""
    for name in ("posts/one.md", "posts/deep/two.md"):
        (site.root / name).unlink()
    for number in range(50):
        site.host.on(f"/{number}.png", answer(image("PNG", seed=number)))
    site.write("posts/many.md", "".join(f"![]({{host}}/{number}.png)\n" for number in range(50)))
    return site


def held(report):
    return {
        each["url"].rpartition("/")[2]: each["reason"]
        for each in report["images"]
        if each["state"] == "held"
    }


def migrated(site, *arguments):
    ended = site.migrator("migrate", "posts", "--yes", "--json", *arguments)
    assert ended.status in (0, 3), ended.err
    return ended.json


def test_one_picture_for_fifty_images_is_held_and_no_post_changes(blog):
    for number in range(50):
        blog.host.on(f"/{number}.png", answer(SORRY))
    before = (blog.root / "posts/many.md").read_bytes()
    ended = blog.migrator("migrate", "posts", "--yes")
    assert ended.status == 3
    assert (blog.root / "posts/many.md").read_bytes() == before
    assert ended.out.count("migrator accept ") == 1
    assert ended.out.endswith("\nNext:  migrator accept\n")
    assert "50  images, held for you to decide: the host gives one picture" in ended.out


def test_of_a_mixed_host_only_the_placeholders_are_held(blog):
    for number in (0, 20, 49):
        blog.host.on(f"/{number}.png", answer(SORRY))
    report = migrated(blog)
    assert held(report) == dict.fromkeys(("0.png", "20.png", "49.png"), "same-bytes")
    assert report["counts"]["stored"] == 47
    post = (blog.root / "posts/many.md").read_text()
    lines = post.splitlines()
    assert [number for number in range(50) if blog.host.url("") in lines[number]] == [0, 20, 49]
    for number in (0, 20, 49):
        assert lines[number] == f"![]({blog.host.url(f'/{number}.png')})"


def test_two_copies_of_a_large_photo_are_no_placeholder(blog):
    photo = image("JPEG", size=(800, 600))
    for path in ("/0.png", "/1.png"):
        blog.host.on(path, answer(photo))
    assert held(migrated(blog)) == {}


def test_redirects_to_one_picture_are_held(blog):
    blog.host.on("/removed.png", answer(SORRY))
    blog.host.on("/7", answer(image("PNG", seed=7)))
    for number in range(2):
        blog.host.on(f"/{number}.png", redirect("/7"))
    blog.host.on("/2.png", redirect("/removed.png"))
    assert held(migrated(blog)) == {
        "0.png": "same-bytes",
        "1.png": "same-bytes",
        "2.png": "stand-in",
        "7.png": "same-bytes",
    }


def test_redirects_to_changing_bytes_are_held_for_their_target(blog):
    blog.host.on("/any", *(answer(image("PNG", seed=seed)) for seed in range(200, 210)))
    for number in range(2):
        blog.host.on(f"/{number}.png", redirect("/any"))
    assert held(migrated(blog)) == {"0.png": "same-target", "1.png": "same-target"}


def test_a_small_gif_for_a_photo_and_a_dot_are_held(blog):
    blog.host.on("/0.png", answer(image("GIF")))
    blog.host.on("/1.png", answer(image("PNG", size=(1, 1))))
    assert held(migrated(blog)) == {"0.png": "stand-in", "1.png": "tiny"}


class HostOfAnyName(Host):
    """Answers names that it does not have with a picture."""

    def _play(self, connection):
        if connection.asked.path not in self._scenarios:
            self._scenarios[connection.asked.path] = [answer(SORRY)]
        super()._play(connection)


def test_a_host_that_answers_every_name_gives_itself_away_with_one_lost_image(blog):
    with HostOfAnyName() as host:
        blog.environment["MIGRATOR_ALLOW_PRIVATE"] += f",{host.authority}"
        host.on("/img/good.png", answer(image("PNG", seed=3)))
        blog.write(
            "posts/other.md",
            f"![]({host.url('/img/good.png')}) ![]({host.url('/img/lost.png?v=1')})",
        )
        report = migrated(blog)
        assert held(report) == {"lost.png?v=1": "any-name"}
        (warning,) = report["warnings"]
        assert warning.startswith(f"{host.authority} answers every name with a picture")
        made_up = [
            asked.path
            for asked in host.asked
            if "good" not in asked.path and "lost" not in asked.path
        ]
        assert len(made_up) == 1
        assert made_up[0].startswith("/img/")
        assert made_up[0].endswith(".png")
        migrated(blog, "--only-failed")
        assert len([asked for asked in host.asked if asked.path == made_up[0]]) == 1


def by_referer(mine, other):
    def play(connection):
        connection.send(other if "referer" in connection.asked.headers else mine)

    return play


def test_a_host_whose_picture_depends_on_the_referer_is_checked_whole(blog):
    with Host() as host:
        blog.environment["MIGRATOR_ALLOW_PRIVATE"] += f",{host.authority}"
        for number in range(6):
            real = answer(image("PNG", seed=100 + number))
            notice = answer(image("PNG", seed=300 + number))
            host.on(f"/{number}.webp", real if number == 5 else by_referer(notice, real))
        blog.write("posts/other.md", "".join(f"![]({host.url(f'/{n}.webp')})\n" for n in range(6)))
        report = migrated(blog)
        assert held(report) == {f"{n}.webp": "by-referer" for n in range(5)}
        accepted = blog.migrator("accept", f"by-referer:{host.authority}")
        assert accepted.status == 0, accepted.err
        assert held(migrated(blog, "--only-failed")) == {}


def test_a_list_of_the_users_own_is_heeded_and_all_can_be_switched_off(blog):
    digest = hashlib.sha256(image("PNG", seed=5)).hexdigest()
    blog.write("migrator.toml", f'[safety]\nknown_placeholders = ["{digest}"]\n')
    blog.host.on("/0.png", redirect("/404.png"))
    blog.host.on("/404.png", answer(SORRY))
    assert held(migrated(blog)) == {"5.png": "known-placeholder", "0.png": "stand-in"}
    blog.write("migrator.toml", '[safety]\nplaceholders = "allow"\n')
    asked = len(blog.host.asked)
    assert held(migrated(blog, "--only-failed")) == {}
    assert {each.path for each in blog.host.asked[asked:]} == {"/5.png", "/0.png", "/404.png"}


def test_folders_of_the_site_are_not_judged(blog):
    for number in range(50):
        blog.host.on(f"/{number}.png", status(404))
        path = blog.root / f"dump/{number}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(SORRY)
    blog.write("migrator.toml", f'[[route]]\nmatch = "{blog.host.url("/")}"\nfrom = "file:dump/"\n')
    asked = len(blog.host.asked)
    assert held(migrated(blog)) == {}
    assert len(blog.host.asked) == asked


def test_images_of_an_earlier_run_count_for_the_group_and_stay_linked(blog):
    for number in range(3):
        blog.host.on(f"/x{number}.png", answer(SORRY))
    blog.write("posts/a.md", "![]({host}/x0.png) ![]({host}/x1.png)")
    assert held(migrated(blog)) == {}
    linked = (blog.root / "posts/a.md").read_bytes()
    blog.write("posts/b.md", "![]({host}/x2.png)")
    assert held(migrated(blog)) == {"x2.png": "same-bytes"}
    assert (blog.root / "posts/a.md").read_bytes() == linked


def test_a_run_killed_before_the_check_holds_the_same_when_resumed(blog):
    for number in range(3):
        blog.host.on(f"/{number}.png", answer(SORRY))
    before = (blog.root / "posts/many.md").read_bytes()
    paused = []

    def pause(connection):
        if "referer" in connection.asked.headers:
            paused.append(connection)
            connection.stopped.wait(30)
        connection.send(answer(image("PNG", seed=4, size=(8, 8))))

    blog.host.on("/4.png", pause)
    process = blog.start("migrate", "posts", "--yes")
    while not paused:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert (blog.root / "posts/many.md").read_bytes() == before
    blog.host.on("/4.png", answer(image("PNG", seed=4, size=(8, 8))))
    resumed = blog.migrator("resume", "--yes", "--json")
    assert resumed.status == 3, resumed.err
    assert held(resumed.json) == dict.fromkeys(("0.png", "1.png", "2.png"), "same-bytes")
    assert resumed.json["counts"]["stored"] == 47


def test_what_an_interrupted_run_did_not_judge_is_judged_by_the_next(blog):
    with HostOfAnyName() as host:
        blog.environment["MIGRATOR_ALLOW_PRIVATE"] += f",{host.authority}"
        blog.write("posts/other.md", f"![]({host.url('/img/lost.png')}) ![]({{host}}/slow.png)")
        blog.host.on("/slow.png", lambda connection: connection.stopped.wait(30))
        process = blog.start("migrate", "posts", "--yes")
        while recorded(blog) < 51:
            assert process.poll() is None
            time.sleep(0.01)
        process.kill()
        process.communicate()
        blog.host.on("/slow.png", answer(image("PNG", seed=77)))
        assert held(migrated(blog)) == {"lost.png": "any-name"}
    asked = len(blog.host.asked)
    blog.write("posts/again.md", "![]({host}/5.png)")
    assert blog.migrator("migrate", "posts/again.md", "--yes").status == 0
    assert len(blog.host.asked) == asked


def recorded(site):
    """How many images the ledger of ``site`` has as stored."""
    file = site.root / ".migrator/ledger.db"
    if not file.exists():
        return 0
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
        found = db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'run_image'").fetchone()
        if not found[0]:
            return 0
        return db.execute("SELECT count(*) FROM run_image WHERE state = 'stored'").fetchone()[0]


def test_ctrl_c_during_the_check_changes_no_post(blog):
    paused = []

    def pause(connection):
        if "referer" in connection.asked.headers:
            paused.append(connection)
            connection.stopped.wait(30)
        connection.send(answer(image("PNG", seed=4, size=(8, 8))))

    blog.host.on("/4.png", pause)
    before = (blog.root / "posts/many.md").read_bytes()
    process = blog.start("migrate", "posts", "--yes")
    while not paused:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "migrator resume" in out
    assert (blog.root / "posts/many.md").read_bytes() == before


def test_a_dry_run_makes_up_no_name_and_plans_all(blog):
    for number in range(50):
        blog.host.on(f"/{number}.png", answer(SORRY))
    report = blog.migrator("migrate", "posts", "--dry-run", "--json").json
    assert report["counts"]["planned"] == 50
    assert {asked.method for asked in blog.host.asked} == {"HEAD"}
    assert {asked.path for asked in blog.host.asked} == {f"/{n}.png" for n in range(50)}


def test_the_checks_cost_a_few_small_requests(blog):
    migrated(blog)
    extra = len(blog.host.asked) - 50
    assert extra == 1 + 3
