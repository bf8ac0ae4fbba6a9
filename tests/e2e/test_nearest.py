"""A word that is nearly right gets the right one shown, before anything is done."""

import pytest


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("migrat posts", "Did you mean 'migrate'?"),
        ("migrate posts --dryrun", "--dry-run"),
        ("migrate posts --to mirro --yes", "did you mean mirror?"),
        ("migrate posts --to s3//bucket --yes", "A bucket is s3://BUCKET/PREFIX."),
        ("migrate posts --to s3:/bucket --yes", "A bucket is s3://BUCKET/PREFIX."),
        ("init --provider osss --yes", "Did you mean oss?"),
        ("schedule systmd", "'systemd'"),
        ("scan posts --fail-on-host aliyun", "Write --fail-on-host oss."),
        ("scan posts --fail-on-host sm.ms", "Write --fail-on-host smms."),
        ("migrate posts --host weibo --yes", "Write --host sina."),
        ("migrate posts --limit many", "'many' is not a whole number."),
        ("migrate posts --limit 0", "0 is too small; the least is 1."),
        ("migrate posts --to", "--to wants a value behind it.\nSee: migrator migrate --help"),
        ("migrate", "PATH is missing."),
        ("rewrite posts", "--map is missing"),
        ("prune --older-than 100000", "100000 is too much; the most is 99999."),
        ("migrate posts --to s3://b-1/x --yes", "does not say which service the bucket b-1 is at"),
        ("rollback", "in your site?"),
    ],
)
def test_a_word_that_is_nearly_right_is_refused(site, words, says):
    (site.root / "migrator.toml").unlink()
    before = site.tree()
    ended = site.migrator(*words.split())
    assert (ended.status, says in ended.err) == (2, True), ended.err
    assert site.tree() == before


def test_a_run_that_is_nearly_right_is_named(site):
    assert site.migrator("migrate", "posts", "--yes").status == 0
    run = site.migrator("runs", "--json").json[0]["run"]
    ended = site.migrator("report", run[:-1] + "7")
    assert (ended.status, f"Did you mean {run}?" in ended.err) == (2, True)


def test_a_host_that_has_no_image_is_named_with_the_one_that_has(site):
    ended = site.migrator("migrate", "posts", "--host", "127.0.0.2", "--dry-run")
    assert ended.status == 0
    assert "No post shows an image on 127.0.0.2. Did you mean 127.0.0.1?" in ended.err
    ended = site.migrator("migrate", "posts", "--host", "nowhere.example", "--dry-run")
    assert "No post shows an image on nowhere.example.\n" in ended.err
    ended = site.migrator("migrate", "posts", "--host", "127.0.0.1", "--dry-run")
    assert "Did you mean" not in ended.err
    ended = site.migrator("scan", "posts", "--fail-on-host", "127.0.0.2")
    assert ended.status == 0
    assert "No post shows an image on 127.0.0.2. Did you mean 127.0.0.1?" in ended.err
    ended = site.migrator("scan", "posts", "--fail-on-host", "nowhere.example")
    assert (ended.status, "nowhere" in ended.err) == (0, False)


def test_a_host_that_the_backup_does_not_have_is_named(site):
    assert site.migrator("backup", "posts").status == 0
    ended = site.migrator("restore", "--host", "nope", "--to", "rescued", "--yes")
    assert (ended.status, "The backup has no image on nope." in ended.err) == (0, True), ended.err


def test_a_folder_of_such_a_name_may_be_there(site):
    assert site.migrator("migrate", "posts", "--to", "./stores", "--yes").status == 0
    assert site.migrator("migrate", "posts", "--to", "stores", "--yes").status == 0
