import pytest


@pytest.fixture
def twice(site):
    for limit in (["--limit", "1"], []):
        assert site.migrator("migrate", "posts", *limit, "--yes").status == 0
    return site


def kept(site):
    return {path for path in (site.root / ".migrator/runs").rglob("*") if path.is_file()}


def test_originals_of_old_runs_go_when_the_user_says_so(twice):
    before, posts = kept(twice), twice.tree()
    first, second = (run["run"] for run in twice.migrator("runs", "--json").json)
    dry = twice.migrator("prune", "--older-than", "0", "--dry-run", "--json")
    assert (dry.status, dry.json["deleted"]) == (0, False)
    assert [run["run"] for run in dry.json["runs"]] == [first]
    asked = twice.migrator("prune", "--older-than", "0")
    assert asked.status == 2
    assert "--yes" in asked.err
    assert kept(twice) == before
    done = twice.migrator("prune", "--older-than", "0", "--yes", "--json")
    assert (done.status, done.json["deleted"]) == (0, True)
    assert {path for path in before if first in str(path)}.isdisjoint(kept(twice))
    assert {path for path in before if second in str(path)} == kept(twice)
    assert twice.tree() == posts
    assert "pruned" in twice.migrator("runs").out


def test_a_pruned_run_is_not_rolled_back_and_the_newest_still_is(twice):
    assert twice.migrator("prune", "--older-than", "0", "--yes").status == 0
    first = twice.migrator("runs", "--json").json[0]["run"]
    refused = twice.migrator("rollback", first, "--yes")
    assert refused.status == 2
    assert "migrator prune" in refused.err
    assert twice.migrator("rollback", "--yes").status == 0


def test_nothing_is_deleted_that_is_not_old(twice):
    before = kept(twice)
    ended = twice.migrator("prune", "--yes")
    assert (ended.status, "Nothing to delete" in ended.out) == (0, True)
    assert kept(twice) == before
