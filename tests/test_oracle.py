"""The judge of the other tests sees what is wrong: each of these is planted once."""

import os
from hashlib import sha256

import pytest
from rig.oracle import Oracle, Slot, folder, tree

URL, OTHER, GONE = (f"http://pics.example.com/{name}.png" for name in ("a", "b", "gone"))
SERVED = {URL: {b"a picture"}, OTHER: {b"another"}}
NAME = f"{sha256(b'a picture').hexdigest()}.png"
LINK = f"../images/{NAME}"


@pytest.fixture
def oracle(tmp_path):
    oracle = Oracle(tmp_path, SERVED, folder(tmp_path / "images"))
    oracle.write(
        "posts/one.md",
        *(b"\xef\xbb\xbf![](", Slot(URL), ")\r\n![](", Slot(f"{URL}#left"), ")"),
        *(b"\xff <", Slot(OTHER), "> and ![](", Slot(GONE), ")"),
    )
    images = tmp_path / "images"
    images.mkdir()
    (images / NAME).write_bytes(b"a picture")
    (images / "b.png").write_bytes(b"another")
    kept = tmp_path / ".migrator/runs/1/originals/posts/one.md"
    kept.parent.mkdir(parents=True)
    kept.write_bytes((tmp_path / "posts/one.md").read_bytes())
    assert oracle.look() == []
    return oracle


def rewrite(oracle, *changes):
    post = oracle.root / "posts/one.md"
    content = post.read_bytes()
    for old, new in changes or ((URL, LINK), (OTHER, "../images/b.png")):
        content = content.replace(old.encode(), new.encode())
    post.write_bytes(content)
    return post


def test_the_original_and_each_legal_version_are_right(oracle):
    before = tree(oracle.root)
    assert oracle.finished(before) == []
    rewrite(oracle, (URL, LINK))
    assert oracle.look() == []
    rewrite(oracle, (OTHER, "../images/b.png"))
    assert (oracle.look(), oracle.changed()) == ([], ["posts/one.md"])
    assert oracle.finished(before) == ["posts/one.md is not as after an undisturbed run"]


def test_an_author_goes_on_from_what_a_run_made(oracle):
    rewrite(oracle)
    oracle.write("posts/one.md", *oracle.took("posts/one.md"), " and ![](", Slot(URL), ")")
    assert (oracle.look(), oracle.changed()) == ([], [])
    kept = oracle.root / ".migrator/runs/1/originals/posts/one.md.2"
    kept.write_bytes((oracle.root / "posts/one.md").read_bytes())
    rewrite(oracle)
    assert oracle.look() == []


def half(oracle):
    rewrite(oracle, (f"{URL})\r", f"{LINK})\r"))


def byte(oracle):
    rewrite(oracle, ("\r\n", "\n"))


def torn(oracle):
    os.truncate(oracle.root / "posts/one.md", 30)


def gone(oracle):
    (oracle.root / "posts/one.md").unlink()


def nowhere(oracle):
    rewrite(oracle, (GONE, "../images/none.png"))


def wrong_image(oracle):
    rewrite(oracle, (URL, "../images/b.png"))


def not_served(oracle):
    rewrite(oracle, (GONE, "../images/b.png"))


def fragment(oracle):
    rewrite(oracle, (f"{URL}#left", LINK), (URL, LINK))


def mode(oracle):
    rewrite(oracle).chmod(0o600)


def attribute(oracle):
    os.setxattr(rewrite(oracle), "user.mood", b"calm")


def not_kept(oracle):
    rewrite(oracle)
    (oracle.root / ".migrator/runs/1/originals/posts/one.md").unlink()


def vanished(oracle):
    (oracle.root / "images/b.png").unlink()


def changed(oracle):
    (oracle.root / "images/b.png").write_bytes(b"more")


def misnamed(oracle):
    (oracle.root / f"images/{'0' * 64}.png").write_bytes(b"a pic")


@pytest.mark.parametrize(
    ("plant", "word"),
    [
        (half, "move together"),
        (byte, "neither"),
        (torn, "neither"),
        (gone, "is gone"),
        (nowhere, "leads to nothing"),
        (wrong_image, "other bytes than were served"),
        (not_served, "other bytes than were served"),
        (fragment, "another fragment"),
        (mode, "had ("),
        (attribute, "had ("),
        (not_kept, "is not kept"),
        (vanished, "vanished"),
        (changed, "was changed"),
        (misnamed, "than its name says"),
    ],
)
def test_each_wrong_is_seen(oracle, plant, word):
    plant(oracle)
    assert word in "\n".join(oracle.look())


@pytest.mark.parametrize("name", ["posts/.one.md.migrator-1-0123abcd", "posts/.migrator-x", "new"])
def test_what_is_left_at_the_end_is_seen(oracle, name):
    before = tree(oracle.root)
    (oracle.root / "images/.migrator-site-0123").write_bytes(b"")
    assert oracle.finished(before) == []
    (oracle.root / name).write_bytes(b"")
    assert oracle.finished(before) == [f"{name} is there, but should not be"]
