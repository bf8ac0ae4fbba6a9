import fcntl
import os
import stat
import subprocess
import sys

import pytest

from migrator.errors import AlreadyRunning, EnvironmentProblem, UsageError
from migrator.state import Site, forget, locked, site_root


def test_the_site_root_is_the_folder_of_the_config(tmp_path):
    (tmp_path / "posts").mkdir()
    config = tmp_path / "migrator.toml"
    config.touch()
    assert site_root([tmp_path / "posts"], config) == tmp_path


def test_without_a_config_it_is_the_first_path_or_the_folder_of_a_file(tmp_path):
    (tmp_path / "a.md").touch()
    assert site_root([tmp_path], None) == tmp_path
    assert site_root([tmp_path / "a.md"], None) == tmp_path


def _with_ledger(folder):
    (folder / ".migrator").mkdir(parents=True)
    (folder / ".migrator" / "ledger.db").touch()
    return folder


def test_without_paths_it_is_the_nearest_folder_upwards_with_a_ledger(tmp_path, monkeypatch):
    _with_ledger(tmp_path)
    (tmp_path / "posts" / "2024").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "posts" / "2024")
    assert site_root([], None) == tmp_path


def test_a_site_stays_one_site_whichever_part_of_it_is_named(tmp_path):
    _with_ledger(tmp_path / "posts")
    (tmp_path / "posts" / "sub").mkdir()
    assert site_root([tmp_path / "posts" / "sub"], None) == tmp_path / "posts"


def test_or_the_only_one_below_where_a_run_over_a_folder_left_it(tmp_path, monkeypatch):
    posts = _with_ledger(tmp_path / "source" / "_posts")
    _with_ledger(tmp_path / ".hidden" / "site")
    monkeypatch.chdir(tmp_path)
    assert site_root([], None) == posts


def test_several_below_are_named(tmp_path, monkeypatch):
    _with_ledger(tmp_path / "blog")
    _with_ledger(tmp_path / "notes")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="blog, notes"):
        site_root([], None)


def test_the_state_folder_is_private_and_unknown_to_git(tmp_path):
    site = Site(tmp_path)
    with locked(site):
        assert stat.S_IMODE(site.state.stat().st_mode) == 0o700
        assert (site.state / ".gitignore").read_text() == "*\n"


def test_a_folder_that_is_forgotten_keeps_the_draft_of_a_backup_and_hides_it(tmp_path):
    site = Site(tmp_path)
    draft = site.state / "backup-1.jsonl"
    with locked(site):
        draft.write_text("{}")
        forget(site)
    assert sorted(path.name for path in site.state.iterdir()) == [".gitignore", draft.name]
    with locked(site):
        draft.unlink()
        forget(site)
    assert not site.state.exists()


def test_a_second_run_is_refused_until_the_first_ends_however_it_ends(tmp_path):
    site = Site(tmp_path)
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(AlreadyRunning, match="another run"), locked(site):
        pass
    holder.kill()
    holder.communicate()
    with locked(site):
        pass


def test_a_lock_that_was_removed_before_it_was_taken_is_taken_anew(tmp_path, monkeypatch):
    site, flock = Site(tmp_path), fcntl.flock

    def flock_late(descriptor, operation):
        monkeypatch.undo()
        forget(site)  # as another command does when it ends with nothing recorded
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", flock_late)
    with locked(site):
        assert (site.state / ".gitignore").exists()
        assert site.spool.is_dir()
        with pytest.raises(AlreadyRunning), locked(site):
            pass


_HOLD = """
import sys, time
from pathlib import Path
from migrator.state import Site, locked
with locked(Site(Path(sys.argv[1]))):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_site_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / ".migrator").write_text("a file where the folder should be")
    with pytest.raises(EnvironmentProblem, match=r"\.migrator"), locked(Site(tmp_path)):
        pass


@pytest.mark.parametrize("name", ["a.md", "../b/a.md", "%2E%2E/b/a.md", "..a/..%/a.md"])
def test_what_is_kept_of_a_post_stays_inside_the_state_folder(tmp_path, name):
    original = Site(tmp_path).original("2024-01-01-1", name)
    assert ".." not in original.parts
    assert original.is_relative_to(tmp_path / ".migrator" / "runs" / "2024-01-01-1")


def test_posts_above_the_root_and_odd_names_have_places_of_their_own(tmp_path):
    site = Site(tmp_path)
    names = ["../b/a.md", "%2E%2E/b/a.md", "b/a.md"]
    assert len({os.fspath(site.original("r", name)) for name in names}) == 3


def test_a_fork_does_not_hold_the_lock(tmp_path):
    site = Site(tmp_path)
    ready, go_on = os.pipe(), os.pipe()
    with locked(site):
        child = os.fork()
        if child == 0:
            os.write(ready[1], b"x")
            os.read(go_on[0], 1)
            os._exit(0)
        os.read(ready[0], 1)
    with locked(site):  # while the child is there
        os.write(go_on[1], b"x")
    assert os.waitpid(child, 0)[1] == 0
    for each in (*ready, *go_on):
        os.close(each)
