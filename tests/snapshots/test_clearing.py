"""A pruned vault on a folder and on rclone: no kept snapshot ever lacks an image."""

import hashlib
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from migrator.errors import BackupDamaged, Interrupted
from migrator.interruption import Stop
from migrator.model import Asset
from migrator.snapshots import Header, Image, State, Vault
from migrator.snapshots.clearing import GRACE, clear, clearance
from migrator.snapshots.manifest import name_of, object_key, with_copy
from migrator.snapshots.retention import Keep
from migrator.snapshots.shelf import Shelf
from migrator.snapshots.vault import settings_of, stamp
from migrator.uploader import open_store

NIGHT = datetime(2026, 3, 1, 2, 15, tzinfo=UTC)
KEEP = Keep(daily=2)


def asset(letter):
    data = letter.encode()
    return Asset(hashlib.sha256(data).hexdigest(), len(data), "image/png", ".png")


def key(letter, number=1):
    return object_key(asset(letter), number)


class Dies(Exception):
    """The process ends here, as far as the code under test can tell."""


class Nights:
    """A vault, and what backups and prunes do with it, at times of our own choice."""

    def __init__(self, site, spool, prefix="kept"):
        self._site, self._spool = site, spool
        self.store = open_store(replace(settings_of(site.settings), prefix=prefix), site.root)
        self.store.check()
        self.vault = Vault(self.store, prefix, "the backup")

    def put(self, *keys):
        """What a backup puts there before it names it."""
        for name in keys:
            self._site.plant(self.vault.key(name), name.rpartition("/")[2].encode())

    def backup(self, day, letters, lost="", keys=()):
        """A snapshot in the night of ``day``, of an image for each of ``letters``."""
        keys = [key(letter) for letter in letters] + list(keys)
        self.put(*set(keys) - set(self.vault.objects()))
        images = [self._image(each, State.UNCHANGED) for each in keys]
        images += [self._image(key(letter), State.LOST) for letter in lost]
        time = NIGHT + timedelta(days=day)
        name, iso = stamp(time, self.vault.names()), time.isoformat()
        header = Header(name, iso, iso, (), None, len(images), 0, {}, "migrator")
        self.vault.put(header, images, self._spool)
        return name

    def _image(self, name, state):
        sha256 = name.rpartition("/")[2].partition(".")[0]
        url = f"https://i.example.com/{sha256}"
        made = with_copy(
            Image(url, name_of(url), state), Asset(sha256, 1, "image/png", ".png"), name
        )
        return replace(made, reason="not-found" if state is State.LOST else None)

    def prune(self, day, keep=KEEP, stop=None, hours=1):
        now = NIGHT + timedelta(days=day, hours=hours)
        found = clearance(self.vault, keep, now)
        clear(self.vault, found, now, stop or Stop())
        return found

    def whole(self):
        """Whether every object that a snapshot names is there."""
        there = self.vault.objects()
        named = {
            name
            for snapshot in self.vault.names()
            for image in self.vault.images(snapshot)
            for name in image.objects
        }
        return named <= set(there)


@pytest.fixture(params=["local_site", "rclone_site"])
def nights(request, tmp_path):
    spool = tmp_path / "spool"
    spool.mkdir()
    nights = Nights(request.getfixturevalue(request.param), spool)
    yield nights
    nights.store.close()


def test_images_of_deleted_snapshots_go_a_day_after_the_snapshots(nights):
    for day, letters in enumerate(("ab", "ab", "bc", "bc")):
        nights.backup(day, letters)
    found = nights.prune(3)
    assert (len(found.dropped), len(found.staying)) == (2, 2)
    assert found.leaving == {key("a"): 68}
    assert found.ready == NIGHT + timedelta(days=3, hours=1) + GRACE
    assert set(nights.vault.objects()) == {key("a"), key("b"), key("c")}
    early = nights.prune(4, hours=0)
    assert (early.due, set(early.waiting), bool(early)) == ({}, {key("a")}, False)
    late = nights.prune(4)
    assert late.due == {key("a"): 68}
    assert set(nights.vault.objects()) == {key("b"), key("c")}
    assert nights.vault.lists() == []
    assert nights.vault.latest() == found.staying[-1]
    assert nights.whole()
    assert not nights.prune(9)


def test_looking_deletes_nothing(nights):
    for day in range(4):
        nights.backup(day, "abcd"[day])
    before = nights._site.contents()
    assert clearance(nights.vault, KEEP, NIGHT + timedelta(days=9))
    assert nights._site.contents() == before


def test_what_a_killed_backup_left_goes_like_all_else_and_strange_files_stay(nights):
    nights.backup(0, "a")
    nights.put(key("z"), "objects/readme.txt", "objects/9f/notes.png", "pruning/todo.txt")
    assert set(nights.prune(1).leaving) == {key("z")}
    assert set(nights.prune(3).due) == {key("z")}
    left = set(nights.vault.objects())
    assert left == {key("a"), "objects/readme.txt", "objects/9f/notes.png"}
    assert nights.vault.key("pruning/todo.txt") in nights._site.contents()


def test_a_lost_image_keeps_its_copy_after_no_post_shows_it_any_more(nights):
    nights.backup(0, "ab")
    gone = nights.backup(1, "a", lost="b")
    for day in range(2, 9):
        nights.backup(day, "a")
    assert gone in nights.prune(9).staying
    nights.prune(20)
    assert key("b") in nights.vault.objects()


