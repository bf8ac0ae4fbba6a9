import subprocess

import pytest

from migrator.errors import UsageError
from migrator.git import WorkTrees


def git(folder, *arguments):
    subprocess.run(
        ["git", "-c", "user.name=A", "-c", "user.email=a@example.com", "-C", folder, *arguments],
        check=True,
        capture_output=True,
    )


@pytest.fixture
def site(tmp_path):
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts/文 章.md").write_bytes(b"one\n")
    (tmp_path / ".gitignore").write_text("drafts/\n")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "one")
    return tmp_path


def uncommitted(path):
    return WorkTrees().has_uncommitted(path)


def test_what_is_committed_is_safe_and_what_is_edited_is_not(site):
    post = site / "posts/文 章.md"
    assert not uncommitted(post)
    post.write_bytes(b"two\n")
    assert uncommitted(post)
    git(site, "add", "-A")  # staged is not committed
    assert uncommitted(post)
    git(site, "commit", "-qm", "two")
    assert not uncommitted(post)


def test_a_new_post_is_uncommitted_and_one_that_git_ignores_is_not_its_business(site):
    (site / "new.md").write_bytes(b"")
    (site / "drafts").mkdir()
    (site / "drafts/a.md").write_bytes(b"")
    assert uncommitted(site / "new.md")
    assert not uncommitted(site / "drafts/a.md")
    git(site, "add", "new.md")
    assert uncommitted(site / "new.md")


def test_line_ends_that_git_converts_are_no_edit(site):
    git(site, "config", "core.autocrlf", "true")
    (site / "a.md").write_bytes(b"a\r\nb\r\n")
    git(site, "add", "a.md")
    git(site, "commit", "-qm", "crlf")
    assert not uncommitted(site / "a.md")


def test_outside_of_git_nothing_is_uncommitted(tmp_path):
    (tmp_path / "a.md").write_bytes(b"")
    assert not uncommitted(tmp_path / "a.md")


def test_before_the_first_commit_everything_is_uncommitted(tmp_path):
    git(tmp_path, "init", "-q")
    (tmp_path / "a.md").write_bytes(b"")
    assert uncommitted(tmp_path / "a.md")


def test_a_post_in_a_work_tree_inside_another_belongs_to_the_inner_one(site):
    inner = site / "theme"
    inner.mkdir()
    git(inner, "init", "-q")
    (inner / "a.md").write_bytes(b"a")
    git(inner, "add", "-A")
    git(inner, "commit", "-qm", "a")
    trees = WorkTrees()
    assert not trees.has_uncommitted(inner / "a.md")
    assert not trees.has_uncommitted(site / "posts/文 章.md")


@pytest.mark.parametrize("sign", ["MERGE_HEAD", "rebase-merge", "CHERRY_PICK_HEAD", "index.lock"])
def test_in_the_middle_of_a_merge_nothing_is_touched(site, sign):
    (site / ".git" / sign).touch()
    with pytest.raises(UsageError, match="in the middle of") as caught:
        uncommitted(site / "posts/文 章.md")
    assert 'git = "ignore"' in caught.value.hint


def test_a_repository_cannot_make_us_run_anything(site):
    trap = site / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {site}/sprung\ncat\n")
    trap.chmod(0o755)
    for key in ("core.fsmonitor", "filter.x.clean", "filter.x.smudge", "filter.x.process"):
        git(site, "config", key, str(trap))
    (site / ".gitattributes").write_text("*.md filter=x\n")
    (site / "posts/文 章.md").write_bytes(b"two\n")
    (site / "new.md").write_bytes(b"")
    assert uncommitted(site / "posts/文 章.md")
    assert uncommitted(site / "new.md")
    assert not (site / "sprung").exists()
