from dataclasses import replace

import pytest

from migrator.model import Asset, Failed, Held, Placement, Stored
from migrator.reasons import Reason
from migrator.served import Earlier, NotModified, Version
from migrator.snapshots.changes import Change, after, blank, earlier_of, event
from migrator.snapshots.manifest import State

URL = "https://i.example.com/a.png"
MONDAY, TUESDAY, FRIDAY = (f"2026-11-{day}T02:00:00Z" for day in (23, 24, 27))
ONE, TWO, WRONG = (Asset(digit * 64, 10, "image/png", ".png", 2, 1) for digit in "123")


def stored(asset, etag='"1"'):
    return Stored(URL, asset, Placement("", "", asset.sha256), URL, version=Version(etag))


NEW = after(None, blank(URL), stored(ONE), MONDAY)
LOST = after(NEW, NEW, Failed(URL, Reason.NOT_FOUND, "404"), TUESDAY)
HELD = after(NEW, NEW, Held(URL, Reason.ANY_NAME, "like made-up names", WRONG), TUESDAY)


def test_an_image_seen_for_the_first_time_is_new():
    assert (NEW.state, NEW.sha256, NEW.fetched, NEW.etag) == (State.NEW, "1" * 64, MONDAY, '"1"')
    assert event(None, NEW).change is Change.NEW
    assert earlier_of(NEW) == Earlier(URL, "1" * 64, Version('"1"'))


def test_what_its_host_says_did_not_change_is_unchanged_with_the_old_date():
    same = after(NEW, NEW, NotModified(URL), FRIDAY)
    assert (same.state, same.fetched, same.etag) == (State.UNCHANGED, MONDAY, '"1"')
    assert event(NEW, same) is None


def test_the_same_bytes_in_a_new_version_are_unchanged_and_the_version_is_kept():
    same = after(NEW, NEW, NotModified(URL, Version("", "Sat, 1 Aug 2026 10:00:00 GMT")), FRIDAY)
    assert (same.state, same.etag) == (State.UNCHANGED, None)
    assert same.last_modified == "Sat, 1 Aug 2026 10:00:00 GMT"


def test_other_bytes_are_a_change_that_names_the_old_copy():
    changed = after(NEW, NEW, stored(TWO, '"2"'), FRIDAY)
    assert (changed.state, changed.sha256, changed.changed_from) == (
        State.CHANGED,
        "2" * 64,
        "1" * 64,
    )
    assert event(NEW, changed).change is Change.CHANGED
    same = after(changed, changed, NotModified(URL), FRIDAY)
    assert (same.state, same.changed_from) == (State.UNCHANGED, None)


@pytest.mark.parametrize("trouble", [LOST, HELD])
def test_trouble_keeps_the_copy_its_date_and_its_version(trouble):
    assert (trouble.sha256, trouble.object) == (NEW.sha256, NEW.object)
    assert (trouble.fetched, trouble.etag) == (MONDAY, '"1"')
    assert trouble.since == TUESDAY


def test_an_image_is_lost_since_the_first_time_and_told_once():
    assert event(NEW, LOST).change is Change.LOST
    still = after(LOST, LOST, Failed(URL, Reason.DNS, "no such host"), FRIDAY)
    assert (still.since, still.reason) == (TUESDAY, "dns")
    assert event(LOST, still) is None
    assert event(LOST, after(LOST, LOST, stored(TWO), FRIDAY)).change is Change.CHANGED


@pytest.mark.parametrize("trouble", [LOST, HELD])
def test_what_is_as_before_the_trouble_is_back(trouble):
    back = after(trouble, trouble, NotModified(URL), FRIDAY)
    assert (back.state, back.reason, back.since, back.suspect) == (
        State.UNCHANGED,
        None,
        None,
        None,
    )
    assert event(trouble, back).change is Change.BACK


def test_what_came_in_its_place_is_kept_beside_it_where_it_was_stored():
    assert HELD.suspect == f"objects/33/{'3' * 64}.png"
    large = after(NEW, NEW, Held(URL, Reason.TOO_LARGE, "40 MB"), TUESDAY)
    assert large.suspect is None


def test_an_image_that_never_was_healthy_has_no_copy_and_is_new_when_it_comes():
    lost = after(None, blank(URL), Failed(URL, Reason.DNS, ""), MONDAY)
    assert (lost.state, lost.sha256, earlier_of(lost)) == (State.LOST, None, None)
    assert event(None, lost).change is Change.LOST
    assert after(lost, lost, stored(ONE), FRIDAY).state is State.NEW


def test_what_an_interrupted_backup_fetched_is_new_all_the_same():
    known = after(None, blank(URL), stored(ONE), MONDAY)
    assert after(None, known, NotModified(URL), TUESDAY).state is State.NEW
    changed = after(NEW, after(NEW, NEW, stored(TWO), TUESDAY), NotModified(URL), FRIDAY)
    assert (changed.state, changed.changed_from) == (State.CHANGED, "1" * 64)


def test_where_the_copy_is_gone_nothing_is_claimed():
    gone = replace(NEW, sha256=None, size=None, object=None)
    lost = after(NEW, gone, Failed(URL, Reason.NOT_FOUND, ""), TUESDAY)
    assert lost.asset is None
    again = after(NEW, gone, stored(ONE), TUESDAY)
    assert (again.state, again.sha256) == (State.UNCHANGED, NEW.sha256)
