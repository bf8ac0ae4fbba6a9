"""Where less can be done than elsewhere, it is done safely, and said."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from rig import strace

MEMORY = Path("/dev/shm")  # a disk of its own, where there is one


@pytest.mark.skipif(bool(strace.MISSING), reason=strace.MISSING)
def test_a_swap_in_two_steps_is_named_in_every_report(site):
    fault = ["strace", "-f", "-qqq", "-o", os.devnull, "-e", "inject=renameat2:error=EINVAL"]
    words = [*fault, sys.executable, "-m", "migrator", "migrate", "posts", "--yes"]
    environment = {**os.environ, **site.environment, "PYTHONDONTWRITEBYTECODE": "1"}
    ended = subprocess.run(
        words, cwd=site.root, env=environment, capture_output=True, encoding="utf-8", check=True
    )
    told = "Note: 2 posts: the file system cannot swap two files at once;"
    assert told in ended.stdout
    assert told in site.migrator("report").out
    (note,) = site.migrator("report", "--json").json["notes"]
    assert "would be lost" in note


def test_a_swap_in_one_step_needs_no_note(site):
    report = site.migrator("migrate", "posts", "--yes", "--json").json
    assert report["notes"] == []


@pytest.fixture
def elsewhere(site):
    """The site, with its state folder on another disk."""
    if not MEMORY.is_dir() or MEMORY.stat().st_dev == site.root.stat().st_dev:
        pytest.skip("there is no other disk")
    folder = Path(tempfile.mkdtemp(dir=MEMORY))
    (site.root / ".migrator").symlink_to(folder)
    yield site
    shutil.rmtree(folder)


def beside(site):
    return sorted((site.root / "posts").rglob(".*.migrator-*"))


def test_the_old_file_stays_beside_the_post_and_is_named(elsewhere):
    before = {post.read_bytes() for post in (elsewhere.root / "posts").rglob("*.md")}
    ended = elsewhere.migrator("migrate", "posts", "--yes")
    assert ended.status == 0
    assert "Note: 2 posts: the state folder is on another disk" in ended.out
    assert {path.read_bytes() for path in beside(elsewhere)} == before


def test_a_late_save_into_a_file_that_stayed_is_told(elsewhere):
    with (elsewhere.root / "posts/one.md").open("ab") as editor:
        assert elsewhere.migrator("migrate", "posts", "--yes").status == 0
        editor.write(b"late")
    saved = next(path for path in beside(elsewhere) if path.read_bytes().endswith(b"late"))
    assert f"What it saved is in {saved}" in elsewhere.migrator("migrate", "posts", "--yes").err


def test_pruning_takes_the_files_that_stayed_but_for_those_with_a_late_save(elsewhere):
    with (elsewhere.root / "posts/one.md").open("ab") as editor:
        assert elsewhere.migrator("migrate", "posts", "--yes").status == 0
        editor.write(b"late")
    elsewhere.write("posts/later.md", "![]({host}/b.jpg)")
    assert elsewhere.migrator("migrate", "posts", "--yes").status == 0
    ended = elsewhere.migrator("prune", "--older-than", "0", "--yes")
    assert ended.status == 0
    left = [path.name.partition(".md.")[0] for path in beside(elsewhere)]
    assert left == [".later", ".one"]  # the newest run keeps its own
    assert (elsewhere.root / "posts/deep").is_dir()
