"""Backups of a part of the posts, of another site, around the posts: no copy gets out of sight."""

import json
import shutil
from datetime import UTC, datetime, timedelta

import pytest
from rig.at import at, ran
from rig.hosts import status, versioned
from rig.images import image

NIGHT = datetime(2026, 3, 1, 2, 15, tzinfo=UTC)


@pytest.fixture
def blog(site):
    """``a.png`` in posts/a, ``b.png`` in posts/b, ``both.png`` in both."""
    shutil.rmtree(site.root / "posts")
    for seed, name in enumerate(("a", "b", "both")):
        site.host.on(f"/{name}.png", versioned(image("PNG", seed=seed), f'"{seed}"'))
    site.write("posts/a/1.md", "![]({host}/a.png) ![]({host}/both.png)\n")
    site.write("posts/b/2.md", "![]({host}/b.png) ![]({host}/both.png)\n")
    return site


def backup(site, *arguments, code=0, when=NIGHT):
    with at(when):
        ended, out, err = ran(site, "backup", *arguments, "--json")
    assert ended == code, out + err
    return json.loads(out) if out else err


def images(site):
    """The newest snapshot's images, by the last part of their URLs."""
    folder = site.root / "image-backup/snapshots"
    newest = max(folder.glob("*.jsonl"))
    found = [json.loads(line) for line in newest.read_text().splitlines()[1:]]
    return {each["url"].rpartition("/")[2]: each for each in found}


def places(line):
    return {each["path"] for each in line["references"]}


def test_a_snapshot_of_some_posts_knows_the_images_of_the_others(blog):
    backup(blog, "posts/a")
    found = backup(blog, "posts/b")
    assert [each["change"] for each in found["events"]] == ["new"]
    assert (found["images"], found["paths"]) == (3, ["posts/b"])
    now = images(blog)
    assert {name: each["state"] for name, each in now.items()} == {
        "a.png": "unchanged",
        "b.png": "new",
        "both.png": "unchanged",
    }
    assert places(now["a.png"]) == {"posts/a/1.md"}
    assert places(now["both.png"]) == {"posts/a/1.md", "posts/b/2.md"}
    assert all((blog.root / "image-backup" / each["object"]).exists() for each in now.values())
    again = backup(blog, "posts/a")
    assert again["events"] == []
    assert places(images(blog)["both.png"]) == {"posts/a/1.md", "posts/b/2.md"}


def test_a_prune_after_a_backup_of_some_posts_lets_go_of_no_copy_of_the_others(blog):
    backup(blog, "posts")
    before = {path.name for path in blog.root.glob("image-backup/objects/*/*")}
    backup(blog, "posts/a/1.md", when=NIGHT + timedelta(days=1))
    for day in (2, 4):
        with at(NIGHT + timedelta(days=day)):
            assert ran(blog, "prune", "--keep-daily", "1", "--yes")[0] == 0
    assert {path.name for path in blog.root.glob("image-backup/objects/*/*")} == before
    blog.host.on("/b.png", status(404))
    found = backup(blog, "posts", when=NIGHT + timedelta(days=5), code=3)
    assert [(each["change"], bool(each["object"])) for each in found["events"]] == [("lost", True)]


def test_a_post_that_cannot_be_read_keeps_its_images_in_the_backup(blog):
    backup(blog, "posts")
    post = blog.root / "posts/b/2.md"
    post.write_bytes("\ufeff![]".encode("utf-16"))
    found = backup(blog, "posts", code=3)
    assert [each["path"] for each in found["posts"]] == ["posts/b/2.md"]
    assert places(images(blog)["b.png"]) == {"posts/b/2.md"}


def test_an_image_leaves_the_snapshots_with_the_last_post_that_shows_it(blog):
    backup(blog, "posts")
    (blog.root / "posts/b/2.md").unlink()
    backup(blog, "posts/a")
    assert images(blog).keys() == {"a.png", "both.png"}
    assert places(images(blog)["both.png"]) == {"posts/a/1.md"}
    blog.write("posts/a/1.md", "![]({host}/both.png)\n")
    backup(blog, "posts")
    assert images(blog).keys() == {"both.png"}


def test_an_image_that_comes_back_into_posts_after_it_died_has_its_old_copy(blog):
    backup(blog, "posts")
    had = images(blog)["b.png"]
    text = (blog.root / "posts/b/2.md").read_text()
    blog.write("posts/b/2.md", "nothing\n")
    backup(blog, "posts")
    blog.host.on("/b.png", status(404))
    blog.write("posts/b/2.md", text)
    (event,) = backup(blog, "posts", code=3)["events"]
    assert event["change"] == "lost"
    assert event["object"] == had["object"]
    assert images(blog)["b.png"]["reason"] == "not-found"


def test_a_backup_of_another_site_is_left_alone(blog):
    backup(blog, "posts")
    before = images(blog)
    shutil.rmtree(blog.root / "posts")
    blog.write("notes/1.md", "![]({host}/new.png)\n")
    assert "a place of its own" in backup(blog, "notes", code=2)
    (blog.root / "notes/1.md").write_text("")  # such as where a disk is not mounted
    assert "bring them back" in backup(blog, "notes", code=2)
    assert images(blog) == before
    blog.write("notes/1.md", "![]({host}/a.png) ![]({host}/both.png)\n")  # posts that moved
    backup(blog, "notes")
    assert images(blog).keys() == {"a.png", "both.png"}


@pytest.mark.parametrize("place", [".", "posts", "posts/a"])
def test_a_backup_is_not_made_around_the_posts(blog, place):
    before = blog.tree()
    assert "around your posts" in backup(blog, "posts/a", "--to", place, code=2)
    assert blog.tree() == before
