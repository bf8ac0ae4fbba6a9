import os
import re
from pathlib import Path

import pytest


@pytest.fixture
def migrated(site):
    site.original = site.tree()
    assert site.migrator("migrate", "posts", "--yes").status == 0
    return site


def posts(tree):
    return {name: data for name, data in tree.items() if name.endswith(".md")}


def test_posts_come_back_byte_for_byte_with_their_mode(site):
    before = site.tree()
    (site.root / "posts/one.md").chmod(0o640)
    site.migrator("migrate", "posts", "--yes")
    assert (site.root / "posts/one.md").stat().st_mode & 0o777 == 0o640
    assert site.migrator("rollback", "--yes").status == 0
    assert posts(site.tree()) == posts(before)
    assert (site.root / "posts/one.md").stat().st_mode & 0o777 == 0o640


def test_a_post_edited_since_is_left_alone_and_the_difference_shown(migrated):
    edited = migrated.root / "posts/one.md"
    edited.write_bytes(edited.read_bytes() + b"a new thought\n")
    kept = edited.read_bytes()
    ended = migrated.migrator("rollback", "--yes")
    assert ended.status == 4
    assert "+a new thought" in ended.err
    assert edited.read_bytes() == kept
    place = re.search(r"What it was before: (.*)", ended.err)[1]
    assert Path(place).read_bytes() == migrated.original["posts/one.md"]
    assert (migrated.root / "posts/deep/two.md").read_bytes() == migrated.original[
        "posts/deep/two.md"
    ]


def test_undoing_the_edit_lets_the_rest_come_back(migrated):
    edited = migrated.root / "posts/one.md"
    kept = edited.read_bytes()
    edited.write_bytes(b"something else")
    assert migrated.migrator("rollback", "--yes").status == 4
    edited.write_bytes(kept)
    assert migrated.migrator("rollback", "--yes").status == 0
    assert posts(migrated.tree()) == posts(migrated.original)


def test_a_dry_run_says_what_would_come_back(migrated):
    before = migrated.tree()
    ended = migrated.migrator("rollback", "--dry-run", "--json")
    assert ended.status == 0
    assert {post["state"] for post in ended.json["posts"]} == {"planned"}
    assert migrated.tree() == before


def test_the_newest_run_comes_first_then_the_one_before(migrated):
    between = migrated.tree()
    migrated.write("posts/later.md", "![]({host}/b.jpg)")
    later = migrated.tree()
    migrated.migrator("migrate", "posts", "--yes")
    assert migrated.migrator("rollback", "--yes").status == 0
    assert migrated.tree() == later
    assert migrated.migrator("rollback", "--yes").status == 0
    assert posts(migrated.tree()) == posts(
        migrated.original | {"posts/later.md": later["posts/later.md"]}
    )
    assert between != later


def test_nothing_to_roll_back_is_said(site):
    ended = site.migrator("rollback", "--yes")
    assert (ended.status, "no run" in ended.err) == (2, True)
    assert not (site.root / ".migrator").exists()


def test_an_original_that_is_gone_is_not_guessed(migrated):
    (run,) = (migrated.root / ".migrator/runs").iterdir()
    (run / "originals/posts/one.md").unlink()
    (run / "displaced/posts/one.md").unlink()
    before = (migrated.root / "posts/one.md").read_bytes()
    assert migrated.migrator("rollback", "--yes").status == 4
    assert (migrated.root / "posts/one.md").read_bytes() == before


def test_a_rollback_needs_no_configuration(migrated):
    migrated.write("migrator.toml", "this is no TOML [")
    assert migrated.migrator("rollback", "--yes").status == 0
    assert posts(migrated.tree()) == posts(migrated.original)


def test_a_rollback_is_not_rolled_back(migrated):
    migrated.migrator("rollback", "--yes")
    newest = migrated.migrator("runs", "--json").json[-1]["run"]
    ended = migrated.migrator("rollback", newest, "--yes")
    assert (ended.status, "itself a rollback" in ended.err) == (2, True)


def test_a_post_that_a_later_run_changed_names_that_run(migrated):
    first = migrated.migrator("runs", "--json").json[0]["run"]
    migrated.write("more.json", '{"{host}/x.png": "https://new.example/x.png"}')
    post = migrated.root / "posts/one.md"
    data = post.read_bytes()
    migrated.write("posts/one.md", "![]({host}/x.png)")
    migrated.migrator("rewrite", "posts", "--map", "more.json", "--yes")
    second = migrated.migrator("runs", "--json").json[-1]["run"]
    ended = migrated.migrator("rollback", first, "--yes")
    assert ended.status == 4
    assert f"migrator rollback {second}" in ended.err
    assert data != post.read_bytes()


def test_a_fifo_in_a_posts_place_holds_nothing_up(migrated):
    post = migrated.root / "posts/one.md"
    post.unlink()
    os.mkfifo(post)
    assert migrated.migrator("rollback", "--yes").status == 4


def test_a_dry_run_says_what_must_stay(migrated):
    one, two = migrated.root / "posts/one.md", migrated.root / "posts/deep/two.md"
    os.link(one, one.with_suffix(".txt"))
    two.chmod(0o444)
    for option, put_back in (("--dry-run", "planned"), ("--yes", "rewritten")):
        ended = migrated.migrator("rollback", option, "--json")
        assert put_back not in {post["state"] for post in ended.json["posts"]}
        ended = migrated.migrator("rollback", option)
        assert "other names (hard links)" in ended.out
        assert "read-only" in ended.out
        assert "edited" not in ended.err


def test_a_post_that_somebody_put_back_already_is_named_as_such(migrated):
    name = "posts/one.md"
    (migrated.root / name).write_bytes(migrated.original[name])
    ended = migrated.migrator("rollback", "--yes")
    assert ended.status == 4
    assert f"{name} is as it was before the run already.\n" in ended.err
    assert "edited since" not in ended.err
    assert posts(migrated.tree()) == posts(migrated.original)
