"""Copies of the images that posts show, night after night, while posts stay as they are."""

import json
import subprocess

import pytest
from rig.hosts import status, versioned
from rig.images import image


@pytest.fixture
def posts(site):
    """The images of the posts are served with ETags."""
    for path, kind in (("/a.png", "PNG"), ("/b.jpg", "JPEG"), ("/c.gif", "GIF")):
        site.host.on(path, versioned(image(kind), f'"{kind}"'))
    return site


def backup(site, *arguments, code=0):
    ended = site.migrator("backup", "posts", "--json", *arguments)
    assert ended.status == code, ended.out + ended.err
    return ended.json


def lines(site, name, folder="image-backup"):
    text = (site.root / folder / "snapshots" / f"{name}.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def checked(site, name, folder="image-backup"):
    """Whether sha256sum(1), which knows nothing of us, finds all of a snapshot as it was."""
    command = ["sha256sum", "--quiet", "--strict", "-c", f"snapshots/{name}.sha256"]
    return subprocess.run(command, cwd=site.root / folder, check=False).returncode == 0


def test_the_first_backup_copies_every_image_and_leaves_the_posts(posts):
    before = posts.tree()
    found = backup(posts)
    after = posts.tree()
    assert {name: after[name] for name in before} == before
    assert found["counts"] == {"new": 3, "unchanged": 0, "changed": 0, "lost": 0, "held": 0}
    assert {each["change"] for each in found["events"]} == {"new"}
    head, *images = lines(posts, found["snapshot"])
    assert head["images"] == len(images) == 3
    for each in images:
        kept = (posts.root / "image-backup" / each["object"]).read_bytes()
        assert kept == image({"png": "PNG", "jpg": "JPEG", "gif": "GIF"}[each["object"][-3:]])
        assert each["references"][0]["path"].startswith("posts/")
        assert each["etag"]
    assert (posts.root / "image-backup/latest").read_text().strip() == found["snapshot"]
    assert checked(posts, found["snapshot"])


def test_an_unchanged_night_costs_one_request_an_image_and_no_upload(posts):
    first = backup(posts)
    objects = {path: path.stat().st_ino for path in posts.root.rglob("objects/*/*")}
    posts.host.asked.clear()
    second = backup(posts)
    assert sorted(each.path for each in posts.host.asked) == ["/a.png", "/b.jpg", "/c.gif"]
    assert all("if-none-match" in each.headers for each in posts.host.asked)
    assert second["counts"]["unchanged"] == 3
    assert second["events"] == []
    assert second["previous"] == first["snapshot"] != second["snapshot"]
    assert {path: path.stat().st_ino for path in posts.root.rglob("objects/*/*")} == objects
    assert checked(posts, second["snapshot"])
    assert posts.migrator("backup", "posts", "--quiet").out == ""


def test_a_changed_image_gets_a_second_copy_and_a_dead_one_keeps_its_own(posts):
    first = backup(posts)
    posts.host.on("/a.png", versioned(image("PNG", seed=9), '"new"'))
    posts.host.on("/b.jpg", status(404))
    second = backup(posts, code=3)
    assert {each["change"]: each["url"][-6:] for each in second["events"]} == {
        "changed": "/a.png",
        "lost": "/b.jpg",
    }
    now = {each["url"][-6:]: each for each in lines(posts, second["snapshot"])[1:]}
    old = {each["url"][-6:]: each for each in lines(posts, first["snapshot"])[1:]}
    assert now["/a.png"]["changed_from"] == old["/a.png"]["sha256"] != now["/a.png"]["sha256"]
    assert now["/b.jpg"]["sha256"] == old["/b.jpg"]["sha256"]
    assert (now["/b.jpg"]["state"], now["/b.jpg"]["reason"]) == ("lost", "not-found")
    for each in (first, second):
        assert checked(posts, each["snapshot"])

    third = backup(posts)
    assert third["events"] == []
    assert lines(posts, third["snapshot"])[1:][0]["state"] in ("unchanged", "lost")
    since = {each["url"][-6:]: each.get("since") for each in lines(posts, third["snapshot"])[1:]}
    assert since["/b.jpg"] == now["/b.jpg"]["since"]
    assert "As before: 1 lost" in posts.migrator("backup", "posts").out

    posts.host.on("/b.jpg", versioned(image("JPEG"), '"JPEG"'))
    fifth = backup(posts)
    assert [each["change"] for each in fifth["events"]] == ["back"]