def test_a_backup_that_takes_a_listed_image_for_its_own_meanwhile_keeps_it(nights):
    for day, letters in enumerate(("a", "b", "b")):
        nights.backup(day, letters)
    nights.prune(2)
    nights.backup(3, "ab")  # it had looked before the list was written
    assert nights.prune(4).due == {}
    assert nights.vault.lists() == []
    assert nights.whole()


def test_an_image_is_not_deleted_in_the_prune_that_drops_the_last_snapshot_naming_it(nights):
    for day, letters in enumerate(("a", "b", "b")):
        nights.backup(day, letters)
    nights.prune(2)
    nights.backup(3, "ab")
    for day in (4, 5, 6):
        nights.backup(day, "b")
    found = nights.prune(6)
    assert (found.due, set(found.leaving)) == ({}, {key("a")})
    assert key("a") in nights.vault.objects()
    assert set(nights.prune(8).due) == {key("a")}


def test_a_backup_does_not_rely_on_what_is_about_to_be_deleted(nights):
    for day, letters in enumerate(("a", "b", "b")):
        newest = nights.backup(day, letters)
    nights.prune(2)
    shelf = Shelf.of(nights.vault, newest, {key("b")})
    assert not shelf.has(key("a"))
    assert shelf.has(key("b"))
    assert (shelf.name(asset("a")), shelf.name(asset("b"))) == (key("a", 2), key("b"))
    nights.put(shelf.name(asset("a")))  # the backup goes on, and a prune comes in between
    assert set(nights.prune(4).due) == {key("a")}
    nights.backup(4, "b", keys=[shelf.name(asset("a"))])
    assert nights.whole()
    nights.prune(6)
    assert nights.whole()
    assert key("a", 2) in nights.vault.objects()


def test_what_the_snapshot_before_names_may_be_relied_on_as_long_as_it_is_there(nights):
    nights.backup(0, "a")
    nights.backup(1, "b")
    nights.backup(2, "b")
    nights.prune(2)
    newest = nights.backup(3, "ab")
    assert Shelf.of(nights.vault, newest, {key("a"), key("b")}).has(key("a"))
    nights.vault.drop(newest)
    assert not Shelf.of(nights.vault, newest, {key("a"), key("b")}).has(key("a"))


@contextmanager
def killed_at(store, step, patch):
    """The process ends at its ``step``th moment: before or after a file is written or deleted."""
    moments = count()

    def dying(act):
        def wrapped(*arguments):
            if next(moments) >= step:
                raise Dies
            result = act(*arguments)
            if next(moments) >= step:
                raise Dies
            return result

        return wrapped

    with patch.context() as planted:
        for name in ("delete", "put_new"):
            planted.setattr(store, name, dying(getattr(store, name)))
        with suppress(Dies):
            yield


@pytest.mark.parametrize("step", range(0, 18, 2))
def test_a_prune_that_is_killed_anywhere_leaves_all_whole_and_the_next_finishes(
    nights, monkeypatch, step
):
    for day, letters in enumerate(("ab", "ab", "cd", "cd", "de", "de")):
        nights.backup(day, letters)
        if day == 3:
            nights.prune(3)  # lists a and b
    kept, ended = nights.vault.names()[-2:], False
    with killed_at(nights.store, step, monkeypatch):
        nights.prune(5)  # deletes two objects, a list, two snapshots of two files, and lists c
        ended = True
    assert ended == (step >= 16)
    assert nights.whole()
    nights.prune(5)
    assert nights.vault.names() == kept
    assert nights.whole()
    nights.prune(7)
    assert set(nights.vault.objects()) == {key("d"), key("e")}
    nights.prune(9)
    assert nights.vault.lists() == []
    assert len(nights._site.contents()) == 2 + 4 + 1


def test_a_prune_ends_at_ctrl_c_between_two_steps(nights):
    for day in range(4):
        nights.backup(day, "abcd"[day])
    stop = Stop()
    stop.signal = 2
    with pytest.raises(Interrupted):
        nights.prune(3, stop=stop)
    assert nights.whole()
    assert len(nights.vault.names()) == 4


@pytest.mark.parametrize("damage", ["cut", "a digit", "the time"])
def test_a_damaged_snapshot_keeps_everything(nights, damage):
    names = [nights.backup(day, "abcd"[day]) for day in range(4)]
    file = nights.vault.key(f"snapshots/{names[1]}.jsonl")
    data = nights._site.contents()[file]
    wrong = {
        "cut": data[: len(data) // 2],
        "a digit": data.replace(key("b").encode(), key("a").encode()),
        "the time": data.replace(b'"started":"2026', b'"started":"once'),
    }
    nights.store.delete(file)
    nights._site.plant(file, wrong[damage])
    before = nights._site.contents()
    with pytest.raises(BackupDamaged, match=names[1]):
        nights.prune(9)
    assert nights._site.contents() == before


def test_a_snapshot_whose_checksums_are_gone_is_like_any_other(nights):
    names = [nights.backup(day, "abcd"[day]) for day in range(4)]
    for name in (names[0], names[3]):
        nights.store.delete(nights.vault.key(f"snapshots/{name}.sha256"))
    assert nights.prune(4).staying == tuple(names[2:])
    assert nights.whole()


def test_names_ascend_even_if_the_clock_goes_back(nights):
    first = nights.backup(5, "a")
    second = nights.backup(1, "b")
    third = nights.backup(5, "c")
    assert [first, second, third] == sorted([first, second, third])
    assert (first, second) == ("2026-03-06T021500Z", "2026-03-06T021501Z")
    assert nights.vault.names()[-1] == third
    assert nights.prune(6, Keep(daily=2)).staying == (second, third)
