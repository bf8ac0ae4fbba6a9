import subprocess

import pytest
from rig.hosts import answer
from rig.images import image


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


@pytest.fixture
def nights(site):
    """Three backups; one image has other bytes in each."""
    for seed in range(3):
        site.host.on("/a.png", answer(image("PNG", seed=seed)))
        assert site.migrator("backup", "posts").status == 0
    return site


def vault(site):
    names = [name for name in site.tree() if name.startswith("image-backup/")]
    return {kind: [n for n in names if n.startswith(f"image-backup/{kind}/")] for kind in KINDS}


KINDS = ("objects", "snapshots", "pruning")


def whole(site):
    for sums in (site.root / "image-backup/snapshots").glob("*.sha256"):
        command = ["sha256sum", "--quiet", "--strict", "-c", f"snapshots/{sums.name}"]
        assert subprocess.run(command, cwd=site.root / "image-backup", check=False).returncode == 0


def test_backups_are_left_alone_without_a_number(nights):
    before = nights.tree()
    ended = nights.migrator("prune", "--yes", "--json")
    assert (ended.status, ended.json["backup"]) == (0, None)
    assert nights.tree() == before


@pytest.mark.parametrize("how", ["options", "configuration", "--from"])
def test_old_snapshots_go_when_the_user_says_so_and_their_images_a_day_later(nights, how):
    rule = ["--keep-daily", "1"]
    if how == "configuration":
        nights.write("migrator.toml", "[backup]\nkeep_daily = 1\n")
        rule = []
    elif how == "--from":
        rule += ["--from", "image-backup"]
    before = vault(nights)
    names = nights.migrator("snapshots", "--json").json
    dry = nights.migrator("prune", *rule, "--dry-run", "--json").json
    assert (dry["deleted"], vault(nights)) == (False, before)
    assert dry["backup"]["snapshots"] == [each["name"] for each in names[:2]]
    asked = nights.migrator("prune", *rule)
    assert (asked.status, vault(nights)) == (2, before)
    assert "2 snapshots of the backup in" in asked.err
    done = nights.migrator("prune", *rule, "--yes", "--json").json
    assert done["deleted"]
    assert done["backup"]["staying"] == [names[2]["name"]]
    assert (done["backup"]["now"]["objects"], done["backup"]["later"]["objects"]) == (0, 2)
    after = vault(nights)
    assert after["objects"] == before["objects"]
    assert (len(after["snapshots"]), len(after["pruning"])) == (2, 1)
    whole(nights)
    early = nights.migrator("prune", *rule, "--yes")
    assert "2 images" in early.out
    assert "run migrator prune again after" in early.out
    assert vault(nights) == after
    listed = nights.root / after["pruning"][0]
    listed.rename(listed.with_name("2001-01-01T000000Z.txt"))  # a day goes by
    late = nights.migrator("prune", *rule, "--yes")
    assert (late.status, "2 images" in late.out, "were deleted" in late.out) == (0, True, True)
    end = vault(nights)
    assert (len(end["objects"]), end["pruning"]) == (3, [])
    assert end["snapshots"] == after["snapshots"]
    whole(nights)
    assert "Every snapshot" in nights.migrator("prune", *rule, "--yes").out


def test_a_damaged_snapshot_stops_the_prune(nights):
    names = nights.migrator("snapshots", "--json").json
    file = nights.root / f"image-backup/snapshots/{names[0]['name']}.jsonl"
    file.write_bytes(file.read_bytes()[:-20])
    before = vault(nights)
    ended = nights.migrator("prune", "--keep-daily", "1", "--yes")
    assert (ended.status, vault(nights)) == (5, before)
    assert names[0]["name"] in ended.err


def test_a_backup_that_is_not_there_is_not_said_to_stay(site):
    there = site.migrator("prune", "--keep-daily", "1", "--dry-run")
    assert (there.status, "no backup in image-backup yet" in there.out) == (0, True), there.out
    named = site.migrator("prune", "--keep-daily", "1", "--from", "misspelt")
    assert (named.status, "there is no backup in" in named.err) == (2, True), named.err
    old = site.migrator("prune", "--older-than", "9999999999")
    assert (old.status, "--older-than" in old.err) == (2, True), old.err
