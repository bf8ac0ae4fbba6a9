"""The ledger is gone or damaged: posts can be put back all the same."""

import os

import pytest

from migrator.ledger import Ledger


def lose(site):
    for path in (site.root / ".migrator").glob("ledger.db*"):
        path.unlink()


def damage(site):
    path = site.root / ".migrator/ledger.db"
    data = bytearray(path.read_bytes())
    data[100:4000] = b"\xff" * 3900
    path.write_bytes(data)


def empty(site):
    (site.root / ".migrator/ledger.db").write_bytes(b"")


def make_anew(site):
    """As a program does that finds none."""
    lose(site)
    with Ledger.open(site.root / ".migrator/ledger.db"):
        pass


def fold(site):
    lose(site)
    (site.root / ".migrator/ledger.db").mkdir()


@pytest.fixture
def twice(site):
    """A site with two runs over its posts; the first tree, the tree between, and the runs."""
    first = site.tree()
    assert site.migrator("migrate", "posts", "--limit", "1", "--yes").status == 0
    between = site.tree()
    assert site.migrator("migrate", "posts", "--yes").status == 0
    return first, between, [run["run"] for run in site.migrator("runs", "--json").json]


def posts(tree):
    return {name: data for name, data in tree.items() if name.startswith("posts/")}


@pytest.mark.parametrize("harm", [lose, damage, empty, make_anew, fold])
def test_runs_are_put_back_from_their_originals_alone(site, twice, harm):
    first, between, runs = twice
    harm(site)
    for command in (["migrate", "posts", "--yes"], ["rollback", "--yes"], ["runs"]):
        ended = site.migrator(*command)
        assert ended.status == 6
        assert "migrator resume" in ended.err
    ended = site.migrator("resume", "--yes")
    assert ended.status == 0, ended.err
    assert "2 runs" in ended.out
    assert [run["run"] for run in site.migrator("runs", "--json").json] == runs
    assert site.migrator("rollback", "--yes").status == 0
    assert posts(site.tree()) == posts(between)
    assert site.migrator("rollback", "--yes").status == 0
    assert posts(site.tree()) == posts(first)
    kept = list((site.root / ".migrator").glob("damaged-*.db"))
    assert len(kept) == (harm is not lose)


@pytest.mark.parametrize("between", ["\n", "\n\n", " ", "", "\n\nsome text between them\n\n"])
def test_links_that_stand_close_together_are_put_back(site, between):
    site.write("posts/close.md", f"![a]({{host}}/a.png){between}![b]({{host}}/b.jpg)")
    before = site.tree()
    assert site.migrator("migrate", "posts", "--yes").status == 0
    lose(site)
    assert site.migrator("resume", "--yes").status == 0
    assert site.migrator("rollback", "--yes").status == 0
    assert posts(site.tree()) == posts(before)


def test_a_post_edited_since_is_refused_after_the_ledger_was_lost(site, twice):
    edited = site.root / "posts/one.md"
    edited.write_bytes(edited.read_bytes() + b"\nmore\n")
    before = site.tree()
    lose(site)
    rebuilt = site.migrator("resume", "--yes")
    assert rebuilt.status == 0
    assert "1 post changed in more than links since" in rebuilt.out
    ended = site.migrator("rollback", "--yes")
    assert ended.status == 4
    assert "+more" in ended.err
    assert edited.read_bytes() == before["posts/one.md"]


def test_the_next_migration_links_to_what_is_stored_already(site, twice):
    after = site.tree()
    lose(site)
    assert site.migrator("resume", "--yes").status == 0
    for _ in range(2):
        assert site.migrator("rollback", "--yes").status == 0
    assert site.migrator("migrate", "posts", "--yes").status == 0
    assert site.tree() == after


def test_a_rebuilding_that_was_interrupted_begins_again(site, twice):
    first, _, runs = twice
    original = site.root / f".migrator/runs/{runs[0]}/originals/posts/one.md"
    content = original.read_bytes()
    lose(site)
    os.truncate(original, 1 << 42)  # more than fits into memory
    assert site.migrator("resume", "--yes").status != 0
    assert site.migrator("runs").status == 6
    original.write_bytes(content)
    assert site.migrator("resume", "--yes").status == 0
    for _ in runs:
        assert site.migrator("rollback", "--yes").status == 0
    assert posts(site.tree()) == posts(first)
    assert not list((site.root / ".migrator").glob("new-*"))


def test_nobody_is_asked_without_a_terminal(site, twice):
    lose(site)
    ended = site.migrator("resume")
    assert ended.status == 2
    assert "--yes" in ended.err
    assert not (site.root / ".migrator/ledger.db").exists()
