from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from migrator import durable
from migrator.errors import Interrupted
from migrator.interruption import Stop
from migrator.ledger import Ledger, Swap
from migrator.pruning import old_runs, prune
from migrator.state import Site, locked


@pytest.fixture
def site(tmp_path):
    site = Site(tmp_path)
    with locked(site):
        yield site


@pytest.fixture
def ledger(site):
    with Ledger.open(site.ledger) as ledger:
        yield ledger


def ran(site, ledger, days, *, finished=True, displaced=b"before"):
    """A run so many ``days`` ago that rewrote one post, with what it keeps of it."""
    run = ledger.begin("migrate", {})
    swap = Swap(run, "posts/a.md", durable.sha256(b"before"), durable.sha256(b"after"), ".t", 1)
    ledger.intend(swap, [])
    ledger.rewrote(run, "posts/a.md")
    for path, data in (
        (site.original(run.name, "posts/a.md"), b"before"),
        (site.displaced(run.name, "posts/a.md"), displaced),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    if finished:
        when = (datetime.now(UTC) - timedelta(days=days)).isoformat()
        with ledger._change() as db:
            db.execute("UPDATE run SET finished = ? WHERE id = ?", (when, run.id))
    return ledger.run(run.name)


def names(found):
    return [each.run.name for each in found]


def test_only_old_runs_are_let_go_of_and_never_the_newest_that_can_be_rolled_back(site, ledger):
    old, recent, newest = (ran(site, ledger, days) for days in (200, 10, 100))
    assert names(old_runs(site, ledger, 90)) == [old.name]
    assert names(old_runs(site, ledger, 5)) == [old.name, recent.name]
    (found,) = old_runs(site, ledger, 90)
    assert found.size == 12
    prune(site, ledger, found, Stop())
    assert not (site.state / "runs" / old.name).exists()
    assert site.original(newest.name, "posts/a.md").exists()
    assert ledger.run(old.name).pruned
    assert names(old_runs(site, ledger, 90)) == []


def test_what_another_program_saved_stays(site, ledger):
    old = ran(site, ledger, 200, displaced=b"a late save")
    ran(site, ledger, 1)
    (found,) = old_runs(site, ledger, 90)
    saved = site.displaced(old.name, "posts/a.md")
    assert found.staying == (saved,)
    prune(site, ledger, found, Stop())
    assert saved.read_bytes() == b"a late save"
    assert not site.original(old.name, "posts/a.md").exists()


def test_a_run_that_never_ended_keeps_everything(site, ledger):
    ran(site, ledger, 200, finished=False)
    ran(site, ledger, 1)
    assert names(old_runs(site, ledger, 0)) == []


def test_a_signal_ends_a_prune_between_two_files(site, ledger):
    old = ran(site, ledger, 200)
    ran(site, ledger, 1)
    (found,) = old_runs(site, ledger, 90)
    stop = Stop()

    def files():  # while the first is deleted, the signal comes
        yield found.files[0]
        stop.signal = 15
        yield from found.files[1:]

    with pytest.raises(Interrupted):
        prune(site, ledger, replace(found, files=files()), stop)
    assert [path.exists() for path in found.files] == [False, True]
    (rest,) = old_runs(site, ledger, 90)
    prune(site, ledger, rest, Stop())
    assert not (site.state / "runs" / old.name).exists()


def test_what_a_killed_prune_left_is_found_again(site, ledger):
    old = ran(site, ledger, 200)
    ran(site, ledger, 1)
    ledger.pruned(old)  # and then it was killed
    (found,) = old_runs(site, ledger, 90)
    prune(site, ledger, found, Stop())
    assert not (site.state / "runs" / old.name).exists()
