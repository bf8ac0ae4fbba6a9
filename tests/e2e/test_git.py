import subprocess

import pytest


@pytest.fixture
def repository(site):
    def git(*arguments):
        names = ["-c", "user.name=A", "-c", "user.email=a@example.com"]
        done = subprocess.run(
            ["git", *names, "-C", site.root, *arguments], check=True, capture_output=True, text=True
        )
        return done.stdout

    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "one")
    return git


def states(ended):
    return {post["path"]: post["state"] for post in ended.json["posts"]}


def test_what_is_committed_is_rewritten_and_what_is_not_waits_for_a_commit(site, repository):
    edited = site.root / "posts/one.md"
    edited.write_bytes(edited.read_bytes() + b"\nmore\n")
    before = edited.read_bytes()
    dry = site.migrator("migrate", "posts", "--dry-run", "--json")
    ended = site.migrator("migrate", "posts", "--yes", "--json")
    assert ended.status == 3
    assert states(ended) == {"posts/one.md": "skipped", "posts/deep/two.md": "rewritten"}
    assert states(dry) == {"posts/one.md": "skipped", "posts/deep/two.md": "planned"}
    assert edited.read_bytes() == before
    said = site.migrator("report").out
    assert "not committed to git" in said
    assert "commit them first" in said
    repository("commit", "-qam", "two")
    ended = site.migrator("migrate", "posts", "--yes", "--json")
    assert (ended.status, states(ended)) == (0, {"posts/one.md": "rewritten"})


def test_what_a_run_of_ours_left_uncommitted_is_no_obstacle_to_the_next(site, repository):
    first = site.migrator("migrate", "posts", "--limit", "1", "--yes", "--json")
    assert first.status == 0
    assert "posts/" in repository("status", "--porcelain")
    second = site.migrator("migrate", "posts", "--yes", "--json")
    assert second.status == 0
    assert second.json["counts"]["stored"] > 0
    for _ in range(2):
        assert site.migrator("rollback", "--yes").status == 0
    assert site.migrator("migrate", "posts", "--yes", "--json").status == 0


def test_git_can_be_ignored(site, repository):
    site.write("posts/one.md", (site.root / "posts/one.md").read_text() + "more\n")
    site.write("migrator.toml", '[safety]\ngit = "ignore"\n')
    assert site.migrator("migrate", "posts", "--yes").status == 0


@pytest.mark.parametrize("command", [["migrate"], ["rewrite", "--map", "map.csv"]])
def test_in_the_middle_of_a_merge_nothing_moves(site, repository, command):
    site.write("map.csv", f"{site.host.url('/a.png')},https://new.example/a.png\n")
    (site.root / ".git/MERGE_HEAD").write_text("0" * 40)
    before = site.tree()
    ended = site.migrator(*command, "posts", "--yes")
    assert ended.status == 2
    assert "a merge" in ended.err
    assert site.tree() == before
    assert site.host.asked == []
